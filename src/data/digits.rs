//! The embedded data set `digits`: made by the program itself from pen strokes, so that the first run needs no network.

use std::ops::RangeInclusive;

use super::{Argument, DataError, Dataset, Options, Samples, Source, handwriting, numbered_classes};
use backprop_nn::Shape;

pub const SOURCE: Source = Source {
    name: "digits",
    usage: "digits[?count=N]",
    argument: Argument::Nothing,
    options: &["count"],
    help: "20,000 handwritten digits, written by the program itself with a pen of its own; nothing to download.",
    load,
};

/// Samples when nobody says how many.
pub(super) const COUNT: usize = 20_000;

/// The range of what may be said.
pub(super) const COUNTS: RangeInclusive<usize> = 100..=1_000_000;

/// Rows and columns of an image.
pub const SIDE: usize = 28;

/// The test samples are by other writers.
const TRAIN_SEED: u64 = 1;
const TEST_SEED: u64 = 2;

/// Nine in ten samples are for training, of which validation samples are split off, and one in ten for the test. A
/// larger set begins with the samples of a smaller one.
fn load(options: &Options<'_>) -> Result<Dataset, DataError> {
    let count = options.number("count", COUNT, COUNTS)?;
    let test = count / 10;
    let (train, test) = (samples(count - test, TRAIN_SEED), samples(test, TEST_SEED));
    Ok(Dataset::images("digits", Shape::image(SIDE, SIDE, 1), numbered_classes(10), train, test))
}

fn samples(count: usize, seed: u64) -> Samples {
    let (pixels, labels) = handwriting::generate(count, seed);
    Samples::images(pixels, labels)
}
