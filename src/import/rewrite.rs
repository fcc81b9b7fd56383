//! What exporters write as several nodes and what is one layer here: `GELU(x) = x · (1 + erf(x / √2)) / 2`.

use super::file::File;
use super::node::Node;
use super::tensor::Tensor;

/// The nodes of a file with one in the place of every GELU. The others of it are read by nothing any more.
pub fn rewritten(file: &File) -> Vec<Node> {
    let mut nodes = file.nodes.clone();
    for at in 0..nodes.len() {
        if nodes[at].kind == "Erf"
            && let Some((input, last)) = gelu(file, &nodes[at])
            && let Some(node) = nodes.iter_mut().find(|node| node.outputs.first() == Some(&last))
        {
            *node = node.standing_for("Gelu", &input);
        }
    }
    nodes
}

/// The input of a GELU and its output, given the node with the error function.
fn gelu(file: &File, erf: &Node) -> Option<(String, String)> {
    let scaled = file.nodes.iter().find(|node| node.outputs.first() == erf.inputs.first())?;
    let (input, factor) = by_constant(file, scaled)?;
    let factor = if scaled.kind == "Div" { 1.0 / factor } else { factor };
    if !is_near(factor, std::f64::consts::FRAC_1_SQRT_2) {
        return None;
    }
    let plus_one = only_reader(file, erf)?;
    let (_, one) = by_constant(file, plus_one).filter(|_| plus_one.kind == "Add")?;
    // x · (1 + erf) · ½ in any order: what is left are the factors x and ½.
    let (mut last, mut factor, mut has_input) = (plus_one, 1.0, false);
    while !has_input || !is_near(factor, 0.5) {
        last = only_reader(file, last).filter(|node| node.kind == "Mul")?;
        match by_constant(file, last) {
            Some((_, half)) => factor *= half,
            None => {
                let own = last.inputs.iter().find(|name| **name != input)?;
                let half_of_input = last.inputs.iter().find_map(|name| half_of(file, name, &input));
                match (last.inputs.contains(&input), half_of_input) {
                    (true, _) if !own.is_empty() => has_input = true,
                    (_, Some(half)) => (has_input, factor) = (true, factor * half),
                    _ => return None,
                }
            }
        }
    }
    let output = last.outputs.first().cloned()?;
    is_near(one, 1.0).then_some((input, output))
}

/// The factor of an array that is the input times a constant.
fn half_of(file: &File, name: &str, input: &str) -> Option<f64> {
    let node = file.nodes.iter().find(|node| node.outputs.first().is_some_and(|output| output == name))?;
    let (of, factor) = by_constant(file, node).filter(|_| node.kind == "Mul")?;
    (of == input).then_some(factor)
}

/// The array that a node reads, and the number that it works with.
fn by_constant(file: &File, node: &Node) -> Option<(String, f64)> {
    let [a, b] = &node.inputs[..] else { return None };
    match (number(file, a), number(file, b)) {
        (None, Some(number)) => Some((a.clone(), number)),
        (Some(number), None) if node.kind != "Div" => Some((b.clone(), number)),
        _ => None,
    }
}

fn number(file: &File, name: &str) -> Option<f64> {
    constant(file, name)?.scalar()
}

/// A constant of the file, or of a node that is one.
fn constant(file: &File, name: &str) -> Option<Tensor> {
    if let Some(proto) = file.constants.get(name) {
        return Tensor::read(proto).ok();
    }
    let node =
        file.nodes.iter().find(|node| node.kind == "Constant" && node.outputs.iter().any(|output| output == name))?;
    super::constants::folded(node, &[])?.ok()
}

fn only_reader<'a>(file: &'a File, node: &'a Node) -> Option<&'a Node> {
    let mut readers = file.readers(node.outputs.first()?);
    readers.next().filter(|_| readers.next().is_none())
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-4
}
