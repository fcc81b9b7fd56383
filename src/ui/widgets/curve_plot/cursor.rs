//! Moving a plot and pointing at a step, together with all plots it is linked to.

use eframe::egui::{self, Id, Key, Response, Stroke, Ui, pos2};
use egui_plot::PlotTransform;

use super::{CurvePlot, lines::Prepared};
use crate::ui::theme::Palette;

/// What linked plots share: the part of x in view, all of it if `None`, and where the pointer is.
#[derive(Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) view: Option<(f64, f64)>,
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
    /// Moves the view with drag and wheel, and the pointer's place with the arrow keys.
    pub(super) fn navigate(&self, ui: &Ui, response: &Response, transform: &PlotTransform, link: &mut Link) {
        if self.is_empty() {
            return;
        }
        let (min, max) = (transform.bounds().min()[0], transform.bounds().max()[0]);
        if response.double_clicked() {
            link.view = None;
        } else if response.dragged() && response.drag_delta().x != 0.0 {
            let shift = f64::from(response.drag_delta().x) * transform.dvalue_dpos()[0];
            link.view = Some((min - shift, max - shift));
        }
        let before = link.cursor;
        if let Some(pointer) = response.hover_pos() {
            let x = transform.value_from_position(pointer).x;
            link.point(ui, response, Some(x));
            self.zoom(ui, (min, max), x, link);
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

    /// Zooms around the pointer, not deeper than a few steps and not wider than everything.
    fn zoom(&self, ui: &Ui, (min, max): (f64, f64), x: f64, link: &mut Link) {
        let zoom = ui.input(|input| input.zoom_delta() * (input.smooth_scroll_delta().y / 200.0).exp());
        if zoom == 1.0 {
            return;
        }
        let (left, right) = (x - (x - min) / f64::from(zoom), x + (max - x) / f64::from(zoom));
        if left <= 0.0 && right >= *self.x_range(None).end() {
            link.view = None;
        } else if right - left >= 4.0 {
            link.view = Some((left, right));
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
        let Some(cursor) = link.cursor.filter(|_| link.is_fresh(ui)) else { return };
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
