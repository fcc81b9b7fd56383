//! A node of a graph, and its attributes by their names.

use super::tensor::Tensor;
use crate::export::onnx::proto::{AttributeProto, NodeProto};

/// An operator at its place.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its name, or that of its first output.
    pub name: String,
    pub kind: String,
    /// Names of arrays; empty where one is left out.
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    attributes: Vec<AttributeProto>,
    /// The version of the operators.
    pub opset: i64,
}

impl Node {
    /// The node of a message. An operator of another set has its domain before its name.
    pub fn new(proto: NodeProto, opset: i64) -> Self {
        let NodeProto { input, output, name, op_type, attribute, domain } = proto;
        let name = if name.is_empty() { output.first().cloned().unwrap_or_default() } else { name };
        let kind = match &*domain {
            "" | "ai.onnx" => op_type,
            domain => format!("{domain}.{op_type}"),
        };
        Self { name, kind, inputs: input, outputs: output, attributes: attribute, opset }
    }

    /// A node that stands in the place of others.
    pub fn standing_for(&self, kind: &str, input: &str) -> Self {
        Self { kind: kind.to_owned(), inputs: vec![input.to_owned()], attributes: Vec::new(), ..self.clone() }
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub fn int(&self, name: &str, otherwise: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.i).unwrap_or(otherwise)
    }

    pub fn float(&self, name: &str, otherwise: f32) -> f32 {
        self.attribute(name).and_then(|attribute| attribute.f).unwrap_or(otherwise)
    }

    pub fn text(&self, name: &str) -> String {
        let text = self.attribute(name).and_then(|attribute| attribute.s.as_deref()).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        Some(self.attribute(name)?.ints.clone())
    }

    pub fn floats(&self, name: &str) -> Option<Vec<f32>> {
        Some(self.attribute(name)?.floats.clone())
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.attribute(name).map(|attribute| &attribute.strings[..]).unwrap_or_default();
        texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    pub fn tensor(&self, name: &str) -> Option<Result<Tensor, String>> {
        Some(Tensor::read(self.attribute(name)?.t.as_ref()?))
    }

    /// Sizes along the axes of an image, each at least `least`; `count` ones where the attribute is missing.
    pub fn sizes(&self, name: &str, count: usize, otherwise: usize) -> Result<Vec<usize>, String> {
        let Some(ints) = self.ints(name) else { return Ok(vec![otherwise; count]) };
        let sizes: Option<Vec<usize>> = ints.iter().map(|size| usize::try_from(*size).ok()).collect();
        let sizes = sizes.filter(|sizes| sizes.len() == count && sizes.iter().all(|size| *size < 1 << 20));
        sizes.ok_or_else(|| format!("its {name} {ints:?} are not {count} sizes"))
    }
}
