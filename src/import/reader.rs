//! Reads a graph node by node into a stack.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Problem;
use super::branches::Shortcuts;
use super::constants;
use super::file::File;
use super::layout::{Channels, Value};
use super::node::Node;
use super::stack::Stack;
use super::tensor::Tensor;
use backprop_nn::Shape;

/// Why a node on a shortcut cannot be read.
const PROJECTION: &str = "it stands on the shortcut of a residual block, and a Residual adds its input as it is: a projection cannot be expressed";

/// What an array of the graph is known to be.
#[derive(Clone, Debug)]
pub enum Known {
    Constant(Rc<Tensor>),
    Value(Value),
    /// Arrays that were joined along an axis, and of which one may be picked again.
    Parts(Vec<Value>, usize),
    /// An array with zeros around it, so many before each axis and then behind each, which the convolution that reads it adds.
    Padded(Value, Vec<usize>),
    /// A node before it could not be read.
    Unknown,
}

/// What there is of a graph while it is read.
pub struct Reader<'a> {
    pub file: &'a File,
    pub stack: Stack,
    pub known: HashMap<String, Known>,
    /// What cannot be expressed, node by node.
    pub problems: Vec<Problem>,
    /// What was decided, a sentence each.
    pub notes: Vec<String>,
    /// Of the samples that the shapes are traced with.
    pub samples: usize,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a File, samples: usize) -> Self {
        let (problems, notes) = (Vec::new(), Vec::new());
        Self { file, stack: Stack::new(), known: HashMap::new(), problems, notes, samples }
    }

    /// Reads these nodes in their order.
    pub fn read(&mut self, nodes: &[Node]) {
        let shortcuts = Shortcuts::of(self.file);
        for node in nodes {
            if shortcuts.has(node) {
                if shortcuts.begins_with(node) {
                    self.problem(node, PROJECTION.to_owned());
                }
                self.known.extend(node.outputs.iter().map(|name| (name.clone(), Known::Unknown)));
                continue;
            }
            let outputs = match self.outputs(node) {
                Ok(outputs) => outputs,
                Err(why) => {
                    self.problem(node, why);
                    vec![self.guess(node)]
                }
            };
            for (name, known) in node.outputs.iter().zip(outputs) {
                self.known.insert(name.clone(), known);
            }
        }
    }

    fn problem(&mut self, node: &Node, why: String) {
        self.problems.push(Problem { node: node.name.clone(), kind: node.kind.clone(), why });
    }

    /// What is known of an array by its name: a constant of the file is read when it is asked for.
    pub fn get(&mut self, name: &str) -> Result<Known, String> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let Some(proto) = self.file.constants.get(name) else {
            return Err(format!("it reads {name}, which no node before it gives"));
        };
        let tensor = Tensor::read(proto).map_err(|what| format!("its constant {name} cannot be read: {what}"))?;
        let known = Known::Constant(Rc::new(tensor));
        self.known.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    /// The constant that an input is; nothing if it is left out.
    pub fn optional(&mut self, node: &Node, at: usize) -> Result<Option<Rc<Tensor>>, String> {
        let Some(name) = node.inputs.get(at).filter(|name| !name.is_empty()) else { return Ok(None) };
        match self.get(name)? {
            Known::Constant(tensor) => Ok(Some(tensor)),
            _ => {
                Err(format!("its input {name} is computed from the sample, and only a constant can be expressed there"))
            }
        }
    }

    /// The constant that an input has to be.
    pub fn constant(&mut self, node: &Node, at: usize) -> Result<Rc<Tensor>, String> {
        self.optional(node, at)?.ok_or_else(|| format!("its input {} is missing", at + 1))
    }

    /// The array that an input has to be.
    pub fn value(&mut self, node: &Node, at: usize) -> Result<Value, String> {
        let name = node.inputs.get(at).ok_or_else(|| format!("its input {} is missing", at + 1))?;
        self.named(name)
    }

    /// The array of this name, which has to depend on the sample. The error is empty if a node before it could not be read, which is
    /// told already.
    pub fn named(&mut self, name: &str) -> Result<Value, String> {
        match self.get(name)? {
            Known::Value(value) => self.settled(value),
            Known::Parts(..) => Err("it reads several arrays that were joined; a stack has one path".to_owned()),
            Known::Padded(..) => {
                Err("it reads an image with zeros around it, which only a convolution does here".to_owned())
            }
            Known::Constant(_) => Err(format!("its input {name} is a constant, and the sample is expected there")),
            Known::Unknown => Err(String::new()),
        }
    }

    /// A value whose recurrent layer returns what is read of it.
    fn settled(&mut self, value: Value) -> Result<Value, String> {
        match value.state {
            None => Ok(value),
            Some(state) if state.direction.is_some() => {
                Err("it reads one direction of a bidirectional layer; here both are joined".to_owned())
            }
            Some(_) => {
                let token = self.stack.take_last_step(&value, true)?;
                let shape = Shape::flat(value.shape.channels());
                // Whoever reads the state again reads the same.
                for known in self.known.values_mut() {
                    if let Known::Value(other) = known
                        && other.state.is_some()
                        && other.token == value.token
                    {
                        *other = Value { token, shape, state: None, ..other.clone() };
                    }
                }
                Ok(Value { token, shape, state: None, ..value })
            }
        }
    }

    /// What the outputs of a node are.
    fn outputs(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let mut inputs = Vec::new();
        for name in &node.inputs {
            inputs.push(if name.is_empty() { None } else { Some(self.get(name)?) });
        }
        let is_unknown = |known: &Option<Known>| matches!(known, Some(Known::Unknown));
        if let (true, [Some(a), Some(b)]) = (node.kind == "Add", &inputs[..])
            && let (Known::Unknown, Known::Value(value)) | (Known::Value(value), Known::Unknown) = (a, b)
        {
            return Ok(vec![Known::Value(value.after(self.stack.head()))]);
        }
        if inputs.iter().any(is_unknown) && super::nodes::is_known(&node.kind) {
            return Ok(vec![Known::Unknown; node.outputs.len()]);
        }
        if node.kind == "Shape"
            && let Some(Some(Known::Value(value))) = inputs.first()
        {
            return Ok(vec![Known::Constant(Rc::new(constants::shape(node, &value.dims())))]);
        }
        let constant = |known: &Option<Known>| match known {
            None => Some(None),
            Some(Known::Constant(tensor)) => Some(Some(Rc::clone(tensor))),
            Some(_) => None,
        };
        if let Some(tensors) = inputs.iter().map(constant).collect::<Option<Vec<_>>>() {
            let tensors: Vec<Option<&Tensor>> = tensors.iter().map(Option::as_deref).collect();
            if let Some(folded) = constants::folded(node, &tensors) {
                return Ok(vec![Known::Constant(Rc::new(folded?)); node.outputs.len()]);
            }
        }
        self.operation(node)
    }

    /// An array in the place of one that cannot be read, so that what follows is still looked at.
    fn guess(&mut self, node: &Node) -> Known {
        let of_file = node.outputs.first().and_then(|name| self.file.sizes.get(name)).cloned();
        let before = node.inputs.first().and_then(|name| self.known.get(name));
        let before = match before {
            Some(Known::Value(value) | Known::Padded(value, _)) => Some(value.dims()),
            _ => None,
        };
        let dims = of_file.or_else(|| {
            let dims = before?;
            let slid = self.slid_dims(node, &dims).unwrap_or_else(|| dims.clone());
            slid.get(1..).map(<[usize]>::to_vec)
        });
        match dims.as_deref().and_then(shape_of) {
            Some((shape, channels)) => {
                let value = Value::new(self.stack.head(), self.samples, shape, channels);
                Known::Value(Value { is_guess: true, ..value })
            }
            None => Known::Unknown,
        }
    }
}

/// The shape here of a sample with these sizes, channels first.
fn shape_of(dims: &[usize]) -> Option<(Shape, Channels)> {
    match *dims {
        _ if dims.contains(&0) => None,
        [numbers] => Some((Shape::flat(numbers), Channels::Last)),
        [steps, features] => Some((Shape::steps(steps, features), Channels::Last)),
        [channels, height, width] => Some((Shape::image(height, width, channels), Channels::First)),
        _ => None,
    }
}

/// The nodes that the array `last` depends on, in their order, and no others.
pub fn needed(nodes: &[Node], last: &str) -> Vec<Node> {
    let mut wanted: HashSet<&str> = HashSet::from([last]);
    let mut kept: Vec<&Node> = Vec::new();
    for node in nodes.iter().rev() {
        if node.outputs.iter().any(|name| wanted.contains(&**name)) {
            wanted.extend(node.inputs.iter().filter(|name| !name.is_empty()).map(String::as_str));
            kept.push(node);
        }
    }
    kept.into_iter().rev().cloned().collect()
}
