//! A trained network for other programs: a folder with the network in one format, what its numbers mean, and examples that
//! prove that it answers there as it does here. A new format is a file and a line in [`FORMATS`].

mod c;
mod card;
mod cost;
pub mod encryption;
mod examples;
mod html;
mod keras;
mod model;
mod notebook;
mod numpy;
pub mod onnx;
mod plan;
mod proof;
mod python;
mod pytorch;
mod rust;
mod safetensors;
mod source;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

pub use examples::Examples;
pub use html::{base64, escaped, filled};
pub use model::{Input, Model, Output};
pub use proof::{Proof, TOLERANCE, compare};
pub use text::Text;

use card::{CARD, Subject};

use crate::data::{Dataset, Lookup};
use crate::project::whole::{in_words, write_whole};
use crate::project::{ProjectError, RunFolder};
use backprop_nn::compress::Precision;
use backprop_nn::graph::Unwritable;

/// THE LIST of formats, in the order of menus.
pub static FORMATS: &[&dyn Format] = &[
    &html::Html,
    &onnx::Onnx { weights: Precision::Float32 },
    &onnx::Onnx { weights: Precision::Float16 },
    &pytorch::PyTorch,
    &notebook::Notebook,
    &keras::Keras,
    &c::C { weights: Precision::Float32 },
    &c::C { weights: Precision::Int8 },
    &rust::Rust { weights: Precision::Float32 },
    &rust::Rust { weights: Precision::Int8 },
    &safetensors::SafeTensors { weights: Precision::Float32 },
    &safetensors::SafeTensors { weights: Precision::Float16 },
];

/// A format that networks are exported to.
pub trait Format: Sync {
    /// Its name on the command line: "onnx".
    fn key(&self) -> &'static str;

    /// Its name on the screen: "ONNX".
    fn label(&self) -> &'static str;

    /// What reads it and what it is good for, in one sentence.
    fn about(&self) -> &'static str;

    /// The files of the export.
    ///
    /// # Errors
    /// If the format has no words for something of the model; the error names it.
    fn files(&self, model: &Model<'_>, examples: &Examples) -> Result<Vec<File>, ExportError>;

    /// How it stores the weights.
    fn precision(&self) -> Precision {
        Precision::Float32
    }

    /// What of the model and its training the format cannot say, a sentence each.
    fn notes(&self, _model: &Model<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Lets the files in `folder` answer the examples, and compares.
    fn prove(&self, folder: &Path, model: &Model<'_>, examples: &Examples) -> Proof;
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the folder.
    pub name: &'static str,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl File {
    /// A file of text.
    pub fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, bytes: text.into().into_bytes() }
    }
}

/// Why a run cannot be exported: one sentence with the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A layer that is defined elsewhere.
    #[error(transparent)]
    Layer(#[from] Unwritable),
    /// The format has no words for it.
    #[error("{format} cannot express {what}")]
    Format {
        /// The label of the format.
        format: &'static str,
        /// What it cannot express, and which layer that is.
        what: String,
    },
    /// The format could say it, and the export to it does not yet.
    #[error("the {format} export does not write {what} yet; export the network as ONNX or PyTorch")]
    Unwritten {
        /// The label of the format.
        format: &'static str,
        /// What it does not write, and which layer that is.
        what: String,
    },
    /// The run reads or gives what no format can say.
    #[error("{0}")]
    Task(&'static str),
    /// There is no such format.
    #[error("there is no format {0}")]
    Unknown(&'static str),
    /// The folder cannot be written.
    #[error("{path}: {what}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] ProjectError),
}

/// What became of an export.
#[derive(Debug)]
pub struct Export {
    /// Each file with its size in bytes.
    pub files: Vec<(PathBuf, usize)>,
    /// Where the examples are from.
    pub examples: String,
    /// What the format could not say, a sentence each.
    pub notes: Vec<String>,
    /// Whether it answers as it does here.
    pub proof: Proof,
}

/// The format with this key.
pub fn format(key: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().find(|format| format.key() == key).copied()
}

/// Name of the file with the examples.
pub const EXAMPLES: &str = "examples.json";

/// Name of the file that says what the numbers of input and output mean.
pub const MODEL: &str = "model.json";

/// Where an export goes.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The format.
    pub format: &'a dyn Format,
    /// The folder, which is made if it is not there.
    pub folder: &'a Path,
    /// Whether an export that is there is replaced.
    pub overwrite: bool,
}

/// The samples of a run, or why they cannot be read.
pub fn data_of(run: &RunFolder, folder: Option<&Path>) -> Result<Dataset, String> {
    let known = run.known().filter(|known| !known.features.is_empty());
    run.project.data.load(&Lookup { folder, known, progress: None }).map_err(|error| error.to_string())
}

/// Exports a run, with samples of its `data` as examples, to a folder, which is made if it is not there, and lets the export answer the examples.
///
/// # Errors
/// If the format cannot express the network, or the folder holds something else or cannot be written.
pub fn export(run: &RunFolder, data: Result<&Dataset, String>, target: &Target<'_>) -> Result<Export, ExportError> {
    let Target { format, folder, overwrite } = *target;
    let stored;
    let (run, cost) = match format.precision() {
        Precision::Float32 => (run, None),
        precision => {
            stored = run.stored(precision)?;
            (&stored, cost::of(run, &stored.weights, precision, data.clone()))
        }
    };
    let model = Model::of(run)?;
    let examples = Examples::of(run, &model, data.clone());
    let mut files = format.files(&model, &examples)?;
    files.push(File { name: MODEL, bytes: pretty(&model.description()) });
    files.push(File { name: EXAMPLES, bytes: pretty(&examples.to_json()) });
    let fail = |path: &Path, what: String| ExportError::Folder { path: path.to_owned(), what };
    if folder.is_file() {
        return Err(fail(folder, "is a file; name a folder".to_owned()));
    }
    let is_foreign = |name: &String| *name != CARD && !files.iter().any(|file| file.name == *name);
    let there: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if let Some(first) = there.iter().find(|name| is_foreign(name)) {
        return Err(fail(folder, format!("holds other files, such as {first}; name another folder")));
    }
    if !there.is_empty() && !overwrite {
        return Err(fail(folder, "holds an export; name another folder, or replace it with --overwrite".to_owned()));
    }
    fs::create_dir_all(folder).map_err(|error| fail(folder, in_words(&error)))?;
    let mut written = Vec::new();
    let mut write = |File { name, bytes }: &File| {
        let path = folder.join(name);
        write_whole(&path, bytes).map_err(|error| fail(&path, in_words(&error)))?;
        written.push((path, bytes.len()));
        Ok::<(), ExportError>(())
    };
    files.iter().try_for_each(&mut write)?;
    let (mut notes, proof) = (format.notes(&model), format.prove(folder, &model, &examples));
    notes.extend(cost);
    let card = Subject { run, model: &model, data, format, proof: &proof }.card(&files);
    write(&File::text(CARD, card))?;
    Ok(Export { files: written, examples: examples.from, notes, proof })
}

fn pretty(value: &serde_json::Value) -> Vec<u8> {
    (format!("{value:#}") + "\n").into_bytes()
}
