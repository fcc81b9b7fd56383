//! What programs in C and in Rust have in common: the calls, one after the other, with what stands between the brackets.

use super::plan::{Plan, Step};
use super::{Input, Model, Output};
use backprop_nn::compress::{Int8, Precision, is_compressed};
use backprop_nn::graph::{Attention, Convolution, ConvolutionTranspose, Direction, Operation, Tensor, rows};
use backprop_nn::layers::Returns;
use backprop_nn::{Graph, Shape, layers::Function};

/// A call of one of the functions in the language's file of kernels.
pub struct Call<'a, 'g> {
    /// The function.
    pub function: &'static str,
    /// What is given to it, in its order.
    pub arguments: Vec<Argument<'a, 'g>>,
    /// The layer that it belongs to.
    pub layer: &'g str,
}

/// What is given to a function.
pub enum Argument<'a, 'g> {
    /// Numbers of the buffer that are read.
    Read(usize, usize),
    /// Numbers of the buffer that are written.
    Write(usize, usize),
    /// Numbers of the buffer that are changed in their place.
    Change(usize, usize),
    /// A whole number.
    Count(usize),
    /// A number.
    Number(f32),
    /// Several whole numbers as one.
    Counts(&'static str, Vec<(&'static str, usize)>),
    /// Weights.
    Weights(&'g Tensor<'a>),
    /// Weights of a kernel or an embedding, which may be stored in eight bits, and their scales.
    Kernel(&'g Tensor<'a>),
    /// Weights that are not there.
    None,
    /// One of the functions.
    Function(&'static str),
}

use Argument::{Change, Count, Counts, Kernel, Number, Read, Weights, Write};

/// The calls of a graph in the order of the plan.
pub fn calls<'a, 'g>(graph: &'g Graph<'a>, plan: &Plan<'a, 'g>) -> Vec<Call<'a, 'g>> {
    let mut calls = Vec::new();
    for step in &plan.steps {
        let input = graph.shape(step.node.input);
        let layer = step.node.name.as_str();
        let arguments = |function, arguments| Call { function, arguments, layer };
        calls.extend(of(step, input).into_iter().map(|(function, list)| arguments(function, list)));
    }
    calls
}

fn of<'a, 'g>(step: &Step<'a, 'g>, input: Shape) -> Vec<(&'static str, Vec<Argument<'a, 'g>>)> {
    let (x, y) = (Read(step.from.start, step.from.len()), Write(step.to.start, step.to.len()));
    let scratch = || Write(step.scratch.start, step.scratch.len());
    let (channels, [height, width]) = (input.channels(), rows(input));
    let image = || [height, width, channels].map(Count);
    // What changes numbers in their place has to find them there.
    let place = || Change(step.to.start, step.to.len());
    let moved = |function, rest: Vec<Argument<'a, 'g>>| {
        let mut calls = Vec::new();
        if step.from != step.to {
            let from = Read(step.from.start, step.from.len());
            calls.push(("copy", vec![from, Write(step.to.start, step.to.len()), Count(input.len())]));
        }
        calls.push((function, std::iter::once(place()).chain(rest).collect()));
        calls
    };
    match &step.node.operation {
        Operation::Dense { kernel, bias } => {
            let [inputs, units] = [kernel.dims[0], bias.dims[0]];
            let sizes = [input.len() / inputs, inputs, units].map(Count);
            vec![("dense", [x, y].into_iter().chain(sizes).chain([Kernel(kernel), Weights(bias)]).collect())]
        }
        Operation::Tied { table, bias } => {
            let sizes = [input.len() / channels, channels, bias.dims[0]].map(Count);
            vec![("tied", [x, y].into_iter().chain(sizes).chain([Kernel(table), Weights(bias)]).collect())]
        }
        Operation::Convolution(convolution) => {
            let bias = convolution.bias.as_ref().map_or(Argument::None, Weights);
            let window = Counts("window", window(convolution, [height, width, channels]));
            vec![("convolution", vec![x, y, window, Kernel(&convolution.kernel), bias])]
        }
        Operation::ConvolutionTranspose(transpose) => {
            let window = Counts("window", spread(transpose, [height, width, channels]));
            vec![("convolution_transpose", vec![x, y, window, Kernel(&transpose.kernel), Weights(&transpose.bias)])]
        }
        Operation::MaxPool { size } => {
            vec![("max_pool", [x, y].into_iter().chain(image()).chain(size.map(Count)).collect())]
        }
        Operation::AveragePool { size } => {
            vec![("average_pool", [x, y].into_iter().chain(image()).chain(size.map(Count)).collect())]
        }
        Operation::UpSample { size } => {
            vec![("up_sample", [x, y].into_iter().chain(image()).chain([Count(*size)]).collect())]
        }
        Operation::Mean => vec![("mean", vec![x, y, Count(input.len() / channels), Count(channels)])],
        Operation::MeanOfTokens => {
            let sizes = [input.len() / channels, channels].map(Count);
            vec![("mean_of_tokens", [x, tokens(step), y].into_iter().chain(sizes).collect())]
        }
        Operation::Attention(attention) => attend(attention, step, input),
        Operation::Positions { table } => {
            let sizes = [input.len() / channels, channels].map(Count);
            let (function, table) = match is_compressed(&table.name) {
                true => ("learned_positions", Kernel(table)),
                false => ("positions", Weights(table)),
            };
            moved(function, sizes.into_iter().chain([table]).collect())
        }
        Operation::Reshape { .. } => vec![("copy", vec![x, y, Count(input.len())])],
        Operation::Embedding { table, numbers } => {
            let sizes = [*numbers, input.len() - numbers, table.dims[0], table.dims[1]].map(Count);
            vec![("embedding", [x, y].into_iter().chain(sizes).chain([Kernel(table)]).collect())]
        }
        Operation::NumericEmbedding { frequencies, phases, weights, bias } => {
            let sizes = [input.len(), frequencies.dims[0], frequencies.dims[1], bias.dims[1]].map(Count);
            let weights = [frequencies, phases, weights, bias].map(Weights);
            vec![("numeric_embedding", [x, y].into_iter().chain(sizes).chain(weights).chain([scratch()]).collect())]
        }
        Operation::Rnn { directions, returns } => read("rnn", directions, *returns, step, input),
        Operation::Lstm { directions, returns } => read("lstm", directions, *returns, step, input),
        Operation::Gru { directions, returns } => read("gru", directions, *returns, step, input),
        Operation::Members { scale } => {
            vec![("members", vec![x, y, Count(input.len()), Count(scale.values.len()), Weights(scale)])]
        }
        Operation::Affine { scale, shift } => {
            moved("affine", vec![Count(input.len()), Count(channels), Weights(scale), Weights(shift)])
        }
        Operation::LayerNorm { epsilon, gamma, beta } => {
            let sizes = [input.len() / channels, channels].map(Count);
            moved("layer_norm", sizes.into_iter().chain([Number(*epsilon), Weights(gamma), Weights(beta)]).collect())
        }
        Operation::RmsNorm { epsilon, gamma } => {
            let sizes = [input.len() / channels, channels].map(Count);
            moved("rms_norm", sizes.into_iter().chain([Number(*epsilon), Weights(gamma)]).collect())
        }
        Operation::Activation(function) => moved(activation(*function), vec![Count(input.len())]),
        Operation::PRelu { alpha } => moved("p_relu", vec![Count(input.len()), Count(channels), Weights(alpha)]),
        Operation::Softmax => moved("softmax", vec![Count(input.len() / channels), Count(channels)]),
        Operation::Shares(function) => {
            let function = if *function == Function::Sigmoid { "sigmoid" } else { "positive" };
            moved("shares", vec![Count(input.len() / channels), Count(channels), Argument::Function(function)])
        }
        Operation::Add { .. } => {
            let other = step.other.clone().unwrap_or_default();
            moved("add", vec![Read(other.start, other.len()), Count(input.len())])
        }
    }
}

/// The tokens that tell which steps are padding, if the operation reads them.
fn tokens<'a, 'g>(step: &Step<'a, 'g>) -> Argument<'a, 'g> {
    step.other.clone().map_or(Argument::None, |tokens| Read(tokens.start, tokens.len()))
}

/// Queries, keys and values, which lie side by side in the scratch memory, the context in the place of the queries, and the output.
fn attend<'a, 'g>(
    attention: &'g Attention<'a>,
    step: &Step<'a, 'g>,
    input: Shape,
) -> Vec<(&'static str, Vec<Argument<'a, 'g>>)> {
    let Attention { kernels, biases, heads, causal, rotary, padding } = attention;
    let (len, features) = (input.len(), input.channels());
    let steps = len / features;
    let place = |part: usize| step.scratch.start + part * len;
    let dense = |part: usize, from: Argument<'a, 'g>, to: Argument<'a, 'g>| {
        let sizes = [steps, features, features].map(Count);
        let weights = [Kernel(&kernels[part]), Weights(&biases[part])];
        ("dense", [from, to].into_iter().chain(sizes).chain(weights).collect())
    };
    let read = || Read(step.from.start, step.from.len());
    let mut calls: Vec<_> = (0..3).map(|part| dense(part, read(), Write(place(part), len))).collect();
    for part in (0..2).filter(|_| *rotary) {
        let sizes = [steps, *heads, features / heads].map(Count);
        calls.push(("rotate", std::iter::once(Change(place(part), len)).chain(sizes).collect()));
    }
    let sizes = vec![
        ("steps", steps),
        ("features", features),
        ("heads", *heads),
        ("causal", usize::from(*causal)),
        ("padding", usize::from(*padding)),
    ];
    let values = [Change(place(0), len), Read(place(1), len), Read(place(2), len), tokens(step)];
    let rest = [Counts("heads", sizes), Write(place(3), steps)];
    calls.push(("attend", values.into_iter().chain(rest).collect()));
    calls.push(dense(3, Read(place(0), len), Write(step.to.start, step.to.len())));
    calls
}

fn activation(function: Function) -> &'static str {
    match function {
        // No operation is linear.
        Function::Linear | Function::Relu => "apply_relu",
        Function::LeakyRelu => "apply_leaky_relu",
        Function::Elu => "apply_elu",
        Function::Gelu => "apply_gelu",
        Function::Silu => "apply_silu",
        Function::Sigmoid => "apply_sigmoid",
        Function::Tanh => "apply_tanh",
    }
}

/// The fields of the languages' `window`.
const WINDOW: [&str; 14] = [
    "height",
    "width",
    "channels",
    "rows",
    "columns",
    "depth",
    "filters",
    "groups",
    "stride",
    "dilation",
    "top",
    "left",
    "out_height",
    "out_width",
];

fn window(convolution: &Convolution<'_>, [height, width, channels]: [usize; 3]) -> Vec<(&'static str, usize)> {
    let Convolution { kernel, stride, dilation, groups, before: [top, left], output, .. } = convolution;
    let [rows, columns, depth, filters] = [0, 1, 2, 3].map(|axis| kernel.dims[axis]);
    let slides = [*groups, *stride, *dilation, *top, *left, output[0], output[1]];
    let sizes = [height, width, channels, rows, columns, depth, filters].into_iter().chain(slides);
    WINDOW.into_iter().zip(sizes).collect()
}

fn spread(transpose: &ConvolutionTranspose<'_>, [height, width, channels]: [usize; 3]) -> Vec<(&'static str, usize)> {
    let ConvolutionTranspose { kernel, stride, before: [top, left], output, .. } = transpose;
    let [rows, columns, filters] = [0, 1, 2].map(|axis| kernel.dims[axis]);
    let slides = [1, *stride, 1, *top, *left, output[0], output[1]];
    let sizes = [height, width, channels, rows, columns, channels, filters].into_iter().chain(slides);
    WINDOW.into_iter().zip(sizes).collect()
}

/// A call for each direction; the second writes behind the first.
fn read<'a, 'g>(
    function: &'static str,
    directions: &'g [Direction<'a>],
    returns: Returns,
    step: &Step<'a, 'g>,
    input: Shape,
) -> Vec<(&'static str, Vec<Argument<'a, 'g>>)> {
    let width: usize = directions.iter().map(Direction::units).sum();
    let mut first = 0;
    let mut calls = Vec::new();
    for (at, direction) in directions.iter().enumerate() {
        let units = direction.units();
        let sizes = vec![
            ("steps", input.len() / input.channels()),
            ("features", input.channels()),
            ("units", units),
            ("backwards", at),
            ("all_steps", usize::from(returns == Returns::AllSteps)),
            ("width", width),
        ];
        let weights = [Kernel(&direction.kernel), Kernel(&direction.recurrent), Weights(&direction.bias)];
        let (from, to) = (step.from.clone(), step.to.start + first..step.to.end);
        let head = [Read(from.start, from.len()), Write(to.start, to.len()), Counts("sequence", sizes)];
        let scratch = Write(step.scratch.start, step.scratch.len());
        calls.push((function, head.into_iter().chain(weights).chain([scratch]).collect()));
        first += units;
    }
    calls
}

/// What the numbers of the input are, as comments say it, a line each.
pub fn meanings(model: &Model<'_>) -> Vec<String> {
    let shape = model.shape();
    let mut lines = vec![match model.input {
        Input::Pixels => format!("Input: an image {shape} (height, width, channels), each number from 0 to 255."),
        Input::Noise => format!("Input: {shape} numbers from the standard normal distribution."),
        Input::Tokens(text) => {
            let [cut, fill] = text.described();
            format!(
                "Input: {} tokens by their numbers. {cut} {fill} The vocabulary is in model.json.",
                text.feature.length
            )
        }
        Input::Numbers { .. } => {
            format!("Input: {} in their own units, NaN where one is missing.", shape.described())
        }
    }];
    if let Input::Numbers { features, .. } = model.input {
        lines.extend(features.iter().enumerate().map(|(at, feature)| {
            let unit = feature.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
            let words = feature.words.as_ref().map_or(String::new(), |words| {
                format!(
                    ", {} for {}, … and {} for any other word",
                    words.first + 1,
                    words.list.first().map_or("", |word| word),
                    words.first
                )
            });
            let is = if feature.category.is_some() { ", 1 if so and otherwise 0" } else { "" };
            format!("  {at:>3} {feature}{unit}{words}{is}")
        }));
    }
    lines.push(match model.output {
        Output::Probabilities { threshold: Some(threshold), classes: [_, second] } => {
            format!("Output: the probability of each class; {second} is predicted from {threshold} on.")
        }
        Output::Probabilities { .. } => "Output: the probability of each class.".to_owned(),
        Output::NextToken => {
            let [steps, tokens] = model.graph.output().as_steps().unwrap_or([1, 1]);
            format!("Output: at each of {steps} steps the probability of each of {tokens} tokens to be the next.")
        }
        Output::Numbers { targets, units, .. } => {
            let named = targets.iter().enumerate().map(|(at, name)| match units.get(at) {
                Some(Some(unit)) => format!("{name} in {unit}"),
                _ => name.clone(),
            });
            format!("Output: {}, in their own units.", named.collect::<Vec<_>>().join(", "))
        }
        Output::Sample { .. } => {
            format!("Output: {}, pixels from 0 to 1 or numbers in their own units.", model.graph.output().described())
        }
    });
    lines.iter().map(|line| one_line(line)).collect()
}

/// Whether a tensor is written in eight bits.
pub fn is_int8(tensor: &Tensor<'_>, precision: Precision) -> bool {
    precision == Precision::Int8 && is_compressed(&tensor.name)
}

/// The tensor in eight bits.
pub fn int8_of(tensor: &Tensor<'_>) -> Int8 {
    Int8::of(&tensor.values, tensor.dims.last().copied().unwrap_or(1))
}

/// How many bytes a tensor takes in a program.
pub fn constant_bytes(tensor: &Tensor<'_>, precision: Precision) -> usize {
    match is_int8(tensor, precision) {
        true => tensor.values.len() + 4 * tensor.dims.last().copied().unwrap_or(1),
        false => 4 * tensor.values.len(),
    }
}

/// A name that may hold what ends a line.
pub fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\\'], " ")
}

/// The names of the outputs; none for a sample.
pub fn names<'a>(model: &Model<'a>) -> &'a [String] {
    match model.output {
        Output::Probabilities { classes, .. } => classes,
        Output::Numbers { targets, .. } => targets,
        Output::NextToken | Output::Sample { .. } => &[],
    }
}

/// The sections of a file of kernels that a text calls, and those that these call, in the order of the file. A section
/// begins with `// == name`.
pub fn kernels(file: &str, text: &str) -> String {
    let sections: Vec<(&str, &str)> = file.split("// == ").filter_map(|section| section.split_once('\n')).collect();
    let mut taken = vec![false; sections.len()];
    let mut called = text.to_owned();
    while let Some(at) = (0..sections.len()).find(|at| !taken[*at] && says(&called, sections[*at].0)) {
        taken[at] = true;
        // What stands in a comment calls nothing.
        called.extend(sections[at].1.lines().map(|line| line.split("//").next().unwrap_or_default()));
    }
    let taken = sections.iter().zip(taken).filter(|(_, taken)| *taken).map(|((_, code), _)| *code);
    taken.collect::<Vec<_>>().join("\n")
}

/// Whether a name stands in a text as a word.
fn says(text: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name)
        .any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next()))
}
