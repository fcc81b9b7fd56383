//! Layers that do not fit, or that do something else than they seem to.

use super::{Case, Fix, Problem, Side};
use crate::data::{Feature, Order, Vocabulary};
use crate::project::Project;
use crate::train::heads::Results;
use backprop_nn::layers::{Activation, Dense, Embedding, Function};
use backprop_nn::trace::Trace;
use backprop_nn::{LayerSpec, Shape, spec};

/// Checks the layers and their shapes.
pub fn check(case: &Case<'_>) -> Vec<Problem> {
    let misfits = misfits(case.project, case.dataset.shape, case.dataset.task.output());
    if !misfits.is_empty() {
        return misfits;
    }
    let mut problems = Vec::new();
    problems.extend(embedding(case));
    problems.extend(sees_ahead(case));
    problems.extend(stateful(case));
    problems.extend(output(case));
    problems.extend(batch_of_one(case));
    problems
}

/// Of each stack the layer at which the shapes do not fit.
pub fn misfits(project: &Project, sample: Shape, outputs: Shape) -> Vec<Problem> {
    let trace_of = |side| match side {
        Side::Model => Some(project.trace(sample, outputs)),
        Side::Discriminator => project.trace_discriminator(sample),
    };
    let misfit_of = |side: Side| {
        let misfit = trace_of(side)?.misfit?;
        let spec::Misfit { index, error, .. } = misfit;
        let fix = error.fix.map(|edit| Fix::Layer { side, index, edit });
        Some(Problem { fix, ..Problem::error(format!("{}.{index}", side.place()), error.message) })
    };
    Side::BOTH.into_iter().filter_map(misfit_of).collect()
}

/// Words and tokens of the data arrive as numbers, and need an embedding at the beginning.
fn embedding(case: &Case<'_>) -> Option<Problem> {
    let features: &[Feature] = &case.dataset.features;
    let (words, numbers) = match case.dataset.tokenizer() {
        Some(tokenizer) => (tokenizer.len(), 0),
        None => (
            features.iter().filter_map(|feature| feature.words.as_ref()).map(Vocabulary::end).max()?,
            features.iter().filter(|feature| feature.words.is_none()).count(),
        ),
    };
    let first = case.project.model.layers.first();
    let units = match first {
        Some(LayerSpec::Embedding(layer)) if layer.numbers == numbers && layer.vocabulary >= words => return None,
        Some(LayerSpec::Embedding(layer)) => Some(layer.units),
        _ => None,
    };
    let message = match case.dataset.tokenizer() {
        Some(_) => format!("the tokens of a text arrive as numbers; begin with an Embedding of vocabulary {words}"),
        None => format!(
            "words of the data arrive as numbers; begin with an Embedding of vocabulary {words} with numbers {numbers}"
        ),
    };
    let embedding = |units| LayerSpec::Embedding(Embedding { vocabulary: words, units, numbers });
    let edit = match units {
        Some(units) => spec::Fix::Replace(embedding(units)),
        None => spec::Fix::Insert(embedding(Embedding::default().units)),
    };
    let fix = Some(Fix::Layer { side: Side::Model, index: 0, edit });
    Some(Problem { fix, ..Problem::error("model.0", message) })
}

/// A language model that sees the tokens which it is asked for copies them.
fn sees_ahead(case: &Case<'_>) -> Option<Problem> {
    let network = case.network.as_ref().filter(|_| case.head.results() == Results::Text)?;
    // One that can go step by step sees nothing that comes later.
    if network.decoder().is_some() {
        return None;
    }
    let what = "a layer sees the tokens that follow, which are what the network is asked for, so that it may copy them and cannot \
                write; take attention that is causal, recurrent layers in one direction, and no convolution or pooling over the steps";
    let layers = &case.project.model.layers;
    let looks_ahead = |layer: &LayerSpec| matches!(layer, LayerSpec::MultiHeadAttention(layer) if !layer.causal);
    let problem = |index: usize| Problem::warning(format!("model.{index}"), what);
    Some(match layers.iter().position(looks_ahead) {
        Some(index) => problem(index).set("Make it causal", &[(&format!("model.{index}.causal"), "true")]),
        None => Problem::warning("model", what),
    })
}

/// A state is carried on to the sample that follows, which has to follow in the data too.
fn stateful(case: &Case<'_>) -> Option<Problem> {
    let index = case.project.model.layers.iter().position(LayerSpec::is_stateful)?;
    let (place, source) = (format!("model.{index}"), &case.project.data.source);
    match case.dataset.order {
        Order::Position { gap: 0 } => None,
        Order::Position { .. } => {
            let what = "a stateful layer goes on where the window before ended, and these windows overlap; let each begin there, \
                        with a stride of the whole context";
            let (mut source, context) = (source.clone(), case.dataset.shape.len());
            source.single_mut()?.overrule("stride", &context.to_string());
            Some(Problem::error(place, what).set(format!("stride={context}"), &[("data.source", &source.to_string())]))
        }
        _ => {
            let what = "a stateful layer goes on where the sample before ended, and these samples do not follow one another; switch \
                        stateful off, or take one text in windows";
            let setting = format!("{place}.stateful");
            let problem = Problem::error(place, what);
            let is_itself = case.project.model.layers[index].inside().is_none();
            Some(if is_itself { problem.set("Switch it off", &[(&setting, "false")]) } else { problem })
        }
    }
}

/// An activation on the output layer takes away what softmax cross-entropy or an unbounded target needs.
fn output(case: &Case<'_>) -> Option<Problem> {
    let (layers, loss) = (&case.project.model.layers, &case.project.training.loss);
    let why = match case.head.results() {
        Results::Reconstructions | Results::Samples => return None,
        // Outputs that are shares already are what such a loss compares with 0 and 1.
        Results::Classes | Results::Text if loss.takes_numbers() && !loss.takes_only_shares() => return None,
        Results::Classes | Results::Text if loss.takes_only_shares() => {
            "the loss applies the sigmoid itself, to outputs of any size"
        }
        Results::Classes | Results::Text => "the loss applies softmax itself, to outputs of any size",
        Results::Numbers | Results::Forecast => "the targets are standardized and lie on both sides of 0",
    };
    // What leaves every number as it is, or only some of them away, hides no activation.
    let shows_all = |layer: &LayerSpec| {
        use LayerSpec as L;
        matches!(
            layer,
            L::Dropout(_)
                | L::SpatialDropout(_)
                | L::GaussianNoise(_)
                | L::Flatten(_)
                | L::Reshape(_)
                | L::EnsembleMean(_)
        )
    };
    let index = layers.iter().rposition(|layer| !shows_all(layer))?;
    let of_layer = |name: &str| {
        let message = format!("the outputs go through {name}, and {why}; leave it out");
        let fix = Fix::Layer { side: Side::Model, index, edit: spec::Fix::Remove };
        Some(Problem { fix: Some(fix), ..Problem::warning(format!("model.{index}"), message) })
    };
    let activation = match &layers[index] {
        LayerSpec::Activation(Activation { function }) if *function != Function::Linear => {
            return of_layer(function.about().label);
        }
        LayerSpec::Softmax(_) if matches!(case.head.results(), Results::Classes | Results::Text) => {
            return of_layer("Softmax");
        }
        LayerSpec::Dense(Dense { activation, .. }) if *activation != Function::Linear => activation,
        _ => return None,
    };
    let name = activation.about().label;
    let message = format!("the output layer has the activation {name}, and {why}; take Linear");
    let place = format!("model.{index}");
    let path = format!("{place}.activation");
    Some(Problem::warning(place, message).set("Linear output", &[(&path, "linear")]))
}

/// Whether a layer is a batch normalization, or a block that has one.
pub fn normalizes(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::BatchNorm(_)) || layer.inside().is_some_and(|inside| inside.iter().any(normalizes))
}

/// The statistics of one number are that number, and nothing is left of it when they are taken away.
fn batch_of_one(case: &Case<'_>) -> Option<Problem> {
    let (batch, samples) = (case.project.training.batch, case.split.train.len());
    let is_last = batch > 1 && samples > batch && samples % batch == 1;
    if batch > 1 && !is_last {
        return None;
    }
    let trace: Trace = case.project.trace(case.dataset.shape, case.dataset.task.output());
    let is_alone = |(index, layer): &(usize, &LayerSpec)| {
        normalizes(layer) && trace.input_of(*index).is_some_and(|input| input.len() == input.channels())
    };
    let (index, _) = case.project.model.layers.iter().enumerate().find(is_alone)?;
    let place = format!("model.{index}");
    if is_last {
        let message = format!(
            "the last batch of every epoch holds 1 of {samples} samples, of which batch normalization leaves nothing"
        );
        // A batch that leaves more than one sample over.
        let other = (2..batch).rev().find(|other| samples % other != 1).unwrap_or(samples);
        let label = format!("Set the batch size to {other}");
        return Some(Problem::warning(place, message).set(label, &[("training.batch", &other.to_string())]));
    }
    let message = "batch normalization in batches of one sample makes every activation 0; take larger batches";
    Some(Problem::error(place, message).set("Set the batch size to 32", &[("training.batch", "32")]))
}
