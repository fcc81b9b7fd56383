//! A stack of layers as declared: trace its shapes, then build it.

mod padding;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use padding::check_padding;

use crate::activation::Function;
use crate::layers::{Dense, Embedding, EnsembleMean, Flatten, LayerSpec};
use crate::network::{Network, Stack};
use crate::shape::Shape;
use crate::spec::{Fix, Misfit, Plan, ShapeError};

/// The layers of a network, first to last.
///
/// ```
/// use backprop_nn::layers::{Dense, Flatten, Function};
/// use backprop_nn::{ModelSpec, Shape};
///
/// let mut model = ModelSpec { layers: vec![Dense::new(10, Function::Linear).into()] };
/// let misfit = model.trace(Shape::image(28, 28, 1), 10).misfit.unwrap();
/// assert_eq!(misfit.error.fix.as_ref().unwrap().label(), "Insert Flatten");
/// misfit.error.fix.unwrap().apply(&mut model.layers, misfit.index);
/// assert_eq!(model.trace(Shape::image(28, 28, 1), 10).params(), 7850);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelSpec {
    /// From the input to the output.
    pub layers: Vec<LayerSpec>,
}

/// The most trainable numbers a network may have: 400 MB of weights, and four to five times that while training.
pub const MAX_PARAMS: usize = 100_000_000;

/// The most numbers a layer may give for one sample, since layers that enlarge an image may follow one another.
pub const MAX_NUMBERS: usize = 16_000_000;

impl ModelSpec {
    /// Follows the shape of a sample through the stack. What fits is returned together with what went wrong, so that
    /// an editor can show both while the stack is half built.
    ///
    /// `outputs` is how many numbers the last layer has to give, or the shape of what it has to give: so many numbers at each of
    /// so many steps.
    pub fn trace(&self, input: Shape, outputs: impl Into<Shape>) -> Trace {
        let mut trace = Trace::of(&self.layers, input);
        if trace.misfit.is_none() {
            let outputs: Shape = outputs.into();
            let misfit = match outputs.as_steps() {
                Some(outputs) => self.steps_misfit(&trace, outputs),
                None => self.head_misfit(trace.output(), outputs.len()),
            };
            trace.misfit = misfit.or_else(|| trace.too_large());
        }
        trace
    }

    /// The same for a stack that has to end otherwise: `misfit` says of the last shape what is wrong with it, and the layer
    /// that would be a right end.
    pub fn trace_to(&self, input: Shape, misfit: impl Fn(Shape) -> Option<(String, Dense)>) -> Trace {
        let mut trace = Trace::of(&self.layers, input);
        if trace.misfit.is_none() {
            let end = misfit(trace.output()).map(|(message, head)| self.wrong_end(message, head));
            trace.misfit = end.or_else(|| trace.too_large());
        }
        trace
    }

    /// Whether a layer, or one in a block, carries its state from one batch to the next.
    pub fn is_stateful(&self) -> bool {
        self.layers.iter().any(LayerSpec::is_stateful)
    }

    fn has_members(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, LayerSpec::BatchEnsemble(_)))
    }

    fn wrong_end(&self, message: String, head: Dense) -> Misfit {
        let index = head_of(&self.layers).unwrap_or(0);
        let (remedy, fix) = match self.layers.get(index) {
            Some(LayerSpec::Dense(_)) => {
                (format!("Give its last layer {} units.", head.units), Fix::Replace(head.into()))
            }
            Some(_) => (format!("End with a Dense layer of {}.", head.units), Fix::Append(head.into())),
            None => (format!("Begin with a Dense layer of {}.", head.units), Fix::Insert(head.into())),
        };
        Misfit { stack: "", index, error: ShapeError::new(format!("{message} {remedy}")).with_fix(fix) }
    }

    /// The network, or the first thing that does not fit.
    pub fn build(&self, input: Shape, outputs: impl Into<Shape>) -> Result<Network, Misfit> {
        match self.trace(input, outputs).misfit {
            Some(misfit) => Err(misfit),
            None => Ok(Network::new(&[Stack { name: "", prefix: "", layers: &self.layers, input }])),
        }
    }

    /// What is wrong where `units` numbers are wanted at each of so many steps: the first layer that no longer answers at each of
    /// them, or else the last.
    fn steps_misfit(&self, trace: &Trace, [steps, units]: [usize; 2]) -> Option<Misfit> {
        let shape = trace.output();
        if shape == Shape::steps(steps, units) && !self.layers.is_empty() {
            return None;
        }
        let misfit = |index: usize, message: String, fix: Option<Fix>| {
            Some(Misfit { stack: "", index, error: ShapeError { message, fix } })
        };
        let answers = |index: usize| trace.plans[index].output.features_of(steps).is_some();
        let lost = (0..trace.plans.len()).rfind(|at| !answers(*at)).filter(|_| shape.features_of(steps).is_none());
        if let Some(mut last) = lost {
            // The first of the layers since which there are no such steps.
            while last > 0 && !answers(last - 1) {
                last -= 1;
            }
            let layer = &self.layers[last];
            let message = format!(
                "The task needs an answer at each of the {steps} steps, and {layer} gives {}.",
                trace.plans[last].output
            );
            return match layer.with_all_steps() {
                Some(layer) => misfit(last, format!("{message} Let it give all steps."), Some(Fix::Replace(layer))),
                None if last > 0 => misfit(last, format!("{message} Take it out."), Some(Fix::Remove)),
                None if trace.input == Shape::flat(steps) => {
                    let embedding = Embedding { vocabulary: units, ..Embedding::default() };
                    let message = format!("{message} Begin with an Embedding, which gives a vector for each token.");
                    misfit(0, message, Some(Fix::Insert(embedding.into())))
                }
                None => misfit(0, message, None),
            };
        }
        let head = Dense::new(units, Function::Linear);
        let Some(index) = self.layers.len().checked_sub(1) else {
            return misfit(0, "The stack is empty. Add a layer to begin.".to_owned(), Some(Fix::Insert(head.into())));
        };
        let needs = format!(
            "The stack ends with {shape}, and the task needs {units} numbers at each of the {steps} steps, one for each token."
        );
        if let Some(fix) = self.embedding_for(index, units) {
            let message = format!("{needs} The last layer is tied to the Embedding: set the vocabulary to {units}.");
            return misfit(0, message, Some(fix));
        }
        match self.layers[index] {
            LayerSpec::Dense(_) => {
                misfit(index, format!("{needs} Set its units to {units}."), Some(Fix::Replace(head.into())))
            }
            _ => misfit(index, format!("{needs} End with a Dense layer of {units}."), Some(Fix::Append(head.into()))),
        }
    }

    /// The embedding of a network whose layer at `index` is tied to it, with the vocabulary that gives that layer so many units; nothing if
    /// it has them, or is not tied.
    fn embedding_for(&self, index: usize, units: usize) -> Option<Fix> {
        match (self.layers.get(index)?, self.layers.first()?) {
            (LayerSpec::Dense(Dense { tied: true, .. }), LayerSpec::Embedding(embedding))
                if embedding.vocabulary != units =>
            {
                Some(Fix::Replace(Embedding { vocabulary: units, ..embedding.clone() }.into()))
            }
            _ => None,
        }
    }

    fn head_misfit(&self, shape: Shape, outputs: usize) -> Option<Misfit> {
        if shape.is_flat() && shape.len() == outputs && !self.layers.is_empty() {
            return None;
        }
        let index = head_of(&self.layers).unwrap_or(0);
        if let Some(fix) = self.embedding_for(index, outputs).filter(|_| shape.is_flat()) {
            let message = format!(
                "The last layer gives {shape} numbers, and the task needs {outputs}. It is tied to the Embedding: set the vocabulary to {outputs}."
            );
            return Some(Misfit { stack: "", index: 0, error: ShapeError::new(message).with_fix(fix) });
        }
        let head = Dense::new(outputs, Function::Linear);
        let (message, fix) = match self.layers.get(index) {
            None => ("The stack is empty. Add a layer to begin.".to_owned(), Fix::Insert(head.into())),
            Some(LayerSpec::Dense(_)) if !shape.is_flat() && self.has_members() => (
                format!(
                    "The last layer answers for each member, {shape}, and one answer is wanted. End with the mean."
                ),
                Fix::Append(EnsembleMean {}.into()),
            ),
            Some(LayerSpec::Dense(_)) if !shape.is_flat() => (
                format!(
                    "The last layer answers at each step, {shape}, and one answer is wanted. Flatten the steps before it."
                ),
                Fix::Insert(Flatten {}.into()),
            ),
            Some(LayerSpec::Dense(_)) => (
                format!(
                    "The last layer gives {shape} numbers, and the task needs {outputs}, one for each class or target. Set its units to {outputs}."
                ),
                Fix::Replace(head.into()),
            ),
            Some(_) if shape.len() == outputs => (
                format!("The stack ends with {shape}, and the task needs a row of {outputs} numbers. Flatten it."),
                Fix::Append(Flatten {}.into()),
            ),
            Some(_) => (
                format!(
                    "The stack ends with {shape}, and the task needs {outputs} numbers, one for each class or target. End with a Dense layer of {outputs}."
                ),
                Fix::Append(head.into()),
            ),
        };
        Some(Misfit { stack: "", index, error: ShapeError::new(message).with_fix(fix) })
    }
}

/// Position of the layer that gives the outputs: the last, or where that is the mean of members the one before it.
pub fn head_of(layers: &[LayerSpec]) -> Option<usize> {
    match layers {
        [.., _, LayerSpec::EnsembleMean(_)] => Some(layers.len() - 2),
        _ => layers.len().checked_sub(1),
    }
}

/// The plan of a layer whose numbers lie in their ranges, which those of a file may not, and that finds the table that it is tied to: in
/// `first`, the layer that the network begins with, or nowhere in a block.
fn checked_plan(layer: &LayerSpec, input: Shape, first: Option<&LayerSpec>) -> Result<Plan, ShapeError> {
    if let Some(problem) = layer.out_of_range() {
        return Err(ShapeError::new(format!("{problem}.")));
    }
    let plan = layer.plan(input)?;
    if let LayerSpec::Dense(dense) = layer {
        dense.check_tied(input, first)?;
    }
    if plan.output.len() > MAX_NUMBERS {
        let (millions, most) = (plan.output.len() / 1_000_000, MAX_NUMBERS / 1_000_000);
        let message = format!("It would give {millions} million numbers a sample, and {most} million are the most.");
        return Err(ShapeError::new(message).with_fix(Fix::Remove));
    }
    Ok(plan)
}

/// What shape tracing found: a plan per layer up to the first that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The shape of a sample.
    pub input: Shape,
    /// Of each layer up to the first that does not fit.
    pub plans: Vec<Plan>,
    /// The first layer that does not fit.
    pub misfit: Option<Misfit>,
}

impl Trace {
    /// Follows the shape of a sample through some layers, whatever they give at the end.
    pub fn of(layers: &[LayerSpec], input: Shape) -> Self {
        Self::follow(layers, input, layers.first())
    }

    /// The same of the layers of a block, none of which is the first of the network.
    pub(crate) fn in_block(layers: &[LayerSpec], input: Shape) -> Self {
        Self::follow(layers, input, None)
    }

    fn follow(layers: &[LayerSpec], input: Shape, first: Option<&LayerSpec>) -> Self {
        let mut trace = Self { input, plans: Vec::new(), misfit: None };
        for (index, layer) in layers.iter().enumerate() {
            let finds_padding = || first.map_or(Ok(()), |_| check_padding(&layers[..=index], input, trace.output()));
            match checked_plan(layer, trace.output(), first).and_then(|plan| finds_padding().map(|()| plan)) {
                Ok(plan) => trace.plans.push(plan),
                Err(error) => {
                    trace.misfit = Some(Misfit { stack: "", index, error });
                    break;
                }
            }
        }
        trace
    }

    /// The same of a stack that is one of several.
    pub(crate) fn within(mut self, stack: &'static str) -> Self {
        if let Some(misfit) = &mut self.misfit {
            misfit.stack = stack;
        }
        self
    }

    /// The shape that leaves the last layer that fits.
    pub fn output(&self) -> Shape {
        self.plans.last().map_or(self.input, |plan| plan.output)
    }

    /// Trainable numbers of the layers that fit.
    pub fn params(&self) -> usize {
        self.plans.iter().map(|plan| plan.params).sum()
    }

    /// Multiply-adds of one forward pass through the layers that fit.
    pub fn multiply_adds(&self) -> u64 {
        self.plans.iter().map(|plan| plan.multiply_adds).sum()
    }

    /// The shape that arrives at the layer at `index`, as far as it is known.
    pub fn input_of(&self, index: usize) -> Option<Shape> {
        match index.checked_sub(1) {
            None => Some(self.input),
            Some(before) => self.plans.get(before).map(|plan| plan.output),
        }
    }

    fn too_large(&self) -> Option<Misfit> {
        let largest: RangeInclusive<usize> = 0..=MAX_PARAMS;
        if largest.contains(&self.params()) {
            return None;
        }
        let (index, plan) = self.plans.iter().enumerate().max_by_key(|(_, plan)| plan.params)?;
        Some(Misfit {
            stack: "",
            index,
            error: ShapeError::new(format!(
                "The network has {} million parameters, {} million of them here, and {} million are the most. Pool before it, or make it smaller.",
                self.params() / 1_000_000,
                plan.params / 1_000_000,
                MAX_PARAMS / 1_000_000
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Activation, BatchEnsemble, Conv2d, Lstm, MaxPool2d, Reshape, Returns, Rnn, UpSample2d};

    fn stack(layers: Vec<LayerSpec>) -> ModelSpec {
        ModelSpec { layers }
    }

    /// Applies the offered repair until the stack fits, as a person who only ever presses the button would.
    fn repair(mut model: ModelSpec, input: Shape) -> ModelSpec {
        for _ in 0..30 {
            let Some(misfit) = model.trace(input, 10).misfit else { return model };
            let fix = misfit.error.fix.unwrap_or_else(|| panic!("no way out of: {}", misfit.error.message));
            fix.apply(&mut model.layers, misfit.index);
        }
        panic!("thirty repairs did not suffice: {model:?}");
    }

    fn members() -> LayerSpec {
        BatchEnsemble::default().into()
    }

    #[test]
    fn the_outputs_of_members_are_set_before_their_mean() {
        let dense = |units| LayerSpec::from(Dense::new(units, Function::Linear));
        let mean = || LayerSpec::from(EnsembleMean {});
        let fits = vec![members(), dense(10), mean()];
        for layers in [vec![members(), dense(64)], vec![members(), dense(64), mean()], vec![members(), dense(10)]] {
            assert_eq!(repair(stack(layers), Shape::flat(5)).layers, fits);
        }
        let ends_otherwise = vec![members(), Activation::default().into(), mean()];
        let repaired = repair(stack(ends_otherwise), Shape::flat(5)).layers;
        assert_eq!(repaired, [members(), Activation::default().into(), dense(10), mean()]);
    }

    #[test]
    fn every_misfit_offers_a_repair_that_leads_to_a_stack_that_fits() {
        let image = Shape::image(28, 28, 1);
        let conv = || LayerSpec::from(Conv2d::default());
        let pool = || LayerSpec::from(MaxPool2d::default());
        let dense = || LayerSpec::from(Dense::default());
        for layers in [
            vec![],
            vec![dense()],
            vec![conv()],
            vec![conv(), dense()],
            vec![Flatten {}.into(), conv(), dense()],
            vec![Flatten {}.into(), pool()],
            vec![pool(), pool(), pool(), pool(), pool(), pool()],
            vec![pool(), pool(), pool(), conv(), conv(), conv()],
            vec![Lstm::default().into(), Lstm::default().into()],
            vec![conv(), Rnn { returns: Returns::AllSteps, ..Rnn::default() }.into(), conv(), dense()],
            vec![Rnn { returns: Returns::AllSteps, ..Rnn::default() }.into(), dense()],
            vec![UpSample2d { size: 8 }.into(); 5],
            vec![Flatten {}.into(), members(), dense()],
            vec![EnsembleMean {}.into()],
            LayerSpec::all(),
        ] {
            assert_repaired(layers, image);
        }
    }

    fn assert_repaired(layers: Vec<LayerSpec>, input: Shape) {
        let repaired = repair(stack(layers), input);
        assert_eq!(repaired.trace(input, 10).plans.last().unwrap().output, Shape::flat(10));
        assert!(repaired.build(input, 10).is_ok());
    }

    #[test]
    fn every_layer_alone_or_before_any_other_can_be_repaired() {
        for first in LayerSpec::all() {
            for input in [Shape::image(28, 28, 1), Shape::steps(12, 5), Shape::flat(64)] {
                assert_repaired(vec![first.clone()], input);
                for second in LayerSpec::all() {
                    assert_repaired(vec![first.clone(), second], input);
                }
            }
        }
    }

    /// The same of a task that needs an answer at each step.
    #[test]
    fn a_stack_that_gives_one_answer_is_led_to_one_at_each_step() {
        let recurrent = |returns| LayerSpec::from(Lstm { returns, ..Lstm::default() });
        let (tokens, wanted) = (Shape::flat(12), Shape::steps(12, 9));
        let dense = || LayerSpec::from(Dense::default());
        for mut layers in [
            vec![],
            vec![dense()],
            vec![dense(), dense()],
            vec![Embedding::default().into()],
            vec![Embedding::default().into(), recurrent(Returns::LastStep), dense()],
            vec![Embedding::default().into(), recurrent(Returns::AllSteps), recurrent(Returns::LastStep)],
            vec![Embedding::default().into(), Flatten {}.into(), dense(), dense()],
        ] {
            for _ in 0..9 {
                let Some(misfit) = stack(layers.clone()).trace(tokens, wanted).misfit else { break };
                misfit.error.fix.clone().unwrap_or_else(|| panic!("{misfit}")).apply(&mut layers, misfit.index);
            }
            assert_eq!(
                stack(layers.clone()).build(tokens, wanted).map(|built| built.output()),
                Ok(wanted),
                "{layers:?}"
            );
            assert!(matches!(layers[0], LayerSpec::Embedding(_)), "{layers:?}");
        }
        let last =
            vec![Embedding::default().into(), recurrent(Returns::LastStep), Dense::new(9, Function::Linear).into()];
        let misfit = stack(last).trace(tokens, wanted).misfit.unwrap();
        assert!(misfit.to_string().contains("layer 2: The task needs an answer at each of the 12 steps"), "{misfit}");
    }

    #[test]
    fn tracing_a_broken_stack_still_gives_the_part_that_fits() {
        let trace = stack(vec![Conv2d::default().into(), Dense::default().into()]).trace(Shape::image(28, 28, 1), 10);
        assert_eq!(trace.plans.len(), 1);
        let misfit = trace.misfit.unwrap();
        assert_eq!((misfit.index, misfit.error.fix), (1, Some(Fix::Insert(Flatten {}.into()))));
    }

    #[test]
    fn a_recurrent_layer_takes_the_rows_of_an_image_as_steps() {
        let misfit = stack(vec![Lstm::default().into()]).trace(Shape::image(28, 20, 3), 10).misfit.unwrap();
        assert_eq!(misfit.error.fix, Some(Fix::Insert(Reshape::steps(28).into())));
        assert!(misfit.error.message.contains("an image 28×20×3 arrives"), "{misfit}");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let trace = stack(vec![Conv2d { stride: 0, ..Default::default() }.into()]).trace(Shape::image(28, 28, 1), 10);
        assert_eq!(trace.misfit.unwrap().to_string(), "layer 1: stride is 0; it goes from 1 to 4.");
    }

    #[test]
    fn the_default_stack_has_the_parameters_that_keras_counts() {
        let model = stack(vec![
            Flatten {}.into(),
            Dense::new(128, Function::Relu).into(),
            Dense::new(10, Function::Linear).into(),
        ]);
        assert_eq!(model.trace(Shape::image(28, 28, 1), 10).params(), 101_770);
    }
}
