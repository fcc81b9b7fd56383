mod ahead;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use image::{DynamicImage, GrayImage, RgbImage};
use serde_json::{Map, Value, json};

use self::ahead::Asked;
use super::generate::refuse_generator;
use super::terminal::{percent, significant};
use super::{CliError, note, say, shown, threshold_of};
use crate::data::photo;
use crate::data::pictures::{self, Picture};
use crate::data::samples::{scale_bytes, to_bytes};
use crate::data::sources::series::Part;
use crate::data::sources::{csv, images, series};
use crate::data::{DataError, Task};
use crate::project::RunFolder;
use crate::project::run_folder::DataRecord;
use crate::train::Predictor;
use crate::train::heads::Results;
use crate::train::metrics::{THRESHOLD, distance};
use backprop_nn::Shape;
use backprop_nn::loss::argmax;

/// Predict with a run, for images, drawings or tables
#[derive(Debug, Args)]
pub struct Predict {
    /// A run folder, the name of a run in `runs`, or `pretrained`
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    /// Images (PNG, JPEG, BMP, GIF, TIFF, WebP), or drawings as JSON, one or one a line:
    /// {"strokes":[[[x,y],…],…]}, x to the right, y down, any unit; or tables with the columns that the run was trained on;
    /// or folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// For autoencoders: a folder for the reconstructions, PNG files named as the files that were read
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// For forecasts: so many rows beyond the end of each table, with an interval that holds 80 % of the truths
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u16).range(1..))]
    ahead: Option<u16>,
    /// For two classes: the probability from which the second is predicted; 0.5, or what was saved with the run
    #[arg(long, value_name = "P", value_parser = super::probability)]
    threshold: Option<f32>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What a network says of a sample, in the names of its task.
enum Said<'a> {
    /// The probability of every class; nothing for empty paper.
    Classes(Option<&'a [f32]>),
    Numbers(&'a [f64]),
    /// The sample again, and the root of its mean squared error in the scale in which it was trained.
    Again {
        given: &'a [f64],
        error: f32,
    },
}

impl Predict {
    /// Reads every file that can be read; one that cannot is named, and the exit code tells of it at the end.
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        refuse_generator(&run.project, &self.run, "`backprop generate` writes some of its own")?;
        let results = run.head().results();
        if self.out.is_some() && !(results == Results::Reconstructions && run.data.features.is_empty()) {
            let what = format!("--out is for networks that reconstruct images, which {} does not", self.run);
            return Err(CliError::Usage(what));
        }
        if self.ahead.is_some() && run.network.input().as_steps().is_none_or(|_| run.data.features.is_empty()) {
            let what = format!("--ahead is for networks that forecast a series, which {} does not", self.run);
            return Err(CliError::Usage(what));
        }
        let threshold = threshold_of(self.threshold, &run)?;
        if let ([_, second], true) = (run.data.task.classes(), threshold != THRESHOLD) {
            note(format_args!("{second} is predicted from a probability of {threshold:.3} on"));
        }
        let mut reader = Predictor::new(&run.network);
        let mut unread = Vec::new();
        let mut written = HashSet::new();
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
                    true => self.read_pictures(&file, path, &run, &mut reader, &mut written)?,
                    false => self.read_table(&file, &run, &mut reader)?,
                };
                unread.extend(read.err().map(|error| error.to_string()));
            }
        }
        if unread.is_empty() { Ok(()) } else { Err(CliError::Failed(unread.join("\nbackprop: "))) }
    }

    /// Predicts for the pictures of a file below what was `given`. Reconstructions keep their folders below it.
    fn read_pictures(
        &self,
        path: &Path,
        given: &Path,
        run: &RunFolder,
        reader: &mut Predictor,
        written: &mut HashSet<PathBuf>,
    ) -> Result<Result<(), DataError>, CliError> {
        let shape = run.network.input();
        let read = match images::reading_for(&run.project.data.source) {
            Some(reading) => photo::read(path, shape, reading)
                .map(|pixels| vec![Picture::Pixels(pixels)])
                .map_err(|what| DataError::File { path: path.to_owned(), what }),
            None => pictures::read(path, shape),
        };
        let pictures = match read {
            Ok(pictures) => pictures,
            Err(error) => return Ok(Err(error)),
        };
        let several = pictures.len() > 1;
        for (at, picture) in pictures.iter().enumerate() {
            let Picture::Pixels(pixels) = picture else {
                self.answer(path, None, run, Said::Classes(None))?;
                continue;
            };
            let outputs = reader.read(run.trained(), pixels);
            if run.head().results() != Results::Reconstructions {
                self.answer(path, None, run, Said::Classes(Some(outputs)))?;
                continue;
            }
            let mut numbers = vec![0.0; pixels.len()];
            scale_bytes(pixels, &mut numbers);
            let wide: Vec<f64> = outputs.iter().copied().map(f64::from).collect();
            self.answer(path, None, run, Said::Again { given: &wide, error: distance(outputs, &numbers) })?;
            if let Some(folder) = &self.out {
                let number = if several { format!("-{}", at + 1) } else { String::new() };
                let below = path.strip_prefix(given).ok().filter(|below| !below.as_os_str().is_empty());
                let below = below.unwrap_or(Path::new(path.file_name().unwrap_or_default()));
                let stem = below.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
                let place = free_place(&folder.join(below).with_file_name(format!("{stem}{number}.png")), written);
                write_picture(&place, shape, outputs)?;
            }
        }
        Ok(Ok(()))
    }

    fn read_table(
        &self,
        path: &Path,
        run: &RunFolder,
        reader: &mut Predictor,
    ) -> Result<Result<(), DataError>, CliError> {
        let Some(known) = run.known() else {
            let what = "is a table, and the network does not read named columns".to_owned();
            return Ok(Err(DataError::File { path: path.to_owned(), what }));
        };
        // A network that reads a window of rows predicts at every row that has enough of them before it.
        let (columns, window) = (run.network.input().channels(), run.network.input().len());
        let read = match run.network.input().as_steps() {
            Some([steps, _]) => series::read_parts(path, &known, steps),
            None => {
                csv::read_rows(path, &known).map(|(rows, notes)| (vec![Part { series: String::new(), rows }], notes))
            }
        };
        let (parts, notes) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        notes.iter().for_each(|text| note(format_args!("{}: {text}", shown(path))));
        let longest = parts.iter().map(|part| part.rows.len()).max().unwrap_or(0);
        if longest < window {
            let what = format!("has {} rows, and the network reads {}", longest / columns, window / columns);
            return Ok(Err(DataError::File { path: path.to_owned(), what }));
        }
        if let Some(steps) = self.ahead {
            return ahead::forecast(path, run, &known, &parts, Asked { steps: steps.into(), json: self.json });
        }
        let trained = run.trained();
        let standard = |row: &[f64]| {
            let mut numbers = vec![0.0; row.len()];
            trained.scaling.inputs.apply(row, &mut numbers);
            numbers
        };
        let mut before = window / columns;
        for Part { rows, .. } in &parts {
            for (at, row) in rows.windows(window).step_by(columns).enumerate() {
                let outputs = reader.read_row(trained, row);
                let shares: Vec<f32> = outputs.iter().map(|output| *output as f32).collect();
                let said = match trained.task {
                    Task::Classification { .. } => Said::Classes(Some(&shares)),
                    Task::Regression { .. } => Said::Numbers(outputs),
                    Task::Reconstruction { .. } => {
                        Said::Again { given: outputs, error: distance(&standard(outputs), &standard(row)) }
                    }
                };
                self.answer(path, Some(at + before), run, said)?;
            }
            before += rows.len() / columns;
        }
        Ok(Ok(()))
    }

    fn answer(&self, path: &Path, row: Option<usize>, run: &RunFolder, said: Said<'_>) -> Result<(), CliError> {
        let DataRecord { task, features, .. } = &run.data;
        let mut told = json!({ "file": shown(path) });
        if let Some(row) = row {
            told["row"] = row.into();
        }
        let text = match (said, task) {
            (Said::Numbers(values), Task::Regression { targets, .. }) => {
                let units: Map<_, _> = targets
                    .iter()
                    .enumerate()
                    .filter_map(|(at, name)| Some((name.clone(), json!(task.unit(at)?))))
                    .collect();
                if !units.is_empty() {
                    told["units"] = units.into();
                }
                told["values"] = named(targets, values).0;
                named(&task.outputs_in_units(), values).1
            }
            (Said::Again { given, error }, _) => {
                told["rmse"] = json!(error);
                let error = format!("rmse {}", significant(f64::from(error)));
                if features.len() == given.len() {
                    let names: Vec<_> = features.iter().map(ToString::to_string).collect();
                    let (named, text) = named(&names, given);
                    told["values"] = named;
                    format!("{error}: {text}")
                } else {
                    told["values"] = json!(given);
                    error
                }
            }
            (Said::Classes(Some(shares)), _) => {
                let class = match (shares, threshold_of(self.threshold, run)?) {
                    ([_, second], threshold) => usize::from(*second >= threshold),
                    _ => argmax(shares),
                };
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
        say(format_args!("{}{row}: {text}", shown(path)))
    }
}

/// Numbers by their names, for scripts and for people.
fn named(names: &[String], values: &[f64]) -> (Value, String) {
    let map: Map<_, _> = names.iter().cloned().zip(values.iter().map(|value| json!(value))).collect();
    let texts = names.iter().zip(values).map(|(name, value)| format!("{name} {}", significant(*value)));
    (map.into(), texts.collect::<Vec<_>>().join(", "))
}

/// The place itself, or one with a number where another result of this command has it: x.png of x.jpg and of x.bmp.
fn free_place(place: &Path, written: &mut HashSet<PathBuf>) -> PathBuf {
    let stem = place.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let others = (2..).map(|number| place.with_file_name(format!("{stem} ({number}).png")));
    let mut places = std::iter::once(place.to_owned()).chain(others);
    let free = places.find(|place| !written.contains(place)).unwrap_or_else(|| place.to_owned());
    written.insert(free.clone());
    free
}

/// Writes numbers from 0 to 1 as an image; the folder is made if it is not there. Nothing that is there is written over.
fn write_picture(path: &Path, shape: Shape, numbers: &[f32]) -> Result<(), CliError> {
    let fail = |what: String| CliError::Failed(format!("{}: {what}", path.display()));
    let bytes = to_bytes(numbers).collect();
    let picture: Option<DynamicImage> = match shape.as_image() {
        Some([height, width, 1]) => GrayImage::from_raw(width as u32, height as u32, bytes).map(Into::into),
        Some([height, width, 3]) => RgbImage::from_raw(width as u32, height as u32, bytes).map(Into::into),
        _ => None,
    };
    let picture = picture.ok_or_else(|| fail(format!("{shape} is no image in gray or in colors")))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
    if path.exists() {
        return Err(fail("is there already; name another folder with --out".to_owned()));
    }
    picture.save(path).map_err(|error| fail(error.to_string()))
}
