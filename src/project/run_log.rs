//! The events of a run, one JSON object per line, in `metrics.jsonl` and on standard output. Every metric has its key.

use serde_json::{Value, json};

use crate::train::baselines::Baseline;
use crate::train::metrics::{Figure, LOSS};
use crate::train::{
    Best, Change, Checkpoint, EpochStat, Head, LayerStat, LiveChange, Metric, Outcome, StepStat, Subset,
};
use backprop_nn::Network;

/// The key of a metric, with the subset as prefix where it is measured on subsets: `validation_rmse`.
pub fn key_of(part: Subset, metric: &Metric) -> String {
    match metric.subset {
        Some(_) => format!("{}_{}", part.key(), metric.key),
        None => metric.key.to_owned(),
    }
}

/// The line of an optimizer step, on its batch.
pub fn step_line(stat: &StepStat) -> Value {
    let mut line = json!({ "event": "step", "step": stat.step, "epoch": stat.epoch });
    stat.figures().for_each(|(metric, value)| line[metric.key] = value.into());
    line
}

/// The line of a step layer by layer: the names of the layers as in the file of weights, and how far it moved each.
pub fn layers_line(stat: &LayerStat, network: &Network) -> Value {
    let name = |start: usize| {
        let param = network.params().iter().find(|param| param.range.start == start)?;
        param.name.rsplit_once('.').map(|(layer, _)| layer.to_owned())
    };
    let names: Vec<_> = stat.layers.iter().map(|(range, _)| name(range.start)).collect();
    let ratios: Vec<_> = stat.update_ratios().collect();
    json!({ "event": "layers", "step": stat.step, "layers": names, "update_ratio": ratios })
}

/// The line of an epoch; validation metrics without a value are null, and without validation there are none.
pub fn epoch_line(stat: &EpochStat, head: &dyn Head) -> Value {
    let mut line = json!({
        "event": "epoch",
        "epoch": stat.epoch,
        "step": stat.step,
        "learning_rate": stat.learning_rate,
        "seconds": stat.seconds,
    });
    for Figure { metric, value } in &stat.figures {
        line[key_of(Subset::Train, metric)] = (*value).into();
    }
    if let Some(validation) = &stat.validation {
        for metric in std::iter::once(&&LOSS).chain(head.headline()) {
            line[key_of(Subset::Validation, metric)] = validation.get(metric).into();
        }
    }
    line
}

/// The line of other settings during a run, from the next step on.
pub fn change_line(change: &Change) -> Value {
    let Change { step, change: LiveChange { learning_rate, optimizer } } = change;
    json!({ "event": "changed", "step": step, "learning_rate": learning_rate, "optimizer": optimizer })
}

/// The line of a run that goes on from a checkpoint.
pub fn resume_line(checkpoint: &Checkpoint) -> Value {
    json!({ "event": "resumed", "step": checkpoint.step, "epochs": checkpoint.epochs })
}

/// The line of early stopping: the epoch whose weights it has restored.
pub fn best_line(best: &Best) -> Value {
    json!({
        "event": "best",
        "epoch": best.epoch,
        "validation_loss": best.validation_loss,
        "stopped_early": best.stopped_early,
    })
}

/// What another model reaches on the test samples, to stand beside the result.
pub fn baseline_line(baseline: &Baseline) -> Value {
    let mut line = json!({ "event": "baseline", "model": baseline.name });
    for Figure { metric, value } in baseline.evaluation.figures() {
        line[key_of(Subset::Test, metric)] = value.into();
    }
    line
}

/// The last line, with every metric of the test set where there is one, or with the place where a run diverged.
pub fn done_line(outcome: &Outcome, seconds: f64) -> Value {
    let mut line = json!({ "event": "done", "outcome": outcome.name(), "seconds": seconds });
    match outcome {
        Outcome::Finished(Some(test)) => {
            for Figure { metric, value } in test.figures() {
                line[key_of(Subset::Test, metric)] = value.into();
            }
        }
        Outcome::Diverged(divergence) => line["divergence"] = json!(divergence),
        Outcome::Failed(why) => line["why"] = why.as_str().into(),
        Outcome::Finished(None) | Outcome::Stopped => {}
    }
    line
}
