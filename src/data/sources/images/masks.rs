//! Masks beside images: what is no photograph of a class would be learnt as one.

use std::collections::HashMap;
use std::path::Path;

use crate::data::note::{Note, counted};

/// What ends the names of masks whose files end as the images do.
const MARKS: [&str; 6] = ["_mask", "-mask", "_masks", "_seg", "_segmentation", "_label"];

/// Tells of files that are named as an image beside them, but for `_mask` at the end of the name or a PNG in the place of a
/// JPEG, as the masks of a segmentation are.
pub fn note_masks<'a>(files: impl Iterator<Item = &'a Path> + Clone, notes: &mut Vec<Note>) {
    let mut endings: HashMap<(&Path, &str), Vec<&str>> = HashMap::new();
    for (place, stem, ending) in files.clone().filter_map(parts) {
        endings.entry((place, stem)).or_default().push(ending);
    }
    let is_jpeg = |ending: &&&str| ending.eq_ignore_ascii_case("jpg") || ending.eq_ignore_ascii_case("jpeg");
    let (mut marked, mut beside, mut photographs) = (0, 0, "jpg");
    for (place, stem, ending) in files.filter_map(parts) {
        let jpeg = endings.get(&(place, stem)).and_then(|endings| endings.iter().find(is_jpeg));
        if MARKS.iter().any(|mark| stem.strip_suffix(mark).is_some_and(|image| endings.contains_key(&(place, image)))) {
            marked += 1;
        } else if let Some(jpeg) = jpeg
            && !is_jpeg(&&ending)
        {
            (beside, photographs) = (beside + 1, jpeg);
        }
    }
    if beside > 0 {
        let what =
            format!("{} named as the JPEGs beside them, as masks are, but read as images", counted(beside, "file"));
        notes.push(Note::or(what, "only", format!("*.{photographs}"), "leaves them out"));
    }
    if marked > 0 {
        let what = format!("{} named as masks of the images beside them, but read as images", counted(marked, "file"));
        notes.push(format!("{what}; only=PATTERN reads no others than those that are called so").into());
    }
}

fn parts(file: &Path) -> Option<(&Path, &str, &str)> {
    Some((file.parent()?, file.file_stem()?.to_str()?, file.extension()?.to_str()?))
}
