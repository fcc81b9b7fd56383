//! Forecasts beyond the end of a series. Where a window would need rows that are not known yet, earlier forecasts stand in for
//! them: recursive forecasting (Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 3rd edition). The interval
//! of a forecast reaches as far to both sides as a share of the errors of forecasts just as far ahead that were begun at earlier
//! rows, whose future is known (split conformal prediction; Lei et al. 2018).

use super::evaluate::{Predictor, TrainedModel};

/// The share of the truths that an interval is to hold.
pub const COVERAGE: f64 = 0.8;

/// Earlier rows at which forecasts are begun, to learn how wrong they are.
const MOST_ORIGINS: usize = 200;
/// With fewer there is no interval.
const LEAST_ORIGINS: usize = 10;

/// A series as a network of windows reads it.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// The rows without gaps, `[rows, columns]`.
    pub rows: &'a [f64],
    /// Numbers in a row.
    pub columns: usize,
    /// The place of each target in a row.
    pub targets: &'a [usize],
    /// Number of rows from the last row of a window to its target; at least 1.
    pub horizon: usize,
    /// The first row that the network was not trained on: errors are measured from here on.
    pub held_out: usize,
}

/// Forecasts of the rows that follow a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// The forecasts, `[steps, targets]`, in the unit of the target.
    pub values: Vec<f64>,
    /// The lower and upper bound of each; nothing where too little of the series was held out to know the errors.
    pub interval: Option<[Vec<f64>; 2]>,
    /// The number of earlier rows at which forecasts were begun to know the errors.
    pub origins: usize,
}

impl Past<'_> {
    /// The furthest row ahead that can be forecast; none if there is no end to it. A column that is read and not forecast is
    /// not known beyond the end.
    pub fn furthest(&self) -> Option<usize> {
        let is_whole = (0..self.columns).all(|column| self.targets.contains(&column));
        (!is_whole).then_some(self.horizon)
    }

    /// Forecasts so many rows. Nothing if the series is shorter than a window, or lacks numbers at its end.
    pub fn ahead(&self, model: TrainedModel<'_>, steps: usize) -> Option<Ahead> {
        let mut predictor = Predictor::new(model.network);
        let rows = self.rows.len() / self.columns.max(1);
        let values = self.from(rows, model, &mut predictor, steps)?;
        let last = (rows + 1).saturating_sub(steps);
        let origins = last.saturating_sub(MOST_ORIGINS).max(self.held_out)..last;
        let errors: Vec<Vec<f64>> = origins
            .filter_map(|origin| {
                let forecast = self.from(origin, model, &mut predictor, steps)?;
                let truths = (origin..origin + steps).flat_map(|row| self.targets.iter().map(move |at| (row, *at)));
                let truths = truths.map(|(row, at)| self.rows[row * self.columns + at]);
                Some(truths.zip(forecast).map(|(truth, forecast)| (truth - forecast).abs()).collect())
            })
            .collect();
        let interval = (errors.len() >= LEAST_ORIGINS).then(|| {
            let reach: Vec<f64> = (0..values.len())
                .map(|at| quantile(errors.iter().map(|errors| errors[at]).collect(), COVERAGE))
                .collect();
            [-1.0, 1.0].map(|side| values.iter().zip(&reach).map(|(value, reach)| value + side * reach).collect())
        });
        Some(Ahead { values, interval, origins: errors.len() })
    }

    /// Forecasts `[steps, targets]` from what is known before this row.
    fn from(&self, row: usize, model: TrainedModel<'_>, predictor: &mut Predictor, steps: usize) -> Option<Vec<f64>> {
        let Self { columns, targets, horizon, .. } = *self;
        let window = model.network.input().len() / columns;
        let needed = window + horizon - 1;
        let mut known = self.rows[row.checked_sub(needed)? * columns..row * columns].to_vec();
        let mut values = Vec::with_capacity(steps * targets.len());
        for step in 0..steps {
            let window = &known[step * columns..(step + window) * columns];
            if window.iter().any(|number| number.is_nan()) {
                return None;
            }
            let forecast = predictor.read_row(model, window);
            let mut next = vec![f64::NAN; columns];
            for (at, value) in targets.iter().zip(forecast) {
                next[*at] = *value;
                values.push(*value);
            }
            known.append(&mut next);
        }
        Some(values)
    }
}

/// The conformal quantile of n errors: the `⌈share (n + 1)⌉`-th smallest.
fn quantile(mut errors: Vec<f64>, share: f64) -> f64 {
    errors.sort_by(f64::total_cmp);
    let place = (share * (errors.len() + 1) as f64).ceil() as usize;
    errors[place.clamp(1, errors.len()) - 1]
}

#[cfg(test)]
mod tests {
    use backprop_nn::layers::{Dense, Function};
    use backprop_nn::{LayerSpec, LossSpec, ModelSpec, Shape};

    use super::*;
    use crate::data::{Scaling, Task};

    #[test]
    fn the_share_counts_an_error_that_is_still_to_come() {
        let errors: Vec<f64> = (1..=9).rev().map(f64::from).collect();
        assert_eq!([quantile(errors.clone(), 0.8), quantile(errors, 0.5), quantile(vec![7.0], 0.8)], [8.0, 5.0, 7.0]);
    }

    /// A network that predicts the mean of the last two rows.
    fn forecast(rows: &[f64], horizon: usize, steps: usize, held_out: usize) -> Option<Ahead> {
        let layers = vec![LayerSpec::Flatten(Default::default()), LayerSpec::Dense(Dense::new(1, Function::Linear))];
        let network = ModelSpec { layers }.build(Shape::steps(2, 1), 1).unwrap();
        let mut weights = network.init_weights(1);
        weights.values_mut().copy_from_slice(&[0.5, 0.5, 0.0]);
        let (loss, scaling) = (LossSpec::MeanSquaredError(Default::default()), Scaling::default());
        let task = Task::numbers(vec!["x".to_owned()]);
        let model = TrainedModel { network: &network, weights: &weights, loss: &loss, task: &task, scaling: &scaling };
        Past { rows, columns: 1, targets: &[0], horizon, held_out }.ahead(model, steps)
    }

    #[test]
    fn forecasts_stand_in_for_rows_that_are_not_known_yet() {
        let ahead = forecast(&[9.0, 1.0, 3.0], 1, 3, 0).unwrap();
        assert_eq!(ahead.values, [2.0, 2.5, 2.25]);
        assert_eq!(ahead.interval, None, "too short to know the errors");
        assert_eq!(forecast(&[9.0, 1.0, 3.0, 5.0], 2, 3, 0).unwrap().values, [2.0, 4.0, 3.5]);
        assert_eq!(forecast(&[9.0, f64::NAN, 3.0], 1, 1, 0), None);
        assert_eq!(forecast(&[9.0], 1, 1, 0), None);
    }

    #[test]
    fn an_interval_is_as_wide_as_the_errors_so_far_ahead() {
        // The mean of the last two rows of a line lags behind by 1.5 steps, and further the further ahead.
        let line: Vec<f64> = (0..60).map(f64::from).collect();
        let ahead = forecast(&line, 1, 2, 30).unwrap();
        assert_eq!((ahead.values.clone(), ahead.origins), (vec![58.5, 58.75], 29));
        let [low, high] = ahead.interval.unwrap();
        assert_eq!((low, high), (vec![57.0, 56.5], vec![60.0, 61.0]));
    }
}
