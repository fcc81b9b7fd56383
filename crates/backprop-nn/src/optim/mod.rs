//! THE LIST of optimisers; [`Optimizer`] applies one to all weights.
//!
//! A rule sees slices and the step's numbers; the optimiser owns the step counter, the memory and the division of the
//! work among threads.

mod adagrad;
mod adam;
mod lion;
mod nadam;
mod optimizer;
mod regularization;
mod rmsprop;
pub mod schedule;
mod sgd;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::knob::{About, Choice, Knob};

pub use adagrad::{Adadelta, Adagrad};
pub use adam::{Adam, Adamw, Amsgrad};
pub use lion::Lion;
pub use nadam::Nadam;
pub use optimizer::Optimizer;
pub use regularization::Regularization;
pub use rmsprop::Rmsprop;
pub use schedule::Schedule;
pub use sgd::{Momentum, Nesterov, Sgd};

/// How one gradient moves the weights.
pub trait Rule: Send + Sync {
    /// The rule's name on the screen.
    fn label(&self) -> &'static str;

    /// One sentence that tells a beginner what the rule does.
    fn help(&self) -> &'static str;

    /// How the gradient `g` moves a weight `w` at the learning rate `η`, in the field's notation.
    fn formula(&self) -> &'static str;

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

optimizers![Sgd, Momentum, Nesterov, Adagrad, Rmsprop, Adadelta, Adam, Amsgrad, Adamw, Nadam, Lion];

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

/// Choosing another rule brings that one's defaults with it.
impl Choice for OptimizerSpec {
    fn options(&self) -> &'static [&'static str] {
        static LABELS: LazyLock<Vec<&str>> =
            LazyLock::new(|| OptimizerSpec::all().iter().map(|spec| spec.as_rule().label()).collect());
        &LABELS
    }

    fn chosen(&self) -> usize {
        let is_same = |spec: &Self| std::mem::discriminant(spec) == std::mem::discriminant(self);
        Self::all().iter().position(is_same).unwrap_or(0)
    }

    fn choose(&mut self, option: usize) {
        if option != self.chosen()
            && let Some(chosen) = Self::all().into_iter().nth(option)
        {
            *self = chosen;
        }
    }

    fn about(&self, option: usize) -> Option<About> {
        let about = |rule: &dyn Rule| About { formula: rule.formula(), help: rule.help() };
        Self::all().get(option).map(|spec| about(spec.as_rule()))
    }
}

fn epsilon_knob(epsilon: &mut f32, default: f32) -> Knob<'_> {
    let help = "Keeps the division from zero; a large one makes the steps of all weights alike again.";
    Knob::real("epsilon", "Epsilon", epsilon, 1e-10..=1e-2, default, help).logarithmic()
}

fn decay_knob(weight_decay: &mut f32, default: f32) -> Knob<'_> {
    let help =
        "The share of every weight that a step takes away, times the learning rate; too much and nothing is learnt.";
    Knob::real("weight_decay", "Weight decay", weight_decay, 0.0..=1.0, default, help).logarithmic()
}

/// -1, 0 or 1. What is not a number stays so, that a run which diverges is noticed.
#[inline(always)]
pub(super) fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x
    }
}
