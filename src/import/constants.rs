//! What a node makes of constants alone: the shapes that exporters compute, and weights that are turned.

use super::layout::axis_of;
use super::node::Node;
use super::tensor::{MOST, Tensor, len_of, positions, strides};

/// The constant that a node makes of others, in the order of its inputs, where `None` stands for one that is left out; nothing
/// if this operator is not computed on constants.
pub fn folded(node: &Node, inputs: &[Option<&Tensor>]) -> Option<Result<Tensor, String>> {
    let first = inputs.first().copied().flatten();
    let second = inputs.get(1).copied().flatten();
    Some(match &*node.kind {
        "Constant" => constant(node),
        "Identity" | "Dropout" => first.cloned().ok_or_else(missing),
        "Cast" => cast(node, first?),
        "Shape" => Ok(shape(node, &first?.dims)),
        "ConstantOfShape" => constant_of_shape(node, first?),
        "Expand" => broadcast(first?, &whole(second?)).ok_or_else(misfit),
        "Transpose" => transpose(node, first?),
        "Reshape" => reshape(first?, second?, node.int("allowzero", 0) == 1),
        "Squeeze" => {
            let tensor = first?;
            axes_of(node, second, tensor.dims.len()).and_then(|axes| squeeze(tensor, axes))
        }
        "Unsqueeze" => unsqueeze(node, first?, second),
        "Concat" => concat(node, &inputs.iter().copied().collect::<Option<Vec<_>>>()?),
        "Gather" => gather(node, first?, second?),
        "Slice" => slice(node, inputs),
        "Add" => each(first?, second?, |a, b| a + b),
        "Sub" => each(first?, second?, |a, b| a - b),
        "Mul" => each(first?, second?, |a, b| a * b),
        "Div" => {
            let (a, b) = (first?, second?);
            let is_whole = a.is_whole && b.is_whole;
            each(a, b, |a, b| if is_whole { (a / b).trunc() } else { a / b })
        }
        "Mod" => each(first?, second?, |a, b| if b == 0.0 { f64::NAN } else { a - b * (a / b).floor() }),
        "Equal" => each(first?, second?, |a, b| f64::from(u8::from(a == b))),
        "Sqrt" => Ok(map(first?, f64::sqrt)),
        "Neg" => Ok(map(first?, |value| -value)),
        "Reciprocal" => Ok(map(first?, f64::recip)),
        "Where" => choose(first?, second?, inputs.get(2).copied().flatten()?),
        _ => return None,
    })
}

fn missing() -> String {
    "one of its inputs is missing".to_owned()
}

fn misfit() -> String {
    "its constants do not fit together".to_owned()
}

fn constant(node: &Node) -> Result<Tensor, String> {
    if let Some(tensor) = node.tensor("value") {
        return tensor;
    }
    if let Some(ints) = node.ints("value_ints") {
        return Ok(Tensor::whole(ints.iter().map(|value| *value as f64).collect()));
    }
    if let Some(floats) = node.floats("value_floats") {
        let values: Vec<f64> = floats.iter().map(|value| f64::from(*value)).collect();
        return Tensor::new(vec![values.len()], values).ok_or_else(misfit);
    }
    let (value, is_whole) = match (node.has("value_int"), node.has("value_float")) {
        (true, _) => (node.int("value_int", 0) as f64, true),
        (_, true) => (f64::from(node.float("value_float", 0.0)), false),
        _ => return Err("its constant is neither an array nor a number".to_owned()),
    };
    Ok(Tensor { dims: Vec::new(), values: vec![value], is_whole })
}

/// The sizes from `start` to `end`.
pub fn shape(node: &Node, dims: &[usize]) -> Tensor {
    let clamp = |at: i64| {
        let at = if at < 0 { at.saturating_add(dims.len() as i64) } else { at };
        at.clamp(0, dims.len() as i64) as usize
    };
    let (start, end) = (clamp(node.int("start", 0)), clamp(node.int("end", i64::MAX)));
    let sizes = dims.get(start..end.max(start)).unwrap_or_default();
    Tensor::whole(sizes.iter().map(|size| *size as f64).collect())
}

fn cast(node: &Node, tensor: &Tensor) -> Result<Tensor, String> {
    let is_whole = !matches!(node.int("to", 1), 1 | 10 | 11 | 16);
    let values = tensor.values.iter().map(|value| if is_whole { value.trunc() } else { *value });
    Ok(Tensor { dims: tensor.dims.clone(), values: values.collect(), is_whole })
}

/// The numbers of a tensor as sizes; one that is negative becomes one that is far too large.
fn whole(tensor: &Tensor) -> Vec<usize> {
    tensor.values.iter().map(|value| if *value < 0.0 { usize::MAX } else { *value as usize }).collect()
}

fn constant_of_shape(node: &Node, shape: &Tensor) -> Result<Tensor, String> {
    let filled = node.tensor("value").transpose()?;
    let value = filled.as_ref().and_then(Tensor::scalar).unwrap_or(0.0);
    let dims = whole(shape);
    let len = len_of(&dims).ok_or_else(misfit)?;
    Ok(Tensor { dims, values: vec![value; len], is_whole: filled.is_some_and(|tensor| tensor.is_whole) })
}

fn transpose(node: &Node, tensor: &Tensor) -> Result<Tensor, String> {
    let reversed = (0..tensor.dims.len()).rev().collect();
    let axes: Vec<usize> = node.ints("perm").map_or(reversed, |perm| perm.iter().map(|axis| *axis as usize).collect());
    tensor.transposed(&axes).ok_or_else(misfit)
}

fn reshape(tensor: &Tensor, shape: &Tensor, allow_zero: bool) -> Result<Tensor, String> {
    let dims = target(&tensor.dims, &shape.to_i64(), allow_zero).ok_or_else(misfit)?;
    tensor.clone().reshaped(dims).ok_or_else(misfit)
}

/// The sizes that a reshape asks for: 0 keeps the size of its axis, and -1 is what is left.
pub fn target(dims: &[usize], asked: &[i64], allow_zero: bool) -> Option<Vec<usize>> {
    let size = |(axis, size): (usize, &i64)| match *size {
        -1 => Some(1),
        0 if !allow_zero => dims.get(axis).copied(),
        size => usize::try_from(size).ok(),
    };
    let mut sizes = asked.iter().enumerate().map(size).collect::<Option<Vec<usize>>>()?;
    if let Some(free) = asked.iter().position(|size| *size == -1) {
        let (all, others) = (len_of(dims)?, len_of(&sizes)?);
        sizes[free] = all.checked_div(others).filter(|size| size * others == all)?;
    }
    Some(sizes)
}

/// The axes that a node names, as an attribute or as an input; nothing if it names none.
pub fn axes_of(node: &Node, input: Option<&Tensor>, rank: usize) -> Result<Option<Vec<usize>>, String> {
    let axes = node.ints("axes").or_else(|| input.map(Tensor::to_i64));
    axes.map(|axes| axes.iter().map(|axis| axis_of(*axis, rank)).collect()).transpose()
}

fn squeeze(tensor: &Tensor, axes: Option<Vec<usize>>) -> Result<Tensor, String> {
    let stays = |(axis, size): (usize, &usize)| match &axes {
        Some(axes) if axes.contains(&axis) => None,
        None if *size == 1 => None,
        _ => Some(*size),
    };
    let dims = tensor.dims.iter().enumerate().filter_map(stays).collect();
    tensor.clone().reshaped(dims).ok_or_else(misfit)
}

fn unsqueeze(node: &Node, tensor: &Tensor, axes: Option<&Tensor>) -> Result<Tensor, String> {
    let dims = unsqueezed(node, axes, &tensor.dims)?;
    tensor.clone().reshaped(dims).ok_or_else(misfit)
}

/// The sizes with a 1 at each of the axes that a node names.
pub fn unsqueezed(node: &Node, axes: Option<&Tensor>, dims: &[usize]) -> Result<Vec<usize>, String> {
    let count = node.ints("axes").map(|axes| axes.len()).or_else(|| axes.map(|axes| axes.values.len())).unwrap_or(0);
    let rank = dims.len() + count;
    let axes = axes_of(node, axes, rank)?.unwrap_or_default();
    let mut old = dims.iter().copied();
    Ok((0..rank).map(|axis| if axes.contains(&axis) { 1 } else { old.next().unwrap_or(1) }).collect())
}

fn concat(node: &Node, parts: &[&Tensor]) -> Result<Tensor, String> {
    let first = parts.first().ok_or_else(missing)?;
    let axis = axis_of(node.int("axis", 0), first.dims.len())?;
    let rows: usize = first.dims[..axis].iter().product();
    let mut dims = first.dims.clone();
    dims[axis] = parts.iter().map(|part| part.dims.get(axis).copied().unwrap_or(0)).sum();
    let is_like = |part: &&Tensor| part.dims.len() == dims.len() && part.dims[..axis] == dims[..axis];
    if len_of(&dims) != Some(parts.iter().map(|part| part.values.len()).sum()) || !parts.iter().all(is_like) {
        return Err(misfit());
    }
    let of_row = |row: usize| {
        parts.iter().flat_map(move |part| &part.values[part.values.len() / rows * row..][..part.values.len() / rows])
    };
    let values = (0..rows).flat_map(of_row).copied().collect();
    Ok(Tensor { dims, values, is_whole: first.is_whole })
}

/// The rows of an axis, as many as there are indices.
fn gather(node: &Node, tensor: &Tensor, indices: &Tensor) -> Result<Tensor, String> {
    let axis = axis_of(node.int("axis", 0), tensor.dims.len())?;
    let size = tensor.dims[axis];
    let rows: Result<Vec<usize>, String> = indices.to_i64().iter().map(|index| axis_of(*index, size)).collect();
    let picked = pick(tensor, axis, &rows?)?;
    let dims = [&tensor.dims[..axis], &indices.dims[..], &tensor.dims[axis + 1..]].concat();
    picked.reshaped(dims).ok_or_else(misfit)
}

/// These places of an axis alone.
fn pick(tensor: &Tensor, axis: usize, rows: &[usize]) -> Result<Tensor, String> {
    let inner: usize = tensor.dims[axis + 1..].iter().product();
    let block = inner * tensor.dims[axis];
    let mut dims = tensor.dims.clone();
    dims[axis] = rows.len();
    len_of(&dims).ok_or_else(misfit)?;
    let outer: usize = tensor.dims[..axis].iter().product();
    let place =
        |outer: usize| rows.iter().flat_map(move |row| outer * block + row * inner..outer * block + (row + 1) * inner);
    let values = (0..outer).flat_map(place).map(|at| tensor.values[at]).collect();
    Ok(Tensor { dims, values, is_whole: tensor.is_whole })
}

/// Where a slice begins and ends along an axis, and its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub axis: usize,
    pub start: i64,
    pub end: i64,
    pub step: i64,
}

impl Range {
    /// The places of an axis of this size.
    pub fn places(&self, size: usize) -> Vec<usize> {
        let size = size as i64;
        let from_end = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
        let (start, end) = (from_end(self.start), from_end(self.end));
        match self.step {
            0 => Vec::new(),
            step @ 1.. => {
                (start.clamp(0, size)..end.clamp(0, size)).step_by(step as usize).map(|at| at as usize).collect()
            }
            step => {
                let (first, last) = (start.min(size - 1), end.max(-1));
                let count = if first > last { (first - last - 1) / -step + 1 } else { 0 };
                (0..count).map(|at| first + at * step).filter(|at| *at >= 0).map(|at| at as usize).collect()
            }
        }
    }
}

/// The ranges of a slice, whose settings are attributes in old files and inputs in newer ones.
pub fn ranges(node: &Node, inputs: &[Option<&Tensor>], rank: usize) -> Result<Vec<Range>, String> {
    let setting =
        |name: &str, at: usize| node.ints(name).or_else(|| inputs.get(at).copied().flatten().map(Tensor::to_i64));
    let (starts, ends) = setting("starts", 1).zip(setting("ends", 2)).ok_or_else(missing)?;
    let axes = setting("axes", 3).unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = setting("steps", 4).unwrap_or_else(|| vec![1; starts.len()]);
    let all = axes.iter().zip(&starts).zip(&ends).zip(&steps);
    all.map(|(((axis, start), end), step)| {
        Ok(Range { axis: axis_of(*axis, rank)?, start: *start, end: *end, step: *step })
    })
    .collect()
}

fn slice(node: &Node, inputs: &[Option<&Tensor>]) -> Result<Tensor, String> {
    let tensor = inputs.first().copied().flatten().ok_or_else(missing)?;
    ranges(node, inputs, tensor.dims.len())?
        .into_iter()
        .try_fold(tensor.clone(), |tensor, range| pick(&tensor, range.axis, &range.places(tensor.dims[range.axis])))
}

fn map(tensor: &Tensor, f: impl Fn(f64) -> f64) -> Tensor {
    Tensor { values: tensor.values.iter().map(|value| f(*value)).collect(), ..tensor.clone() }
}

/// The tensor repeated along its axes of size 1 until both have the same sizes.
pub fn broadcast(tensor: &Tensor, dims: &[usize]) -> Option<Tensor> {
    let rank = tensor.dims.len().max(dims.len());
    let aligned = |dims: &[usize]| [vec![1; rank - dims.len()], dims.to_vec()].concat();
    let (own, wanted) = (aligned(&tensor.dims), aligned(dims));
    let size = |(own, wanted): (&usize, &usize)| match (*own, *wanted) {
        (own, wanted) if own == wanted || wanted == 1 => Some(own),
        (1, wanted) => Some(wanted),
        _ => None,
    };
    let dims = own.iter().zip(&wanted).map(size).collect::<Option<Vec<usize>>>()?;
    len_of(&dims)?;
    let steps: Vec<usize> =
        strides(&own).iter().zip(&own).map(|(stride, size)| if *size == 1 { 0 } else { *stride }).collect();
    let values = positions(&dims, &steps).into_iter().map(|at| tensor.values[at]).collect();
    Some(Tensor { dims, values, is_whole: tensor.is_whole })
}

fn each(a: &Tensor, b: &Tensor, f: impl Fn(f64, f64) -> f64) -> Result<Tensor, String> {
    let (a, b) = broadcast(a, &b.dims).and_then(|wide| Some((wide, broadcast(b, &a.dims)?))).ok_or_else(misfit)?;
    let values: Vec<f64> = a.values.iter().zip(&b.values).map(|(a, b)| f(*a, *b)).collect();
    match values.len() <= MOST {
        true => Ok(Tensor { dims: a.dims, values, is_whole: a.is_whole && b.is_whole }),
        false => Err(misfit()),
    }
}

fn choose(condition: &Tensor, yes: &Tensor, no: &Tensor) -> Result<Tensor, String> {
    let picked = each(condition, yes, |is, yes| if is != 0.0 { yes } else { f64::NAN })?;
    let chosen = each(&picked, no, |picked, no| if picked.is_nan() { no } else { picked })?;
    Ok(Tensor { is_whole: yes.is_whole, ..chosen })
}
