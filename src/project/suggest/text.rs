//! A network for texts: a small transformer that tells the next token, or a recurrent one that tells the class.

use serde_json::{Value, json};

use super::{batch, outputs, training};
use crate::data::{Dataset, Task};

/// Length of the vector of a token, heads of the attention, and blocks.
const WIDTH: usize = 96;
const HEADS: usize = 4;
const BLOCKS: usize = 3;

/// Tokens that a training shows to a language model, over all epochs together: some minutes on two cores.
const SHOWN: usize = 6_000_000;

/// Length of the vector of a word whose text has a class, and units of the layer that reads them.
const WORD_WIDTH: usize = 32;
const UNITS: usize = 48;

pub fn text(dataset: &Dataset, reasons: &mut Vec<String>) -> (Value, Value, Value) {
    match dataset.task {
        Task::NextToken { steps, tokens, .. } => language_model(dataset, [steps, tokens], reasons),
        _ => classifier(dataset, reasons),
    }
}

/// The blocks of a transformer with the normalization before each part (pre-norm, as in GPT-2).
fn blocks(dropout: f32) -> Value {
    let attention = json!([
        "layer_norm",
        { "kind": "multi_head_attention", "heads": HEADS, "causal": true },
        { "kind": "dropout", "rate": dropout }
    ]);
    let feed_forward = json!([
        "layer_norm",
        { "kind": "dense", "units": 4 * WIDTH, "activation": "gelu" },
        { "kind": "dense", "units": WIDTH, "activation": "linear" },
        { "kind": "dropout", "rate": dropout }
    ]);
    let residual = [attention, feed_forward].map(|layers| json!({ "kind": "residual", "layers": layers }));
    json!({ "kind": "repeat", "times": BLOCKS, "layers": residual })
}

fn language_model(dataset: &Dataset, [steps, tokens]: [usize; 2], reasons: &mut Vec<String>) -> (Value, Value, Value) {
    let samples = dataset.train.len();
    // What is seen many times is memorized.
    let epochs = (SHOWN / (samples * steps).max(1)).clamp(3, 60);
    let dropout = if epochs > 10 { 0.1 } else { 0.0 };
    reasons.push(format!(
        "A transformer of {BLOCKS} blocks with {HEADS} heads and {WIDTH} numbers for each of {tokens} tokens, which sees {steps} tokens at once"
    ));
    reasons.push(format!(
        "{epochs} epochs, some minutes on two cores, with a warm-up and a learning rate that falls along a cosine"
    ));
    let model = json!([
        { "kind": "embedding", "vocabulary": tokens, "units": WIDTH },
        { "kind": "positional_embedding" },
        blocks(dropout),
        "layer_norm",
        { "kind": "dense", "units": tokens, "activation": "linear" }
    ]);
    let mut training = training(dataset, 0.002, batch(samples, 60, 32), epochs, 0.01);
    training["regularization"] = json!({ "clip_norm": 1.0 });
    (model, training, json!({}))
}

fn classifier(dataset: &Dataset, reasons: &mut Vec<String>) -> (Value, Value, Value) {
    let samples = dataset.train.len();
    let words = dataset.tokenizer().map_or(1, crate::data::Tokenizer::len);
    let epochs = (60_000 / samples.max(1)).clamp(5, 40);
    reasons.push(format!("A GRU of {UNITS} units reads the text word by word, an embedding of {WORD_WIDTH} numbers for each of {words} words before it"));
    reasons.push(format!("{epochs} epochs, with dropout and weight decay against overfitting"));
    let model = json!([
        { "kind": "embedding", "vocabulary": words, "units": WORD_WIDTH },
        { "kind": "dropout", "rate": 0.2 },
        { "kind": "gru", "units": UNITS },
        { "kind": "dropout", "rate": 0.2 },
        { "kind": "dense", "units": outputs(dataset), "activation": "linear" }
    ]);
    (model, training(dataset, 0.003, batch(samples, 60, 64), epochs, 0.02), json!({}))
}
