//! Several trainings over the window, which show how much of a result is chance: cross-validation, other seeds, and two settings held
//! against each other. A table grows trial by trial.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{Label, RichText, Ui, vec2};

use super::dialog::{Dialog, Next};
use crate::data::{Dataset, Order};
use crate::language::tr;
use crate::project::Project;
use crate::runs::compare::difference;
use crate::runs::folds::{Spread, folds, spreads};
use crate::runs::seeds::{self, Comparison, ranges};
use crate::runs::statistics::Range;
use crate::runs::trial::TrialResult;
use crate::train::Metric;
use crate::train::metrics::Unit;
use crate::ui::commands::Situation;
use crate::ui::jobs::report::Report;
use crate::ui::jobs::trials::{Place, RunningTrials, State};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::parts::band::band_ui;
use crate::ui::widgets::bar::bar_ui;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::numbers::{percent, steady, thousands};

const WIDTH: f32 = 820.0;
const TABLE: f32 = 344.0;
/// Height of the curves, beside which the table is lower.
const PLOT: f32 = 150.0;

/// How often the bar moves while nothing else happens.
const TICK: Duration = Duration::from_millis(100);

/// How many folds a person may choose.
pub const FOLDS: [usize; 4] = [2, 3, 5, 10];

/// How many seeds a person may choose.
pub const SEEDS: [usize; 4] = [5, 10, 20, 50];

/// What the trials are to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Cross-validation with so many folds.
    Folds(usize),
    /// The same training with so many seeds.
    Seeds(usize),
    /// Whether this project, B, is better than another, A, with so many seeds.
    Comparison {
        /// A.
        with: Box<Project>,
        /// What A is called, "the run".
        name: String,
        /// How many seeds.
        seeds: usize,
    },
}

/// Trials over the window. Dropped, they end within one batch.
pub struct Trials {
    question: Question,
    project: Project,
    dataset: Arc<Dataset>,
    trials: RunningTrials,
}

/// A number of samples of a fold.
type Count = fn(&TrialResult) -> usize;

impl Trials {
    /// The trials as the window sees them, and their work, which is for another thread. `wake` is called at all news.
    pub fn new(
        question: Question,
        project: Project,
        dataset: Arc<Dataset>,
        base: Option<std::path::PathBuf>,
        wake: impl Fn() + Send + 'static,
    ) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (trials, kind) = match &question {
            Question::Folds(count) => (folds(&project, &dataset, *count), "folds"),
            Question::Seeds(count) => (Ok(seeds::trials(&project, *count)), "seeds"),
            Question::Comparison { with, seeds, .. } => (seeds::pairs(with, &project, *seeds), "compare"),
        };
        let place: Place = base.map(|base| (base, format!("{}-{kind}", project.name)));
        let (trials, work) = RunningTrials::new(trials, Arc::clone(&dataset), place, wake);
        (Self { question, project, dataset, trials }, work)
    }

    /// Whether some are still being trained.
    pub fn is_running(&self) -> bool {
        self.trials.state == State::Running
    }

    /// What came of those that are done.
    pub fn results(&self) -> &[TrialResult] {
        &self.trials.results
    }

    /// What a comparison says, when it is done.
    pub fn answers(&self) -> Vec<Comparison> {
        match &self.question {
            Question::Comparison { with, .. } if self.trials.state == State::Done => {
                let is_same_loss = with.training.loss == self.project.training.loss;
                seeds::answers(self.results(), &self.dataset, is_same_loss).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn title(&self) -> String {
        let seed = self.project.training.seed;
        match &self.question {
            Question::Folds(count) => format!("Cross-validation, {count} folds, seed {seed}"),
            Question::Seeds(count) => format!("{count} seeds, from {seed} on"),
            Question::Comparison { seeds, .. } => format!("Is B better than A? {seeds} seeds"),
        }
    }

    fn help(&self) -> String {
        let rest = "The test samples are not used, and the project stays as it is.";
        match &self.question {
            Question::Folds(_) => format!(
                "{} For each fold a copy of the network is trained from its initial weights and evaluated on the fold that it was not trained on. {rest}",
                dealt(&self.dataset)
            ),
            Question::Seeds(_) => format!(
                "The seed decides the initial weights, the order of the samples{} and all else that is random. A copy of the network is trained with each, and evaluated on its validation samples. {rest}",
                self.split()
            ),
            Question::Comparison { with, name, .. } => {
                let told: Vec<_> =
                    difference(with, &self.project).into_iter().filter(|line| !line.starts_with("seed ")).collect();
                format!(
                    "A is {name}, B the project on the screen: {}. Both are trained with the same seeds{} and evaluated on their validation samples. {rest}",
                    told.join(", "),
                    if self.split().is_empty() { "" } else { " and splits" }
                )
            }
        }
    }

    /// Whether the seed decides which samples are for validation, as a part of a list.
    fn split(&self) -> &'static str {
        match self.dataset.order {
            Order::Free | Order::Groups(_) => ", which of them are for validation",
            Order::Time(_) | Order::Held(_) | Order::Position { .. } => "",
        }
    }

    fn table_ui(&self, ui: &mut Ui) {
        if self.results().is_empty() {
            let text = if self.is_running() { "The first ones are being trained." } else { "" };
            return drop(ui.label(RichText::new(tr(text)).color(Palette::of(ui).muted)));
        }
        match self.question {
            Question::Folds(count) => self.folds_ui(ui, count),
            Question::Seeds(_) => self.seeds_ui(ui),
            Question::Comparison { .. } => self.comparison_ui(ui),
        }
    }

    /// A row for each figure, with mean and spread before what the folds have.
    fn folds_ui(&self, ui: &mut Ui, count: usize) {
        let spreads = spreads(self.results());
        let mut heads = vec![Head::text("metric"), Head::number("mean"), Head::number("±")];
        heads.extend((1..=count).map(|fold| Head::number(format!("fold {fold}"))));
        let counts: [(&str, Count); 2] =
            [("training samples", |fold| fold.train), ("validation samples", |fold| fold.validation)];
        data_table_ui(ui, "folds", &heads, spreads.len() + counts.len(), &|row, column| {
            let fold = column.checked_sub(3).and_then(|fold| self.results().get(fold));
            match (spreads.get(row), counts.get(row.wrapping_sub(spreads.len()))) {
                (Some(spread), _) => fold_text(spread, row, column, fold),
                (None, Some((name, _))) if column == 0 => (*name).to_owned(),
                (None, Some((_, count))) => fold.map_or(String::new(), |fold| thousands(count(fold) as f64)),
                (None, None) => String::new(),
            }
        });
    }

    fn seeds_ui(&self, ui: &mut Ui) {
        let ranges = ranges(self.results());
        let mut heads = ["metric"].map(Head::text).to_vec();
        heads.extend(["median", "lowest", "highest"].map(Head::number));
        let first = self.project.training.seed;
        heads
            .extend((0..self.results().len() as u64).map(|more| Head::number(format!("{}", first.wrapping_add(more)))));
        data_table_ui(ui, "seeds", &heads, ranges.len(), &|row, column| {
            let (metric, range) = ranges[row];
            let of = |value: fn(&Range) -> f64| text(metric, range.as_ref().map(value));
            match column {
                0 => metric.label.to_owned(),
                1 => of(|range| range.median),
                2 => of(|range| range.low),
                3 => of(|range| range.high),
                _ => self.results().get(column - 4).map_or(String::new(), |result| text(metric, result.get(metric))),
            }
        });
    }

    fn comparison_ui(&self, ui: &mut Ui) {
        let [a, b] = self.sides().map(|side| ranges(&side));
        let heads: Vec<_> = [Head::text("metric")]
            .into_iter()
            .chain(["A median", "A range", "B median", "B range", "mean B − A", "95 % interval"].map(Head::number))
            .collect();
        data_table_ui(ui, "comparison", &heads, a.len(), &|row, column| {
            let metric = a[row].0;
            let side = |of: &[(&'static Metric, Option<Range>)]| of.get(row).and_then(|(_, range)| *range);
            let median = |range: Option<Range>| text(metric, range.map(|range| range.median));
            let both = |low: f64, high: f64, sign: bool| {
                format!("{} to {}", signed(metric, low, sign), signed(metric, high, sign))
            };
            let range =
                |range: Option<Range>| range.map_or("–".to_owned(), |range| both(range.low, range.high, false));
            let difference = || Comparison::in_metric(self.results(), &self.dataset, metric).map(|it| it.difference);
            match column {
                0 => metric.label.to_owned(),
                1 => median(side(&a)),
                2 => range(side(&a)),
                3 => median(side(&b)),
                4 => range(side(&b)),
                5 => difference().map_or("–".to_owned(), |it| signed(metric, it.mean, true)),
                _ => difference().map_or("–".to_owned(), |it| both(it.low, it.high, true)),
            }
        });
    }

    /// The results of A and of B, as many of each.
    fn sides(&self) -> [Vec<TrialResult>; 2] {
        let (pairs, _) = self.results().as_chunks::<2>();
        [0, 1].map(|side| pairs.iter().map(|pair| pair[side].clone()).collect())
    }

    fn plot_ui(&self, ui: &mut Ui) {
        match self.question {
            Question::Folds(_) => {}
            Question::Seeds(_) => band_ui(ui, &[("median and range", self.results())], PLOT),
            Question::Comparison { .. } => {
                let [a, b] = self.sides();
                band_ui(ui, &[("B, median and range", &b), ("A, median", &a)], PLOT);
            }
        }
    }

    fn answer_ui(&self, ui: &mut Ui, width: f32) {
        match &self.trials.state {
            State::Running => {
                ui.ctx().request_repaint_after(TICK);
                drop(bar_ui(ui, "Trainings", Some(self.trials.share()), width));
            }
            State::Failed(why) => drop(ui.add(Label::new(RichText::new(tr(why)).color(Palette::of(ui).bad)).wrap())),
            State::Done => match (&self.question, &*self.answers()) {
                (Question::Folds(_), _) => drop(ui.label(tr("± is the standard deviation over the folds."))),
                (Question::Seeds(_), _) => drop(ui.label(tr("A difference within the range may be chance alone."))),
                (_, [first, more @ ..]) => {
                    ui.add(Label::new(theme::strong(first.to_string())).wrap());
                    more.iter().for_each(|more| drop(ui.add(Label::new(tr(more.to_string())).wrap())));
                    let others = seeds::others(self.results(), &self.dataset, &self.answers());
                    others.into_iter().for_each(|others| drop(ui.add(Label::new(tr(others)).wrap())));
                    ui.add(Label::new(RichText::new(tr(first.method())).color(Palette::of(ui).muted)).wrap());
                }
                (_, []) => drop(ui.label(tr("The metric is undefined for one of the seeds."))),
            },
        }
    }
}

impl Dialog for Trials {
    fn id(&self) -> &'static str {
        "trials"
    }

    fn absorb(&mut self) {
        self.trials.absorb();
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let muted = Palette::of(ui).muted;
        let width = WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID);
        ui.set_width(width);
        ui.label(theme::heading(self.title()));
        ui.add_space(GRID);
        ui.add(Label::new(RichText::new(tr(self.help())).color(muted)).wrap());
        ui.add_space(2.0 * GRID);
        let has_plot = !matches!(self.question, Question::Folds(_));
        let table = if has_plot { TABLE - PLOT } else { TABLE };
        ui.allocate_ui(vec2(width, table), |ui| {
            ui.set_min_height(table);
            self.table_ui(ui);
        });
        if has_plot {
            ui.allocate_ui(vec2(width, PLOT), |ui| {
                ui.set_min_height(PLOT);
                self.plot_ui(ui);
            });
        }
        ui.add_space(2.0 * GRID);
        let answer = if matches!(self.question, Question::Comparison { .. }) { 4.0 * theme::ROW } else { theme::ROW };
        ui.allocate_ui(vec2(width, answer), |ui| {
            ui.set_min_height(answer);
            self.answer_ui(ui, width);
        });
        ui.add_space(2.0 * GRID);
        let close = ui.button(tr(if self.is_running() { "Cancel" } else { "Close" }));
        if close.clicked() { Next::Close } else { Next::Stay }
    }
}

fn fold_text(spread: &Spread, row: usize, column: usize, fold: Option<&TrialResult>) -> String {
    match (column, fold) {
        (0, _) => spread.metric.label.to_owned(),
        (1, _) => text(spread.metric, spread.mean),
        (2, _) => text(spread.metric, spread.deviation),
        (_, Some(fold)) => text(spread.metric, fold.figures.get(row).and_then(|figure| figure.value)),
        (_, None) => String::new(),
    }
}

fn text(metric: &Metric, value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| signed(metric, value, false))
}

/// With a sign in any case, or only where it is negative.
fn signed(metric: &Metric, value: f64, is_difference: bool) -> String {
    let text = match metric.unit {
        Unit::Percent => percent(value),
        Unit::Number => steady(value),
    };
    if is_difference && value > 0.0 { format!("+{text}") } else { text }
}

fn dealt(dataset: &Dataset) -> &'static str {
    match (&dataset.order, dataset.task.is_classification()) {
        (Order::Time(_), _) => "Each fold follows in time the samples that are trained on.",
        (Order::Position { .. }, _) => "Each fold follows in the text what is trained on.",
        (Order::Groups(_), _) => "Samples of one group stay together in one fold.",
        (Order::Free | Order::Held(_), true) => {
            "The samples of every class are dealt evenly to the folds (stratified)."
        }
        (Order::Free | Order::Held(_), false) => "The samples are dealt to the folds by chance.",
    }
}
