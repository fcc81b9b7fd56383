//! The curves of several runs, in one plot for each metric.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Align, Layout, Ui, Vec2, vec2};

use crate::runs::store::StoredRun;
use crate::train::metrics::{METRICS, Unit};
use crate::train::{Metric, Subset};
use crate::ui::jobs::stored_runs::RunCurvesQuery;
use crate::ui::state::curves::{Curves, Over};
use crate::ui::theme::ROW;
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::plot_grid::{GAP, columns, plot_grid_ui};
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::text::caption_ui;

/// What the curves are drawn over.
const OVER: [(Over, &str, &str); 3] = [
    (Over::Steps, "Step", "Over the optimizer steps."),
    (Over::Epochs, "Epoch", "Over the epochs."),
    (Over::Seconds, "Time", "Over the seconds of training."),
];

/// What the curves are measured on.
const PARTS: [(Subset, &str, &str); 2] = [
    (Subset::Validation, "Validation", "Measured on the validation samples."),
    (Subset::Train, "Training", "Measured on the training samples."),
];

/// From this width on both choices stand in one row.
const BESIDE: f32 = 330.0;

/// The least width and height of a plot.
const PLOT: Vec2 = vec2(220.0, 150.0);

/// The curves of the selected runs.
pub struct Plots {
    over: Over,
    part: Subset,
}

impl Default for Plots {
    fn default() -> Self {
        Self { over: Over::default(), part: Subset::Validation }
    }
}

impl Plots {
    /// Draws every metric that one of these runs has measured.
    pub fn ui(&mut self, ui: &mut Ui, runs: &[Arc<StoredRun>], round: u64, cx: &mut Cx<'_>) {
        let folders: Vec<PathBuf> = runs.iter().map(|run| run.folder.clone()).collect();
        let read = cx.derived.run_curves.ask(ui, RunCurvesQuery { folders, over: self.over, round });
        let answer = read.as_ref().map_or(&[][..], |read| &read.answer);
        let of = |(at, run): (usize, &Arc<StoredRun>)| {
            Some((run.color(at), run.name(), &answer.iter().find(|it| it.0 == run.folder)?.1))
        };
        let curves: Vec<_> = runs.iter().enumerate().filter_map(of).collect();
        let is_measured = |part: Subset, metric: &Metric| curves.iter().any(|it| !it.2.of(part, metric).is_empty());
        let has = |part: Subset| METRICS.iter().any(|metric| metric.subset.is_some() && is_measured(part, metric));
        let has_both = has(Subset::Validation) && has(Subset::Train);
        let row = vec2(ui.available_width(), ROW);
        let is_wide = row.x > BESIDE;
        ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            segmented_ui(ui, &mut self.over, &OVER);
            if has_both && is_wide {
                segmented_ui(ui, &mut self.part, &PARTS);
            }
        });
        if has_both && !is_wide {
            segmented_ui(ui, &mut self.part, &PARTS);
        }
        let part = match has_both {
            true => self.part,
            false if has(Subset::Validation) => Subset::Validation,
            false => Subset::Train,
        };
        let metrics: Vec<_> = METRICS.iter().copied().filter(|metric| is_measured(part, metric)).collect();
        if metrics.is_empty() {
            return if read.is_some() {
                drop(caption_ui(ui, "No epoch is over yet."))
            };
        }
        // Where there are more below, less than all the height, so that they can be seen to be there.
        let share = if columns(ui, PLOT.x) < metrics.len() { 0.8 } else { 1.0 };
        let size = vec2(PLOT.x, (share * ui.available_height() - GAP).max(PLOT.y));
        plot_grid_ui(ui, size, &metrics, |ui, metric| plot_ui(ui, metric, part, &curves, self.over));
    }
}

fn plot_ui(ui: &mut Ui, metric: &'static Metric, part: Subset, curves: &[(usize, String, &Curves)], over: Over) {
    let series: Vec<_> = curves
        .iter()
        .map(|(at, name, curves)| Series { name, curve: curves.of(part, metric), look: Look::Run(*at) })
        .filter(|series| !series.curve.is_empty())
        .collect();
    let range = match metric.unit {
        Unit::Percent => Range::Accuracy,
        Unit::Number => Range::Loss,
    };
    let title = match (metric.subset, part) {
        (None, _) => metric.label.to_owned(),
        (Some(_), Subset::Train) => format!("Training {}", metric.label.to_lowercase()),
        (Some(_), _) => format!("Validation {}", metric.label.to_lowercase()),
    };
    let x_name = match over {
        Over::Steps => "step",
        Over::Epochs => "epoch",
        Over::Seconds => "seconds",
    };
    CurvePlot::new(&title, range, &series).smoothing(0.0).link("runs").over(x_name).show(ui);
}
