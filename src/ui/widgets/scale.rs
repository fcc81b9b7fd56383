//! What the colours of a picture stand for.

use eframe::egui::{Align2, Color32, Mesh, Painter, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::ui::theme::{self, GRID, Palette};

const HEIGHT: f32 = 16.0;
const RAMP: f32 = 72.0;

/// How numbers become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    /// From nothing to much: [`theme::amount`].
    Amount,
    /// Around zero: [`theme::diverging`].
    Diverging,
}

/// A ramp between the two numbers at its ends: `-0.3 ▒▒▒ 0.3`.
pub fn scale_ui(ui: &mut Ui, ramp: Ramp, low: &str, high: &str) -> Response {
    let palette = Palette::of(ui);
    let layout = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::body_font(), palette.muted);
    let (low_galley, high_galley) = (layout(low), layout(high));
    let [left, right] = [&low_galley, &high_galley].map(|galley| galley.size().x + GRID);
    let (rect, response) = ui.allocate_exact_size(vec2(left + RAMP + right, HEIGHT), Sense::hover());
    let middle = pos2(rect.left() + left + RAMP / 2.0, rect.center().y);
    paint_ramp(ui.painter(), Rect::from_center_size(middle, vec2(RAMP, 8.0)), |share| match ramp {
        Ramp::Amount => theme::amount(palette, share),
        Ramp::Diverging => theme::diverging(palette, 2.0 * share - 1.0),
    });
    let low_corner = Align2::LEFT_CENTER.anchor_size(rect.left_center(), low_galley.size()).min;
    let high_corner = Align2::RIGHT_CENTER.anchor_size(rect.right_center(), high_galley.size()).min;
    ui.painter().galley(low_corner, low_galley, palette.muted);
    ui.painter().galley(high_corner, high_galley, palette.muted);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("colours from {low} to {high}")));
    response
}

/// Fills a rectangle with the colours from 0, left, to 1, right.
pub fn paint_ramp(painter: &Painter, rect: Rect, color: impl Fn(f32) -> Color32) {
    const STEPS: u32 = 16;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let x = rect.left() + share * rect.width();
        mesh.colored_vertex(pos2(x, rect.top()), color(share));
        mesh.colored_vertex(pos2(x, rect.bottom()), color(share));
        if let Some(left) = (2 * step).checked_sub(2) {
            mesh.add_triangle(left, left + 1, left + 2);
            mesh.add_triangle(left + 1, left + 2, left + 3);
        }
    }
    painter.add(mesh);
}
