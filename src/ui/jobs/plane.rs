//! What a network says of every place in the plane of its two features, worked out beside the window while it trains.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::train::evaluate::read_rows;
use crate::ui::jobs::drawing::Source;
use crate::ui::jobs::throttle::Throttle;
use crate::ui::views::{is_plane, plane_of};
use crate::ui::{Action, Studio};

/// Places in a row and in a column.
pub const SIDE: usize = 80;

/// The answers of a network with the weights of a moment.
pub struct Answers {
    source: Source,
    /// The part of the plane that is answered, x and y.
    pub ranges: [RangeInclusive<f64>; 2],
    /// `[SIDE, SIDE, outputs]`, the highest y first: probabilities, or numbers in the unit of the target.
    pub values: Vec<f32>,
    took: Duration,
}

/// The newest answers.
#[derive(Default)]
pub struct Surface {
    answers: Option<Arc<Answers>>,
    throttle: Throttle,
}

impl Surface {
    /// The answers of this network, perhaps with weights of a moment ago.
    pub fn answers(&self, now: Option<&Source>) -> Option<&Arc<Answers>> {
        self.answers.as_ref().filter(|answers| now.is_some_and(|now| answers.source.has_same_network(now)))
    }

    pub fn arrived(&mut self, answers: Arc<Answers>) {
        self.throttle.answered(answers.took);
        self.answers = Some(answers);
    }
}

impl Studio {
    /// What the network says of the plane with the weights that it has now, if that has been worked out.
    pub fn plane_answers(&self) -> Option<&Arc<Answers>> {
        let now = self.reading.this(&self.session)?;
        self.surface.answers(Some(&now)).filter(|answers| answers.source.has_same_weights(&now))
    }

    /// Asks for the answers of the newest weights, if they are others than those that are shown.
    pub(in crate::ui) fn update_surface(&mut self, ctx: &Context) {
        let dataset = self.session.job.as_ref().map(|job| &job.dataset).or_else(|| self.session.dataset());
        let Some(dataset) = dataset.filter(|dataset| is_plane(dataset)) else { return };
        let Some(source) = self.reading.this(&self.session).filter(|source| !source.is_generator()) else { return };
        let fits = source.features() == dataset.features && source.trained().network.input() == dataset.shape;
        let painting = self.desk.painting.as_ref();
        let ranges = painting.map_or_else(|| plane_of(dataset), |painting| painting.ranges.clone());
        let is_answered = self.plane_answers().is_some_and(|answers| answers.ranges == ranges);
        if !fits || is_answered || !self.surface.throttle.ask(ctx) {
            return;
        }
        self.tasks.spawn(ctx, "drawing the plane", move || Action::SurfaceDrawn(Arc::new(ask(source, ranges))));
    }
}

fn ask(source: Source, ranges: [RangeInclusive<f64>; 2]) -> Answers {
    let started = Instant::now();
    let values = read_rows(source.trained(), &places(&ranges));
    Answers { values, source, ranges, took: started.elapsed() }
}

/// The middle of every cell, row by row from the top.
fn places([x, y]: &[RangeInclusive<f64>; 2]) -> Vec<f32> {
    let at = |cell: usize, low: f64, high: f64| low + (high - low) * (cell as f64 + 0.5) / SIDE as f64;
    let rows = (0..SIDE).map(|row| at(row, *y.end(), *y.start()));
    let cells = rows.flat_map(|y| (0..SIDE).map(move |column| (column, y)));
    cells.flat_map(|(column, y)| [at(column, *x.start(), *x.end()) as f32, y as f32]).collect()
}
