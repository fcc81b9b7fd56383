//! The transpose of a matrix, some rows at a time.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m256;

use pulp::Arch;
use rayon::prelude::*;

use super::arch;

/// Rows and columns of a tile that is transposed on its own, in registers.
const TILE: usize = 8;

type Tile = [[f32; TILE]; TILE];

/// Writes `[rows, columns]` as panels `[columns, panel]` of so many rows each, on all threads if there are several.
pub fn transpose(from: &[f32], to: &mut [f32], columns: usize, panel: usize) {
    let len = (panel * columns).max(1);
    to.par_chunks_mut(len).zip(from.par_chunks(len)).for_each(|(to, from)| {
        let rows = to.len() / columns;
        transpose_rows(from, to, [rows, columns], [columns, rows]);
    });
}

/// Writes `[rows, columns]` as `[columns, rows]`, on the calling thread. The strides are from one row to the next, before and after.
pub fn transpose_rows(from: &[f32], to: &mut [f32], sizes: [usize; 2], strides: [usize; 2]) {
    transpose_on(arch(), from, to, sizes, strides);
}

fn transpose_on(arch: Arch, from: &[f32], to: &mut [f32], sizes: [usize; 2], strides: [usize; 2]) {
    match arch {
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) => simd.vectorize(
            #[inline(always)]
            || tile_by_tile(from, to, sizes, strides, |tile| in_registers(simd, tile)),
        ),
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => transpose_on(Arch::V3(*simd), from, to, sizes, strides),
        _ => tile_by_tile(from, to, sizes, strides, number_by_number),
    }
}

#[inline(always)]
fn tile_by_tile(
    from: &[f32],
    to: &mut [f32],
    [rows, columns]: [usize; 2],
    [stride, stride_after]: [usize; 2],
    transposed: impl Fn(Tile) -> Tile,
) {
    for column in (0..columns).step_by(TILE) {
        for row in (0..rows).step_by(TILE) {
            let (from, to) = (&from[row * stride + column..], &mut to[column * stride_after + row..]);
            let (height, width) = (TILE.min(rows - row), TILE.min(columns - column));
            if (height, width) == (TILE, TILE) {
                let mut tile = [[0.0; TILE]; TILE];
                for (row, tile) in tile.iter_mut().enumerate() {
                    tile.copy_from_slice(&from[row * stride..][..TILE]);
                }
                for (column, tile) in transposed(tile).iter().enumerate() {
                    to[column * stride_after..][..TILE].copy_from_slice(tile);
                }
            } else {
                for at in 0..height * width {
                    to[at % width * stride_after + at / width] = from[at / width * stride + at % width];
                }
            }
        }
    }
}

fn number_by_number(tile: Tile) -> Tile {
    std::array::from_fn(|column| tile.map(|row| row[column]))
}

/// Compilers do not find these steps by themselves: pairs of rows, then pairs of pairs, then halves. All of it has to become
/// part of its caller, which alone may use the instructions, and so nothing is left to `map`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn in_registers(simd: pulp::x86::V3, tile: Tile) -> Tile {
    let [a, b, c, d, e, f, g, h]: [__m256; TILE] = pulp::cast(tile);
    let [a, b, c, d] = fours(simd, [a, b, c, d]);
    let [e, f, g, h] = fours(simd, [e, f, g, h]);
    let ([a, e], [b, f]) = (halves(simd, a, e), halves(simd, b, f));
    let ([c, g], [d, h]) = (halves(simd, c, g), halves(simd, d, h));
    pulp::cast([a, b, c, d, e, f, g, h])
}

/// Of four rows the columns 0 and 4, 1 and 5, 2 and 6, 3 and 7.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fours(simd: pulp::x86::V3, [a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    let avx = simd.avx;
    let (ab, cd) = (avx._mm256_unpacklo_ps(a, b), avx._mm256_unpacklo_ps(c, d));
    let (low, next) = (avx._mm256_shuffle_ps::<0x44>(ab, cd), avx._mm256_shuffle_ps::<0xEE>(ab, cd));
    let (ab, cd) = (avx._mm256_unpackhi_ps(a, b), avx._mm256_unpackhi_ps(c, d));
    [low, next, avx._mm256_shuffle_ps::<0x44>(ab, cd), avx._mm256_shuffle_ps::<0xEE>(ab, cd)]
}

/// The lower halves of two registers, and the upper ones.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn halves(simd: pulp::x86::V3, a: __m256, b: __m256) -> [__m256; 2] {
    [simd.avx._mm256_permute2f128_ps::<0x20>(a, b), simd.avx._mm256_permute2f128_ps::<0x31>(a, b)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::every_arch;
    use ndarray::ArrayView2;

    #[test]
    fn a_transpose_has_rows_for_columns() {
        for (rows, columns) in [(1, 1), (3, 70), (65, 17), (300, 128)] {
            let from: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            for panel in [rows, 64] {
                for arch in every_arch() {
                    let mut to = vec![f32::NAN; from.len()];
                    for (to, from) in to.chunks_mut(panel * columns).zip(from.chunks(panel * columns)) {
                        let rows = from.len() / columns;
                        transpose_on(arch, from, to, [rows, columns], [columns, rows]);
                        let from = ArrayView2::from_shape((from.len() / columns, columns), from).unwrap();
                        assert!(from.t().iter().eq(to.iter()), "{rows}×{columns} by {panel}, {arch:?}");
                    }
                    let mut whole = vec![f32::NAN; from.len()];
                    transpose(&from, &mut whole, columns, panel);
                    assert_eq!(whole, to);
                }
            }
        }
    }
}
