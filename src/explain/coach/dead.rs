//! Units that are off for every sample.

use super::{Case, Evidence};
use crate::data::Task;
use crate::train::Job;
use backprop_nn::{Inspection, LayerSpec, ModelSpec, Weights};

/// Samples that are looked at: enough that a unit which none of them turns on is hardly ever on.
const SAMPLES: usize = 128;

/// Fewer samples say nothing.
const LEAST: usize = 32;

/// Multiply-adds that the look may take, since it is one at the end of a run: a few hundredths of a second.
const BUDGET: u64 = 100_000_000;

/// A layer of which this share is dead has lost most of what it could learn.
const SHARE: f64 = 0.5;

/// The layer with ReLU that has the largest share of units which are off for all samples that were looked at; their gradient is
/// zero, and they stay off (Lu et al. 2019, Dying ReLU).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadUnits {
    /// Position of the layer in the stack, from zero.
    pub layer: usize,
    /// Units, or channels, that are off.
    pub dead: usize,
    /// All units of the layer.
    pub units: usize,
    /// Training samples that were looked at.
    pub samples: usize,
}

impl DeadUnits {
    /// Looks at some training samples; nothing where no layer has ReLU, or where the look would take long.
    pub fn count(model: &ModelSpec, job: &Job, weights: &Weights) -> Option<Self> {
        let (input, outputs) = (job.shape(), job.network.output().len());
        let relu: Vec<usize> = (0..model.layers.len()).filter(|at| is_relu(&model.layers[*at])).collect();
        let cost = model.trace(input, outputs).multiply_adds().max(1);
        let samples = SAMPLES.min((BUDGET / cost) as usize).min(job.split.train.len());
        if relu.is_empty()
            || samples < LEAST
            || job.adversary.is_some()
            || weights.values().iter().any(|weight| !weight.is_finite())
        {
            return None;
        }
        let mut inspection = Inspection::new(model, input, outputs).ok()?;
        let mut inputs = vec![0.0; samples * input.len()];
        let step = job.split.train.len() / samples;
        let chosen: Vec<u32> = job.split.train.iter().step_by(step).take(samples).copied().collect();
        job.dataset.train.gather(&job.scaling, &chosen, &mut inputs);
        inspection.forward(weights, &inputs);
        let of_layer = |layer: &usize| {
            let place = inspection.places().iter().rposition(|place| place.path == [*layer])?;
            let units = inspection.places()[place].shape.channels();
            let mut is_on = vec![false; units];
            for values in inspection.values(place).chunks_exact(units) {
                values.iter().zip(&mut is_on).for_each(|(value, is_on)| *is_on |= *value > 0.0);
            }
            let dead = is_on.iter().filter(|is_on| !**is_on).count();
            Some(Self { layer: *layer, dead, units, samples })
        };
        relu.iter().filter_map(of_layer).max_by(|one, other| one.share().total_cmp(&other.share()))
    }

    fn share(&self) -> f64 {
        self.dead as f64 / self.units.max(1) as f64
    }
}

fn is_relu(layer: &LayerSpec) -> bool {
    relu_key(layer).is_some()
}

/// The name of the setting that makes the layer one with ReLU. Recurrent layers have none.
fn relu_key(layer: &LayerSpec) -> Option<&'static str> {
    let settings = serde_json::to_value(layer).ok()?;
    ["activation", "function"].into_iter().find(|key| settings[*key].as_str() == Some("relu"))
}

/// At least half of a layer is off for all samples. The code of an autoencoder may be sparse.
pub fn dead_units(case: &Case<'_>) -> Option<Evidence> {
    if matches!(case.job.dataset.task, Task::Reconstruction { .. }) {
        return None;
    }
    let (found, last) = (case.dead.filter(|found| found.share() >= SHARE)?, case.history.epochs.last()?);
    let DeadUnits { layer, dead, units, samples } = found;
    let sentence = format!(
        "{dead} of the {units} units of layer {} are off for all of {samples} training samples; their gradient is zero, and they \
         stay off.",
        layer + 1
    );
    let experiment = case.experiment("Try leaky ReLU", None, |project| {
        let layers = project.model.layers.iter().enumerate();
        let keys: Vec<_> = layers.filter_map(|(at, layer)| Some((at, relu_key(layer)?))).collect();
        keys.iter().try_for_each(|(at, key)| project.set(&format!("model.{at}.{key}"), "leaky_relu"))
    });
    case.at(last, sentence, experiment)
}
