//! Image files as pixels: what a file holds, rotated as its camera was held, laid on a background where it is transparent,
//! and brought to one size.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits, Rgba, RgbaImage};

use crate::data::table::kind_of;
use backprop_nn::Shape;

/// The bytes that one image may take when it is decoded. They are counted before it is: a small file can hold a huge image.
const MAX_DECODED: u64 = 256 << 20;

/// How an image is brought to the size that the network reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// Stretched, whatever its proportions are.
    #[default]
    Stretch,
    /// Its middle part of the right proportions.
    Crop,
    /// The whole image, with background beside it.
    Pad,
}

impl Fit {
    /// The fit of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "stretch" => Some(Self::Stretch),
            "crop" => Some(Self::Crop),
            "pad" => Some(Self::Pad),
            _ => None,
        }
    }
}

/// How images are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How an image is brought to the size.
    pub fit: Fit,
    /// The brightness of what shows through transparent places.
    pub background: u8,
}

impl Default for Reading {
    fn default() -> Self {
        Self { fit: Fit::Stretch, background: 255 }
    }
}

/// The images that are read, as [`kind_of`] calls them.
const READ: &[&str] = &["a PNG image", "a JPEG image", "a GIF image", "a BMP image", "a WebP image"];

/// Decodes a file, upright. The error is the end of a sentence about the file.
pub fn open(path: &Path) -> Result<DynamicImage, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    decode(BufReader::new(file))
}

/// Decodes the bytes of a file, upright.
pub fn from_bytes(bytes: &[u8]) -> Result<DynamicImage, String> {
    decode(Cursor::new(bytes))
}

fn decode(bytes: impl BufRead + Seek) -> Result<DynamicImage, String> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    let words = |error: image::ImageError| error.to_string();
    let mut bytes = bytes;
    if let Some(kind) = bytes.fill_buf().ok().and_then(kind_of).filter(|kind| !READ.contains(kind)) {
        let remedy = if kind.ends_with(" image") { "; save it as PNG or JPEG" } else { "" };
        return Err(format!("it is {kind}{remedy}"));
    }
    let mut reader = ImageReader::new(bytes).with_guessed_format().map_err(|error| error.to_string())?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(words)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_DECODED {
        return Err(format!("it holds {width}×{height} pixels, more than {} MB; make it smaller", MAX_DECODED >> 20));
    }
    // An image whose orientation cannot be told is upright.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(words)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// The image without transparency, laid on gray of this brightness.
pub fn opaque(picture: DynamicImage, background: u8) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut pixels: RgbaImage = picture.into_rgba8();
    for Rgba([red, green, blue, alpha]) in pixels.pixels_mut() {
        let share = u32::from(*alpha);
        for channel in [red, green, blue] {
            *channel = ((u32::from(*channel) * share + u32::from(background) * (255 - share) + 127) / 255) as u8;
        }
        *alpha = 255;
    }
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).into_rgb8())
}

/// Reads an image file as `[height, width, channels]`. The error is the end of a sentence about the file.
pub fn read(path: &Path, shape: Shape, reading: Reading) -> Result<Vec<u8>, String> {
    let Some(dims) = shape.as_image() else {
        return Err(format!("is asked for as {shape}, and an image is gray or red, green and blue"));
    };
    if path.is_dir() {
        return Err("is a folder".to_owned());
    }
    let picture = open(path).map_err(|error| format!("cannot be read as an image: {error}"))?;
    pixels_of(picture, dims, reading)
}

/// The same of the contents of a file.
pub fn of_bytes(bytes: &[u8], shape: Shape, reading: Reading) -> Result<Vec<u8>, String> {
    let Some(dims) = shape.as_image() else {
        return Err(format!("is asked for as {shape}, and an image is gray or red, green and blue"));
    };
    let picture = from_bytes(bytes).map_err(|error| format!("cannot be read as an image: {error}"))?;
    pixels_of(picture, dims, reading)
}

/// An image as `[height, width, channels]`.
pub fn pixels_of(
    picture: DynamicImage,
    [height, width, channels]: [usize; 3],
    reading: Reading,
) -> Result<Vec<u8>, String> {
    let picture = fitted(opaque(picture, reading.background), height as u32, width as u32, reading);
    match channels {
        1 => Ok(picture.into_luma8().into_raw()),
        3 => Ok(picture.into_rgb8().into_raw()),
        _ => Err(format!("is asked for with {channels} channels, and an image has 1 or 3")),
    }
}

fn fitted(picture: DynamicImage, height: u32, width: u32, Reading { fit, background }: Reading) -> DynamicImage {
    match fit {
        Fit::Stretch => picture.resize_exact(width, height, FilterType::Triangle),
        Fit::Crop => picture.resize_to_fill(width, height, FilterType::Triangle),
        Fit::Pad => {
            let inner = picture.resize(width, height, FilterType::Triangle).into_rgb8();
            let mut padded = image::RgbImage::from_pixel(width, height, image::Rgb([background; 3]));
            let middle = |outer: u32, inner: u32| i64::from((outer - inner) / 2);
            image::imageops::overlay(&mut padded, &inner, middle(width, inner.width()), middle(height, inner.height()));
            padded.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    fn read_as(picture: &DynamicImage, side: usize, reading: Reading) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        picture.save(&path).unwrap();
        read(&path, Shape::image(side, side, 1), reading).unwrap()
    }

    #[test]
    fn a_wide_image_is_stretched_cropped_or_padded() {
        let wide: DynamicImage =
            GrayImage::from_fn(40, 20, |x, _| Luma([if (10..30).contains(&x) { 100 } else { 0 }])).into();
        let read = |fit| read_as(&wide, 4, Reading { fit, background: 255 });
        assert!(read(Fit::Crop).iter().all(|pixel| pixel.abs_diff(100) < 20));
        assert!(
            read(Fit::Stretch)[..4].iter().zip([0, 100, 100, 0]).all(|(pixel, expected)| pixel.abs_diff(expected) < 40)
        );
        assert_eq!((read(Fit::Pad)[0], read(Fit::Pad)[15]), (255, 255));
    }

    #[test]
    fn what_is_transparent_is_background() {
        let icon = RgbaImage::from_fn(8, 8, |x, _| Rgba([0, 0, 0, if x < 4 { 255 } else { 0 }]));
        let on =
            |background| read_as(&icon.clone().into(), 8, Reading { background, ..Reading::default() })[..8].to_vec();
        assert_eq!(on(255), [0, 0, 0, 0, 255, 255, 255, 255]);
        assert_eq!(on(0), [0; 8]);
    }
}
