//! `docs/settings.md` is what the lists of the program say. `UPDATE_DOCS=1 cargo test --release --test it docs` writes it
//! anew.

use std::fmt::Write as _;
use std::{env, fs};

use backprop_nn::field::{Field, Kind, Settings as _};
use backprop_nn::gan::GanSettings;
use backprop_nn::optim::Regularization;
use backprop_nn::patience::EarlyStopping;
use backprop_nn::registry::Entry;
use backprop_nn::{LayerSpec, LossSpec, OptimizerSpec, ScheduleSpec, Training};
use backprop_studio::data::{Augment, SOURCES};
use backprop_studio::project::{CheckpointSettings, DataSettings, TeacherSettings};
use backprop_studio::train::metrics::METRICS;

const FILE: &str = "docs/settings.md";

const HEAD: &str = "# Settings

Every setting by its key in a project file. `--set` takes the same path: `--set training.batch=64`, `--set model.0.units=128`,
`--set training.optimizer.kind=adam`. This page is written by the program's own lists
(`UPDATE_DOCS=1 cargo test --release --test it docs`).
";

/// A number with no more digits than it needs.
fn number(value: f32) -> String {
    if value != 0.0 && (value.abs() < 1e-4 || value.abs() >= 1e7) { format!("{value:e}") } else { value.to_string() }
}

/// The values that are allowed, and the one by default.
fn values(kind: &Kind) -> (String, String) {
    match kind {
        Kind::Whole { range, default, .. } if *range.end() > 1 << 31 => {
            (format!("{} and more", range.start()), default.to_string())
        }
        Kind::Whole { range, default, .. } => (format!("{} to {}", range.start(), range.end()), default.to_string()),
        Kind::Real { range, default, .. } => {
            (format!("{} to {}", number(*range.start()), number(*range.end())), number(*default))
        }
        Kind::Switch { default } => ("`true`, `false`".to_owned(), format!("`{default}`")),
        Kind::Choice { options, default } => (
            in_code(&options().iter().map(|option| option.key).collect::<Vec<_>>()),
            format!("`{}`", options()[default()].key),
        ),
        Kind::Word(words) => (in_code(words), "decided from the data".to_owned()),
        Kind::Text => ("text".to_owned(), String::new()),
        Kind::Column => ("a column".to_owned(), String::new()),
        Kind::Columns => ("columns, separated by commas".to_owned(), String::new()),
    }
}

fn in_code(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn table<'a>(page: &mut String, fields: impl IntoIterator<Item = &'a Field>) {
    let rows: Vec<String> = fields
        .into_iter()
        .map(|field| {
            let (allowed, default) = values(&field.kind);
            format!("| `{}` | {allowed} | {default} | {} |", field.key, field.help.replace('|', "\\|"))
        })
        .collect();
    if !rows.is_empty() {
        writeln!(page, "\n| key | values | default | |\n|---|---|---|---|\n{}", rows.join("\n")).unwrap();
    }
}

fn list<T>(page: &mut String, title: &str, place: &str, entries: &[Entry<T>]) {
    write!(page, "\n## {title}\n\n{place}\n").unwrap();
    for Entry { about, fields, .. } in entries {
        write!(page, "\n### {}\n\n`\"kind\": \"{}\"`", about.label, about.key).unwrap();
        if !about.formula.is_empty() {
            write!(page, ", `{}`", about.formula).unwrap();
        }
        writeln!(page, "\n\n{}", about.help).unwrap();
        table(page, fields());
    }
}

fn group(page: &mut String, title: &str, place: &str, fields: Vec<&'static Field>) {
    write!(page, "\n## {title}\n\nBelow `{place}`.\n").unwrap();
    table(page, fields);
}

/// The settings that are no kind of something: their title, their place in a project, and what they are.
fn groups() -> [(&'static str, &'static str, Vec<&'static Field>); 8] {
    [
        ("Training", "training", Training::fields()),
        ("Regularization", "training.regularization", Regularization::fields()),
        ("Early stopping", "training.early_stopping", EarlyStopping::fields()),
        ("Checkpoints", "checkpoints", CheckpointSettings::fields()),
        ("Teacher", "teacher", TeacherSettings::fields()),
        ("Adversarial training", "adversary", GanSettings::fields()),
        ("Data", "data", DataSettings::fields()),
        ("Augmentation", "data.augment", Augment::fields()),
    ]
}

/// Every setting that the window shows.
pub fn every_field() -> Vec<&'static Field> {
    fn of<T>(entries: &[Entry<T>]) -> impl Iterator<Item = &'static Field> {
        entries.iter().flat_map(|entry| (entry.fields)())
    }
    let kinds = of(LayerSpec::ENTRIES).chain(of(LossSpec::ENTRIES)).chain(of(OptimizerSpec::ENTRIES));
    let sources = SOURCES.iter().flat_map(|source| source.options.iter().chain(source.reading));
    kinds
        .chain(of(ScheduleSpec::ENTRIES))
        .chain(groups().into_iter().flat_map(|(_, _, fields)| fields))
        .chain(sources)
        .collect()
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    list(
        &mut page,
        "Layers",
        "In the lists `model` and `adversary.layers`, counted from 0: `model.0.units`.",
        LayerSpec::ENTRIES,
    );
    list(&mut page, "Losses", "In `training.loss`.", LossSpec::ENTRIES);
    list(&mut page, "Optimizers", "In `training.optimizer`.", OptimizerSpec::ENTRIES);
    list(&mut page, "Learning-rate schedules", "In `training.schedule`.", ScheduleSpec::ENTRIES);
    for (title, place, fields) in groups() {
        group(&mut page, title, place, fields);
    }
    page += "\n## Data sources\n\nIn `data.source`; options follow a question mark: `csv:iris.csv?target=species&test=0.3`.\n";
    for source in SOURCES {
        writeln!(page, "\n### {}\n\n`{}`\n\n{}", source.name, source.usage, source.help).unwrap();
        table(&mut page, source.options);
        if !source.reading.is_empty() {
            page += "\nHow its file is read, where that is not left to the program:\n";
            table(&mut page, source.reading);
        }
    }
    page += "\n## Metrics\n\nAs the lines of a run name them, behind the subset where they are of one: `validation_loss`.\n\n| key | name | |\n|---|---|---|\n";
    for metric in METRICS {
        writeln!(page, "| `{}` | {} | {} |", metric.key, metric.label, metric.help).unwrap();
    }
    page
}

#[test]
fn the_reference_of_settings_is_what_the_lists_say() {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(FILE, page()).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        written == page(),
        "{FILE} is out of date; UPDATE_DOCS=1 cargo test --release --test it docs writes it anew"
    );
}
