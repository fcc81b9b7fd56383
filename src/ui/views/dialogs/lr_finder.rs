//! The learning-rate finder over the window: a short training of a copy, its curve while it grows, and a button that takes
//! what it suggests.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::{Label, RichText, Ui, vec2};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::project::Project;
use crate::runs::rate_sweep::SweepRecorder;
use crate::train::{Job, RatePoint, RateSweep};
use crate::ui::commands::{Request, Situation};
use crate::ui::jobs::report::Report;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::bar::bar_ui;
use crate::ui::widgets::button::primary_button_ui;
use crate::ui::widgets::line_plot::{LinePlot, Quantity};
use crate::ui::widgets::numbers::{significant, two_digits};

const WIDTH: f32 = 560.0;

const HELP: &str = "A copy of the network is trained for a few steps while the learning rate grows at each of them, until the \
    loss diverges. A good rate lies where the loss falls steadily, well before it rises. The project stays as it is. What was tried is kept among the trials of the tab Runs.";

/// A sweep that is under way or done. Dropped, it ends within one step.
pub struct LrFinder {
    points: Vec<RatePoint>,
    state: State,
    news: Receiver<News>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Running,
    Done { suggestion: Option<f32> },
    Failed,
}

enum News {
    Point(RatePoint),
    Done { suggestion: Option<f32> },
}

impl LrFinder {
    /// The sweep as the window sees it, and its work, which is for another thread. It is kept as a run of the project in a folder, if
    /// there is one. `wake` is called after every step.
    pub fn new(
        job: Job,
        kept: Option<(PathBuf, Project)>,
        wake: impl Fn() + Send + 'static,
    ) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (sender, news) = bounded(RateSweep::STEPS + 1);
        let work = move || {
            let mut written = kept.map(|(base, project)| SweepRecorder::begin(&base, &project, &job)).transpose();
            let mut told = 0;
            // Nobody listens any more when it was cancelled.
            let tell = |news| sender.send(news).is_ok();
            let sweep = job.find_rate(&job.initial_weights(), |points| {
                let goes_on = points[told..].iter().all(|point| tell(News::Point(*point)));
                told = points.len();
                if let Ok(Some(recorder)) = &mut written
                    && let Err(error) = recorder.tell(points)
                {
                    written = Err(error);
                }
                wake();
                goes_on
            });
            if let Some(RateSweep { points, suggestion }) = &sweep {
                points[told..].iter().all(|point| tell(News::Point(*point)));
                tell(News::Done { suggestion: *suggestion });
            }
            let ended = written
                .and_then(|recorder| recorder.map_or(Ok(()), |recorder| recorder.end(&job, sweep.as_ref()).map(drop)));
            match ended {
                Ok(()) => Report::Nothing,
                Err(error) => Report::Warned(format!("What the learning-rate finder tried is not kept: {error}.")),
            }
        };
        (Self { points: Vec::new(), state: State::Running, news }, work)
    }

    /// Whether the sweep is still running.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    fn plot_ui(&self, ui: &mut Ui) {
        let line = |loss: fn(&RatePoint) -> f32| -> Vec<[f64; 2]> {
            self.points.iter().map(|point| [point.learning_rate.into(), loss(point).into()]).collect()
        };
        let (smoothed, raw) = (line(|point| point.smoothed), line(|point| point.loss));
        let highest = smoothed.iter().map(|[_, loss]| *loss).fold(0.0, f64::max);
        let highest = if highest > 0.0 { highest * 1.1 } else { 3.0 };
        let (first, last) = RateSweep::RATES.into_inner();
        let x = Quantity { name: "rate", range: first.into()..=last.into(), is_logarithmic: true };
        let y = Quantity { name: "loss", range: 0.0..=highest, is_logarithmic: false };
        let mark = match self.state {
            State::Done { suggestion: Some(rate) } => Some((f64::from(rate), significant(two_digits(rate).into()))),
            _ => None,
        };
        LinePlot::new("Loss over the learning rate", x, y, &smoothed).raw(&raw).mark(mark).height(240.0).show(ui);
    }

    fn share(&self) -> f32 {
        self.points.len() as f32 / RateSweep::STEPS as f32
    }

    /// The result.
    fn sentence(&self) -> String {
        match self.state {
            State::Running => String::new(),
            State::Done { suggestion: Some(rate) } => {
                format!(
                    "{} lies in the longest stretch along which the loss falls.",
                    significant(two_digits(rate).into())
                )
            }
            State::Done { suggestion: None } => {
                "There is nothing to suggest: the loss never fell for long. Try another optimizer or network."
                    .to_owned()
            }
            State::Failed => "It ended unexpectedly. Close this and try again.".to_owned(),
        }
    }
}

impl Dialog for LrFinder {
    fn id(&self) -> &'static str {
        "learning-rate finder"
    }

    fn absorb(&mut self) {
        while self.state == State::Running {
            match self.news.try_recv() {
                Ok(News::Point(point)) => self.points.push(point),
                Ok(News::Done { suggestion }) => self.state = State::Done { suggestion },
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.state = State::Failed,
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        ui.set_width(WIDTH);
        ui.label(theme::heading("Find a learning rate"));
        ui.add_space(GRID);
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        self.plot_ui(ui);
        ui.add_space(2.0 * GRID);
        ui.allocate_ui(vec2(WIDTH, theme::ROW), |ui| {
            ui.set_min_height(theme::ROW);
            match self.is_running() {
                true => bar_ui(ui, "Steps of the sweep", Some(self.share()), WIDTH),
                false => ui.label(tr(self.sentence())),
            }
        });
        ui.add_space(2.0 * GRID);
        ui.horizontal(|ui| {
            if let State::Done { suggestion: Some(rate) } = self.state {
                let rate = two_digits(rate);
                let name = format!("Use {}", significant(f64::from(rate)));
                let icon = egui_material_icons::icons::ICON_CHECK;
                if primary_button_ui(ui, true, icon, &name, vec2(0.0, theme::ROW)).clicked() {
                    return Next::Do(Request::UseLearningRate(rate).into());
                }
            }
            let name = if self.is_running() { "Cancel" } else { "Close" };
            if ui.button(tr(name)).clicked() { Next::Close } else { Next::Stay }
        })
        .inner
    }
}
