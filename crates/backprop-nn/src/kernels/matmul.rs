//! The matrix product, behind which the crate `gemm` can be exchanged.

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
        Self::strided(values, rows, cols, cols)
    }

    /// Rows of `cols` numbers that begin `stride` numbers apart.
    pub fn strided(values: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        Self { values: &values[..extent(rows, cols, stride)], rows, cols, row_stride: stride, col_stride: 1 }
    }

    /// The transpose, without moving a number.
    #[must_use]
    pub fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// A matrix to be written, row by row.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// The first `rows × cols` numbers of `values`.
    pub fn new(values: &'a mut [f32], rows: usize, cols: usize) -> Self {
        Self::strided(values, rows, cols, cols)
    }

    /// Rows of `cols` numbers that begin `stride` numbers apart.
    pub fn strided(values: &'a mut [f32], rows: usize, cols: usize, stride: usize) -> Self {
        Self { values: &mut values[..extent(rows, cols, stride)], rows, cols, row_stride: stride }
    }
}

/// Numbers from the first to the last of a matrix.
fn extent(rows: usize, cols: usize, stride: usize) -> usize {
    assert!(cols <= stride, "rows of a matrix overlap");
    if rows == 0 || cols == 0 { 0 } else { (rows - 1) * stride + cols }
}

/// Whether a product replaces what is there or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The product replaces what was there.
    Replace,
    /// The product is added to what was there.
    Add,
}

/// `out = a·b` or `out += a·b`.
///
/// Runs on the calling thread alone, so that a shard's result never depends on how many threads there are.
#[expect(unsafe_code, reason = "gemm takes pointers and strides; the slices below bound every access")]
pub fn matmul(out: MatrixMut<'_>, a: Matrix<'_>, b: Matrix<'_>, write: Write) {
    assert_eq!((out.rows, out.cols, a.cols), (a.rows, b.cols, b.rows), "sizes of a matrix product");
    if out.rows == 0 || out.cols == 0 {
        return;
    }
    let add = write == Write::Add;
    // SAFETY: `strided` proves that each matrix holds all its numbers at its strides, the sizes agree as asserted, and
    // `out` is borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe {
        gemm::gemm(
            out.rows,
            out.cols,
            a.cols,
            out.values.as_mut_ptr(),
            1,
            out.row_stride as isize,
            add,
            a.values.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            if add { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::ArrayView2;

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin() * 2.0).collect()
    }

    #[test]
    fn products_agree_with_ndarray() {
        for (rows, inner, cols) in [(1, 1, 1), (3, 7, 5), (32, 784, 128), (121, 288, 64), (16, 10, 1)] {
            let (a, b) = (numbers(rows * inner, 0.37), numbers(inner * cols, 0.71));
            let view = |v, r, c| ArrayView2::from_shape((r, c), v).unwrap();
            let expected = view(&a, rows, inner).dot(&view(&b, inner, cols));
            let mut out = vec![1.0; rows * cols];
            let out_matrix = MatrixMut::new(&mut out, rows, cols);
            matmul(out_matrix, Matrix::new(&a, rows, inner), Matrix::new(&b, inner, cols), Write::Add);
            for (got, want) in out.iter().zip(&expected) {
                assert!((got - 1.0 - want).abs() < 1e-3, "{rows}×{inner}×{cols}: {got} against 1 + {want}");
            }
            let transposed: Vec<f32> = view(&a, rows, inner).t().iter().copied().collect();
            let out_matrix = MatrixMut::new(&mut out, rows, cols);
            matmul(out_matrix, Matrix::new(&transposed, inner, rows).t(), Matrix::new(&b, inner, cols), Write::Replace);
            for (got, want) in out.iter().zip(&expected) {
                assert!((got - want).abs() < 1e-3);
            }
        }
    }

    /// One step of a sequence in a shard: rows that do not follow one another, in all three places.
    #[test]
    fn products_of_strided_rows_leave_what_lies_between_as_it_is() {
        let (rows, inner, cols, stride) = (16, 5, 33, 40);
        let (a, b) = (numbers(rows * stride, 0.37), numbers(inner * stride, 0.71));
        let mut out = vec![7.0; rows * stride];
        let (left, right) = (Matrix::strided(&a, rows, inner, stride), Matrix::strided(&b, inner, cols, stride));
        matmul(MatrixMut::strided(&mut out, rows, cols, stride), left, right, Write::Add);
        for (at, got) in out.iter().enumerate() {
            let (row, col) = (at / stride, at % stride);
            let product: f32 = (0..inner).map(|k| a[row * stride + k] * b[k * stride + col]).sum();
            let expected = if col < cols { 7.0 + product } else { 7.0 };
            assert!((got - expected).abs() < 1e-4, "row {row}, column {col}: {got}, not {expected}");
        }
    }
}
