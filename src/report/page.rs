//! The page: one file without scripts, for any browser, for paper, in the dark and in the light.

use super::{Findings, Material, curves, mistakes, results, settings};
use crate::data::note::counted;
use crate::export::{escaped, filled};
use crate::train::Head;

/// Decides the samples of a generator.
const NOISE: u64 = 1;

/// The page of a run.
pub fn page(material: &Material) -> String {
    let Material { stored, findings, .. } = material;
    let name = stored.name();
    let evaluated = findings.evaluated();
    let head: &dyn Head = match findings {
        Findings::Evaluated(evaluated) => evaluated.job.head(),
        Findings::Unread(unread, _) => unread.head,
        _ => stored.project.head(None),
    };
    let task = match findings {
        Findings::Nothing(_) if stored.project.adversary.is_none() => String::new(),
        _ => format!(": {}", head.name()),
    };
    let mut main = format!(
        "<header><h1>{}</h1><p class=\"soft\">The network {}{task}.</p>",
        escaped(&name),
        escaped(&stored.project.name)
    );
    let note = stored.info.as_ref().map_or("", |info| info.note.as_str());
    if !note.is_empty() {
        main += &format!("<p>{}</p>", escaped(note));
    }
    main += "</header>";
    for warning in warnings(material) {
        main += &format!("<p class=\"warning\">{}</p>", escaped(&warning));
    }
    match findings {
        Findings::Evaluated(evaluated) => main += &format!("<h2>Result</h2>{}", results::headline(material, evaluated)),
        Findings::Unread(..) | Findings::Nothing(_) => main += &recorded(material),
        Findings::Generator(_) => {}
    }
    let plots = curves::plots(material, head);
    if !plots.is_empty() {
        main += &format!("<h2>Curves</h2><div class=\"plots\">{plots}</div>");
    }
    if let Some(evaluated) = evaluated {
        main += &results::details(evaluated);
        main += &mistakes::mistakes(evaluated);
        if let Some(calibrated) = &evaluated.calibrated {
            main += &results::calibration(calibrated);
        }
        main += &format!("<details><summary>All metrics</summary>{}</details>", results::figures(evaluated));
    }
    if let Findings::Generator(run) = findings {
        main += &results::generated(run, NOISE);
    }
    main += &settings::network(material);
    main += &settings::data(material);
    main += &settings::settings(material);
    main += &settings::environment(material);
    main += &settings::repeat(material);
    filled(include_str!("page.html"), |part| match part {
        "title" => escaped(&name),
        "style" => include_str!("style.css").to_owned(),
        "program" => concat!("Backprop Studio ", env!("CARGO_PKG_VERSION")).to_owned(),
        "main" => main.clone(),
        _ => String::new(),
    })
}

/// What a reader has to know before the rest.
fn warnings(material: &Material) -> Vec<String> {
    let Material { stored, findings, .. } = material;
    let mut told = Vec::new();
    let epochs = counted(stored.info.as_ref().map_or(0, |info| info.epochs as usize), "epoch");
    match stored.state() {
        "running" => told.push(format!("The run is still training; this is how it stands after {epochs}.")),
        "interrupted" => {
            told.push(format!("The run was interrupted after {epochs}, and can go on: backprop train --resume."))
        }
        "stopped" => told.push(format!("The run was stopped after {epochs}.")),
        "diverged" => told.push("The run diverged: its loss stopped being a number.".to_owned()),
        "failed" => told.push("The run failed.".to_owned()),
        _ => {}
    }
    match findings {
        Findings::Nothing(why) => told.push(format!("There is no trained network to evaluate: {why}.")),
        Findings::Unread(_, why) => {
            told.push(format!("The network could not be evaluated again, since its samples cannot be read: {why}."))
        }
        Findings::Evaluated(evaluated) => {
            if evaluated.is_same_data == Some(false) {
                told.push(
                    "The data are other ones than the run was trained on, so that it may know some of these samples."
                        .to_owned(),
                );
            }
            if evaluated.part == crate::train::Subset::Validation {
                told.push("There are no test samples; the results are those of the validation set, by which settings may have been chosen.".to_owned());
            }
        }
        Findings::Generator(_) => {}
    }
    told
}

/// The results that the run has noted itself, where nothing can be evaluated.
fn recorded(material: &Material) -> String {
    let rows: String = material
        .stored
        .results
        .iter()
        .map(|(key, value)| {
            let name = escaped(&key.replace('_', " "));
            let value = crate::train::metrics::significant(*value);
            format!("<tr><th scope=\"row\">{name}</th><td class=\"number\">{value}</td></tr>")
        })
        .collect();
    match rows.is_empty() {
        true => rows,
        false => format!("<h2>Result</h2><p class=\"soft\">As the run itself has written it.</p><table>{rows}</table>"),
    }
}
