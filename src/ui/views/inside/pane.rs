//! What a pane of the tab is, and how layers and their numbers are written and drawn in several of them.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{Label, ScrollArea, Ui, vec2};
use ndarray::Array3;

use crate::data::Dataset;
use crate::data::samples::to_bytes;
use crate::language::tr;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery, Part};
use crate::ui::state::subject::Subject;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, Palette};
use crate::ui::views::cx::Cx;
use backprop_nn::Shape;
use backprop_nn::batch::inspection::Place;

/// Steps with so many times as many numbers are members, each of which is a line.
const MEMBERS: usize = 4;

/// Numbers of a row that stand side by side.
const ACROSS: usize = 64;

/// The least height of a plot below text.
const LEAST_PLOT: f32 = 220.0;

/// Weights that were changed by hand, each by its position among those of the network.
pub type Edits = Vec<(usize, f32)>;

/// One way to look inside: what stands beside the sample. Its own widgets' state lives in it.
pub trait Pane {
    /// Its name, in snake case. It is never shown and never changes.
    fn id(&self) -> &'static str;

    /// What is read on its button.
    fn label(&self) -> &'static str;

    /// What its button tells when it is pointed at.
    fn hover(&self) -> &'static str;

    /// How it is read, which stands above it.
    fn help(&self) -> &'static str;

    /// Whether it has anything to show of such data and such a network.
    fn fits(&self, _subject: &Subject) -> bool {
        true
    }

    /// What has to be worked out for it besides what each layer gives, and the weights that were changed by hand in it. The data
    /// are there if the network reads them.
    fn part(&mut self, _network: &TrainedNetwork, _dataset: Option<&Arc<Dataset>>) -> (Part, Edits) {
        (Part::Activations, Edits::new())
    }

    /// Draws it in the space that is left; gives the sample to look at, if one was clicked.
    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, cx: &mut Cx<'_>) -> Option<usize>;
}

/// The room for a plot at the end of a pane: what the text above it leaves, or so much that both scroll.
pub struct PlotRoom {
    top: f32,
    height: f32,
}

impl PlotRoom {
    /// Draws text, and last of all a plot.
    pub fn below<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui, Self) -> R) -> R {
        let height = ui.available_height();
        let area = ScrollArea::vertical().id_salt("plot").auto_shrink(false);
        area.show(ui, |ui| {
            let top = ui.cursor().top();
            contents(ui, Self { top, height })
        })
        .inner
    }

    /// Draws the plot.
    pub fn show<R>(self, ui: &mut Ui, plot: impl FnOnce(&mut Ui) -> R) -> R {
        let used = ui.cursor().top() - self.top + 2.0 * ui.spacing().item_spacing.y;
        let size = vec2(ui.available_width(), (self.height - used).max(LEAST_PLOT));
        ui.allocate_ui(size, plot).inner
    }
}

/// The name of a layer or tensor, and what there is to say of it.
pub fn title_ui(ui: &mut Ui, name: &str, detail: &str) {
    let palette = Palette::of(ui);
    // Cut nowhere: what a map is stands at the end.
    let mut text = LayoutJob::default();
    for (part, color) in [(name, palette.text), ("   ", palette.muted), (detail.trim_end(), palette.muted)] {
        text.append(&tr(part), 0.0, TextFormat::simple(theme::body_font(), color));
    }
    ui.add(Label::new(text).wrap());
}

/// The input as a picture, if it is an image in gray or in colors.
pub fn pixels_of(shape: Shape, values: &[f32]) -> Option<Array3<u8>> {
    let dims = shape.as_image().filter(|[.., channels]| [1, 3].contains(channels))?;
    Array3::from_shape_vec(dims, to_bytes(values).collect()).ok()
}

/// "3 Conv2D", "2.1 Dense" within a block.
pub fn name_of(place: &Place) -> String {
    let numbers: Vec<String> = place.path.iter().map(|at| (at + 1).to_string()).collect();
    format!("{} {}", numbers.join("."), place.label).trim().to_owned()
}

/// Numbers as maps: those of an image channel by channel, a sequence with its steps from left to right, members and rows in lines.
pub fn picture_of(shape: Shape, values: &[f32]) -> ([usize; 3], Vec<f32>) {
    if let Some(image) = shape.as_image() {
        return (image, values.to_vec());
    }
    if let Some([steps, features]) = shape.as_steps() {
        if features > MEMBERS * steps {
            return ([steps, features, 1], values.to_vec());
        }
        let value = |at: usize| values[at % steps * features + at / steps];
        return ([features, steps, 1], (0..steps * features).map(value).collect());
    }
    let across = values.len().clamp(1, ACROSS);
    let lines = values.len().div_ceil(across);
    let mut padded = values.to_vec();
    padded.resize(lines * across, f32::NAN);
    ([lines, across, 1], padded)
}
