//! The project and the record of the data of a network that was read.

use super::file::{File, Port};
use super::layout::{Channels, Value};
use super::own::{Own, numbered};
use super::reader::{Known, Reader, needed};
use super::stack::{Item, Stack, standardizing};
use super::{Around, ImportError, Imported, input};
use crate::data::note::counted;
use crate::data::scaling::{Scaling, Standard};
use crate::data::{DEFAULT_SOURCE, Feature, SourceSpec, Task, numbered_classes};
use crate::export::onnx::proto::DataType;
use crate::project::run_folder::DataRecord;
use crate::project::{Project, RunFolder, presets};
use backprop_nn::layers::{Activation, Function};
use backprop_nn::{LayerSpec, LossSpec, ModelSpec, Shape};

/// The largest value of a pixel.
const WHITE: f64 = 255.0;

/// A first factor below this is one for pixels from 0 to 255: those of pixels from 0 to 1 are divided by a deviation below 1.
const OF_BYTES: f64 = 0.1;

/// The least standard deviation of a channel of pixels from 0 to 1.
const LEAST_OF_PIXELS: f64 = 1e-3;

/// The layers of a network, from a sample to its last row of numbers.
struct Network {
    stack: Stack,
    shape: Shape,
    outputs: usize,
    notes: Vec<String>,
}

/// The data of a network, and what they ask of its loss.
struct Ends {
    loss: &'static str,
    task: Task,
}

/// The run of a file that this program has exported.
pub fn of_own(file: &File, own: &Own, name: &str, around: &Around<'_>) -> Result<Imported, ImportError> {
    if around.standard.is_some() {
        let what = "--mean and --std: this program has exported the file, which says how its input is scaled";
        return Err(ImportError::Around(what.to_owned()));
    }
    let value = Value::new(0, 1, own.shape, Channels::Last);
    let mut reader = Reader::new(file, 1);
    let nodes = own.nodes(file);
    reader.known.insert(own.first.clone(), Known::Value(value));
    reader.read(&nodes);
    let network = ended(reader, own.shape, &own.last)?;
    if network.outputs != own.data.task.outputs() {
        return Err(Own::wrong(&format!("{} outputs for {}", network.outputs, own.data.task.outputs())));
    }
    let asked = around.data.map(|(source, _)| source).or(own.source.as_ref());
    let source = asked.cloned().unwrap_or_else(|| SourceSpec::new(DEFAULT_SOURCE, ""));
    let mut notes = vec!["Exported by this program: data, task and scaling are those of its metadata".to_owned()];
    notes.extend(network.notes);
    let mut project = project(name, source, own.loss.clone());
    project.data.reconstruct = matches!(own.data.task, Task::Reconstruction { .. });
    built(project, network.stack, own.shape, own.data.clone(), notes)
}

/// The run of a file that another program has written.
pub fn of_other(file: File, name: &str, around: &Around<'_>) -> Result<Imported, ImportError> {
    let mut file = file;
    let last = file.output()?.name.clone();
    file.nodes = needed(&file.nodes, &last);
    let port = file.input()?.clone();
    let mut notes = Vec::new();
    let data = around.data.map(|(_, dataset)| dataset.shape);
    let value = input::value(&file, &port, data, &mut notes)?;
    let shape = value.shape;
    let mut reader = Reader::new(&file, value.samples());
    reader.known.insert(port.name.clone(), Known::Value(value));
    reader.read(&file.nodes);
    let mut network = ended(reader, shape, &last)?;
    notes.append(&mut network.notes);

    let features = features(around, shape);
    let inputs = scaled(&mut network.stack, &port, shape, features.is_empty(), around, &mut notes)?;
    let Ends { loss, task } = ends(&mut network, around, &mut notes)?;
    if let (Some(_), classes @ [_, ..]) = (around.data, task.classes()) {
        notes.push(format!(
            "Classes: the outputs are taken for {}, in this order; if its own is another one, bring its outputs into this order and export it again",
            classes.join(", ")
        ));
    }
    let target = around.data.and_then(|(_, dataset)| dataset.target.clone());
    let scaling = Scaling { inputs, ..Scaling::default() };
    let record = DataRecord { task, target, features, scaling, threshold: None, origin: None };
    let loss: LossSpec = serde_json::from_value(serde_json::json!({ "kind": loss }))
        .map_err(|error| ImportError::Around(error.to_string()))?;
    let mut project = project(name, source(around, shape, &mut notes), loss);
    project.data.reconstruct = matches!(record.task, Task::Reconstruction { .. });
    built(project, network.stack, shape, record, notes)
}

/// The network that a reader has read up to the array `last`.
fn ended(mut reader: Reader<'_>, shape: Shape, last: &str) -> Result<Network, ImportError> {
    let value = reader.named(last).and_then(|value| reader.in_order(value));
    let problem = |why| super::Problem { node: last.to_owned(), kind: "output".to_owned(), why };
    let mut problems = reader.problems;
    problems.retain(|problem| !problem.why.is_empty());
    match value {
        Ok(value) if problems.is_empty() => {
            Ok(Network { stack: reader.stack, shape, outputs: value.shape.len(), notes: reader.notes })
        }
        Err(why) if problems.is_empty() => Err(ImportError::Nodes(vec![problem(why)])),
        _ => Err(ImportError::Nodes(problems)),
    }
}

impl Reader<'_> {
    /// The last value as a row in the order of the file.
    fn in_order(&mut self, value: Value) -> Result<Value, String> {
        let axes: Vec<usize> = (0..value.axes.len()).filter(|axis| value.samples_axis() != Some(*axis)).collect();
        if value.samples_axis().is_none() || value.token != self.stack.head() {
            return Err("the output is not what the last layer gives for each sample".to_owned());
        }
        let row = Shape::flat(value.shape.len());
        // An autoencoder gives an image, whose channels are last here.
        let mut image = axes.clone();
        image.rotate_left(1.min(axes.len()));
        match value.lies_as(&image) {
            true => self.stack.shaped(value, row),
            false => self.arranged(value, &axes, row),
        }
    }
}

/// A project of this name.
fn project(name: &str, source: SourceSpec, loss: LossSpec) -> Project {
    let mut project = Project { name: name.to_owned(), ..presets::empty() };
    project.data.source = source;
    project.training.loss = loss;
    project
}

/// The run of these layers.
fn built(
    mut project: Project,
    stack: Stack,
    shape: Shape,
    data: DataRecord,
    notes: Vec<String>,
) -> Result<Imported, ImportError> {
    let (layers, params) = stack.finished();
    project.model = ModelSpec { layers };
    project.check()?;
    let network = project.network(shape, data.task.output())?;
    let mut weights = network.init_weights(0);
    let fits = network.params().len() == params.len()
        && network.params().iter().zip(&params).all(|(param, values)| param.info.len() == values.len());
    if !fits {
        return Err(ImportError::Around(
            "its weights do not belong to its layers; export the network once more".to_owned(),
        ));
    }
    for (param, values) in network.params().iter().zip(&params) {
        if !values.iter().all(|value| value.is_finite()) {
            return Err(ImportError::Around(format!(
                "{} holds what is not a number; export a network that has been trained to an end",
                param.name
            )));
        }
        weights.values_mut()[param.range.clone()].copy_from_slice(values);
    }
    Ok(Imported { run: RunFolder { project, data, network, weights }, notes })
}

/// The features of the data; without data those of a table are numbered, and pixels have none.
fn features(around: &Around<'_>, shape: Shape) -> Vec<Feature> {
    match around.data {
        Some((_, dataset)) => dataset.features.clone(),
        None if shape.as_image().is_some() => Vec::new(),
        None => numbered(shape.channels(), "x").into_iter().map(Feature::number).collect(),
    }
}

/// The source of the project: that of the data, or one that has to be replaced.
fn source(around: &Around<'_>, shape: Shape, notes: &mut Vec<String>) -> SourceSpec {
    match around.data {
        Some((source, _)) => source.clone(),
        None => {
            let source = match shape.as_image() {
                Some(_) => SourceSpec::new(DEFAULT_SOURCE, ""),
                None => SourceSpec::new("csv", "samples.csv"),
            };
            notes.push(format!(
                "Data: none named, so the project says {source}; name yours with --data to train and evaluate"
            ));
            source
        }
    }
}

/// Takes what scales the input out of the stack, and gives the scaling of the data.
fn scaled(
    stack: &mut Stack,
    port: &Port,
    shape: Shape,
    are_pixels: bool,
    around: &Around<'_>,
    notes: &mut Vec<String>,
) -> Result<Standard, ImportError> {
    let asked = around.standard.map(|(mean, deviation)| wide(mean, deviation, shape.channels())).transpose()?;
    if are_pixels {
        of_bytes(stack, port, shape.channels(), notes);
        if let Some(Standard { mean, deviation }) = asked {
            // A BatchNorm adds a thousandth to the variance.
            if !deviation.iter().all(|deviation| *deviation > LEAST_OF_PIXELS) {
                let what = format!("--std: that of a channel of pixels has to be above {LEAST_OF_PIXELS}");
                return Err(ImportError::Around(what));
            }
            let (spec, params) = standardizing(&mean, &deviation);
            stack.items.insert(0, Item::Plain { spec, params });
            notes.push("Normalization of the pixels: a BatchNorm before the first layer".to_owned());
        }
        return Ok(Standard::default());
    }
    if let Some(standard) = asked {
        return Ok(standard);
    }
    let Some(Item::Affine { scale, shift }) = stack.items.first() else {
        notes.push(
            "Scaling: the file has none, so numbers enter as they are; say --mean and --std if they were standardized before"
                .to_owned(),
        );
        return Ok(Standard::default());
    };
    if !scale.iter().all(|scale| *scale > 0.0) {
        return Ok(Standard::default());
    }
    let mean = scale.iter().zip(shift).map(|(scale, shift)| -shift / scale).collect();
    let deviation = scale.iter().map(|scale| 1.0 / scale).collect();
    stack.items.remove(0);
    notes.push("Scaling: the first nodes standardize the input, which is the scaling of the data here".to_owned());
    Ok(Standard { mean, deviation })
}

/// Pixels are divided by 255 before they enter a network here, so a network of bytes need not do it.
fn of_bytes(stack: &mut Stack, port: &Port, channels: usize, notes: &mut Vec<String>) {
    let is_byte = port.of == DataType::Uint8;
    let affine = match stack.items.first_mut() {
        Some(Item::Affine { scale, shift }) => Some((scale, shift)),
        _ => None,
    };
    match affine {
        Some((scale, shift)) if is_byte || scale.iter().all(|scale| scale.abs() < OF_BYTES) => {
            scale.iter_mut().for_each(|scale| *scale *= WHITE);
            let is_near = |value: f64, expected: f64| (value - expected).abs() < 1e-5;
            let is_nothing =
                scale.iter().all(|scale| is_near(*scale, 1.0)) && shift.iter().all(|shift| is_near(*shift, 0.0));
            if is_nothing {
                stack.items.remove(0);
            }
            notes.push(
                "Pixels: the file takes them from 0 to 255 and divides them, which is done here before the network"
                    .to_owned(),
            );
        }
        None if is_byte => {
            stack.items.insert(0, Item::Affine { scale: vec![WHITE; channels], shift: vec![0.0; channels] });
            notes.push("Pixels: the file takes them from 0 to 255, so a BatchNorm multiplies them by 255".to_owned());
        }
        _ => notes.push("Pixels: they enter from 0 to 1, as from torchvision's ToTensor".to_owned()),
    }
}

/// A mean and a deviation for each channel: one for all is repeated.
fn wide(mean: &[f64], deviation: &[f64], channels: usize) -> Result<Standard, ImportError> {
    let each = |option: &str, values: &[f64]| match values {
        [all] => Ok(vec![*all; channels]),
        values if values.len() == channels => Ok(values.to_vec()),
        _ => {
            Err(ImportError::Around(format!("--{option} has {} numbers, and {channels} channels enter", values.len())))
        }
    };
    if !deviation.iter().all(|deviation| *deviation > 0.0) {
        return Err(ImportError::Around("--std: a standard deviation has to be above 0".to_owned()));
    }
    Ok(Standard { mean: each("mean", mean)?, deviation: each("std", deviation)? })
}

/// The task and the loss, by the data and by how the network ends. What ends it is taken away where the loss brings it.
fn ends(network: &mut Network, around: &Around<'_>, notes: &mut Vec<String>) -> Result<Ends, ImportError> {
    let Network { stack, shape, outputs, .. } = network;
    let is_softmax = stack.drop_last(|spec| matches!(spec, LayerSpec::Softmax(_)));
    let is_sigmoid =
        |spec: &LayerSpec| matches!(spec, LayerSpec::Activation(Activation { function: Function::Sigmoid }));
    let ends_in_sigmoid = !is_softmax && stack.ends_in(is_sigmoid);
    // Logits have no bounds.
    let is_tanh = |spec: &LayerSpec| matches!(spec, LayerSpec::Activation(Activation { function: Function::Tanh }));
    let ends_in_tanh = stack.ends_in(is_tanh);
    let is_copy = *outputs == shape.len() && !shape.is_flat() && !is_softmax;
    let task = match around.data {
        Some((_, dataset)) if dataset.task.outputs() != *outputs && *outputs == shape.len() => {
            Task::Reconstruction { width: *outputs }
        }
        Some((_, dataset)) => dataset.task.clone(),
        None if is_copy => Task::Reconstruction { width: *outputs },
        None if *outputs == 1 && ends_in_sigmoid => Task::Classification { classes: numbered_classes(2) },
        None if *outputs == 1 || ends_in_sigmoid || ends_in_tanh => Task::numbers(numbered(*outputs, "y")),
        None => Task::Classification { classes: numbered_classes(*outputs) },
    };
    let is_binary = task.classes().len() == 2 && *outputs == 1;
    if task.outputs() != *outputs && !is_binary {
        let wanted = task.outputs();
        return Err(ImportError::Around(format!(
            "the network gives {outputs} numbers, and the data ask for {wanted}; name other data with --data"
        )));
    }
    let loss = match &task {
        Task::Classification { .. } => {
            if ends_in_sigmoid {
                stack.drop_last(is_sigmoid);
            }
            if is_binary && !stack.doubled() {
                return Err(ImportError::Around(
                    "the one output of two classes is not that of a Dense layer".to_owned(),
                ));
            }
            if is_softmax { "softmax_cross_entropy" } else { classification_loss(ends_in_sigmoid, is_binary, notes) }
        }
        Task::Reconstruction { .. } if ends_in_sigmoid => {
            stack.drop_last(is_sigmoid);
            "binary_cross_entropy"
        }
        _ => {
            if is_softmax {
                return Err(ImportError::Around(
                    "the network gives probabilities, and the data ask for numbers; name other data with --data"
                        .to_owned(),
                ));
            }
            "mean_squared_error"
        }
    };
    if is_softmax {
        notes.push("Softmax at the end: left out, since the loss (softmax cross-entropy) brings it".to_owned());
    }
    if around.data.is_none() {
        notes.push(format!("Task: {}; --data decides otherwise", described(&task)));
    }
    Ok(Ends { loss, task })
}

/// The loss of classes whose probabilities are no softmax in the file.
fn classification_loss(ends_in_sigmoid: bool, is_binary: bool, notes: &mut Vec<String>) -> &'static str {
    match (ends_in_sigmoid, is_binary) {
        (_, true) => {
            notes.push("One output for two classes: the Dense layer has two here, the first always 0, whose softmax is that sigmoid".to_owned());
            "softmax_cross_entropy"
        }
        (true, false) => {
            notes.push("Sigmoid at the end: left out, since the loss (binary cross-entropy) brings it; the probabilities of a sample are divided by their sum".to_owned());
            "binary_cross_entropy"
        }
        _ => {
            notes.push(
                "The network ends in logits: the loss (softmax cross-entropy) makes probabilities of them".to_owned(),
            );
            "softmax_cross_entropy"
        }
    }
}

fn described(task: &Task) -> String {
    match task {
        Task::Classification { classes } => {
            format!("classification, the {} classes are numbered from 0", classes.len())
        }
        Task::Regression { targets, .. } => format!("regression of {}", counted(targets.len(), "number")),
        Task::Reconstruction { .. } => "the sample itself, as of an autoencoder".to_owned(),
        Task::NextToken { .. } => "the next token".to_owned(),
    }
}
