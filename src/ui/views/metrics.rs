//! Every metric that the run has measured, a curve each.

use eframe::egui::{Rect, Sense, Ui, pos2, vec2};

use crate::train::metrics::{METRICS, Unit};
use crate::train::{Metric, Subset};
use crate::ui::commands::Request;
use crate::ui::state::curves::Curves;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::views::view::View;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::text::placeholder_ui;

/// The least width and the height of a plot.
const PLOT: [f32; 2] = [320.0, 208.0];

const GAP: f32 = 4.0 * GRID;

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

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let curves = &cx.session.curves;
        let measured: Vec<_> = METRICS.iter().copied().filter(|metric| !series_of(metric, curves).is_empty()).collect();
        if measured.is_empty() {
            return placeholder_ui(ui, "A curve of every metric appears here when you press Train.");
        }
        scroll_ui(ui, |ui| {
            let columns = ((ui.available_width() + GAP) / (PLOT[0] + GAP)).floor().max(1.0) as usize;
            let width = (ui.available_width() + GAP) / columns as f32 - GAP;
            for row in measured.chunks(columns) {
                let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), PLOT[1]), Sense::hover());
                for (column, metric) in row.iter().enumerate() {
                    let left = rect.left() + column as f32 * (width + GAP);
                    let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, PLOT[1]));
                    cell_ui(ui, metric.key, cell, |ui| plot_ui(ui, metric, cx));
                }
                ui.add_space(GAP);
            }
        });
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
    let plot = CurvePlot::new(metric.label, range, &series).marks(&cx.session.marks).smoothing(cx.window.smoothing);
    // Where more is better there may be zeros and negative values.
    let plot = plot.logarithmic(cx.window.log_loss && metric.higher_is_better != Some(true));
    if let Some(step) = plot.steps_per_epoch(steps as f64).show_timeline(ui, cx.session.visited()) {
        cx.act(Request::LookAt(step));
    }
}
