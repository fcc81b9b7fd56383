//! Two kept runs over the window: their confusion matrices, the samples on which only one is right, and what each reads in the drawing.

use std::ops::RangeInclusive;

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use super::dialog::{Dialog, Next};
use crate::data::{Dataset, Modality, Samples};
use crate::language::tr;
use crate::runs::agreement::Better;
use crate::train::metrics::{ClassPredictions, Prediction, RMSE};
use crate::train::{Evaluation, Predictions, Subset};
use crate::ui::commands::Situation;
use crate::ui::jobs::predictor::DrawingOutput;
use crate::ui::jobs::side_by_side::{Side, SideBySide};
use crate::ui::state::table::{number_text, table_columns};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::parts::images::{copy, fitting_scale};
use crate::ui::views::parts::rows::heads_of;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::confusion_heatmap::ConfusionHeatmap;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::numbers::{percent, significant, thousands};
use crate::ui::widgets::text::{heading_ui, placeholder_ui};

/// The largest size.
const MOST: eframe::egui::Vec2 = vec2(1100.0, 720.0);
/// Height of the confusion matrices.
const MATRIX: f32 = 240.0;
/// The significance level: a smaller p-value is taken for a difference.
const LEVEL: f64 = 0.05;

/// The dialog, which waits for the work that was asked for.
pub struct SideBySideDialog {
    state: State,
    shown: Better,
    grid: ImageGrid,
}

enum State {
    Waiting,
    Failed(String),
    Ready(Box<SideBySide>),
}

impl Default for SideBySideDialog {
    fn default() -> Self {
        Self { state: State::Waiting, shown: Better::OnlyB, grid: ImageGrid::default() }
    }
}

impl SideBySideDialog {
    /// Takes what was worked out.
    pub fn take(&mut self, result: Result<Box<SideBySide>, String>) {
        self.state = result.map_or_else(State::Failed, State::Ready);
    }

    /// What was worked out, when it is there.
    pub fn found(&self) -> Option<&SideBySide> {
        if let State::Ready(found) = &self.state { Some(found) } else { None }
    }
}

impl Dialog for SideBySideDialog {
    fn id(&self) -> &'static str {
        "side by side"
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let room = ui.ctx().content_rect().size() - vec2(96.0, 96.0);
        let size = room.min(MOST);
        ui.set_width(size.x);
        let mut is_closed = false;
        heading_ui(ui, "Two runs side by side", |ui| is_closed = ui.button(tr("Close")).clicked());
        match &self.state {
            State::Waiting => {
                ui.add_space(GRID);
                ui.label(tr("Both networks read the samples."));
                ui.spinner();
            }
            State::Failed(why) => drop(ui.add(Label::new(RichText::new(tr(why)).color(Palette::of(ui).bad)).wrap())),
            State::Ready(found) => {
                let height = size.y - 60.0;
                ui.allocate_ui_with_layout(vec2(size.x, height), Layout::top_down(Align::Min), |ui| {
                    ui.set_min_height(height);
                    found_ui(ui, found, &mut self.shown, &mut self.grid);
                });
            }
        }
        if is_closed { Next::Close } else { Next::Stay }
    }
}

fn found_ui(ui: &mut Ui, found: &SideBySide, shown: &mut Better, grid: &mut ImageGrid) {
    let [a, b] = &found.sides;
    let palette = Palette::of(ui);
    for (letter, side) in [("A", a), ("B", b)] {
        let told = drawing_text(&side.drawing, &found.dataset);
        ui.horizontal_wrapped(|ui| {
            ui.label(theme::strong(format!("{letter}  {}", side.name)));
            ui.label(tr(score(&side.evaluation)));
            if let Some(told) = told {
                ui.label(RichText::new(tr(format!("reads {told} in the drawing"))).color(palette.muted));
            }
        });
    }
    ui.add(Label::new(tr(sentence(found))).wrap());
    ui.add_space(GRID);
    if let (Predictions::Classes(of_a), Predictions::Classes(of_b)) =
        (&a.evaluation.predictions, &b.evaluation.predictions)
    {
        matrices_ui(ui, [of_a, of_b], found.dataset.task.classes());
        ui.add_space(GRID);
    }
    let count = |case: Better| thousands(found.cases.iter().filter(|other| **other == case).count() as f64);
    let are_classes = matches!(a.evaluation.predictions, Predictions::Classes(_));
    let names = match are_classes {
        true => ["Only B right", "Only A right", "Both wrong"],
        false => ["B nearer", "A nearer", "Equal"],
    };
    let last = if are_classes { Better::Neither } else { Better::Both };
    let cases = [Better::OnlyB, Better::OnlyA, last];
    let labels: Vec<_> = cases.iter().zip(names).map(|(case, name)| format!("{name}: {}", count(*case))).collect();
    let options: Vec<_> =
        cases.iter().zip(&labels).map(|(case, label)| (*case, label.as_str(), "These samples")).collect();
    segmented_ui(ui, shown, &options);
    ui.add_space(GRID);
    let at: Vec<usize> = (0..found.cases.len()).filter(|at| found.cases[*at] == *shown).collect();
    if at.is_empty() {
        return placeholder_ui(ui, "There are no such samples.");
    }
    samples_ui(ui, found, &at, *shown, grid);
}

fn matrices_ui(ui: &mut Ui, of: [&ClassPredictions; 2], names: &[String]) {
    let width = (ui.available_width() - 4.0 * GRID) / 2.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0 * GRID;
        for (letter, predictions) in ["A", "B"].into_iter().zip(of) {
            ui.push_id(letter, |ui| {
                ui.allocate_ui(vec2(width, MATRIX), |ui| {
                    drop(ConfusionHeatmap::new(&predictions.confusion, names).show(ui))
                });
            });
        }
    });
}

/// The samples at these positions of the evaluations, with what both networks say.
fn samples_ui(ui: &mut Ui, found: &SideBySide, at: &[usize], shown: Better, grid: &mut ImageGrid) {
    let SideBySide { sides: [a, b], dataset, part, .. } = found;
    let samples = if *part == Subset::Test { &dataset.test } else { &dataset.train };
    let sample = |row: usize| sample_of(&a.evaluation, at[row]) as usize;
    let said = |side: &Side, row: usize| said(&side.evaluation, at[row], dataset);
    let image = dataset.shape.as_image().filter(|_| dataset.modality() == Modality::Images);
    if let Some([height, width, channels]) = image {
        let pixels = |index: usize, out: &mut [u8]| copy(samples, sample(index), out);
        let caption = |index: usize| Caption {
            truth: truth(&a.evaluation, at[index], dataset),
            predicted: Some(format!("A {}, B {}", said(a, index), said(b, index))),
            detail: String::new(),
        };
        let (pixels, caption) = (&pixels, &caption);
        let version = shown as u64 + 1;
        let images = Images { count: at.len(), height, width, channels, version, pixels, caption, caption_rows: 2 };
        let scale = fitting_scale(at.len(), [height, width], 2, ui.available_size()).max(96.0 / width as f32);
        grid.ui(ui, &images, scale);
        return;
    }
    let columns = match dataset.modality() {
        Modality::Table => table_columns(&dataset.features, dataset.shape.channels()),
        Modality::Images | Modality::Series | Modality::Text => Vec::new(),
    };
    let heads: Vec<Head> = ["row", "true", "A", "B"].map(Head::text).into_iter().chain(heads_of(&columns)).collect();
    let cell = |row: usize, column: usize| match column {
        0 => sample(row).to_string(),
        1 => truth(&a.evaluation, at[row], dataset),
        2 => said(a, row),
        3 => said(b, row),
        column => columns[column - 4].text(numbers_of(samples, sample(row))),
    };
    ScrollArea::horizontal().show(ui, |ui| data_table_ui(ui, "side by side", &heads, at.len(), &cell));
}

fn numbers_of(samples: &Samples, at: usize) -> &[f64] {
    samples.numbers_of(at)
}

/// The position of a sample of an evaluation in the samples of the data set.
fn sample_of(evaluation: &Evaluation, at: usize) -> u32 {
    match &evaluation.predictions {
        Predictions::Classes(predictions) => predictions.predictions[at].sample,
        Predictions::Numbers(predictions) => predictions.samples[at],
        Predictions::Reconstructions(predictions) => predictions.samples[at],
        Predictions::Tokens(predictions) => predictions.samples[at],
    }
}

fn truth(evaluation: &Evaluation, at: usize, dataset: &Dataset) -> String {
    match &evaluation.predictions {
        Predictions::Classes(predictions) => class(predictions.predictions[at], dataset, |answer| answer.truth),
        Predictions::Numbers(predictions) => numbers(&predictions.truths, predictions.width, at),
        Predictions::Reconstructions(_) => "itself".to_owned(),
        Predictions::Tokens(predictions) => token_text(dataset, predictions.samples[at]),
    }
}

fn said(evaluation: &Evaluation, at: usize, dataset: &Dataset) -> String {
    match &evaluation.predictions {
        Predictions::Classes(predictions) => class(predictions.predictions[at], dataset, |answer| answer.class),
        Predictions::Numbers(predictions) => numbers(&predictions.predictions, predictions.width, at),
        Predictions::Reconstructions(predictions) => {
            format!("error {}", significant(f64::from(predictions.errors[at])))
        }
        Predictions::Tokens(predictions) => format!("cross-entropy {}", significant(f64::from(predictions.losses[at]))),
    }
}

/// The text of a sample, without what fills it up.
fn token_text(dataset: &Dataset, sample: u32) -> String {
    let tokens = dataset.train.tokens_of(sample as usize);
    dataset.tokenizer().map_or_else(String::new, |tokenizer| tokenizer.decode(tokens).trim().to_owned())
}

fn class(answer: Prediction, dataset: &Dataset, of: fn(&Prediction) -> u16) -> String {
    dataset.task.classes().get(usize::from(of(&answer))).cloned().unwrap_or_default()
}

fn numbers(values: &[f64], width: usize, at: usize) -> String {
    let range: RangeInclusive<usize> = at * width..=at * width + width.saturating_sub(1);
    values.get(range).unwrap_or_default().iter().map(|value| number_text(*value)).collect::<Vec<_>>().join(", ")
}

/// What a network reads in the drawing; nothing if it does not read drawings.
fn drawing_text(drawing: &DrawingOutput, dataset: &Dataset) -> Option<String> {
    let DrawingOutput::Probabilities(shares) = drawing else { return None };
    let (class, share) = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    Some(format!("{} ({})", dataset.task.classes().get(class)?, percent(f64::from(*share))))
}

fn score(evaluation: &Evaluation) -> String {
    match (&evaluation.predictions, evaluation.get(&RMSE)) {
        (Predictions::Classes(predictions), _) => format!("accuracy {}", percent(f64::from(predictions.accuracy()))),
        (_, Some(rmse)) => format!("RMSE {}", significant(rmse)),
        (..) => format!("loss {}", significant(f64::from(evaluation.loss))),
    }
}

/// Who is better, and whether that could be chance.
fn sentence(found: &SideBySide) -> String {
    let agreement = found.agreement;
    let part = if found.part == Subset::Test {
        "test samples, since their seeds differ and with them the validation samples"
    } else {
        "validation samples"
    };
    let are_classes = matches!(found.sides[0].evaluation.predictions, Predictions::Classes(_));
    let (what, test) = match are_classes {
        true => ("is right alone", "McNemar's exact test"),
        false => ("is nearer to the truth", "the sign test"),
    };
    let p = agreement.p();
    let verdict = match (p < LEVEL, agreement.only_b > agreement.only_a) {
        (true, true) => "B is significantly better (5 % level)",
        (true, false) => "A is significantly better (5 % level)",
        (false, _) => "the difference is not significant (5 % level)",
    };
    let count = |count: usize| thousands(count as f64);
    format!(
        "On {} {part}, A {what} on {}, B on {}: {verdict} (p {} by {test}). Whether another seed would turn it, Compare with the project… tells.",
        count(found.cases.len()),
        count(agreement.only_a),
        count(agreement.only_b),
        if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") },
    )
}
