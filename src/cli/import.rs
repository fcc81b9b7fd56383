use std::path::{Path, PathBuf};

use clap::Args;

use super::terminal::grouped;
use super::{CliError, note, say, source_help};
use crate::data::sources;
use crate::data::{Dataset, Lookup};
use crate::import::{self, Around, Imported};
use crate::project::Output;
use crate::project::run_folder::RUNS;
use backprop_nn::trace::Trace;

/// Read a network from an ONNX file, as a run that can be evaluated, trained on and exported
#[derive(Debug, Args)]
pub struct Import {
    /// The ONNX file, as PyTorch, Keras and others write it
    file: PathBuf,
    #[arg(long, value_name = "SOURCE", help = format!("The data of the network, which give task, classes and features. {}", source_help()))]
    data: Option<String>,
    /// Mean of each channel of the pixels from 0 to 1, as in torchvision's Normalize, or of each feature: one number, or several
    /// with commas
    #[arg(long, value_name = "M,M,M", requires = "std", value_delimiter = ',', allow_hyphen_values = true)]
    mean: Vec<f64>,
    /// Standard deviation of each, likewise
    #[arg(long, value_name = "S,S,S", requires = "mean", value_delimiter = ',')]
    std: Vec<f64>,
    /// The run folder to write; the next free one in `runs` by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace a run that is in the folder
    #[arg(long)]
    overwrite: bool,
}

impl Import {
    pub fn run(&self) -> Result<(), CliError> {
        let source = self.data.as_deref().map(sources::named).transpose()?;
        let dataset = source.as_ref().map(|source| Dataset::load(source, &Lookup::default())).transpose()?;
        let around = Around {
            data: source.as_ref().zip(dataset.as_ref()),
            standard: (!self.mean.is_empty()).then_some((&self.mean[..], &self.std[..])),
        };
        let shown = self.file.display();
        let Imported { run, notes } = import::open(&self.file, &around).map_err(|error| {
            CliError::Failed(match error {
                error @ import::ImportError::File { .. } => error.to_string(),
                error => format!("{shown}: {error}"),
            })
        })?;
        let output = match &self.out {
            Some(folder) => Output::named(folder, self.overwrite)?,
            None => Output::next(Path::new(RUNS), &run.project.name)?,
        };
        run.save(output.folder())?;
        notes.iter().for_each(note);
        let layers = &run.project.model.layers;
        let trace = Trace::of(layers, run.network.input());
        say(format_args!("{:<40} {:>14} {:>12}", "layer", "output", "parameters"))?;
        say(format_args!("{:<40} {:>14}", "input", run.network.input().to_string()))?;
        for (layer, plan) in layers.iter().zip(&trace.plans) {
            say(format_args!(
                "{:<40} {:>14} {:>12}",
                layer.to_string(),
                plan.output.to_string(),
                grouped(plan.params)
            ))?;
        }
        let (count, parameters, folder) = (layers.len(), grouped(run.network.param_count()), output.folder().display());
        say(format_args!(
            "{count} layers with {parameters} parameters are in {folder}; `backprop evaluate {folder}` tests them"
        ))
    }
}
