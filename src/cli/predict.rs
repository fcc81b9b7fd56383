use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::terminal::percent;
use super::{CliError, say};
use crate::data::pictures::{self, Picture};
use crate::nn::loss::argmax;
use crate::project::RunFolder;
use crate::train::Reader;

#[derive(Debug, Args)]
pub struct Predict {
    /// A run folder, or `pretrained`
    run: String,
    /// Images (PNG, JPEG, BMP, GIF, TIFF, WebP), or drawings as JSON, one or one a line:
    /// {"strokes":[[[x,y],…],…]}, x to the right, y down, any unit
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Predict {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        let mut reader = Reader::new(&run.network);
        for path in &self.files {
            for picture in pictures::read(path, run.network.input())? {
                let probabilities = match &picture {
                    Picture::Pixels(pixels) => {
                        Some(reader.read(&run.network, &run.weights, run.project.training.loss, pixels))
                    }
                    Picture::Empty => None,
                };
                let label = probabilities.map(|probabilities| argmax(probabilities).to_string());
                if self.json {
                    say(json!({ "file": path, "label": label, "probabilities": probabilities }))?;
                } else {
                    let confidence = probabilities.map(|p| percent(p[argmax(p)]));
                    let answer = label.zip(confidence).map_or("empty".to_owned(), |(label, p)| format!("{label}  {p}"));
                    say(format_args!("{}: {answer}", path.display()))?;
                }
            }
        }
        Ok(())
    }
}
