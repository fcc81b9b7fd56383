//! What a run has told so far, an epoch at a time.

use serde_json::Value;

use crate::project::run_log::key_of;
use crate::train::metrics::{ACCURACY, GRADIENT_NORM, LOSS, UPDATE_RATIO};
use crate::train::{EpochStat, StepStat, Subset};

/// The epochs of a run, and what its first step told.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The epochs that are over, in their order.
    pub epochs: Vec<Epoch>,
    /// Loss of the first step, before anything was learned; absent of a run that was read from its folder.
    pub first_loss: Option<f64>,
    /// The steps since the last epoch ended.
    pub since: Steps,
}

/// What is known of an epoch; what was not measured is absent.
#[derive(Clone, Debug, Default)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: u32,
    /// Its last step.
    pub step: u64,
    /// Mean training loss, each batch before its step.
    pub loss: Option<f64>,
    /// Loss on the validation set at its end.
    pub validation_loss: Option<f64>,
    /// Training accuracy, each batch before its step.
    pub accuracy: Option<f64>,
    /// Accuracy on the validation set at its end.
    pub validation_accuracy: Option<f64>,
    /// The norms of its steps.
    pub steps: Steps,
    /// The learning rate of its last step.
    pub learning_rate: f64,
}

/// The norms of several steps, of those in which they were measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    /// Norms of the gradient.
    pub gradient: Typical,
    /// Lengths of the updates as shares of the weights.
    pub ratio: Typical,
}

/// Geometric mean and maximum of positive numbers: one outlier among many hardly moves the mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typical {
    logarithms: f64,
    count: u32,
    most: f64,
}

impl Typical {
    fn add(&mut self, value: f32) {
        if value > 0.0 && value.is_finite() {
            self.logarithms += f64::from(value).ln();
            self.count += 1;
            self.most = self.most.max(value.into());
        }
    }

    /// Of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            logarithms: self.logarithms + other.logarithms,
            count: self.count + other.count,
            most: self.most.max(other.most),
        }
    }

    /// The geometric mean, `exp(mean(ln x))`.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.logarithms / f64::from(self.count)).exp())
    }

    /// The largest.
    pub fn most(&self) -> Option<f64> {
        (self.count > 0).then_some(self.most)
    }
}

impl History {
    /// Takes steps of the epoch that is on.
    pub fn absorb_steps(&mut self, steps: &[StepStat]) {
        for stat in steps {
            if stat.step == 1 {
                self.first_loss = Some(stat.loss().into()).filter(|loss: &f64| loss.is_finite());
            }
            stat.get(&GRADIENT_NORM).into_iter().for_each(|norm| self.since.gradient.add(norm));
            stat.get(&UPDATE_RATIO).into_iter().for_each(|ratio| self.since.ratio.add(ratio));
        }
    }

    /// Takes an epoch that is over.
    pub fn absorb_epoch(&mut self, stat: &EpochStat) {
        let validation = stat.validation.as_deref();
        self.epochs.push(Epoch {
            epoch: stat.epoch,
            step: stat.step,
            loss: stat.get(&LOSS),
            validation_loss: validation.map(|validation| validation.loss.into()),
            accuracy: stat.get(&ACCURACY),
            validation_accuracy: validation.and_then(|validation| validation.get(&ACCURACY)),
            steps: std::mem::take(&mut self.since),
            learning_rate: stat.learning_rate.into(),
        });
    }

    /// Takes the line of an epoch of a kept run, which ended with this step.
    pub fn absorb_line(&mut self, line: &Value, step: u64) {
        let number = |subset, metric| line[key_of(subset, metric)].as_f64();
        self.epochs.push(Epoch {
            epoch: line["epoch"].as_u64().unwrap_or_default() as u32,
            step,
            loss: number(Subset::Train, &LOSS),
            validation_loss: number(Subset::Validation, &LOSS),
            accuracy: number(Subset::Train, &ACCURACY),
            validation_accuracy: number(Subset::Validation, &ACCURACY),
            steps: Steps::default(),
            learning_rate: line["learning_rate"].as_f64().unwrap_or_default(),
        });
    }

    /// Forgets what came after a step.
    pub fn cut(&mut self, after: u64) {
        self.epochs.retain(|epoch| epoch.step <= after);
        self.since = Steps::default();
    }

    /// The validation losses, where there are any.
    pub fn validation_losses(&self) -> impl DoubleEndedIterator<Item = f64> + Clone {
        self.epochs.iter().filter_map(|epoch| epoch.validation_loss)
    }

    /// The training loss that the run began with: that of its first step, or of its first epoch.
    pub fn start_loss(&self) -> Option<f64> {
        self.first_loss.or_else(|| self.epochs.first()?.loss)
    }

    /// The update/weight ratios of all epochs together.
    pub fn ratio(&self) -> Typical {
        self.epochs.iter().fold(self.since.ratio, |ratio, epoch| ratio.and(epoch.steps.ratio))
    }

    /// The gradient norms of the first so many epochs.
    pub fn gradient(&self, epochs: usize) -> Typical {
        self.epochs.iter().take(epochs).fold(Typical::default(), |norm, epoch| norm.and(epoch.steps.gradient))
    }
}
