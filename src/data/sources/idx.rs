//! The file format of MNIST: `idx:DIR`, plain or gzipped, any image size.
//!
//! Two zero bytes, the type (8: bytes), the number of axes, then each axis as a big-endian u32, then the bytes.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::data::dataset::{Dataset, numbered_classes};
use crate::data::error::DataError;
use crate::data::samples::Samples;
use crate::data::source::{Argument, Request, Source};
use backprop_nn::Shape;

/// The source `idx`: a folder with image and label files in the IDX format.
pub const SOURCE: Source = Source {
    name: "idx",
    usage: "idx:DIR",
    argument: Argument::Folder,
    options: &[],
    reading: &[],
    help: "A folder with train-images, train-labels, t10k-images and t10k-labels in the format of MNIST, plain or gzipped.",
    load,
};

/// More bytes than this in one file are a mistake, or a trap.
const MAX_BYTES: u64 = 4 << 30;

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(folder) = request.find().filter(|folder| folder.is_dir()) else {
        return Err(DataError::no_folder(Path::new(request.argument()), "idx", "the folder of the four files"));
    };
    read_folder(&folder)
}

/// Whether all four files are in a folder.
pub(super) fn is_complete(folder: &Path) -> bool {
    let parts = ["train", "t10k"];
    parts.iter().all(|part| images_of(folder, part).is_ok() && labels_of(folder, part).is_ok())
}

pub(super) fn read_folder(folder: &Path) -> Result<Dataset, DataError> {
    let (train, shape) = read_pair(folder, "train")?;
    let (test, test_shape) = read_pair(folder, "t10k")?;
    if test_shape != shape {
        return Err(DataError::file(
            folder,
            format!("the training images are {shape} and the test images {test_shape}"),
        ));
    }
    let largest = train.classes().iter().chain(test.classes()).copied().max().unwrap_or(0);
    let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let classes = numbered_classes((usize::from(largest) + 1).max(2));
    Ok(Dataset::images(name.unwrap_or_else(|| folder.display().to_string()), shape, classes, train, test))
}

fn read_pair(folder: &Path, part: &str) -> Result<(Samples, Shape), DataError> {
    let images_path = images_of(folder, part)?;
    let labels_path = labels_of(folder, part)?;
    let (image_dims, pixels) = read(&images_path)?;
    let (label_dims, labels) = read(&labels_path)?;
    let (count, shape) = match image_dims[..] {
        [count, height, width] if height > 0 && width > 0 => (count, Shape::image(height, width, 1)),
        [count, height, width, channels] if height > 0 && width > 0 && channels > 0 => {
            (count, Shape::image(height, width, channels))
        }
        _ => {
            return Err(DataError::file(
                &images_path,
                format!("expected images, [count, height, width], and found {image_dims:?}"),
            ));
        }
    };
    if label_dims != [count] {
        return Err(DataError::file(
            &labels_path,
            format!("expected {count} labels, one per image, and found {label_dims:?}"),
        ));
    }
    if count == 0 {
        return Err(DataError::file(&images_path, "there is no image in it"));
    }
    Ok((Samples::images(pixels, labels), shape))
}

fn images_of(folder: &Path, part: &str) -> Result<PathBuf, DataError> {
    find(folder, &format!("{part}-images"), "idx3-ubyte")
}

fn labels_of(folder: &Path, part: &str) -> Result<PathBuf, DataError> {
    find(folder, &format!("{part}-labels"), "idx1-ubyte")
}

/// The file by either of the spellings in use, plain or gzipped.
fn find(folder: &Path, stem: &str, ending: &str) -> Result<PathBuf, DataError> {
    let names = ['-', '.'].map(|dot| format!("{stem}{dot}{ending}"));
    let spellings = names.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]);
    spellings
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| DataError::file(folder, format!("expected {stem}-{ending} or {stem}-{ending}.gz in it")))
}

/// The axes and the bytes of one file.
fn read(path: &Path) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let fail = |what: String| DataError::file(path, what);
    let file = BufReader::new(File::open(path).map_err(|error| fail(error.to_string()))?);
    let mut bytes = Vec::new();
    let unreadable = |error: std::io::Error| fail(format!("cannot be read: {error}; the file may be cut off"));
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let &[0, 0, 8, axes @ 1..=4, ..] = bytes.as_slice() else {
        return Err(fail("is not an IDX file of bytes, which begins with 0 0 8".to_owned()));
    };
    let header = 4 + 4 * usize::from(axes);
    let Some(sizes) = bytes.get(4..header) else {
        return Err(fail("is cut off in its first bytes".to_owned()));
    };
    let dims: Vec<usize> =
        sizes.chunks_exact(4).map(|size| size.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))).collect();
    let expected = dims.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    let found = bytes.len() - header;
    if expected != Some(found) {
        return Err(fail(format!("says it holds {dims:?} bytes, and {found} follow; the file is cut off or foreign")));
    }
    bytes.drain(..header);
    Ok((dims, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;

    fn idx(dims: &[u32], bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, 8, dims.len() as u8];
        dims.iter().for_each(|size| file.extend(size.to_be_bytes()));
        file.extend(bytes);
        file
    }

    fn folder(images: &[u8], labels: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for part in ["train", "t10k"] {
            fs::write(folder.path().join(format!("{part}-images-idx3-ubyte")), images).unwrap();
            fs::write(folder.path().join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
        }
        folder
    }

    fn load_folder(folder: &tempfile::TempDir) -> Result<Dataset, String> {
        read_folder(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn any_image_size_is_read_plain_or_gzipped() {
        let folder = folder(&idx(&[2, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), &idx(&[2], &[0, 3]));
        let plain = load_folder(&folder).unwrap();
        assert_eq!((plain.shape, plain.task.outputs()), (Shape::image(2, 3, 1), 4));
        assert_eq!(plain.train.pixels_of(1), [7, 8, 9, 10, 11, 12]);

        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(&fs::read(&path).unwrap()).unwrap();
            fs::write(format!("{}.gz", path.display()), gz.finish().unwrap()).unwrap();
            fs::remove_file(path).unwrap();
        }
        assert_eq!(load_folder(&folder).unwrap(), plain);
    }

    #[test]
    fn files_that_are_not_what_they_say_are_refused_in_one_sentence() {
        let images = idx(&[2, 1, 1], &[1, 2]);
        let labels = idx(&[2], &[0, 1]);
        for (images, labels, expected) in [
            (&images[..images.len() - 1], &labels[..], "cut off"),
            (b"PNG" as &[u8], &labels[..], "not an IDX file"),
            (&images[..], &idx(&[1], &[0])[..], "expected 2 labels"),
            (&idx(&[u32::MAX, u32::MAX, u32::MAX, u32::MAX], &[1])[..], &labels[..], "cut off"),
            (&idx(&[0, 1, 1], &[])[..], &idx(&[0], &[])[..], "no image"),
            (&labels[..], &labels[..], "expected images"),
        ] {
            let error = load_folder(&folder(images, labels)).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
        assert!(Dataset::read("idx:no/such/folder").unwrap_err().to_string().contains("no/such/folder"));
    }
}
