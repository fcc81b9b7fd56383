//! Samples that are trained on and evaluated as well, for which a network need not generalize.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::{Case, Finding, percent};
use crate::data::Samples;

/// Share of the time.
const SHARE: f64 = 0.15;

/// With more than this share of duplicates, a result flatters.
const MOST: f64 = 0.01;

/// So many duplicates among these samples move a result no more than chance: the standard error of an accuracy of n samples is 1/(2√n)
/// at most. In small tables of rounded measurements some rows are equal.
fn few(samples: usize) -> f64 {
    ((samples as f64).sqrt() / 2.0).max(1.0)
}

/// Samples between two looks at the clock.
const BOUT: usize = 256;

/// The input of a sample, equal to another where all numbers are, NaN included.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pixels: &'a [u8],
    numbers: &'a [f64],
    tokens: &'a [u16],
}

impl<'a> Input<'a> {
    /// Of the sample at a position.
    pub fn of(samples: &'a Samples, at: u32) -> Self {
        let at = at as usize;
        Self { pixels: samples.pixels_of(at), numbers: samples.numbers_of(at), tokens: samples.tokens_of(at) }
    }
}

impl PartialEq for Input<'_> {
    fn eq(&self, other: &Self) -> bool {
        let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        self.pixels == other.pixels
            && self.tokens == other.tokens
            && (self.numbers == other.numbers || bits(self.numbers) == bits(other.numbers))
    }
}

impl Eq for Input<'_> {}

impl Hash for Input<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pixels.hash(state);
        self.tokens.hash(state);
        self.numbers.iter().for_each(|number| state.write_u64(number.to_bits()));
    }
}

/// Samples that are held out: how many of each set have this input, and whether one that is trained on has it, too.
#[derive(Default)]
struct Held {
    counts: [usize; 2],
    is_trained: bool,
}

/// Checks whether samples that are held out are trained on as well.
pub fn check(case: &Case<'_>) -> Finding {
    let (dataset, split) = (&case.job.dataset, &case.job.split);
    if case.job.adversary.is_some() {
        return Finding::not_applicable("A generator is not evaluated on samples that are held out.");
    }
    let sizes = [split.validation.len(), dataset.test.len()];
    if sizes == [0, 0] {
        return Finding::not_applicable("No samples are held out.");
    }
    let deadline = case.deadline(SHARE);
    let mut held: HashMap<Input<'_>, Held> = HashMap::new();
    let validation = split.validation.iter().map(|at| (0, Input::of(&dataset.train, *at)));
    let test = (0..dataset.test.len() as u32).map(|at| (1, Input::of(&dataset.test, at)));
    validation.chain(test).for_each(|(set, input)| held.entry(input).or_default().counts[set] += 1);
    let mut compared = 0;
    for bout in split.train.chunks(BOUT) {
        if compared > 0 && deadline.is_over() {
            break;
        }
        for at in bout {
            if let Some(held) = held.get_mut(&Input::of(&dataset.train, *at)) {
                held.is_trained = true;
            }
        }
        compared += bout.len();
    }
    let trained = held.values().filter(|held| held.is_trained);
    let found = trained.fold([0, 0], |sums, held| [sums[0] + held.counts[0], sums[1] + held.counts[1]]);
    let of = |set: usize, name: &str| format!("{} of {} {name}", found[set], sizes[set]);
    let sets = match sizes {
        [0, _] => of(1, "test samples"),
        [_, 0] => of(0, "validation samples"),
        _ => format!("{} and {}", of(0, "validation samples"), of(1, "test samples")),
    };
    let cut = match compared < split.train.len() {
        true => format!(", as far as {compared} of {} training samples show", split.train.len()),
        false => String::new(),
    };
    let (count, all) = (found[0] + found[1], sizes[0] + sizes[1]);
    let share = count as f64 / all as f64;
    let numbers = format!("{sets} have the same inputs as a training sample{cut}");
    let fault = (count as f64 > few(all) && share > MOST).then(|| {
        format!(
            "{} of the samples that are held out test only the memory; leave repeated samples out of the data",
            percent(share)
        )
    });
    if count > 0 && fault.is_none() {
        return Finding::passed(format!("{numbers}. So few change a result less than chance does."));
    }
    Finding::of(&numbers, fault)
}
