//! A language model writes: tokens are drawn one after the other from the probabilities that it gives.

use rand::RngExt as _;

use super::evaluate::TrainedModel;
use crate::data::Tokenizer;
use crate::data::tokenizer::{PADDING, UNKNOWN};
use backprop_nn::Workspace;
use backprop_nn::decoder::Decoder;
use backprop_nn::init::Rng;

/// How a token is drawn from the probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it: below 1 likely tokens become likelier, and at 0 the most likely one is always taken.
    pub temperature: f32,
    /// Draw from so many of the most likely tokens; 0 for all.
    pub top_k: usize,
    /// Draw from the most likely tokens that together have this probability (nucleus sampling, Holtzman et al. 2020); 1 for all.
    pub top_p: f32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.8, top_k: 0, top_p: 1.0 }
    }
}

impl Sampling {
    /// The probabilities that are drawn from, each with its token, the most likely first.
    pub fn shares(&self, probabilities: &[f32]) -> Vec<(u16, f32)> {
        let special = [PADDING, UNKNOWN].map(usize::from);
        let mut shares: Vec<(u16, f32)> = probabilities
            .iter()
            .enumerate()
            .filter(|(token, share)| !special.contains(token) && **share > 0.0)
            .map(|(token, share)| (token as u16, *share))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.temperature <= 0.0 {
            shares.truncate(1);
        }
        let (power, most) = (1.0 / self.temperature.max(1e-3), shares.first().map_or(1.0, |first| first.1));
        shares.iter_mut().for_each(|(_, share)| *share = (*share / most).powf(power));
        if self.top_k > 0 {
            shares.truncate(self.top_k);
        }
        normalize(&mut shares);
        let mut sum = 0.0;
        let kept = shares.iter().take_while(|(_, share)| {
            let is_kept = sum < self.top_p;
            sum += share;
            is_kept
        });
        let kept = kept.count().max(1);
        shares.truncate(kept);
        normalize(&mut shares);
        shares
    }

    /// One of them; nothing if no token has a probability.
    pub fn draw(&self, probabilities: &[f32], rng: &mut Rng) -> Option<u16> {
        let shares = self.shares(probabilities);
        let mut left = rng.random::<f32>();
        let drawn = shares.iter().find(|(_, share)| {
            left -= share;
            left < 0.0
        });
        drawn.or(shares.last()).map(|(token, _)| *token)
    }
}

fn normalize(shares: &mut [(u16, f32)]) {
    let sum: f32 = shares.iter().map(|(_, share)| share).sum();
    shares.iter_mut().for_each(|(_, share)| *share /= sum.max(f32::MIN_POSITIVE));
}

/// The stream of random numbers that tokens are drawn from, for one seed the same text in the window and on the command line.
pub const DRAWS: u64 = 0x73_4A71;

/// A text that grows by what a language model says of it.
pub struct Writer<'a> {
    run: TrainedModel<'a>,
    tokenizer: &'a Tokenizer,
    /// What remembers the steps so far; nothing where the network needs all of them at once.
    decoder: Option<Decoder<'a>>,
    workspace: Workspace,
    /// The tokens so far, a line end before them where the vocabulary has one, as every sample of a line has.
    tokens: Vec<u16>,
    /// The probability that each of them had when it came; of the first it is not known.
    shares: Vec<Option<f32>>,
    /// Of the next token.
    probabilities: Vec<f32>,
}

impl<'a> Writer<'a> {
    /// An empty text.
    pub fn new(run: TrainedModel<'a>, tokenizer: &'a Tokenizer) -> Self {
        let mut writer = Self {
            run,
            tokenizer,
            decoder: run.network.decoder(),
            workspace: run.network.inference_workspace(1),
            tokens: Vec::new(),
            shares: Vec::new(),
            probabilities: Vec::new(),
        };
        writer.begin("");
        writer
    }

    /// Begins anew after a text.
    pub fn begin(&mut self, prompt: &str) {
        self.tokens.clear();
        self.shares.clear();
        self.probabilities.clear();
        if let Some(decoder) = &mut self.decoder {
            decoder.reset();
        }
        let encoder = self.tokenizer.encoder();
        let first = self.tokenizer.line_end().filter(|_| !prompt.starts_with('\n'));
        let prompt = encoder.encode(prompt);
        let tokens: Vec<u16> = first.into_iter().chain(prompt).collect();
        let tokens = if tokens.is_empty() { vec![UNKNOWN] } else { tokens };
        tokens.into_iter().for_each(|token| self.push(token));
    }

    /// Adds a token, and asks what follows.
    pub fn push(&mut self, token: u16) {
        self.shares.push(self.probabilities.get(usize::from(token)).copied());
        self.tokens.push(token);
        let width = self.run.network.output().channels();
        let Self { run, decoder, workspace, tokens, probabilities, .. } = self;
        probabilities.clear();
        match decoder {
            Some(decoder) => {
                // Where no more fits, half of what fitted is read again, so that this is seldom.
                let from = match decoder.context() {
                    Some(context) if decoder.len() >= context => {
                        decoder.reset();
                        tokens.len() - (context / 2).max(1)
                    }
                    _ => tokens.len() - 1,
                };
                for token in &tokens[from..] {
                    probabilities.clear();
                    probabilities.extend_from_slice(decoder.step(run.weights, &[f32::from(*token)]));
                }
            }
            None => {
                let input = workspace.input_mut(1);
                let seen = &tokens[tokens.len() - tokens.len().min(input.len())..];
                input.fill(f32::from(PADDING));
                input.iter_mut().zip(seen).for_each(|(input, token)| *input = f32::from(*token));
                run.network.infer(run.weights, workspace);
                probabilities.extend_from_slice(&workspace.output()[(seen.len() - 1) * width..][..width]);
            }
        }
        run.loss.probabilities(probabilities);
    }

    /// Draws the next token and adds it; nothing if the network gives no numbers.
    pub fn write(&mut self, sampling: Sampling, rng: &mut Rng) -> Option<u16> {
        let token = sampling.draw(&self.probabilities, rng)?;
        self.push(token);
        Some(token)
    }

    /// The probability of each token to be the next.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// The tokens so far.
    pub fn tokens(&self) -> &[u16] {
        &self.tokens
    }

    /// The probability that each token had when it came.
    pub fn shares(&self) -> &[Option<f32>] {
        &self.shares
    }

    /// The text so far, without the line end that stands before it.
    pub fn text(&self) -> String {
        let text = self.tokenizer.decode(&self.tokens);
        text.strip_prefix('\n').map_or(text.clone(), str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_nn::init::stream;

    #[test]
    fn tokens_are_drawn_from_the_likeliest_and_never_a_special_one() {
        let probabilities = [0.3, 0.1, 0.3, 0.2, 0.1];
        let shares = |sampling: Sampling| sampling.shares(&probabilities);
        let plain = Sampling { temperature: 1.0, ..Sampling::default() };
        let all = shares(plain);
        assert_eq!(all.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [2, 3, 4]);
        assert!((all[0].1 - 0.5).abs() < 1e-6 && (all[2].1 - 1.0 / 6.0).abs() < 1e-6, "{all:?}");
        assert_eq!(shares(Sampling { top_k: 2, ..plain }).len(), 2);
        assert_eq!(shares(Sampling { top_p: 0.6, ..plain }).len(), 2);
        assert_eq!(shares(Sampling { temperature: 0.0, ..plain }), [(2, 1.0)]);
        let sharp = shares(Sampling { temperature: 0.5, ..plain });
        assert!((sharp[0].1 - 9.0 / 14.0).abs() < 1e-6, "{sharp:?}");
        let mut rng = stream(1, 1);
        let mut counts = [0; 5];
        for _ in 0..6000 {
            counts[usize::from(plain.draw(&probabilities, &mut rng).unwrap())] += 1;
        }
        assert!((2800..3200).contains(&counts[2]) && (900..1100).contains(&counts[4]), "{counts:?}");
    }
}
