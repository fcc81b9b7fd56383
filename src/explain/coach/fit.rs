//! How the network fits training and validation set over the epochs.

use super::{Case, Epoch, Evidence, Experiment, counted, figure};
use crate::data::Augment;
use crate::project::{Project, ProjectError};
use backprop_nn::ScheduleSpec;

/// Prechelt's generalization loss, `GL = 100·(E_va/E_opt - 1)` in percent (Early Stopping – But When?, 1998), from which a network
/// overfits. He stops at 1 to 5; a finding needs more, since the loss of a few samples varies by as much.
const GENERALIZATION_LOSS: f64 = 30.0;

/// A rise of the validation loss by less than this share of the loss that the run began with harms nobody.
const NOTABLE: f64 = 0.05;

/// Epochs whose mean counts, so that one bad evaluation is none.
const NEWEST: usize = 3;

/// Training and validation accuracy that are this far apart tell of samples learned by heart.
const GAP: f64 = 0.15;

/// A training accuracy of at least this much with such a gap: the network has nothing left to learn from its samples.
const LEARNED: f64 = 0.9;

/// The same of numbers: the validation loss never below so many times the training loss at the end, and still notable.
const TIMES: f64 = 5.0;

/// Fewer training samples than this per output are few (Goodfellow et al. 2016, ch. 1, take 5000 labels of each class as enough).
const FEW: usize = 500;

/// Epochs that a plateau takes twice: the mean of the newest against the mean of those before (Keras' `ReduceLROnPlateau` has a
/// patience of 10).
const PLATEAU: usize = 10;

/// A training loss that falls by less than this share between both is flat.
const FLAT: f64 = 0.01;

/// Below this share of the loss at the start there is little left to gain.
const LOW: f64 = 0.1;

/// The least fall of the validation loss in each of the last epochs, as a share, of a run that ended too early.
const FALLING: f64 = 0.04;

/// The epoch with the lowest validation loss.
fn best(epochs: &[Epoch]) -> Option<(usize, f64)> {
    let losses = epochs.iter().enumerate().filter_map(|(at, epoch)| Some((at, epoch.validation_loss?)));
    losses.min_by(|(_, one), (_, other)| one.total_cmp(other))
}

fn mean(numbers: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// The validation loss rises while the training loss goes on falling.
pub fn overfitting(case: &Case<'_>) -> Option<Evidence> {
    let epochs = &case.history.epochs;
    let (at, lowest) = best(epochs)?;
    let (optimum, last) = (&epochs[at], epochs.last()?);
    // Early stopping gives the weights of the best epoch back anyway.
    if epochs.len() <= at + NEWEST || !case.project.training.early_stopping.is_off() {
        return None;
    }
    let newest = mean(epochs[epochs.len() - NEWEST..].iter().map(|epoch| epoch.validation_loss))?;
    let generalization_loss = 100.0 * (newest / lowest - 1.0);
    let has_risen =
        generalization_loss >= GENERALIZATION_LOSS && newest - lowest >= NOTABLE * case.history.start_loss()?;
    if !has_risen || last.loss? >= optimum.loss? {
        return None;
    }
    let sentence = format!(
        "Since epoch {} the validation loss rose from {} to {} (+{:.0} %), while the training loss fell from {} to {}.",
        optimum.epoch,
        figure(lowest),
        figure(newest),
        generalization_loss,
        figure(optimum.loss?),
        figure(last.loss?)
    );
    let experiment = case.experiment("Try early stopping", Some(optimum.step), |project| {
        project.set("training.early_stopping.patience", "5")
    });
    case.at(optimum, sentence, experiment)
}

/// The network has learned its few training samples, and predicts others much worse at every epoch.
pub fn too_little_data(case: &Case<'_>) -> Option<Evidence> {
    let (epochs, job) = (&case.history.epochs, case.job);
    let last = epochs.last()?;
    let (samples, parameters) = (job.split.train.len(), job.network.param_count());
    if samples >= FEW * job.dataset.task.classes().len().max(1) || parameters < samples {
        return None;
    }
    let gap = match (last.accuracy, last.validation_accuracy) {
        (Some(training), Some(_)) => {
            let highest = epochs.iter().filter_map(|epoch| epoch.validation_accuracy).reduce(f64::max)?;
            let is_wide = training >= LEARNED && training - highest >= GAP;
            is_wide.then(|| {
                format!(
                    "{:.1} % of the training samples are right, and at best {:.1} % of the validation samples",
                    100.0 * training,
                    100.0 * highest
                )
            })
        }
        _ => {
            let (training, (_, lowest)) = (last.loss?, best(epochs)?);
            let is_wide = lowest >= TIMES * training && lowest >= 2.0 * NOTABLE * case.history.start_loss()?;
            is_wide.then(|| {
                format!(
                    "the training loss is {}, and the validation loss was never below {}",
                    figure(training),
                    figure(lowest)
                )
            })
        }
    }?;
    let sentence = format!("With {parameters} parameters and {}, {gap}.", counted(samples, "training sample"));
    case.at(last, sentence, regularized(case))
}

/// Images are changed at random; of other data a part of the last activations is dropped.
fn regularized(case: &Case<'_>) -> Option<Experiment> {
    let augment = &case.project.data.augment;
    if case.job.shape().as_image().is_some() && augment.is_off() {
        return case.experiment("Try shifting and rotating the images", None, |project| {
            project.data.augment = Augment { shift: 2.0, rotate: 10.0, ..Augment::default() };
            Ok(())
        });
    }
    let layers = &case.project.model.layers;
    let has_dropout = layers.iter().any(|layer| layer.about().key.ends_with("dropout"));
    if !has_dropout && layers.last().is_some_and(|layer| layer.about().key == "dense") {
        return case.experiment("Try dropout before the last layer", None, with_dropout);
    }
    let decay = (case.project.training.regularization.l2 * 10.0).clamp(1e-4, 0.1);
    case.experiment(format!("Try an L2 penalty of {}", figure(decay.into())), None, |project| {
        project.set("training.regularization.l2", &decay.to_string())
    })
}

fn with_dropout(project: &mut Project) -> Result<(), ProjectError> {
    let layers = &mut project.model.layers;
    let last = layers.len().saturating_sub(1);
    if let Ok(dropout) = serde_json::from_value(serde_json::json!({ "kind": "dropout", "rate": 0.3 })) {
        layers.insert(last, dropout);
    }
    Ok(())
}

/// The training loss stays where it is for many epochs at the same learning rate.
pub fn plateau(case: &Case<'_>) -> Option<Evidence> {
    let (epochs, training) = (&case.history.epochs, &case.project.training);
    let ScheduleSpec::Constant(_) = &training.schedule else { return None };
    let last = epochs.last()?;
    let since = epochs.len().checked_sub(2 * PLATEAU)?;
    let is_constant = epochs[since..].iter().all(|epoch| epoch.learning_rate == last.learning_rate);
    let loss = |from: usize| mean(epochs[from..from + PLATEAU].iter().map(|epoch| epoch.loss));
    let (before, now) = (loss(since)?, loss(since + PLATEAU)?);
    let is_flat = now >= (1.0 - FLAT) * before && now <= (1.0 + FLAT) * before;
    if !is_constant || !is_flat || now < LOW * case.history.start_loss()? {
        return None;
    }
    let sentence = format!(
        "The training loss stays at {} since epoch {}: on average {} in the {PLATEAU} epochs before.",
        figure(now),
        epochs[since + PLATEAU].epoch,
        figure(before)
    );
    case.at(&epochs[since + PLATEAU], sentence, case.with_rate(training.learning_rate / 10.0, Some(last.step)))
}

/// The validation loss still falls when the run ends.
pub fn too_few_epochs(case: &Case<'_>) -> Option<Evidence> {
    let (epochs, training) = (&case.history.epochs, &case.project.training);
    let last = epochs.last().filter(|_| case.is_finished && epochs.len() > NEWEST)?;
    let newest: Vec<f64> =
        epochs[epochs.len() - NEWEST - 1..].iter().map(|epoch| epoch.validation_loss).collect::<Option<_>>()?;
    let falls = newest.windows(2).all(|pair| pair[1] <= (1.0 - FALLING) * pair[0]);
    let is_notable = newest[0] - newest[NEWEST] >= NOTABLE * case.history.start_loss()?;
    if !falls || !is_notable {
        return None;
    }
    let sentence = format!(
        "The validation loss still fell when the run ended: from {} to {} in the last {NEWEST} epochs.",
        figure(newest[0]),
        figure(newest[NEWEST])
    );
    let more = 2 * training.epochs;
    // A schedule is over with the run, and would jump where it is continued.
    let from = matches!(training.schedule, ScheduleSpec::Constant(_)).then_some(last.step);
    let experiment = case.experiment(format!("Try {more} epochs"), from, |project| {
        project.training.epochs = more;
        Ok(())
    });
    case.at(last, sentence, experiment)
}
