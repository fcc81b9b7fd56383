//! A graph of ONNX while it is written: nodes, constants and names, of which none is given twice.

use std::collections::HashSet;

use super::proto::{
    AttributeProto, AttributeType, DataType, Dimension, DimensionProto, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Operators beyond those of neural networks, for words.
pub const ML: &str = "ai.onnx.ml";

/// A graph that grows node by node.
pub struct Writer {
    /// What is written so far.
    pub graph: GraphProto,
    /// The layer that is written, which stands before the names of nodes and constants.
    pub scope: String,
    taken: HashSet<String>,
}

/// What a constant may hold.
pub trait Element: Sized {
    /// Its name in ONNX.
    const TYPE: DataType;
    /// Puts the elements where they belong.
    fn store(elements: &[Self], tensor: &mut TensorProto);
}

macro_rules! numbers {
    ($($number:ty => $name:ident),*) => {$(
        impl Element for $number {
            const TYPE: DataType = DataType::$name;
            fn store(elements: &[Self], tensor: &mut TensorProto) {
                tensor.raw_data = Some(elements.iter().flat_map(|element| element.to_le_bytes()).collect());
            }
        }
    )*};
}

numbers!(f32 => Float, f64 => Double, i64 => Int64);

impl Element for String {
    const TYPE: DataType = DataType::String;
    fn store(elements: &[Self], tensor: &mut TensorProto) {
        tensor.string_data = elements.iter().map(|text| text.clone().into_bytes()).collect();
    }
}

impl Writer {
    /// An empty graph of this name.
    pub fn new(name: &str) -> Self {
        let graph = GraphProto { name: name.to_owned(), ..GraphProto::default() };
        Self { graph, scope: String::new(), taken: HashSet::new() }
    }

    /// A name that nothing has yet: this one if it is free.
    pub fn name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        for number in 2.. {
            if self.taken.insert(name.clone()) {
                break;
            }
            name = format!("{wanted}_{number}");
        }
        name
    }

    /// An input of the graph; its first axis are the samples.
    pub fn input(&mut self, name: &str, of: DataType, dims: &[usize], about: &str) -> String {
        let name = self.name(name);
        self.graph.input.push(value_info(&name, of, dims, about));
        name
    }

    /// An output of the graph, a copy of an array with another name; its first axis are the samples.
    pub fn output(&mut self, array: &str, name: &str, of: DataType, dims: &[usize], about: &str) {
        let name = self.name(name);
        self.push("Identity", "", &[array], name.clone(), Vec::new());
        self.graph.output.push(value_info(&name, of, dims, about));
    }

    /// An array that does not change; its name follows the layer.
    pub fn constant<T: Element>(&mut self, name: &str, dims: &[usize], elements: &[T]) -> String {
        let name = self.scoped(name);
        self.store(name, dims, elements)
    }

    /// An array that does not change, under a name of its own.
    pub fn named<T: Element>(&mut self, name: &str, dims: &[usize], elements: &[T]) -> String {
        let name = self.name(name);
        self.store(name, dims, elements)
    }

    fn store<T: Element>(&mut self, name: String, dims: &[usize], elements: &[T]) -> String {
        let mut tensor = TensorProto { name: name.clone(), dims: long(dims), ..TensorProto::default() };
        tensor.set_data_type(T::TYPE);
        T::store(elements, &mut tensor);
        self.graph.initializer.push(tensor);
        name
    }

    /// Whole numbers in a row.
    pub fn integers(&mut self, name: &str, numbers: &[usize]) -> String {
        self.constant(name, &[numbers.len()], &long(numbers))
    }

    /// A node with one output, whose name is given back.
    pub fn node(&mut self, kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.node_of("", kind, inputs, attributes)
    }

    /// A node of another set of operators.
    pub fn node_of(&mut self, domain: &str, kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let output = self.scoped(kind);
        self.push(kind, domain, inputs, output.clone(), attributes);
        output
    }

    /// A node whose second output alone is read.
    pub fn second_of(&mut self, kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let output = self.node(kind, inputs, attributes);
        if let Some(node) = self.graph.node.last_mut() {
            node.output.insert(0, String::new());
        }
        output
    }

    fn push(&mut self, kind: &str, domain: &str, inputs: &[&str], output: String, attribute: Vec<AttributeProto>) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            name: output.clone(),
            output: vec![output],
            op_type: kind.to_owned(),
            attribute,
            domain: domain.to_owned(),
        });
    }

    fn scoped(&mut self, name: &str) -> String {
        let name = format!("{}.{name}", self.scope);
        self.name(&name)
    }
}

/// Sizes as ONNX has them.
fn long(numbers: &[usize]) -> Vec<i64> {
    numbers.iter().map(|number| *number as i64).collect()
}

fn value_info(name: &str, of: DataType, dims: &[usize], about: &str) -> ValueInfoProto {
    let samples = Dimension::DimParam("N".to_owned());
    let dims = std::iter::once(samples).chain(long(dims).into_iter().map(Dimension::DimValue));
    let shape = TensorShapeProto { dim: dims.map(|value| DimensionProto { value: Some(value) }).collect() };
    let mut tensor = TensorTypeProto { shape: Some(shape), ..TensorTypeProto::default() };
    tensor.set_elem_type(of);
    let of = TypeProto { tensor_type: Some(tensor) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(of), doc_string: about.to_owned() }
}

fn attribute(name: &str, of: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: of as i32, ..AttributeProto::default() }
}

/// The attribute `name` is a number.
pub fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { f: Some(f), ..attribute(name, AttributeType::Float) }
}

/// The attribute `name` is several numbers.
pub fn floats(name: &str, floats: Vec<f32>) -> AttributeProto {
    AttributeProto { floats, ..attribute(name, AttributeType::Floats) }
}

/// The attribute `name` is a whole number.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { i: Some(i), ..attribute(name, AttributeType::Int) }
}

/// The attribute `name` is several whole numbers.
pub fn ints(name: &str, numbers: &[usize]) -> AttributeProto {
    AttributeProto { ints: long(numbers), ..attribute(name, AttributeType::Ints) }
}

/// The attribute `name` is a text.
pub fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { s: Some(s.as_bytes().to_vec()), ..attribute(name, AttributeType::String) }
}

/// The attribute `name` is several texts.
pub fn texts(name: &str, strings: &[String]) -> AttributeProto {
    let strings = strings.iter().map(|text| text.clone().into_bytes()).collect();
    AttributeProto { strings, ..attribute(name, AttributeType::Strings) }
}
