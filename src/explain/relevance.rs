//! How much each number of a sample matters for an output of a network.

use backprop_nn::batch::inspection::Place;
use backprop_nn::{Inspection, Shape, Weights};

/// A way to tell what matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The gradient of the output along the straight line from a sample of zeros, times the sample; its sum is the change of
    /// the output on that way (Sundararajan, Taly & Yan 2017).
    #[default]
    IntegratedGradients,
    /// The gradient of the output at the sample, times the sample (Shrikumar et al. 2017).
    GradientTimesInput,
    /// How far the output falls where a part of the sample is covered with zeros (Zeiler & Fergus 2014).
    Occlusion,
    /// The last feature maps, each weighted by its mean gradient, as far as they raise the output
    /// (Selvaraju et al. 2017).
    GradCam,
}

/// Samples between zeros and the sample at which gradients are added up.
const STEPS: usize = 32;

/// Samples that run at once.
const AT_ONCE: usize = 32;

/// A covered part of an image is its side over this.
const PARTS: usize = 7;

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::IntegratedGradients, Self::GradientTimesInput, Self::Occlusion, Self::GradCam];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::IntegratedGradients => "Integrated gradients",
            Self::GradientTimesInput => "Gradient × input",
            Self::Occlusion => "Occlusion",
            Self::GradCam => "Grad-CAM",
        }
    }

    /// How it is read, in one sentence, for images or for other samples.
    pub fn help(self, is_image: bool) -> &'static str {
        match (self, is_image) {
            (Self::IntegratedGradients, true) => {
                "What each pixel adds to this output, or takes from it; together they are the difference from an empty image."
            }
            (Self::IntegratedGradients, false) => {
                "What each number adds to this output, or takes from it; together they are the difference from a sample of means."
            }
            (Self::GradientTimesInput, true) => {
                "How much this output changes with each pixel, times the pixel: about how far it would fall if the pixel were empty."
            }
            (Self::GradientTimesInput, false) => {
                "How much this output changes with each number, times its distance from the mean: about how far it would fall at the mean."
            }
            (Self::Occlusion, true) => "How far this output falls where a part of the image is covered.",
            (Self::Occlusion, false) => "How far this output falls where a number gives way to its mean.",
            (Self::GradCam, _) => "Where the last feature maps hold what raises this output.",
        }
    }

    /// Whether it applies to such samples in such a network.
    pub fn fits(self, places: &[Place]) -> bool {
        self != Self::GradCam || maps(places).is_some()
    }
}

/// The last place whose numbers form maps of more than one pixel, besides the input.
fn maps(places: &[Place]) -> Option<usize> {
    let is_map = |place: &Place| place.shape.as_image().is_some_and(|[height, width, _]| height * width > 1);
    places.iter().enumerate().skip(1).rev().find(|(_, place)| is_map(place)).map(|(at, _)| at)
}

/// How much each number of a sample matters for an output, positive where it raises it: `[height, width]` of an image, whose
/// channels are added, otherwise a number for each number. Zero everywhere where the method does not fit.
pub fn relevance(
    inspection: &mut Inspection,
    weights: &Weights,
    sample: &[f32],
    output: usize,
    method: Method,
) -> Vec<f32> {
    let shape = inspection.places()[0].shape;
    match method {
        Method::GradientTimesInput => {
            let gradient = gradients(inspection, weights, sample, output);
            of_pixels(shape, sample.iter().zip(&gradient).map(|(value, slope)| value * slope))
        }
        Method::IntegratedGradients => {
            let at = |step: usize| (step as f32 + 0.5) / STEPS as f32;
            let way: Vec<f32> = (0..STEPS).flat_map(|step| sample.iter().map(move |value| value * at(step))).collect();
            let gradient = gradients(inspection, weights, &way, output);
            let mut mean = vec![0.0; sample.len()];
            for gradient in gradient.chunks_exact(sample.len()) {
                mean.iter_mut().zip(gradient).for_each(|(mean, slope)| *mean += slope / STEPS as f32);
            }
            of_pixels(shape, sample.iter().zip(&mean).map(|(value, slope)| value * slope))
        }
        Method::Occlusion => occlusion(inspection, weights, sample, output),
        Method::GradCam => grad_cam(inspection, weights, sample, output),
    }
}

/// The gradient of an output by the numbers of some samples, `[samples, input]`.
fn gradients(inspection: &mut Inspection, weights: &Weights, samples: &[f32], output: usize) -> Vec<f32> {
    let len = inspection.places()[0].shape.len();
    let mut gradients = Vec::with_capacity(samples.len());
    for samples in samples.chunks(AT_ONCE * len) {
        back_from(inspection, weights, samples, output);
        gradients.extend_from_slice(inspection.gradient(0));
    }
    gradients
}

/// Runs samples forward, and back from one output of each.
fn back_from(inspection: &mut Inspection, weights: &Weights, samples: &[f32], output: usize) {
    inspection.forward(weights, samples);
    let count = samples.len() / inspection.places()[0].shape.len();
    let width = inspection.outputs().len() / count;
    let mut gradient = vec![0.0; count * width];
    gradient.iter_mut().skip(output).step_by(width).for_each(|slope| *slope = 1.0);
    inspection.backward(weights, &gradient);
}

/// Of an image the sum over its channels, pixel by pixel.
fn of_pixels(shape: Shape, numbers: impl Iterator<Item = f32>) -> Vec<f32> {
    let numbers: Vec<f32> = numbers.collect();
    match shape.as_image() {
        Some([.., channels]) => numbers.chunks_exact(channels).map(|pixel| pixel.iter().sum()).collect(),
        None => numbers,
    }
}

fn occlusion(inspection: &mut Inspection, weights: &Weights, sample: &[f32], output: usize) -> Vec<f32> {
    let shape = inspection.places()[0].shape;
    // Each covered part by the numbers in it, and the pixels that stand for them.
    let parts: Vec<(Vec<usize>, Vec<usize>)> = match shape.as_image() {
        Some([height, width, channels]) => {
            let side = (height.min(width) / PARTS).max(1);
            // The last part ends at the edge.
            let starts = |len: usize| (0..len - side).step_by(side.div_ceil(2)).chain([len - side]);
            let places = starts(height).flat_map(|top| starts(width).map(move |left| [top, left]));
            let pixels = |[top, left]: [usize; 2]| -> Vec<usize> {
                (top..top + side).flat_map(|row| (left..left + side).map(move |column| row * width + column)).collect()
            };
            let covered = |pixels: &[usize]| -> Vec<usize> {
                pixels.iter().flat_map(|pixel| pixel * channels..(pixel + 1) * channels).collect()
            };
            places.map(pixels).map(|pixels| (covered(&pixels), pixels)).collect()
        }
        None => (0..sample.len()).map(|at| (vec![at], vec![at])).collect(),
    };
    let mut outputs_of = |samples: &[f32]| -> Vec<f32> {
        inspection.forward(weights, samples);
        let width = inspection.outputs().len() / (samples.len() / sample.len());
        inspection.outputs().iter().skip(output).step_by(width).copied().collect()
    };
    let whole = outputs_of(sample)[0];
    let pixels = shape.as_image().map_or(sample.len(), |[height, width, _]| height * width);
    let (mut falls, mut counts) = (vec![0.0; pixels], vec![0usize; pixels]);
    for parts in parts.chunks(AT_ONCE) {
        let mut covered = sample.repeat(parts.len());
        for ((numbers, _), covered) in parts.iter().zip(covered.chunks_exact_mut(sample.len())) {
            numbers.iter().for_each(|at| covered[*at] = 0.0);
        }
        for ((_, pixels), output) in parts.iter().zip(outputs_of(&covered)) {
            for pixel in pixels {
                falls[*pixel] += whole - output;
                counts[*pixel] += 1;
            }
        }
    }
    // A pixel at the edge is covered less often than one in the middle.
    falls.iter().zip(counts).map(|(fall, count)| fall / count.max(1) as f32).collect()
}

fn grad_cam(inspection: &mut Inspection, weights: &Weights, sample: &[f32], output: usize) -> Vec<f32> {
    let shape = inspection.places()[0].shape;
    let Some([height, width, _]) = shape.as_image() else { return vec![0.0; sample.len()] };
    let Some(at) = maps(inspection.places()) else { return vec![0.0; height * width] };
    let Some([rows, columns, channels]) = inspection.places()[at].shape.as_image() else { return Vec::new() };
    back_from(inspection, weights, sample, output);
    let mut importance = vec![0.0; channels];
    for pixel in inspection.gradient(at).chunks_exact(channels) {
        importance.iter_mut().zip(pixel).for_each(|(sum, slope)| *sum += slope / (rows * columns) as f32);
    }
    let map = |pixel: &[f32]| pixel.iter().zip(&importance).map(|(value, weight)| value * weight).sum::<f32>().max(0.0);
    let small: Vec<f32> = inspection.values(at).chunks_exact(channels).map(map).collect();
    enlarged(&small, [rows, columns], [height, width])
}

/// Bilinear interpolation between the middles of pixels, as PyTorch's `interpolate` without aligned corners.
fn enlarged(small: &[f32], [rows, columns]: [usize; 2], [height, width]: [usize; 2]) -> Vec<f32> {
    let place = |at: usize, from: usize, to: usize| {
        let middle = ((at as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, from as f32 - 1.0);
        let low = middle.floor() as usize;
        (low, (low + 1).min(from - 1), middle - low as f32)
    };
    let value = |row: usize, column: usize| {
        let ((top, bottom, down), (left, right, across)) = (place(row, rows, height), place(column, columns, width));
        let along = |row: usize| small[row * columns + left] * (1.0 - across) + small[row * columns + right] * across;
        along(top) * (1.0 - down) + along(bottom) * down
    };
    (0..height)
        .flat_map(|row| (0..width).map(move |column| (row, column)))
        .map(|(row, column)| value(row, column))
        .collect()
}
