//! Reads images into memory, or into a file where they are too many.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Asked, Labeled, note_left_out};
use crate::data::cache::CacheFile;
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::photo::read;
use crate::data::samples::{Inputs, Samples, TargetData};

/// Images that are read side by side before they are put away, and the most bytes that they may have together.
const AT_ONCE: usize = 1024;
const AT_ONCE_BYTES: usize = 64 << 20;

/// Reads images, in parallel.
pub fn read_all(folder: &Path, files: &Labeled, asked: &Asked, notes: &mut Vec<Note>) -> Result<Samples, DataError> {
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
