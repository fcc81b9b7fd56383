//! One sample at a time: what a network predicts for the drawing, and for the row of a table that is tried.

use std::sync::Arc;
use std::time::Duration;

use ndarray::{Array3, Axis};

use super::derived::Query;
use crate::data::drawing::Preparation;
use crate::data::photo::Reading;
use crate::data::pictures::{self, Picture};
use crate::data::samples::{scale_bytes, to_bytes};
use crate::data::sources::digits::SIDE;
use crate::data::{Drawing, Task};
use crate::train::Predictor;
use crate::train::heads::Results;
use crate::train::metrics::distance;
use crate::ui::state::playground::OpenedPicture;
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

/// Asks for the prediction for a drawing, or for a picture in its place.
#[derive(Clone, PartialEq)]
pub struct DrawingQuery {
    /// The picture, and how those of the training data were read where they were no ink on paper.
    pub picture: Option<(Arc<OpenedPicture>, Option<Reading>)>,
    /// The drawing that the network reads.
    pub drawing: Drawing,
    /// Width of the pen, in pixels of 28.
    pub pen: f32,
    /// The steps from the ink to the image.
    pub preparation: Preparation,
    /// The network, or why there is none.
    pub network: Result<TrainedNetwork, String>,
}

/// What a network sees of a drawing, and what it predicts.
pub struct DrawingPrediction {
    /// The pixels, `[height, width, channels]`; none without ink.
    pub seen: Option<Array3<u8>>,
    /// The drawing after each step of its preparation; nothing without ink, and of a picture.
    pub stages: Vec<Array3<u8>>,
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
        /// The reconstructed image, `[height, width, channels]`, from 0 to 255.
        pixels: Array3<u8>,
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
        let prepared = |side: usize, preparation| {
            self.drawing.prepared(side, self.pen, preparation).map(|image| image.insert_axis(Axis(2)))
        };
        let drawn = |side: usize| prepared(side, self.preparation);
        let stages = |side: usize| match &self.picture {
            Some(_) => Vec::new(),
            None => self.preparation.stages().into_iter().filter_map(|stage| prepared(side, stage)).collect(),
        };
        let seen = self.network.as_ref().map_err(Clone::clone).and_then(|network| {
            let dims = dims_of(network)?;
            let seen = match (&self.picture, dims) {
                (Some((picture, reading)), _) => see(picture, dims, *reading)?,
                (None, [height, width, 1]) if height == width => drawn(height),
                (None, [height, width, channels]) => {
                    return Err(format!(
                        "This network reads images of {height}×{width}×{channels}, and a drawing is square and gray. Open a \
                         picture, or drop one on the window."
                    ));
                }
            };
            Ok((network, seen))
        });
        match seen {
            Ok((network, seen)) => {
                let prediction = match &seen {
                    Some(pixels) => predict(network, memory.of(network), pixels, self.preparation),
                    None => DrawingOutput::Empty,
                };
                let stages = stages(seen.as_ref().map_or(SIDE, |seen| seen.dim().0));
                DrawingPrediction { seen, stages, prediction }
            }
            Err(why) => {
                let seen = if self.picture.is_none() { drawn(SIDE) } else { None };
                DrawingPrediction { seen, stages: stages(SIDE), prediction: DrawingOutput::Cannot(why) }
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

/// A picture as a network reads it; nothing if nothing is on it.
fn see(picture: &OpenedPicture, dims: [usize; 3], reading: Option<Reading>) -> Result<Option<Array3<u8>>, String> {
    match pictures::of_image(picture.image.clone(), dims, reading) {
        Ok(Picture::Pixels(pixels)) => Ok(Array3::from_shape_vec(dims, pixels).ok()),
        Ok(Picture::Empty) => Ok(None),
        Err(what) => Err(format!("{} {what}.", picture.name)),
    }
}

fn predict(
    network: &TrainedNetwork,
    reader: &mut Predictor,
    seen: &Array3<u8>,
    preparation: Preparation,
) -> DrawingOutput {
    let trained = network.trained();
    let pixels = seen.as_slice().unwrap_or_default();
    let outputs = match preparation.normalize {
        true => reader.read(trained, pixels),
        false => reader.read_unscaled(trained, pixels),
    };
    if outputs.iter().any(|output| !output.is_finite()) {
        return DrawingOutput::Cannot(NOT_NUMBERS.to_owned());
    }
    match trained.task {
        Task::Reconstruction { .. } => {
            let mut numbers = vec![0.0; pixels.len()];
            scale_bytes(pixels, &mut numbers);
            let again = Array3::from_shape_vec(seen.dim(), to_bytes(outputs).collect()).unwrap_or_default();
            DrawingOutput::Reconstruction { pixels: again, error: distance(outputs, &numbers) }
        }
        Task::NextToken { .. } => DrawingOutput::Cannot(READS_TEXT.to_owned()),
        Task::Classification { .. } | Task::Regression { .. } => DrawingOutput::Probabilities(outputs.to_vec()),
    }
}

const READS_TEXT: &str = "This network reads text; the Write tab continues what you write.";

/// Height, width and channels of the images a network reads, or why a picture is nothing for it.
fn dims_of(network: &TrainedNetwork) -> Result<[usize; 3], String> {
    let trained = network.trained();
    let shape = trained.network.input();
    let none = || format!("This network reads rows of {shape} numbers, and a drawing is an image.");
    match network.head().results() {
        Results::Samples => Err("This network makes samples and reads none.".to_owned()),
        Results::Text => Err(READS_TEXT.to_owned()),
        Results::Classes | Results::Reconstructions => shape.as_image().ok_or_else(none),
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
    type Answer = Vec<f64>;
    type Memory = KeptPredictor;
    const NAME: &'static str = "reading the row";
    const PAUSE: Duration = Duration::ZERO;

    fn answer(&self, memory: &mut KeptPredictor) -> Vec<f64> {
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
            let query = DrawingQuery { picture: None, drawing, pen: 2.2, preparation: Preparation::default(), network };
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
