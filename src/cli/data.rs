use clap::Args;
use serde_json::json;

use super::terminal::{grouped, significant};
use super::{CliError, say};
use crate::data::sources::named;
use crate::data::{Dataset, Lookup, Task};

/// Tell what is in a source of data, and what was done to it
#[derive(Debug, Args)]
pub struct Data {
    /// What to look at: a file, a folder or a source as in --data, csv:FILE, series:FILE, cmapss:DIR, images:DIR, idx:DIR, points:NAME, painted:…, mnist, fashion-mnist, digits, or several joined by +
    source: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Data {
    /// What is in a source, and what was done to it as it was read.
    pub fn run(&self) -> Result<(), CliError> {
        let source = named(&self.source)?;
        let dataset = Dataset::load(&source, &Lookup::default())?;
        if self.json { say(to_json(&dataset)) } else { table(&dataset) }
    }
}

fn to_json(dataset: &Dataset) -> serde_json::Value {
    let classes = dataset.class_counts();
    let classes = classes.iter().map(|class| json!({ "name": class.name, "train": class.train, "test": class.test }));
    let columns = dataset.columns();
    let columns = columns.iter().map(|column| {
        let [min, mean, max] = column.range.map_or([None; 3], |range| range.map(Some));
        json!({
            "name": column.name, "target": column.is_target, "missing": column.missing,
            "min": min, "mean": mean, "max": max,
        })
    });
    json!({
        "name": dataset.name, "task": dataset.task, "shape": dataset.shape,
        "train_samples": dataset.train.len(), "test_samples": dataset.test.len(),
        "classes": classes.collect::<Vec<_>>(), "columns": columns.collect::<Vec<_>>(), "notes": dataset.notes,
    })
}

fn table(dataset: &Dataset) -> Result<(), CliError> {
    let Dataset { name, shape, task, train, test, notes, .. } = dataset;
    let (train, test) = (grouped(train.len()), grouped(test.len()));
    let asked = match task {
        Task::Classification { classes } => format!("one of {} classes", classes.len()),
        Task::Regression { targets, .. } => format!(
            "{}, {}",
            if targets.len() == 1 { "a number" } else { "numbers" },
            task.outputs_in_units().join(", ")
        ),
        Task::Reconstruction { .. } => "itself".to_owned(),
        Task::NextToken { tokens, .. } => format!("the next of {tokens} tokens"),
    };
    say(format_args!(
        "{name}: {train} training and {test} test samples, each {}; asked for {asked}",
        shape.described()
    ))?;
    let columns = dataset.columns();
    let names = dataset.class_counts();
    let widest = columns.iter().map(|column| &column.name).chain(names.iter().map(|class| &class.name));
    let width = widest.map(|name| name.chars().count()).max().unwrap_or(0).max(8);
    if !names.is_empty() {
        say(format_args!("{:width$}  {:>9}  {:>9}", "class", "training", "test"))?;
    }
    for class in &names {
        say(format_args!("{:width$}  {:>9}  {:>9}", class.name, grouped(class.train), grouped(class.test)))?;
    }
    if !columns.is_empty() {
        say(format_args!("{:width$}  {:>9}  {:>9}  {:>9}  {:>7}", "column", "lowest", "mean", "highest", "missing"))?;
    }
    for column in &columns {
        let number = |at: usize| column.range.map_or_else(|| "-".to_owned(), |range| significant(range[at]));
        let target = if column.is_target { "  target" } else { "" };
        let [low, mean, high] = [0, 1, 2].map(number);
        let missing = grouped(column.missing);
        say(format_args!("{:width$}  {low:>9}  {mean:>9}  {high:>9}  {missing:>7}{target}", column.name))?;
    }
    notes.iter().try_for_each(say)
}
