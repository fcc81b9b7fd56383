//! A lesson that is being written in the window.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::put_aside::Own;
use crate::language;
use crate::lesson::draft::Draft;
use crate::lesson::plan::apply;
use crate::lesson::{Card, Cards, ENGLISH, Fault};
use crate::project::Project;
use crate::runs::compare::difference;

/// The editor of a lesson.
pub struct Editor {
    /// The lesson as it is.
    pub draft: Draft,
    /// The lesson as its files have it.
    pub saved: Draft,
    /// The language whose cards are written.
    pub language: String,
    /// The step that is written.
    pub step: usize,
    /// Whether the card is shown as a pupil sees it.
    pub is_preview: bool,
    /// What was removed last, and the lesson as it was before.
    pub removed: Option<(&'static str, Draft)>,
    /// What is wrong with the lesson as its files have it.
    pub faults: Vec<Fault>,
    /// When the lesson was changed last, in seconds of the window; nothing if its files have it.
    pub changed: Option<f64>,
    /// What was on the screen before.
    pub own: Own,
    /// What the screen differs in from the step, and for which project and lesson that was found.
    differs: (Option<(Project, Draft, usize)>, Vec<String>),
}

/// What a project on the screen is taken as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// What the lesson begins with.
    Start,
    /// What the step sets when it begins.
    Setting,
    /// With what the goal of the step is reached.
    Solution,
}

impl Editor {
    /// The editor at the first step.
    pub fn new(draft: Draft, own: Own) -> Self {
        let faults = draft.faults();
        let saved = draft.clone();
        let spoken = language::code();
        let language = if draft.cards.contains_key(spoken) { spoken } else { ENGLISH }.to_owned();
        let differs = (None, Vec::new());
        Self { draft, saved, language, step: 0, is_preview: false, removed: None, faults, changed: None, own, differs }
    }

    /// The cards in the language that is written.
    pub fn cards(&mut self) -> &mut Cards {
        self.draft.cards.entry(self.language.clone()).or_default()
    }

    /// The card of the step in the language that is written.
    pub fn card(&mut self) -> Option<&mut Card> {
        let step = self.step;
        self.cards().cards.get_mut(step)
    }

    /// Remembers the lesson before something is removed.
    pub fn before_removing(&mut self, what: &'static str) {
        self.removed = Some((what, self.draft.clone()));
    }

    /// Whether its files do not have it as it is.
    pub fn is_changed(&self) -> bool {
        !self.draft.is_same(&self.saved)
    }

    /// In what the project on the screen differs from that of the step.
    pub fn differences(&mut self, screen: &Project) -> &[String] {
        let is_known = self.differs.0.as_ref().is_some_and(|(project, draft, step)| {
            project == screen && *step == self.step && draft.is_same(&self.draft)
        });
        if !is_known {
            let found = self.draft.shown_at(self.step).map(|project| difference(&project, screen));
            // The solution is no change that would be lost.
            let found = found.map(|found| if self.is_solution(screen) { Vec::new() } else { found });
            self.differs.1 = found.unwrap_or_else(|why| vec![why]);
            self.differs.0 = Some((screen.clone(), self.draft.clone(), self.step));
        }
        &self.differs.1
    }

    /// Whether the screen shows what solves the step.
    pub fn is_solution(&self, screen: &Project) -> bool {
        let solution = self.draft.plan.steps.get(self.step).and_then(|step| step.solution.as_ref());
        let solved = solution.and_then(|solution| {
            let mut project = self.draft.shown_at(self.step).ok()?;
            apply(&mut project, solution).ok()?;
            Some(project)
        });
        solved.is_some_and(|project| difference(&project, screen).is_empty())
    }

    /// Takes the project on the screen into the lesson; the error is a sentence.
    pub fn take(&mut self, screen: &Project, taken: Taken) -> Result<(), String> {
        let step = self.step;
        match taken {
            Taken::Start => self.draft.take_start(screen)?,
            Taken::Setting => {
                let settings = self.draft.setting_of(step, screen)?;
                self.draft.plan.steps[step].set = settings;
            }
            Taken::Solution => {
                let settings = self.draft.solution_of(step, screen)?;
                self.draft.plan.steps[step].solution = Some(settings);
            }
        }
        Ok(())
    }
}

/// What is kept of the editor between two starts; the lesson itself lies in its folder.
#[derive(Serialize, Deserialize)]
pub struct KeptEditor {
    folder: PathBuf,
    step: usize,
    own: Value,
    path: Option<PathBuf>,
    sides: (bool, bool),
}

impl KeptEditor {
    /// What is to be kept.
    pub fn of(editor: &Editor) -> Option<Self> {
        let Own { project, path, sides, .. } = &editor.own;
        Some(Self {
            folder: editor.draft.folder().to_owned(),
            step: editor.step,
            own: serde_json::to_value(project).ok()?,
            path: path.clone(),
            sides: *sides,
        })
    }

    /// The editor again, or what it has put aside and why it cannot go on.
    pub fn restored(self) -> Option<Result<Editor, (Own, String)>> {
        let own = Project::parse(&self.own.to_string()).ok()?;
        let own = Own { project: own, path: self.path, saved: None, sides: self.sides };
        Some(match Draft::open(&self.folder) {
            Ok(draft) => {
                let step = self.step.min(draft.plan.steps.len().saturating_sub(1));
                Ok(Editor { step, ..Editor::new(draft, own) })
            }
            Err(error) => Err((own, format!("The lesson that was written cannot be opened again: {error}."))),
        })
    }
}
