mod ahead;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use image::{DynamicImage, GrayImage, RgbImage};
use serde_json::Value;

use self::ahead::Asked;
use super::generate::refuse_generator;
use super::terminal::{percent, significant};
use super::{CliError, note, say, shown, threshold_of};
use crate::data::DataError;
use crate::data::samples::to_bytes;
use crate::data::sources::images;
use crate::predict::{Prediction, Rows, RunPredictor};
use crate::project::RunFolder;
use crate::train::Predictor;
use crate::train::heads::Results;
use crate::train::metrics::THRESHOLD;
use backprop_nn::Shape;

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
        let mut predictor = Predictor::new(&run.network);
        let mut predictor = RunPredictor::new(&run, threshold, &mut predictor);
        let mut unread = Vec::new();
        let mut written = HashSet::new();
        for (path, place) in self.files.iter().zip(self.places()) {
            let files = images::files_of(path).unwrap_or_else(|error| {
                unread.push(error.to_string());
                Vec::new()
            });
            if files.is_empty() && path.is_dir() {
                unread.push(format!("{}: there is no file in this folder", path.display()));
            }
            for file in files {
                let read = match run.data.features.is_empty() {
                    true => self.read_pictures(&file, (path, &place), &run, &mut predictor, &mut written)?,
                    false => self.read_table(&file, &run, &mut predictor)?,
                };
                unread.extend(read.err().map(|error| error.to_string()));
            }
        }
        if unread.is_empty() { Ok(()) } else { Err(CliError::Failed(unread.join("\nbackprop: "))) }
    }

    /// Where below --out the results of each argument are: in a folder of its name, where several folders are given.
    fn places(&self) -> Vec<PathBuf> {
        let is_one = self.files.iter().filter(|path| path.is_dir()).count() < 2;
        let mut taken = HashSet::new();
        let place = |path: &PathBuf| {
            if is_one || !path.is_dir() {
                return PathBuf::new();
            }
            // "." and ".." have names as well.
            let named = |path: &Path| path.file_name().map(ToOwned::to_owned);
            let name = named(path).or_else(|| named(&path.canonicalize().ok()?)).unwrap_or_default();
            let others = (2..).map(|number| PathBuf::from(format!("{} ({number})", name.to_string_lossy())));
            let mut places = std::iter::once(PathBuf::from(&name)).chain(others);
            places.find(|place| taken.insert(place.clone())).unwrap_or_default()
        };
        self.files.iter().map(place).collect()
    }

    /// Predicts for the pictures of a file below what was given. Reconstructions keep their folders below it, and all of them
    /// are below the place that it has in --out.
    fn read_pictures(
        &self,
        path: &Path,
        (given, place): (&Path, &Path),
        run: &RunFolder,
        predictor: &mut RunPredictor<'_>,
        written: &mut HashSet<PathBuf>,
    ) -> Result<Result<(), DataError>, CliError> {
        let pictures = match predictor.pictures(path.into()) {
            Ok(pictures) => pictures,
            Err(error) => return Ok(Err(error)),
        };
        let several = pictures.len() > 1;
        for (at, picture) in pictures.iter().enumerate() {
            let prediction = predictor.picture(picture);
            let mut made = None;
            if let (Some(folder), Prediction::Reconstruction { values, .. }) = (&self.out, &prediction) {
                let number = if several { format!("-{}", at + 1) } else { String::new() };
                let below = path.strip_prefix(given).ok().filter(|below| !below.as_os_str().is_empty());
                let below = below.unwrap_or(Path::new(path.file_name().unwrap_or_default()));
                let stem = below.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
                let file = folder.join(place).join(below).with_file_name(format!("{stem}{number}.png"));
                let numbers: Vec<f32> = values.iter().map(|value| *value as f32).collect();
                let file = made.insert(free_place(&file, written));
                write_picture(file, run.network.input(), &numbers)?;
            }
            self.answer(path, Place { row: None, made: made.as_deref() }, run, &prediction)?;
        }
        Ok(Ok(()))
    }

    fn read_table(
        &self,
        path: &Path,
        run: &RunFolder,
        predictor: &mut RunPredictor<'_>,
    ) -> Result<Result<(), DataError>, CliError> {
        let rows = match Rows::read(run, path.into()) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error)),
        };
        rows.notes.iter().for_each(|text| note(format_args!("{}: {text}", shown(path))));
        if let Some(steps) = self.ahead {
            return ahead::forecast(path, run, &rows, Asked { steps: steps.into(), json: self.json });
        }
        predictor
            .rows(&rows, |row, prediction| self.answer(path, Place { row: Some(row), made: None }, run, &prediction))
            .map(Ok)
    }

    fn answer(
        &self,
        path: &Path,
        Place { row, made }: Place<'_>,
        run: &RunFolder,
        prediction: &Prediction,
    ) -> Result<(), CliError> {
        if self.json {
            let mut told = prediction.to_json(&run.data);
            told.insert("file".to_owned(), shown(path).into());
            row.map(|row| told.insert("row".to_owned(), row.into()));
            made.map(|made| told.insert("written".to_owned(), shown(made).into()));
            return say(Value::Object(told));
        }
        let numbers = |values: &[f64]| {
            let names = prediction.names_in_units(&run.data);
            let texts = names.iter().zip(values).map(|(name, value)| format!("{name} {}", significant(*value)));
            texts.collect::<Vec<_>>().join(", ")
        };
        let text = match prediction {
            Prediction::Empty => "empty".to_owned(),
            Prediction::Class { label, share, .. } => format!("{label}  {}", percent(*share)),
            Prediction::Numbers(values) => numbers(values),
            Prediction::Reconstruction { values, error } => {
                let (error, values) = (format!("rmse {}", significant(f64::from(*error))), numbers(values));
                if values.is_empty() { error } else { format!("{error}: {values}") }
            }
        };
        let row = row.map_or(String::new(), |row| format!(", row {row}"));
        let made = made.map_or(String::new(), |made| format!(", written to {}", shown(made)));
        say(format_args!("{}{row}: {text}{made}", shown(path)))
    }
}

/// What a prediction is of within its file, and what was made of it.
struct Place<'a> {
    /// The row of a table.
    row: Option<usize>,
    /// The file of a reconstruction.
    made: Option<&'a Path>,
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
