//! What pooling layers have in common: windows that lie side by side. A sequence is an image of one row.
//!
//! Rows and columns that no longer fill a window are left out, as in Keras and PyTorch.

use std::ops::Range;

use crate::kernels::pool::{self, Windows};
use crate::layer::{Backward, Forward, Layer};

/// An image as rows of windows.
pub(super) struct Pooling {
    pub windows: Windows,
    /// Numbers in the pixels of one row of windows, and in the image.
    row_len: usize,
    image_len: usize,
    /// Numbers in one row of the pooled image, and in the pooled image.
    pooled_row_len: usize,
    pooled_len: usize,
}

impl Pooling {
    pub fn new(size: [usize; 2], [height, width, channels]: [usize; 3]) -> Self {
        let windows = Windows { size, count: width / size[1], channels, row_stride: width * channels };
        Self {
            windows,
            row_len: size[0] * windows.row_stride,
            image_len: height * windows.row_stride,
            pooled_row_len: windows.count * channels,
            pooled_len: height / size[0] * windows.count * channels,
        }
    }

    /// Every row of windows in a shard: its numbers in the images, and in the pooled images.
    pub fn rows(&self, samples: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let Self { row_len, image_len, pooled_row_len, pooled_len, .. } = *self;
        let rows = pooled_len / pooled_row_len.max(1);
        (0..samples * rows).map(move |row| {
            let (from, to) = (row / rows * image_len + row % rows * row_len, row * pooled_row_len);
            (from..from + row_len, to..to + pooled_row_len)
        })
    }
}

pub(super) struct BuiltMaxPool(pub Pooling);

impl Layer for BuiltMaxPool {
    /// The place in its window where each maximum was found.
    fn memo_len(&self) -> usize {
        self.0.pooled_len
    }

    fn forward(&self, pass: Forward<'_>) {
        for (from, to) in self.0.rows(pass.samples) {
            let winner = pass.memo.get_mut(to.clone()).unwrap_or_default();
            pool::max(self.0.windows, &pass.input[from], &mut pass.output[to], winner);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        grad_input.fill(0.0);
        for (from, to) in self.0.rows(pass.samples) {
            let (grad, winner) = (&pass.grad_output[to.clone()], &pass.memo[to]);
            pool::max_backward(self.0.windows, grad, winner, &mut grad_input[from]);
        }
    }
}

pub(super) struct BuiltAveragePool(pub Pooling);

impl BuiltAveragePool {
    fn share(&self) -> f32 {
        let [rows, columns] = self.0.windows.size;
        1.0 / (rows * columns) as f32
    }
}

impl Layer for BuiltAveragePool {
    fn forward(&self, pass: Forward<'_>) {
        for (from, to) in self.0.rows(pass.samples) {
            pool::sum(self.0.windows, self.share(), &pass.input[from], &mut pass.output[to]);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        grad_input.fill(0.0);
        for (from, to) in self.0.rows(pass.samples) {
            pool::spread(self.0.windows, self.share(), &pass.grad_output[to], &mut grad_input[from]);
        }
    }
}
