//! Small pieces that several panels are made of.

pub mod drawing;
pub mod plane;
pub mod reconstructions;
pub mod row_form;
pub mod try_panel;

use eframe::egui::{self, Align, Button, Frame, Label, Layout, Response, RichText, Ui, Vec2, vec2};
use egui_material_icons::MaterialIcon;

use crate::data::painted::{self, is_painted};
use crate::data::{Argument, SOURCES};
use crate::ui::commands::action::Action;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::Cx;
use crate::ui::views::dialogs::path_prompt::PathFor;

/// Side of an icon in a button.
const ICON: f32 = 18.0;

/// A button with an icon and a word.
pub fn button_ui(ui: &mut Ui, is_enabled: bool, icon: MaterialIcon, name: &str, size: Vec2) -> Response {
    ui.add_enabled(is_enabled, Button::new((icon.rich_text().size(ICON), name)).min_size(size)).accessible_name(name)
}

/// The one button of the window that is in the accent's colour.
pub fn primary_button_ui(ui: &mut Ui, is_enabled: bool, icon: MaterialIcon, name: &str, size: Vec2) -> Response {
    ui.scope(|ui| {
        let palette = Palette::of(ui);
        let text = |text: RichText| if is_enabled { text.color(palette.on_accent) } else { text };
        let atoms = (text(icon.rich_text().size(ICON)), text(theme::strong(name)));
        let mut button = Button::new(atoms).min_size(size);
        if is_enabled {
            button = button.fill(palette.accent);
        }
        ui.add_enabled(is_enabled, button).accessible_name(name)
    })
    .inner
}

/// One of a few, all of them visible. True if another one was chosen.
pub fn segmented_ui<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, options: &[(T, &str, &str)]) -> bool {
    let before = *chosen;
    let is_reversed = ui.layout().prefer_right_to_left();
    let frame = Frame::new().fill(Palette::of(ui).sunken).corner_radius(theme::RADIUS).inner_margin(1);
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 1.0;
            for index in 0..options.len() {
                let (option, name, help) = &options[if is_reversed { options.len() - 1 - index } else { index }];
                let is_chosen = *chosen == *option;
                let response = ui.add(Button::selectable(is_chosen, *name).min_size(vec2(0.0, ROW)));
                if response.on_hover_text(*help).clicked() {
                    *chosen = *option;
                }
            }
        });
    });
    *chosen != before
}

/// The name of a column, a figure or a group.
pub fn caption_ui(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).color(Palette::of(ui).muted))
}

/// A heading with what belongs to it at its right.
pub fn heading_ui(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::left_to_right(Align::Center), |ui| {
        ui.label(theme::heading(text));
        ui.with_layout(Layout::right_to_left(Align::Center), right);
    });
}

/// A sentence in the colour of a warning, with its icon.
pub fn warning_ui(ui: &mut Ui, text: &str) {
    ui.horizontal_top(|ui| {
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing.x = GRID;
        ui.label(egui_material_icons::icons::ICON_WARNING.rich_text().size(16.0).color(palette.warning));
        ui.add(Label::new(RichText::new(text).color(palette.warning)).wrap());
    });
}

/// A sentence in the middle of the place where something would be.
pub fn placeholder_ui(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui);
    let width = (ui.available_width() - 8.0 * GRID).clamp(80.0, 360.0);
    let galley = ui.painter().layout(text.to_owned(), theme::body_font(), palette.muted, width);
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
    // Each line is centred by itself.
    let top = rect.center().y - galley.size().y / 2.0;
    for row in &galley.rows {
        let at = egui::pos2(rect.center().x, top + row.rect().center().y);
        ui.painter().text(at, egui::Align2::CENTER_CENTER, row.text().trim(), theme::body_font(), palette.muted);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
}

/// An entry of a menu: a name, and below it a line of help.
pub fn entry_ui(ui: &mut Ui, name: &str, help: &str) -> Response {
    let palette = Palette::of(ui);
    let width = ui.available_width();
    let mut text = egui::text::LayoutJob::default();
    text.wrap.max_width = width - 4.0 * GRID;
    let format = |font_id, color| egui::TextFormat { font_id, color, ..Default::default() };
    text.append(name, 0.0, format(theme::strong_font(theme::BODY), palette.text));
    text.append(&format!("\n{help}"), 0.0, format(theme::body_font(), palette.muted));
    ui.add(Button::new(text).min_size(vec2(width, 0.0)).wrap()).accessible_name(name)
}

/// The menu that chooses where the samples come from; `typed` is what is being typed into it.
pub fn source_menu_ui(ui: &mut Ui, width: f32, typed: &mut String, cx: &mut Cx<'_>) -> Response {
    let current = cx.project.data.source.clone();
    let arrow = egui_material_icons::icons::ICON_ARROW_DROP_DOWN.rich_text().size(ICON);
    // Painted points stand in the text themselves, and nobody reads them there.
    let shown = if is_painted(&current) { painted::SOURCE.name } else { &current };
    let name = egui::AtomExt::atom_shrink(RichText::new(shown), true);
    let button = Button::new((name, egui::Atom::grow(), arrow)).truncate().min_size(vec2(width, ROW));
    let config =
        egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_width(320.0);
        for source in SOURCES {
            let name = match source.argument {
                Argument::Nothing | Argument::OneOf(_) => source.name.to_owned(),
                Argument::Folder => format!("{}, from a folder…", source.name),
                Argument::File => format!("{}, from a file…", source.name),
            };
            if let Argument::OneOf(names) = source.argument {
                caption_ui(ui, source.help);
                ui.horizontal_wrapped(|ui| {
                    for name in names {
                        if ui.button(*name).clicked() {
                            cx.project.data.source = format!("{}:{name}", source.name);
                            ui.close();
                        }
                    }
                });
                continue;
            }
            if entry_ui(ui, &name, source.help).clicked() {
                match source.argument {
                    Argument::Folder => cx.act(Action::DataDialog(PathFor::DataFolder(source.name))),
                    Argument::File => cx.act(Action::DataDialog(PathFor::DataFile(source.name))),
                    Argument::Nothing | Argument::OneOf(_) => source.name.clone_into(&mut cx.project.data.source),
                }
                ui.close();
            }
        }
        ui.separator();
        let label = caption_ui(ui, "Or typed, several joined by +");
        let field =
            ui.add(egui::TextEdit::singleline(typed).hint_text("idx:some/folder+digits").desired_width(f32::INFINITY));
        let field = field.labelled_by(label.id);
        if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) && !typed.trim().is_empty() {
            typed.trim().clone_into(&mut cx.project.data.source);
            typed.clear();
            ui.close();
        }
    });
    response.accessible_name("Data source")
}
