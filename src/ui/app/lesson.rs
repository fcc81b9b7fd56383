//! A lesson in the window: begun, followed from step to step, left and handed in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;
use serde_json::Value;

use super::files::{file_stem, short};
use super::history::History;
use super::{Document, Studio};
use crate::lesson::check::PANELS;
use crate::lesson::condition::value_at;
use crate::lesson::handin::{ENDING, HandIn};
use crate::lesson::plan::{StepPlan, apply, is_below};
use crate::lesson::progress::{Progress, RunEntry, now};
use crate::lesson::{Figures, Lesson, LessonError};
use crate::project::run_folder::{PROJECT, weights_to_bytes};
use crate::project::run_log::done_line;
use crate::project::{Project, RunFolder};
use crate::runs::RunInfo;
use crate::runs::compare::difference;
use crate::train::Outcome;
use crate::ui::commands::Request;
use crate::ui::commands::request::LessonAction;
use crate::ui::jobs::report::Report;
use crate::ui::state::lesson::{Begun, Ongoing, Trained};
use crate::ui::state::put_aside::Own;
use crate::ui::state::session::Status;
use crate::ui::views::dialogs::lessons::LessonList;
use crate::ui::widgets::guard::{LOCKED, Marks, set_marks};
use backprop_nn::compress::Precision;

/// A window that is narrower has no room for a lesson and both sides.
const WIDE: f32 = 1340.0;

impl Studio {
    /// Opens a lesson, or the folder of a run, in the first frame, when the size of the window is known.
    #[must_use]
    pub fn beginning_with(mut self, name_or_path: Option<String>) -> Self {
        self.to_open = name_or_path;
        self
    }

    pub(super) fn list_lessons(&mut self) {
        let list = LessonList::new(|name| self.lessons.progress_of(name).cloned());
        self.dialogs.open(list);
    }

    pub(super) fn act_in_lesson(&mut self, ctx: &Context, action: LessonAction) {
        self.lessons.touch();
        match action {
            LessonAction::Open(name) => self.open_lesson(ctx, &name),
            LessonAction::Leave => self.leave_lesson(),
            LessonAction::Restart => {
                let Some(lesson) = self.lessons.on.as_ref().map(|on| Arc::clone(&on.lesson)) else { return };
                self.leave_lesson();
                self.lessons.others.remove(&lesson.name);
                self.open_lesson(ctx, &lesson.address());
            }
            LessonAction::HandInTo(path) => self.hand_in(ctx, path),
            LessonAction::Edit(action) => self.act_in_editor(ctx, action),
            LessonAction::Next => self.go_on_in_lesson(ctx, false),
            LessonAction::Skip => self.go_on_in_lesson(ctx, true),
            LessonAction::Back | LessonAction::Answer(_) | LessonAction::Hint => {
                let Some(on) = &mut self.lessons.on else { return };
                match action {
                    LessonAction::Back => on.shown = on.shown.saturating_sub(1),
                    LessonAction::Answer(choice) => on.answer(choice),
                    _ => on.take_hint(),
                }
            }
        }
    }

    /// Begins a lesson, or goes on where it was left. What is on the screen is put aside.
    pub(super) fn open_lesson(&mut self, ctx: &Context, name: &str) {
        self.open_lesson_at(ctx, name, 0);
    }

    /// The same, at a step that nobody was at yet.
    pub(super) fn open_lesson_at(&mut self, ctx: &Context, name: &str, step: usize) {
        let lesson = match Lesson::find(name) {
            Ok(lesson) => Arc::new(lesson),
            Err(error) => return self.notices.warn(format!("{error}.")),
        };
        self.leave_lesson();
        if let Some(place) = &lesson.place {
            self.window.remember_file(place);
        }
        let progress = self.lessons.others.remove(&lesson.name).filter(|progress| progress.is_of(&lesson));
        let sides = (self.window.is_left_open, self.window.is_right_open);
        let own = Own {
            project: self.document.project.clone(),
            path: self.document.path.clone(),
            saved: Some(self.saved.clone()),
            sides,
        };
        let mut progress = progress.unwrap_or_else(|| Progress { step, ..Progress::begin(&lesson) });
        let project = match progress.take_project(&lesson) {
            Ok(project) => project,
            Err(what) => return self.notices.warn(format!("The lesson {name} cannot begin: {what}.")),
        };
        self.lessons.on = Some(Ongoing::new(lesson, progress, own));
        self.show_document(Document::new(project));
        // Undo must not lead out of the lesson.
        self.history = History::default();
        self.notices.tell("Your project is put aside until the lesson is left.");
        self.begin_step(ctx, true);
    }

    /// Brings back what the lesson has put aside. How far it is is kept.
    pub(super) fn leave_lesson(&mut self) {
        let Some(mut on) = self.lessons.on.take() else { return };
        on.progress.project = serde_json::to_value(&self.document.project).unwrap_or_default();
        let Own { project, path, saved, sides } = on.own;
        self.lessons.others.insert(on.progress.lesson.clone(), on.progress);
        self.lessons.touch();
        (self.window.is_left_open, self.window.is_right_open) = sides;
        self.show_document(Document { project, path });
        self.saved = saved.unwrap_or_else(|| self.document.project.clone());
        self.history = History::default();
        if self.lessons.editor.is_some() {
            return self.show_step();
        }
        self.notices.tell("The lesson was left, and your project is back. How far the lesson is has been kept.");
    }

    fn go_on_in_lesson(&mut self, ctx: &Context, is_skipped: bool) {
        let Some(on) = &mut self.lessons.on else { return };
        if !on.is_at_furthest() {
            on.shown += 1;
            return;
        }
        if let (false, Err(why)) = (is_skipped, on.can_go_on()) {
            return self.notices.warn(why);
        }
        if on.advance(is_skipped) {
            let before = self.document.project.data.clone();
            if let Some(plan) = on.plan().cloned()
                && let Err(what) = apply(&mut self.document.project, &plan.set)
            {
                self.notices.warn(format!("The step could not set everything: {what}."));
            }
            // A step about other data shows these, and not the run on those before.
            if self.document.project.data.source != before.source {
                self.reset();
            }
            self.begin_step(ctx, false);
        } else {
            self.leave_lesson();
        }
    }

    /// Shows what the step shows, and locks and outlines what it says.
    fn begin_step(&mut self, ctx: &Context, is_first: bool) {
        let Some(on) = &mut self.lessons.on else { return };
        on.held = self.document.project.clone();
        let Some(plan) = on.plan().cloned() else { return };
        self.fold_sides(ctx, &plan, is_first);
        if let Some(view) = &plan.view {
            self.show_view(view);
        }
        ctx.request_repaint();
    }

    /// Unfolds the side that the step is about, and in a narrow window folds the other one away.
    fn fold_sides(&mut self, ctx: &Context, plan: &StepPlan, is_first: bool) {
        let named = [&plan.view, &plan.highlight].into_iter().flatten().map(String::as_str);
        let names: Vec<&str> = named.chain(plan.solution.iter().flatten().map(|(path, _)| path.as_str())).collect();
        let is_about = |panel: &str, places: &[&str]| {
            names.iter().any(|name| *name == panel || places.iter().any(|place| is_below(name, place)))
        };
        let is_of_network = is_about(PANELS[0], &["model", "adversary"]);
        let is_of_training = is_about(PANELS[1], &["training", "data"]) || is_first && !is_of_network;
        let window = &mut self.window;
        let before = (window.is_left_open, window.is_right_open);
        window.is_left_open |= is_of_network;
        window.is_right_open |= is_of_training;
        if ctx.content_rect().width() >= WIDE || !(window.is_left_open && window.is_right_open) {
            return;
        }
        // Of two that are wanted, the network is the one that is edited with the mouse.
        if is_of_network || is_of_training {
            (window.is_left_open, window.is_right_open) = (is_of_network, !is_of_network);
        }
        if (window.is_left_open, window.is_right_open) != before {
            self.notices
                .tell("In a window of this width one side is folded away. F6 shows the network, F7 the training.");
        }
    }

    /// A run begins; it counts for the step that is the furthest.
    pub(super) fn lesson_run_begins(&mut self) {
        if let (Some(on), Some(trained)) = (&mut self.lessons.on, &self.session.trained) {
            on.begin_run(trained);
        }
    }

    /// Keeps what is locked, and takes in what the run of the step has come to.
    pub(super) fn follow_lesson(&mut self, ctx: &Context) {
        match self.to_open.take() {
            Some(path) if Path::new(&path).join(PROJECT).is_file() => self.act(ctx, Request::Dropped(path.into())),
            Some(lesson) => self.open_lesson(ctx, &lesson),
            None => {}
        }
        self.mark_lesson(ctx);
        if self.lessons.on.is_none() {
            return;
        }
        self.hold_locked();
        let parameters = self.parameters();
        let Some(on) = &mut self.lessons.on else { return };
        match (&self.session.status, on.run.take()) {
            (Status::Ended(outcome), Some(begun)) => {
                let outcome = outcome.clone();
                self.end_lesson_run(begun, &outcome);
            }
            // It was forgotten before it has ended.
            (Status::Idle, Some(_)) => {}
            (_, Some(begun)) => {
                let last = self.session.lines.iter().last().and_then(|line| serde_json::from_str(line).ok());
                let mut info = RunInfo { results: std::mem::take(&mut on.figures.results), ..RunInfo::default() };
                last.iter().for_each(|line| info.absorb(line));
                on.figures.results = info.results;
                on.figures.parameters = self.session.job.as_ref().map(|job| job.network.param_count());
                on.figures.seconds = Some(self.session.seconds);
                on.figures.epochs = Some(self.session.progress.epochs_done);
                on.figures.steps = Some(self.session.progress.step);
                on.run_project = Some(begun.project.clone());
                on.run = Some(begun);
            }
            (_, None) => {
                if on.run_project.is_none() {
                    on.figures.parameters = parameters;
                }
                let is_of_settings = on.plan().is_some_and(|plan| !plan.needs_run());
                if is_of_settings && on.judge(&self.document.project) {
                    self.lessons.touch();
                    ctx.request_repaint();
                }
            }
        }
    }

    /// The weights of the network on the screen, if it fits its data.
    fn parameters(&self) -> Option<usize> {
        self.session.dataset()?;
        let shapes = self.shapes();
        shapes.is_whole().then(|| shapes.totals().0)
    }

    fn end_lesson_run(&mut self, begun: Begun, outcome: &Outcome) {
        let session = &self.session;
        let mut info = RunInfo::default();
        let lines = session.lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.chain([done_line(outcome, session.seconds)]).for_each(|line| info.absorb(&line));
        let figures = Figures {
            results: info.results.clone(),
            parameters: session.job.as_ref().map(|job| job.network.param_count()),
            seconds: Some(session.seconds),
            epochs: Some(session.progress.epochs_done),
            steps: Some(session.progress.step),
            runs: 0,
        };
        let folder = self.run_folder();
        let Some(on) = &mut self.lessons.on else { return };
        let entry = RunEntry {
            step: begun.step,
            begun: begun.at,
            ended: now(),
            outcome: outcome.name().to_owned(),
            changes: difference(&on.lesson.project, &begun.project),
            results: info.results,
            seconds: session.seconds,
            epochs: session.progress.epochs_done,
            folder,
        };
        if let (Some(job), Some(snapshot)) = (&session.job, session.snapshot()) {
            let (job, snapshot) = (Arc::clone(job), Arc::clone(snapshot));
            on.trained = Some(Trained { job, snapshot, project: begun.project.clone() });
        }
        on.end_run(begun, entry, figures);
        self.lessons.touch();
    }

    /// Tells the widgets what is locked and outlined.
    fn mark_lesson(&mut self, ctx: &Context) {
        let marks = self.lessons.on.as_ref().and_then(|on| {
            let plan = on.plan()?;
            // While the question waits, it is what one looks at.
            Some(Marks { locked: plan.locked.clone(), outlined: plan.highlight.clone(), since: 0 })
        });
        let marks = marks.unwrap_or_default();
        let is_same = self.marks.locked == marks.locked && self.marks.outlined == marks.outlined;
        if !is_same {
            self.marks = Marks { since: ctx.cumulative_pass_nr(), ..marks };
            set_marks(ctx, self.marks.clone());
        }
    }

    /// Puts back what is locked, however it was changed.
    fn hold_locked(&mut self) {
        let Some(on) = &mut self.lessons.on else { return };
        if on.held == self.document.project {
            return;
        }
        let locked = on.plan().map(|plan| plan.locked.clone()).unwrap_or_default();
        let changed = with_locked(&on.held, &self.document.project, &locked);
        if let Some((project, path)) = changed {
            self.document.project = project;
            self.notices.warn(format!("{LOCKED}: {path}."));
        }
        on.held = self.document.project.clone();
    }

    /// What the file is called that a pupil hands in.
    pub(super) fn hand_in_name(&self) -> String {
        let Some(on) = &self.lessons.on else { return String::new() };
        format!("{} {}.{ENDING}", file_stem(&on.pupil), file_stem(&on.lesson.name))
    }

    fn hand_in(&mut self, ctx: &Context, path: PathBuf) {
        let Some(on) = &self.lessons.on else { return };
        let (progress, name, trained) = (on.progress.clone(), on.pupil.trim().to_owned(), on.trained.clone());
        let on_screen = self.document.project.clone();
        self.tasks.spawn(ctx, "handing in the lesson", move || {
            let (project, weights) = match last_network(trained, &progress) {
                Ok(found) => found.unwrap_or((on_screen, Vec::new())),
                Err(why) => return Report::Warned(format!("The last network cannot be handed in: {why}.")),
            };
            let handin = HandIn {
                name,
                written: now(),
                program: env!("CARGO_PKG_VERSION").to_owned(),
                progress,
                project,
                weights,
            };
            told(handin.write(&path), format!("Handed in as {}. Give this file to your teacher.", short(&path)))
        });
    }
}

fn told(written: Result<(), LessonError>, text: String) -> Report {
    match written {
        Ok(()) => Report::Told(text),
        Err(error) => Report::Warned(format!("{error}.")),
    }
}

/// The project and the weights of the last network: from memory, or from the folder of its run after another start.
fn last_network(trained: Option<Trained>, progress: &Progress) -> Result<Option<(Project, Vec<u8>)>, String> {
    if let Some(Trained { job, snapshot, project }) = trained {
        return weights_to_bytes(&job.network, &snapshot.weights, Precision::Float32)
            .map(|bytes| Some((project, bytes)));
    }
    let Some(folder) = progress.runs.iter().rev().find_map(|run| run.folder.as_ref()) else { return Ok(None) };
    let run = RunFolder::find(&folder.to_string_lossy()).map_err(|error| error.to_string())?;
    weights_to_bytes(&run.network, &run.weights, Precision::Float32).map(|bytes| Some((run.project, bytes)))
}

/// The new project with what is locked as the old one has it, and the first path that was changed; nothing if none was.
fn with_locked(old: &Project, new: &Project, locked: &[String]) -> Option<(Project, String)> {
    let (from, mut to) = (serde_json::to_value(old).ok()?, serde_json::to_value(new).ok()?);
    let is_changed = |path: &&String| value_at(&from, path) != value_at(&to, path);
    let changed: Vec<String> = locked.iter().filter(is_changed).cloned().collect();
    let first = changed.first()?.clone();
    for path in changed {
        // Where its layer or its optimizer is gone, all of them come back.
        let whole = path.split('.').next().unwrap_or_default().to_owned();
        let place = if value_at(&to, &path).is_some() && value_at(&from, &path).is_some() { path } else { whole };
        match value_at(&from, &place) {
            Some(value) => put(&mut to, &place, value.clone()),
            // It is left out of a project while it is as it comes.
            None => {
                to.as_object_mut()?.remove(&place);
            }
        }
    }
    let project = Project::parse(&to.to_string()).unwrap_or_else(|_| old.clone());
    Some((project, first))
}

fn put(root: &mut Value, path: &str, value: Value) {
    let mut place = root;
    for name in path.split('.') {
        let next = match place {
            Value::Object(fields) => Some(fields.entry(name).or_insert(Value::Null)),
            Value::Array(items) => name.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
            _ => None,
        };
        let Some(next) = next else { return };
        place = next;
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_locked_comes_back_and_the_rest_stays() {
        let old = Project::find("spiral").unwrap();
        let mut new = old.clone();
        new.set("training.batch", "7").unwrap();
        new.set("training.epochs", "9").unwrap();
        new.model.layers.pop();
        let locked = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        assert!(with_locked(&old, &new, &locked(&["data"])).is_none());
        let (project, path) = with_locked(&old, &new, &locked(&["model", "training.batch"])).unwrap();
        assert_eq!(path, "model");
        assert_eq!(
            (project.model, project.training.batch, project.training.epochs),
            (old.model.clone(), old.training.batch, 9)
        );
        let last = format!("model.{}.units", old.model.layers.len() - 1);
        let (project, _) = with_locked(&old, &new, &locked(&[&last])).unwrap();
        assert_eq!((project.model, project.training.batch), (old.model.clone(), 7));
    }
}
