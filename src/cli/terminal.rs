//! How a run looks in a terminal: a progress bar while it goes on, a line per epoch.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::data::Task;
use crate::train::metrics::Figure;
use crate::train::{EpochStat, Evaluation, Job, StepStat};
use backprop_nn::gan::GanStat;

pub struct Terminal {
    bar: ProgressBar,
    steps_per_epoch: usize,
    epochs: usize,
    /// What stands in the columns of the figures where there is no validation.
    no_figures: Vec<Figure>,
}

impl Terminal {
    pub fn new(job: &Job) -> Self {
        let bar = ProgressBar::new((job.steps_per_epoch() * job.training.epochs) as u64);
        let style = ProgressStyle::with_template("{prefix} {bar:32} {pos}/{len} steps, {eta} left, {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let no_figures = match job.dataset.task {
            Task::Classification { .. } => vec![("accuracy", None)],
            Task::Regression { .. } | Task::Reconstruction { .. } => vec![("rmse", None), ("r2", None)],
        };
        Self { bar, steps_per_epoch: job.steps_per_epoch(), epochs: job.training.epochs, no_figures }
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
        self.line(match job.dataset.task {
            _ if job.adversary.is_some() => {
                "epoch  discriminator's loss  generator's  real told  generated told  samples/s  seconds"
            }
            Task::Classification { .. } => "epoch  train loss  accuracy  validation loss  accuracy  samples/s  seconds",
            Task::Regression { .. } | Task::Reconstruction { .. } => {
                "epoch  train loss  validation loss      rmse        r2  samples/s  seconds"
            }
        });
    }

    pub fn steps(&self, steps: &[StepStat]) {
        if let Some(last) = steps.last() {
            self.bar.set_prefix(format!("epoch {}/{}", last.epoch, self.epochs));
            self.bar.set_position(last.step.min((self.steps_per_epoch * self.epochs) as u64));
            let generator =
                last.adversary.map_or(String::new(), |stat| format!(", generator's {:.4}", stat.generator_loss));
            self.bar.set_message(format!("loss {:.4}{generator}", last.loss));
        }
    }

    pub fn epoch(&self, stat: &EpochStat) {
        let pace = format!("  {:>9}  {:>7.1}", grouped(stat.samples_per_s as usize), stat.seconds);
        if let Some(GanStat { generator_loss, real_accuracy, fake_accuracy }) = stat.adversary {
            let [real, fake] = [real_accuracy, fake_accuracy].map(percent);
            let losses = format!("{:>20.4}  {generator_loss:>11.4}", stat.train_loss);
            return self.line(&format!("{:>5}  {losses}  {real:>9}  {fake:>14}{pace}", stat.epoch));
        }
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let validation = stat.validation.as_ref();
        let train = stat.train_accuracy.map_or(String::new(), |accuracy| format!("  {:>8}", percent(accuracy)));
        let mut line = format!("{:>5}  {:>10.4}{train}", stat.epoch, stat.train_loss);
        line += &format!("  {:>15}", or_dash(validation.map(|validation| format!("{:.4}", validation.loss))));
        let figures = validation.map_or(self.no_figures.clone(), |validation| validation.headline());
        for figure in figures {
            line += &format!("  {:>8}", or_dash(figure_text(figure)));
        }
        self.line(&(line + &pace));
    }

    pub fn end(&self, test: Option<&Evaluation>) {
        self.bar.finish_and_clear();
        if let Some(test) = test {
            let figures = test
                .headline()
                .into_iter()
                .filter_map(|figure| Some(format!(", {} {}", figure.0, figure_text(figure)?)));
            let (figures, samples) = (figures.collect::<String>(), grouped(test.len()));
            self.line(&format!(
                "test: loss {:.4}{figures} on {samples} samples that neither trained nor judged the run",
                test.loss,
            ));
        }
    }

    /// A line of the table, above the bar. If nobody reads it any more, the run is still worth finishing.
    pub fn line(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        });
    }
}

/// A figure as it is read: losses, errors, R² and Matthews as numbers, the others, which are shares, in per cent.
pub fn figure_text((name, value): Figure) -> Option<String> {
    let value = value?;
    Some(match name {
        "loss" | "mae" | "rmse" | "naive_mae" | "naive_rmse" | "r2" | "matthews" => significant(value),
        _ => percent(value as f32),
    })
}

/// Four digits that count: "2.871", "0.01234", "1.234e-5".
pub fn significant(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("{value:.3e}"),
        size if size >= 1e4 => format!("{value:.0}"),
        size if size >= 1e-4 => {
            let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
            format!("{value:.decimals$}")
        }
        0.0 => "0".to_owned(),
        _ => format!("{value:.3e}"),
    }
}

/// "97.53 %"
pub fn percent(share: f32) -> String {
    format!("{:.2} %", share * 100.0)
}

/// "101,770"
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0, 999, 1000, 101_770, 1_000_000].map(grouped), ["0", "999", "1,000", "101,770", "1,000,000"]);
        assert_eq!(percent(0.97534), "97.53 %");
        assert_eq!(
            [2.87123, -0.012345, 1.2345e-5, 123_456.7, 0.0].map(significant),
            ["2.871", "-0.01235", "1.234e-5", "123457", "0"]
        );
        assert_eq!(figure_text(("r2", Some(0.875))), Some("0.8750".to_owned()));
    }
}
