//! The terms of the field that the program uses, each in a few sentences: `docs/glossary.md`, as it is read by the window and the
//! command line.

use std::collections::HashMap;
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
