//! What a generator makes of fixed noise: images side by side, points over those of the data, or rows.

use std::ops::RangeInclusive;
use std::sync::Arc;

use eframe::egui::Ui;
use egui_material_icons::icons::ICON_CASINO;

use crate::data::Dataset;
use crate::train::heads::Results;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::samples::{GeneratedSamples, SamplesQuery};
use crate::ui::state::subject::{address, is_plane, plane_of};
use crate::ui::state::table::table_columns;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::rows::heads_of;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::data_table::data_table_ui;
use crate::ui::widgets::image_sheet::{ImageSheet, Sheet};
use crate::ui::widgets::plane::{Dot, MOST_DOTS, Plane, Tone, legend_ui, thinned};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};
use backprop_nn::Shape;

#[derive(Default)]
pub struct GeneratedView {
    sheet: ImageSheet,
    cloud: Option<Cloud>,
}

/// The points of a data set, and over them those that were generated last.
struct Cloud {
    address: u64,
    ranges: [RangeInclusive<f64>; 2],
    data: Vec<Dot>,
    version: u64,
    dots: Vec<Dot>,
}

impl GeneratedView {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let network = cx.network().filter(|network| network.head().results() == Results::Samples);
        let query = network.map(|network| SamplesQuery { network, noise: cx.playground.noise });
        let answered = query.and_then(|query| cx.derived.samples.ask(ui.ctx(), query));
        heading_ui(ui, "Samples", |ui| {
            let help = format!(
                "Draws other noise; backprop generate --seed {} makes the samples that are shown",
                cx.playground.noise
            );
            if icon_button_ui(ui, ICON_CASINO, "Other noise").on_hover_text(help).clicked() {
                cx.playground.noise += 1;
            }
            if let Some(answered) = &answered {
                caption_ui(ui, &format!("noise seed {}", answered.query.noise));
            }
        });
        let Some(answered) = answered else { return placeholder_ui(ui, &announcement(cx)) };
        let Latest { query: SamplesQuery { network, noise }, answer: made, version, .. } = &*answered;
        if let Some(shape) = made.shape.as_image() {
            let name = format!("{} generated images, noise seed {noise}", made.count());
            self.sheet.ui(ui, &Sheet { name: &name, shape, values: &made.values, version: *version });
            return;
        }
        match cx.subject.dataset.as_ref().filter(|dataset| is_plane(dataset) && made.shape == dataset.shape) {
            Some(dataset) => self.plane_ui(ui, dataset, &answered),
            None if made.shape.is_flat() => rows_ui(ui, made, network),
            None => placeholder_ui(ui, "These samples are sequences; save the run, and backprop generate writes them."),
        }
    }

    fn plane_ui(&mut self, ui: &mut Ui, dataset: &Arc<Dataset>, answered: &Latest<SamplesQuery>) {
        let Latest { query, answer: made, version, .. } = answered;
        let [address, version] = [address(dataset), *version];
        let known = self.cloud.take().filter(|cloud| cloud.address == address);
        let mut cloud = known.unwrap_or_else(|| Cloud::of(dataset));
        if cloud.version != version || cloud.dots.is_empty() {
            cloud.version = version;
            cloud.dots.clone_from(&cloud.data);
            cloud.dots.extend(dots(&made.values, Tone::Plain));
        }
        legend_ui(ui, [(Tone::Faint, "data"), (Tone::Plain, "generated")].into_iter());
        let [x, y] =
            [0, 1].map(|at| dataset.features.get(at).map_or_else(|| (at + 1).to_string(), ToString::to_string));
        let name = format!("{} generated points, noise seed {}, over the data", made.count(), query.noise);
        Plane::new(&name, [&x, &y], cloud.ranges.clone(), &cloud.dots).show(ui);
        self.cloud = Some(cloud);
    }
}

impl Cloud {
    fn of(dataset: &Arc<Dataset>) -> Self {
        let samples = &dataset.train;
        // As many as leave room for the generated ones.
        let kept = thinned(samples.len(), MOST_DOTS / 2);
        let values: Vec<f32> = kept.flat_map(|at| samples.numbers_of(at)).map(|number| *number as f32).collect();
        let data = dots(&values, Tone::Faint).collect();
        Self { address: address(dataset), ranges: plane_of(dataset), data, version: 0, dots: Vec::new() }
    }
}

fn dots(values: &[f32], tone: Tone) -> impl Iterator<Item = Dot> {
    let (places, _) = values.as_chunks::<2>();
    places.iter().filter(|at| at.iter().all(|number| number.is_finite())).map(move |at| Dot { at: *at, tone })
}

/// Rows of a table, by the names of its features.
fn rows_ui(ui: &mut Ui, made: &GeneratedSamples, network: &TrainedNetwork) {
    let columns = table_columns(network.features(), made.shape.channels());
    let heads: Vec<_> = heads_of(&columns).collect();
    let values: Vec<f64> = made.values.iter().copied().map(f64::from).collect();
    let row = |at: usize| &values[at * made.shape.len()..][..made.shape.len()];
    data_table_ui(ui, "generated rows", &heads, made.count(), &|at, column| columns[column].text(row(at)));
}

/// What will be seen here as soon as there is a generator with weights.
fn announcement(cx: &Cx<'_>) -> String {
    let shape = cx.subject.dataset.as_ref().map_or(cx.session.shape(cx.project).0, |dataset| dataset.shape);
    let what = match shape {
        shape if shape.as_image().is_some() => "images that the generator makes from fixed noise",
        shape if shape == Shape::flat(2) => "generated points over those of the data",
        _ => "samples that the generator makes from fixed noise",
    };
    format!("While it trains this shows the {what}.")
}
