//! Images in folders, `images:DIR`: a folder for each class, named as the class is.

use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use rayon::prelude::*;

use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::samples::Samples;
use crate::data::source::{Argument, Request, Source};
use crate::data::split::Split;
use crate::data::split::TEST_SHARES;
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

/// The source `images`: a folder of image files for each class.
pub const SOURCE: Source = Source {
    name: "images",
    usage: "images:DIR[?size=64&grey=true]",
    argument: Argument::Folder,
    options: &[
        Field::whole(
            "size",
            "Image size",
            8..=512,
            64,
            "Height and width in pixels to which every image is resized. Twice the size takes four times as long.",
        ),
        Field::of(
            "grey",
            "Grayscale",
            Kind::Switch { default: false },
            "Drops the colors, which is faster, and enough where they carry no information.",
        ),
        Field::real(
            "test",
            "Test split",
            TEST_SHARES,
            0.2,
            "Share of the images that is held out for the test, unless a folder of its own holds them.",
        ),
    ],
    help: "A folder of images for each class, all stretched to one size; the names of the folders are the classes.",
    load,
};

/// More bytes of samples than this are a mistake, or would not leave room for training.
const MAX_BYTES: usize = 4 << 30;

/// The memory that one image may take while it is decoded; as many are decoded at once as there are threads.
const MAX_DECODED: u64 = 256 << 20;

const MAX_CLASSES: usize = 1000;

/// So many files that were left out are named, the others counted.
const NAMED: usize = 10;

const TEST_SEED: u64 = 0x7E57;

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(folder) = request.find().filter(|folder| folder.is_dir()) else {
        let hint = "a folder that has a folder for each class";
        return Err(DataError::no_folder(Path::new(request.argument()), "images", hint));
    };
    let side = request.whole("size")?;
    let shape = Shape::image(side, side, if request.flag("grey")? { 1 } else { 3 });
    let test_share = request.real("test")?;
    let (train, test) = (folder.join("train"), folder.join("test"));
    let mut notes = Vec::new();
    let (classes, train, test) = if train.is_dir() && test.is_dir() {
        let others = entries(&folder)?.into_iter().filter(|path| *path != train && *path != test);
        note_left_out(others.map(|path| (path, "stands beside train and test".to_owned())).collect(), &mut notes);
        let (classes, train) = read_classes(&train, None, shape, &mut notes)?;
        let (_, test) = read_classes(&test, Some(&classes), shape, &mut notes)?;
        (classes, train, test)
    } else {
        let (classes, all) = read_classes(&folder, None, shape, &mut notes)?;
        let split = Split::new(&all, test_share, TEST_SEED);
        (classes, all.select(&split.train, shape), all.select(&split.validation, shape))
    };
    let name = folder.canonicalize().unwrap_or(folder);
    let name = name.file_name().map_or_else(|| "images".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Dataset { notes, ..Dataset::images(name, shape, classes, train, test) })
}

/// The images of the folders in a folder, class by class, each in the order of the names. Test images are of the
/// classes that are `known` from the training.
fn read_classes(
    folder: &Path,
    known: Option<&[String]>,
    shape: Shape,
    notes: &mut Vec<String>,
) -> Result<(Vec<String>, Samples), DataError> {
    let (folders, strays): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(|path| is_class_folder(path));
    note_left_out(strays.into_iter().map(|path| (path, "is no folder of a class".to_owned())).collect(), notes);
    let classes: Vec<String> = known.map_or_else(|| folders.iter().map(|path| name_of(path)).collect(), <[_]>::to_vec);
    if !(2..=MAX_CLASSES).contains(&classes.len()) {
        let what =
            format!("expected a folder for each of 2 to {MAX_CLASSES} classes in it, and found {}", classes.len());
        return Err(DataError::file(folder, what));
    }
    let files = folders.iter().map(|folder| entries(folder)).collect::<Result<Vec<_>, _>>()?;
    let count: usize = files.iter().map(Vec::len).sum();
    if count.saturating_mul(shape.len()) > MAX_BYTES {
        let what = format!("{count} images of {shape} take more than 4 GB; make them smaller with size=N");
        return Err(DataError::file(folder, what));
    }
    let (mut pixels, mut labels) = (Vec::with_capacity(count * shape.len()), Vec::with_capacity(count));
    for (folder, files) in folders.iter().zip(files) {
        let Some(class) = classes.iter().position(|class| *class == name_of(folder)) else {
            let what = "is a class that has no training images; put some into a folder of this name in train";
            return Err(DataError::file(folder, what));
        };
        if files.is_empty() {
            return Err(DataError::file(folder, "there is no image in it; add some, or remove the folder"));
        }
        let read: Vec<_> = files.into_par_iter().map(|path| (read(&path, shape), path)).collect();
        let before = labels.len();
        let mut unread = Vec::new();
        for (picture, path) in read {
            match picture {
                Ok(picture) => {
                    pixels.extend(picture);
                    labels.push(class as u16);
                }
                Err(why) => unread.push((path, why)),
            }
        }
        if labels.len() == before {
            let what = "none of its files can be read as an image, PNG, JPEG, BMP, GIF, TIFF or WebP; the first";
            let why = unread.first().map_or("", |(_, why)| why);
            return Err(DataError::file(folder, format!("{what} {why}")));
        }
        note_left_out(unread, notes);
    }
    if labels.is_empty() {
        return Err(DataError::file(folder, "there is no folder of a class in it"));
    }
    Ok((classes, Samples::images(pixels, labels)))
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |error: std::io::Error| DataError::file(folder, error);
    let entries = folder.read_dir().map_err(unreadable)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

/// All files in a folder and its subfolders, sorted by name, without hidden files; for a file, the file itself.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let shown = entries(path)?.into_iter().filter(|path| !name_of(path).starts_with('.'));
    let files = shown.map(|path| files_of(&path)).collect::<Result<Vec<_>, _>>()?;
    Ok(files.concat())
}

/// Folders that begin with a dot belong to programs.
fn is_class_folder(path: &Path) -> bool {
    path.is_dir() && !name_of(path).starts_with('.')
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn note_left_out(left_out: Vec<(PathBuf, String)>, notes: &mut Vec<String>) {
    let more = left_out.len().saturating_sub(NAMED);
    notes.extend(left_out.iter().take(NAMED).map(|(path, why)| format!("{} {why}, left out", path.display())));
    if more > 0 {
        notes.push(format!("{more} more files like these left out"));
    }
}

/// Reads an image file as `[height, width, channels]`, for a network that was trained on this source. The image is
/// rotated as its camera was held and stretched to the size. The error is the end of a sentence about the file.
pub fn read(path: &Path, shape: Shape) -> Result<Vec<u8>, String> {
    let Some([height, width, channels @ (1 | 3)]) = shape.as_image() else {
        return Err(format!("is asked for as {shape}, and an image is gray or red, green and blue"));
    };
    if path.is_dir() {
        return Err("is a folder".to_owned());
    }
    let picture = decode(path).map_err(|error| format!("cannot be read as an image: {error}"))?;
    let picture = picture.resize_exact(width as u32, height as u32, FilterType::Triangle);
    Ok(if channels == 1 { picture.into_luma8().into_raw() } else { picture.into_rgb8().into_raw() })
}

fn decode(path: &Path) -> image::ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    let mut reader = ImageReader::new(std::io::BufReader::new(fs::File::open(path)?)).with_guessed_format()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // A picture whose orientation cannot be told is upright.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};

    fn write(folder: &Path, name: &str, picture: impl Into<DynamicImage>) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        picture.into().save(path).unwrap();
    }

    fn even(color: [u8; 3]) -> RgbImage {
        RgbImage::from_pixel(20, 30, Rgb(color))
    }

    fn load_folder(folder: &Path, options: &str) -> Result<Dataset, String> {
        let place = format!("{}/", folder.display());
        let loaded = Dataset::read(&format!("images:{}{options}", folder.display()));
        loaded.map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn folders_are_classes_whatever_their_pictures_are_like() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let formats = ["a.png", "b.bmp", "c.gif", "d.tiff", "e.webp"];
        formats.iter().for_each(|name| write(folder, &format!("red/{name}"), even([255, 0, 0])));
        (0..5).for_each(|at| write(folder, &format!("green/{at}.png"), even([0, 255, 0])));
        write(folder, "green/5.jpg", even([0, 255, 0]));
        // What a file holds counts, not what it is called.
        fs::rename(folder.join("red/b.bmp"), folder.join("red/b.jpg")).unwrap();
        fs::write(folder.join("red/notes.txt"), "no image").unwrap();
        fs::write(folder.join("readme.md"), "text").unwrap();

        let dataset = load_folder(folder, "?size=8&test=0.2").unwrap();
        assert_eq!((dataset.shape, dataset.task.classes().join(" ")), (Shape::image(8, 8, 3), "green red".to_owned()));
        assert_eq!((dataset.train.class_counts(2), dataset.test.class_counts(2)), (vec![5, 4], vec![1, 1]));
        let red = dataset.train.classes().iter().position(|class| *class == 1).unwrap();
        assert_eq!(dataset.train.pixels_of(red)[..6], [255, 0, 0, 255, 0, 0]);
        assert_eq!(dataset.notes.len(), 2, "{:?}", dataset.notes);
        assert!(dataset.notes[0].contains("readme.md is no folder of a class, left out"), "{:?}", dataset.notes);
        assert!(dataset.notes[1].contains("notes.txt cannot be read as an image"), "{:?}", dataset.notes);
        assert_eq!(dataset, load_folder(folder, "?size=8&test=0.2").unwrap());

        let grey = load_folder(folder, "?size=16&grey=true&test=0").unwrap();
        assert_eq!((grey.shape, grey.train.len(), grey.test.len()), (Shape::image(16, 16, 1), 11, 0));
        assert!(load_folder(folder, "?grey=perhaps").unwrap_err().contains("grey=true or grey=false"));
    }

    #[test]
    fn a_picture_is_stretched_to_the_size() {
        let place = tempfile::tempdir().unwrap();
        let halves = GrayImage::from_fn(200, 40, |x, _| Luma([if x < 100 { 0 } else { 200 }]));
        write(place.path(), "wide.png", halves);
        let pixels = read(&place.path().join("wide.png"), Shape::image(10, 10, 1)).unwrap();
        for row in pixels.chunks(10) {
            assert!(row[..4].iter().all(|pixel| *pixel == 0) && row[6..].iter().all(|pixel| *pixel == 200), "{row:?}");
        }
    }

    #[test]
    fn train_and_test_are_taken_as_they_are() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        for (name, color) in [("train/a/1.png", 10), ("train/b/1.png", 20), ("train/b/2.png", 20), ("test/b/3.png", 30)]
        {
            write(folder, name, even([color; 3]));
        }
        let dataset = load_folder(folder, "?size=8").unwrap();
        assert_eq!((dataset.train.class_counts(2), dataset.test.class_counts(2)), (vec![1, 2], vec![0, 1]));
        assert_eq!(dataset.test.pixels_of(0)[0], 30);
        write(folder, "test/c/1.png", even([1; 3]));
        assert!(load_folder(folder, "").unwrap_err().contains("test/c: is a class that has no training images"));
    }

    #[test]
    fn classes_without_pictures_are_refused_in_one_sentence() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let error = || load_folder(folder, "").unwrap_err();
        assert!(error().contains("a folder for each of 2 to 1000 classes in it, and found 0"), "{}", error());
        write(folder, "a/1.png", even([1; 3]));
        fs::create_dir(folder.join("b")).unwrap();
        assert!(error().starts_with("b: there is no image in it"), "{}", error());
        fs::write(folder.join("b/1.png"), b"\x89PNG\r\n\x1a\ncut").unwrap();
        assert!(error().starts_with("b: none of its files can be read as an image"), "{}", error());
        assert!(Dataset::read("images:no/such").unwrap_err().to_string().contains("no such folder"));
    }
}
