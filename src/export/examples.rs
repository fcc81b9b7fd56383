//! Examples that go with an export: what goes in, and what the network here answers.

use std::ops::Range;

use serde_json::{Value, json};

use super::model::{Input, Model, Output};
use crate::data::{Dataset, Feature, Inputs, Samples, column_ranges};
use crate::project::RunFolder;
use crate::train::{Predictor, generate};
use backprop_nn::gan;
use backprop_nn::init::{fill_normal, stream};

/// Samples as they go into an export, and the answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// `[samples, shape]`: pixels from 0 to 255, or numbers in their own units, NaN where missing.
    pub inputs: Vec<Vec<f64>>,
    /// `[samples, outputs]`, in their own units.
    pub outputs: Vec<Vec<f64>>,
    /// Whether the answers are the probabilities of classes.
    pub are_classes: bool,
    /// The class of each sample, where it is known.
    pub classes: Option<Vec<usize>>,
    /// The text of each, where tokens go in.
    pub texts: Option<Vec<String>>,
    /// Where they are from, the middle of a sentence: "100 test samples of mnist".
    pub from: String,
}

/// How many there are at most.
const COUNT: usize = 100;

/// How many numbers their answers have at most: a language model answers with every token at every step.
const MOST: usize = 1_000_000;

impl Examples {
    /// Test samples of the run's data, spread evenly; the training samples where there are no others, and where the data
    /// cannot be read random ones, which is told.
    pub fn of(run: &RunFolder, model: &Model<'_>, data: Result<&Dataset, String>) -> Self {
        if model.input == Input::Noise {
            let noise = gan::noise(&run.network, SEED, COUNT);
            let outputs = generate(&run.network, &run.data.scaling, &run.weights, SEED, COUNT);
            let rows = |numbers: &[f32], len: usize| {
                numbers.chunks_exact(len.max(1)).map(|row| row.iter().copied().map(f64::from).collect()).collect()
            };
            return Self {
                inputs: rows(&noise, run.network.input().len()),
                outputs: rows(&outputs, model.graph.output().len()),
                are_classes: false,
                classes: None,
                texts: None,
                from: format!("{COUNT} samples of noise"),
            };
        }
        let most = (MOST / model.graph.output().len().max(1)).clamp(1, COUNT);
        let (inputs, classes, from) = data.and_then(|dataset| own(run, dataset, most)).unwrap_or_else(|why| {
            let from = format!("{most} random samples, since the data cannot be read: {why}");
            let mut random = random(model);
            random.truncate(most);
            (random, None, from)
        });
        let texts = match model.input {
            Input::Tokens(text) => {
                let tokens = |row: &Vec<f64>| row.iter().map(|token| *token as u16).collect::<Vec<u16>>();
                Some(inputs.iter().map(|row| text.tokenizer().decode(&tokens(row))).collect())
            }
            Input::Pixels | Input::Numbers { .. } | Input::Noise => None,
        };
        let outputs = answers(run, model, &inputs);
        let are_classes = matches!(model.output, Output::Probabilities { .. });
        let classes = classes.filter(|_| are_classes);
        Self { inputs, outputs, are_classes, classes, texts, from }
    }

    /// As a file says it: what is missing is null.
    pub fn to_json(&self) -> Value {
        let Self { inputs, outputs, classes, from, .. } = self;
        let mut all = json!({ "from": from, "inputs": inputs, "outputs": outputs, "classes": classes });
        if let Some(texts) = &self.texts {
            all["texts"] = json!(texts);
        }
        all
    }
}

/// Decides the noise and the random samples.
const SEED: u64 = 1;

/// Samples with their classes, and where they are from.
type Own = (Vec<Vec<f64>>, Option<Vec<usize>>, String);

/// Samples of the run's own data, or why they cannot be read.
fn own(run: &RunFolder, dataset: &Dataset, most: usize) -> Result<Own, String> {
    let fits = dataset.shape == run.network.input() && dataset.features == run.data.features;
    if !fits {
        return Err("its samples are not those that the network reads".to_owned());
    }
    let (samples, which) = match dataset.test.is_empty() {
        true => (&dataset.train, "training"),
        false => (&dataset.test, "test"),
    };
    let count = samples.len().min(most);
    if count == 0 {
        return Err("there are no samples".to_owned());
    }
    let at: Vec<usize> = (0..count).map(|at| at * samples.len() / count).collect();
    let inputs = at.iter().map(|at| numbers(samples, *at)).collect();
    let classes = at.iter().map(|at| samples.class_of(*at)).collect();
    Ok((inputs, classes, format!("{count} {which} samples of {}", dataset.name)))
}

fn numbers(samples: &Samples, at: usize) -> Vec<f64> {
    match &samples.inputs {
        Inputs::Numbers(_) => samples.numbers_of(at).to_vec(),
        Inputs::Tokens(_) => samples.tokens_of(at).iter().copied().map(f64::from).collect(),
        Inputs::Bytes(_) | Inputs::Mapped(_) => samples.pixels_of(at).iter().copied().map(f64::from).collect(),
    }
}

/// Samples of which every number is possible: pixels, or numbers about as far from the mean as they are in the data.
fn random(model: &Model<'_>) -> Vec<Vec<f64>> {
    let len = model.shape().len();
    let mut numbers = vec![0.0; len * COUNT];
    fill_normal(&mut numbers, 1.0, &mut stream(SEED, PURPOSE));
    let number = |(at, normal): (usize, &f32)| match model.input {
        Input::Numbers { standard, features } => {
            let place = at % model.shape().channels();
            let of = |values: &[f64], without: f64| values.get(place).copied().unwrap_or(without);
            let number = of(&standard.mean, 0.0) + of(&standard.deviation, 1.0) * f64::from(*normal);
            match features.get(place) {
                Some(Feature { words: Some(words), .. }) => {
                    words.first as f64
                        + (normal.abs() * words.list.len() as f32 / 3.0).floor().min(words.list.len() as f32) as f64
                }
                Some(Feature { category: Some(_), .. }) => f64::from(u8::from(*normal > 1.0)),
                _ => number,
            }
        }
        // Tokens, and in each sample so many more of padding than in the one before.
        Input::Tokens(text) => {
            let (last, padded) = (text.tokenizer().len().saturating_sub(1), at / len.max(1) % (len + 1));
            let place = if text.is_written { len - 1 - at % len } else { at % len };
            let token = (normal.abs() * last as f32 / 3.0).floor().clamp(1.0, last as f32);
            f64::from(if place < padded { 0.0 } else { token })
        }
        Input::Pixels | Input::Noise => f64::from((normal.abs() * 100.0).floor().min(255.0)),
    };
    let mut rows: Vec<Vec<f64>> = numbers
        .iter()
        .enumerate()
        .map(number)
        .collect::<Vec<f64>>()
        .chunks_exact(len.max(1))
        .map(<[f64]>::to_vec)
        .collect();
    if let Input::Numbers { features, .. } = model.input {
        let categories = column_ranges(features, features.len()).into_iter().filter(|column| column.len() > 1);
        for (row, column) in categories.flat_map(|column| (0..COUNT).map(move |row| (row, column.clone()))) {
            keep_first(&mut rows[row], column);
        }
    }
    rows
}

/// A sample is of one category of a column at most.
fn keep_first(row: &mut [f64], column: Range<usize>) {
    let Some(first) = column.clone().find(|at| row.get(*at) == Some(&1.0)) else { return };
    row.iter_mut().take(column.end).skip(first + 1).for_each(|number| *number = 0.0);
}

/// The purpose of the random numbers, which tells their stream apart.
const PURPOSE: u64 = 0xE5;

/// What the network here says of samples.
fn answers(run: &RunFolder, model: &Model<'_>, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut predictor = Predictor::new(&run.network);
    let answer = |numbers: &Vec<f64>| match model.input {
        Input::Pixels => {
            let pixels: Vec<u8> = numbers.iter().map(|number| *number as u8).collect();
            predictor.read(run.trained(), &pixels).iter().copied().map(f64::from).collect()
        }
        Input::Numbers { .. } | Input::Tokens(_) | Input::Noise => predictor.read_row(run.trained(), numbers).to_vec(),
    };
    inputs.iter().map(answer).collect()
}
