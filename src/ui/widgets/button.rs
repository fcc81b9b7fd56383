//! Buttons with an icon, named for whoever does not see it.

use eframe::egui::{Button, Response, RichText, Ui, Widget as _, vec2};
use egui_material_icons::MaterialIcon;

use crate::ui::theme::{self, GRID, Palette, ROW};

const ICON: f32 = 18.0;
const HEIGHT: f32 = 28.0;

/// A square button with only an icon; the name is its tooltip and what screen readers say.
pub fn icon_button_ui(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    let button = Button::new(icon.rich_text().size(ICON)).frame_when_inactive(false).min_size(vec2(ROW, ROW));
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 3.0;
        button.ui(ui)
    });
    response.inner.accessible_name(name).on_hover_text(name)
}

/// A button with an icon and a word.
pub fn labelled_button_ui(ui: &mut Ui, icon: MaterialIcon, text: &str) -> Response {
    let icon = icon.rich_text().size(ICON);
    Button::new((icon, text)).gap(GRID).min_size(vec2(0.0, HEIGHT)).ui(ui).accessible_name(text)
}

/// The one button on the screen that stands out.
pub fn primary_button_ui(ui: &mut Ui, icon: MaterialIcon, text: &str) -> Response {
    let palette = Palette::of(ui);
    let icon = icon.rich_text().size(ICON).color(palette.on_accent);
    let words: RichText = theme::strong(text).color(palette.on_accent);
    let button = Button::new((icon, words)).gap(GRID).fill(palette.accent).min_size(vec2(88.0, HEIGHT));
    button.ui(ui).accessible_name(text)
}
