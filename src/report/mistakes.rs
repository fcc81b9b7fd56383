//! The samples on which a network is most wrong: misclassified with confidence, far from the truth, or badly reconstructed.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use super::Evaluated;
use super::results::subset_name;
use crate::data::samples::to_bytes;
use crate::data::{Dataset, Order, Samples, column_ranges};
use crate::export::{base64, escaped};
use crate::train::evaluate::reconstruct;
use crate::train::metrics::{TokenPredictions, grouped, percent, significant};
use crate::train::{Predictions, Subset};

/// Samples that are shown.
const SHOWN: usize = 24;

/// Columns of a row that fit on a page.
const COLUMNS: usize = 12;

/// Images are enlarged to about this many pixels a side, so that every viewer shows their pixels as squares.
const SIDE: usize = 84;

/// The samples, in the words of the task; empty if there are none.
pub fn mistakes(evaluated: &Evaluated) -> String {
    let Evaluated { evaluation, part, .. } = evaluated;
    let set = subset_name(*part);
    match &evaluation.predictions {
        Predictions::Classes(predictions) => {
            let mut wrong: Vec<_> = predictions.predictions.iter().filter(|it| it.truth != it.class).copied().collect();
            wrong.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
            let all = grouped(evaluation.len());
            if wrong.is_empty() {
                return format!("<h2>Mistakes</h2><p>None of the {all} {set} samples is misclassified.</p>");
            }
            let names = evaluated.data.task.classes();
            let name = |class: u16| names.get(usize::from(class)).map_or("?", String::as_str);
            let samples = wrong.iter().take(SHOWN).map(|it| {
                let told = vec![name(it.truth).to_owned(), name(it.class).to_owned(), percent(it.confidence)];
                (it.sample, told)
            });
            let shown = list(evaluated, &["true", "predicted", "confidence"], samples.collect());
            format!(
                "<h2>The most confident mistakes</h2><p class=\"soft\">{} of {all} {set} samples are misclassified; the most \
                 confident mistakes come first.</p>{shown}",
                grouped(wrong.len())
            )
        }
        Predictions::Numbers(predictions) => {
            let (distances, width) = (predictions.distances(), predictions.width);
            let at = largest(distances.iter().copied());
            let names = evaluated.data.task.output_names();
            let heads: Vec<String> =
                names.iter().take(3).flat_map(|name| [format!("true {name}"), format!("predicted {name}")]).collect();
            let samples = at.into_iter().map(|at| {
                let told = (0..width.min(3)).flat_map(|target| {
                    [&predictions.truths, &predictions.predictions].map(|of| number(of[at * width + target]))
                });
                (predictions.samples[at], told.collect())
            });
            let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
            let shown = list(evaluated, &heads, samples.collect());
            format!(
                "<h2>The largest errors</h2><p class=\"soft\">The {set} samples whose predictions are furthest from the truth.</p>{shown}"
            )
        }
        Predictions::Tokens(predictions) => {
            let at = largest(predictions.losses.iter().map(|loss| f64::from(*loss)));
            let rows: String = at.into_iter().map(|at| text_row(evaluated, predictions, at)).collect();
            format!(
                "<h2>The most surprising texts</h2><p class=\"soft\">The {set} samples with the largest cross-entropy.</p>\
                 <div class=\"wide\"><table><tr><th scope=\"col\">text</th><th scope=\"col\">cross-entropy</th>\
                 <th scope=\"col\">wrong tokens</th></tr>{rows}</table></div>"
            )
        }
        Predictions::Reconstructions(predictions) => {
            let at = largest(predictions.errors.iter().map(|error| f64::from(*error)));
            let samples: Vec<_> = at
                .into_iter()
                .map(|at| (predictions.samples[at], vec![significant(f64::from(predictions.errors[at]))]))
                .collect();
            let shown = reconstructions(evaluated, &samples).unwrap_or_else(|| list(evaluated, &["RMSE"], samples));
            format!(
                "<h2>The worst reconstructions</h2><p class=\"soft\">The {set} samples with the largest errors; an image is \
                 beside its reconstruction.</p>{shown}"
            )
        }
    }
}

fn text_row(evaluated: &Evaluated, predictions: &TokenPredictions, at: usize) -> String {
    let dataset = &evaluated.job.dataset;
    let tokens = samples_of(dataset, evaluated.part).tokens_of(predictions.samples[at] as usize);
    let text = dataset.tokenizer().map_or_else(String::new, |tokenizer| tokenizer.decode(tokens));
    let loss = significant(f64::from(predictions.losses[at]));
    let wrong = grouped(predictions.wrong[at] as usize);
    format!(
        "<tr><td>{}</td><td class=\"number\">{loss}</td><td class=\"number\">{wrong}</td></tr>",
        escaped(text.trim())
    )
}

/// The places of the largest numbers, the largest first.
fn largest(errors: impl Iterator<Item = f64>) -> Vec<usize> {
    let mut places: Vec<(usize, f64)> = errors.enumerate().filter(|(_, error)| !error.is_nan()).collect();
    places.sort_by(|a, b| b.1.total_cmp(&a.1));
    places.into_iter().take(SHOWN).map(|(at, _)| at).collect()
}

fn samples_of(dataset: &Dataset, part: Subset) -> &Samples {
    if part == Subset::Test { &dataset.test } else { &dataset.train }
}

/// Samples as images, each with its caption below it, or as the rows of a table.
fn list(evaluated: &Evaluated, heads: &[&str], told: Vec<(u32, Vec<String>)>) -> String {
    let dataset = &evaluated.job.dataset;
    let samples = samples_of(dataset, evaluated.part);
    if let (Some(dims), true) = (dataset.shape.as_image(), samples.inputs.are_pixels()) {
        let images = told.iter().filter_map(|(at, told)| {
            let image = of_bytes(samples.pixels_of(*at as usize).to_vec(), dims)?;
            let words = match &told[..] {
                [truth, predicted, confidence] => format!("{truth} → {predicted}<br>{confidence}"),
                other => other.join(" "),
            };
            Some((image, words))
        });
        return grid(images);
    }
    rows(evaluated, samples, heads, &told)
}

fn rows(evaluated: &Evaluated, samples: &Samples, heads: &[&str], told: &[(u32, Vec<String>)]) -> String {
    let dataset = &evaluated.job.dataset;
    // A window is known by the row that it forecasts; its numbers are too many.
    let timeline = if let Order::Time(timeline) = &dataset.order { Some(timeline) } else { None };
    let row_of = |at: u32| {
        let rows = timeline.map(|it| if evaluated.part == Subset::Test { &it.test_rows } else { &it.train_rows });
        rows.and_then(|rows| rows.get(at as usize)).map_or_else(|| at + 1, |row| *row)
    };
    let ranges = if timeline.is_some() || !dataset.shape.is_flat() || dataset.tokenizer().is_some() {
        Vec::new()
    } else {
        column_ranges(&dataset.features, dataset.shape.len())
    };
    let ranges = &ranges[..ranges.len().min(COLUMNS)];
    let column = |at: usize| dataset.features.get(at).map_or_else(|| format!("{}", at + 1), |it| it.column.clone());
    let names = ranges.iter().map(|range| column(range.start));
    let what = if timeline.is_some() { "row" } else { "sample" };
    let titles = std::iter::once(what.to_owned()).chain(heads.iter().map(ToString::to_string)).chain(names);
    let tokenizer = dataset.tokenizer();
    let titles = titles.chain(tokenizer.map(|_| "text".to_owned()));
    let head: String = titles.map(|title| format!("<th>{}</th>", escaped(&title))).collect();
    let body = told.iter().map(|(at, told)| {
        let numbers = samples.numbers_of(*at as usize);
        let cells = ranges.iter().map(|range| cell(dataset, numbers, range.clone()));
        let cells = std::iter::once(grouped(row_of(*at) as usize)).chain(told.iter().cloned()).chain(cells);
        let text = tokenizer.map(|tokenizer| tokenizer.decode(samples.tokens_of(*at as usize)).trim().to_owned());
        let cells = cells.chain(text);
        let cells: String = cells.map(|cell| format!("<td class=\"number\">{}</td>", escaped(&cell))).collect();
        format!("<tr>{cells}</tr>")
    });
    let body: String = body.collect();
    format!("<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
}

/// What a row has in a column: its number, or the category that it is of.
fn cell(dataset: &Dataset, numbers: &[f64], range: std::ops::Range<usize>) -> String {
    let feature = dataset.features.get(range.start);
    let value = |at: usize| numbers.get(at).copied().unwrap_or(f64::NAN);
    match feature {
        Some(feature) if feature.category.is_some() => {
            let of = range.clone().find(|at| value(*at) == 1.0).and_then(|at| dataset.features[at].category.clone());
            of.unwrap_or_else(|| "–".to_owned())
        }
        Some(feature) if feature.words.is_some() => {
            let at = value(range.start) as usize;
            let word = feature.words.as_ref().and_then(|words| words.list.get(at.checked_sub(words.first + 1)?));
            word.cloned().unwrap_or_else(|| "–".to_owned())
        }
        _ if value(range.start).is_nan() => "–".to_owned(),
        _ => number(value(range.start)),
    }
}

/// A number as it stands in a table: whole ones without decimals.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 { format!("{value:.0}") } else { significant(value) }
}

/// Images beside their reconstructions; nothing if the samples are no images.
fn reconstructions(evaluated: &Evaluated, told: &[(u32, Vec<String>)]) -> Option<String> {
    let Evaluated { job, weights, part, .. } = evaluated;
    let dims = job.shape().as_image()?;
    let samples = samples_of(&job.dataset, *part);
    let at: Vec<u32> = told.iter().map(|(at, _)| *at).collect();
    let (given, _) = reconstruct(job.trained(weights), samples, &at);
    let pairs = told.iter().zip(given.chunks_exact(job.shape().len().max(1))).filter_map(|((at, told), given)| {
        let before = of_bytes(samples.pixels_of(*at as usize).to_vec(), dims)?;
        let after = picture(given, dims)?;
        Some((before + &after, told.join(" ")))
    });
    Some(grid(pairs))
}

/// Numbers from 0 to 1, `[height, width, channels]`, as an image; nothing if it is neither gray nor in colors.
pub fn picture(numbers: &[f32], dims: [usize; 3]) -> Option<String> {
    of_bytes(to_bytes(numbers).collect(), dims)
}

/// An image as an element that holds it.
fn of_bytes(pixels: Vec<u8>, [height, width, channels]: [usize; 3]) -> Option<String> {
    let (wide, high) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let image: DynamicImage = match channels {
        1 => GrayImage::from_raw(wide, high, pixels)?.into(),
        3 => RgbImage::from_raw(wide, high, pixels)?.into(),
        _ => return None,
    };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).ok()?;
    let scale = (SIDE as f64 / width.max(height).max(1) as f64).max(0.05);
    let [shown_width, shown_height] = [width, height].map(|side| (side as f64 * scale).round());
    Some(format!(
        "<img alt=\"\" width=\"{shown_width}\" height=\"{shown_height}\" src=\"data:image/png;base64,{}\">",
        base64(&bytes.into_inner())
    ))
}

/// Images side by side, each with words below it, of which only `<br>` is no text.
pub fn grid(images: impl Iterator<Item = (String, String)>) -> String {
    let image = |(image, words): (String, String)| {
        let words = words.split("<br>").map(escaped).collect::<Vec<_>>().join("<br>");
        let words = if words.is_empty() { words } else { format!("<span>{words}</span>") };
        format!("<div class=\"image\">{image}{words}</div>")
    };
    format!("<div class=\"images\">{}</div>", images.map(image).collect::<String>())
}
