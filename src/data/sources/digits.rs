//! The embedded data set `digits`: made by the program itself from pen strokes, so that the first run needs no network.

use crate::data::dataset::{Dataset, numbered_classes};
use crate::data::error::DataError;
use crate::data::handwriting;
use crate::data::samples::Samples;
use crate::data::source::{Argument, Request, Source};
use backprop_nn::Shape;
use backprop_nn::field::Field;

/// The source `digits`: generated handwritten digits, 28 × 28 pixels.
pub const SOURCE: Source = Source {
    name: "digits",
    usage: "digits[?count=N]",
    argument: Argument::Nothing,
    options: &[Field::whole(
        "count",
        "Samples",
        100..=1_000_000,
        20_000,
        "Number of digits that are written, test samples included.",
    )],
    reading: &[],
    help: "20,000 handwritten digits, written by the program itself with a pen of its own; nothing to download.",
    load,
};

/// Rows and columns of an image.
pub const SIDE: usize = 28;

/// The test samples are by other writers.
const TRAIN_SEED: u64 = 1;
const TEST_SEED: u64 = 2;

/// Nine in ten samples are for training, of which validation samples are split off, and one in ten for the test. A
/// larger set begins with the samples of a smaller one.
fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let count = request.whole("count")?;
    let test = count / 10;
    let (train, test) = (samples(count - test, TRAIN_SEED), samples(test, TEST_SEED));
    Ok(Dataset::images("digits", Shape::image(SIDE, SIDE, 1), numbered_classes(10), train, test))
}

fn samples(count: usize, seed: u64) -> Samples {
    let (pixels, labels) = handwriting::generate(count, seed);
    Samples::images(pixels, labels)
}
