//! Maxima and means of windows that lie side by side, channel by channel, one row of windows at a time.

use pulp::{Simd, WithSimd};

use super::{arch, vectorized};

/// Windows over rows of pixels that begin `row_stride` numbers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Rows and columns of a window.
    pub size: [usize; 2],
    /// Windows in a row.
    pub count: usize,
    /// Channels of the image.
    pub channels: usize,
    /// Numbers from one row of the image to the next.
    pub row_stride: usize,
}

impl Windows {
    /// Calls `visit` with every place of a window, row by row, and where its pixel begins, before its first channel.
    #[inline(always)]
    fn each(self, window: usize, mut visit: impl FnMut(usize, usize)) {
        let [rows, columns] = self.size;
        let first = window * columns * self.channels;
        for y in 0..rows {
            for x in 0..columns {
                visit(y * columns + x, first + y * self.row_stride + x * self.channels);
            }
        }
    }
}

/// Writes the maximum of every window to `output`, `[windows, channels]`, and to `winner`, unless it is empty, the place
/// in the window where it was found; the first one wins a tie, as in PyTorch.
pub fn max(windows: Windows, input: &[f32], output: &mut [f32], winner: &mut [f32]) {
    arch().dispatch(Max { windows, input, output, winner });
}

/// The way back: every pixel of the windows gets the gradient of its window if it won, else zero.
pub fn max_backward(windows: Windows, grad_output: &[f32], winner: &[f32], grad_input: &mut [f32]) {
    arch().dispatch(MaxBackward { windows, grad_output, winner, grad_input });
}

/// Writes `share` times the sum of every window to `output`, `[windows, channels]`.
pub fn sum(windows: Windows, share: f32, input: &[f32], output: &mut [f32]) {
    vectorized!({
        for (window, sums) in output.chunks_exact_mut(windows.channels).enumerate() {
            sums.fill(0.0);
            windows.each(window, |_, pixel| {
                for (sum, value) in sums.iter_mut().zip(&input[pixel..]) {
                    *sum += share * value;
                }
            });
        }
    });
}

/// The way back: every pixel of the windows gets `share` times the number of its window.
pub fn spread(windows: Windows, share: f32, input: &[f32], output: &mut [f32]) {
    vectorized!({
        for (window, values) in input.chunks_exact(windows.channels).enumerate() {
            windows.each(window, |_, pixel| {
                for (pixel, value) in output[pixel..].iter_mut().zip(values) {
                    *pixel = share * value;
                }
            });
        }
    });
}

struct Max<'a> {
    windows: Windows,
    input: &'a [f32],
    output: &'a mut [f32],
    winner: &'a mut [f32],
}

struct MaxBackward<'a> {
    windows: Windows,
    grad_output: &'a [f32],
    winner: &'a [f32],
    grad_input: &'a mut [f32],
}

impl Windows {
    /// Where vectors of channels begin. The last overlaps the one before, which does no harm to maxima.
    #[inline(always)]
    fn vectors<S: Simd>(&self) -> impl Iterator<Item = usize> + use<S> {
        let last = self.channels.saturating_sub(S::F32_LANES);
        (0..self.channels).step_by(S::F32_LANES).map(move |channel| channel.min(last))
    }
}

/// Loads and stores whole vectors, or one that is filled in part.
#[inline(always)]
fn load<S: Simd, const FULL: bool>(simd: S, values: &[f32], at: usize, width: usize) -> S::f32s {
    if FULL {
        S::as_simd_f32s(&values[at..at + S::F32_LANES]).0[0]
    } else {
        simd.partial_load_f32s(&values[at..at + width])
    }
}

#[inline(always)]
fn store<S: Simd, const FULL: bool>(simd: S, to: &mut [f32], at: usize, width: usize, from: S::f32s) {
    if FULL {
        S::as_mut_simd_f32s(&mut to[at..at + S::F32_LANES]).0[0] = from;
    } else {
        simd.partial_store_f32s(&mut to[at..at + width], from);
    }
}

impl Max<'_> {
    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(self, simd: S, size: [usize; 2]) {
        let Self { windows, input, output, winner } = self;
        let (windows, width) = (Windows { size, ..windows }, windows.channels);
        let (rows, columns) = (size[0], size[1] * width);
        for (window, output) in output.chunks_exact_mut(width).enumerate() {
            let input = &input[window * columns..][..(rows - 1) * windows.row_stride + columns];
            let winner = winner.get_mut(window * width..(window + 1) * width);
            let winner = winner.unwrap_or_default();
            for channel in windows.vectors::<S>() {
                let mut best = load::<S, FULL>(simd, input, channel, width);
                let mut won = simd.splat_f32s(0.0);
                windows.each(0, |place, pixel| {
                    if place == 0 {
                        return;
                    }
                    let value = load::<S, FULL>(simd, input, pixel + channel, width);
                    // A NaN wins and stays, so that a diverged network cannot look healthy behind a pooling layer.
                    let number = simd.equal_f32s(best, best);
                    let stays = simd.or_m32s(simd.less_than_or_equal_f32s(value, best), simd.not_m32s(number));
                    best = simd.select_f32s(stays, best, value);
                    won = simd.select_f32s(stays, won, simd.splat_f32s(place as f32));
                });
                store::<S, FULL>(simd, output, channel, width, best);
                if !winner.is_empty() {
                    store::<S, FULL>(simd, winner, channel, width, won);
                }
            }
        }
    }
}

impl WithSimd for Max<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.windows.size {
            // With the size known, the loop over the places is none.
            [2, 2] if self.windows.channels >= S::F32_LANES => self.run::<S, true>(simd, [2, 2]),
            size if self.windows.channels >= S::F32_LANES => self.run::<S, true>(simd, size),
            size => self.run::<S, false>(simd, size),
        }
    }
}

impl MaxBackward<'_> {
    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(self, simd: S, size: [usize; 2]) {
        let Self { windows, grad_output, winner, grad_input } = self;
        let (windows, width) = (Windows { size, ..windows }, windows.channels);
        let (rows, columns) = (size[0], size[1] * width);
        let winners = winner.chunks_exact(width);
        for (window, (grad, winner)) in grad_output.chunks_exact(width).zip(winners).enumerate() {
            let grad_input = &mut grad_input[window * columns..][..(rows - 1) * windows.row_stride + columns];
            for channel in windows.vectors::<S>() {
                let grad = load::<S, FULL>(simd, grad, channel, width);
                let winner = load::<S, FULL>(simd, winner, channel, width);
                windows.each(0, |place, pixel| {
                    let won = simd.equal_f32s(winner, simd.splat_f32s(place as f32));
                    let grad = simd.select_f32s(won, grad, simd.splat_f32s(0.0));
                    store::<S, FULL>(simd, grad_input, pixel + channel, width, grad);
                });
            }
        }
    }
}

impl WithSimd for MaxBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.windows.size {
            // With the size known, the loop over the places is none.
            [2, 2] if self.windows.channels >= S::F32_LANES => self.run::<S, true>(simd, [2, 2]),
            size if self.windows.channels >= S::F32_LANES => self.run::<S, true>(simd, size),
            size => self.run::<S, false>(simd, size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::every_arch;

    #[test]
    fn maxima_and_their_gradients_agree_with_the_definition() {
        for (size, count, channels) in
            [([2, 2], 3, 1), ([2, 2], 4, 32), ([3, 3], 2, 17), ([1, 1], 5, 16), ([5, 5], 1, 70), ([1, 4], 3, 20)]
        {
            let row_stride = (size[1] * count + 1) * channels;
            let windows = Windows { size, count, channels, row_stride };
            let input: Vec<f32> = (0..size[0] * row_stride).map(|i| ((i * 7919) % 97 % 13) as f32).collect();
            let grad: Vec<f32> = (0..count * channels).map(|i| i as f32 + 1.0).collect();
            for arch in every_arch() {
                let (mut output, mut winner) = (vec![f32::NAN; grad.len()], vec![f32::NAN; grad.len()]);
                arch.dispatch(Max { windows, input: &input, output: &mut output, winner: &mut winner });
                let mut grad_input = vec![0.0; input.len()];
                let back = MaxBackward { windows, grad_output: &grad, winner: &winner, grad_input: &mut grad_input };
                arch.dispatch(back);
                for at in 0..count * channels {
                    let mut pixels = Vec::new();
                    windows.each(at / channels, |_, pixel| pixels.push(pixel + at % channels));
                    let largest = pixels.iter().map(|pixel| input[*pixel]).fold(f32::MIN, f32::max);
                    let first = pixels.iter().position(|pixel| input[*pixel] == largest).unwrap();
                    assert_eq!((output[at], winner[at]), (largest, first as f32), "{windows:?}, {arch:?}");
                    for (place, pixel) in pixels.iter().enumerate() {
                        assert_eq!(grad_input[*pixel], if place == first { grad[at] } else { 0.0 });
                    }
                }
            }
        }
    }

    #[test]
    fn means_and_their_gradients_agree_with_the_definition() {
        for (size, count, channels) in [(2, 3, 1), (3, 2, 17), (1, 5, 16)] {
            let windows = Windows { size: [size; 2], count, channels, row_stride: (size * count + 1) * channels };
            let input: Vec<f32> = (0..size * windows.row_stride).map(|i| (i as f32 * 0.3).sin()).collect();
            let grad: Vec<f32> = (0..count * channels).map(|i| i as f32 + 1.0).collect();
            let (mut output, mut grad_input) = (vec![f32::NAN; grad.len()], vec![0.0; input.len()]);
            let places = (size * size) as f32;
            super::sum(windows, 1.0 / places, &input, &mut output);
            spread(windows, 1.0 / places, &grad, &mut grad_input);
            for at in 0..count * channels {
                let mut sum = 0.0;
                windows.each(at / channels, |_, pixel| {
                    sum += input[pixel + at % channels];
                    assert!((grad_input[pixel + at % channels] - grad[at] / places).abs() < 1e-5);
                });
                assert!((output[at] - sum / places).abs() < 1e-5, "{windows:?}");
            }
        }
    }

    #[test]
    fn a_nan_wins_wherever_it_is() {
        let windows = Windows { size: [2, 2], count: 1, channels: 1, row_stride: 2 };
        for place in 0..4 {
            let mut input = [1.0, 3.0, 2.0, 5.0];
            input[place] = f32::NAN;
            let mut output = [0.0];
            max(windows, &input, &mut output, &mut []);
            assert!(output[0].is_nan(), "at place {place}");
        }
    }
}
