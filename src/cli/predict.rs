use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::generate::refuse_generator;
use super::terminal::{percent, significant};
use super::{CliError, say};
use crate::data::pictures::{self, Picture};
use crate::data::{DataError, Task, csv, images, series};
use crate::nn::loss::argmax;
use crate::project::RunFolder;
use crate::train::Reader;
use crate::train::evaluate::Trained;

#[derive(Debug, Args)]
pub struct Predict {
    /// A run folder, or `pretrained`
    run: String,
    /// Images (PNG, JPEG, BMP, GIF, TIFF, WebP), or drawings as JSON, one or one a line:
    /// {"strokes":[[[x,y],…],…]}, x to the right, y down, any unit; or tables with the columns that the run was trained on;
    /// or folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What a network says of a sample, in the names of its task.
enum Said<'a> {
    /// The probability of every class; nothing for empty paper.
    Classes(Option<&'a [f32]>),
    Numbers(&'a [f32]),
}

impl Predict {
    /// Reads every file that can be read; one that cannot is named, and the exit code tells of it at the end.
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        refuse_generator(&run.project, &self.run, "`backprop generate` writes some of its own")?;
        let mut reader = Reader::new(&run.network);
        let mut unread = Vec::new();
        for path in &self.files {
            let files = images::files_of(path).unwrap_or_else(|error| {
                unread.push(error.to_string());
                Vec::new()
            });
            if files.is_empty() && path.is_dir() {
                unread.push(format!("{}: there is no file in this folder", path.display()));
            }
            for file in files {
                let read = match run.data.features.is_empty() {
                    true => self.read_pictures(&file, &run, &mut reader)?,
                    false => self.read_table(&file, &run, &mut reader)?,
                };
                unread.extend(read.err().map(|error| error.to_string()));
            }
        }
        if unread.is_empty() { Ok(()) } else { Err(CliError::Failed(unread.join("\nbackprop: "))) }
    }

    fn read_pictures(
        &self,
        path: &Path,
        run: &RunFolder,
        reader: &mut Reader,
    ) -> Result<Result<(), DataError>, CliError> {
        let shape = run.network.input();
        let read = match images::is_source(&run.project.data.source) {
            true => images::read(path, shape)
                .map(|pixels| vec![Picture::Pixels(pixels)])
                .map_err(|what| DataError::File { path: path.to_owned(), what }),
            false => pictures::read(path, shape),
        };
        let pictures = match read {
            Ok(pictures) => pictures,
            Err(error) => return Ok(Err(error)),
        };
        for picture in pictures {
            let probabilities = match &picture {
                Picture::Pixels(pixels) => {
                    Some(reader.read(&run.network, &run.weights, &run.project.training.loss, pixels))
                }
                Picture::Empty => None,
            };
            self.answer(path, None, &run.data.task, Said::Classes(probabilities))?;
        }
        Ok(Ok(()))
    }

    fn read_table(&self, path: &Path, run: &RunFolder, reader: &mut Reader) -> Result<Result<(), DataError>, CliError> {
        let mut rows = match csv::read_rows(path, &run.data.features, &run.project.data.source) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error)),
        };
        // A network that reads a window of rows answers after every row that has enough of them before it.
        let (columns, window) = (run.network.input().channels(), run.network.input().len());
        if run.network.input().as_steps().is_some() {
            series::fill_gaps(&mut rows, columns);
        }
        if rows.len() < window {
            let what = format!("has {} rows, and the network reads {}", rows.len() / columns, window / columns);
            return Ok(Err(DataError::File { path: path.to_owned(), what }));
        }
        let RunFolder { project, data, network, weights } = run;
        let trained =
            Trained { network, weights, loss: &project.training.loss, task: &data.task, scaling: &data.scaling };
        for (at, row) in rows.windows(window).step_by(columns).enumerate() {
            let outputs = reader.read_row(trained, row);
            let said = match data.task {
                Task::Classification { .. } => Said::Classes(Some(outputs)),
                Task::Regression { .. } => Said::Numbers(outputs),
            };
            self.answer(path, Some(at + window / columns), &data.task, said)?;
        }
        Ok(Ok(()))
    }

    fn answer(&self, path: &Path, row: Option<usize>, task: &Task, said: Said<'_>) -> Result<(), CliError> {
        let mut told = json!({ "file": path });
        if let Some(row) = row {
            told["row"] = row.into();
        }
        let text = match (said, task) {
            (Said::Numbers(values), Task::Regression { targets }) => {
                told["values"] =
                    targets.iter().cloned().zip(values.iter().map(|value| json!(value))).collect::<Map<_, _>>().into();
                let texts = targets
                    .iter()
                    .zip(values)
                    .map(|(name, value)| format!("{name} {}", significant(f64::from(*value))));
                texts.collect::<Vec<_>>().join(", ")
            }
            (Said::Classes(Some(shares)), _) => {
                let class = argmax(shares);
                let label = task.classes().get(class).cloned().unwrap_or_else(|| class.to_string());
                let text = format!("{label}  {}", percent(shares[class]));
                (told["label"], told["probabilities"]) = (label.into(), json!(shares));
                text
            }
            _ => {
                (told["label"], told["probabilities"]) = (Value::Null, Value::Null);
                "empty".to_owned()
            }
        };
        if self.json {
            return say(told);
        }
        let row = row.map_or(String::new(), |row| format!(", row {row}"));
        say(format_args!("{}{row}: {text}", path.display()))
    }
}
