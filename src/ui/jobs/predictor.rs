//! One sample at a time: what a network predicts for the drawing, and for the row of a table that is tried.

use std::time::Duration;

use ndarray::Array2;

use super::derived::Query;
use crate::data::samples::{scale_bytes, to_bytes};
use crate::data::sources::digits::SIDE;
use crate::data::{Drawing, Task};
use crate::train::Predictor;
use crate::train::heads::Results;
use crate::train::metrics::distance;
use crate::ui::state::trained_network::TrainedNetwork;

/// Why a prediction cannot be shown.
pub const NOT_NUMBERS: &str =
    "The weights of this network are no longer numbers. Reset, and train with a smaller learning rate.";

/// The workspace of a network, kept as long as it is the same network that is asked.
#[derive(Default)]
pub struct KeptPredictor {
    known: Option<(TrainedNetwork, Predictor)>,
}

impl KeptPredictor {
    fn of(&mut self, network: &TrainedNetwork) -> &mut Predictor {
        let known = self.known.take().filter(|(known, _)| known.is_same_network(network));
        let new = || (network.clone(), Predictor::new(network.trained().network));
        &mut self.known.insert(known.unwrap_or_else(new)).1
    }
}

/// Asks for the prediction for a drawing.
#[derive(Clone, PartialEq)]
pub struct DrawingQuery {
    /// The drawing that the network reads.
    pub drawing: Drawing,
    /// Width of the pen, in pixels of 28.
    pub pen: f32,
    /// The network, or why there is none.
    pub network: Result<TrainedNetwork, String>,
}

/// What a network sees of a drawing, and what it predicts.
pub struct DrawingPrediction {
    /// The pixels; none without ink.
    pub seen: Option<Array2<u8>>,
    /// The prediction, or why there is none.
    pub prediction: DrawingOutput,
}

/// The output of a network for a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawingOutput {
    /// There is nothing to read.
    Empty,
    /// Probability of each class, from 0 to 1.
    Probabilities(Vec<f32>),
    /// What an autoencoder gives back, and the root of its mean squared error, where white is 1.
    Reconstruction {
        /// The reconstructed image, `[height, width]`, from 0 to 255.
        pixels: Array2<u8>,
        /// Root of the mean squared error, where white is 1.
        error: f32,
    },
    /// Why nothing can be predicted, in words.
    Cannot(String),
}

impl Query for DrawingQuery {
    type Answer = DrawingPrediction;
    type Memory = KeptPredictor;
    const NAME: &'static str = "reading the drawing";
    // A person sees every frame by which the answer comes after the pen.
    const PAUSE: Duration = Duration::ZERO;

    fn answer(&self, memory: &mut KeptPredictor) -> DrawingPrediction {
        match self.network.as_ref().map_err(Clone::clone).and_then(|network| Ok((network, paper_side(network)?))) {
            Ok((network, side)) => {
                let seen = self.drawing.image(side, self.pen);
                let prediction = match seen.as_ref().and_then(|seen| seen.as_slice()) {
                    Some(pixels) => predict(network, memory.of(network), pixels, side),
                    None => DrawingOutput::Empty,
                };
                DrawingPrediction { seen, prediction }
            }
            Err(why) => {
                DrawingPrediction { seen: self.drawing.image(SIDE, self.pen), prediction: DrawingOutput::Cannot(why) }
            }
        }
    }

    fn may_show(&self, older: &Self) -> bool {
        match (&self.network, &older.network) {
            (Ok(network), Ok(older)) => network.is_same_network(older),
            (network, older) => network == older,
        }
    }
}

fn predict(network: &TrainedNetwork, reader: &mut Predictor, pixels: &[u8], side: usize) -> DrawingOutput {
    let trained = network.trained();
    let outputs = reader.read(trained, pixels);
    if outputs.iter().any(|output| !output.is_finite()) {
        return DrawingOutput::Cannot(NOT_NUMBERS.to_owned());
    }
    match trained.task {
        Task::Reconstruction { .. } => {
            let mut seen = vec![0.0; pixels.len()];
            scale_bytes(pixels, &mut seen);
            let pixels = Array2::from_shape_vec((side, side), to_bytes(outputs).collect()).unwrap_or_default();
            DrawingOutput::Reconstruction { pixels, error: distance(outputs, &seen) }
        }
        Task::Classification { .. } | Task::Regression { .. } => DrawingOutput::Probabilities(outputs.to_vec()),
    }
}

/// Rows and columns of the images a network reads, or why a drawing is nothing for it.
fn paper_side(network: &TrainedNetwork) -> Result<usize, String> {
    let trained = network.trained();
    let shape = trained.network.input();
    let side = match shape.as_image() {
        Some([height, width, 1]) if height == width => Ok(height),
        Some(_) => Err(format!("This network reads images of {shape}; a drawing becomes a square gray one.")),
        None => Err(format!("This network reads rows of {shape} numbers, and a drawing is an image.")),
    };
    match network.head().results() {
        Results::Samples => Err("This network makes samples and reads none.".to_owned()),
        Results::Classes | Results::Reconstructions => side,
        Results::Numbers | Results::Forecast => {
            Err("This network predicts numbers, and a drawing is asked for its class.".to_owned())
        }
    }
}

/// Asks for the prediction for one row of a table.
#[derive(Clone)]
pub struct RowQuery {
    /// The network that predicts.
    pub network: TrainedNetwork,
    /// The input values, NaN where one is missing.
    pub row: Vec<f64>,
}

impl PartialEq for RowQuery {
    /// Equal to the bit, so that a missing number is the same as itself.
    fn eq(&self, other: &Self) -> bool {
        let bits = |row: &[f64]| row.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        self.network == other.network && bits(&self.row) == bits(&other.row)
    }
}

impl Query for RowQuery {
    /// Probabilities, or numbers in their own units.
    type Answer = Vec<f32>;
    type Memory = KeptPredictor;
    const NAME: &'static str = "reading the row";
    const PAUSE: Duration = Duration::ZERO;

    fn answer(&self, memory: &mut KeptPredictor) -> Vec<f32> {
        memory.of(&self.network).read_row(self.network.trained(), &self.row).to_vec()
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::project::RunFolder;

    #[test]
    fn the_built_in_classifier_reads_a_drawing_and_empty_paper_is_nothing_to_read() {
        let network = TrainedNetwork::Folder(Arc::new(RunFolder::pretrained().unwrap()));
        let one = Drawing { strokes: vec![vec![[0.5, 0.2], [0.5, 0.8]]], label: None };
        let ask = |drawing: Drawing, network| {
            let query = DrawingQuery { drawing, pen: 2.2, network };
            query.answer(&mut KeptPredictor::default())
        };
        let answer = ask(one.clone(), Ok(network.clone()));
        let DrawingOutput::Probabilities(shares) = answer.prediction else { panic!("{:?}", answer.prediction) };
        assert!(shares[1] > 0.5 && answer.seen.is_some(), "{shares:?}");
        assert_eq!(ask(Drawing::default(), Ok(network)).prediction, DrawingOutput::Empty);
        let why = "not there yet".to_owned();
        let answer = ask(one, Err(why.clone()));
        assert!(answer.seen.is_some() && answer.prediction == DrawingOutput::Cannot(why));
    }
}
