//! Names that are longer than their place: they end in an ellipsis there, and are shown in full under the pointer.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{Align2, Color32, FontId, Galley, Label, Painter, Rect, Response, Sense, Ui};

use crate::ui::theme::{self, Palette};

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
    if galley.elided {
        let id = ui.scope_id().with((text, place.left().to_bits(), place.top().to_bits()));
        ui.interact(rect, id, Sense::hover()).on_hover_text(text);
    }
    ui.painter().galley(rect.min, galley, color);
    rect
}

/// A label that is at most so wide.
pub fn name_ui(ui: &mut Ui, text: &str, font: FontId, color: Color32, most: f32) -> Response {
    let galley = cut_galley(ui.painter(), text, font, color, most);
    ui.add(Label::new(galley))
}

/// The name of a class or a column in the color of a caption, in the width there is.
pub fn caption_name_ui(ui: &mut Ui, text: &str) -> Response {
    let most = ui.available_width();
    name_ui(ui, text, theme::body_font(), Palette::of(ui).muted, most)
}

#[cfg(test)]
mod tests {
    use eframe::egui::vec2;
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn what_is_cut_is_shown_in_full_under_the_pointer() {
        let builder = Harness::builder().with_size([200.0, 100.0]).with_context_setup(theme::install);
        let mut harness = builder.build_ui(|ui| {
            let place = Rect::from_min_size(ui.min_rect().min, vec2(40.0, 20.0));
            cut_text(ui, place, Align2::LEFT_CENTER, "versicolor", theme::body_font(), Palette::of(ui).text);
        });
        harness.run();
        assert!(harness.query_by_label("versicolor").is_none());
        harness.hover_at([12.0, 18.0].into());
        harness.run_steps(30);
        harness.get_by_label("versicolor");
    }
}
