//! The loop of a training, from epoch to epoch.

use super::arrays::{Gathered, Samples, TargetArray};
use super::error::ModelError;
use super::{Built, Task};
use crate::batch::{Batch, shard_len};
use crate::field::Settings as _;
use crate::init::mix;
use crate::loss::LossSum;
use crate::optim::Updater;
use crate::patience::{EarlyStopper, ReduceOnPlateau};
use crate::schedule::ScheduleSpec;
use crate::training::{Training, shuffle};
use crate::weights::Weights;
use crate::workspace::Workspace;

/// How well a model does on some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean loss.
    pub loss: f32,
    /// Share of the samples that are classified correctly, 0 to 1, where the targets are classes.
    pub accuracy: Option<f32>,
}

/// What an epoch has measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Mean over the batches of the epoch, each measured before its own step.
    pub training: Score,
    /// After the epoch, if there is a validation set.
    pub validation: Option<Score>,
    /// That of its last step.
    pub learning_rate: f32,
}

/// The epochs of a training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// One after the other.
    pub epochs: Vec<Epoch>,
    /// The position of the epoch whose weights early stopping has restored.
    pub best: Option<usize>,
}

impl History {
    /// The loss and accuracy on the training set in the last epoch.
    pub fn last(&self) -> Score {
        self.epochs.last().map_or(Score { loss: f32::NAN, accuracy: None }, |epoch| epoch.training)
    }
}

/// A shard of samples in work.
struct Lane<'a> {
    at: &'a [u32],
    targets: Option<Gathered>,
    sum: LossSum,
}

/// Trains the network from its weights on, and gives the history and the weights after it.
pub(super) fn fit(
    built: &Built,
    samples: &Samples<'_>,
    validation: Option<&Samples<'_>>,
    training: &Training,
) -> Result<(History, Weights), ModelError> {
    check(built, samples, validation, training)?;
    let Built { network, loss, task, .. } = built;
    let count = samples.inputs.samples;
    let batch = training.batch.min(count);
    let steps = count.div_ceil(batch) * training.epochs;
    let shard = shard_len(batch);
    let mut shards = Batch::new(network, batch.div_ceil(shard), shard);
    let mut updater = Updater::new(training.optimizer.clone(), network).regularized(training.regularization.clone());
    let mut weights = built.weights.clone();
    let mut plateau = match &training.schedule {
        ScheduleSpec::Plateau(plateau) => Some(ReduceOnPlateau::new(plateau.clone())),
        _ => None,
    };
    let mut stopper = EarlyStopper::new(training.early_stopping.clone());
    let mut best: Option<(f32, Weights)> = None;
    let mut order: Vec<u32> = (0..count as u32).collect();
    let (mut history, mut step) = (History::default(), 0);
    for epoch in 1..=training.epochs {
        if training.shuffle {
            shuffle(&mut order, training.seed, epoch as u64);
        }
        let (mut sum, mut learning_rate) = (LossSum::default(), training.learning_rate);
        for at in order.chunks(batch) {
            let reduced = plateau.as_ref().map_or(1.0, |plateau| plateau.factor);
            learning_rate = training.learning_rate * training.lr_factor(step as f32 / steps as f32) * reduced;
            step += 1;
            let mut lanes: Vec<_> =
                at.chunks(shard_len(at.len())).map(|at| Lane { at, targets: None, sum: LossSum::default() }).collect();
            let fill = |_: usize, lane: &mut Lane<'_>, shard: &mut Workspace| {
                samples.inputs.gather(lane.at, shard.input_mut(lane.at.len()));
                lane.targets = Some(samples.targets.gather(lane.at));
            };
            let scale = match &samples.targets {
                TargetArray::Classes(classes) => loss.scale(at.iter().map(|at| classes[*at as usize] as u16)),
                TargetArray::Numbers(_) => 1.0 / at.len() as f32,
            };
            let judge = |lane: &mut Lane<'_>, outputs: &[f32], grad: &mut [f32]| {
                if let Some(targets) = &lane.targets {
                    lane.sum = loss.value_and_grad(outputs, targets.targets(), scale, grad);
                }
            };
            shards.reset_states();
            network.learn(&mut weights, &mut shards, &mut lanes, mix(training.seed, step), fill, judge);
            let of_step = lanes.iter().map(|lane| lane.sum).fold(LossSum::default(), LossSum::plus);
            if !of_step.is_finite() {
                let place = network.first_not_finite(&weights, shards.shards());
                return Err(ModelError::Diverged { epoch, place });
            }
            updater.step(learning_rate, network, &mut weights, shards.shards());
            sum = sum.plus(of_step);
        }
        let shown = updater.average().unwrap_or(&weights);
        let validation = validation.map(|validation| built.score_with(shown, validation));
        history.epochs.push(Epoch { training: Score::of(sum, *task), validation, learning_rate });
        let Some(Score { loss, .. }) = validation else { continue };
        if let Some(plateau) = &mut plateau {
            plateau.observe(loss);
        }
        if !training.early_stopping.is_off() && best.as_ref().is_none_or(|(lowest, _)| loss < *lowest) {
            best = Some((loss, shown.clone()));
            history.best = Some(epoch - 1);
        }
        if stopper.observe(loss) {
            break;
        }
    }
    let last = || updater.average().cloned().unwrap_or(weights);
    Ok((history, best.map_or_else(last, |(_, weights)| weights)))
}

/// Refuses what would fail or mislead.
fn check(
    built: &Built,
    samples: &Samples<'_>,
    validation: Option<&Samples<'_>>,
    training: &Training,
) -> Result<(), ModelError> {
    if let Some(error) = training.out_of_range() {
        return Err(error.into());
    }
    if let Some(problem) = training.loss.problem() {
        return Err(ModelError::LossSetting(problem));
    }
    if built.task == Task::Regression && !training.loss.takes_numbers() {
        return Err(ModelError::Loss { loss: training.loss.about().label });
    }
    let is_plateau = matches!(training.schedule, ScheduleSpec::Plateau(_));
    match validation {
        Some(validation) => {
            validation.inputs.check(built.network.input())?;
            validation.targets.check(built.network.output().len())?;
            match (&samples.targets, &validation.targets) {
                (TargetArray::Classes(_), TargetArray::Classes(_))
                | (TargetArray::Numbers(_), TargetArray::Numbers(_)) => Ok(()),
                _ => Err(ModelError::Mixed),
            }
        }
        None if is_plateau => Err(ModelError::NoValidation { what: "the schedule" }),
        None if !training.early_stopping.is_off() => Err(ModelError::NoValidation { what: "early stopping" }),
        None => Ok(()),
    }
}
