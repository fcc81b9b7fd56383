//! Training a project as a lesson does, to know whether a goal is reached.

use std::collections::HashMap;
use std::sync::Arc;

use super::Lesson;
use super::condition::{Condition, Figures};
use super::plan::apply;
use crate::data::{Dataset, Lookup};
use crate::project::Project;
use crate::project::run_log::{done_line, epoch_line};
use crate::runs::RunInfo;
use crate::train::{Event, Outcome, Reports, Run, Start, default_threads};

/// What came of a solution.
#[derive(Clone, Debug)]
pub struct Solved {
    /// The numbers that the goal is about.
    pub figures: Figures,
    /// The project that was trained.
    pub project: Project,
    /// Whether the goal is reached.
    pub is_reached: bool,
}

/// Trains solutions, and reads the data of each source once.
#[derive(Default)]
pub struct Solver {
    data: HashMap<String, Arc<Dataset>>,
}

impl Solver {
    /// Trains the solution of a step, with another seed if one is given; the error is a sentence.
    pub fn solve(&mut self, lesson: &Lesson, step: usize, seed: Option<u64>) -> Result<Solved, String> {
        let plan = lesson.steps.get(step).ok_or("there is no such step")?;
        let mut project = lesson.project_at(step)?;
        apply(&mut project, plan.solution.as_ref().ok_or("the step has no solution")?)?;
        project.training.seed = seed.unwrap_or(project.training.seed);
        let mut figures = match plan.needs_run() {
            true => self.train(&project)?,
            false => Figures { parameters: Some(self.parameters(&project)?), ..Figures::default() },
        };
        // Somebody who is asked for several runs trains several times.
        let runs =
            plan.goal.iter().filter(|condition| condition.name == "runs").map(|condition| condition.number as u32);
        figures.runs = runs.max().unwrap_or(1).max(1);
        let is_reached = figures.reach(&plan.goal, &project);
        Ok(Solved { figures, project, is_reached })
    }

    /// The data of a project.
    pub fn dataset(&mut self, project: &Project) -> Result<Arc<Dataset>, String> {
        let key = format!("{} {}", project.data.source, project.data.reconstruct);
        if let Some(dataset) = self.data.get(&key) {
            return Ok(Arc::clone(dataset));
        }
        let dataset = Arc::new(project.data.load(&Lookup::default()).map_err(|error| error.to_string())?);
        self.data.insert(key, Arc::clone(&dataset));
        Ok(dataset)
    }

    fn parameters(&mut self, project: &Project) -> Result<usize, String> {
        let dataset = self.dataset(project)?;
        let network = project.network(dataset.shape, dataset.task.output()).map_err(|error| error.to_string())?;
        Ok(network.param_count())
    }

    fn train(&mut self, project: &Project) -> Result<Figures, String> {
        let job = project.job(self.dataset(project)?, default_threads()).map_err(|error| error.to_string())?;
        let job = Arc::new(job);
        let run = Run::start(Arc::clone(&job), Start::Running, Reports::default(), || {});
        let run = run.map_err(|error| format!("the training thread could not be started: {error}"))?;
        let mut info = RunInfo::default();
        let mut figures = Figures { parameters: Some(job.network.param_count()), ..Figures::default() };
        let mut seconds = 0.0;
        loop {
            match run.event() {
                Event::Epoch(stat) => {
                    seconds += stat.seconds;
                    (figures.epochs, figures.steps) = (Some(stat.epoch), Some(stat.step));
                    info.absorb(&epoch_line(&stat, job.head()));
                }
                Event::Done(Outcome::Failed(why)) => return Err(why),
                Event::Done(outcome) => {
                    info.absorb(&done_line(&outcome, seconds));
                    break;
                }
                _ => {}
            }
        }
        (figures.results, figures.seconds) = (info.results, Some(seconds));
        Ok(figures)
    }
}

impl Solved {
    /// Each condition of a goal with the value that was reached: "validation_accuracy >= 0.97: 0.983".
    pub fn told(&self, goal: &[Condition]) -> Vec<String> {
        let told = |condition: &Condition| match self.figures.value(condition, &self.project) {
            Some(value) => format!("{condition}: {}", rounded(value)),
            None => format!("{condition}: no value"),
        };
        goal.iter().map(told).collect()
    }
}

/// A number with as many digits as one compares.
pub fn rounded(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1e5 { format!("{value:.0}") } else { format!("{value:.4}") }
}
