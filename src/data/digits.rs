//! The embedded data set `digits`: made by the program itself from pen strokes, so that the first run needs no network.

use super::{DataError, Dataset, Samples, Source, handwriting, numbered_classes};
use crate::nn::Shape;

pub const SOURCE: Source = Source {
    name: "digits",
    usage: "digits",
    help: "20,000 handwritten digits, written by the program itself with a pen of its own; nothing to download.",
    load,
};

/// Samples for training, of which validation samples are split off.
pub const TRAIN: usize = 18_000;

/// Samples for the test, by other writers.
pub const TEST: usize = 2_000;

/// Rows and columns of an image.
pub const SIDE: usize = 28;

const TRAIN_SEED: u64 = 1;
const TEST_SEED: u64 = 2;

fn load(argument: &str) -> Result<Dataset, DataError> {
    if !argument.is_empty() {
        return Err(DataError::UnknownSource(format!("digits:{argument}")));
    }
    Ok(Dataset {
        name: "digits".to_owned(),
        shape: Shape::image(SIDE, SIDE, 1),
        classes: numbered_classes(10),
        train: samples(TRAIN, TRAIN_SEED),
        test: samples(TEST, TEST_SEED),
    })
}

fn samples(count: usize, seed: u64) -> Samples {
    let (pixels, labels) = handwriting::generate(count, seed);
    Samples { pixels, labels }
}
