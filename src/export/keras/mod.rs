//! A network as a Keras 3 program. The channels come last in Keras as they do here, and the kernels are laid out alike.
//!
//! A `.keras` file holds its weights as HDF5, for which there is no small writer; the program writes one itself
//! (`python model.py --save model.keras`).

mod network;
mod training;

use std::path::Path;
use std::process::Command;

use network::Stack;

use super::python::Python;
use super::pytorch::{WEIGHTS, in_text, part, tensors};
use super::{Examples, ExportError, File, Format, Input, Model, Proof, numpy, proof};

/// One readable file and the weights.
pub struct Keras;

const PROGRAM: &str = "model.py";
const LAYERS: &str = include_str!("layers.py");
const MAIN: &str = include_str!("main.py");

impl Format for Keras {
    fn key(&self) -> &'static str {
        "keras"
    }

    fn label(&self) -> &'static str {
        "Keras"
    }

    fn about(&self) -> &'static str {
        "A Python file with the network and its training for Keras 3, which saves it as model.keras, and the weights."
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        let stack = Stack::of(model)?;
        let weights = File { name: WEIGHTS, bytes: tensors::file(self.label(), &stack.arrays)? };
        let tokenizer = match model.input {
            Input::Tokens(text) => text.tokenizer_files().to_vec(),
            Input::Pixels | Input::Numbers { .. } | Input::Noise => Vec::new(),
        };
        Ok([vec![File::text(PROGRAM, program(model, &stack)), weights], tokenizer].concat())
    }

    fn notes(&self, model: &Model<'_>) -> Vec<String> {
        training::notes(model)
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        match Python::with(&["keras", "numpy", "safetensors"]) {
            Ok(python) => {
                let with = format!("Keras {}", python.version);
                proof::run(&with, Command::new(python.program).arg(PROGRAM).current_dir(folder), examples)
            }
            Err(what) => Proof::Missing { what },
        }
    }
}

fn program(model: &Model<'_>, stack: &Stack) -> String {
    let is_trained = model.project.adversary.is_none();
    let mut about = vec![
        format!("{}, a network that was trained in Backprop Studio.", in_text(model.name)),
        String::new(),
        "    python model.py < samples.csv            answers: a line of numbers for each line of numbers".to_owned(),
        "    python model.py --save model.keras       writes the network as Keras does".to_owned(),
    ];
    if is_trained {
        about.push("    python model.py --train data.npz         trains on the arrays X and y of the file".to_owned());
    }
    let needed = "Needed: pip install keras safetensors, and one of jax, torch and tensorflow (KERAS_BACKEND names it)";
    about.extend([String::new(), needed.to_owned()]);
    let notes = training::notes(model);
    if !notes.is_empty() {
        about.extend([String::new(), "Other than in the program:".to_owned()]);
        about.extend(notes.iter().map(|note| format!("- {}", in_text(note))));
    }
    let mut parts = vec![
        format!("\"\"\"{}\n\"\"\"\n\nimport argparse\nimport os\nimport sys\n", about.join("\n")),
        "import keras\nimport numpy as np\nfrom keras import layers, ops\nfrom safetensors.numpy import load_file\n"
            .to_owned(),
        numpy::constants(model),
    ];
    if is_trained {
        parts.push(super::pytorch::training::constants(model));
    }
    let mut text = parts.join("\n");
    for name in &stack.used {
        text.push_str(&format!("\n\n{}\n", part(LAYERS, name)));
    }
    let mut network = vec![
        "def build():".to_owned(),
        format!("    \"\"\"From {INPUT} to [n, {}].\"\"\"", shape(model.graph.output())),
        "    x = inputs = keras.Input(INPUT)".to_owned(),
    ];
    network.extend(stack.lines.iter().map(|line| format!("    {line}")));
    network.push(format!("    return keras.Model(inputs, x, name={})", numpy::quoted("network")));
    network.extend([
        String::new(),
        String::new(),
        "# The tensors of each layer, in the order in which Keras has them.".to_owned(),
    ]);
    network.push("TENSORS = {".to_owned());
    for (layer, tensors) in &stack.tensors {
        let tensors: Vec<String> = tensors.iter().map(|name| numpy::quoted(name)).collect();
        network.push(format!("    {}: [{}],", numpy::quoted(layer), tensors.join(", ")));
    }
    network.push("}".to_owned());
    text.push_str(&format!("\n\n{}\n\n\n{}", network.join("\n"), numpy::preparation(model)));
    if is_trained {
        text.push_str(&format!("\n\n{}", training::code(model)));
    }
    // What belongs to the training stands between two marks.
    let mut is_on = true;
    let mut main = String::new();
    for line in MAIN.lines() {
        match line.trim() == "# <<train>>" {
            true => is_on = is_trained || !is_on,
            false if is_on => main.push_str(&format!("{line}\n")),
            false => {}
        }
    }
    text + "\n\n" + &main
}

const INPUT: &str = "[n, *INPUT]";

fn shape(shape: backprop_nn::Shape) -> String {
    shape.dims().iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
