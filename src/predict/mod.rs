//! What a run predicts for samples from outside its data: images, drawings, rows of tables and windows of series, from files or
//! from memory. The command line and the server answer alike, since both ask here.

pub mod ahead;
mod pictures;
mod table;

use serde_json::{Map, Value, json};

pub use self::table::Rows;
use crate::project::RunFolder;
use crate::project::run_folder::DataRecord;
use crate::train::Predictor;
use backprop_nn::loss::argmax;

/// A run that predicts.
pub struct RunPredictor<'a> {
    run: &'a RunFolder,
    /// With two classes: the probability from which the second is predicted.
    threshold: f32,
    predictor: &'a mut Predictor,
}

/// What a network says of a sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Prediction {
    /// Nothing, since the drawing has no ink or the image is of one even color.
    Empty,
    /// A class.
    Class {
        /// Its name.
        label: String,
        /// Its probability.
        share: f32,
        /// The probability of every class.
        probabilities: Vec<f32>,
    },
    /// A number for each target, in its unit.
    Numbers(Vec<f64>),
    /// The sample again.
    Reconstruction {
        /// The numbers of the sample in their units; pixels from 0 to 1.
        values: Vec<f64>,
        /// The root of its mean squared error in the scale in which the network was trained.
        error: f32,
    },
}

impl Prediction {
    /// The names of its numbers; empty where they have none.
    pub fn names(&self, data: &DataRecord) -> Vec<String> {
        match self {
            Self::Numbers(_) => data.task.output_names().to_vec(),
            Self::Reconstruction { values, .. } if values.len() == data.features.len() => {
                data.features.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The same for people: a target with its unit, "price ($)".
    pub fn names_in_units(&self, data: &DataRecord) -> Vec<String> {
        if let Self::Numbers(_) = self { data.task.outputs_in_units() } else { self.names(data) }
    }

    /// The fields of its object in JSON.
    pub fn to_json(&self, data: &DataRecord) -> Map<String, Value> {
        let told = match self {
            Self::Empty => json!({ "label": null, "probabilities": null }),
            Self::Class { label, probabilities, .. } => json!({ "label": label, "probabilities": probabilities }),
            Self::Numbers(values) => {
                let mut told = json!({ "values": by_name(&self.names(data), values) });
                let units = target_units(data);
                if !units.is_empty() {
                    told["units"] = units.into();
                }
                told
            }
            Self::Reconstruction { values, error } => {
                let names = self.names(data);
                let told = if names.is_empty() { json!(values) } else { by_name(&names, values) };
                json!({ "rmse": error, "values": told })
            }
        };
        if let Value::Object(fields) = told { fields } else { Map::new() }
    }
}

/// The unit of each target that has one, by its name.
pub fn target_units(data: &DataRecord) -> Map<String, Value> {
    let unit = |(at, name): (usize, &String)| Some((name.clone(), data.task.unit(at)?.into()));
    data.task.output_names().iter().enumerate().filter_map(unit).collect()
}

fn by_name(names: &[String], values: &[f64]) -> Value {
    let map: Map<_, _> = names.iter().cloned().zip(values.iter().map(|value| json!(value))).collect();
    map.into()
}

impl<'a> RunPredictor<'a> {
    /// Predicts with a run; the predictor has to be one of its network.
    pub fn new(run: &'a RunFolder, threshold: f32, predictor: &'a mut Predictor) -> Self {
        Self { run, threshold, predictor }
    }

    fn class(&self, probabilities: &[f32]) -> Prediction {
        let class = match probabilities {
            [_, second] => usize::from(*second >= self.threshold),
            _ => argmax(probabilities),
        };
        let label = self.run.data.task.classes().get(class).cloned().unwrap_or_else(|| class.to_string());
        let share = probabilities.get(class).copied().unwrap_or(f32::NAN);
        Prediction::Class { label, share, probabilities: probabilities.to_vec() }
    }
}
