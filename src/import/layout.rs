//! How the numbers of a sample lie in an array of the file and in the network here. ONNX has the channels first and moves axes
//! as it likes; here they are last and stay. So an array is described by its axes, each of them some of the axes here, and what
//! only moves them is no layer.

use super::tensor::{positions, strides};
use backprop_nn::Shape;

/// An axis here, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    id: usize,
    pub size: usize,
}

/// The axis of the samples.
const SAMPLES: usize = 0;

/// An array that depends on the input.
#[derive(Clone, Debug)]
pub struct Value {
    /// The layer that gives it, see [`super::stack::Stack`].
    pub token: usize,
    /// The shape of a sample, as that layer gives it.
    pub shape: Shape,
    /// The axes of a sample here that are longer than 1, from the outermost.
    pub order: Vec<Atom>,
    /// Of each axis of the array in the file the axes here that it is made of.
    pub axes: Vec<Vec<Atom>>,
    /// Whether this is the last state of a recurrent layer, and of which direction if one was picked.
    pub state: Option<State>,
    /// Whether it stands for an array that could not be read, so that what follows is still looked at.
    pub is_guess: bool,
}

/// The last state of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The direction that was picked out of two.
    pub direction: Option<usize>,
}

/// Where the channels are in an array of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    First,
    Last,
}

impl Value {
    /// An array `[samples, …]` of samples of this shape.
    pub fn new(token: usize, samples: usize, shape: Shape, channels: Channels) -> Self {
        let dims = shape.dims();
        let atoms: Vec<Vec<Atom>> =
            dims.iter().enumerate().map(|(axis, size)| atom(axis + 1, *size).into_iter().collect()).collect();
        let mut axes = atoms.clone();
        if channels == Channels::First {
            axes.rotate_right(1);
        }
        axes.insert(0, vec![Atom { id: SAMPLES, size: samples }]);
        Self { token, shape, order: atoms.concat(), axes, state: None, is_guess: false }
    }

    /// The sizes of the array in the file.
    pub fn dims(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.iter().map(|atom| atom.size).product()).collect()
    }

    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.axes.iter().flatten().find(|atom| atom.id == SAMPLES).map_or(1, |atom| atom.size)
    }

    /// The axis of the samples, if it is one alone.
    pub fn samples_axis(&self) -> Option<usize> {
        self.axes.iter().position(|axis| matches!(axis[..], [Atom { id: SAMPLES, .. }]))
    }

    /// An axis counted from the end if it is negative.
    pub fn axis(&self, axis: i64) -> Result<usize, String> {
        axis_of(axis, self.axes.len())
    }

    /// The array with its axes in another order.
    pub fn transposed(&self, axes: &[usize]) -> Option<Self> {
        let names_each = (0..self.axes.len()).all(|axis| axes.contains(&axis));
        (names_each && axes.len() == self.axes.len())
            .then(|| Self { axes: axes.iter().map(|axis| self.axes[*axis].clone()).collect(), ..self.clone() })
    }

    /// The array in other sizes; nothing if its axes cannot be put together so. Samples may be taken together with another axis, and
    /// then they are no axis of their own.
    pub fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        let mut value = self.clone();
        let mut rest: Vec<Atom> = self.axes.concat();
        rest.reverse();
        let mut axes = Vec::new();
        for dim in dims {
            axes.push(value.take(&mut rest, *dim)?);
        }
        // Samples of which there is one alone may be left.
        let is_one = |atom: &Atom| atom.id == SAMPLES && atom.size == 1;
        axes.last_mut()?.extend(rest.iter().copied().filter(is_one));
        rest.iter().all(is_one).then_some(Self { axes, ..value })
    }

    /// Takes axes of this size together from the end of `rest`, and divides one if need be.
    fn take(&mut self, rest: &mut Vec<Atom>, dim: usize) -> Option<Vec<Atom>> {
        let (mut taken, mut size) = (Vec::new(), 1);
        if dim == 1 && rest.last().is_some_and(|atom| atom.id == SAMPLES && atom.size == 1) {
            return rest.pop().map(|atom| vec![atom]);
        }
        while size < dim {
            let atom = rest.pop()?;
            let wanted = dim.is_multiple_of(size).then_some(dim / size)?;
            if wanted.is_multiple_of(atom.size) {
                taken.push(atom);
                size *= atom.size;
            } else {
                let [first, second] = self.divide(atom, wanted)?;
                taken.push(first);
                rest.push(second);
                size = dim;
            }
        }
        (size == dim).then_some(taken)
    }

    /// Divides an axis into one of this size and what is left.
    fn divide(&mut self, atom: Atom, size: usize) -> Option<[Atom; 2]> {
        if atom.id == SAMPLES || size == 0 || !atom.size.is_multiple_of(size) {
            return None;
        }
        let next = 1 + self.order.iter().map(|atom| atom.id).max().unwrap_or(SAMPLES);
        let parts = [Atom { id: next, size }, Atom { id: next + 1, size: atom.size / size }];
        let at = self.order.iter().position(|other| *other == atom)?;
        self.order.splice(at..=at, parts);
        Some(parts)
    }

    /// Whether the numbers here lie in the order of these axes of the array.
    pub fn lies_as(&self, axes: &[usize]) -> bool {
        let wanted: Vec<Atom> = axes.iter().flat_map(|axis| self.axes[*axis].clone()).collect();
        wanted == self.order
    }

    /// Of an axis of the array that is the last one here, if its parts may stand in another order: the place here of each of
    /// its elements.
    pub fn places(&self, axis: usize) -> Option<Vec<usize>> {
        let atoms = &self.axes[axis];
        let last = &self.order[self.order.len().checked_sub(atoms.len())?..];
        if !atoms.iter().all(|atom| last.contains(atom)) {
            return None;
        }
        let steps = strides(&last.iter().map(|atom| atom.size).collect::<Vec<_>>());
        let step = |atom: &Atom| last.iter().position(|other| other == atom).map_or(0, |at| steps[at]);
        let dims: Vec<usize> = atoms.iter().map(|atom| atom.size).collect();
        Some(positions(&dims, &atoms.iter().map(step).collect::<Vec<_>>()))
    }

    /// The place here of every number of a sample in the order of the array.
    pub fn all_places(&self) -> Vec<usize> {
        let steps = strides(&self.order.iter().map(|atom| atom.size).collect::<Vec<_>>());
        let atoms: Vec<Atom> = self.axes.concat().into_iter().filter(|atom| atom.id != SAMPLES).collect();
        let step = |atom: &Atom| self.order.iter().position(|other| other == atom).map_or(0, |at| steps[at]);
        let dims: Vec<usize> = atoms.iter().map(|atom| atom.size).collect();
        positions(&dims, &atoms.iter().map(step).collect::<Vec<_>>())
    }

    /// The array as if its numbers lay here in the order of these axes, and the place of each of them now; nothing if the axes are
    /// not all.
    pub fn ordered_as(&self, axes: &[usize]) -> Option<(Self, Vec<usize>)> {
        let order: Vec<Atom> = axes.iter().flat_map(|axis| self.axes[*axis].clone()).collect();
        let samples = self.samples_axis()?;
        let places = self.transposed(&[&[samples], axes].concat())?.all_places();
        (order.len() == self.order.len()).then(|| (Self { order, ..self.clone() }, places))
    }

    /// Whether both lie in the same way, so that they may be added number by number.
    pub fn is_like(&self, other: &Self) -> bool {
        self.dims() == other.dims()
            && self.samples_axis() == other.samples_axis()
            && self.shape.len() == other.shape.len()
            && self.all_places() == other.all_places()
    }

    /// The same array after a layer that changes no shape.
    pub fn after(&self, token: usize) -> Self {
        Self { token, ..self.clone() }
    }

    /// The array with another last axis here, which stands in the place of `axis`.
    pub fn with_axis(&self, axis: usize, size: usize, token: usize, shape: Shape) -> Self {
        let mut value = self.clone();
        let old = std::mem::take(&mut value.axes[axis]);
        value.order.retain(|atom| !old.contains(atom));
        let next = 1 + value.order.iter().map(|atom| atom.id).max().unwrap_or(SAMPLES);
        value.axes[axis].extend(atom(next, size));
        value.order.extend(atom(next, size));
        Self { token, shape, ..value }
    }

    /// The array without an axis, of whose places one was taken.
    pub fn without(&self, axis: usize) -> Self {
        let mut value = self.clone();
        let old = value.axes.remove(axis);
        value.order.retain(|atom| !old.contains(atom));
        value
    }
}

/// An axis that is longer than 1.
fn atom(id: usize, size: usize) -> Option<Atom> {
    (size > 1).then_some(Atom { id, size })
}

/// An axis of so many, counted from the end if it is negative.
pub fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let from_start = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let found = from_start.and_then(|axis| usize::try_from(axis).ok()).filter(|axis| *axis < rank);
    found.ok_or_else(|| format!("axis {axis} is none of the {rank} of its input"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flattened_image_with_its_channels_first_knows_where_its_numbers_are_here() {
        let image = Value::new(0, 5, Shape::image(2, 2, 3), Channels::First);
        assert_eq!(image.dims(), [5, 3, 2, 2]);
        let row = image.reshaped(&[5, 12]).unwrap();
        // Channel 0 of the four pixels, then channel 1 ...
        assert_eq!(row.places(1).unwrap(), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        assert!(image.lies_as(&[2, 3, 1]) && !image.lies_as(&[1, 2, 3]));
        assert!(image.reshaped(&[15, 4]).unwrap().samples_axis().is_none() && image.reshaped(&[5, 11]).is_none());
    }

    #[test]
    fn an_axis_is_divided_where_a_reshape_divides_it() {
        let row = Value::new(0, 5, Shape::flat(12), Channels::Last);
        let image = row.reshaped(&[5, 3, 4, 1]).unwrap();
        assert_eq!(image.dims(), [5, 3, 4, 1]);
        assert!(image.lies_as(&[1, 2, 3]));
        let turned = image.transposed(&[0, 2, 1, 3]).unwrap();
        assert!(!turned.is_like(&image) && turned.transposed(&[0, 2, 1, 3]).unwrap().is_like(&image));
    }
}
