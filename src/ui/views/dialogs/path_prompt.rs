//! Which path an action needs, and the field that asks for it where the desktop has no file dialog.

use std::path::PathBuf;

use eframe::egui::{Context, Id, Key, Label, Modal, RichText, TextEdit, Ui};

use crate::ui::Action;
use crate::ui::theme::{self, GRID, Palette};

/// What a path is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFor {
    OpenProject,
    SaveProject,
    SaveRun,
    OpenDrawing,
    SaveDrawing,
    /// The folder of the source of this name.
    DataFolder(&'static str),
    /// The file of the source of this name.
    DataFile(&'static str),
}

impl PathFor {
    pub fn action(self, path: PathBuf) -> Action {
        match self {
            Self::OpenProject => Action::Open(path),
            Self::SaveProject => Action::SaveTo(path),
            Self::SaveRun => Action::SaveRunIn(path),
            Self::OpenDrawing => Action::OpenDrawing(path),
            Self::SaveDrawing => Action::SaveDrawingTo(path),
            Self::DataFolder(source) | Self::DataFile(source) => {
                Action::UseSource(format!("{source}:{}", path.display()))
            }
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::OpenProject => "Open a project",
            Self::SaveProject => "Save the project",
            Self::SaveRun => "Save the run",
            Self::OpenDrawing => "Open a drawing",
            Self::SaveDrawing => "Save the drawing",
            Self::DataFolder(_) => "Read samples from a folder",
            Self::DataFile(_) => "Read samples from a file",
        }
    }
}

/// A path that is being typed.
pub struct Asking {
    wanted: PathFor,
    text: String,
    is_new: bool,
}

impl Asking {
    pub fn new(wanted: PathFor, suggestion: String) -> Self {
        Self { wanted, text: suggestion, is_new: true }
    }

    /// Draws the field over the window; the action when the path is there, or `Nothing` when nobody wants it any more.
    pub fn show(&mut self, ctx: &Context) -> Option<Action> {
        let modal = Modal::new(Id::unique("path")).show(ctx, |ui| self.contents_ui(ui));
        match modal.inner {
            Some(action) => Some(action),
            None => modal.should_close().then_some(Action::Nothing),
        }
    }

    fn contents_ui(&mut self, ui: &mut Ui) -> Option<Action> {
        ui.set_width(420.0);
        ui.label(theme::heading(self.wanted.title()));
        ui.add_space(GRID);
        let why = "This desktop shows no file dialog. Type the path here, or drop a file on the window.";
        ui.add(Label::new(RichText::new(why).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        let field = ui.add(TextEdit::singleline(&mut self.text).desired_width(f32::INFINITY));
        let field = field.accessible_name("Path");
        if std::mem::take(&mut self.is_new) {
            field.request_focus();
        }
        let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(2.0 * GRID);
        let path = self.text.trim();
        ui.horizontal(|ui| {
            let is_pressed = ui.add_enabled(!path.is_empty(), eframe::egui::Button::new("Use this path")).clicked();
            if !path.is_empty() && (is_pressed || is_entered) {
                return Some(self.wanted.action(PathBuf::from(path)));
            }
            ui.button("Cancel").clicked().then_some(Action::Nothing)
        })
        .inner
    }
}
