//! How the optimizer moves one weight.

use std::ops::Range;

use backprop_nn::OptimizerSpec;
use backprop_nn::weights::Param;

use super::{SHOWN, Step, largest};

/// A weight in the step.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its position among all weights.
    pub at: usize,
    /// The tensor that it belongs to and where it stands there, counted from 1: "kernel 2→3" leads from the second input to the third
    /// unit.
    pub name: String,
}

impl Change {
    /// The weight before the step and after it.
    pub fn weight(&self, step: &Step) -> [f32; 2] {
        [0, 1].map(|moment| step.weights[moment].values()[self.at])
    }

    /// What the optimizer remembers of it before the step and after it, in the order of its names.
    pub fn memory(&self, step: &Step) -> Vec<[f32; 2]> {
        let [before, after] = &step.memory;
        before.iter().zip(after).map(|(before, after)| [before[self.at], after[self.at]]).collect()
    }

    /// Adam's corrected moments m̂ and v̂ after the step, or û in the place of the latter; nothing for optimizers that correct none,
    /// or otherwise.
    pub fn corrected(&self, step: &Step, optimizer: &OptimizerSpec) -> Option<[f64; 2]> {
        let memory = self.memory(step);
        let (betas, second) = match optimizer {
            OptimizerSpec::Adam(adam) => ([adam.beta1, adam.beta2], 1),
            OptimizerSpec::Adamw(adam) => ([adam.beta1, adam.beta2], 1),
            OptimizerSpec::Amsgrad(adam) => ([adam.beta1, adam.beta2], 2),
            _ => return None,
        };
        let share = |beta: f32| 1.0 - f64::from(beta).powf(step.number as f64);
        let ([_, first], [_, second]) = (memory.first()?, memory.get(second)?);
        Some([f64::from(*first) / share(betas[0]), f64::from(*second) / share(betas[1])])
    }
}

/// The weights of a layer that are followed.
pub(super) fn changes(step: &Step, weights: Range<usize>, params: &[Param]) -> Vec<Change> {
    let of = |at: usize| {
        let param = params.iter().find(|param| param.range.contains(&at))?;
        Some(Change { at, name: name(param, at) })
    };
    let start = weights.start;
    let chosen = largest(weights.len(), SHOWN, |at| step.gradient[start + at].abs());
    chosen.into_iter().filter_map(|at| of(start + at)).collect()
}

fn name(param: &Param, at: usize) -> String {
    let (mut rest, mut places) = (at - param.range.start, Vec::new());
    for dim in param.info.dims.iter().rev() {
        places.insert(0, (rest % dim + 1).to_string());
        rest /= dim;
    }
    let between = if places.len() == 2 { "→" } else { "," };
    format!("{} {}", param.info.name.replace('_', " "), places.join(between))
}
