//! The tab that shows what the network computes for one sample: what every layer gives, and what matters for the answer.

mod columns;
mod counterfactual;
mod diagram;
mod hidden_space;
mod layers;
mod neighbors;

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{
    Align, Button, ComboBox, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use ndarray::Array3;

use crate::data::samples::{scale_bytes, to_bytes};
use crate::data::sources::images::reading_for;
use crate::data::{Dataset, Feature, Modality};
use crate::explain::kernels::Kernel;
use crate::explain::relevance::Method;
use crate::train::heads::Results;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::hidden_space::HiddenSpaceQuery;
use crate::ui::jobs::inside::{Inside, InsideQuery, Part};
use crate::ui::state::subject::Subject;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::drawing::{Reading, choice_ui};
use crate::ui::views::parts::rows::label;
use crate::ui::views::view::{NARROW, View};
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::cut_text::caption_name_ui;
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::pixels::pixels_ui;
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};
use backprop_nn::Shape;
use backprop_nn::batch::inspection;
use columns::ColumnsView;
use counterfactual::CounterfactualView;
use diagram::DiagramView;
use hidden_space::HiddenSpaceView;
use layers::LayersView;
use neighbors::NeighborsView;

/// The id of this view.
pub const ID: &str = "inside";

/// Width of the column with the sample and the answer, and where there is less room.
const SAMPLE: f32 = 224.0;
const NARROW_SAMPLE: f32 = 176.0;

/// The choices among the panes stand side by side in this width.
const BESIDE: f32 = 560.0;

/// Side of the input as a picture.
const INPUT: f32 = 160.0;

/// Steps with so many times as many numbers are members, each of which is a line.
const MEMBERS: usize = 4;

/// Columns of a table that are listed.
const LISTED: usize = 8;

/// Numbers of a row that stand side by side.
const ACROSS: usize = 64;

/// The tab for looking inside.
#[derive(Default)]
pub struct InsideView {
    looked_at: LookedAt,
    /// The validation sample, counted from zero.
    sample: usize,
    method: Method,
    /// The output that is explained; the highest if there is none.
    output: Option<usize>,
    shown: Shown,
    maps: Vec<FeatureMaps>,
    kernels: Vec<FeatureMaps>,
    relevance: FeatureMaps,
    diagram: DiagramView,
    space: HiddenSpaceView,
    neighbors: NeighborsView,
    counterfactual: CounterfactualView,
    columns: ColumnsView,
    statistics: LayersView,
}

/// What is shown of the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Diagram,
    Activations,
    Weights,
    HiddenSpace,
    Neighbors,
    Counterfactual,
    Columns,
    Layers,
}

/// What runs through the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LookedAt {
    #[default]
    Drawing,
    Sample,
}

impl View for InsideView {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Inside"
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn fits(&self, subject: &Subject) -> Result<(), &'static str> {
        match subject.results() {
            Results::Samples => Err("A generator reads noise and no samples. Learn shows what it makes of it."),
            _ => Ok(()),
        }
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let (network, sample) = match self.tried(ui, cx) {
            Ok(tried) => tried,
            Err(why) => {
                self.choices_ui(ui, cx);
                return placeholder_ui(ui, &why);
            }
        };
        let model = cx.model_of(&network).clone();
        let (part, edits) = match self.shown {
            Shown::Diagram => (
                self.diagram.part(cx.subject.dataset.as_ref().filter(|it| network.reads(it))),
                self.diagram.edits_of(&network),
            ),
            Shown::Weights => (Part::Weights, Vec::new()),
            _ => (Part::Activations, Vec::new()),
        };
        let query = InsideQuery {
            network,
            model: Arc::new(model),
            sample: Arc::new(sample),
            at: (self.looked_at == LookedAt::Sample).then_some(self.sample),
            output: self.output,
            method: self.method,
            part,
            edits,
        };
        let answered = cx.derived.inside.ask(ui.ctx(), query);
        let room = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(room);
        let gap = 4.0 * GRID;
        let width = if room.width() < NARROW { NARROW_SAMPLE } else { SAMPLE };
        let left = Rect::from_min_size(room.min, vec2(width, room.height()));
        let right = Rect::from_min_max(pos2(left.right() + gap, room.top()), room.max);
        cell_ui(ui, "sample", left, |ui| {
            self.choices_ui(ui, cx);
            if let Some((latest, inside)) = answered.as_ref().and_then(|it| Some((it, it.answer.as_ref()?))) {
                self.answer_ui(ui, latest, inside);
            }
        });
        cell_ui(ui, "layers", right, |ui| match answered.as_ref().and_then(|it| Some((it, it.answer.as_ref()?))) {
            Some((latest, inside)) => self.layers_ui(ui, latest, inside, cx),
            None => placeholder_ui(ui, "The sample is on its way through the network."),
        });
    }
}

impl InsideView {
    fn weights_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside) {
        self.kernels.resize_with(inside.kernels.len(), FeatureMaps::default);
        ScrollArea::vertical().id_salt("weights").auto_shrink(false).show(ui, |ui| {
            for (kernel, maps) in inside.kernels.iter().zip(&mut self.kernels) {
                let Kernel { name, dims, maps: shape, values, of, what } = kernel;
                let dims = dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
                let more = if *of > shape[2] { format!(", {} of {of}", shape[2]) } else { String::new() };
                title_ui(ui, name, &format!("{dims}: {what}{more}"));
                maps.ui(ui, &Maps { name, shape: *shape, values, version: latest.version });
                ui.add_space(2.0 * GRID);
            }
        });
    }

    /// The network that is looked into, and the sample as it reads it; or why there is none.
    fn tried(&mut self, ui: &Ui, cx: &mut Cx<'_>) -> Result<(TrainedNetwork, Vec<f32>), String> {
        if !can_draw(cx) {
            self.looked_at = LookedAt::Sample;
        }
        if self.looked_at == LookedAt::Drawing {
            let network = cx.networks.chosen(cx.playground.network, cx.session)?;
            let reading = Reading::of(ui, cx);
            let pixels = reading.seen().ok_or("Draw something, and see what the network makes of it.")?;
            let mut numbers = vec![0.0; pixels.len()];
            scale_bytes(&pixels, &mut numbers);
            return Ok((network, numbers));
        }
        let network = cx.network().ok_or(
            "This network has no weights yet. Press Train, and its layers are seen while it learns.".to_owned(),
        )?;
        let dataset = cx.subject.dataset.clone().ok_or("There are no data to take a sample of.".to_owned())?;
        if !network.reads(&dataset) {
            return Err("The network reads other samples than those of the data.".to_owned());
        }
        let samples = &dataset.train;
        self.sample = self.sample.min(samples.len().saturating_sub(1));
        let mut numbers = vec![0.0; dataset.shape.len()];
        samples.gather(network.trained().scaling, &[self.sample as u32], &mut numbers);
        Ok((network, numbers))
    }

    /// What is looked at: the drawing, or one of the samples.
    fn choices_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if can_draw(cx) {
            let choices = [
                (LookedAt::Drawing, "Drawing", "What is drawn in the tab Draw"),
                (LookedAt::Sample, "Sample", "One of the training and validation samples"),
            ];
            ui.horizontal(|ui| {
                segmented_ui(ui, &mut self.looked_at, &choices);
            });
            if self.looked_at == LookedAt::Drawing {
                ui.horizontal(|ui| choice_ui(ui, cx));
            }
        }
        if let (LookedAt::Sample, Some(dataset)) = (self.looked_at, cx.subject.dataset.clone()) {
            self.sample_ui(ui, &dataset);
        }
        ui.add_space(GRID);
    }

    fn sample_ui(&mut self, ui: &mut Ui, dataset: &Dataset) {
        let count = dataset.train.len().max(1);
        ui.horizontal(|ui| {
            if ui.button("‹").on_hover_text("The sample before").clicked() {
                self.sample = (self.sample + count - 1) % count;
            }
            caption_ui(ui, &format!("sample {} of {count}", self.sample + 1));
            if ui.button("›").on_hover_text("The next sample").clicked() {
                self.sample = (self.sample + 1) % count;
            }
        });
        let truth = label(dataset, self.sample);
        if !truth.is_empty() {
            caption_name_ui(ui, &format!("true {truth}"));
        }
    }

    /// The outputs, each of which can be explained, and what matters for the one that is.
    fn answer_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside) {
        let names = latest.query.network.trained().task.output_names();
        let palette = Palette::of(ui);
        let width = ui.available_width();
        let name = names.get(inside.explained).cloned().unwrap_or_default();
        if names.is_empty() {
            return;
        }
        heading_ui(ui, "Why", |_| {});
        let combo = ComboBox::from_id_salt("method").width(width).truncate().selected_text(self.method.label());
        let combo = combo.show_ui(ui, |ui| {
            for method in Method::ALL.into_iter().filter(|method| method.fits(&inside.places)) {
                ui.selectable_value(&mut self.method, method, method.label());
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Method"));
        ui.add_space(GRID);
        match &inside.relevance {
            Some(relevance) if latest.query.network.features().len() == relevance.len() => {
                columns_ui(ui, latest.query.network.features(), relevance);
                ui.add(Label::new(RichText::new(self.method.help(false)).color(palette.muted)).wrap());
            }
            Some(relevance) => {
                let (shape, values) = picture_of(relevance_shape(inside.places[0].shape), relevance);
                let maps =
                    Maps { name: &format!("What matters for {name}"), shape, values: &values, version: latest.version };
                self.relevance.ui(ui, &maps);
                let is_image = inside.places[0].shape.as_image().is_some();
                let help = RichText::new(self.method.help(is_image)).color(palette.muted);
                ui.add(Label::new(help).wrap());
            }
            None => {
                caption_ui(ui, "This method needs a convolution.");
            }
        }
        ui.add_space(GRID);
        caption_ui(ui, "Explained output");
        ScrollArea::vertical().id_salt("outputs").show(ui, |ui| {
            let is_class = !latest.query.network.trained().task.classes().is_empty();
            let mut order: Vec<usize> = (0..inside.outputs.len()).collect();
            order.sort_by(|one, other| inside.outputs[*other].total_cmp(&inside.outputs[*one]));
            for at in order {
                let output = inside.outputs[at];
                let value = if is_class { percent(f64::from(output)) } else { significant(f64::from(output)) };
                let name = names.get(at).map_or_else(|| (at + 1).to_string(), Clone::clone);
                let button = Button::selectable(at == inside.explained, format!("{name}   {value}")).truncate();
                if ui.add(button.min_size(vec2(width - 3.0 * GRID, ROW))).clicked() {
                    // Once more, and it is the highest again.
                    self.output = if self.output == Some(at) { None } else { Some(at) };
                }
            }
        });
    }

    fn space_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, cx: &mut Cx<'_>) {
        let InsideQuery { network, model, .. } = &latest.query;
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset)) else {
            return placeholder_ui(ui, "The network reads other samples than those of the data.");
        };
        let query = HiddenSpaceQuery { network: network.clone(), model: Arc::clone(model), dataset, at: None };
        if let Some(sample) = self.space.ui(ui, query, cx) {
            (self.looked_at, self.sample) = (LookedAt::Sample, sample);
        }
    }

    fn layers_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, cx: &mut Cx<'_>) {
        let mut choices = vec![
            (Shown::Diagram, "Diagram", "The whole network, lit by this sample"),
            (Shown::Activations, "Activations", "What each layer gives for this sample"),
            (Shown::Weights, "Weights", "What each layer has learned"),
            (Shown::HiddenSpace, "PCA", "Where the validation samples lie in what a layer gives"),
            (Shown::Layers, "Layers", "How numbers are distributed in each layer"),
            (Shown::Neighbors, "Neighbors", "The training samples that are most like this one"),
        ];
        if cx.subject.results() == Results::Classes {
            choices.push((Shown::Counterfactual, "What if", "What would make this sample one of another class"));
        }
        if cx.subject.modality() == Modality::Table {
            choices.push((Shown::Columns, "Columns", "How much each column matters, and in which way"));
        }
        // As many side by side as there is room for.
        let across = match ui.available_width() {
            width if width < 320.0 => 3,
            width if width < BESIDE => 4,
            _ => choices.len(),
        };
        for choices in choices.chunks(across) {
            ui.horizontal(|ui| segmented_ui(ui, &mut self.shown, choices));
        }
        let help = match self.shown {
            Shown::Diagram => {
                "What each unit gives, and the strongest weights between them: orange is above zero, blue below. \
                 The wheel zooms, dragging moves, a double click shows all."
            }
            Shown::Activations => {
                "What each layer gives for this sample: the stronger the color, the more; orange is above zero, blue below."
            }
            Shown::Weights => "What each filter and unit looks for: orange weights add to it, blue ones take from it.",
            Shown::HiddenSpace => {
                "Each validation sample by what a layer gives for it, seen from where they differ most (PCA). Classes that lie \
                 apart are told apart; click a sample to look at it."
            }
            Shown::Neighbors => neighbors::HELP,
            Shown::Counterfactual => counterfactual::HELP,
            Shown::Columns => columns::HELP,
            Shown::Layers => "How the numbers of each layer are distributed.",
        };
        ui.add(Label::new(RichText::new(help).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        match self.shown {
            Shown::Weights => return self.weights_ui(ui, latest, inside),
            Shown::HiddenSpace => return self.space_ui(ui, latest, cx),
            Shown::Diagram => return self.diagram.ui(ui, latest, inside),
            Shown::Neighbors => {
                if let Some(sample) = self.neighbors.ui(ui, &latest.query, cx) {
                    (self.looked_at, self.sample) = (LookedAt::Sample, sample);
                }
                return;
            }
            Shown::Counterfactual => return self.counterfactual.ui(ui, latest, inside, cx),
            Shown::Columns => return self.columns.ui(ui, &latest.query, inside.explained, cx),
            Shown::Layers => return self.statistics.ui(ui, cx),
            Shown::Activations => {}
        }
        self.maps.resize_with(inside.places.len(), FeatureMaps::default);
        ScrollArea::vertical().id_salt("layers").auto_shrink(false).show(ui, |ui| {
            for ((place, values), maps) in inside.places.iter().zip(&inside.values).zip(&mut self.maps) {
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
            }
        });
    }
}

/// The name of a layer or tensor, and what there is to say of it.
fn title_ui(ui: &mut Ui, name: &str, detail: &str) {
    let palette = Palette::of(ui);
    // Cut nowhere: what a map is stands at the end.
    let mut text = LayoutJob::default();
    for (part, color) in [(name, palette.text), ("   ", palette.muted), (detail.trim_end(), palette.muted)] {
        text.append(part, 0.0, TextFormat::simple(theme::body_font(), color));
    }
    ui.add(Label::new(text).wrap());
}

/// The columns of a row that matter most, each with what it adds to the output.
fn columns_ui(ui: &mut Ui, features: &[Feature], relevance: &[f32]) {
    let palette = Palette::of(ui);
    let mut order: Vec<usize> = (0..relevance.len()).filter(|at| relevance[*at] != 0.0).collect();
    order.sort_by(|one, other| relevance[*other].abs().total_cmp(&relevance[*one].abs()));
    for at in order.into_iter().take(LISTED) {
        // As in the maps.
        let color = theme::diverging(palette, relevance[at].signum());
        ui.horizontal(|ui| {
            let number = significant(f64::from(relevance[at]));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let (mark, _) = ui.allocate_exact_size(vec2(8.0, 12.0), Sense::hover());
                ui.painter().rect_filled(mark, 1.0, color);
                ui.label(number);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(features[at].to_string()).truncate());
                });
            });
        });
    }
}

/// The input as a picture, if it is an image in gray or in colors.
fn pixels_of(shape: Shape, values: &[f32]) -> Option<Array3<u8>> {
    let dims = shape.as_image().filter(|[.., channels]| [1, 3].contains(channels))?;
    Array3::from_shape_vec(dims, to_bytes(values).collect()).ok()
}

/// Whether the samples are drawn, as digits are.
fn can_draw(cx: &Cx<'_>) -> bool {
    // Photographs are tried as pictures.
    let is_drawn = cx.playground.picture.is_some() || reading_for(&cx.project.data.source).is_none();
    cx.subject.modality() == Modality::Images && cx.subject.results() == Results::Classes && is_drawn
}

/// "3 Conv2D", "2.1 Dense" within a block.
fn name_of(place: &inspection::Place) -> String {
    let numbers: Vec<String> = place.path.iter().map(|at| (at + 1).to_string()).collect();
    format!("{} {}", numbers.join("."), place.label).trim().to_owned()
}

/// How many of the numbers are zero, where some are.
fn silent(values: &[f32]) -> String {
    let zeros = values.iter().filter(|value| **value == 0.0).count();
    if zeros == 0 { String::new() } else { format!("{} zero", percent(zeros as f64 / values.len().max(1) as f64)) }
}

/// The shape of what tells the relevance of a sample: an image without its channels.
fn relevance_shape(input: Shape) -> Shape {
    input.as_image().map_or(input, |[height, width, _]| Shape::image(height, width, 1))
}

/// Numbers as maps: those of an image channel by channel, a sequence with its steps from left to right, members and rows in lines.
fn picture_of(shape: Shape, values: &[f32]) -> ([usize; 3], Vec<f32>) {
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
