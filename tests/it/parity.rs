//! The engine compared with PyTorch: outputs, losses, every gradient, and the losses along 20 optimizer steps.

use std::collections::BTreeMap;

use backprop_nn::loss::LossSum;
use backprop_nn::optim::Regularization;
use backprop_nn::optim::Updater;
use backprop_nn::patience::ReduceOnPlateau;
use backprop_nn::schedule::Plateau;
use backprop_nn::{
    Batch, LayerSpec, LossSpec, ModelSpec, Network, OptimizerSpec, ScheduleSpec, Shape, Targets, Training, Weights,
    Workspace,
};
use backprop_studio::project::{Project, presets};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    variants: BTreeMap<String, Variant>,
    schedules: Vec<Course>,
    plateau: Reduced,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: Shape,
    layers: Vec<LayerSpec>,
    /// What has a generator and a discriminator, or one stack, in place of the layers.
    #[serde(skip)]
    project: Option<Project>,
    /// Steps at each of which there is a label.
    #[serde(skip)]
    steps: Option<usize>,
    loss: LossSpec,
    inputs: Vec<f32>,
    labels: Vec<u16>,
    /// Targets that are numbers, which then stand in place of the labels.
    #[serde(default)]
    numbers: Option<Vec<f32>>,
    outputs: Vec<f32>,
    loss_value: f64,
    params: Vec<Param>,
    optimizers: BTreeMap<String, Steps>,
    /// Losses by the name of a variant.
    variants: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Param {
    name: String,
    dims: Vec<usize>,
    values: Vec<f32>,
    grad: Vec<f32>,
}

/// An optimizer with options, and what else is done to gradients and weights.
#[derive(Deserialize)]
struct Variant {
    optimizer: OptimizerSpec,
    regularization: Regularization,
    learning_rate: f32,
}

/// The learning rate at each step, as a share of the one that is set.
#[derive(Deserialize)]
struct Course {
    training: Training,
    factors: Vec<f32>,
}

/// The same after each epoch with its validation loss.
#[derive(Deserialize)]
struct Reduced {
    schedule: Plateau,
    losses: Vec<f32>,
    factors: Vec<f32>,
}

#[derive(Deserialize)]
struct Steps {
    learning_rate: f32,
    losses: Vec<f64>,
    /// What the network gives after the steps when it is used, if that is something else than while it trains.
    inferred: Option<Vec<f32>>,
}

impl Case {
    fn network(&self) -> Network {
        let outputs = self.outputs.len() / self.labels.len();
        let outputs = self.steps.map_or(Shape::flat(outputs), |steps| Shape::steps(steps, outputs));
        match &self.project {
            Some(project) => project.network(self.shape, outputs).unwrap(),
            None => ModelSpec { layers: self.layers.clone() }.build(self.shape, outputs).unwrap(),
        }
    }

    fn weights(&self, network: &Network) -> Weights {
        let find = |name: &str| {
            let param = self.params.iter().find(|param| param.name == name)?;
            Some((param.dims.clone(), param.values.clone()))
        };
        Weights::from_tensors(network.params(), self.params.len(), find).unwrap()
    }

    fn batch(&self, network: &Network) -> Batch {
        Batch::new(network, (self.labels.len() / self.steps.unwrap_or(1)).div_ceil(SHARD), SHARD)
    }

    /// One forward and backward pass; the mean loss.
    fn pass(&self, network: &Network, weights: &mut Weights, batch: &mut Batch) -> f64 {
        let (scale, mut lanes) = (self.scale(), self.lanes());
        let input = network.input().len();
        let fill = |index: usize, (answers, _): &mut (Targets, LossSum), shard: &mut Workspace| {
            let samples = answers.len() / self.steps.unwrap_or(1);
            let inputs = &self.inputs[index * SHARD * input..][..samples * input];
            shard.input_mut(samples).copy_from_slice(inputs);
        };
        let judge = |(answers, sum): &mut (Targets, LossSum), outputs: &[f32], grad: &mut [f32]| {
            *sum = self.loss.value_and_grad(outputs, *answers, scale, grad);
        };
        network.learn(weights, batch, &mut lanes, 0, fill, judge);
        lanes.iter().map(|(_, sum)| *sum).fold(LossSum::default(), LossSum::plus).mean_loss()
    }

    fn scale(&self) -> f32 {
        match self.numbers {
            Some(_) => 1.0 / self.labels.len() as f32,
            None => self.loss.scale(self.labels.iter().copied()),
        }
    }

    /// The targets of each shard, and room for their loss.
    fn lanes(&self) -> Vec<(Targets<'_>, LossSum)> {
        let answers: Vec<_> = match &self.numbers {
            Some(numbers) => {
                let width = numbers.len() / self.labels.len();
                numbers.chunks(SHARD * width).map(|values| Targets::Numbers { width, values }).collect()
            }
            None => self.labels.chunks(SHARD * self.steps.unwrap_or(1)).map(Targets::Classes).collect(),
        };
        answers.into_iter().map(|answers| (answers, LossSum::default())).collect()
    }

    fn describe(&self) -> String {
        let layers: Vec<_> = self.layers.iter().map(ToString::to_string).collect();
        format!("{} on {} with {:?}", layers.join(", "), self.shape, self.loss)
    }
}

/// The five samples of a case go through the network in shards of this many.
const SHARD: usize = 2;

fn fixtures() -> Fixtures {
    #[derive(Deserialize)]
    struct Later {
        cases: Vec<Case>,
    }
    let mut fixtures: Fixtures = serde_json::from_str(include_str!("../fixtures/parity.json")).unwrap();
    let later: Later = serde_json::from_str(include_str!("../fixtures/layers.json")).unwrap();
    fixtures.cases.extend(later.cases);
    fixtures
}

/// Relative to the largest number of the expected ones, since single numbers may be close to zero.
fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, number {at}: {got}, PyTorch {expected}");
    }
}

#[test]
fn outputs_losses_and_gradients_are_those_of_pytorch() {
    for case in fixtures().cases {
        let (network, what) = (case.network(), case.describe());
        let (mut weights, mut batch) = (case.weights(&network), case.batch(&network));
        let loss = case.pass(&network, &mut weights, &mut batch);
        let outputs = batch.shards().iter().flat_map(Workspace::output).copied().collect::<Vec<_>>();
        assert_close(&what, &outputs, &case.outputs, 1e-5);
        assert!(
            (loss - case.loss_value).abs() <= 1e-5 * case.loss_value.abs().max(0.1),
            "{what}: loss {loss}, PyTorch {}",
            case.loss_value
        );
        let gradient = network.gradient(batch.shards());
        for (param, expected) in network.params().iter().zip(&case.params) {
            assert_close(
                &format!("{what}, gradient of {}", param.name),
                &gradient[param.range.clone()],
                &expected.grad,
                1e-4,
            );
        }
    }
}

impl Case {
    /// Takes the steps of an optimizer and compares the losses on the way, and that of the moving average after them if
    /// there is one, with PyTorch's.
    fn assert_steps(&self, name: &str, optimizer: Updater, learning_rate: f32, expected: &[f64]) -> Weights {
        self.assert_steps_from(self.weights(&self.network()), name, optimizer, learning_rate, expected)
    }

    fn assert_steps_from(
        &self,
        mut weights: Weights,
        name: &str,
        mut optimizer: Updater,
        learning_rate: f32,
        expected: &[f64],
    ) -> Weights {
        let network = self.network();
        let mut batch = self.batch(&network);
        let assert_loss = |step: usize, loss: f64| {
            let tolerance = 1e-4 * expected[step].abs().max(0.1);
            let (case, expected) = (self.describe(), expected[step]);
            assert!((loss - expected).abs() <= tolerance, "{case}, {name}, step {step}: {loss}, PyTorch {expected}");
        };
        // Fewer where the direction of a step would be decided by rounding.
        for step in 0..expected.len().min(20) {
            assert_loss(step, self.pass(&network, &mut weights, &mut batch));
            optimizer.step(learning_rate, &network, &mut weights, batch.shards());
        }
        assert_eq!(optimizer.average().is_some(), expected.len() == 21);
        if let Some(average) = optimizer.average() {
            assert_loss(20, self.pass(&network, &mut average.clone(), &mut batch));
        }
        weights
    }
}

#[test]
fn twenty_steps_of_every_optimizer_go_as_in_pytorch() {
    for case in fixtures().cases {
        for (rule, steps) in &case.optimizers {
            let spec: OptimizerSpec = serde_json::from_value(serde_json::json!({ "rule": rule })).unwrap();
            let optimizer = Updater::new(spec, &case.network());
            let weights = case.assert_steps(rule, optimizer, steps.learning_rate, &steps.losses);
            if let Some(expected) = &steps.inferred {
                let network = case.network();
                let mut workspace = network.inference_workspace(case.labels.len());
                workspace.input_mut(case.labels.len()).copy_from_slice(&case.inputs);
                network.infer(&weights, &mut workspace);
                assert_close(&format!("{}, used after {rule}", case.describe()), workspace.output(), expected, 1e-4);
            }
        }
    }
}

#[test]
fn options_clipping_penalties_and_averages_go_as_in_pytorch() {
    let Fixtures { cases, variants, .. } = fixtures();
    for spec in OptimizerSpec::all() {
        let label = spec.about().label;
        let is_listed = |spec: &OptimizerSpec| spec.about().label == label;
        assert!(variants.values().any(|variant| is_listed(&variant.optimizer)), "{label} is not held against PyTorch");
    }
    for case in cases {
        assert_eq!(case.variants.len(), variants.len());
        for (name, losses) in &case.variants {
            let Variant { optimizer, regularization, learning_rate } = &variants[name];
            let optimizer = Updater::new(optimizer.clone(), &case.network()).regularized(regularization.clone());
            case.assert_steps(name, optimizer, *learning_rate, losses);
        }
    }
}

#[test]
fn learning_rates_go_as_in_pytorch() {
    let Fixtures { schedules, plateau, .. } = fixtures();
    for schedule in ScheduleSpec::all().iter().filter(|schedule| !matches!(schedule, ScheduleSpec::Plateau(_))) {
        let same = |other: &ScheduleSpec| std::mem::discriminant(other) == std::mem::discriminant(schedule);
        assert!(schedules.iter().any(|course| same(&course.training.schedule)), "{schedule:?} is not held");
    }
    for Course { training, factors } in schedules {
        for (step, expected) in factors.iter().enumerate() {
            let got = training.lr_factor(step as f32 / factors.len() as f32);
            let what = (training.schedule.clone(), training.warmup, step);
            assert!((got - expected).abs() <= 2e-6, "{what:?}: {got}, PyTorch {expected}");
        }
    }
    let mut slower = ReduceOnPlateau::new(plateau.schedule);
    for (epoch, (loss, expected)) in plateau.losses.iter().zip(&plateau.factors).enumerate() {
        slower.observe(*loss);
        assert!((slower.factor - expected).abs() <= 1e-6, "epoch {epoch}: {}, PyTorch {expected}", slower.factor);
    }
}

/// A loss of outputs and target numbers.
#[derive(Deserialize)]
struct NumberCase {
    loss: LossSpec,
    width: usize,
    outputs: Vec<f32>,
    targets: Vec<f32>,
    value: f64,
    grad: Vec<f32>,
}

#[test]
fn losses_of_target_numbers_are_those_of_pytorch() {
    let cases: Vec<NumberCase> = serde_json::from_str(include_str!("../fixtures/targets.json")).unwrap();
    for loss in LossSpec::all().into_iter().filter(LossSpec::takes_numbers) {
        assert!(cases.iter().any(|case| case.loss.about() == loss.about()), "{loss:?} is not held against PyTorch");
    }
    for NumberCase { loss, width, outputs, targets, value, grad: expected } in cases {
        let answers = Targets::Numbers { width, values: &targets };
        let mut grad = vec![f32::NAN; outputs.len()];
        let sum = loss.value_and_grad(&outputs, answers, 1.0 / answers.len() as f32, &mut grad);
        assert!((sum.mean_loss() - value).abs() <= 1e-6 * value, "{loss:?}: {}, PyTorch {value}", sum.mean_loss());
        assert_close(&format!("{loss:?}, {width} targets"), &grad, &expected, 1e-5);
    }
}

/// What PyTorch makes of the presets, see `tests/fixtures/presets.py`.
#[derive(Deserialize)]
struct Presets {
    rules: BTreeMap<String, Rule>,
    presets: BTreeMap<String, PresetCase>,
}

#[derive(Deserialize)]
struct Rule {
    optimizer: OptimizerSpec,
    learning_rate: f32,
}

#[derive(Deserialize)]
struct PresetCase {
    shape: Shape,
    width: usize,
    /// Whether the targets are numbers rather than classes.
    numbers: bool,
    /// Of a text: its samples are tokens of a vocabulary of this size, and whether each has a class at each of its steps.
    vocabulary: Option<usize>,
    #[serde(default)]
    at_each_step: bool,
    outputs: Vec<f32>,
    loss: f64,
    gradients: BTreeMap<String, Gradient>,
    /// The losses before each of 20 steps.
    steps: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Gradient {
    norm: f32,
    /// Up to 64 of its numbers, evenly spread.
    picked: Vec<f32>,
}

/// A bias before a normalization has the gradient zero. A sum over all places of a batch leaves more rounding than PyTorch's.
const ZERO: f32 = 1e-12;
const ROUNDING: f32 = 1e-5;

const PRESET_SAMPLES: usize = 12;

/// The samples that `presets.py` makes up.
fn pattern(len: usize) -> Vec<f32> {
    let place = |i: usize, j: usize| (131 * i + 17 * j * j + i * j) % 256;
    (0..PRESET_SAMPLES).flat_map(|i| (0..len).map(move |j| place(i, j) as f32 / 255.0)).collect()
}

/// The tokens that it makes up.
fn tokens(len: usize, vocabulary: usize) -> Vec<f32> {
    let place = |i: usize, j: usize| (131 * i + 17 * j * j + i * j) % vocabulary;
    (0..PRESET_SAMPLES).flat_map(|i| (0..len).map(move |j| place(i, j) as f32)).collect()
}

/// A preset without what is random in it.
fn preset(name: &str, case: &PresetCase) -> Case {
    let mut project = Project::find(name).unwrap();
    let adversary = project.adversary.iter_mut().flat_map(|adversary| &mut adversary.discriminator.layers);
    for layer in project.model.layers.iter_mut().chain(adversary) {
        if let LayerSpec::Dropout(dropout) = layer {
            dropout.rate = 0.0;
        }
    }
    // That of a generator, whose network gives a number, plays no part.
    let squared = || serde_json::from_str(r#""mean_squared_error""#).unwrap();
    let loss = if project.adversary.is_some() { squared() } else { project.training.loss.clone() };
    let steps = case.at_each_step.then(|| case.shape.len());
    let output = steps.map_or(Shape::flat(case.width), |steps| Shape::steps(steps, case.width));
    let inputs = project.network(case.shape, output).unwrap().input().len();
    let given = match case.vocabulary {
        Some(vocabulary) => tokens(inputs, vocabulary),
        None => pattern(inputs),
    };
    let labels = match steps {
        Some(steps) => (0..PRESET_SAMPLES).flat_map(|sample| (0..steps).map(move |step| sample + step)).collect(),
        None => (0..PRESET_SAMPLES).collect::<Vec<_>>(),
    };
    let numbers = || match project.data.reconstruct {
        true => pattern(inputs),
        false => (0..PRESET_SAMPLES * case.width).map(|at| (at % 5) as f32 / 2.0 - 1.0).collect(),
    };
    Case {
        shape: case.shape,
        layers: project.model.layers.clone(),
        loss,
        labels: labels.into_iter().map(|label| (label % case.width) as u16).collect(),
        numbers: case.numbers.then(numbers),
        inputs: given,
        steps,
        project: Some(project),
        outputs: case.outputs.clone(),
        loss_value: case.loss,
        params: Vec::new(),
        optimizers: BTreeMap::new(),
        variants: BTreeMap::new(),
    }
}

#[test]
fn every_preset_goes_as_in_pytorch() {
    let Presets { presets: cases, .. } = preset_cases();
    for name in presets::names() {
        let expected = cases.get(name).unwrap_or_else(|| panic!("{name} is not held against PyTorch"));
        let case = preset(name, expected);
        let network = case.network();
        let (mut weights, mut batch) = (network.init_weights(3), case.batch(&network));
        let loss = case.pass(&network, &mut weights, &mut batch);
        assert!((loss / case.loss_value - 1.0).abs() <= 1e-5, "{name}: loss {loss}, PyTorch {}", case.loss_value);
        let outputs = batch.shards().iter().flat_map(Workspace::output).copied().collect::<Vec<_>>();
        assert_close(name, &outputs, &case.outputs, 1e-5);
        let gradient = network.gradient(batch.shards());
        let trained = network.params().iter().filter(|param| param.info.is_trained);
        assert_eq!(trained.clone().count(), expected.gradients.len());
        for param in trained {
            let (what, got) = (format!("{name}, gradient of {}", param.name), &gradient[param.range.clone()]);
            let Gradient { norm, picked } = &expected.gradients[&param.name];
            let found = norm_of(got);
            if *norm < ZERO {
                assert!(found < ROUNDING, "{what} has length {found}, PyTorch {norm}");
                continue;
            }
            assert!((found / norm - 1.0).abs() <= 1e-4, "{what} has length {found}, PyTorch {norm}");
            let mean = norm / (got.len() as f32).sqrt();
            let allowed = 1e-4 * picked.iter().fold(mean, |most, slope| most.max(slope.abs()));
            for (at, expected) in picked.iter().enumerate() {
                let at = at * got.len() / picked.len();
                let slope = got[at];
                assert!((slope - expected).abs() <= allowed, "{what}, number {at}: {slope}, PyTorch {expected}");
            }
        }
    }
}

#[test]
fn twenty_steps_of_every_preset_and_rule_go_as_in_pytorch() {
    let Presets { rules, presets: cases } = preset_cases();
    for spec in OptimizerSpec::all() {
        let label = spec.about().label;
        let is_listed = rules.values().any(|rule| rule.optimizer.about().label == label);
        assert!(is_listed, "{label} is not held against PyTorch");
    }
    for (name, expected) in &cases {
        let case = preset(name, expected);
        for (rule, Rule { optimizer, learning_rate }) in &rules {
            let (network, what) = (case.network(), format!("{name}, {rule}"));
            let optimizer = Updater::new(optimizer.clone(), &network);
            case.assert_steps_from(network.init_weights(3), &what, optimizer, *learning_rate, &expected.steps[rule]);
        }
    }
}

fn norm_of(numbers: &[f32]) -> f32 {
    numbers.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt() as f32
}

fn preset_cases() -> Presets {
    serde_json::from_str(include_str!("../fixtures/presets.json")).unwrap()
}
