//! Products whose results stay in registers, a tile at a time, while the sum behind them runs.

use std::ops::Range;

use pulp::Simd;

/// A product that computes tiles of `ROWS` rows and `VECTORS` vectors, the last of which may be partly filled.
pub trait Tiled {
    /// Computes the tile whose first row and column these are. `width` is that of a row of the tile.
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    );
}

/// The most rows of a tile.
pub const MOST_ROWS: usize = 9;

/// Walks over `rows × columns` in tiles that fit into the registers.
#[inline(always)]
pub fn tiles<S: Simd>(simd: S, rows: usize, columns: Range<usize>, work: &mut impl Tiled) {
    let most = if S::REGISTER_COUNT >= 32 { MOST_ROWS } else { 4 };
    let parts = rows.div_ceil(most);
    for part in 0..parts {
        let (from, to) = (part * rows / parts, (part + 1) * rows / parts);
        let mut column = columns.start;
        while column < columns.end {
            let width = match columns.end - column {
                left if left >= 2 * S::F32_LANES => 2 * S::F32_LANES,
                left => left.min(S::F32_LANES),
            };
            if width == 2 * S::F32_LANES {
                tile_of::<S, 2, true>(simd, from, to - from, column, width, work);
            } else if width == S::F32_LANES {
                tile_of::<S, 1, true>(simd, from, to - from, column, width, work);
            } else {
                tile_of::<S, 1, false>(simd, from, to - from, column, width, work);
            }
            column += width;
        }
    }
}

/// A tile of as many rows as there are: each count has code of its own, since accumulators must be registers.
#[inline(always)]
fn tile_of<S: Simd, const VECTORS: usize, const FULL: bool>(
    simd: S,
    row: usize,
    rows: usize,
    column: usize,
    width: usize,
    work: &mut impl Tiled,
) {
    macro_rules! rows {
        ($($rows:literal)+) => {
            match rows {
                $($rows if $rows <= 4 || S::REGISTER_COUNT >= 32 => {
                    work.tile::<S, $rows, VECTORS, FULL>(simd, row, column, width);
                })+
                _ => {}
            }
        };
    }
    rows!(1 2 3 4 5 6 7 8 9);
}

/// What `std::array::from_fn` says, which is not inlined everywhere; a call would take all sums out of the registers.
#[inline(always)]
pub fn each_row<T: Copy, const ROWS: usize>(first: T, value: impl Fn(usize) -> T) -> [T; ROWS] {
    let mut values = [first; ROWS];
    for (row, slot) in values.iter_mut().enumerate() {
        *slot = value(row);
    }
    values
}

/// The first numbers of `values`. Of a vector that is filled in part, the rest is whatever follows: it is computed with,
/// and not stored.
#[inline(always)]
pub fn load<S: Simd, const VECTORS: usize, const FULL: bool>(simd: S, values: &[f32]) -> [S::f32s; VECTORS] {
    if FULL {
        let (vectors, _) = S::as_simd_f32s(values);
        each_row(simd.splat_f32s(0.0), |v| vectors[v])
    } else {
        let vector = match S::as_simd_f32s(values).0 {
            [vector, ..] => *vector,
            [] => simd.partial_load_f32s(values),
        };
        [vector; VECTORS]
    }
}

/// Writes the whole of `to`, which is shorter than a vector if that is filled in part.
#[inline(always)]
pub fn store<S: Simd, const VECTORS: usize, const FULL: bool>(simd: S, to: &mut [f32], from: [S::f32s; VECTORS]) {
    if FULL {
        let (vectors, _) = S::as_mut_simd_f32s(to);
        vectors[..VECTORS].copy_from_slice(&from);
    } else {
        simd.partial_store_f32s(to, from[0]);
    }
}

/// `sums[r] += a(r)·b` for every row of a tile.
#[inline(always)]
pub fn accumulate<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    sums: &mut [[S::f32s; VECTORS]; ROWS],
    a: impl Fn(usize) -> f32,
    b: [S::f32s; VECTORS],
) {
    for (row, sums) in sums.iter_mut().enumerate() {
        let a = simd.splat_f32s(a(row));
        for (sum, &b) in sums.iter_mut().zip(&b) {
            *sum = simd.mul_add_e_f32s(a, b, *sum);
        }
    }
}
