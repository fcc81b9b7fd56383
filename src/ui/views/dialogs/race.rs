//! A race over the window: two to four trainings that differ in one setting, at the same time and side by side, each with its share of
//! the processor. They begin with the same weights and samples, or go on from the same checkpoint, and each is kept as a run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{ComboBox, Context, Label, RichText, TextEdit, Ui, vec2};
use egui_material_icons::icons::{ICON_ADD, ICON_CLOSE, ICON_PLAY_ARROW};

use super::dialog::{Dialog, Next};
use super::sweep::searchable;
use crate::data::Dataset;
use crate::language::tr;
use crate::project::{Project, ProjectError};
use crate::runs::search::Dimension;
use crate::runs::search::space::name_of;
use crate::train::metrics::LOSS;
use crate::train::{Checkpoint, Job, LiveChange, Metric, Outcome, RunCommand, Start, Subset, default_threads};
use crate::ui::commands::Situation;
use crate::ui::jobs::recording::{BranchPoint, Destination, Recorded, Recording, continued};
use crate::ui::state::score::score_text;
use crate::ui::state::session::{Session, Status};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::widgets::button::{icon_button_ui, primary_button_ui};
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::numbers::thousands;

const WIDTH: f32 = 900.0;
const PLOT: f32 = 260.0;
/// How many run at a time.
const LEAST: usize = 2;
const MOST: usize = 4;

const HELP: &str = "The trainings differ in one setting. They have the same first weights, the same samples in the same order and an \
                    equal share of the processor; each is kept as a run.";

/// Time that a frame spends on the events of each training.
const BUDGET: Duration = Duration::from_millis(1);
const WAKE: Duration = Duration::from_millis(16);

/// Where a race begins.
pub struct Origin {
    /// The project on the screen.
    pub project: Project,
    /// Its data.
    pub dataset: Arc<Dataset>,
    /// The run and its checkpoint that all may go on from.
    pub fork: Option<(Arc<Job>, Arc<Checkpoint>)>,
    /// Whether that run has diverged: from its last checkpoint, most rates would diverge again.
    pub has_diverged: bool,
    /// The name of that run, for those that go on from it.
    pub parent: Option<BranchPoint>,
    /// Where runs are kept; nowhere if none are.
    pub base: Option<PathBuf>,
}

/// A race that is being set up, on or over. Dropped, it stops within one batch, and what was learned is kept.
pub struct Race {
    origin: Origin,
    /// The key of the setting, and the values.
    key: String,
    values: Vec<String>,
    is_forked: bool,
    runners: Vec<Runner>,
    /// Why it did not begin.
    error: Option<String>,
}

struct Runner {
    /// The value of the setting.
    name: String,
    session: Session,
    recording: Option<Recording>,
}

impl Race {
    /// A race of learning rates, until another setting is chosen.
    pub fn new(origin: Origin) -> Self {
        let is_forked = origin.fork.is_some() && !origin.has_diverged;
        let mut race =
            Self { origin, key: String::new(), values: Vec::new(), is_forked, runners: Vec::new(), error: None };
        race.choose("training.learning_rate".to_owned());
        race
    }

    /// The trainings: their values of the setting, and their sessions.
    pub fn runners(&self) -> impl Iterator<Item = (&str, &Session)> {
        self.runners.iter().map(|runner| (&*runner.name, &runner.session))
    }

    /// Takes a setting, and three values around its own.
    fn choose(&mut self, key: String) {
        let project = &self.origin.project;
        let around = Dimension::around(project, &key).and_then(|text| Dimension::parse(project, &text).ok());
        self.values = around.map_or_else(Vec::new, |dimension| {
            let mut places = dimension.grid();
            places.truncate(MOST);
            places.into_iter().map(|place| dimension.value(place)).collect()
        });
        self.key = key;
    }

    fn begin(&mut self, ctx: &Context) {
        self.error = None;
        match self.started(ctx) {
            Ok(runners) => self.runners = runners,
            Err(why) => self.error = Some(why),
        }
    }

    fn started(&self, ctx: &Context) -> Result<Vec<Runner>, String> {
        let threads = (default_threads() / self.values.len().max(1)).max(1);
        let made: Vec<_> = self
            .values
            .iter()
            .map(|value| self.job(value, threads))
            .collect::<Result<_, _>>()
            .map_err(|error: ProjectError| format!("{error}."))?;
        let mut runners = Vec::with_capacity(made.len());
        for (value, recorded) in self.values.iter().zip(made) {
            let mut session = Session::new(&recorded.project.data.source);
            let waker = ctx.clone();
            let wake = move || waker.request_repaint_after(WAKE);
            let started = session.start(Arc::clone(&recorded.job), &recorded.project, Start::Running, wake);
            started.map_err(|error| format!("A training could not be started: {error}."))?;
            let destination = self.origin.base.clone().map(Destination::NewIn);
            let recording =
                destination.and_then(|place| Recording::begin(recorded, place, |what| tracing::warn!("{what}")).ok());
            if let Some(recording) = &recording {
                session.listen(recording.listener());
            }
            runners.push(Runner { name: value.clone(), session, recording });
        }
        Ok(runners)
    }

    /// The training with this value of the setting.
    fn job(&self, value: &str, threads: usize) -> Result<Recorded, ProjectError> {
        let Origin { project, dataset, fork, parent, .. } = &self.origin;
        let mut project = project.clone();
        project.set(&self.key, value)?;
        if let Some((job, checkpoint)) = fork.as_ref().filter(|_| self.is_forked) {
            let live = LiveChange::of(&project.training);
            let recorded = continued(&project, job, Arc::clone(checkpoint), Some(live), threads)?;
            return Ok(Recorded { parent: parent.clone(), ..recorded });
        }
        let job = Arc::new(project.job(Arc::clone(dataset), threads)?);
        Ok(Recorded { project, job, parent: None })
    }

    fn name(&self) -> String {
        name_of(&self.origin.project, &self.key).to_lowercase()
    }

    fn setup_ui(&mut self, ui: &mut Ui) -> Next {
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let offered = searchable(&self.origin.project, self.origin.dataset.shape);
        let combo = ComboBox::from_id_salt("setting").width(260.0).height(320.0).selected_text(tr(self.name()));
        let mut chosen = None;
        let shown = combo.show_ui(ui, |ui| {
            for (key, _) in &offered {
                if ui.selectable_label(*key == self.key, tr(name_of(&self.origin.project, key))).clicked() {
                    chosen = Some(key.clone());
                }
            }
        });
        shown.response.accessible_name(tr("Setting"));
        if let Some(key) = chosen {
            self.choose(key);
        }
        ui.add_space(GRID);
        let mut removed = None;
        ui.horizontal_wrapped(|ui| {
            for (at, value) in self.values.iter_mut().enumerate() {
                let field = ui.add(TextEdit::singleline(value).desired_width(120.0));
                field.accessible_name(tr(format!("Value {}", at + 1)));
                if icon_button_ui(ui, ICON_CLOSE, &format!("Take value {} away", at + 1)).clicked() {
                    removed = Some(at);
                }
            }
            if self.values.len() < MOST && icon_button_ui(ui, ICON_ADD, "Add a value").clicked() {
                self.values.push(self.values.last().cloned().unwrap_or_default());
            }
        });
        removed.map(|at| self.values.remove(at));
        if let Some((_, checkpoint)) = &self.origin.fork {
            let text = format!("Go on from step {} of the run", thousands(checkpoint.step as f64));
            ui.checkbox(&mut self.is_forked, tr(text))
                .on_hover_text(tr("Without it all begin with the first weights."));
        }
        if let Some(error) = &self.error {
            ui.add(Label::new(RichText::new(tr(error)).color(Palette::of(ui).bad)).wrap());
        }
        ui.add_space(2.0 * GRID);
        let mut next = Next::Stay;
        ui.horizontal(|ui| {
            let is_possible = (LEAST..=MOST).contains(&self.values.len());
            let start = primary_button_ui(ui, is_possible, ICON_PLAY_ARROW, "Race", vec2(104.0, ROW));
            if start.on_disabled_hover_text(tr("A race has two to four trainings.")).clicked() {
                self.begin(ui.ctx());
            }
            if ui.button(tr("Cancel")).clicked() {
                next = Next::Close;
            }
        });
        next
    }

    fn race_ui(&mut self, ui: &mut Ui, width: f32) -> Next {
        let head = self.origin.project.head(Some(&self.origin.dataset));
        let metric = head.headline().first().copied();
        let gap = 4.0 * GRID;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            let size = vec2((width - gap) / 2.0, PLOT);
            let shown =
                [("Training loss", Subset::Train, &LOSS), ("Validation", Subset::Validation, metric.unwrap_or(&LOSS))];
            for (title, part, metric) in shown {
                ui.allocate_ui(size, |ui| self.plot_ui(ui, title, part, metric));
            }
        });
        ui.add_space(GRID);
        for (at, runner) in self.runners.iter().enumerate() {
            ui.horizontal(|ui| {
                let (dot, _) = ui.allocate_exact_size(vec2(ROW, ROW), eframe::egui::Sense::hover());
                ui.painter().circle_filled(dot.center(), 5.0, Palette::of(ui).class(at));
                ui.label(theme::strong(runner.name.clone()));
                ui.label(tr(standing(&runner.session)));
            });
        }
        ui.add_space(2.0 * GRID);
        let mut next = Next::Stay;
        ui.horizontal(|ui| {
            let is = |wanted: fn(&Status) -> bool| self.runners.iter().any(|runner| wanted(&runner.session.status));
            let (is_running, is_paused) =
                (is(|status| matches!(status, Status::Running)), is(|status| matches!(status, Status::Paused)));
            if is_running && ui.button(tr("Pause")).clicked() {
                self.runners.iter_mut().for_each(|runner| runner.session.send(RunCommand::Pause));
            }
            if !is_running && is_paused && ui.button(tr("Resume")).clicked() {
                self.runners.iter_mut().for_each(|runner| runner.session.send(RunCommand::Resume));
            }
            if (is_running || is_paused) && ui.button(tr("Stop")).clicked() {
                self.runners.iter_mut().for_each(|runner| runner.session.stop());
            }
            if ui.button(tr("Close")).clicked() {
                next = Next::Close;
            }
        });
        next
    }

    fn plot_ui(&self, ui: &mut Ui, title: &str, part: Subset, metric: &'static Metric) {
        let range = match metric.unit {
            crate::train::metrics::Unit::Percent => Range::Accuracy,
            crate::train::metrics::Unit::Number => Range::Loss,
        };
        let title =
            if part == Subset::Train { title.to_owned() } else { format!("{title} {}", metric.label.to_lowercase()) };
        let runners = self.runners.iter().enumerate();
        let series: Vec<_> = runners
            .map(|(at, runner)| Series {
                name: &runner.name,
                curve: runner.session.curves.of(part, metric),
                look: Look::Run(at),
            })
            .collect();
        let smoothing = if part == Subset::Train { 0.9 } else { 0.0 };
        let fork = self.origin.fork.as_ref().filter(|_| self.is_forked).map_or(0, |(_, checkpoint)| checkpoint.step);
        let plot = CurvePlot::new(&title, range, &series).smoothing(smoothing).from_step(fork);
        plot.link("race").height(PLOT).show(ui);
    }
}

/// How far a training is, or how it ended.
fn standing(session: &Session) -> String {
    let progress = session.progress;
    match &session.status {
        Status::Ended(Outcome::Finished(Some(test))) => format!("finished, test {}", score_text(test)),
        Status::Ended(Outcome::Diverged(divergence)) => divergence.to_string(),
        Status::Ended(Outcome::Failed(why)) => why.clone(),
        Status::Ended(outcome) => outcome.name().to_owned(),
        Status::Idle | Status::Running | Status::Paused | Status::Stopping => {
            let score =
                session.validation().map_or_else(String::new, |seen| format!(", validation {}", score_text(seen)));
            format!("epoch {} of {}{score}", progress.epoch.max(1), progress.epochs)
        }
    }
}

impl Dialog for Race {
    fn id(&self) -> &'static str {
        "race"
    }

    fn absorb(&mut self) {
        for runner in &mut self.runners {
            runner.session.drain(BUDGET);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let width = WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID);
        ui.set_width(width);
        let title = if self.runners.is_empty() { "Race".to_owned() } else { format!("Race: {}", self.name()) };
        ui.label(theme::heading(&title));
        ui.add_space(GRID);
        match self.runners.is_empty() {
            true => self.setup_ui(ui),
            false => self.race_ui(ui, width),
        }
    }
}

/// What was learned is written before the runs are forgotten; a batch is all that is waited for.
impl Drop for Race {
    fn drop(&mut self) {
        for runner in &mut self.runners {
            runner.session.finish();
            drop(runner.session.reset());
            if let Some(recording) = runner.recording.take()
                && recording.retire().join().is_err()
            {
                tracing::warn!("writing a run ended unexpectedly");
            }
        }
    }
}
