//! The units of a layer one by one, with every line of what they compute, and its weights one by one.

use eframe::egui::{Button, Color32, Grid, Label, RichText, Ui, vec2};

use super::Of;
use crate::data::Feature;
use crate::explain::step::{Change, Detail, LayerStep, Line, Position, Stage, Step, Unit};
use crate::language::tr;
use crate::ui::jobs::step::StepTaken;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::cut_text::cut_galley;
use crate::ui::widgets::network_diagram::unit_name;
use crate::ui::widgets::numbers::{significant, steady, thousands};
use backprop_nn::Shape;
use backprop_nn::layers::Function;

/// Between two columns, and the most that a number takes.
pub const GAP: f32 = 2.0 * GRID;
const NUMBER: f32 = 52.0;

/// A name is cut to no less than this.
const LEAST_NAME: f32 = 40.0;

/// What is left for a name beside so many numbers.
pub fn room_for_name(ui: &Ui, numbers: usize) -> f32 {
    (ui.available_width() - numbers as f32 * (NUMBER + GAP) - 4.0 * GRID).max(LEAST_NAME)
}

/// A name that can be chosen, cut where there is no room for all of it; true if it was clicked.
fn name_ui(ui: &mut Ui, is_chosen: bool, name: &str, most: f32) -> bool {
    let text = cut_galley(ui.painter(), name, theme::body_font(), Color32::PLACEHOLDER, most);
    let is_cut = text.elided;
    let response = ui.add(Button::selectable(is_chosen, text)).accessible_name(tr(name));
    if is_cut { response.on_hover_text(tr(name)).clicked() } else { response.clicked() }
}

/// The units that are followed; gives the one that was clicked.
pub fn units_ui(
    ui: &mut Ui,
    step: &Step,
    layer: &LayerStep,
    (names, stage): (&[String], Stage),
    at: Position,
    detail: Detail,
) -> Option<usize> {
    let palette = Palette::of(ui);
    let is_forward = matches!(stage, Stage::Forward(_));
    let heads = match (is_forward, layer.function.is_some()) {
        (true, true) => vec!["unit", "z", "y"],
        (true, false) => vec!["unit", "y"],
        (false, true) => vec!["unit", "∂L/∂y", "δ"],
        (false, false) => vec!["unit", "∂L/∂y"],
    };
    let name = |at: usize| name_of_unit(step, layer, names, at);
    let (mut clicked, most) = (None, room_for_name(ui, heads.len() - 1));
    Grid::new(("units", is_forward)).num_columns(heads.len()).spacing(vec2(GAP, 2.0)).show(ui, |ui| {
        for head in &heads {
            ui.label(RichText::new(tr(*head)).color(palette.muted));
        }
        ui.end_row();
        for (index, unit) in layer.units.iter().enumerate() {
            let is_chosen = detail != Detail::Layers && index == at.unit;
            if name_ui(ui, is_chosen, &name(unit.at), most) {
                clicked = Some(index);
            }
            let values = match is_forward {
                true => [unit.sum, unit.value],
                false => [unit.slope, unit.delta],
            };
            let values = if heads.len() == 3 { &values[..] } else { &values[usize::from(is_forward)..][..1] };
            for value in values {
                // What the walk has not reached yet is not known yet.
                let is_known = detail == Detail::Layers || index <= at.unit;
                let text = if is_known { steady(f64::from(*value)) } else { "…".to_owned() };
                ui.label(RichText::new(tr(text)).color(if is_chosen { palette.accent } else { palette.text }));
            }
            ui.end_row();
        }
    });
    clicked
}

/// What the unit, or the weight, computes that is looked at.
pub fn piece_ui(ui: &mut Ui, taken: &StepTaken, (network, _, names): Of<'_>, at: Position, detail: Detail) {
    let (step, stage) = (&taken.step, taken.walk.stage(at.stage));
    let (layer, is_forward) = match stage {
        Stage::Forward(layer) => (&step.layers[layer], true),
        Stage::Backward(layer) => (&step.layers[layer], false),
        Stage::Update(layer) => {
            if let Some(change) = step.layers[layer].changes.get(at.unit) {
                ui.label(theme::strong(&change.name));
                change_lines(taken, change).iter().for_each(|line| line_ui(ui, line, Palette::of(ui).text));
                ui.add_space(GRID);
            }
            return;
        }
        Stage::Batch | Stage::Loss | Stage::Result => return,
    };
    let Some(unit) = layer.units.get(at.unit) else { return };
    ui.label(theme::strong(name_of_unit(step, layer, names, unit.at)));
    let lines = if is_forward { unit.forward(layer.function) } else { unit.backward(layer.function, step) };
    let shown = if detail == Detail::Products { at.line + 1 } else { lines.len() };
    let columns = network.features();
    let before = step.places[layer.sums - 1].shape;
    let is_named = layer.sums == 1 && before.is_flat() && columns.len() == before.len();
    let beside = Beside {
        before,
        columns: if is_named { columns } else { &[] },
        after: step.layers.iter().find(|next| next.sums == layer.gives + 1).map(|next| step.places[next.sums].shape),
        is_forward,
    };
    lines_ui(ui, unit, &lines, shown, &beside);
    ui.add_space(GRID);
}

/// "unit 3", and of the last layer what the output is called.
fn name_of_unit(step: &Step, layer: &LayerStep, names: &[String], at: usize) -> String {
    let shape = step.shape_of(layer);
    match names.get(at).filter(|_| step.is_last(layer) && names.len() == shape.len()) {
        Some(name) => format!("{}, {name}", unit_name(shape, at)),
        None => unit_name(shape, at),
    }
}

/// What stands before and after the layer, for the names of other units.
struct Beside<'a> {
    before: Shape,
    /// What the inputs of the first layer are called, if they are columns.
    columns: &'a [Feature],
    after: Option<Shape>,
    is_forward: bool,
}

impl Beside<'_> {
    /// Where a product comes from.
    fn name(&self, from: usize) -> String {
        match (self.is_forward, self.after) {
            (false, Some(after)) => unit_name(after, from),
            _ => self.input(from),
        }
    }

    fn input(&self, at: usize) -> String {
        self.columns.get(at).map_or_else(|| unit_name(self.before, at), ToString::to_string)
    }
}

fn lines_ui(ui: &mut Ui, unit: &Unit, lines: &[Line], shown: usize, beside: &Beside<'_>) {
    let palette = Palette::of(ui);
    for (at, line) in lines.iter().enumerate().take(shown) {
        // The newest is where the eye should be.
        let color = if at + 1 == shown { palette.text } else { palette.muted };
        line_ui(ui, &text_of(unit, line, beside), color);
    }
    if shown < lines.len() {
        line_ui(ui, &format!("{} more lines", lines.len() - shown), palette.muted);
    }
}

fn line_ui(ui: &mut Ui, text: &str, color: Color32) {
    ui.add(Label::new(RichText::new(tr(text)).color(color)).wrap());
}

fn number(value: f32) -> String {
    steady(f64::from(value))
}

/// A negative number in brackets, where it follows a sign.
fn bracketed(value: f32) -> String {
    if value < 0.0 { format!("({})", number(value)) } else { number(value) }
}

/// "+ w·x = 0.531 · (-0.210) = -0.112, unit 3, together -0.050".
fn text_of(unit: &Unit, line: &Line, beside: &Beside<'_>) -> String {
    match line {
        Line::Product { from, factors: [weight, value], so_far } => {
            let what = if beside.is_forward { "w·x" } else { "w·δ" };
            let product = number(weight * value);
            let name = beside.name(*from);
            format!(
                "{what} = {} · {} = {product}, {name}; together {}",
                number(*weight),
                bracketed(*value),
                steady(*so_far)
            )
        }
        Line::Rest { count, so_far } => {
            format!("{} smaller products; together {}", thousands(*count as f64), steady(*so_far))
        }
        Line::Bias { bias, sum } => {
            format!("z = Σ w·x + b = {} + {} = {}", number(sum - bias), bracketed(*bias), number(*sum))
        }
        Line::Function { function, sum, value } => {
            format!("y = {}({}) = {}", name_of(*function), number(*sum), number(*value))
        }
        Line::Slope(slope) if unit.back.is_empty() => format!("∂L/∂y = {}", number(*slope)),
        Line::Slope(slope) => format!("∂L/∂y = Σ w·δ = {}", number(*slope)),
        Line::Derivative { function, derivative, delta } => format!(
            "δ = {}′(z) · ∂L/∂y = {} · {} = {}",
            name_of(*function),
            number(*derivative),
            bracketed(unit.slope),
            number(*delta)
        ),
        Line::WeightGradient { from, factors: [value, delta], gradient } => {
            let product = value * delta;
            // As far as rounding goes, one place is all there is.
            let is_all = (product - gradient).abs() <= 1e-4 * (1e-4 + gradient.abs());
            let all =
                if is_all { String::new() } else { format!(", {} over all places of the weight", number(*gradient)) };
            let name = beside.input(*from);
            format!("∂L/∂w = x·δ = {} · {} = {}{all}, {name}", number(*value), bracketed(*delta), number(product))
        }
        Line::BiasGradient(delta) => format!("∂L/∂b = δ = {}", number(*delta)),
        Line::Given(value) => format!("y = {}", number(*value)),
    }
}

fn name_of(function: Function) -> &'static str {
    function.about().label
}

/// The weights that are followed; gives the one that was clicked.
pub fn changes_ui(ui: &mut Ui, taken: &StepTaken, layer: &LayerStep, at: Position, detail: Detail) -> Option<usize> {
    let (step, palette) = (&taken.step, Palette::of(ui));
    let (mut clicked, most) = (None, room_for_name(ui, 3));
    Grid::new("changes of the step").num_columns(4).spacing(vec2(GAP, 2.0)).show(ui, |ui| {
        for head in ["weight", "g", "w before", "w after"] {
            ui.label(RichText::new(tr(head)).color(palette.muted));
        }
        ui.end_row();
        for (index, change) in layer.changes.iter().enumerate() {
            let is_chosen = detail != Detail::Layers && index == at.unit;
            if name_ui(ui, is_chosen, &change.name, most) {
                clicked = Some(index);
            }
            let is_known = detail == Detail::Layers || index <= at.unit;
            let [before, after] = change.weight(step);
            let after = if is_known { number(after) } else { "…".to_owned() };
            for text in [number(step.used[change.at]), number(before), after] {
                ui.label(RichText::new(tr(text)).color(if is_chosen { palette.accent } else { palette.text }));
            }
            ui.end_row();
        }
    });
    clicked
}

/// How a weight is moved, with its numbers.
fn change_lines(taken: &StepTaken, change: &Change) -> Vec<String> {
    let StepTaken { step, optimizer, .. } = taken;
    let (own, mean, used) = (step.sample_gradient[change.at], step.gradient[change.at], step.used[change.at]);
    let mut lines = Vec::new();
    if step.samples > 1 {
        lines.push(format!("∂L/∂w of this sample alone = {}", number(own)));
        lines.push(format!("g = mean over the {} samples = {}", step.samples, number(mean)));
    } else {
        lines.push(format!("g = ∂L/∂w = {}", number(mean)));
    }
    if used != mean {
        lines.push(format!("clipped and with penalties: g = {}", number(used)));
    }
    for (name, [before, after]) in optimizer.memory().iter().zip(change.memory(step)) {
        lines.push(format!("{name}: {} → {}", number(before), number(after)));
    }
    if let Some([first, second]) = change.corrected(step, optimizer) {
        let letter = if optimizer.memory().len() > 2 { "û" } else { "v̂" };
        lines.push(format!("m̂ = {}, {letter} = {}", steady(first), steady(second)));
        let rate = f64::from(step.learning_rate);
        lines.push(format!("η m̂ / √{letter} = {}, the corrected step", significant(rate * first / second.sqrt())));
    }
    let [before, after] = change.weight(step);
    let moved = after - before;
    let sign = if moved < 0.0 { "-" } else { "+" };
    lines.push(format!("w: {} {sign} {} = {}", precise(before), number(moved.abs()), precise(after)));
    lines
}

/// With more digits than elsewhere, so that a small step is seen.
fn precise(value: f32) -> String {
    format!("{value:.6}")
}
