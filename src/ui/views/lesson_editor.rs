//! The editor of lessons, in the panel of the lesson: the card of a step in each language, and what the step does.

mod card;
mod step;

use std::collections::HashMap;

use eframe::egui::{
    self, Align, Button, ColorImage, ComboBox, Frame, Label, Layout, Panel, RichText, Role, ScrollArea,
};
use eframe::egui::{TextureHandle, Ui, WidgetInfo, vec2};
use egui_material_icons::icons::{
    ICON_ADD, ICON_ARROW_BACK, ICON_ARROW_FORWARD, ICON_CHECK_CIRCLE, ICON_CLOSE, ICON_CONTENT_COPY, ICON_DELETE,
    ICON_EDIT_NOTE, ICON_RADIO_BUTTON_UNCHECKED,
};

use crate::language::{self, tr};
use crate::lesson::ENGLISH;
use crate::ui::commands::Request;
use crate::ui::commands::request::{EditAction, LessonAction};
use crate::ui::state::lesson_editor::Editor;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::view::View;
use crate::ui::widgets::button::{icon_button_ui, segmented_ui};
use crate::ui::widgets::text::{caption_ui, warning_ui};

/// The id of this view.
pub const ID: &str = "lesson_editor";

/// Height of the buttons below the card.
const FOOT: f32 = 40.0;

/// The panel.
#[derive(Default)]
pub struct LessonEditorView {
    /// The pictures of the cards that were shown, by their names and sizes in bytes.
    pictures: HashMap<(String, usize), Option<TextureHandle>>,
}

impl View for LessonEditorView {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Lesson editor"
    }

    fn place(&self) -> Place {
        Place::Beside
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(mut editor) = cx.lessons.editor.take() else { return };
        head_ui(ui, &mut editor, cx);
        steps_ui(ui, &mut editor, cx);
        Panel::bottom("editor foot").exact_size(FOOT).frame(Frame::new()).show(ui, |ui| foot_ui(ui, &editor, cx));
        let salt = ("edited card", editor.step, editor.is_preview, editor.language.clone());
        ScrollArea::vertical().auto_shrink(false).id_salt(salt).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 3.0 * GRID);
            match editor.is_preview {
                true => self.preview_ui(ui, &mut editor),
                false => {
                    card::card_ui(ui, &mut editor, cx);
                    step::step_ui(ui, &mut editor, cx);
                }
            }
            faults_ui(ui, &editor);
        });
        cx.lessons.editor = Some(editor);
    }
}

fn act(cx: &mut Cx<'_>, action: EditAction) {
    cx.act(Request::Lesson(LessonAction::Edit(action)));
}

/// Which lesson it is, in which language, and the way out.
fn head_ui(ui: &mut Ui, editor: &mut Editor, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        ui.label(ICON_EDIT_NOTE.rich_text().size(18.0).color(Palette::of(ui).accent));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button_ui(ui, ICON_CLOSE, "Close the editor").clicked() {
                act(cx, EditAction::Close);
            }
            let state = if editor.is_changed() { "Saving…" } else { "Saved" };
            let place = editor.draft.folder().display().to_string();
            caption_ui(ui, state).on_hover_text(tr(format!("The lesson is in {place}")));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = editor.draft.folder().file_name().map(|name| name.to_string_lossy().into_owned());
                ui.add(Label::new(theme::strong(name.unwrap_or_default())).truncate()).on_hover_text(place);
            });
        });
    });
    ui.horizontal(|ui| {
        language_ui(ui, editor);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let options = [
                (false, "Edit", "Change the card and what the step does"),
                (true, "Preview", "The card as a pupil sees it"),
            ];
            segmented_ui(ui, &mut editor.is_preview, &options);
        });
    });
}

/// The languages of the cards, and those that the program has and the lesson does not have yet.
fn language_ui(ui: &mut Ui, editor: &mut Editor) {
    let name =
        |code: &str| language::Language::find(code).map_or_else(|| code.to_owned(), |found| found.name.to_owned());
    let combo = ComboBox::from_id_salt("language").width(120.0).selected_text(name(&editor.language));
    let codes: Vec<String> = editor.draft.cards.keys().cloned().collect();
    let shown = combo.show_ui(ui, |ui| {
        for code in &codes {
            ui.selectable_value(&mut editor.language, code.clone(), name(code));
        }
        let is_new = |code: &&str| !codes.iter().any(|known| known == code);
        for code in language::LANGUAGES.iter().map(|found| found.code).filter(is_new) {
            let text = tr(format!("Add {}", name(code))).into_owned();
            let help = "Begins with the cards in English, to be translated.";
            if ui.selectable_label(false, text).on_hover_text(tr(help)).clicked() {
                editor.draft.add_language(code);
                editor.language = code.to_owned();
            }
        }
    });
    shown.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Language of the cards")));
}

/// The steps by their numbers, and what is done with them.
fn steps_ui(ui: &mut Ui, editor: &mut Editor, cx: &mut Cx<'_>) {
    let (count, now) = (editor.draft.plan.steps.len(), editor.step);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
        for at in 0..count {
            let title = editor.draft.cards.get(&editor.language).and_then(|cards| cards.cards.get(at));
            let title = title.map_or_else(String::new, |card| card.title.clone());
            let button = Button::selectable(at == now, (at + 1).to_string()).min_size(vec2(24.0, ROW));
            let name = tr(format!("Step {}", at + 1));
            if ui.add(button).on_hover_text(title).accessible_name(name).clicked() {
                act(cx, EditAction::Step(at));
            }
        }
        ui.add_space(GRID);
        if icon_button_ui(ui, ICON_ADD, "Add a step behind this one").clicked() {
            editor.draft.add_step(now, false);
            act(cx, EditAction::Step(now + 1));
        }
        if icon_button_ui(ui, ICON_CONTENT_COPY, "Duplicate this step").clicked() {
            editor.draft.add_step(now, true);
            act(cx, EditAction::Step(now + 1));
        }
        ui.add_enabled_ui(now > 0, |ui| {
            if icon_button_ui(ui, ICON_ARROW_BACK, "Move this step to the front").clicked() {
                editor.draft.swap_steps(now, now - 1);
                editor.step = now - 1;
            }
        });
        ui.add_enabled_ui(now + 1 < count, |ui| {
            if icon_button_ui(ui, ICON_ARROW_FORWARD, "Move this step to the back").clicked() {
                editor.draft.swap_steps(now, now + 1);
                editor.step = now + 1;
            }
        });
        ui.add_enabled_ui(count > 1, |ui| {
            if icon_button_ui(ui, ICON_DELETE, "Remove this step").clicked() {
                editor.before_removing("A step was removed.");
                editor.draft.remove_step(now);
                editor.step = now.min(count - 2);
            }
        });
    });
    let mut is_brought_back = false;
    if let Some((what, _)) = &editor.removed {
        ui.horizontal(|ui| {
            caption_ui(ui, what);
            is_brought_back = ui.button(tr("Bring it back")).clicked();
        });
    }
    if let Some((_, before)) = editor.removed.take_if(|_| is_brought_back) {
        editor.draft = before;
        editor.step = editor.step.min(editor.draft.plan.steps.len() - 1);
    }
    ui.add_space(GRID);
}

fn foot_ui(ui: &mut Ui, editor: &Editor, cx: &mut Cx<'_>) {
    let is_right = editor.faults.is_empty();
    let why = tr("Repair what is listed at the end of the card first");
    ui.horizontal_centered(|ui| {
        let size = vec2(64.0, 28.0);
        let text = RichText::new(tr("Try it")).color(if is_right {
            Palette::of(ui).on_accent
        } else {
            Palette::of(ui).muted
        });
        let mut button = Button::new(text).min_size(size);
        if is_right {
            button = button.fill(Palette::of(ui).accent);
        }
        let shown = ui.add_enabled(is_right, button).accessible_name(tr("Try it"));
        let help = "Takes the lesson from this step on, as a pupil who has solved the steps before. Leave it to come back here.";
        if shown.on_hover_text(tr(help)).on_disabled_hover_text(&*why).clicked() {
            act(cx, EditAction::Try);
        }
        let check = ui.add_enabled(is_right, Button::new(tr("Train the solutions")).min_size(size));
        let help = "Trains the solution of each step with a goal and tells whether the goal is reached.";
        if check.on_hover_text(tr(help)).on_disabled_hover_text(&*why).clicked() {
            act(cx, EditAction::Check);
        }
    });
}

/// What is wrong with the lesson, each with its step.
fn faults_ui(ui: &mut Ui, editor: &Editor) {
    if editor.faults.is_empty() {
        return;
    }
    ui.add_space(3.0 * GRID);
    caption_ui(ui, "To repair");
    for fault in &editor.faults {
        let what = &fault.what;
        let language =
            |code: &str| language::Language::find(code).map_or_else(|| code.to_owned(), |it| it.name.to_owned());
        let text = match editor.draft.place_of(fault) {
            (Some(step), Some(ENGLISH)) => format!("Step {}: {what}", step + 1),
            (Some(step), Some(code)) => format!("Step {} in {}: {what}", step + 1, language(code)),
            (None, Some(code)) if code != ENGLISH => format!("In {}: {what}", language(code)),
            _ => what.clone(),
        };
        warning_ui(ui, &text);
    }
}

impl LessonEditorView {
    /// The card as a pupil sees it, with the right choice marked and everything unfolded.
    fn preview_ui(&mut self, ui: &mut Ui, editor: &mut Editor) {
        let is_first = editor.step == 0;
        let (title, about) = (editor.cards().title.clone(), editor.cards().about.clone());
        let Some(card) = editor.card().cloned() else { return };
        if is_first {
            ui.label(theme::strong(title));
            self.text_ui(ui, editor, &about);
        }
        ui.label(theme::heading(&card.title));
        ui.add_space(GRID);
        self.text_ui(ui, editor, &card.text);
        if let Some(question) = &card.question {
            ui.add_space(3.0 * GRID);
            caption_ui(ui, "Question");
            self.text_ui(ui, editor, &question.text);
            for (at, choice) in question.choices.iter().enumerate() {
                ui.horizontal_top(|ui| {
                    let palette = Palette::of(ui);
                    let (icon, color) = match at == question.right {
                        true => (ICON_CHECK_CIRCLE, palette.good),
                        false => (ICON_RADIO_BUTTON_UNCHECKED, palette.muted),
                    };
                    ui.label(icon.rich_text().size(18.0).color(color));
                    ui.vertical(|ui| self.text_ui(ui, editor, choice));
                });
            }
            caption_ui(ui, "Answer");
            self.text_ui(ui, editor, &question.answer);
        }
        for (at, hint) in card.hints.iter().enumerate() {
            caption_ui(ui, &format!("Hint {}", at + 1));
            self.text_ui(ui, editor, hint);
        }
    }

    fn text_ui(&mut self, ui: &mut Ui, editor: &Editor, text: &str) {
        let (blocks, _) = crate::lesson::markdown::read(text);
        let mut picture = |ui: &Ui, name: &str| {
            let bytes = editor.draft.picture(name)?;
            let texture = self.pictures.entry((name.to_owned(), bytes.len())).or_insert_with(|| {
                let image = image::load_from_memory(bytes).ok()?.to_rgba8();
                let size = [image.width() as usize, image.height() as usize];
                let pixels = ColorImage::from_rgba_unmultiplied(size, image.as_raw());
                Some(ui.ctx().load_texture(name, pixels, egui::TextureOptions::LINEAR))
            });
            texture.clone()
        };
        crate::ui::widgets::card_text::card_text_ui(ui, &blocks, &mut picture);
    }
}

/// Whether the cards that are written are those in English, which the others are translated from.
fn is_english(editor: &Editor) -> bool {
    editor.language == ENGLISH
}
