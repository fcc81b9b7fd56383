//! What the window remembers from one start to the next. Nothing of a project is in here but the draft.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::board::Boards;
use crate::data::drawing::PEN_WIDTH;
use crate::project::profile::Profile;

/// The window settings that are saved between starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowState {
    /// The color theme.
    pub theme: Theme,
    /// The code of the language; nothing for that of the desktop.
    pub language: Option<String>,
    /// Whether numbers stand beside what is on the screen, and explain it.
    #[serde(skip)]
    pub is_explained: bool,
    /// Whether the start page has been shown.
    pub has_begun: bool,
    /// How large everything is, in percent.
    pub text_size: u32,
    /// Whether nothing fades, slides or scrolls by itself.
    pub is_still: bool,
    /// What is left out.
    pub profile: Profile,
    /// The class boards that it is on, or shows.
    pub boards: Boards,
    /// The id of the view that is shown in a place which has several.
    shown: BTreeMap<Place, String>,
    /// What an older version has written: the title of the tab in the center.
    #[serde(skip_serializing)]
    room: String,
    /// Whether the network panel at the left is open.
    pub is_left_open: bool,
    /// Whether the training panel at the right is open.
    pub is_right_open: bool,
    /// Everything half as large again, and the center alone: for the back of a classroom.
    pub is_presenter: bool,
    /// Which sides were unfolded before the presenter began.
    pub sides_before: (bool, bool),
    /// Weight of the moving average of the curves.
    pub smoothing: f32,
    /// Whether the loss has a logarithmic axis.
    pub log_loss: bool,
    /// The most steps a second that a run takes; nothing for as many as it can.
    #[serde(skip)]
    pub pace: Option<f32>,
    /// Width of the pen, in pixels of 28.
    pub pen: f32,
    /// The file of the project.
    pub path: Option<PathBuf>,
    /// The project as it was left, saved or not.
    pub draft: Option<String>,
    /// Projects, runs and data that were opened, the last one first.
    pub recent: Vec<PathBuf>,
}

/// Files that the menu keeps.
const RECENT: usize = 8;

/// Where a view stands. Of several at the left, at the right or in the center one is shown, and tabs choose which; those at
/// the top and at the bottom are bars, one above the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// The bars at the top.
    Top,
    /// The bars at the bottom.
    Bottom,
    /// The panel of a lesson, which is there while one is on.
    Beside,
    /// The panel at the left.
    Left,
    /// The panel at the right.
    Right,
    /// The area in the center.
    Center,
}

/// The color theme of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
    /// White text on black, for eyes that see little.
    HighContrast,
}

/// The sizes of text that can be chosen, in percent.
const TEXT_SIZES: [u32; 8] = [80, 90, 100, 110, 125, 150, 175, 200];

impl WindowState {
    /// The next larger size of text, or the next smaller one.
    pub fn enlarge(&mut self, steps: isize) {
        let at = TEXT_SIZES.iter().position(|size| *size >= self.text_size).unwrap_or(TEXT_SIZES.len() - 1);
        self.text_size = TEXT_SIZES[at.saturating_add_signed(steps).min(TEXT_SIZES.len() - 1)];
    }

    /// The id of the view that was last shown in a place; nothing if there was none.
    pub fn shown(&self, place: Place) -> Option<&str> {
        let titled = || match (place, self.room.as_str()) {
            (Place::Center, "Learn") => Some("learn"),
            (Place::Center, "Draw" | "Try") => Some("draw"),
            (Place::Center, "Data") => Some("data"),
            (Place::Center, "Mistakes") => Some("mistakes"),
            _ => None,
        };
        self.shown.get(&place).map(String::as_str).or_else(titled)
    }

    /// Puts a file or folder at the head of those that were opened.
    pub fn remember_file(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|other| *other != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }

    /// Selects the view that is shown in a place.
    pub fn show(&mut self, place: Place, id: &str) {
        self.shown.insert(place, id.to_owned());
    }
}

impl Default for WindowState {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            language: None,
            is_explained: false,
            has_begun: false,
            text_size: 100,
            is_still: false,
            profile: Profile::default(),
            boards: Boards::default(),
            shown: BTreeMap::new(),
            room: String::new(),
            is_left_open: true,
            is_right_open: true,
            is_presenter: false,
            sides_before: (true, true),
            smoothing: 0.6,
            log_loss: false,
            pace: None,
            pen: PEN_WIDTH,
            path: None,
            draft: None,
            recent: Vec::new(),
        }
    }
}
