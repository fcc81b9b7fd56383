//! Predictions of the next token, and their metrics.

use super::{Evaluation, Measured, Metric, Predictions, Unit};
use backprop_nn::loss::{MASKED, argmax};

/// What a language model made of the steps of some samples. The probabilities are not stored, as they are as many as there are
/// tokens in the vocabulary at each step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenPredictions {
    /// Position of each sample in the data set's samples, in the order of the subset.
    pub samples: Vec<u32>,
    /// Cross-entropy of each sample, in nats, summed over its steps.
    pub losses: Vec<f32>,
    /// Steps of each sample that were predicted wrongly.
    pub wrong: Vec<u32>,
    /// Steps that were asked for.
    pub tokens: usize,
    /// Characters of the tokens that were asked for.
    pub characters: usize,
    /// Samples whose first step is not asked for, since they begin with a question.
    questions: usize,
}

impl TokenPredictions {
    /// No predictions yet, with capacity for this many samples.
    pub fn new(samples: usize) -> Self {
        Self {
            samples: Vec::with_capacity(samples),
            losses: Vec::with_capacity(samples),
            wrong: Vec::with_capacity(samples),
            ..Self::default()
        }
    }

    /// Adds the samples at these positions: the class at each step, or [`MASKED`], and the logarithms of the probabilities of all
    /// tokens up to a constant, `[positions, steps, tokens]`. `characters` says how many a token has.
    pub fn add(&mut self, at: &[u32], classes: &[u16], logits: &[f32], characters: impl Fn(u16) -> usize) {
        let steps = classes.len() / at.len().max(1);
        let width = logits.len() / classes.len().max(1);
        let samples = classes.chunks_exact(steps.max(1)).zip(logits.chunks_exact((steps * width).max(1)));
        for (at, (classes, logits)) in at.iter().zip(samples) {
            let (mut loss, mut wrong) = (0.0f64, 0);
            self.questions += usize::from(classes.first() == Some(&MASKED));
            for (class, logits) in classes.iter().zip(logits.chunks_exact(width.max(1))) {
                if *class == MASKED {
                    continue;
                }
                loss += cross_entropy(logits, usize::from(*class));
                wrong += u32::from(argmax(logits) != usize::from(*class));
                self.tokens += 1;
                self.characters += characters(*class);
            }
            self.samples.push(*at);
            self.losses.push(loss as f32);
            self.wrong.push(wrong);
        }
    }

    /// Mean cross-entropy of a token, in nats.
    pub fn cross_entropy(&self) -> Option<f64> {
        let sum: f64 = self.losses.iter().copied().map(f64::from).sum();
        (self.tokens > 0).then(|| sum / self.tokens as f64)
    }

    /// The exponential of the cross-entropy: among so many tokens, equally likely, the choice would be as hard.
    pub fn perplexity(&self) -> Option<f64> {
        self.cross_entropy().map(f64::exp)
    }

    /// Cross-entropy in bits, divided by the characters and not by the tokens.
    pub fn bits_per_character(&self) -> Option<f64> {
        let bits = self.cross_entropy()? * self.tokens as f64 / std::f64::consts::LN_2;
        (self.characters > 0).then(|| bits / self.characters as f64)
    }

    /// Share of the tokens that were the most likely ones.
    pub fn accuracy(&self) -> Option<f64> {
        let wrong: u64 = self.wrong.iter().copied().map(u64::from).sum();
        (self.tokens > 0).then(|| 1.0 - wrong as f64 / self.tokens as f64)
    }

    /// Whether every sample is a question with an answer.
    pub fn are_answers(&self) -> bool {
        self.questions > 0 && self.questions == self.samples.len()
    }

    /// Share of the samples of which every token was the most likely one, so that the network would have written the whole answer.
    /// Nothing where the samples are no answers.
    pub fn exact_match(&self) -> Option<f64> {
        let exact = self.wrong.iter().filter(|wrong| **wrong == 0).count();
        self.are_answers().then(|| exact as f64 / self.samples.len() as f64)
    }
}

/// `-log softmax(z)[c]`
fn cross_entropy(logits: &[f32], class: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|z| (z - largest).exp()).sum();
    f64::from(sum.ln()) + f64::from(largest) - f64::from(logits[class])
}

fn of_tokens(evaluation: &Evaluation, definition: impl Fn(&TokenPredictions) -> Option<f64>) -> Measured {
    match &evaluation.predictions {
        Predictions::Tokens(predictions) => definition(predictions).into(),
        _ => Measured::Inapplicable,
    }
}

/// Perplexity.
pub static PERPLEXITY: Metric = Metric {
    key: "perplexity",
    label: "Perplexity",
    help: "Exponential of the cross-entropy of a token: among so many equally likely tokens the choice would be as hard. 1 is certainty.",
    higher_is_better: Some(false),
    subset: Some(|evaluation| of_tokens(evaluation, TokenPredictions::perplexity)),
    ..Metric::NEW
};

/// Bits per character.
pub static BITS_PER_CHARACTER: Metric = Metric {
    key: "bits_per_character",
    label: "Bits per character",
    help: "Cross-entropy in bits for each character of the text, which compares models whatever their tokens are.",
    higher_is_better: Some(false),
    subset: Some(|evaluation| of_tokens(evaluation, TokenPredictions::bits_per_character)),
    ..Metric::NEW
};

/// Share of the tokens that are right.
pub static TOKEN_ACCURACY: Metric = Metric {
    key: "token_accuracy",
    label: "Token accuracy",
    help: "Share of the steps at which the most likely token is the one that follows.",
    unit: Unit::Percent,
    step: Some(|probe| probe.sum.token_accuracy()),
    epoch: Some(|probe| probe.sum.token_accuracy().map(f64::from)),
    subset: Some(|evaluation| of_tokens(evaluation, TokenPredictions::accuracy)),
    ..Metric::NEW
};

/// Share of the answers that are right to the last token.
pub static EXACT_MATCH: Metric = Metric {
    key: "exact_match",
    label: "Exact match",
    help: "Share of the samples whose answer is right to the last token.",
    unit: Unit::Percent,
    subset: Some(|evaluation| match &evaluation.predictions {
        Predictions::Tokens(predictions) if predictions.are_answers() => predictions.exact_match().into(),
        _ => Measured::Inapplicable,
    }),
    ..Metric::NEW
};

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: two steps of probability 1/2 and 1/4, of one and two characters.
    #[test]
    fn perplexity_and_bits_are_those_of_their_definition() {
        let mut predictions = TokenPredictions::new(2);
        let logits = [0.5f32, 0.25, 0.25, 0.25, 0.5, 0.25].map(f32::ln);
        predictions.add(&[7], &[0, 2], &logits, |class| if class == 0 { 1 } else { 2 });
        let cross_entropy = 1.5 * std::f64::consts::LN_2;
        assert!((predictions.cross_entropy().unwrap() - cross_entropy).abs() < 1e-6);
        assert!((predictions.perplexity().unwrap() - 8f64.sqrt()).abs() < 1e-5);
        assert!((predictions.bits_per_character().unwrap() - 1.0).abs() < 1e-6);
        assert_eq!((predictions.accuracy(), predictions.exact_match()), (Some(0.5), None));
        let mut answers = TokenPredictions::new(2);
        answers.add(&[8, 9], &[MASKED, 1, MASKED, 0], &[logits, logits].concat(), |_| 1);
        assert_eq!((answers.tokens, answers.exact_match()), (2, Some(0.5)));
    }
}
