//! A summary of a data set, column by column, for `backprop data` and the studio.

use super::dataset::{Dataset, Task};
use super::samples::{Inputs, Samples, TargetData};

/// Bars of a histogram.
pub const BINS: usize = 12;

/// Summary of one feature or target over all samples, test samples included.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name of the feature or target.
    pub name: String,
    /// Whether it is a target rather than a feature.
    pub is_target: bool,
    /// Number of missing values.
    pub missing: usize,
    /// Lowest, mean and highest value; nothing if all are missing.
    pub range: Option<[f64; 3]>,
    /// How many values lie in each of [`BINS`] parts of the range, all of the same width.
    pub histogram: [usize; BINS],
}

/// Number of samples of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// Name of the class.
    pub name: String,
    /// Number of training samples, validation samples included.
    pub train: usize,
    /// Number of test samples.
    pub test: usize,
}

impl Dataset {
    /// The samples of each class, before validation samples are split off; none where there are no classes.
    pub fn class_counts(&self) -> Vec<ClassCount> {
        let classes = self.task.classes();
        let [train, test] = [&self.train, &self.test].map(|samples| samples.class_counts(classes.len()));
        let counts = classes.iter().zip(train.into_iter().zip(test));
        counts.map(|(name, (train, test))| ClassCount { name: name.clone(), train, test }).collect()
    }

    /// The features, and the targets where they are numbers. Numbers without names are called by their position; bytes,
    /// which are pixels, are left out.
    pub fn columns(&self) -> Vec<Column> {
        let channels = self.shape.channels();
        let name = |at: usize| self.features.get(at).map_or_else(|| format!("{}", at + 1), ToString::to_string);
        let mut columns = Vec::new();
        if matches!(self.train.inputs, Inputs::Numbers(_)) {
            columns.extend((0..channels).map(|at| column(name(at), false, self.values(channels, at, inputs))));
        }
        if let Task::Regression { targets: names, .. } = &self.task {
            let of = |(at, name): (usize, &String)| column(name.clone(), true, self.values(names.len(), at, targets));
            columns.extend(names.iter().enumerate().map(of));
        }
        columns
    }

    fn values<'a>(
        &'a self,
        width: usize,
        at: usize,
        of: fn(&'a Samples) -> &'a [f64],
    ) -> impl Iterator<Item = f64> + Clone + use<'a> {
        let all = of(&self.train).iter().chain(of(&self.test));
        all.skip(at).step_by(width.max(1)).copied()
    }
}

fn inputs(samples: &Samples) -> &[f64] {
    if let Inputs::Numbers(numbers) = &samples.inputs { numbers } else { &[] }
}

fn targets(samples: &Samples) -> &[f64] {
    if let TargetData::Numbers { values, .. } = &samples.targets { values } else { &[] }
}

fn column(name: String, is_target: bool, values: impl Iterator<Item = f64> + Clone) -> Column {
    let (mut missing, mut count, mut sum) = (0, 0usize, 0.0);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.clone() {
        if value.is_nan() {
            missing += 1;
            continue;
        }
        (count, sum, low, high) = (count + 1, sum + value, low.min(value), high.max(value));
    }
    let range = (count > 0).then(|| [low, sum / count as f64, high]);
    let mut histogram = [0; BINS];
    for value in values.filter(|value| value.is_finite()) {
        // The highest value belongs to the last bar.
        let bin = (value - low) / (high - low).max(f64::MIN_POSITIVE) * BINS as f64;
        histogram[(bin as usize).min(BINS - 1)] += 1;
    }
    Column { name, is_target, missing, range, histogram }
}
