//! Samples that are images, and how large they are shown.

use eframe::egui::{Vec2, vec2};

use crate::data::{Dataset, Samples};
use crate::ui::theme::GRID;
use crate::ui::widgets::image_grid::CAPTION_ROW;

/// The least width of an image in a grid.
const STAMP: f32 = 56.0;

/// Points per pixel: about the size of a stamp, and so that the tiles fill the width there is.
pub fn scale(image_width: usize, width: f32) -> f32 {
    let gap = 2.0 * GRID;
    let columns = ((width - gap) / (STAMP + gap)).floor().max(1.0);
    let tile = (width - gap) / columns - gap;
    // A little less, so that rounding does not cost a column.
    ((tile - 0.01) / image_width as f32).clamp(0.25, 8.0)
}

/// What the samples are instead, in words.
pub fn not_images(dataset: &Dataset) -> String {
    format!("Each of these samples is {}, not an image.", dataset.shape.described())
}

/// Copies the pixels of one sample into `out`, if the sizes agree.
pub fn copy(samples: &Samples, index: usize, out: &mut [u8]) {
    let pixels = samples.pixels_of(index);
    if pixels.len() == out.len() {
        out.copy_from_slice(pixels);
    }
}

/// Points per pixel: as many as leave all images in view, between the size of a stamp and that of a playing card.
pub fn fitting_scale(count: usize, [height, width]: [usize; 2], caption_rows: usize, room: Vec2) -> f32 {
    let smallest = scale(width, room.x);
    let fits = |scale: f32| {
        let tile = vec2(width as f32, height as f32) * scale + vec2(12.0, 14.0 + CAPTION_ROW * caption_rows as f32);
        let columns = (room.x / tile.x).floor().max(1.0);
        (count as f32 / columns).ceil() * tile.y <= room.y
    };
    let sizes = [5.0, 4.0, 3.0].map(|times| (times * 28.0 / width as f32).max(smallest));
    sizes.into_iter().find(|scale| fits(*scale)).unwrap_or(smallest)
}
