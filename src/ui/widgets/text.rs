//! Pieces of text: captions, headings, warnings, and what stands where there is nothing to show.

use eframe::egui::{self, Align, Label, Layout, Response, RichText, Ui, vec2};

use super::term::mark_term;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, ROW};

/// The name of a column, a figure or a group.
pub fn caption_ui(ui: &mut Ui, text: &str) -> Response {
    let response = ui.label(RichText::new(tr(text)).color(Palette::of(ui).muted));
    mark_term(&response, text);
    response
}

/// A heading with what belongs to it at its right.
pub fn heading_ui(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::left_to_right(Align::Center), |ui| {
        mark_term(&ui.add(Label::new(theme::heading(text)).truncate()), text);
        ui.with_layout(Layout::right_to_left(Align::Center), right);
    });
}

/// A sentence in the color of a warning, with its icon.
pub fn warning_ui(ui: &mut Ui, text: &str) {
    ui.horizontal_top(|ui| {
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing.x = GRID;
        ui.label(egui_material_icons::icons::ICON_WARNING.rich_text().size(16.0).color(palette.warning));
        mark_term(&ui.add(Label::new(RichText::new(tr(text)).color(palette.warning)).wrap()), text);
    });
}

/// A sentence in the middle of the place where something would be.
pub fn placeholder_ui(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui);
    let width = (ui.available_width() - 8.0 * GRID).clamp(80.0, 360.0);
    let galley = ui.painter().layout(tr(text).into_owned(), theme::body_font(), palette.muted, width);
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
    // Each line is centered by itself.
    let top = rect.center().y - galley.size().y / 2.0;
    for row in &galley.rows {
        let at = egui::pos2(rect.center().x, top + row.rect().center().y);
        ui.painter().text(at, egui::Align2::CENTER_CENTER, tr(row.text().trim()), theme::body_font(), palette.muted);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, tr(text)));
}
