//! The curves of several runs in one plot for each metric.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Align, Layout, Ui, vec2};

use crate::runs::store::StoredRun;
use crate::train::metrics::{LOSS, Unit};
use crate::train::{Metric, Subset};
use crate::ui::jobs::stored_runs::RunCurvesQuery;
use crate::ui::state::curves::{Curves, Over};
use crate::ui::theme::{GRID, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::text::caption_ui;

/// What the curves are drawn over.
const OVER: [(Over, &str, &str); 3] = [
    (Over::Steps, "Step", "Over the optimizer steps."),
    (Over::Epochs, "Epoch", "Over the epochs."),
    (Over::Seconds, "Time", "Over the seconds of training."),
];

/// Below this height and width there is room for one plot alone.
const LOW: f32 = 300.0;
const WIDE: f32 = 420.0;

/// The curves of the selected runs.
#[derive(Default)]
pub struct Plots {
    over: Over,
    /// Which of two metrics is shown where there is room for one.
    chosen: usize,
}

impl Plots {
    /// Draws loss and the most important metric of these runs.
    pub fn ui(&mut self, ui: &mut Ui, runs: &[Arc<StoredRun>], round: u64, cx: &mut Cx<'_>) {
        let folders: Vec<PathBuf> = runs.iter().map(|run| run.folder.clone()).collect();
        let read = cx.derived.run_curves.ask(ui, RunCurvesQuery { folders, over: self.over, round });
        let answer = read.as_ref().map_or(&[][..], |read| &read.answer);
        let of = |(at, run): (usize, &Arc<StoredRun>)| {
            Some((run.color(at), run.name(), &answer.iter().find(|it| it.0 == run.folder)?.1))
        };
        let curves: Vec<_> = runs.iter().enumerate().filter_map(of).collect();
        let shown = shown(&curves.iter().map(|(.., curves)| *curves).collect::<Vec<_>>());
        let size = ui.available_size();
        let has_room = size.x > WIDE || size.y > LOW;
        let mut metrics = shown.as_ref().map_or(&[][..], |(_, metrics)| metrics);
        ui.allocate_ui_with_layout(vec2(size.x, ROW), Layout::left_to_right(Align::Center), |ui| {
            segmented_ui(ui, &mut self.over, &OVER);
        });
        // Side by side the two would be wider than the plot.
        if let ([loss, other], false) = (metrics, has_room) {
            ui.allocate_ui_with_layout(vec2(size.x, ROW), Layout::left_to_right(Align::Center), |ui| {
                segmented_ui(ui, &mut self.chosen, &[(0, loss.label, loss.help), (1, other.label, other.help)]);
            });
        }
        let Some((part, _)) = &shown else {
            return if read.is_some() {
                drop(caption_ui(ui, "No epoch is over yet."))
            };
        };
        if !has_room {
            metrics = &metrics[self.chosen.min(metrics.len() - 1)..][..1];
        }
        let left = ui.available_size();
        let (is_wide, count) = (size.x > WIDE, metrics.len() as f32);
        let gap = 4.0 * GRID;
        let each =
            if is_wide { vec2((left.x - (count - 1.0) * gap) / count, left.y) } else { vec2(left.x, left.y / count) };
        let layout = if is_wide { Layout::left_to_right(Align::Min) } else { Layout::top_down(Align::Min) };
        ui.with_layout(layout, |ui| {
            ui.spacing_mut().item_spacing = vec2(gap, 0.0);
            for metric in metrics {
                ui.allocate_ui(each, |ui| plot_ui(ui, metric, *part, &curves, self.over));
            }
        });
    }
}

fn plot_ui(ui: &mut Ui, metric: &'static Metric, part: Subset, curves: &[(usize, String, &Curves)], over: Over) {
    let series: Vec<_> = curves
        .iter()
        .map(|(at, name, curves)| Series { name, curve: curves.of(part, metric), look: Look::Run(*at) })
        .collect();
    let range = match metric.unit {
        Unit::Percent => Range::Accuracy,
        Unit::Number => Range::Loss,
    };
    let title =
        format!("{} {}", if part == Subset::Train { "Training" } else { "Validation" }, metric.label.to_lowercase());
    let x_name = match over {
        Over::Steps => "step",
        Over::Epochs => "epoch",
        Over::Seconds => "seconds",
    };
    CurvePlot::new(&title, range, &series).smoothing(0.0).link("runs").over(x_name).show(ui);
}

/// The loss and the next metric that any of the runs has measured on the validation samples, or else on the training samples.
fn shown(curves: &[&Curves]) -> Option<(Subset, Vec<&'static Metric>)> {
    [Subset::Validation, Subset::Train].into_iter().find_map(|part| {
        let measured = |metric: &&'static Metric| curves.iter().any(|curves| !curves.of(part, metric).is_empty());
        let other =
            crate::train::metrics::METRICS.iter().copied().filter(|metric| metric.subset.is_some() && **metric != LOSS);
        let found: Vec<_> = std::iter::once(&LOSS).filter(measured).chain(other.filter(measured).take(1)).collect();
        (!found.is_empty()).then_some((part, found))
    })
}
