//! Text that is too long for its place: it ends in an ellipsis there, and is shown in full under the pointer.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{Align2, Color32, FontId, Galley, Painter, Rect, Ui};

/// One line of text in a width, with an ellipsis at its end if it is longer.
pub fn cut_galley(painter: &Painter, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    painter.layout_job(job)
}

/// Paints one line of text within a rectangle; the part that it takes.
pub fn cut_text(ui: &Ui, place: Rect, align: Align2, text: &str, font: FontId, color: Color32) -> Rect {
    let galley = cut_galley(ui.painter(), text, font, color, place.width());
    let rect = align.align_size_within_rect(galley.size(), place);
    ui.painter().galley(rect.min, galley, color);
    rect
}
