//! What a network says of every place in the plane of its two features, worked out beside the window while it trains.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::panels::{is_plane, plane_of};
use super::session::Session;
use super::{Action, Studio};
use crate::train::evaluate::{Trained, read_rows};
use crate::train::{Job, Snapshot};

/// Places in a row and in a column.
pub const SIDE: usize = 80;

/// The surface is drawn at most this often.
const PAUSE: Duration = Duration::from_millis(100);

/// The answers of a network with the weights of a moment.
pub struct Answers {
    job: Arc<Job>,
    snapshot: Arc<Snapshot>,
    /// `[SIDE, SIDE, outputs]`, the highest y first: probabilities, or numbers in the unit of the target.
    pub values: Vec<f32>,
    took: Duration,
}

/// The newest answers, and whether others are on their way.
#[derive(Default)]
pub struct Surface {
    answers: Option<Arc<Answers>>,
    is_asked: bool,
    asked: Option<Instant>,
}

impl Surface {
    /// The answers of the network that is trained, or was trained last.
    pub fn answers(&self, session: &Session) -> Option<&Arc<Answers>> {
        let job = session.job.as_ref()?;
        self.answers.as_ref().filter(|answers| Arc::ptr_eq(&answers.job, job))
    }

    /// Whether the answers are those of the newest weights.
    pub fn is_current(&self, session: &Session) -> bool {
        match (self.answers(session), &session.snapshot) {
            (Some(answers), Some(snapshot)) => Arc::ptr_eq(&answers.snapshot, snapshot),
            (_, snapshot) => snapshot.is_none(),
        }
    }

    /// How long to wait before asking again; a slow network is asked for a tenth of the time.
    fn wait(&self) -> Duration {
        let pause = self.answers.as_ref().map_or(PAUSE, |answers| PAUSE.max(10 * answers.took));
        self.asked.map_or(Duration::ZERO, |asked| pause.saturating_sub(asked.elapsed()))
    }

    pub fn arrived(&mut self, answers: Arc<Answers>) {
        self.is_asked = false;
        self.answers = Some(answers);
    }
}

impl Studio {
    /// Asks for the answers of the newest weights, if they are others than those that are shown.
    pub(super) fn update_surface(&mut self, ctx: &Context) {
        let (Some(job), Some(snapshot)) = (&self.session.job, &self.session.snapshot) else { return };
        if !is_plane(&job.dataset) || self.surface.is_asked || self.surface.is_current(&self.session) {
            return;
        }
        let wait = self.surface.wait();
        if !wait.is_zero() {
            return ctx.request_repaint_after(wait);
        }
        (self.surface.is_asked, self.surface.asked) = (true, Some(Instant::now()));
        let (job, snapshot) = (Arc::clone(job), Arc::clone(snapshot));
        self.tasks.spawn(ctx, "drawing the plane", move || Action::SurfaceDrawn(Arc::new(ask(job, snapshot))));
    }
}

fn ask(job: Arc<Job>, snapshot: Arc<Snapshot>) -> Answers {
    let started = Instant::now();
    let places = places(&job);
    let run = Trained {
        network: &job.network,
        weights: &snapshot.weights,
        loss: &job.loss,
        task: &job.dataset.task,
        scaling: &job.scaling,
    };
    let values = read_rows(run, &places);
    Answers { values, job, snapshot, took: started.elapsed() }
}

/// The middle of every cell, row by row from the top.
fn places(job: &Job) -> Vec<f32> {
    let [x, y] = plane_of(&job.dataset);
    let at = |cell: usize, low: f64, high: f64| low + (high - low) * (cell as f64 + 0.5) / SIDE as f64;
    let rows = (0..SIDE).map(|row| at(row, *y.end(), *y.start()));
    let cells = rows.flat_map(|y| (0..SIDE).map(move |column| (column, y)));
    cells.flat_map(|(column, y)| [at(column, *x.start(), *x.end()) as f32, y as f32]).collect()
}
