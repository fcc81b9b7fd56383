//! What a unit of a layer computes, forward and back, product by product.

use std::collections::HashMap;

use backprop_nn::LayerSpec;
use backprop_nn::layers::Function;
use backprop_nn::spec::layer_at;
use backprop_nn::weights::Param;

use super::{LayerStep, SHOWN, Step, largest};
use crate::explain::connections::{Term, reads};

/// A unit in the step, with the numbers of the sample that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its position in what the layer gives.
    pub at: usize,
    /// Every product of its sum, in the order of the inputs; nothing for layers that are more than sums.
    pub terms: Vec<Term>,
    /// Its bias, if it has one.
    pub bias: Option<f32>,
    /// Its sum z; without an activation function what it gives.
    pub sum: f32,
    /// What it gives.
    pub value: f32,
    /// The products that its gradient is the sum of: the weights that lead on from it, each times the gradient of the sum of the unit
    /// there. Nothing where the layer after it is more than sums, or the loss.
    pub back: Vec<Term>,
    /// The gradient of the loss by what it gives.
    pub slope: f32,
    /// The gradient of the loss by its sum, δ.
    pub delta: f32,
}

/// A line of what a unit computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A weight times an input, or times a δ on the way back: position of the other unit, both factors, and the sum so far.
    Product {
        /// The unit of the place before, or on the way back of that after.
        from: usize,
        /// Weight and value.
        factors: [f32; 2],
        /// The sum with this product.
        so_far: f64,
    },
    /// Products that are not listed, and the sum with them.
    Rest {
        /// How many.
        count: usize,
        /// The sum with these.
        so_far: f64,
    },
    /// The bias, and the sum that the engine has found with it.
    Bias {
        /// The bias.
        bias: f32,
        /// z
        sum: f32,
    },
    /// The activation function of the sum.
    Function {
        /// Which.
        function: Function,
        /// z
        sum: f32,
        /// y
        value: f32,
    },
    /// The gradient by what the unit gives, as it came from the layer after it.
    Slope(f32),
    /// Times the derivative of the activation function.
    Derivative {
        /// Which.
        function: Function,
        /// f′(z)
        derivative: f32,
        /// δ
        delta: f32,
    },
    /// The gradient by a weight: the input times δ, added up over all places where the layer uses the weight.
    WeightGradient {
        /// The unit of the place before.
        from: usize,
        /// Input and δ.
        factors: [f32; 2],
        /// The sum over all places.
        gradient: f32,
    },
    /// The gradient by the bias, which is δ.
    BiasGradient(f32),
    /// What the unit gives, where the layer is more than sums.
    Given(f32),
}

impl Unit {
    /// What it computes on the way forward, line by line.
    pub fn forward(&self, function: Option<Function>) -> Vec<Line> {
        if self.terms.is_empty() {
            return vec![Line::Given(self.value)];
        }
        let (mut lines, _) = products(&self.terms);
        if let Some(bias) = self.bias {
            lines.push(Line::Bias { bias, sum: self.sum });
        }
        lines.extend(function.map(|function| Line::Function { function, sum: self.sum, value: self.value }));
        lines
    }

    /// What it computes on the way back.
    pub fn backward(&self, function: Option<Function>, step: &Step) -> Vec<Line> {
        let (mut lines, _) = products(&self.back);
        lines.push(Line::Slope(self.slope));
        if let Some(function) = function {
            lines.push(Line::Derivative {
                function,
                derivative: derivative(function, self.sum, self.value),
                delta: self.delta,
            });
        }
        for at in largest(self.terms.len(), SHOWN, |at| self.terms[at].value.abs()) {
            let Term { input, value, weight_at, .. } = self.terms[at];
            let gradient = step.sample_gradient[weight_at];
            lines.push(Line::WeightGradient { from: input, factors: [value, self.delta], gradient });
        }
        if self.bias.is_some() && !self.terms.is_empty() {
            lines.push(Line::BiasGradient(self.delta));
        }
        lines
    }
}

/// The products of a sum one after the other, the largest if there are many.
fn products(terms: &[Term]) -> (Vec<Line>, f64) {
    let listed = largest(terms.len(), SHOWN, |at| terms[at].product().abs());
    let (mut lines, mut so_far) = (Vec::new(), 0.0);
    let product = |term: &Term| f64::from(term.value) * f64::from(term.weight);
    for at in &listed {
        let term = &terms[*at];
        so_far += product(term);
        lines.push(Line::Product { from: term.input, factors: [term.weight, term.value], so_far });
    }
    let count = terms.len() - listed.len();
    let sum: f64 = terms.iter().map(product).sum();
    if count > 0 {
        lines.push(Line::Rest { count, so_far: sum });
    }
    (lines, sum)
}

/// f′(z), as the engine has it.
fn derivative(function: Function, sum: f32, value: f32) -> f32 {
    let (mut slope, memo) = ([1.0], [sum]);
    function.backward(&mut slope, &[value], if function.memo_len(1) > 0 { &memo } else { &[] });
    slope[0]
}

/// The units of a layer that are followed: all of a small one, of others those that give the most.
pub(super) fn units(
    step: &Step,
    layers: &[LayerStep],
    at: usize,
    specs: &[LayerSpec],
    params: &[Vec<Param>],
) -> Vec<Unit> {
    let layer = &layers[at];
    let (sums, values) = (&step.values[layer.sums], &step.values[layer.gives]);
    let chosen = largest(values.len(), SHOWN, |unit| values[unit].abs());
    let number = |numbers: &[f32], unit: usize| numbers.get(unit).copied().unwrap_or(f32::NAN);
    let mut back = layers.get(at + 1).map(|next| backs(step, next, &chosen, specs, params)).unwrap_or_default();
    let unit = |unit: usize| {
        let (terms, bias) = terms(step, layer, unit, specs, params).unwrap_or_default();
        Unit {
            at: unit,
            terms,
            bias,
            sum: sums[unit],
            value: values[unit],
            back: back.remove(&unit).unwrap_or_default(),
            slope: number(&step.gradients[layer.gives], unit),
            delta: number(&step.gradients[layer.sums], unit),
        }
    };
    chosen.iter().copied().map(unit).collect()
}

/// The products that a unit adds up, and its bias.
fn terms(
    step: &Step,
    layer: &LayerStep,
    unit: usize,
    specs: &[LayerSpec],
    params: &[Vec<Param>],
) -> Option<(Vec<Term>, Option<f32>)> {
    let find = |name: &str| params[layer.sums].iter().find(|param| param.info.name == name);
    let (kernel, weights) = (find("kernel")?, step.weights[0].values());
    let before = layer.sums - 1;
    let (reads, _) = reads(layer_at(specs, &layer.path)?, step.places[before].shape, kernel.info.dims[0], unit)?;
    let term = |(input, at): (usize, usize)| {
        let weight_at = kernel.range.start + at;
        Term { input, value: step.values[before][input], weight_at, weight: weights[weight_at] }
    };
    let channels = step.places[layer.sums].shape.channels();
    let bias = find("bias").map(|bias| weights[bias.range.start + unit % channels]);
    Some((reads.into_iter().map(term).collect(), bias))
}

/// For each of some units, the products that come back to it from the units of the next layer.
fn backs(
    step: &Step,
    next: &LayerStep,
    chosen: &[usize],
    specs: &[LayerSpec],
    params: &[Vec<Param>],
) -> HashMap<usize, Vec<Term>> {
    let mut found: HashMap<usize, Vec<Term>> = HashMap::new();
    let deltas = &step.gradients[next.sums];
    for (unit, delta) in deltas.iter().enumerate() {
        let Some((terms, _)) = terms(step, next, unit, specs, params) else { return found };
        for term in terms.into_iter().filter(|term| chosen.contains(&term.input)) {
            let back = Term { input: unit, value: *delta, ..term };
            found.entry(term.input).or_default().push(back);
        }
    }
    found
}
