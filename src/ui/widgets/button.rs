//! Buttons, each with a name for screen readers.

use eframe::egui::{self, AtomExt as _, Button, Frame, Response, RichText, Ui, Vec2, Widget as _, vec2};
use egui_material_icons::MaterialIcon;

use super::cut_text::cut_galley;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, ROW};

/// Side of an icon in a button.
const ICON: f32 = 18.0;

/// A name that is cut keeps at least this width with its margins.
const LEAST_SHARE: f32 = 40.0;

/// A square button with only an icon; the name is its tooltip and what screen readers say.
pub fn icon_button_ui(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    let button = Button::new(icon.rich_text().size(ICON)).frame_when_inactive(false).min_size(vec2(ROW, ROW));
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 3.0;
        button.ui(ui)
    });
    response.inner.accessible_name(tr(name)).on_hover_text(tr(name))
}

/// A button with an icon and a word.
pub fn button_ui(ui: &mut Ui, is_enabled: bool, icon: MaterialIcon, name: &str, size: Vec2) -> Response {
    ui.add_enabled(is_enabled, Button::new((icon.rich_text().size(ICON), tr(name).into_owned())).min_size(size))
        .accessible_name(tr(name))
}

/// The one button of the window that is in the accent's color.
pub fn primary_button_ui(ui: &mut Ui, is_enabled: bool, icon: MaterialIcon, name: &str, size: Vec2) -> Response {
    ui.scope(|ui| {
        let palette = Palette::of(ui);
        let text = |text: RichText| if is_enabled { text.color(palette.on_accent) } else { text };
        let atoms = (text(icon.rich_text().size(ICON)), text(theme::strong(name)));
        let mut button = Button::new(atoms).min_size(size);
        if is_enabled {
            button = button.fill(palette.accent);
        }
        ui.add_enabled(is_enabled, button).accessible_name(tr(name))
    })
    .inner
}

/// One of a few, all of them visible, their names cut where there is no room for all. True if another one was chosen.
pub fn segmented_ui<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, options: &[(T, &str, &str)]) -> bool {
    let before = *chosen;
    let is_reversed = ui.layout().prefer_right_to_left();
    let frame = Frame::new().fill(Palette::of(ui).sunken).corner_radius(theme::RADIUS).inner_margin(1);
    let galley = |ui: &Ui, name: &str, most| {
        cut_galley(ui.painter(), name, theme::body_font(), egui::Color32::PLACEHOLDER, most)
    };
    let around = 2.0 * ui.spacing().button_padding.x + 1.0;
    let widths = options.iter().map(|(_, name, _)| galley(ui, name, f32::INFINITY).size().x + around);
    let most = fair_share(widths.collect(), ui.available_width() - 2.0) - around;
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 1.0;
            for index in 0..options.len() {
                let (option, name, help) = &options[if is_reversed { options.len() - 1 - index } else { index }];
                let is_chosen = *chosen == *option;
                let text = galley(ui, name, most);
                let help = if text.elided { format!("{name}. {help}") } else { (*help).to_owned() };
                let response = ui.add(Button::selectable(is_chosen, text).min_size(vec2(0.0, ROW)));
                if response.on_hover_text(tr(help)).clicked() {
                    *chosen = *option;
                }
            }
        });
    });
    *chosen != before
}

/// The largest share of the space for one button; the rest is divided among the others.
pub fn fair_share(mut widths: Vec<f32>, room: f32) -> f32 {
    widths.sort_by(f32::total_cmp);
    let mut left = room;
    for (at, width) in widths.iter().enumerate() {
        let share = left / (widths.len() - at) as f32;
        if *width > share {
            return share.max(LEAST_SHARE);
        }
        left -= width;
    }
    f32::INFINITY
}

/// A large button with an icon, a name and a line of help.
pub fn door_ui(ui: &mut Ui, icon: MaterialIcon, name: &str, help: &str, size: Vec2) -> Response {
    let palette = Palette::of(ui);
    let mut text = egui::text::LayoutJob::default();
    let format = |font_id, color| egui::TextFormat { font_id, color, ..Default::default() };
    text.append(&tr(name), 0.0, format(theme::strong_font(theme::HEADING), palette.text));
    text.append(&format!("\n{}", tr(help)), 0.0, format(theme::body_font(), palette.muted));
    // The text breaks where it would make the door wider, and not the icon.
    let atoms = (icon.rich_text().size(2.0 * ICON).color(palette.accent), text.atom_shrink(true));
    let button = Button::new(atoms).min_size(size).wrap();
    let response = ui.scope(|ui| {
        ui.set_max_width(size.x);
        ui.spacing_mut().button_padding = vec2(4.0 * GRID, 2.0 * GRID);
        ui.spacing_mut().icon_spacing = 4.0 * GRID;
        button.ui(ui)
    });
    response.inner.accessible_name(tr(name))
}

/// An entry of a menu: a name, and below it a line of help.
pub fn entry_ui(ui: &mut Ui, name: &str, help: &str) -> Response {
    let palette = Palette::of(ui);
    let width = ui.available_width();
    let mut text = egui::text::LayoutJob::default();
    text.wrap.max_width = width - 4.0 * GRID;
    let format = |font_id, color| egui::TextFormat { font_id, color, ..Default::default() };
    text.append(&tr(name), 0.0, format(theme::strong_font(theme::BODY), palette.text));
    text.append(&tr(format!("\n{help}")), 0.0, format(theme::body_font(), palette.muted));
    ui.add(Button::new(text).min_size(vec2(width, 0.0)).wrap()).accessible_name(tr(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stays_whole_and_the_others_share_the_rest() {
        assert_eq!(fair_share(vec![50.0, 60.0], 110.0), f32::INFINITY);
        assert_eq!(fair_share(vec![300.0, 50.0, 200.0], 250.0), 100.0);
        assert_eq!(fair_share(vec![300.0; 10], 100.0), LEAST_SHARE);
    }
}
