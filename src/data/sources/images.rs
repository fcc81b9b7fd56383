//! Images in folders, `images:DIR`: a folder for each class, named as the class is.

mod classes;
mod divided;
mod folders;
mod labels;
mod masks;
mod storage;

use std::path::{Path, PathBuf};

use self::classes::{ClassFolders, refuse_split_names};
use self::divided::{Divided, divided};
pub use self::folders::files_of;
use self::folders::{Patterns, Unread};
use self::labels::labeled;
use self::masks::note_masks;
use self::storage::read_all;
use crate::data::cache;
use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::photo::{Fit, Reading};
use crate::data::samples::Samples;
use crate::data::source::{Argument, Lookup, Request, Source, SourcePart, SourceSpec};
use crate::data::split::{Split, TEST_SHARES};
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
    let dataset = match request.text("labels") {
        Some(file) => {
            let (classes, files) = labeled(&folder, &file, &asked, request, &mut notes)?;
            let all = read_all(&folder, &files, &asked, &mut notes)?;
            shared(classes, all, asked.shape, test_share)
        }
        None => match divided(&folder, &mut notes)? {
            Some(sets) => load_divided(&sets, &asked, request, &mut notes)?,
            None => {
                refuse_split_names(&folder)?;
                let (classes, files) = ClassFolders::of(&folder, &mut notes)?.files(None, &asked, &mut notes)?;
                note_masks(files.iter().map(|(file, _)| file.as_path()), &mut notes);
                let all = read_all(&folder, &files, &asked, &mut notes)?;
                shared(classes, all, asked.shape, test_share)
            }
        },
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

/// Images whose makers have divided them. A test set that they have not set apart is held out on demand.
fn load_divided(
    sets: &Divided,
    asked: &Asked,
    request: &Request<'_>,
    notes: &mut Vec<Note>,
) -> Result<Dataset, DataError> {
    let Divided { train, validation, test } = sets;
    let (classes, files) = train.files(None, asked, notes)?;
    let mut files_in = |set: &ClassFolders| Ok::<_, DataError>(set.files(Some(&classes), asked, notes)?.1);
    let validation_files = validation.as_ref().map(&mut files_in).transpose()?;
    let test_files = test.as_ref().map(&mut files_in).transpose()?;
    let others = validation_files.iter().chain(&test_files).flatten();
    note_masks(files.iter().chain(others).map(|(file, _)| file.as_path()), notes);
    let mut samples = read_all(&train.place, &files, asked, notes)?;
    let mut read = |set: &Option<ClassFolders>, files: Option<Labeled>| match (set, files) {
        (Some(set), Some(files)) => read_all(&set.place, &files, asked, notes).map(Some),
        _ => Ok(None),
    };
    let (validation, test) = (read(validation, validation_files)?, read(test, test_files)?);
    let test_samples = match test {
        Some(_) if request.has("test") => {
            notes.push("test= is not used, since the test images have folders of their own".into());
            test
        }
        Some(test) => Some(test),
        None if request.has("test") => {
            let split = Split::new(&samples, request.real("test")?, TEST_SEED);
            let held = samples.select(&split.validation, asked.shape);
            samples = samples.select(&split.train, asked.shape);
            Some(held)
        }
        None => {
            let what = "There is no folder of test images, and so no test set";
            notes.push(Note::or(what, "test", "0.2", "holds a fifth of the training images out"));
            None
        }
    };
    Ok(divided::dataset(classes, samples, validation, test_samples, asked.shape, notes))
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
