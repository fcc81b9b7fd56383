//! Losses: value and gradient in one call. Softmax lives here.

use serde::{Deserialize, Serialize};

use super::kernels::vector::exp;
use super::kernels::vectorized;
use super::knob::choice;

/// What training makes small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `-log softmax(z)[class]`, on logits, so that neither part can overflow.
    #[default]
    SoftmaxCrossEntropy,
    /// `mean (z - one_hot(class))²`, over samples and outputs.
    MeanSquaredError,
}

choice!(Loss { SoftmaxCrossEntropy => "Softmax cross-entropy", MeanSquaredError => "Mean squared error" });

/// Sums over the samples of a shard; divide by their number for means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    pub loss: f64,
    /// Samples whose largest output is that of their class.
    pub correct: usize,
    pub samples: usize,
}

impl LossSum {
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            loss: self.loss + other.loss,
            correct: self.correct + other.correct,
            samples: self.samples + other.samples,
        }
    }

    pub fn mean_loss(&self) -> f64 {
        self.loss / self.samples.max(1) as f64
    }

    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }
}

impl Loss {
    /// The loss of a shard's outputs, `[samples, classes]`.
    pub fn value(self, outputs: &[f32], classes: &[u8]) -> LossSum {
        self.run(outputs, classes, None)
    }

    /// The loss, and its gradient times `scale` (one over the size of the whole batch) written to `grad`.
    pub fn value_and_grad(self, outputs: &[f32], classes: &[u8], scale: f32, grad: &mut [f32]) -> LossSum {
        self.run(outputs, classes, Some((scale, grad)))
    }

    fn run(self, outputs: &[f32], classes: &[u8], mut grad: Option<(f32, &mut [f32])>) -> LossSum {
        let mut sum = LossSum { samples: classes.len(), ..LossSum::default() };
        let width = outputs.len() / classes.len().max(1);
        if width == 0 {
            return sum;
        }
        for (row, (outputs, &class)) in outputs.chunks_exact(width).zip(classes).enumerate() {
            let grad = grad.as_mut().map(|(scale, grad)| (*scale, &mut grad[row * width..(row + 1) * width]));
            let class = usize::from(class);
            sum.loss += f64::from(match self {
                Self::SoftmaxCrossEntropy => cross_entropy(outputs, class, grad),
                Self::MeanSquaredError => squared_error(outputs, class, grad),
            });
            sum.correct += usize::from(argmax(outputs) == class);
        }
        sum
    }

    /// What a network says of one sample: probabilities, or for a regression loss outputs held to 0-1 and to a sum of 1.
    pub fn probabilities(self, outputs: &mut [f32]) {
        match self {
            Self::SoftmaxCrossEntropy => softmax(outputs),
            Self::MeanSquaredError => {
                outputs.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
                let sum: f32 = outputs.iter().sum();
                if sum > 0.0 {
                    outputs.iter_mut().for_each(|value| *value /= sum);
                }
            }
        }
    }
}

/// `log Σ exp(z) - z[class]`, gradient `softmax(z) - one_hot(class)`.
fn cross_entropy(outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
    let largest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum = match grad {
        None => vectorized!(outputs.iter().map(|z| exp(z - largest)).sum::<f32>()),
        Some((scale, grad)) => {
            grad.copy_from_slice(outputs);
            let sum = exponentials(grad, largest);
            grad.iter_mut().for_each(|grad| *grad *= scale / sum);
            grad[class] -= scale;
            sum
        }
    };
    sum.ln() + largest - outputs[class]
}

/// `mean (z - t)²`, gradient `2 (z - t) / outputs`.
fn squared_error(outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
    let share = 1.0 / outputs.len() as f32;
    let error = |at: usize, z: f32| z - if at == class { 1.0 } else { 0.0 };
    if let Some((scale, grad)) = grad {
        for (at, (grad, &z)) in grad.iter_mut().zip(outputs).enumerate() {
            *grad = scale * share * 2.0 * error(at, z);
        }
    }
    share * outputs.iter().enumerate().map(|(at, &z)| error(at, z).powi(2)).sum::<f32>()
}

/// Exponentials divided by their sum, moved so that none overflows.
pub fn softmax(values: &mut [f32]) {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum = exponentials(values, largest);
    values.iter_mut().for_each(|value| *value /= sum);
}

/// Replaces every `z` by `exp(z - largest)` and tells their sum.
fn exponentials(values: &mut [f32], largest: f32) -> f32 {
    vectorized!(values.iter_mut().for_each(|value| *value = exp(*value - largest)));
    values.iter().sum()
}

/// Position of the largest number; of equals the first.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}
