//! Short reviews, `reviews`: texts with a class, written by the program.

use std::collections::HashSet;

use rand::RngExt as _;

use super::TEXT;
use super::labeled::{self, Labeled};
use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::source::{Argument, Request, Source};
use crate::data::split::TEST_SHARES;
use crate::data::tokenizer::{TokenUnit, Tokenizer};
use backprop_nn::field::Field;
use backprop_nn::init::{Rng, stream};

/// The source `reviews`: invented reviews that praise or complain.
pub const SOURCE: Source = Source {
    name: "reviews",
    usage: "reviews[?count=N]",
    argument: Argument::Nothing,
    options: &[
        Field::whole(
            "count",
            "Samples",
            100..=20_000,
            COUNT,
            "Number of reviews, test samples included; no two are the same.",
        ),
        Field::real("test", "Test split", TEST_SHARES, 0.2, "Share of the reviews that is held out for the test."),
    ],
    reading: &[],
    help: "Reviews of a sentence or two, written by the program, that praise or complain; \"not good\" and \"but\" turn them round.",
    load,
};

/// Reviews of which the vocabulary is learned.
const COUNT: usize = 4000;

const PURPOSE: u64 = 0x5E_471;

const THINGS: &[&str] =
    &["film", "book", "hotel", "phone", "soup", "game", "song", "lesson", "jacket", "train ride", "museum", "lamp"];
const PARTS: &[&str] =
    &["ending", "price", "service", "color", "sound", "beginning", "staff", "idea", "quality", "design"];
const GOOD: &[&str] = &["good", "wonderful", "great", "lovely", "excellent", "charming", "solid", "brilliant"];
const BAD: &[&str] = &["bad", "terrible", "boring", "awful", "disappointing", "poor", "weak", "dreadful"];
const VERY: &[&str] = &["", "very ", "really ", "quite ", "truly "];
const ADVICE: [&[&str]; 2] = [
    &["I would not buy it again", "A waste of money", "Stay away", "I want my money back", "Never again"],
    &["I would buy it again", "Worth every cent", "Try it", "I will come back", "I told all my friends"],
];

fn pick<'a>(from: &[&'a str], rng: &mut Rng) -> &'a str {
    from[rng.random_range(0..from.len())]
}

/// A word that says so, or the denial of one that says the opposite.
fn said(is_good: bool, rng: &mut Rng) -> String {
    let (same, opposite) = if is_good { (GOOD, BAD) } else { (BAD, GOOD) };
    match rng.random_bool(0.25) {
        true => format!("not {}", pick(opposite, rng)),
        false => format!("{}{}", pick(VERY, rng), pick(same, rng)),
    }
}

/// What stands after "but" counts.
fn review(is_good: bool, rng: &mut Rng) -> String {
    let (thing, part) = (pick(THINGS, rng), pick(PARTS, rng));
    match rng.random_range(0..4) {
        0 => format!("The {thing} was {}.", said(is_good, rng)),
        1 => format!(
            "The {part} of the {thing} was {}, but all in all it was {}.",
            said(!is_good, rng),
            said(is_good, rng)
        ),
        2 => format!("{}: the {thing} was {}.", pick(ADVICE[usize::from(is_good)], rng), said(is_good, rng)),
        _ => format!(
            "The {thing} had a {} {part}. {}!",
            pick(if is_good { GOOD } else { BAD }, rng),
            pick(ADVICE[usize::from(is_good)], rng)
        ),
    }
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let count = request.whole("count")?;
    let mut rng = stream(1, PURPOSE);
    let (mut seen, mut texts) = (HashSet::new(), Vec::with_capacity(count));
    // The vocabulary is that of so many, however many are asked for.
    while texts.len() < count.max(COUNT) {
        let is_good = texts.len() % 2 == 1;
        let text = review(is_good, &mut rng);
        if seen.insert(text.clone()) {
            texts.push((text, u16::from(is_good)));
        }
    }
    let classes = vec!["negative".to_owned(), "positive".to_owned()];
    let (tokenizer, _) = Tokenizer::learn(TokenUnit::Word, texts.iter().map(|(text, _)| text.as_str()), usize::MAX);
    let length = texts.iter().map(|(text, _)| tokenizer.encoder().encode(text).len()).max();
    texts.truncate(count);
    let labeled = Labeled { column: TEXT.to_owned(), target: None, classes, texts, tokenizer, length };
    let mut notes = Vec::new();
    let dataset = labeled.dataset(request, labeled::TEST_SEED, &mut notes).map_err(|wrong| request.wrong(wrong))?;
    Ok(Dataset { name: "reviews".to_owned(), notes: Vec::new(), ..dataset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_classes_are_equally_frequent_and_no_word_is_unknown() {
        let dataset = Dataset::read("reviews?count=1000").unwrap();
        assert_eq!(dataset.train.class_counts(2).iter().sum::<usize>(), 800);
        let counts = dataset.train.class_counts(2);
        assert!(counts[0].abs_diff(counts[1]) <= 1, "{counts:?}");
        let text = dataset.tokenizer().unwrap().decode(dataset.train.tokens_of(0));
        assert!(!text.contains('\u{fffd}') && text.ends_with(['.', '!']), "{text}");
    }
}
