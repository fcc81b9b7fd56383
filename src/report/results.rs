//! What a network reaches on its samples: figures with their baselines, the confusion matrix, predicted over true numbers, the
//! forecast over time, and how well probabilities fit.

use std::fmt::Write as _;

use super::mistakes::{grid, picture};
use super::svg::{Plot, range_of};
use super::{Evaluated, Material};
use crate::data::Order;
use crate::explain::calibration::{BINS, Calibrated};
use crate::export::escaped;
use crate::project::RunFolder;
use crate::train::metrics::{
    ClassPredictions, Figure, LOSS, METRICS, NumberPredictions, figure_text, grouped, named, percent, significant,
};
use crate::train::{Predictions, Subset, generate};

/// More classes than this are no matrix on a page, but a list of what is taken for what.
const MOST_CLASSES: usize = 40;

/// Pairs of classes in that list.
const PAIRS: usize = 30;

/// Dots of a plot; of more samples an even choice.
const DOTS: usize = 1500;

/// Fewer dots than this are larger.
const FEW: usize = 200;

/// The last forecasts that are drawn.
const FORECASTS: usize = 300;

/// Targets of which a plot is drawn.
const TARGETS: usize = 4;

/// Samples of a generator that are shown.
const IMAGES: usize = 64;
const POINTS: usize = 512;

/// "test", "validation".
pub fn subset_name(part: Subset) -> &'static str {
    part.key()
}

/// What was reached, in large letters, with what stands beside it.
pub fn headline(material: &Material, evaluated: &Evaluated) -> String {
    let Evaluated { evaluation, job, part, .. } = evaluated;
    let head = job.head();
    let first = head.headline().first().copied().unwrap_or(&LOSS);
    // Where one class is nearly all, the accuracy says little.
    let balanced = METRICS.iter().find(|metric| metric.key == "macro_recall" && evaluation.is_one_sided());
    let metric = balanced.copied().unwrap_or(first);
    let figure = Figure { metric, value: evaluation.get(metric) };
    let number = figure_text(figure).unwrap_or_else(|| "–".to_owned());
    let on = format!("{} on {} {} samples", named(metric), grouped(evaluation.len()), subset_name(*part));
    let mut beside: Vec<String> = evaluation
        .baseline()
        .and_then(|figure| Some(format!("{}: {}", named(figure.metric), figure_text(figure)?)))
        .into_iter()
        .collect();
    if *part == Subset::Test {
        let key = format!("test_{}", metric.key);
        beside.extend(material.events("baseline").filter_map(|line| {
            let (name, value) = (line["model"].as_str()?, line[&key].as_f64());
            Some(format!("{name}: {}", figure_text(Figure { metric, value })?))
        }));
    }
    let beside = match beside.is_empty() {
        true => String::new(),
        false => format!("<p>To compare with: {}</p>", escaped(&beside.join(" · "))),
    };
    format!("<p class=\"headline\"><b>{}</b> {}</p>{beside}", escaped(&number), escaped(&on))
}

/// Every figure.
pub fn figures(evaluated: &Evaluated) -> String {
    let rows = evaluated.evaluation.figures().into_iter().map(|figure| {
        let text = figure_text(figure).unwrap_or_else(|| "not defined for these samples".to_owned());
        let (name, help) = (escaped(figure.metric.label), escaped(figure.metric.help));
        format!("<tr><th scope=\"row\">{name}</th><td class=\"number\">{text}</td><td class=\"soft\">{help}</td></tr>")
    });
    format!("<div class=\"wide\"><table>{}</table></div>", rows.collect::<String>())
}

/// What belongs to the kind of task.
pub fn details(evaluated: &Evaluated) -> String {
    match &evaluated.evaluation.predictions {
        Predictions::Classes(predictions) => {
            let names = evaluated.data.task.classes();
            let matrix =
                if names.len() <= MOST_CLASSES { confusion(predictions, names) } else { pairs(predictions, names) };
            matrix + &scores(predictions, names)
        }
        Predictions::Numbers(predictions) => {
            let targets = evaluated.data.task.output_names();
            let is_series = matches!(evaluated.job.dataset.order, Order::Time(_));
            let plots = targets.iter().take(TARGETS).enumerate().map(|(at, name)| {
                let of_target = predictions.of_target(at);
                let over = scatter(&of_target, name);
                if is_series { forecast(&of_target, name) + &over } else { over }
            });
            let over_time = if is_series { OVER_TIME } else { "" };
            format!(
                "<h2>Predictions</h2><p class=\"soft\">{over_time}{NUMBERS}</p><div class=\"plots\">{}</div>",
                plots.collect::<String>()
            )
        }
        Predictions::Reconstructions(_) | Predictions::Tokens(_) => String::new(),
    }
}

const NUMBERS: &str = "A dot is a sample: the nearer to the diagonal, the better the prediction.";
const OVER_TIME: &str = "The predictions over time, beside the true values. ";

fn confusion(predictions: &ClassPredictions, names: &[String]) -> String {
    let head: String = names.iter().map(|name| format!("<th scope=\"col\">{}</th>", escaped(name))).collect();
    let rows = predictions.confusion.rows().into_iter().zip(names).enumerate().map(|(truth, (row, name))| {
        let all = row.sum().max(1);
        let cells = row.iter().enumerate().map(|(class, count)| {
            let share = *count * 100 / all;
            let kind = if truth == class { "hit" } else { "miss" };
            let text = if *count == 0 { "·".to_owned() } else { grouped(*count as usize) };
            format!("<td class=\"{kind}\" style=\"--share:{share}%\">{text}</td>")
        });
        format!("<tr><th scope=\"row\">{}</th>{}</tr>", escaped(name), cells.collect::<String>())
    });
    let rows: String = rows.collect();
    format!(
        "<h2>Confusion matrix</h2><p class=\"soft\">The true class by row, the predicted class by column, in samples. The \
         darker a cell, the larger its share of the row.</p><div class=\"wide\"><table class=\"confusion\"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// The classes that are most often taken for each other.
fn pairs(predictions: &ClassPredictions, names: &[String]) -> String {
    let mut found: Vec<_> =
        predictions.confusion.indexed_iter().filter(|((truth, class), count)| truth != class && **count > 0).collect();
    found.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(&b.0)));
    let name = |class: usize| escaped(names.get(class).map_or("?", String::as_str));
    let row = |((truth, class), count): &((usize, usize), &u32)| {
        format!("<tr><td>{}</td><td>{}</td><td class=\"number\">{count}</td></tr>", name(*truth), name(*class))
    };
    let rows: String = found.iter().take(PAIRS).map(row).collect();
    format!(
        "<h2>Confusion</h2><p class=\"soft\">The classes that are most often confused, of {}.</p><table><thead><tr><th>true</th><th>predicted</th><th>samples</th></tr></thead><tbody>{rows}</tbody></table>",
        names.len()
    )
}

fn scores(predictions: &ClassPredictions, names: &[String]) -> String {
    let row = |(name, score): (&String, crate::train::ClassScore)| {
        let [precision, recall, f1] = [score.precision, score.recall, score.f1].map(percent);
        let (name, samples) = (escaped(name), grouped(score.support as usize));
        format!(
            "<tr><th scope=\"row\">{name}</th><td class=\"number\">{precision}</td><td class=\"number\">{recall}</td><td class=\"number\">{f1}</td><td class=\"number\">{samples}</td></tr>"
        )
    };
    let rows: String = names.iter().zip(predictions.class_scores()).map(row).collect();
    format!(
        "<details><summary>Precision, recall and F1 of each class</summary><div class=\"wide\"><table><thead><tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th>samples</th></tr></thead><tbody>{rows}</tbody></table></div></details>"
    )
}

/// Predicted over true numbers of one target.
fn scatter(predictions: &NumberPredictions, name: &str) -> String {
    let NumberPredictions { truths, predictions, .. } = predictions;
    let Some(range) = range_of(truths.iter().chain(predictions).copied()) else { return String::new() };
    let mut plot =
        Plot::new(format!("Predicted over true {name}"), range.clone(), range.clone(), ["true", "predicted"]);
    let (low, high) = range.into_inner();
    plot.line("guide", &[(low, low), (high, high)]);
    let step = truths.len().div_ceil(DOTS).max(1);
    let radius = if truths.len() < FEW { 3.0 } else { 2.0 };
    for (truth, predicted) in
        truths.iter().zip(predictions).step_by(step).filter(|(a, b)| a.is_finite() && b.is_finite())
    {
        plot.dot("test", (*truth, *predicted), radius);
    }
    format!("<figure><figcaption><b>{}</b></figcaption>{}</figure>", escaped(name), plot.svg())
}

/// True and predicted numbers over time.
fn forecast(predictions: &NumberPredictions, name: &str) -> String {
    let NumberPredictions { truths, predictions, .. } = predictions;
    let from = truths.len().saturating_sub(FORECASTS);
    let Some(range) = range_of(truths[from..].iter().chain(&predictions[from..]).copied()) else {
        return String::new();
    };
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        values.iter().enumerate().skip(from).map(|(at, value)| ((at + 1) as f64, *value)).collect()
    };
    let title = format!("{name} over time");
    let mut plot = Plot::new(title, (from + 1) as f64..=truths.len() as f64, range, ["sample", ""]).counting();
    plot.line("guide", &points(truths));
    plot.line("train", &points(predictions));
    format!(
        "<figure><figcaption><b>{}</b> <span class=\"key guide\">true</span><span class=\"key train\">predicted</span></figcaption>{}</figure>",
        escaped(name),
        plot.svg()
    )
}

/// The reliability diagram, and what a temperature would make of it.
pub fn calibration(calibrated: &Calibrated) -> String {
    let mut plot = Plot::new("Accuracy over confidence", 0.0..=1.0, 0.0..=1.0, ["confidence", "accuracy"]);
    for (at, bin) in calibrated.plain.bins.iter().enumerate().filter(|(_, bin)| bin.samples > 0) {
        let ends = [at, at + 1].map(|end| end as f64 / BINS as f64);
        plot.bar("train", ends, [0.0, bin.accuracy]);
        plot.bar("gap", ends, [bin.accuracy, bin.confidence]);
    }
    plot.line("guide", &[(0.0, 0.0), (1.0, 1.0)]);
    let error = |calibration: &crate::explain::calibration::Calibration| percent(calibration.expected_error() as f32);
    let mut text = format!(
        "<p>Expected calibration error: <b>{}</b>, the mean gap between confidence and accuracy over {BINS} bins. Of the predictions \
         with a confidence of 80 %, 80 % should be correct: the tops of the bars should lie on the diagonal.</p>",
        error(&calibrated.plain)
    );
    if let Some((temperature, calibration)) = &calibrated.scaled {
        let on = if calibrated.is_fitted_here { "these" } else { "the validation" };
        let _ = write!(
            text,
            "<p>With temperature {}, fitted on {on} samples, it would be {}.</p>",
            significant(temperature.value),
            error(calibration)
        );
    }
    format!("<h2>Calibration</h2>{text}<div class=\"plots\"><figure>{}</figure></div>", plot.svg())
}

/// Samples that a generator makes.
pub fn generated(run: &RunFolder, seed: u64) -> String {
    let shape = run.network.last_input();
    let count = if shape.as_image().is_some() { IMAGES } else { POINTS };
    let samples = generate(&run.network, &run.data.scaling, &run.weights, seed, count);
    let rows: Vec<&[f32]> = samples.chunks_exact(shape.len().max(1)).collect();
    let shown = match shape.as_image() {
        Some(dims) => grid(rows.iter().filter_map(|row| picture(row, dims)).map(|image| (image, String::new()))),
        None if shape.len() == 2 => {
            let column = |at: usize| range_of(rows.iter().map(|row| f64::from(row[at])));
            let (Some(x), Some(y)) = (column(0), column(1)) else { return String::new() };
            let mut plot = Plot::new("Generated points", x, y, ["", ""]);
            rows.iter().for_each(|row| plot.dot("test", (row[0].into(), row[1].into()), 2.0));
            format!("<div class=\"plots\"><figure>{}</figure></div>", plot.svg())
        }
        None => return String::new(),
    };
    format!("<h2>Generated samples</h2><p class=\"soft\">Made of noise with seed {seed}.</p>{shown}")
}
