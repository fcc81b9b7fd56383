//! Moving a plot and pointing at a step, together with all plots it is linked to.

use eframe::egui::{self, Key, Response, Stroke, Ui, pos2};
use egui_plot::PlotTransform;

use super::{CurvePlot, lines::Prepared};
use crate::ui::theme::Palette;

/// What linked plots share: the part of x in view, all of it if `None`, and where the pointer is.
#[derive(Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) view: Option<(f64, f64)>,
    pub(super) cursor: Option<f64>,
    cursor_pass: u64,
}

impl CurvePlot<'_> {
    /// Moves the view with drag and wheel, and the pointer's place with the arrow keys.
    pub(super) fn navigate(&self, ui: &Ui, response: &Response, transform: &PlotTransform, link: &mut Link) {
        let (min, max) = (transform.bounds().min()[0], transform.bounds().max()[0]);
        let pass = ui.cumulative_pass_nr();
        if response.double_clicked() {
            link.view = None;
        } else if response.dragged() && response.drag_delta().x != 0.0 {
            let shift = f64::from(response.drag_delta().x) * transform.dvalue_dpos()[0];
            link.view = Some((min - shift, max - shift));
        }
        if let Some(pointer) = response.hover_pos() {
            let x = transform.value_from_position(pointer).x;
            (link.cursor, link.cursor_pass) = (Some(x), pass);
            let zoom = ui.input(|input| input.zoom_delta() * (input.smooth_scroll_delta().y / 200.0).exp());
            if zoom != 1.0 && !self.is_empty() {
                let (left, right) = ((x - min) / f64::from(zoom), (max - x) / f64::from(zoom));
                let is_deep = left + right < 4.0;
                let is_wide = x - left <= 0.0 && x + right >= *self.x_range(None).end();
                link.view = if is_wide {
                    None
                } else if is_deep {
                    link.view
                } else {
                    Some((x - left, x + right))
                };
            }
        } else if response.has_focus() {
            let keys = egui::EventFilter { horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
            let pressed = |key| ui.input(|input| input.key_pressed(key));
            let steps = i32::from(pressed(Key::ArrowRight)) - i32::from(pressed(Key::ArrowLeft));
            let x = link.cursor.unwrap_or(max) + f64::from(steps) * (max - min) / 50.0;
            (link.cursor, link.cursor_pass) = (Some(x.clamp(min, max)), pass);
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
        let is_fresh = link.cursor_pass + 1 >= ui.cumulative_pass_nr();
        let Some(cursor) = link.cursor.filter(|_| is_fresh) else { return };
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
