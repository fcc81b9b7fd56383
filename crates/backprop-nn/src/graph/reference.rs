//! Every operation as its definition reads, to hold the layers against.

use super::operation::{Attention, Convolution, ConvolutionTranspose, Direction, Operation, rows};
use super::{Graph, Tensor};
use crate::activation::Function;
use crate::kernels::vector::{sigmoid, tanh};
use crate::layers::Returns;
use crate::loss::softmax;
use crate::shape::Shape;

/// What the graph gives for one sample.
pub fn run(graph: &Graph<'_>, sample: &[f32]) -> Vec<f32> {
    let mut values = vec![sample.to_vec()];
    for node in &graph.nodes {
        let input = &values[node.input];
        let output = match &node.operation {
            Operation::Add { value } => input.iter().zip(&values[*value]).map(|(a, b)| a + b).collect(),
            Operation::MeanOfTokens => mean_of(input, &values[0]),
            Operation::Attention(attention) => attend(attention, input, &values[0], node.output),
            operation => apply(operation, input, graph.shape(node.input)),
        };
        assert_eq!(output.len(), node.output.len(), "{}", node.name);
        values.push(output);
    }
    values.pop().unwrap()
}

fn apply(operation: &Operation<'_>, x: &[f32], shape: Shape) -> Vec<f32> {
    let channels = shape.channels();
    let by_channel = |f: &dyn Fn(usize, f32) -> f32| x.iter().enumerate().map(|(at, x)| f(at % channels, *x)).collect();
    let by_row = |f: &dyn Fn(&mut [f32])| {
        let mut y = x.to_vec();
        y.chunks_exact_mut(channels).for_each(f);
        y
    };
    match operation {
        Operation::Dense { kernel, bias } => x
            .chunks_exact(channels)
            .flat_map(|x| add(product(x, &kernel.values, bias.values.len()), &bias.values))
            .collect(),
        Operation::Tied { table, bias } => {
            let units = |x: &[f32]| -> Vec<f32> {
                table.values.chunks_exact(channels).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
            };
            x.chunks_exact(channels).flat_map(|x| add(units(x), &bias.values)).collect()
        }
        Operation::Convolution(convolution) => convolve(convolution, x, shape),
        Operation::ConvolutionTranspose(transpose) => spread(transpose, x, shape),
        Operation::MaxPool { size } => pool(x, shape, *size, &|window| window.iter().copied().fold(f32::MIN, f32::max)),
        Operation::AveragePool { size } => {
            pool(x, shape, *size, &|window| window.iter().sum::<f32>() / window.len() as f32)
        }
        Operation::UpSample { size } => {
            let [height, width] = rows(shape);
            let pixels = (0..height * size).flat_map(|y| (0..width * size).map(move |x| y / size * width + x / size));
            pixels.flat_map(|pixel| &x[pixel * channels..][..channels]).copied().collect()
        }
        Operation::Mean => {
            let count = (x.len() / channels) as f32;
            (0..channels).map(|at| x.iter().skip(at).step_by(channels).sum::<f32>() / count).collect()
        }
        Operation::Reshape { .. } => x.to_vec(),
        Operation::Embedding { table, numbers } => {
            let (passed, words) = x.split_at(*numbers);
            let units = table.dims[1];
            let row = |word: &f32| &table.values[(*word as usize).min(table.dims[0] - 1) * units..][..units];
            passed.iter().chain(words.iter().flat_map(row)).copied().collect()
        }
        Operation::Positions { table } => add(x.to_vec(), &table.values),
        Operation::NumericEmbedding { frequencies, phases, weights, bias } => {
            let ([numbers, waves], units) = ([frequencies.dims[0], frequencies.dims[1]], bias.dims[1]);
            let mut y = Vec::new();
            for (at, x) in x[..numbers].iter().enumerate() {
                let cosines: Vec<f32> = (at * waves..(at + 1) * waves)
                    .map(|wave| (frequencies.values[wave] * x + phases.values[wave]).cos())
                    .collect();
                y.push(*x);
                let weights = &weights.values[at * waves * units..][..waves * units];
                y.extend(add(product(&cosines, weights, units), &bias.values[at * units..]));
            }
            y.extend(&x[numbers..]);
            y
        }
        Operation::Rnn { directions, returns } => recur(directions, *returns, x, shape, &|_, before, direction| {
            let state = product(before.0, &direction.recurrent.values, direction.units());
            (before.2.iter().zip(state).map(|(x, h)| tanh(x + h)).collect(), Vec::new())
        }),
        Operation::Lstm { directions, returns } => {
            recur(directions, *returns, x, shape, &|units, before, direction| {
                let z = add(product(before.0, &direction.recurrent.values, 4 * units), before.2);
                let gate = |at: usize, unit: usize| z[at * units + unit];
                let cell: Vec<f32> = (0..units)
                    .map(|at| sigmoid(gate(1, at)) * before.1[at] + sigmoid(gate(0, at)) * tanh(gate(2, at)))
                    .collect();
                ((0..units).map(|at| sigmoid(gate(3, at)) * tanh(cell[at])).collect(), cell)
            })
        }
        Operation::Gru { directions, returns } => recur(directions, *returns, x, shape, &|units, before, direction| {
            let state_bias = &direction.bias.values[3 * units..];
            let state = add(product(before.0, &direction.recurrent.values, 3 * units), state_bias);
            let of = |gate: usize, at: usize| (before.2[gate * units + at], state[gate * units + at]);
            let next = |at: usize| {
                let [z, r] = [0, 1].map(|gate| sigmoid(of(gate, at).0 + of(gate, at).1));
                let g = tanh(of(2, at).0 + r * of(2, at).1);
                (1.0 - z) * g + z * before.0[at]
            };
            ((0..units).map(next).collect(), Vec::new())
        }),
        Operation::Members { scale } => {
            scale.values.iter().enumerate().map(|(at, scale)| x[at % x.len()] * scale).collect()
        }
        Operation::Affine { scale, shift } => by_channel(&|at, x| x * scale.values[at] + shift.values[at]),
        Operation::LayerNorm { epsilon, gamma, beta } => by_row(&|row| {
            let count = row.len() as f32;
            let mean = row.iter().sum::<f32>() / count;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / count;
            for (at, x) in row.iter_mut().enumerate() {
                *x = (*x - mean) / (variance + epsilon).sqrt() * gamma.values[at] + beta.values[at];
            }
        }),
        Operation::RmsNorm { epsilon, gamma } => by_row(&|row| {
            let square = row.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
            row.iter_mut().zip(&*gamma.values).for_each(|(x, gamma)| *x = *x / (square + epsilon).sqrt() * gamma);
        }),
        Operation::Activation(function) => by_row(&|row| function.forward(row, &mut [])),
        Operation::PRelu { alpha } => by_channel(&|at, x| x.max(0.0) + alpha.values[at] * x.min(0.0)),
        Operation::Softmax => by_row(&softmax),
        Operation::Shares(function) => by_row(&|row| shares(row, *function)),
        Operation::Add { .. } | Operation::MeanOfTokens | Operation::Attention(_) => {
            unreachable!("is applied to two values")
        }
    }
}

/// The mean of the rows whose token is at least 1.
fn mean_of(x: &[f32], tokens: &[f32]) -> Vec<f32> {
    let channels = x.len() / tokens.len();
    let is_one = |token: &f32| *token >= 1.0 || !tokens.iter().any(|token| *token >= 1.0);
    let rows: Vec<&[f32]> =
        x.chunks_exact(channels).zip(tokens).filter(|(_, token)| is_one(token)).map(|(row, _)| row).collect();
    (0..channels).map(|at| rows.iter().map(|row| row[at]).sum::<f32>() / rows.len() as f32).collect()
}

fn attend(attention: &Attention<'_>, x: &[f32], tokens: &[f32], shape: Shape) -> Vec<f32> {
    let Attention { kernels, biases, heads, causal, rotary, padding } = attention;
    let [steps, features] = shape.as_steps().unwrap();
    let width = features / heads;
    let projected = |part: usize, x: &[f32]| -> Vec<f32> {
        let row = |x: &[f32]| add(product(x, &kernels[part].values, features), &biases[part].values);
        x.chunks_exact(features).flat_map(row).collect()
    };
    let turned = |mut values: Vec<f32>| {
        for (at, head) in values.chunks_exact_mut(width).enumerate().filter(|_| *rotary) {
            for i in 0..width / 2 {
                let angle = (at / heads) as f64 * 10_000f64.powf(-2.0 * i as f64 / width as f64);
                let (sin, cos) = (angle.sin() as f32, angle.cos() as f32);
                let (a, b) = (head[i], head[i + width / 2]);
                (head[i], head[i + width / 2]) = (a * cos - b * sin, b * cos + a * sin);
            }
        }
        values
    };
    let (queries, keys, values) = (turned(projected(0, x)), turned(projected(1, x)), projected(2, x));
    let mut context = vec![0.0; x.len()];
    for (head, step) in (0..*heads).flat_map(|head| (0..steps).map(move |step| (head, step))) {
        let of = |values: &[f32], step: usize| values[step * features + head * width..][..width].to_vec();
        let seen = (0..steps).filter(|key| !(*causal && *key > step || *padding && tokens[*key] < 1.0));
        let seen: Vec<usize> = seen.collect();
        let score = |key: &usize| {
            of(&queries, step).iter().zip(of(&keys, *key)).map(|(q, k)| q * k).sum::<f32>() / (width as f32).sqrt()
        };
        let mut weights: Vec<f32> = seen.iter().map(score).collect();
        if !weights.is_empty() {
            softmax(&mut weights);
        }
        for (key, weight) in seen.iter().zip(weights) {
            let context = context[step * features + head * width..][..width].iter_mut();
            context.zip(of(&values, *key)).for_each(|(context, value)| *context += weight * value);
        }
    }
    projected(3, &context)
}

/// `x·W`
fn product(x: &[f32], kernel: &[f32], units: usize) -> Vec<f32> {
    (0..units).map(|unit| x.iter().zip(kernel[unit..].iter().step_by(units)).map(|(x, w)| x * w).sum()).collect()
}

fn add(mut a: Vec<f32>, b: &[f32]) -> Vec<f32> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

fn shares(row: &mut [f32], function: Function) {
    let mut applied = row.to_vec();
    function.forward(&mut applied, &mut []);
    let sum: f32 = applied.iter().sum();
    match sum > 0.0 && sum.is_finite() {
        true => row.iter_mut().zip(applied).for_each(|(y, x)| *y = x / sum),
        false => softmax(row),
    }
}

fn convolve(operation: &Convolution<'_>, x: &[f32], shape: Shape) -> Vec<f32> {
    let Convolution { kernel, bias, stride, dilation, groups, before, output, .. } = operation;
    let ([height, width], channels) = (rows(shape), shape.channels());
    let Tensor { dims, values, .. } = kernel;
    let (depth, filters) = (dims[2], dims[3]);
    assert_eq!(depth * groups, channels);
    let mut y = vec![0.0; output[0] * output[1] * filters];
    for (at, y) in y.iter_mut().enumerate() {
        let (pixel, filter) = (at / filters, at % filters);
        let (row, column) = (pixel / output[1], pixel % output[1]);
        *y = bias.as_ref().map_or(0.0, |bias| bias.values[filter]);
        for (tap_row, tap_column) in (0..dims[0]).flat_map(|row| (0..dims[1]).map(move |column| (row, column))) {
            let from = |position: usize, tap: usize, before: usize, size: usize| {
                (position * stride + tap * dilation).checked_sub(before).filter(|at| *at < size)
            };
            let row = from(row, tap_row, before[0], height);
            let Some((row, column)) = row.zip(from(column, tap_column, before[1], width)) else { continue };
            let first = filter / (filters / groups) * depth;
            for channel in 0..depth {
                let weight = values[((tap_row * dims[1] + tap_column) * depth + channel) * filters + filter];
                *y += x[(row * width + column) * channels + first + channel] * weight;
            }
        }
    }
    y
}

fn spread(operation: &ConvolutionTranspose<'_>, x: &[f32], shape: Shape) -> Vec<f32> {
    let ConvolutionTranspose { kernel, bias, stride, before, output } = operation;
    let ([height, width], channels) = (rows(shape), shape.channels());
    let Tensor { dims, values, .. } = kernel;
    let filters = dims[2];
    let mut y = bias.values.repeat(output[0] * output[1]);
    for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
        for (tap_row, tap_column) in (0..dims[0]).flat_map(|row| (0..dims[1]).map(move |column| (row, column))) {
            let to = |position: usize, tap: usize, before: usize, size: usize| {
                (position * stride + tap).checked_sub(before).filter(|at| *at < size)
            };
            let to_row = to(row, tap_row, before[0], output[0]);
            let Some((to_row, to_column)) = to_row.zip(to(column, tap_column, before[1], output[1])) else { continue };
            for (filter, channel) in (0..filters).flat_map(|filter| (0..channels).map(move |channel| (filter, channel)))
            {
                let weight = values[((tap_row * dims[1] + tap_column) * filters + filter) * channels + channel];
                y[(to_row * output[1] + to_column) * filters + filter] +=
                    x[(row * width + column) * channels + channel] * weight;
            }
        }
    }
    y
}

fn pool(x: &[f32], shape: Shape, size: [usize; 2], f: &dyn Fn(&[f32]) -> f32) -> Vec<f32> {
    let ([height, width], channels) = (rows(shape), shape.channels());
    let mut y = Vec::new();
    for (row, column) in (0..height / size[0]).flat_map(|row| (0..width / size[1]).map(move |column| (row, column))) {
        for channel in 0..channels {
            let pixels =
                (0..size[0]).flat_map(|y| (0..size[1]).map(move |x| (row * size[0] + y, column * size[1] + x)));
            let window: Vec<f32> = pixels.map(|(row, column)| x[(row * width + column) * channels + channel]).collect();
            y.push(f(&window));
        }
    }
    y
}

/// Output and kept state of the step before, and the input's part of the sums with the bias.
type Before<'a> = (&'a [f32], &'a [f32], &'a [f32]);

/// One step of a cell with so many units: its output and what it keeps.
type Step<'a> = dyn Fn(usize, Before<'_>, &Direction<'_>) -> (Vec<f32>, Vec<f32>) + 'a;

fn recur(directions: &[Direction<'_>], returns: Returns, x: &[f32], shape: Shape, cell: &Step<'_>) -> Vec<f32> {
    let [steps, features] = shape.as_steps().unwrap();
    let mut rows = vec![Vec::new(); if returns == Returns::AllSteps { steps } else { 1 }];
    for (at, direction) in directions.iter().enumerate() {
        let (units, sums) = (direction.units(), direction.kernel.dims[1]);
        let (mut output, mut kept) = (vec![0.0; units], vec![0.0; units]);
        for step in 0..steps {
            let step = if at == 1 { steps - 1 - step } else { step };
            let x = &x[step * features..][..features];
            let sum = add(product(x, &direction.kernel.values, sums), &direction.bias.values[..sums]);
            (output, kept) = cell(units, (&output, &kept, &sum), direction);
            if returns == Returns::AllSteps {
                rows[step].extend(&output);
            }
        }
        if returns == Returns::LastStep {
            rows[0].extend(&output);
        }
    }
    rows.concat()
}
