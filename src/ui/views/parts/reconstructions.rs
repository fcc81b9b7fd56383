//! Samples above what the network gives back for them.

use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use crate::train::metrics::ReconstructionAnswers;
use crate::train::{Answered, Evaluation};
use crate::ui::jobs::reconstructions::Pictures;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::data::copy;
use crate::ui::views::learn::results::figures_text;
use crate::ui::views::mistakes::fitting_scale;
use crate::ui::views::parts::{caption_ui, heading_ui, placeholder_ui};
use crate::ui::views::{Cx, holds_images};
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::numbers::{steady, thousands};

/// Rows of pixels between an image and its reconstruction.
const GAP: usize = 1;

/// A grid of pairs, uploaded anew when the pictures are others.
#[derive(Default)]
pub struct Reconstructions {
    grid: ImageGrid,
    shown: Option<Arc<Pictures>>,
    version: u64,
}

impl Reconstructions {
    /// The figures of the validation samples, and some of them as they are given back at this moment.
    pub fn watched_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        heading_ui(ui, "Reconstruction", |_| {});
        if let Some(Answered::Reconstructions(answers)) = cx.session.validation.as_ref().map(|seen| &seen.answers) {
            figures_ui(ui, answers);
        }
        let holds_images = cx.session.job.as_ref().is_some_and(|job| holds_images(&job.dataset));
        match (cx.gallery.pictures(cx.session.job.as_ref()).cloned(), cx.project.data.validation > 0.0) {
            (Some(pictures), true) => self.pairs_ui(ui, &pictures, 0..pictures.watched),
            (_, false) => placeholder_ui(ui, "No validation samples are held back, so there is nothing to give back."),
            _ if cx.session.validation.is_some() && !holds_images => {
                placeholder_ui(ui, "These samples are no images. The rooms Try and Mistakes show their numbers.");
            }
            _ => {
                placeholder_ui(ui, "Press Train, and validation samples stand here above what the network gives back.")
            }
        }
    }

    /// The samples that were given back worst.
    pub fn worst_ui(&mut self, ui: &mut Ui, evaluation: &Evaluation, cx: &Cx<'_>) {
        worst_heading_ui(ui, evaluation.len());
        match cx.gallery.pictures(cx.session.job.as_ref()).cloned() {
            Some(pictures) if pictures.watched < pictures.samples.len() => {
                self.pairs_ui(ui, &pictures, pictures.watched..pictures.samples.len());
            }
            _ => placeholder_ui(ui, "The pictures are being drawn."),
        }
    }

    /// Every pair is one image, the sample above and its reconstruction below.
    fn pairs_ui(&mut self, ui: &mut Ui, pictures: &Arc<Pictures>, which: Range<usize>) {
        let dataset = &pictures.job.dataset;
        let Some([height, width, channels]) = dataset.shape.as_image() else { return };
        if !self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, pictures)) {
            (self.shown, self.version) = (Some(Arc::clone(pictures)), self.version + 1);
        }
        let (len, gap) = (dataset.shape.len(), GAP * width * channels);
        let pixels = |index: usize, out: &mut [u8]| {
            let at = which.start + index;
            copy(&dataset.train, pictures.samples[at] as usize, &mut out[..len]);
            out[len..len + gap].fill(128);
            out[len + gap..].copy_from_slice(&pictures.pixels[at * len..][..len]);
        };
        let caption = |index: usize| {
            let error = steady(f64::from(pictures.errors[which.start + index]));
            Caption { truth: error, detail: "error, where white is 1".to_owned(), ..Caption::default() }
        };
        let height = 2 * height + GAP;
        let count = which.len();
        let images =
            Images { count, height, width, channels, version: self.version, pixels: &pixels, caption: &caption };
        let scale = fitting_scale(count, [height, width], ui.available_size());
        self.grid.ui(ui, &images, scale);
    }
}

/// What is shown of the samples that were given back worst, in words.
pub fn worst_heading_ui(ui: &mut Ui, samples: usize) {
    ui.horizontal(|ui| {
        ui.label(theme::heading(format!("{} validation samples", thousands(samples as f64))));
        ui.label(RichText::new("largest error first").color(Palette::of(ui).muted));
    });
    ui.add_space(GRID);
}

fn figures_ui(ui: &mut Ui, answers: &ReconstructionAnswers) {
    let text = figures_text(&[("R²", answers.r2()), ("RMSE", answers.rmse()), ("MAE", answers.mae())]);
    caption_ui(ui, &text).on_hover_text(
        "R² is the share of the variance of all numbers that is given back, 1 at best. RMSE and MAE tell how far the \
         numbers are off, where white is 1, or in deviations of the column; RMSE counts large errors more.",
    );
}
