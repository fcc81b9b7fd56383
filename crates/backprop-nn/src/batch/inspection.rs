//! A network opened up: what every layer gives for some samples, and how a number of the output depends on each of them.

use std::ops::Range;

use super::{Batch, Pass};
use crate::activation::Function;
use crate::init::mix;
use crate::kernels::denormals::flush_denormals;
use crate::layer::{InsideLayer, Mode};
use crate::network::{Network, Opened, Stage};
use crate::optim::{OptimizerSpec, Updater, UpdaterState};
use crate::shape::Shape;
use crate::spec::Misfit;
use crate::trace::ModelSpec;
use crate::weights::{Param, Weights};

/// The network of a stack with a look at every layer, which computes what [`Network::infer`] does: nothing is dropped, no
/// noise is added, and batch normalization takes its moving averages. One of [`Inspection::training`] computes what a step of
/// training does. It has the weights of the network that the stack builds. Slower than that, since no layer does the work of
/// another.
///
/// How much the second of two outputs depends on each input:
///
/// ```
/// use backprop_nn::layers::{Dense, Function};
/// use backprop_nn::{Inspection, ModelSpec, Shape};
///
/// let model = ModelSpec { layers: vec![Dense::new(2, Function::Linear).into()] };
/// let weights = model.build(Shape::flat(3), 2)?.init_weights(42);
/// let mut inspection = Inspection::new(&model, Shape::flat(3), 2)?;
/// inspection.forward(&weights, &[1.0, 2.0, 3.0]);
/// assert_eq!(inspection.values(0), [1.0, 2.0, 3.0]);
/// inspection.backward(&weights, &[0.0, 1.0]);
/// // Of a linear layer these are its weights, `[inputs, outputs]`.
/// let second: Vec<f32> = weights.values()[..6].iter().skip(1).step_by(2).copied().collect();
/// assert_eq!(inspection.gradient(0), second);
/// # Ok::<(), backprop_nn::spec::Misfit>(())
/// ```
pub struct Inspection {
    network: Network,
    batch: Batch,
    places: Vec<Place>,
    /// Of each place.
    gradients: Vec<Vec<f32>>,
    capacity: usize,
}

/// Where numbers can be looked at: the input, and what each layer gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Position of the layer in the stack, inside a block of that the position in the block, and so on; empty for the input.
    pub path: Vec<usize>,
    /// What the layer is called.
    pub label: &'static str,
    /// Of what it gives for a sample.
    pub shape: Shape,
    /// Where its trained parameters lie in the weights; empty where there are none.
    pub weights: Range<usize>,
    /// The activation function of its layer, if the place holds what that makes of the place before.
    pub function: Option<Function>,
}

impl Inspection {
    /// Of a stack that takes samples of this shape and has so many outputs.
    pub fn new(model: &ModelSpec, input: Shape, outputs: impl Into<Shape>) -> Result<Self, Misfit> {
        Self::opened(model, input, outputs, Opened::Settled)
    }

    /// The same as a step of training runs through it, in one shard: dropout drops, batch normalization takes the statistics of
    /// the batch, and each activation function has a place of its own after the sums that it gets.
    pub fn training(model: &ModelSpec, input: Shape, outputs: impl Into<Shape>) -> Result<Self, Misfit> {
        Self::opened(model, input, outputs, Opened::Training)
    }

    fn opened(model: &ModelSpec, input: Shape, outputs: impl Into<Shape>, how: Opened) -> Result<Self, Misfit> {
        match model.trace(input, outputs).misfit {
            Some(misfit) => Err(misfit),
            None => Ok(Self::of(Network::opened(&model.layers, input, how))),
        }
    }

    fn of(network: Network) -> Self {
        let place = |stage: &Stage| Place {
            path: stage.path.clone(),
            label: stage.label,
            shape: stage.output,
            weights: stage.params.start..stage.params.start + stage.trained,
            function: stage.function,
        };
        let places: Vec<Place> = network.stages.iter().map(place).collect();
        let mut inspection = Self {
            batch: Batch::new(&network, 0, 0),
            gradients: vec![Vec::new(); places.len()],
            network,
            places,
            capacity: 0,
        };
        inspection.make_room(1);
        inspection
    }

    fn make_room(&mut self, samples: usize) {
        if samples > self.capacity {
            self.batch = Batch::new(&self.network, 1, samples);
            // No parameter learns, so that none gets a gradient but in `learn`.
            self.batch.shards[0].learning = 0..0;
            self.capacity = samples;
        }
    }

    /// The input, and then the layers in the order in which they run; those that only reshape have no place.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The tensors of the layer at a place, without those of the layers that stand in it.
    pub fn params(&self, place: usize) -> &[Param] {
        let (params, range) = (self.network.params(), &self.network.stages[place].params);
        let first = params.partition_point(|param| param.range.start < range.start);
        let end = params.partition_point(|param| param.range.start < range.end);
        &params[first..end.max(first)]
    }

    /// Runs some samples forward, `[samples, input]`, stateful layers from a state of zero.
    ///
    /// # Panics
    /// If there is no sample, or a part of one, or if the weights are those of another network.
    pub fn forward(&mut self, weights: &Weights, samples: &[f32]) {
        self.arrive(weights, samples);
        let Batch { shards, transposed, shared, .. } = &mut self.batch;
        let _flushing = flush_denormals();
        let pass = Pass { network: &self.network, weights, transposed, shared, clock: None };
        // As in training, so that each layer remembers what its backward pass needs; nothing in it is random.
        pass.forward(0..self.network.stages.len(), &mut shards[0], Mode::Train { seed: 0 });
    }

    /// Runs a batch forward as a step of training does, `[samples, input]`. `seed` decides what is random; the moving averages of batch
    /// normalization follow in `weights`. For an inspection of [`Self::training`].
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn forward_training(&mut self, weights: &mut Weights, samples: &[f32], seed: u64) {
        self.arrive(weights, samples);
        let Self { network, batch: Batch { shards, transposed, shared, .. }, .. } = self;
        let _flushing = flush_denormals();
        // That of the first shard of a step.
        let mode = Mode::Train { seed: mix(seed, 0) };
        let mut start = 0;
        for end in network.batch_stages().iter().copied() {
            let pass = Pass { network, weights, transposed, shared, clock: None };
            pass.forward(start..end, &mut shards[0], mode);
            pass.count(end, &mut shards[0]);
            network.meet_forward(end, shards, shared, weights);
            start = end;
        }
        let pass = Pass { network, weights, transposed, shared, clock: None };
        pass.forward(start..network.stages.len(), &mut shards[0], mode);
    }

    /// Makes room for some samples and puts them before the first layer.
    fn arrive(&mut self, weights: &Weights, samples: &[f32]) {
        let count = samples.len() / self.network.input().len();
        assert!(count > 0 && count * self.network.input().len() == samples.len(), "{} numbers", samples.len());
        assert_eq!(weights.values().len(), self.network.weights_len(), "weights of another network");
        self.make_room(count);
        self.batch.reset_states();
        self.batch.shards[0].input_mut(count).copy_from_slice(samples);
    }

    /// What is found at a place for the samples that ran forward last, `[samples, shape]`.
    pub fn values(&self, place: usize) -> &[f32] {
        let shard = &self.batch.shards[0];
        &shard.activations[place + 1][..shard.samples * self.places[place].shape.len()]
    }

    /// What the layer at a place has computed of the sample that ran forward last, alone and without a way back, besides what it gives:
    /// the gates of a recurrent layer.
    pub fn inside(&self, place: usize) -> Vec<InsideLayer> {
        let (shard, stage) = (&self.batch.shards[0], &self.network.stages[place]);
        if shard.samples == 1 { stage.layer.inside(&shard.memos[place][..stage.memo_len]) } else { Vec::new() }
    }

    /// The outputs, `[samples, outputs]`.
    pub fn outputs(&self) -> &[f32] {
        self.values(self.places.len() - 1)
    }

    /// Runs back from a gradient of the outputs, `[samples, outputs]`, for the samples that ran forward last.
    ///
    /// # Panics
    /// If there are not as many numbers as outputs, or if the weights are those of another network.
    pub fn backward(&mut self, weights: &Weights, gradient: &[f32]) {
        assert_eq!(gradient.len(), self.outputs().len(), "a gradient for each output");
        self.batch.shards[0].grads[0][..gradient.len()].copy_from_slice(gradient);
        self.run_back(weights, self.places.len());
    }

    /// Runs back from the loss of the samples that ran forward last, and gives its gradient by all weights, in their order: zero for
    /// those that no gradient moves. `judge` gets outputs and writes their gradient, as for [`Network::learn`].
    ///
    /// # Panics
    /// If the weights are those of another network.
    pub fn learn(&mut self, weights: &Weights, mut judge: impl FnMut(&[f32], &mut [f32])) -> Vec<f32> {
        let stages = self.places.len();
        let shard = &mut self.batch.shards[0];
        let end = match self.network.stages[stages - 1].layer.members() {
            Some(members) => {
                shard.judge_members(members, &mut judge);
                stages - 1
            }
            None => {
                let (outputs, gradient) = shard.output_and_grad_mut();
                judge(outputs, gradient);
                stages
            }
        };
        shard.learning = 0..stages;
        self.run_back(weights, end);
        self.batch.shards[0].learning = 0..0;
        self.network.gradient(&self.batch.shards)
    }

    /// Runs back from the gradient of what the place before `end` gives.
    fn run_back(&mut self, weights: &Weights, end: usize) {
        let Self { network, batch: Batch { shards, transposed, shared, .. }, .. } = self;
        network.transpose(0..end, weights, transposed, None);
        let _flushing = flush_denormals();
        self.gradients[end..].iter_mut().for_each(Vec::clear);
        for at in (0..end).rev() {
            let len = shards[0].samples * self.places[at].shape.len();
            let kept = &mut self.gradients[at];
            kept.clear();
            kept.extend_from_slice(&shards[0].grads[0][..len]);
            if at == 0 {
                break;
            }
            if let Some(layer) = network.stages[at].layer.batch_statistics() {
                let pass = Pass { network, weights, transposed, shared, clock: None };
                layer.gradient(pass.backward_at(at, &mut shards[0]));
                network.meet_backward(at, shards, shared);
            }
            let pass = Pass { network, weights, transposed, shared, clock: None };
            pass.backward_through(at, &mut shards[0]);
        }
    }

    /// An optimizer at work on the weights of this network.
    pub fn updater(&self, spec: OptimizerSpec) -> Updater {
        Updater::new(spec, &self.network)
    }

    /// Gives an updater what another for the same weights remembers; false, and unchanged, if it does not fit.
    #[must_use]
    pub fn restore(&self, updater: &mut Updater, state: &UpdaterState) -> bool {
        updater.restore(state.clone(), &self.network)
    }

    /// Moves the weights by the gradient that [`Self::learn`] found last.
    ///
    /// # Panics
    /// If updater or weights are those of another network.
    pub fn update(&self, updater: &mut Updater, learning_rate: f32, weights: &mut Weights) {
        updater.step(learning_rate, &self.network, weights, &self.batch.shards);
    }

    /// What the updater remembers of each weight, see [`Updater::memory`].
    pub fn memory(&self, updater: &Updater) -> Vec<Vec<f32>> {
        updater.memory(&self.network)
    }

    /// The gradient of what is found at a place, `[samples, shape]`, after [`Self::backward`].
    pub fn gradient(&self, place: usize) -> &[f32] {
        &self.gradients[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LayerSpec;
    use crate::batch::gradcheck::{OUTPUTS, block, dense, head, norm, numbers};
    use crate::layers::{
        BatchEnsemble, Conv2d, Dropout, EnsembleMean, Flatten, Function, GaussianNoise, Gru, Lstm, MaxPool2d, Returns,
        SpatialDropout,
    };

    fn stacks() -> Vec<(Vec<LayerSpec>, Shape)> {
        let conv = || LayerSpec::from(Conv2d { filters: 3, activation: Function::Tanh, ..Conv2d::default() });
        let members = || LayerSpec::from(BatchEnsemble { members: 3, ..BatchEnsemble::default() });
        let noise = || LayerSpec::from(GaussianNoise { deviation: 0.5 });
        vec![
            (vec![norm(), dense(6), Dropout { rate: 0.5 }.into(), noise(), head()], Shape::flat(7)),
            (vec![dense(6), block(vec![dense(9), norm(), block(vec![dense(9)]), dense(6)]), head()], Shape::flat(7)),
            (
                vec![
                    conv(),
                    norm(),
                    SpatialDropout { rate: 0.5 }.into(),
                    MaxPool2d::default().into(),
                    Flatten {}.into(),
                    head(),
                ],
                Shape::image(6, 6, 2),
            ),
            (
                vec![
                    Lstm { units: 5, returns: Returns::AllSteps, ..Lstm::default() }.into(),
                    Gru { units: 4, ..Gru::default() }.into(),
                    head(),
                ],
                Shape::steps(4, 3),
            ),
            (vec![members(), dense(6), members(), head(), EnsembleMean {}.into()], Shape::flat(7)),
        ]
    }

    /// A recurrent layer's gates make its output, and they are the functions of the sums that they stand for.
    #[test]
    fn gates_are_those_that_the_output_is_made_of() {
        let (steps, features, units) = (4, 3, 5);
        let lstm = Lstm { units, returns: Returns::AllSteps, bidirectional: true, ..Lstm::default() };
        let gru = Gru { units, ..Gru::default() };
        let (network, mut inspection, weights) =
            opened(vec![lstm.into(), gru.into(), head()], Shape::steps(steps, features));
        let sample = numbers(steps * features, 9);
        inspection.forward(&weights, &sample);
        let sigmoid = |sum: f32| 1.0 / (1.0 + (-sum).exp());
        let inside = inspection.inside(1);
        assert_eq!(inside.len(), 10);
        for direction in 0..2 {
            let part = |at: usize| &inside[5 * direction + at].values;
            let [i, f, g, o, c] = [0, 1, 2, 3, 4].map(part);
            assert_eq!(inside[5 * direction + 1].name, ["forget gate f", "forget gate f, backward"][direction]);
            for step in 0..steps {
                let before =
                    if direction == 0 { step.checked_sub(1) } else { Some(step + 1).filter(|step| *step < steps) };
                for unit in 0..units {
                    let at = step * units + unit;
                    let kept = before.map_or(0.0, |before| c[before * units + unit]);
                    assert!((c[at] - (f[at] * kept + i[at] * g[at])).abs() < 1e-6);
                    let output = inspection.values(1)[(step * 2 + direction) * units + unit];
                    assert!((output - o[at] * c[at].tanh()).abs() < 1e-6);
                }
            }
        }
        // At the first step there is no state, and only the input speaks.
        let kernel = &weights.values()[network.params()[0].range.clone()];
        let bias = &weights.values()[network.params()[4].range.clone()];
        let sum =
            |unit: usize| (0..features).map(|at| sample[at] * kernel[at * 4 * units + unit]).sum::<f32>() + bias[unit];
        assert!((0..units).all(|unit| (inside[0].values[unit] - sigmoid(sum(unit))).abs() < 1e-5));
        let gru = inspection.inside(2);
        assert_eq!(
            gru.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
            ["update gate z", "reset gate r", "candidate g", "state h"]
        );
        let [z, g, h] = [0, 2, 3].map(|at| &gru[at].values);
        for at in units..steps * units {
            assert!((h[at] - (g[at] + z[at] * (h[at - units] - g[at]))).abs() < 1e-6);
        }
        assert_eq!(h[(steps - 1) * units..], *inspection.values(2));
        assert!(inspection.inside(0).is_empty() && inspection.inside(3).is_empty());
        inspection.forward(&weights, &numbers(2 * steps * features, 9));
        assert!(inspection.inside(1).is_empty(), "of one sample");
    }

    fn opened(layers: Vec<LayerSpec>, shape: Shape) -> (Network, Inspection, Weights) {
        let model = ModelSpec { layers };
        let network = model.build(shape, OUTPUTS).unwrap();
        let mut weights = network.init_weights(3);
        let noise = numbers(weights.values().len(), 2);
        weights.values_mut().iter_mut().zip(noise).for_each(|(weight, noise)| *weight += 0.1 * noise.abs());
        (network, Inspection::new(&model, shape, OUTPUTS).unwrap(), weights)
    }

    #[test]
    fn an_opened_network_gives_what_the_network_infers() {
        for (layers, shape) in stacks() {
            let what = format!("{layers:?}");
            let (network, mut inspection, weights) = opened(layers, shape);
            let samples = numbers(3 * shape.len(), 4);
            inspection.forward(&weights, &samples);
            let mut workspace = network.inference_workspace(3);
            workspace.input_mut(3).copy_from_slice(&samples);
            network.infer(&weights, &mut workspace);
            for (ours, wanted) in inspection.outputs().iter().zip(workspace.output()) {
                assert!((ours - wanted).abs() < 1e-5, "{what}: {ours} {wanted}");
            }
        }
    }

    #[test]
    fn the_gradient_of_every_place_is_the_slope_of_the_output() {
        for (layers, shape) in stacks() {
            let what = format!("{layers:?}");
            let (_, mut inspection, weights) = opened(layers, shape);
            let (samples, covector) = (numbers(2 * shape.len(), 4), numbers(2 * OUTPUTS, 5));
            inspection.forward(&weights, &samples);
            inspection.backward(&weights, &covector);
            let gradient = inspection.gradient(0).to_vec();
            assert_eq!(inspection.gradient(inspection.places().len() - 1), covector);
            let direction = numbers(samples.len(), 6);
            let mut at = |by: f32| -> f64 {
                let moved: Vec<f32> = samples.iter().zip(&direction).map(|(x, d)| x + by * d).collect();
                inspection.forward(&weights, &moved);
                inspection.outputs().iter().zip(&covector).map(|(y, c)| f64::from(*y) * f64::from(*c)).sum()
            };
            let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
            let predicted: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
            assert!((slope - predicted).abs() < 1e-2 * (1.0 + predicted.abs()), "{what}: {slope} {predicted}");
        }
    }

    #[test]
    fn the_gradient_of_the_weights_is_the_slope_of_the_loss() {
        for (layers, shape) in stacks() {
            let what = format!("{layers:?}");
            let (network, mut inspection, weights) = opened(layers, shape);
            let (samples, covector) = (numbers(2 * shape.len(), 4), numbers(2 * OUTPUTS, 5));
            inspection.forward(&weights, &samples);
            let gradient = inspection.learn(&weights, |_, gradient| gradient.copy_from_slice(&covector));
            let mut direction = numbers(gradient.len(), 6);
            for param in network.params().iter().filter(|param| !param.info.is_trained) {
                assert!(gradient[param.range.clone()].iter().all(|slope| *slope == 0.0), "{what}: {}", param.name);
                direction[param.range.clone()].fill(0.0);
            }
            let mut at = |by: f32| -> f64 {
                let mut moved = weights.clone();
                moved.values_mut().iter_mut().zip(&direction).for_each(|(weight, d)| *weight += by * d);
                inspection.forward(&moved, &samples);
                inspection.outputs().iter().zip(&covector).map(|(y, c)| f64::from(*y) * f64::from(*c)).sum()
            };
            let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
            let predicted: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
            assert!((slope - predicted).abs() < 1e-2 * (1.0 + predicted.abs()), "{what}: {slope} {predicted}");
        }
    }

    /// The opened network is cut at every activation function, and a step of it is that of the network: the same outputs, gradient
    /// and moving averages.
    #[test]
    fn a_training_step_of_an_opened_network_is_that_of_the_network() {
        for (layers, shape) in stacks() {
            let what = format!("{layers:?}");
            let model = ModelSpec { layers };
            let (network, _, weights) = opened(model.layers.clone(), shape);
            let mut inspection = Inspection::training(&model, shape, OUTPUTS).unwrap();
            let (samples, covector) = (numbers(3 * shape.len(), 4), numbers(3 * OUTPUTS, 5));
            let (mut own, mut others) = (weights.clone(), weights.clone());
            inspection.forward_training(&mut own, &samples, 7);
            let gradient = inspection.learn(&own, |_, gradient| gradient.copy_from_slice(&covector));
            let mut batch = Batch::new(&network, 1, 3);
            let fill = |_: usize, (): &mut (), shard: &mut crate::Workspace| {
                shard.input_mut(3).copy_from_slice(&samples);
            };
            network.learn(&mut others, &mut batch, &mut [()], 7, fill, |(), _, grad| grad.copy_from_slice(&covector));
            let wanted = network.gradient(batch.shards());
            for (name, ours, wanted) in [
                ("outputs", inspection.outputs(), batch.shards()[0].output()),
                ("gradient", &gradient, &wanted),
                ("weights", own.values(), others.values()),
            ] {
                for (ours, wanted) in ours.iter().zip(wanted) {
                    assert!((ours - wanted).abs() < 1e-5 * (1.0 + wanted.abs()), "{what}, {name}: {ours} {wanted}");
                }
            }
            for (at, place) in inspection.places().iter().enumerate().filter(|(_, place)| place.function.is_some()) {
                assert_eq!(place.path, inspection.places()[at - 1].path);
                assert_eq!(place.shape, inspection.places()[at - 1].shape);
            }
        }
    }

    #[test]
    fn places_are_named_by_their_way_and_know_their_weights() {
        let (_, inspection, _) = opened(vec![dense(6), block(vec![dense(6)]), head()], Shape::flat(7));
        let paths: Vec<_> = inspection.places().iter().map(|place| (place.path.clone(), place.label)).collect();
        assert_eq!(paths[0], (vec![], "Input"));
        assert_eq!(paths[1], (vec![0], "Dense"));
        assert_eq!(paths[2], (vec![1, 0], "Dense"));
        assert_eq!(paths[3], (vec![1], "Residual"));
        assert_eq!(inspection.places()[2].shape, Shape::flat(6));
        assert_eq!(inspection.places()[2].weights, 7 * 6 + 6..7 * 6 + 6 + 6 * 6 + 6);
        assert!(inspection.places()[3].weights.is_empty());
    }
}
