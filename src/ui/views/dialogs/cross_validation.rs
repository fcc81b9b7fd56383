//! Cross-validation over the window: copies of the project are trained on another thread, and a table grows fold by fold.

use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, TrySendError, bounded};
use eframe::egui::{Label, RichText, Ui, vec2};

use super::dialog::{Dialog, Next};
use crate::data::{Dataset, Order};
use crate::project::Project;
use crate::project::folds::{Fold, FoldNews, FoldsError, Spread, spreads};
use crate::train::metrics::Unit;
use crate::train::{Metric, default_threads};
use crate::ui::commands::Situation;
use crate::ui::jobs::report::Report;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::bar::bar_ui;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::numbers::{percent, steady, thousands};

const WIDTH: f32 = 760.0;
const TABLE: f32 = 344.0;

/// News that may wait for the window.
const NEWS: usize = 64;

/// How many folds a person may choose.
pub const COUNTS: [usize; 4] = [2, 3, 5, 10];

/// A cross-validation that is under way or done. Dropped, it ends within one batch.
pub struct CrossValidation {
    count: usize,
    seed: u64,
    /// How the samples are dealt to the folds, in a sentence.
    dealt: &'static str,
    folds: Vec<Fold>,
    share: f32,
    state: State,
    news: Receiver<News>,
}

/// A number of samples of a fold.
type Count = fn(&Fold) -> usize;

#[derive(Clone, Debug, PartialEq)]
enum State {
    Running,
    Done,
    Failed(String),
}

enum News {
    Of(FoldNews),
    Ended(Result<(), FoldsError>),
}

impl CrossValidation {
    /// The cross-validation as the window sees it, and its work, which is for another thread. `wake` is called at all news.
    pub fn new(
        project: Project,
        dataset: Arc<Dataset>,
        count: usize,
        wake: impl Fn() + Send + 'static,
    ) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (sender, news) = bounded(NEWS);
        let (seed, dealt) = (project.training.seed, dealt(&dataset));
        let work = move || {
            // Nobody listens any more when it was cancelled.
            let done = project.cross_validate(&dataset, count, default_threads(), |news| {
                // A hidden window takes no news; how far it is may be lost then, a fold may not.
                let is_heard = match news {
                    FoldNews::Progress(_) => {
                        !matches!(sender.try_send(News::Of(news)), Err(TrySendError::Disconnected(_)))
                    }
                    FoldNews::Fold(_) => sender.send(News::Of(news)).is_ok(),
                };
                wake();
                is_heard
            });
            let _ = sender.send(News::Ended(done));
            Report::Nothing
        };
        (Self { count, seed, dealt, folds: Vec::new(), share: 0.0, state: State::Running, news }, work)
    }

    /// Whether folds are still being trained.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// The folds that are done.
    pub fn folds(&self) -> &[Fold] {
        &self.folds
    }

    /// A row for each figure, with mean and spread before what the folds have.
    fn table_ui(&self, ui: &mut Ui) {
        let spreads = spreads(&self.folds);
        if spreads.is_empty() {
            let text = if self.is_running() { "The first fold is being trained." } else { "" };
            return drop(ui.label(RichText::new(text).color(Palette::of(ui).muted)));
        }
        let mut heads = vec![Head::text("metric"), Head::number("mean"), Head::number("±")];
        heads.extend((1..=self.count).map(|fold| Head::number(format!("fold {fold}"))));
        let counts: [(&str, Count); 2] =
            [("training samples", |fold| fold.train), ("validation samples", |fold| fold.validation)];
        data_table_ui(ui, "folds", &heads, spreads.len() + counts.len(), &|row, column| {
            let fold = column.checked_sub(3).and_then(|fold| self.folds.get(fold));
            match (spreads.get(row), counts.get(row.wrapping_sub(spreads.len()))) {
                (Some(spread), _) => cell_text(spread, row, column, fold),
                (None, Some((name, _))) if column == 0 => (*name).to_owned(),
                (None, Some((_, count))) => fold.map_or(String::new(), |fold| thousands(count(fold) as f64)),
                (None, None) => String::new(),
            }
        });
    }
}

impl Dialog for CrossValidation {
    fn id(&self) -> &'static str {
        "cross-validation"
    }

    fn absorb(&mut self) {
        while self.is_running() {
            match self.news.try_recv() {
                Ok(News::Of(FoldNews::Progress(share))) => self.share = share,
                Ok(News::Of(FoldNews::Fold(fold))) => self.folds.push(fold),
                Ok(News::Ended(Ok(()))) => self.state = State::Done,
                Ok(News::Ended(Err(error))) => self.state = State::Failed(sentence(&error)),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.state = State::Failed("It ended unexpectedly. Close this and try again.".to_owned());
                }
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let muted = Palette::of(ui).muted;
        let width = WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID);
        ui.set_width(width);
        ui.label(theme::heading(format!("Cross-validation, {} folds, seed {}", self.count, self.seed)));
        ui.add_space(GRID);
        let help = format!(
            "{} For each fold a copy of the network is trained from its initial weights and evaluated on the fold that it was not trained on. \
             The test samples are not used, and the project stays as it is.",
            self.dealt
        );
        ui.add(Label::new(RichText::new(help).color(muted)).wrap());
        ui.add_space(2.0 * GRID);
        ui.allocate_ui(vec2(width, TABLE), |ui| {
            ui.set_min_height(TABLE);
            self.table_ui(ui);
        });
        ui.add_space(2.0 * GRID);
        ui.allocate_ui(vec2(width, theme::ROW), |ui| {
            ui.set_min_height(theme::ROW);
            match &self.state {
                State::Running => drop(bar_ui(ui, "Trainings of all folds", Some(self.share), width)),
                State::Failed(why) => drop(ui.add(Label::new(RichText::new(why).color(Palette::of(ui).bad)).wrap())),
                State::Done => drop(ui.label("± is the standard deviation over the folds.")),
            }
        });
        ui.add_space(2.0 * GRID);
        let close = ui.button(if self.is_running() { "Cancel" } else { "Close" });
        if close.clicked() { Next::Close } else { Next::Stay }
    }
}

fn cell_text(spread: &Spread, row: usize, column: usize, fold: Option<&Fold>) -> String {
    let text = |value: Option<f64>| value.map_or("–".to_owned(), |value| figure_text(spread.metric, value));
    match (column, fold) {
        (0, _) => spread.metric.label.to_owned(),
        (1, _) => text(spread.mean),
        (2, _) => text(spread.deviation),
        (_, Some(fold)) => text(fold.figures.get(row).and_then(|figure| figure.value)),
        (_, None) => String::new(),
    }
}

fn figure_text(metric: &Metric, value: f64) -> String {
    match metric.unit {
        Unit::Percent => percent(value),
        Unit::Number => steady(value),
    }
}

fn dealt(dataset: &Dataset) -> &'static str {
    match (&dataset.order, dataset.task.is_classification()) {
        (Order::Time(_), _) => "Each fold follows in time the samples that are trained on.",
        (Order::Groups(_), _) => "Samples of one group stay together in one fold.",
        (Order::Free | Order::Held(_), true) => {
            "The samples of every class are dealt evenly to the folds (stratified)."
        }
        (Order::Free | Order::Held(_), false) => "The samples are dealt to the folds by chance.",
    }
}

/// What went wrong, as a sentence that stands alone.
fn sentence(error: &FoldsError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    format!("{}{}", first.chain(letters).collect::<String>(), if text.ends_with('.') { "" } else { "." })
}
