//! What each layer costs: parameters, multiply-adds, memory, and the time that it takes of a step, measured on this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backprop_nn::clock::LayerTime;
use backprop_nn::{Clock, LayerSpec};

use crate::project::{Project, Side};
use crate::train::Job;
use crate::train::learner::Step;

/// Steps that touch new memory and are not counted, and the most and the fewest that are.
const WARM_UP: usize = 2;
const STEPS: usize = 25;
const FEWEST: usize = 3;

/// The costs of all layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Layer by layer, a block with all that is in it; those of a discriminator after those of its generator.
    pub layers: Vec<LayerCost>,
    /// Bytes of memory that a training needs besides those of the layers and the samples.
    pub shared_bytes: u64,
    /// Samples of a batch.
    pub batch: usize,
    /// What was measured.
    pub timing: Option<Timing>,
}

/// What a layer costs.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerCost {
    /// "2 Conv2d", and the stack before it where there are two.
    pub name: String,
    /// "32 3×3 ReLU"
    pub detail: String,
    /// Trainable numbers.
    pub params: usize,
    /// Of a forward pass of one sample.
    pub multiply_adds: u64,
    /// Bytes that a training needs for it: weights, gradient, what the optimizer remembers and activations.
    pub bytes: u64,
    /// Seconds of a step; nothing if they were not measured, or if the layer has nothing to run of its own: it only reshapes, or runs
    /// with the one before it.
    pub time: Option<Seconds>,
}

/// Seconds of a layer in a step, its share of the time of all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seconds {
    /// The forward pass.
    pub forward: f64,
    /// The backward pass.
    pub backward: f64,
    /// The update of its weights, with their gradient where that is computed from the whole batch.
    pub update: f64,
}

impl Seconds {
    /// Of all three.
    pub fn total(self) -> f64 {
        self.forward + self.backward + self.update
    }

    fn plus(self, other: Self) -> Self {
        Self {
            forward: self.forward + other.forward,
            backward: self.backward + other.backward,
            update: self.update + other.update,
        }
    }
}

/// A step as it was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Seconds of a whole step, the mean over the middle half of those that were measured, by their time.
    pub step: f64,
    /// Threads that share it.
    pub threads: usize,
    /// Steps that were measured.
    pub steps: usize,
}

impl Budget {
    /// What the layers cost, as far as the plan tells it.
    pub fn planned(project: &Project, job: &Job) -> Self {
        let (network, footprint) = (&job.network, job.footprint());
        let traces =
            [Some(project.trace(job.shape(), job.dataset.task.output())), project.trace_discriminator(job.shape())];
        let layer = |at: usize| -> Option<LayerCost> {
            let (stack, index) = network.place_of(at);
            let side = if stack == "discriminator" { Side::Discriminator } else { Side::Model };
            let spec: &LayerSpec = project.layers(side)?.get(index)?;
            let plan = traces[usize::from(side == Side::Discriminator)].as_ref()?.plans.get(index)?;
            let name = format!("{} {}", index + 1, spec.about().label);
            Some(LayerCost {
                name: if stack.is_empty() { name } else { format!("{stack} {name}") },
                detail: spec.detail(),
                params: plan.params,
                multiply_adds: plan.multiply_adds,
                bytes: footprint.layers.get(at).copied().unwrap_or(0),
                time: None,
            })
        };
        Self {
            layers: (0..footprint.layers.len()).filter_map(layer).collect(),
            shared_bytes: footprint.shared,
            batch: job.batch(),
            timing: None,
        }
    }

    /// The same with the time of each layer: the mean over the middle half of some steps on copies of the initial weights, shared among the threads of the
    /// current rayon pool. Takes about so long, and a few steps at least.
    pub fn measured(project: &Project, job: &Job, time: Duration) -> Self {
        let mut budget = Self::planned(project, job);
        let threads = rayon::current_num_threads().max(1);
        let clock = Arc::new(Clock::new(&job.network));
        let mut learner = job.learner();
        learner.timed_by(&clock);
        let order = job.order(1);
        // A last batch may be smaller, and would take less.
        let size = job.samples_per_step().min(order.len()).max(1);
        let batches = order.chunks_exact(size).cycle().take(WARM_UP + STEPS);
        let mut steps: Vec<TimedStep> = Vec::new();
        let began = Instant::now();
        for (at, batch) in batches.enumerate() {
            if began.elapsed() > time && steps.len() >= FEWEST {
                break;
            }
            let begins = Instant::now();
            learner.step(batch, Step::new(at as u64 + 1, job.training.learning_rate));
            let (took, layers) = (begins.elapsed(), clock.take(&job.network));
            if at >= WARM_UP {
                steps.push((took, layers));
            }
        }
        let count = steps.len();
        let middle = middle_half(&mut steps);
        let Some((_, first)) = middle.first() else { return budget };
        // A mean, so that the layers and the rest add up to the step.
        let mean = |of: &dyn Fn(&TimedStep) -> Duration| {
            middle.iter().map(|step| of(step).as_secs_f64()).sum::<f64>() / middle.len() as f64
        };
        for (stage, LayerTime { path, .. }) in first.iter().enumerate() {
            let of = |part: fn(&LayerTime) -> Duration| mean(&|(_, layers)| part(&layers[stage])) / threads as f64;
            let seconds =
                Seconds { forward: of(|it| it.forward), backward: of(|it| it.backward), update: of(|it| it.update) };
            if let Some(layer) = path.first().and_then(|at| budget.layers.get_mut(*at)) {
                layer.time = Some(layer.time.unwrap_or_default().plus(seconds));
            }
        }
        budget.timing = Some(Timing { steps: count, step: mean(&|(took, _)| *took), threads });
        budget
    }

    /// Seconds of all layers together.
    pub fn layers_time(&self) -> f64 {
        self.layers.iter().filter_map(|layer| layer.time).map(Seconds::total).sum()
    }

    /// Seconds of a step that belong to no layer: reading the samples, the loss, and threads that wait for each other.
    pub fn rest(&self) -> Option<f64> {
        self.timing.map(|timing| (timing.step - self.layers_time()).max(0.0))
    }
}

/// What a step took, and each layer of it.
type TimedStep = (Duration, Vec<LayerTime>);

/// The steps without the fastest and the slowest quarter, which other work on the machine may have slowed.
fn middle_half(steps: &mut [TimedStep]) -> &[TimedStep] {
    steps.sort_by_key(|(took, _)| *took);
    &steps[steps.len() / 4..steps.len() - steps.len() / 4]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    fn budget(preset: &str, source: &str) -> (Project, Budget) {
        let mut project = Project::find(preset).unwrap();
        project.set("data.source", source).unwrap();
        project.set("training.batch", "32").unwrap();
        let job = project.job(Arc::new(Dataset::read(source).unwrap()), 2).unwrap();
        (project.clone(), Budget::measured(&project, &job, Duration::from_millis(10)))
    }

    #[test]
    fn the_layers_and_the_rest_are_the_whole() {
        for (preset, source) in [
            ("cnn-small", "digits?count=200"),
            ("resnet-mini", "digits?count=100"),
            ("gan-digits", "digits?count=100"),
            ("xor", "points:xor?count=100"),
        ] {
            let (project, budget) = budget(preset, source);
            let stacks = [Side::Model, Side::Discriminator];
            let declared = stacks.iter().filter_map(|side| project.layers(*side)).map(Vec::len);
            assert_eq!(budget.layers.len(), declared.sum::<usize>(), "{preset}");
            let timing = budget.timing.unwrap();
            assert!(timing.steps >= FEWEST && timing.step > 0.0);
            for layer in &budget.layers {
                let has_work = layer.multiply_adds > 0 || layer.params > 0;
                assert!(
                    !has_work || layer.time.is_some_and(|time| time.forward > 0.0 && time.backward > 0.0),
                    "{layer:?}"
                );
                assert!(layer.params == 0 || layer.time.is_some_and(|time| time.update > 0.0), "{layer:?}");
                assert!(layer.params == 0 || layer.bytes >= 4 * layer.params as u64, "{layer:?}");
            }
            assert!(budget.rest().unwrap() < timing.step);
        }
    }

    #[test]
    fn a_layer_without_work_of_its_own_takes_no_time() {
        let (_, budget) = budget("cnn-small", "digits?count=200");
        let flatten = budget.layers.iter().find(|layer| layer.name.ends_with("Flatten")).unwrap();
        assert_eq!((flatten.params, flatten.time), (0, None));
        let mut steps: Vec<_> = [9, 2, 1, 3, 4, 50, 0, 5].map(|ms| (Duration::from_millis(ms), Vec::new())).into();
        let middle: Vec<_> = middle_half(&mut steps).iter().map(|(took, _)| took.as_millis()).collect();
        assert_eq!(middle, [2, 3, 4, 5]);
    }
}
