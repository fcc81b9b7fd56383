//! Networks learn, and a training step does what it promises: nothing allocated, nothing learnt from the test set.

#![allow(unsafe_code, reason = "an allocator that counts what a step allocates")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use backprop_studio::data::{Dataset, Inputs};
use backprop_studio::project::presets;
use backprop_studio::train::evaluate::Evaluator;
use backprop_studio::train::learner::{Step, Trainer};
use backprop_studio::train::{Outcome, Reports, Run, Start};

use backprop_nn::{LossSpec, Shape};

use crate::support::{follow, project, real_data, small_digits};

/// Counts what the threads allocate that ask to be watched.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static KEPT_BYTES: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if WATCHED.get() {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            KEPT_BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if WATCHED.get() {
            KEPT_BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        }
        // SAFETY: the pointer came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Only one test at a time may watch what is allocated.
static WATCH: Mutex<()> = Mutex::new(());

/// The memory that a run is told to need is the memory that it takes.
#[test]
fn the_footprint_of_a_job_is_what_it_allocates() {
    let _alone = WATCH.lock().unwrap();
    let blocks = r#"[{"layer":"conv2d","filters":4,"padding":"same"},{"layer":"residual","layers":[{"layer":"batch_norm"},{"layer":"conv2d","filters":4,"padding":"same"},{"layer":"residual","layers":[{"layer":"batch_norm"}]}]},{"layer":"flatten"},{"layer":"dense","units":10,"activation":"linear"}]"#;
    let models = presets::image_readers().into_iter().map(|preset| (preset, None));
    let models = models.chain([("mlp", Some(blocks)), ("gan-digits", None)]);
    for (preset, model) in models {
        for rule in ["sgd", "adam"] {
            let mut settings = vec![("training.batch", "300"), ("training.optimizer.rule", rule)];
            settings.extend(model.map(|model| ("model", model)));
            let job = project(preset, &settings).job(small_digits(), 1).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            pool.install(|| {
                // What a thread keeps for itself from its first step on is not the run's.
                job.learner().step(&job.split.train[..300], Step::new(1, 0.001));
                rayon::broadcast(|_| WATCHED.set(true));
                let before = KEPT_BYTES.load(Ordering::Relaxed);
                let evaluator = Evaluator::new(&job.network);
                let mut learner = job.learner();
                learner.step(&job.split.train[..300], Step::new(1, 0.001));
                let taken = (KEPT_BYTES.load(Ordering::Relaxed) - before) as f64;
                rayon::broadcast(|_| WATCHED.set(false));
                drop((learner, evaluator));
                let told = job.footprint().total() as f64;
                assert!((taken / told - 1.0).abs() < 0.02, "{preset} with {rule}: {taken} bytes, told {told}");
            });
        }
    }
}

const AUGMENTED: [(&str, &str); 5] = [
    ("data.augment.shift", "2"),
    ("data.augment.thickness", "0.5"),
    ("data.augment.erase", "0.5"),
    ("data.augment.noise", "0.1"),
    ("data.augment.mix_up", "0.4"),
];

/// Allocations and kept bytes of forty training steps on two threads, after a warm-up.
fn allocations(model: &str, dataset: Arc<Dataset>) -> (usize, isize) {
    let job = project("mlp", &[&[("model", model)], &AUGMENTED[..]].concat()).job(dataset, 2).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        let mut trainer = Trainer::new(&job, job.initial_weights());
        let mut steps = |range: std::ops::Range<u64>| {
            for step in range {
                trainer.step(&job.split.train[..128], Step::new(step, 0.001));
            }
        };
        steps(1..20);
        rayon::broadcast(|_| WATCHED.set(true));
        let before = (ALLOCATIONS.load(Ordering::Relaxed), KEPT_BYTES.load(Ordering::Relaxed));
        steps(20..60);
        let after = (ALLOCATIONS.load(Ordering::Relaxed), KEPT_BYTES.load(Ordering::Relaxed));
        rayon::broadcast(|_| WATCHED.set(false));
        (after.0 - before.0, after.1 - before.1)
    })
}

/// The crate behind the matrix product takes a packing buffer for the time of a call; nothing else allocates. So a
/// network of convolutions alone allocates nothing, and one with a dense layer keeps nothing. (The queues of the thread pool may
/// grow or shrink once in forty steps; a buffer per step or per shard would be ten times what is allowed here.)
#[test]
fn a_training_step_allocates_nothing_of_its_own() {
    let _alone = WATCH.lock().unwrap();
    let mut tiny = Dataset::clone(&small_digits());
    tiny.shape = Shape::image(4, 10, 1);
    let count = tiny.train.len() * 40;
    let Inputs::Bytes(pixels) = &mut tiny.train.inputs else { panic!("digits are bytes") };
    pixels.truncate(count);
    let no_dense_layer = r#"[{"layer":"conv2d","filters":1,"padding":"same"},{"layer":"max_pool2d","size":1},{"layer":"activation","function":"gelu"},{"layer":"max_pool2d"},{"layer":"dropout"},{"layer":"average_pool2d","size":1},{"layer":"flatten"}]"#;
    let upwards = r#"[{"layer":"conv2d","filters":2,"padding":"same","dilation":2},{"layer":"up_sample2d"},{"layer":"spatial_dropout"},{"layer":"gaussian_noise"},{"layer":"layer_norm"},{"layer":"residual","layers":[{"layer":"batch_norm"},{"layer":"residual","layers":[{"layer":"activation"}]}]},{"layer":"conv_transpose2d","filters":10},{"layer":"softmax"},{"layer":"global_average_pool"}]"#;
    let sequence = r#"[{"layer":"flatten"},{"layer":"embedding","units":3},{"layer":"conv1d","filters":10,"activation":"gelu"},{"layer":"max_pool1d"},{"layer":"average_pool1d"},{"layer":"global_average_pool"}]"#;
    let tiny = Arc::new(tiny);
    for model in [no_dense_layer, upwards, sequence] {
        let (count, kept) = allocations(model, tiny.clone());
        assert!(count <= 4 && kept.abs() < 32_000, "{count} allocations, {kept} bytes, {model}");
    }

    let dense_layer = r#"[{"layer":"conv2d","filters":8,"padding":"same"},{"layer":"max_pool2d"},{"layer":"flatten"},{"layer":"dense","units":10,"activation":"linear"}]"#;
    let (_, kept) = allocations(dense_layer, small_digits());
    assert!(kept.abs() < 32_000, "{kept} bytes");
}

fn test_accuracy(project: &backprop_studio::project::Project, dataset: Arc<Dataset>) -> f32 {
    let job = Arc::new(project.job(dataset, 2).unwrap());
    let (_, _, outcome) = follow(&Run::start(job, Start::Running, Reports::default(), || {}).unwrap());
    let Outcome::Finished(Some(test)) = outcome else { panic!("{outcome:?}") };
    test.accuracy().unwrap()
}

#[test]
fn every_preset_learns_to_read_a_few_hundred_digits() {
    for preset in presets::image_readers() {
        // Recurrent layers take longer to begin.
        let epochs = if matches!(preset, "rnn" | "lstm" | "gru") { "32" } else { "8" };
        // An average over hundreds of steps would still be that of the first weights.
        let average = ("training.regularization.average", "0");
        let project = project(preset, &[("training.epochs", epochs), ("training.batch", "32"), average]);
        let accuracy = test_accuracy(&project, small_digits());
        assert!(accuracy > 0.7, "{preset}: {accuracy}");
    }
}

/// The mean absolute error is left out: the median of a target that is 0 for nine samples in ten is 0.
#[test]
fn every_loss_that_suits_classes_learns_to_read_a_few_hundred_digits() {
    for loss in LossSpec::all().into_iter().filter(|loss| !matches!(loss, LossSpec::MeanAbsoluteError(_))) {
        let mut project = project("mlp", &[("training.epochs", "8"), ("training.batch", "32")]);
        project.training.loss = loss.clone();
        let accuracy = test_accuracy(&project, small_digits());
        assert!(accuracy > 0.6, "{loss:?}: {accuracy}");
    }
}

#[test]
fn the_default_project_reads_its_own_digits() {
    let accuracy = test_accuracy(
        &project(presets::DEFAULT, &[("training.epochs", "4")]),
        Arc::new(Dataset::read("digits").unwrap()),
    );
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn mlp_reads_mnist() {
    let Some(folder) = real_data("mnist") else { return };
    let dataset = Dataset::read(&format!("idx:{}", folder.display())).unwrap();
    assert_eq!((dataset.train.len(), dataset.test.len()), (60_000, 10_000));
    let accuracy = test_accuracy(&project("mlp", &[]), Arc::new(dataset));
    assert!(accuracy >= 0.97, "{accuracy}");
}

/// A sweep leaves the job and the weights as they are, and what it suggests learns.
#[test]
fn the_rate_that_is_found_learns() {
    let job = project("mlp", &[("training.batch", "32")]).job(small_digits(), 2).unwrap();
    let weights = job.initial_weights();
    let sweep = job.find_rate(&weights, |_| true).unwrap();
    assert_eq!(
        (weights, job.find_rate(&job.initial_weights(), |_| true)),
        (job.initial_weights(), Some(sweep.clone()))
    );
    assert!(sweep.points.len() > 50 && sweep.points.is_sorted_by(|a, b| a.learning_rate < b.learning_rate));
    let rate = sweep.suggestion.unwrap();
    assert!((1e-4..0.1).contains(&rate), "{rate}");
    let settings = [("training.batch", "32"), ("training.epochs", "8"), ("training.learning_rate", &rate.to_string())];
    let accuracy = test_accuracy(&project("mlp", &settings), small_digits());
    assert!(accuracy > 0.75, "{accuracy} at a rate of {rate}");

    // A network that explodes early is not swept to the end.
    let wild =
        [("training.optimizer.rule", "sgd"), ("training.loss", "mean_squared_error"), ("model.1.activation", "linear")];
    let wild = project("mlp", &wild).job(small_digits(), 2).unwrap();
    let points = wild.find_rate(&wild.initial_weights(), |_| true).unwrap().points;
    let best = points.iter().map(|point| point.smoothed).fold(f32::INFINITY, f32::min);
    assert!(
        points.len() < 100
            && points[..points.len() - 1].iter().all(|point| point.smoothed <= 4.0 * best.max(points[0].smoothed))
    );

    let mut steps = 0;
    let stopped = job.find_rate(&job.initial_weights(), |_| {
        steps += 1;
        steps < 4
    });
    assert_eq!((stopped, steps), (None, 4));
}
