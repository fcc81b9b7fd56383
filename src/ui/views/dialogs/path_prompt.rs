//! The field that asks for a path where the desktop has no file dialog.

use std::path::PathBuf;

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::text_edit::TextEditState;
use eframe::egui::{Button, Key, Label, RichText, TextEdit, Ui};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::ui::commands::{PathFor, Situation};
use crate::ui::theme::{self, GRID, Palette};

/// A path that is being typed.
pub struct PathPrompt {
    wanted: PathFor,
    text: String,
    is_new: bool,
}

impl PathPrompt {
    /// A prompt that starts with a suggested path.
    pub fn new(wanted: PathFor, suggestion: String) -> Self {
        Self { wanted, text: suggestion, is_new: true }
    }
}

impl Dialog for PathPrompt {
    fn id(&self) -> &'static str {
        "path prompt"
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        ui.set_width(420.0);
        ui.label(theme::heading(self.wanted.title()));
        ui.add_space(GRID);
        let why = "This desktop shows no file dialog. Type the path here.";
        ui.add(Label::new(RichText::new(tr(why)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        let field = ui.add(TextEdit::singleline(&mut self.text).desired_width(f32::INFINITY));
        let field = field.accessible_name(tr("Path"));
        if std::mem::take(&mut self.is_new) {
            field.request_focus();
            // What is proposed gives way to what is typed.
            let mut state = TextEditState::load(ui, field.id).unwrap_or_default();
            let all = CCursorRange::two(CCursor::new(0), CCursor::new(self.text.chars().count()));
            state.cursor.set_char_range(Some(all));
            state.store(ui, field.id);
        }
        let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(2.0 * GRID);
        let path = self.text.trim();
        ui.horizontal(|ui| {
            let is_pressed = ui.add_enabled(!path.is_empty(), Button::new(tr("Use this path"))).clicked();
            match ui.button(tr("Cancel")).clicked() {
                true => Next::Close,
                false if !path.is_empty() && (is_pressed || is_entered) => {
                    Next::Do(self.wanted.request(PathBuf::from(path)).into())
                }
                false => Next::Stay,
            }
        })
        .inner
    }
}
