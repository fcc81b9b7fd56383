//! `backprop train PROJECT --folds K`: cross-validation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use super::terminal::figure_text;
use super::{CliError, say};
use crate::data::{Dataset, Samples};
use crate::project::Project;
use crate::train::metrics::Figure;
use crate::train::{Evaluation, Event, Job, Outcome, Part, Reports, Run, Start};

/// How a cross-validation is done and told.
pub struct Folds {
    pub count: usize,
    pub threads: usize,
    pub json: bool,
}

/// Trains once for every fold, on all training samples but those of the fold, and judges by these. The test samples are
/// left alone and no weights are saved: what it finds is how good the settings are, and how much of that is luck.
pub fn run(project: &Project, dataset: &Dataset, folds: &Folds, interrupted: &AtomicBool) -> Result<(), CliError> {
    let Folds { count, threads, json } = *folds;
    let dataset = Arc::new(Dataset { test: Samples::default(), ..dataset.clone() });
    let splits = dataset.folds(count, project.training.seed);
    if splits.len() < count {
        let what =
            format!("there are {} training samples, too few for {count} folds; ask for fewer", dataset.train.len());
        return Err(CliError::Failed(what));
    }
    let mut found: Vec<Vec<Figure>> = Vec::new();
    for (fold, split) in (1..).zip(splits) {
        let (train, validation) = (split.train.len(), split.validation.len());
        let job = project.job_on(Arc::clone(&dataset), split, threads)?;
        let evaluation = train_fold(Arc::new(job), interrupted)?;
        let mut figures = vec![("loss", Some(f64::from(evaluation.loss)))];
        figures.extend(evaluation.figures());
        if json {
            let mut line = json!({
                "event": "fold", "fold": fold, "folds": count, "train_samples": train, "validation_samples": validation,
            });
            figures.iter().for_each(|(name, value)| line[*name] = (*value).into());
            say(line)?;
        } else {
            let headline = evaluation.headline().into_iter().filter_map(in_words);
            let headline = headline.collect::<Vec<_>>().join(", ");
            say(format_args!("fold {fold} of {count}: {headline} on {validation} samples, trained on {train}"))?;
        }
        found.push(figures);
    }
    tell(&found, json)
}

fn in_words((name, value): Figure) -> Option<String> {
    Some(format!("{} {}", name.replace('_', " "), figure_text((name, value))?))
}

/// Trains to the end and reads the fold that was held back with the weights that are left.
fn train_fold(job: Arc<Job>, interrupted: &AtomicBool) -> Result<Evaluation, CliError> {
    let run = Run::start(Arc::clone(&job), Start::Running, Reports { snapshots: false }, || {});
    let run = run.map_err(|error| CliError::Failed(format!("the training thread could not be started: {error}")))?;
    let mut weights = None;
    loop {
        if interrupted.load(Ordering::Relaxed) {
            return Err(CliError::Failed("interrupted; nothing is saved of a cross-validation".to_owned()));
        }
        match run.event() {
            Event::Weights(snapshot) => weights = Some(snapshot),
            Event::Done(Outcome::Diverged(divergence)) => return Err(CliError::Diverged(divergence.to_string())),
            Event::Done(Outcome::Failed(message)) => return Err(CliError::Failed(message)),
            Event::Done(Outcome::Finished(_) | Outcome::Stopped) => break,
            _ => {}
        }
    }
    let weights = weights.ok_or_else(|| CliError::Failed("the run has left no weights".to_owned()))?;
    Ok(job.evaluate(&weights.weights, Part::Validation))
}

/// Mean and standard deviation of every figure over the folds; absent where it was absent in one of them.
fn tell(found: &[Vec<Figure>], json: bool) -> Result<(), CliError> {
    let (mut means, mut spreads, mut lines) = (Map::new(), Map::new(), Vec::new());
    for (at, (name, _)) in found.first().into_iter().flatten().enumerate() {
        let values: Option<Vec<f64>> = found.iter().map(|figures| figures[at].1).collect();
        let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mean = values.as_deref().map(mean_of);
        let spread = values.zip(mean).map(|(values, mean)| {
            mean_of(&values.iter().map(|value| (value - mean).powi(2)).collect::<Vec<_>>()).sqrt()
        });
        let text = |value| figure_text((*name, value)).unwrap_or_else(|| "-".to_owned());
        lines.push(format!("{:18} {:>10}  ± {}", name.replace('_', " "), text(mean), text(spread)));
        means.insert((*name).to_owned(), mean.into());
        spreads.insert((*name).to_owned(), spread.into());
    }
    if json {
        let (mean, spread) = (Value::Object(means), Value::Object(spreads));
        return say(json!({ "event": "folds", "folds": found.len(), "mean": mean, "spread": spread }));
    }
    say(format_args!("{:18} {:>10}  ± standard deviation over {} folds", "", "mean", found.len()))?;
    lines.iter().try_for_each(say)
}
