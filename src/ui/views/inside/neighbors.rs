//! The training samples that the network finds most like the one that is looked at.

use std::sync::Arc;

use eframe::egui::{Label, RichText, Ui};

use super::pane::{Pane, name_of};
use crate::data::samples::to_bytes;
use crate::data::{Dataset, Modality};
use crate::language::tr;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::jobs::neighbors::{Neighbors, NeighborsQuery};
use crate::ui::state::subject::identity;
use crate::ui::state::table::table_columns;
use crate::ui::theme::{GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::images::{copy, fitting_scale};
use crate::ui::views::parts::rows::{heads_of, target_text};
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::numbers::{significant, thousands};
use crate::ui::widgets::text::placeholder_ui;
use backprop_nn::init::mix;

/// The pane of the neighbors.
#[derive(Default)]
pub struct NeighborsPane {
    grid: ImageGrid,
}

impl Pane for NeighborsPane {
    fn id(&self) -> &'static str {
        "neighbors"
    }

    fn label(&self) -> &'static str {
        "Neighbors"
    }

    fn hover(&self) -> &'static str {
        "The training samples that are most like this one"
    }

    fn help(&self) -> &'static str {
        "The training samples that are nearest to this one in what the last hidden layer gives. To the network they look alike, \
     so neighbors of another class explain a mistake."
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        let InsideQuery { network, model, sample, at, .. } = &latest.query;
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset)) else {
            placeholder_ui(ui, "The network reads other samples than those of the data.");
            return None;
        };
        let query = NeighborsQuery {
            network: network.clone(),
            model: Arc::clone(model),
            dataset,
            sample: Arc::clone(sample),
            at: *at,
        };
        let latest = cx.derived.neighbors.ask(ui.ctx(), query);
        let Some((latest, found)) = latest.as_ref().and_then(|latest| Some((latest, latest.answer.as_ref()?))) else {
            placeholder_ui(ui, "The training samples are on their way through the network.");
            return None;
        };
        let [searched, of] = [found.searched, found.of].map(|count| thousands(count as f64));
        let among = if found.searched < found.of { format!("{searched} of {of}") } else { searched };
        let text = format!("Euclidean distance in {} among {among} training samples", name_of(&found.place));
        ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        match latest.query.dataset.modality() {
            Modality::Images => self.images_ui(ui, latest, found),
            Modality::Table | Modality::Series | Modality::Text => {
                rows_ui(ui, latest, found);
                None
            }
        }
    }
}

impl NeighborsPane {
    fn images_ui(&mut self, ui: &mut Ui, latest: &Latest<NeighborsQuery>, found: &Neighbors) -> Option<usize> {
        let NeighborsQuery { dataset, sample, at, .. } = &latest.query;
        let [height, width, channels] = dataset.shape.as_image()?;
        let neighbor = |index: usize| index.checked_sub(1).and_then(|index| found.nearest.get(index));
        let pixels = |index: usize, out: &mut [u8]| match neighbor(index) {
            Some((sample, _)) => copy(&dataset.train, *sample as usize, out),
            None => out.iter_mut().zip(to_bytes(sample)).for_each(|(out, byte)| *out = byte),
        };
        let caption = |index: usize| match neighbor(index) {
            Some((sample, distance)) => Caption {
                truth: format!("{}, {}", target(dataset, *sample as usize), significant(*distance)),
                detail: format!("sample {}", sample + 1),
                ..Caption::default()
            },
            None => Caption { truth: "this one".to_owned(), ..Caption::default() },
        };
        let count = found.nearest.len() + 1;
        let version = mix(identity(dataset), latest.version);
        let images =
            Images { count, height, width, channels, version, pixels: &pixels, caption: &caption, caption_rows: 1 };
        let scale = fitting_scale(count, [height, width], 1, ui.available_size());
        let clicked = self.grid.ui(ui, &images, scale).clicked?;
        neighbor(clicked).map_or(*at, |(sample, _)| Some(*sample as usize))
    }
}

/// What is to be predicted for a sample: its class, or its first target number.
fn target(dataset: &Dataset, sample: usize) -> String {
    target_text(dataset, sample, 0)
}

/// The sample and its neighbors as rows of a table; the windows of a series without their numbers.
fn rows_ui(ui: &mut Ui, latest: &Latest<NeighborsQuery>, found: &Neighbors) {
    let NeighborsQuery { dataset, at, .. } = &latest.query;
    let own = at.map(|at| (at as u32, None));
    let others = found.nearest.iter().map(|(sample, distance)| (*sample, Some(*distance)));
    let rows: Vec<(u32, Option<f64>)> = own.into_iter().chain(others).collect();
    let columns = match dataset.modality() {
        Modality::Table => table_columns(&dataset.features, dataset.shape.len()),
        Modality::Images | Modality::Series | Modality::Text => Vec::new(),
    };
    let of = dataset.target.as_deref().unwrap_or("true");
    let target_name = dataset.task.output_names().first().filter(|_| !dataset.task.is_classification());
    let heads = [Head::text("sample"), Head::number("distance"), Head::text(target_name.map_or(of, String::as_str))];
    let heads: Vec<Head> = heads.into_iter().chain(heads_of(&columns)).collect();
    let cell = |row: usize, column: usize| {
        let (sample, distance) = rows[row];
        match (column, distance) {
            (0, None) => "this one".to_owned(),
            (0, Some(_)) => (sample + 1).to_string(),
            (1, distance) => distance.map_or_else(|| "0".to_owned(), significant),
            (2, _) => target(dataset, sample as usize),
            (column, _) => columns[column - 3].text(dataset.train.numbers_of(sample as usize)),
        }
    };
    data_table_ui(ui, "neighbors", &heads, rows.len(), &cell);
}
