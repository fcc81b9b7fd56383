//! Every metric that the run has measured, a curve each.

use eframe::egui::{Ui, Vec2, vec2};

use crate::train::metrics::{METRICS, Unit};
use crate::train::{Metric, Subset};
use crate::ui::commands::Request;
use crate::ui::state::curves::Curves;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::parts::plot_grid::plot_grid_ui;
use crate::ui::views::view::View;
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::text::placeholder_ui;

/// The least width and the height of a plot.
const PLOT: Vec2 = vec2(320.0, 208.0);

/// The tab with one plot per metric.
#[derive(Default)]
pub struct MetricsView {}

impl View for MetricsView {
    fn id(&self) -> &'static str {
        "metrics"
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Metrics"
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::METRICS
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let curves = &cx.session.curves;
        let measured: Vec<_> = METRICS.iter().copied().filter(|metric| !series_of(metric, curves).is_empty()).collect();
        if measured.is_empty() {
            return placeholder_ui(ui, "A curve of every metric appears here when you press Train.");
        }
        plot_grid_ui(ui, PLOT, &measured, |ui, metric| plot_ui(ui, metric, cx));
    }
}

/// The curves of a metric that are not empty.
fn series_of<'a>(metric: &'static Metric, curves: &'a Curves) -> Vec<Series<'a>> {
    let subsets = [("train", Subset::Train, Look::Train), ("validation", Subset::Validation, Look::Validation)];
    let subsets = subsets.into_iter().take(if metric.subset.is_some() { 2 } else { 1 });
    let series = subsets.map(|(name, part, look)| Series { name, curve: curves.of(part, metric), look });
    series.filter(|series| !series.curve.is_empty()).collect()
}

fn plot_ui(ui: &mut Ui, metric: &'static Metric, cx: &mut Cx<'_>) {
    let series = series_of(metric, &cx.session.curves);
    let range = if metric.unit == Unit::Percent { Range::Accuracy } else { Range::Loss };
    let steps = cx.session.job.as_ref().map_or(0, |job| job.steps_per_epoch());
    let marks = cx.session.all_marks();
    let plot = CurvePlot::new(metric.label, range, &series).marks(&marks).smoothing(cx.window.smoothing);
    // Where more is better there may be zeros and negative values.
    let plot = plot.logarithmic(cx.window.log_loss && metric.higher_is_better != Some(true));
    if let Some(step) = plot.steps_per_epoch(steps as f64).show_timeline(ui, cx.session.visited()) {
        cx.act(Request::LookAt(step));
    }
}
