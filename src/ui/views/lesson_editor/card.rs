//! The fields of a card: heading, text, question and hints.

use eframe::egui::{DragValue, Role, TextEdit, Ui, WidgetInfo};
use egui_material_icons::icons::{ICON_ADD, ICON_CLOSE, ICON_IMAGE};

use super::is_english;
use crate::language::tr;
use crate::lesson::cards::{CHOICES, HINTS};
use crate::ui::commands::{PathFor, Request};
use crate::ui::state::lesson_editor::Editor;
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::{button_ui, icon_button_ui};
use crate::ui::widgets::text::caption_ui;

const MARKDOWN: &str = "Markdown: paragraphs, lists, tables, **bold**, *italic*, `code`, a formula between $ signs, a picture as ![what it shows](file.png)";

/// The card of the step in the language that is written.
pub fn card_ui(ui: &mut Ui, editor: &mut Editor, cx: &mut Cx<'_>) {
    if editor.step == 0 {
        ui.horizontal(|ui| {
            caption_ui(ui, "Minutes");
            let minutes = ui.add(DragValue::new(&mut editor.draft.plan.minutes).range(1..=600));
            minutes.on_hover_text(tr("How long the lesson takes")).accessible_name(tr("Minutes"));
        });
        let cards = editor.cards();
        line_ui(ui, "Title of the lesson", &mut cards.title);
        text_ui(ui, "What one can do afterwards", &mut cards.about, 2);
        ui.add_space(2.0 * GRID);
    }
    let Some(card) = editor.card() else { return };
    line_ui(ui, "Heading of the step", &mut card.title);
    text_ui(ui, "Text of the card", &mut card.text, 9).on_hover_text(tr(MARKDOWN));
    if button_ui(ui, true, ICON_IMAGE, "Insert a picture…", Default::default()).clicked() {
        cx.act(Request::ChoosePath(PathFor::AddPicture));
    }
    question_ui(ui, editor);
    hints_ui(ui, editor);
}

fn question_ui(ui: &mut Ui, editor: &mut Editor) {
    ui.add_space(2.0 * GRID);
    let step = editor.step;
    let mut is_asked = editor.draft.has_question(step);
    let help = "Answered before the run: nothing is trained in a step with a goal until then.";
    if ui.checkbox(&mut is_asked, tr("A question before the run")).on_hover_text(tr(help)).changed() {
        if !is_asked {
            editor.before_removing("The question was removed.");
        }
        editor.draft.ask(step, is_asked);
    }
    let can_change = is_english(editor);
    let Some(question) = editor.card().and_then(|card| card.question.as_mut()) else { return };
    text_ui(ui, "Question", &mut question.text, 2);
    let (mut right, mut removed, mut is_added) = (question.right, None, false);
    let count = question.choices.len();
    for (at, choice) in question.choices.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let radio = ui.radio(right == at, "").on_hover_text(tr("The right answer"));
            radio.widget_info(|| {
                let name = format!("Choice {} is right", at + 1);
                WidgetInfo::selected(Role::RadioButton, true, right == at, tr(name))
            });
            if radio.clicked() {
                right = at;
            }
            let field = TextEdit::singleline(choice).desired_width(ui.available_width() - 32.0);
            ui.add(field).accessible_name(tr(format!("Choice {}", at + 1)));
            ui.add_enabled_ui(count > *CHOICES.start() && can_change, |ui| {
                if icon_button_ui(ui, ICON_CLOSE, "Remove this choice").clicked() {
                    removed = Some(at);
                }
            });
        });
    }
    if count < *CHOICES.end() && can_change {
        is_added = button_ui(ui, true, ICON_ADD, "Add a choice", Default::default()).clicked();
    }
    text_ui(ui, "Answer", &mut question.answer, 3)
        .on_hover_text(tr("Why it is so. It is shown when the question has been answered."));
    // All languages have the same choices in the same places.
    for question in editor.draft.questions(step) {
        if is_added {
            question.choices.push(String::new());
        }
        question.right = right;
        if let Some(at) = removed.filter(|at| *at < question.choices.len()) {
            question.choices.remove(at);
            question.right -= usize::from(at < right);
            question.right = question.right.min(question.choices.len() - 1);
        }
    }
}

/// The hints of a step with a goal; others have none.
fn hints_ui(ui: &mut Ui, editor: &mut Editor) {
    let step = editor.step;
    let has_goal = editor.draft.plan.steps.get(step).is_some_and(|plan| !plan.goal.is_empty());
    let Some(card) = editor.card() else { return };
    if !has_goal && card.hints.is_empty() {
        return;
    }
    ui.add_space(2.0 * GRID);
    if has_goal {
        card.hints.resize(HINTS, String::new());
    }
    const ABOUT: [&str; HINTS] = ["A small push", "A clearer one", "What to do exactly"];
    for (at, hint) in card.hints.iter_mut().enumerate() {
        let help = ABOUT.get(at).copied().unwrap_or_default();
        text_ui(ui, &format!("Hint {} of {HINTS}", at + 1), hint, 2).on_hover_text(tr(help));
    }
    if !has_goal && ui.button(tr("Remove the hints, which help to reach a goal")).clicked() {
        card.hints.clear();
    }
}

/// One line to write in, below its name.
pub fn line_ui(ui: &mut Ui, name: &str, text: &mut String) {
    caption_ui(ui, name);
    ui.add(TextEdit::singleline(text).desired_width(f32::INFINITY)).accessible_name(tr(name));
}

fn text_ui(ui: &mut Ui, name: &str, text: &mut String, rows: usize) -> eframe::egui::Response {
    caption_ui(ui, name);
    ui.add(TextEdit::multiline(text).desired_width(f32::INFINITY).desired_rows(rows)).accessible_name(tr(name))
}
