//! Buttons with an icon, named for whoever does not see it.

use eframe::egui::{Button, Response, Ui, Widget as _, vec2};
use egui_material_icons::MaterialIcon;

use crate::ui::theme::ROW;

const ICON: f32 = 18.0;

/// A square button with only an icon; the name is its tooltip and what screen readers say.
pub fn icon_button_ui(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    let button = Button::new(icon.rich_text().size(ICON)).frame_when_inactive(false).min_size(vec2(ROW, ROW));
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 3.0;
        button.ui(ui)
    });
    response.inner.accessible_name(name).on_hover_text(name)
}
