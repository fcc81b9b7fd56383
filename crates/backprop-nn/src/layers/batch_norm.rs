use serde::{Deserialize, Serialize};

use super::Function;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::channels;
use crate::kernels::vector::scale_rows;
use crate::layer::{Backward, BatchStatistics, Decoding, Forward, Fusible, Layer, Mode, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Normalizes every channel to mean 0 and standard deviation 1 over the batch, then applies a learned scale and shift:
/// deep networks learn faster. Use batches of a few dozen samples.
///
/// `y = (x - μ) / √(σ² + ε) ⊙ γ + β` (Ioffe & Szegedy 2015).
/// Shapes: `[…, channels]` to the same. μ and σ² are those of all samples and all steps or pixels of a batch during
/// training. At inference they are `moving_mean` and `moving_variance`, which follow the batches:
/// `m ← momentum·m + (1 - momentum)·μ`. As in PyTorch, the variance that they follow is the unbiased one,
/// `Σ(x - μ)² / (n - 1)`, and the one that normalizes is divided by `n`; Keras 3 follows the latter. Gamma, beta and both
/// moving numbers are `[channels]`.
///
/// A batch with one number per channel, as the last of an epoch may be, has no variance: it gives beta, as in Keras
/// (PyTorch refuses it), and the moving numbers stay where they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    group = "Normalization",
    formula = "y = (x - μ) / √(σ² + ε) · γ + β, μ and σ² over the batch; their moving averages at inference"
)]
pub struct BatchNorm {
    /// Share of the moving mean and variance that each step keeps. Near 1, inference lags behind training for hundreds of
    /// steps; low values are noisy. PyTorch's momentum is one minus this.
    ///
    /// The default suits runs of a few hundred steps; Keras has 0.99.
    #[field(default = 0.9, range = 0.0..=0.999)]
    pub momentum: f32,
    /// Added to the variance against division by zero. Keras' default is 0.001, PyTorch's 0.00001.
    #[field(default = 1e-3, range = 1e-7..=0.1, logarithmic)]
    pub epsilon: f32,
}

impl Spec for BatchNorm {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { params: 2 * input.channels(), ..Plan::free(input) })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let Self { momentum, epsilon } = *self;
        let (values, channels, activation) = (input.len(), input.channels(), Function::Linear);
        Box::new(BuiltBatchNorm { values, channels, momentum, epsilon, activation })
    }

    /// With the moving mean and variance it is no more than a scale and a shift.
    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [gamma, beta, mean, variance] = params else { return None };
        let factors = gamma.values.iter().zip(&*variance.values);
        let scale: Vec<f32> = factors.map(|(gamma, variance)| gamma / (variance + self.epsilon).sqrt()).collect();
        let shifts = beta.values.iter().zip(&*mean.values).zip(&scale);
        let shift = shifts.map(|((beta, mean), scale)| beta - mean * scale).collect();
        Some(vec![Operation::Affine { scale: gamma.with("scale", scale), shift: beta.with("shift", shift) }])
    }
}

#[derive(Clone)]
struct BuiltBatchNorm {
    values: usize,
    channels: usize,
    momentum: f32,
    epsilon: f32,
    /// Of the layer that follows, if it is no more than that.
    activation: Function,
}

impl BuiltBatchNorm {
    /// Writes to `scale` one over the deviation of each channel, times its factor.
    fn divide<'a>(
        &self,
        factors: impl IntoIterator<Item = &'a f32>,
        variances: impl Iterator<Item = f32>,
        scale: &mut [f32],
    ) {
        for ((scale, factor), variance) in scale.iter_mut().zip(factors).zip(variances) {
            *scale = factor / (variance + self.epsilon).sqrt();
        }
    }
}

impl Layer for BuiltBatchNorm {
    fn params(&self) -> Vec<ParamInfo> {
        let dims = [self.channels];
        vec![
            ParamInfo::new("gamma", &dims, Init::Constant(1.0)),
            ParamInfo::new("beta", &dims, Init::Zeros),
            ParamInfo::new("moving_mean", &dims, Init::Zeros).untrained(),
            ParamInfo::new("moving_variance", &dims, Init::Constant(1.0)).untrained(),
        ]
    }

    /// What the activation remembers.
    fn memo_len(&self) -> usize {
        self.activation.memo_len(self.values)
    }

    fn scratch_len(&self, _samples: usize) -> usize {
        3 * self.channels + channels::scratch_len(self.channels)
    }

    fn absorb(&mut self, next: Fusible) -> bool {
        match next {
            Fusible::Activation(function) if self.activation == Function::Linear => {
                self.activation = function;
                true
            }
            _ => false,
        }
    }

    fn batch_statistics(&self) -> Option<&dyn BatchStatistics> {
        Some(self)
    }

    fn settled(&self) -> Option<Box<dyn Layer>> {
        Some(Box::new(SettledBatchNorm(self.clone())))
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.channels))
    }

    fn forward(&self, pass: Forward<'_>) {
        let len = self.channels;
        let (scale, scratch) = pass.scratch.split_at_mut(len);
        let (gamma, rest) = pass.params.split_at(len);
        let (beta, moving) = rest.split_at(len);
        let mean = match pass.mode {
            Mode::Infer => {
                let (mean, variance) = moving.split_at(len);
                self.divide(gamma, variance.iter().copied(), scale);
                mean
            }
            Mode::Train { .. } => {
                let (mean, squares, count) = channels::parts(pass.shared, len);
                self.divide(gamma, squares.iter().map(|square| square / count), scale);
                mean
            }
        };
        channels::normalize(pass.input, [mean, scale, beta], scratch, pass.output);
        self.activation.forward(pass.output, pass.memo);
    }

    /// `gradient` has taken the gradient back through the activation. With `z` for the normalized numbers and `n` for
    /// their count: `dx = (dy - Σdy/n - z ⊙ Σ(dy ⊙ z)/n) ⊙ γ / deviation`.
    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        let len = self.channels;
        let (statistics, gradient) = pass.shared.split_at(channels::statistics_len(len));
        let (grad_gamma, grad_beta) = gradient.split_at(len);
        let (mean, squares, count) = channels::parts(statistics, len);
        let (along, scratch) = pass.scratch.split_at_mut(len);
        let (plain, scratch) = scratch.split_at_mut(len);
        let (scale, scratch) = scratch.split_at_mut(len);
        let variances = || squares.iter().map(|square| square / count);
        self.divide(grad_gamma, variances(), along);
        along.iter_mut().for_each(|along| *along /= count);
        plain.iter_mut().zip(grad_beta).for_each(|(plain, grad)| *plain = grad / count);
        self.divide(&pass.params[..len], variances(), scale);
        let both = [pass.input, &*pass.grad_output];
        channels::normalize_backward_input(both, [mean, along, plain, scale], scratch, grad_input);
    }
}

/// With its moving mean and variance, which no batch changes: a scale and a shift for each channel.
struct SettledBatchNorm(BuiltBatchNorm);

impl Layer for SettledBatchNorm {
    fn params(&self) -> Vec<ParamInfo> {
        self.0.params()
    }

    fn memo_len(&self) -> usize {
        self.0.memo_len()
    }

    fn scratch_len(&self, samples: usize) -> usize {
        self.0.scratch_len(samples)
    }

    fn forward(&self, pass: Forward<'_>) {
        self.0.forward(Forward { mode: Mode::Infer, ..pass });
    }

    fn backward(&self, pass: Backward<'_>) {
        self.0.activation.backward(pass.grad_output, pass.output, pass.memo);
        let len = self.0.channels;
        let (gamma, mean, variance) = (&pass.params[..len], &pass.params[2 * len..3 * len], &pass.params[3 * len..]);
        let scale = &mut pass.scratch[..len];
        if !pass.is_frozen {
            self.0.divide(std::iter::repeat(&1.0), variance.iter().copied(), scale);
            pass.grad_params.fill(0.0);
            let (grad_gamma, grad_beta) = pass.grad_params.split_at_mut(len);
            for (input, grad) in pass.input.chunks_exact(len).zip(pass.grad_output.chunks_exact(len)) {
                for at in 0..len {
                    grad_gamma[at] += grad[at] * (input[at] - mean[at]) * scale[at];
                    grad_beta[at] += grad[at];
                }
            }
        }
        let Some(grad_input) = pass.grad_input else { return };
        self.0.divide(gamma, variance.iter().copied(), scale);
        grad_input.copy_from_slice(pass.grad_output);
        scale_rows(grad_input, scale);
    }
}

impl BatchStatistics for BuiltBatchNorm {
    fn statistics_len(&self) -> usize {
        channels::statistics_len(self.channels)
    }

    fn count(&self, input: &[f32], scratch: &mut [f32], statistics: &mut [f32]) {
        channels::moments(input, self.channels, scratch, statistics);
    }

    fn merge(&self, statistics: &mut [f32], further: &[f32]) {
        channels::merge(statistics, further);
    }

    fn follow(&self, statistics: &[f32], params: &mut [f32]) {
        let (means, squares, count) = channels::parts(statistics, self.channels);
        if count < 2.0 {
            return;
        }
        let variances = squares.iter().map(|square| square / (count - 1.0));
        let found = means.iter().copied().chain(variances);
        for (moving, found) in params[2 * self.channels..].iter_mut().zip(found) {
            *moving = self.momentum * *moving + (1.0 - self.momentum) * found;
        }
    }

    fn gradient(&self, pass: Backward<'_>) {
        self.activation.backward(pass.grad_output, pass.output, pass.memo);
        let (mean, squares, count) = channels::parts(pass.shared, self.channels);
        let (scale, scratch) = pass.scratch.split_at_mut(self.channels);
        self.divide(std::iter::repeat(&1.0), squares.iter().map(|square| square / count), scale);
        let grads = pass.grad_params.split_at_mut(self.channels);
        let (both, per_channel) = ([pass.input, &*pass.grad_output], [mean, &*scale]);
        channels::normalize_backward_params(both, per_channel, scratch, grads.into());
    }
}
