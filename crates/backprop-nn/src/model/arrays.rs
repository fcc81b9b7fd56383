//! Arrays as the engine takes them.

use ndarray::{ArrayBase, ArrayRef, CowArray, Data, Dimension, Ix1, Ix2, IxDyn};

use super::error::ModelError;
use crate::loss::Targets;
use crate::shape::Shape;

/// What a model is to predict for each sample. Made from a reference to an array: of `usize`, `u16` or `u8` for classes
/// counted from zero, of `f32` for numbers, with a row per sample.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetArray<'a> {
    /// The class of each sample.
    Classes(Vec<usize>),
    /// `[samples, outputs]`
    Numbers(CowArray<'a, f32, Ix2>),
}

macro_rules! from_classes {
    ($($number:ty),*) => {$(
        impl<S: Data<Elem = $number>> From<&ArrayBase<S, Ix1, $number>> for TargetArray<'_> {
            fn from(classes: &ArrayBase<S, Ix1, $number>) -> Self {
                Self::Classes(classes.iter().map(|class| usize::from(*class)).collect())
            }
        }
    )*};
}

from_classes!(usize, u16, u8);

impl<'a, S: Data<Elem = f32>> From<&'a ArrayBase<S, Ix2, f32>> for TargetArray<'a> {
    fn from(numbers: &'a ArrayBase<S, Ix2, f32>) -> Self {
        Self::Numbers(numbers.as_standard_layout())
    }
}

impl<'a, S: Data<Elem = f32>> From<&'a ArrayBase<S, Ix1, f32>> for TargetArray<'a> {
    fn from(numbers: &'a ArrayBase<S, Ix1, f32>) -> Self {
        let column = numbers.view().insert_axis(ndarray::Axis(1));
        Self::Numbers(CowArray::from(column.as_standard_layout().into_owned()))
    }
}

/// The targets of a shard, as a loss reads them.
pub(super) enum Gathered {
    Classes(Vec<u16>),
    Numbers { width: usize, values: Vec<f32> },
}

impl Gathered {
    pub fn targets(&self) -> Targets<'_> {
        match self {
            Self::Classes(classes) => Targets::Classes(classes),
            Self::Numbers { width, values } => Targets::Numbers { width: *width, values },
        }
    }
}

impl TargetArray<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Numbers(numbers) => numbers.nrows(),
        }
    }

    /// Holds them against the outputs of a network.
    pub(super) fn check(&self, outputs: usize) -> Result<(), ModelError> {
        match self {
            Self::Classes(classes) => match classes.iter().position(|class| *class >= outputs.min(1 << 16)) {
                Some(sample) => Err(ModelError::Class { sample, class: classes[sample], outputs }),
                None => Ok(()),
            },
            Self::Numbers(numbers) if numbers.ncols() != outputs => {
                Err(ModelError::Width { width: numbers.ncols(), outputs })
            }
            Self::Numbers(_) => Ok(()),
        }
    }

    /// How many samples there are of each class; none where the targets are numbers.
    pub(super) fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        if let Self::Classes(classes) = self {
            classes.iter().for_each(|class| counts[*class] += 1);
        }
        counts
    }

    /// Those of the samples at some positions.
    pub(super) fn gather(&self, at: &[u32]) -> Gathered {
        match self {
            Self::Classes(classes) => Gathered::Classes(at.iter().map(|at| classes[*at as usize] as u16).collect()),
            Self::Numbers(numbers) => Gathered::Numbers {
                width: numbers.ncols(),
                values: at.iter().flat_map(|at| numbers.row(*at as usize).to_vec()).collect(),
            },
        }
    }
}

/// Samples, one after the other.
pub(super) struct Inputs<'a> {
    array: CowArray<'a, f32, IxDyn>,
    pub samples: usize,
    /// Of one sample.
    pub shape: Shape,
}

impl<'a> Inputs<'a> {
    pub fn new<D: Dimension>(x: &'a ArrayRef<f32, D>) -> Result<Self, ModelError> {
        let sizes = x.shape().to_vec();
        let (samples, shape) = match sizes.as_slice() {
            [samples] => (*samples, Shape::flat(1)),
            [samples, dims @ ..] if *samples > 0 => {
                (*samples, Shape::try_from(dims.to_vec()).map_err(|_| ModelError::Axes { shape: sizes.clone() })?)
            }
            _ => (0, Shape::flat(1)),
        };
        if samples == 0 {
            return Err(ModelError::Empty);
        }
        Ok(Self { array: x.as_standard_layout().into_dyn(), samples, shape })
    }

    /// All of them, `[samples, shape]`.
    pub fn numbers(&self) -> &[f32] {
        self.array.as_slice().unwrap_or_default()
    }

    /// Holds them against the input of a network.
    pub fn check(&self, input: Shape) -> Result<(), ModelError> {
        if self.shape == input { Ok(()) } else { Err(ModelError::Shape { expected: input, found: self.shape }) }
    }

    /// Copies the samples at some positions.
    pub fn gather(&self, at: &[u32], inputs: &mut [f32]) {
        let len = self.shape.len();
        for (at, input) in at.iter().zip(inputs.chunks_exact_mut(len)) {
            input.copy_from_slice(&self.numbers()[*at as usize * len..][..len]);
        }
    }
}

/// Samples with their targets.
pub(super) struct Samples<'a> {
    pub inputs: Inputs<'a>,
    pub targets: TargetArray<'a>,
}

impl<'a> Samples<'a> {
    pub fn new<D: Dimension>(x: &'a ArrayRef<f32, D>, targets: TargetArray<'a>) -> Result<Self, ModelError> {
        let inputs = Inputs::new(x)?;
        if inputs.samples != targets.len() {
            return Err(ModelError::Count { samples: inputs.samples, targets: targets.len() });
        }
        Ok(Self { inputs, targets })
    }
}
