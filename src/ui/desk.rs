//! What the rooms share and no project holds: the drawing, who reads it, and which answers are looked at.

use crate::data::{Drawing, handwriting};
use crate::nn::init::stream;
use crate::ui::widgets::digit_canvas::fit_to_canvas;

pub struct Desk {
    pub drawing: Drawing,
    pub reader: ReaderChoice,
    /// True class and predicted class whose images are shown; all mistakes if there is none.
    pub cell: Option<(usize, usize)>,
}

/// Which network reads the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderChoice {
    /// The one that comes with the program.
    Bundled,
    /// The one of the run, as it is at this moment, or the one that was opened.
    This,
}

impl Default for Desk {
    /// With a seven on it, so that the first look shows what the desk is for.
    fn default() -> Self {
        let mut drawing = Drawing { label: None, ..handwriting::draw(7, &mut stream(EXAMPLE_SEED, 0)) };
        fit_to_canvas(&mut drawing);
        Self { drawing, reader: ReaderChoice::Bundled, cell: None }
    }
}

/// Chosen by looking: a clear seven with a bar.
const EXAMPLE_SEED: u64 = 3;
