//! Models that only count: the share of each token after those before it, to stand beside a language model.

use std::collections::HashMap;

use super::job::{CHUNK, Job};
use super::metrics::Evaluation;
use super::tally::Tally;
use crate::data::{Samples, TargetData};
use backprop_nn::MASKED;

/// Numbers that nobody waits for: steps of the test samples times tokens of the vocabulary.
const MOST: usize = 400_000_000;

/// Counts of what follows on each history of up to `order - 1` tokens.
struct Ngram {
    order: usize,
    tokens: usize,
    /// Of each history, how often each token followed on it.
    counts: HashMap<Vec<u16>, HashMap<u16, usize>>,
}

/// What n-grams of this order, counted on the training samples, say of the test samples. Nothing where there are none, or where
/// it would take long.
pub fn ngram(job: &Job, order: usize) -> Option<Evaluation> {
    let (train, test) = (&job.dataset.train, &job.dataset.test);
    let TargetData::Steps { steps, .. } = &test.targets else { return None };
    let tokens = job.dataset.task.output().channels();
    if test.is_empty() || test.len().saturating_mul(steps * tokens) > MOST {
        return None;
    }
    let model = Ngram::count(train, &job.split.train, order, tokens);
    let at: Vec<u32> = (0..test.len() as u32).collect();
    let mut tally = Tally::new(job, test, at.len(), CHUNK);
    let mut outputs = vec![0.0; CHUNK * steps * tokens];
    for at in at.chunks(CHUNK) {
        let outputs = &mut outputs[..at.len() * steps * tokens];
        for (at, outputs) in at.iter().zip(outputs.chunks_exact_mut(steps * tokens)) {
            let given = test.tokens_of(*at as usize);
            for (step, logits) in outputs.chunks_exact_mut(tokens).enumerate() {
                model.probabilities(&given[..=step], logits);
                logits.iter_mut().for_each(|share| *share = share.ln());
            }
        }
        tally.add(at, outputs);
    }
    Some(tally.finish())
}

impl Ngram {
    fn count(samples: &Samples, at: &[u32], order: usize, tokens: usize) -> Self {
        let mut counts: HashMap<Vec<u16>, HashMap<u16, usize>> = HashMap::new();
        if let TargetData::Steps { steps, classes } = &samples.targets {
            for at in at.iter().map(|at| *at as usize) {
                let given = samples.tokens_of(at);
                for (step, class) in classes[at * steps..(at + 1) * steps].iter().enumerate() {
                    if *class == MASKED {
                        continue;
                    }
                    for len in 0..order.min(step + 2) {
                        let history = given[step + 1 - len..=step].to_vec();
                        *counts.entry(history).or_default().entry(*class).or_default() += 1;
                    }
                }
            }
        }
        Self { order, tokens, counts }
    }

    /// The probability of each token after a history, smoothed after Witten and Bell (1991): what `c` times followed on a history
    /// of `n` tokens with `t` different ones has `(c + t p) / (n + t)`, where `p` is its probability after a shorter history, and
    /// after none at all one over the number of tokens.
    fn probabilities(&self, history: &[u16], shares: &mut [f32]) {
        shares.fill(1.0 / self.tokens as f32);
        for len in 0..self.order.min(history.len() + 1) {
            let Some(counts) = self.counts.get(&history[history.len() - len..]) else { return };
            let all: usize = counts.values().sum();
            let (kinds, scale) = (counts.len() as f32, 1.0 / (all + counts.len()) as f32);
            shares.iter_mut().for_each(|share| *share *= kinds * scale);
            for (token, count) in counts {
                shares[usize::from(*token)] += *count as f32 * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Inputs;

    /// By hand: after `a` came `b` twice and `c` once.
    #[test]
    fn probabilities_are_those_of_the_formula_and_add_up_to_one() {
        let samples = Samples {
            inputs: Inputs::Tokens(vec![0, 1, 0, 1, 0, 2]),
            targets: TargetData::Steps { steps: 6, classes: vec![1, MASKED, 1, MASKED, 2, MASKED] },
        };
        let model = Ngram::count(&samples, &[0], 2, 4);
        let mut shares = [0.0; 4];
        model.probabilities(&[0], &mut shares);
        let unigram = |count: f32| (count + 2.0 * 0.25) / 5.0;
        let bigram = |count: f32| (count + 2.0 * unigram(count)) / 5.0;
        for (got, count) in shares.iter().zip([0.0, 2.0, 1.0, 0.0]) {
            assert!((got - bigram(count)).abs() < 1e-6, "{shares:?}");
        }
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let mut other = [0.0; 4];
        model.probabilities(&[3], &mut other);
        assert!(other.iter().zip([0.0, 2.0, 1.0, 0.0]).all(|(got, count)| (got - unigram(count)).abs() < 1e-6));
    }
}
