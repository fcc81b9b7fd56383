//! What would make the sample that is looked at one of another class.

use std::sync::Arc;

use eframe::egui::{ComboBox, Label, RichText, Role, Ui, WidgetInfo, vec2};

use super::pane::{Pane, pixels_of};
use crate::data::{Dataset, Modality};
use crate::explain::counterfactual::Counterfactual;
use crate::language::tr;
use crate::train::heads::Results;
use crate::ui::jobs::counterfactual::CounterfactualQuery;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::state::subject::Subject;
use crate::ui::state::table::table_columns;
use crate::ui::theme::{GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::cut_text::shortened;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};
use crate::ui::widgets::numbers::percent;
use crate::ui::widgets::pixels::pixels_ui;
use crate::ui::widgets::text::{caption_ui, placeholder_ui};
use backprop_nn::Shape;

/// The most width of each of the three pictures.
const PICTURE: f32 = 224.0;

/// The pane of a changed sample.
#[derive(Default)]
pub struct CounterfactualPane {
    /// The class that the sample is to become; the second most probable if there is none.
    class: Option<usize>,
    difference: FeatureMaps,
}

impl Pane for CounterfactualPane {
    fn id(&self) -> &'static str {
        "counterfactual"
    }

    fn label(&self) -> &'static str {
        "What if"
    }

    fn hover(&self) -> &'static str {
        "What would make this sample one of another class"
    }

    fn help(&self) -> &'static str {
        "A small change that makes the network predict another class, found by gradient descent on the loss of that class and the \
     squared distance (a counterfactual). It shows what the network reacts to."
    }

    fn fits(&self, subject: &Subject) -> bool {
        subject.results() == Results::Classes
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        self.change_ui(ui, latest, inside, cx);
        None
    }
}

impl CounterfactualPane {
    /// What would have to change.
    fn change_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, cx: &mut Cx<'_>) {
        let InsideQuery { network, model, sample, at, .. } = &latest.query;
        let classes = network.trained().task.classes();
        if classes.len() < 2 {
            return placeholder_ui(ui, "Only a network for classes can take a sample for one of another class.");
        }
        let is_image = inside.places[0].shape.as_image().is_some();
        let dataset = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset));
        let table = dataset.filter(|dataset| dataset.modality() == Modality::Table);
        let row = table.zip(*at);
        if !is_image && row.is_none() {
            return placeholder_ui(ui, "Images and rows of a table are changed; these samples are neither.");
        }
        let class = self.class.filter(|class| *class < classes.len()).unwrap_or_else(|| second(&inside.outputs));
        self.class_ui(ui, classes, class);
        let query = CounterfactualQuery {
            network: network.clone(),
            model: Arc::clone(model),
            sample: Arc::clone(sample),
            row,
            class: class as u16,
        };
        let latest = cx.derived.counterfactual.ask(ui.ctx(), query);
        let Some((latest, found)) = latest.as_ref().and_then(|latest| Some((latest, latest.answer.as_ref()?))) else {
            return placeholder_ui(ui, "The sample is being changed.");
        };
        ui.add(Label::new(tr(summary(found, &shortened(&classes[usize::from(latest.query.class)])))).wrap());
        ui.add_space(GRID);
        match &latest.query.row {
            Some((dataset, at)) => columns_ui(ui, latest, found, dataset, *at),
            None => self.pictures_ui(ui, inside.places[0].shape, latest, found),
        }
    }

    fn class_ui(&mut self, ui: &mut Ui, classes: &[String], class: usize) {
        ui.horizontal(|ui| {
            caption_ui(ui, "What would make it");
            let combo = ComboBox::from_id_salt("class").width(ui.available_width().min(160.0)).truncate();
            let combo = combo.selected_text(&classes[class]).show_ui(ui, |ui| {
                for (at, name) in classes.iter().enumerate() {
                    ui.selectable_value(&mut self.class, Some(at), tr(name));
                }
            });
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Wanted class")));
        });
    }

    /// The sample, the changed one, and what was added to it.
    fn pictures_ui(&mut self, ui: &mut Ui, shape: Shape, latest: &Latest<CounterfactualQuery>, found: &Counterfactual) {
        let Some([height, width, channels]) = shape.as_image() else { return };
        let before = &latest.query.sample;
        let difference: Vec<f32> =
            found.sample.iter().zip(before.iter()).map(|(after, before)| after - before).collect();
        // Of the channels of a pixel together, as of what matters for an output.
        let difference: Vec<f32> = difference.chunks_exact(channels).map(|pixel| pixel.iter().sum()).collect();
        let side = ((ui.available_width() - 4.0 * GRID) / 3.0).min(PICTURE).floor();
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0 * GRID;
            for (name, values) in [("before", before.as_slice()), ("after", &found.sample)] {
                ui.allocate_ui(vec2(side, side), |ui| {
                    ui.vertical(|ui| {
                        caption_ui(ui, name);
                        let pixels = pixels_of(shape, values);
                        pixels_ui(ui, name, pixels.as_ref().map(|pixels| pixels.view()), side);
                    });
                });
            }
            ui.allocate_ui(vec2(side, side), |ui| {
                ui.vertical(|ui| {
                    ui.set_max_width(side * width as f32 / width.max(height) as f32);
                    caption_ui(ui, "difference");
                    let shape = [height, width, 1];
                    let version = latest.version;
                    self.difference.ui(ui, &Maps { name: "Difference", shape, values: &difference, version });
                });
            });
        });
        let help = "Orange pixels became brighter, blue ones darker. Every pixel stays between black and white.";
        ui.add(Label::new(RichText::new(tr(help)).color(Palette::of(ui).muted)).wrap());
    }
}

/// The second most probable class.
fn second(outputs: &[f32]) -> usize {
    let mut order: Vec<usize> = (0..outputs.len()).collect();
    order.sort_by(|one, other| outputs[*other].total_cmp(&outputs[*one]));
    order.get(1).copied().unwrap_or_default()
}

fn summary(found: &Counterfactual, class: &str) -> String {
    let [before, after] = [found.before, found.after].map(|share| percent(f64::from(share)));
    match (found.is_reached, found.steps) {
        (true, 0) => {
            format!("The network takes it for {class} already, with a probability of {before}. Choose another class.")
        }
        (true, steps) => format!("After {steps} steps the probability of {class} has risen from {before} to {after}."),
        (false, steps) => format!(
            "{class} was not reached: after {steps} steps its probability is {after}, from {before}. Nothing within the \
             range of the data led there."
        ),
    }
}

/// The columns that changed, those first that did so by the most standard deviations.
fn columns_ui(ui: &mut Ui, latest: &Latest<CounterfactualQuery>, found: &Counterfactual, dataset: &Dataset, at: usize) {
    let scaling = latest.query.network.trained().scaling;
    let before = dataset.train.numbers_of(at);
    let after: Vec<f64> = scaling.inputs.restored(&found.sample).collect();
    let change = |at: usize| (found.sample[at] - latest.query.sample[at]).abs();
    let columns = table_columns(&dataset.features, dataset.shape.len());
    let mut changed: Vec<_> = columns.iter().filter(|column| change(column.at.start) > 0.0).collect();
    changed.retain(|column| column.categories.is_empty() && column.text(before) != column.text(&after));
    changed.sort_by(|one, other| change(other.at.start).total_cmp(&change(one.at.start)));
    let help = "The columns that changed most, in standard deviations, come first. Numbers stay between the least and the \
                greatest of their column; categories and missing numbers stay as they are.";
    ui.add(Label::new(RichText::new(tr(help)).color(Palette::of(ui).muted)).wrap());
    ui.add_space(GRID);
    if changed.is_empty() {
        return placeholder_ui(ui, "No column had to change.");
    }
    let heads = [Head::text("column"), Head::number("before"), Head::number("after")];
    let cell = |row: usize, head: usize| match head {
        0 => match &changed[row].unit {
            Some(unit) => format!("{}, {unit}", changed[row].name),
            None => changed[row].name.clone(),
        },
        1 => changed[row].text(before),
        _ => changed[row].text(&after),
    };
    data_table_ui(ui, "changed columns", &heads, changed.len(), &cell);
}
