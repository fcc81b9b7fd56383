//! A plot for each metric, beside and below each other.

use eframe::egui::{Rect, Sense, Ui, Vec2, pos2, vec2};

use crate::train::Metric;
use crate::ui::theme::GRID;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::scroll::scroll_ui;

/// Between two plots, and below the last.
pub const GAP: f32 = 4.0 * GRID;

/// How many plots of at least this width there is room for in a row.
pub fn columns(ui: &Ui, width: f32) -> usize {
    ((ui.available_width() + GAP) / (width + GAP)).floor().max(1.0) as usize
}

/// Draws a plot for each metric, as many in a row as there is room for. `size` is the least width of a plot, and its height.
pub fn plot_grid_ui(
    ui: &mut Ui,
    size: Vec2,
    metrics: &[&'static Metric],
    mut plot_ui: impl FnMut(&mut Ui, &'static Metric),
) {
    scroll_ui(ui, |ui| {
        let columns = columns(ui, size.x);
        let width = (ui.available_width() + GAP) / columns as f32 - GAP;
        for row in metrics.chunks(columns) {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size.y), Sense::hover());
            for (column, metric) in row.iter().enumerate() {
                let left = rect.left() + column as f32 * (width + GAP);
                let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, size.y));
                cell_ui(ui, metric.key, cell, |ui| plot_ui(ui, metric));
            }
            ui.add_space(GAP);
        }
    });
}
