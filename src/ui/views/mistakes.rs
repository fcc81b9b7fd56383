//! The tab with the validation samples that are misclassified, the most confident mistakes first, and with how far the confidence
//! is to be trusted.

mod calibration;
mod rows;
mod texts;

use std::sync::Arc;

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::icons::ICON_CLOSE;

use crate::data::Modality;
use crate::language::tr;
use crate::train::heads::Results;
use crate::train::metrics::{ClassPredictions, Prediction};
use crate::train::{Evaluation, Predictions};
use crate::ui::state::subject::{Subject, identity};
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::parts::images::{copy, fitting_scale, not_images};
use crate::ui::views::parts::reconstructions::ReconstructionPairs;
use crate::ui::views::view::View;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::numbers::{percent, thousands};
use crate::ui::widgets::text::placeholder_ui;
use backprop_nn::init::mix;
use calibration::CalibrationView;
use rows::RowMistakes;

/// The id of this view.
pub const ID: &str = "mistakes";

/// The tab that lists the samples with the worst predictions.
#[derive(Default)]
pub struct Mistakes {
    grid: ImageGrid,
    rows: RowMistakes,
    listed: Option<Listed>,
    pairs: ReconstructionPairs,
    shown: Shown,
    calibration: CalibrationView,
}

/// What is shown of predicted classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Samples,
    Calibration,
}

/// The predictions that are shown, worked out once for an evaluation and a cell.
struct Listed {
    evaluation: Arc<Evaluation>,
    cell: Option<(usize, usize)>,
    predictions: Vec<Prediction>,
    version: u64,
}

impl View for Mistakes {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Mistakes"
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::MISTAKES
    }

    fn fits(&self, subject: &Subject) -> Result<(), &'static str> {
        match (subject.results(), subject.modality()) {
            (Results::Samples, _) => {
                Err("A generator predicts nothing, so it makes no mistakes. Learn shows its samples.")
            }
            (Results::Text, _) => Err(
                "A language model is more or less surprised, and seldom right. Write shows what it makes of a text.",
            ),
            (Results::Classes, _) | (_, Modality::Table) | (Results::Reconstructions, Modality::Images) => Ok(()),
            (Results::Numbers | Results::Forecast | Results::Reconstructions, _) => Err(
                "This network predicts numbers, which have errors but are not right or wrong. Learn shows the errors.",
            ),
        }
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let (Some(evaluation), Some(job)) = (cx.session.validation(), &cx.session.job) else {
            let text = "After the first epoch this shows the validation samples that the network misclassifies.";
            return placeholder_ui(ui, text);
        };
        let (evaluation, dataset) = (Arc::clone(evaluation), Arc::clone(&job.dataset));
        if self.shown == Shown::Calibration && evaluation.classes().is_some() {
            return self.calibration.ui(ui, Arc::clone(job), evaluation, cx);
        }
        let predictions = match &evaluation.predictions {
            Predictions::Classes(predictions) => predictions,
            Predictions::Numbers(predictions) if dataset.modality() == Modality::Table => {
                return self.rows.numbers_ui(ui, &evaluation, predictions, &dataset);
            }
            Predictions::Reconstructions(predictions) if dataset.modality() == Modality::Table => {
                return self.rows.reconstructions_ui(ui, &evaluation, predictions, &dataset);
            }
            Predictions::Reconstructions(_) if dataset.modality() == Modality::Images => {
                return self.pairs.worst_ui(ui, &evaluation, cx);
            }
            // Of these `fits` says why nothing is shown.
            Predictions::Numbers(_) | Predictions::Reconstructions(_) | Predictions::Tokens(_) => return,
        };
        let names = cx.subject.class_names(predictions.confusion.nrows());
        let Self { grid, listed, rows, .. } = self;
        let version = listed.as_ref().map_or(0, |listed| listed.version);
        let is_listed =
            listed.as_ref().is_some_and(|l| Arc::ptr_eq(&l.evaluation, &evaluation) && l.cell == cx.playground.cell);
        if !is_listed {
            let predictions = list(predictions, cx.playground.cell);
            *listed = Some(Listed {
                evaluation: Arc::clone(&evaluation),
                cell: cx.playground.cell,
                predictions,
                version: version + 1,
            });
        }
        let Some(Listed { predictions, version, .. }) = listed else { return };
        filter_ui(ui, predictions.len(), &evaluation, &names, cx);
        ui.add_space(GRID);
        if predictions.is_empty() {
            return placeholder_ui(ui, "There are no such samples.");
        }
        if dataset.modality() == Modality::Table {
            return rows.classes_ui(ui, predictions, &names, &dataset);
        }
        if dataset.modality() == Modality::Text {
            return texts::texts_ui(ui, predictions, &names, &dataset);
        }
        let Some([height, width, channels]) =
            dataset.shape.as_image().filter(|_| dataset.modality() == Modality::Images)
        else {
            return placeholder_ui(ui, &not_images(&dataset));
        };
        let name = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
        let pixels = |index: usize, out: &mut [u8]| copy(&dataset.train, predictions[index].sample as usize, out);
        let caption = |index: usize| {
            let answer = predictions[index];
            Caption {
                truth: name(answer.truth),
                predicted: Some(name(answer.class)),
                detail: format!("confidence {}", percent(f64::from(answer.confidence))),
            }
        };
        let version = mix(identity(&dataset), *version);
        let (count, pixels, caption) = (predictions.len(), &pixels, &caption);
        let caption_rows = if names.iter().all(|name| name.chars().count() < 3) { 1 } else { 2 };
        let images = Images { count, height, width, channels, version, pixels, caption, caption_rows };
        let scale = fitting_scale(count, [height, width], caption_rows, ui.available_size());
        grid.ui(ui, &images, scale);
    }

    fn options_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.subject.results() == Results::Classes {
            let samples = (Shown::Samples, "Samples", "The validation samples that the network misclassifies");
            let calibration =
                (Shown::Calibration, "Calibration", "Whether it is as often right as its confidence says");
            segmented_ui(ui, &mut self.shown, &[samples, calibration]);
        }
    }
}

/// The mistakes, or all predictions of a cell, the most confident first.
fn list(predictions: &ClassPredictions, cell: Option<(usize, usize)>) -> Vec<Prediction> {
    let is_shown = |answer: &&Prediction| match cell {
        Some((truth, class)) => usize::from(answer.truth) == truth && usize::from(answer.class) == class,
        None => answer.truth != answer.class,
    };
    let mut predictions: Vec<_> = predictions.predictions.iter().filter(is_shown).copied().collect();
    predictions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    predictions
}

/// What is shown, in words, and a chip that shows all again.
fn filter_ui(ui: &mut Ui, count: usize, evaluation: &Evaluation, names: &[String], cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    let name = |class: usize| names.get(class).map_or("?", String::as_str);
    let (count, of) = (thousands(count as f64), thousands(evaluation.len() as f64));
    let text = match cx.playground.cell {
        None => format!("{count} of {of} validation samples are misclassified"),
        Some((truth, class)) if truth == class => {
            format!("{count} validation samples of {} are classified correctly", name(truth))
        }
        Some((truth, class)) => {
            format!("{count} validation samples of {} are classified as {}", name(truth), name(class))
        }
    };
    let right_to_left = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), right_to_left, |ui| {
        if cx.playground.cell.is_some() {
            let chip = Button::new((tr("Show all").into_owned(), ICON_CLOSE.rich_text())).small();
            if ui.add(chip).accessible_name(tr("Show all mistakes")).clicked() {
                cx.playground.cell = None;
            }
        }
        ui.label(RichText::new(tr("most confident first")).color(palette.muted));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(Label::new(theme::heading(text)).truncate());
        });
    });
}
