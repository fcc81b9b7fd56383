use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::terminal::{grouped, percent};
use super::{CliError, say};
use crate::data::Dataset;
use crate::project::RunFolder;
use crate::train::{Evaluation, Part};

#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run folder, or `pretrained`
    run: String,
    /// Where the samples come from: digits, idx:DIR, or several joined by +
    #[arg(long, value_name = "SOURCE")]
    data: String,
    /// Which of its samples; the split is that of the run
    #[arg(long, value_enum, default_value = "test")]
    split: Split,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Split {
    Train,
    Validation,
    Test,
}

impl Evaluate {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        let dataset = Arc::new(Dataset::load(&self.data)?);
        // The network may know more classes than there are samples of.
        let name = |class: usize| dataset.classes.get(class).cloned().unwrap_or_else(|| class.to_string());
        let classes: Vec<String> = (0..run.network.output().len()).map(name).collect();
        let part = match self.split {
            Split::Train => Part::Train,
            Split::Validation => Part::Validation,
            Split::Test => Part::Test,
        };
        let (job, weights) = run.into_job(dataset)?;
        let evaluation = job.evaluate(&weights, part);
        if evaluation.predictions.is_empty() {
            return Err(CliError::Failed(format!(
                "{}: there are no {} samples",
                self.data,
                format!("{part:?}").to_lowercase()
            )));
        }
        if self.json { say(to_json(&evaluation, &classes)) } else { table(&evaluation, &classes) }
    }
}

fn to_json(evaluation: &Evaluation, classes: &[String]) -> serde_json::Value {
    let confusion: Vec<Vec<u32>> = evaluation.confusion.rows().into_iter().map(|row| row.to_vec()).collect();
    let scores = evaluation.class_scores();
    let classes: Vec<_> = classes
        .iter()
        .zip(&scores)
        .map(|(name, score)| json!({ "name": name, "precision": score.precision, "recall": score.recall, "f1": score.f1 }))
        .collect();
    json!({ "loss": evaluation.loss, "accuracy": evaluation.accuracy, "confusion": confusion, "classes": classes })
}

fn table(evaluation: &Evaluation, classes: &[String]) -> Result<(), CliError> {
    let samples = grouped(evaluation.predictions.len());
    say(format_args!("loss {:.4}, accuracy {} on {samples} samples", evaluation.loss, percent(evaluation.accuracy)))?;
    say("class       precision    recall        F1   samples")?;
    for (name, score) in classes.iter().zip(evaluation.class_scores()) {
        let [precision, recall, f1] = [score.precision, score.recall, score.f1].map(percent);
        say(format_args!("{name:10}  {precision:>9} {recall:>9} {f1:>9} {:>9}", grouped(score.support as usize)))?;
    }
    Ok(())
}
