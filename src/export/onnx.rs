//! ONNX, which onnxruntime and most other programs read: one file that takes raw numbers and gives final answers. Weights
//! keep their names; `https://onnx.ai/onnx/operators` defines what a node computes.

mod boundary;
mod half;
mod operations;
pub mod proto;
mod sequence;
mod writer;

use std::path::Path;
use std::process::Command;

use prost::Message as _;
use serde_json::{Value, json};

use super::model::{Input, Model, Output};
use super::proof::{self, Proof};
use super::{Examples, ExportError, File, Format};
use proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};
use writer::{ML, Writer};

use backprop_nn::compress::Precision;

/// One file for onnxruntime and others.
pub struct Onnx {
    /// How its weights are stored.
    pub weights: Precision,
}

/// Name of the file with the network.
const MODEL: &str = "model.onnx";

/// Name of the program that reads it.
const PREDICT: &str = "predict.py";

/// Version of the file's layout, that of ONNX 1.14, of the year 2023.
const IR: i64 = 9;

/// Version of the operators: the first with `LayerNormalization`, of the year 2022.
const OPERATORS: i64 = 17;

/// Version of the operators for words, of the same year.
const ML_OPERATORS: i64 = 3;

/// How large a file may be, in bytes: what protobuf reads.
const MOST: usize = i32::MAX as usize;

impl Format for Onnx {
    fn key(&self) -> &'static str {
        if self.weights == Precision::Float16 { "onnx-float16" } else { "onnx" }
    }

    fn label(&self) -> &'static str {
        if self.weights == Precision::Float16 { "ONNX, 16-bit weights" } else { "ONNX" }
    }

    fn about(&self) -> &'static str {
        match self.weights {
            Precision::Float16 => "The same in half the room: weights in half precision, what is computed in single.",
            Precision::Float32 | Precision::Int8 => {
                "One file that takes raw numbers and gives final answers, for onnxruntime in Python, C++, C#, Java, the browser and on phones."
            }
        }
    }

    fn precision(&self) -> Precision {
        self.weights
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        let mut message = proto(model);
        if let (Precision::Float16, Some(graph)) = (self.weights, &mut message.graph) {
            half::store(graph);
        }
        let bytes = message.encode_to_vec();
        if bytes.len() > MOST {
            let what =
                format!("a network of {} MB: 2048 MB are the most; use fewer units or filters", bytes.len() >> 20);
            return Err(ExportError::Format { format: self.label(), what });
        }
        let mut files = vec![File { name: MODEL, bytes }, File::text(PREDICT, include_str!("onnx/predict.py"))];
        if let Input::Tokens(text) = model.input {
            files.extend(text.tokenizer_files());
        }
        Ok(files)
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        let Some((python, with)) = python() else {
            let what = "no Python with onnxruntime; pip install onnxruntime, and say which Python in BACKPROP_PYTHON if it \
                        is not the first in PATH";
            return Proof::Missing { what: what.to_owned() };
        };
        proof::run(&with, Command::new(python).arg(folder.join(PREDICT)), examples)
    }
}

/// A Python that has onnxruntime, and the version of that.
fn python() -> Option<(String, String)> {
    const VERSION: &str = "import onnxruntime; print('onnxruntime', onnxruntime.__version__)";
    let named = std::env::var("BACKPROP_PYTHON").ok();
    let names = named.into_iter().chain(["python3", "python"].map(str::to_owned));
    names.into_iter().find_map(|name| {
        let version = proof::version(&name, &["-c", VERSION])?;
        Some((name, version))
    })
}

/// The network as a message, with what its numbers mean.
fn proto(model: &Model<'_>) -> ModelProto {
    let mut writer = Writer::new(model.name);
    let input = boundary::input(&mut writer, model);
    let last = operations::write(&mut writer, &model.graph, input.ready);
    boundary::output(&mut writer, model, &input.raw, &last);
    let uses_words = writer.graph.node.iter().any(|node| node.domain == ML);
    let opset = |domain: &str, version| OperatorSetIdProto { domain: Some(domain.to_owned()), version };
    let words = uses_words.then(|| opset(ML, ML_OPERATORS));
    ModelProto {
        ir_version: IR,
        producer_name: "Backprop Studio".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(writer.graph),
        opset_import: std::iter::once(opset("", OPERATORS)).chain(words).collect(),
        metadata_props: metadata(model),
        ..ModelProto::default()
    }
}

/// What the numbers mean, each as a text, lists as JSON; `backprop` is all of it, as in model.json.
fn metadata(model: &Model<'_>) -> Vec<StringStringEntryProto> {
    let description = model.description();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut entries: Vec<(&str, String)> = ["name", "made_by", "data"].map(|key| (key, text(&description[key]))).into();
    if let Output::Probabilities { classes, .. } = model.output {
        entries.push(("classes", json!(classes).to_string()));
    }
    if let Output::Numbers { targets, .. } = model.output {
        entries.push(("targets", json!(targets).to_string()));
        entries.push(("target_units", description["output"]["means"]["units"].to_string()));
    }
    if let Input::Numbers { features, .. } = model.input {
        let names: Vec<String> = features.iter().map(ToString::to_string).collect();
        let units: Vec<Option<&str>> = features.iter().map(|feature| feature.unit.as_deref()).collect();
        entries.push(("features", json!(names).to_string()));
        entries.push(("units", json!(units).to_string()));
    }
    entries.push(("backprop", description.to_string()));
    entries.into_iter().map(|(key, value)| StringStringEntryProto { key: key.to_owned(), value }).collect()
}
