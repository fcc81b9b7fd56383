//! A project that suits the data at hand: network, loss, batch, epochs, schedule and augmentation, with the reasons.
//!
//! The settings for tables follow the defaults that Holzmüller et al. 2024 (*Better by Default*, RealMLP) found over many
//! data sets, as far as they paid here: embeddings of numbers, wide hidden layers, dropout, a decay of the weights and a
//! cosine schedule.

mod season;
mod text;

use serde_json::{Value, json};

use self::season::{moves, season_of, series_of};
use super::{Project, ProjectError, VERSION};
use crate::data::dataset::{Feature, Modality, Vocabulary};
use crate::data::source::SourcePart;
use crate::data::sources::images;
use crate::data::{Dataset, Lookup, SourceSpec, Task};

/// A suggested project, and why it is as it is, one sentence each.
pub struct Suggestion {
    /// The project.
    pub project: Project,
    /// The reasons.
    pub reasons: Vec<String>,
}

/// Samples that a training shows to a network of a table, over all epochs together.
const SHOWN: usize = 400_000;

/// Suggests a project for data that were loaded from a source.
pub fn suggest(source: &SourceSpec, dataset: &Dataset) -> Result<Suggestion, ProjectError> {
    let mut reasons = Vec::new();
    let (model, training, augment) = match dataset.modality() {
        Modality::Images => images(dataset, &mut reasons),
        Modality::Table => table(dataset, &mut reasons),
        Modality::Series => series(dataset, &mut reasons),
        Modality::Text => text::text(dataset, &mut reasons),
    };
    let name = std::path::Path::new(source.parts.first().map_or("", |part| part.argument.as_str()));
    let name = name.file_stem().map_or_else(|| dataset.name.clone(), |stem| stem.to_string_lossy().into_owned());
    let validation = if dataset.train.len() < 60 { 0.25 } else { 0.15 };
    let text = json!({
        "version": VERSION,
        "name": name,
        "data": { "source": source.to_string(), "validation": validation, "augment": augment },
        "model": model,
        "training": training,
    });
    let project = Project::parse(&text.to_string()).map_err(|what| ProjectError::value("suggestion", what))?;
    Ok(Suggestion { project, reasons })
}

/// The source read in a way that suits its data better: images at another size or in gray, a series in windows of one
/// season. Nothing where it suits already, or where the user has chosen.
pub fn better_read(
    source: &SourceSpec,
    dataset: &Dataset,
    lookup: &Lookup<'_>,
    reasons: &mut Vec<String>,
) -> Option<SourceSpec> {
    match source.single()?.name.as_str() {
        "series" => in_seasons(source, dataset, reasons),
        "images" => at_size(source, dataset, lookup, reasons),
        _ => None,
    }
}

/// A window has no fewer rows than this.
const LEAST_WINDOW: usize = 12;

/// Images of which there are fewer than this can be large.
const FEW_IMAGES: usize = 2000;

fn at_size(
    source: &SourceSpec,
    dataset: &Dataset,
    lookup: &Lookup<'_>,
    reasons: &mut Vec<String>,
) -> Option<SourceSpec> {
    let mut chosen = source.clone();
    let part = chosen.single_mut()?;
    let is_chosen = |part: &SourcePart, key: &str| !part.values(key).is_empty();
    if !is_chosen(part, "size")
        && let Some(side) = images::typical_side(part, lookup)
    {
        let most = if dataset.train.len() < FEW_IMAGES { 96 } else { 64 };
        // Can be halved three times without a remainder.
        let size = (side.min(most) / 8 * 8).max(8);
        if dataset.shape.as_image().is_some_and(|[height, ..]| height != size) {
            reasons.push(format!("The images, of about {side} pixels, are read at {size} × {size}"));
            part.set("size", vec![size.to_string()]);
        }
    }
    if !is_chosen(part, "grey") && dataset.shape.channels() == 3 && is_gray(dataset) {
        reasons.push("The images have no color and are read in gray".to_owned());
        part.set("grey", vec!["true".to_owned()]);
    }
    (chosen != *source).then_some(chosen)
}

/// Images of a set that stand for all, and the bytes that they have together at most, about.
const LOOKED_AT: usize = 2000;
const LOOKED_AT_BYTES: usize = 4_000_000;

fn looked_at(dataset: &Dataset) -> impl Iterator<Item = &[u8]> {
    let most = (LOOKED_AT_BYTES / dataset.shape.len()).clamp(1, LOOKED_AT);
    let step = dataset.train.len().div_ceil(most).max(1);
    (0..dataset.train.len()).step_by(step).map(|at| dataset.train.pixels_of(at))
}

/// Whether red, green and blue are the same in all pixels.
fn is_gray(dataset: &Dataset) -> bool {
    looked_at(dataset).flat_map(|image| image.chunks_exact(3)).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2])
}

fn in_seasons(source: &SourceSpec, dataset: &Dataset, reasons: &mut Vec<String>) -> Option<SourceSpec> {
    let mut chosen = source.clone();
    let part = chosen.single_mut()?;
    if dataset.modality() != Modality::Series {
        return None;
    }
    let series = series_of(dataset);
    if part.values("window").is_empty()
        && let Some(season) = season_of(&series)
    {
        let window = season.max(LEAST_WINDOW);
        reasons.push(format!(
            "The series repeats every {season} rows: a window of {window} rows, and a naive forecast that repeats the last {season}"
        ));
        part.set("window", vec![window.to_string()]);
        if part.values("season").is_empty() {
            part.set("season", vec![season.to_string()]);
        }
    }
    if part.values("relative").is_empty() && moves(&series) {
        let what = "The level of the series moves, so the network forecasts the change from the naive forecast";
        reasons.push(what.to_owned());
        part.set("relative", vec!["true".to_owned()]);
    }
    (chosen != *source).then_some(chosen)
}

fn outputs(dataset: &Dataset) -> usize {
    dataset.task.outputs()
}

fn loss(dataset: &Dataset) -> &'static str {
    match dataset.task {
        Task::Classification { .. } | Task::NextToken { .. } => "softmax_cross_entropy",
        Task::Regression { .. } | Task::Reconstruction { .. } => "mean_squared_error",
    }
}

/// A power of two near this share of the samples.
fn batch(samples: usize, share: usize, most: usize) -> usize {
    (samples / share).next_power_of_two().clamp(8, most)
}

fn training(dataset: &Dataset, learning_rate: f32, batch: usize, epochs: usize, decay: f32) -> Value {
    json!({
        "loss": loss(dataset),
        "optimizer": { "kind": "adamw", "weight_decay": decay },
        "learning_rate": learning_rate,
        "batch": batch,
        "epochs": epochs,
        "warmup": 0.05,
        "schedule": "cosine",
        "regularization": { "average": 0.99 },
    })
}

fn table(dataset: &Dataset, reasons: &mut Vec<String>) -> (Value, Value, Value) {
    let samples = dataset.train.len();
    // Few rows are memorized soon: fewer epochs, and more against it.
    let is_few = samples < 1000;
    let (units, rate, decay, spread) = if is_few { (64, 0.3, 0.2, 1.0) } else { (256, 0.25, 0.02, 2.0) };
    let batch = batch(samples, 40, 256);
    let shown = if is_few { SHOWN / 12 } else { SHOWN };
    let epochs = (shown / samples.max(1)).clamp(30, 150);
    reasons.push(format!(
        "Two hidden layers of {units} units for {samples} rows, with dropout and weight decay against overfitting"
    ));
    reasons.push(format!("{epochs} epochs in batches of {batch}, the learning rate falling to zero along a cosine"));
    reasons.push(format!(
        "The mean of {MEMBERS} members that share these layers: each learns alone, so that not all make the same mistakes"
    ));
    let counts = dataset.train.class_counts(dataset.task.classes().len());
    if let (Some(most), Some(least)) = (counts.iter().max(), counts.iter().filter(|count| **count > 0).min())
        && *most >= RARE * least
    {
        reasons.push(format!(
            "Every row weighs the same, though the classes have {least} to {most}: the probabilities stay right. To find more \
             of the rare class, choose a threshold (Mistakes, Calibration), or set \
             training.loss.class_weights to balanced"
        ));
    }
    let members = || json!({ "kind": "batch_ensemble", "members": MEMBERS, "spread": spread });
    let hidden = || {
        let dense = json!({ "kind": "dense", "units": units, "activation": "gelu" });
        [members(), dense, json!({ "kind": "dropout", "rate": rate })]
    };
    let head = json!({ "kind": "dense", "units": outputs(dataset), "activation": "linear" });
    let mut model = [hidden(), hidden(), [members(), head, json!("ensemble_mean")]].concat();
    let is_number = |feature: &&Feature| feature.category.is_none() && feature.words.is_none();
    let features = &dataset.features;
    let numbers = features.iter().rposition(|feature| is_number(&feature)).map_or(0, |last| last + 1);
    if !is_few && numbers > 0 {
        let count = features.iter().filter(is_number).count();
        reasons.push(format!(
            "Periodic features beside each of {count} numbers, so that the network can bend where a tree would ask"
        ));
        let numbers = if numbers == features.len() { 0 } else { numbers };
        model.insert(0, json!({ "kind": "numeric_embedding", "frequency": FREQUENCY, "numbers": numbers }));
    }
    if let Some(words) = features.iter().filter_map(|feature| feature.words.as_ref()).map(Vocabulary::end).max() {
        let before = features.iter().filter(|feature| feature.words.is_none()).count();
        reasons.push(format!("An embedding of {WORD_UNITS} numbers for each of {words} words"));
        let embedding = json!({ "kind": "embedding", "vocabulary": words, "units": WORD_UNITS, "numbers": before });
        model.insert(0, embedding);
    }
    (json!(model), training(dataset, 0.003, batch, epochs, decay), json!({}))
}

/// Standard deviation of the frequencies of embedded numbers: of 0.2 to 0.6, what was best over the tables that are measured.
const FREQUENCY: f32 = 0.4;

/// Members of the suggested ensemble: twice as many take twice the time for little more. Of the standard deviations 0.5, 1
/// and 2 of their scales, 1 was best with few rows and 2 with many, over the tables that are measured.
const MEMBERS: usize = 4;

/// A class of a table is rare where another has so many times its rows.
const RARE: usize = 9;

/// The length of the vector of a word, as in RealMLP.
const WORD_UNITS: usize = 8;

/// Classes of images whose numbers differ by this factor are balanced.
const UNEQUAL: usize = 3;

/// From this side on, the first convolution looks at every second pixel alone.
const LARGE: usize = 48;

/// Images of 96 pixels that a training shows to a network, over all epochs together.
const IMAGES_SHOWN: usize = 24_000;

fn images(dataset: &Dataset, reasons: &mut Vec<String>) -> (Value, Value, Value) {
    let samples = dataset.train.len();
    let [height, width, _] = dataset.shape.as_image().unwrap_or([1, 1, 1]);
    let side = height.min(width);
    let conv = |filters: usize, kernel: usize, stride: usize| {
        json!({
            "kind": "conv2d", "filters": filters, "kernel": kernel, "stride": stride, "padding": "same",
            "activation": "linear", "init": "he_normal",
        })
    };
    let bend = || [json!("batch_norm"), json!("activation")];
    let block = |filters: usize| {
        let layers =
            [conv(filters, 3, 1), json!("batch_norm"), json!("activation"), conv(filters, 3, 1), json!("batch_norm")];
        json!({ "kind": "residual", "layers": layers })
    };
    let (mut filters, stem, steps) =
        if side >= LARGE { (24, conv(24, 5, 2), 2) } else { (16, conv(16, 3, 1), (side / 8).max(1).ilog2().min(2)) };
    let mut layers = vec![stem];
    layers.extend(bend());
    for _ in 0..steps {
        filters *= 2;
        layers.push(json!({ "kind": "max_pool2d", "size": 2 }));
        layers.push(conv(filters, 3, 1));
        layers.extend(bend());
        layers.extend([block(filters), json!("activation")]);
    }
    layers.push(json!("global_average_pool"));
    layers.push(json!({ "kind": "dropout", "rate": 0.2 }));
    layers.push(json!({ "kind": "dense", "units": outputs(dataset), "activation": "linear" }));
    let epochs = (IMAGES_SHOWN / samples.max(1)).clamp(5, 60);
    let batch = batch(samples, 40, 32);
    let is_photographs = !has_paper(dataset);
    let augment =
        if is_photographs { json!({ "flip": 0.5 }) } else { json!({ "shift": 0.08, "rotate": 10.0, "scale": 0.1 }) };
    reasons.push(format!(
        "A residual network with {filters} channels at its end for {samples} images of {}",
        dataset.shape
    ));
    reasons.push(match is_photographs {
        true => "Mirror images stand in for more images".to_owned(),
        false => {
            "Shifted, rotated and scaled copies stand in for more images; on even paper, none is mirrored".to_owned()
        }
    });
    reasons.push(format!("{epochs} epochs in batches of {batch}, the learning rate falling to zero along a cosine"));
    let mut training = training(dataset, 0.003, batch, epochs, 0.02);
    // Batch normalization follows the weights that learn, and not their average.
    training["regularization"] = json!({});
    let counts = dataset.train.class_counts(dataset.task.classes().len());
    let (most, least) = (counts.iter().max(), counts.iter().filter(|count| **count > 0).min());
    if let (Some(most), Some(least)) = (most, least)
        && *most >= UNEQUAL * least
    {
        training["loss"] = json!({ "kind": loss(dataset), "class_weights": "balanced" });
        reasons.push(format!("The classes weigh the same, though they have {least} to {most} images"));
    }
    (Value::Array(layers), training, augment)
}

/// Whether one brightness covers so much that the images are drawings or writing on a uniform background, which must
/// not be mirrored: a mirrored letter is another one.
fn has_paper(dataset: &Dataset) -> bool {
    let mut counts = [0usize; 256];
    looked_at(dataset).flatten().step_by(7).for_each(|byte| counts[usize::from(*byte)] += 1);
    counts.iter().max().is_some_and(|most| most * 5 > counts.iter().sum::<usize>() * 2)
}

fn series(dataset: &Dataset, reasons: &mut Vec<String>) -> (Value, Value, Value) {
    let samples = dataset.train.len();
    let batch = batch(samples, 20, 128);
    let epochs = (SHOWN / 2 / samples.max(1)).clamp(20, 200);
    let out = json!({ "kind": "dense", "units": outputs(dataset), "activation": "linear" });
    let model = match samples {
        0..1000 => {
            reasons.push(format!("A small dense network on the window: {samples} windows are few for a recurrent one"));
            json!(["flatten", { "kind": "dense", "units": 32, "activation": "tanh" }, out])
        }
        _ => {
            reasons.push(format!("A GRU reads the window step by step: {samples} windows are enough for it"));
            json!([{ "kind": "gru", "units": 32 }, out])
        }
    };
    reasons.push(format!("{epochs} epochs in batches of {batch}, the learning rate falling to zero along a cosine"));
    (model, training(dataset, 0.005, batch, epochs, 0.01), json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Samples;
    use backprop_nn::Shape;
    use std::fs;

    fn suggested(text: &str, options: &[(&str, &str)]) -> (Suggestion, Dataset) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.csv");
        fs::write(&path, text).unwrap();
        let mut source = SourceSpec::of_path("csv", &path);
        options.iter().for_each(|(key, value)| source.parts[0].set(key, vec![(*value).to_owned()]));
        let dataset = Dataset::read(&source.to_string()).unwrap();
        (suggest(&source, &dataset).unwrap(), dataset)
    }

    #[test]
    fn what_is_suggested_for_a_table_can_be_trained_at_once() {
        let rows: String = (0..90).map(|at| format!("{}.5,{},{}\n", at % 7, at % 9, ["a", "b", "c"][at % 3])).collect();
        let (suggestion, dataset) = suggested(&format!("x,y,kind\n{rows}"), &[]);
        let problems = suggestion.project.problems(&dataset);
        assert!(problems.iter().all(|problem| !problem.is_error()), "{problems:?}");
        assert_eq!(suggestion.project.name, "own");
        let rows: String = (0..90).map(|at| format!("{}.5,{},{}.25\n", at % 7, at % 9, at * at)).collect();
        let (suggestion, dataset) = suggested(&format!("x,y,z\n{rows}"), &[]);
        assert!(suggestion.project.problems(&dataset).iter().all(|problem| !problem.is_error()));
    }

    #[test]
    fn images_of_any_size_have_a_network_that_fits() {
        for [height, width] in [[1, 1], [4, 6], [1, 90], [8, 8], [17, 40], [96, 64], [97, 211]] {
            for samples in [2, 40] {
                let classes = ["left", "right"].map(str::to_owned).to_vec();
                let shape = Shape::image(height, width, 3);
                let bytes: Vec<u8> = (0..samples * shape.len()).map(|at| (at * 7 % 251) as u8).collect();
                let train = Samples::images(bytes, (0..samples as u16).map(|at| at % 2));
                let dataset = Dataset::images("own", shape, classes, train, Samples::default());
                let suggestion = suggest(&"images:own".parse().unwrap(), &dataset).unwrap();
                let trace = suggestion.project.trace(shape, 2);
                assert!(trace.misfit.is_none(), "{shape}: {:?}", trace.misfit);
            }
        }
    }

    #[test]
    fn numbers_of_many_rows_are_embedded_and_so_are_words() {
        let row = |at: usize| format!("{}.5,{},{},{}\n", at % 7, ["u", "v", "w"][at % 3], at % 11, ["a", "b"][at % 2]);
        let rows: String = (0..1500).map(row).collect();
        let kinds = |options: &[(&str, &str)]| {
            let (suggestion, dataset) = suggested(&format!("x,word,z,kind\n{rows}"), options);
            let problems = suggestion.project.problems(&dataset);
            assert!(problems.iter().all(|problem| !problem.is_error()), "{problems:?}");
            suggestion.project.model.layers.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let layers = kinds(&[]);
        assert_eq!(layers[..3], ["NumericEmbedding 3 of 16", "BatchEnsemble 4", "Dense 256 GELU"]);
        assert_eq!(layers[layers.len() - 3..], ["BatchEnsemble 4", "Dense 2", "EnsembleMean"]);
        assert_eq!(kinds(&[("embedded", "word")])[..2], ["Embedding 8 of 4", "NumericEmbedding 3 of 16"]);
    }
}
