//! How parameters start, and the one source of randomness of the whole program.

use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::field::Choice;
use super::kernels::vector::normal_pairs;

/// The named generator behind every random number: the same on every platform and in every release of `rand`.
pub type Rng = rand::rngs::Xoshiro256PlusPlus;

/// A generator for one purpose. Streams of different `purpose` numbers under one seed are independent, so that, say,
/// a longer warm-up of one never shifts the numbers of another.
pub fn stream(seed: u64, purpose: u64) -> Rng {
    Rng::seed_from_u64(mix(seed, purpose))
}

/// Two numbers hashed into one (the finaliser of SplitMix64, Steele et al. 2014).
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_add(b.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Initial values of a kernel.
///
/// All are those of Keras, whose normal ones are truncated; PyTorch's `kaiming_` and `xavier_` agree with the uniform
/// ones, and their normal ones have the same standard deviation untruncated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// Uniform with variance 2 / (fan in + fan out): Keras' default (Glorot & Bengio 2010).
    #[default]
    GlorotUniform,
    /// Truncated normal with variance 2 / (fan in + fan out).
    GlorotNormal,
    /// Uniform with variance 2 / fan in, for ReLU (He et al. 2015).
    #[option(label = "He uniform")]
    HeUniform,
    /// Truncated normal with variance 2 / fan in, for ReLU.
    #[option(label = "He normal")]
    HeNormal,
    /// Uniform with variance 1 / fan in (LeCun et al. 1998).
    #[option(label = "LeCun uniform")]
    LecunUniform,
    /// Truncated normal with variance 1 / fan in.
    #[option(label = "LeCun normal")]
    LecunNormal,
    /// Random orthonormal rows or columns; the kernel is taken as a matrix with a column for each unit (Saxe et al. 2013).
    Orthogonal,
    /// All weights 0: all units stay equal, and behind a ReLU none learns.
    Zeros,
    /// All weights 0.1: all units stay equal and learn the same.
    #[option(label = "Constant 0.1")]
    Constant,
}

impl Initializer {
    /// For a kernel of these dimensions, the last of which counts the units, of which each adds up `fan_in` numbers.
    pub fn of(self, dims: &[usize], fan_in: usize, fan_out: usize) -> Init {
        let both = (fan_in + fan_out) as f32;
        let uniform = |variance: f32| Init::Uniform { limit: (3.0 * variance).sqrt() };
        let normal = |variance: f32| Init::TruncatedNormal { deviation: variance.sqrt() };
        match self {
            // Written so that it rounds as it always has: a seed stays the same network.
            Self::GlorotUniform => Init::Uniform { limit: (6.0 / both).sqrt() },
            Self::GlorotNormal => normal(2.0 / both),
            Self::HeUniform => uniform(2.0 / fan_in as f32),
            Self::HeNormal => normal(2.0 / fan_in as f32),
            Self::LecunUniform => uniform(1.0 / fan_in as f32),
            Self::LecunNormal => normal(1.0 / fan_in as f32),
            Self::Orthogonal => {
                let cols = dims.last().copied().unwrap_or(1);
                Init::Orthogonal { rows: dims.iter().product::<usize>() / cols.max(1), cols }
            }
            Self::Zeros => Init::Zeros,
            Self::Constant => Init::Constant(0.1),
        }
    }
}

/// How the values of one parameter are drawn before training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Init {
    /// All 0.
    Zeros,
    /// All the same.
    Constant(f32),
    /// Uniform in ±`limit`.
    Uniform {
        /// The largest absolute value.
        limit: f32,
    },
    /// Of the normal distribution.
    Normal {
        /// Standard deviation.
        deviation: f32,
    },
    /// Of the normal distribution within twice its deviation, which is so much wider that what is left deviates by
    /// `deviation`, as in Keras.
    TruncatedNormal {
        /// Standard deviation after the truncation.
        deviation: f32,
    },
    /// Random orthonormal rows, or columns where they are fewer (Saxe et al. 2013), the default of Keras for what leads
    /// from step to step: a product with it neither grows nor shrinks.
    Orthogonal {
        /// Of the kernel as a matrix.
        rows: usize,
        /// Of the kernel as a matrix: its units.
        cols: usize,
    },
    /// Zeros, and ones in the second of four parts: the forget gate of an LSTM is open at first (Jozefowicz et al.
    /// 2015), as in Keras.
    UnitForgetGate,
}

/// The deviation of the normal distribution that is left within ±2.
const TRUNCATED: f64 = 0.879_625_661_034_239_8;

impl Init {
    /// Draws the values.
    pub fn fill(self, values: &mut [f32], rng: &mut Rng) {
        match self {
            Self::Zeros => values.fill(0.0),
            Self::Constant(value) => values.fill(value),
            Self::Uniform { limit } => values.fill_with(|| rng.random_range(-limit..=limit)),
            Self::Normal { deviation } => fill_normal(values, deviation, rng),
            Self::TruncatedNormal { deviation } => {
                let scale = f64::from(deviation) / TRUNCATED;
                values.fill_with(|| (scale * truncated_normal(rng)) as f32);
            }
            Self::Orthogonal { rows, cols } => orthogonal(values, rows, cols, rng),
            Self::UnitForgetGate => {
                let part = values.len() / 4;
                values.fill(0.0);
                values[part..2 * part].fill(1.0);
            }
        }
    }
}

/// Gram and Schmidt's process on vectors of the normal distribution, whose directions are equally likely. It runs twice
/// over each, since what rounding leaves after the first is gone after the second.
fn orthogonal(values: &mut [f32], rows: usize, cols: usize, rng: &mut Rng) {
    let (count, len) = (rows.min(cols), rows.max(cols));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut vector: Vec<f64> = (0..len).map(|_| normal(rng)).collect();
        for _ in 0..2 {
            for before in &vectors {
                let along = dot(&vector, before);
                vector.iter_mut().zip(before).for_each(|(value, before)| *value -= along * before);
            }
            let length = dot(&vector, &vector).sqrt();
            vector.iter_mut().for_each(|value| *value /= length);
        }
        vectors.push(vector);
    }
    for (at, value) in values.iter_mut().enumerate() {
        let (row, col) = (at / cols, at % cols);
        *value = if rows <= cols { vectors[row][col] } else { vectors[col][row] } as f32;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A number of the normal distribution (Box & Muller 1958).
fn normal(rng: &mut Rng) -> f64 {
    let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

fn truncated_normal(rng: &mut Rng) -> f64 {
    loop {
        let number = normal(rng);
        if number.abs() <= 2.0 {
            return number;
        }
    }
}

/// Fills with numbers of the normal distribution, fast enough for a layer to do so in every step.
pub fn fill_normal(values: &mut [f32], deviation: f32, rng: &mut Rng) {
    values.fill_with(|| 1.0 - rng.random::<f32>());
    let (first, rest) = values.split_at_mut(values.len() / 2);
    let (second, odd) = rest.split_at_mut(first.len());
    normal_pairs(first, second, deviation);
    odd.fill_with(|| deviation * normal(rng) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orthogonal_matrix_is_orthogonal() {
        for (rows, cols) in [(1, 1), (1, 4), (64, 64), (17, 68), (64, 256), (9, 4)] {
            let mut values = vec![f32::NAN; rows * cols];
            Init::Orthogonal { rows, cols }.fill(&mut values, &mut stream(3, 0));
            let (row, col) = if rows <= cols { (cols, 1) } else { (1, cols) };
            for a in 0..rows.min(cols) {
                for b in 0..rows.min(cols) {
                    let product: f64 = (0..rows.max(cols))
                        .map(|at| f64::from(values[a * row + at * col]) * f64::from(values[b * row + at * col]))
                        .sum();
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-6, "{rows}×{cols}, {a} and {b}: {product}");
                }
            }
        }
    }

    #[test]
    fn only_the_forget_gate_starts_open() {
        let mut bias = [f32::NAN; 8];
        Init::UnitForgetGate.fill(&mut bias, &mut stream(3, 0));
        assert_eq!(bias, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    /// Mean, variance, fourth moment over the square of the variance, and the largest number over the deviation.
    fn moments(values: &[f32]) -> [f64; 4] {
        let mean_of = |power: i32| values.iter().map(|v| f64::from(*v).powi(power)).sum::<f64>() / values.len() as f64;
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        [mean_of(1), mean_of(2), mean_of(4) / mean_of(2).powi(2), f64::from(largest) / mean_of(2).sqrt()]
    }

    fn assert_moments(what: &str, values: &[f32], [variance, kurtosis, largest]: [f64; 3]) {
        let [mean, found, tails, most] = moments(values);
        assert!(mean.abs() < 0.01 * variance.sqrt(), "{what}: mean {mean}");
        assert!((found / variance - 1.0).abs() < 0.01, "{what}: variance {found}, not {variance}");
        assert!((tails - kurtosis).abs() < 0.03, "{what}: fourth moment {tails}, not {kurtosis}");
        assert!(most < largest, "{what}: {most} deviations from zero");
    }

    /// The moments of the definitions: a uniform distribution has a fourth moment of 9/5 and ends at √3 deviations, the
    /// normal one cut at ±2 has 2.3655 and ends at 2 / 0.8796.
    #[test]
    fn kernels_start_with_the_moments_of_their_definition() {
        use Initializer::{GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform};
        let (dims, fan_in, fan_out) = ([400, 500], 400, 500);
        let (uniform, normal) = ([1.8, 1.7321], [2.3655, 2.2737]);
        for (init, variance, [kurtosis, largest]) in [
            (GlorotUniform, 2.0 / 900.0, uniform),
            (GlorotNormal, 2.0 / 900.0, normal),
            (HeUniform, 2.0 / 400.0, uniform),
            (HeNormal, 2.0 / 400.0, normal),
            (LecunUniform, 1.0 / 400.0, uniform),
            (LecunNormal, 1.0 / 400.0, normal),
        ] {
            let mut values = vec![f32::NAN; dims.iter().product()];
            init.of(&dims, fan_in, fan_out).fill(&mut values, &mut stream(4, 0));
            assert_moments(init.about().label, &values, [variance, kurtosis, largest * 1.005]);
        }
        let mut values = vec![f32::NAN; 200_001];
        fill_normal(&mut values, 0.5, &mut stream(5, 0));
        assert_moments("normal", &values, [0.25, 3.0, 6.0]);
    }

    #[test]
    fn a_kernel_may_start_orthogonal_or_equal_everywhere() {
        assert_eq!(Initializer::Orthogonal.of(&[3, 3, 2, 7], 18, 63), Init::Orthogonal { rows: 18, cols: 7 });
        for (init, value) in [(Initializer::Zeros, 0.0), (Initializer::Constant, 0.1)] {
            let mut values = [f32::NAN; 6];
            init.of(&[2, 3], 2, 3).fill(&mut values, &mut stream(3, 0));
            assert_eq!(values, [value; 6]);
        }
    }
}
