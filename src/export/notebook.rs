//! The PyTorch program as a notebook: to read from top to bottom, run, and change.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::numpy::quoted;
use super::python::Python;
use super::pytorch::{Program, PyTorch, STATE, WEIGHTS};
use super::{EXAMPLES, Examples, ExportError, File, Format, Input, Model, Proof, proof};
use crate::project::run_folder::METRICS;

/// The cells of a program, and the weights.
pub struct Notebook;

const NOTEBOOK: &str = "network.ipynb";

/// Runs the cells from top to bottom, and then answers.
const RUN: &str = "
import contextlib, json, sys
names = {}
with contextlib.redirect_stdout(sys.stderr):
    for cell in json.load(open('network.ipynb', encoding='utf-8'))['cells']:
        if cell['cell_type'] == 'code':
            exec(''.join(cell['source']), names)
rows = [[float(number) for number in line.split(',')] for line in sys.stdin if line.strip()]
for row in names['answer'](names['network'], names['np'].array(rows)):
    print(','.join(repr(float(number)) for number in row))
";

const LOAD: &str = "network = load(Network())
print(network)
print(sum(parameter.numel() for parameter in network.parameters()), \"parameters\")
";

const TRY: &str = "with open(\"<<examples>>\", encoding=\"utf-8\") as file:
    examples = json.load(file)
X = np.array([[np.nan if number is None else number for number in row] for row in examples[\"inputs\"]])
answers = np.asarray(answer(network, X))
expected = np.array(examples[\"outputs\"], float)
print(examples[\"from\"])
print(\"largest difference from Backprop Studio:\", np.abs(answers - expected).max())
if examples[\"classes\"] is not None:
    predicted = answers.argmax(1)
    print(\"correct:\", np.mean(predicted == np.array(examples[\"classes\"])))
for row in answers[:5]:
    print(np.round(row, 4))
";

const CURVES: &str = "if os.path.exists(\"<<metrics>>\"):
    import matplotlib.pyplot as plt

    with open(\"<<metrics>>\", encoding=\"utf-8\") as file:
        events = [json.loads(line) for line in file]
    epochs = [event for event in events if event.get(\"event\") == \"epoch\"]
    for name in (\"train_loss\", \"validation_loss\"):
        curve = [(event[\"epoch\"], event[name]) for event in epochs if event.get(name) is not None]
        if curve:
            plt.plot(*zip(*curve), label=name.replace(\"_\", \" \"))
    plt.xlabel(\"epoch\")
    plt.legend()
    plt.show()
else:
    print(\"no <<metrics>> here: copy it from the run folder to see the curves of the training\")
";

const TRAIN: &str = "if os.path.exists(\"data.npz\"):
    data = np.load(\"data.npz\")
    history = train(network, data[\"X\"], data[\"y\"] if \"y\" in data else None)
    save_file(<<state>>, \"trained.safetensors\")
else:
    print(\"no data.npz here: save arrays with np.savez('data.npz', X=X, y=y), in the units of the data\")
";

impl Format for Notebook {
    fn key(&self) -> &'static str {
        "notebook"
    }

    fn label(&self) -> &'static str {
        "Jupyter notebook"
    }

    fn about(&self) -> &'static str {
        "The PyTorch program cell by cell, with the settings, the examples and the curves of the training, and the weights."
    }

    fn files(&self, model: &Model<'_>, examples: &Examples) -> Result<Vec<File>, ExportError> {
        let program = Program::of(model)?;
        let files = PyTorch.files(model, examples)?;
        let mut text = format!("{:#}", notebook(model, &program));
        text.push('\n');
        let beside = files.into_iter().skip(1);
        Ok(std::iter::once(File::text(NOTEBOOK, text)).chain(beside).collect())
    }

    fn notes(&self, model: &Model<'_>) -> Vec<String> {
        PyTorch.notes(model)
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        match Python::with(&["torch", "numpy", "safetensors"]) {
            Ok(python) => {
                let with = format!("PyTorch {}, cell by cell,", python.version);
                proof::run(&with, Command::new(python.program).args(["-c", RUN]).current_dir(folder), examples)
            }
            Err(what) => Proof::Missing { what },
        }
    }
}

fn notebook(model: &Model<'_>, program: &Program) -> Value {
    let mut cells = vec![text(&heading(model)), text(&settings(model))];
    for (at, section) in program.sections.iter().enumerate() {
        cells.push(text(section.about));
        let lines = section
            .code
            .replace("import argparse\n", "")
            .replace("import json\n", "")
            .replace("import os\n", "import json\nimport os\n");
        let path = format!("WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), {})", quoted(WEIGHTS));
        let lines = if at <= 1 {
            lines.replace(&path, &format!("WEIGHTS = {}", quoted(WEIGHTS)))
        } else {
            section.code.clone()
        };
        cells.push(code(&lines));
    }
    cells.extend([text("The trained weights."), code(LOAD)]);
    cells.extend([text("The examples, and what the program answered."), code(&TRY.replace("<<examples>>", EXAMPLES))]);
    if let Input::Tokens(read) = model.input
        && read.is_written
    {
        cells.extend([text("What it writes."), code("print(generate(network, \"\", tokens=200, temperature=0.8))\n")]);
    }
    cells.extend([text("The curves of the training."), code(&CURVES.replace("<<metrics>>", METRICS))]);
    if program.is_trained {
        cells.extend([text("Training on, with your own arrays."), code(&TRAIN.replace("<<state>>", STATE))]);
    }
    for (at, cell) in cells.iter_mut().enumerate() {
        cell["id"] = json!(format!("cell-{at}"));
    }
    json!({
        "cells": cells,
        "metadata": {
            "kernelspec": { "display_name": "Python 3", "language": "python", "name": "python3" },
            "language_info": { "name": "python" },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    })
}

fn text(source: &str) -> Value {
    json!({ "cell_type": "markdown", "metadata": {}, "source": lines(source) })
}

fn code(source: &str) -> Value {
    json!({ "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines(source) })
}

/// The lines as a notebook has them: each with its end, but the last.
fn lines(source: &str) -> Vec<&str> {
    source.trim_end().split_inclusive('\n').collect()
}

fn heading(model: &Model<'_>) -> String {
    let mut lines = vec![
        format!("# {}", model.name),
        String::new(),
        format!(
            "A network that was trained in Backprop Studio, as PyTorch code with its weights. Data: `{}`.",
            model.project.data.source
        ),
        String::new(),
        "Needed: `pip install torch numpy safetensors matplotlib`.".to_owned(),
    ];
    if let Input::Tokens(text) = model.input {
        lines.push(String::new());
        lines.extend(text.described());
    }
    let notes = PyTorch.notes(model);
    if !notes.is_empty() {
        lines.extend([String::new(), "Other than in the program:".to_owned(), String::new()]);
        lines.extend(notes.iter().map(|note| format!("- {note}")));
    }
    lines.join("\n")
}

/// The settings and the stack as tables.
fn settings(model: &Model<'_>) -> String {
    let training = &model.project.training;
    let mut rows = vec![
        ("Loss", training.loss.about().label.to_owned()),
        ("Optimizer", training.optimizer.about().label.to_owned()),
        ("Learning rate", training.learning_rate.to_string()),
        ("Schedule", training.schedule.about().label.to_owned()),
        ("Warm-up", training.warmup.to_string()),
        ("Batch size", training.batch.to_string()),
        ("Epochs", training.epochs.to_string()),
        ("Validation split", model.project.data.validation.to_string()),
        ("Early stopping: patience", training.early_stopping.patience.to_string()),
        ("Seed", training.seed.to_string()),
    ];
    if model.project.adversary.is_some() {
        rows[0].1 = "That of a generator and its discriminator".to_owned();
    }
    let regularization = &training.regularization;
    let limits = [
        ("L1", regularization.l1),
        ("L2", regularization.l2),
        ("Max-norm", regularization.max_norm),
        ("Clip by value", regularization.clip_value),
        ("Clip by norm", regularization.clip_norm),
        ("Weight average", regularization.average),
        ("Pruning", regularization.pruning),
    ];
    rows.extend(limits.iter().filter(|(_, value)| *value > 0.0).map(|(name, value)| (*name, value.to_string())));
    let rows: String = rows.iter().map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    format!("| Setting | Value |\n|---|---|\n{rows}")
}
