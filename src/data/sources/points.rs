//! Points in a plane, `points:NAME`: the small toys in which one sees what a network does.
//!
//! Circles, xor, gaussians, spiral, plane and hills are after the TensorFlow Playground, moons are scikit-learn's.

use std::f32::consts::{PI, TAU};

use rand::RngExt as _;

use crate::data::dataset::{Dataset, Feature, Task};
use crate::data::error::DataError;
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Request, Source};
use crate::data::split::Order;
use backprop_nn::Shape;
use backprop_nn::field::Field;
use backprop_nn::init::{Rng, fill_normal, stream};

/// The source `points`: generated toy data sets in the plane.
pub const SOURCE: Source = Source {
    name: "points",
    usage: "points:NAME[?noise=X&count=N]",
    argument: Argument::OneOf(&["circles", "xor", "gaussians", "spiral", "moons", "plane", "hills"]),
    options: &[
        Field::real(
            "noise",
            "Noise",
            0.0..=1.0,
            0.05,
            "Standard deviation by which the points are moved. With much of it the classes overlap, and no network is always right.",
        ),
        Field::whole(
            "count",
            "Samples",
            20..=100_000,
            500,
            "Number of points, test samples included. A network easily overfits a few.",
        ),
    ],
    reading: &[],
    help: "Points in a plane, made by the program: circles, xor, gaussians, spiral and moons have two classes, plane and hills a number.",
    load,
};

/// The test points are others of the same toy.
const TRAIN_SEED: u64 = 1;
const TEST_SEED: u64 = 2;
const PURPOSE: u64 = 0x90_1275;

/// Where points lie, and what is to be said of each.
struct ToyDataset {
    name: &'static str,
    task: fn() -> Task,
    /// A point without noise, and its class or its height. `at` counts the points, so that classes take turns.
    point: fn(at: usize, rng: &mut Rng) -> ([f32; 2], f32),
}

/// THE LIST of toys.
const TOYS: &[ToyDataset] = &[
    ToyDataset { name: "circles", task: two_classes, point: circles },
    ToyDataset { name: "xor", task: two_classes, point: xor },
    ToyDataset { name: "gaussians", task: two_classes, point: gaussians },
    ToyDataset { name: "spiral", task: two_classes, point: spiral },
    ToyDataset { name: "moons", task: two_classes, point: moons },
    ToyDataset { name: "plane", task: height, point: plane },
    ToyDataset { name: "hills", task: height, point: hills },
];

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(toy) = TOYS.iter().find(|toy| toy.name == request.argument()) else {
        let names: Vec<_> = TOYS.iter().map(|toy| toy.name).collect();
        return Err(request.wrong(format!("there is no {:?}; there is {}", request.argument(), names.join(", "))));
    };
    let noise = request.real("noise")?;
    let count = request.whole("count")?;
    let test = count / 5;
    let task = (toy.task)();
    Ok(Dataset {
        name: toy.name.to_owned(),
        shape: Shape::flat(2),
        train: samples(toy, &task, count - test, noise, TRAIN_SEED),
        test: samples(toy, &task, test, noise, TEST_SEED),
        task,
        target: None,
        features: ["x", "y"].map(Feature::number).into(),
        notes: Vec::new(),
        order: Order::Free,
    })
}

/// Noise is the deviation by which a point is moved, or its height where that is asked for.
fn samples(toy: &ToyDataset, task: &Task, count: usize, noise: f32, seed: u64) -> Samples {
    let mut rng = stream(seed, PURPOSE);
    let (points, mut values): (Vec<[f32; 2]>, Vec<f32>) = (0..count).map(|at| (toy.point)(at, &mut rng)).unzip();
    let mut points: Vec<f32> = points.into_flattened();
    let noisy = if task.is_classification() { &mut points } else { &mut values };
    let mut moves = vec![0.0; noisy.len()];
    fill_normal(&mut moves, noise, &mut rng);
    noisy.iter_mut().zip(moves).for_each(|(number, by)| *number += by);
    let targets = match task.is_classification() {
        true => TargetData::Classes(values.into_iter().map(|class| class as u16).collect()),
        false => TargetData::Numbers { width: 1, values: values.into_iter().map(f64::from).collect() },
    };
    Samples { inputs: Inputs::Numbers(points.into_iter().map(f64::from).collect()), targets }
}

fn two_classes() -> Task {
    Task::Classification { classes: ["blue", "orange"].map(str::to_owned).into() }
}

fn height() -> Task {
    Task::numbers(vec!["height".to_owned()])
}

fn square(rng: &mut Rng) -> [f32; 2] {
    [rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)]
}

/// The classes take turns.
fn class(at: usize) -> f32 {
    (at % 2) as f32
}

fn circles(at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    let radius = if at.is_multiple_of(2) { rng.random_range(0.0..0.5f32) } else { rng.random_range(0.7..1.0) };
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    ([radius * cos, radius * sin], class(at))
}

/// Classes in opposite quarters, which a straight line does not divide.
fn xor(_at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    let [x, y] = square(rng);
    let gap = |x: f32| x + 0.06f32.copysign(x);
    ([gap(x), gap(y)], f32::from(u8::from((x > 0.0) != (y > 0.0))))
}

fn gaussians(at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    let mut point = [0.0; 2];
    fill_normal(&mut point, 0.2, rng);
    let middle = if at.is_multiple_of(2) { 0.5 } else { -0.5 };
    (point.map(|x| x + middle), class(at))
}

/// Two arms that go round one and three quarter times.
fn spiral(at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    let radius = rng.random_range(0.03..1.0f32);
    let (sin, cos) = (1.75 * TAU * radius + PI * class(at)).sin_cos();
    ([radius * sin, radius * cos], class(at))
}

fn moons(at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    let (sin, cos) = rng.random_range(0.0..PI).sin_cos();
    (if at.is_multiple_of(2) { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }, class(at))
}

fn plane(_at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    let [x, y] = square(rng);
    ([x, y], 0.5 * (x + y))
}

/// Three hills and three hollows.
fn hills(_at: usize, rng: &mut Rng) -> ([f32; 2], f32) {
    const TOPS: [[f32; 3]; 6] = [
        [-0.66, 0.42, 1.0],
        [0.0, 0.42, -1.0],
        [0.66, 0.42, 1.0],
        [-0.66, -0.42, -1.0],
        [0.0, -0.42, 1.0],
        [0.66, -0.42, -1.0],
    ];
    let [x, y] = square(rng);
    let hill =
        |[at_x, at_y, top]: [f32; 3]| top * (-((x - at_x).powi(2) + (y - at_y).powi(2)) / (2.0 * 0.2 * 0.2)).exp();
    ([x, y], TOPS.into_iter().map(hill).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_toy_is_made_and_noise_moves_what_it_should() {
        let names: Vec<_> = TOYS.iter().map(|toy| toy.name).collect();
        assert!(matches!(SOURCE.argument, Argument::OneOf(offered) if offered == names));
        for toy in TOYS {
            let load = |more: &str| Dataset::read(&format!("points:{}?count=400&{more}", toy.name)).unwrap();
            let (clean, noisy) = (load("noise=0"), load("noise=0.2"));
            assert_eq!((clean.train.len(), clean.test.len(), &clean), (320, 80, &load("noise=0")));
            assert_ne!(clean.train.numbers_of(0), clean.test.numbers_of(0), "{}", toy.name);
            if clean.task.is_classification() {
                let counts = clean.train.class_counts(2);
                assert!(counts.iter().all(|count| (120..=200).contains(count)), "{}: {counts:?}", toy.name);
                assert!(clean.train.targets == noisy.train.targets && clean.train.inputs != noisy.train.inputs);
            } else {
                assert!(clean.train.targets != noisy.train.targets && clean.train.inputs == noisy.train.inputs);
            }
        }
        let error = |source: &str| Dataset::read(source).unwrap_err().to_string();
        assert!(error("points:cubes").contains("there is circles, xor"), "{}", error("points:cubes"));
        assert!(error("points:xor?noise=2").contains("noise from 0 to 1"));
        assert!(error("points:xor?size=2").contains("no option \"size\"; there is noise, count"));
    }
}
