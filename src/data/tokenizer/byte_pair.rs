//! Byte-pair encoding (Sennrich et al. 2016): a vocabulary of characters, and of the pairs of subwords that stand side by side
//! most often, joined one after the other. Pairs are joined within words; frequent words become one subword, and rare ones
//! several.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tokenizers::Model as _;
pub use tokenizers::models::bpe::BPE;
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::tokenizer::Trainer as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{SPECIAL, UNKNOWN};

/// A pair that is seen once in a text is not joined.
const LEAST: u64 = 2;

/// Which subwords are joined, in this order, each pair by the numbers of both.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Merges {
    pairs: Vec<[u16; 2]>,
    #[serde(skip)]
    model: OnceLock<Arc<BPE>>,
}

impl PartialEq for Merges {
    fn eq(&self, other: &Self) -> bool {
        self.pairs == other.pairs
    }
}

impl Eq for Merges {}

impl Merges {
    /// Whether none are joined, as where a token is no subword.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many pairs are joined.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The subwords of some texts: their characters, and the pairs that are joined until there are `limit`, each after those that it
    /// is made of. Other characters are not known.
    pub fn learn(texts: &[&str], characters: &[&str], limit: usize) -> (Vec<String>, Self) {
        let unknown = SPECIAL[usize::from(UNKNOWN)];
        let alphabet: HashSet<char> =
            characters.iter().filter(|letter| **letter != unknown).flat_map(|letter| letter.chars()).collect();
        let mut trainer = BpeTrainer::builder()
            .show_progress(false)
            .min_frequency(LEAST)
            .vocab_size(limit)
            .limit_alphabet(alphabet.len())
            .initial_alphabet(alphabet)
            .build();
        let mut model = BPE::default();
        let learned = trainer
            .feed(texts.iter(), |text| Ok(pieces(text).into_iter().map(str::to_owned).collect()))
            .and_then(|()| trainer.train(&mut model))
            .and_then(|_| Ok(serde_json::from_value::<Learned>(serde_json::to_value(&model)?)?));
        debug_assert!(learned.is_ok(), "{learned:?}");
        let Learned { vocab, merges } = learned.unwrap_or_default();
        let number = |token: &str| vocab.get(token).map(|at| (at + SPECIAL.len()) as u16);
        let pairs = merges.iter().filter_map(|(left, right)| Some([number(left)?, number(right)?])).collect();
        let mut tokens: Vec<(&String, &usize)> = vocab.iter().collect();
        tokens.sort_unstable_by_key(|(_, at)| **at);
        let tokens = tokens.into_iter().map(|(token, _)| token.clone()).collect();
        (tokens, Self { pairs, model: OnceLock::new() })
    }

    /// What joins, made when it is first asked for.
    pub fn model(&self, tokens: &[String]) -> &BPE {
        self.model.get_or_init(|| {
            let listed = tokens.iter().enumerate().skip(usize::from(UNKNOWN));
            let vocabulary: HashMap<String, u32> = listed.map(|(at, token)| (token.clone(), at as u32)).collect();
            let token = |number: u16| tokens.get(usize::from(number)).cloned();
            // A file that was changed by hand may join what is no token.
            let pairs = self.pairs.iter().filter_map(|[left, right]| Some((token(*left)?, token(*right)?)));
            let pairs = pairs.filter(|(left, right)| vocabulary.contains_key(&format!("{left}{right}"))).collect();
            let model = BPE::builder()
                .vocab_and_merges(vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>(), pairs)
                .unk_token(SPECIAL[usize::from(UNKNOWN)].to_owned())
                // Its own memory is kept as long as the thread.
                .cache_capacity(0)
                .build();
            debug_assert!(model.is_ok(), "{model:?}");
            Arc::new(model.unwrap_or_default())
        })
    }
}

#[derive(Debug, Default, Deserialize)]
struct Learned {
    vocab: HashMap<String, usize>,
    merges: Vec<(String, String)>,
}

/// The numbers of the subwords of a text.
pub fn encode(model: &BPE, text: &str) -> Vec<u16> {
    let pieces = pieces(text);
    let mut different: Vec<&str> = pieces.clone();
    different.par_sort_unstable();
    different.dedup();
    let numbers = |piece: &str| -> Vec<u16> {
        model.tokenize(piece).unwrap_or_default().iter().map(|token| token.id as u16).collect()
    };
    let known: HashMap<&str, Vec<u16>> = different.into_par_iter().map(|piece| (piece, numbers(piece))).collect();
    pieces.iter().flat_map(|piece| known.get(piece).map_or(&[][..], Vec::as_slice)).copied().collect()
}

/// What a piece of text is made of.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Letters,
    Digits,
    Space,
    LineEnd,
    Marks,
}

impl Class {
    fn of(part: &str) -> Self {
        match part.chars().next() {
            Some('\n') => Self::LineEnd,
            Some(first) if first.is_whitespace() => Self::Space,
            Some(first) if first.is_alphabetic() => Self::Letters,
            Some(first) if first.is_numeric() => Self::Digits,
            _ => Self::Marks,
        }
    }
}

/// The pieces of a text within which pairs are joined, together the whole text: letters, digits or marks, each with the space
/// before them, and line ends alone (as in GPT-2, Radford et al. 2019). Chinese, which has no spaces, is a piece up to the next mark.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces: Vec<(Class, usize)> = Vec::new();
    for (at, part) in text.split_word_bound_indices() {
        let class = Class::of(part);
        match pieces.last().copied() {
            Some((last, _)) if last == class && class != Class::LineEnd => {}
            // The last space belongs to what follows it.
            Some((Class::Space, begin)) if class != Class::LineEnd && text[..at].ends_with(' ') => {
                if begin == at - 1 {
                    pieces.pop();
                }
                pieces.push((class, at - 1));
            }
            _ => pieces.push((class, at)),
        }
    }
    let ends = pieces.iter().skip(1).map(|(_, at)| *at).chain([text.len()]);
    pieces.iter().zip(ends).map(|((_, begin), end)| &text[*begin..end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_text() {
        assert_eq!(
            pieces("def f():\n    it's  3.5 %\n"),
            ["def", " f", "():", "\n", "   ", " it's", " ", " 3.5", " %", "\n"]
        );
        assert_eq!(pieces("从前有一位女王。\n她很老了"), ["从前有一位女王", "。", "\n", "她很老了"]);
        for text in ["", " ", "  a", "a \n b  ", "\t\t x\u{301}y\u{a0}z 👍🏽!?", "\n\n\n"] {
            assert_eq!(pieces(text).concat(), text);
        }
    }

    /// The example of Sennrich et al. (2016): low, lower, newest, widest.
    #[test]
    fn the_most_frequent_pairs_are_joined_first() {
        let text = [vec!["low"; 5], vec!["lower"; 2], vec!["newest"; 6], vec!["widest"; 3]].concat().join("\n");
        let letters = ["\n", "d", "e", "i", "l", "n", "o", "r", "s", "t", "w"];
        let (subwords, merges) = Merges::learn(&[&text], &letters, 15);
        assert_eq!(subwords[..11], letters);
        assert_eq!(subwords[11..], ["es", "est", "lo", "low"]);
        let tokens = [SPECIAL.map(str::to_owned).to_vec(), subwords].concat();
        let numbers = encode(merges.model(&tokens), "lowest\n");
        let decoded: Vec<&str> = numbers.iter().map(|number| &*tokens[usize::from(*number)]).collect();
        assert_eq!(decoded, ["low", "est", "\n"]);
    }
}
