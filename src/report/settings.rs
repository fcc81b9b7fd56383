//! How a run came about: its network, data and settings, where it was trained, and how to repeat it.

use chrono::DateTime;

use super::{Findings, Material};
use crate::data::note::counted;
use crate::data::summary::{ClassCount, Column};
use crate::data::{Dataset, Note};
use crate::export::escaped;
use crate::runs::compare;
use crate::train::Job;
use crate::train::metrics::{grouped, significant};
use backprop_nn::trace::Trace;
use backprop_nn::{LayerSpec, Shape};

/// Columns of the data that are listed.
const COLUMNS: usize = 60;

/// Notes on the data that are listed.
const NOTES: usize = 40;

/// A table of names and values.
fn pairs<N: AsRef<str>, V: AsRef<str>>(rows: impl IntoIterator<Item = (N, V)>) -> String {
    let row = |(name, value): (N, V)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(name.as_ref()), escaped(value.as_ref()))
    };
    format!("<div class=\"wide\"><table>{}</table></div>", rows.into_iter().map(row).collect::<String>())
}

/// The layers with their shapes and parameters.
pub fn network(material: &Material) -> String {
    let project = &material.stored.project;
    let Some((sample, outputs)) = material.findings.shape() else {
        let layers: String =
            project.model.layers.iter().map(|layer| format!("<li>{}</li>", escaped(&layer.to_string()))).collect();
        return format!("<h2>Network</h2><ol>{layers}</ol>");
    };
    let trace = project.trace(sample, outputs);
    let main = stack(&project.model.layers, &trace);
    let discriminator = project.adversary.as_ref().zip(project.trace_discriminator(sample));
    match discriminator {
        None => format!("<h2>Network</h2>{main}"),
        Some((adversary, trace)) => {
            let other = stack(&adversary.discriminator.layers, &trace);
            format!("<h2>Generator</h2>{main}<h2>Discriminator</h2>{other}")
        }
    }
}

fn stack(layers: &[LayerSpec], trace: &Trace) -> String {
    let row = |(number, name, shape, params): (String, String, Shape, usize)| {
        let params = if params == 0 { "–".to_owned() } else { grouped(params) };
        format!(
            "<tr><td class=\"number\">{number}</td><td>{}</td><td>{}</td><td class=\"number\">{params}</td></tr>",
            escaped(&name),
            escaped(&shape.to_string())
        )
    };
    let input = std::iter::once((String::new(), "Input".to_owned(), trace.input, 0));
    let plans = layers.iter().zip(&trace.plans).zip(1..);
    let plans = plans.map(|((layer, plan), number)| (number.to_string(), layer.to_string(), plan.output, plan.params));
    let rows: String = input.chain(plans).map(row).collect();
    let total: usize = trace.plans.iter().map(|plan| plan.params).sum();
    format!(
        "<div class=\"wide\"><table><thead><tr><th></th><th>layer</th><th>output</th><th>parameters</th></tr></thead><tbody>{rows}</tbody>\
         <tfoot><tr><td></td><th scope=\"row\">all</th><td></td><td class=\"number\">{}</td></tr></tfoot></table></div>",
        grouped(total)
    )
}

/// Every setting of the training.
pub fn settings(material: &Material) -> String {
    let setting =
        |(name, value): (String, String)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(&name), escaped(&value));
    let settings: String = compare::settings(&material.stored.project).into_iter().map(setting).collect();
    format!("<h2>Settings</h2><dl>{settings}</dl>")
}

/// The samples, how they were read and divided.
pub fn data(material: &Material) -> String {
    let source = material.stored.project.data.source.to_string();
    let counts = material.events("start").next();
    let count = |key: &str| counts.and_then(|line| line[key].as_u64()).map(|count| grouped(count as usize));
    let mut rows = vec![("source", source)];
    if let Findings::Evaluated(evaluated) = &material.findings {
        let Job { dataset, split, .. } = &evaluated.job;
        rows.push(("data set", dataset.name.clone()));
        rows.push(("a sample", dataset.shape.to_string()));
        for (name, count) in [
            ("training samples", split.train.len()),
            ("validation samples", split.validation.len()),
            ("test samples", dataset.test.len()),
        ] {
            rows.push((name, grouped(count)));
        }
    } else {
        let known = [
            ("training samples", "train_samples"),
            ("validation samples", "validation_samples"),
            ("test samples", "test_samples"),
        ];
        rows.extend(known.into_iter().filter_map(|(name, key)| Some((name, count(key)?))));
    }
    let told = counts
        .and_then(|line| line["notes"].as_array())
        .map(|notes| notes.iter().filter_map(|note| note.as_str().map(str::to_owned)).collect::<Vec<String>>());
    let evaluated = material.findings.evaluated();
    let own = || evaluated.map(|it| it.job.dataset.notes.iter().map(Note::to_string).collect());
    let notes: Vec<String> = told.or_else(own).unwrap_or_default();
    let more = notes.len().saturating_sub(NOTES);
    let list: String = notes.iter().take(NOTES).map(|note| format!("<li>{}</li>", escaped(note))).collect();
    let more = if more > 0 { format!("<li>and {more} more</li>") } else { String::new() };
    let notes = match list.is_empty() {
        true => String::new(),
        false => format!("<h3>How they were read</h3><ul>{list}{more}</ul>"),
    };
    let columns = evaluated.map_or_else(String::new, |it| columns(&it.job.dataset));
    let classes = evaluated.map_or_else(String::new, |it| classes(&it.job.dataset));
    format!("<h2>Data</h2>{}{notes}{classes}{columns}", pairs(rows))
}

fn classes(dataset: &Dataset) -> String {
    let row = |count: ClassCount| {
        let (name, train, test) = (escaped(&count.name), grouped(count.train), grouped(count.test));
        format!(
            "<tr><th scope=\"row\">{name}</th><td class=\"number\">{train}</td><td class=\"number\">{test}</td></tr>"
        )
    };
    let rows: String = dataset.class_counts().into_iter().map(row).collect();
    match rows.is_empty() {
        true => rows,
        false => format!(
            "<details><summary>Samples of each class</summary><table><thead><tr><th>class</th><th>training and validation</th><th>test</th></tr></thead><tbody>{rows}</tbody></table></details>"
        ),
    }
}

fn columns(dataset: &Dataset) -> String {
    let columns = dataset.columns();
    let row = |column: &Column| {
        let range = column.range.map_or_else(|| ["–"; 3].map(str::to_owned), |range| range.map(significant));
        let numbers = range.iter().cloned().chain([grouped(column.missing)]);
        let numbers: String = numbers.map(|text| format!("<td class=\"number\">{text}</td>")).collect();
        let target = if column.is_target { " (target)" } else { "" };
        format!("<tr><th scope=\"row\">{}{target}</th>{numbers}</tr>", escaped(&column.name))
    };
    let rows: String = columns.iter().take(COLUMNS).map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    let more = columns.len().saturating_sub(COLUMNS);
    let more = if more > 0 { format!("<p class=\"soft\">and {more} more</p>") } else { String::new() };
    format!(
        "<details><summary>Columns</summary><div class=\"wide\"><table><thead><tr><th>column</th><th>lowest</th><th>mean</th><th>highest</th><th>missing</th></tr></thead><tbody>{rows}</tbody></table></div>{more}</details>"
    )
}

/// The machine, the program and the time.
pub fn environment(material: &Material) -> String {
    let mut rows = Vec::new();
    if let Some(info) = &material.stored.info {
        let began = i64::try_from(info.started).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        rows.extend(began.map(|time| ("began", time.format("%Y-%m-%d %H:%M UTC").to_string())));
        rows.push((
            "trained for",
            format!(
                "{} s, {}, {} steps",
                significant(info.seconds),
                counted(info.epochs as usize, "epoch"),
                grouped(info.step as usize)
            ),
        ));
        rows.extend(info.best_epoch.map(|epoch| ("weights", format!("those of epoch {epoch}, the best"))));
        rows.push(("processor", info.processor.clone()));
        rows.push(("program", format!("Backprop Studio {}", info.program)));
        rows.push(("seed", info.seed.to_string()));
        rows.push(("fingerprint of the data", info.data.clone()));
        if let Some(parent) = &info.parent {
            rows.push(("goes on from", format!("{}, step {}", parent.run, grouped(parent.step as usize))));
        }
    }
    let threads = material.events("start").next().and_then(|line| line["threads"].as_u64());
    rows.extend(threads.map(|threads| ("threads", threads.to_string())));
    match rows.is_empty() {
        true => String::new(),
        false => format!("<h2>Environment</h2>{}", pairs(rows)),
    }
}

/// The commands that train, evaluate and use it again, and the project.
pub fn repeat(material: &Material) -> String {
    let folder =
        material.stored.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let folder = if folder.contains(char::is_whitespace) { format!("\"{folder}\"") } else { folder };
    let use_it = match material.stored.project.adversary {
        Some(_) => format!("backprop generate {folder} --count 100 --out samples"),
        None => format!("backprop evaluate {folder}\nbackprop predict {folder} FILE"),
    };
    let text = material.stored.project.to_text().unwrap_or_default();
    format!(
        "<h2>How to repeat it</h2><p>In the folder that holds the run:</p><pre>{}</pre>\
         <p>Without the run folder, save these settings as <code>project.json</code> and train them: \
         <code>backprop train project.json</code>. The same project, data and seed give the same curve to the last bit, whatever the \
         number of threads; another processor may round otherwise.</p>\
         <details><summary>project.json</summary><pre>{}</pre></details>",
        escaped(&format!("backprop train --repeat {folder}\n{use_it}")),
        escaped(&text)
    )
}
