//! What each layer has learned.

use std::sync::Arc;

use eframe::egui::{ScrollArea, Ui};

use super::pane::{Edits, Pane, title_ui};
use crate::data::Dataset;
use crate::explain::kernels::Kernel;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery, Part};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};

/// The pane with the weights.
#[derive(Default)]
pub struct WeightsPane {
    kernels: Vec<FeatureMaps>,
}

impl Pane for WeightsPane {
    fn id(&self) -> &'static str {
        "weights"
    }

    fn label(&self) -> &'static str {
        "Weights"
    }

    fn hover(&self) -> &'static str {
        "What each layer has learned"
    }

    fn help(&self) -> &'static str {
        "What each filter and unit looks for: orange weights add to it, blue ones take from it."
    }

    fn part(&mut self, _network: &TrainedNetwork, _dataset: Option<&Arc<Dataset>>) -> (Part, Edits) {
        (Part::Weights, Edits::new())
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, _cx: &mut Cx<'_>) -> Option<usize> {
        self.kernels.resize_with(inside.kernels.len(), FeatureMaps::default);
        ScrollArea::vertical().id_salt("weights").auto_shrink(false).show(ui, |ui| {
            for (kernel, maps) in inside.kernels.iter().zip(&mut self.kernels) {
                let Kernel { name, dims, maps: shape, values, of, what } = kernel;
                let dims = dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
                let more = if *of > shape[2] { format!("; {} of {of}", shape[2]) } else { String::new() };
                title_ui(ui, name, &format!("{dims}: {what}{more}"));
                maps.ui(ui, &Maps { name, shape: *shape, values, version: latest.version });
                ui.add_space(2.0 * GRID);
            }
        });
        None
    }
}
