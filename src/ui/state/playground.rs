//! What is tried, which the views share and no project holds: the drawing and the network that reads it, a row of a table,
//! the plane that is painted in, the noise of a generator.

use std::sync::Arc;

use image::DynamicImage;

use super::painting::Painting;
use super::trained_network::NetworkChoice;
use crate::data::Drawing;
use crate::data::drawing::Preparation;

/// The inputs that the user tries on a network.
pub struct Playground {
    /// The drawing on the canvas.
    pub drawing: Drawing,
    /// The steps from the ink to what a network reads; all of them, until somebody switches one off.
    pub preparation: Preparation,
    /// Whether the pointer takes strokes away.
    pub is_erasing: bool,
    /// Whether it is shown what matters for the answer.
    pub is_explained: bool,
    /// Whether the probabilities are shown over the run.
    pub is_over_run: bool,
    /// The picture that is tried in its place.
    pub picture: Option<Arc<OpenedPicture>>,
    /// The drawing is the one that the program came with, and gives way to the first stroke of a person.
    pub is_example: bool,
    /// The network that reads it.
    pub network: NetworkChoice,
    /// True class and predicted class whose images are shown; all mistakes if there is none.
    pub cell: Option<(usize, usize)>,
    /// The table row in the form.
    pub row: TriedRow,
    /// The plane that is painted in, while it is.
    pub painting: Option<Painting>,
    /// Whether it is painted in the data as soon as they are there.
    pub wants_painting: bool,
    /// The seed of the noise that a generator's samples are made of; `backprop generate` makes the same of it.
    pub noise: u64,
}

/// A picture from a file or from the clipboard.
pub struct OpenedPicture {
    /// The name of the file.
    pub name: String,
    /// Its pixels, upright.
    pub image: DynamicImage,
}

impl PartialEq for OpenedPicture {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// A row of a table that is tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TriedRow {
    /// Which data it is a row of.
    pub of: u64,
    /// The training sample that it is, until somebody changes it.
    pub sample: Option<usize>,
    /// The input values, one per feature.
    pub values: Vec<f64>,
}

impl Default for Playground {
    /// With a seven on it, so that the first look shows what it is for.
    fn default() -> Self {
        let strokes = SEVEN.iter().map(|stroke| stroke.to_vec()).collect();
        Self {
            drawing: Drawing { strokes, label: None },
            preparation: Preparation::default(),
            is_erasing: false,
            is_explained: false,
            is_over_run: false,
            picture: None,
            is_example: true,
            network: NetworkChoice::BuiltIn,
            cell: None,
            row: TriedRow::default(),
            painting: None,
            wants_painting: false,
            noise: 1,
        }
    }
}

impl Playground {
    /// To be called after somebody has drawn: the first stroke takes the example's place.
    pub fn drop_example(&mut self) {
        if self.is_example {
            self.is_example = false;
            let first_own = SEVEN.len().min(self.drawing.strokes.len());
            self.drawing.strokes.drain(..first_own);
        }
    }
}

/// On a canvas from 0 to 1.
const SEVEN: [&[[f32; 2]]; 2] = [
    &[
        [0.27, 0.25],
        [0.36, 0.235],
        [0.46, 0.23],
        [0.57, 0.228],
        [0.67, 0.222],
        [0.71, 0.225],
        [0.70, 0.25],
        [0.655, 0.33],
        [0.605, 0.42],
        [0.56, 0.51],
        [0.52, 0.61],
        [0.485, 0.71],
        [0.465, 0.8],
    ],
    &[[0.40, 0.525], [0.50, 0.515], [0.60, 0.505], [0.685, 0.49]],
];
