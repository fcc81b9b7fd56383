//! Standardization: numbers are scaled to mean 0 and standard deviation 1, as measured on the training samples.

use serde::{Deserialize, Serialize};

/// Standardization of a network's inputs and, in a regression, of its targets. It is learned from the training set
/// alone, so that nothing of the other samples leaks into the training, and it is saved with a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Scaling of the inputs, one entry per feature.
    pub inputs: Standard,
    /// Scaling of the targets, one entry per target.
    pub targets: Standard,
    /// The naive forecast, where the network forecasts the change from it. Its windows are then less their last row, so that a
    /// series may stand higher than it ever did in training (Zeng et al. 2023, *Are Transformers Effective for Time Series
    /// Forecasting?*, NLinear).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naive: Option<Naive>,
}

/// The naive forecast of a series: a row of the window is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naive {
    /// Numbers in a row.
    pub columns: usize,
    /// The row of a window that is repeated: the last, or the one a season before the target.
    pub row: usize,
    /// The place of each target in a row.
    pub targets: Vec<usize>,
}

impl Naive {
    /// The forecast for a window, `[steps, columns]`: a number for each target.
    pub fn of<'a>(&'a self, window: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let row = window.get(self.row * self.columns..).unwrap_or(&[]);
        self.targets.iter().map(|at| row.get(*at).copied().unwrap_or(f64::NAN))
    }

    /// The window less its last row.
    pub fn relative(&self, window: &[f64]) -> Vec<f64> {
        let last = &window[window.len().saturating_sub(self.columns)..];
        window.iter().zip(last.iter().cycle()).map(|(number, last)| number - last).collect()
    }
}

impl Scaling {
    /// Numbers as the network reads them, a sample or several.
    pub fn scale(&self, numbers: &[f64], out: &mut [f32]) {
        match &self.naive {
            Some(naive) => self.inputs.apply(&naive.relative(numbers), out),
            None => self.inputs.apply(numbers, out),
        }
    }

    /// The targets of a sample as the network learns them.
    pub fn scale_targets(&self, sample: &[f64], targets: &[f64], out: &mut [f32]) {
        match &self.naive {
            Some(naive) => {
                let changes: Vec<f64> =
                    targets.iter().zip(naive.of(sample)).map(|(value, naive)| value - naive).collect();
                self.targets.apply(&changes, out);
            }
            None => self.targets.apply(targets, out),
        }
    }
}

/// Mean and standard deviation of every number of a row; empty where numbers are left as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Mean of each number of a row.
    pub mean: Vec<f64>,
    /// Population standard deviation, as in scikit-learn's `StandardScaler`; 1 where all values are equal.
    pub deviation: Vec<f64>,
}

impl Standard {
    /// Learns from rows of so many numbers; missing ones do not count.
    pub(super) fn learn<'a, R: Iterator<Item = &'a [f64]>>(width: usize, rows: impl Fn() -> R) -> Self {
        let mean_of = |value: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let (mut sums, mut counts) = (vec![0.0; width], vec![0usize; width]);
            for row in rows() {
                for (at, number) in row.iter().enumerate().filter(|(_, number)| !number.is_nan()) {
                    sums[at] += value(at, *number);
                    counts[at] += 1;
                }
            }
            sums.iter().zip(counts).map(|(sum, count)| sum / count.max(1) as f64).collect()
        };
        let mean = mean_of(&|_, number| number);
        let variance = mean_of(&|at, number| (number - mean[at]).powi(2));
        // What is left of a constant column is rounding, as scikit-learn sees it too.
        let is_constant = |mean: f64, variance: f64| variance <= (10.0 * f64::EPSILON * mean).powi(2);
        let deviation = mean.iter().zip(&variance).map(|(mean, variance)| match is_constant(*mean, *variance) {
            true => 1.0,
            false => variance.sqrt(),
        });
        Self { deviation: deviation.collect(), mean }
    }

    /// Standardizes rows; a missing number becomes 0, which is the mean.
    pub fn apply(&self, numbers: &[f64], out: &mut [f32]) {
        if self.mean.is_empty() {
            return out.iter_mut().zip(numbers).for_each(|(out, number)| *out = or_zero(*number) as f32);
        }
        let rows = out.chunks_exact_mut(self.mean.len()).zip(numbers.chunks_exact(self.mean.len()));
        for (out, numbers) in rows {
            for (((out, number), mean), deviation) in out.iter_mut().zip(numbers).zip(&self.mean).zip(&self.deviation) {
                *out = or_zero((number - mean) / deviation) as f32;
            }
        }
    }

    /// Standardized rows in their original units.
    pub fn restored<'a>(&'a self, numbers: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let width = self.mean.len().max(1);
        numbers.iter().enumerate().map(move |(at, number)| {
            let of = |values: &[f64], without: f64| values.get(at % width).copied().unwrap_or(without);
            f64::from(*number) * of(&self.deviation, 1.0) + of(&self.mean, 0.0)
        })
    }

    /// Converts standardized rows back to their original units, to the precision of an `f32`.
    pub fn restore(&self, numbers: &mut [f32]) {
        let restored: Vec<f64> = self.restored(numbers).collect();
        numbers.iter_mut().zip(restored).for_each(|(number, restored)| *number = restored as f32);
    }
}

fn or_zero(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number }
}

#[cfg(test)]
mod tests {
    use crate::data::{Dataset, Feature, Inputs, Order, Samples, TargetBuffer, TargetData, Task};
    use backprop_nn::Shape;

    fn dataset() -> Dataset {
        let nan = f64::NAN;
        let numbers = vec![1.0, 5.0, 1.0, 3.0, 5.0, 0.0, nan, 5.0, 1.0, 1000.0, -9.0, 1.0];
        let category = Feature { column: "colour".to_owned(), category: Some("red".to_owned()), ..Feature::number("") };
        Dataset {
            name: "numbers".to_owned(),
            shape: Shape::flat(3),
            task: Task::numbers(vec!["y".to_owned()]),
            target: None,
            features: vec![Feature::number("a"), Feature::number("b"), category],
            train: Samples {
                inputs: Inputs::Numbers(numbers),
                targets: TargetData::Numbers { width: 1, values: vec![10.0, 20.0, 30.0, 4000.0] },
            },
            test: Samples::default(),
            notes: Vec::new(),
            order: Order::Free,
        }
    }

    #[test]
    fn a_change_from_the_naive_forecast_is_the_same_wherever_the_series_stands() {
        let naive = super::Naive { columns: 2, row: 1, targets: vec![1] };
        let window = [1.0, 10.0, 2.0, 20.0, 4.0, 50.0];
        assert_eq!(naive.of(&window).collect::<Vec<_>>(), [20.0]);
        assert_eq!(naive.relative(&window), [-3.0, -40.0, -2.0, -30.0, 0.0, 0.0]);
        let scaling = super::Scaling { naive: Some(naive), ..Default::default() };
        let higher = window.map(|number| number + 1000.0);
        let (mut out, mut target) = ([[f32::NAN; 6]; 2], [[f32::NAN]; 2]);
        for (at, (window, value)) in [(window, 26.0), (higher, 1026.0)].into_iter().enumerate() {
            scaling.scale(&window, &mut out[at]);
            scaling.scale_targets(&window, &[value], &mut target[at]);
        }
        assert_eq!((out[0], target), (out[1], [[6.0]; 2]));
    }

    #[test]
    fn training_samples_alone_decide_and_what_is_missing_is_the_mean() {
        let dataset = dataset();
        let scaling = dataset.learn_scaling(&[0, 1, 2]);
        // The fourth sample is held back. The second column is constant, the third is a category.
        assert_eq!(
            (scaling.inputs.mean.as_slice(), scaling.inputs.deviation.as_slice()),
            (&[2.0, 5.0, 0.0][..], &[1.0; 3][..])
        );
        let mut gathered = [f32::NAN; 12];
        dataset.train.gather(&scaling, &[0, 1, 2, 3], &mut gathered);
        assert_eq!(gathered, [-1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 998.0, -14.0, 1.0]);
        let mut targets = dataset.train.targets.buffer(2);
        dataset.train.gather_targets(&scaling, &[2, 0], &mut targets);
        let TargetBuffer::Numbers { values, .. } = &mut targets else { panic!() };
        let deviation = (200f64 / 3.0).sqrt() as f32;
        assert_eq!(*values, [10.0 / deviation, -10.0 / deviation]);
        scaling.targets.restore(values);
        assert!(values.iter().zip([30.0, 10.0]).all(|(value, expected)| (value - expected).abs() < 1e-4), "{values:?}");
    }
}
