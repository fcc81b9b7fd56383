//! Images in folders, `images:DIR`: a folder for each class, named as the class is.

mod folders;
mod labels;
mod masks;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use self::folders::files_of;
use self::folders::{Patterns, Unread, entries, is_class_folder, name_of, split_folders};
use self::labels::labeled;
use self::masks::note_masks;
use crate::data::cache::{self, CacheFile};
use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::photo::{Fit, Reading, read};
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Lookup, Request, Source, SourcePart, SourceSpec};
use crate::data::split::{Order, Split, TEST_SHARES};
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
        Field::of(
            "fit",
            "Fit",
            Kind::Word(&["stretch", "crop", "pad"]),
            "How an image of other proportions becomes a square: stretched (the default), cropped to its middle, or padded.",
        ),
        Field::of(
            "background",
            "Background",
            Kind::Word(&["white", "black", "gray"]),
            "What shows through the transparent places of an image, and beside a padded one; white by default.",
        ),
        Field::of(
            "only",
            "Only files",
            Kind::Text,
            "Names of the files that are read, such as *.jpg; several are separated by commas.",
        ),
        Field::of(
            "except",
            "Except files",
            Kind::Text,
            "Names of files that are not read, such as *_mask.* of masks that lie beside the photographs.",
        ),
        Field::of(
            "labels",
            "File of labels",
            Kind::Text,
            "A table with the name of an image in its first column and the class in its last, for images that are in no folders.",
        ),
        Field::of(
            "cache",
            "Cache",
            Kind::Word(&["memory", "file"]),
            "Where the images are while the network learns: in memory, or in a file of which batches are read. Decided from the memory that is free by default.",
        ),
        Field::real(
            "test",
            "Test split",
            TEST_SHARES,
            0.2,
            "Share of the images that is held out for the test, unless a folder of its own holds them.",
        ),
    ],
    reading: &[],
    help: "A folder of images for each class, all brought to one size; the names of the folders are the classes.",
    load,
};

/// Images that are read side by side before they are put away, and the most bytes that they may have together.
const AT_ONCE: usize = 1024;
const AT_ONCE_BYTES: usize = 64 << 20;

const MAX_CLASSES: usize = 1000;

/// So many files that were left out are named, the others counted.
const NAMED: usize = 10;

const TEST_SEED: u64 = 0x7E57;

/// Images and the class of each.
type Labeled = Vec<(PathBuf, usize)>;

/// How the images of a source were asked for.
struct Asked {
    shape: Shape,
    reading: Reading,
    patterns: Patterns,
    /// Whether they are kept in a file.
    is_mapped: bool,
    /// The classes of the network that they are evaluated with, if there is one.
    trained: Option<Vec<String>>,
}

/// How the images of a source are read, so that others are read in the same way.
fn reading_of(part: &SourcePart) -> Reading {
    let value = |key: &str| part.values(key).first().map(String::as_str);
    let background = match value("background") {
        Some("black") => 0,
        Some("gray") => 128,
        _ => 255,
    };
    Reading { fit: value("fit").and_then(Fit::named).unwrap_or_default(), background }
}

/// How pictures are read for a network that was trained on a source; nothing where they are ink on paper.
pub fn reading_for(source: &SourceSpec) -> Option<Reading> {
    source.single().filter(|part| part.name == SOURCE.name).map(reading_of)
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(folder) = request.find().filter(|folder| folder.is_dir()) else {
        let hint = "a folder that has a folder for each class";
        return Err(DataError::no_folder(Path::new(request.argument()), "images", hint));
    };
    let words: [(&str, &[&str]); 3] = [
        ("fit", &["stretch", "crop", "pad"]),
        ("background", &["white", "black", "gray"]),
        ("cache", &["memory", "file"]),
    ];
    for (key, known) in words {
        if let Some(other) = request.text(key).filter(|text| !known.contains(&text.as_str())) {
            return Err(request.wrong(format!("{key}={other} is unknown; there is {}", known.join(", "))));
        }
    }
    let mut notes = Vec::new();
    let known = request.lookup.known.map(|known| known.task.classes().to_vec()).filter(|known| !known.is_empty());
    let folder = folders::unwrapped(folder, known.as_deref(), &mut notes)?;
    let side = request.whole("size")?;
    let shape = Shape::image(side, side, if request.flag("grey")? { 1 } else { 3 });
    let asked = Asked {
        shape,
        reading: reading_of(request.part()),
        is_mapped: is_mapped(&folder, request, shape, &mut notes)?,
        patterns: Patterns::of(request),
        trained: known,
    };
    note_hidden(&folder, &mut notes)?;
    let test_share = request.real("test")?;
    let dataset = match (request.text("labels"), split_folders(&folder)?) {
        (Some(file), _) => {
            let (classes, files) = labeled(&folder, &file, request, &mut notes)?;
            let all = read_all(&folder, &files, &asked, &mut notes)?;
            shared(classes, all, asked.shape, test_share)
        }
        (None, Some([Some(train), validation, test])) => {
            let others = entries(&folder)?.into_iter();
            let taken = [Some(&train), validation.as_ref(), test.as_ref()];
            let others = others.filter(|path| !taken.contains(&Some(path)));
            note_left_out(
                others.map(|path| (path, "stands beside the folder of training images".to_owned())).collect(),
                &mut notes,
            );
            split(&train, validation.as_deref(), test.as_deref(), &asked, test_share, &mut notes)?
        }
        (None, _) => {
            refuse_split_names(&folder)?;
            let (classes, files) = class_files(&folder, asked.trained.as_deref(), &asked, &mut notes)?;
            note_masks(files.iter().map(|(file, _)| file.as_path()), &mut notes);
            let all = read_all(&folder, &files, &asked, &mut notes)?;
            shared(classes, all, asked.shape, test_share)
        }
    };
    let typical = if request.has("size") { None } else { typical_side(request.part(), request.lookup) };
    if let Some(typical) = typical.filter(|typical| *typical != side) {
        let what = format!("The images, of about {typical} pixels a side, are read at {side} × {side}");
        let kept = typical.min(LARGE);
        notes.push(Note::or(
            what,
            "size",
            kept.to_string(),
            if typical > side { "keeps more of them" } else { "enlarges nothing" },
        ));
    }
    let name = folder.canonicalize().unwrap_or(folder);
    let name = name.file_name().map_or_else(|| "images".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Dataset { name, notes, ..dataset })
}

/// Whether the images are kept in a file, because somebody wants it or because they are too many for the memory.
fn is_mapped(folder: &Path, request: &Request<'_>, shape: Shape, notes: &mut Vec<Note>) -> Result<bool, DataError> {
    if let Some(place) = request.text("cache") {
        return Ok(place == "file");
    }
    let patterns = Patterns::of(request);
    let files = files_of(folder)?.into_iter().filter(|file| patterns.are_met(file)).count();
    let bytes = files as u64 * shape.len() as u64;
    let is_mapped = cache::is_too_large(bytes);
    if is_mapped {
        let (size, place) = (bytes as f64 / 1e9, cache::for_images());
        let place = place.display();
        let what =
            format!("The images take {size:.1} GB, too much of the free memory, and are kept in a file in {place}");
        notes.push(Note::or(what, "cache", "memory", "keeps them in memory"));
    }
    Ok(is_mapped)
}

/// All images in one set, a share of which is held out.
fn shared(classes: Vec<String>, all: Samples, shape: Shape, test_share: f32) -> Dataset {
    let split = Split::new(&all, test_share, TEST_SEED);
    let (train, test) = (all.select(&split.train, shape), all.select(&split.validation, shape));
    Dataset::images("", shape, classes, train, test)
}

/// Images whose makers have divided them.
fn split(
    train: &Path,
    validation: Option<&Path>,
    test: Option<&Path>,
    asked: &Asked,
    test_share: f32,
    notes: &mut Vec<Note>,
) -> Result<Dataset, DataError> {
    let (classes, files) = class_files(train, asked.trained.as_deref(), asked, notes)?;
    let mut files_in = |folder| Ok::<_, DataError>((folder, class_files(folder, Some(&classes), asked, notes)?.1));
    let validation = validation.map(&mut files_in).transpose()?;
    let test = test.map(&mut files_in).transpose()?;
    let others = validation.iter().chain(&test).flat_map(|(_, files)| files);
    note_masks(files.iter().chain(others).map(|(file, _)| file.as_path()), notes);
    let mut samples = read_all(train, &files, asked, notes)?;
    let mut read = |(folder, files): (&Path, Labeled)| read_all(folder, &files, asked, notes);
    let validation = validation.map(&mut read).transpose()?;
    let test = test.map(&mut read).transpose()?;
    if let (None, None) = (&validation, &test) {
        return Ok(shared(classes, samples, asked.shape, test_share));
    }
    let held = validation.as_ref().map_or(0, Samples::len);
    if let Some(validation) = validation {
        notes.push(
            format!(
                "{} from a folder of their own are the validation set, whatever the validation split is",
                counted(held, "image")
            )
            .into(),
        );
        samples.append(validation);
    }
    let test = test.unwrap_or_else(|| samples.select(&[], asked.shape));
    let order = if held > 0 { Order::Held(held) } else { Order::Free };
    Ok(Dataset { order, ..Dataset::images("", asked.shape, classes, samples, test) })
}

/// The files of the folders in a folder, class by class, each in the order of the names. Test images are of the classes
/// that are `known` from the training.
fn class_files(
    folder: &Path,
    known: Option<&[String]>,
    asked: &Asked,
    notes: &mut Vec<Note>,
) -> Result<(Vec<String>, Labeled), DataError> {
    let (folders, strays): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(|path| is_class_folder(path));
    note_left_out(strays.into_iter().map(|path| (path, "is no folder of a class".to_owned())).collect(), notes);
    let (mut filled, mut left_out) = (Vec::new(), 0);
    for folder in folders {
        let all = files_of(&folder)?;
        let (files, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| asked.patterns.are_met(path));
        left_out += others.len();
        if files.is_empty() {
            note_left_out(vec![(folder, "has no image in it".to_owned())], notes);
        } else {
            filled.push((folder, files));
        }
    }
    if left_out > 0 {
        let (files, folder) = (counted(left_out, "file"), name_of(folder));
        notes.push(format!("{files} in {folder} left out by only= or except=").into());
    }
    let classes: Vec<String> =
        known.map_or_else(|| filled.iter().map(|(path, _)| name_of(path)).collect(), <[_]>::to_vec);
    if !(2..=MAX_CLASSES).contains(&classes.len()) {
        let patterns = if left_out > 0 { ", since only= or except= leaves every file of the others out" } else { "" };
        let found = classes.len();
        let what =
            format!("expected a folder for each of 2 to {MAX_CLASSES} classes in it, and found {found}{patterns}");
        return Err(DataError::file(folder, what));
    }
    let mut labeled = Vec::new();
    for (folder, files) in filled {
        let name = name_of(&folder);
        let alike = || classes.iter().position(|class| class.eq_ignore_ascii_case(&name));
        let Some(class) = classes.iter().position(|class| *class == name).or_else(alike) else {
            if asked.trained.is_some() {
                let what =
                    format!("{} of {name}, a class that the network does not know", counted(files.len(), "file"));
                notes.push(format!("{what}, left out").into());
                continue;
            }
            let what = "is a class that has no training images; put some into a folder of this name in train";
            return Err(DataError::file(&folder, what));
        };
        labeled.extend(files.into_iter().map(|file| (file, class)));
    }
    if labeled.is_empty() && asked.trained.is_some() {
        let what = format!("has no folder of a class that the network knows; it knows {}", classes.join(", "));
        return Err(DataError::file(folder, what));
    }
    Ok((classes, labeled))
}

/// Reads images, in parallel.
fn read_all(folder: &Path, files: &Labeled, asked: &Asked, notes: &mut Vec<Note>) -> Result<Samples, DataError> {
    let Asked { shape, reading, .. } = asked;
    let classes = files.iter().map(|(_, class)| class + 1).max().unwrap_or(0);
    let unwritten = |error: std::io::Error| DataError::file(folder, format!("its images {error}"));
    let mut kept = match asked.is_mapped {
        true => ImageStorage::File(CacheFile::new(shape.len()).map_err(unwritten)?),
        false => ImageStorage::Memory(Vec::with_capacity(files.len() * shape.len())),
    };
    let (mut labels, mut unread, mut even) = (Vec::with_capacity(files.len()), Vec::<(PathBuf, String)>::new(), 0);
    let at_once = (AT_ONCE_BYTES / shape.len().max(1)).clamp(16, AT_ONCE);
    for files in files.chunks(at_once) {
        let pictures: Vec<_> = files.par_iter().map(|(path, _)| read(path, *shape, *reading)).collect();
        for (picture, (path, class)) in pictures.into_iter().zip(files) {
            match picture {
                Ok(picture) => {
                    even += usize::from(picture.iter().all(|byte| *byte == picture[0]));
                    kept.add(&picture).map_err(unwritten)?;
                    labels.push(*class as u16);
                }
                Err(why) => unread.push((path.clone(), why)),
            }
        }
    }
    let has_none = |class: usize| files.iter().any(|file| file.1 == class) && !labels.contains(&(class as u16));
    if let Some(class) = (0..classes).find(|class| has_none(*class)) {
        let what = "none of its files can be read as an image, PNG, JPEG, BMP, GIF, TIFF or WebP; the first";
        let of_class = |(path, _): &&(PathBuf, String)| files.iter().any(|file| file.0 == *path && file.1 == class);
        let first = unread.iter().find(of_class);
        let place = first.and_then(|(path, _)| path.parent()).unwrap_or(folder);
        return Err(DataError::file(place, format!("{what} {}", first.map_or("", |(_, why)| why))));
    }
    note_left_out(unread, notes);
    if even > 0 {
        let images = counted(even, "image");
        notes.push(
            format!("{images} of one even color; background=black shows white drawings on transparent ground").into(),
        );
    }
    if labels.is_empty() {
        return Err(DataError::file(folder, "there is no image in it"));
    }
    Ok(Samples { inputs: kept.inputs().map_err(unwritten)?, targets: TargetData::Classes(labels) })
}

/// Where images are put one after the other.
enum ImageStorage {
    Memory(Vec<u8>),
    File(CacheFile),
}

impl ImageStorage {
    fn add(&mut self, image: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Memory(pixels) => {
                pixels.extend_from_slice(image);
                Ok(())
            }
            Self::File(file) => file.write(image),
        }
    }

    fn inputs(self) -> std::io::Result<Inputs> {
        Ok(match self {
            Self::Memory(pixels) => Inputs::Bytes(pixels),
            Self::File(file) => Inputs::Mapped(file.map()?),
        })
    }
}

/// A side that is large enough for most networks, in pixels.
const LARGE: usize = 224;

/// Images whose size is looked at to know that of most.
const MEASURED: usize = 60;

/// The shorter side of most images below the folder of a source, in pixels; nothing if there is none.
pub fn typical_side(part: &SourcePart, lookup: &Lookup<'_>) -> Option<usize> {
    let request = Request::new(&SOURCE, part, lookup).ok()?;
    let (mut files, patterns) = (files_of(&request.find()?).ok()?, Patterns::of(&request));
    files.retain(|file| patterns.are_met(file));
    let step = files.len().div_ceil(MEASURED).max(1);
    let mut sides: Vec<u32> = files
        .iter()
        .step_by(step)
        .filter_map(|path| image::image_dimensions(path).ok())
        .map(|(width, height)| width.min(height))
        .collect();
    sides.sort_unstable();
    sides.get(sides.len() / 2).map(|side| *side as usize)
}

/// Folders that are all called as those of splits are no classes.
fn refuse_split_names(folder: &Path) -> Result<(), DataError> {
    let folders: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| is_class_folder(path)).collect();
    if folders.len() < 2 || !folders.iter().all(|path| folders::is_of_split(path)) {
        return Ok(());
    }
    let names: Vec<String> = folders.iter().map(|path| name_of(path)).collect();
    let what = format!("has {}, and no folder of training images beside them; call it train", names.join(" and "));
    Err(DataError::file(folder, what))
}

/// Tells what is in the folder and no image: leftovers of archives of macOS, hidden files, and folders in which nothing is.
fn note_hidden(folder: &Path, notes: &mut Vec<Note>) -> Result<(), DataError> {
    let Unread { hidden, empty, loops } = folders::unread_in(folder)?;
    if hidden > 0 {
        notes.push(
            format!("{}, whose names begin with a dot or __MACOSX, left out", counted(hidden, "hidden file")).into(),
        );
    }
    note_left_out(empty.into_iter().map(|path| (path, "is an empty folder".to_owned())).collect(), notes);
    let loops = loops.into_iter().map(|path| (path, "is a link to a folder that it stands in".to_owned()));
    note_left_out(loops.collect(), notes);
    Ok(())
}

fn note_left_out(left_out: Vec<(PathBuf, String)>, notes: &mut Vec<Note>) {
    let more = left_out.len().saturating_sub(NAMED);
    notes.extend(left_out.iter().take(NAMED).map(|(path, why)| format!("{} {why}, left out", path.display()).into()));
    if more > 0 {
        notes.push(format!("{more} more files like these left out").into());
    }
}

#[cfg(test)]
mod tests;
