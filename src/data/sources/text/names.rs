//! Invented names, `names`: lines for the first language model, without a file.

use std::collections::HashSet;

use rand::RngExt as _;

use super::lines::{Line, Lines};
use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::source::{Argument, Request, Source};
use crate::data::split::TEST_SHARES;
use crate::data::tokenizer::{TokenUnit, Tokenizer};
use backprop_nn::field::Field;
use backprop_nn::init::{Rng, stream};

/// The source `names`: invented names, one a line.
pub const SOURCE: Source = Source {
    name: "names",
    usage: "names[?count=N]",
    argument: Argument::Nothing,
    options: &[
        Field::whole(
            "count",
            "Samples",
            100..=50_000,
            5000,
            "Number of names, test samples included; no two are the same.",
        ),
        Field::real("test", "Test split", TEST_SHARES, 0.1, "Share of the names that is held out for the test."),
    ],
    reading: &[],
    help: "Names that nobody has, invented by the program from syllables: a network learns to invent more.",
    load,
};

const PURPOSE: u64 = 0x4A3E5;

const STARTS: &[&str] = &[
    "B", "Br", "C", "Cal", "D", "Dr", "El", "F", "Fen", "G", "Gal", "H", "Il", "J", "K", "L", "M", "Mar", "N", "Or",
    "P", "R", "S", "Sel", "T", "Th", "Tr", "V", "W", "Y", "Z",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "a", "e", "i", "ae", "ei", "ia", "ou"];
const MIDDLES: &[&str] =
    &["l", "n", "r", "m", "d", "v", "s", "ll", "nn", "rr", "nd", "ld", "rn", "st", "th", "lv", "rm"];
const ENDS: &[&str] =
    &["a", "ia", "ina", "elle", "wen", "is", "an", "or", "ric", "ias", "o", "us", "eth", "ian", "en", "ora"];

/// A start, one to three syllables that end in a consonant, and an end that begins with a vowel or nearly so.
fn name(rng: &mut Rng) -> String {
    let pick = |from: &[&'static str], rng: &mut Rng| from[rng.random_range(0..from.len())];
    let mut name = pick(STARTS, rng).to_owned();
    let syllables = [1, 1, 2, 2, 2, 3][rng.random_range(0..6)];
    for _ in 0..syllables {
        name += pick(VOWELS, rng);
        name += pick(MIDDLES, rng);
    }
    name + pick(ENDS, rng)
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let count = request.whole("count")?;
    let mut rng = stream(1, PURPOSE);
    let (mut seen, mut lines) = (HashSet::new(), Vec::with_capacity(count));
    while lines.len() < count {
        let name = name(&mut rng);
        if seen.insert(name.clone()) {
            lines.push(Line::of(&name));
        }
    }
    // The same letters whatever the number of names.
    let letters = [STARTS, VOWELS, MIDDLES, ENDS].into_iter().flatten().copied().chain(["\n"]);
    let mut notes = Vec::new();
    let (tokenizer, _) = Tokenizer::learn(TokenUnit::Character, letters, usize::MAX);
    let lines_of = Lines { tokenizer, context: None, test_share: request.real("test")? };
    let dataset = lines_of.dataset(&lines, &mut notes).map_err(|wrong| request.wrong(wrong))?;
    Ok(Dataset { name: "names".to_owned(), notes, ..dataset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_can_be_spoken() {
        let dataset = Dataset::read("names?count=500").unwrap();
        let tokenizer = dataset.tokenizer().unwrap();
        let names: HashSet<String> = (0..dataset.train.len())
            .map(|at| tokenizer.decode(dataset.train.tokens_of(at)).trim().to_owned())
            .collect();
        assert_eq!((names.len(), dataset.test.len()), (450, 50));
        assert!(names.iter().all(|name| name.len() >= 3 && name.chars().all(char::is_alphabetic)), "{names:?}");
    }
}
