//! Loops over slices, and the functions that they apply to every number.
//!
//! The functions are free of branches and calls, so that a loop inside [`vectorized`] runs them on whole vectors. They
//! multiply and add in two roundings, since not every processor can do it in one: so every processor gives the same bits.

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

use super::vectorized;

/// `sum += values`
pub fn add(sum: &mut [f32], values: &[f32]) {
    vectorized!({
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    });
}

/// Adds `row` to every row of `values`, `[n, row]`.
pub fn add_rows(values: &mut [f32], row: &[f32]) {
    vectorized!({
        for values in values.chunks_exact_mut(row.len()) {
            for (value, add) in values.iter_mut().zip(row) {
                *value += add;
            }
        }
    });
}

/// `values *= by`
pub fn scale(values: &mut [f32], by: f32) {
    vectorized!({
        for value in values {
            *value *= by;
        }
    });
}

/// Multiplies every row of `values`, `[n, row]`, by `row`, number by number.
pub fn scale_rows(values: &mut [f32], row: &[f32]) {
    vectorized!({
        for values in values.chunks_exact_mut(row.len()) {
            for (value, by) in values.iter_mut().zip(row) {
                *value *= by;
            }
        }
    });
}

/// Adds the sum over the rows of `values`, `[n, sum]`, to `sum`.
pub fn sum_rows(sum: &mut [f32], values: &[f32]) {
    let width = sum.len();
    let fours = values.chunks_exact(4 * width);
    let rest = fours.remainder();
    vectorized!({
        // Four rows at a time, in their order, so that a sum is read and written once for all of them.
        for rows in fours {
            let (low, high) = rows.split_at(2 * width);
            let ((a, b), (c, d)) = (low.split_at(width), high.split_at(width));
            for ((((sum, a), b), c), d) in sum.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum = *sum + a + b + c + d;
            }
        }
        for row in rest.chunks_exact(width) {
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += value;
            }
        }
    });
}

/// `eˣ` with a relative error under 2e-7; 0 below -87, where it has no normal number left, and infinity above 88.7.
///
/// `eˣ = 2ⁿ·eʳ` with a whole `n` and `|r| ≤ ln 2 / 2`, where `eʳ` is the polynomial of Cephes' `expf`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Added to a small number, it leaves no place for a fraction, and the whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Written so that NaN stays NaN.
    let x = if x < -87.35 { -87.35 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let rounded = x * LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let p = ((((1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r + 1.666_666_5e-1) * r;
    let p = (p + 0.5) * (r * r) + r + 1.0;
    // The bits of 2ⁿ⁻¹, which exists for every n up to 128 and is 0 for the smallest, -126.
    let half = f32::from_bits((rounded.to_bits() << 23).wrapping_add(126 << 23));
    p * half * 2.0
}

/// `1 / (1 + e⁻ᶻ)` with an absolute error under 1.5e-7.
#[inline(always)]
pub fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + exp(-z))
}

/// The hyperbolic tangent with an absolute error under 5e-7, odd and true to its relative size near zero: the quotient
/// of two polynomials that Eigen uses, exactly ±1 from 7.9 on.
#[inline(always)]
pub fn tanh(z: f32) -> f32 {
    const END: f32 = 7.905_311;
    let z = if z < -END { -END } else { z };
    let z = if z > END { END } else { z };
    let s = z * z;
    let p = (((-2.760_768_5e-16 * s + 2.000_188e-13) * s - 8.604_672e-11) * s + 5.122_297e-8) * s;
    let p = ((p + 1.485_722_4e-5) * s + 6.372_619_3e-4) * s + 4.893_524_6e-3;
    let q = ((1.198_258_4e-6 * s + 1.185_347_1e-4) * s + 2.268_434_6e-3) * s + 4.893_525e-3;
    z * p / q
}

/// `exp(-z² / 2)` with an absolute error under 2.5e-7; 0 beyond 13.2.
///
/// `2ʷ = 2ⁿ·2ʳ` with `w = -z²·log₂(e) / 2`, a whole `n` and `|r| ≤ ½`, where `2·2ʳ` is a polynomial with the least relative error, 2e-8, and
/// its terms are added two by two, so that they do not all wait for one another.
#[inline(always)]
fn bell(z: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let w = z * z * (-0.5 * LOG2_E);
    // Written so that NaN stays NaN.
    let w = if w < -126.0 { -126.0 } else { w };
    let rounded = w + ROUND;
    let r = w - (rounded - ROUND);
    let s = r * r;
    let high = (1.923_697_8e-2 + 2.679_986_2e-3 * r) + s * 3.069_162e-4;
    let p = (2.0 + 1.386_294_4 * r) + s * ((0.480_452_9 + 0.111_006_57 * r) + s * high);
    // The bits of 2ⁿ⁻¹, which is 0 for the smallest n, -126.
    p * f32::from_bits((rounded.to_bits() << 23).wrapping_add(126 << 23))
}

/// The density of the normal distribution.
#[inline(always)]
pub fn normal_density(z: f32) -> f32 {
    const ONE_OVER_SQRT_TWO_PI: f32 = 0.398_942_3;
    ONE_OVER_SQRT_TWO_PI * bell(z)
}

/// The share of the normal distribution below `z` with an absolute error under 5e-7 (Abramowitz & Stegun 7.1.26).
#[inline(always)]
pub fn normal_cdf(z: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * FRAC_1_SQRT_2 * z.abs());
    let s = t * t;
    let p = t * ((0.254_829_6 - 0.284_496_74 * t) + s * ((1.421_413_7 - 1.453_152 * t) + s * 1.061_405_4));
    let tail = 0.5 * p * bell(z);
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// The natural logarithm of a normal positive number with an absolute error under 1e-7 of its size, or of 1: the
/// polynomial of Cephes' `logf`.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    const ROOT_HALF: i32 = 0x3f35_04f3;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let exponent = (x.to_bits() as i32 - ROOT_HALF) >> 23;
    let (z, n) = (f32::from_bits((x.to_bits() as i32 - (exponent << 23)) as u32) - 1.0, exponent as f32);
    let p = (((7.037_683_6e-2 * z - 1.151_461e-1) * z + 1.167_699_9e-1) * z - 1.242_014_1e-1) * z + 1.424_932_3e-1;
    let p = (((p * z - 1.666_805_8e-1) * z + 2.000_071_5e-1) * z - 2.499_999_4e-1) * z + 3.333_333e-1;
    z + (p * z * z * z + n * LN_2_LOW - 0.5 * z * z) + n * LN_2_HIGH
}

/// Sine and cosine of a share of a full turn with an absolute error under 2e-7 from -1 to 1.
#[inline(always)]
pub fn sin_cos_of_turn(share: f32) -> (f32, f32) {
    const ROUND: f32 = 12_582_912.0;
    let rounded = 4.0 * share + ROUND;
    let quarter = rounded.to_bits() & 3;
    let angle = (share - 0.25 * (rounded - ROUND)) * std::f32::consts::TAU;
    let z = angle * angle;
    let sin = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * angle + angle;
    let cos = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z - 0.5 * z + 1.0;
    let (one, other) = if quarter & 1 == 1 { (cos, sin) } else { (sin, cos) };
    let one = if quarter >= 2 { -one } else { one };
    (one, if quarter == 1 || quarter == 2 { -other } else { other })
}

/// Sine and cosine of an angle with an absolute error under 1e-6 for angles up to 100.
#[inline(always)]
pub fn sin_cos(angle: f32) -> (f32, f32) {
    sin_cos_of_turn(angle * (0.5 * std::f32::consts::FRAC_1_PI))
}

/// The sum of the products, added up in sixteen parts so that it runs on vectors.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    vectorized!({
        for (a, b) in a.iter().zip(b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
    });
    sums.iter().sum::<f32>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f32>()
}

/// Turns pairs of numbers uniform in 0 to 1, zero excluded from the first, into pairs of the normal distribution with this
/// deviation (Box & Muller 1958).
pub fn normal_pairs(first: &mut [f32], second: &mut [f32], deviation: f32) {
    vectorized!({
        for (first, second) in first.iter_mut().zip(second) {
            let length = deviation * (-2.0 * ln(*first)).sqrt();
            let (sin, cos) = sin_cos_of_turn(*second);
            (*first, *second) = (length * cos, length * sin);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Arch;

    /// Numbers from -`end` to `end`, closer together near zero, and those at which things go wrong.
    fn sweep(end: f32) -> Vec<f32> {
        let share = |at: i32| at as f32 / 400_000.0;
        let special = [0.0, -0.0, f32::MIN_POSITIVE, 1e-40, f32::MAX, f32::INFINITY, 87.4, 88.8, 89.5, 104.0, 1e4];
        let dense = (-400_000..=400_000).flat_map(|at| [share(at) * end, share(at).powi(5) * end]);
        dense.chain(special).chain(special.map(|x| -x)).collect()
    }

    /// The largest error of `f` against `exact`, both on vectors and without, which have to agree to the bit.
    fn largest_error(
        end: f32,
        f: impl Fn(f32) -> f32 + Copy,
        exact: impl Fn(f64) -> f64,
        error: fn(f64, f64) -> f64,
    ) -> f64 {
        let inputs = sweep(end);
        let run = |arch: Arch| {
            let mut values = [&inputs[..], &[f32::NAN; 40]].concat();
            arch.dispatch(|| values.iter_mut().for_each(|value| *value = f(*value)));
            values
        };
        let (portable, fast) = (run(Arch::Scalar), run(Arch::new()));
        assert!(portable[inputs.len()..].iter().chain(&fast[inputs.len()..]).all(|value| value.is_nan()));
        let mut largest = 0.0f64;
        for ((x, portable), fast) in inputs.iter().zip(&portable).zip(&fast) {
            assert_eq!(portable.to_bits(), fast.to_bits(), "at {x}");
            let expected = exact(f64::from(*x));
            let error = if f64::from(*fast) == expected { 0.0 } else { error(f64::from(*fast), expected) };
            assert!(error.is_finite(), "{fast} at {x}, not {expected}");
            largest = largest.max(error);
        }
        largest
    }

    fn absolute(got: f64, expected: f64) -> f64 {
        (got - expected).abs()
    }

    #[test]
    fn exp_is_exact_to_the_last_bits() {
        // Beyond the largest and below the smallest normal number, infinity and zero are right.
        let relative = |got: f64, expected: f64| match () {
            () if expected > f64::from(f32::MAX) && got.is_infinite() => 0.0,
            () if expected < 2e-38 => (got - expected).abs(),
            () => ((got - expected) / expected).abs(),
        };
        let error = largest_error(90.0, exp, f64::exp, relative);
        assert!(error < 2e-7, "{error}");
    }

    #[test]
    fn logarithm_sine_and_cosine_are_as_exact_as_they_say() {
        let (mut of_ln, mut of_sin, mut of_cos) = (0.0f64, 0.0f64, 0.0f64);
        for at in 1..=1 << 20 {
            let x = at as f32 / (1 << 20) as f32;
            for x in [x, x.powi(4), x * 1e3] {
                let exact = f64::from(x).ln();
                of_ln = of_ln.max(absolute(f64::from(ln(x)), exact) / exact.abs().max(1.0));
            }
            let (sin, cos) = sin_cos_of_turn(x);
            let exact = (std::f64::consts::TAU * f64::from(x)).sin_cos();
            of_sin = of_sin.max(absolute(f64::from(sin), exact.0));
            of_cos = of_cos.max(absolute(f64::from(cos), exact.1));
        }
        assert!(of_ln < 1e-7 && of_sin < 2e-7 && of_cos < 2e-7, "{of_ln}, {of_sin}, {of_cos}");
    }

    #[test]
    fn sigmoid_tanh_and_the_normal_distribution_are_as_exact_as_they_say() {
        let error = largest_error(30.0, sigmoid, |z| 1.0 / (1.0 + (-z).exp()), absolute);
        assert!(error < 1.5e-7, "sigmoid: {error}");
        let error = largest_error(12.0, tanh, f64::tanh, absolute);
        assert!(error < 5e-7, "tanh: {error}");
        let error =
            largest_error(12.0, normal_cdf, |z| 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2), absolute);
        assert!(error < 5e-7, "normal distribution: {error}");
        let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let error = largest_error(12.0, normal_density, density, absolute);
        assert!(error < 1e-7, "its density: {error}");
    }
}
