use std::path::{Path, PathBuf};

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
    /// Reads every file that can be read; one that cannot is named, and the exit code tells of it at the end.
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        let mut reader = Reader::new(&run.network);
        let mut unread = Vec::new();
        for path in &self.files {
            match pictures::read(path, run.network.input()) {
                Ok(pictures) => {
                    pictures.iter().try_for_each(|picture| self.answer(path, picture, &run, &mut reader))?
                }
                Err(error) => unread.push(error.to_string()),
            }
        }
        if unread.is_empty() { Ok(()) } else { Err(CliError::Failed(unread.join("\nbackprop: "))) }
    }

    fn answer(&self, path: &Path, picture: &Picture, run: &RunFolder, reader: &mut Reader) -> Result<(), CliError> {
        let probabilities = match picture {
            Picture::Pixels(pixels) => {
                Some(reader.read(&run.network, &run.weights, &run.project.training.loss, pixels))
            }
            Picture::Empty => None,
        };
        let name = |class: usize| run.data.task.classes().get(class).cloned().unwrap_or_else(|| class.to_string());
        let label = probabilities.map(|probabilities| name(argmax(probabilities)));
        if self.json {
            return say(json!({ "file": path, "label": label, "probabilities": probabilities }));
        }
        let confidence = probabilities.map(|p| percent(p[argmax(p)]));
        let answer = label.zip(confidence).map_or("empty".to_owned(), |(label, p)| format!("{label}  {p}"));
        say(format_args!("{}: {answer}", path.display()))
    }
}
