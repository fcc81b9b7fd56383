//! Moving and zooming a plot: x together with all plots it is linked to, y by itself.

use eframe::egui::{self, Button, CursorIcon, Id, Rect, Response, Sense, Ui, vec2};
use egui_material_icons::icons::ICON_FIT_SCREEN;
use egui_plot::PlotTransform;

use super::CurvePlot;
use crate::language::tr;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::widgets::axes::{AXIS_WIDTH, TICKS_HEIGHT};

/// The ends of the part of an axis that is in view; all of it if there are none.
pub(super) type View = Option<(f64, f64)>;

/// Fewer steps than these are not zoomed into.
const LEAST_STEPS: f64 = 4.0;

const AXIS_HELP: &str = "Drag or scroll to move or zoom this axis. A double click shows everything again.";
const STEPS_HELP: &str =
    "Drag to see the run as it was after that step. Scroll to zoom; a double click shows everything again.";

/// What can be dragged: the plot and its two axes.
pub(super) struct Handles {
    plot: Response,
    pub(super) x: Response,
    y: Response,
}

impl CurvePlot<'_> {
    /// Where the view of y is kept; a logarithmic axis has one of its own.
    pub(super) fn y_view_id(&self, ui: &Ui) -> Id {
        ui.scope_id().with((self.title, "y view", self.is_logarithmic))
    }

    /// The axes become things that one can drag.
    pub(super) fn handles(&self, ui: &Ui, plot: &Response, transform: &PlotTransform) -> Handles {
        let frame = *transform.frame();
        let x = frame.with_min_y(frame.bottom()).with_max_y(frame.bottom() + TICKS_HEIGHT);
        let y = frame.with_max_x(frame.left()).with_min_x(frame.left() - AXIS_WIDTH);
        let axis = |name: &str, rect: Rect, cursor, help| {
            let response = ui.interact(rect, plot.id.with(name), Sense::CLICK | Sense::DRAG);
            response.on_hover_cursor(cursor).on_hover_text(tr(help))
        };
        let x_help = if self.moment.is_some() { STEPS_HELP } else { AXIS_HELP };
        Handles {
            plot: plot.clone(),
            x: axis("x axis", x, CursorIcon::ResizeHorizontal, x_help),
            y: axis("y axis", y, CursorIcon::ResizeVertical, AXIS_HELP),
        }
    }

    /// Moves with drag and zooms with the wheel; with Ctrl, or two fingers, both axes.
    pub(super) fn navigate(&self, ui: &Ui, on: &Handles, transform: &PlotTransform, x: &mut View, y: &mut View) {
        if self.is_empty() {
            return;
        }
        let Handles { plot, x: on_x, y: on_y } = on;
        if [plot, on_x, on_y].into_iter().any(Response::double_clicked) {
            (*x, *y) = (None, None);
            return;
        }
        let ends = |axis: usize| (transform.bounds().min()[axis], transform.bounds().max()[axis]);
        let (x_ends, y_ends) = (ends(0), ends(1));
        let per_pixel = transform.dvalue_dpos();
        let dragged = |response: &Response| if response.dragged() { response.drag_delta() } else { egui::Vec2::ZERO };
        // An axis of steps that can be looked at is dragged for that.
        let of_axis = if self.moment.is_some() { 0.0 } else { dragged(on_x).x };
        let shift_x = f64::from(dragged(plot).x + of_axis) * per_pixel[0];
        if shift_x != 0.0 {
            *x = Some((x_ends.0 - shift_x, x_ends.1 - shift_x));
        }
        // The plot itself moves in y only when y no longer follows the curve.
        let of_plot = if y.is_some() { dragged(plot).y } else { 0.0 };
        let shift_y = f64::from(of_plot + dragged(on_y).y) * per_pixel[1];
        if shift_y != 0.0 {
            *y = Some((y_ends.0 - shift_y, y_ends.1 - shift_y));
        }
        let Some(pointer) = [plot, on_x, on_y].into_iter().find_map(Response::hover_pos) else { return };
        let (pinch, scroll) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta().y));
        let factor = f64::from(pinch * (scroll / 200.0).exp());
        if factor == 1.0 {
            return;
        }
        let at = transform.value_from_position(pointer);
        if !on_y.hovered() {
            *x = self.zoomed_x(zoomed(x_ends, at.x, factor), *x);
        }
        if on_y.hovered() || (plot.hovered() && pinch != 1.0) {
            *y = Some(zoomed(y_ends, at.y, factor)).filter(|(low, high)| high > low);
        }
    }

    /// Not deeper than a few steps and not wider than everything.
    fn zoomed_x(&self, (left, right): (f64, f64), before: View) -> View {
        match left <= 0.0 && right >= *self.x_range(None).end() {
            true => None,
            false if right - left >= LEAST_STEPS => Some((left, right)),
            false => before,
        }
    }

    /// As long as not everything is in view, a button that shows it again.
    pub(super) fn show_all_ui(&self, ui: &mut Ui, frame: &Rect, x: &mut View, y: &mut View) {
        if (x.is_none() && y.is_none()) || self.is_empty() {
            return;
        }
        let place = Rect::from_min_size(frame.right_top() + vec2(-ROW - GRID, GRID), vec2(ROW, ROW));
        let button = Button::new(ICON_FIT_SCREEN.rich_text().size(16.0)).fill(Palette::of(ui).raised);
        let button = ui.scope(|ui| {
            ui.spacing_mut().button_padding.x = GRID;
            ui.put(place, button)
        });
        let button = button.inner.on_hover_text(tr("Show all, as a double click in the plot does"));
        if button.accessible_name(tr(format!("Show all of {}", self.title))).clicked() {
            (*x, *y) = (None, None);
        }
    }
}

/// A range that has become smaller by a factor, around a place that stays.
fn zoomed((low, high): (f64, f64), at: f64, factor: f64) -> (f64, f64) {
    (at - (at - low) / factor, at + (high - at) / factor)
}
