//! The bar at the top: whose window this is, what is open, and on which data.

use std::sync::PoisonError;

use eframe::egui::{self, Align, Button, Frame, Layout, Margin, Response, RichText, Stroke, TextEdit, Ui, vec2};
use egui_material_icons::icons::{
    ICON_DARK_MODE, ICON_GROUPS, ICON_HELP, ICON_LIGHT_MODE, ICON_LIVE_HELP, ICON_REDO, ICON_SCHOOL, ICON_TEXT_FIELDS,
    ICON_TRANSLATE, ICON_UNDO,
};

use crate::language::tr;
use crate::ui::commands::entry::key_of;
use crate::ui::commands::{Command, Request};
use crate::ui::state::session::DataState;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::{Place, Theme};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::data;
use crate::ui::views::view::View;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::text::caption_ui;

/// The id of this view.
pub const ID: &str = "top_bar";

/// The bar with the file menu, undo and redo, and the data source.
#[derive(Default)]
pub struct TopBar {}

impl View for TopBar {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Backprop Studio"
    }

    fn place(&self) -> Place {
        Place::Top
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.horizontal_centered(|ui| {
            ui.label(theme::heading("Backprop Studio"));
            ui.add_space(2.0 * GRID);
            file_menu_ui(ui, cx);
            for (icon, command) in [(ICON_UNDO, Command::Undo), (ICON_REDO, Command::Redo)] {
                let is_possible = cx.situation.permits(command).is_ok();
                if ui.add_enabled_ui(is_possible, |ui| icon_button_ui(ui, icon, command.label())).inner.clicked() {
                    cx.act(command);
                }
            }
            name_ui(ui, cx);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if icon_button_ui(ui, ICON_HELP, "Keys").clicked() {
                    cx.act(Command::Help);
                }
                if icon_button_ui(ui, ICON_LIVE_HELP, Command::Explain.label()).clicked() {
                    cx.act(Command::Explain);
                }
                theme_ui(ui, cx);
                appearance_ui(ui, cx);
                let language = Command::NextLanguage.label();
                if icon_button_ui(ui, ICON_TRANSLATE, language).clicked() {
                    cx.act(Command::NextLanguage);
                }
                if icon_button_ui(ui, ICON_SCHOOL, "Lessons").clicked() {
                    cx.act(Command::Lessons);
                }
                board_ui(ui, cx);
                ui.add_space(2.0 * GRID);
                data_ui(ui, cx);
            });
        });
    }
}

/// While the window writes on a class board: as whom. A press shows where, with the way to leave.
fn board_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(joined) = &cx.window.boards.joined else { return };
    let name = format!("On the class board as {}", joined.name);
    if icon_button_ui(ui, ICON_GROUPS, &name).clicked() {
        cx.act(Command::JoinBoard);
    }
}

/// What makes the window easier to read.
fn appearance_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let icon = ICON_TEXT_FIELDS.rich_text().size(18.0);
    let menu = ui.menu_button(icon, |ui| {
        ui.set_min_width(220.0);
        let commands = [
            Command::LargerText,
            Command::SmallerText,
            Command::NormalText,
            Command::ToggleTheme,
            Command::HighContrast,
            Command::ReduceMotion,
            Command::NextLanguage,
            Command::Presenter,
            Command::Profile,
            Command::Start,
        ];
        commands.into_iter().for_each(|command| command_ui(ui, cx, command));
    });
    menu.response.accessible_name(tr("Appearance")).on_hover_text(tr("Appearance"));
}

/// An entry of a menu, with its key, and why it cannot be pressed if so.
fn command_ui(ui: &mut Ui, cx: &mut Cx<'_>, command: Command) {
    let permitted = cx.situation.permits(command);
    let button = Button::new(tr(command.label())).shortcut_text(key_of(ui, command));
    let button = ui.add_enabled(permitted.is_ok(), button).accessible_name(tr(command.label()));
    if button.on_disabled_hover_text(tr(permitted.err().unwrap_or_default())).clicked() {
        cx.act(command);
        ui.close();
    }
}

fn file_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.menu_button(tr("File"), |ui| {
        ui.set_min_width(220.0);
        let commands = [
            Command::New,
            Command::Empty,
            Command::Open,
            Command::OpenFolder,
            Command::Import,
            Command::PasteText,
            Command::Save,
            Command::SaveAs,
            Command::SaveRun,
            Command::Export,
            Command::Report,
        ];
        commands.into_iter().for_each(|command| command_ui(ui, cx, command));
        if cx.window.recent.is_empty() {
            return;
        }
        ui.separator();
        caption_ui(ui, "Opened before");
        for path in cx.window.recent.clone() {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            if ui.add(Button::new(name).truncate()).on_hover_text(path.display().to_string()).clicked() {
                cx.act(Request::Dropped(path));
                ui.close();
            }
        }
    });
}

/// The project's name, which is edited where it stands, and a dot as long as the file does not know of it.
fn name_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    let font = theme::strong_font(theme::BODY);
    let text = ui.painter().layout_no_wrap(cx.project.name.clone(), font.clone(), palette.text);
    let field = TextEdit::singleline(&mut cx.project.name)
        .desired_width((text.size().x + 4.0 * GRID).clamp(24.0, 260.0))
        .font(font)
        .frame(Frame::new().inner_margin(Margin::symmetric(6, 4)))
        .char_limit(60);
    let path = cx.path.map_or_else(|| "Not saved yet".to_owned(), |path| path.display().to_string());
    let field = ui.add(field);
    if field.hovered() || field.has_focus() {
        let color = if field.has_focus() { palette.accent } else { palette.line };
        ui.painter().rect_stroke(field.rect, theme::RADIUS, Stroke::new(1.0, color), egui::StrokeKind::Inside);
    }
    field.on_hover_text(path).accessible_name(tr("Project name"));
    let dot = if cx.is_edited { "•" } else { " " };
    let dot = ui.label(RichText::new(tr(dot)).color(palette.warning).size(theme::HEADING));
    if cx.is_edited {
        dot.on_hover_text(tr("Edited since it was saved"));
    }
}

fn theme_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (icon, name, other) = match cx.window.theme {
        Theme::Dark => (ICON_LIGHT_MODE, "Light theme", Theme::Light),
        Theme::Light | Theme::HighContrast => (ICON_DARK_MODE, "Dark theme", Theme::Dark),
    };
    if icon_button_ui(ui, icon, name).clicked() {
        cx.window.theme = other;
    }
}

/// "digits  train 16,200 · validation 1,800 · test 2,000"; a click goes to the tab that shows them.
fn data_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    let link = |ui: &mut Ui, text: RichText| -> Response {
        ui.add(Button::new(text).frame_when_inactive(false).truncate().min_size(vec2(0.0, theme::ROW)))
    };
    let (text, help) = match &cx.session.data {
        DataState::Loading { source, arrived } => {
            let arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
            let text = match arrived.is_empty() {
                true => format!("{source} is being read…"),
                false => format!("{source} is being downloaded: {arrived}"),
            };
            (tr(text).into_owned(), String::new())
        }
        DataState::Failed { problem, .. } => (tr("No data").into_owned(), problem.text.clone()),
        DataState::Ready { dataset, counts, .. } => {
            let total = counts.total(cx.project.held_back());
            let [train, validation, test] =
                [total.train, total.validation, total.test].map(|count| thousands(count as f64));
            (
                // The name is one that somebody has given.
                format!(
                    "{}    {}",
                    dataset.name,
                    tr(format!("train {train}  ·  validation {validation}  ·  test {test}"))
                ),
                format!(
                    "{train} training samples, {validation} validation samples for the figures during training, {test} test samples for the result at the end"
                ),
            )
        }
    };
    let color = if matches!(cx.session.data, DataState::Failed { .. }) { palette.warning } else { palette.muted };
    if link(ui, RichText::new(text).color(color)).on_hover_text(tr(help)).clicked() {
        cx.act(Request::Show(data::ID));
    }
}
