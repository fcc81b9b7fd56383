//! Samples in memory, and how they become the numbers of a batch.

use super::cache::MappedImages;
use super::scaling::Scaling;
use backprop_nn::Shape;
use backprop_nn::Targets;
use backprop_nn::kernels::vectorized;

/// Samples: inputs and their targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// The inputs, `[samples, shape]`.
    pub inputs: Inputs,
    /// The target of each sample.
    pub targets: TargetData,
}

/// The inputs of samples, `[samples, shape]`, channels last.
#[derive(Clone, Debug, PartialEq)]
pub enum Inputs {
    /// Pixels, 0 to 255, which are scaled to 0 to 1 when they are copied into a batch.
    Bytes(Vec<u8>),
    /// The same, of more images than fit into memory.
    Mapped(MappedImages),
    /// The numbers of tokens, which are never scaled.
    Tokens(Vec<u16>),
    /// Numbers in their own units, NaN where missing. They are standardized when they are copied into a batch.
    Numbers(Vec<f64>),
}

/// The targets of samples.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetData {
    /// The class index of each sample.
    Classes(Vec<u16>),
    /// Target numbers, in the unit that they were measured in.
    Numbers {
        /// Targets per sample.
        width: usize,
        /// The targets, `[samples, width]`.
        values: Vec<f64>,
    },
    /// The class at every step of each sample, or [`MASKED`](backprop_nn::MASKED).
    Steps {
        /// Steps of a sample.
        steps: usize,
        /// The classes, `[samples, steps]`.
        classes: Vec<u16>,
    },
    /// The sample itself, as the network reads it but without augmentation.
    Itself {
        /// Numbers per sample.
        width: usize,
        /// Number of samples.
        samples: usize,
    },
}

/// The targets of the samples of a batch, as a loss takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetBuffer {
    /// The class of each step of each sample; there is one step where a sample has one class.
    #[expect(missing_docs, reason = "the names say it")]
    Classes { steps: usize, classes: Vec<u16> },
    /// Standardized targets.
    Numbers {
        /// Targets per sample.
        width: usize,
        /// The targets, `[samples, width]`.
        values: Vec<f32>,
    },
}

impl Inputs {
    /// Whether they are pixels.
    pub fn are_pixels(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Mapped(_))
    }
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

    /// Number of samples.
    pub fn len(&self) -> usize {
        match &self.targets {
            TargetData::Classes(classes) => classes.len(),
            TargetData::Numbers { width, values } => values.len() / (*width).max(1),
            TargetData::Steps { steps, classes } => classes.len() / (*steps).max(1),
            TargetData::Itself { samples, .. } => *samples,
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pixels of one sample; empty if there is no such sample, or if samples are not bytes.
    pub fn pixels_of(&self, sample: usize) -> &[u8] {
        match &self.inputs {
            Inputs::Bytes(bytes) => part(bytes, sample, self.len()),
            Inputs::Mapped(images) => images.get(sample),
            Inputs::Numbers(_) | Inputs::Tokens(_) => &[],
        }
    }

    /// Tells that these samples are needed soon, which spares waiting for a disk where they lie on one.
    pub fn prefetch(&self, at: &[u32]) {
        if let Inputs::Mapped(images) = &self.inputs {
            images.prefetch(at);
        }
    }

    /// The numbers of one sample; empty if there is no such sample, or if samples are bytes.
    pub fn numbers_of(&self, sample: usize) -> &[f64] {
        match &self.inputs {
            Inputs::Numbers(numbers) => part(numbers, sample, self.len()),
            Inputs::Bytes(_) | Inputs::Mapped(_) | Inputs::Tokens(_) => &[],
        }
    }

    /// The tokens of one sample; empty if there is no such sample, or if samples are something else.
    pub fn tokens_of(&self, sample: usize) -> &[u16] {
        if let Inputs::Tokens(tokens) = &self.inputs { part(tokens, sample, self.len()) } else { &[] }
    }

    /// The class of every sample; empty where it has none, or one at each step.
    pub fn classes(&self) -> &[u16] {
        match &self.targets {
            TargetData::Classes(classes) => classes,
            TargetData::Numbers { .. } | TargetData::Itself { .. } | TargetData::Steps { .. } => &[],
        }
    }

    /// The class of one sample.
    pub fn class_of(&self, sample: usize) -> Option<usize> {
        self.classes().get(sample).copied().map(usize::from)
    }

    /// Number of samples of each class.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        count(classes, self.classes().iter().copied())
    }

    /// Number of samples of each class among the samples at these positions.
    pub fn class_counts_at(&self, classes: usize, at: &[u32]) -> Vec<usize> {
        count(classes, at.iter().filter_map(|at| self.classes().get(*at as usize).copied()))
    }

    /// The samples at some positions, in that order.
    #[must_use]
    pub fn select(&self, at: &[u32], shape: Shape) -> Self {
        let inputs = match &self.inputs {
            Inputs::Bytes(bytes) => Inputs::Bytes(pick(bytes, shape.len(), at)),
            Inputs::Mapped(images) => Inputs::Mapped(images.select(at)),
            Inputs::Numbers(numbers) => Inputs::Numbers(pick(numbers, shape.len(), at)),
            Inputs::Tokens(tokens) => Inputs::Tokens(pick(tokens, shape.len(), at)),
        };
        let targets = match &self.targets {
            TargetData::Classes(classes) => TargetData::Classes(pick(classes, 1, at)),
            TargetData::Numbers { width, values } => {
                TargetData::Numbers { width: *width, values: pick(values, *width, at) }
            }
            TargetData::Steps { steps, classes } => {
                TargetData::Steps { steps: *steps, classes: pick(classes, *steps, at) }
            }
            TargetData::Itself { width, .. } => TargetData::Itself { width: *width, samples: at.len() },
        };
        Self { inputs, targets }
    }

    /// Exchanges rows and columns of images of this shape.
    pub fn transpose_images(&mut self, shape: Shape) {
        let (Inputs::Bytes(bytes), Some([height, width, channels])) = (&mut self.inputs, shape.as_image()) else {
            return;
        };
        for image in bytes.chunks_exact_mut(shape.len()) {
            let before = image.to_vec();
            for (at, byte) in before.into_iter().enumerate() {
                let (pixel, channel) = (at / channels, at % channels);
                let (row, column) = (pixel / width, pixel % width);
                image[(column * height + row) * channels + channel] = byte;
            }
        }
    }

    /// Makes the class 1 the first, which is 0; no sample may be of class 0.
    pub fn count_classes_from_one(&mut self) {
        if let TargetData::Classes(classes) = &mut self.targets {
            debug_assert!(classes.iter().all(|class| *class > 0));
            classes.iter_mut().for_each(|class| *class = class.saturating_sub(1));
        }
    }

    /// Adds the samples of another set of the same kind; samples of another kind are left out.
    pub fn append(&mut self, other: Self) {
        match (&mut self.inputs, other.inputs) {
            (Inputs::Bytes(bytes), Inputs::Bytes(mut more)) => bytes.append(&mut more),
            (Inputs::Mapped(images), Inputs::Mapped(more)) => images.append(more),
            (Inputs::Numbers(numbers), Inputs::Numbers(mut more)) => numbers.append(&mut more),
            (Inputs::Tokens(tokens), Inputs::Tokens(mut more)) => tokens.append(&mut more),
            _ => return,
        }
        match (&mut self.targets, other.targets) {
            (TargetData::Classes(classes), TargetData::Classes(mut more)) => classes.append(&mut more),
            (TargetData::Numbers { values, .. }, TargetData::Numbers { values: mut more, .. }) => {
                values.append(&mut more)
            }
            (TargetData::Steps { classes, .. }, TargetData::Steps { classes: mut more, .. }) => {
                classes.append(&mut more)
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

    /// Copies samples into a batch, `[samples, shape]`: bytes scaled to 0 to 1, numbers standardized.
    pub fn gather(&self, scaling: &Scaling, at: &[u32], inputs: &mut [f32]) {
        let len = (inputs.len() / at.len().max(1)).max(1);
        for (&at, input) in at.iter().zip(inputs.chunks_exact_mut(len)) {
            match &self.inputs {
                Inputs::Bytes(_) | Inputs::Mapped(_) => scale_bytes(self.pixels_of(at as usize), input),
                Inputs::Numbers(_) => scaling.scale(self.numbers_of(at as usize), input),
                Inputs::Tokens(_) => {
                    let tokens = self.tokens_of(at as usize);
                    input.iter_mut().zip(tokens).for_each(|(input, token)| *input = f32::from(*token));
                }
            }
        }
    }

    /// Copies the targets of samples to the beginning of a buffer that [`TargetData::buffer`] has made; numbers are
    /// standardized.
    pub fn gather_targets(&self, scaling: &Scaling, at: &[u32], targets: &mut TargetBuffer) {
        match (&self.targets, targets) {
            (TargetData::Classes(classes), TargetBuffer::Classes { classes: out, .. }) => {
                for (out, &at) in out.iter_mut().zip(at) {
                    *out = classes[at as usize];
                }
            }
            (TargetData::Steps { steps, classes }, TargetBuffer::Classes { classes: out, .. }) => {
                for (out, &at) in out.chunks_exact_mut(*steps).zip(at) {
                    out.copy_from_slice(&classes[at as usize * steps..][..*steps]);
                }
            }
            (TargetData::Numbers { width, values }, TargetBuffer::Numbers { values: out, .. }) => {
                for (out, &at) in out.chunks_exact_mut((*width).max(1)).zip(at) {
                    scaling.scale_targets(self.numbers_of(at as usize), &values[at as usize * width..][..*width], out);
                }
            }
            (TargetData::Itself { width, .. }, TargetBuffer::Numbers { values: out, .. }) => {
                self.gather(scaling, at, &mut out[..at.len() * width]);
            }
            _ => {}
        }
    }
}

impl TargetData {
    /// A buffer for this many targets of the same kind; targets that are the samples themselves become numbers.
    #[must_use]
    pub fn buffer(&self, samples: usize) -> TargetBuffer {
        match self {
            Self::Classes(_) => TargetBuffer::Classes { steps: 1, classes: vec![0; samples] },
            Self::Steps { steps, .. } => TargetBuffer::Classes { steps: *steps, classes: vec![0; samples * steps] },
            Self::Numbers { width, .. } | Self::Itself { width, .. } => {
                TargetBuffer::Numbers { width: *width, values: vec![0.0; samples * width] }
            }
        }
    }
}

impl TargetBuffer {
    /// The first `samples` targets, as a loss takes them.
    pub fn first(&self, samples: usize) -> Targets<'_> {
        match self {
            Self::Classes { steps, classes } => Targets::Classes(&classes[..samples * steps]),
            Self::Numbers { width, values } => Targets::Numbers { width: *width, values: &values[..samples * width] },
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

/// Numbers from 0 to 1 as bytes, 0 to 255; numbers outside are clipped.
pub fn to_bytes(numbers: &[f32]) -> impl Iterator<Item = u8> + '_ {
    numbers.iter().map(|number| (number * 255.0 + 0.5) as u8)
}
