use clap::Args;
use serde_json::{Map, json};

use super::generate::refuse_generator;
use super::seeds::range_text;
use super::terminal::{figure_text, named};
use super::{CliError, load_data, note, say, set_all, trials};
use crate::runs::compare::difference;
use crate::runs::seeds::{Comparison, answers, others, pairs, ranges};
use crate::runs::trial::TrialResult;
use crate::train::default_threads;
use crate::train::metrics::Figure;

/// Find out whether one setting is better than another: both are trained with the same seeds and splits
#[derive(Debug, Args)]
pub struct Compare {
    /// A, a preset's name, a project file or a run folder
    #[arg(value_parser = super::runs::run_or_word)]
    a: String,
    /// B, if it is not A with other values
    #[arg(value_parser = super::runs::run_or_word)]
    b: Option<String>,
    /// Any number of B by its path in the project file, training.optimizer.momentum=0.9
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many seeds: the more, the smaller a difference can be told from chance
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    seeds: u16,
    /// Threads for all trainings together; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub fn run(&self) -> Result<(), CliError> {
        let a = super::new::find(&self.a)?;
        let mut b = self.b.as_ref().map_or_else(|| Ok(a.clone()), |b| super::new::find(b))?;
        set_all(&mut b, &self.set)?;
        for (project, name) in [(&a, &self.a), (&b, self.b.as_ref().unwrap_or(&self.a))] {
            refuse_generator(project, name, "only networks that predict can be compared")?;
        }
        let mut told = difference(&a, &b);
        told.retain(|line| !line.starts_with("seed "));
        if told.is_empty() {
            let what = "A and B are the same; name another project, or change a value of B with --set KEY=VALUE";
            return Err(CliError::Usage(what.to_owned()));
        }
        note(format_args!("from A to B: {}", told.join(", ")));
        let trials = pairs(&a, &b, self.seeds.into())?;
        let dataset = load_data(&a, &self.a)?;
        let runner = trials::runner(&a, &dataset, self.threads.map_or_else(default_threads, usize::from), "compare")?;
        let seeds: Vec<_> = trials.iter().map(|trial| trial.project.training.seed).collect();
        let mut before: Option<TrialResult> = None;
        let found = trials::train_all(&runner, trials, self.json, |result, number| match before.take() {
            None => {
                before = Some(result.clone());
                Ok(())
            }
            Some(before) => self.tell_pair(&before, result, seeds[number - 1]),
        })?;
        let answers = answers(&found, &dataset, a.training.loss == b.training.loss)?;
        let comparison = &answers[0];
        let others = others(&found, &dataset, &answers);
        let of = |first: usize| -> Vec<TrialResult> { found.iter().skip(first).step_by(2).cloned().collect() };
        let (a, b) = (ranges(&of(0)), ranges(&of(1)));
        let both = a.iter().zip(&b).map(|((metric, a), (_, b))| (*metric, *a, *b));
        if self.json {
            let differences: Map<_, _> = both
                .filter_map(|(metric, ..)| {
                    let found = Comparison::in_metric(&found, &dataset, metric)?.difference;
                    let value = json!({ "mean": found.mean, "low": found.low, "high": found.high, "p": found.p });
                    Some((metric.key.to_owned(), value))
                })
                .collect();
            return say(json!({
                "event": "comparison", "seeds": self.seeds, "metric": comparison.metric.key,
                "is_significant": comparison.difference.is_significant(), "differences": differences,
                "verdict": comparison.to_string(), "others": others, "method": comparison.method(),
            }));
        }
        say(format_args!(
            "{:28} {:36} {:36} B − A, 95 % interval",
            "", "    A, median and range", "    B, median and range"
        ))?;
        for (metric, a, b) in both {
            let difference = Comparison::in_metric(&found, &dataset, metric).map(|it| it.difference);
            let told = difference.map_or_else(String::new, |it| {
                let text = |value| figure_text(Figure { metric, value: Some(value) }).unwrap_or_default();
                format!("{}, {} to {}", text(it.mean), text(it.low), text(it.high))
            });
            let (name, a, b) = (named(metric), range_text(metric, a), range_text(metric, b));
            say(format_args!("{name:28} {a:36} {b:36} {told}"))?;
        }
        say("")?;
        answers.iter().try_for_each(say)?;
        others.iter().try_for_each(say)?;
        say(comparison.method())
    }

    fn tell_pair(&self, a: &TrialResult, b: &TrialResult, seed: u64) -> Result<(), CliError> {
        if self.json {
            let values = |result: &TrialResult| -> Map<_, _> {
                result.figures.iter().map(|figure| (figure.metric.key.to_owned(), figure.value.into())).collect()
            };
            return say(json!({ "event": "pair", "seed": seed, "a": values(a), "b": values(b) }));
        }
        say(format_args!("seed {seed}: A {}; B {}", trials::headline(a), trials::headline(b)))
    }
}
