//! The stack of layers that grows node by node, with their weights.

use super::layout::Value;
use backprop_nn::layers::{Activation, BatchNorm, Flatten, Form, Function, PRelu, Reshape, Residual, Returns};
use backprop_nn::{LayerSpec, Shape};

/// A layer, or what becomes one.
#[derive(Debug)]
pub enum Item {
    /// A layer with its parameters, in their order.
    Plain { spec: LayerSpec, params: Vec<Vec<f32>> },
    /// `y = x ⊙ scale + shift` over the last axis.
    Affine { scale: Vec<f64>, shift: Vec<f64> },
    /// Layers whose output is added to their input.
    Block(Vec<Item>),
}

/// Layers one after the other. Every value between two of them has a token, by which a node says where it reads.
#[derive(Debug)]
pub struct Stack {
    pub items: Vec<Item>,
    /// Of the value before each item, and of the last one.
    tokens: Vec<usize>,
    next: usize,
}

/// Why a node cannot read a value that is not the last one.
const BRANCH: &str = "it reads an array from which another branch has gone on; two branches are a Residual block only where \
                      one of them is the identity";

/// Added to the variance of a BatchNorm that stands for a scale and a shift.
const EPSILON: f32 = 1e-5;

impl Stack {
    pub fn new() -> Self {
        Self { items: Vec::new(), tokens: vec![0], next: 1 }
    }

    /// The token of the last value.
    pub fn head(&self) -> usize {
        self.tokens.last().copied().unwrap_or(0)
    }

    /// How many items stand before a value; nothing if it is inside a block.
    pub fn position(&self, token: usize) -> Option<usize> {
        self.tokens.iter().position(|other| *other == token)
    }

    fn renewed(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Puts an item on the stack, and gives the token of what it makes.
    fn push(&mut self, item: Item) -> usize {
        self.items.push(item);
        let token = self.renewed();
        self.tokens.push(token);
        token
    }

    /// Puts a layer on the stack that reads this value, and gives the token and the shape of what it makes.
    pub fn place(
        &mut self,
        value: &Value,
        spec: impl Into<LayerSpec>,
        params: Vec<Vec<f32>>,
    ) -> Result<(usize, Shape), String> {
        let spec = spec.into();
        if value.token != self.head() {
            return Err(BRANCH.to_owned());
        }
        if let Some(problem) = spec.out_of_range() {
            return Err(format!("{}: {problem} here", spec.about().label));
        }
        let plan = spec.plan(value.shape).map_err(|error| error.message)?;
        Ok((self.push(Item::Plain { spec, params }), plan.output))
    }

    /// A layer that changes no shape.
    pub fn place_like(
        &mut self,
        value: &Value,
        spec: impl Into<LayerSpec>,
        params: Vec<Vec<f32>>,
    ) -> Result<Value, String> {
        let (token, _) = self.place(value, spec, params)?;
        Ok(value.after(token))
    }

    /// The value with its numbers in another shape, which a Flatten or Reshape gives it.
    pub fn shaped(&mut self, value: Value, shape: Shape) -> Result<Value, String> {
        if value.shape == shape {
            return Ok(value);
        }
        let spec: LayerSpec = match *shape.dims() {
            [_] => Flatten {}.into(),
            [steps, _] => Reshape::steps(steps).into(),
            [height, width, ..] => Reshape { form: Form::Image, height, width, ..Reshape::default() }.into(),
            [] => return Ok(value),
        };
        let (token, shape) = self.place(&value, spec, Vec::new())?;
        Ok(Value { token, shape, ..value })
    }

    /// Multiplies and shifts the channels of a value, together with what was done to them just before unless that is read
    /// elsewhere too.
    pub fn affine(&mut self, value: &Value, scale: &[f64], shift: &[f64], is_shared: bool) -> Result<Value, String> {
        if value.token != self.head() {
            return Err(BRANCH.to_owned());
        }
        match self.items.last_mut().filter(|_| !is_shared) {
            Some(Item::Affine { scale: scales, shift: shifts }) if scales.len() == scale.len() => {
                for ((a, b), (scale, shift)) in scales.iter_mut().zip(shifts).zip(scale.iter().zip(shift)) {
                    (*a, *b) = (*a * scale, *b * scale + shift);
                }
                return Ok(value.after(self.renew_head()));
            }
            Some(Item::Plain { spec, params }) if scale.iter().all(|scale| *scale == 1.0) && is_sum(spec) => {
                if let Some(bias) = params.last_mut().filter(|bias| bias.len() == shift.len()) {
                    bias.iter_mut().zip(shift).for_each(|(bias, shift)| *bias += *shift as f32);
                    return Ok(value.after(self.renew_head()));
                }
            }
            _ => {}
        }
        let token = self.push(Item::Affine { scale: scale.to_vec(), shift: shift.to_vec() });
        Ok(value.after(token))
    }

    /// Gives the last value a new token, since it is no longer what it was.
    fn renew_head(&mut self) -> usize {
        let token = self.renewed();
        if let Some(last) = self.tokens.last_mut() {
            *last = token;
        }
        token
    }

    /// Closes the layers since `shortcut` into a block whose output `last` is added to its input.
    pub fn close(&mut self, shortcut: &Value, last: Value) -> Result<Value, String> {
        let Some(at) = self.position(shortcut.token).filter(|at| *at < self.items.len()) else {
            return Err("it adds two arrays of which neither is the input of a block that the other is the output of"
                .to_owned());
        };
        if last.token != self.head() {
            return Err(
                "both branches that it adds hold layers; a Residual block adds its input as it is, so a projection on \
                        the shortcut cannot be expressed"
                    .to_owned(),
            );
        }
        if !shortcut.is_like(&last) {
            return Err("the two arrays that it adds do not have their numbers in the same order".to_owned());
        }
        let last = self.shaped(last, shortcut.shape)?;
        let inside = self.items.split_off(at);
        self.tokens.truncate(at + 1);
        Ok(last.after(self.push(Item::Block(inside))))
    }

    /// Whether the last layer is this activation and reads the value with this token, so that their product is a SiLU.
    pub fn make_silu(&mut self, sigmoid: &Value, input: &Value) -> Option<Value> {
        let is_before = self.position(input.token)? + 1 == self.items.len() && sigmoid.token == self.head();
        let Item::Plain { spec: LayerSpec::Activation(activation), .. } = self.items.last_mut()? else { return None };
        if !is_before || activation.function != Function::Sigmoid {
            return None;
        }
        activation.function = Function::Silu;
        Some(input.after(self.renew_head()))
    }

    /// Lets the recurrent layer that gives this value return its last step alone; layers behind it that read each step for
    /// itself then read that one.
    pub fn take_last_step(&mut self, value: &Value, is_state: bool) -> Result<usize, String> {
        if value.token != self.head() {
            return Err(BRANCH.to_owned());
        }
        for item in self.items.iter_mut().rev() {
            match item {
                Item::Affine { .. } => {}
                Item::Block(_) => break,
                Item::Plain { spec, .. } => {
                    if let Some((returns, bidirectional)) = recurrent(spec) {
                        if bidirectional && !is_state {
                            return Err("it takes the last step of a bidirectional layer, where the reading from the end has \
                                        only begun; here both readings give the last step that they read (the output Y_h)"
                                .to_owned());
                        }
                        *returns = Returns::LastStep;
                        return Ok(self.renew_head());
                    }
                    if is_state || !reads_each_step(spec) {
                        break;
                    }
                }
            }
        }
        Err("it takes the last step of a sequence that no recurrent layer gives".to_owned())
    }

    /// The row `value` with its numbers in the order of these axes, which the columns of the last Dense layer are put into;
    /// nothing if there is none before what works number by number.
    pub fn reordered(&mut self, value: Value, axes: &[usize]) -> Option<Value> {
        if value.token != self.head() || !value.shape.is_flat() || value.is_guess {
            return None;
        }
        let (ordered, places) = value.ordered_as(axes)?;
        let is_dense = |item: &Item| matches!(item, Item::Plain { spec: LayerSpec::Dense(_), .. });
        let first = self.items.iter().rposition(is_dense)?;
        if !self.items[first + 1..].iter().all(|item| item.works_on_each()) {
            return None;
        }
        for item in &mut self.items[first..] {
            match item {
                Item::Plain { params, .. } => params.iter_mut().for_each(|param| reorder(param, &places)),
                Item::Affine { scale, shift } => [scale, shift].into_iter().for_each(|param| reorder(param, &places)),
                Item::Block(_) => {}
            }
        }
        Some(ordered.after(self.renew_head()))
    }

    /// Takes the last layer away if it is this one.
    pub fn drop_last(&mut self, is_it: impl Fn(&LayerSpec) -> bool) -> bool {
        let is_last = self.ends_in(is_it);
        if is_last {
            self.items.pop();
            self.tokens.pop();
        }
        is_last
    }

    /// Whether the last layer is this one.
    pub fn ends_in(&self, is_it: impl Fn(&LayerSpec) -> bool) -> bool {
        self.items.last().is_some_and(|item| matches!(item, Item::Plain { spec, .. } if is_it(spec)))
    }

    /// Gives the last Dense layer, of one unit, a first one besides that is always 0; nothing if it is none.
    pub fn doubled(&mut self) -> bool {
        let Some(Item::Plain { spec: LayerSpec::Dense(dense), params }) = self.items.last_mut() else {
            return false;
        };
        if dense.units != 1 {
            return false;
        }
        dense.units = 2;
        params.iter_mut().for_each(|param| *param = param.iter().flat_map(|value| [0.0, *value]).collect());
        true
    }

    /// The layers, and their parameters one after the other.
    pub fn finished(self) -> (Vec<LayerSpec>, Vec<Vec<f32>>) {
        finished(self.items)
    }
}

impl Item {
    /// Whether the layer works on every number of a row alone.
    fn works_on_each(&self) -> bool {
        match self {
            Item::Affine { .. } => true,
            Item::Block(_) => false,
            Item::Plain { spec, .. } => matches!(
                spec,
                LayerSpec::Activation(_) | LayerSpec::BatchNorm(_) | LayerSpec::PRelu(_) | LayerSpec::Dropout(_)
            ),
        }
    }
}

/// Puts the numbers of each row into another order: that at `places[i]` comes to `i`.
fn reorder<T: Copy>(values: &mut [T], places: &[usize]) {
    for row in values.chunks_exact_mut(places.len()) {
        let old = row.to_vec();
        row.iter_mut().zip(places).for_each(|(value, place)| *value = old[*place]);
    }
}

/// Whether a layer ends in a sum with a bias, to which another number can be added.
fn is_sum(spec: &LayerSpec) -> bool {
    activation_of(&mut spec.clone()).is_some_and(|function| *function == Function::Linear)
}

/// The setting of a recurrent layer that says which steps it returns, and whether it reads in both directions.
pub fn recurrent(spec: &mut LayerSpec) -> Option<(&mut Returns, bool)> {
    match spec {
        LayerSpec::Rnn(layer) => Some((&mut layer.returns, layer.bidirectional)),
        LayerSpec::Lstm(layer) => Some((&mut layer.returns, layer.bidirectional)),
        LayerSpec::Gru(layer) => Some((&mut layer.returns, layer.bidirectional)),
        _ => None,
    }
}

fn reads_each_step(spec: &LayerSpec) -> bool {
    matches!(
        spec,
        LayerSpec::Dense(_)
            | LayerSpec::LayerNorm(_)
            | LayerSpec::BatchNorm(_)
            | LayerSpec::Activation(_)
            | LayerSpec::PRelu(_)
            | LayerSpec::Softmax(_)
            | LayerSpec::Dropout(_)
    )
}

/// The activation function of a layer of sums.
fn activation_of(spec: &mut LayerSpec) -> Option<&mut Function> {
    match spec {
        LayerSpec::Dense(layer) => Some(&mut layer.activation),
        LayerSpec::Conv1d(layer) => Some(&mut layer.activation),
        LayerSpec::Conv2d(layer) => Some(&mut layer.activation),
        LayerSpec::ConvTranspose2d(layer) => Some(&mut layer.activation),
        _ => None,
    }
}

fn finished(items: Vec<Item>) -> (Vec<LayerSpec>, Vec<Vec<f32>>) {
    let (mut layers, mut all): (Vec<LayerSpec>, _) = (Vec::new(), Vec::new());
    for item in items {
        let (spec, params) = match item {
            Item::Plain { spec, params } => (spec, params),
            Item::Affine { scale, shift } => affine_layer(&scale, &shift),
            Item::Block(items) => {
                let (layers, params) = finished(items);
                (Residual { layers }.into(), params)
            }
        };
        if let (LayerSpec::Activation(Activation { function }), Some(last)) = (&spec, layers.last_mut())
            && let Some(own @ Function::Linear) = activation_of(last)
        {
            *own = *function;
            continue;
        }
        layers.push(spec);
        all.extend(params);
    }
    (layers, all)
}

/// A BatchNorm whose moving mean is 0 and whose moving variance is 1.
fn affine_layer(scale: &[f64], shift: &[f64]) -> (LayerSpec, Vec<Vec<f32>>) {
    let numbers = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let (mean, variance) = (vec![0.0; scale.len()], vec![1.0 - EPSILON; scale.len()]);
    let spec = BatchNorm { epsilon: EPSILON, ..BatchNorm::default() };
    (spec.into(), vec![numbers(scale), numbers(shift), mean, variance])
}

/// A BatchNorm that standardizes its channels: `(x - mean) / deviation`.
pub fn standardizing(mean: &[f64], deviation: &[f64]) -> (LayerSpec, Vec<Vec<f32>>) {
    let epsilon = 1e-7;
    let numbers = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    let variance: Vec<f64> = deviation.iter().map(|deviation| deviation * deviation - f64::from(epsilon)).collect();
    let (ones, zeros) = (vec![1.0; mean.len()], vec![0.0; mean.len()]);
    (BatchNorm { epsilon, ..BatchNorm::default() }.into(), vec![ones, zeros, numbers(mean), numbers(&variance)])
}

/// A leaky ReLU of any slope.
pub fn leaky(slope: f32, channels: usize) -> (LayerSpec, Vec<Vec<f32>>) {
    (PRelu { slope }.into(), vec![vec![slope; channels]])
}
