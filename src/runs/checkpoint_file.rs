//! A checkpoint as a safetensors file: a flat tensor for the weights, the slots of each optimizer, its average, what stateful
//! layers carry, the best weights and the validation losses, and the rest as metadata.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use crate::train::learner::LearnerState;
use crate::train::metrics::StepSum;
use crate::train::{Checkpoint, Job};
use backprop_nn::gan::GanSum;
use backprop_nn::loss::LossSum;
use backprop_nn::optim::UpdaterState;
use backprop_nn::weights::{Param, le_bytes};
use backprop_nn::{OptimizerSpec, Weights};

/// The format that is written. The first one had the slots of long rows in another order.
const VERSION: u32 = 2;

/// Numbers of a row from which on the order was another.
const LONG: usize = 1024;
const METADATA: &str = "backprop_studio";

#[derive(Serialize, Deserialize)]
struct Metadata {
    version: u32,
    step: u64,
    epochs: u32,
    learning_rate: f32,
    optimizer: OptimizerSpec,
    /// Steps of each optimizer.
    updates: Vec<u64>,
    /// Sums over the steps of the epoch that is not over: one, or three of a GAN.
    partial: Vec<Sum>,
}

/// Loss and weight, and the samples that are correct and all.
type Sum = (f64, f64, usize, usize);

/// The checkpoint as the contents of a file.
pub fn encode(checkpoint: &Checkpoint) -> Result<Vec<u8>, String> {
    let mut tensors: Vec<(String, &[f32])> = vec![("weights".to_owned(), checkpoint.learner.weights.values())];
    for (at, updater) in checkpoint.learner.updaters.iter().enumerate() {
        tensors.push((format!("optimizer.{at}.slots"), &updater.slots));
        let average = updater.average.as_ref().map(|average| (format!("optimizer.{at}.average"), average.values()));
        tensors.extend(average);
    }
    if !checkpoint.learner.states.is_empty() {
        tensors.push(("states".to_owned(), &checkpoint.learner.states));
    }
    tensors.extend(checkpoint.best.as_ref().map(|best| ("best".to_owned(), best.values())));
    tensors.push(("validation_losses".to_owned(), &checkpoint.judged));
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, values)| le_bytes(values)).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, values), bytes)| {
        Ok((name.clone(), TensorView::new(Dtype::F32, vec![values.len()], bytes).map_err(|error| error.to_string())?))
    });
    let views = views.collect::<Result<Vec<_>, String>>()?;
    let metadata = Metadata {
        version: VERSION,
        step: checkpoint.step,
        epochs: checkpoint.epochs,
        learning_rate: checkpoint.learning_rate,
        optimizer: checkpoint.optimizer.clone(),
        updates: checkpoint.learner.updaters.iter().map(|updater| updater.step).collect(),
        partial: checkpoint.partial.map_or_else(Vec::new, sums_of),
    };
    let metadata = serde_json::to_string(&metadata).map_err(|error| error.to_string())?;
    serialize(views, Some(HashMap::from([(METADATA.to_owned(), metadata)]))).map_err(|error| error.to_string())
}

/// The checkpoint in the contents of a file, held against the job that is to go on from it.
pub fn decode(bytes: &[u8], job: &Job) -> Result<Checkpoint, String> {
    let text = Weights::metadata(bytes, METADATA).map_err(|error| error.to_string())?;
    let version = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|fields| fields["version"].as_u64());
    if version.is_some_and(|version| version > VERSION.into()) {
        let version = version.unwrap_or_default();
        return Err(format!("is of version {version}, and this program reads up to {VERSION}; take a newer program"));
    }
    let is_long = |param: &Param| param.info.dims.last().is_some_and(|row| *row > LONG);
    if version == Some(1) && job.network.params().iter().any(is_long) {
        return Err("is of an older program, which kept what the optimizer remembers otherwise; start from its weights instead, \
                    train --weights RUN"
            .to_owned());
    }
    let metadata: Metadata = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let values = |name: &str| -> Option<Vec<f32>> {
        let tensor = file.tensor(name).ok().filter(|tensor| tensor.dtype() == Dtype::F32)?;
        let (numbers, _) = tensor.data().as_chunks();
        Some(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    };
    let foreign = || "is not of this network and these settings".to_owned();
    let weights = |name: &str| -> Option<Weights> {
        let values = values(name).filter(|values| values.len() == job.network.weights_len())?;
        let mut weights = job.network.init_weights(0);
        weights.values_mut().copy_from_slice(&values);
        Some(weights)
    };
    let updaters = metadata.updates.iter().enumerate().map(|(at, step)| {
        let slots = values(&format!("optimizer.{at}.slots")).ok_or_else(foreign)?;
        Ok(UpdaterState { step: *step, slots, average: weights(&format!("optimizer.{at}.average")) })
    });
    let learner = LearnerState {
        weights: weights("weights").ok_or_else(foreign)?,
        updaters: updaters.collect::<Result<_, String>>()?,
        states: values("states").unwrap_or_default(),
    };
    let checkpoint = Checkpoint {
        step: metadata.step,
        epochs: metadata.epochs,
        learner,
        learning_rate: metadata.learning_rate,
        optimizer: metadata.optimizer,
        judged: values("validation_losses").ok_or_else(foreign)?,
        best: weights("best"),
        partial: sum_of(&metadata.partial, job),
    };
    let steps = job.steps_per_epoch() as u64;
    let taken = checkpoint.step.checked_sub(u64::from(checkpoint.epochs) * steps);
    let mut learner = job.learner();
    learner.set_optimizer(checkpoint.optimizer.clone());
    let fits = taken.is_some_and(|taken| taken <= steps) && learner.restore(&checkpoint.learner, checkpoint.epoch());
    if fits { Ok(checkpoint) } else { Err(foreign()) }
}

fn sums_of(sum: StepSum) -> Vec<Sum> {
    let parts = |sum: LossSum| (sum.loss, sum.weight, sum.correct, sum.samples);
    match sum {
        StepSum::Classes(sum) | StepSum::Numbers(sum) => vec![parts(sum)],
        StepSum::Tokens { sum, samples } => vec![parts(sum), (0.0, 0.0, 0, samples)],
        StepSum::Gan(GanSum { real, fake, generator }) => [real, fake, generator].map(parts).into(),
    }
}

fn sum_of(sums: &[Sum], job: &Job) -> Option<StepSum> {
    let sum = |&(loss, weight, correct, samples): &Sum| LossSum { loss, weight, correct, samples };
    match sums {
        [one] if job.dataset.train.classes().is_empty() => Some(StepSum::Numbers(sum(one))),
        [one] => Some(StepSum::Classes(sum(one))),
        [tokens, (_, _, _, samples)] => Some(StepSum::Tokens { sum: sum(tokens), samples: *samples }),
        [real, fake, generator] => {
            Some(StepSum::Gan(GanSum { real: sum(real), fake: sum(fake), generator: sum(generator) }))
        }
        _ => None,
    }
}
