//! Images and drawings from files, as a network's input.

use std::fs;
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};

use super::drawing::{Drawing, PEN_WIDTH};
use super::error::DataError;
use super::photo::{self, Reading};
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
/// Images are upright, and what is transparent is paper that the ink stands out from. If the network reads grayscale
/// images, dark ink on bright paper is turned into bright ink on dark, which is how MNIST has it. An image of another size
/// is scaled; for a square grayscale image, the frame of a scanner and shadows are taken away, and the ink is brought to
/// the size and place that it has in MNIST.
pub fn read(path: &Path, shape: Shape) -> Result<Vec<Picture>, DataError> {
    let bytes = fs::read(path).map_err(|error| DataError::file(path, error))?;
    of_bytes(path, bytes, shape)
}

/// The same of the contents of a file that errors call by this name.
pub fn of_bytes(path: &Path, mut bytes: Vec<u8>, shape: Shape) -> Result<Vec<Picture>, DataError> {
    let Some(dims) = shape.as_image() else {
        return Err(DataError::file(path, format!("the network reads {shape} numbers, not an image")));
    };
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    if matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[')) {
        return pictures_of(path, bytes, dims);
    }
    let picture = photo::from_bytes(&bytes)
        .map_err(|error| DataError::file(path, format!("is neither a drawing in JSON nor an image: {error}")))?;
    of_image(picture, dims, None).map(|picture| vec![picture]).map_err(|what| DataError::file(path, what))
}

/// An image as the network reads it, `[height, width, channels]`: as photographs of a folder are read where a `reading` is
/// given, and otherwise as ink on paper.
pub fn of_image(picture: DynamicImage, dims: [usize; 3], reading: Option<Reading>) -> Result<Picture, String> {
    if let Some(reading) = reading {
        return photo::pixels_of(picture, dims, reading).map(Picture::Pixels);
    }
    let paper = if ink_brightness(&picture) > 127 { 0 } else { 255 };
    let picture = photo::opaque(picture, paper);
    let pixels = match dims {
        [height, width, 1] => grey(&picture, height, width),
        [height, width, 3] => fit(&picture, height, width).to_rgb8().into_raw(),
        [.., channels] => return Err(format!("the network reads {channels} channels; an image has 1 or 3")),
    };
    Ok(if pixels.windows(2).all(|pair| pair[0] == pair[1]) { Picture::Empty } else { Picture::Pixels(pixels) })
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
        if bright_border(&grey) {
            image::imageops::invert(&mut grey);
        }
        return grey.into_raw();
    }
    grey = without_frame(grey);
    if bright_border(&grey) {
        flatten(&mut grey);
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

/// The brightness of what is not transparent; dark where everything is opaque.
fn ink_brightness(picture: &DynamicImage) -> u64 {
    if !picture.color().has_alpha() {
        return 0;
    }
    let pixels = picture.to_luma_alpha8();
    if pixels.pixels().all(|pixel| pixel.0[1] == 255) {
        return 0;
    }
    let shares = pixels.pixels().map(|pixel| (u64::from(pixel.0[0]) * u64::from(pixel.0[1]), u64::from(pixel.0[1])));
    let (sum, count) = shares.fold((0, 0), |(sum, count), (ink, share)| (sum + ink, count + share));
    sum / count.max(1)
}

/// Bright paper without the dark frame that a scanner leaves around it.
fn without_frame(grey: GrayImage) -> GrayImage {
    let (width, height) = grey.dimensions();
    let mean = |pixels: &mut dyn Iterator<Item = u8>| {
        let (sum, count) = pixels.fold((0u64, 0u64), |(sum, count), pixel| (sum + u64::from(pixel), count + 1));
        sum / count.max(1)
    };
    if bright_border(&grey) || mean(&mut grey.pixels().map(|pixel| pixel.0[0])) <= 127 {
        return grey;
    }
    let column = |x: u32| mean(&mut (0..height).map(|y| grey.get_pixel(x, y).0[0])) > 127;
    let row = |y: u32| mean(&mut (0..width).map(|x| grey.get_pixel(x, y).0[0])) > 127;
    let ends = |len: u32, is_paper: &dyn Fn(u32) -> bool| {
        let first = (0..len / 4).find(|at| is_paper(*at)).unwrap_or(0);
        let last = (len - len / 4..len).rev().find(|at| is_paper(*at)).unwrap_or(len - 1);
        // The edge of a frame is blurred.
        let margin = if first > 0 || last + 1 < len { 1 + len / 100 } else { 0 };
        (first + margin, last.saturating_sub(margin))
    };
    let ((left, right), (top, bottom)) = (ends(width, &column), ends(height, &row));
    let (inner_width, inner_height) = (right.saturating_sub(left) + 1, bottom.saturating_sub(top) + 1);
    image::imageops::crop_imm(&grey, left, top, inner_width, inner_height).to_image()
}

/// Tiles along each side, in each of which there is paper.
const TILES: u32 = 6;

/// Divides bright paper by its own brightness, so that a shadow is no ink. The paper of a tile is its brightest part; between
/// the middles of the tiles it changes evenly.
fn flatten(grey: &mut GrayImage) {
    let (width, height) = grey.dimensions();
    if width < 4 * TILES || height < 4 * TILES {
        return;
    }
    let paper = image::ImageBuffer::from_fn(TILES, TILES, |column, row| {
        let (left, top) = (column * width / TILES, row * height / TILES);
        let (right, bottom) = ((column + 1) * width / TILES, (row + 1) * height / TILES);
        let mut pixels: Vec<u8> = (top..bottom)
            .flat_map(|y| (left..right).map(move |x| (x, y)))
            .map(|(x, y)| grey.get_pixel(x, y).0[0])
            .collect();
        pixels.sort_unstable();
        // The half of a tile may be ink; three quarters are not.
        image::Luma([pixels[pixels.len() * 7 / 8]])
    });
    let paper = image::imageops::resize(&paper, width, height, FilterType::Triangle);
    for (pixel, paper) in grey.pixels_mut().zip(paper.pixels()) {
        pixel.0[0] = (u32::from(pixel.0[0]) * 255 / u32::from(paper.0[0].max(1))).min(255) as u8;
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
    fn black_on_white_of_the_networks_size_is_turned_round() {
        let picture = GrayImage::from_fn(28, 28, |x, y| {
            Luma([if (10..18).contains(&x) && (4..24).contains(&y) { 0 } else { 255 }])
        });
        let Picture::Pixels(pixels) = read_one(&picture) else { panic!("no ink") };
        assert_eq!((pixels[0], pixels[12 * 28 + 12]), (0, 255));
    }

    #[test]
    fn transparent_ground_a_frame_and_a_shadow_are_no_ink() {
        let Picture::Pixels(expected) = read_one(&stroke(255, 0)) else { panic!("no ink") };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let read_of = |picture: DynamicImage| {
            picture.save(&path).unwrap();
            let Picture::Pixels(pixels) = read(&path, Shape::image(28, 28, 1)).unwrap().remove(0) else {
                panic!("no ink")
            };
            pixels
        };
        for ink in [0u8, 255] {
            let clear = stroke(255, 0).enumerate_pixels().map(|(.., pixel)| 255 - pixel.0[0]).collect::<Vec<_>>();
            let pixels = clear.iter().flat_map(|alpha| [ink, ink, ink, *alpha]).collect();
            let clear = image::RgbaImage::from_raw(300, 200, pixels).unwrap();
            assert_eq!(read_of(clear.into()), expected, "ink {ink}");
        }
        let framed = GrayImage::from_fn(320, 220, |x, y| {
            let inside = (10..310).contains(&x) && (10..210).contains(&y);
            if inside { *stroke(255, 0).get_pixel(x - 10, y - 10) } else { Luma([0]) }
        });
        let is_like = |pixels: &[u8]| pixels.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) < 60);
        assert!(is_like(&read_of(framed.into())));
        let mut shaded = stroke(255, 0);
        shaded
            .enumerate_pixels_mut()
            .for_each(|(x, _, pixel)| pixel.0[0] = (u32::from(pixel.0[0]) * (90 + x / 2) / 255) as u8);
        assert!(is_like(&read_of(shaded.into())));
    }

    #[test]
    fn an_even_image_is_empty() {
        assert_eq!(read_one(&GrayImage::from_pixel(50, 40, Luma([200]))), Picture::Empty);
        assert_eq!(read_one(&GrayImage::from_pixel(28, 28, Luma([0]))), Picture::Empty);
    }
}
