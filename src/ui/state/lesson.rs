//! The lesson that is on, and how far each one is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lesson_editor::{Editor, KeptEditor};
use super::put_aside::Own;
use crate::lesson::plan::StepPlan;
use crate::lesson::progress::{Progress, RunEntry, StepProgress, Try, now};
use crate::lesson::{Card, Figures, Lesson};
use crate::project::Project;
use crate::train::{Job, Snapshot};

/// Why nothing can be trained before the question is answered.
pub const UNANSWERED: &str = "Answer the question of this step of the lesson first.";

/// The lessons as the window knows them.
#[derive(Default)]
pub struct Lessons {
    /// The one that is on.
    pub on: Option<Ongoing>,
    /// The one that is being written.
    pub editor: Option<Editor>,
    /// How far the others are, by their names.
    pub others: BTreeMap<String, Progress>,
    /// Counts what has changed, so that it is written.
    pub revision: u64,
}

/// A lesson that is on.
pub struct Ongoing {
    /// The lesson.
    pub lesson: Arc<Lesson>,
    /// How far it is.
    pub progress: Progress,
    /// The card that is shown: that of the furthest step, or one before it.
    pub shown: usize,
    /// What is chosen of the question, before it is checked.
    pub choice: Option<usize>,
    /// The numbers of the newest run of this step.
    pub figures: Figures,
    /// The project of that run.
    pub run_project: Option<Project>,
    /// Who hands it in.
    pub pupil: String,
    /// What was on the screen before the lesson.
    pub own: Own,
    /// The project as it was last, from which what is locked comes back.
    pub held: Project,
    /// The run that was begun in this step and has not ended yet.
    pub run: Option<Begun>,
    /// The last network that was trained.
    pub trained: Option<Trained>,
}

/// A run that was begun in a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// The step.
    pub step: usize,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What is trained.
    pub project: Project,
}

/// A network that was trained in the lesson.
#[derive(Clone)]
pub struct Trained {
    /// Its job.
    pub job: Arc<Job>,
    /// Its weights.
    pub snapshot: Arc<Snapshot>,
    /// Its project.
    pub project: Project,
}

impl Ongoing {
    /// A lesson at its first step, or where it was left.
    pub fn new(lesson: Arc<Lesson>, progress: Progress, own: Own) -> Self {
        Self {
            held: lesson.project.clone(),
            shown: progress.step,
            lesson,
            progress,
            choice: None,
            figures: Figures::default(),
            run_project: None,
            pupil: String::new(),
            own,
            run: None,
            trained: None,
        }
    }

    /// The furthest step.
    pub fn step(&self) -> usize {
        self.progress.step
    }

    /// What the furthest step does.
    pub fn plan(&self) -> Option<&StepPlan> {
        self.lesson.steps.get(self.progress.step)
    }

    /// Whether the card of the furthest step is shown.
    pub fn is_at_furthest(&self) -> bool {
        self.shown == self.progress.step
    }

    /// Whether the furthest step is the last one.
    pub fn is_at_end(&self) -> bool {
        self.progress.step + 1 == self.lesson.steps.len()
    }

    /// The card that is shown.
    pub fn card(&self, language: &str) -> Option<&Card> {
        self.lesson.card(language, self.shown)
    }

    /// What was done in the step that is shown.
    pub fn done(&self) -> Option<&StepProgress> {
        self.progress.steps.get(self.shown)
    }

    fn current(&mut self) -> Option<&mut StepProgress> {
        self.progress.steps.get_mut(self.progress.step)
    }

    /// Whether the furthest step asks something that is not answered yet.
    pub fn is_unanswered(&self) -> bool {
        let step = self.progress.step;
        self.lesson.right_choice(step).is_some()
            && self.progress.steps.get(step).is_none_or(|done| done.tries.is_empty())
    }

    /// Why nothing can be trained, if nothing can.
    pub fn obstacle(&self) -> Option<String> {
        let has_goal = self.plan().is_some_and(|plan| !plan.goal.is_empty());
        (has_goal && self.is_unanswered()).then(|| UNANSWERED.to_owned())
    }

    /// Whether the furthest step is done, or what is left to do in it.
    pub fn can_go_on(&self) -> Result<(), &'static str> {
        let is_reached = self.progress.steps.get(self.progress.step).is_some_and(|done| done.reached.is_some());
        match self.plan() {
            _ if self.is_unanswered() => Err("Answer the question first."),
            Some(plan) if !plan.goal.is_empty() && !is_reached => Err("The goal is not reached yet."),
            _ => Ok(()),
        }
    }

    /// Notes an answer.
    pub fn answer(&mut self, choice: usize) {
        if let Some(done) = self.current() {
            done.tries.push(Try { choice, at: now() });
        }
    }

    /// Shows the next hint.
    pub fn take_hint(&mut self) {
        if let Some(done) = self.current() {
            done.hints += 1;
        }
    }

    /// Leaves the furthest step for the next one; false where it was the last.
    pub fn advance(&mut self, is_skipped: bool) -> bool {
        if let Some(done) = self.current().filter(|_| is_skipped) {
            done.is_skipped = true;
        }
        if self.is_at_end() {
            self.progress.is_done = true;
            return false;
        }
        self.progress.step += 1;
        self.shown = self.progress.step;
        (self.choice, self.run, self.run_project) = (None, None, None);
        self.figures = Figures::default();
        self.progress.is_done = self.is_at_end() && self.can_go_on().is_ok();
        true
    }

    /// Notes that a run begins.
    pub fn begin_run(&mut self, project: &Project) {
        self.run = Some(Begun { step: self.progress.step, at: now(), project: project.clone() });
        self.figures = Figures { runs: self.figures.runs, ..Figures::default() };
    }

    /// Notes a run that has ended, and with which numbers.
    pub fn end_run(&mut self, begun: Begun, entry: RunEntry, figures: Figures) {
        self.progress.runs.push(entry);
        let Some(done) = self.progress.steps.get_mut(begun.step) else { return };
        done.runs += 1;
        if begun.step == self.progress.step {
            self.figures = Figures { runs: done.runs, ..figures };
            self.judge(&begun.project);
            self.run_project = Some(begun.project);
        }
    }

    /// Notes the goal as reached if it is; true if it has become so now.
    pub fn judge(&mut self, project: &Project) -> bool {
        let Some(plan) = self.lesson.steps.get(self.progress.step) else { return false };
        let is_reached = !plan.goal.is_empty() && self.figures.reach(&plan.goal, project);
        let is_unanswered = self.is_unanswered();
        let Some(done) = self.current().filter(|done| is_reached && !is_unanswered && done.reached.is_none()) else {
            return false;
        };
        done.reached = Some(now());
        self.progress.is_done = self.is_at_end();
        true
    }
}

/// What is kept of the lessons between two starts.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    on: Option<KeptOngoing>,
    editor: Option<KeptEditor>,
    others: Vec<Progress>,
}

#[derive(Serialize, Deserialize)]
struct KeptOngoing {
    progress: Progress,
    pupil: String,
    /// Checked as one of a project file is.
    own: Value,
    path: Option<PathBuf>,
    sides: (bool, bool),
}

impl Lessons {
    /// Notes that something is to be written.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    /// How far a lesson is.
    pub fn progress_of(&self, name: &str) -> Option<&Progress> {
        let on = self.on.as_ref().map(|on| &on.progress).filter(|progress| progress.lesson == name);
        on.or_else(|| self.others.get(name))
    }

    /// What is to be kept for the next start.
    pub fn kept(&self) -> Value {
        let ongoing = |on: &Ongoing| {
            Some(KeptOngoing {
                progress: on.progress.clone(),
                pupil: on.pupil.clone(),
                own: serde_json::to_value(&on.own.project).ok()?,
                path: on.own.path.clone(),
                sides: on.own.sides,
            })
        };
        let kept = Kept {
            on: self.on.as_ref().and_then(ongoing),
            editor: self.editor.as_ref().and_then(KeptEditor::of),
            others: self.others.values().cloned().collect(),
        };
        serde_json::to_value(kept).unwrap_or_default()
    }

    /// Takes what was kept. Where the lesson is gone that was on, or another version of it is there, the project that it had put
    /// aside comes back, with the reason.
    pub fn restore(&mut self, kept: Value, project: &Project) -> Option<(Own, String)> {
        let Kept { on, editor, others } = serde_json::from_value(kept).unwrap_or_default();
        self.others = others.into_iter().map(|progress| (progress.lesson.clone(), progress)).collect();
        match editor.and_then(KeptEditor::restored) {
            Some(Ok(editor)) => self.editor = Some(editor),
            Some(Err(put_aside)) => return Some(put_aside),
            None => {}
        }
        let KeptOngoing { progress, pupil, own, path, sides } = on?;
        let own = Own { project: Project::parse(&own.to_string()).ok()?, path, saved: None, sides };
        let name = progress.place.as_ref().map_or_else(|| progress.lesson.clone(), |place| place.display().to_string());
        match Lesson::find(&name) {
            Ok(lesson) if progress.is_of(&lesson) => {
                let mut on = Ongoing { pupil, ..Ongoing::new(Arc::new(lesson), progress, own) };
                on.held = project.clone();
                on.figures.runs = on.progress.steps.get(on.progress.step).map_or(0, |done| done.runs);
                self.on = Some(on);
                None
            }
            Ok(_) => Some((own, format!("The lesson {name} was changed since it was left; begin it again."))),
            Err(error) => Some((own, format!("The lesson that was on cannot go on: {error}."))),
        }
    }
}
