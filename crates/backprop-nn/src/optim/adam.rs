use serde::{Deserialize, Serialize};

use super::{Rule, Step, decay_knob, epsilon_knob};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, `w ← w - η m̂ / (√v̂ + ε)` with `m̂ = m / (1-β₁ᵗ)`, `v̂ = v / (1-β₂ᵗ)`
/// (Kingma & Ba 2015). ε defaults to PyTorch's 1e-8; Keras takes 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
}

/// Adam with `√(max v) / √(1-β₂ᵗ)` in place of `√v̂`, the largest v so far: no weight's step ever grows again
/// (Reddi et al. 2018). PyTorch's definition: the largest is taken before the correction, as in the paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Amsgrad {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
}

/// Adam after `w ← (1 - η λ) w`: the decay does not pass through the moments (Loshchilov & Hutter 2019). As in PyTorch,
/// every parameter decays, biases too, and λ defaults to 0.01; Keras takes 0.004.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adamw {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub weight_decay: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Default for Amsgrad {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Default for Adamw {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

impl Rule for Adam {
    fn label(&self) -> &'static str {
        "Adam"
    }

    fn help(&self) -> &'static str {
        "Gives every weight a step of its own size, and so works almost everywhere. Try a learning rate from 0.001 to 0.005."
    }

    fn formula(&self) -> &'static str {
        "m ← β₁ m + (1-β₁) g, v ← β₂ v + (1-β₂) g², w ← w - η m' / (√v' + ε); m' = m / (1-β₁ᵗ), v' = v / (1-β₂ᵗ)"
    }

    fn slots(&self) -> usize {
        2
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon } = *self;
        let (rate, root) = corrected(step, beta1, beta2);
        let (first, second) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), m), v) in weights.iter_mut().zip(grad).zip(first).zip(second) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *weight -= rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { beta1, beta2, epsilon } = self;
        moment_knobs(beta1, beta2, epsilon)
    }
}

impl Rule for Amsgrad {
    fn label(&self) -> &'static str {
        "AMSGrad"
    }

    fn help(&self) -> &'static str {
        "Adam that never forgets how steep it once was, so its steps only get smaller. Try a learning rate near 0.001."
    }

    fn formula(&self) -> &'static str {
        "Adam's m and v, u ← max(u, v), w ← w - η m' / (√u' + ε); m' = m / (1-β₁ᵗ), u' = u / (1-β₂ᵗ)"
    }

    fn slots(&self) -> usize {
        3
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon } = *self;
        let (rate, root) = corrected(step, beta1, beta2);
        let (first, rest) = state.split_at_mut(weights.len());
        let (second, largest) = rest.split_at_mut(weights.len());
        vectorized!({
            let slots = first.iter_mut().zip(second).zip(largest);
            for ((weight, grad), ((m, v), largest)) in weights.iter_mut().zip(grad).zip(slots) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *largest = largest.max(*v);
                *weight -= rate * *m / (largest.sqrt() * root + epsilon);
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { beta1, beta2, epsilon } = self;
        moment_knobs(beta1, beta2, epsilon)
    }
}

impl Rule for Adamw {
    fn label(&self) -> &'static str {
        "AdamW"
    }

    fn help(&self) -> &'static str {
        "Adam that also shrinks every weight a little at each step, against overfitting. Try a learning rate near 0.001."
    }

    fn formula(&self) -> &'static str {
        "w ← (1 - η λ) w, then Adam's w ← w - η m' / (√v' + ε)"
    }

    fn slots(&self) -> usize {
        2
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon, weight_decay } = *self;
        let kept = 1.0 - step.learning_rate * weight_decay;
        let (rate, root) = corrected(step, beta1, beta2);
        let (first, second) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), m), v) in weights.iter_mut().zip(grad).zip(first).zip(second) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *weight = kept * *weight - rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { beta1, beta2, epsilon, weight_decay } = self;
        let mut knobs = moment_knobs(beta1, beta2, epsilon);
        knobs.push(decay_knob(weight_decay, 0.01));
        knobs
    }
}

/// `η / (1-β₁ᵗ)` and `1 / √(1-β₂ᵗ)`: moments that begin at zero are too small at first, and this makes up for it.
fn corrected(step: Step, beta1: f32, beta2: f32) -> (f32, f32) {
    let correction = |beta: f32| 1.0 - f64::from(beta).powf(step.number as f64);
    ((f64::from(step.learning_rate) / correction(beta1)) as f32, (1.0 / correction(beta2)).sqrt() as f32)
}

/// The knobs of all rules that remember two moments.
pub(super) fn moment_knobs<'a>(beta1: &'a mut f32, beta2: &'a mut f32, epsilon: &'a mut f32) -> Vec<Knob<'a>> {
    vec![
        Knob::real(
            "beta1",
            "Beta 1",
            beta1,
            0.0..=0.999,
            0.9,
            "How long the direction is remembered; close to 1 it overshoots.",
        ),
        Knob::real(
            "beta2",
            "Beta 2",
            beta2,
            0.0..=0.9999,
            0.999,
            "How long the size of the slope is remembered; a short memory makes the steps jump.",
        ),
        epsilon_knob(epsilon, 1e-8),
    ]
}
