//! What each layer gives for the sample.

use eframe::egui::{ScrollArea, Ui};

use super::pane::{Pane, name_of, picture_of, pixels_of, title_ui};
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};
use crate::ui::widgets::numbers::percent;
use crate::ui::widgets::pixels::pixels_ui;
use backprop_nn::layer::InsideLayer;

/// Side of the input as a picture.
const INPUT: f32 = 160.0;

/// The pane with what each layer gives.
#[derive(Default)]
pub struct ActivationsPane {
    maps: Vec<FeatureMaps>,
    /// Of the gates.
    within: Vec<FeatureMaps>,
}

impl Pane for ActivationsPane {
    fn id(&self) -> &'static str {
        "activations"
    }

    fn label(&self) -> &'static str {
        "Activations"
    }

    fn hover(&self) -> &'static str {
        "What each layer gives for this sample"
    }

    fn help(&self) -> &'static str {
        "What each layer gives for this sample: the stronger the color, the more; orange is above zero, blue below."
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, _cx: &mut Cx<'_>) -> Option<usize> {
        self.maps.resize_with(inside.places.len(), FeatureMaps::default);
        self.within.resize_with(inside.within.iter().map(Vec::len).sum(), FeatureMaps::default);
        let mut gates = self.within.iter_mut();
        ScrollArea::vertical().id_salt("layers").auto_shrink(false).show(ui, |ui| {
            for (((place, values), within), maps) in
                inside.places.iter().zip(&inside.values).zip(&inside.within).zip(&mut self.maps)
            {
                let name = name_of(place);
                title_ui(ui, &name, &format!("{}   {}", place.shape, silent(values)));
                if place.path.is_empty()
                    && let Some(pixels) = pixels_of(place.shape, values)
                {
                    pixels_ui(ui, "Input", Some(pixels.view()), INPUT);
                    ui.add_space(2.0 * GRID);
                    continue;
                }
                let (shape, values) = picture_of(place.shape, values);
                maps.ui(ui, &Maps { name: &name, shape, values: &values, version: latest.version });
                ui.add_space(2.0 * GRID);
                for (InsideLayer { name: gate, shape, values }, maps) in within.iter().zip(&mut gates) {
                    title_ui(ui, gate, &format!("{shape}, steps from left to right"));
                    let (shape, values) = picture_of(*shape, values);
                    let name = format!("{name}, {gate}");
                    maps.ui(ui, &Maps { name: &name, shape, values: &values, version: latest.version });
                    ui.add_space(2.0 * GRID);
                }
            }
        });
        None
    }
}

/// How many of the numbers are zero, where some are.
fn silent(values: &[f32]) -> String {
    let zeros = values.iter().filter(|value| **value == 0.0).count();
    if zeros == 0 { String::new() } else { format!("{} zero", percent(zeros as f64 / values.len().max(1) as f64)) }
}
