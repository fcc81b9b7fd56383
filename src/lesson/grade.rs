//! What a hand-in comes to: its answers and goals, and whether its network does what it says.

use std::sync::Arc;

use super::Lesson;
use super::handin::HandIn;
use super::progress::RunEntry;
use super::solve::Solver;
use crate::project::run_log::key_of;
use crate::train::{Subset, default_threads};
use backprop_nn::Weights;

/// What a hand-in comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// Questions answered right at the first try, and all of them.
    pub answers: (usize, usize),
    /// Goals reached, and all of them.
    pub goals: (usize, usize),
    /// Minutes from the beginning of the lesson to the hand-in.
    pub minutes: u64,
    /// What the network shows when it is evaluated again.
    pub proof: Proof,
}

/// Whether the last run's results are what its network gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The network gives the results that are stated.
    Holds(String),
    /// It gives others.
    Fails(String),
    /// Nothing was trained, or it cannot be evaluated.
    None(String),
}

/// A result may differ by this share on another processor, whose vectors add in another order.
const CLOSE: f64 = 1e-3;

/// Judges a hand-in by the lesson that it is of.
pub fn grade(handin: &HandIn, lesson: &Lesson, solver: &mut Solver) -> Grade {
    let HandIn { progress, written, .. } = handin;
    Grade {
        answers: progress.answers(lesson),
        goals: progress.goals(lesson),
        minutes: written.saturating_sub(progress.begun) / 60_000,
        proof: prove(handin, lesson, solver),
    }
}

/// Evaluates the network on the validation samples again.
fn prove(handin: &HandIn, lesson: &Lesson, solver: &mut Solver) -> Proof {
    let ended = |run: &&RunEntry| ["finished", "stopped"].contains(&run.outcome.as_str());
    let Some(run) = handin.progress.runs.iter().rev().find(ended).filter(|_| !handin.weights.is_empty()) else {
        return Proof::None("nothing was trained".to_owned());
    };
    let known =
        |step: usize| lesson.project_at(step).is_ok_and(|project| project.data.source == handin.project.data.source);
    if !(0..lesson.steps.len()).any(known) {
        return Proof::None(format!("trained on {}, which are not the data of the lesson", handin.project.data.source));
    }
    match evaluate(handin, run, solver) {
        Ok(proof) => proof,
        Err(why) => Proof::None(why),
    }
}

fn evaluate(handin: &HandIn, run: &RunEntry, solver: &mut Solver) -> Result<Proof, String> {
    let dataset = solver.dataset(&handin.project)?;
    let job = handin.project.job(Arc::clone(&dataset), default_threads()).map_err(|error| error.to_string())?;
    if !job.head().is_evaluated() {
        return Ok(Proof::None("a generator cannot be evaluated".to_owned()));
    }
    let Ok(weights) = Weights::from_safetensors(job.network.params(), &handin.weights) else {
        return Ok(Proof::Fails("the weights are not those of the network".to_owned()));
    };
    let mut agreed = Vec::new();
    for subset in [Subset::Validation, Subset::Test] {
        let stated = |key: &str| run.results.get(key).copied();
        let evaluation = job.evaluate(&weights, subset);
        for figure in evaluation.figures() {
            let key = key_of(subset, figure.metric);
            let Some((stated, found)) = stated(&key).zip(figure.value) else { continue };
            if (stated - found).abs() > CLOSE * stated.abs().max(found.abs()).max(1e-3) {
                return Ok(Proof::Fails(format!("states {key} {stated:.4}, and its network has {found:.4}")));
            }
            if figure.metric.key != "loss" && agreed.is_empty() {
                agreed.push(format!("{key} {found:.4}"));
            }
        }
    }
    match agreed.is_empty() {
        true => Ok(Proof::None("it states no results".to_owned())),
        false => Ok(Proof::Holds(agreed.join(", "))),
    }
}
