//! What each stage of the step shows: a caption, its formula, and the numbers.

use eframe::egui::{Grid, Label, RichText, Ui, vec2};

use super::units::{GAP, changes_ui, piece_ui, room_for_name, units_ui};
use super::{Of, caption_ui, layer_name};
use crate::data::Inputs;
use crate::explain::step::{Detail, LayerStep, Position, Stage, Step, Target};
use crate::language::tr;
use crate::ui::jobs::step::StepTaken;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::inside::pane::pixels_of;
use crate::ui::views::parts::rows::target_text;
use crate::ui::widgets::about::formula_ui;
use crate::ui::widgets::cut_text::{name_ui, shortened};
use crate::ui::widgets::numbers::{percent, significant, steady, thousands};
use crate::ui::widgets::pixels::pixels_ui;

/// Side of the input as a picture.
const PICTURE: f32 = 112.0;

/// Numbers of the input, or outputs, that are listed.
const LISTED: usize = 24;

/// The table of the loss has room for the targets from this width on.
const WIDE: f32 = 330.0;

/// Draws a stage; gives the unit that was clicked.
pub fn stage_ui(ui: &mut Ui, taken: &StepTaken, of: Of<'_>, at: Position, detail: Detail) -> Option<usize> {
    let (step, stage) = (&taken.step, taken.walk.stage(at.stage));
    let title = match stage {
        Stage::Batch => "Batch".to_owned(),
        Stage::Forward(layer) => format!("Forward: {}", layer_name(&step.layers[layer])),
        Stage::Loss => format!("Loss: {}", taken.loss.about().label),
        Stage::Backward(layer) => format!("Backward: {}", layer_name(&step.layers[layer])),
        Stage::Update(layer) => format!("Update: {}", layer_name(&step.layers[layer])),
        Stage::Result => "After the step".to_owned(),
    };
    ui.label(theme::heading(&title));
    if detail != Detail::Layers {
        // Above all else, where the eye is.
        piece_ui(ui, taken, of, at, detail);
    }
    match stage {
        Stage::Batch => batch_ui(ui, taken, of),
        Stage::Forward(layer) => return forward_ui(ui, step, &step.layers[layer], (of, stage), at, detail),
        Stage::Loss => loss_ui(ui, taken, of),
        Stage::Backward(layer) => return backward_ui(ui, step, &step.layers[layer], (of, stage), at, detail),
        Stage::Update(layer) => return update_ui(ui, taken, &step.layers[layer], at, detail),
        Stage::Result => result_ui(ui, taken),
    }
    None
}

fn muted_ui(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).wrap());
}

fn batch_ui(ui: &mut Ui, taken: &StepTaken, (network, dataset, _): Of<'_>) {
    let (step, count) = (&taken.step, taken.samples.len());
    let first = match (count, taken.of) {
        (1, 1) => "A batch of one sample".to_owned(),
        (count, of) if count == of => format!("The first batch, of {} samples", thousands(count as f64)),
        (count, of) => format!(
            "The first {} of the {} samples of a batch, which would take too much memory together",
            thousands(count as f64),
            thousands(of as f64)
        ),
    };
    let caption = format!(
        "{first}, runs through the network at once, without augmentation. One of them is followed; the gradient is the mean over all."
    );
    caption_ui(ui, &caption);
    let sample = taken.samples.get(step_row(taken)).copied().unwrap_or(0) as usize;
    let truth = match &step.target {
        Target::Class(_) => format!("true {}", shortened(&target_text(dataset, sample, 0))),
        Target::Numbers(values) if values.len() <= 4 => {
            let texts: Vec<_> = values.iter().map(|value| significant(f64::from(*value))).collect();
            format!("target {} as the network sees it", texts.join(", "))
        }
        Target::Numbers(values) => format!("{} target numbers", thousands(values.len() as f64)),
    };
    ui.label(theme::strong(format!("Sample {}: {truth}", thousands(sample as f64 + 1.0))));
    let (shape, values) = (step.places[0].shape, &step.values[0]);
    if let Some(pixels) = pixels_of(shape, values) {
        pixels_ui(ui, "Sample of the batch", Some(pixels.view()), PICTURE);
        muted_ui(ui, &format!("{shape} pixels between 0 and 1."));
        return;
    }
    muted_ui(ui, "The inputs as the network reads them, standardized:");
    let features = network.features();
    let has_names =
        shape.is_flat() && features.len() == values.len() && matches!(dataset.train.inputs, Inputs::Numbers(_));
    Grid::new("inputs of the step").num_columns(2).spacing(vec2(4.0 * GRID, 2.0)).show(ui, |ui| {
        for (at, value) in values.iter().enumerate().take(LISTED) {
            let name = if has_names { features[at].to_string() } else { format!("input {}", at + 1) };
            name_ui(ui, &name, theme::body_font(), Palette::of(ui).text, room_for_name(ui, 1));
            ui.label(steady(f64::from(*value)));
            ui.end_row();
        }
    });
    more_ui(ui, values.len(), LISTED);
}

/// Which sample of the batch is followed.
fn step_row(taken: &StepTaken) -> usize {
    taken.row.min(taken.samples.len() - 1)
}

fn more_ui(ui: &mut Ui, count: usize, listed: usize) {
    if count > listed {
        muted_ui(ui, &format!("and {} more", thousands((count - listed) as f64)));
    }
}

fn forward_ui(
    ui: &mut Ui,
    step: &Step,
    layer: &LayerStep,
    (of, stage): (Of<'_>, Stage),
    at: Position,
    detail: Detail,
) -> Option<usize> {
    let is_sum = layer.units.iter().any(|unit| !unit.terms.is_empty());
    let caption = match (is_sum, layer.function) {
        (true, Some(function)) => format!(
            "Forward pass: each unit multiplies its inputs by its weights, adds its bias, and applies the activation function {}.",
            function.about().label
        ),
        (true, None) => "Forward pass: each unit multiplies its inputs by its weights and adds its bias.".to_owned(),
        (false, _) => "Forward pass: the layer computes what it gives from what it gets.".to_owned(),
    };
    caption_ui(ui, &caption);
    formula_ui(ui, layer.formula);
    if let Some(function) = layer.function {
        formula_ui(ui, function.about().formula);
    }
    shapes_ui(ui, step, layer);
    units_ui(ui, step, layer, (of.2, stage), at, detail)
}

fn shapes_ui(ui: &mut Ui, step: &Step, layer: &LayerStep) {
    let (input, output) = (step.places[layer.sums - 1].shape, step.shape_of(layer));
    let shown = layer.units.len();
    let of = output.len();
    let units = if shown < of {
        format!("; below the {shown} units of {} that give the most", thousands(of as f64))
    } else {
        String::new()
    };
    muted_ui(ui, &format!("{input} → {output}{units}"));
    ui.add_space(GRID);
}

fn loss_ui(ui: &mut Ui, taken: &StepTaken, (_, _, names): Of<'_>) {
    let StepTaken { step, loss, .. } = taken;
    let caption = match step.target {
        Target::Class(_) => {
            "The loss compares the probabilities of the classes, which follow from the outputs z (logits), with the true class. Its gradient \
             by each output begins the way back."
        }
        Target::Numbers(_) => {
            "The loss compares the outputs z with the target numbers t. Its gradient by each output begins the way back."
        }
    };
    caption_ui(ui, caption);
    formula_ui(ui, loss.about().formula);
    let outputs = step.values.last().map_or(&[][..], Vec::as_slice);
    let slopes = step.gradients.last().map_or(&[][..], Vec::as_slice);
    let is_class = matches!(step.target, Target::Class(_));
    let palette = Palette::of(ui);
    // The true class is named below the table as well, so that its column is spared where there is no room.
    let is_wide = !is_class || ui.available_width() > WIDE;
    let most = room_for_name(ui, if is_wide { 4 } else { 3 });
    Grid::new("loss of the step").num_columns(5).spacing(vec2(GAP, 2.0)).show(ui, |ui| {
        let probability = if is_class { "p" } else { "y" };
        for name in ["output", "z", probability, "t", "∂L/∂z"].into_iter().filter(|name| is_wide || *name != "t") {
            ui.label(RichText::new(tr(name)).color(palette.muted));
        }
        ui.end_row();
        for (at, z) in outputs.iter().enumerate().take(LISTED) {
            let name = names.get(at).cloned().unwrap_or_else(|| (at + 1).to_string());
            let is_true = matches!(step.target, Target::Class(class) if class == at);
            let (font, color) = match is_true {
                true => (theme::strong_font(theme::BODY), palette.accent),
                false => (theme::body_font(), palette.text),
            };
            name_ui(ui, &name, font, color, most);
            ui.label(steady(f64::from(*z)));
            let prediction = step.predictions.get(at).copied().unwrap_or(f32::NAN);
            ui.label(tr(if is_class { percent(prediction.into()) } else { steady(prediction.into()) }));
            if is_wide {
                ui.label(significant(step.target.of_output(at).into()));
            }
            ui.label(tr(slopes.get(at).map_or_else(|| "–".to_owned(), |slope| steady(f64::from(*slope)))));
            ui.end_row();
        }
    });
    more_ui(ui, outputs.len(), LISTED);
    if let Target::Class(class) = step.target {
        let name = names.get(class).cloned().unwrap_or_else(|| (class + 1).to_string());
        muted_ui(ui, &format!("The true class is {name}: its target t is 1, that of the others 0."));
    }
    ui.add_space(GRID);
    let own = theme::strong(format!("Loss of this sample: {}", steady(step.sample_loss)));
    ui.label(own);
    if step.samples > 1 {
        let mean = format!("Mean over the {} samples: {}", step.samples, steady(step.losses[0]));
        ui.label(tr(mean));
    }
}

fn backward_ui(
    ui: &mut Ui,
    step: &Step,
    layer: &LayerStep,
    (of, stage): (Of<'_>, Stage),
    at: Position,
    detail: Detail,
) -> Option<usize> {
    let is_sum = layer.units.iter().any(|unit| !unit.terms.is_empty());
    if step.gradients[layer.gives].is_empty() {
        caption_ui(ui, "Each member of the ensemble learns from a loss of its own; the mean of them has no gradient.");
        return None;
    }
    let from = if step.is_last(layer) { "the loss" } else { "the layer after it" };
    let caption = if is_sum {
        format!(
            "Backward pass: the gradient of the loss by what each unit gives comes from {from} (chain rule). Times the derivative of the \
             activation function it is δ; δ times an input is the gradient by that weight."
        )
    } else {
        format!(
            "Backward pass: the gradient of the loss comes from {from}, and the layer passes it on to what it got (chain rule)."
        )
    };
    caption_ui(ui, &caption);
    if is_sum {
        let delta = if layer.function.is_some() { "δ = f′(z)·∂L/∂y" } else { "δ = ∂L/∂y" };
        let above = if step.is_last(layer) { "" } else { "∂L/∂y = Σ w·δ of the units that read it, " };
        formula_ui(ui, &format!("{above}{delta}, ∂L/∂w = x·δ, ∂L/∂b = δ"));
    }
    shapes_ui(ui, step, layer);
    units_ui(ui, step, layer, (of.2, stage), at, detail)
}

fn update_ui(ui: &mut Ui, taken: &StepTaken, layer: &LayerStep, at: Position, detail: Detail) -> Option<usize> {
    let (step, optimizer) = (&taken.step, &taken.optimizer);
    let begins = match (step.number, optimizer.memory().is_empty()) {
        (1, false) => " It begins anew here (t = 1), with nothing remembered.".to_owned(),
        (number, false) => format!(" It remembers the steps before (t = {}).", thousands(number as f64)),
        (_, true) => String::new(),
    };
    let mean = if step.samples > 1 { "mean gradient g of the batch" } else { "gradient g of the sample" };
    let caption = format!(
        "Update: {} moves each weight against the {mean}, at the learning rate η = {}.{begins}",
        optimizer.about().label,
        significant(f64::from(step.learning_rate))
    );
    caption_ui(ui, &caption);
    formula_ui(ui, optimizer.about().formula);
    let (shown, of) = (layer.changes.len(), layer.weights.len());
    if shown < of {
        muted_ui(ui, &format!("Of {} weights, the {shown} with the largest gradients", thousands(of as f64)));
    }
    ui.add_space(GRID);
    changes_ui(ui, taken, layer, at, detail)
}

fn result_ui(ui: &mut Ui, taken: &StepTaken) {
    let step = &taken.step;
    let [before, after] = step.losses;
    let what = if step.samples > 1 { "mean loss of the batch" } else { "loss of the sample" };
    let verb = if after < before { "falls" } else { "rises" };
    let caption = format!(
        "With the new weights the {what} {verb} from {} to {}. The run itself is as it was: the step was taken on a copy.",
        steady(before),
        steady(after)
    );
    caption_ui(ui, &caption);
    let [old, new] = [0, 1].map(|moment| step.weights[moment].values());
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|it| it * it).sum::<f64>().sqrt();
    let update = norm(&mut old.iter().zip(new).map(|(old, new)| f64::from(new - old)));
    let weights = norm(&mut old.iter().map(|weight| f64::from(*weight)));
    let gradient = norm(&mut step.gradient.iter().map(|slope| f64::from(*slope)));
    Grid::new("result of the step").num_columns(2).spacing(vec2(4.0 * GRID, 2.0)).show(ui, |ui| {
        for (name, value) in
            [("Norm of the gradient", gradient), ("Norm of the update", update), ("Norm of the weights", weights)]
        {
            ui.label(tr(name));
            ui.label(steady(value));
            ui.end_row();
        }
    });
    muted_ui(ui, "A run repeats this with the next batch.");
}
