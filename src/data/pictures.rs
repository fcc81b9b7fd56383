//! Images and drawings from files, as a network's input.

use std::fs;
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};

use super::drawing::{Drawing, PEN_WIDTH};
use super::error::DataError;
use backprop_nn::Shape;

/// An image or drawing prepared for a network that reads images of one shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Pixels `[height, width, channels]`.
    Pixels(Vec<u8>),
    /// A drawing without ink, or an image of one even color.
    Empty,
}

/// Reads a file of drawings (JSON, one or many) or an image (PNG, JPEG, BMP, GIF, TIFF, WebP).
///
/// An image of the network's own size is taken as it is. Any other is scaled to it; if the network reads grayscale
/// images, dark ink on bright paper is turned into bright ink on dark first, which is how MNIST has it, and for a
/// square image the ink is brought to the size and place that it has there.
pub fn read(path: &Path, shape: Shape) -> Result<Vec<Picture>, DataError> {
    let Some(dims) = shape.as_image() else {
        return Err(DataError::file(path, format!("the network reads {shape} numbers, not an image")));
    };
    let bytes = fs::read(path).map_err(|error| DataError::file(path, error))?;
    if matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[')) {
        return pictures_of(path, bytes, dims);
    }
    let picture = image::load_from_memory(&bytes)
        .map_err(|error| DataError::file(path, format!("is neither a drawing in JSON nor an image: {error}")))?;
    let pixels = match dims {
        [height, width, 1] => grey(&picture, height, width),
        [height, width, 3] => fit(&picture, height, width).to_rgb8().into_raw(),
        [.., channels] => {
            return Err(DataError::file(path, format!("the network reads {channels} channels; an image has 1 or 3")));
        }
    };
    Ok(vec![if pixels.windows(2).all(|pair| pair[0] == pair[1]) { Picture::Empty } else { Picture::Pixels(pixels) }])
}

/// Draws strokes as the pixels that the network reads.
pub fn draw(drawing: &Drawing, side: usize, pen: f32) -> Picture {
    match drawing.image(side, pen) {
        Some(image) => Picture::Pixels(image.into_raw_vec_and_offset().0),
        None => Picture::Empty,
    }
}

/// Reads the drawings in a file: one JSON drawing, an array of drawings, or one drawing per line.
pub fn read_drawings(path: &Path) -> Result<Vec<Drawing>, DataError> {
    parse(path, fs::read(path).map_err(|error| DataError::file(path, error))?)
}

/// Writes one drawing as JSON.
pub fn write_drawing(path: &Path, drawing: &Drawing) -> Result<(), DataError> {
    let text = serde_json::to_string(drawing).map_err(|error| DataError::file(path, error))?;
    fs::write(path, text + "\n").map_err(|error| DataError::file(path, error))
}

fn parse(path: &Path, bytes: Vec<u8>) -> Result<Vec<Drawing>, DataError> {
    let text = String::from_utf8(bytes).map_err(|_| DataError::file(path, "is not text in UTF-8"))?;
    Drawing::parse_all(&text).map_err(|error| DataError::file(path, error))
}

fn pictures_of(path: &Path, bytes: Vec<u8>, [height, width, channels]: [usize; 3]) -> Result<Vec<Picture>, DataError> {
    if height != width || channels != 1 {
        let what = format!("a drawing needs a network that reads square gray images, not {height}×{width}×{channels}");
        return Err(DataError::file(path, what));
    }
    let drawings = parse(path, bytes)?;
    Ok(drawings.iter().map(|drawing| draw(drawing, height, PEN_WIDTH)).collect())
}

fn fit(picture: &DynamicImage, height: usize, width: usize) -> DynamicImage {
    if (picture.width() as usize, picture.height() as usize) == (width, height) {
        return picture.clone();
    }
    picture.resize_exact(width as u32, height as u32, FilterType::Triangle)
}

fn grey(picture: &DynamicImage, height: usize, width: usize) -> Vec<u8> {
    let own_size = (picture.width() as usize, picture.height() as usize) == (width, height);
    let mut grey = picture.to_luma8();
    if own_size {
        return grey.into_raw();
    }
    if bright_border(&grey) {
        image::imageops::invert(&mut grey);
    }
    if !stretch(&mut grey) {
        return vec![0; height * width];
    }
    match ink_box(&grey) {
        Some(ink) if height == width => centred(&grey, ink, height),
        Some(_) => fit(&grey.into(), height, width).to_luma8().into_raw(),
        None => vec![0; height * width],
    }
}

fn bright_border(grey: &GrayImage) -> bool {
    let (right, bottom) = (grey.width() - 1, grey.height() - 1);
    let border = grey.enumerate_pixels().filter(|(x, y, _)| *x == 0 || *y == 0 || *x == right || *y == bottom);
    let (sum, count) = border.fold((0u64, 0u64), |(sum, count), (.., pixel)| (sum + u64::from(pixel.0[0]), count + 1));
    sum > 127 * count
}

/// Makes the darkest pixel black and the brightest white; false if they hardly differ.
fn stretch(grey: &mut GrayImage) -> bool {
    let (low, high) =
        grey.pixels().fold((u8::MAX, 0), |(low, high), pixel| (low.min(pixel.0[0]), high.max(pixel.0[0])));
    let range = u32::from(high.saturating_sub(low));
    grey.pixels_mut().for_each(|pixel| pixel.0[0] = (u32::from(pixel.0[0] - low) * 255 / range.max(1)) as u8);
    range >= 16
}

/// Left, top, width and height of what is brighter than a quarter.
fn ink_box(grey: &GrayImage) -> Option<[u32; 4]> {
    let inked = || grey.enumerate_pixels().filter(|(.., pixel)| pixel.0[0] > 64);
    let (left, right) = (inked().map(|(x, ..)| x).min()?, inked().map(|(x, ..)| x).max()?);
    let (top, bottom) = (inked().map(|(_, y, _)| y).min()?, inked().map(|(_, y, _)| y).max()?);
    Some([left, top, right - left + 1, bottom - top + 1])
}

/// The ink scaled to 20 of 28 pixels on its longer side, its center of mass in the middle.
fn centred(grey: &GrayImage, [left, top, width, height]: [u32; 4], side: usize) -> Vec<u8> {
    let scale = side as f32 * 20.0 / 28.0 / width.max(height) as f32;
    let scaled = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    let ink = image::imageops::crop_imm(grey, left, top, width, height).to_image();
    let ink = image::imageops::resize(&ink, scaled(width), scaled(height), FilterType::Triangle);
    let mass: f32 = ink.pixels().map(|pixel| f32::from(pixel.0[0])).sum::<f32>().max(1.0);
    let centre = |along: fn(u32, u32) -> u32| {
        let moment = |(x, y, pixel): (u32, u32, &image::Luma<u8>)| (along(x, y) as f32 + 0.5) * f32::from(pixel.0[0]);
        ink.enumerate_pixels().map(moment).sum::<f32>() / mass
    };
    let place = |centre: f32| (side as f32 / 2.0 - centre).round() as i64;
    let mut placed = GrayImage::new(side as u32, side as u32);
    image::imageops::overlay(&mut placed, &ink, place(centre(|x, _| x)), place(centre(|_, y| y)));
    placed.into_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    fn read_one(picture: &GrayImage) -> Picture {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        picture.save(&path).unwrap();
        read(&path, Shape::image(28, 28, 1)).unwrap().remove(0)
    }

    /// A photograph of a stroke, dark on bright paper, far from the middle.
    fn stroke(paper: u8, ink: u8) -> GrayImage {
        GrayImage::from_fn(300, 200, |x, y| {
            Luma([if (20..40).contains(&x) && (10..110).contains(&y) { ink } else { paper }])
        })
    }

    #[test]
    fn an_image_of_the_networks_size_is_taken_as_it_is() {
        let picture = GrayImage::from_fn(28, 28, |x, y| Luma([(x * 3 + y) as u8]));
        assert_eq!(read_one(&picture), Picture::Pixels(picture.into_raw()));
    }

    #[test]
    fn ink_is_found_wherever_it_is_and_whichever_way_round() {
        let Picture::Pixels(dark_on_bright) = read_one(&stroke(250, 10)) else { panic!("no ink") };
        let Picture::Pixels(bright_on_dark) = read_one(&stroke(0, 240)) else { panic!("no ink") };
        assert!(dark_on_bright == bright_on_dark);
        let inked: Vec<usize> = (0..784).filter(|at| dark_on_bright[*at] > 100).collect();
        assert_eq!((inked[0] / 28, inked[inked.len() - 1] / 28), (4, 23));
        assert!(inked.iter().all(|at| (12..16).contains(&(at % 28))));
    }

    #[test]
    fn an_even_image_is_empty() {
        assert_eq!(read_one(&GrayImage::from_pixel(50, 40, Luma([200]))), Picture::Empty);
        assert_eq!(read_one(&GrayImage::from_pixel(28, 28, Luma([0]))), Picture::Empty);
    }
}
