use std::f32::consts::PI;

use serde::{Deserialize, Serialize};

use super::Flatten;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::vector::{dot, sin_cos};
use crate::kernels::vectorized;
use crate::layer::{Backward, Forward, Layer, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Puts learned periodic features beside each number of a row, so that the next layer can bend at any value of it: what a
/// tree does with a threshold.
///
/// `y = [x, cos(ω·x + φ)·W + b]` with a ω, φ, W and b for each number (Gorishniy et al. 2022, *On Embeddings for Numerical
/// Features in Tabular Deep Learning*; in the form of Holzmüller et al. 2024, *Better by Default*, PBLD).
///
/// Shapes: `[n]` to `[n · (1 + units)]`, frequencies and phases `[n, waves]`, weights `[n, waves, units]`, bias `[n, units]`.
/// With `numbers` the first of a row are embedded, and the others follow them unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Dense layers and activations", formula = "y = [x, cos(ω·x + φ)·W + b], for each number its own")]
pub struct NumericEmbedding {
    /// Learned features beside each number. Too many overfit.
    #[field(default = 3, range = 1..=64)]
    pub units: usize,
    /// Cosines of each number, of which its features are made.
    #[field(default = 16, range = 1..=256)]
    pub waves: usize,
    /// Standard deviation of the frequencies before training, in radians per unit of a number. Larger lets the network bend
    /// more sharply; too large learns the noise.
    #[field(default = 0.6, range = 0.01..=20.0, logarithmic)]
    pub frequency: f32,
    /// How many numbers at the beginning of a row are embedded; the others pass unchanged. 0 embeds all.
    #[field(default = 0, range = 0..=10_000)]
    #[serde(skip_serializing_if = "is_all")]
    pub numbers: usize,
}

fn is_all(numbers: &usize) -> bool {
    *numbers == 0
}

impl Spec for NumericEmbedding {
    fn detail(&self) -> String {
        format!("{} of {}", self.units, self.waves)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if !input.is_flat() {
            return Err(ShapeError::new(format!(
                "NumericEmbedding takes a row of numbers, and {} arrives. Flatten it first.",
                input.described()
            ))
            .with_fix(Fix::Insert(Flatten {}.into())));
        }
        if self.numbers > input.len() {
            let (numbers, arrive) = (self.numbers, input.described());
            return Err(ShapeError::new(format!(
                "NumericEmbedding embeds {numbers} numbers, and {arrive} arrives; embed fewer"
            )));
        }
        let layer = self.layer(input);
        Ok(Plan {
            output: Shape::flat(input.len() + layer.numbers * self.units),
            params: layer.params().iter().map(ParamInfo::len).sum(),
            multiply_adds: (layer.numbers * self.waves * (1 + self.units)) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(self.layer(input))
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [frequencies, phases, weights, bias] = params.to_vec().try_into().ok()?;
        Some(vec![Operation::NumericEmbedding { frequencies, phases, weights, bias }])
    }
}

impl NumericEmbedding {
    fn layer(&self, input: Shape) -> BuiltNumericEmbedding {
        let Self { units, waves, frequency, numbers } = *self;
        let row = input.len();
        BuiltNumericEmbedding { row, numbers: if numbers == 0 { row } else { numbers }, units, waves, frequency }
    }
}

struct BuiltNumericEmbedding {
    /// Numbers that arrive.
    row: usize,
    /// Those of them that are embedded, the first.
    numbers: usize,
    units: usize,
    waves: usize,
    frequency: f32,
}

/// What belongs to one number.
struct Wave<'a> {
    frequencies: &'a [f32],
    phases: &'a [f32],
    weights: &'a [f32],
    bias: &'a [f32],
}

impl BuiltNumericEmbedding {
    fn wave<'a>(&self, params: &'a [f32], at: usize) -> Wave<'a> {
        let (numbers, waves, units) = (self.numbers, self.waves, self.units);
        let (frequencies, params) = params.split_at(numbers * waves);
        let (phases, params) = params.split_at(numbers * waves);
        let (weights, bias) = params.split_at(numbers * waves * units);
        Wave {
            frequencies: &frequencies[at * waves..][..waves],
            phases: &phases[at * waves..][..waves],
            weights: &weights[at * waves * units..][..waves * units],
            bias: &bias[at * units..][..units],
        }
    }

    fn output_len(&self) -> usize {
        self.row + self.numbers * self.units
    }
}

/// One column of rows, one number a sample.
fn gather(rows: &[f32], width: usize, column: usize, out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(width)) {
        *out = row[column];
    }
}

fn scatter(column: &[f32], rows: &mut [f32], width: usize, at: usize) {
    for (value, row) in column.iter().zip(rows.chunks_exact_mut(width)) {
        row[at] = *value;
    }
}

/// `cos(ω·x + φ)` of all samples, and the sine.
fn turn(x: &[f32], frequency: f32, phase: f32, sin: &mut [f32], cos: &mut [f32]) {
    vectorized!({
        for ((x, sin), cos) in x.iter().zip(sin).zip(cos) {
            (*sin, *cos) = sin_cos(frequency * x + phase);
        }
    });
}

/// `sum += by · values`
fn add_scaled(sum: &mut [f32], values: &[f32], by: f32) {
    vectorized!({
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += by * value;
        }
    });
}

impl Layer for BuiltNumericEmbedding {
    /// Weights and bias as in PyTorch's `Linear`.
    fn params(&self) -> Vec<ParamInfo> {
        let [numbers, waves, units] = [self.numbers, self.waves, self.units];
        let linear = Init::Uniform { limit: 1.0 / (waves as f32).sqrt() };
        vec![
            ParamInfo::new("frequencies", &[numbers, waves], Init::TruncatedNormal { deviation: self.frequency }),
            ParamInfo::new("phases", &[numbers, waves], Init::Uniform { limit: PI }),
            ParamInfo::new("weights", &[numbers, waves, units], linear),
            ParamInfo::new("bias", &[numbers, units], linear),
        ]
    }

    /// Columns of samples: a number, its sine and cosine, one more, and a feature or its gradient for each unit.
    fn scratch_len(&self, samples: usize) -> usize {
        (4 + self.units) * samples
    }

    fn forward(&self, pass: Forward<'_>) {
        let Forward { samples, params, input, output, scratch, .. } = pass;
        let width = self.output_len();
        let ([x, sin, cos, _], features) = columns(scratch, samples, self.units);
        for at in 0..self.numbers {
            let Wave { frequencies, phases, weights, bias } = self.wave(params, at);
            gather(input, self.row, at, x);
            for (feature, bias) in features.chunks_exact_mut(samples).zip(bias) {
                feature.fill(*bias);
            }
            for ((frequency, phase), weights) in frequencies.iter().zip(phases).zip(weights.chunks_exact(self.units)) {
                turn(x, *frequency, *phase, sin, cos);
                for (feature, weight) in features.chunks_exact_mut(samples).zip(weights) {
                    add_scaled(feature, cos, *weight);
                }
            }
            let first = at * (1 + self.units);
            scatter(x, output, width, first);
            for (unit, feature) in features.chunks_exact(samples).enumerate() {
                scatter(feature, output, width, first + 1 + unit);
            }
        }
        let passed = self.row - self.numbers;
        for (input, output) in input.chunks_exact(self.row).zip(output.chunks_exact_mut(width)) {
            output[width - passed..].copy_from_slice(&input[self.numbers..]);
        }
    }

    /// With `z = ω·x + φ`: `dW = Σ dy · cos z`, `dz = -sin z · (dy · W)`, `dω = Σ dz · x`, `dφ = Σ dz` and
    /// `dx = dy₀ + Σ dz · ω`.
    fn backward(&self, pass: Backward<'_>) {
        let Backward { samples, params, input, grad_output, grad_params, mut grad_input, scratch, .. } = pass;
        let (numbers, waves, units, width) = (self.numbers, self.waves, self.units, self.output_len());
        let ([x, sin, cos, dx], features) = columns(scratch, samples, self.units);
        let (grad_frequencies, grad_params) = grad_params.split_at_mut(numbers * waves);
        let (grad_phases, grad_params) = grad_params.split_at_mut(numbers * waves);
        let (grad_weights, grad_bias) = grad_params.split_at_mut(numbers * waves * units);
        for at in 0..numbers {
            let Wave { frequencies, phases, weights, .. } = self.wave(params, at);
            let first = at * (1 + units);
            gather(input, self.row, at, x);
            gather(grad_output, width, first, dx);
            for (unit, dy) in features.chunks_exact_mut(samples).enumerate() {
                gather(grad_output, width, first + 1 + unit, dy);
                grad_bias[at * units + unit] = dy.iter().sum();
            }
            for wave in 0..waves {
                let weights = &weights[wave * units..][..units];
                let place = at * waves + wave;
                turn(x, frequencies[wave], phases[wave], sin, cos);
                for (grad, dy) in grad_weights[place * units..].iter_mut().zip(features.chunks_exact(samples)) {
                    *grad = dot(dy, cos);
                }
                // The cosine is no longer needed, and its place takes the gradient by the angle.
                let dz = &mut *cos;
                dz.fill(0.0);
                for (dy, weight) in features.chunks_exact(samples).zip(weights) {
                    add_scaled(dz, dy, -weight);
                }
                vectorized!({
                    for (dz, sin) in dz.iter_mut().zip(sin.iter()) {
                        *dz *= sin;
                    }
                });
                grad_frequencies[place] = dot(dz, x);
                grad_phases[place] = dz.iter().sum();
                add_scaled(dx, dz, frequencies[wave]);
            }
            if let Some(grad_input) = grad_input.as_deref_mut() {
                scatter(dx, grad_input, self.row, at);
            }
        }
        let Some(grad_input) = grad_input else { return };
        let passed = self.row - numbers;
        for (dx, dy) in grad_input.chunks_exact_mut(self.row).zip(grad_output.chunks_exact(width)) {
            dx[numbers..].copy_from_slice(&dy[width - passed..]);
        }
    }
}

/// Scratch, which may be longer than was asked for, as four columns and those of the features.
fn columns(scratch: &mut [f32], samples: usize, units: usize) -> ([&mut [f32]; 4], &mut [f32]) {
    let (x, scratch) = scratch.split_at_mut(samples);
    let (sin, scratch) = scratch.split_at_mut(samples);
    let (cos, scratch) = scratch.split_at_mut(samples);
    let (dx, scratch) = scratch.split_at_mut(samples);
    ([x, sin, cos, dx], &mut scratch[..units * samples])
}
