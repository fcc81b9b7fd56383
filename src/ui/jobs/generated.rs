//! What the generator of the run makes of a noise that stays the same, worked out beside the window while it trains.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::train::generate;
use crate::ui::jobs::drawing::Source;
use crate::ui::jobs::throttle::Throttle;
use crate::ui::{Action, Studio};
use backprop_nn::Shape;

/// Images that are shown at once, and rows of numbers.
const IMAGES: usize = 64;
const ROWS: usize = 512;

/// What a generator has made with the weights of a moment.
pub struct Generated {
    source: Source,
    /// The seed of the noise that the samples are made of.
    pub noise: u64,
    /// Tells these samples from all others.
    pub version: u64,
    pub shape: Shape,
    /// `[samples, shape]`, images from 0 to 1, others in the units of the data.
    pub values: Vec<f32>,
    took: Duration,
}

/// The newest samples.
#[derive(Default)]
pub struct GeneratedSamples {
    newest: Option<Arc<Generated>>,
    throttle: Throttle,
    asked: u64,
}

impl GeneratedSamples {
    /// What this network has made, perhaps with weights of a moment ago.
    pub fn newest(&self, now: Option<&Source>) -> Option<&Arc<Generated>> {
        self.newest.as_ref().filter(|made| now.is_some_and(|now| made.source.has_same_network(now)))
    }

    pub fn arrived(&mut self, made: Arc<Generated>) {
        self.throttle.answered(made.took);
        self.newest = Some(made);
    }
}

impl Generated {
    pub fn count(&self) -> usize {
        self.values.len() / self.shape.len().max(1)
    }
}

impl Studio {
    /// What the generator makes of the noise with the weights that it has now, if that has been worked out.
    pub fn generated(&self) -> Option<&Arc<Generated>> {
        let now = self.reading.this(&self.session)?;
        let is_new = |made: &&Arc<Generated>| made.source.has_same_weights(&now) && made.noise == self.desk.noise;
        self.generated.newest(Some(&now)).filter(is_new)
    }

    /// Asks for samples of the newest weights and of the noise that is wanted, if they are others than those that are shown.
    pub(in crate::ui) fn update_generated(&mut self, ctx: &Context) {
        let Some(source) = self.reading.this(&self.session).filter(Source::is_generator) else { return };
        if self.generated().is_some() || !self.generated.throttle.ask(ctx) {
            return;
        }
        self.generated.asked += 1;
        let (noise, version) = (self.desk.noise, self.generated.asked);
        self.tasks
            .spawn(ctx, "generating samples", move || Action::SamplesGenerated(Arc::new(make(source, noise, version))));
    }
}

fn make(source: Source, noise: u64, version: u64) -> Generated {
    let started = Instant::now();
    let trained = source.trained();
    let shape = trained.network.sample();
    let count = if shape.as_image().is_some() { IMAGES } else { ROWS };
    let values = generate(trained.network, trained.scaling, trained.weights, noise, count);
    Generated { noise, version, shape, values, took: started.elapsed(), source }
}
