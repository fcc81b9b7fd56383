//! Where each value of a graph lies in one fixed buffer, for programs that allocate nothing.

use std::ops::Range;

use backprop_nn::graph::{Node, Operation};
use backprop_nn::{Graph, Shape};

/// The operations of a graph with the places of what they read and write.
pub struct Plan<'a, 'g> {
    /// In the order in which they run. What only gives a value another shape is not among them.
    pub steps: Vec<Step<'a, 'g>>,
    /// Where the input lies.
    pub input: Range<usize>,
    /// Where the answer lies.
    pub output: Range<usize>,
    /// Numbers in the buffer.
    pub len: usize,
}

/// An operation, and where its values lie.
pub struct Step<'a, 'g> {
    /// The operation with its name.
    pub node: &'g Node<'a>,
    /// What it reads.
    pub from: Range<usize>,
    /// What it writes; the same place for what changes every number on its own.
    pub to: Range<usize>,
    /// What it adds, for [`Operation::Add`], or the tokens that tell which steps are padding.
    pub other: Option<Range<usize>>,
    /// Numbers for use within the operation.
    pub scratch: Range<usize>,
}

/// A value while it is needed.
struct Live {
    place: Range<usize>,
    /// The last node that reads it; the answer is read after all.
    until: usize,
}

impl<'a, 'g> Plan<'a, 'g> {
    /// Gives every value the first place that is free while it is needed.
    pub fn of(graph: &'g Graph<'a>) -> Self {
        let count = graph.nodes.len();
        let mut until: Vec<usize> = (0..=count).collect();
        for (at, node) in graph.nodes.iter().enumerate() {
            if let Operation::Add { value } = node.operation {
                until[value] = at;
            }
            if node.operation.reads_tokens() {
                until[0] = at;
            }
        }
        until[count] = usize::MAX;
        let mut live: Vec<Live> = Vec::new();
        let mut len = 0;
        let mut places = vec![place(&mut live, graph.input.len(), until[0], &mut len)];
        let mut steps = Vec::new();
        for (at, node) in graph.nodes.iter().enumerate() {
            live.retain(|value| value.until >= at);
            let from = places[node.input].clone();
            let other = match node.operation {
                Operation::Add { value } => Some(places[value].clone()),
                _ if node.operation.reads_tokens() => Some(places[0].clone()),
                _ => None,
            };
            let ends = until[node.input] == at;
            let to = match (is_in_place(&node.operation), ends) {
                (true, true) => {
                    live.iter_mut().filter(|value| value.place == from).for_each(|value| value.until = until[at + 1]);
                    from.clone()
                }
                _ => place(&mut live, node.output.len(), until[at + 1], &mut len),
            };
            let scratch = place(&mut live, scratch_len(&node.operation, graph.shape(node.input)), at, &mut len);
            let is_nothing = matches!(node.operation, Operation::Reshape { .. }) && to == from;
            places.push(to.clone());
            if !is_nothing {
                steps.push(Step { node, from, to, other, scratch });
            }
        }
        let (input, output) = (places[0].clone(), places[count].clone());
        Self { steps, input, output, len }
    }
}

/// Whether the result may take the place of what is read.
fn is_in_place(operation: &Operation<'_>) -> bool {
    matches!(
        operation,
        Operation::Reshape { .. }
            | Operation::Activation(_)
            | Operation::Affine { .. }
            | Operation::LayerNorm { .. }
            | Operation::RmsNorm { .. }
            | Operation::Positions { .. }
            | Operation::PRelu { .. }
            | Operation::Softmax
            | Operation::Shares(_)
            | Operation::Add { .. }
    )
}

/// The state and the sums of a recurrent layer, the cosines of an embedding, queries, keys, values and the weights of a step.
fn scratch_len(operation: &Operation<'_>, input: Shape) -> usize {
    match operation {
        Operation::Rnn { directions, .. } | Operation::Lstm { directions, .. } | Operation::Gru { directions, .. } => {
            // The state, the cell, and twice the sums.
            directions.first().map_or(0, |direction| 2 * direction.units() + 2 * direction.kernel.dims[1])
        }
        Operation::NumericEmbedding { frequencies, .. } => frequencies.dims[1],
        Operation::Attention(_) => 3 * input.len() + input.len() / input.channels(),
        _ => 0,
    }
}

/// The first place with room for so many numbers beside the values that are needed.
fn place(live: &mut Vec<Live>, numbers: usize, until: usize, len: &mut usize) -> Range<usize> {
    if numbers == 0 {
        return 0..0;
    }
    let mut taken: Vec<&Range<usize>> = live.iter().map(|value| &value.place).collect();
    taken.sort_by_key(|place| place.start);
    let start =
        taken.iter().fold(0, |start, place| if start + numbers <= place.start { start } else { start.max(place.end) });
    let place = start..start + numbers;
    *len = (*len).max(place.end);
    live.push(Live { place: place.clone(), until });
    place
}
