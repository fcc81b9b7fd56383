//! A plot as a sentence and as sound, for those who hear it.

use super::{CurvePlot, Look, Metric, Series};
use crate::ui::widgets::sound::{Ear, Sound};

impl CurvePlot<'_> {
    /// The last value of every curve, and what it did until then.
    pub(super) fn description(&self) -> String {
        let values = self.series.iter().filter_map(|series| {
            let (x, y) = series.curve.last()?;
            let now = format!("{} {} at {}", series.name, self.value_text(y.into()), self.x_text(x));
            Some(now + &self.trend_text(series))
        });
        let values: Vec<_> = values.collect();
        let values = if values.is_empty() { self.empty_text.to_owned() } else { values.join("; ") };
        format!("{} plot: {values}", self.title)
    }

    /// The curves as they are drawn, with a tick at the best validation value.
    pub fn sound(&self) -> Sound {
        let voice = |series: &Series<'_>| {
            let is_exact = matches!(series.look, Look::Validation | Look::Test);
            let ear = if is_exact || series.look == Look::Rival { Ear::Right } else { Ear::Left };
            let smoothed = series.curve.smoothed(if is_exact { 0.0 } else { self.smoothing });
            (ear, smoothed.map(|[x, y]| [x, self.y_from(y)]).collect())
        };
        let validation = self.series.iter().find(|series| series.look == Look::Validation);
        let points = validation.into_iter().flat_map(|series| series.curve.buckets());
        let best = match self.metric {
            Metric::Loss => points.min_by(|a, b| a.min.total_cmp(&b.min)),
            Metric::Accuracy | Metric::Share => points.max_by(|a, b| a.max.total_cmp(&b.max)),
        };
        Sound { voices: self.series.iter().map(voice).collect(), tick: best.map(|bucket| bucket.x) }
    }

    /// ", fell from 2.30, lowest 0.200 at step 900 and rising since"
    fn trend_text(&self, series: &Series<'_>) -> String {
        let is_exact = matches!(series.look, Look::Validation | Look::Test);
        let Some(trend) = series.curve.trend(if is_exact { 0.0 } else { self.smoothing }) else {
            return String::new();
        };
        let [first, last] = [trend.first, trend.last].map(|[_, y]| self.value_text(y));
        // Of a curve that has turned, the way to the turn.
        let falls = trend.turn.unwrap_or(trend.last)[1] < trend.first[1];
        let way = match () {
            () if first == last && trend.turn.is_none() => format!(", as at the beginning, {first}"),
            () if falls => format!(", fell from {first}"),
            () => format!(", rose from {first}"),
        };
        let Some([x, y]) = trend.turn else { return way };
        let [end, since] = if y < trend.last[1] { ["lowest", "rising"] } else { ["highest", "falling"] };
        format!("{way}, {end} {} at {} and {since} since", self.value_text(y), self.x_text(x))
    }
}
