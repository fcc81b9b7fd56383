//! What goes to a run and what comes back: one closed enum for each direction.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::metrics::{Evaluation, Figure, LOSS, METRICS, Metric, StepProbe};
use backprop_nn::optim::StepNorms;
use backprop_nn::{OptimizerSpec, Training, Weights};

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Training from the first step on.
    Running,
    /// Waiting for a command before the first step.
    Paused,
}

/// Optional reports of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// Copies of the weights, several times a second, for the studio's live views.
    pub snapshots: bool,
    /// Checkpoints, at the ends of epochs and every half minute, and at the end of the run.
    pub checkpoints: bool,
    /// No evaluation on the test set at the end, since the result of the run decides something.
    pub skips_test: bool,
}

/// A command to a run. Closing the channel stops the run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCommand {
    /// Wait for a command before the next step.
    Pause,
    /// Continue after a pause.
    Resume,
    /// One optimizer step, then pause.
    StepBatch,
    /// To the end of the epoch, then pause.
    StepEpoch,
    /// At most so many steps a second, so that one can watch; as fast as possible without a number.
    Pace(Option<f32>),
    /// Change learning rate and optimizer settings from the next step on; the weights are kept.
    Set(LiveChange),
}

/// The settings that may change during a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveChange {
    /// The learning rate, before the schedule scales it.
    pub learning_rate: f32,
    /// The optimizer and its settings.
    pub optimizer: OptimizerSpec,
}

impl LiveChange {
    /// The settings of a training that may change during a run.
    pub fn of(training: &Training) -> Self {
        Self { learning_rate: training.learning_rate, optimizer: training.optimizer.clone() }
    }
}

/// An event from a run. `Done` is always last.
#[derive(Clone, Debug)]
pub enum Event {
    /// Every optimizer step since the last flush; none is missing.
    Steps(Vec<StepStat>),
    /// The norms of a step layer by layer, now and then.
    Layers(LayerStat),
    /// An epoch has ended.
    Epoch(EpochStat),
    /// A copy of the weights; only the newest matters.
    Weights(Arc<Snapshot>),
    /// What the run needs to go on from this moment.
    Checkpoint(Arc<Checkpoint>),
    /// A [`RunCommand::Set`] took effect.
    Changed(Change),
    /// The run waits for a command.
    Paused,
    /// The run continues after a pause.
    Resumed,
    /// With early stopping: the following weights and the outcome are those of this epoch, not of the last.
    Best(Best),
    /// The run has ended.
    Done(Outcome),
}

/// One optimizer step: every metric of steps, measured on its own batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepStat {
    /// Counted from 1 over the whole run.
    pub step: u64,
    /// Counted from 1.
    pub epoch: u32,
    /// By the position in [`METRICS`]; a fixed array, so that a step allocates nothing.
    values: [Option<f32>; METRICS.len()],
}

impl StepStat {
    /// Measures a step.
    pub fn new(step: u64, epoch: u32, probe: &StepProbe) -> Self {
        let value = |at: usize| METRICS[at].step.and_then(|measure| measure(probe));
        Self { step, epoch, values: std::array::from_fn(value) }
    }

    /// The measured metrics and their values.
    pub fn figures(&self) -> impl Iterator<Item = (&'static Metric, f32)> {
        METRICS.iter().zip(self.values).filter_map(|(metric, value)| Some((*metric, value?)))
    }

    /// The value of a metric, if it was measured.
    pub fn get(&self, metric: &Metric) -> Option<f32> {
        self.figures().find(|(measured, _)| *measured == metric).map(|(_, value)| value)
    }

    /// The mean loss of the batch.
    pub fn loss(&self) -> f32 {
        self.get(&LOSS).unwrap_or(f32::NAN)
    }
}

/// The norms of one optimizer step, layer by layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerStat {
    /// Counted from 1 over the whole run.
    pub step: u64,
    /// Where the trained weights of each layer lie, and the norms over them.
    pub layers: Vec<(Range<usize>, StepNorms)>,
}

impl LayerStat {
    /// How far the step has moved the weights of each layer, as a share of their own length; nothing where they were all zero.
    pub fn update_ratios(&self) -> impl Iterator<Item = Option<f64>> {
        let ratio = |norms: &StepNorms| (norms.weights > 0.0).then(|| norms.update / norms.weights);
        self.layers.iter().map(move |(_, norms)| ratio(norms))
    }
}

/// One epoch. Training figures are means over the epoch's batches, each measured before its own step.
#[derive(Clone, Debug)]
pub struct EpochStat {
    /// Counted from 1.
    pub epoch: u32,
    /// The last step of the epoch.
    pub step: u64,
    /// Every metric of epochs.
    pub figures: Vec<Figure>,
    /// Evaluation on the validation set; absent if there is none.
    pub validation: Option<Arc<Evaluation>>,
    /// Learning rate of the last step of the epoch.
    pub learning_rate: f32,
    /// Time of the epoch, without the time spent paused.
    pub seconds: f64,
    /// Training samples per second, without the evaluation at the end.
    pub samples_per_s: f64,
}

impl EpochStat {
    /// The value of a metric over the steps of the epoch.
    pub fn get(&self, metric: &Metric) -> Option<f64> {
        self.figures.iter().find(|figure| figure.metric == metric).and_then(|figure| figure.value)
    }

    /// The mean loss over the steps.
    pub fn loss(&self) -> f32 {
        self.get(&LOSS).map_or(f32::NAN, |loss| loss as f32)
    }
}

/// A copy of the weights during a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Optimizer steps taken so far.
    pub step: u64,
    /// The weights after this step.
    pub weights: Weights,
}

/// A change of the settings during a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The last step before the change.
    pub step: u64,
    /// The new settings.
    pub change: LiveChange,
}

/// The epoch after which the validation loss was lowest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Counted from 1.
    pub epoch: u32,
    /// The last step of the epoch.
    pub step: u64,
    /// The mean loss on the validation set after the epoch.
    pub validation_loss: f32,
    /// Whether early stopping ended the run before its last epoch.
    pub stopped_early: bool,
}

impl std::fmt::Display for Best {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.stopped_early { "Stopped early. " } else { "" })?;
        let Self { epoch, validation_loss, .. } = self;
        write!(f, "The weights are those of epoch {epoch}, whose validation loss was the lowest, {validation_loss:.4}.")
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All epochs are done, or early stopping ended the run. Holds the evaluation on the test set, if there is one.
    Finished(Option<Arc<Evaluation>>),
    /// The run was stopped before its last epoch.
    Stopped,
    /// The loss stopped being a number.
    Diverged(Divergence),
    /// The training failed; holds the message for the user.
    Failed(String),
}

impl Outcome {
    /// One word for files and scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Stopped => "stopped",
            Self::Diverged(_) => "diverged",
            Self::Failed(_) => "failed",
        }
    }
}

/// Where a loss stopped being a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The optimizer step, counted from 1 over the whole run.
    pub step: u64,
    /// The first tensor on the way forward that was not finite; nothing if every output of the network still was a number, but
    /// too large for the loss.
    pub place: Option<DivergedAt>,
}

/// The tensor in which numbers went wrong first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DivergedAt {
    /// Position of its layer in the stack, counted from 1.
    pub layer: usize,
    /// The name of the layer.
    pub name: String,
    /// The name of a parameter, such as `kernel`, or `outputs`.
    pub tensor: String,
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let step = self.step;
        match &self.place {
            Some(DivergedAt { layer, name, tensor }) => write!(
                f,
                "The loss stopped being a number at step {step}, first in the {tensor} of layer {layer} ({name}). \
                 Train again with a smaller learning rate."
            ),
            None => write!(
                f,
                "The loss stopped being a number at step {step}: the outputs of the last layer have become too large for it. \
                 Train again with a smaller learning rate."
            ),
        }
    }
}
