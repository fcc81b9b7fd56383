//! The translations of a language: a PO file of gettext, whose keys are the English sentences and format strings of the sources.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use thiserror::Error;

use super::template::Template;

/// A file of translations that cannot be used.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// It cannot be read as a PO file.
    #[error("the translations cannot be read as a PO file: {0}")]
    Syntax(String),
    /// A translation has a place that the English sentence does not have.
    #[error("the translation of {key:?} may have its places in braces and no others, and is {found:?}")]
    Places {
        /// The English sentence.
        key: String,
        /// The translation.
        found: String,
    },
}

/// A name that somebody has given, a column or a file, has at most so many words.
const NAMES: usize = 2;

/// So many letters of its own a format string needs to be recognized around names.
const LEAST_LETTERS: usize = 8;

/// What stands between parts of a text, the strongest first.
const MARKS: &[&str] = &[": ", "; ", " · ", ", ", " (", ")", " / ", " = "];

/// Sentences of one language by the English ones.
#[derive(Debug)]
pub struct Catalog {
    sentences: HashMap<String, String>,
    /// The heaviest first.
    templates: Vec<(Template, Template)>,
    anchors: AhoCorasick,
    /// Of each anchor, the templates that have it.
    anchored: Vec<Vec<usize>>,
}

impl Catalog {
    /// Reads a PO file. What has no translation there stays English.
    pub fn read(text: &str) -> Result<Self, CatalogError> {
        let catalog = polib::po_file::parse_from_reader(text.as_bytes())
            .map_err(|error| CatalogError::Syntax(error.to_string()))?;
        let mut entries = Vec::new();
        for message in catalog.messages().filter(|message| !message.is_fuzzy()) {
            let translation = message.msgstr().map_err(|error| CatalogError::Syntax(error.to_string()))?;
            // What has an empty translation reads the same.
            let translation = if translation.is_empty() { message.msgid() } else { translation };
            entries.push((message.msgid().to_owned(), translation.to_owned()));
        }
        Self::new(entries)
    }

    fn new(entries: Vec<(String, String)>) -> Result<Self, CatalogError> {
        let (mut sentences, mut templates) = (HashMap::new(), Vec::new());
        for (key, translation) in entries {
            // Spaces around a clause are kept from the text that it stands in.
            let [from, to] = [&key, &translation].map(|text| Template::new(text.trim()));
            if !to.names.iter().all(|name| from.names.contains(name)) {
                return Err(CatalogError::Places { key, found: translation });
            }
            match from.names.is_empty() {
                true => {
                    let (sentence, translation) = (from.texts.concat(), to.texts.concat());
                    // "Step" is a pane, and "step" what a run takes.
                    sentences.entry(folded(&sentence)).or_insert_with(|| translation.clone());
                    sentences.insert(sentence, translation);
                }
                false if has_own_word(&from) => templates.push((from, to)),
                false => {}
            }
        }
        templates.sort_by_key(|(from, _)| std::cmp::Reverse(from.weight()));
        let mut numbers = HashMap::new();
        let (mut anchors, mut anchored) = (Vec::new(), Vec::<Vec<usize>>::new());
        for (at, (from, _)) in templates.iter().enumerate() {
            // The first letter may be a capital one in the sentence.
            let anchor = from.anchor().get(1..).filter(|rest| !rest.is_empty()).unwrap_or(from.anchor()).to_owned();
            let number = *numbers.entry(anchor.clone()).or_insert_with(|| {
                anchors.push(anchor);
                anchored.push(Vec::new());
                anchored.len() - 1
            });
            anchored[number].push(at);
        }
        let anchors = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(anchors)
            .map_err(|error| CatalogError::Syntax(error.to_string()))?;
        Ok(Self { sentences, templates, anchors, anchored })
    }

    /// A text in this language: as a whole, as one that was made with a format string, or part by part. Nothing where none of it is
    /// known.
    pub fn translate(&self, text: &str) -> Option<String> {
        // What a format string holds is known best, then what holds a name or two that nobody can know.
        [0, NAMES].into_iter().find_map(|names| self.complete(text, names)).or_else(|| self.in_part(text))
    }

    /// All of a text, but for a few words that may be names.
    fn complete(&self, text: &str, names: usize) -> Option<String> {
        if !has_words(text) {
            return Some(text.to_owned());
        }
        let inner = text.trim();
        if inner.len() < text.len() {
            let start = text.len() - text.trim_start().len();
            return Some(format!("{}{}{}", &text[..start], self.complete(inner, names)?, &text[start + inner.len()..]));
        }
        let known = |part: &str| self.complete(part, names).or_else(|| is_name(part, names).then(|| part.to_owned()));
        self.whole(text)
            .or_else(|| self.made(text, names))
            .or_else(|| by_parts(text, &["\n"], known))
            .or_else(|| by_sentences(text, known))
            .or_else(|| by_parts(text, MARKS, known))
            .or_else(|| self.between_numbers(text, names))
            .or_else(|| self.by_words(text))
    }

    /// The sentences and parts of a text that are known, and the others as they are.
    fn in_part(&self, text: &str) -> Option<String> {
        let shown = |part: &str| Some(self.translate(part).unwrap_or_else(|| part.to_owned()));
        let changed = |new: String| Some(new).filter(|new| new != text);
        by_parts(text, &["\n"], shown)
            .or_else(|| by_sentences(text, shown))
            .or_else(|| by_parts(text, MARKS, shown))
            .and_then(changed)
    }

    fn whole(&self, text: &str) -> Option<String> {
        let found = |text: &str| self.sentences.get(text).or_else(|| self.sentences.get(&folded(text))).cloned();
        found(text).or_else(|| {
            // An error is a clause, and gets its full stop where it is shown.
            let clause = text.strip_suffix('.').filter(|clause| !clause.ends_with('.'))?;
            Some(format!("{}。", found(clause)?))
        })
    }

    /// From the heaviest format string whose places hold what is known.
    fn made(&self, text: &str, names: usize) -> Option<String> {
        let mut candidates: Vec<usize> = self
            .anchors
            .find_overlapping_iter(text)
            .flat_map(|found| self.anchored[found.pattern().as_usize()].iter().copied())
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        let clause = text.strip_suffix('.').filter(|clause| !clause.ends_with('.'));
        let filled = |text| candidates.iter().find_map(|&at| self.filled(at, text, names));
        filled(text).or_else(|| Some(format!("{}。", filled(clause?)?)))
    }

    fn filled(&self, template: usize, text: &str, names: usize) -> Option<String> {
        let (from, to) = self.templates.get(template)?;
        // A place holds no whole sentence and the beginning of the next.
        let captures =
            from.captures(text).filter(|captures| captures.iter().all(|part| end_of_sentence(part).is_none()))?;
        let known =
            |part: &&str| self.complete(part, names).or_else(|| is_name(part, names).then(|| (*part).to_owned()));
        // Two or three letters around names that nobody knows may be a name themselves, "scratch of steel".
        let has_unknown = || captures.iter().any(|part| self.complete(part, 0).is_none());
        if names > 0 && from.letters() < LEAST_LETTERS && has_unknown() {
            return None;
        }
        let value = |(place, part): (usize, &&str)| {
            if from.is_code(place) { Some((*part).to_owned()) } else { known(part) }
        };
        let values: Vec<String> = captures.iter().enumerate().map(value).collect::<Option<_>>()?;
        let value = |name: &str| from.names.iter().position(|other| other == name).and_then(|at| values.get(at));
        Some(to.fill(|name| value(name).cloned().unwrap_or_default()))
    }

    /// "decision tree 96.00 %" or "3 epochs": the words between what is no word.
    fn between_numbers(&self, text: &str, names: usize) -> Option<String> {
        let mut words = text;
        while let Some((head, _)) = words.rsplit_once(' ').filter(|(_, tail)| !has_words(tail)) {
            words = head;
        }
        while let Some((_, tail)) = words.split_once(' ').filter(|(head, _)| !has_words(head)) {
            words = tail;
        }
        if words.len() == text.len() {
            return None;
        }
        Some(text.replacen(words, &self.complete(words, names)?, 1))
    }

    /// "Dense 128 ReLU": every word is known by itself.
    fn by_words(&self, text: &str) -> Option<String> {
        let known = |word: &str| if has_words(word) { self.whole(word) } else { Some(word.to_owned()) };
        let words: Vec<String> = text.split(' ').map(known).collect::<Option<_>>()?;
        Some(words.join(" "))
    }

    /// The English sentences and format strings that have a translation.
    pub fn len(&self) -> usize {
        self.sentences.len() + self.templates.len()
    }

    /// Whether it translates nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Each part between the first of some marks that a text contains, as it is known; nothing if one of them is not.
fn by_parts(text: &str, marks: &[&str], known: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mark = marks.iter().find(|mark| text.contains(**mark))?;
    let parts: Vec<String> = text.split(mark).map(known).collect::<Option<_>>()?;
    Some(parts.join(mark))
}

fn by_sentences(text: &str, known: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut sentences = Vec::new();
    let mut rest = text;
    while let Some(at) = end_of_sentence(rest) {
        sentences.push(&rest[..at]);
        rest = rest[at..].trim_start();
    }
    if sentences.is_empty() || rest.is_empty() {
        return None;
    }
    sentences.push(rest);
    sentences.into_iter().map(known).try_fold(String::new(), |mut all, part| {
        // After a Chinese full stop there is no space.
        if !all.is_empty() && all.ends_with(|last: char| last.is_ascii()) {
            all.push(' ');
        }
        Some(all + &part?)
    })
}

/// With a small first letter.
fn folded(text: &str) -> String {
    let mut folded = text.trim().to_owned();
    if let Some(first) = folded.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    folded
}

/// Whether there are two letters of English in a row: everything else is a number or a sign.
pub(super) fn has_words(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_alphabetic))
}

/// Whether a part of a sentence may stay as it is: a name of so many words, or something in quotes.
fn is_name(text: &str, words: usize) -> bool {
    let count = || text.split([' ', ',', '.']).filter(|word| has_words(word)).count();
    text.starts_with(['"', '`']) || count() <= words
}

/// Whether a format string has a word of its own, that no value touches.
fn has_own_word(template: &Template) -> bool {
    let last = template.texts.len() - 1;
    template.texts.iter().enumerate().any(|(at, text)| {
        let words: Vec<&str> = text.split(|letter: char| !letter.is_ascii_alphabetic()).collect();
        words.iter().enumerate().any(|(nth, word)| {
            let is_free = (nth > 0 || at == 0) && (nth + 1 < words.len() || at == last);
            is_free && word.len() > 1
        })
    })
}

/// Behind the mark that ends the first sentence, if another one follows.
fn end_of_sentence(text: &str) -> Option<usize> {
    text.char_indices().find_map(|(at, letter)| {
        let after = &text[at + letter.len_utf8()..];
        let begins = after.strip_prefix(' ')?.chars().next()?;
        let is_end = matches!(letter, '.' | '!' | '?') && (begins.is_uppercase() || !begins.is_ascii_lowercase());
        // "e.g. Adam" and "No. 3" do not end there.
        let word = text[..at].rsplit([' ', '(']).next().unwrap_or_default();
        (is_end && word.len() > 1 && !matches!(word, "e.g" | "i.e" | "No" | "al" | "vs")).then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let entries = [
            ("Accuracy", "准确率"),
            ("{count} of {total} samples", "{total} 个样本中的 {count} 个"),
            ("{name} fell from {:.2} to {:.2}", "{name} 从 {} 降到 {}"),
            ("the file has no rows", "文件没有行"),
            ("It is empty.", "它是空的。"),
            ("{}, the best so far", "{}，目前最好"),
            ("1 sample", "1 个样本"),
            ("decision tree", "决策树"),
            ("{}{}s", "{}{}"),
            ("read {}", "读取 {}"),
        ];
        Catalog::new(entries.map(|(key, text)| (key.to_owned(), text.to_owned())).to_vec()).unwrap()
    }

    #[test]
    fn whole_sentences_and_those_of_format_strings_are_translated_with_what_they_hold() {
        let catalog = catalog();
        let of = |text: &str| catalog.translate(text);
        assert_eq!(of("Accuracy").unwrap(), "准确率");
        assert_eq!(of("3 of 1,000 samples").unwrap(), "1,000 个样本中的 3 个");
        assert_eq!(of("accuracy fell from 0.90 to 0.10").unwrap(), "准确率 从 0.90 降到 0.10");
        assert_eq!(
            of("accuracy fell from 0.90 to 0.10, the best so far").unwrap(),
            "准确率 从 0.90 降到 0.10，目前最好"
        );
        assert_eq!(of("nothing of this is known"), None);
        assert_eq!(of("0.25").unwrap(), "0.25");
        assert_eq!(of("Take some more of all these useful samples"), None);
        assert_eq!(of("3 of 4 samples: accuracy fell from 1 to 0").unwrap(), "4 个样本中的 3 个: 准确率 从 1 降到 0");
        assert_eq!(of("Accuracy 12 accuracy").unwrap(), "准确率 12 准确率");
        assert_eq!(of("decision tree 96.00 %, accuracy 0.5").unwrap(), "决策树 96.00 %, 准确率 0.5");
    }

    #[test]
    fn clauses_become_sentences_and_sentences_and_parts_stand_in_their_order() {
        let catalog = catalog();
        let of = |text: &str| catalog.translate(text).unwrap();
        assert_eq!(of("The file has no rows."), "文件没有行。");
        assert_eq!(of("It is empty. 3 of 4 samples."), "它是空的。4 个样本中的 3 个。");
        assert_eq!(of("It is empty.\nAccuracy: 1 sample"), "它是空的。\n准确率: 1 个样本");
        assert_eq!(of("iris.csv: the file has no rows"), "iris.csv: 文件没有行");
        assert_eq!(of("  Read Accuracy "), "  读取 准确率 ");
    }

    #[test]
    fn a_translation_keeps_the_places_of_its_sentence() {
        let wrong = Catalog::new(vec![("read {name}".to_owned(), "读取 {other}".to_owned())]);
        assert!(matches!(wrong, Err(CatalogError::Places { .. })));
        let wrong = Catalog::read("msgid \"a");
        assert!(matches!(wrong, Err(CatalogError::Syntax(_))), "{wrong:?}");
    }
}
