//! A pupil joins a class board, sees what is written there, and leaves it.

use std::path::{Path, PathBuf};

use eframe::egui::{Button, Key, Label, RichText, TextEdit, Ui};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::lesson::board::LONGEST;
use crate::ui::commands::board::BoardAction;
use crate::ui::commands::{Command, PathFor, Request, Situation};
use crate::ui::state::board::Membership;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::text::{caption_ui, warning_ui};

const WIDTH: f32 = 480.0;

const HELP: &str = "Your teacher names the shared folder. This window writes one small file there, at the end of an epoch, of a run and of \
                    a step of a lesson: your name, the lesson, the epoch and the accuracy or error. Everybody who may open the folder can \
                    read it, and nothing else is sent anywhere.";

/// The dialog.
pub struct JoinBoard {
    /// The board that the pupil is on already.
    joined: Option<Membership>,
    folder: String,
    name: String,
    state: State,
}

enum State {
    /// The first frame, in which what is missing gets the focus.
    New,
    Typing,
    Joining,
    Refused(String),
}

impl JoinBoard {
    /// With what is known.
    pub fn new(joined: Option<Membership>, folder: Option<PathBuf>, name: String) -> Self {
        let folder = folder.map_or_else(String::new, |folder| folder.display().to_string());
        Self { joined, folder, name, state: State::New }
    }

    /// Takes a folder that was chosen.
    pub fn choose(&mut self, folder: &Path) {
        (self.folder, self.state) = (folder.display().to_string(), State::New);
    }

    /// Tells why the board cannot be joined.
    pub fn refuse(&mut self, why: String) {
        self.state = State::Refused(why);
    }
}

impl Dialog for JoinBoard {
    fn id(&self) -> &'static str {
        "join_board"
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID));
        ui.label(theme::heading("Class board"));
        ui.add_space(GRID);
        if let Some(joined) = &self.joined {
            return joined_ui(ui, joined);
        }
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let is_new = matches!(self.state, State::New);
        let mut next = Next::Stay;
        caption_ui(ui, "Shared folder");
        ui.horizontal(|ui| {
            let choose = Button::new(tr("Choose…"));
            let room = ui.available_width() - 96.0;
            let field = ui.add(TextEdit::singleline(&mut self.folder).desired_width(room));
            let field = field.accessible_name(tr("Shared folder"));
            if is_new && self.folder.is_empty() {
                field.request_focus();
            }
            if ui.add(choose).clicked() {
                next = Next::Keep(Request::ChoosePath(PathFor::JoinBoard).into());
            }
        });
        ui.add_space(GRID);
        caption_ui(ui, "Your name");
        let field = TextEdit::singleline(&mut self.name).char_limit(LONGEST).desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name(tr("Your name"));
        if is_new && !self.folder.is_empty() {
            field.request_focus();
        }
        let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(2.0 * GRID);
        if let State::Refused(why) = &self.state {
            warning_ui(ui, why);
            ui.add_space(2.0 * GRID);
        }
        if is_new {
            self.state = State::Typing;
        }
        let (folder, name) = (self.folder.trim(), self.name.trim());
        let can_join = !folder.is_empty() && !name.is_empty() && !matches!(self.state, State::Joining);
        ui.horizontal(|ui| {
            let is_pressed = ui.add_enabled(can_join, Button::new(tr("Join"))).clicked();
            if can_join && (is_pressed || is_entered) {
                let membership = Membership { folder: PathBuf::from(folder), name: name.to_owned() };
                self.state = State::Joining;
                next = Next::Keep(Request::Board(BoardAction::Join(membership)).into());
            }
            if ui.button(tr("Cancel")).clicked() {
                next = Next::Close;
            }
            if matches!(self.state, State::Joining) {
                ui.spinner();
            }
        });
        next
    }
}

/// Where the pupil is, and the way out.
fn joined_ui(ui: &mut Ui, joined: &Membership) -> Next {
    let text = format!("{} is on the class board in this folder:", joined.name);
    ui.add(Label::new(tr(text)).wrap());
    ui.add(Label::new(RichText::new(joined.folder.display().to_string()).color(Palette::of(ui).muted)).wrap());
    ui.add_space(2.0 * GRID);
    ui.horizontal(|ui| {
        let leave = ui.button(tr(Command::LeaveBoard.label())).on_hover_text(tr(Command::LeaveBoard.help()));
        match (leave.clicked(), ui.button(tr("Close")).clicked()) {
            (true, _) => Next::Do(Command::LeaveBoard.into()),
            (_, true) => Next::Close,
            _ => Next::Stay,
        }
    })
    .inner
}
