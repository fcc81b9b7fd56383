//! The menu that chooses where the samples come from.

use std::path::Path;

use eframe::egui::{self, Button, Response, RichText, Ui, vec2};

use crate::data::source::{Argument, SourcePart};
use crate::data::sources::painted;
use crate::data::{SOURCES, SourceError, SourceSpec};
use crate::language::tr;
use crate::ui::commands::{PathFor, Request};
use crate::ui::theme::ROW;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::entry_ui;
use crate::ui::widgets::text::{caption_ui, warning_ui};

/// Side of the arrow.
const ICON: f32 = 18.0;

/// What the window keeps free above and below the list, with the field below it.
const AROUND: f32 = 260.0;

/// The menu that chooses where the samples come from; `typed` is what is being typed into it.
pub fn source_menu_ui(ui: &mut Ui, width: f32, typed: &mut String, cx: &mut Cx<'_>) -> Response {
    let current = cx.project.data.source.clone();
    let arrow = egui_material_icons::icons::ICON_ARROW_DROP_DOWN.rich_text().size(ICON);
    // Painted points stand in the text themselves, and nobody reads them there.
    let shown = if current.is(&painted::SOURCE) { painted::SOURCE.name.to_owned() } else { short(&current) };
    let name = egui::AtomExt::atom_shrink(RichText::new(shown), true);
    let button = Button::new((name, egui::Atom::grow(), arrow)).truncate().min_size(vec2(width, ROW));
    let config =
        egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_width(320.0);
        let height = (ui.ctx().content_rect().height() - AROUND).max(160.0);
        egui::ScrollArea::vertical().max_height(height).show(ui, |ui| sources_ui(ui, cx));
        ui.separator();
        let label = caption_ui(ui, "Or typed, several joined by +");
        let field =
            ui.add(egui::TextEdit::singleline(typed).hint_text("idx:some/folder+digits").desired_width(f32::INFINITY));
        let field = field.labelled_by(label.id);
        match typed.trim().parse() {
            _ if typed.trim().is_empty() => {}
            Ok(source) => {
                if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                    cx.project.data.source = source;
                    typed.clear();
                    ui.close();
                }
            }
            Err(error) => warning_ui(ui, &SourceError::to_string(&error)),
        }
    });
    let response = response.accessible_name(tr("Data source"));
    if current.is(&painted::SOURCE) { response } else { response.on_hover_text(current.to_string()) }
}

/// A source with the names of its files alone, which is what tells one from another; its options stand below.
fn short(source: &SourceSpec) -> String {
    let file = |argument: &str| Path::new(argument).file_name().map(|name| name.to_string_lossy().into_owned());
    let part = |part: &SourcePart| match file(&part.argument) {
        Some(name) => format!("{}:{name}", part.name),
        None => part.name.clone(),
    };
    source.parts.iter().map(part).collect::<Vec<_>>().join("+")
}

/// What can be read, each with its help.
fn sources_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
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
                        cx.project.data.source = SourceSpec::new(source.name, *name);
                        ui.close();
                    }
                }
            });
            continue;
        }
        if entry_ui(ui, &name, source.help).clicked() {
            match source.argument {
                Argument::Folder => cx.act(Request::ChoosePath(PathFor::DataFolder(source.name))),
                Argument::File => cx.act(Request::ChoosePath(PathFor::DataFile(source.name))),
                Argument::Nothing | Argument::OneOf(_) => cx.project.data.source = SourceSpec::new(source.name, ""),
            }
            ui.close();
        }
    }
}
