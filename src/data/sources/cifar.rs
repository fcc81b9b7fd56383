//! CIFAR-10 in its binary form: photographs of 32×32 pixels in ten classes (Krizhevsky 2009).
//!
//! A record is the label, a byte, and the pixels: 1024 bytes of red, of green and of blue, row by row.

use std::fs;
use std::path::Path;

use crate::data::dataset::Dataset;
use crate::data::error::{DATA_FOLDER, DataError, Missing};
use crate::data::samples::Samples;
use crate::data::source::{Argument, Request, Source};
use backprop_nn::Shape;

/// The source `cifar10`: the binary version of CIFAR-10.
pub const SOURCE: Source = Source {
    name: "cifar10",
    usage: "cifar10",
    argument: Argument::Nothing,
    options: &[],
    reading: &[],
    help: "60,000 photographs of 32×32 pixels in ten classes, from the folder cifar-10-batches-bin that you have downloaded.",
    load,
};

const FOLDER: &str = "cifar-10-batches-bin";
const FROM: &str = "https://www.cs.toronto.edu/~kriz/cifar.html";
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const PLANE: usize = 32 * 32;
const RECORD: usize = 1 + 3 * PLANE;

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(folder) = request.find_where(FOLDER.as_ref(), |folder| folder.join("test_batch.bin").is_file()) else {
        let advice =
            format!("download the binary version from {FROM} and unpack it here, or name its folder in {DATA_FOLDER}");
        let missing = Missing { kind: "folder", hint: format!("It is from {FROM}.") };
        return Err(DataError::Missing { path: FOLDER.into(), missing, advice });
    };
    let mut train = Samples::default();
    for batch in 1..=5 {
        let read = read(&folder.join(format!("data_batch_{batch}.bin")))?;
        if train.is_empty() { train = read } else { train.append(read) }
    }
    let test = read(&folder.join("test_batch.bin"))?;
    let classes = CLASSES.iter().map(ToString::to_string).collect();
    Ok(Dataset::images(SOURCE.name, Shape::image(32, 32, 3), classes, train, test))
}

fn read(path: &Path) -> Result<Samples, DataError> {
    let bytes = fs::read(path).map_err(|error| DataError::file(path, error))?;
    let is_whole = !bytes.is_empty() && bytes.len() % RECORD == 0;
    if !is_whole || bytes.chunks_exact(RECORD).any(|record| usize::from(record[0]) >= CLASSES.len()) {
        let what = format!("is no batch of the binary version, whose records have {RECORD} bytes and a label below 10");
        return Err(DataError::file(path, what));
    }
    let pixels = |record: &[u8]| {
        let planes = record[1..].to_vec();
        (0..PLANE).flat_map(move |at| [planes[at], planes[PLANE + at], planes[2 * PLANE + at]])
    };
    let all = bytes.chunks_exact(RECORD).flat_map(pixels).collect();
    Ok(Samples::images(all, bytes.chunks_exact(RECORD).map(|record| u16::from(record[0]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planes_of_a_record_become_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test_batch.bin");
        let record: Vec<u8> = [vec![7], vec![1; PLANE], vec![2; PLANE], vec![3; PLANE]].concat();
        fs::write(&path, record.repeat(2)).unwrap();
        let samples = read(&path).unwrap();
        assert_eq!((samples.len(), samples.class_of(1), &samples.pixels_of(1)[..4]), (2, Some(7), &[1, 2, 3, 1][..]));
        fs::write(&path, &record[1..]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("3073 bytes"));
    }
}
