//! A network from elsewhere: an ONNX file becomes a run whose stack is made of ordinary layers with the weights of the file. A
//! network is read if it is one path of layers here, with residual blocks; what is not is listed node by node.
//!
//! Reading goes in three steps: `file` decodes the messages, `reader` with `nodes` turns each node into layers of the
//! `stack`, and `run` makes a project and the record of the data of them. `layout` keeps account of the axes, since ONNX
//! has the channels first.

mod branches;
mod constants;
mod file;
mod input;
mod layout;
mod node;
mod nodes;
mod own;
mod reader;
mod rewrite;
mod run;
mod stack;
mod tensor;

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::{Dataset, SourceSpec};
use crate::project::run_folder::Origin;
use crate::project::{ProjectError, RunFolder};

/// How the names of the files end.
pub const ENDING: &str = "onnx";

/// What a file does not say of its network.
#[derive(Clone, Copy, Default)]
pub struct Around<'a> {
    /// The data that it reads, with their source, which give task, classes and features.
    pub data: Option<(&'a SourceSpec, &'a Dataset)>,
    /// Mean and standard deviation of what goes in: of each channel, of pixels from 0 to 1, or of each feature.
    pub standard: Option<(&'a [f64], &'a [f64])>,
}

/// A network that was read.
pub struct Imported {
    /// The run, which no training has made.
    pub run: RunFolder,
    /// What was decided, a sentence each.
    pub notes: Vec<String>,
}

/// A node that cannot be expressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub node: String,
    /// Its operator.
    pub kind: String,
    /// Why not.
    pub why: String,
}

/// Why a file cannot be read: one sentence with the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened.
    #[error("{path}: {what}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Its bytes are something else.
    #[error("is not an ONNX file, or only a part of one; export the network once more")]
    NotOnnx,
    /// There is nothing in it.
    #[error("holds no network; export the network once more")]
    Empty,
    /// Its operators are of a version that is not read.
    #[error("uses operators of version {found}, and {least} to {most} are read; export it with opset_version=17")]
    Version {
        /// The version that it has.
        found: i64,
        /// The first that is read.
        least: i64,
        /// The last that is read.
        most: i64,
    },
    /// Its weights are in another file.
    #[error(
        "the weights ({name}) are in another file; save them in the model itself, in Python with onnx.save(onnx.load(FILE), FILE)"
    )]
    External {
        /// The first tensor.
        name: String,
    },
    /// It reads none or several arrays.
    #[error("a network here reads one array, and the inputs of this one are: {names}")]
    Inputs {
        /// The names of its inputs.
        names: String,
    },
    /// It gives several arrays.
    #[error(
        "a network here gives one array, and the outputs of this one are: {names}; export it with one of them alone"
    )]
    Outputs {
        /// The names of its outputs.
        names: String,
    },
    /// The shape of a sample is not known, or is not one here.
    #[error("its input {name} is {dims}: {what}")]
    Shape {
        /// The name of the input.
        name: String,
        /// Its sizes, a question mark for one that is free.
        dims: String,
        /// What is wrong, and the remedy.
        what: String,
    },
    /// Nodes that no layer here stands for.
    #[error("{} of its nodes cannot be expressed in the layers here:{}", .0.len(), listed(.0))]
    Nodes(Vec<Problem>),
    /// What is known from elsewhere does not fit the network.
    #[error("{0}")]
    Around(String),
    /// The network cannot be built.
    #[error(transparent)]
    Run(#[from] ProjectError),
}

/// A line for each.
fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|Problem { node, kind, why }| format!("\n  {node} ({kind}): {why}")).collect()
}

/// Reads a file. The run is called as the file is.
///
/// # Errors
/// If it is no ONNX file, or its network is none that the layers here can express; the error lists every node that is not.
pub fn open(path: &Path, around: &Around<'_>) -> Result<Imported, ImportError> {
    let bytes = fs::read(path)
        .map_err(|error| ImportError::File { path: path.to_owned(), what: format!("cannot be read: {error}") })?;
    let name = path.file_stem().map_or_else(|| "imported".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let mut imported = read(&bytes, &name, around)?;
    let file = path.file_name().map_or_else(String::new, |file| file.to_string_lossy().into_owned());
    imported.run.data.origin = Some(Origin::Imported(file));
    Ok(imported)
}

/// Reads the bytes of a file.
///
/// # Errors
/// As [`open`].
pub fn read(bytes: &[u8], name: &str, around: &Around<'_>) -> Result<Imported, ImportError> {
    let mut file = file::File::read(bytes)?;
    file.nodes = rewrite::rewritten(&file);
    match own::Own::of(&file) {
        Some(own) => run::of_own(&file, &own, name, around),
        None => run::of_other(file, name, around),
    }
}
