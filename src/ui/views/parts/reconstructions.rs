//! Samples above their reconstructions.

use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use crate::data::Modality;
use crate::language::tr;
use crate::train::metrics::ReconstructionPredictions;
use crate::train::{Evaluation, Predictions};
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::reconstructions::ReconstructionsQuery;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::figures::figures_text;
use crate::ui::views::parts::images::{copy, fitting_scale};
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::numbers::{steady, thousands};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};

/// Rows of pixels between an image and its reconstruction.
const GAP: usize = 1;

/// A grid of pairs, uploaded anew when the images are others.
#[derive(Default)]
pub struct ReconstructionPairs {
    grid: ImageGrid,
}

impl ReconstructionPairs {
    /// The metrics of the validation set, and the reconstructions of some of its samples at this moment.
    pub fn watched_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        heading_ui(ui, "Reconstruction", |_| {});
        if let Some(Predictions::Reconstructions(predictions)) = cx.session.validation().map(|seen| &seen.predictions) {
            figures_ui(ui, predictions);
        }
        let are_images = cx.subject.modality() == Modality::Images;
        match (derived(ui, cx), cx.project.data.validation > 0.0) {
            (Some(images), true) => self.pairs_ui(ui, &images, 0..images.answer.watched),
            (_, false) => placeholder_ui(ui, "There is no validation set, so there is nothing to reconstruct."),
            _ if cx.session.validation().is_some() && !are_images => {
                placeholder_ui(ui, "These samples are not images. Try and Mistakes show their numbers.");
            }
            _ => placeholder_ui(ui, "While it trains this shows validation samples above their reconstructions."),
        }
    }

    /// The samples with the worst reconstructions.
    pub fn worst_ui(&mut self, ui: &mut Ui, evaluation: &Evaluation, cx: &mut Cx<'_>) {
        worst_heading_ui(ui, evaluation.len());
        match derived(ui, cx) {
            Some(images) if images.answer.watched < images.answer.samples.len() => {
                self.pairs_ui(ui, &images, images.answer.watched..images.answer.samples.len());
            }
            _ => placeholder_ui(ui, "The images are being drawn."),
        }
    }

    /// Every pair is one image, the sample above and its reconstruction below.
    fn pairs_ui(&mut self, ui: &mut Ui, images: &Latest<ReconstructionsQuery>, which: Range<usize>) {
        let Latest { query, answer, version, .. } = images;
        let dataset = &query.job.dataset;
        let Some([height, width, channels]) = dataset.shape.as_image() else { return };
        let (len, gap) = (dataset.shape.len(), GAP * width * channels);
        let pixels = |index: usize, out: &mut [u8]| {
            let at = which.start + index;
            copy(&dataset.train, answer.samples[at] as usize, &mut out[..len]);
            out[len..len + gap].fill(128);
            out[len + gap..].copy_from_slice(&answer.pixels[at * len..][..len]);
        };
        let caption = |index: usize| {
            let error = steady(f64::from(answer.errors[which.start + index]));
            Caption { truth: error, detail: "error, where white is 1".to_owned(), ..Caption::default() }
        };
        let height = 2 * height + GAP;
        let count = which.len();
        let (pixels, caption, version) = (&pixels, &caption, *version);
        let images = Images { count, height, width, channels, version, pixels, caption, caption_rows: 1 };
        let scale = fitting_scale(count, [height, width], 1, ui.available_size());
        self.grid.ui(ui, &images, scale);
    }
}

/// The newest images of the run, perhaps with weights of a moment ago.
fn derived(ui: &Ui, cx: &mut Cx<'_>) -> Option<Arc<Latest<ReconstructionsQuery>>> {
    let query = ReconstructionsQuery::of(cx.session)?;
    cx.derived.reconstructions.ask(ui.ctx(), query)
}

/// What is shown of the samples with the largest errors, in words.
pub fn worst_heading_ui(ui: &mut Ui, samples: usize) {
    ui.horizontal(|ui| {
        ui.label(theme::heading(format!("{} validation samples", thousands(samples as f64))));
        ui.label(RichText::new(tr("largest error first")).color(Palette::of(ui).muted));
    });
    ui.add_space(GRID);
}

fn figures_ui(ui: &mut Ui, predictions: &ReconstructionPredictions) {
    let text = figures_text(&[("R²", predictions.r2()), ("RMSE", predictions.rmse()), ("MAE", predictions.mae())]);
    caption_ui(ui, &text).on_hover_text(
        tr("R² is the share of the variance that is reconstructed, 1 at best. RMSE and MAE are errors, where white is 1, or in \
         standard deviations of the column; RMSE counts large errors more."),
    );
}
