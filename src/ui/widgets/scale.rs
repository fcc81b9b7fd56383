//! The colors that stand for numbers, from low to high.

use eframe::egui::{Color32, Mesh, Painter, Rect, pos2};

/// Fills a rectangle with the colors from 0, left, to 1, right.
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
