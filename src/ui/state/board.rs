//! The class boards of this window: the one that its pupil is on, and the one that a teacher looks at.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lesson::Lessons;
use super::session::{Session, Status};
use crate::language;
use crate::lesson::board::{LessonStanding, Score, Standing};
use crate::lesson::progress::now;
use crate::project::run_log::key_of;
use crate::runs::RunState;
use crate::train::metrics::LOSS;
use crate::train::{Metric, Subset};

/// What is kept of class boards between starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Boards {
    /// The word that tells this machine from others; empty before the first board was joined.
    pub machine: String,
    /// The board that the pupil is on.
    pub joined: Option<Membership>,
    /// The folder whose board was looked at last.
    pub watched: Option<PathBuf>,
    /// Whether numbers stand there in place of names.
    pub hides_names: bool,
}

/// A line on a class board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The shared folder.
    pub folder: PathBuf,
    /// The name of the pupil.
    pub name: String,
}

/// What a line on a board follows; the next one is due when another comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Milestone {
    /// How the run stands, and its epochs; nothing before the first has ended.
    run: Option<(RunState, u32)>,
    lesson: Option<LessonStanding>,
}

impl Milestone {
    /// The one that was passed last.
    pub fn of(session: &Session, lessons: &Lessons) -> Self {
        let epochs = session.progress.epochs_done;
        let state = state_of(&session.status).filter(|state| *state != RunState::Running || epochs > 0);
        Self { run: state.map(|state| (state, epochs)), lesson: lesson_standing(lessons) }
    }

    /// Whether it is worth a new line. That a run is forgotten is not.
    pub fn is_news_after(&self, before: &Self) -> bool {
        self.lesson != before.lesson || self.run.is_some() && self.run != before.run
    }
}

fn state_of(status: &Status) -> Option<RunState> {
    match status {
        Status::Idle => None,
        Status::Running | Status::Paused | Status::Stopping => Some(RunState::Running),
        Status::Ended(outcome) => Some(RunState::from(outcome)),
    }
}

fn lesson_standing(lessons: &Lessons) -> Option<LessonStanding> {
    let on = lessons.on.as_ref()?;
    let (goals, of_goals) = on.progress.goals(&on.lesson);
    Some(LessonStanding {
        title: on.lesson.cards(language::code()).title.clone(),
        step: on.step() + 1,
        of_steps: on.lesson.steps.len(),
        goals,
        of_goals,
    })
}

/// How the pupil stands now.
pub fn standing(membership: &Membership, machine: &str, session: &Session, lessons: &Lessons) -> Standing {
    let metric = session.job.as_ref().and_then(|job| job.head().headline().first().copied()).unwrap_or(&LOSS);
    Standing {
        name: membership.name.clone(),
        machine: machine.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        written: now(),
        project: session.trained.as_ref().map_or_else(String::new, |project| project.name.clone()),
        data: session.dataset().map_or_else(String::new, |dataset| dataset.name.clone()),
        lesson: lesson_standing(lessons),
        state: state_of(&session.status),
        epoch: session.progress.epochs_done,
        of_epochs: session.progress.epochs,
        validation: validation_score(session, metric),
        training: training_score(session, metric),
        ..Standing::default()
    }
}

fn validation_score(session: &Session, metric: &Metric) -> Option<Score> {
    let curve = session.curves.of(Subset::Validation, metric);
    let (_, value) = curve.last()?;
    let extremes = curve.buckets().iter().map(|bucket| [bucket.min, bucket.max].map(f64::from));
    let best = metric.higher_is_better.and_then(|is_higher| match is_higher {
        true => extremes.map(|[_, max]| max).reduce(f64::max),
        false => extremes.map(|[min, _]| min).reduce(f64::min),
    });
    Some(Score { key: key_of(Subset::Validation, metric), value: value.into(), best })
}

/// Of the last epoch: the curve has that of the last batch.
fn training_score(session: &Session, metric: &Metric) -> Option<Score> {
    let lines = session.lines.iter().filter(|line| line.contains("\"event\":\"epoch\""));
    let line: Value = serde_json::from_str(lines.last()?).ok()?;
    let key = key_of(Subset::Train, metric);
    let value = line[&key].as_f64()?;
    Some(Score { key, value, best: None })
}
