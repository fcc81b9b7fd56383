//! CIFAR-10 in its binary form: photographs of 32×32 pixels in ten classes (Krizhevsky 2009).
//!
//! A record is the label, a byte, and the pixels: 1024 bytes of red, of green and of blue, row by row.

use std::fs;
use std::path::Path;

use crate::data::dataset::Dataset;
use crate::data::error::{DATA_FOLDER, DataError, Missing};
use crate::data::samples::Samples;
use crate::data::source::{Argument, Request, Source};
use crate::data::table::kind_of;
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
const TEST: &str = "test_batch.bin";
const FROM: &str = "https://www.cs.toronto.edu/~kriz/cifar.html";
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const PLANE: usize = 32 * 32;
const RECORD: usize = 1 + 3 * PLANE;

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let batches: Vec<String> = (1..=5).map(|batch| format!("data_batch_{batch}.bin")).collect();
    let is_there =
        |folder: &Path| folder.join(TEST).is_file() && batches.iter().all(|name| folder.join(name).is_file());
    let found = request.find_where(FOLDER.as_ref(), is_there);
    // A folder in which a file is missing says which.
    let Some(folder) = found.or_else(|| request.find_where(FOLDER.as_ref(), Path::is_dir)) else {
        let files = format!("{} and {TEST}", batches.join(", "));
        let advice = format!(
            "download the binary version from {FROM} and unpack it here, or name its folder, which holds {files}, in {DATA_FOLDER}"
        );
        let missing = Missing { kind: "folder", hint: format!("It is from {FROM}, and holds {files}.") };
        return Err(DataError::Missing { path: FOLDER.into(), missing, advice });
    };
    let missing: Vec<&str> = batches.iter().map(String::as_str).chain([TEST]).collect();
    let missing: Vec<&str> = missing.into_iter().filter(|name| !folder.join(name).is_file()).collect();
    if !missing.is_empty() {
        let what = format!("{} is not in it; unpack the binary version from {FROM} anew", missing.join(", "));
        return Err(DataError::file(&folder, what));
    }
    let mut train = Samples::default();
    for batch in &batches {
        let read = read(&folder.join(batch))?;
        if train.is_empty() { train = read } else { train.append(read) }
    }
    let test = read(&folder.join(TEST))?;
    let classes = CLASSES.iter().map(ToString::to_string).collect();
    Ok(Dataset::images(SOURCE.name, Shape::image(32, 32, 3), classes, train, test))
}

fn read(path: &Path) -> Result<Samples, DataError> {
    let bytes = fs::read(path).map_err(|error| DataError::file(path, error))?;
    let is_whole = !bytes.is_empty() && bytes.len() % RECORD == 0;
    if !is_whole || bytes.chunks_exact(RECORD).any(|record| usize::from(record[0]) >= CLASSES.len()) {
        let kind = kind_of(&bytes).map_or(String::new(), |kind| format!(": this is {kind}"));
        let what =
            format!("is no batch of the binary version, whose records have {RECORD} bytes and a label below 10{kind}");
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
    use crate::data::Lookup;

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
        fs::write(&path, "<!DOCTYPE html><html>not found</html>").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("this is an HTML page"));
    }

    #[test]
    fn a_batch_that_is_missing_is_named() {
        let place = tempfile::tempdir().unwrap();
        let load = || {
            let lookup = Lookup { folder: Some(place.path()), ..Lookup::default() };
            Dataset::load(&"cifar10".parse().unwrap(), &lookup).map_err(|error| error.to_string())
        };
        let none = load().unwrap_err();
        assert!(none.contains("no such folder") && none.contains("data_batch_5.bin and test_batch.bin"), "{none}");
        let folder = place.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        for batch in ["data_batch_1", "data_batch_2", "data_batch_4", "data_batch_5", "test_batch"] {
            fs::write(folder.join(format!("{batch}.bin")), [1; RECORD]).unwrap();
        }
        let told = load().unwrap_err();
        assert!(told.contains("data_batch_3.bin is not in it; unpack"), "{told}");
        fs::write(folder.join("data_batch_3.bin"), [1; RECORD]).unwrap();
        assert_eq!(load().unwrap().train.len(), 5);
    }
}
