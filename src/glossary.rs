//! The terms of the field that the program uses, each in a few sentences: `docs/glossary.md`, as it is read by the window and the
//! command line.

use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../docs/glossary.md");

static TERMS: LazyLock<Vec<Term>> = LazyLock::new(|| read(TEXT));

/// Where a term stands, by its name and its other names in lower case.
static PLACES: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    let others = TERMS.iter().enumerate().flat_map(|(at, term)| term.also.iter().map(move |name| (name, at)));
    let names = TERMS.iter().enumerate().map(|(at, term)| (&term.name, at));
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

/// All of them, in alphabetical order.
pub fn terms() -> &'static [Term] {
    &TERMS
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
    let mut term = Term { name: name.trim(), text: parts.next().unwrap_or_default().trim(), ..Term::default() };
    for part in parts.flat_map(|line| line.split("; ")) {
        // What stands in parentheses only explains a name.
        let names =
            |list: &'static str| list.split(", ").map(|name| name.split(" (").next().unwrap_or(name).trim()).collect();
        match part.split_once(": ") {
            Some(("Also", list)) => term.also = names(list),
            Some(("see" | "See", list)) => term.see = names(list),
            _ => {}
        }
    }
    term
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
        let names = read(include_str!("../docs/glossary.zh.md")).into_iter().map(|term| {
            let (_, name) = term.name.rsplit_once(" (").unwrap_or_else(|| panic!("{}", term.name));
            name.trim_end_matches(')')
        });
        assert!(names.eq(terms().iter().map(|term| term.name)));
    }
}
