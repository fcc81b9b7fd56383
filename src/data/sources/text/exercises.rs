//! Lines that the program writes itself, each a question and its answer: `sums`, `brackets` and `reverse`.

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

const PURPOSE: u64 = 0xE4_E2C;

const COUNT: Field = Field::whole(
    "count",
    "Samples",
    20..=200_000,
    10_000,
    "Most exercises that are written, test samples included; no two are the same.",
);

const TEST: Field =
    Field::real("test", "Test split", TEST_SHARES, 0.2, "Share of the exercises that is held out for the test.");

/// The source `sums`: additions of whole numbers.
pub const SUMS: Source = Source {
    name: "sums",
    usage: "sums[?digits=2&count=N]",
    argument: Argument::Nothing,
    options: &[
        Field::whole("digits", "Digits", 1..=6, 2, "Most digits of the two numbers that are added."),
        COUNT,
        TEST,
    ],
    reading: &[],
    help: "Sums such as 12+34=46, written by the program: a network is asked for what follows the equals sign.",
    load: |request| {
        let most = 10_usize.pow(request.whole("digits")? as u32);
        load(request, "0123456789+=", |rng| {
            let (a, b) = (rng.random_range(0..most), rng.random_range(0..most));
            Line { question: format!("{a}+{b}="), answer: (a + b).to_string() }
        })
    },
};

/// The source `reverse`: words spelled backwards.
pub const REVERSE: Source = Source {
    name: "reverse",
    usage: "reverse[?letters=8&count=N]",
    argument: Argument::Nothing,
    options: &[Field::whole("letters", "Letters", 2..=40, 8, "Most letters of a word."), COUNT, TEST],
    reading: &[],
    help: "Words such as abcd=dcba, written by the program: a network is asked for the word spelled backwards.",
    load: |request| {
        let most = request.whole("letters")?;
        load(request, "abcdefghij=", |rng| {
            let word: String =
                (0..rng.random_range(2..=most)).map(|_| char::from(b'a' + rng.random_range(0..10))).collect();
            Line { question: format!("{word}="), answer: word.chars().rev().collect() }
        })
    },
};

/// The source `brackets`: brackets that are to be closed in their order.
pub const BRACKETS: Source = Source {
    name: "brackets",
    usage: "brackets[?length=12&count=N]",
    argument: Argument::Nothing,
    options: &[Field::whole("length", "Length", 2..=60, 12, "Most brackets of a question."), COUNT, TEST],
    reading: &[],
    help: "Brackets such as ([]{=}), written by the program: a network is asked for those that close what is open.",
    load: |request| {
        let most = request.whole("length")?;
        load(request, "()[]{}=", |rng| brackets(rng.random_range(1..=most), rng))
    },
};

/// So many brackets, of which each closes the last that is open or opens another.
fn brackets(count: usize, rng: &mut Rng) -> Line {
    const PAIRS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];
    let (mut question, mut open) = (String::new(), Vec::new());
    for _ in 0..count {
        match open.pop() {
            Some(close) if rng.random_bool(0.5) => question.push(close),
            last => {
                open.extend(last);
                let (opening, closing) = PAIRS[rng.random_range(0..PAIRS.len())];
                question.push(opening);
                open.push(closing);
            }
        }
    }
    Line { question: question + "=", answer: open.into_iter().rev().collect() }
}

/// Different lines from a generator; as many as it can write where these are fewer than were asked for.
fn load(request: &Request<'_>, letters: &str, mut line: impl FnMut(&mut Rng) -> Line) -> Result<Dataset, DataError> {
    let count = request.whole(COUNT.key)?;
    let mut rng = stream(1, PURPOSE);
    let (mut seen, mut lines) = (HashSet::new(), Vec::with_capacity(count));
    // Where most are known already, few are left to be found.
    for _ in 0..20 * count {
        let line = line(&mut rng);
        if lines.len() < count && seen.insert(line.question.clone()) {
            lines.push(line);
        }
    }
    let mut notes = Vec::new();
    let (tokenizer, _) = Tokenizer::learn(TokenUnit::Character, [letters, "\n"], usize::MAX);
    let lines_of = Lines { tokenizer, context: None, test_share: request.real(TEST.key)? };
    let dataset = lines_of.dataset(&lines, &mut notes).map_err(|wrong| request.wrong(wrong))?;
    if lines.len() < count {
        notes.push(format!("There are no more than {} different ones", lines.len()).into());
    }
    Ok(Dataset { name: request.part().name.clone(), notes, ..dataset })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::TargetData;
    use backprop_nn::MASKED;

    fn lines(source: &str) -> Vec<String> {
        let dataset = Dataset::read(source).unwrap();
        let tokenizer = dataset.tokenizer().unwrap().clone();
        let TargetData::Steps { steps, classes } = &dataset.train.targets else { panic!() };
        let line = |sample: usize| {
            let asked: Vec<u16> =
                classes[sample * steps..(sample + 1) * steps].iter().copied().filter(|it| *it != MASKED).collect();
            let given = tokenizer.decode(dataset.train.tokens_of(sample));
            let answer = tokenizer.decode(&asked);
            assert!(given.trim().ends_with(answer.trim()), "{given:?} {answer:?}");
            given.trim().to_owned()
        };
        (0..dataset.train.len()).map(line).collect()
    }

    #[test]
    fn sums_add_up_and_no_test_sum_is_trained_on() {
        let sums = lines("sums?count=3000");
        for sum in &sums {
            let (question, answer) = sum.split_once('=').unwrap();
            let (a, b) = question.split_once('+').unwrap();
            assert_eq!((a.parse::<u32>().unwrap() + b.parse::<u32>().unwrap()).to_string(), answer);
        }
        assert_eq!((sums.len(), sums.iter().collect::<HashSet<_>>().len()), (2400, 2400));
        assert!(Dataset::read("sums?digits=1").unwrap().notes[0].contains("no more than 100 different"));
    }

    #[test]
    fn words_are_spelled_backwards_and_brackets_are_closed() {
        for line in lines("reverse?count=100") {
            let (word, answer) = line.split_once('=').unwrap();
            assert_eq!(word.chars().rev().collect::<String>(), answer);
        }
        for line in lines("brackets?count=100") {
            let mut open = Vec::new();
            for bracket in line.chars().filter(|bracket| *bracket != '=') {
                match "([{".find(bracket) {
                    Some(kind) => open.push(kind),
                    None => assert_eq!(open.pop(), ")]}".find(bracket), "{line}"),
                }
            }
            assert!(open.is_empty(), "{line}");
        }
    }
}
