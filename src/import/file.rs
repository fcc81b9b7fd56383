//! An ONNX file: its graph by names, and what it says of its input, its output and its maker.

use std::collections::HashMap;

use prost::Message as _;
use serde_json::Value as Json;

use super::ImportError;
use super::node::Node;
use crate::export::onnx::proto::{DataType, Dimension, GraphProto, ModelProto, TensorProto, ValueInfoProto};

/// The operators that are read, by their versions.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=26;

/// The largest size of an axis.
const LARGEST: i64 = 1 << 24;

/// A graph that can be read by names.
pub struct File {
    pub nodes: Vec<Node>,
    pub constants: HashMap<String, TensorProto>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// Sizes of arrays in between, without the samples, where the file says all of them.
    pub sizes: HashMap<String, Vec<usize>>,
    /// The program that wrote it.
    pub producer: String,
    /// What the export of this program says of the numbers, if that wrote it.
    pub own: Option<Json>,
}

/// An input or an output of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    pub of: DataType,
    /// Nothing where a size is free.
    pub dims: Vec<Option<usize>>,
}

impl File {
    /// Reads the bytes of a file.
    pub fn read(bytes: &[u8]) -> Result<Self, ImportError> {
        let model = ModelProto::decode(bytes).map_err(|_| ImportError::NotOnnx)?;
        let Some(graph) = model.graph.filter(|graph| !graph.node.is_empty()) else { return Err(ImportError::Empty) };
        let is_core = |domain: &str| matches!(domain, "" | "ai.onnx");
        let mut versions =
            model.opset_import.iter().map(|set| (set.domain.as_deref().unwrap_or_default(), set.version));
        let opset = versions.find(|(domain, _)| is_core(domain)).map_or(1, |(_, version)| version);
        let uses_core = graph.node.iter().any(|node| is_core(&node.domain));
        if uses_core && !OPSETS.contains(&opset) {
            return Err(ImportError::Version { found: opset, least: *OPSETS.start(), most: *OPSETS.end() });
        }
        let is_external = |tensor: &&TensorProto| tensor.data_location == 1 || !tensor.external_data.is_empty();
        if let Some(tensor) = graph.initializer.iter().find(is_external) {
            return Err(ImportError::External { name: tensor.name.clone() });
        }
        let text = |key: &str| model.metadata_props.iter().find(|entry| entry.key == key).map(|entry| &*entry.value);
        let own = text("backprop").and_then(|text| serde_json::from_str(text).ok());
        Ok(Self::of_graph(graph, opset, format!("{} {}", model.producer_name, model.producer_version), own))
    }

    fn of_graph(graph: GraphProto, opset: i64, producer: String, own: Option<Json>) -> Self {
        let GraphProto { node, initializer, input, output, value_info, .. } = graph;
        let constants: HashMap<String, TensorProto> =
            initializer.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let ports = |infos: &[ValueInfoProto]| infos.iter().map(Port::of).collect::<Vec<_>>();
        // Old files name their constants among the inputs as well.
        let inputs = ports(&input).into_iter().filter(|port| !constants.contains_key(&port.name)).collect();
        let known =
            |port: Port| Some((port.name, port.dims.get(1..)?.iter().copied().collect::<Option<Vec<usize>>>()?));
        Self {
            nodes: node.into_iter().map(|node| Node::new(node, opset)).collect(),
            constants,
            inputs,
            outputs: ports(&output),
            sizes: ports(&value_info).into_iter().filter_map(known).collect(),
            producer: producer.trim().to_owned(),
            own,
        }
    }

    /// The input that the network reads.
    pub fn input(&self) -> Result<&Port, ImportError> {
        match &self.inputs[..] {
            [only] => Ok(only),
            [] => Err(ImportError::Inputs { names: "none".to_owned() }),
            several => {
                let names: Vec<&str> = several.iter().map(|port| &*port.name).collect();
                Err(ImportError::Inputs { names: names.join(", ") })
            }
        }
    }

    /// The output that is the network's: the one of numbers with a point.
    pub fn output(&self) -> Result<&Port, ImportError> {
        let has_point = |port: &&Port| matches!(port.of, DataType::Float | DataType::Double | DataType::Float16);
        let floats: Vec<&Port> = self.outputs.iter().filter(has_point).collect();
        match floats[..] {
            [] => self.outputs.first().ok_or(ImportError::Empty),
            [only] => Ok(only),
            _ => {
                let names: Vec<&str> = floats.iter().map(|port| &*port.name).collect();
                Err(ImportError::Outputs { names: names.join(", ") })
            }
        }
    }

    /// The nodes that read an array.
    pub fn readers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.inputs.iter().any(|input| input == name))
    }
}

impl Port {
    fn of(info: &ValueInfoProto) -> Self {
        let tensor = info.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
        let size = |value: &Option<Dimension>| match value {
            Some(Dimension::DimValue(size @ 1..=LARGEST)) => usize::try_from(*size).ok(),
            _ => None,
        };
        let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| &shape.dim[..]).unwrap_or_default();
        Self {
            name: info.name.clone(),
            of: tensor.map_or(DataType::Undefined, |tensor| tensor.elem_type()),
            dims: dims.iter().map(|dim| size(&dim.value)).collect(),
        }
    }

    /// "3×?×32"
    pub fn described(&self) -> String {
        let sizes: Vec<String> =
            self.dims.iter().map(|dim| dim.map_or("?".to_owned(), |dim| dim.to_string())).collect();
        sizes.join("×")
    }
}
