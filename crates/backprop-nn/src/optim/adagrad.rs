use serde::{Deserialize, Serialize};

use super::{Rule, Step, epsilon_knob};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `s ← s + g²`, `w ← w - η g / (√s + ε)` (Duchi et al. 2011). PyTorch's definition; Keras begins with s = 0.1 and puts
/// ε = 1e-7 under the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adagrad {
    pub epsilon: f32,
}

/// `s ← ρ s + (1-ρ) g²`, `d = g √(u + ε) / √(s + ε)`, `u ← ρ u + (1-ρ) d²`, `w ← w - η d` (Zeiler 2012). The paper has no
/// η, which is 1. PyTorch's definition; Keras takes ρ = 0.95 and ε = 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adadelta {
    pub rho: f32,
    pub epsilon: f32,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { epsilon: 1e-10 }
    }
}

impl Default for Adadelta {
    fn default() -> Self {
        Self { rho: 0.9, epsilon: 1e-6 }
    }
}

impl Rule for Adagrad {
    fn label(&self) -> &'static str {
        "Adagrad"
    }

    fn help(&self) -> &'static str {
        "Slows each weight down by all the slopes it has seen, and so comes to rest by itself, sometimes too early. Try a learning rate near 0.01."
    }

    fn formula(&self) -> &'static str {
        "s ← s + g², w ← w - η g / (√s + ε)"
    }

    fn slots(&self) -> usize {
        1
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], sum: &mut [f32]) {
        vectorized!({
            for ((weight, grad), sum) in weights.iter_mut().zip(grad).zip(sum) {
                *sum += grad * grad;
                *weight -= step.learning_rate * grad / (sum.sqrt() + self.epsilon);
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![epsilon_knob(&mut self.epsilon, 1e-10)]
    }
}

impl Rule for Adadelta {
    fn label(&self) -> &'static str {
        "Adadelta"
    }

    fn help(&self) -> &'static str {
        "Takes the size of its steps from its last steps, and so hardly needs a learning rate. Leave that at 1."
    }

    fn formula(&self) -> &'static str {
        "s ← ρ s + (1-ρ) g², d = g √(u + ε) / √(s + ε), u ← ρ u + (1-ρ) d², w ← w - η d"
    }

    fn slots(&self) -> usize {
        2
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { rho, epsilon } = *self;
        let (slopes, moves) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), slope), moved) in weights.iter_mut().zip(grad).zip(slopes).zip(moves) {
                *slope = rho * *slope + (1.0 - rho) * grad * grad;
                let by = grad * ((*moved + epsilon).sqrt() / (*slope + epsilon).sqrt());
                *moved = rho * *moved + (1.0 - rho) * by * by;
                *weight -= step.learning_rate * by;
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { rho, epsilon } = self;
        vec![
            Knob::real(
                "rho",
                "Rho",
                rho,
                0.0..=0.9999,
                0.9,
                "How long slopes and steps are remembered; close to 1 it takes very long to begin.",
            ),
            epsilon_knob(epsilon, 1e-6),
        ]
    }
}
