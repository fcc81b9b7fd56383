//! THE LIST of optimisers, and the walker that applies one to all weights.
//!
//! A rule sees slices and the step's numbers; the walker owns the step counter, the memory and the division of the
//! work among threads.

mod adam;
mod schedule;
mod sgd;

use serde::{Deserialize, Serialize};

use super::knob::Knob;
use super::network::{Block, Network};
use super::weights::Weights;
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

/// An optimiser at work: the rule, the step counter, the gradient and what the rule remembers.
pub struct Optimizer {
    spec: OptimizerSpec,
    step: u64,
    gradient: Vec<f32>,
    /// The slots of one block of weights after the other.
    state: Vec<f32>,
}

impl Optimizer {
    pub fn new(spec: OptimizerSpec, network: &Network) -> Self {
        let params = network.param_count();
        let state = vec![0.0; spec.as_rule().slots() * params];
        Self { spec, step: 0, gradient: vec![0.0; params], state }
    }

    /// Puts other numbers into the rule, for instance while a run is on. What was remembered is kept unless the rule
    /// itself changes.
    pub fn set(&mut self, spec: OptimizerSpec, network: &Network) {
        if std::mem::discriminant(&spec) == std::mem::discriminant(&self.spec) {
            self.spec = spec;
        } else {
            *self = Self::new(spec, network);
        }
    }

    /// Moves the weights by the gradient of the shards of a batch, whose backward passes are done. Each block is
    /// worked off by one thread, from its gradient to its weights, so that it is still in that core's cache.
    pub fn step(&mut self, learning_rate: f32, network: &Network, weights: &mut Weights, shards: &[Workspace]) {
        self.step += 1;
        let rule = self.spec.as_rule();
        let step = Step { number: self.step, learning_rate };
        let numbers = Numbers { weights: weights.values_mut(), gradient: &mut self.gradient, state: &mut self.state };
        each_block(network.blocks(), rule.slots(), numbers, &|block, numbers| {
            network.gradient_of(block, shards, numbers.gradient);
            rule.update(step, numbers.weights, numbers.gradient, numbers.state);
        });
    }
}

/// What belongs to some blocks that lie side by side.
struct Numbers<'a> {
    weights: &'a mut [f32],
    gradient: &'a mut [f32],
    state: &'a mut [f32],
}

/// Calls `work` with every block and its numbers, on all threads.
fn each_block(blocks: &[Block], slots: usize, numbers: Numbers<'_>, work: &(impl Fn(&Block, Numbers<'_>) + Sync)) {
    match blocks {
        [] => {}
        [block] => work(block, numbers),
        _ => {
            let (left, right) = blocks.split_at(blocks.len() / 2);
            let at = right[0].range.start - left[0].range.start;
            let (left_weights, right_weights) = numbers.weights.split_at_mut(at);
            let (left_gradient, right_gradient) = numbers.gradient.split_at_mut(at);
            let (left_state, right_state) = numbers.state.split_at_mut(at * slots);
            let left_numbers = Numbers { weights: left_weights, gradient: left_gradient, state: left_state };
            let right_numbers = Numbers { weights: right_weights, gradient: right_gradient, state: right_state };
            rayon::join(
                || each_block(left, slots, left_numbers, work),
                || each_block(right, slots, right_numbers, work),
            );
        }
    }
}
