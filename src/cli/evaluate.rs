use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::generate::refuse_generator;
use super::terminal::{figure_text, grouped, named, percent};
use super::{CliError, say, source_help};
use crate::data::{DataError, Dataset, Lookup};
use crate::project::{Project, RunFolder};
use crate::train::metrics::{Figure, LOSS};
use crate::train::{ClassScore, Evaluation, Subset};

/// Evaluate a run on a set of samples
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run folder, or `pretrained`
    run: String,
    #[arg(long, value_name = "SOURCE", help = source_help())]
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
        refuse_generator(&run.project, &self.run, "`backprop generate` writes some of its own")?;
        let task = run.data.task.clone();
        // Images have no features that could be found again.
        let known = Some((&task, run.data.features.as_slice())).filter(|known| !known.1.is_empty());
        let source = self.data.parse().map_err(DataError::from)?;
        let dataset = Dataset::load(&source, &Lookup { folder: Project::folder_of(&self.run), known, progress: None })?;
        let dataset = Arc::new(run.project.data.asked_of(dataset)?);
        let part = match self.split {
            Split::Train => Subset::Train,
            Split::Validation => Subset::Validation,
            Split::Test => Subset::Test,
        };
        let (job, weights) = run.into_job(dataset)?;
        let evaluation = job.evaluate(&weights, part);
        if evaluation.is_empty() {
            return Err(CliError::Failed(format!(
                "{}: there are no {} samples",
                self.data,
                format!("{part:?}").to_lowercase()
            )));
        }
        if self.json { say(to_json(&evaluation, task.classes())) } else { table(&evaluation, task.classes()) }
    }
}

/// Every figure of the task, and where there are classes the confusion and the scores of each.
fn to_json(evaluation: &Evaluation, classes: &[String]) -> Value {
    let mut told = json!({ "samples": evaluation.len() });
    for Figure { metric, value } in evaluation.figures() {
        told[metric.key] = value.into();
    }
    if let Some(predictions) = evaluation.classes() {
        let confusion: Vec<Vec<u32>> = predictions.confusion.rows().into_iter().map(|row| row.to_vec()).collect();
        let of_class = |(name, score): (&String, ClassScore)| {
            let ClassScore { precision, recall, f1, support } = score;
            json!({ "name": name, "precision": precision, "recall": recall, "f1": f1, "samples": support })
        };
        told["confusion"] = json!(confusion);
        told["classes"] = classes.iter().zip(predictions.class_scores()).map(of_class).collect();
    }
    told
}

fn table(evaluation: &Evaluation, classes: &[String]) -> Result<(), CliError> {
    say(format_args!("loss {:.4} on {} samples", evaluation.loss, grouped(evaluation.len())))?;
    for figure in evaluation.figures().into_iter().filter(|figure| *figure.metric != LOSS) {
        let text = figure_text(figure).unwrap_or_else(|| "not defined for these samples".to_owned());
        say(format_args!("{:28} {text}", named(figure.metric)))?;
    }
    let Some(predictions) = evaluation.classes() else { return Ok(()) };
    say("class       precision    recall        F1   samples")?;
    for (name, score) in classes.iter().zip(predictions.class_scores()) {
        let [precision, recall, f1] = [score.precision, score.recall, score.f1].map(percent);
        say(format_args!("{name:10}  {precision:>9} {recall:>9} {f1:>9} {:>9}", grouped(score.support as usize)))?;
    }
    Ok(())
}
