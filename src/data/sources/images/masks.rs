//! Masks beside images: what is no photograph of a class would be learnt as one.

use std::collections::{BTreeSet, HashMap};
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
    // How many there are, and the patterns of their names.
    let mut marked = (0, BTreeSet::new());
    let mut beside = (0, BTreeSet::new());
    for (place, stem, ending) in files.filter_map(parts) {
        let is_beside_jpeg =
            || endings.get(&(place, stem)).is_some_and(|endings| endings.iter().any(|it| is_jpeg(&it)));
        let is_marked =
            |mark: &&&str| stem.strip_suffix(**mark).is_some_and(|image| endings.contains_key(&(place, image)));
        if let Some(mark) = MARKS.iter().find(is_marked) {
            marked.0 += 1;
            marked.1.insert(format!("*{mark}.*"));
        } else if !is_jpeg(&&ending) && is_beside_jpeg() {
            beside.0 += 1;
            beside.1.insert(format!("*.{}", ending.to_lowercase()));
        }
    }
    for ((count, patterns), named) in
        [(beside, "the JPEGs beside them, as masks are"), (marked, "masks of the images beside them")]
    {
        if count > 0 {
            let what = format!("{} named as {named}, but read as images", counted(count, "file"));
            let patterns = patterns.into_iter().collect::<Vec<_>>().join(",");
            notes.push(Note::or(what, "except", patterns, "leaves them out"));
        }
    }
}

fn parts(file: &Path) -> Option<(&Path, &str, &str)> {
    Some((file.parent()?, file.file_stem()?.to_str()?, file.extension()?.to_str()?))
}
