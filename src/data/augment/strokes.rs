//! Strokes made thicker or thinner.

use super::Layout;

impl Layout {
    /// Moves the edges of light strokes outwards by `distance` pixels, or inwards if it is negative.
    pub(super) fn thicken(self, pixels: &mut [u8], distance: f32, scratch: &mut Vec<u8>) {
        let mut left = distance.abs().min(self.width as f32);
        while left > 0.0 {
            let share = left.min(1.0);
            if distance > 0.0 {
                self.blend_with_extreme(pixels, u8::max, share, scratch);
            } else {
                self.blend_with_extreme(pixels, u8::min, share, scratch);
            }
            left -= 1.0;
        }
    }

    /// Blends every value with the extreme one of the 3 × 3 around it.
    fn blend_with_extreme(self, pixels: &mut [u8], extreme: impl Fn(u8, u8) -> u8, share: f32, scratch: &mut Vec<u8>) {
        let row_length = self.width * self.channels;
        scratch.clear();
        scratch.extend_from_slice(pixels);
        let inner = row_length - self.channels;
        for (row, wide) in pixels.chunks_exact(row_length).zip(scratch.chunks_exact_mut(row_length)) {
            let take = |wide: &mut [u8], neighbors: &[u8]| {
                wide.iter_mut().zip(neighbors).for_each(|(wide, neighbor)| *wide = extreme(*wide, *neighbor));
            };
            take(&mut wide[self.channels..], &row[..inner]);
            take(&mut wide[..inner], &row[self.channels..]);
        }
        let weight = (share * 256.0) as i32;
        for row in 0..self.height {
            let wide = |row: usize| &scratch[row * row_length..][..row_length];
            let around = wide(row.saturating_sub(1)).iter().zip(wide((row + 1).min(self.height - 1)));
            let out = pixels[row * row_length..][..row_length].iter_mut();
            for ((out, wide), (above, below)) in out.zip(wide(row)).zip(around) {
                let target = i32::from(extreme(extreme(*above, *below), *wide));
                let value = i32::from(*out);
                *out = (value + (((target - value) * weight) >> 8)) as u8;
            }
        }
    }
}
