//! What a network forecasts of a series, over the truth and against the naive forecast.

use std::ops::RangeInclusive;

use eframe::egui::Ui;

use crate::data::Timeline;
use crate::data::note::counted;
use crate::language::tr;
use crate::train::Subset;
use crate::train::ahead::Ahead;
use crate::train::metrics::NumberPredictions;
use crate::ui::widgets::line_plot::{Line, LineLook, LinePlot, Quantity};
use crate::ui::widgets::numbers::steady;
use crate::ui::widgets::plane::range_of;
use crate::ui::widgets::text::caption_ui;

/// The lines of one target over the rows of the table, and how far they are from the truth.
pub struct Forecast {
    truth: Vec<[f64; 2]>,
    forecast: Vec<[f64; 2]>,
    naive: Vec<[f64; 2]>,
    rows: RangeInclusive<f64>,
    heights: RangeInclusive<f64>,
    figures: String,
    /// The last row of the series.
    end: f64,
}

impl Forecast {
    /// Nothing if there is no naive forecast, which means that the data is no series.
    pub fn of(predictions: &NumberPredictions, target: usize, part: Subset, timeline: &Timeline) -> Option<Self> {
        let predictions = predictions.of_target(target);
        let naive = predictions.naively()?;
        let (rows, windows) = match part {
            Subset::Test => (&timeline.test_rows, "test"),
            Subset::Train => (&timeline.train_rows, "training"),
            Subset::Validation => (&timeline.train_rows, "validation"),
        };
        let line = |values: &[f64]| -> Vec<[f64; 2]> {
            let row = |at: &u32| rows.get(*at as usize).map(|row| f64::from(*row));
            let points = predictions.samples.iter().zip(values);
            let mut points: Vec<[f64; 2]> = points.filter_map(|(at, value)| Some([row(at)?, *value])).collect();
            points.sort_by(|a, b| a[0].total_cmp(&b[0]));
            points
        };
        let text = |value: Option<f64>| value.map_or("–".to_owned(), steady);
        let figures = format!(
            "RMSE {}, naive forecast {}, on {} {windows} windows",
            text(predictions.rmse()),
            text(naive.rmse()),
            predictions.samples.len()
        );
        let (truth, forecast, naive) =
            (line(&predictions.truths), line(&predictions.predictions), line(&predictions.naive));
        let all = [&predictions.truths, &predictions.predictions, &predictions.naive].into_iter().flatten().copied();
        let heights = range_of(all);
        let ends = truth.first().zip(truth.last()).map_or((0.0, 1.0), |(first, last)| (first[0], last[0]));
        let rows = ends.0 - 0.5..=ends.1 + 0.5;
        Some(Self { truth, forecast, naive, rows, heights, figures, end: ends.1 })
    }

    /// `target` names the number and its unit; `ahead` is what follows the series, of the target at this place of so many.
    pub fn ui(&self, ui: &mut Ui, target: &str, ahead: Option<&Ahead>, (at, targets): (usize, usize)) {
        let beyond = ahead.map(|ahead| Beyond::of(ahead, self.end, at, targets)).unwrap_or_default();
        let figures = match beyond.band.len() {
            0 => self.figures.clone(),
            rows => format!("{}; {} ahead with an 80 % interval", self.figures, counted(rows, "row")),
        };
        caption_ui(ui, &figures).on_hover_text(
            tr("Root of the mean squared error, in the unit of the target. The naive forecast repeats the last known row, \
             or that of a season before; a trained network should be better than that. Beyond the end, forecasts stand in \
             for the rows that a window needs, and the interval is as wide as 80 % of the errors of such forecasts that \
             begin in the test rows."),
        );
        let line: Vec<_> = self.forecast.iter().chain(&beyond.line).copied().collect();
        let rows = *self.rows.start()..=line.last().map_or(*self.rows.end(), |last| last[0] + 0.5);
        let bounds = beyond.band.iter().flat_map(|[_, low, high]| [*low, *high]);
        let ends = [*self.heights.start(), *self.heights.end()].into_iter();
        let heights = ends.chain(beyond.line.iter().map(|point| point[1])).chain(bounds);
        let heights = range_of(heights);
        let x = Quantity { name: "row", range: rows, is_logarithmic: false };
        let y = Quantity { name: target, range: heights, is_logarithmic: false };
        let others = [
            Line { name: "truth", points: &self.truth, look: LineLook::Thin },
            Line { name: "naive", points: &self.naive, look: LineLook::Dotted },
        ];
        let plot =
            LinePlot::new("Forecast plot: forecast, truth, naive", x, y, &line).band("80 % interval", &beyond.band);
        plot.id("forecast").beside("forecast", &others).height(ui.available_height().max(100.0)).show(ui);
    }
}

/// What lies beyond the end of the series, of one target.
#[derive(Default)]
struct Beyond {
    line: Vec<[f64; 2]>,
    /// Row, lower and upper bound.
    band: Vec<[f64; 3]>,
}

impl Beyond {
    fn of(ahead: &Ahead, end: f64, at: usize, targets: usize) -> Self {
        let of_target = |values: &[f64]| values.iter().skip(at).step_by(targets.max(1)).copied().collect::<Vec<_>>();
        let rows = || (1u32..).map(|step| end + f64::from(step));
        let line = rows().zip(of_target(&ahead.values)).map(|(row, value)| [row, value]).collect();
        let band = ahead.interval.as_ref().map_or_else(Vec::new, |[low, high]| {
            let bounds = of_target(low).into_iter().zip(of_target(high));
            rows().zip(bounds).map(|(row, (low, high))| [row, low, high]).collect()
        });
        Self { line, band }
    }
}
