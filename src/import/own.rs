//! Files that the export of this program has written: what the numbers mean stands in their metadata, and what prepares the
//! input and restores the output need not be read as layers.

use serde_json::Value as Json;

use super::ImportError;
use super::file::File;
use super::node::Node;
use crate::data::scaling::{Naive, Scaling, Standard};
use crate::data::{Feature, SourceSpec, Task};
use crate::project::run_folder::DataRecord;
use backprop_nn::{LossSpec, Shape};

/// What stands around the network in the file, by the first part of the names of its nodes.
const AROUND: [&str; 5] = ["input", "output", "probabilities", "prediction", "sample"];

/// The network of a file, and what is known of its numbers.
pub struct Own {
    /// The shape of a sample.
    pub shape: Shape,
    /// The array that the network reads.
    pub first: String,
    /// The array that it gives.
    pub last: String,
    /// The key of the loss, whose function stands behind the network.
    pub loss: LossSpec,
    /// Where the data came from.
    pub source: Option<SourceSpec>,
    pub data: DataRecord,
}

fn part(node: &Node) -> &str {
    node.name.split('.').next().unwrap_or_default()
}

/// Whether a node prepares the input or restores the output.
fn is_around(node: &Node) -> bool {
    AROUND.contains(&part(node)) || !node.name.contains('.')
}

impl Own {
    /// What an export of this program says; nothing if another program has written the file, or the metadata are broken.
    pub fn of(file: &File) -> Option<Self> {
        let description = file.own.as_ref().filter(|_| file.producer.starts_with("Backprop Studio"))?;
        let read = |pointer: &str| description.pointer(pointer).cloned().unwrap_or(Json::Null);
        let shape: Shape = serde_json::from_value(read("/input/shape")).ok()?;
        let outputs: Shape = serde_json::from_value(read("/output/shape")).ok()?;
        let prepared = file.nodes.iter().rfind(|node| part(node) == "input");
        let first = prepared
            .map_or_else(|| file.inputs.first().map(|port| port.name.clone()), |node| node.outputs.first().cloned())?;
        let last = file.nodes.iter().rfind(|node| !is_around(node))?.outputs.first()?.clone();
        let standard = |pointer: &str| serde_json::from_value::<Option<Standard>>(read(pointer)).ok();
        let strings = |pointer: &str| serde_json::from_value::<Vec<String>>(read(pointer)).ok();
        let behind =
            |part_name: &str, kind: &str| file.nodes.iter().any(|node| part(node) == part_name && node.kind == kind);
        let kind = read("/output/means/kind");
        let is_generator = read("/input/means/kind") == "noise";
        let (task, loss) = match kind.as_str()? {
            "probabilities" => {
                let loss = match (behind("probabilities", "Sigmoid"), behind("probabilities", "ReduceSum")) {
                    (true, _) => "binary_cross_entropy",
                    (_, true) => "mean_squared_error",
                    _ => "softmax_cross_entropy",
                };
                (Task::Classification { classes: strings("/output/means/classes")? }, loss)
            }
            "numbers" => {
                let units: Vec<Option<String>> = serde_json::from_value(read("/output/means/units")).ok()?;
                let units = if units.iter().all(Option::is_none) { Vec::new() } else { units };
                (Task::Regression { targets: strings("/output/means/targets")?, units }, "mean_squared_error")
            }
            _ if is_generator => (Task::numbers(numbered(outputs.len(), "y")), "mean_squared_error"),
            _ => {
                let is_share = behind("prediction", "Sigmoid");
                let loss = if is_share { "binary_cross_entropy" } else { "mean_squared_error" };
                (Task::Reconstruction { width: shape.len() }, loss)
            }
        };
        let mut features: Vec<Feature> = serde_json::from_value(read("/input/means/features")).unwrap_or_default();
        if is_generator {
            features = numbered(shape.channels(), "x").into_iter().map(Feature::number).collect();
        }
        let naive: Option<Naive> = serde_json::from_value(read("/naive")).ok()?;
        let inputs = standard("/input/means/standard")?.unwrap_or_default();
        // A generator gives samples in the units that its data have on their last axis; its outputs are a row.
        let targets = standard("/output/means/standard")?.unwrap_or_default();
        let targets = if kind == "numbers" || targets.mean.len() == outputs.len() && is_generator {
            targets
        } else {
            Standard::default()
        };
        let threshold = read("/output/means/threshold").as_f64().map(|threshold| threshold as f32);
        let scaling = Scaling { inputs, targets, naive };
        Some(Self {
            shape,
            first,
            last,
            loss: serde_json::from_value(serde_json::json!({ "kind": loss })).ok()?,
            source: description["data"].as_str().and_then(|text| text.parse().ok()),
            data: DataRecord { task, target: None, features, scaling, threshold, origin: None },
        })
    }

    /// The nodes of the network alone.
    pub fn nodes(&self, file: &File) -> Vec<Node> {
        let network: Vec<Node> = file.nodes.iter().filter(|node| !is_around(node)).cloned().collect();
        super::nodes::own::collapsed(file, super::reader::needed(&network, &self.last))
    }

    /// What a file without its metadata would say.
    pub fn wrong(what: &str) -> ImportError {
        ImportError::Around(format!("its metadata do not belong to its network ({what}); export the run once more"))
    }
}

/// "x1", "x2", …
pub fn numbered(count: usize, letter: &str) -> Vec<String> {
    (1..=count).map(|number| format!("{letter}{number}")).collect()
}
