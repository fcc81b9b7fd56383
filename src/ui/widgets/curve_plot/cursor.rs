//! Pointing at a step, together with all plots that a plot is linked to.

use eframe::egui::{self, Id, Key, Response, Stroke, Ui, pos2};
use egui_plot::PlotTransform;

use super::{CurvePlot, lines::Prepared, view::View};
use crate::ui::theme::Palette;

/// What linked plots share: the part of x in view, all of it if `None`, and where the pointer is.
#[derive(Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) view: View,
    pub(super) cursor: Option<f64>,
    cursor_pass: u64,
    /// The plot that is pointed at.
    owner: Option<Id>,
}

impl Link {
    fn point(&mut self, ui: &Ui, response: &Response, cursor: Option<f64>) {
        self.cursor = cursor;
        self.cursor_pass = ui.cumulative_pass_nr();
        self.owner = cursor.map(|_| response.id);
    }

    /// A plot that is no longer shown does not point any more.
    fn is_fresh(&self, ui: &Ui) -> bool {
        self.cursor_pass + 1 >= ui.cumulative_pass_nr()
    }
}

impl CurvePlot<'_> {
    /// Moves the place that is pointed at, with the pointer or the arrow keys.
    pub(super) fn point(&self, ui: &Ui, response: &Response, transform: &PlotTransform, link: &mut Link) {
        if self.is_empty() {
            return;
        }
        let (min, max) = (transform.bounds().min()[0], transform.bounds().max()[0]);
        let before = link.cursor;
        if let Some(pointer) = response.hover_pos() {
            link.point(ui, response, Some(transform.value_from_position(pointer).x));
        } else if response.has_focus() {
            let keys = egui::EventFilter { horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
            let pressed = |key| ui.input(|input| input.key_pressed(key));
            let steps = i32::from(pressed(Key::ArrowRight)) - i32::from(pressed(Key::ArrowLeft));
            let x = before.unwrap_or(max) + f64::from(steps) * (max - min) / 50.0;
            link.point(ui, response, Some(x.clamp(min, max)));
        } else if link.owner == Some(response.id) {
            link.point(ui, response, None);
        }
        if link.cursor != before {
            // A plot that was drawn before this one shows the place only in the next frame.
            ui.request_repaint();
        }
    }

    /// A line at the pointer in every linked plot, and a table of the values there in the one under it.
    pub(super) fn cursor_ui(
        &self,
        ui: &Ui,
        response: &Response,
        transform: &PlotTransform,
        prepared: &[Prepared<'_>],
        link: &mut Link,
    ) {
        // A menu of the plot is not covered, and what is saved of the plot has no cursor.
        let is_shown = link.is_fresh(ui) && !egui::Popup::is_any_open(ui);
        let Some(cursor) = link.cursor.filter(|_| is_shown) else { return };
        let Some(index) = self.series.first().and_then(|series| series.curve.index_at(cursor)) else { return };
        let palette = Palette::of(ui);
        let painter = ui.painter().with_clip_rect(*transform.frame());
        let x = self.series[0].curve.buckets()[index].x;
        painter.vline(transform.position_from_point_x(x), transform.frame().y_range(), Stroke::new(1.0, palette.line));
        for (series, prepared) in self.series.iter().zip(prepared) {
            if let Some(index) = series.curve.index_at(x) {
                let [x, y] = prepared.smoothed[index];
                let [x, y] = [transform.position_from_point_x(x), transform.position_from_point_y(self.y_from(y))];
                let pen = self.pen(series, palette);
                painter.circle(pos2(x, y), 4.0, pen.color, Stroke::new(1.5, palette.surface));
            }
        }
        let is_here = response.hovered() || response.has_focus();
        if is_here && !response.dragged() {
            let anchor = match response.hover_pos() {
                Some(_) => egui::PopupAnchor::Pointer,
                None => pos2(transform.position_from_point_x(x), transform.frame().center().y).into(),
            };
            egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), response.id, anchor)
                .gap(16.0)
                .show(|ui| self.values_ui(ui, x, prepared));
        }
    }
}
