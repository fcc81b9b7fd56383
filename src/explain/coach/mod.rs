//! The coach: what a run shows to be wrong, pinned to the epoch in which it shows, with the numbers it rests on and an
//! experiment that tests the remedy. THE LIST of rules is [`RULES`]. A rule says nothing where it is in doubt.

mod dead;
mod fit;
mod history;
mod optimizer;
mod predictions;

use crate::project::{Problem, Project, ProjectError};
use crate::train::{Divergence, Evaluation, Job};

pub use dead::DeadUnits;
pub use history::{Epoch, History, Steps, Typical};

/// THE LIST of rules, the most important first.
pub const RULES: &[Rule] = &[
    Rule { name: "exploding gradient", kind: Kind::Optimizer, find: optimizer::exploding_gradient },
    Rule { name: "learning rate too high", kind: Kind::Optimizer, find: optimizer::rate_too_high },
    Rule { name: "vanishing gradient", kind: Kind::Optimizer, find: optimizer::vanishing_gradient },
    Rule { name: "learning rate too low", kind: Kind::Optimizer, find: optimizer::rate_too_low },
    Rule { name: "dead units", kind: Kind::Fit, find: dead::dead_units },
    Rule { name: "leakage", kind: Kind::Data, find: predictions::leakage },
    Rule { name: "class never predicted", kind: Kind::Fit, find: predictions::class_never_predicted },
    Rule { name: "overfitting", kind: Kind::Fit, find: fit::overfitting },
    Rule { name: "too little data", kind: Kind::Fit, find: fit::too_little_data },
    Rule { name: "plateau", kind: Kind::Fit, find: fit::plateau },
    Rule { name: "too few epochs", kind: Kind::Fit, find: fit::too_few_epochs },
];

/// A fault and how it is recognized.
pub struct Rule {
    /// A short name for it.
    pub name: &'static str,
    kind: Kind,
    find: fn(&Case<'_>) -> Option<Evidence>,
}

/// What a fault is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The steps of the optimizer. One such fault is enough, and before it is repaired nothing can be said of the fit.
    Optimizer,
    /// The data.
    Data,
    /// How the network fits training and validation set.
    Fit,
}

/// A run so far.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The project that is trained, with the learning rate and the optimizer of now.
    pub project: &'a Project,
    /// Its job: the network, and which samples it is trained on.
    pub job: &'a Job,
    /// What the run has told.
    pub history: &'a History,
    /// The newest predictions for the validation set.
    pub validation: Option<&'a Evaluation>,
    /// The units of its newest weights that are off for all samples, once the run is over.
    pub dead: Option<&'a DeadUnits>,
    /// Where the loss stopped being a number, if it did.
    pub divergence: Option<&'a Divergence>,
    /// Whether the run has trained all its epochs.
    pub is_finished: bool,
    /// The columns that give the target away, see [`Project::leaks`].
    pub leaks: &'a [Problem],
}

/// A fault, where it shows, and what to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The name of the rule.
    pub name: &'static str,
    /// The step that it is pinned to.
    pub step: u64,
    /// The epoch of that step, counted from 1.
    pub epoch: u32,
    /// The numbers that it rests on, one or two sentences.
    pub sentence: String,
    /// What tests its remedy.
    pub experiment: Experiment,
}

/// A run that tests one change.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What its button says: "Try a learning rate of 0.001".
    pub label: String,
    /// The project of the run with the change.
    pub project: Project,
    /// The step after which it branches off, from the last checkpoint up to there; nothing if it begins with fresh weights.
    pub from: Option<u64>,
}

/// What a rule has found.
struct Evidence {
    step: u64,
    epoch: u32,
    sentence: String,
    experiment: Experiment,
}

/// Everything that the rules find in a run, the most important first.
pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<(Kind, Finding)> = Vec::new();
    for Rule { name, kind, find } in RULES {
        // A generator and its discriminator have no loss that falls and no validation set.
        let applies = *kind == Kind::Optimizer && case.divergence.is_some() || case.job.head().is_evaluated();
        let is_settled = *kind != Kind::Data && found.iter().any(|(kind, _)| *kind == Kind::Optimizer);
        if let Some(Evidence { step, epoch, sentence, experiment }) =
            (applies && !is_settled).then(|| find(case)).flatten()
        {
            found.push((*kind, Finding { name, step, epoch, sentence, experiment }));
        }
    }
    found.into_iter().map(|(_, finding)| finding).collect()
}

impl Case<'_> {
    /// The project with one change, trained on from the last checkpoint up to a step, or anew. No experiment where the change
    /// is not possible, or is none.
    fn experiment(
        &self,
        label: impl Into<String>,
        from: Option<u64>,
        change: impl FnOnce(&mut Project) -> Result<(), ProjectError>,
    ) -> Option<Experiment> {
        let mut project = self.project.clone();
        change(&mut project).ok()?;
        let is_other = project != *self.project;
        let from = from.filter(|step| *step > 0);
        (is_other && project.check().is_ok()).then(|| Experiment { label: label.into(), project, from })
    }

    /// Pins what was found to the end of an epoch.
    fn at(&self, epoch: &Epoch, sentence: String, experiment: Option<Experiment>) -> Option<Evidence> {
        Some(Evidence { step: epoch.step, epoch: epoch.epoch, sentence, experiment: experiment? })
    }

    /// The step of the checkpoint at the end of the epoch before the one at this position.
    fn before(&self, at: usize) -> Option<u64> {
        Some(self.history.epochs.get(at.checked_sub(1)?)?.step)
    }

    /// Another learning rate.
    fn with_rate(&self, rate: f32, from: Option<u64>) -> Option<Experiment> {
        let rate = figure(f64::from(rate)).parse::<f32>().unwrap_or(rate);
        self.experiment(format!("Try a learning rate of {}", figure(rate.into())), from, |project| {
            project.set("training.learning_rate", &rate.to_string())
        })
    }
}

/// Two to four digits of a number, as short as they can be: 0.0012, 2.304, 41.2, 1.5e-6.
fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs().log10().floor() as i32;
    match size {
        -4..=1 => {
            let digits = (1 - size).max(0) as usize + usize::from(size >= -1) + usize::from(size >= 0);
            let text = format!("{value:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
        2..=5 => format!("{value:.0}"),
        _ => {
            let text = format!("{value:.1e}");
            text.replace(".0e", "e")
        }
    }
}

/// "1 epoch", "7 epochs".
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0012, 0.001, 2.304, 41.2, 0.25, 0.000_002, 1234.5, 0.9876, 10.0].map(figure);
        assert_eq!(texts, ["0.0012", "0.001", "2.304", "41.2", "0.25", "2e-6", "1234", "0.988", "10"]);
    }
}
