//! How a run looks in a terminal: a progress bar while it goes on, a line per epoch.

use std::cell::RefCell;

use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::train::baselines::Baseline;
use crate::train::heads::Line;
use crate::train::metrics::{Figure, LOSS, PERPLEXITY, RMSE};
pub use crate::train::metrics::{figure_text, grouped, named, percent, significant};
use crate::train::{EpochStat, Evaluation, Head, Job, Metric, Predictions, StepStat};

pub struct Terminal {
    bar: ProgressBar,
    steps_per_epoch: usize,
    epochs: usize,
    columns: Vec<Column>,
    headline: &'static [&'static Metric],
    /// Why a line could not be printed.
    unsaid: RefCell<Option<std::io::Error>>,
}

/// A metric of epochs in the table.
struct Column {
    /// Whether it is that of the validation set.
    is_validation: bool,
    metric: &'static Metric,
    title: String,
}

impl Column {
    /// What goes with a task: the curves that the window shows, and what else sums up the validation set.
    fn of(head: &dyn Head) -> Vec<Self> {
        let lines = head.plots().into_iter().flat_map(|plot| plot.lines);
        let of_line = |line: &Line| {
            let (is_validation, metric, title) = match *line {
                Line::Training(metric) => (false, metric, format!("train {}", named(metric))),
                Line::Validation(metric) => (true, metric, format!("validation {}", named(metric))),
                Line::Network(metric, part, _) if *metric == LOSS => (false, metric, format!("{part} loss")),
                Line::Network(metric, ..) => (false, metric, named(metric)),
            };
            Self { is_validation, metric, title }
        };
        let mut columns: Vec<_> = lines.map(of_line).collect();
        for metric in head.headline() {
            if !columns.iter().any(|column| column.metric == *metric) {
                columns.push(of_line(&Line::Validation(metric)));
            }
        }
        columns
    }

    fn text(&self, stat: &EpochStat) -> String {
        let value = match self.is_validation {
            true => stat.validation.as_ref().and_then(|validation| validation.get(self.metric)),
            false => stat.get(self.metric),
        };
        figure_text(Figure { metric: self.metric, value }).unwrap_or_else(|| "-".to_owned())
    }

    fn width(&self) -> usize {
        self.title.chars().count().max(8)
    }
}

impl Terminal {
    pub fn new(job: &Job) -> Self {
        let bar = ProgressBar::new((job.steps_per_epoch() * job.training.epochs) as u64);
        let style = ProgressStyle::with_template("{prefix} {bar:32} {pos}/{len} steps, {eta} left, {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (columns, headline) = (Column::of(job.head()), job.head().headline());
        let (steps_per_epoch, epochs, unsaid) = (job.steps_per_epoch(), job.training.epochs, RefCell::default());
        Self { bar, steps_per_epoch, epochs, columns, headline, unsaid }
    }

    /// What is trained, and the heading of the table.
    pub fn begin(&self, name: &str, job: &Job) {
        let (data, split) = (&job.dataset, &job.split);
        self.line(&format!(
            "{name}: {} parameters on {} ({} training, {} validation, {} test samples), seed {}, {} threads",
            grouped(job.network.param_count()),
            data.name,
            grouped(split.train.len()),
            grouped(split.validation.len()),
            grouped(data.test.len()),
            job.training.seed,
            job.threads,
        ));
        data.notes.iter().for_each(|note| self.line(note));
        let set = split.train.len();
        if job.training.batch >= set {
            let text = format!(
                "full-batch descent: a batch of {} holds all training samples, so an epoch is one step",
                grouped(job.training.batch)
            );
            self.line(&text);
        }
        let titles: String =
            self.columns.iter().map(|column| format!("  {:>1$}", column.title, column.width())).collect();
        self.line(&format!("epoch{titles}  samples/s  seconds"));
    }

    pub fn steps(&self, steps: &[StepStat]) {
        if let Some(last) = steps.last() {
            self.bar.set_prefix(format!("epoch {}/{}", last.epoch, self.epochs));
            self.bar.set_position(last.step.min((self.steps_per_epoch * self.epochs) as u64));
            self.bar.set_message(format!("loss {:.4}", last.loss()));
        }
    }

    pub fn epoch(&self, stat: &EpochStat) {
        let cells: String =
            self.columns.iter().map(|column| format!("  {:>1$}", column.text(stat), column.width())).collect();
        let pace = format!("  {:>9}  {:>7.1}", grouped(stat.samples_per_s as usize), stat.seconds);
        self.line(&format!("{:>5}{cells}{pace}", stat.epoch));
    }

    pub fn end(&self, test: Option<&Evaluation>, others: &[Baseline]) {
        self.bar.finish_and_clear();
        if let Some(test) = test {
            // Where one class is nearly all, the accuracy says little.
            let lead =
                ["macro_recall", "macro_f1"].into_iter().filter(|_| test.is_one_sided()).filter_map(Metric::named);
            let figures = lead.chain(self.headline.iter().copied()).filter_map(|metric| {
                Some(format!(", {} {}", named(metric), figure_text(Figure { metric, value: test.get(metric) })?))
            });
            let (figures, samples) = (figures.collect::<String>(), grouped(test.len()));
            self.line(&format!(
                "test: loss {:.4}{figures} on {samples} samples that neither trained nor judged the run",
                test.loss,
            ));
            let baseline =
                test.baseline().and_then(|figure| Some(format!("{} {}", named(figure.metric), figure_text(figure)?)));
            let others =
                others.iter().map(|Baseline { name, evaluation }| match (test.classes(), evaluation.classes()) {
                    (Some(_), Some(classes)) if test.is_one_sided() => {
                        format!("{name} balanced {}", percent(classes.macro_scores()[1].unwrap_or_default() as f32))
                    }
                    (Some(_), Some(classes)) => format!("{name} {}", percent(classes.accuracy())),
                    _ if matches!(test.predictions, Predictions::Tokens(_)) => {
                        let perplexity = evaluation.get(&PERPLEXITY).map_or("–".to_owned(), significant);
                        format!("perplexity of {name} {perplexity}")
                    }
                    _ => format!("RMSE of {name} {}", evaluation.get(&RMSE).map_or("–".to_owned(), significant)),
                });
            let beside: Vec<String> = others.chain(baseline).collect();
            if !beside.is_empty() {
                self.line(&format!("beside it: {}", beside.join(", ")));
            }
        }
    }

    /// Why a line could not be printed, if one could not.
    pub fn unsaid(&self) -> Option<std::io::Error> {
        self.unsaid.borrow_mut().take()
    }

    /// A line of the table, above the bar. If nobody reads it any more, the run is still worth finishing.
    pub fn line(&self, text: &str) {
        self.bar.suspend(|| {
            if let Err(error) = output::print(text) {
                self.unsaid.borrow_mut().get_or_insert(error);
            }
        });
    }
}
