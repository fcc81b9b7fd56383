//! What a language model writes after a prompt, and what it looks at while it reads.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Tokenizer;
use crate::data::tokenizer::PADDING;
use crate::train::writer::{DRAWS, Sampling, Writer};
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::init::stream;
use backprop_nn::layer::InsideLayer;
use backprop_nn::{Inspection, ModelSpec};

/// How a network cuts texts into tokens, if it reads texts.
pub fn tokenizer_of(network: &TrainedNetwork) -> Option<&Tokenizer> {
    network.features().first()?.text.as_ref().map(|text| &text.tokenizer)
}

/// Asks for texts.
#[derive(Clone, PartialEq)]
pub struct WritingQuery {
    /// The language model.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The beginning of each text.
    pub prompt: String,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How many are drawn for a text at most.
    pub tokens: usize,
    /// How many lines are written, if a text ends with its line; else it is one text.
    pub lines: Option<usize>,
    /// Decides which are drawn; `backprop generate` draws the same.
    pub seed: u64,
    /// The text that is looked at.
    pub looked_at: usize,
}

/// Texts, and what the network computes while it reads the one that is looked at.
pub struct Written {
    /// The texts.
    pub texts: Vec<WrittenText>,
    /// Of the text that is looked at.
    pub read: Option<Read>,
}

/// A text.
pub struct WrittenText {
    /// Its tokens, with the line end before a line.
    pub tokens: Vec<u16>,
    /// The probability that each had when it came; of the first it is not known.
    pub shares: Vec<Option<f32>>,
    /// How many of them are the prompt.
    pub begun: usize,
}

impl Query for WritingQuery {
    type Answer = Option<Written>;
    type Memory = KeptInspection;
    const NAME: &'static str = "writing";

    fn answer(&self, memory: &mut KeptInspection) -> Option<Written> {
        let tokenizer = tokenizer_of(&self.network)?;
        let mut writer = Writer::new(self.network.trained(), tokenizer);
        let mut rng = stream(self.seed, DRAWS);
        let mut text = || {
            writer.begin(&self.prompt);
            let begun = writer.tokens().len();
            for _ in 0..self.tokens {
                let token = writer.write(self.sampling, &mut rng)?;
                if self.lines.is_some() && tokenizer.token(token) == "\n" {
                    break;
                }
            }
            Some(WrittenText { tokens: writer.tokens().to_vec(), shares: writer.shares().to_vec(), begun })
        };
        let texts = (0..self.lines.unwrap_or(1)).map(|_| text()).collect::<Option<Vec<_>>>()?;
        let read = texts.get(self.looked_at).and_then(|text| {
            let inspection = memory.of(&self.network, &self.model)?;
            Some(read(inspection, &self.network, &text.tokens))
        });
        Some(Written { texts, read })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}

/// A network opened up, kept as long as it is the same.
#[derive(Default)]
pub struct KeptInspection {
    kept: Option<(TrainedNetwork, Arc<ModelSpec>, Inspection)>,
}

impl KeptInspection {
    fn of(&mut self, network: &TrainedNetwork, model: &Arc<ModelSpec>) -> Option<&mut Inspection> {
        let is_kept =
            |kept: &(TrainedNetwork, Arc<ModelSpec>, Inspection)| kept.0.is_same_network(network) && kept.1 == *model;
        let inspection = match self.kept.take().filter(is_kept) {
            Some((.., inspection)) => inspection,
            None => {
                let built = network.trained().network;
                Inspection::new(model, built.input(), built.output()).ok()?
            }
        };
        let (.., inspection) = self.kept.insert((network.clone(), Arc::clone(model), inspection));
        Some(inspection)
    }
}

/// Asks what a network computes while it reads some tokens.
#[derive(Clone, PartialEq)]
pub struct ReadingQuery {
    /// The network.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The text; of one that is longer than the network sees at once, its end.
    pub tokens: Arc<Vec<u16>>,
}

/// What it computes.
pub struct Read {
    /// The first of the tokens that it sees.
    pub first: usize,
    /// How many it sees.
    pub seen: usize,
    /// Of each layer of attention the weights of its heads, `[seen, seen]` each: a row for each token, with what it looks at.
    pub attention: Vec<Attention>,
    /// Of each recurrent layer its gates and states over the tokens.
    pub gates: Vec<(String, InsideLayer)>,
    /// After each token the probability of each to be the next, `[seen, tokens]`; of a network that tells a class, of each class.
    pub probabilities: Vec<f32>,
}

/// The weights of a layer of attention.
pub struct Attention {
    /// Its number among the layers of attention, from one.
    pub number: usize,
    /// Of each head, `[seen, seen]`.
    pub heads: Vec<Vec<f32>>,
}

/// What the weights of a head begin their name with.
const WEIGHTS: &str = "attention weights";

impl Query for ReadingQuery {
    type Answer = Option<Read>;
    type Memory = KeptInspection;
    const NAME: &'static str = "reading";

    fn answer(&self, memory: &mut KeptInspection) -> Option<Read> {
        Some(read(memory.of(&self.network, &self.model)?, &self.network, &self.tokens))
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network) && self.tokens.len() == older.tokens.len()
    }
}

/// Runs some tokens through a network, and gathers what it computes.
fn read(inspection: &mut Inspection, network: &TrainedNetwork, tokens: &[u16]) -> Read {
    let trained = network.trained();
    let length = trained.network.input().len();
    let seen = tokens.len().min(length);
    let first = tokens.len() - seen;
    let mut window = vec![f32::from(PADDING); length];
    // A text that has a class stands at the end of what is read, one that goes on at its beginning.
    let is_class = trained.task.is_classification();
    let place = if is_class { length - seen } else { 0 };
    window[place..].iter_mut().zip(&tokens[first..]).for_each(|(at, token)| *at = f32::from(*token));
    inspection.forward(trained.weights, &window);
    let mut attention: Vec<Attention> = Vec::new();
    let mut gates = Vec::new();
    for at in 0..inspection.places().len() {
        let label = inspection.places()[at].label;
        let inside = inspection.inside(at);
        let heads: Vec<Vec<f32>> = inside
            .iter()
            .filter(|inside| inside.name.starts_with(WEIGHTS))
            .map(|head| part(&head.values, length, place, seen))
            .collect();
        if heads.is_empty() {
            let of_steps = inside.into_iter().filter(|inside| inside.shape.features_of(length).is_some());
            gates.extend(of_steps.map(|inside| (label.to_owned(), rows(inside, place, seen))));
        } else {
            attention.push(Attention { number: attention.len() + 1, heads });
        }
    }
    let width = trained.network.output().channels();
    let mut probabilities = match is_class {
        true => inspection.outputs().to_vec(),
        false => inspection.outputs()[..seen * width].to_vec(),
    };
    probabilities.chunks_exact_mut(width.max(1)).for_each(|outputs| trained.loss.probabilities(outputs));
    Read { first, seen, attention, gates, probabilities }
}

/// The rows and columns of a square matrix that belong to the tokens which are seen.
fn part(values: &[f32], length: usize, place: usize, seen: usize) -> Vec<f32> {
    let rows = values.chunks_exact(length).skip(place).take(seen);
    rows.flat_map(|row| row[place..place + seen].iter().copied()).collect()
}

/// The rows of a sequence that belong to them.
fn rows(inside: InsideLayer, place: usize, seen: usize) -> InsideLayer {
    let width = inside.shape.channels();
    let values = inside.values[place * width..(place + seen) * width].to_vec();
    InsideLayer { values, shape: backprop_nn::Shape::steps(seen.max(1), width), ..inside }
}
