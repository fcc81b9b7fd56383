use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::generate::refuse_generator;
use super::terminal::{figure_text, grouped, named, percent};
use super::train::{Files, Report, train, whole_path};
use super::{CliError, note, say};
use crate::data::Dataset;
use crate::export::data_of;
use crate::project::run_folder::{RUNS, WEIGHTS, save_weights};
use crate::project::{Output, Project, RunFolder, run_log};
use crate::runs::smaller::{Smaller, Way, Weighed, smaller};
use crate::runs::{Parent, Recorder, RunInfo, RunState, store};
use crate::train::Metric;
use crate::train::metrics::{Figure, LOSS};
use crate::train::{Origin, Outcome, Subset, default_threads};
use backprop_nn::Weights;
use backprop_nn::compress::Precision;

/// Make a run smaller, as a run of its own, and tell what that costs
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("way").required(true)))]
pub struct Compress {
    /// The run
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    /// Set this share of the weights of each kernel to zero, the smallest, and let the others learn on
    #[arg(long, value_name = "SHARE", group = "way", value_parser = share)]
    prune: Option<f32>,
    /// Take this share of the units and filters out of the hidden layers, and let the others learn on
    #[arg(long, value_name = "SHARE", group = "way", value_parser = share)]
    units: Option<f32>,
    /// Let the network of this preset or project learn from the run: distillation
    #[arg(long, value_name = "PROJECT", group = "way")]
    distill: Option<String>,
    /// Store the weights in half precision
    #[arg(long, group = "way")]
    float16: bool,
    /// Store kernels and embeddings in eight bits, with a scale for each unit
    #[arg(long, group = "way")]
    int8: bool,
    /// Passes over the training set [default: half of those of the run; those of the project for --distill]
    #[arg(long, value_name = "N", conflicts_with_all = ["float16", "int8"], value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,
    /// Folder for the new run [default: runs/<project>-<number>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the run in the folder that --out names
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// One JSON object a line on standard output, and nothing else
    #[arg(long)]
    json: bool,
}

impl Compress {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        refuse_generator(
            &run.project,
            &self.run,
            "only networks that predict can be compared with their smaller ones",
        )?;
        self.keep_the_run()?;
        let way = self.way()?;
        let dataset = Arc::new(data_of(&run, Project::folder_of(&self.run)).map_err(CliError::Failed)?);
        let before = Weighed::of(&run, Path::new(&self.run), &dataset)?;
        let folder = self.make(&run, &way, &dataset)?;
        self.tell_parent(&folder, !matches!(way, Way::Bits(_)))?;
        let after = Weighed::of(&RunFolder::find(&folder.to_string_lossy())?, &folder, &dataset)?;
        let classes = run.data.task.classes();
        if self.json {
            return say(to_json(&folder, [&before, &after], classes));
        }
        if let Way::Bits(_) = way {
            say(format_args!("saved in {}", folder.display()))?;
        }
        let which = if dataset.test.is_empty() { "validation" } else { "test" };
        table([&before, &after], classes, run.head().headline(), which)
    }

    /// Refuses to put the smaller run into the place of the run.
    fn keep_the_run(&self) -> Result<(), CliError> {
        let places = self.out.as_ref().and_then(|out| fs::canonicalize(out).ok()).zip(fs::canonicalize(&self.run).ok());
        match places {
            Some((out, run)) if out == run => {
                let what = "--out names the run itself, which stays as it is; name another folder";
                Err(CliError::Usage(what.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Trains the smaller run, or stores it; its folder.
    fn make(&self, run: &RunFolder, way: &Way, dataset: &Arc<Dataset>) -> Result<PathBuf, CliError> {
        let epochs = self.epochs.map(|epochs| epochs as usize);
        let made = smaller(run, &whole_path(&self.run), way, epochs);
        let Smaller { mut project, start, removed } = made.map_err(|error| CliError::Failed(error.to_string()))?;
        for layer in &removed {
            note(format_args!("{}: {} of {} units taken out", layer.layer, layer.units, layer.of));
        }
        if let Some(folder) = Project::folder_of(&self.run) {
            project.data.source = project.data.source.found_in(folder);
        }
        if let (Way::Bits(precision), Some(weights)) = (way, &start) {
            return self.store(run, &project, weights, *precision, dataset);
        }
        let start = start.map(|weights| (weights, self.origin()));
        let files = Files { out: self.out.as_deref(), overwrite: self.overwrite, start, ..Files::default() };
        train(&project, Arc::clone(dataset), default_threads(), files, &mut Report::new(self.json, false))
    }

    fn way(&self) -> Result<Way, CliError> {
        Ok(match (self.prune, self.units, &self.distill) {
            (Some(share), ..) => Way::Prune(share),
            (_, Some(share), _) => Way::Units(share),
            (_, _, Some(project)) => Way::Distill(Box::new(Project::find(project)?)),
            _ if self.float16 => Way::Bits(Precision::Float16),
            _ => Way::Bits(Precision::Int8),
        })
    }
}

fn share(text: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|number| (0.01..=0.99).contains(number));
    number.ok_or_else(|| "a share lies between 0.01 and 0.99".to_owned())
}

impl Compress {
    /// Writes a run whose weights are stored in fewer bits; its folder.
    fn store(
        &self,
        run: &RunFolder,
        project: &Project,
        weights: &Weights,
        precision: Precision,
        dataset: &Arc<Dataset>,
    ) -> Result<PathBuf, CliError> {
        let output = match &self.out {
            Some(folder) => Output::named(folder, self.overwrite)?,
            None => Output::next(Path::new(RUNS), &project.name)?,
        };
        let (mut job, _) = run.with(weights.clone())?.into_job(Arc::clone(dataset))?;
        job.origin = Some(self.origin());
        let test = (!dataset.test.is_empty()).then(|| Arc::new(job.evaluate(weights, Subset::Test)));
        let mut recorder = Recorder::begin(output, project, &job)?;
        recorder.tell(&run_log::done_line(&Outcome::Finished(test), 0.0))?;
        let folder = recorder.end(&job, Some(weights), RunState::Finished, 0.0)?;
        save_weights(&folder.join(WEIGHTS), &job.network, weights, precision)?;
        Ok(folder)
    }

    /// The name of the run.
    fn name(&self) -> String {
        Path::new(&self.run).file_name().map_or_else(|| self.run.clone(), |name| name.to_string_lossy().into_owned())
    }

    /// What is done with it.
    fn origin(&self) -> Origin {
        let by = match (self.prune, self.units, &self.distill) {
            (Some(share), ..) => format!("--prune {share}"),
            (_, Some(share), _) => format!("--units {share}"),
            (_, _, Some(project)) => format!("--distill {project}"),
            _ => if self.float16 { "--float16" } else { "--int8" }.to_owned(),
        };
        Origin::Run { run: self.name(), by: format!("compress {by}") }
    }

    /// Notes in a run what it comes from; one that was not trained has the epochs of that.
    fn tell_parent(&self, folder: &Path, is_trained: bool) -> Result<(), CliError> {
        let own = RunInfo::read(Path::new(&self.run))?.unwrap_or_default();
        let parent = Parent { run: self.name(), step: own.step };
        Ok(store::change(folder, |info| {
            info.parent = Some(parent);
            if !is_trained {
                (info.step, info.epochs, info.of_epochs) = (own.step, own.epochs, own.of_epochs);
            }
        })?)
    }
}

/// Both runs side by side, the classes last.
fn table(
    [before, after]: [&Weighed; 2],
    classes: &[String],
    headline: &[&'static Metric],
    which: &str,
) -> Result<(), CliError> {
    let line = |name: &str, [before, after]: [String; 2]| say(format_args!("{name:24} {before:>14} {after:>14}"));
    let counts = |name, of: fn(&Weighed) -> usize| line(name, [before, after].map(|it| grouped(of(it))));
    line("", ["before", "after"].map(str::to_owned))?;
    counts("weights", |it| it.weights)?;
    counts("of them not 0", |it| it.not_zero)?;
    counts("bytes stored", |it| it.bytes)?;
    counts("bytes gzipped", |it| it.zipped)?;
    line("ms for a sample", [before, after].map(|it| format!("{:.4}", it.milliseconds)))?;
    let text = |figure: Figure| figure_text(figure).unwrap_or_else(|| "–".to_owned());
    for (one, other) in before.evaluation.figures().into_iter().zip(after.evaluation.figures()) {
        if is_told(one.metric, headline) {
            line(&named(one.metric), [text(one), text(other)])?;
        }
    }
    let recalls = [before, after].map(recalls);
    for (name, (one, other)) in classes.iter().zip(recalls[0].iter().zip(&recalls[1])) {
        line(&format!("recall of {name}"), [one, other].map(|recall| percent(*recall)))?;
    }
    note(format_args!("On {} {which} samples; a sample is answered on one thread", grouped(before.evaluation.len())));
    Ok(())
}

/// Whether a figure stands in the table: the loss, those that lead for the task, and those that rare classes count in.
fn is_told(metric: &'static Metric, headline: &[&'static Metric]) -> bool {
    *metric == LOSS || headline.contains(&metric) || ["macro_recall", "macro_f1"].contains(&metric.key)
}

/// Of the samples of each class, the share that is found.
fn recalls(it: &Weighed) -> Vec<f32> {
    let scores = it.evaluation.classes().map(|classes| classes.class_scores()).unwrap_or_default();
    scores.iter().map(|score| score.recall).collect()
}

fn to_json(folder: &Path, runs: [&Weighed; 2], classes: &[String]) -> Value {
    let [before, after] = runs.map(|it| {
        let mut told = json!({
            "weights": it.weights, "not_zero": it.not_zero, "bytes": it.bytes, "gzipped": it.zipped,
            "milliseconds": it.milliseconds, "samples": it.evaluation.len(),
        });
        for Figure { metric, value } in it.evaluation.figures() {
            told[metric.key] = value.into();
        }
        let recall: serde_json::Map<_, _> =
            classes.iter().cloned().zip(recalls(it).into_iter().map(Into::into)).collect();
        told["recall"] = recall.into();
        told
    });
    json!({ "event": "compressed", "run": folder, "before": before, "after": after })
}
