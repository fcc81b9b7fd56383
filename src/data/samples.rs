//! Samples in memory, and how they become the numbers of a batch.

use super::scaling::Scaling;
use backprop_nn::Shape;
use backprop_nn::Targets;
use backprop_nn::kernels::vectorized;

/// Samples and what a network is to say of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    pub inputs: Inputs,
    pub targets: TargetData,
}

/// `[samples, shape]`, channels last.
#[derive(Clone, Debug, PartialEq)]
pub enum Inputs {
    /// Pixels, 0 to 255, which are scaled to 0 to 1 as a batch is made.
    Bytes(Vec<u8>),
    /// Numbers as they were measured; NaN is a missing one. They are standardized as a batch is made.
    Numbers(Vec<f32>),
}

/// What is to be said of each sample.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetData {
    /// The position of its class.
    Classes(Vec<u16>),
    /// `[samples, width]`, in the unit that they were measured in.
    Numbers { width: usize, values: Vec<f32> },
    /// The sample itself, `width` numbers, as it comes to the network but for what augmentation does to it.
    Itself { width: usize, samples: usize },
}

impl Default for Samples {
    fn default() -> Self {
        Self { inputs: Inputs::Bytes(Vec::new()), targets: TargetData::Classes(Vec::new()) }
    }
}

impl Samples {
    /// Images and the class of each.
    pub fn images<C: Into<u16>>(pixels: Vec<u8>, classes: impl IntoIterator<Item = C>) -> Self {
        let classes = classes.into_iter().map(Into::into).collect();
        Self { inputs: Inputs::Bytes(pixels), targets: TargetData::Classes(classes) }
    }

    pub fn len(&self) -> usize {
        match &self.targets {
            TargetData::Classes(classes) => classes.len(),
            TargetData::Numbers { width, values } => values.len() / (*width).max(1),
            TargetData::Itself { samples, .. } => *samples,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pixels of one sample; nothing if there is no such sample, or if samples are not bytes.
    pub fn pixels_of(&self, sample: usize) -> &[u8] {
        match &self.inputs {
            Inputs::Bytes(bytes) => part(bytes, sample, self.len()),
            Inputs::Numbers(_) => &[],
        }
    }

    /// The numbers of one sample; nothing if there is no such sample, or if samples are bytes.
    pub fn numbers_of(&self, sample: usize) -> &[f32] {
        match &self.inputs {
            Inputs::Numbers(numbers) => part(numbers, sample, self.len()),
            Inputs::Bytes(_) => &[],
        }
    }

    /// The class of every sample; nothing where the targets are numbers.
    pub fn classes(&self) -> &[u16] {
        match &self.targets {
            TargetData::Classes(classes) => classes,
            TargetData::Numbers { .. } | TargetData::Itself { .. } => &[],
        }
    }

    /// The class of one sample.
    pub fn class_of(&self, sample: usize) -> Option<usize> {
        self.classes().get(sample).copied().map(usize::from)
    }

    /// How many samples there are of each of so many classes.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        count(classes, self.classes().iter().copied())
    }

    /// The same of the samples at some positions.
    pub fn class_counts_at(&self, classes: usize, at: &[u32]) -> Vec<usize> {
        count(classes, at.iter().filter_map(|at| self.classes().get(*at as usize).copied()))
    }

    /// The samples at some positions, in that order.
    #[must_use]
    pub fn select(&self, at: &[u32], shape: Shape) -> Self {
        let inputs = match &self.inputs {
            Inputs::Bytes(bytes) => Inputs::Bytes(pick(bytes, shape.len(), at)),
            Inputs::Numbers(numbers) => Inputs::Numbers(pick(numbers, shape.len(), at)),
        };
        let targets = match &self.targets {
            TargetData::Classes(classes) => TargetData::Classes(pick(classes, 1, at)),
            TargetData::Numbers { width, values } => {
                TargetData::Numbers { width: *width, values: pick(values, *width, at) }
            }
            TargetData::Itself { width, .. } => TargetData::Itself { width: *width, samples: at.len() },
        };
        Self { inputs, targets }
    }

    /// Adds the samples of another set of the same kind; samples of another kind are left out.
    pub fn append(&mut self, other: Self) {
        match (&mut self.inputs, other.inputs) {
            (Inputs::Bytes(bytes), Inputs::Bytes(mut more)) => bytes.append(&mut more),
            (Inputs::Numbers(numbers), Inputs::Numbers(mut more)) => numbers.append(&mut more),
            _ => return,
        }
        match (&mut self.targets, other.targets) {
            (TargetData::Classes(classes), TargetData::Classes(mut more)) => classes.append(&mut more),
            (TargetData::Numbers { values, .. }, TargetData::Numbers { values: mut more, .. }) => {
                values.append(&mut more)
            }
            (TargetData::Itself { samples, .. }, TargetData::Itself { samples: more, .. }) => *samples += more,
            _ => {}
        }
    }

    /// Whether samples of another set are of the same kind.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.inputs) == std::mem::discriminant(&other.inputs)
            && std::mem::discriminant(&self.targets) == std::mem::discriminant(&other.targets)
    }

    /// Copies samples into a shard, `[samples, shape]`: bytes as numbers from 0 to 1, numbers standardized.
    pub fn gather(&self, scaling: &Scaling, at: &[u32], inputs: &mut [f32]) {
        let len = (inputs.len() / at.len().max(1)).max(1);
        for (&at, input) in at.iter().zip(inputs.chunks_exact_mut(len)) {
            match &self.inputs {
                Inputs::Bytes(_) => scale_bytes(self.pixels_of(at as usize), input),
                Inputs::Numbers(_) => scaling.inputs.apply(self.numbers_of(at as usize), input),
            }
        }
    }

    /// Copies the targets of samples to the beginning of a buffer that [`TargetData::buffer`] has made; numbers are
    /// standardized, as they are trained.
    pub fn gather_targets(&self, scaling: &Scaling, at: &[u32], targets: &mut TargetData) {
        match (&self.targets, targets) {
            (TargetData::Classes(classes), TargetData::Classes(out)) => {
                for (out, &at) in out.iter_mut().zip(at) {
                    *out = classes[at as usize];
                }
            }
            (TargetData::Numbers { width, values }, TargetData::Numbers { values: out, .. }) => {
                for (out, &at) in out.chunks_exact_mut((*width).max(1)).zip(at) {
                    scaling.targets.apply(&values[at as usize * width..][..*width], out);
                }
            }
            (TargetData::Itself { width, .. }, TargetData::Numbers { values: out, .. }) => {
                self.gather(scaling, at, &mut out[..at.len() * width]);
            }
            _ => {}
        }
    }
}

impl TargetData {
    /// Room for so many of these targets; those that are the samples themselves become numbers.
    #[must_use]
    pub fn buffer(&self, samples: usize) -> Self {
        match self {
            Self::Classes(_) => Self::Classes(vec![0; samples]),
            Self::Numbers { width, .. } => Self::Numbers { width: *width, values: vec![0.0; samples * width] },
            Self::Itself { width, .. } => Self::Numbers { width: *width, values: vec![0.0; samples * width] },
        }
    }

    /// The first targets, as a loss takes them.
    pub fn first(&self, samples: usize) -> Targets<'_> {
        match self {
            Self::Classes(classes) => Targets::Classes(&classes[..samples]),
            Self::Numbers { width, values } => Targets::Numbers { width: *width, values: &values[..samples * width] },
            Self::Itself { width, .. } => Targets::Numbers { width: *width, values: &[] },
        }
    }
}

fn part<T>(values: &[T], sample: usize, samples: usize) -> &[T] {
    let len = values.len() / samples.max(1);
    values.get(sample * len..(sample + 1) * len).unwrap_or(&[])
}

fn pick<T: Copy>(values: &[T], len: usize, at: &[u32]) -> Vec<T> {
    at.iter().flat_map(|at| values[*at as usize * len..][..len].iter().copied()).collect()
}

fn count(classes: usize, of: impl Iterator<Item = u16>) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for class in of {
        if let Some(count) = counts.get_mut(usize::from(class)) {
            *count += 1;
        }
    }
    counts
}

/// Bytes as numbers from 0 to 1.
pub fn scale_bytes(bytes: &[u8], inputs: &mut [f32]) {
    vectorized!({
        for (input, &byte) in inputs.iter_mut().zip(bytes) {
            *input = f32::from(byte) * (1.0 / 255.0);
        }
    });
}

/// Numbers as bytes, 0 to 255; what is beyond 0 or 1 is cut.
pub fn to_bytes(numbers: &[f32]) -> impl Iterator<Item = u8> + '_ {
    numbers.iter().map(|number| (number * 255.0 + 0.5) as u8)
}
