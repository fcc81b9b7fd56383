//! Pictures and drawings from files, as a network's input.

use std::fs;
use std::path::Path;

use image::imageops::FilterType;

use super::drawing::PEN_WIDTH;
use super::{DataError, Drawing};
use crate::nn::Shape;

/// What a file holds for a network that reads images of one shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Pixels `[height, width, channels]`.
    Pixels(Vec<u8>),
    /// A drawing without ink, or an image of one even colour.
    Empty,
}

/// Reads a file of drawings (JSON, one or many) or an image (PNG, JPEG, BMP, GIF, TIFF, WebP).
pub fn read(path: &Path, shape: Shape) -> Result<Vec<Picture>, DataError> {
    let Some([height, width, channels]) = shape.as_image() else {
        return Err(DataError::file(path, format!("the network reads {shape} numbers, not an image")));
    };
    let bytes = fs::read(path).map_err(|error| DataError::file(path, error))?;
    if matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[')) {
        if height != width || channels != 1 {
            return Err(DataError::file(
                path,
                format!("a drawing needs a network that reads square grey images, not {shape}"),
            ));
        }
        let text = String::from_utf8(bytes).map_err(|_| DataError::file(path, "is not text in UTF-8"))?;
        let drawings = Drawing::parse_all(&text).map_err(|error| DataError::file(path, error))?;
        return Ok(drawings.iter().map(|drawing| draw(drawing, height, PEN_WIDTH)).collect());
    }
    let picture = image::load_from_memory(&bytes)
        .map_err(|error| DataError::file(path, format!("is neither a drawing in JSON nor an image: {error}")))?;
    let resized = match (picture.width() as usize, picture.height() as usize) {
        (w, h) if (w, h) == (width, height) => picture,
        _ => picture.resize_exact(width as u32, height as u32, FilterType::Triangle),
    };
    let pixels = match channels {
        1 => resized.to_luma8().into_raw(),
        3 => resized.to_rgb8().into_raw(),
        _ => return Err(DataError::file(path, format!("the network reads {channels} channels; an image has 1 or 3"))),
    };
    Ok(vec![if pixels.windows(2).all(|pair| pair[0] == pair[1]) { Picture::Empty } else { Picture::Pixels(pixels) }])
}

/// A drawing as the network sees it.
pub fn draw(drawing: &Drawing, side: usize, pen: f32) -> Picture {
    match drawing.image(side, pen) {
        Some(image) => Picture::Pixels(image.into_raw_vec_and_offset().0),
        None => Picture::Empty,
    }
}

/// The drawings in a file: JSON with one, an array of them, or one a line.
pub fn read_drawings(path: &Path) -> Result<Vec<Drawing>, DataError> {
    let text = fs::read_to_string(path).map_err(|error| DataError::file(path, error))?;
    Drawing::parse_all(&text).map_err(|error| DataError::file(path, error))
}

/// Writes one drawing as JSON.
pub fn write_drawing(path: &Path, drawing: &Drawing) -> Result<(), DataError> {
    let text = serde_json::to_string(drawing).map_err(|error| DataError::file(path, error))?;
    fs::write(path, text + "\n").map_err(|error| DataError::file(path, error))
}
