//! Layers that the export of this program writes as several nodes, and that no single operator is. They are known by the names of
//! the nodes, `0.numericembedding.Cos`, and their arrays by theirs.

use super::super::file::File;
use super::super::layout::{Channels, Value};
use super::super::node::Node;
use super::super::reader::Reader;
use super::super::tensor::Tensor;
use backprop_nn::layers::{BatchEnsemble, Embedding, EnsembleMean, NumericEmbedding};
use backprop_nn::{LayerSpec, Shape};

/// What stands before the key of a layer in the place of an operator.
const OWN: &str = "backprop.";

/// Whether a node stands for a layer of this program.
pub fn is_own(kind: &str) -> bool {
    kind.starts_with(OWN)
}

/// The nodes with one in the place of all nodes of such a layer.
pub fn collapsed(file: &File, nodes: Vec<Node>) -> Vec<Node> {
    let mut collapsed: Vec<Node> = Vec::new();
    for node in nodes {
        let Some((scope, _)) = node.name.rsplit_once('.') else { continue };
        let key = scope.rsplit('.').next().unwrap_or_default();
        if !["embedding", "numericembedding", "batchensemble", "ensemblemean"].contains(&key) {
            collapsed.push(node);
            continue;
        }
        match collapsed.last_mut().filter(|last| last.name == scope) {
            Some(last) => last.outputs.clone_from(&node.outputs),
            None => {
                let input = node.inputs.iter().find(|name| !file.constants.contains_key(*name));
                let mut one = node.standing_for(&format!("{OWN}{key}"), input.map_or("", String::as_str));
                scope.clone_into(&mut one.name);
                collapsed.push(one);
            }
        }
    }
    collapsed
}

impl Reader<'_> {
    /// A layer of this program.
    pub fn own(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let tensor = |reader: &Self, name: &str| {
            let proto = reader.file.constants.get(&format!("{}.{name}", node.name));
            Tensor::read(proto.ok_or_else(|| format!("its {name} are missing"))?)
        };
        let rank = |tensor: &Tensor, rank: usize| {
            (tensor.dims.len() == rank).then_some(()).ok_or("its arrays have other axes")
        };
        let (spec, params): (LayerSpec, Vec<Tensor>) = match node.kind.trim_start_matches(OWN) {
            "embedding" => {
                let table = tensor(self, "embeddings")?;
                rank(&table, 2)?;
                let numbers = tensor(self, "from")?.scalar().unwrap_or(0.0) as usize;
                (Embedding { vocabulary: table.dims[0], units: table.dims[1], numbers }.into(), vec![table])
            }
            "numericembedding" => {
                let [frequencies, phases, weights, bias] =
                    ["frequencies", "phases", "weights", "bias"].map(|name| tensor(self, name));
                let weights = weights?;
                rank(&weights, 3)?;
                let [numbers, waves, units] = [0, 1, 2].map(|axis| weights.dims[axis]);
                let numbers = if numbers == value.shape.len() { 0 } else { numbers };
                let layer = NumericEmbedding { units, waves, numbers, ..NumericEmbedding::default() };
                (layer.into(), vec![frequencies?, phases?, weights, bias?])
            }
            "batchensemble" => {
                let mut scale = tensor(self, "factors")?;
                rank(&scale, 2)?;
                // The file has 1 + s.
                scale.values.iter_mut().for_each(|factor| *factor -= 1.0);
                (BatchEnsemble { members: scale.dims[0], ..BatchEnsemble::default() }.into(), vec![scale])
            }
            _ => (EnsembleMean {}.into(), Vec::new()),
        };
        let value = match spec {
            LayerSpec::Embedding(_) => self.stack.shaped(value.clone(), Shape::flat(value.shape.len()))?,
            _ => value,
        };
        let (token, shape) = self.stack.place(&value, spec, params.iter().map(Tensor::to_f32).collect())?;
        Ok(Value::new(token, self.samples, shape, Channels::Last))
    }
}
