//! What a run has measured, over its steps.

use std::sync::LazyLock;

use serde_json::Value;

use crate::train::curve::Curve;
use crate::train::metrics::LOSS;
use crate::train::{EpochStat, Metric, StepStat, Subset};

/// A curve for each metric that was measured, and each subset that it was measured on.
#[derive(Default)]
pub struct Curves {
    curves: Vec<(Option<Subset>, &'static Metric, Curve)>,
    layers: Vec<Curve>,
}

/// What curves of kept runs are drawn over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// Optimizer steps.
    #[default]
    Steps,
    /// Epochs.
    Epochs,
    /// Seconds of training.
    Seconds,
}

static EMPTY: LazyLock<Curve> = LazyLock::new(Curve::default);

impl Curves {
    /// The curve of a metric on a subset; metrics that are of no subset have but one. Empty if nothing was measured.
    pub fn of(&self, part: Subset, metric: &Metric) -> &Curve {
        let part = metric.subset.map(|_| part);
        let found = self.curves.iter().find(|(of, measured, _)| *of == part && *measured == metric);
        found.map_or(&EMPTY, |(.., curve)| curve)
    }

    /// Of each layer with weights, log10 of how far a step moves them, as a share of their own length.
    pub fn layers(&self) -> &[Curve] {
        &self.layers
    }

    /// A step told layer by layer. Where weights were zero, or did not move, there is no logarithm.
    pub(super) fn push_layers(&mut self, step: u64, update_ratios: impl Iterator<Item = Option<f64>>) {
        for (at, ratio) in update_ratios.enumerate() {
            if at == self.layers.len() {
                self.layers.push(Curve::default());
            }
            if let Some(ratio) = ratio.filter(|ratio| *ratio > 0.0) {
                self.layers[at].push(step as f64, ratio.log10() as f32);
            }
        }
    }

    fn push(&mut self, part: Subset, metric: &'static Metric, at: f64, value: f32) {
        let part = metric.subset.map(|_| part);
        let curve = self.curves.iter().position(|(of, measured, _)| *of == part && *measured == metric);
        let curve = curve.unwrap_or_else(|| {
            self.curves.push((part, metric, Curve::default()));
            self.curves.len() - 1
        });
        self.curves[curve].2.push(at, value);
    }

    /// What the epochs of a run have told that was kept, or the steps of a sweep of learning rates. Runs of older programs did not tell the step; they count epochs.
    pub fn read(&mut self, lines: &[Value], over: Over) {
        let mut seconds = 0.0;
        for line in lines.iter().filter(|line| line["event"] == "epoch" || line["event"] == "rate") {
            seconds += line["seconds"].as_f64().unwrap_or_default();
            let at = match over {
                Over::Steps => line["step"].as_f64().or_else(|| line["epoch"].as_f64()),
                Over::Epochs => line["epoch"].as_f64(),
                Over::Seconds => Some(seconds),
            };
            let Some(at) = at else { continue };
            for (key, value) in line.as_object().into_iter().flatten() {
                let of_subset = [Subset::Train, Subset::Validation]
                    .into_iter()
                    .find_map(|part| Some((part, key.strip_prefix(part.key())?.strip_prefix('_')?)));
                let (part, key) = of_subset.unwrap_or((Subset::Train, key));
                if let (Some(metric), Some(value)) = (Metric::named(key), value.as_f64()) {
                    self.push(part, metric, at, value as f32);
                }
            }
        }
    }

    /// Forgets what came after a step.
    pub(super) fn cut(&mut self, after: u64) {
        let curves = self.curves.iter_mut().map(|(.., curve)| curve);
        curves.chain(&mut self.layers).for_each(|curve| curve.cut(after as f64));
    }

    pub(super) fn push_step(&mut self, stat: &StepStat) {
        stat.figures().for_each(|(metric, value)| self.push(Subset::Train, metric, stat.step as f64, value));
    }

    /// What steps have not told already, and loss and `headline` of the validation set.
    pub(super) fn push_epoch(&mut self, epoch: &EpochStat, headline: &'static [&'static Metric]) {
        for figure in epoch.figures.iter().filter(|figure| figure.metric.step.is_none()) {
            if let Some(value) = figure.value {
                self.push(Subset::Train, figure.metric, epoch.step as f64, value as f32);
            }
        }
        let Some(validation) = &epoch.validation else { return };
        for metric in std::iter::once(&LOSS).chain(headline.iter().copied()) {
            if let Some(value) = validation.get(metric) {
                self.push(Subset::Validation, metric, epoch.step as f64, value as f32);
            }
        }
    }
}
