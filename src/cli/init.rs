use std::path::PathBuf;

use clap::Args;

use super::terminal::grouped;
use super::{CliError, load_data, say, source_help};
use crate::project::run_folder;
use crate::train::default_threads;
use backprop_nn::compress::Precision;

/// Write the weights that a training would start with
#[derive(Debug, Args)]
pub struct Init {
    /// A preset's name, a project file, a run folder, or data, for which a project is suggested
    #[arg(value_parser = super::runs::run_or_word)]
    project: String,
    #[arg(long, value_name = "SOURCE", help = source_help())]
    data: Option<String>,
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<String>,
    /// The safetensors file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Init {
    pub fn run(&self) -> Result<(), CliError> {
        let mut project = super::new::find(&self.project)?;
        for (path, value) in [("data.source", &self.data), ("training.seed", &self.seed)] {
            if let Some(value) = value {
                project.set(path, value).map_err(|error| CliError::Usage(error.to_string()))?;
            }
        }
        let job = project.job(load_data(&project, &self.project)?, default_threads())?;
        run_folder::save_weights(&self.out, &job.network, &job.initial_weights(), Precision::Float32)?;
        let (weights, tensors) = (grouped(job.network.weights_len()), job.network.params().len());
        say(format_args!("{weights} weights in {tensors} tensors are in {}", self.out.display()))
    }
}
