//! A trained network in less room: weights in half precision or in eight bits, each kernel as whole numbers from -127 to 127 with
//! a scale for each unit, as by PyTorch's `quantize_per_channel` with zero points of 0; what is computed with them stays in single
//! precision. [`structured`] takes whole units away.

pub mod structured;

use half::f16;

use crate::network::Network;
use crate::weights::Weights;

/// How the weights of a network are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// In single precision, as they are trained.
    #[default]
    Float32,
    /// In half precision: eleven bits of each number, up to 65504. A tensor with a larger one stays as it is.
    Float16,
    /// Kernels and embeddings in eight bits with a scale for each unit; the few others, as biases, in single precision.
    Int8,
}

/// A tensor in eight bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8 {
    /// The whole numbers, in the order of the tensor.
    pub values: Vec<i8>,
    /// What they are multiplied by, one for each position on the last axis.
    pub scales: Vec<f32>,
}

/// The largest whole number; -128 is left out, so that both signs reach as far.
const MOST: f32 = 127.0;

impl Int8 {
    /// Of the numbers of a tensor with so many units on its last axis: the largest of each unit becomes 127.
    pub fn of(values: &[f32], units: usize) -> Self {
        let largest =
            |unit: usize| values.iter().skip(unit).step_by(units).fold(0.0f32, |most, value| most.max(value.abs()));
        // A unit of zeros has any scale.
        let scale = |most: f32| if most > 0.0 { most / MOST } else { 1.0 };
        let scales: Vec<f32> = (0..units).map(|unit| scale(largest(unit))).collect();
        let whole = |(at, value): (usize, &f32)| {
            let whole = (value / scales[at % units]).round_ties_even();
            whole.clamp(-MOST, MOST) as i8
        };
        Self { values: values.iter().enumerate().map(whole).collect(), scales }
    }

    /// The numbers that they stand for.
    pub fn restored(&self) -> Vec<f32> {
        let units = self.scales.len().max(1);
        self.values.iter().enumerate().map(|(at, value)| f32::from(*value) * self.scales[at % units]).collect()
    }
}

/// Whether a tensor of this name is stored in eight bits: kernels and embeddings, which are nearly all weights.
pub fn is_compressed(name: &str) -> bool {
    name.ends_with("kernel") || name.ends_with("embeddings")
}

/// Whether a tensor is stored in half precision, which has to hold its largest number.
pub fn fits_half(values: &[f32]) -> bool {
    values.iter().all(|value| value.abs() <= f16::MAX.to_f32())
}

impl Network {
    /// The weights as they are read back when they were stored so.
    pub fn stored(&self, weights: &Weights, precision: Precision) -> Weights {
        let mut stored = weights.clone();
        for param in self.params() {
            let values = &mut stored.values_mut()[param.range.clone()];
            match precision {
                Precision::Int8 if is_compressed(&param.name) => {
                    let units = param.info.dims.last().copied().unwrap_or(1).max(1);
                    let restored = Int8::of(values, units).restored();
                    values.copy_from_slice(&restored);
                }
                Precision::Float16 if fits_half(values) => {
                    values.iter_mut().for_each(|value| *value = f16::from_f32(*value).to_f32());
                }
                Precision::Float32 | Precision::Float16 | Precision::Int8 => {}
            }
        }
        stored
    }

    /// How many bytes the weights take when they are stored so.
    pub fn stored_bytes(&self, precision: Precision) -> usize {
        let bytes = |param: &crate::weights::Param| match precision {
            Precision::Float16 => 2 * param.range.len(),
            Precision::Int8 if is_compressed(&param.name) => {
                param.range.len() + 4 * param.info.dims.last().copied().unwrap_or(1)
            }
            _ => 4 * param.range.len(),
        };
        self.params().iter().map(bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelSpec, Shape};

    /// `tests/fixtures/int8.py` prints what PyTorch's `quantize_per_channel` gives.
    #[test]
    fn whole_numbers_and_scales_are_pytorchs() {
        let values: Vec<f32> =
            (0..24).map(|at| ((at * 7919 % 101) as f32 / 101.0 - 0.5) * (1.0 + (at % 4) as f32)).collect();
        let int8 = Int8::of(&values, 4);
        let expected = [
            -127, -25, 90, -87, 31, -127, -19, 106, -64, 41, -127, -11, 94, -60, 53, -127, -1, 108, -56, 66, -97, 7,
            124, -50,
        ];
        assert_eq!(int8.values, expected);
        for (scale, expected) in int8.scales.iter().zip([0.003_937_008, 0.007_406_252_4, 0.010_407_734, 0.012_941_452])
        {
            assert!((scale - expected).abs() < 1e-8, "{scale} {expected}");
        }
        let worst = int8.restored().iter().zip(&values).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        assert!(
            worst <= int8.scales.iter().copied().fold(0.0, f32::max) / 2.0 + 1e-7,
            "half a step at the most: {worst}"
        );
        assert_eq!(Int8::of(&[0.0, 1.0, 0.0, -2.0], 2).restored(), [0.0, 127.0f32.recip() * 2.0 * 64.0, 0.0, -2.0]);
    }

    #[test]
    fn what_was_stored_once_is_stored_alike_again() {
        let model: ModelSpec = serde_json::from_str(
            r#"[{"kind":"conv2d","filters":5},{"kind":"batch_norm"},{"kind":"flatten"},{"kind":"dense","units":3}]"#,
        )
        .unwrap();
        let network = model.build(Shape::image(6, 6, 2), 3).unwrap();
        let weights = network.init_weights(3);
        let once = network.stored(&weights, Precision::Int8);
        let twice = network.stored(&once, Precision::Int8);
        assert!(once.values().iter().zip(twice.values()).all(|(one, other)| (one - other).abs() <= 1e-6 * one.abs()));
        assert_ne!(once, weights);
        assert_eq!(network.stored(&weights, Precision::Float32), weights);
        for precision in [Precision::Float32, Precision::Float16, Precision::Int8] {
            let bytes = weights.to_safetensors(network.params(), "key", String::new(), precision).unwrap();
            let read = Weights::from_safetensors(network.params(), &bytes).unwrap();
            assert_eq!(read, network.stored(&weights, precision), "{precision:?}");
            let room = bytes.len() - network.stored_bytes(precision);
            assert!(room < 2000, "{precision:?}: {room} bytes of names");
        }
        let mut large = weights.clone();
        large.values_mut()[0] = 1e6;
        assert_eq!(network.stored(&large, Precision::Float16).values()[..2], large.values()[..2]);
        assert_eq!(f16::from_f32(0.1).to_f32(), 0.099_975_586);
        let kernels = 3 * 3 * 2 * 5 + 4 * 4 * 5 * 3;
        let others = 4 * (5 + 4 * 5 + 3);
        assert_eq!(network.stored_bytes(Precision::Int8), kernels + 4 * (5 + 3) + others);
        assert_eq!(network.stored_bytes(Precision::Float32), 4 * kernels + others);
    }
}
