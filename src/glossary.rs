//! The terms of the field that the program uses, each in a few sentences: `docs/glossary.md`, as it is read by the window and the
//! command line.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::language;

static ENGLISH: LazyLock<Vec<Term>> = LazyLock::new(|| read(include_str!("../docs/glossary.md")));
static CHINESE: LazyLock<Vec<Term>> = LazyLock::new(|| read(include_str!("../docs/glossary.zh.md")));

/// Where a term stands, by its name and its other names in lower case, in every language: the order is the same.
static PLACES: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    let lists = || [&*ENGLISH, &*CHINESE].into_iter();
    let terms = || lists().flat_map(|terms| terms.iter().enumerate());
    let others = terms().flat_map(|(at, term)| term.also.iter().map(move |name| (*name, at)));
    let names = terms().map(|(at, term)| (term.name, at));
    // A name counts more than another name of some other term.
    others.chain(names).map(|(name, at)| (name.to_lowercase(), at)).collect()
});

/// A term and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// The field's word.
    pub name: &'static str,
    /// What it means, in sentences; formulas stand between backticks.
    pub text: &'static str,
    /// Its other names, and labels of the program that mean the same.
    pub also: Vec<&'static str>,
    /// The names of related terms.
    pub see: Vec<&'static str>,
}

/// All of them in the language of this thread, in the alphabetical order of the English names.
pub fn terms() -> &'static [Term] {
    match language::current().code {
        "zh" => &CHINESE,
        _ => &ENGLISH,
    }
}

/// The position of the term of this name, or with this other name; capital letters do not matter.
pub fn find(name: &str) -> Option<usize> {
    PLACES.get(&name.trim().to_lowercase()).copied()
}

/// The position of the term that a text names at a place, in bytes; the longest name counts.
pub fn named_at(text: &str, place: usize) -> Option<usize> {
    let found = occurrences(text).filter(|(range, _)| range.contains(&place));
    found.max_by_key(|(range, _)| range.len()).map(|(_, term)| term)
}

/// The position of the term that a text names first.
pub fn named_in(text: &str) -> Option<usize> {
    let first = |(range, _): &(Range<usize>, usize)| (range.start, std::cmp::Reverse(range.len()));
    find(text).or_else(|| occurrences(text).min_by_key(first).map(|(_, term)| term))
}

/// Where names of terms stand in a text, as words of their own.
fn occurrences(text: &str) -> impl Iterator<Item = (Range<usize>, usize)> {
    // Some letters are longer in lower case, which would move the places.
    let text = text.to_ascii_lowercase();
    let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let mut found = Vec::new();
    for (name, term) in PLACES.iter().filter(|(name, _)| !name.is_empty()) {
        for (start, _) in text.match_indices(name.as_str()) {
            let end = start + name.len();
            let is_own = !is_word(name.chars().next()) || !is_word(text[..start].chars().next_back());
            // A term is often in the plural.
            let rest = text[end..].strip_prefix('s').unwrap_or(&text[end..]);
            if is_own && (!is_word(name.chars().next_back()) || !is_word(rest.chars().next())) {
                found.push((start..end, *term));
            }
        }
    }
    found.into_iter()
}

fn read(text: &'static str) -> Vec<Term> {
    text.split("\n## ").skip(1).map(term).collect()
}

fn term(entry: &'static str) -> Term {
    let (name, rest) = entry.split_once('\n').unwrap_or((entry, ""));
    let mut parts = rest.trim().split("\n\n");
    let text = parts.next().unwrap_or_default().trim();
    // After the name of a term in another language stands the English one.
    let mut term = Term { name: without_brackets(name), text, ..Term::default() };
    term.also.extend(name.split_once(" (").map(|(_, english)| english.trim_end_matches(')')));
    for part in parts.flat_map(|line| line.split([';', '；'])) {
        let Some((what, list)) = part.split_once([':', '：']) else { continue };
        let names = list.split([',', '、']).map(without_brackets);
        match what.trim() {
            "Also" | "又称" => term.also.extend(names),
            "See" | "see" | "参见" => term.see.extend(names),
            _ => {}
        }
    }
    term
}

/// A name without what only explains it.
fn without_brackets(name: &'static str) -> &'static str {
    let end = name.find(" (").or_else(|| name.find('（')).unwrap_or(name.len());
    name[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_explained_and_every_link_leads_to_one() {
        assert!(terms().len() >= 80, "{}", terms().len());
        for term in terms() {
            assert!(term.text.ends_with('.') && term.text.chars().count() <= 350, "{}: {}", term.name, term.text);
            for other in &term.see {
                assert!(terms().iter().any(|term| term.name == *other), "{} names {other}", term.name);
            }
        }
        let of = |name: &str| terms()[find(name).unwrap()].name;
        assert_eq!(of("learning rate"), "Learning rate");
        assert_eq!(of("Adam"), "Optimizer");
        assert_eq!(find("no such term"), None);
        let first = |text: &str| named_in(text).map(|at| terms()[at].name);
        assert_eq!(first("The validation set shows overfitting."), Some("Validation set"));
        assert_eq!(first("Learning rates that are too high"), Some("Learning rate"));
        assert_eq!(first("这里出现过拟合"), Some("Overfitting"));
        assert_eq!(first("underfittings1 is a name"), None);
        let text = "A learning rate and a batch size";
        let under = |word: &str| named_at(text, text.find(word).unwrap()).map(|at| terms()[at].name);
        assert_eq!((under("rate"), under("size"), under("and")), (Some("Learning rate"), Some("Batch size"), None));
    }

    /// The Chinese page explains the same terms in the same order.
    #[test]
    fn both_languages_have_the_same_terms() {
        let names = CHINESE.iter().map(|term| term.also[0]);
        assert!(names.eq(ENGLISH.iter().map(|term| term.name)));
        assert_eq!(CHINESE[find("过拟合").unwrap()].name, "过拟合");
        for term in CHINESE.iter() {
            assert!(term.text.ends_with('。'), "{}: {}", term.name, term.text);
            for other in &term.see {
                assert!(CHINESE.iter().any(|term| term.name == *other), "{} names {other}", term.name);
            }
        }
    }
}
