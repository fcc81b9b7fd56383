//! How a run looks in a terminal: a progress bar while it goes on, a line per epoch.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::train::{EpochStat, Evaluation, Job, StepStat};

pub struct Terminal {
    bar: ProgressBar,
    steps_per_epoch: usize,
    epochs: usize,
}

impl Terminal {
    pub fn new(job: &Job) -> Self {
        let bar = ProgressBar::new((job.steps_per_epoch() * job.training.epochs) as u64);
        let style = ProgressStyle::with_template("{prefix} {bar:32} {pos}/{len} steps, {eta} left, {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, steps_per_epoch: job.steps_per_epoch(), epochs: job.training.epochs }
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
        let set = split.train.len();
        if job.training.batch >= set {
            let text = format!(
                "full-batch descent: a batch of {} holds all training samples, so an epoch is one step",
                grouped(job.training.batch)
            );
            self.line(&text);
        }
        self.line("epoch  train loss  accuracy  validation loss  accuracy  samples/s  seconds");
    }

    pub fn steps(&self, steps: &[StepStat]) {
        if let Some(last) = steps.last() {
            self.bar.set_prefix(format!("epoch {}/{}", last.epoch, self.epochs));
            self.bar.set_position(last.step.min((self.steps_per_epoch * self.epochs) as u64));
            self.bar.set_message(format!("loss {:.4}", last.loss));
        }
    }

    pub fn epoch(&self, stat: &EpochStat) {
        let (loss, accuracy) = match &stat.validation {
            Some(validation) => (format!("{:.4}", validation.loss), percent(validation.accuracy)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        self.line(&format!(
            "{:>5}  {:>10.4}  {:>8}  {loss:>15}  {accuracy:>8}  {:>9}  {:>7.1}",
            stat.epoch,
            stat.train_loss,
            percent(stat.train_accuracy),
            grouped(stat.samples_per_s as usize),
            stat.seconds,
        ));
    }

    pub fn end(&self, test: Option<&Evaluation>) {
        self.bar.finish_and_clear();
        if let Some(test) = test {
            let samples = grouped(test.predictions.len());
            self.line(&format!(
                "test: loss {:.4}, accuracy {} on {samples} samples that neither trained nor judged the run",
                test.loss,
                percent(test.accuracy)
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
    }
}
