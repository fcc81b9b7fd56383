//! The tab that shows what the network computes for one sample: what every layer gives, and what matters for the answer.

mod activations;
mod columns;
mod counterfactual;
mod diagram;
mod hidden_space;
mod landscape;
mod layers;
mod neighbors;
mod pane;
mod pinned;
mod step;
mod token_vectors;
mod weights;

use std::sync::Arc;

use eframe::egui::{
    Align, Button, ComboBox, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use crate::data::samples::scale_bytes;
use crate::data::sources::images::reading_for;
use crate::data::{Dataset, Feature, Modality};
use crate::explain::relevance::Method;
use crate::language::tr;
use crate::train::heads::Results;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery, Part};
use crate::ui::state::subject::Subject;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::parts::drawing::{Reading, choice_ui};
use crate::ui::views::parts::rows::label;
use crate::ui::views::view::{NARROW, View};
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::cut_text::caption_name_ui;
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};
use backprop_nn::Shape;
use pane::{Pane, picture_of};

/// The id of this view.
pub const ID: &str = "inside";

/// Width of the column with the sample and the answer, and where there is less room.
const SAMPLE: f32 = 224.0;
const NARROW_SAMPLE: f32 = 176.0;

/// Columns of a table that are listed.
const LISTED: usize = 8;

/// Rows of buttons to choose a pane; where more were needed a list takes their place.
const MOST_ROWS: usize = 2;

/// THE LIST of panes, in the order of their buttons. A new one is a file in this folder and a line here.
fn panes() -> Vec<Box<dyn Pane>> {
    vec![
        Box::<diagram::DiagramPane>::default(),
        Box::<activations::ActivationsPane>::default(),
        Box::<weights::WeightsPane>::default(),
        Box::<hidden_space::HiddenSpacePane>::default(),
        Box::<layers::LayersPane>::default(),
        Box::<landscape::LandscapePane>::default(),
        Box::<step::StepPane>::default(),
        Box::<neighbors::NeighborsPane>::default(),
        Box::<counterfactual::CounterfactualPane>::default(),
        Box::<columns::ColumnsPane>::default(),
        Box::<token_vectors::TokenVectorsPane>::default(),
    ]
}

/// The tab for looking inside.
pub struct InsideView {
    looked_at: LookedAt,
    /// The validation sample, counted from zero.
    sample: usize,
    method: Method,
    /// The output that is explained; the highest if there is none.
    output: Option<usize>,
    relevance: FeatureMaps,
    panes: Vec<Box<dyn Pane>>,
    /// The id of the pane that is shown.
    shown: &'static str,
}

impl Default for InsideView {
    fn default() -> Self {
        Self {
            looked_at: LookedAt::default(),
            sample: 0,
            method: Method::default(),
            output: None,
            relevance: FeatureMaps::default(),
            panes: panes(),
            shown: diagram::ID,
        }
    }
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

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::INSIDE
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
        if !self.panes.iter().any(|pane| pane.id() == self.shown && pane.fits(cx.subject)) {
            self.shown = diagram::ID;
        }
        let dataset = cx.subject.dataset.as_ref().filter(|it| network.reads(it));
        let shown = self.panes.iter_mut().find(|pane| pane.id() == self.shown);
        let (part, edits) = shown.map_or((Part::Activations, Vec::new()), |pane| pane.part(&network, dataset));
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
            ScrollArea::vertical().id_salt("sample").show(ui, |ui| {
                self.choices_ui(ui, cx);
                if let Some((latest, inside)) = answered.as_ref().and_then(|it| Some((it, it.answer.as_ref()?))) {
                    self.answer_ui(ui, latest, inside);
                }
            });
        });
        cell_ui(ui, "layers", right, |ui| match answered.as_ref().and_then(|it| Some((it, it.answer.as_ref()?))) {
            Some((latest, inside)) => self.pane_ui(ui, latest, inside, cx),
            None => placeholder_ui(ui, "The sample is on its way through the network."),
        });
    }
}

impl InsideView {
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
            if ui.button("‹").on_hover_text(tr("The sample before")).clicked() {
                self.sample = (self.sample + count - 1) % count;
            }
            caption_ui(ui, &format!("sample {} of {count}", self.sample + 1));
            if ui.button("›").on_hover_text(tr("The next sample")).clicked() {
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
        let combo = ComboBox::from_id_salt("method").width(width).truncate().selected_text(tr(self.method.label()));
        let combo = combo.show_ui(ui, |ui| {
            for method in Method::ALL.into_iter().filter(|method| method.fits(&inside.places)) {
                ui.selectable_value(&mut self.method, method, tr(method.label()));
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Method")));
        ui.add_space(GRID);
        match &inside.relevance {
            Some(relevance) if latest.query.network.features().len() == relevance.len() => {
                columns_ui(ui, latest.query.network.features(), relevance);
                ui.add(Label::new(RichText::new(tr(self.method.help(false))).color(palette.muted)).wrap());
            }
            Some(relevance) => {
                let (shape, values) = picture_of(relevance_shape(inside.places[0].shape), relevance);
                let maps =
                    Maps { name: &format!("What matters for {name}"), shape, values: &values, version: latest.version };
                self.relevance.ui(ui, &maps);
                let is_image = inside.places[0].shape.as_image().is_some();
                let help = RichText::new(tr(self.method.help(is_image))).color(palette.muted);
                ui.add(Label::new(help).wrap());
            }
            None => {
                caption_ui(ui, "This method needs a layer that gives feature maps, such as a convolution.");
            }
        }
        ui.add_space(GRID);
        caption_ui(ui, "Explained output");
        let is_class = !latest.query.network.trained().task.classes().is_empty();
        let mut order: Vec<usize> = (0..inside.outputs.len()).collect();
        order.sort_by(|one, other| inside.outputs[*other].total_cmp(&inside.outputs[*one]));
        for at in order {
            let output = inside.outputs[at];
            let value = if is_class { percent(f64::from(output)) } else { significant(f64::from(output)) };
            let name = names.get(at).map_or_else(|| (at + 1).to_string(), Clone::clone);
            let button = Button::selectable(at == inside.explained, tr(format!("{name}   {value}"))).truncate();
            if ui.add(button.min_size(vec2(width - 3.0 * GRID, ROW))).clicked() {
                // Once more, and it is the highest again.
                self.output = if self.output == Some(at) { None } else { Some(at) };
            }
        }
    }

    /// The choice among the panes, and the one that is shown.
    fn pane_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, cx: &mut Cx<'_>) {
        let fitting = self.panes.iter().filter(|pane| pane.fits(cx.subject));
        let choices: Vec<_> = fitting.map(|pane| (pane.id(), pane.label(), pane.hover())).collect();
        let across = across(ui, &choices);
        if choices.len().div_ceil(across) > MOST_ROWS {
            list_ui(ui, &mut self.shown, &choices);
        } else {
            for choices in choices.chunks(across) {
                ui.horizontal(|ui| segmented_ui(ui, &mut self.shown, choices));
            }
        }
        let Some(pane) = self.panes.iter_mut().find(|pane| pane.id() == self.shown) else { return };
        ui.add(Label::new(RichText::new(tr(pane.help())).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        if let Some(sample) = pane.ui(ui, latest, inside, cx) {
            (self.looked_at, self.sample) = (LookedAt::Sample, sample);
        }
    }
}

/// The choices as a list, where buttons would leave too little room for what they show.
fn list_ui(ui: &mut Ui, shown: &mut &'static str, choices: &[(&'static str, &str, &str)]) {
    let label = choices.iter().find(|(id, ..)| id == shown).map_or("", |(_, label, _)| label);
    let combo = ComboBox::from_id_salt("panes").width(ui.available_width()).selected_text(tr(label));
    let combo = combo.show_ui(ui, |ui| {
        for (id, label, hover) in choices {
            ui.selectable_value(shown, id, tr(*label)).on_hover_text(tr(*hover));
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Pane")));
}

/// How many choices stand side by side, in as few rows as there is room for.
fn across(ui: &Ui, choices: &[(&str, &str, &str)]) -> usize {
    let around = 2.0 * ui.spacing().button_padding.x + 1.0;
    let width = |name: &str| {
        let text = ui.painter().layout_no_wrap(tr(name).into_owned(), theme::body_font(), Palette::of(ui).text);
        text.size().x + around
    };
    let widths: Vec<f32> = choices.iter().map(|(_, name, _)| width(name)).collect();
    let room = ui.available_width() - 4.0;
    let fits = |across: &usize| widths.chunks(*across).all(|row| row.iter().sum::<f32>() <= room);
    (1..=choices.len()).map(|rows| choices.len().div_ceil(rows)).find(fits).unwrap_or(1)
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
                    ui.add(Label::new(tr(features[at].to_string())).truncate());
                });
            });
        });
    }
}

/// Whether the samples are drawn, as digits are.
fn can_draw(cx: &Cx<'_>) -> bool {
    // Photographs are tried as pictures.
    let is_drawn = cx.playground.picture.is_some() || reading_for(&cx.project.data.source).is_none();
    cx.subject.modality() == Modality::Images && cx.subject.results() == Results::Classes && is_drawn
}

/// The shape of what tells the relevance of a sample: an image without its channels.
fn relevance_shape(input: Shape) -> Shape {
    input.as_image().map_or(input, |[height, width, _]| Shape::image(height, width, 1))
}
