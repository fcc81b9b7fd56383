//! How parameters start, and the one source of randomness of the whole program.

use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

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

/// How the values of one parameter are drawn before training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Init {
    Zeros,
    /// Uniform in ±√(6 / (fan in + fan out)) (Glorot & Bengio 2010), the default of Keras for kernels.
    GlorotUniform {
        fan_in: usize,
        fan_out: usize,
    },
    /// Random orthonormal rows, or columns where they are fewer (Saxe et al. 2013), the default of Keras for what leads
    /// from step to step: a product with it neither grows nor shrinks.
    Orthogonal {
        rows: usize,
        cols: usize,
    },
    /// Zeros, and ones in the second of four parts: the forget gate of an LSTM is open at first (Jozefowicz et al.
    /// 2015), as in Keras.
    UnitForgetGate,
}

impl Init {
    pub fn fill(self, values: &mut [f32], rng: &mut Rng) {
        match self {
            Self::Zeros => values.fill(0.0),
            Self::GlorotUniform { fan_in, fan_out } => {
                let limit = (6.0 / (fan_in + fan_out) as f32).sqrt();
                values.fill_with(|| rng.random_range(-limit..=limit));
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
}
