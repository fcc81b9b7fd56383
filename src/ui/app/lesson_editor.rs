//! The editor of lessons: opened on a folder, saved as one types, tried as a pupil would, and closed.

use std::path::{Path, PathBuf};

use eframe::egui::Context;

use super::history::History;
use super::{Document, Studio};
use crate::lesson::draft::Draft;
use crate::lesson::solve::Solver;
use crate::lesson::{Files, Lesson, LessonError};
use crate::ui::commands::request::EditAction;
use crate::ui::jobs::report::Report;
use crate::ui::state::lesson_editor::Editor;
use crate::ui::state::put_aside::Own;
use crate::ui::state::window_state::Place;

/// A window that is narrower has no room for the network beside the editor, and one that is still narrower none for the settings; F6 and
/// F7 show them.
const WIDE: f32 = 1480.0;
const LEAST: f32 = 1180.0;

/// Seconds after the last change in which the files are written.
const SOON: f64 = 0.7;

impl Studio {
    pub(super) fn act_in_editor(&mut self, ctx: &Context, action: EditAction) {
        match action {
            EditAction::Record(folder) => {
                let begun = Draft::begin(&folder, &self.document.project, self.shown_view(Place::Center));
                return self.edit_lesson(ctx, begun);
            }
            EditAction::Open(folder) => return self.edit_lesson(ctx, Draft::open(&folder)),
            EditAction::Adapt(folder) => {
                let Some(name) = self.lessons.on.as_ref().map(|on| on.lesson.address()) else { return };
                return self.edit_lesson(ctx, Files::find(&name).and_then(|files| Draft::copy(&files, &folder)));
            }
            EditAction::Close => return self.close_editor(),
            _ => {}
        }
        self.save_draft(None);
        let Some(editor) = &mut self.lessons.editor else { return };
        match action {
            EditAction::Step(step) => {
                let left = editor.step;
                let is_lost = step != left && !editor.differences(&self.document.project).is_empty();
                editor.step = step.min(editor.draft.plan.steps.len() - 1);
                if is_lost {
                    let text = format!("What was changed on the screen was not taken into step {}.", left + 1);
                    self.notices.tell(text);
                }
                self.show_step();
            }
            EditAction::Take(taken) => match editor.take(&self.document.project, taken) {
                Ok(()) => self.save_draft(None),
                Err(why) => self.notices.warn(format!("The step cannot take what is on the screen: {why}.")),
            },
            EditAction::PutBack => self.show_step(),
            EditAction::AddPicture(path) => match editor.draft.add_picture(&path) {
                Ok(name) => {
                    if let Some(card) = editor.card() {
                        card.text = format!("{}\n\n![…]({name})", card.text.trim_end());
                    }
                    self.notices.tell("Write in words what the picture shows in place of the dots.");
                }
                Err(error) => self.notices.warn(format!("{error}.")),
            },
            EditAction::Try => self.try_lesson(ctx),
            EditAction::Check => self.check_lesson(ctx),
            EditAction::Record(_) | EditAction::Open(_) | EditAction::Adapt(_) | EditAction::Close => {}
        }
        ctx.request_repaint();
    }

    /// Opens the editor; what is on the screen is put aside.
    fn edit_lesson(&mut self, ctx: &Context, draft: Result<Draft, LessonError>) {
        let draft = match draft {
            Ok(draft) => draft,
            Err(error) => return self.notices.warn(format!("{error}.")),
        };
        self.leave_lesson();
        self.close_editor();
        let sides = (self.window.is_left_open, self.window.is_right_open);
        let Document { project, path } = self.document.clone();
        let own = Own { project, path, saved: Some(self.saved.clone()), sides };
        self.window.remember_file(draft.folder());
        self.lessons.editor = Some(Editor::new(draft, own));
        self.lessons.touch();
        let width = ctx.content_rect().width();
        self.window.is_left_open &= width >= WIDE;
        self.window.is_right_open &= width >= LEAST;
        self.show_step();
        self.notices.tell("Your project is put aside until the editor is closed. What you write is saved as you type.");
        ctx.request_repaint();
    }

    /// Shows the project of the step that is written.
    pub(super) fn show_step(&mut self) {
        let Some(editor) = &self.lessons.editor else { return };
        let view = editor.draft.plan.steps.get(editor.step).and_then(|step| step.view.clone());
        match editor.draft.shown_at(editor.step) {
            Ok(project) => self.show_document(Document::new(project)),
            Err(why) => self.notices.warn(format!("The project of this step cannot be shown: {why}.")),
        }
        self.saved = self.document.project.clone();
        self.history = History::default();
        if let Some(view) = view {
            self.show_view(&view);
        }
        self.lessons.touch();
    }

    fn close_editor(&mut self) {
        self.save_draft(None);
        let Some(editor) = self.lessons.editor.take() else { return };
        let Own { project, path, saved, sides } = editor.own;
        (self.window.is_left_open, self.window.is_right_open) = sides;
        self.show_document(Document { project, path });
        self.saved = saved.unwrap_or_else(|| self.document.project.clone());
        self.history = History::default();
        self.lessons.touch();
        let place = editor.draft.folder().display();
        self.notices.tell(format!("The lesson is in {place}, and your project is back."));
    }

    /// Writes the lesson when nothing was changed for a moment.
    pub(super) fn follow_editor(&mut self, ctx: &Context) {
        let Some(editor) = self.lessons.editor.as_mut().filter(|_| self.lessons.on.is_none()) else { return };
        if !editor.is_changed() {
            return;
        }
        let now = ctx.input(|input| input.time);
        let typed = ctx.input(|input| !input.events.is_empty());
        let since = *editor.changed.get_or_insert(now);
        if typed {
            editor.changed = Some(now);
        }
        match now - since {
            passed if passed >= SOON && !typed => self.save_draft(Some(ctx)),
            _ => ctx.request_repaint_after_secs(SOON as f32),
        }
    }

    /// Writes the lesson at once, if it was changed.
    fn save_draft(&mut self, ctx: Option<&Context>) {
        let Some(editor) = self.lessons.editor.as_mut() else { return };
        editor.changed = None;
        if !editor.is_changed() {
            return;
        }
        // One that cannot be written would be tried in every frame.
        editor.saved = editor.draft.clone();
        match editor.draft.save() {
            Ok(()) => editor.faults = editor.draft.faults(),
            Err(error) => self.notices.warn(format!("The lesson could not be saved: {error}.")),
        }
        ctx.into_iter().for_each(Context::request_repaint);
    }

    /// Opens the lesson at the step that is written, as a pupil would have it who has solved the steps before.
    fn try_lesson(&mut self, ctx: &Context) {
        let Some(editor) = &self.lessons.editor else { return };
        let (folder, step) = (editor.draft.folder().to_owned(), editor.step);
        let name = match Lesson::open(&folder) {
            Ok(lesson) => lesson.name,
            Err(error) => return self.notices.warn(format!("{error}.")),
        };
        self.lessons.others.remove(&name);
        self.open_lesson_at(ctx, &folder.to_string_lossy(), step);
    }

    /// Tells what is wrong with the lesson, and whether its solutions reach its goals.
    fn check_lesson(&mut self, ctx: &Context) {
        let Some(editor) = &self.lessons.editor else { return };
        let folder: PathBuf = editor.draft.folder().to_owned();
        self.tasks.spawn(ctx, "checking the lesson", move || checked(&folder));
    }
}

/// Trains every solution of a lesson.
fn checked(folder: &Path) -> Report {
    let lesson = match Lesson::open(folder) {
        Ok(lesson) => lesson,
        Err(error) => return Report::Warned(format!("{error}.")),
    };
    let mut solver = Solver::default();
    let goals = (0..lesson.steps.len()).filter(|at| lesson.steps[*at].solution.is_some());
    let mut told = Vec::new();
    for step in goals {
        match solver.solve(&lesson, step, None) {
            Ok(solved) if solved.is_reached => told.push(step),
            Ok(solved) => {
                let values = solved.told(&lesson.steps[step].goal).join(", ");
                return Report::Warned(format!("The solution of step {} does not reach its goal: {values}.", step + 1));
            }
            Err(why) => {
                return Report::Warned(format!("The solution of step {} cannot be trained: {why}.", step + 1));
            }
        }
    }
    let count = told.len();
    Report::Told(match count {
        0 => "Nothing is wrong with the lesson. It has no goals.".to_owned(),
        1 => "Nothing is wrong with the lesson, and the solution reaches its goal.".to_owned(),
        _ => format!("Nothing is wrong with the lesson, and all {count} solutions reach their goals."),
    })
}
