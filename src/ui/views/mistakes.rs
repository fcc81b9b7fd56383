//! The tab with the validation images that were misread, the surest mistakes first.

mod rows;

use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use crate::data::Modality;
use crate::train::heads::Results;
use crate::train::metrics::{ClassAnswers, Prediction};
use crate::train::{Answered, Evaluation};
use crate::ui::state::subject::{Subject, address};
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::images::{copy, fitting_scale, not_images};
use crate::ui::views::parts::reconstructions::ReconstructionPairs;
use crate::ui::views::view::View;
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::numbers::{percent, thousands};
use crate::ui::widgets::text::placeholder_ui;
use backprop_nn::init::mix;
use rows::RowMistakes;

pub const ID: &str = "mistakes";

#[derive(Default)]
pub struct Mistakes {
    grid: ImageGrid,
    rows: RowMistakes,
    listed: Option<Listed>,
    pairs: ReconstructionPairs,
}

/// The answers that are shown, worked out once for an evaluation and a cell.
struct Listed {
    evaluation: Arc<Evaluation>,
    cell: Option<(usize, usize)>,
    answers: Vec<Prediction>,
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

    fn fits(&self, subject: &Subject) -> Result<(), &'static str> {
        match (subject.results(), subject.modality()) {
            (Results::Samples, _) => {
                Err("A generator predicts nothing, so it makes no mistakes; Learn shows its samples.")
            }
            (Results::Classes, _) | (_, Modality::Table) | (Results::Reconstructions, Modality::Images) => Ok(()),
            (Results::Numbers | Results::Forecast | Results::Reconstructions, _) => {
                Err("This network predicts numbers, which are near or far, not right or wrong; Learn shows how near.")
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let (Some(evaluation), Some(job)) = (&cx.session.validation, &cx.session.job) else {
            let text = "After the first epoch this shows the validation samples that the network misreads.";
            return placeholder_ui(ui, text);
        };
        let (evaluation, dataset) = (Arc::clone(evaluation), Arc::clone(&job.dataset));
        let answers = match &evaluation.answers {
            Answered::Classes(answers) => answers,
            Answered::Numbers(answers) if dataset.modality() == Modality::Table => {
                return self.rows.numbers_ui(ui, &evaluation, answers, &dataset);
            }
            Answered::Reconstructions(answers) if dataset.modality() == Modality::Table => {
                return self.rows.given_back_ui(ui, &evaluation, answers, &dataset);
            }
            Answered::Reconstructions(_) if dataset.modality() == Modality::Images => {
                return self.pairs.worst_ui(ui, &evaluation, cx);
            }
            // Of these `fits` says why nothing is shown.
            Answered::Numbers(_) | Answered::Reconstructions(_) => return,
        };
        let names = cx.subject.class_names(answers.confusion.nrows());
        let Self { grid, listed, rows, .. } = self;
        let version = listed.as_ref().map_or(0, |listed| listed.version);
        let is_listed =
            listed.as_ref().is_some_and(|l| Arc::ptr_eq(&l.evaluation, &evaluation) && l.cell == cx.playground.cell);
        if !is_listed {
            let answers = list(answers, cx.playground.cell);
            *listed = Some(Listed {
                evaluation: Arc::clone(&evaluation),
                cell: cx.playground.cell,
                answers,
                version: version + 1,
            });
        }
        let Some(Listed { answers, version, .. }) = listed else { return };
        filter_ui(ui, answers.len(), &evaluation, &names, cx);
        ui.add_space(GRID);
        if answers.is_empty() {
            return placeholder_ui(ui, "There is none.");
        }
        if dataset.modality() == Modality::Table {
            return rows.classes_ui(ui, answers, &names, &dataset);
        }
        let Some([height, width, channels]) =
            dataset.shape.as_image().filter(|_| dataset.modality() == Modality::Images)
        else {
            return placeholder_ui(ui, &not_images(&dataset));
        };
        let name = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
        let pixels = |index: usize, out: &mut [u8]| copy(&dataset.train, answers[index].sample as usize, out);
        let caption = |index: usize| {
            let answer = answers[index];
            Caption {
                truth: name(answer.truth),
                predicted: Some(name(answer.class)),
                detail: format!("{} sure", percent(f64::from(answer.confidence))),
            }
        };
        let version = mix(address(&dataset), *version);
        let images =
            Images { count: answers.len(), height, width, channels, version, pixels: &pixels, caption: &caption };
        let scale = fitting_scale(images.count, [height, width], ui.available_size());
        grid.ui(ui, &images, scale);
    }
}

/// The mistakes, or all answers of a cell, the surest first.
fn list(answers: &ClassAnswers, cell: Option<(usize, usize)>) -> Vec<Prediction> {
    let is_shown = |answer: &&Prediction| match cell {
        Some((truth, class)) => usize::from(answer.truth) == truth && usize::from(answer.class) == class,
        None => answer.truth != answer.class,
    };
    let mut answers: Vec<_> = answers.predictions.iter().filter(is_shown).copied().collect();
    answers.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    answers
}

/// What is shown, in words, and a chip that shows all again.
fn filter_ui(ui: &mut Ui, count: usize, evaluation: &Evaluation, names: &[String], cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    let name = |class: usize| names.get(class).map_or("?", String::as_str);
    let of = thousands(evaluation.len() as f64);
    let text = match cx.playground.cell {
        None => format!("{} of {of} validation samples are misread", thousands(count as f64)),
        Some((truth, class)) if truth == class => {
            format!("{} validation samples of {} are read right", thousands(count as f64), name(truth))
        }
        Some((truth, class)) => {
            format!("{} validation samples of {} are read as {}", thousands(count as f64), name(truth), name(class))
        }
    };
    ui.horizontal(|ui| {
        ui.label(theme::heading(text));
        ui.label(RichText::new("surest first").color(palette.muted));
        if let Some((truth, class)) = cx.playground.cell {
            let chip =
                format!("{} → {}  {}", name(truth), name(class), egui_material_icons::icons::ICON_CLOSE.codepoint);
            let chip = ui.button(chip).on_hover_text("Show all mistakes");
            if chip.accessible_name("Show all mistakes").clicked() {
                cx.playground.cell = None;
            }
        }
    });
}
