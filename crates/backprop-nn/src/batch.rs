//! A batch on its way through a network and back, in shards that run side by side.

#[cfg(test)]
pub(crate) mod gradcheck;
pub mod inspection;
mod pass;

use std::sync::Arc;

use rayon::prelude::*;

use super::clock::{Clock, Phase};
use super::init::mix;
use super::kernels::denormals::flush_denormals;
use super::kernels::vector::add;
use super::layer::{BatchStatistics, MAX_SHARDS, Mode};
use super::network::{Network, Stage, Subnetwork};
use super::weights::Weights;
use super::workspace::Workspace;
use pass::Pass;

/// A shard smaller than this costs more to hand out than to run.
const SMALLEST_SHARD: usize = 16;

/// Samples of a shard of a batch of this size. It does not depend on the thread count, and gradients are added in the
/// order of the shards: that is what makes a run the same on one thread and on sixteen.
pub fn shard_len(batch: usize) -> usize {
    batch.div_ceil(MAX_SHARDS).max(SMALLEST_SHARD)
}

/// The shards of a batch and what they share, allocated once per run.
///
/// One step of gradient descent on two samples, a shard each:
///
/// ```
/// use backprop_nn::layers::{Dense, Function};
/// use backprop_nn::optim::Updater;
/// use backprop_nn::{Batch, LossSpec, ModelSpec, OptimizerSpec, Shape, Targets, Workspace};
///
/// let model = ModelSpec { layers: vec![Dense::new(2, Function::Linear).into()] };
/// let network = model.build(Shape::flat(3), 2)?;
/// let mut weights = network.init_weights(42);
/// let mut updater = Updater::new(OptimizerSpec::default(), &network);
/// let mut batch = Batch::new(&network, 2, 1);
///
/// let (samples, classes, loss) = ([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]], [0, 1], LossSpec::default());
/// let mut lanes = [(0, 0.0), (1, 0.0)];
/// let fill = |_: usize, (at, _): &mut (usize, f64), shard: &mut Workspace| {
///     shard.input_mut(1).copy_from_slice(&samples[*at]);
/// };
/// let judge = |(at, value): &mut (usize, f64), outputs: &[f32], grad: &mut [f32]| {
///     *value = loss.value_and_grad(outputs, Targets::Classes(&classes[*at..=*at]), 0.5, grad).loss;
/// };
/// network.learn(&mut weights, &mut batch, &mut lanes, 1, fill, judge);
/// updater.step(0.1, &network, &mut weights, batch.shards());
/// assert!(lanes.iter().all(|(_, value)| *value > 0.0));
/// # Ok::<(), backprop_nn::spec::Misfit>(())
/// ```
pub struct Batch {
    shards: Vec<Workspace>,
    /// The stages that it runs through.
    subnetwork: Subnetwork,
    /// Shards of the batch that is in work.
    used: usize,
    /// The matrices that backward passes read transposed.
    transposed: Vec<f32>,
    /// For each layer that has to know the whole batch its statistics, then the gradient of its parameters.
    shared: Vec<f32>,
    clock: Option<Arc<Clock>>,
}

impl Batch {
    /// Room for up to `shards` shards of up to `samples` samples.
    ///
    /// # Panics
    /// If there are more than [`MAX_SHARDS`] shards.
    pub fn new(network: &Network, shards: usize, samples: usize) -> Self {
        assert!(shards <= MAX_SHARDS, "a batch of {shards} shards; {MAX_SHARDS} are the most");
        Self {
            shards: (0..shards).map(|_| network.training_workspace(samples)).collect(),
            subnetwork: network.whole(),
            used: 0,
            transposed: vec![0.0; network.transposed_len()],
            shared: vec![0.0; network.batch_statistics_len()],
            clock: None,
        }
    }

    /// Measures what each layer takes from now on.
    pub fn timed_by(&mut self, clock: &Arc<Clock>) {
        self.clock = Some(Arc::clone(clock));
    }

    /// Runs through this part of the network from now on: its first stage reads `input_mut`, its last one gives the outputs.
    pub fn through(&mut self, subnetwork: Subnetwork) {
        self.freeze_all_but(&subnetwork);
        self.shards.iter_mut().for_each(|shard| shard.stages = subnetwork.stages.clone());
        self.subnetwork = subnetwork;
    }

    /// Of what it runs through, this part alone learns: gradients go back through the other layers, and those of their parameters
    /// are not computed.
    pub fn freeze_all_but(&mut self, learning: &Subnetwork) {
        self.shards.iter_mut().for_each(|shard| shard.learning = learning.stages.clone());
    }

    /// Sets the states that stateful layers carry from one batch to the next to zero, for sequences that begin anew. A sample goes on
    /// from the one at the same place of the batch before, as long as all batches are cut into shards of the same length; places that a
    /// batch leaves empty keep their state.
    pub fn reset_states(&mut self) {
        self.shards.iter_mut().for_each(Workspace::reset_states);
    }

    /// The states that stateful layers carry, those of all shards one after the other.
    pub fn states(&self) -> Vec<f32> {
        self.shards.iter().flat_map(|shard| shard.states.concat()).collect()
    }

    /// Goes on from what [`Self::states`] gave; false, and nothing changes, if those are of another network or batch.
    pub fn restore_states(&mut self, mut states: &[f32]) -> bool {
        let places = || self.shards.iter().flat_map(|shard| &shard.states);
        if places().map(Vec::len).sum::<usize>() != states.len() {
            return false;
        }
        for place in self.shards.iter_mut().flat_map(|shard| &mut shard.states) {
            let (own, rest) = states.split_at(place.len());
            place.copy_from_slice(own);
            states = rest;
        }
        true
    }

    /// The shards of the batch that was in work last.
    pub fn shards(&self) -> &[Workspace] {
        &self.shards[..self.used]
    }
}

impl Network {
    /// Runs a batch forward and back, a shard for each of `lanes`. `fill` gets the number of a shard and
    /// writes its samples to `input_mut`; `judge` gets outputs and writes their gradient. Where the last layer is the mean of
    /// members, it is asked for each of them, and then for the mean, whose gradient goes nowhere. Afterwards [`Self::gradient`] can
    /// tell the gradient of the parameters; those that no gradient moves have been moved. The input itself gets no gradient,
    /// since nothing would learn from it.
    ///
    /// The threads meet once at the end, and twice more for each layer that has to know the whole batch.
    ///
    /// # Panics
    /// If there are more lanes than shards, if weights or batch are those of another network, or if `fill` writes no
    /// samples.
    pub fn learn<L: Send>(
        &self,
        weights: &mut Weights,
        batch: &mut Batch,
        lanes: &mut [L],
        seed: u64,
        fill: impl Fn(usize, &mut L, &mut Workspace) + Sync,
        judge: impl Fn(&mut L, &[f32], &mut [f32]) + Sync,
    ) {
        self.transpose(batch.subnetwork.stages.clone(), weights, &mut batch.transposed, batch.clock.as_deref());
        let batch_stages = self.batch_stages_of(&batch.subnetwork);
        self.pass(weights, batch, lanes, seed, fill, |pass, shard, lane| {
            let end = shard.stages.end;
            let end = match self.stages[..end].last().and_then(|stage| stage.layer.members()) {
                Some(members) => {
                    shard.judge_members(members, |outputs, grad| judge(lane, outputs, grad));
                    end - 1
                }
                None => {
                    let (outputs, grad) = shard.output_and_grad_mut();
                    judge(lane, outputs, grad);
                    end
                }
            };
            pass.backward(batch_stages.last().copied(), end, shard);
        });
        let Batch { shards, used, transposed, shared, clock, .. } = batch;
        let (shards, clock) = (&mut shards[..*used], clock.as_deref());
        for (at, end) in batch_stages.iter().copied().enumerate().rev() {
            Clock::time(clock, end, Phase::Backward, || self.meet_backward(end, shards, shared));
            let pass = Pass { network: self, weights, transposed, shared, clock };
            let below = at.checked_sub(1).map(|below| batch_stages[below]);
            each(shards, lanes, |_, shard, _| pass.backward(below, end + 1, shard));
        }
    }

    /// Runs a batch forward as in training, and leaves what the last stage gives in the shards.
    ///
    /// # Panics
    /// As [`Self::learn`].
    pub fn forward<L: Send>(
        &self,
        weights: &mut Weights,
        batch: &mut Batch,
        lanes: &mut [L],
        seed: u64,
        fill: impl Fn(usize, &mut L, &mut Workspace) + Sync,
    ) {
        self.pass(weights, batch, lanes, seed, fill, |_, _, _| {});
    }

    /// The forward pass; each shard is handed to `end` as soon as it is done.
    fn pass<L: Send>(
        &self,
        weights: &mut Weights,
        batch: &mut Batch,
        lanes: &mut [L],
        seed: u64,
        fill: impl Fn(usize, &mut L, &mut Workspace) + Sync,
        end: impl Fn(&Pass<'_>, &mut Workspace, &mut L) + Sync,
    ) {
        self.check(weights, batch, lanes.len());
        let batch_stages = self.batch_stages_of(&batch.subnetwork);
        let Batch { shards, subnetwork, used, transposed, shared, clock } = batch;
        *used = lanes.len();
        let (shards, clock) = (&mut shards[..*used], clock.as_deref());
        let mode = |index: usize| Mode::Train { seed: mix(seed, index as u64) };
        let arrive = |index: usize, lane: &mut L, shard: &mut Workspace| {
            // A later subnetwork may read what the one before it has left here; the first one needs new samples.
            if shard.stages.start == 0 {
                shard.samples = 0;
            }
            fill(index, lane, shard);
            assert!(shard.samples > 0, "no samples were written to shard {index}");
        };
        let mut start = subnetwork.stages.start;
        for (phase, end) in batch_stages.iter().copied().enumerate() {
            let pass = Pass { network: self, weights, transposed, shared, clock };
            each(shards, lanes, |index, shard, lane| {
                if phase == 0 {
                    arrive(index, lane, shard);
                }
                pass.forward(start..end, shard, mode(index));
                pass.count(end, shard);
            });
            Clock::time(clock, end, Phase::Forward, || self.meet_forward(end, shards, shared, weights));
            start = end;
        }
        let pass = Pass { network: self, weights, transposed, shared, clock };
        each(shards, lanes, |index, shard, lane| {
            if batch_stages.is_empty() {
                arrive(index, lane, shard);
            }
            pass.forward(start..subnetwork.stages.end, shard, mode(index));
            end(&pass, shard, lane);
        });
    }

    /// Panics on misuse that would otherwise show up far from the mistake.
    fn check(&self, weights: &Weights, batch: &Batch, lanes: usize) {
        assert!(lanes <= batch.shards.len(), "{lanes} lanes for {} shards", batch.shards.len());
        assert_eq!(weights.values().len(), self.weights_len(), "weights of another network");
        let lens = [batch.transposed.len(), batch.shared.len()];
        assert_eq!(lens, [self.transposed_len(), self.batch_statistics_len()], "a batch of another network");
    }

    /// Reads the shard that lies in `workspace.input_mut(samples)`; the outputs are then in `workspace.output()`. Every sample begins
    /// anew, whatever was read before.
    ///
    /// # Panics
    /// If weights or workspace are those of another network.
    pub fn infer(&self, weights: &Weights, workspace: &mut Workspace) {
        workspace.reset_states();
        self.infer_next(weights, workspace);
    }

    /// The same, but stateful layers go on where the sample at the same place of the shard before ended.
    ///
    /// # Panics
    /// As [`Self::infer`].
    pub fn infer_next(&self, weights: &Weights, workspace: &mut Workspace) {
        assert_eq!(weights.values().len(), self.weights_len(), "weights of another network");
        assert_eq!(workspace.activations.len(), self.stages.len() + 1, "a workspace of another network");
        let pass = Pass { network: self, weights, transposed: &[], shared: &[], clock: None };
        let _flushing = flush_denormals();
        pass.forward(workspace.stages.clone(), workspace, Mode::Infer);
    }

    /// The stages of a part that have to know the whole batch.
    fn batch_stages_of(&self, subnetwork: &Subnetwork) -> &[usize] {
        let batch_stages = self.batch_stages();
        let from = |stage: usize| batch_stages.partition_point(|shared| *shared < stage);
        &batch_stages[from(subnetwork.stages.start)..from(subnetwork.stages.end)]
    }

    /// Merges the statistics of the shards, in their order, and updates the layer's moving averages.
    fn meet_forward(&self, at: usize, shards: &[Workspace], shared: &mut [f32], weights: &mut Weights) {
        let stage = &self.stages[at];
        let (Some(layer), Some((first, others))) = (stage.layer.batch_statistics(), shards.split_first()) else {
            return;
        };
        let _flushing = flush_denormals();
        let len = layer.statistics_len();
        let statistics = &mut shared[stage.shared.clone()][..len];
        statistics.copy_from_slice(&first.statistics[..len]);
        others.iter().for_each(|shard| layer.merge(statistics, &shard.statistics[..len]));
        layer.follow(statistics, &mut weights.values_mut()[stage.params.clone()]);
    }

    /// Adds up what the shards have found to be the gradient of the layer's parameters, in their order.
    fn meet_backward(&self, at: usize, shards: &[Workspace], shared: &mut [f32]) {
        let _flushing = flush_denormals();
        let Stage { layer, shard_gradient, shared: place, .. } = &self.stages[at];
        let gradient =
            &mut shared[place.clone()][layer.batch_statistics().map_or(0, BatchStatistics::statistics_len)..];
        gradient.fill(0.0);
        shards.iter().for_each(|shard| add(gradient, &shard.gradient[shard_gradient.clone()]));
    }
}

/// Calls `work` for every shard, on all threads.
fn each<L: Send>(shards: &mut [Workspace], lanes: &mut [L], work: impl Fn(usize, &mut Workspace, &mut L) + Sync) {
    let shards = shards.par_iter_mut().zip(lanes.par_iter_mut()).enumerate();
    shards.for_each(|(index, (shard, lane))| {
        let _flushing = flush_denormals();
        work(index, shard, lane);
    });
}

#[cfg(test)]
mod tests {
    use super::gradcheck::{Check, OUTPUTS, additions, block, dense, head, norm, numbers};
    use super::*;
    use crate::layers::{Conv2d, Flatten, MaxPool2d, Padding};
    use crate::optim::Regularization;
    use crate::optim::Updater;
    use crate::{LayerSpec, ModelSpec, OptimizerSpec, Shape};

    /// A pooling is not drawn into the convolution before it across the beginning or the end of a block, but it is inside.
    #[test]
    fn no_layer_absorbs_another_across_the_edge_of_a_block() {
        let conv = || LayerSpec::from(Conv2d { filters: 2, padding: Padding::Same, ..Conv2d::default() });
        let pool = || LayerSpec::from(MaxPool2d { size: 1 });
        for (layers, stages) in [
            (vec![conv(), block(vec![pool(), conv()]), pool()], 5),
            (vec![conv(), block(vec![conv(), pool()]), conv(), pool()], 4),
            (vec![block(vec![conv(), block(vec![pool()])])], 4),
        ] {
            let layers = [vec![conv()], layers, vec![Flatten {}.into(), head()]].concat();
            let network = ModelSpec { layers }.build(Shape::image(4, 4, 1), OUTPUTS).unwrap();
            assert_eq!(network.stages.len(), stages + 2);
        }
    }

    #[test]
    fn the_last_layer_of_a_block_adds_what_entered_it_if_it_can() {
        let layers = vec![additions(), Flatten {}.into(), head()];
        let network = ModelSpec { layers }.build(Shape::steps(3, 16), OUTPUTS).unwrap();
        assert_eq!(network.stages.len(), 4 + 1 + 1, "four layers, the end of the outer block and the last layer");
    }

    #[test]
    fn parameters_in_blocks_are_named_by_their_way() {
        let layers = vec![dense(6), block(vec![dense(6), block(vec![norm()])]), head()];
        let check = Check::new(layers, Shape::flat(7), 8);
        let names: Vec<_> = check.network.params().iter().map(|param| (param.layer, param.name.as_str())).collect();
        assert_eq!(names[3], (1, "1.residual.0.dense.bias"));
        assert_eq!(names[4], (1, "1.residual.1.residual.0.batchnorm.gamma"));
        assert_eq!(names[7], (1, "1.residual.1.residual.0.batchnorm.moving_variance"));
        assert_eq!(check.network.label(1), "Residual");
    }

    /// Statistics are those of the batch and not of a shard of three samples.
    #[test]
    fn each_channel_of_a_batch_has_mean_beta_and_deviation_gamma() {
        let check = Check::new(vec![head(), norm()], Shape::flat(7), 8);
        let (mut weights, mut batch) = (check.weights(), check.batch());
        let outputs = check.learn(&mut weights, &mut batch, &[0.0; 8 * OUTPUTS]);
        let params = &weights.values()[7 * OUTPUTS + OUTPUTS..];
        for channel in 0..OUTPUTS {
            let column: Vec<f32> = outputs.iter().skip(channel).step_by(OUTPUTS).copied().collect();
            let mean = column.iter().sum::<f32>() / 8.0;
            let variance = column.iter().map(|y| (y - mean).powi(2)).sum::<f32>() / 8.0;
            assert!((mean - params[OUTPUTS + channel]).abs() < 1e-5, "{mean}");
            assert!((variance.sqrt() / params[channel] - 1.0).abs() < 0.02, "{variance}");
        }
    }

    #[test]
    fn a_batch_of_one_gives_beta_and_is_not_followed() {
        let check = Check::new(vec![head(), norm()], Shape::flat(7), 1);
        let (mut weights, mut batch) = (check.weights(), check.batch());
        let before = weights.clone();
        let outputs = check.learn(&mut weights, &mut batch, &[1.0; OUTPUTS]);
        assert_eq!(outputs, weights.values()[8 * OUTPUTS + OUTPUTS..][..OUTPUTS]);
        assert_eq!(weights, before);
        assert!(check.network.gradient(batch.shards()).iter().all(|slope| slope.is_finite()));
    }

    /// Only the batches change the moving averages: no optimizer, weight decay, penalty or max-norm does.
    #[test]
    fn no_rule_decay_penalty_or_norm_touches_the_moving_numbers() {
        let check = Check::new(vec![norm(), dense(6), norm(), head()], Shape::flat(7), 8);
        let moving = |weights: &Weights| -> Vec<f32> {
            let params = check.network.params().iter().filter(|param| !param.info.is_trained);
            params.flat_map(|param| weights.values()[param.range.clone()].to_vec()).collect()
        };
        assert_eq!(moving(&check.weights()).len(), 26);
        assert_eq!(check.network.param_count() + 26, check.network.weights_len());
        let regularization = Regularization {
            l1: 0.01,
            l2: 0.1,
            max_norm: 0.5,
            clip_value: 0.1,
            clip_norm: 0.1,
            average: 0.5,
            pruning: 0.0,
        };
        for rule in OptimizerSpec::all() {
            let (mut weights, mut batch) = (check.weights(), check.batch());
            let first = weights.clone();
            let mut optimizer = Updater::new(rule.clone(), &check.network).regularized(regularization.clone());
            for _ in 0..3 {
                check.learn(&mut weights, &mut batch, &numbers(8 * OUTPUTS, 4));
                let before = weights.clone();
                optimizer.step(0.1, &check.network, &mut weights, batch.shards());
                assert_eq!(moving(&weights), moving(&before), "{rule:?}");
                let trained = check.network.params().iter().filter(|param| param.info.is_trained);
                for param in trained {
                    let range = param.range.clone();
                    assert_ne!(weights.values()[range.clone()], before.values()[range], "{rule:?} {}", param.name);
                }
            }
            assert_ne!(moving(&weights), moving(&first));
            assert_ne!(moving(optimizer.average().unwrap()), moving(&weights));
        }
    }

    /// A layer absorbs none but the one right after it.
    #[test]
    fn a_pooling_after_a_normalization_stays_one_of_its_own() {
        let layers = vec![Conv2d::default().into(), norm(), MaxPool2d::default().into(), Flatten {}.into(), head()];
        let network = ModelSpec { layers }.build(Shape::image(8, 8, 1), OUTPUTS).unwrap();
        assert_eq!(network.stages.len(), 4);
    }
}
