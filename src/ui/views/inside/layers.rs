//! What each layer does: how its weights, activations, gradients and updates are distributed, at the moment that is shown or over
//! the run, and how far the steps have moved its weights.

use std::sync::Arc;

use eframe::egui::{Align2, Color32, Label, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use super::pane::{Pane, name_of};
use crate::explain::layer_statistics::{LayerStatistics, Quantity};
use crate::language::tr;
use crate::train::Snapshot;
use crate::ui::commands::Request;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::jobs::layer_statistics::{Layers, LayersQuery, Moment};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::axes::signed_range;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::cut_text::cut_text;
use crate::ui::widgets::histogram::histogram_ui;
use crate::ui::widgets::line_plot::{LinePlot, Quantity as AxisQuantity};
use crate::ui::widgets::numbers::{percent, steady};
use crate::ui::widgets::text::placeholder_ui;

/// Moments of the run that are looked at, at most, besides the first.
const MOMENTS: u64 = 40;

/// Width of a number in the table, the least of it, and the least of a name.
const COLUMN: f32 = 64.0;
const LEAST_COLUMN: f32 = 48.0;
const LEAST_NAME: f32 = 64.0;

/// From this width on both choices stand in one row.
const BESIDE: f32 = 480.0;

/// Length of the piece of a line before the name of a layer, which tells its color below.
const SAMPLE: f32 = 14.0;

/// Height of the plot of a layer over the run, of that of all layers, and of what there has to be room for to keep the latter in view.
const OVER_TIME: f32 = 124.0;
const RATIOS: f32 = 168.0;
const LEAST_HEIGHT: f32 = 420.0;

/// log10 of the length of a usual step over that of the weights (Karpathy, makemore).
const USUAL: f64 = -3.0;

const ABOUT_RATIOS: &str = "log10 of the length of a step over that of the weights: about -3 is usual. Far below, a layer hardly \
                            learns; far above, the learning rate is too large for it.";

/// The pane of what the layers do.
#[derive(Default)]
pub struct LayersPane {
    quantity: Quantity,
    is_over_time: bool,
    round: usize,
}

impl Pane for LayersPane {
    fn id(&self) -> &'static str {
        "layers"
    }

    fn label(&self) -> &'static str {
        "Layers"
    }

    fn hover(&self) -> &'static str {
        "How numbers are distributed in each layer"
    }

    fn help(&self) -> &'static str {
        "How the numbers of each layer are distributed."
    }

    fn ui(&mut self, ui: &mut Ui, _latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        self.statistics_ui(ui, cx);
        None
    }
}

impl LayersPane {
    /// The network of the run, or the one that was opened.
    fn statistics_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(network) = cx.network() else {
            return placeholder_ui(
                ui,
                "This network has no weights yet. Press Train, and its layers are seen while it learns.",
            );
        };
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset)) else {
            return placeholder_ui(ui, "The network reads other samples than those of the data.");
        };
        let timeline = &cx.session.timeline;
        let before = |step: u64| timeline.snapshot_before(step).cloned();
        let (at, moments) = match &network {
            TrainedNetwork::Run(_, snapshot) => {
                let chosen = if self.is_over_time { timeline.overview(MOMENTS) } else { Vec::new() };
                let moment = |snapshot: Arc<Snapshot>| Moment { before: before(snapshot.step), snapshot };
                (before(snapshot.step), chosen.into_iter().map(moment).collect())
            }
            TrainedNetwork::Folder(_) => (None, Vec::new()),
        };
        let model = Arc::new(cx.model_of(&network).clone());
        let query = LayersQuery { model, dataset, before: at, moments, round: self.round, network };
        let latest = cx.derived.layer_statistics.ask(ui.ctx(), query);
        let Some((round, layers)) = latest.as_ref().and_then(|it| Some((it.query.round, it.answer.as_ref()?))) else {
            return placeholder_ui(ui, "Training samples are on their way through the network.");
        };
        // What a short answer could not look at is asked for again.
        self.round = round + usize::from(layers.missing > 0);
        self.choices_ui(ui, layers);
        let has_room = ui.available_height() >= LEAST_HEIGHT;
        let below = if has_room && !cx.session.curves.layers().is_empty() { RATIOS + 3.0 * ROW } else { 0.0 };
        let columns = columns(self.quantity, &layers.layers);
        head_ui(ui, &columns);
        let height = ui.available_height() - below;
        ScrollArea::vertical().id_salt("layer statistics").auto_shrink(false).max_height(height).show(ui, |ui| {
            let mut color = 0;
            for layer in &*layers.layers {
                let has_weights = !layer.place.weights.is_empty();
                if layer.of(self.quantity).is_some() || (has_weights && self.quantity != Quantity::Updates) {
                    let sample = has_weights.then(|| Palette::of(ui).class(color));
                    self.layer_ui(ui, (layers, layer), &columns, sample);
                }
                color += usize::from(has_weights);
            }
            if self.quantity == Quantity::Updates && layers.steps.is_none() {
                placeholder_ui(ui, "There is no earlier moment of this run from which its weights have been moved.");
            }
            if !has_room {
                ratios_ui(ui, layers, cx);
            }
        });
        if has_room {
            ratios_ui(ui, layers, cx);
        }
    }

    fn choices_ui(&mut self, ui: &mut Ui, layers: &Layers) {
        let about = about(layers);
        let choices: Vec<_> =
            Quantity::ALL.into_iter().zip(&about).map(|(it, about)| (it, it.label(), &**about)).collect();
        let times = [
            (false, "This moment", "At the moment that is shown: drag the time line to see another"),
            (true, "Over the run", "Mean and standard deviation at each of some moments of the run"),
        ];
        let is_wide = ui.available_width() > BESIDE;
        ui.horizontal(|ui| {
            segmented_ui(ui, &mut self.quantity, &choices);
            if is_wide {
                segmented_ui(ui, &mut self.is_over_time, &times);
            }
        });
        if !is_wide {
            ui.horizontal(|ui| segmented_ui(ui, &mut self.is_over_time, &times));
        }
        let about = &about[self.quantity as usize];
        ui.add(Label::new(RichText::new(tr(about)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
    }

    /// A row of the table, and below it the histogram, or the course over the run.
    fn layer_ui(
        &self,
        ui: &mut Ui,
        (layers, layer): (&Layers, &LayerStatistics),
        columns: &[Column],
        sample: Option<Color32>,
    ) {
        let (palette, name) = (Palette::of(ui), name_of(&layer.place));
        let texts: Vec<String> = columns.iter().map(|column| (column.text)(layer, self.quantity)).collect();
        let row = row_ui(ui, &name, &texts.iter().map(String::as_str).collect::<Vec<_>>(), palette.text);
        if let Some(color) = sample {
            let line = [row.left_center(), row.left_center() + vec2(SAMPLE, 0.0)];
            ui.painter().line_segment(line, Stroke::new(2.0, color));
        }
        let values = columns.iter().zip(&texts).map(|(column, text)| format!("{} {text}", column.name));
        let label = format!("{} of {name}: {}", self.quantity.label(), values.collect::<Vec<_>>().join(", "));
        match layer.of(self.quantity) {
            Some(_) if self.is_over_time => self.over_time_ui(ui, layers, &name, &label),
            Some(found) => drop(histogram_ui(ui, &label, found.range, &found.bins)),
            None => drop(ui.label(RichText::new(tr("not a number")).color(palette.bad))),
        }
        ui.add_space(2.0 * GRID);
    }

    fn over_time_ui(&self, ui: &mut Ui, layers: &Layers, name: &str, label: &str) {
        let moments = layers.moments.iter().filter_map(|(step, layers)| {
            let layer = layers.iter().find(|layer| name_of(&layer.place) == name)?;
            Some((*step as f64, layer.of(self.quantity)?))
        });
        let (line, band): (Vec<[f64; 2]>, Vec<[f64; 3]>) =
            moments.map(|(step, it)| ([step, it.mean], [step, it.mean - it.std, it.mean + it.std])).unzip();
        let end = line.last().map_or(1.0, |[step, _]| step.max(1.0));
        let extremes = band.iter().map(|[_, low, high]| (*low, *high));
        let extremes = extremes.reduce(|(low, high), (less, more)| (low.min(less), high.max(more)));
        let x = AxisQuantity { name: "step", range: 0.0..=end, is_logarithmic: false };
        let y = AxisQuantity { name: "mean, standard deviation", range: signed_range(extremes), is_logarithmic: false };
        let plot = LinePlot::new(label, x, y, &line).id(name).beside("mean", &[]).height(OVER_TIME);
        plot.band("one standard deviation around it,", &band).show(ui);
    }
}

/// A column of the table.
struct Column {
    name: &'static str,
    text: fn(&LayerStatistics, Quantity) -> String,
}

/// Those of a quantity, of which some belong to layers with some functions alone.
fn columns(quantity: Quantity, layers: &[LayerStatistics]) -> Vec<Column> {
    let mean = Column { name: "mean", text: |layer, of| number_text(layer.of(of).map(|it| it.mean)) };
    let std = Column { name: "std", text: |layer, of| number_text(layer.of(of).map(|it| it.std)) };
    let norm = Column { name: "norm", text: |layer, of| number_text(layer.of(of).map(|it| it.norm)) };
    let zeros = Column { name: "zero", text: |layer, of| share_text(layer.of(of).map(|it| it.zeros)) };
    let dead = Column { name: "dead", text: |layer, _| share_text(layer.dead) };
    let saturated = Column { name: "saturated", text: |layer, _| share_text(layer.saturated) };
    if quantity != Quantity::Activations {
        return vec![mean, std, norm, zeros];
    }
    let dead = layers.iter().any(|layer| layer.dead.is_some()).then_some(dead);
    let saturated = layers.iter().any(|layer| layer.saturated.is_some()).then_some(saturated);
    [mean, std, zeros].into_iter().chain(dead).chain(saturated).collect()
}

fn number_text(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), steady)
}

fn share_text(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), percent)
}

/// What each quantity is, in the order of [`Quantity::ALL`].
fn about(layers: &Layers) -> [String; 4] {
    let Layers { samples, steps, .. } = layers;
    let updates = match steps {
        Some(steps) => format!("What a step adds to the weights, in the mean over the last {steps} steps."),
        None => "What a step adds to the weights.".to_owned(),
    };
    [
        "The trained weights of each layer, kernel and bias together.".to_owned(),
        format!(
            "What each layer gives for {samples} training samples. Dead: units of a ReLU that are zero for all of them. Saturated: \
             tanh beyond ±0.97, sigmoid outside 0.015 to 0.985."
        ),
        format!("The gradient of the mean loss of {samples} training samples, without dropout and penalties."),
        updates,
    ]
}

fn head_ui(ui: &mut Ui, columns: &[Column]) {
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let row = row_ui(ui, "layer", &names, Palette::of(ui).muted);
    ui.painter().hline(row.x_range(), row.bottom(), (1.0, Palette::of(ui).faint));
}

/// A line of the table: a name, and numbers at its right.
fn row_ui(ui: &mut Ui, name: &str, cells: &[&str], color: Color32) -> Rect {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    // The bar of the scroll area below the head, and beside the rows.
    let right = row.right() - 2.0 * GRID;
    let room = right - row.left() - SAMPLE - GRID - LEAST_NAME;
    // Where it is narrow, the first go first.
    let cells = &cells[cells.len().saturating_sub((room / LEAST_COLUMN).max(1.0) as usize)..];
    let column = (room / cells.len() as f32).clamp(LEAST_COLUMN, COLUMN);
    let left = right - column * cells.len() as f32;
    let place = Rect::from_min_max(pos2(row.left() + SAMPLE + GRID, row.top()), pos2(left, row.bottom()));
    cut_text(ui, place, Align2::LEFT_CENTER, name, theme::strong_font(theme::BODY), color);
    for (at, cell) in cells.iter().enumerate() {
        let place = Rect::from_min_size(pos2(left + column * at as f32, row.top()), vec2(column - 2.0, row.height()));
        cut_text(ui, place, Align2::RIGHT_CENTER, cell, theme::body_font(), color);
    }
    row
}

/// How far the steps have moved the weights of each layer.
fn ratios_ui(ui: &mut Ui, layers: &Layers, cx: &mut Cx<'_>) {
    let names: Vec<_> =
        layers.layers.iter().filter(|layer| !layer.place.weights.is_empty()).map(|it| name_of(&it.place)).collect();
    let curves = cx.session.curves.layers();
    if curves.is_empty() {
        return;
    }
    let series: Vec<_> = names
        .iter()
        .zip(curves)
        .enumerate()
        .map(|(at, (name, curve))| Series { name, curve, look: Look::Run(at) })
        .collect();
    let steps = cx.session.job.as_ref().map_or(0, |job| job.steps_per_epoch());
    let plot = CurvePlot::new("Update/weight ratio", Range::Loss, &series).marks(&cx.session.marks).guide(USUAL);
    let plot = plot.smoothing(cx.window.smoothing).steps_per_epoch(steps as f64).height(RATIOS);
    if let Some(step) = plot.show_timeline(ui, cx.session.visited()) {
        cx.act(Request::LookAt(step));
    }
    ui.add(Label::new(RichText::new(tr(ABOUT_RATIOS)).color(Palette::of(ui).muted)).wrap());
}
