//! Images unrolled into patches, so that a convolution becomes a matrix product, and back.

/// The geometry of a sliding window over one channels-last image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input height, width, channels.
    pub input: [usize; 3],
    /// Rows and columns of the window, `[height, width]`.
    pub size: [usize; 2],
    pub stride: usize,
    /// Zeros before the first row and before the first column.
    pub pad: [usize; 2],
    /// Output height, width.
    pub output: [usize; 2],
}

impl Window {
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    /// Output positions of one image.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers in one patch, `height × width × channels`.
    pub fn patch_len(&self) -> usize {
        self.size[0] * self.size[1] * self.input[2]
    }

    /// The part of the window's row `ky` at output position `(oy, ox)` that lies inside the image:
    /// (numbers skipped at the start of the patch row, offset in the image, how many numbers).
    fn row(&self, oy: usize, ox: usize, ky: usize) -> Option<(usize, usize, usize)> {
        let [height, width, channels] = self.input;
        let y = (oy * self.stride + ky).checked_sub(self.pad[0]).filter(|&y| y < height)?;
        let left = ox * self.stride;
        let skip = self.pad[1].saturating_sub(left).min(self.size[1]);
        let x = (left + skip).saturating_sub(self.pad[1]);
        let count = (self.size[1] - skip).min(width.saturating_sub(x));
        Some((skip * channels, (y * width + x) * channels, count * channels))
    }
}

/// `patches[position, patch]` of one image; what hangs over the edge is zero.
pub fn unroll(window: &Window, image: &[f32], patches: &mut [f32]) {
    let row_len = window.size[1] * window.input[2];
    let mut rows = patches.chunks_exact_mut(row_len);
    for oy in 0..window.output[0] {
        for ox in 0..window.output[1] {
            for ky in 0..window.size[0] {
                let Some(row) = rows.next() else { return };
                match window.row(oy, ox, ky) {
                    Some((skip, at, count)) => {
                        row[..skip].fill(0.0);
                        row[skip..skip + count].copy_from_slice(&image[at..at + count]);
                        row[skip + count..].fill(0.0);
                    }
                    None => row.fill(0.0),
                }
            }
        }
    }
}

/// The transpose of [`unroll`]: every number of `patches` is added to the pixel it came from.
pub fn roll(window: &Window, patches: &[f32], image: &mut [f32]) {
    let row_len = window.size[1] * window.input[2];
    let mut rows = patches.chunks_exact(row_len);
    for oy in 0..window.output[0] {
        for ox in 0..window.output[1] {
            for ky in 0..window.size[0] {
                let Some(row) = rows.next() else { return };
                if let Some((skip, at, count)) = window.row(oy, ox, ky) {
                    for (pixel, value) in image[at..at + count].iter_mut().zip(&row[skip..]) {
                        *pixel += value;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of a patch, one number at a time.
    fn reference(window: &Window, image: &[f32]) -> Vec<f32> {
        let [height, width, channels] = window.input.map(|n| n as isize);
        let mut patches = Vec::new();
        for oy in 0..window.output[0] as isize {
            for ox in 0..window.output[1] as isize {
                for ky in 0..window.size[0] as isize {
                    for kx in 0..window.size[1] as isize {
                        let y = oy * window.stride as isize + ky - window.pad[0] as isize;
                        let x = ox * window.stride as isize + kx - window.pad[1] as isize;
                        for c in 0..channels {
                            let inside = (0..height).contains(&y) && (0..width).contains(&x);
                            patches.push(if inside { image[((y * width + x) * channels + c) as usize] } else { 0.0 });
                        }
                    }
                }
            }
        }
        patches
    }

    #[test]
    fn patches_agree_with_their_definition_and_roll_is_the_transpose() {
        for window in [
            Window { input: [5, 6, 2], size: [3, 3], stride: 1, pad: [0, 0], output: [3, 4] },
            Window { input: [5, 6, 2], size: [5, 5], stride: 1, pad: [2, 2], output: [5, 6] },
            Window { input: [7, 4, 3], size: [3, 2], stride: 2, pad: [1, 0], output: [4, 2] },
            Window { input: [2, 2, 1], size: [7, 7], stride: 1, pad: [3, 3], output: [2, 2] },
        ] {
            let image: Vec<f32> = (1..=window.input_len()).map(|i| i as f32).collect();
            let mut patches = vec![f32::NAN; window.positions() * window.patch_len()];
            unroll(&window, &image, &mut patches);
            assert_eq!(patches, reference(&window, &image), "{window:?}");

            let covector: Vec<f32> = (0..patches.len()).map(|i| (i as f32 * 0.7).sin()).collect();
            let mut back = vec![0.0; image.len()];
            roll(&window, &covector, &mut back);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            assert!((dot(&patches, &covector) - dot(&image, &back)).abs() < 1e-2, "{window:?}");
        }
    }
}
