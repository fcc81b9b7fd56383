use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::pruning::Pruning;
use super::{OptimizerSpec, Regularization, Step};
use crate::clock::{Clock, Phase};
use crate::kernels::denormals::flush_denormals;
use crate::kernels::vectorized;
use crate::network::{Block, Network, Subnetwork};
use crate::weights::Weights;
use crate::workspace::Workspace;

/// An optimizer at work: its settings, the step counter, the gradient and what it remembers. It moves the weights of a
/// network, or of one of its parts.
pub struct Updater {
    subnetwork: Subnetwork,
    spec: OptimizerSpec,
    regularization: Regularization,
    step: u64,
    gradient: Vec<f32>,
    /// The slots of one block of weights after the other.
    state: Vec<f32>,
    /// What each column of a kernel is multiplied by, while there is a largest norm.
    factors: Vec<f32>,
    average: Option<Weights>,
    pruning: Pruning,
    /// The squares of the last step, block by block.
    squares: Vec<Squares>,
    clock: Option<Arc<Clock>>,
}

/// What an updater remembers between two steps. With the weights it is all that a training needs to go on as if it had never
/// been interrupted.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdaterState {
    /// Steps taken since the optimizer was chosen.
    pub step: u64,
    /// The optimizer's slots, of one block of weights after the other.
    pub slots: Vec<f32>,
    /// The moving average of the weights, if there is one.
    pub average: Option<Weights>,
}

/// Norms of one step, over all weights that it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepNorms {
    /// Of the gradient of the loss, before it is clipped by norm.
    pub gradient: f64,
    /// Of what the optimizer adds to the weights.
    pub update: f64,
    /// Of the weights before the step.
    pub weights: f64,
}

impl StepNorms {
    fn of([gradient, update, weights]: Squares) -> Self {
        Self { gradient: gradient.sqrt(), update: update.sqrt(), weights: weights.sqrt() }
    }

    /// Of the weights of both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            gradient: self.gradient.hypot(other.gradient),
            update: self.update.hypot(other.update),
            weights: self.weights.hypot(other.weights),
        }
    }
}

/// Sums of the squares of gradient, update and weights.
type Squares = [f64; 3];

impl Updater {
    /// For all weights of a network.
    pub fn new(spec: OptimizerSpec, network: &Network) -> Self {
        Self::for_subnetwork(spec, network.whole())
    }

    /// Of some layers alone; all others stay as they are.
    pub fn for_subnetwork(spec: OptimizerSpec, subnetwork: Subnetwork) -> Self {
        let params = subnetwork.weights.len();
        Self {
            state: vec![0.0; spec.slots() * params],
            spec,
            regularization: Regularization::default(),
            step: 0,
            gradient: vec![0.0; params],
            factors: Vec::new(),
            average: None,
            pruning: Pruning::default(),
            squares: vec![Squares::default(); subnetwork.blocks.len()],
            clock: None,
            subnetwork,
        }
    }

    /// With gradients clipped, weights held small or averaged.
    #[must_use]
    pub fn regularized(mut self, regularization: Regularization) -> Self {
        self.regularization = regularization;
        self
    }

    /// Measures what each layer takes from now on.
    pub fn timed_by(&mut self, clock: &Arc<Clock>) {
        self.clock = Some(Arc::clone(clock));
    }

    /// The gradient as the optimizer got it in the last step, clipped and with the penalties; zero for weights that it does not move.
    pub fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    /// What it remembers of the weights that it moves, a row for each name of [`super::Optimizer::memory`].
    pub fn memory(&self, network: &Network) -> Vec<Vec<f32>> {
        let (slots, first) = (self.spec.slots(), self.subnetwork.weights.start);
        let mut rows = vec![vec![0.0; self.subnetwork.weights.len()]; slots];
        for block in network.blocks(&self.subnetwork) {
            let (at, len) = (block.range.start - first, block.range.len());
            for (row, slot) in rows.iter_mut().zip(self.state[at * slots..].chunks(len)) {
                row[at..at + len].copy_from_slice(slot);
            }
        }
        rows
    }

    /// Takes other settings, for instance while a run is on. What was remembered is kept unless the optimizer itself
    /// changes; the average goes on in any case.
    pub fn set(&mut self, spec: OptimizerSpec) {
        if std::mem::discriminant(&spec) != std::mem::discriminant(&self.spec) {
            self.step = 0;
            self.state = vec![0.0; spec.slots() * self.subnetwork.weights.len()];
        }
        self.spec = spec;
    }

    /// A copy of what it remembers.
    pub fn state(&self) -> UpdaterState {
        UpdaterState { step: self.step, slots: self.state.clone(), average: self.average.clone() }
    }

    /// Goes on from a state of an updater with the same optimizer for the same weights; false, and unchanged, if it is of
    /// another.
    #[must_use]
    pub fn restore(&mut self, state: UpdaterState, network: &Network) -> bool {
        let fits = |average: &Weights| average.values().len() == network.weights_len();
        let is_own = state.slots.len() == self.state.len() && state.average.as_ref().is_none_or(fits);
        if is_own {
            (self.step, self.state, self.average) = (state.step, state.slots, state.average);
            self.pruning.forget();
        }
        is_own
    }

    /// Sets this share of the weights of each kernel to zero, where they stay: the smallest.
    pub fn prune(&mut self, share: f32, network: &Network, weights: &mut Weights) {
        if share > 0.0 {
            self.pruning.apply(share, network, &self.subnetwork, weights, self.average.as_mut());
        }
    }

    /// The moving average of the weights, if there is to be one and a step has been taken.
    pub fn average(&self) -> Option<&Weights> {
        self.average.as_ref()
    }

    /// The norms of the last step, if it was measured, layer by layer: where the trained weights of a layer lie, and the norms over
    /// them.
    pub fn norms_of_layers(&self, network: &Network) -> Vec<(Range<usize>, StepNorms)> {
        let blocks: Vec<_> = network.blocks(&self.subnetwork).iter().zip(&self.squares).collect();
        let layers = blocks.chunk_by(|(one, _), (next, _)| one.stage == next.stage);
        let of = |layer: &[(&Block, &Squares)]| {
            let range = layer[0].0.range.start..layer[layer.len() - 1].0.range.end;
            let sums = layer.iter().fold(Squares::default(), |sums, (_, squares)| plus(sums, **squares));
            (range, StepNorms::of(sums))
        };
        layers.map(of).collect()
    }

    /// Moves the weights by the gradient of the shards of a batch, whose backward passes are done. Each block is
    /// worked off by one thread, from its gradient to its weights, so that it is still in that core's cache; but no
    /// weight may move before the norm of the whole gradient is known, if that is to be clipped.
    ///
    /// # Panics
    /// If the network has other parameters than the one the updater was made for.
    pub fn step(&mut self, learning_rate: f32, network: &Network, weights: &mut Weights, shards: &[Workspace]) {
        self.run(learning_rate, network, weights, shards, false);
    }

    /// As [`Self::step`], and tells how large gradient and update are, which costs a few passes over the weights.
    ///
    /// # Panics
    /// As [`Self::step`].
    pub fn step_measured(
        &mut self,
        learning_rate: f32,
        network: &Network,
        weights: &mut Weights,
        shards: &[Workspace],
    ) -> StepNorms {
        StepNorms::of(self.run(learning_rate, network, weights, shards, true))
    }

    fn run(
        &mut self,
        learning_rate: f32,
        network: &Network,
        weights: &mut Weights,
        shards: &[Workspace],
        is_measured: bool,
    ) -> Squares {
        assert_eq!(weights.values().len(), network.weights_len(), "weights of another network");
        assert!(self.subnetwork.weights.end <= network.weights_len(), "the updater of another network");
        self.step += 1;
        let Self { subnetwork, spec, regularization, step, gradient, state, factors, average, squares, clock, .. } =
            self;
        squares.fill(Squares::default());
        let clock = clock.as_deref();
        let (optimizer, step) = (spec, Step { number: *step, learning_rate });
        let (blocks, slots) = (network.blocks(subnetwork), optimizer.slots());
        let take_gradient = |block: &Block, gradient: &mut [f32]| {
            network.gradient_of(block, shards, gradient);
            regularization.clip_values(gradient);
        };
        let update = |block: &Block, Numbers { weights, gradient, state }: Numbers<'_>| {
            regularization.add_penalties(weights, gradient);
            network.add_penalties(block, weights, gradient);
            optimizer.update(step, weights, gradient, state);
        };
        let measured = |block: &Block, numbers: Numbers<'_>| {
            if !is_measured {
                update(block, numbers);
                return Squares::default();
            }
            BEFORE.with_borrow_mut(|before| {
                let Numbers { weights, gradient, state } = numbers;
                before.clear();
                before.extend_from_slice(weights);
                let squares = [sum_of_squares(gradient), sum_of_squares(before)];
                update(block, Numbers { weights: &mut *weights, gradient, state });
                before.iter_mut().zip(&*weights).for_each(|(before, after)| *before = after - *before);
                [squares[0], sum_of_squares(before), squares[1]]
            })
        };
        let moved = &mut weights.values_mut()[subnetwork.weights.clone()];
        let numbers = Numbers { weights: moved, gradient, state };
        let total = if regularization.clip_norm > 0.0 {
            let [gradient_squares, ..] = each_block((blocks, slots), numbers, squares, clock, &|block, numbers| {
                take_gradient(block, numbers.gradient);
                [sum_of_squares(numbers.gradient), 0.0, 0.0]
            });
            let share = regularization.share_within_norm(gradient_squares.sqrt());
            let moved = &mut weights.values_mut()[subnetwork.weights.clone()];
            let numbers = Numbers { weights: moved, gradient, state };
            let [_, update, weights] = each_block((blocks, slots), numbers, squares, clock, &|block, numbers| {
                scale(numbers.gradient, share);
                let [_, update, weights] = measured(block, numbers);
                // That of the gradient is known already, from before it was clipped.
                [0.0, update, weights]
            });
            [gradient_squares, update, weights]
        } else {
            each_block((blocks, slots), numbers, squares, clock, &|block, numbers| {
                take_gradient(block, numbers.gradient);
                measured(block, numbers)
            })
        };
        {
            let _flushing = flush_denormals();
            regularization.hold_kernels(network, subnetwork, weights, factors);
        }
        if regularization.average > 0.0 {
            match average {
                Some(average) => follow(average, weights, regularization.average),
                None => *average = Some(weights.clone()),
            }
        }
        total
    }
}

thread_local! {
    /// The weights of a block before they are moved.
    static BEFORE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// What belongs to some blocks that lie one after the other.
struct Numbers<'a> {
    weights: &'a mut [f32],
    gradient: &'a mut [f32],
    state: &'a mut [f32],
}

impl Numbers<'_> {
    /// Those of the first block: what follows up to the next one no gradient moves.
    fn of(self, len: usize, slots: usize) -> Self {
        let Self { weights, gradient, state } = self;
        Self { weights: &mut weights[..len], gradient: &mut gradient[..len], state: &mut state[..len * slots] }
    }
}

/// Calls `work` with every block and its numbers, on all threads. What it gives is added to the squares of the block, and added up
/// pair by pair, in an order that follows from the blocks and not from the threads.
fn each_block(
    (blocks, slots): (&[Block], usize),
    numbers: Numbers<'_>,
    squares: &mut [Squares],
    clock: Option<&Clock>,
    work: &(impl Fn(&Block, Numbers<'_>) -> Squares + Sync),
) -> Squares {
    match blocks {
        [] => Squares::default(),
        [block] => {
            let _flushing = flush_denormals();
            let numbers = numbers.of(block.range.len(), slots);
            let found = Clock::time(clock, block.stage, Phase::Update, || work(block, numbers));
            squares[0] = plus(squares[0], found);
            found
        }
        _ => {
            let (left, right) = blocks.split_at(blocks.len() / 2);
            let (left_squares, right_squares) = squares.split_at_mut(left.len());
            let at = right[0].range.start - left[0].range.start;
            let (left_weights, right_weights) = numbers.weights.split_at_mut(at);
            let (left_gradient, right_gradient) = numbers.gradient.split_at_mut(at);
            let (left_state, right_state) = numbers.state.split_at_mut(at * slots);
            let left_numbers = Numbers { weights: left_weights, gradient: left_gradient, state: left_state };
            let right_numbers = Numbers { weights: right_weights, gradient: right_gradient, state: right_state };
            let (left, right) = rayon::join(
                || each_block((left, slots), left_numbers, left_squares, clock, work),
                || each_block((right, slots), right_numbers, right_squares, clock, work),
            );
            plus(left, right)
        }
    }
}

fn plus(one: Squares, other: Squares) -> Squares {
    std::array::from_fn(|at| one[at] + other[at])
}

/// In double precision: the square of a gradient that explodes, which is when it matters, is too large for a float.
fn sum_of_squares(values: &[f32]) -> f64 {
    const LANES: usize = 16;
    let (groups, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0f64; LANES];
    vectorized!({
        for group in groups {
            for (sum, value) in sums.iter_mut().zip(group) {
                *sum += f64::from(*value) * f64::from(*value);
            }
        }
    });
    sums.iter().sum::<f64>() + rest.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>()
}

fn scale(values: &mut [f32], factor: f32) {
    vectorized!({
        for value in values {
            *value *= factor;
        }
    });
}

/// `a ← d a + (1-d) w`
fn follow(average: &mut Weights, weights: &Weights, decay: f32) {
    const PART: usize = 16_384;
    let parts = average.values_mut().par_chunks_mut(PART).zip(weights.values().par_chunks(PART));
    parts.for_each(|(average, weights)| {
        let _flushing = flush_denormals();
        vectorized!({
            for (average, weight) in average.iter_mut().zip(weights) {
                *average += (1.0 - decay) * (weight - *average);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dense, Function};
    use crate::optim::{Adam, Lion};
    use crate::{ModelSpec, Shape};

    #[test]
    fn other_numbers_keep_what_was_remembered_and_another_rule_begins_anew() {
        let model = ModelSpec { layers: vec![Dense::new(2, Function::Linear).into()] };
        let network = model.build(Shape::flat(3), 2).unwrap();
        let mut optimizer = Updater::new(OptimizerSpec::Adam(Adam::default()), &network);
        (optimizer.step, optimizer.state[0]) = (5, 1.0);
        optimizer.average = Some(network.init_weights(1));
        optimizer.set(OptimizerSpec::Adam(Adam { beta1: 0.5, ..Adam::default() }));
        assert_eq!((optimizer.step, optimizer.state[0], optimizer.state.len()), (5, 1.0, 16));
        optimizer.set(OptimizerSpec::Lion(Lion::default()));
        assert_eq!((optimizer.step, optimizer.state.as_slice()), (0, &[0.0; 8][..]));
        assert!(optimizer.average().is_some());
    }

    #[test]
    fn the_norms_of_the_layers_are_those_of_all_weights_together() {
        let layers = vec![Dense::new(200, Function::Tanh).into(), Dense::new(2, Function::Linear).into()];
        let network = ModelSpec { layers }.build(Shape::flat(300), 2).unwrap();
        for clip_norm in [0.0, 1e-3] {
            let regularization = Regularization { clip_norm, ..Regularization::default() };
            let updater = Updater::new(OptimizerSpec::Adam(Adam::default()), &network);
            let (mut updater, mut weights) = (updater.regularized(regularization), network.init_weights(1));
            let mut batch = crate::Batch::new(&network, 1, 4);
            let fill = |_: usize, (): &mut (), shard: &mut Workspace| shard.input_mut(4).fill(0.5);
            network.learn(&mut weights, &mut batch, &mut [()], 1, fill, |(), _, grad| grad.fill(0.1));
            let before = weights.clone();
            let norms = updater.step_measured(0.01, &network, &mut weights, batch.shards());
            let layers = updater.norms_of_layers(&network);
            let ranges: Vec<_> = layers.iter().map(|(range, _)| range.clone()).collect();
            assert_eq!(ranges, [0..300 * 200 + 200, 60_200..60_200 + 402]);
            let together = layers.iter().fold(StepNorms::default(), |sum, (_, norms)| sum.with(*norms));
            for (sum, all) in [
                (together.gradient, norms.gradient),
                (together.update, norms.update),
                (together.weights, norms.weights),
            ] {
                assert!(all > 0.0 && (sum / all - 1.0).abs() < 1e-9, "{sum} {all}");
            }
            let (range, last) = &layers[1];
            let moved = weights.values()[range.clone()].iter().zip(&before.values()[range.clone()]);
            let length = moved.map(|(after, before)| f64::from(after - before).powi(2)).sum::<f64>().sqrt();
            assert!((last.update / length - 1.0).abs() < 1e-6, "{} {length}", last.update);
        }
    }

    #[test]
    fn squares_that_are_too_large_for_a_float_are_added_up() {
        let values: Vec<f32> = (0..1000).map(|at| if at % 2 == 0 { 1e25 } else { -1e25 }).collect();
        assert!((sum_of_squares(&values) / 1e53 - 1.0).abs() < 1e-6);
        assert_eq!(sum_of_squares(&[]), 0.0);
        assert!(sum_of_squares(&[f32::NAN]).is_nan());
    }
}
