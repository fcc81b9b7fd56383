//! Names that are longer than their place: an ellipsis stands there for a part of them, and they are shown in full under the
//! pointer.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{Align2, Color32, FontId, Galley, Label, Painter, Rect, Response, Sense, Ui};

use crate::language::tr;
use crate::ui::theme::{self, Palette};

/// One line of text in a width, with an ellipsis at its end if it is longer.
pub fn cut_galley(painter: &Painter, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(tr(text).into_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    painter.layout_job(job)
}

/// One line of text in a width, if need be without a part of its middle: names of one kind differ at their ends as often as
/// at their beginnings.
fn cut_in_the_middle(painter: &Painter, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    const LEAST: usize = 6;
    let letters: Vec<char> = text.chars().collect();
    let with = |kept: usize| {
        let end = kept / 3;
        let start: String = letters[..kept - end].iter().collect();
        let end: String = letters[letters.len() - end..].iter().collect();
        painter.layout_no_wrap(
            tr(format!("{}…{}", start.trim_end(), end.trim_start())).into_owned(),
            font.clone(),
            color,
        )
    };
    let whole = painter.layout_no_wrap(tr(text).into_owned(), font.clone(), color);
    if whole.size().x <= width || letters.len() <= LEAST {
        return cut_galley(painter, text, font, color, width);
    }
    // The most letters that fit, by bisection: `kept` fit, and `many` do not.
    let (mut kept, mut many) = (LEAST, letters.len());
    if with(kept).size().x > width {
        return cut_galley(painter, text, font, color, width);
    }
    while many - kept > 1 {
        let middle = kept.midpoint(many);
        if with(middle).size().x <= width { kept = middle } else { many = middle }
    }
    with(kept)
}

/// A name within a sentence, without its middle where a line could not hold it.
pub fn shortened(name: &str) -> String {
    const MOST: usize = 24;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= MOST {
        return name.to_owned();
    }
    let [start, end] = [&letters[..MOST * 2 / 3], &letters[letters.len() - MOST / 3..]].map(String::from_iter);
    format!("{}…{}", start.trim_end(), end.trim_start())
}

/// Paints one line of text within a rectangle; the part that it takes.
pub fn cut_text(ui: &Ui, place: Rect, align: Align2, text: &str, font: FontId, color: Color32) -> Rect {
    let galley = cut_in_the_middle(ui.painter(), text, font, color, place.width());
    let rect = align.align_size_within_rect(galley.size(), place);
    if galley.elided || galley.text() != text {
        let id = ui.scope_id().with((text, place.left().to_bits(), place.top().to_bits()));
        ui.interact(rect, id, Sense::hover()).on_hover_text(tr(text));
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
    fn names_that_begin_alike_are_told_apart() {
        let mut shown = Vec::new();
        let mut harness = Harness::builder().with_context_setup(theme::install).build_ui(|ui| {
            let cut = |text| cut_in_the_middle(ui.painter(), text, theme::body_font(), Color32::WHITE, 80.0);
            let cut = ["scratch on rolled steel 1", "scratch on rolled steel 2", "scratch"].map(cut);
            assert!(cut.iter().all(|galley| galley.size().x <= 80.0));
            shown = cut.iter().map(|galley| galley.text().to_owned()).collect();
        });
        harness.run();
        drop(harness);
        assert!(shown[0].starts_with("scr") && shown[0].ends_with("l 1") && shown[1].ends_with("l 2"), "{shown:?}");
        assert_eq!(shown[2], "scratch");
    }

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
