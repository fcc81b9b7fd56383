//! A ring around the pointer, so that the last row sees what the presenter points at.

use eframe::egui::{Id, LayerId, Order, Ui};

use crate::ui::theme::Palette;

const RADIUS: f32 = 22.0;

/// Draws the ring above everything, dense while a button is pressed.
pub fn halo_ui(ui: &Ui) {
    let Some(at) = ui.ctx().pointer_latest_pos() else { return };
    let palette = Palette::of(ui);
    let is_pressed = ui.input(|input| input.pointer.any_down());
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Debug, Id::unique("halo")));
    painter.circle_filled(at, RADIUS, palette.accent.gamma_multiply(if is_pressed { 0.45 } else { 0.2 }));
    painter.circle_stroke(at, RADIUS, (2.0, palette.accent));
}
