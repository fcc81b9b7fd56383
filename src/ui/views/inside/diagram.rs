//! The whole network as a picture, lit by the sample: units, maps and the weights between them, and the sum that a unit makes.

use std::ops::RangeInclusive;
use std::sync::Arc;

use eframe::egui::{DragValue, Grid, Label, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

use super::pane::{Edits, Pane, name_of, pixels_of};
use crate::data::Dataset;
use crate::explain::connections::{Strength, Sum, Term, Wiring};
use crate::language::tr;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Connected, Inside, InsideQuery, Part, SURFACE};
use crate::ui::state::subject::{identity, is_plane, plane_of};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::network_diagram::{Diagram, DiagramLayer, NetworkDiagram, Spot, unit_name};
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::text::placeholder_ui;
use backprop_nn::layers::Function;

/// The id of this pane, which is shown first.
pub const ID: &str = "diagram";

/// Height of the sum of the unit that is selected.
const SUM: f32 = 156.0;

/// So many products of a sum are listed, the greatest first.
const LISTED: usize = 40;

/// More names than this are not written beside the inputs.
const MOST_NAMES: usize = 40;

/// The pane with the diagram.
#[derive(Default)]
pub struct DiagramPane {
    by: Strength,
    /// The unit that is looked at: its place, and its position there.
    selected: Option<(usize, usize)>,
    /// Weights that were changed by hand.
    edits: Edits,
    /// The network that they belong to.
    of: Option<TrainedNetwork>,
    diagram: NetworkDiagram,
    /// The ranges of two inputs, and of which data.
    plane: Option<(u64, [RangeInclusive<f64>; 2])>,
}

impl Pane for DiagramPane {
    fn id(&self) -> &'static str {
        ID
    }

    fn label(&self) -> &'static str {
        "Diagram"
    }

    fn hover(&self) -> &'static str {
        "The whole network, lit by this sample"
    }

    fn help(&self) -> &'static str {
        "What each unit gives, and the strongest weights between them: orange is above zero, blue below. The wheel zooms, \
         dragging moves, a double click shows all."
    }

    fn part(&mut self, network: &TrainedNetwork, dataset: Option<&Arc<Dataset>>) -> (Part, Edits) {
        // Looking for the ranges of many samples takes longer than a frame.
        let dataset = dataset.filter(|dataset| is_plane(dataset));
        if self.plane.as_ref().map(|(identity, _)| *identity) != dataset.map(identity) {
            self.plane = dataset.map(|dataset| (identity(dataset), plane_of(dataset)));
        }
        let plane = self.plane.as_ref().map(|(_, ranges)| ranges.clone());
        if self.of.as_ref().is_some_and(|of| !of.is_same_network(network)) {
            (self.edits, self.selected) = (Vec::new(), None);
        }
        self.of = Some(network.clone());
        (Part::Diagram { by: self.by, selected: self.selected, plane }, self.edits.clone())
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, _cx: &mut Cx<'_>) -> Option<usize> {
        self.network_ui(ui, latest, inside);
        None
    }
}

impl DiagramPane {
    /// The network as it computes the sample.
    fn network_ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside) {
        let Some(connected) = &inside.connected else {
            return placeholder_ui(ui, "The sample is on its way through the network.");
        };
        ui.horizontal(|ui| {
            let choices = [
                (
                    Strength::Product,
                    "Products",
                    "Each connection by what it carries for this sample: weight times value",
                ),
                (Strength::Weight, "Weights alone", "Each connection by its weight alone"),
            ];
            ui.label(tr("Lit by"));
            segmented_ui(ui, &mut self.by, &choices);
            if !self.edits.is_empty() {
                let count = self.edits.len();
                let what = if count == 1 { "Undo the change".to_owned() } else { format!("Undo {count} changes") };
                if ui.button(tr(what)).on_hover_text(tr("Back to the weights that the network has learned")).clicked() {
                    self.edits.clear();
                }
            }
        });
        ui.add_space(GRID);
        // The sum in the answer belongs to the unit that was selected when it was asked for.
        let selected = match latest.query.part {
            Part::Diagram { selected, .. } => selected,
            Part::Activations | Part::Weights => None,
        };
        let drawn: Vec<usize> = (0..inside.places.len()).filter(|at| connected.wirings[*at].is_some()).collect();
        let at_of = |place: usize| drawn.iter().position(|at| *at == place);
        let terms = connected.sum.as_ref().map_or(&[][..], |sum| &sum.terms);
        let spot = selected.and_then(|(place, unit)| Some(((at_of(place)?, unit), terms)));
        let diagram = diagram_of(latest, inside, connected, &drawn, spot);
        let clicked = self.diagram.ui(ui, &diagram, (ui.available_height() - SUM).max(120.0));
        if let Some((layer, unit)) = clicked {
            let clicked = Some((drawn[layer], unit));
            // Once more, and none is looked at.
            self.selected = if self.selected == clicked { None } else { clicked };
        }
        ui.add_space(GRID);
        if let Some(selected) = selected {
            ScrollArea::vertical().id_salt("sum").auto_shrink(false).show(ui, |ui| {
                self.unit_ui(ui, latest, inside, connected, selected);
            });
        } else {
            let text = "Click a unit, or walk with the arrow keys: here stand its inputs, its weights, which can be changed by hand, \
                        and the sum that makes its value.";
            ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).wrap());
        }
    }

    /// What the unit is that is looked at, and how its value comes about.
    fn unit_ui(
        &mut self,
        ui: &mut Ui,
        latest: &Latest<InsideQuery>,
        inside: &Inside,
        connected: &Connected,
        (place, unit): (usize, usize),
    ) {
        let palette = Palette::of(ui);
        let (of, value) = (&inside.places[place], inside.values[place].get(unit).copied().unwrap_or(f32::NAN));
        let name = format!("{}, {}: {}", name_of(of), unit_name(of.shape, unit), significant(value.into()));
        ui.label(theme::strong(name));
        let Some(sum) = &connected.sum else {
            let text = "Only units of dense layers and of convolutions are one sum of weighted inputs.";
            ui.add(Label::new(RichText::new(tr(text)).color(palette.muted)).wrap());
            return;
        };
        ui.add(Label::new(tr(equation(sum))).wrap());
        if let Some(unedited) = &connected.unedited {
            let names = latest.query.network.trained().task.output_names();
            ui.add(
                Label::new(RichText::new(tr(changed(names, unedited, inside, latest))).color(palette.accent)).wrap(),
            );
        }
        let before = inside.places[place - 1].shape;
        let columns = latest.query.network.features();
        let mut order: Vec<&Term> = sum.terms.iter().collect();
        order.sort_by(|one, other| other.product().abs().total_cmp(&one.product().abs()));
        Grid::new("products").num_columns(4).spacing(vec2(4.0 * GRID, GRID)).show(ui, |ui| {
            for name in ["input", "value", "weight", "product"] {
                ui.label(RichText::new(tr(name)).color(palette.muted));
            }
            ui.end_row();
            ui.label(tr("bias"));
            ui.label("");
            self.weight_ui(ui, "Bias", sum.bias.0, sum.bias.1);
            ui.label(significant(sum.bias.1.into()));
            ui.end_row();
            for term in order.into_iter().take(LISTED) {
                let named = columns.get(term.input).filter(|_| place == 1);
                let name = named.map_or_else(|| unit_name(before, term.input), ToString::to_string);
                ui.label(tr(&name));
                ui.label(significant(term.value.into()));
                self.weight_ui(ui, &format!("Weight of {name}"), term.weight_at, term.weight);
                ui.label(significant(term.product().into()));
                ui.end_row();
            }
        });
        if sum.terms.len() > LISTED {
            let text = format!("The {LISTED} greatest of {} products.", sum.terms.len());
            ui.label(RichText::new(tr(text)).color(palette.muted));
        }
    }

    /// A weight that can be changed by hand, for what is shown here alone.
    fn weight_ui(&mut self, ui: &mut Ui, name: &str, at: usize, weight: f32) {
        // What is typed holds at once; the answer to it comes later.
        let edited = self.edits.iter().position(|(edited, _)| *edited == at);
        let before = edited.map_or(weight, |edit| self.edits[edit].1);
        let mut number = before;
        let field = DragValue::new(&mut number).speed(0.01).max_decimals(6);
        let field = field.custom_formatter(|value, _| significant(value));
        let response = ui
            .add(field)
            .on_hover_text(tr("Drag or type another weight, and see what changes. The run keeps its own."));
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, tr(name)));
        // The text of the field has fewer digits than the weight: left as it is, it changes nothing.
        let shown = significant(before.into()).parse::<f64>().ok().map(|shown| shown as f32);
        let is_untouched = !response.dragged() && shown == Some(number);
        if number != before && number.is_finite() && !is_untouched {
            match edited {
                Some(edit) => self.edits[edit].1 = number,
                None => self.edits.push((at, number)),
            }
        }
    }
}

fn diagram_of<'a>(
    latest: &Latest<InsideQuery>,
    inside: &'a Inside,
    connected: &'a Connected,
    drawn: &[usize],
    selected: Option<(Spot, &'a [Term])>,
) -> Diagram<'a> {
    let InsideQuery { network, part, .. } = &latest.query;
    let layer = |at: &usize| {
        let (place, values) = (&inside.places[*at], &inside.values[*at]);
        let skip = connected.skips[*at].and_then(|from| drawn.iter().position(|drawn| *drawn == from));
        let picture = if *at == 0 { pixels_of(place.shape, values) } else { None };
        let surfaces = connected.surfaces.as_ref().map(|surfaces| (SURFACE, &surfaces[*at][..]));
        let wiring = connected.wirings[*at].as_ref().unwrap_or(&Wiring::Whole);
        DiagramLayer { name: name_of(place), shape: place.shape, values, wiring, skip, surfaces, picture }
    };
    let trained = network.trained();
    let is_class = !trained.task.classes().is_empty();
    let value = |output: f32| if is_class { percent(output.into()) } else { significant(output.into()) };
    let outputs = trained.task.output_names().iter().zip(&inside.outputs);
    let features = network.features();
    let has_names = matches!(inside.places[0].shape, shape if shape.is_flat() && shape.len() == features.len());
    Diagram {
        layers: drawn.iter().map(layer).collect(),
        inputs: features
            .iter()
            .filter(|_| has_names && features.len() <= MOST_NAMES)
            .map(ToString::to_string)
            .collect(),
        outputs: outputs.map(|(name, output)| format!("{name}  {}", value(*output))).collect(),
        by: if let Part::Diagram { by, .. } = part { *by } else { Strength::Product },
        selected,
        version: latest.version,
    }
}

/// "ReLU(1.20 + 0.12) = 1.32: 784 products add up to 1.20, the bias is 0.12."
fn equation(sum: &Sum) -> String {
    let Sum { terms, bias: (_, bias), sum, function, value } = sum;
    let numbers = [sum - f64::from(*bias), f64::from(*bias), f64::from(*value)].map(significant);
    let [products, bias, value] = numbers;
    let sum = match bias.strip_prefix('-') {
        Some(bias) => format!("{products} - {bias}"),
        None => format!("{products} + {bias}"),
    };
    let sum = match function {
        Function::Linear => sum,
        function => format!("{}({sum})", function.suffix().trim()),
    };
    format!("{sum} = {value}: {} products add up to {products}, the bias is {bias}.", terms.len())
}

/// What became of the highest output when weights were changed by hand.
fn changed(names: &[String], unedited: &[f32], inside: &Inside, latest: &Latest<InsideQuery>) -> String {
    let is_class = !latest.query.network.trained().task.classes().is_empty();
    let value = |output: f32| if is_class { percent(output.into()) } else { significant(output.into()) };
    let name = |at: usize| names.get(at).cloned().unwrap_or_else(|| format!("output {}", at + 1));
    let (was, is) = (backprop_nn::loss::argmax(unedited), backprop_nn::loss::argmax(&inside.outputs));
    let count = latest.query.edits.len();
    let with = if count == 1 {
        "With the weight that you changed".to_owned()
    } else {
        format!("With the {count} weights that you changed")
    };
    let moved = format!("{} goes from {} to {}", name(was), value(unedited[was]), value(inside.outputs[was]));
    if was == is || !is_class {
        format!("{with}, {moved}.")
    } else {
        format!("{with}, {moved}, and the answer is {} with {}.", name(is), value(inside.outputs[is]))
    }
}
