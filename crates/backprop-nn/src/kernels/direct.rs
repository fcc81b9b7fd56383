//! Products of small matrices, which a product that first packs its operands would spend much of its time packing.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::arch;
use super::matmul::{Matrix, MatrixMut, Write, matmul};
use super::tile::{MOST_ROWS, Tiled, accumulate, load, store, tiles};
use super::vector::add;

/// A matrix in a slice.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// From its first number on.
    pub values: &'a [f32],
    /// From one row to the next.
    pub row: usize,
    /// From one column to the next.
    pub column: usize,
}

impl<'a> Operand<'a> {
    /// With the numbers of a row one after the other.
    pub fn rows(values: &'a [f32], stride: usize) -> Self {
        Self { values, row: stride, column: 1 }
    }

    /// The transpose, without moving a number.
    #[must_use]
    pub fn t(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }
}

/// Which numbers of a matrix of weights can be other than zero, where a step sees none after it. `first` is the step of the first query.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// All of them.
    All,
    /// The result is the weights, a row for each key: of query `i` those of the keys up to `first + i` are computed, and few others.
    Weights {
        /// The step of the first query.
        first: usize,
    },
    /// The left operand is the transpose of the weights.
    Queries {
        /// The step of the first query.
        first: usize,
    },
    /// The left operand is the weights.
    Keys {
        /// The step of the first query.
        first: usize,
    },
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nothing: the product replaces what was there.
    Zero,
    /// What was there.
    Out,
    /// This row, in every row of the result: a bias.
    Row(&'a [f32]),
    /// The same, and when the sum is done these rows, which lie like the result: those of a skip connection.
    Skip {
        /// The row.
        row: &'a [f32],
        /// The rows.
        rows: &'a [f32],
    },
}

impl<'a> Start<'a> {
    /// A bias, and the rows of a skip connection unless there are none.
    pub fn of(row: &'a [f32], rows: &'a [f32]) -> Self {
        if rows.is_empty() { Self::Row(row) } else { Self::Skip { row, rows } }
    }
}

/// `out = a·b`, added to `start`, with `a` `[rows, inner]` and `b` `[inner, columns]`, each with one row after the other: the faster of
/// the two ways to compute it.
pub fn product(out: &mut [f32], a: &[f32], b: &[f32], [rows, inner, columns]: [usize; 3], start: Start<'_>) {
    if rows >= MOST_ROWS && inner * columns <= MOST_NUMBERS && arch().dispatch(HasManyRegisters) {
        let (a, b) = (Operand::rows(a, inner), Operand::rows(b, columns));
        let sizes = [rows, inner, columns];
        return Product { sizes, a, b, out, stride: columns, part: Part::All, start }.run();
    }
    let write = match start {
        Start::Zero => Write::Replace,
        Start::Out => Write::Add,
        Start::Row(row) | Start::Skip { row, .. } => {
            out[..rows * columns].chunks_exact_mut(columns).for_each(|out| out.copy_from_slice(row));
            Write::Add
        }
    };
    let (a, b) = (Matrix::new(a, rows, inner), Matrix::new(b, inner, columns));
    matmul(MatrixMut::new(&mut *out, rows, columns), a, b, write);
    if let Start::Skip { rows, .. } = start {
        add(out, rows);
    }
}

/// Numbers of a right operand that stays in a core's own cache while all rows go over it.
pub const MOST_NUMBERS: usize = 131_072;

/// Whether a tile is large enough that its sums wait neither for one another nor for the operands.
struct HasManyRegisters;

impl WithSimd for HasManyRegisters {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> bool {
        S::REGISTER_COUNT >= 32
    }
}

/// `out = a·b`, added to `start`, with `a` `[rows, inner]` and `b` `[inner, columns]`, whose rows lie one number after the other.
#[derive(Debug)]
pub struct Product<'a> {
    /// Rows, inner, columns.
    pub sizes: [usize; 3],
    /// The left operand.
    pub a: Operand<'a>,
    /// The right operand, with one number after the other in a row.
    pub b: Operand<'a>,
    /// From the first number on.
    pub out: &'a mut [f32],
    /// From one row of `out` to the next.
    pub stride: usize,
    /// What can be left out.
    pub part: Part,
    /// What it is added to.
    pub start: Start<'a>,
}

impl Product<'_> {
    /// Computes it.
    pub fn run(self) {
        assert_eq!(self.b.column, 1, "rows of the right operand of a direct product");
        arch().dispatch(self);
    }

    /// The part of the sum that is not zero for some rows.
    #[inline(always)]
    fn inner(&self, row: usize, rows: usize) -> Range<usize> {
        let [_, inner, _] = self.sizes;
        match self.part {
            Part::All | Part::Weights { .. } => 0..inner,
            Part::Queries { first } => 0..inner.min(first + row + rows),
            Part::Keys { first } => row.saturating_sub(first).min(inner)..inner,
        }
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let [rows, _, columns] = self.sizes;
        tiles(simd, rows, 0..columns, &mut self);
    }
}

impl Tiled for Product<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    ) {
        if let Part::Weights { first } = self.part {
            if row >= first + column + width {
                return;
            }
            if VECTORS == 2 && row >= first + column + S::F32_LANES {
                return self.tile::<S, ROWS, 1, FULL>(simd, row, column + S::F32_LANES, S::F32_LANES);
            }
        }
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        match self.start {
            Start::Zero => {}
            Start::Out => {
                for (r, sums) in sums.iter_mut().enumerate() {
                    *sums = load::<S, VECTORS, FULL>(simd, &self.out[(row + r) * self.stride + column..][..width]);
                }
            }
            Start::Row(values) | Start::Skip { row: values, .. } => {
                // The rows of an activation were last written a step ago: they are fetched while the sums run.
                for r in 0..ROWS {
                    prefetch(&self.out[(row + r) * self.stride + column..][..width]);
                }
                sums = [load::<S, VECTORS, FULL>(simd, &values[column..][..width]); ROWS];
            }
        }
        let a = &self.a.values[row * self.a.row..];
        for k in self.inner(row, ROWS) {
            let a = &a[k * self.a.column..];
            let b = load::<S, VECTORS, FULL>(simd, &self.b.values[k * self.b.row + column..]);
            accumulate(simd, &mut sums, |r| a[r * self.a.row], b);
        }
        if let Start::Skip { rows, .. } = self.start {
            for (r, sums) in sums.iter_mut().enumerate() {
                let skip = load::<S, VECTORS, FULL>(simd, &rows[(row + r) * self.stride + column..][..width]);
                sums.iter_mut().zip(skip).for_each(|(sum, skip)| *sum = simd.add_f32s(*sum, skip));
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            store::<S, VECTORS, FULL>(simd, &mut self.out[(row + r) * self.stride + column..][..width], sums);
        }
    }
}

/// Tells the processor that these numbers are going to be written.
#[inline(always)]
fn prefetch(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
        #[expect(unsafe_code, reason = "a hint that reads nothing, for a place inside of a slice")]
        // SAFETY: it changes no number and faults at no address.
        unsafe {
            _mm_prefetch::<_MM_HINT_ET0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// Numbers of a cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::every_arch;

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin()).collect()
    }

    #[test]
    fn products_agree_with_their_definition() {
        for [rows, inner, columns] in [[1, 1, 1], [9, 5, 16], [20, 33, 40], [64, 32, 64], [7, 64, 3]] {
            for is_transposed in [false, true] {
                for arch in every_arch() {
                    let (a, b) = (numbers(rows * inner, 0.37), numbers(inner * (columns + 2), 0.71));
                    let operand = if is_transposed { Operand::rows(&a, rows).t() } else { Operand::rows(&a, inner) };
                    let stride = columns + 1;
                    let mut out = vec![1.0; rows * stride];
                    arch.dispatch(Product {
                        sizes: [rows, inner, columns],
                        a: operand,
                        b: Operand::rows(&b, columns + 2),
                        out: &mut out,
                        stride,
                        part: Part::All,
                        start: Start::Out,
                    });
                    for (at, got) in out.iter().enumerate() {
                        let (i, j) = (at / stride, at % stride);
                        let left = |k: usize| if is_transposed { a[k * rows + i] } else { a[i * inner + k] };
                        let sum: f32 = (0..inner).map(|k| left(k) * b[k * (columns + 2) + j]).sum();
                        let expected = if j < columns { 1.0 + sum } else { 1.0 };
                        assert!((got - expected).abs() < 1e-4, "{i}, {j}: {got}, not {expected}");
                    }
                }
            }
        }
    }

    /// By tiles and by the packed product, with every start.
    #[test]
    fn both_ways_of_a_product_agree_with_the_definition() {
        for [rows, inner, columns] in [[3, 4, 70], [20, 5, 33], [10, 3, MOST_NUMBERS / 2]] {
            let (a, b) = (numbers(rows * inner, 0.37), numbers(inner * columns, 0.71));
            let row = numbers(columns, 0.11);
            let skip = numbers(rows * columns, 0.23);
            for start in [Start::Zero, Start::Out, Start::Row(&row), Start::of(&row, &skip)] {
                let mut out = vec![2.0; rows * columns];
                product(&mut out, &a, &b, [rows, inner, columns], start);
                for (at, got) in out.iter().enumerate() {
                    let (i, j) = (at / columns, at % columns);
                    let first = match start {
                        Start::Zero => 0.0,
                        Start::Out => 2.0,
                        Start::Row(row) => row[j],
                        Start::Skip { row, rows } => row[j] + rows[at],
                    };
                    let expected = first + (0..inner).map(|k| a[i * inner + k] * b[k * columns + j]).sum::<f32>();
                    assert!((got - expected).abs() < 1e-4, "{start:?}, {i}, {j}: {got}, not {expected}");
                }
            }
        }
    }

    /// What is left out where a step sees none after it does not change the result.
    #[test]
    fn parts_agree_with_the_whole() {
        let (queries, keys, width, first) = (11, 17, 5, 6);
        let mut weights = numbers(queries * keys, 0.3);
        for (at, weight) in weights.iter_mut().enumerate() {
            if at % keys > first + at / keys {
                *weight = 0.0;
            }
        }
        let (values, grads) = (numbers(keys * width, 0.9), numbers(queries * width, 0.4));
        let run = |sizes: [usize; 3], a: Operand<'_>, b: &[f32], part: Part| {
            let mut out = vec![f32::NAN; sizes[0] * width];
            let (b, out_mut) = (Operand::rows(b, width), &mut out[..]);
            Product { sizes, a, b, out: out_mut, stride: width, part, start: Start::Zero }.run();
            out
        };
        let weights = Operand::rows(&weights, keys);
        let sizes = [queries, keys, width];
        assert_eq!(run(sizes, weights, &values, Part::Queries { first }), run(sizes, weights, &values, Part::All));
        let (sizes, weights) = ([keys, queries, width], weights.t());
        assert_eq!(run(sizes, weights, &grads, Part::Keys { first }), run(sizes, weights, &grads, Part::All));
    }

    #[test]
    fn weights_that_count_are_all_computed() {
        let (queries, keys, width, first) = (48, 60, 5, 11);
        let (left, right) = (numbers(keys * width, 0.9), numbers(width * queries, 0.4));
        for arch in every_arch() {
            let run = |part: Part| {
                let mut out = vec![f32::NAN; keys * queries];
                let (a, b) = (Operand::rows(&left, width), Operand::rows(&right, queries));
                let (sizes, out_mut) = ([keys, width, queries], &mut out[..]);
                arch.dispatch(Product { sizes, a, b, out: out_mut, stride: queries, part, start: Start::Zero });
                out
            };
            let (some, all) = (run(Part::Weights { first }), run(Part::All));
            assert!(some.iter().any(|weight| weight.is_nan()), "none is left out");
            for (at, (weight, expected)) in some.iter().zip(all).enumerate() {
                let (key, query) = (at / queries, at % queries);
                assert!(key > first + query || *weight == expected, "key {key}, query {query}: {weight}");
            }
        }
    }
}
