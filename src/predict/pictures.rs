//! Images and drawings.

use super::{Prediction, RunPredictor};
use crate::data::pictures::{self, Picture};
use crate::data::samples::scale_bytes;
use crate::data::sources::images;
use crate::data::{DataError, Given, photo};
use crate::train::heads::Results;
use crate::train::metrics::distance;

impl RunPredictor<'_> {
    /// The images of a file, one or several drawings, as the network reads them.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn pictures(&self, given: Given<'_>) -> Result<Vec<Picture>, DataError> {
        let Given { path, contents } = given;
        let shape = self.run.network.input();
        match (images::reading_for(&self.run.project.data.source), contents) {
            (Some(reading), contents) => {
                let read = match contents {
                    None => photo::read(path, shape, reading),
                    Some(bytes) => photo::of_bytes(bytes, shape, reading),
                };
                let read = read.map_err(|what| DataError::File { path: path.to_owned(), what })?;
                Ok(vec![Picture::Pixels(read)])
            }
            (None, None) => pictures::read(path, shape),
            (None, Some(bytes)) => pictures::of_bytes(path, bytes.to_vec(), shape),
        }
    }

    /// What the network says of an image.
    pub fn picture(&mut self, picture: &Picture) -> Prediction {
        match picture {
            Picture::Pixels(pixels) => self.pixels(pixels),
            Picture::Empty => Prediction::Empty,
        }
    }

    /// What the network says of pixels as it reads them, `[height, width, channels]`.
    pub fn pixels(&mut self, pixels: &[u8]) -> Prediction {
        let outputs = self.predictor.read(self.run.trained(), pixels).to_vec();
        if self.run.head().results() != Results::Reconstructions {
            return self.class(&outputs);
        }
        let mut numbers = vec![0.0; pixels.len()];
        scale_bytes(pixels, &mut numbers);
        let error = distance(&outputs, &numbers);
        Prediction::Reconstruction { values: outputs.into_iter().map(f64::from).collect(), error }
    }
}
