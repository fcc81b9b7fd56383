//! What moves axes or takes a part of an array.

use super::super::constants::{Range, axes_of, ranges, target, unsqueezed};
use super::super::layout::{Channels, State, Value};
use super::super::node::Node;
use super::super::reader::{Known, Reader};
use super::super::tensor::Tensor;
use backprop_nn::Shape;

const MIXED: &str = "it mixes samples, or takes numbers together that do not lie beside one another";

impl Reader<'_> {
    /// A value as it is, also the state of a recurrent layer that nothing has read yet.
    fn unread(&mut self, node: &Node) -> Result<Value, String> {
        let name = node.inputs.first().cloned().unwrap_or_default();
        match self.get(&name)? {
            Known::Value(value) => Ok(value),
            Known::Parts(..) => Err("it moves the axes of several arrays that were joined".to_owned()),
            Known::Padded(..) | Known::Constant(_) | Known::Unknown => {
                Err("it moves the axes of a constant by numbers that are not".to_owned())
            }
        }
    }

    /// The same numbers with other axes.
    pub fn moved(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let value = self.unread(node)?;
        let dims = value.dims();
        let moved = match &*node.kind {
            "Transpose" => {
                let axes: Vec<usize> = match node.ints("perm") {
                    Some(perm) => perm.iter().map(|axis| usize::try_from(*axis).unwrap_or(usize::MAX)).collect(),
                    None => (0..dims.len()).rev().collect(),
                };
                value.transposed(&axes)
            }
            "Flatten" => {
                let axis = node.int("axis", 1);
                let axis = if axis == dims.len() as i64 { dims.len() } else { value.axis(axis)? };
                value.reshaped(&[dims[..axis].iter().product(), dims[axis..].iter().product()])
            }
            "Squeeze" => {
                let input = self.optional(node, 1)?;
                let axes = axes_of(node, input.as_deref(), dims.len())?;
                squeezed(&value, axes.as_deref())
            }
            "Unsqueeze" => {
                let input = self.optional(node, 1)?;
                value.reshaped(&unsqueezed(node, input.as_deref(), &dims)?)
            }
            _ => {
                let asked = self.constant(node, 1)?;
                let sizes = target(&dims, &asked.to_i64(), node.int("allowzero", 0) == 1);
                sizes.and_then(|sizes| value.reshaped(&sizes))
            }
        };
        Ok(vec![Known::Value(moved.ok_or(MIXED)?)])
    }

    /// The directions of a recurrent layer, or arrays of which one is picked again.
    pub fn concat(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let mut values = Vec::new();
        for name in &node.inputs {
            match self.get(name)? {
                Known::Value(value) => values.push(value),
                _ => return Err("it joins arrays, and a stack has one path".to_owned()),
            }
        }
        if let [only] = &values[..] {
            return Ok(vec![Known::Value(only.clone())]);
        }
        let rank = values.first().map_or(0, |value| value.axes.len());
        let axis = super::super::layout::axis_of(node.int("axis", 0), rank)?;
        if let [Value { state: Some(State { direction: Some(0) }), token, .. }, second] = &values[..]
            && second.state == Some(State { direction: Some(1) })
            && *token == second.token
            && axis + 1 == rank
        {
            let row = Shape::flat(values.iter().map(|value| value.dims()[axis]).sum());
            let joined = Value::new(*token, self.samples, row, Channels::Last);
            return Ok(vec![Known::Value(Value { state: Some(State { direction: None }), ..joined })]);
        }
        // The states of several recurrent layers, of which the last is read.
        match values.iter().all(|value| value.state.is_some()) {
            true => Ok(vec![Known::Parts(values, axis)]),
            false => Err("it joins arrays, and a stack has one path".to_owned()),
        }
    }

    /// Rows of a table, or one place of an axis.
    pub fn gather(&mut self, node: &Node) -> Result<Value, String> {
        let data = node.inputs.first().cloned().unwrap_or_default();
        let data = self.get(&data)?;
        if let Known::Constant(table) = data {
            return self.embedding(node, &table);
        }
        let indices: Tensor = (*self.constant(node, 1)?).clone();
        let index = indices.scalar().ok_or("it takes several places of an axis")?;
        let (value, axis, size, index) = picked(data, node.int("axis", 0), index as i64)?;
        let value = self.one_place(value, axis, size, index)?;
        match indices.dims.len() {
            0 => Ok(value),
            _ => with_one(&value, axis),
        }
    }

    /// One place of an axis, or all of them.
    pub fn slice(&mut self, node: &Node) -> Result<Value, String> {
        let mut settings = vec![None];
        for at in 1..node.inputs.len() {
            settings.push(self.optional(node, at)?);
        }
        let settings: Vec<Option<&Tensor>> = settings.iter().map(Option::as_deref).collect();
        let mut known = self.get(&node.inputs[0])?;
        let rank = match &known {
            Known::Value(value) => value.axes.len(),
            Known::Parts(parts, _) => parts.first().map_or(0, |value| value.axes.len()),
            _ => 0,
        };
        for range in ranges(node, &settings, rank)? {
            known = Known::Value(self.sliced(known, range)?);
        }
        match known {
            Known::Value(value) => Ok(value),
            _ => Err("it takes a part of several arrays".to_owned()),
        }
    }

    fn sliced(&mut self, known: Known, range: Range) -> Result<Value, String> {
        let size = match &known {
            Known::Value(value) => value.dims()[range.axis],
            Known::Parts(parts, axis) if *axis == range.axis => parts.iter().map(|part| part.dims()[*axis]).sum(),
            _ => return Err("it takes a part of several arrays".to_owned()),
        };
        let places = range.places(size);
        match (known, &places[..]) {
            (Known::Value(value), places) if places.iter().copied().eq(0..size) => Ok(value),
            (known, [place]) => {
                let (value, axis, size, index) = picked(known, range.axis as i64, *place as i64)?;
                let value = self.one_place(value, axis, size, index)?;
                with_one(&value, axis)
            }
            _ => Err(format!("it takes {} of the {size} places of an axis", places.len())),
        }
    }

    /// One place of an axis: the last step of a sequence, or one direction of its last state.
    fn one_place(&mut self, value: Value, axis: usize, size: usize, index: usize) -> Result<Value, String> {
        if size == 1 && value.samples_axis() != Some(axis) {
            return squeezed(&value, Some(&[axis])).ok_or_else(|| MIXED.to_owned());
        }
        if value.state.is_some() {
            let is_direction = value.samples_axis() != Some(axis) && size == 2 && axis + 1 < value.axes.len();
            return match is_direction {
                true => Ok(Value { state: Some(State { direction: Some(index) }), ..value.without(axis) }),
                false => Err("it takes a part of a state".to_owned()),
            };
        }
        let is_steps = value.shape.as_steps().is_some_and(|[steps, _]| steps == size) && value.places(axis).is_none();
        if !is_steps || index + 1 != size {
            return Err(format!(
                "it takes place {index} of an axis of {size}; the last step of a recurrent layer can be taken"
            ));
        }
        let token = self.stack.take_last_step(&value, false)?;
        let shape = Shape::flat(value.shape.channels());
        Ok(Value { token, shape, ..value.without(axis) })
    }
}

/// The value in which a place of an axis lies, the size of the axis there, and the place.
fn picked(known: Known, axis: i64, index: i64) -> Result<(Value, usize, usize, usize), String> {
    use super::super::layout::axis_of;
    match known {
        Known::Value(value) => {
            let axis = value.axis(axis)?;
            let size = value.dims()[axis];
            let index = axis_of(index, size)?;
            Ok((value, axis, size, index))
        }
        Known::Parts(parts, along) => {
            let rank = parts.first().map_or(0, |part| part.axes.len());
            if axis_of(axis, rank)? != along {
                return Err("it takes a part of several arrays".to_owned());
            }
            let all = parts.iter().map(|part| part.dims()[along]).sum();
            let mut index = axis_of(index, all)?;
            for part in parts {
                let size = part.dims()[along];
                if index < size {
                    return Ok((part, along, size, index));
                }
                index -= size;
            }
            Err("it takes a place that is not there".to_owned())
        }
        Known::Padded(..) => Err("it takes a part of an image with zeros around it".to_owned()),
        Known::Constant(_) | Known::Unknown => Err(String::new()),
    }
}

/// Without these axes of size 1, or without all of them.
fn squeezed(value: &Value, axes: Option<&[usize]>) -> Option<Value> {
    let dims = value.dims();
    let goes =
        |axis: usize| axes.map_or(dims[axis] == 1, |axes| axes.contains(&axis)) && value.samples_axis() != Some(axis);
    let mut value = value.clone();
    for axis in (0..dims.len()).rev().filter(|axis| goes(*axis)) {
        (dims[axis] == 1).then(|| value.axes.remove(axis))?;
    }
    Some(value)
}

/// With an axis of size 1 at this place.
fn with_one(value: &Value, axis: usize) -> Result<Value, String> {
    let mut value = value.clone();
    if axis > value.axes.len() {
        return Err(MIXED.to_owned());
    }
    value.axes.insert(axis, Vec::new());
    Ok(value)
}
