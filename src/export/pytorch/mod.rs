//! A network as a PyTorch program that a person could have written: the class, what stands around it, and its training.

pub mod network;
mod program;
mod sliding;
pub mod tensors;
pub mod training;

use std::path::Path;
use std::process::Command;

pub use program::{Program, STATE, in_text, part};

use super::python::Python;
use super::{Examples, ExportError, File, Format, Input, Model, Proof, proof};

/// One readable file and the weights.
pub struct PyTorch;

/// Name of the file with the weights.
pub const WEIGHTS: &str = "weights.safetensors";
const PROGRAM: &str = "model.py";

impl Format for PyTorch {
    fn key(&self) -> &'static str {
        "pytorch"
    }

    fn label(&self) -> &'static str {
        "PyTorch"
    }

    fn about(&self) -> &'static str {
        "A Python file to read, run and change, with the network, its preparation of data and its training, and the weights."
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        let program = Program::of(model)?;
        let weights = File { name: WEIGHTS, bytes: tensors::file(self.label(), &program.arrays)? };
        let vocabulary = match model.input {
            Input::Tokens(text) => Some(text.vocabulary()),
            Input::Pixels | Input::Numbers { .. } | Input::Noise => None,
        };
        Ok([File::text(PROGRAM, program.text()), weights].into_iter().chain(vocabulary).collect())
    }

    fn notes(&self, model: &Model<'_>) -> Vec<String> {
        training::notes(model)
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        match Python::with(&["torch", "numpy", "safetensors"]) {
            Ok(python) => {
                let with = format!("PyTorch {}", python.version);
                proof::run(&with, Command::new(python.program).arg(PROGRAM).current_dir(folder), examples)
            }
            Err(what) => Proof::Missing { what },
        }
    }
}
