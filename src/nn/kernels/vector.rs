//! Loops over slices.

use super::vectorized;

/// `sum += values`
pub fn add(sum: &mut [f32], values: &[f32]) {
    vectorized(|| {
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    });
}
