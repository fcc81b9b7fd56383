//! The step that is looked at, and the axis that is dragged to look at another one.

use eframe::egui::{Shape, Stroke, Ui, pos2, vec2};
use egui_plot::PlotTransform;

use super::CurvePlot;
use super::view::Handles;
use crate::ui::theme::Palette;

/// Half the width of the mark on the axis.
const HALF: f32 = 6.0;

/// Where the run is looked at.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// The step; nothing if it is the newest.
    pub at: Option<f64>,
}

impl CurvePlot<'_> {
    /// The last step that was measured.
    fn last_step(&self) -> Option<f64> {
        self.series.iter().filter_map(|series| series.curve.last()).map(|(x, _)| x).reduce(f64::max)
    }

    /// The step under the pointer that drags the axis, or has clicked on it.
    pub(super) fn chosen_step(&self, on: &Handles, transform: &PlotTransform) -> Option<u64> {
        let (_, last) = self.moment.zip(self.last_step())?;
        let pointer = on.x.interact_pointer_pos().filter(|_| on.x.dragged() || on.x.clicked())?;
        Some(transform.value_from_position(pointer).x.clamp(0.0, last).round() as u64)
    }

    /// A line through the step that is looked at, and the mark on the axis by which it is dragged.
    pub(super) fn moment_ui(&self, ui: &Ui, on: &Handles, transform: &PlotTransform) {
        let Some((moment, last)) = self.moment.zip(self.last_step()) else { return };
        let palette = Palette::of(ui);
        let frame = transform.frame();
        let x = transform.position_from_point_x(moment.at.unwrap_or(last));
        // At the end of the axis the mark would cover the last tick label, so it is shown only under the pointer.
        let is_wanted = moment.at.is_some() || on.x.hovered();
        if !is_wanted || !(frame.left()..=frame.right() + 1.0).contains(&x) {
            return;
        }
        let color = if moment.at.is_some() { palette.accent } else { palette.muted };
        if moment.at.is_some() {
            ui.painter().vline(x, frame.y_range(), Stroke::new(1.5, color));
        }
        let tip = pos2(x, frame.bottom());
        let corners = vec![tip, tip + vec2(HALF, 1.5 * HALF), tip + vec2(-HALF, 1.5 * HALF)];
        ui.painter().add(Shape::convex_polygon(corners, color, Stroke::NONE));
    }
}
