//! The menu of layers, and where a layer from it goes.

use eframe::egui::{ScrollArea, Ui, vec2};

use super::path::{layers_at, layers_at_mut};
use crate::project::Side;
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::about::{formula_ui, hover_beside_ui};
use crate::ui::widgets::button::entry_ui;
use backprop_nn::spec::Fix;
use backprop_nn::trace::Trace;
use backprop_nn::{LayerSpec, Shape};

/// Width of a column in the menu of layers, and how many layers stand in one.
const COLUMN: f32 = 260.0;
const COLUMN_LEN: usize = 9;

/// The menu of all layers, each with a line of help, in as many columns as fit on a small screen without scrolling.
pub fn layer_menu_ui(ui: &mut Ui) -> Option<LayerSpec> {
    let layers = LayerSpec::all();
    let columns = layers.len().div_ceil(COLUMN_LEN);
    let rows = layers.len().div_ceil(columns);
    let mut chosen = None;
    let window = ui.ctx().content_rect().size();
    let size = vec2((columns as f32 * (COLUMN + 2.0 * GRID)).min(window.x - 200.0), window.y - 96.0);
    let area = ScrollArea::both().max_width(size.x).min_scrolled_width(size.x);
    area.max_height(size.y).min_scrolled_height(size.y).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            for column in layers.chunks(rows) {
                ui.vertical(|ui| {
                    ui.set_width(COLUMN);
                    for layer in column {
                        let about = layer.about();
                        let entry = entry_ui(ui, about.label, about.help);
                        hover_beside_ui(&entry, |ui| {
                            formula_ui(ui, about.formula);
                        });
                        if entry.clicked() {
                            chosen = Some(layer.clone());
                            ui.close();
                        }
                    }
                });
            }
        });
    });
    chosen
}

/// Where a layer from the menu goes, and as which: in the stack as far back as it fits before the last layer, which gives
/// the answer, and in a block as far back as it fits. A stack that is still being built grows at its end.
pub fn placed(cx: &Cx<'_>, side: Side, block: &[usize], layer: LayerSpec) -> (usize, LayerSpec) {
    let (Some(layers), Some(trace)) = (cx.project.layers(side), cx.shapes.of_side(side)) else { return (0, layer) };
    let (shape, classes) = cx.session.shape(cx.project);
    let count = layers_at(layers, block).len();
    let fits = |index: usize, layer: &LayerSpec| {
        let mut project = cx.project.clone();
        if let Some(layers) = project.layers_mut(side).and_then(|layers| layers_at_mut(layers, block)) {
            layers.insert(index, layer.clone());
        }
        let trace = match side {
            Side::Model => Some(project.trace(shape, classes)),
            Side::Discriminator => project.trace_discriminator(shape),
        };
        trace.is_some_and(|trace| trace.misfit.is_none())
    };
    if trace.misfit.is_some() {
        return (count, layer);
    }
    let places = if block.is_empty() { 0..count } else { 0..count + 1 };
    if let Some(index) = places.clone().rev().find(|index| fits(*index, &layer)) {
        return (index, layer);
    }
    let trace = trace_at(trace, layers, block);
    let input_of = |index| trace.as_ref()?.input_of(index);
    let mut fitting = places.rev().map(|index| (index, fitted(layer.clone(), input_of(index))));
    fitting.find(|(index, layer)| fits(*index, layer)).unwrap_or((count, layer))
}

/// The shapes within the block at this path, as far as they are known.
fn trace_at(trace: &Trace, layers: &[LayerSpec], path: &[usize]) -> Option<Trace> {
    let [first, rest @ ..] = path else { return Some(trace.clone()) };
    let inside = layers.get(*first)?.inside()?;
    trace_at(&Trace::of(inside, trace.input_of(*first)?), inside, rest)
}

/// A layer as it takes this input, if it says of itself how: a block around what arrives.
pub fn fitted(layer: LayerSpec, input: Option<Shape>) -> LayerSpec {
    let fix = input.and_then(|input| layer.plan(input).err()?.fix);
    match fix {
        Some(Fix::Replace(other)) if other.about() == layer.about() => other,
        _ => layer,
    }
}
