//! Validation samples and what the network gives back for them, worked out beside the window while it trains.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::data::samples::to_bytes;
use crate::train::evaluate::reconstruct;
use crate::train::{Answered, Evaluation, Job};
use crate::ui::jobs::drawing::Source;
use crate::ui::jobs::throttle::Throttle;
use crate::ui::views::holds_images;
use crate::ui::{Action, Studio};

/// Samples that are watched while the network learns, and samples that were given back worst.
const WATCHED: usize = 24;
const WORST: usize = 48;

/// Images as the network gives them back with the weights of a moment.
pub struct Pictures {
    source: Source,
    evaluation: Option<Arc<Evaluation>>,
    pub job: Arc<Job>,
    /// Positions in the training samples: first those that are watched, then the worst of the last evaluation.
    pub samples: Vec<u32>,
    pub watched: usize,
    /// `[samples, shape]`
    pub pixels: Vec<u8>,
    /// Root of the mean squared error of each, where white is 1.
    pub errors: Vec<f32>,
    took: Duration,
}

/// The newest pictures.
#[derive(Default)]
pub struct Gallery {
    pictures: Option<Arc<Pictures>>,
    throttle: Throttle,
}

impl Gallery {
    /// The pictures of this run, perhaps with weights of a moment ago.
    pub fn pictures(&self, job: Option<&Arc<Job>>) -> Option<&Arc<Pictures>> {
        self.pictures.as_ref().filter(|pictures| job.is_some_and(|job| Arc::ptr_eq(&pictures.job, job)))
    }

    pub fn arrived(&mut self, pictures: Arc<Pictures>) {
        self.throttle.answered(pictures.took);
        self.pictures = Some(pictures);
    }
}

impl Studio {
    /// The pictures of the weights that the network has now, if they have been worked out.
    pub fn pictures(&self) -> Option<&Arc<Pictures>> {
        let now = self.reading.this(&self.session)?;
        let same_evaluation = |pictures: &Pictures| match (&pictures.evaluation, &self.session.validation) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let pictures = self.gallery.pictures(self.session.job.as_ref())?;
        (pictures.source.has_same_weights(&now) && same_evaluation(pictures)).then_some(pictures)
    }

    /// Asks for the pictures of the newest weights, if they are others than those that are shown.
    pub(in crate::ui) fn update_gallery(&mut self, ctx: &Context) {
        let Some(job) = self.session.job.clone() else { return };
        let is_autoencoder = job.dataset.task.is_reconstruction() && job.adversary.is_none();
        let is_shown = is_autoencoder && holds_images(&job.dataset);
        let Some(source @ Source::Run(..)) = self.reading.this(&self.session).filter(|_| is_shown) else { return };
        if self.pictures().is_some() || !self.gallery.throttle.ask(ctx) {
            return;
        }
        let evaluation = self.session.validation.clone();
        self.tasks.spawn(ctx, "drawing the reconstructions", move || {
            Action::PicturesDrawn(Arc::new(draw(source, job, evaluation)))
        });
    }
}

fn draw(source: Source, job: Arc<Job>, evaluation: Option<Arc<Evaluation>>) -> Pictures {
    let started = Instant::now();
    let mut samples: Vec<u32> = job.split.validation.iter().copied().take(WATCHED).collect();
    let watched = samples.len();
    if let Some(Answered::Reconstructions(answers)) = evaluation.as_ref().map(|evaluation| &evaluation.answers) {
        let mut order: Vec<_> = answers.samples.iter().zip(&answers.errors).collect();
        order.sort_by(|a, b| b.1.total_cmp(a.1));
        samples.extend(order.iter().take(WORST).map(|(sample, _)| **sample));
    }
    let (given, errors) = reconstruct(source.trained(), &job.dataset.train, &samples);
    let pixels = to_bytes(&given).collect();
    Pictures { source, evaluation, job, samples, watched, pixels, errors, took: started.elapsed() }
}
