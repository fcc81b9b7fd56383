//! A plot as a sentence, for those who hear it.

use super::{CurvePlot, Look, Series};

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
