//! What the window remembers from one start to the next. Nothing of a project is in here but the draft.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::data::drawing::PEN_WIDTH;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    pub theme: Theme,
    /// The title of the room in the centre.
    pub room: String,
    pub is_left_open: bool,
    pub is_right_open: bool,
    /// Everything half as large again, and the centre alone: for the back of a classroom.
    pub is_presenter: bool,
    /// Which sides were unfolded before the presenter began.
    pub sides_before: (bool, bool),
    /// Weight of the moving average of the curves.
    pub smoothing: f32,
    pub log_loss: bool,
    /// Width of the pen, in pixels of 28.
    pub pen: f32,
    /// The file of the project.
    pub path: Option<PathBuf>,
    /// The project as it was left, saved or not.
    pub draft: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    #[default]
    Dark,
    Light,
}

impl Default for View {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            room: String::new(),
            is_left_open: true,
            is_right_open: true,
            is_presenter: false,
            sides_before: (true, true),
            smoothing: 0.6,
            log_loss: false,
            pen: PEN_WIDTH,
            path: None,
            draft: None,
        }
    }
}
