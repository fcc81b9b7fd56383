//! Class boards: the line that this window writes while its pupil is on one, and the board that a teacher looks at.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::Studio;
use crate::lesson::board;
use crate::ui::commands::PathFor;
use crate::ui::commands::board::BoardAction;
use crate::ui::jobs::report::Report;
use crate::ui::state::board::{Membership, Milestone, standing};
use crate::ui::views::dialogs::board::ClassBoard;
use crate::ui::views::dialogs::join_board::JoinBoard;

/// The least time from one line to the next, and after one that could not be written.
const PAUSE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(10);

/// The task that writes. One at a time: an older line must not be written over a newer one.
const WRITING: &str = "writing on the class board";

/// The line of this window.
#[derive(Default)]
pub(super) struct BoardLine {
    /// The milestone that was passed last; nothing while the window is on no board.
    milestone: Option<Milestone>,
    /// Whether one was passed that is not written yet.
    is_due: bool,
    written: Option<Instant>,
    /// Whether it was told that the line cannot be written.
    is_warned: bool,
    /// A line that is to be taken off its board.
    left: Option<Membership>,
    /// Whether another window of this user writes the line.
    pub(super) is_silent: bool,
}

impl Studio {
    /// Opens the dialog in which a pupil joins a board, or leaves it.
    pub(super) fn ask_board(&mut self, folder: Option<PathBuf>) {
        let (boards, pupil) = (&self.window.boards, self.lessons.on.as_ref().map(|on| on.pupil.clone()));
        match (self.dialogs.get_mut::<JoinBoard>(), folder) {
            (Some(dialog), Some(folder)) => dialog.choose(&folder),
            (_, folder) => {
                let dialog = JoinBoard::new(boards.joined.clone(), folder, pupil.unwrap_or_default());
                self.dialogs.open(dialog);
            }
        }
    }

    pub(super) fn show_class_board(&mut self, ctx: &Context) {
        match &self.window.boards.watched {
            Some(folder) => self.dialogs.open(ClassBoard::new(folder.clone(), self.window.boards.hides_names)),
            None => self.choose(ctx, PathFor::WatchBoard),
        }
    }

    pub(super) fn act_on_board(&mut self, ctx: &Context, action: BoardAction) {
        match action {
            BoardAction::JoinIn(folder) => self.ask_board(Some(folder)),
            BoardAction::Join(membership) => self.join_board(ctx, membership),
            BoardAction::Watch(folder) => {
                let folder = std::path::absolute(&folder).unwrap_or(folder);
                self.window.boards.watched = Some(folder);
                self.show_class_board(ctx);
            }
            BoardAction::HideNames(is_hidden) => self.window.boards.hides_names = is_hidden,
        }
    }

    /// Writes the first line; with it the window is on the board.
    fn join_board(&mut self, ctx: &Context, membership: Membership) {
        let folder = std::path::absolute(&membership.folder).unwrap_or(membership.folder);
        let membership = Membership { folder, ..membership };
        let machine = &mut self.window.boards.machine;
        if machine.is_empty() {
            *machine = board::new_machine();
        }
        let line = standing(&membership, machine, &self.session, &self.lessons);
        self.tasks.spawn(ctx, WRITING, move || {
            let written = line.write(&membership.folder).map_err(|error| format!("{error}."));
            Report::BoardJoined(membership, written)
        });
    }

    pub(super) fn board_joined(&mut self, membership: Membership, result: Result<(), String>) {
        match (result, self.dialogs.get_mut::<JoinBoard>()) {
            (Err(why), Some(dialog)) => dialog.refuse(why),
            (Err(why), None) => self.notices.warn(why),
            (Ok(()), _) => {
                self.dialogs.close::<JoinBoard>();
                self.notices.tell(format!(
                    "{} is on the class board. Press the button of the class to leave it.",
                    membership.name
                ));
                self.window.boards.joined = Some(membership);
                self.board = BoardLine { written: Some(Instant::now()), ..BoardLine::default() };
            }
        }
    }

    pub(super) fn leave_board(&mut self) {
        self.board.left = self.window.boards.joined.take();
        self.dialogs.close::<JoinBoard>();
        self.notices.tell("The window is on no class board any more. Its line is taken off.");
    }

    /// Writes the line of the window when it has passed a milestone. A folder that cannot be reached is told once and tried again.
    pub(super) fn follow_board(&mut self, ctx: &Context) {
        let is_writing = self.tasks.count(WRITING) > 0;
        if let Some(left) = self.board.left.take_if(|_| !is_writing) {
            let machine = self.window.boards.machine.clone();
            return self.tasks.spawn(ctx, WRITING, move || match board::leave(&left.folder, &left.name, &machine) {
                Ok(()) => Report::Nothing,
                Err(error) => Report::Warned(format!("{error}.")),
            });
        }
        let line = &mut self.board;
        let Some(membership) = self.window.boards.joined.as_ref().filter(|_| !line.is_silent) else {
            line.milestone = None;
            return;
        };
        let milestone = Milestone::of(&self.session, &self.lessons);
        if line.milestone.as_ref().is_some_and(|before| milestone.is_news_after(before)) {
            line.is_due = true;
        }
        line.milestone = Some(milestone);
        if !line.is_due || is_writing {
            return;
        }
        let pause = if line.is_warned { RETRY } else { PAUSE };
        let left = line.written.map_or(Duration::ZERO, |written| pause.saturating_sub(written.elapsed()));
        if !left.is_zero() {
            return ctx.request_repaint_after(left);
        }
        (line.is_due, line.written) = (false, Some(Instant::now()));
        let folder = membership.folder.clone();
        let line = standing(membership, &self.window.boards.machine, &self.session, &self.lessons);
        self.tasks.spawn(ctx, WRITING, move || {
            Report::BoardWritten(line.write(&folder).map_err(|error| format!("The class board: {error}.")))
        });
    }

    pub(super) fn board_written(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self.board.is_warned = false,
            Err(why) => {
                self.board.is_due = true;
                if !std::mem::replace(&mut self.board.is_warned, true) {
                    self.notices.warn(why);
                }
            }
        }
    }
}
