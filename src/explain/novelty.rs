//! Whether an image is like any that a classifier has learned from. A classifier has to choose one of its classes, whatever it
//! is shown; how far its input is from the nearest training image tells what is none of them (Sun et al. 2022,
//! *Out-of-Distribution Detection with Deep Nearest Neighbors*).
//!
//! Distances are 1 less the cosine of the angle, in the output of the last hidden layer, and between the images themselves
//! after a blur, since a network maps much that it never saw onto what it knows. Each is divided by what is usual for
//! validation images, and both are added up.

use ndarray::{Array2, ArrayView1, Axis};

use super::neighbors::last_hidden;
use crate::data::{Dataset, Split};
use crate::train::evaluate::TrainedModel;
use backprop_nn::{Inspection, ModelSpec, Shape};

/// Training images that are compared with.
const TRAINING: usize = 3000;

/// Validation images that say what is usual.
const VALIDATION: usize = 1000;

/// With fewer of them nothing can be said.
const FEWEST: usize = 50;

/// The share of validation images that is taken for familiar.
pub const FAMILIAR: f64 = 0.97;

/// Images that run through the network at once.
const AT_ONCE: usize = 50;

/// What a network knows, to hold images against.
pub struct Familiar {
    inspection: Inspection,
    /// The last hidden layer, among the places of the network.
    place: usize,
    shape: Shape,
    /// The output of the last hidden layer, and the images.
    spaces: [Space; 2],
    /// The sum of both distances that [`FAMILIAR`] of the validation images do not exceed.
    usual: f64,
    /// How many training images are compared with.
    pub training: usize,
}

/// One way to compare images.
struct Space {
    /// `[training images, numbers]`, each of length 1.
    known: Array2<f32>,
    /// The distance that [`FAMILIAR`] of the validation images do not exceed.
    usual: f64,
}

impl Space {
    fn new(known: Array2<f32>, held: &Array2<f32>) -> (Self, Vec<f64>) {
        let mut space = Self { known, usual: 1.0 };
        let distances = space.distances(held);
        space.usual = quantile(&distances, FAMILIAR).max(1e-6);
        (space, distances)
    }

    /// From the nearest training image, for each row.
    fn distances(&self, rows: &Array2<f32>) -> Vec<f64> {
        let cosines = rows.dot(&self.known.t());
        let nearest = |row: ArrayView1<'_, f32>| row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        cosines.axis_iter(Axis(0)).map(|row| 1.0 - f64::from(nearest(row))).collect()
    }
}

impl Familiar {
    /// Learns what is usual from the training and validation images of the data; nothing if there are too few of these, or if
    /// the network has no hidden layer.
    pub fn of(model: &ModelSpec, trained: TrainedModel<'_>, dataset: &Dataset, split: &Split) -> Option<Self> {
        let shape = trained.network.input();
        shape.as_image().filter(|_| dataset.shape == shape)?;
        let mut inspection = Inspection::new(model, shape, trained.network.output()).ok()?;
        let place = last_hidden(trained.network, inspection.places());
        let known = spread(&split.train, TRAINING);
        let held = spread(&split.validation, VALIDATION);
        if place == 0 || held.len() < FEWEST || known.is_empty() {
            return None;
        }
        let mut look = |at: &[u32]| {
            let mut rows = [Vec::new(), Vec::new()];
            for at in at.chunks(AT_ONCE) {
                let mut numbers = vec![0.0; at.len() * shape.len()];
                dataset.train.gather(trained.scaling, at, &mut numbers);
                inspection.forward(trained.weights, &numbers);
                rows[0].extend_from_slice(inspection.values(place));
                numbers.chunks_exact(shape.len()).for_each(|image| rows[1].extend(blurred(image, shape)));
            }
            rows.map(|numbers| unit_rows(numbers, at.len()))
        };
        let ([known_hidden, known_images], [held_hidden, held_images]) = (look(&known), look(&held));
        let (hidden, hidden_distances) = Space::new(known_hidden, &held_hidden);
        let (images, image_distances) = Space::new(known_images, &held_images);
        let sums = hidden_distances.iter().zip(&image_distances);
        let sums: Vec<f64> = sums.map(|(a, b)| a / hidden.usual + b / images.usual).collect();
        let usual = quantile(&sums, FAMILIAR).max(1e-6);
        Some(Self { inspection, place, shape, spaces: [hidden, images], usual, training: known.len() })
    }

    /// How far an image, as the network reads it, is from what it knows: up to 1 is usual for [`FAMILIAR`] of the validation
    /// images. Nothing for an image of another shape or of nothing.
    pub fn novelty(&mut self, trained: TrainedModel<'_>, image: &[f32]) -> Option<f64> {
        if image.len() != self.shape.len() || image.iter().all(|number| *number == image[0]) {
            return None;
        }
        self.inspection.forward(trained.weights, image);
        let hidden = unit_rows(self.inspection.values(self.place).to_vec(), 1);
        let image = unit_rows(blurred(image, self.shape), 1);
        let [of_hidden, of_images] = &self.spaces;
        let distance = |space: &Space, row: &Array2<f32>| space.distances(row)[0] / space.usual;
        let sum = distance(of_hidden, &hidden) + distance(of_images, &image);
        sum.is_finite().then_some(sum / self.usual)
    }
}

/// So many positions at most, evenly spread.
fn spread(at: &[u32], most: usize) -> Vec<u32> {
    let count = at.len().min(most);
    (0..count).map(|step| at[step * at.len() / count]).collect()
}

/// Rows that are made one long; one of zeros stays.
fn unit_rows(numbers: Vec<f32>, rows: usize) -> Array2<f32> {
    let width = numbers.len() / rows.max(1);
    let mut array = Array2::from_shape_vec((rows, width), numbers).unwrap_or_default();
    for mut row in array.axis_iter_mut(Axis(0)) {
        let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|x| (f64::from(x) / length) as f32);
        }
    }
    array
}

/// Each pixel with its neighbors, weighted 1, 2, 1 along both axes, so that a line matters more than where exactly it lies.
fn blurred(image: &[f32], shape: Shape) -> Vec<f32> {
    let [height, width, channels] = shape.as_image().unwrap_or([1, 1, shape.len()]);
    let along = |numbers: &[f32], size: usize, stride: usize| -> Vec<f32> {
        let at = |place: usize, step: isize| {
            let position = (place / stride % size) as isize + step;
            (0..size as isize).contains(&position).then(|| numbers[(place as isize + step * stride as isize) as usize])
        };
        let sum = |place: usize| at(place, -1).unwrap_or(0.0) + 2.0 * numbers[place] + at(place, 1).unwrap_or(0.0);
        (0..numbers.len()).map(|place| sum(place) / 4.0).collect()
    };
    along(&along(image, height, width * channels), width, channels)
}

/// The number that a share of them does not exceed.
fn quantile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Drawing;
    use crate::data::samples::scale_bytes;
    use crate::project::RunFolder;
    use backprop_nn::init::stream;
    use rand::{Rng, RngExt as _};

    /// A line that turns at random.
    fn scribble(random: &mut impl Rng) -> Drawing {
        let line = |random: &mut dyn Rng| {
            let (mut x, mut y) = (random.random_range(0.2..0.8f32), random.random_range(0.2..0.8f32));
            let mut angle: f32 = random.random_range(0.0..6.3);
            let count = random.random_range(8..40);
            let mut next = || {
                angle += random.random_range(-0.9..0.9f32);
                x = (x + 0.05 * angle.cos()).clamp(0.1, 0.9);
                y = (y + 0.05 * angle.sin()).clamp(0.1, 0.9);
                [x, y]
            };
            (0..count).map(|_| next()).collect()
        };
        let count = random.random_range(1..4);
        Drawing { strokes: (0..count).map(|_| line(random)).collect(), label: None }
    }

    #[test]
    fn digits_are_familiar_and_scribbles_are_not() {
        let run = RunFolder::pretrained().unwrap();
        let dataset = Dataset::read("digits?count=4000").unwrap();
        let split = dataset.split(0.25, 1);
        let mut familiar = Familiar::of(&run.project.model, run.trained(), &dataset, &split).unwrap();
        let mut share = |images: &[Vec<u8>]| {
            let mut is_familiar = |pixels: &Vec<u8>| {
                let mut image = vec![0.0; pixels.len()];
                scale_bytes(pixels, &mut image);
                familiar.novelty(run.trained(), &image).is_some_and(|novelty| novelty <= 1.0)
            };
            images.iter().map(&mut is_familiar).filter(|is_familiar| *is_familiar).count() as f64 / images.len() as f64
        };
        let digits: Vec<Vec<u8>> = (0..400).map(|at| dataset.test.pixels_of(at).to_vec()).collect();
        let mut random = stream(5, 0);
        let scribbles = (0..200).filter_map(|_| scribble(&mut random).image(28, 2.5));
        let scribbles: Vec<Vec<u8>> = scribbles.map(|image| image.into_iter().collect()).collect();
        let (digits, scribbles) = (share(&digits), share(&scribbles));
        assert!(digits >= 0.94, "of digits by other writers {digits} are familiar");
        assert!(scribbles <= 0.2, "of scribbles {scribbles} are familiar");
        assert_eq!(familiar.novelty(run.trained(), &[0.0; 784]), None, "empty paper");
    }

    #[test]
    fn a_blur_weighs_the_neighbors() {
        let shape = Shape::image(3, 3, 1);
        let mut image = [0.0; 9];
        image[4] = 16.0;
        assert_eq!(blurred(&image, shape), [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0]);
        let corner = [16.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(blurred(&corner, shape), [4.0, 2.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_quantile_is_the_number_that_the_share_does_not_exceed() {
        let numbers: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((quantile(&numbers, 0.97), quantile(&numbers, 1.0), quantile(&numbers, 0.0)), (97.0, 100.0, 1.0));
    }
}
