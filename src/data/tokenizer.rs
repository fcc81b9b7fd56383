//! Tokens: how a text becomes numbers that an embedding looks up, and numbers become text again.

mod byte_pair;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use super::note::{Note, counted};
use byte_pair::{BPE, Merges};

/// The number of the token that fills a sample up to its length: it stands for nothing.
pub const PADDING: u16 = 0;

/// The number of the token in whose place stand all that are not in the vocabulary.
pub const UNKNOWN: u16 = 1;

/// Tokens of every vocabulary, before those that are learned: [`PADDING`] and [`UNKNOWN`].
const SPECIAL: [&str; 2] = ["", "\u{fffd}"];

/// The most tokens of a vocabulary, so that one more number is left for what is masked.
pub const MAX_VOCABULARY: usize = 65_000;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUnit {
    /// A character.
    Character,
    /// A word with the space before it, or a mark. Chinese has a word for each character.
    Word,
    /// A word or a part of one, as byte-pair encoding finds them.
    Subword,
}

/// A vocabulary of tokens, and how a text is cut into them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenizer {
    /// What a token is.
    pub unit: TokenUnit,
    /// The tokens, in the order of their numbers.
    pub tokens: Vec<String>,
    /// Of subwords, which of them are joined.
    #[serde(default, skip_serializing_if = "Merges::is_empty")]
    merges: Merges,
}

impl TokenUnit {
    /// The field's word for a token of it: "character".
    pub fn name(self) -> &'static str {
        match self {
            Self::Character => "character",
            Self::Word => "word",
            Self::Subword => "subword",
        }
    }

    /// How many tokens a text has.
    pub fn count(self, text: &str) -> usize {
        self.cut(text).len()
    }

    /// The parts of a text, which together are the text but for doubled spaces between words. Of subwords those that are cut
    /// further.
    fn cut(self, text: &str) -> Vec<&str> {
        match self {
            Self::Character => text.split("").filter(|part| !part.is_empty()).collect(),
            Self::Word => words_of(text),
            Self::Subword => byte_pair::pieces(text),
        }
    }
}

/// Words by the Unicode standard (UAX #29), each with one space before it if there is one; every mark and line end is one too.
fn words_of(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut space = None;
    for (at, part) in text.split_word_bound_indices() {
        let is_space = part.chars().all(|letter| letter.is_whitespace() && letter != '\n');
        if is_space {
            space = Some(at + part.len());
            continue;
        }
        // The space is one byte where it is the usual one; any other is not kept.
        let begins = space.take().filter(|end| *end == at && text[..at].ends_with(' ')).map_or(at, |end| end - 1);
        words.push(&text[begins..at + part.len()]);
    }
    words
}

/// The most frequent tokens of some texts in alphabetic order, and what is to be told of that.
fn most_frequent<'a>(unit: TokenUnit, texts: &[&'a str], limit: usize) -> (Vec<&'a str>, Vec<Note>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in texts {
        unit.cut(text).into_iter().for_each(|token| *counts.entry(token).or_default() += 1);
    }
    let all: usize = counts.values().sum();
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    // The end of a line tells where samples begin and end, however rare it is.
    if let Some(end) = counts.iter().position(|(token, _)| *token == "\n").filter(|end| *end >= limit) {
        counts.swap(limit.saturating_sub(1), end);
    }
    let rare = counts.split_off(counts.len().min(limit));
    let mut listed: Vec<&str> = counts.iter().map(|(token, _)| *token).collect();
    listed.sort_unstable();
    let name = unit.name();
    let mut notes = vec![format!("{} in all, {} different", counted(all, name), counts.len() + rare.len()).into()];
    if !rare.is_empty() {
        let times: usize = rare.iter().map(|(_, count)| count).sum();
        let some: Vec<_> =
            rare.iter().take(5).map(|(token, _)| format!("{:?}", token.trim_start_matches(' '))).collect();
        let share = 100.0 * times as f64 / all.max(1) as f64;
        let what = format!(
            "The {limit} most frequent {name}s are the vocabulary, and {} ({share:.1} % of the text), such as {}, are read \
             as unknown",
            counted(rare.len(), "rarer one"),
            some.join(", "),
        );
        let more = (limit + rare.len()).min(MAX_VOCABULARY);
        notes.push(Note::or(what, "vocabulary", more.to_string(), "takes more"));
    }
    (listed, notes)
}

impl Tokenizer {
    /// The most frequent tokens of some texts, at most `limit` of them, and what is to be told of that.
    pub fn learn<'a>(unit: TokenUnit, texts: impl IntoIterator<Item = &'a str>, limit: usize) -> (Self, Vec<Note>) {
        let texts: Vec<&str> = texts.into_iter().collect();
        let is_subword = unit == TokenUnit::Subword;
        let (listed, mut notes) = most_frequent(if is_subword { TokenUnit::Character } else { unit }, &texts, limit);
        let mut tokenizer = Self { unit, tokens: SPECIAL.map(str::to_owned).to_vec(), merges: Merges::default() };
        if is_subword {
            let (subwords, merges) = Merges::learn(&texts, &listed, limit);
            tokenizer.tokens.extend(subwords);
            let joined = counted(merges.len(), "subword");
            tokenizer.merges = merges;
            let of = |text: &&str| (text.chars().count(), tokenizer.encoder().encode(text).len());
            let [characters, tokens] = texts.iter().map(of).fold([0, 0], |sum, of| [sum[0] + of.0, sum[1] + of.1]);
            notes.push(
                format!(
                    "{joined} are joined from them, and the text has {tokens} tokens, {:.1} characters in each",
                    characters as f64 / tokens.max(1) as f64
                )
                .into(),
            );
        } else {
            tokenizer.tokens.extend(listed.into_iter().map(str::to_owned));
        }
        (tokenizer, notes)
    }

    /// How many tokens there are, those for padding and unknown ones included.
    #[expect(clippy::len_without_is_empty, reason = "a vocabulary always has the two special tokens")]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The numbers of the tokens, to encode texts.
    pub fn encoder(&self) -> Encoder<'_> {
        match self.unit {
            TokenUnit::Subword => Encoder(Encoding::BytePair(self.merges.model(&self.tokens))),
            unit => {
                let numbers = self.tokens.iter().enumerate().skip(SPECIAL.len());
                Encoder(Encoding::Listed(unit, numbers.map(|(at, token)| (token.as_str(), at as u16)).collect()))
            }
        }
    }

    /// The number of a line's end, with which texts begin and end that are written line by line.
    pub fn line_end(&self) -> Option<u16> {
        self.tokens.iter().position(|token| token == "\n").map(|at| at as u16)
    }

    /// The text of a token; of padding it is empty.
    pub fn token(&self, number: u16) -> &str {
        self.tokens.get(usize::from(number)).map_or(SPECIAL[1], String::as_str)
    }

    /// The text of some tokens.
    pub fn decode(&self, numbers: &[u16]) -> String {
        numbers.iter().map(|number| self.token(*number)).collect()
    }
}

/// Turns texts into the numbers of a [`Tokenizer`].
pub struct Encoder<'a>(Encoding<'a>);

enum Encoding<'a> {
    Listed(TokenUnit, HashMap<&'a str, u16>),
    BytePair(&'a BPE),
}

impl Encoder<'_> {
    /// The numbers of the tokens of a text, [`UNKNOWN`] for what is not in the vocabulary. A word that is known with a space before
    /// it or without one alone is taken for that.
    pub fn encode(&self, text: &str) -> Vec<u16> {
        match &self.0 {
            Encoding::BytePair(model) => byte_pair::encode(model, text),
            Encoding::Listed(unit, numbers) => {
                unit.cut(text).into_iter().map(|token| number(*unit, numbers, token)).collect()
            }
        }
    }
}

fn number(unit: TokenUnit, numbers: &HashMap<&str, u16>, token: &str) -> u16 {
    let known = |token: &str| numbers.get(token).copied();
    let otherwise = || match (unit, token.strip_prefix(' ')) {
        (TokenUnit::Word, Some(bare)) => known(bare),
        (TokenUnit::Word, None) => known(&format!(" {token}")),
        _ => None,
    };
    known(token).or_else(otherwise).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_from_its_characters_and_its_words() {
        for text in
            ["Once upon a time, there was\na queen.\n", "从前有一位女王。\n她很老了。", "naïve “quotes” – 3.5 %"]
        {
            for unit in [TokenUnit::Character, TokenUnit::Word, TokenUnit::Subword] {
                let (tokenizer, _) = Tokenizer::learn(unit, [text], 1000);
                assert_eq!(tokenizer.decode(&tokenizer.encoder().encode(text)), text, "{unit:?}");
            }
        }
        assert_eq!(TokenUnit::Word.cut("Once  upon a\ttime, it's"), ["Once", " upon", " a", "time", ",", " it's"]);
        assert_eq!(TokenUnit::Word.cut("从前有"), ["从", "前", "有"]);
    }

    #[test]
    fn subwords_are_kept_in_a_file_and_tell_what_they_do_not_know() {
        let text = "the cat sat on the mat and the hat\n".repeat(3);
        let (tokenizer, notes) = Tokenizer::learn(TokenUnit::Subword, [&*text], 30);
        assert!(tokenizer.tokens.iter().any(|token| token == " the"), "{:?}", tokenizer.tokens);
        assert!(notes[0].contains("105 characters in all, 12 different"), "{:?}", notes[0]);
        assert!(notes[1].contains("subwords are joined from them, and the text has"), "{:?}", notes[1]);
        let read: Tokenizer = serde_json::from_str(&serde_json::to_string(&tokenizer).unwrap()).unwrap();
        assert_eq!(read, tokenizer);
        let numbers = read.encoder().encode("the hat zzz\u{fffd}");
        assert_eq!(numbers, tokenizer.encoder().encode("the hat zzz\u{fffd}"));
        assert_eq!(numbers.iter().filter(|number| **number == UNKNOWN).count(), 4);
        let (few, notes) = Tokenizer::learn(TokenUnit::Subword, ["从前有一位女王，她很老了。从前从前"], 10);
        assert_eq!(few.len(), 12);
        assert!(notes[1].contains("10 most frequent characters"), "{:?}", notes[1]);
    }

    #[test]
    fn rare_tokens_are_unknown_and_told() {
        let (tokenizer, notes) = Tokenizer::learn(TokenUnit::Word, ["a b a b c a d"], 2);
        assert_eq!(tokenizer.tokens, ["", "\u{fffd}", " a", " b"]);
        assert_eq!(tokenizer.encoder().encode("a b x"), [2, 3, UNKNOWN]);
        assert!(notes[0].contains("7 words in all, 5 different"), "{:?}", notes[0]);
        assert!(
            notes[1].contains("2 most frequent words") && notes[1].contains("vocabulary=5 takes more"),
            "{:?}",
            notes[1]
        );
        assert_eq!(tokenizer.decode(&[PADDING, 3, 999]), " b\u{fffd}");
    }
}
