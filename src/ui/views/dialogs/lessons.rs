//! The list of lessons: what one can do afterwards, how long each takes, and how far one is.

use std::sync::Arc;

use eframe::egui::{Label, RichText, Ui};

use super::dialog::{Dialog, Next};
use crate::language;
use crate::language::tr;
use crate::lesson::progress::Progress;
use crate::lesson::{Lesson, built_in};
use crate::ui::commands::request::LessonAction;
use crate::ui::commands::{Command, Request, Situation};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::pick_list::{Line, PickList};

const WIDTH: f32 = 640.0;

/// What the window keeps free above and below the list.
const AROUND: f32 = 260.0;

const HELP: &str = "A lesson puts your project aside and brings it back when you leave. Others are opened from a file or a folder, \
                    or dropped on the window.";

/// The dialog that lists the lessons.
pub struct LessonList {
    list: PickList,
    /// Each lesson with what stands at the right end of its line.
    lessons: Vec<(Arc<Lesson>, String)>,
}

impl LessonList {
    /// The lessons of the program, and how far each is.
    pub fn new(progress_of: impl Fn(&str) -> Option<Progress>) -> Self {
        let mark = |lesson: &Lesson| match progress_of(&lesson.name).filter(|progress| progress.is_of(lesson)) {
            Some(progress) if progress.is_done => format!("done · {} min", lesson.minutes),
            Some(progress) => {
                format!("step {} of {} · {} min", progress.step + 1, lesson.steps.len(), lesson.minutes)
            }
            None => format!("{} min", lesson.minutes),
        };
        let read = built_in::names().filter_map(|name| match Lesson::find(name) {
            Ok(lesson) => Some(Arc::new(lesson)),
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        });
        let lessons = read.map(|lesson| (Arc::clone(&lesson), mark(&lesson))).collect();
        Self { list: PickList::default(), lessons }
    }
}

impl Dialog for LessonList {
    fn id(&self) -> &'static str {
        "lessons"
    }

    fn ui(&mut self, ui: &mut Ui, _: &Situation) -> Next {
        let window = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(window.x - 16.0 * GRID));
        ui.label(theme::heading("Lessons"));
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        let language = language::code();
        let abouts: Vec<String> =
            self.lessons.iter().map(|(lesson, _)| lesson.cards(language).about.replace('\n', " ")).collect();
        let lines: Vec<Line<'_>> = self
            .lessons
            .iter()
            .zip(&abouts)
            .map(|((lesson, mark), about)| Line {
                name: &lesson.cards(language).title,
                help: about,
                group: "",
                mark,
                is_possible: true,
                is_muted: false,
            })
            .collect();
        let taken = self.list.ui(ui, "Search lessons", (window.y - AROUND).max(200.0), &lines, |at, line| {
            line.clone().on_hover_text(lines[at].help);
        });
        if let Some((lesson, _)) = taken.and_then(|taken| self.lessons.get(taken)) {
            return Next::Do(Request::Lesson(LessonAction::Open(lesson.name.clone())).into());
        }
        ui.add_space(2.0 * GRID);
        let mut next = Next::Stay;
        ui.horizontal(|ui| {
            for (name, command) in [
                ("Open a file…", Command::Open),
                ("Open a folder…", Command::OpenFolder),
                (Command::RecordLesson.label(), Command::RecordLesson),
                (Command::EditLesson.label(), Command::EditLesson),
            ] {
                if ui.button(tr(name)).on_hover_text(tr(command.help())).clicked() {
                    next = Next::Do(command.into());
                }
            }
            if ui.button(tr("Close")).clicked() {
                next = Next::Close;
            }
        });
        next
    }
}
