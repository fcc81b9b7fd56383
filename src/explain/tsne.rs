//! Many numbers of each sample as two, so that neighbors stay neighbors: t-distributed stochastic neighbor embedding (van der Maaten
//! and Hinton 2008) with the approximation of Barnes and Hut (van der Maaten 2014). Settings and schedule are those of scikit-learn's
//! `TSNE`. It begins with the first two principal components, so that nothing in it is random.

mod affinities;
mod quadtree;

pub use affinities::Affinities;

use super::projection::principal;
use quadtree::Quadtree;

/// Neighbors that count, for each unit of perplexity.
const NEIGHBORS: f64 = 3.0;

/// Standard deviation of the first coordinate at the start.
const START: f64 = 1e-4;

/// Iterations at first, in which affinities are exaggerated so that groups form, and all of them.
const EXAGGERATED: usize = 250;
/// Iterations until it is done.
pub const ITERATIONS: usize = 1000;

/// By how much affinities are exaggerated.
const EXAGGERATION: f64 = 12.0;

/// The least learning rate.
const LEAST_RATE: f64 = 50.0;

/// A cell that looks smaller than this from a point, its width over its distance, counts as one point.
const ANGLE: f64 = 0.5;

/// The least factor of a step.
const LEAST_GAIN: f64 = 0.01;

/// Where the gradient is no longer than this, it has converged.
const LEAST_GRADIENT: f64 = 1e-7;

/// An embedding on its way.
pub struct Tsne {
    affinities: Affinities,
    perplexity: f64,
    points: Vec<[f64; 2]>,
    steps: Vec<[f64; 2]>,
    gains: Vec<[f64; 2]>,
    iterations: usize,
    is_converged: bool,
}

impl Tsne {
    /// Begins to embed samples of `width` numbers each, `[samples, width]`. The perplexity is about the number of neighbors that a
    /// sample has; it is lower where there are too few samples for it. Nothing if there are fewer than four samples, or if they are
    /// all the same.
    pub fn new(values: &[f32], width: usize, perplexity: f64) -> Option<Self> {
        let start = principal(values, width)?;
        let count = start.points.len();
        let perplexity = perplexity.min((count.checked_sub(2)?) as f64 / NEIGHBORS).max(1.0);
        let neighbors = (NEIGHBORS * perplexity) as usize + 1;
        let affinities = Affinities::of(values, width, perplexity, neighbors)?;
        let variance = start.points.iter().map(|[x, _]| f64::from(*x).powi(2)).sum::<f64>() / count as f64;
        let scale = START / variance.sqrt().max(f64::MIN_POSITIVE);
        let points = start.points.iter().map(|point| point.map(|number| f64::from(number) * scale)).collect();
        Some(Self {
            affinities,
            perplexity,
            points,
            steps: vec![[0.0; 2]; count],
            gains: vec![[1.0; 2]; count],
            iterations: 0,
            is_converged: false,
        })
    }

    /// Moves the points once, along the gradient of the divergence, with momentum and a gain for each coordinate.
    pub fn advance(&mut self) {
        if self.is_done() {
            return;
        }
        if self.iterations == EXAGGERATED {
            self.steps.fill([0.0; 2]);
            self.gains.fill([1.0; 2]);
        }
        let (factor, momentum) = if self.iterations < EXAGGERATED { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let gradient = gradient(&self.affinities, &self.points, ANGLE, factor);
        let rate = (self.points.len() as f64 / EXAGGERATION / 4.0).max(LEAST_RATE);
        let moved = self.points.iter_mut().zip(&mut self.steps).zip(&mut self.gains).zip(&gradient);
        for (((point, step), gain), gradient) in moved {
            for axis in 0..2 {
                gain[axis] = match step[axis] * gradient[axis] < 0.0 {
                    true => gain[axis] + 0.2,
                    false => (gain[axis] * 0.8).max(LEAST_GAIN),
                };
                step[axis] = momentum * step[axis] - rate * gain[axis] * gradient[axis];
                point[axis] += step[axis];
            }
        }
        self.iterations += 1;
        let length = gradient.iter().flatten().map(|number| number * number).sum::<f64>().sqrt();
        self.is_converged = self.iterations > EXAGGERATED && length <= LEAST_GRADIENT;
    }

    /// Whether the points stay where they are from now on.
    pub fn is_done(&self) -> bool {
        self.is_converged || self.iterations >= ITERATIONS
    }

    /// How often the points have been moved.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// The perplexity that it has.
    pub fn perplexity(&self) -> f64 {
        self.perplexity
    }

    /// Where the samples are.
    pub fn points(&self) -> Vec<[f32; 2]> {
        self.points.iter().map(|point| point.map(|number| number as f32)).collect()
    }

    /// The Kullback-Leibler divergence of the neighborhoods in the plane from those of the samples: zero where they are the same.
    pub fn divergence(&self) -> f64 {
        let (_, sum) = repulsion(&self.points, ANGLE);
        let term = |(one, other, affinity): (usize, usize, f64)| {
            let similarity = similarity(self.points[one], self.points[other]) / sum;
            affinity * (affinity / similarity.max(f64::MIN_POSITIVE)).ln()
        };
        self.affinities.pairs().filter(|(.., affinity)| *affinity > 0.0).map(term).sum()
    }
}

/// How similar two points of the plane are, by the distribution of Student.
fn similarity(one: [f64; 2], other: [f64; 2]) -> f64 {
    1.0 / (1.0 + (one[0] - other[0]).powi(2) + (one[1] - other[1]).powi(2))
}

/// The gradient of the divergence by the points, with affinities times a factor. At an angle of 0 it is exact.
pub fn gradient(affinities: &Affinities, points: &[[f64; 2]], angle: f64, factor: f64) -> Vec<[f64; 2]> {
    let (mut forces, sum) = repulsion(points, angle);
    for force in forces.iter_mut().flatten() {
        *force *= -4.0 / sum;
    }
    for (one, other, affinity) in affinities.pairs() {
        let strength = 4.0 * factor * affinity * similarity(points[one], points[other]);
        for axis in 0..2 {
            forces[one][axis] += strength * (points[one][axis] - points[other][axis]);
        }
    }
    forces
}

/// What pushes each point away from all others, before it is divided by the sum of all similarities; and that sum.
fn repulsion(points: &[[f64; 2]], angle: f64) -> (Vec<[f64; 2]>, f64) {
    let tree = Quadtree::new(points);
    let mut total = 0.0;
    let forces = (0..points.len()).map(|at| {
        let mut force = [0.0; 2];
        tree.visit(at, angle, |away, count| {
            let similarity = 1.0 / (1.0 + away[0] * away[0] + away[1] * away[1]);
            total += count * similarity;
            for axis in 0..2 {
                force[axis] += count * similarity * similarity * away[axis];
            }
        });
        force
    });
    (forces.collect(), total)
}
