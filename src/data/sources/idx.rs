//! The file format of MNIST: `idx:DIR`, plain or gzipped, any image size. Files of EMNIST are recognized by their names.
//!
//! Two zero bytes, the type (8: bytes), the number of axes, then each axis as a big-endian u32, then the bytes.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::data::dataset::{Dataset, numbered_classes};
use crate::data::error::DataError;
use crate::data::note::Note;
use crate::data::samples::Samples;
use crate::data::source::{Argument, Request, Source};
use crate::data::table::kind_of;
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

pub(super) const TRANSPOSE: Field = Field::of(
    "transpose",
    "Transpose",
    Kind::Word(&["true", "false"]),
    "Whether rows and columns are exchanged, as in the files of EMNIST, which are known by their names.",
);

pub(super) const FIRST: Field = Field::of(
    "first",
    "First label",
    Kind::Word(&["0", "1"]),
    "The label of the first class; 1 where no label is 0, by default.",
);

/// The source `idx`: a folder with image and label files in the IDX format.
pub const SOURCE: Source = Source {
    name: "idx",
    usage: "idx:DIR",
    argument: Argument::Folder,
    options: &[
        Field::of(
            "set",
            "Set",
            Kind::Text,
            "Which set of several in the folder, by the beginning of its file names, such as emnist-letters.",
        ),
        TRANSPOSE,
        FIRST,
    ],
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
    read_folder(&folder, &Options::of(request, request.text("set"))?)
}

/// What is not left to the program.
#[derive(Default)]
pub(super) struct Options {
    /// The beginning of the names of the files.
    pub set: Option<String>,
    /// Whether rows and columns are exchanged.
    pub transpose: Option<bool>,
    /// Whether labels begin at 1.
    pub from_one: Option<bool>,
}

impl Options {
    /// Those of a request, for this set.
    pub fn of(request: &Request<'_>, set: Option<String>) -> Result<Self, DataError> {
        let word = |field: &Field, known: [&str; 2]| match request.text(field.key) {
            None => Ok(None),
            Some(text) if known.contains(&text.as_str()) => Ok(Some(text == known[1])),
            Some(text) => {
                let (key, [no, yes]) = (field.key, known);
                Err(request.wrong(format!("{key}={text} is unknown; there is {no} and {yes}")))
            }
        };
        Ok(Self { set, transpose: word(&TRANSPOSE, ["false", "true"])?, from_one: word(&FIRST, ["0", "1"])? })
    }
}

/// The four files of a set.
struct Files {
    /// What their names begin with: "emnist-letters-", or nothing.
    prefix: String,
    /// Images and labels for training, then for the test.
    paths: [[PathBuf; 2]; 2],
}

/// Whether all four files are in a folder.
pub(super) fn is_complete(folder: &Path, set: Option<&str>) -> bool {
    files_of(folder, set).is_ok()
}

/// Whether at least one of the four files is in a folder.
pub(super) fn is_begun(folder: &Path) -> bool {
    const ENDINGS: [&str; 2] = ["images-idx3-ubyte", "labels-idx1-ubyte"];
    let is_one = |name: String| ENDINGS.iter().any(|ending| name.ends_with(ending));
    folder.read_dir().is_ok_and(|entries| entries.flatten().any(|entry| is_one(plain_name(&entry.path()))))
}

/// Reads the four files of a folder.
pub(super) fn read_folder(folder: &Path, options: &Options) -> Result<Dataset, DataError> {
    let Files { prefix, paths: [train, test] } = files_of(folder, options.set.as_deref())?;
    let (mut train, shape) = read_pair(&train)?;
    let (mut test, test_shape) = read_pair(&test)?;
    if test_shape != shape {
        return Err(DataError::file(
            folder,
            format!("the training images are {shape} and the test images {test_shape}"),
        ));
    }
    let mut notes = Vec::new();
    let is_emnist = prefix.starts_with("emnist");
    if options.transpose.unwrap_or(is_emnist) {
        [&mut train, &mut test].into_iter().for_each(|samples| samples.transpose_images(shape));
        if options.transpose.is_none() {
            let what = "Rows and columns of the images were exchanged, since files of EMNIST have them so";
            notes.push(Note::or(what, "transpose", "false", "keeps them"));
        }
    }
    let labels = || train.classes().iter().chain(test.classes()).copied();
    let largest = usize::from(labels().max().unwrap_or(0));
    let from_one = options.from_one.unwrap_or_else(|| labels().all(|label| label > 0));
    if from_one && labels().any(|label| label == 0) {
        return Err(DataError::file(folder, "has labels that are 0; say first=0"));
    }
    let mut classes = numbered_classes((largest + 1).max(2));
    if from_one {
        [&mut train, &mut test].into_iter().for_each(Samples::count_classes_from_one);
        classes.remove(0);
        if options.from_one.is_none() {
            let what = format!("No label is 0, so that the classes are 1 to {largest}");
            notes.push(Note::or(what, "first", "0", "keeps an empty class 0"));
        }
    }
    if let Some(letters) = emnist_classes(&prefix).filter(|letters| letters.len() == classes.len()) {
        classes = letters;
    }
    let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = match prefix.trim_end_matches('-') {
        "" => name.unwrap_or_else(|| folder.display().to_string()),
        prefix => prefix.to_owned(),
    };
    let shape = if options.transpose.unwrap_or(is_emnist) { transposed(shape) } else { shape };
    Ok(Dataset { notes, ..Dataset::images(name, shape, classes, train, test) })
}

fn transposed(shape: Shape) -> Shape {
    shape.as_image().map_or(shape, |[height, width, channels]| Shape::image(width, height, channels))
}

/// The names of the classes of EMNIST: letters of both cases are one class in `letters`, and in `balanced` where they look
/// alike (Cohen et al. 2017).
fn emnist_classes(prefix: &str) -> Option<Vec<String>> {
    let set = prefix.strip_prefix("emnist-")?.trim_end_matches('-');
    let letters = match set {
        "letters" => ('A'..='Z').collect::<Vec<_>>(),
        "balanced" | "bymerge" => ('0'..='9').chain('A'..='Z').chain("abdefghnqrt".chars()).collect(),
        "byclass" => ('0'..='9').chain('A'..='Z').chain('a'..='z').collect(),
        _ => return None,
    };
    Some(letters.into_iter().map(String::from).collect())
}

/// The four files of the only set in a folder, or of the one that is named.
fn files_of(folder: &Path, set: Option<&str>) -> Result<Files, DataError> {
    let entries = folder.read_dir().map_err(|error| DataError::file(folder, error))?;
    let mut found: Vec<(String, PathBuf)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .map(|path| (plain_name(&path), path))
        .collect();
    found.sort();
    const FIRST: &str = "train-images-idx3-ubyte";
    let prefixes: BTreeSet<&str> = found.iter().filter_map(|(name, _)| name.strip_suffix(FIRST)).collect();
    let wanted = set.map(str::to_lowercase);
    let is_wanted = |prefix: &str| wanted.as_deref().is_none_or(|set| prefix.trim_end_matches('-') == set);
    let fitting: Vec<&str> = prefixes.iter().copied().filter(|prefix| is_wanted(prefix)).collect();
    let prefix = match fitting[..] {
        [prefix] => prefix,
        // Files that are called as those of MNIST are need no other name.
        ["", ..] => "",
        [] => {
            let set = set.map_or(String::new(), |set| format!("{set}-"));
            return Err(DataError::file(folder, format!("expected {set}{FIRST} in it, plain or gzipped")));
        }
        _ => {
            let names: Vec<_> = fitting.iter().map(|prefix| prefix.trim_end_matches('-')).collect();
            return Err(DataError::file(
                folder,
                format!("holds several sets; say set= with one of {}", names.join(", ")),
            ));
        }
    };
    let file = |parts: &[&str], what: &str| {
        let names: Vec<String> = parts.iter().map(|part| format!("{prefix}{part}-{what}-ubyte")).collect();
        let file = found.iter().find(|(name, _)| names.contains(name)).map(|(_, path)| path.clone());
        // MNIST calls its test t10k, and EMNIST does not.
        let usual = if prefix.is_empty() { names.first() } else { names.last() };
        let usual = usual.map_or("", String::as_str);
        file.ok_or_else(|| DataError::file(folder, format!("expected {usual} in it, plain or gzipped")))
    };
    let pair = |parts: &[&str]| -> Result<[PathBuf; 2], DataError> {
        Ok([file(parts, "images-idx3")?, file(parts, "labels-idx1")?])
    };
    Ok(Files { prefix: prefix.to_owned(), paths: [pair(&["train"])?, pair(&["t10k", "test"])?] })
}

/// The name of a file in small letters, without the ending of gzip; dots are hyphens, as both are in use.
fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.trim_end_matches(".gz").replace('.', "-")
}

fn read_pair([images_path, labels_path]: &[PathBuf; 2]) -> Result<(Samples, Shape), DataError> {
    let (image_dims, pixels) = read(images_path)?;
    let (label_dims, labels) = read(labels_path)?;
    let (count, shape) = match image_dims[..] {
        [count, height, width] if height > 0 && width > 0 => (count, Shape::image(height, width, 1)),
        [count, height, width, channels] if height > 0 && width > 0 && channels > 0 => {
            (count, Shape::image(height, width, channels))
        }
        _ => {
            return Err(DataError::file(
                images_path,
                format!("expected images, [count, height, width], and found {image_dims:?}"),
            ));
        }
    };
    if label_dims != [count] {
        return Err(DataError::file(
            labels_path,
            format!("expected {count} labels, one per image, and found {label_dims:?}"),
        ));
    }
    if count == 0 {
        return Err(DataError::file(images_path, "there is no image in it"));
    }
    Ok((Samples::images(pixels, labels), shape))
}

/// The axes and the bytes of one file. Whether it is compressed, its first bytes say, whatever it is called.
fn read(path: &Path) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    let fail = |what: String| DataError::file(path, what);
    let unreadable = |error: std::io::Error| fail(format!("cannot be read: {error}; the file may be cut off"));
    let mut file = BufReader::new(File::open(path).map_err(|error| fail(error.to_string()))?);
    let mut bytes = Vec::new();
    if std::io::BufRead::fill_buf(&mut file).map_err(unreadable)?.starts_with(&[0x1F, 0x8B]) {
        MultiGzDecoder::new(file).take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let &[0, 0, 8, axes @ 1..=4, ..] = bytes.as_slice() else {
        let what = kind_of(&bytes).map_or(String::new(), |kind| format!(": this is {kind}"));
        return Err(fail(format!("is not an IDX file of bytes, which begins with 0 0 8{what}")));
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
    use std::fs;

    use super::*;
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
        read_folder(folder.path(), &Options::default()).map_err(|error| error.to_string())
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
    fn emnist_is_known_by_its_names_and_the_first_bytes_say_what_is_compressed() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["train", "test"] {
            let write = |what: &str, bytes: &[u8]| {
                fs::write(folder.path().join(format!("emnist-letters-{part}-{what}-ubyte.gz")), bytes).unwrap();
            };
            // Plain files with the ending of compressed ones.
            write("images-idx3", &idx(&[26, 2, 2], &[1, 2, 3, 4].repeat(26)));
            write("labels-idx1", &idx(&[26], &(1..=26).collect::<Vec<u8>>()));
        }
        let letters = load_folder(&folder).unwrap();
        assert_eq!((letters.name.as_str(), letters.task.outputs()), ("emnist-letters", 26));
        assert_eq!((letters.train.pixels_of(0), letters.train.class_of(25)), (&[1u8, 3, 2, 4][..], Some(25)));
        assert_eq!((letters.task.classes()[0].as_str(), letters.notes.len()), ("A", 2));
        let kept = Options { transpose: Some(false), from_one: Some(false), set: None };
        let kept = read_folder(folder.path(), &kept).unwrap();
        assert_eq!((kept.train.pixels_of(0), kept.task.outputs()), (&[1u8, 2, 3, 4][..], 27));
        for part in ["Train", "t10k"] {
            let path = |what: &str| folder.path().join(format!("{part}-{what}-ubyte"));
            fs::write(path("images.idx3"), idx(&[2, 1, 1], &[1, 2])).unwrap();
            fs::write(path("labels.idx1"), idx(&[2], &[0, 1])).unwrap();
        }
        assert_eq!(load_folder(&folder).unwrap().train.len(), 2, "files that are called as those of MNIST come first");
        let page = b"<!DOCTYPE html><html>not found</html>";
        fs::write(folder.path().join("t10k-images.idx3-ubyte"), page).unwrap();
        let error = load_folder(&folder).unwrap_err();
        assert!(error.contains("this is an HTML page"), "{error}");
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
