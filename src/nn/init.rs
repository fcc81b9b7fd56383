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
}

impl Init {
    pub fn fill(self, values: &mut [f32], rng: &mut Rng) {
        match self {
            Self::Zeros => values.fill(0.0),
            Self::GlorotUniform { fan_in, fan_out } => {
                let limit = (6.0 / (fan_in + fan_out) as f32).sqrt();
                values.fill_with(|| rng.random_range(-limit..=limit));
            }
        }
    }
}
