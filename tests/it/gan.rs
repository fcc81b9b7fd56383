//! Generators and discriminators: steps as in PyTorch, what is held still, and that they learn.

use std::f32::consts::PI;
use std::sync::Arc;

use backprop_nn::gan::{GanSettings, GanTrainer};
use backprop_nn::loss::AdversarialLoss;
use backprop_nn::optim::Adam;
use backprop_nn::{ModelSpec, Network, OptimizerSpec, Shape, Weights};
use backprop_studio::data::{Dataset, Lookup};
use backprop_studio::project::Project;
use backprop_studio::train::metrics::{GENERATOR_LOSS, REAL_ACCURACY};
use backprop_studio::train::{Event, Job, Outcome, Reports, Run, Start, StepStat, generate};
use serde::Deserialize;

use crate::support::{backprop, follow, lines, project, small_digits, small_job};

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    sample: Shape,
    noise_len: usize,
    generator: ModelSpec,
    discriminator: ModelSpec,
    loss: AdversarialLoss,
    smoothing: f32,
    /// `[batches, samples, …]`
    noise: Vec<f32>,
    real: Vec<f32>,
    before: Vec<Tensor>,
    /// On real samples, on generated ones and of the generator.
    losses: Vec<[f64; 3]>,
    after: Vec<Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    name: String,
    dims: Vec<usize>,
    values: Vec<f32>,
}

/// Samples of a batch, and batches, as in `tests/fixtures/gan.py`.
const COUNT: usize = 20;
const BATCHES: usize = 3;

impl Case {
    fn settings(&self) -> GanSettings {
        let Self { noise_len, discriminator, loss, smoothing, .. } = self;
        let (noise, discriminator) = (*noise_len, discriminator.clone());
        GanSettings { noise, discriminator, loss: *loss, smoothing: *smoothing, ..GanSettings::default() }
    }

    fn weights(&self, network: &Network, tensors: &[Tensor]) -> Weights {
        let find = |name: &str| {
            let tensor = tensors.iter().find(|tensor| tensor.name == name)?;
            Some((tensor.dims.clone(), tensor.values.clone()))
        };
        Weights::from_tensors(network.params(), tensors.len(), find).unwrap()
    }
}

/// Copies what lies at the position `from` of the batch with this number.
fn copy(all: &[f32], batch: usize, from: usize, out: &mut [f32]) {
    let batch = &all[batch % BATCHES * (all.len() / BATCHES)..];
    let len = all.len() / BATCHES / COUNT;
    out.copy_from_slice(&batch[from * len..][..out.len()]);
}

fn trained_in<'a>(network: &'a Network, weights: &'a Weights, discriminator: bool) -> Vec<&'a [f32]> {
    let params = network.params().iter().filter(|param| param.info.is_trained);
    let params = params.filter(|param| param.name.starts_with("discriminator.") == discriminator);
    params.map(|param| &weights.values()[param.range.clone()]).collect()
}

/// Each step moves its own network, and the other one stays as it is to the bit.
#[test]
fn ten_turns_of_both_losses_go_as_in_pytorch() {
    let Fixtures { cases } = serde_json::from_str(include_str!("../fixtures/gan.json")).unwrap();
    for case in cases {
        let settings = case.settings();
        let network = settings.build(&case.generator, case.sample).unwrap();
        let what = format!("{:?} on {}", case.loss, case.sample);
        let adam = OptimizerSpec::Adam(Adam { beta1: 0.5, ..Adam::default() });
        let mut trainer = GanTrainer::new(&network, &settings, case.weights(&network, &case.before), &adam, COUNT);
        for (turn, expected) in case.losses.iter().enumerate() {
            let real = |from: usize, out: &mut [f32]| copy(&case.real, turn, from, out);
            let noise = |from: usize, out: &mut [f32]| copy(&case.noise, 2 * turn, from, out);
            let before = trainer.weights.clone();
            let [on_real, on_made] = trainer.discriminator_step(0.02, 1, COUNT, real, noise);
            let between = trainer.weights.clone();
            assert_eq!(trained_in(&network, &before, false), trained_in(&network, &between, false), "{what}");
            assert_ne!(trained_in(&network, &before, true), trained_in(&network, &between, true), "{what}");
            let noise = |from: usize, out: &mut [f32]| copy(&case.noise, 2 * turn + 1, from, out);
            let fooled = trainer.generator_step(0.02, 1, COUNT, noise);
            assert_ne!(trained_in(&network, &between, false), trained_in(&network, &trainer.weights, false), "{what}");
            assert_eq!(trained_in(&network, &between, true), trained_in(&network, &trainer.weights, true), "{what}");
            for (sum, expected) in [on_real, on_made, fooled].iter().zip(expected) {
                let got = sum.mean_loss();
                assert!((got - expected).abs() < 1e-4, "{what}, turn {turn}: {got}, PyTorch {expected}");
            }
        }
        let expected = case.weights(&network, &case.after);
        for param in network.params() {
            let pairs =
                trainer.weights.values()[param.range.clone()].iter().zip(&expected.values()[param.range.clone()]);
            for (got, expected) in pairs {
                assert!((got - expected).abs() < 2e-3, "{what}, {}: {got}, PyTorch {expected}", param.name);
            }
        }
    }
}

fn run(job: &Arc<Job>) -> (Vec<StepStat>, Weights) {
    let (steps, others, outcome) =
        follow(&Run::start(Arc::clone(job), Start::Running, Reports::default(), || {}).unwrap());
    assert!(matches!(outcome, Outcome::Finished(None)), "{outcome:?}");
    let Some(Event::Weights(snapshot)) = others.last() else { panic!("no weights") };
    (steps, snapshot.weights.clone())
}

#[test]
fn turns_are_the_same_to_the_bit_on_one_thread_and_on_two() {
    let settings = [
        ("training.epochs", "2"),
        ("training.batch", "40"),
        ("adversary.discriminator_steps", "2"),
        ("adversary.generator_steps", "3"),
    ];
    let run_on = |threads| run(&small_job("gan-digits", &settings, threads));
    let (one, two) = (run_on(1), run_on(2));
    assert_eq!(one.0.len(), 2 * 600usize.div_ceil(80));
    assert!(one == two, "the runs differ");
    let stat = one.0.last().unwrap();
    let (loss, real) = (stat.get(&GENERATOR_LOSS).unwrap(), stat.get(&REAL_ACCURACY).unwrap());
    assert!(loss > 0.0 && (0.0..=1.0).contains(&real), "{stat:?}");
}

/// The preset's points lie on both of the moons, from which the data stray by a deviation of 0.05.
#[test]
fn generated_points_lie_where_those_of_the_data_lie() {
    let project = Project::find("gan-points").unwrap();
    let dataset = Arc::new(Dataset::load(&project.data.source, &Lookup::default()).unwrap());
    let job = Arc::new(project.job(dataset, 2).unwrap());
    let (_, weights) = run(&job);
    let points = |seed, count| generate(&job.network, &job.scaling, &weights, seed, count);
    assert_eq!(points(1, 1000)[..200], points(1, 100));
    assert_ne!(points(1, 100), points(2, 100));
    let upper = (0..=100).map(|at| (at as f32 / 100.0 * PI).sin_cos()).map(|(sin, cos)| [cos, sin]);
    let upper: Vec<[f32; 2]> = upper.collect();
    let lower: Vec<[f32; 2]> = upper.iter().map(|[x, y]| [1.0 - x, 0.5 - y]).collect();
    let on = |moon: &[[f32; 2]], point: &[f32]| moon.iter().any(|[x, y]| (point[0] - x).hypot(point[1] - y) < 0.15);
    let [above, below] = [upper, lower].map(|moon| points(1, 1000).chunks(2).filter(|point| on(&moon, point)).count());
    assert!(above + below >= 930 && above >= 400 && below >= 400, "{above} and {below} of 1000 points");
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    let refused = |settings: &[(&str, &str)]| {
        let project = project("gan-digits", settings);
        project.job(small_digits(), 1).err().map_or_else(String::new, |error| error.to_string())
    };
    let stack = |layers: &str| format!("[{layers}]");
    let norm = stack(r#"{"layer":"flatten"},{"layer":"batch_norm"},{"layer":"dense","units":1,"activation":"linear"}"#);
    for (settings, expected) in [
        (
            [("model", "[]")],
            "model.0: The generator gives a row of 64 numbers, and a sample of the data is an image 28×28×1. Begin with a Dense layer of 784.",
        ),
        (
            [("adversary.layers", "[]")],
            "adversary.layers.0: The discriminator gives an image 28×28×1; it needs one output, for real or generated. Begin",
        ),
        ([("adversary.layers", norm.as_str())], "adversary.layers.1: BatchNorm would mix real and generated samples"),
        (
            [("data.augment.shift", "2")],
            "data.augment: augmentation changes images, and the generator would learn the changed ones",
        ),
        (
            [("training.early_stopping.patience", "2")],
            "training.early_stopping: early stopping watches the validation loss, and a generator has none",
        ),
        (
            [("training.schedule.kind", "plateau")],
            "training.schedule: the schedule watches the validation loss, and a generator has none",
        ),
    ] {
        let error = refused(&settings);
        assert!(error.starts_with(expected), "{error}");
    }
    let mut project = Project::find("gan-digits").unwrap();
    for (path, value, expected) in [
        ("adversary.noise", "0", "adversary: noise is 0; it goes from 1 to 1024"),
        ("adversary.smoothing", "0.9", "adversary: smoothing is 0.9; it goes from 0 to 0.5"),
        ("adversary.layers.1.units", "0", "adversary.layers.1: units is 0"),
        ("adversary.loss", "hinge", "unknown variant `hinge`"),
    ] {
        let error = project.set(path, value).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_generator_is_trained_and_writes_samples_and_reads_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let done = backprop(folder, &["train", "gan-points", "--epochs", "2", "--out", "points", "--json", "--steps"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    for line in lines(&done.out).iter().filter(|line| line["event"] == "step" || line["event"] == "epoch") {
        for figure in ["generator_loss", "real_accuracy", "fake_accuracy"] {
            assert!(line[figure].is_number(), "{figure} of {line}");
        }
    }
    // What is not evaluated has no metrics, not even without a value.
    let is_evaluated = |key: &String| key.starts_with("validation_") || key.starts_with("test_");
    for line in lines(&done.out).iter().filter(|line| line["event"] == "epoch" || line["event"] == "done") {
        assert!(!line.as_object().unwrap().keys().any(is_evaluated), "{line}");
    }
    let done = backprop(folder, &["generate", "points", "--count", "30", "--out", "made"]);
    assert_eq!((done.code, done.out.as_str()), (0, "30 samples are in made\n"), "{}", done.err);
    let table = std::fs::read_to_string(folder.join("made/points.csv")).unwrap();
    assert!(table.starts_with("x,y\n") && table.lines().count() == 31, "{table}");

    let digits = ["train", "gan-digits", "--data", "digits?count=200", "--epochs", "1", "--out", "digits"];
    assert_eq!(backprop(folder, &digits).code, 0);
    for seed in ["1", "2"] {
        let made = ["generate", "digits", "--count", "10", "--out", seed, "--seed", seed];
        assert_eq!(backprop(folder, &made).code, 0);
    }
    let read = |name: &str| image::open(folder.join(name)).unwrap().to_luma8();
    assert_eq!(
        (read("1/0010.png").dimensions(), read("1/grid.png").dimensions()),
        ((28, 28), (4 * 29 - 1, 3 * 29 - 1))
    );
    assert_ne!(read("1/0001.png"), read("2/0001.png"));

    for (arguments, expected) in [
        (
            &["generate", "pretrained", "--count", "1", "--out", "x"][..],
            "pretrained: is neither a generator nor a language model; train one",
        ),
        (
            &["evaluate", "points", "--data", "points:xor"],
            "points is a generator and reads no samples; `backprop generate`",
        ),
        (&["predict", "points", "x.png"], "points is a generator and reads no samples"),
        (
            &["train", "gan-points", "--folds", "3"],
            "gan-points is a generator and reads no samples; train it without --folds",
        ),
        (&["find-rate", "gan-points"], "gan-points is a generator and reads no samples"),
    ] {
        let done = backprop(folder, arguments);
        assert!(done.code == 2 && done.err.starts_with(&format!("backprop: {expected}")), "{}", done.err);
    }
}
