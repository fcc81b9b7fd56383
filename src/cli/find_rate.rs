use std::path::Path;

use clap::Args;
use serde_json::json;

use super::generate::refuse_generator;
use super::{CliError, load_data, say, source_help};
use crate::project::run_folder::RUNS;
use crate::runs::rate_sweep::SweepRecorder;
use crate::train::{RatePoint, RateSweep, default_threads};

/// Try learning rates from tiny to too large, and suggest one; what was tried is kept as a run
#[derive(Debug, Args)]
pub struct FindRate {
    /// A preset's name, a project file, a run folder, or data, for which a project is suggested
    #[arg(value_parser = super::runs::run_or_word)]
    project: String,
    #[arg(long, value_name = "SOURCE", help = source_help())]
    data: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl FindRate {
    pub fn run(&self) -> Result<(), CliError> {
        let mut project = super::new::find(&self.project)?;
        if let Some(source) = &self.data {
            project.set("data.source", source).map_err(|error| CliError::Usage(error.to_string()))?;
        }
        refuse_generator(&project, &self.project, "try the rates of both networks in short trainings")?;
        let job = project.job(load_data(&project, &self.project)?, default_threads())?;
        let mut recorder = SweepRecorder::begin(Path::new(RUNS), &project, &job)?;
        let mut written = Ok(());
        let sweep = job.find_rate(&job.initial_weights(), |points| {
            written = std::mem::replace(&mut written, Ok(())).and_then(|()| recorder.tell(points));
            true
        });
        let kept = written.and_then(|()| recorder.end(&job, sweep.as_ref()));
        let RateSweep { points, suggestion } = sweep.unwrap_or_default();
        if !self.json {
            say("learning rate      loss  smoothed")?;
        }
        for RatePoint { learning_rate, loss, smoothed } in points {
            if self.json {
                say(json!({ "event": "rate", "learning_rate": learning_rate, "loss": loss, "smoothed": smoothed }))?;
            } else {
                say(format_args!("{learning_rate:>13.3e}  {loss:>8.4}  {smoothed:>8.4}"))?;
            }
        }
        if self.json {
            say(json!({ "event": "suggestion", "learning_rate": suggestion }))?;
            return Ok(kept.map(drop)?);
        }
        match suggestion {
            Some(rate) => say(format_args!("suggestion: --learning-rate {rate:.2e}"))?,
            None => say("no suggestion: the loss never fell for long; try another optimizer or network")?,
        }
        say(format_args!("saved in {}", kept?.display()))
    }
}
