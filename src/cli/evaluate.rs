mod calibration;

use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::generate::refuse_generator;
use super::importance::Columns;
use super::terminal::{figure_text, grouped, named, percent};
use super::{CliError, note, say, source_help, threshold_of};
use crate::data::source::SourcePart;
use crate::data::sources::{self, images, series, source_of, text};
use crate::data::{Dataset, Lookup, Source, SourceSpec};
use crate::explain::calibration::Calibrated;
use crate::project::{Project, RunFolder};
use crate::runs::RunInfo;
use crate::runs::info::fingerprint;
use crate::train::metrics::{Figure, LOSS, THRESHOLD};
use crate::train::{ClassScore, Evaluation, Subset};

/// Evaluate a run on a set of samples
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run folder, the name of a run in `runs`, or `pretrained`
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    #[arg(long, value_name = "SOURCE", help = format!("Samples: a file, a folder, or {}; those of the run by default", source_help()))]
    data: Option<String>,
    /// Which of its samples. By default all of a file that the run was not trained on, and the test samples of its own data
    /// or of data that come with some; the split is that of the run
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// For two classes: the probability from which the second is predicted; 0.5, or what was saved with the run
    #[arg(long, value_name = "P", value_parser = super::probability)]
    threshold: Option<f32>,
    /// Of a table: how much each column matters, measured by shuffling it
    #[arg(long)]
    importance: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Split {
    All,
    Train,
    Validation,
    Test,
}

/// The source that a file is read as which is only named, where its ending alone does not tell.
fn read_as_trained(trained_on: &SourceSpec) -> Option<&'static Source> {
    const OWN: [&Source; 5] = [&series::SOURCE, &text::LABELED, &text::CHARS, &text::WORDS, &text::BPE];
    let own = OWN.into_iter().find(|source| trained_on.is(source));
    own.or_else(|| trained_on.is(&text::REVIEWS).then_some(OWN[1]))
}

impl Evaluate {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        refuse_generator(&run.project, &self.run, "`backprop generate` writes some of its own")?;
        let task = run.data.task.clone();
        let trained_on = &run.project.data.source;
        let asked = match &self.data {
            None => trained_on.clone(),
            // Its folders may be some of the classes alone, which no training would take.
            Some(name) if trained_on.is(&images::SOURCE) && Path::new(name).is_dir() => {
                SourceSpec::of_path(images::SOURCE.name, Path::new(name))
            }
            Some(name) => {
                let asked = sources::named(name)?;
                // A file that is only named is read as that of the training was.
                let is_named = Path::new(name.split('?').next().unwrap_or_default()).exists();
                match read_as_trained(trained_on).filter(|_| is_named) {
                    Some(source) => asked.read_as(source),
                    None => asked,
                }
            }
        };
        let is_file = asked.single().is_some_and(|part| Path::new(&part.argument).exists());
        let is_same = is_file && is_same_data(&asked, trained_on);
        let (source, taken) = asked.completed_by(trained_on, is_same);
        if is_same && source != *trained_on {
            note("warning: the run divided its data otherwise, so that some of these samples were trained on");
        }
        if !taken.is_empty() {
            note(format_args!("Read as in training: {}", taken.join(", ")));
        }
        // Images have no features with names, and are read to the classes alone.
        let known = run.known().filter(|known| !known.features.is_empty() || source.is(&images::SOURCE));
        let lookup = Lookup { folder: Project::folder_of(&self.run), known, progress: None };
        let mut dataset = run.project.data.asked_of(Dataset::load(&source, &lookup)?)?;
        let is_new = !is_same_data(&source, &run.project.data.source);
        let info = if is_new { None } else { RunInfo::read(Path::new(&self.run)).ok().flatten() };
        if source == *trained_on && info.is_some_and(|info| info.data != fingerprint(&dataset)) {
            note(
                "warning: the data are other ones than the run was trained on, so that it may know some of these samples",
            );
        }
        let split = self.split.unwrap_or(if is_new && has_no_test_set(&source) { Split::All } else { Split::Test });
        let (part, which) = match split {
            Split::All => (Subset::Train, "all"),
            Split::Train => (Subset::Train, "the training"),
            Split::Validation => (Subset::Validation, "the validation"),
            Split::Test => (Subset::Test, "the test"),
        };
        let threshold = threshold_of(self.threshold, &run)?;
        let mut run = run;
        if split == Split::All {
            dataset = dataset.as_one();
            run.project.data.validation = 0.0;
        }
        dataset.notes.iter().for_each(note);
        let name = dataset.name.clone();
        let (job, weights) = run.into_job(Arc::new(dataset))?;
        let evaluation = job.evaluate(&weights, part).from_threshold(threshold);
        if evaluation.is_empty() {
            return Err(CliError::Failed(format!(
                "{source}: there are no samples in {which}; --split all takes every one"
            )));
        }
        note(format_args!("On {which} samples of {name}"));
        if let ([_, second], true) = (task.classes(), threshold != THRESHOLD) {
            note(format_args!("{second} is predicted from a probability of {threshold:.3} on"));
        }
        let importance = self.importance.then(|| Columns::of(&job, &weights, part)).transpose()?;
        // Of other data than those of the run, the validation set is another than that of the run.
        let calibrated = Calibrated::of(&job, &weights, &evaluation, part, !is_new && split != Split::All);
        if self.json {
            let mut told = to_json(&evaluation, task.classes(), calibrated.as_ref());
            importance.iter().for_each(|columns| told["importance"] = columns.to_json());
            return say(told);
        }
        table(&evaluation, task.classes(), calibrated.as_ref())?;
        let best = evaluation.classes().filter(|_| split == Split::Validation).and_then(|it| it.best_threshold());
        if let (Some((threshold, f1)), [_, second]) = (best, task.classes()) {
            say(format_args!("best F1 of {second}: {} with --threshold {threshold:.3}", percent(f1 as f32)))?;
        }
        importance.iter().try_for_each(Columns::tell)
    }
}

/// Whether two sources name the same files, with whatever options.
fn is_same_data(one: &SourceSpec, other: &SourceSpec) -> bool {
    let place = |path: &str| std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let is_same = |(a, b): (&SourcePart, &SourcePart)| a.name == b.name && place(&a.argument) == place(&b.argument);
    one.parts.len() == other.parts.len() && one.parts.iter().zip(&other.parts).all(is_same)
}

/// Whether test samples are only a share of the others, and no set of their own.
fn has_no_test_set(source: &SourceSpec) -> bool {
    let splits =
        |part: &SourcePart| source_of(part).is_some_and(|source| source.fields().any(|option| option.key == "test"));
    source.parts.iter().all(splits)
}

/// Every figure of the task, and where there are classes the confusion, the scores of each and the calibration.
fn to_json(evaluation: &Evaluation, classes: &[String], calibrated: Option<&Calibrated>) -> Value {
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
    if let Some(calibrated) = calibrated {
        told["calibration"] = calibration::to_json(calibrated);
    }
    told
}

fn table(evaluation: &Evaluation, classes: &[String], calibrated: Option<&Calibrated>) -> Result<(), CliError> {
    say(format_args!("loss {:.4} on {} samples", evaluation.loss, grouped(evaluation.len())))?;
    let mut figures: Vec<Figure> = evaluation.figures().into_iter().filter(|figure| *figure.metric != LOSS).collect();
    if evaluation.is_one_sided() {
        // Where one class is nearly all, the accuracy says little.
        figures.sort_by_key(|figure| !["macro_recall", "macro_f1"].contains(&figure.metric.key));
    }
    for figure in figures {
        let text = figure_text(figure).unwrap_or_else(|| "not defined for these samples".to_owned());
        say(format_args!("{:28} {text}", named(figure.metric)))?;
    }
    for (name, text) in calibrated.map_or_else(Vec::new, calibration::lines) {
        say(format_args!("{name:28} {text}"))?;
    }
    let Some(predictions) = evaluation.classes() else { return Ok(()) };
    say("class       precision    recall        F1   samples")?;
    for (name, score) in classes.iter().zip(predictions.class_scores()) {
        let [precision, recall, f1] = [score.precision, score.recall, score.f1].map(percent);
        say(format_args!("{name:10}  {precision:>9} {recall:>9} {f1:>9} {:>9}", grouped(score.support as usize)))?;
    }
    Ok(())
}
