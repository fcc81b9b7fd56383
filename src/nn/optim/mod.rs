//! THE LIST of optimisers, and the walker that applies one to all weights.
//!
//! A rule sees slices and the step's numbers; the walker owns the step counter, the memory and the division of the
//! work among threads.

mod adam;
mod schedule;
mod sgd;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::knob::Knob;
use super::workspace::Workspace;

pub use adam::Adam;
pub use schedule::Schedule;
pub use sgd::{Momentum, Nesterov, Sgd};

/// How one gradient moves the weights.
pub trait Rule: Send + Sync {
    /// The rule's name on the screen.
    fn label(&self) -> &'static str;

    /// One sentence that tells a beginner what the rule does.
    fn help(&self) -> &'static str;

    /// Numbers remembered per weight.
    fn slots(&self) -> usize;

    /// Moves `weights`. `state` holds the slots one after the other, each as long as `weights`, all zero at first.
    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]);

    fn knobs(&mut self) -> Vec<Knob<'_>>;
}

/// The numbers of one optimiser step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Counted from 1.
    pub number: u64,
    pub learning_rate: f32,
}

macro_rules! optimizers {
    ($($rule:ident),+ $(,)?) => {
        /// Any optimiser, as declared in a project.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "rule", rename_all = "snake_case")]
        pub enum OptimizerSpec {
            $($rule($rule)),+
        }

        impl OptimizerSpec {
            /// One of each with its defaults, in the order of the menu.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$rule($rule::default())),+]
            }

            pub fn as_rule(&self) -> &dyn Rule {
                match self { $(Self::$rule(rule) => rule),+ }
            }

            pub fn as_rule_mut(&mut self) -> &mut dyn Rule {
                match self { $(Self::$rule(rule) => rule),+ }
            }
        }
    };
}

optimizers![Sgd, Momentum, Nesterov, Adam];

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

/// Weights that one task updates: small enough to stay in the nearest cache with their gradients and their state.
const CHUNK: usize = 4096;

/// An optimiser at work: the rule, the step counter and what the rule remembers.
pub struct Optimizer {
    spec: OptimizerSpec,
    step: u64,
    /// The slots of one chunk of weights after the other.
    state: Vec<f32>,
}

impl Optimizer {
    pub fn new(spec: OptimizerSpec, params: usize) -> Self {
        let state = vec![0.0; spec.as_rule().slots() * params];
        Self { spec, step: 0, state }
    }

    /// Puts other numbers into the rule, for instance while a run is on. What was remembered is kept unless the rule
    /// itself changes.
    pub fn set(&mut self, spec: OptimizerSpec, params: usize) {
        if std::mem::discriminant(&spec) == std::mem::discriminant(&self.spec) {
            self.spec = spec;
        } else {
            *self = Self::new(spec, params);
        }
    }

    /// Adds up the gradients of the shards, in their order, and moves the weights. The gradients end as zeros, ready
    /// for the next step.
    pub fn step(&mut self, learning_rate: f32, weights: &mut [f32], shards: &mut [Workspace]) {
        self.step += 1;
        let step = Step { number: self.step, learning_rate };
        let rule = self.spec.as_rule();
        let Some((first, rest)) = shards.split_first_mut() else { return };
        for other in rest {
            first.gradient.par_chunks_mut(CHUNK).zip(other.gradient.par_chunks_mut(CHUNK)).for_each(|(sum, add)| {
                for (sum, add) in sum.iter_mut().zip(add) {
                    *sum += *add;
                    *add = 0.0;
                }
            });
        }
        let chunks = weights.par_chunks_mut(CHUNK).zip(first.gradient.par_chunks_mut(CHUNK));
        if rule.slots() == 0 {
            chunks.for_each(|(weights, grad)| {
                rule.update(step, weights, grad, &mut []);
                grad.fill(0.0);
            });
        } else {
            chunks.zip(self.state.par_chunks_mut(CHUNK * rule.slots())).for_each(|((weights, grad), state)| {
                rule.update(step, weights, grad, state);
                grad.fill(0.0);
            });
        }
    }
}
