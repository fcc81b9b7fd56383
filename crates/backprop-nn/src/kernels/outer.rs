//! The gradient of a dense kernel: outer products summed over all samples of a batch.

use pulp::{Simd, WithSimd};

use super::arch;
use super::tile::{Tiled, accumulate, load, store, tiles};

/// `sum[k, u] = Σ x[s, first + k]·dz[s, u]` over the samples of all shards in their order, where `sum` is `[rows, units]`
/// and each shard is a pair of `x`, `[samples, inputs]`, and `dz`, `[samples, units]`.
pub fn sum(shards: &[(&[f32], &[f32])], inputs: usize, units: usize, first: usize, sum: &mut [f32]) {
    sum.fill(0.0);
    shards.iter().for_each(|(x, dz)| add_rows(x, dz, [inputs, units], first, sum));
}

/// `sum[k, u] += Σ x[s, k]·dz[s, u]`, where `sum` is `[inputs, units]`, `x` `[samples, inputs]` and `dz` `[samples, units]`.
pub fn add(x: &[f32], dz: &[f32], [inputs, units]: [usize; 2], sum: &mut [f32]) {
    // The inputs lie in memory since the forward pass, and memory is read faster in its order than by columns.
    touch(x);
    add_rows(x, dz, [inputs, units], 0, sum);
}

/// Reads a number of every cache line.
fn touch(values: &[f32]) {
    const LINE: usize = 16;
    std::hint::black_box(values.iter().step_by(LINE).fold(0, |all, value| all | value.to_bits()));
}

fn add_rows(x: &[f32], dz: &[f32], [inputs, units]: [usize; 2], first: usize, sum: &mut [f32]) {
    let samples = (PART / units).clamp(SAMPLES, 8 * SAMPLES);
    for (x, dz) in x.chunks(samples * inputs).zip(dz.chunks(samples * units)) {
        arch().dispatch(Outer { x, dz, inputs, units, first, sum: &mut *sum });
    }
}

/// Gradients of about so many numbers stay in the cache while all rows of the sum go over them, but not those of fewer samples than pay
/// for the way of the sum into the registers and back.
const PART: usize = 65_536;
const SAMPLES: usize = 64;

struct Outer<'a> {
    x: &'a [f32],
    dz: &'a [f32],
    inputs: usize,
    units: usize,
    first: usize,
    sum: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        tiles(simd, self.sum.len() / self.units, 0..self.units, &mut self);
    }
}

impl Tiled for Outer<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        for (r, sums) in sums.iter_mut().enumerate() {
            *sums = load::<S, VECTORS, FULL>(simd, &self.sum[(row + r) * self.units + column..][..width]);
        }
        let mut at = column;
        for x in self.x.chunks_exact(self.inputs) {
            let x = &x[self.first + row..][..ROWS];
            accumulate(simd, &mut sums, |r| x[r], load::<S, VECTORS, FULL>(simd, &self.dz[at..]));
            at += self.units;
        }
        for (r, sums) in sums.into_iter().enumerate() {
            store::<S, VECTORS, FULL>(simd, &mut self.sum[(row + r) * self.units + column..][..width], sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::every_arch;

    #[test]
    fn sums_of_outer_products_agree_with_their_definition() {
        let numbers = |len: usize, step: f32| (0..len).map(|i| (i as f32 * step).sin()).collect::<Vec<f32>>();
        for (inputs, units, first, rows) in [(1, 1, 0, 1), (40, 10, 7, 30), (20, 64, 0, 20), (13, 50, 1, 12)] {
            let shards = [5, 16, 1].map(|samples| (numbers(samples * inputs, 0.3), numbers(samples * units, 0.7)));
            let mut expected = vec![0.0; rows * units];
            for (x, dz) in &shards {
                for (x, dz) in x.chunks_exact(inputs).zip(dz.chunks_exact(units)) {
                    for (at, expected) in expected.iter_mut().enumerate() {
                        *expected += x[first + at / units] * dz[at % units];
                    }
                }
            }
            let shards = shards.each_ref().map(|(x, dz)| (&x[..], &dz[..]));
            for arch in every_arch() {
                let mut got = vec![0.0; rows * units];
                for (x, dz) in shards {
                    arch.dispatch(Outer { x, dz, inputs, units, first, sum: &mut got });
                }
                for (got, expected) in got.iter().zip(&expected) {
                    assert!((got - expected).abs() < 1e-4, "{inputs}, {units}, {arch:?}: {got}, not {expected}");
                }
            }
        }
    }
}
