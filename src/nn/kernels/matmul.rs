//! The matrix product, behind which the crate `gemm` can be exchanged, and the sums that go with it.

/// A matrix that lies in a slice row by row, or its transpose.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// The first `rows × cols` numbers of `values`.
    pub fn new(values: &'a [f32], rows: usize, cols: usize) -> Self {
        Self { values: &values[..rows * cols], rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The transpose, without moving a number.
    #[must_use]
    pub fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// `out = keep·out + a·b`, where `keep` is 0 or 1 and `out` is row-major `[a.rows, b.cols]`.
///
/// Runs on the calling thread alone, so that a shard's result never depends on how many threads there are.
#[expect(unsafe_code, reason = "gemm takes pointers and strides; the slices below bound every access")]
pub fn matmul(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, keep: f32) {
    assert_eq!(a.cols, b.rows, "inner sizes of a matrix product");
    let (rows, inner, cols) = (a.rows, a.cols, b.cols);
    let out = &mut out[..rows * cols];
    if rows == 0 || cols == 0 {
        return;
    }
    // SAFETY: `Matrix::new` and the slice above prove that each matrix holds rows × cols numbers at its strides,
    // and `out` is borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe {
        gemm::gemm(
            rows,
            cols,
            inner,
            out.as_mut_ptr(),
            1,
            cols as isize,
            keep != 0.0,
            a.values.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            keep,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Adds `row` to every row of `values`, `[n, row]`.
pub fn add_rows(values: &mut [f32], row: &[f32]) {
    for values in values.chunks_exact_mut(row.len()) {
        for (value, add) in values.iter_mut().zip(row) {
            *value += add;
        }
    }
}

/// Adds the sum over the rows of `values`, `[n, sum]`, to `sum`.
pub fn sum_rows(sum: &mut [f32], values: &[f32]) {
    for values in values.chunks_exact(sum.len()) {
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::ArrayView2;

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin() * 2.0).collect()
    }

    /// The product of ndarray is the twin that the fast one is held against.
    #[test]
    fn products_agree_with_ndarray() {
        for (rows, inner, cols) in [(1, 1, 1), (3, 7, 5), (32, 784, 128), (121, 288, 64), (16, 10, 1)] {
            let (a, b) = (numbers(rows * inner, 0.37), numbers(inner * cols, 0.71));
            let view = |v, r, c| ArrayView2::from_shape((r, c), v).unwrap();
            let expected = view(&a, rows, inner).dot(&view(&b, inner, cols));
            let mut out = vec![1.0; rows * cols];
            matmul(&mut out, Matrix::new(&a, rows, inner), Matrix::new(&b, inner, cols), 1.0);
            for (got, want) in out.iter().zip(&expected) {
                assert!((got - 1.0 - want).abs() < 1e-3, "{rows}×{inner}×{cols}: {got} against 1 + {want}");
            }
            let transposed: Vec<f32> = view(&a, rows, inner).t().iter().copied().collect();
            matmul(&mut out, Matrix::new(&transposed, inner, rows).t(), Matrix::new(&b, inner, cols), 0.0);
            for (got, want) in out.iter().zip(&expected) {
                assert!((got - want).abs() < 1e-3);
            }
        }
    }
}
