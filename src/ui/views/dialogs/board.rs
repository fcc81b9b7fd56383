//! The class board as a teacher shows it: a line for each pupil, read again each second while it is open.

mod lines;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::{Align, Button, Checkbox, Label, Layout, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::icons::ICON_CLOSE;

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::lesson::board::{Board, Pupil, Unread};
use crate::lesson::class::{self, Order};
use crate::ui::commands::board::BoardAction;
use crate::ui::commands::{PathFor, Request, Situation};
use crate::ui::jobs::board::BoardQuery;
use crate::ui::jobs::derived::Derived;
use crate::ui::theme::{self, GRID};
use crate::ui::widgets::button::{icon_button_ui, segmented_ui};
use crate::ui::widgets::text::{placeholder_ui, warning_ui};

/// From one look at the folder to the next.
const EVERY: Duration = Duration::from_secs(1);

/// A folder that has not answered for so long is told.
const SLOW: Duration = Duration::from_secs(5);

/// What stays free around the board.
const AROUND: f32 = 64.0;

/// From this width on the sentence about the class is as large as a number that matters.
const WIDE: f32 = 1100.0;

/// Files that cannot be read and are named at most.
const MOST_UNREAD: usize = 3;

/// The dialog.
pub struct ClassBoard {
    query: BoardQuery,
    boards: Derived<BoardQuery>,
    asked: Instant,
    answered: Instant,
    order: Order,
    hides_names: bool,
    /// The files in the order in which they came, which numbers the pupils.
    files: Vec<String>,
    shown: Option<(u64, Result<Board, String>)>,
}

impl ClassBoard {
    /// The board of a folder.
    pub fn new(folder: PathBuf, hides_names: bool) -> Self {
        let now = Instant::now();
        Self {
            query: BoardQuery { folder, round: 0 },
            boards: Derived::default(),
            asked: now,
            answered: now,
            order: Order::default(),
            hides_names,
            files: Vec::new(),
            shown: None,
        }
    }

    /// Looks at the folder again, if it is time, and takes what was found.
    fn look(&mut self, ui: &Ui) {
        if self.asked.elapsed() >= EVERY && self.boards.current().is_some() {
            (self.asked, self.query.round) = (Instant::now(), self.query.round + 1);
        }
        let latest = self.boards.ask(ui.ctx(), self.query.clone());
        ui.ctx().request_repaint_after(EVERY.saturating_sub(self.asked.elapsed()).max(Duration::from_millis(250)));
        let Some(latest) = latest.filter(|latest| self.shown.as_ref().is_none_or(|(at, _)| *at != latest.version))
        else {
            return;
        };
        self.answered = Instant::now();
        if let Ok(board) = &latest.answer {
            let mut new: Vec<&Pupil> = board.pupils.iter().filter(|pupil| !self.files.contains(&pupil.file)).collect();
            // The numbers say nothing of the names, whose order would.
            new.sort_by_key(|pupil| (&pupil.standing.machine, &pupil.file));
            self.files.extend(new.into_iter().map(|pupil| pupil.file.clone()));
        }
        self.shown = Some((latest.version, latest.answer.clone()));
    }

    /// The name of a pupil, or the number in its place.
    fn name(&self, pupil: &Pupil) -> String {
        if !self.hides_names {
            return pupil.standing.name.clone();
        }
        self.number(pupil).to_string()
    }

    /// From 1 on.
    fn number(&self, pupil: &Pupil) -> usize {
        self.files.iter().position(|file| *file == pupil.file).map_or(0, |at| at + 1)
    }

    fn head_ui(&mut self, ui: &mut Ui) -> Next {
        let mut next = Next::Stay;
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), theme::ROW),
            Layout::right_to_left(Align::Center),
            |ui| {
                if icon_button_ui(ui, ICON_CLOSE, "Close").clicked() {
                    next = Next::Close;
                }
                if ui
                    .add(Button::new(tr("Another folder…")))
                    .on_hover_text(self.query.folder.display().to_string())
                    .clicked()
                {
                    next = Next::Keep(Request::ChoosePath(PathFor::WatchBoard).into());
                }
                let hide = Checkbox::new(&mut self.hides_names, tr("Hide names"));
                let help =
                    "Numbers stand in place of the names: not everybody who sees the wall may know who has which value";
                if ui.add(hide).on_hover_text(tr(help)).changed() {
                    next = Next::Keep(Request::Board(BoardAction::HideNames(self.hides_names)).into());
                }
                ui.add_space(2.0 * GRID);
                let orders = [
                    (Order::Name, if self.hides_names { "By number" } else { "By name" }, "The order of the lines"),
                    (Order::Value, "By value", "The best value first"),
                ];
                segmented_ui(ui, &mut self.order, &orders);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(theme::heading("Class board")).truncate())
                });
            },
        );
        next
    }

    fn board_ui(&self, ui: &mut Ui, board: &Board) {
        let mut pupils = board.pupils.clone();
        class::sort(&mut pupils, self.order);
        if self.hides_names && self.order == Order::Name {
            pupils.sort_by_key(|pupil| self.number(pupil));
        }
        if pupils.is_empty() && board.unread.is_empty() {
            let text = format!(
                "Nobody is on the board yet. Each pupil opens the command palette (Ctrl+K), chooses Join a class board… and names this folder: {}",
                self.query.folder.display()
            );
            return placeholder_ui(ui, &text);
        }
        let told = class::sentence(&pupils, |pupil| self.name(pupil));
        let size = if ui.available_width() >= WIDE { theme::NUMBER } else { theme::HEADING };
        ui.add(Label::new(RichText::new(tr(told)).size(size)).wrap());
        ui.add_space(2.0 * GRID);
        let unread = unread_lines(&board.unread, self.hides_names);
        let height = (ui.available_height() - unread.len() as f32 * theme::ROW).max(4.0 * theme::ROW);
        let summary = class::summary(&pupils);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            lines::lines_ui(ui, &pupils, summary.as_ref(), &|pupil| self.name(pupil));
        });
        ScrollArea::vertical().id_salt("unread").show(ui, |ui| unread.iter().for_each(|line| warning_ui(ui, line)));
    }
}

impl Dialog for ClassBoard {
    fn id(&self) -> &'static str {
        "class_board"
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        self.look(ui);
        let size = ui.ctx().content_rect().size() - vec2(AROUND, AROUND);
        ui.set_min_size(size);
        ui.set_max_size(size);
        let next = self.head_ui(ui);
        ui.add_space(GRID);
        if self.answered.elapsed() > SLOW && self.boards.current().is_none() {
            warning_ui(ui, "The folder does not answer. What is shown is how it was before.");
        }
        match &self.shown {
            None => placeholder_ui(ui, "The folder is being read."),
            Some((_, Err(why))) => placeholder_ui(ui, &format!("{why}. It is tried again each second.")),
            Some((_, Ok(board))) => self.board_ui(ui, board),
        }
        next
    }
}

/// What cannot be read, a sentence each. A file has the name of its pupil.
fn unread_lines(unread: &[Unread], hides_names: bool) -> Vec<String> {
    if hides_names && !unread.is_empty() {
        return vec![format!("Files that cannot be read: {}. Show the names to see which.", unread.len())];
    }
    let mut lines: Vec<String> =
        unread.iter().take(MOST_UNREAD).map(|Unread { file, why }| format!("{file}: {why}.")).collect();
    if unread.len() > MOST_UNREAD {
        lines.push(format!("More files that cannot be read: {}.", unread.len() - MOST_UNREAD));
    }
    lines
}
