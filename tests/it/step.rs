//! One step of training, taken apart: its numbers against PyTorch, against the trainer, and in the window.

use std::collections::BTreeMap;

use backprop_nn::optim::{Regularization, Updater, UpdaterState};
use backprop_nn::{LossSpec, ModelSpec, OptimizerSpec, Shape, Targets, Weights};
use backprop_studio::explain::step::{Detail, Line, Position, Setup, Stage, Step, Target, Walk};
use backprop_studio::train::learner::{Step as TrainerStep, Trainer};
use serde::Deserialize;

use crate::support::small_job;

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: Shape,
    layers: Vec<backprop_nn::LayerSpec>,
    inputs: Vec<f32>,
    classes: Vec<u16>,
    sample: usize,
    of_sample: OfSample,
    loss: f64,
    params: Vec<Param>,
    gradient: Vec<Vec<f32>>,
    optimizers: BTreeMap<String, Steps>,
}

#[derive(Deserialize)]
struct OfSample {
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    input_gradient: Vec<f32>,
    params: Vec<Vec<f32>>,
    loss: f64,
    probabilities: Vec<f32>,
}

#[derive(Deserialize)]
struct Param {
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Steps {
    learning_rate: f32,
    after: [Vec<Vec<f32>>; 2],
    loss_after_first: f64,
}

#[track_caller]
fn assert_close(what: &str, found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() < 1e-5, "{what} {at}: {found} {wanted}");
    }
}

/// What an optimizer remembers after a step, in the order in which it keeps it.
fn state_after(step: &Step, model: &ModelSpec, shape: Shape, optimizer: &OptimizerSpec) -> UpdaterState {
    let network = model.build(shape, 3).unwrap();
    let mut updater = Updater::new(optimizer.clone(), &network);
    let mut state = updater.state();
    state.step = step.number;
    // The slots of a small layer, which is a block of its own, lie one after the other.
    for layer in &step.layers {
        let at = layer.weights.start * step.memory[1].len();
        for (slot, row) in step.memory[1].iter().enumerate() {
            let at = at + slot * layer.weights.len();
            state.slots[at..at + layer.weights.len()].copy_from_slice(&row[layer.weights.clone()]);
        }
    }
    assert!(updater.restore(state.clone(), &network));
    state
}

#[test]
fn a_step_is_that_of_pytorch_in_every_number() {
    let fixtures: Fixtures = serde_json::from_str(include_str!("../fixtures/step.json")).unwrap();
    for case in fixtures.cases {
        let Case { shape, layers, inputs, classes, sample, of_sample, loss, params, gradient, optimizers } = case;
        let model = ModelSpec { layers };
        let mut weights = model.build(shape, 3).unwrap().init_weights(1);
        let values: Vec<f32> = params.into_iter().flat_map(|param| param.values).collect();
        weights.values_mut().copy_from_slice(&values);
        for (name, Steps { learning_rate, after, loss_after_first }) in optimizers {
            let optimizer = OptimizerSpec::named(&name).unwrap();
            let what = format!("{:?}, {name}", model.layers);
            let regularization = Regularization::default();
            let take = |weights: &Weights, memory: Option<&UpdaterState>| {
                let setup = Setup {
                    model: &model,
                    weights,
                    input: shape,
                    inputs: &inputs,
                    targets: Targets::Classes(&classes),
                    loss: &LossSpec::default(),
                    optimizer: &optimizer,
                    regularization: &regularization,
                    memory,
                    learning_rate,
                    seed: Some(3),
                    sample,
                };
                Step::take(&setup).unwrap()
            };
            let step = take(&weights, None);
            assert_eq!((step.samples, step.number, &step.target), (classes.len(), 1, &Target::Class(sample % 3)));
            // The input has a place of its own before those of the layers.
            assert_eq!(step.places.len(), of_sample.values.len() + 1);
            assert_close(&what, &step.gradients[0], &of_sample.input_gradient);
            for (at, place) in step.places.iter().enumerate().skip(1) {
                let what = format!("{what}, {}", place.label);
                assert_close(&what, &step.values[at], &of_sample.values[at - 1]);
                assert_close(&what, &step.gradients[at], &of_sample.gradients[at - 1]);
            }
            assert_close(&what, &step.predictions, &of_sample.probabilities);
            assert_close(&what, &step.sample_gradient, &of_sample.params.concat());
            assert_close(&what, &step.gradient, &gradient.concat());
            assert_eq!(step.used, step.gradient, "nothing clips it");
            for (found, wanted) in
                [(step.sample_loss, of_sample.loss), (step.losses[0], loss), (step.losses[1], loss_after_first)]
            {
                assert!((found - wanted).abs() < 1e-5, "{what}: {found} {wanted}");
            }
            assert_close(&what, step.weights[1].values(), &after[0].concat());
            // Another step, of an optimizer that remembers the first.
            let state = state_after(&step, &model, shape, &optimizer);
            let second = take(&step.weights[1], Some(&state));
            assert_eq!(second.number, 2);
            assert_close(&what, second.weights[1].values(), &after[1].concat());
            assert_eq!(second.memory[0], step.memory[1]);
        }
    }
}

/// A preset's first step as it is taken apart, and the batch that it is taken on.
fn preset_step(preset: &str, settings: &[(&str, &str)], check: impl Fn(&Step, &OptimizerSpec)) {
    let job = small_job(preset, settings, 1);
    let weights = job.initial_weights();
    let batch = &job.split.train[..16];
    let model = backprop_studio::project::Project::find(preset).unwrap().model;
    let mut inputs = vec![0.0; batch.len() * job.shape().len()];
    let mut targets = job.dataset.train.targets.buffer(batch.len());
    job.dataset.train.gather(&job.scaling, batch, &mut inputs);
    job.dataset.train.gather_targets(&job.scaling, batch, &mut targets);
    let (number, learning_rate) = (1, 0.01);
    let setup = Setup {
        model: &model,
        weights: &weights,
        input: job.shape(),
        inputs: &inputs,
        targets: targets.first(batch.len()),
        loss: &job.loss,
        optimizer: &job.training.optimizer,
        regularization: &job.training.regularization,
        memory: None,
        learning_rate,
        seed: Some(backprop_nn::init::mix(job.training.seed, number)),
        sample: 5,
    };
    let step = Step::take(&setup).unwrap();
    let mut trainer = Trainer::new(&job, weights);
    let sum = trainer.step(batch, TrainerStep::new(number, learning_rate));
    assert!((sum.mean_loss() - step.losses[0]).abs() < 1e-5, "{preset}: {} {:?}", sum.mean_loss(), step.losses);
    for (found, wanted) in step.weights[1].values().iter().zip(trainer.weights.values()) {
        assert!((found - wanted).abs() < 1e-5, "{preset}: {found} {wanted}");
    }
    check(&step, &job.training.optimizer);
}

#[test]
fn a_step_is_that_of_the_trainer_with_dropout_and_normalization() {
    for preset in ["mlp", "cnn-deep", "rnn", "resnet-mini"] {
        // The step of a batch of 16 runs in one shard.
        let settings =
            [("training.batch", "16"), ("training.optimizer", "momentum"), ("training.learning_rate", "0.01")];
        preset_step(preset, &settings, |step, _| {
            assert!(step.losses[1] < step.losses[0], "{preset} learns: {:?}", step.losses);
        });
    }
}

/// The lines of every unit add up to what the engine has found.
fn assert_lines(step: &Step) {
    let mut seen = [0; 5];
    for layer in &step.layers {
        for unit in &layer.units {
            let mut so_far = 0.0;
            for line in unit.forward(layer.function) {
                match line {
                    Line::Product { factors: [weight, value], so_far: sum, .. } => {
                        assert!((sum - so_far - f64::from(weight) * f64::from(value)).abs() < 1e-9);
                        so_far = sum;
                        seen[0] += 1;
                    }
                    Line::Rest { so_far: sum, .. } => so_far = sum,
                    Line::Bias { bias, sum } => {
                        assert!((so_far + f64::from(bias) - f64::from(sum)).abs() < 1e-5, "{so_far} {bias} {sum}");
                        seen[1] += 1;
                    }
                    Line::Function { value, .. } => assert_eq!(value, unit.value),
                    Line::Given(value) => assert_eq!(value, unit.value),
                    other => panic!("{other:?}"),
                }
            }
            let (mut so_far, mut slope) = (None, 0.0);
            for line in unit.backward(layer.function, step) {
                match line {
                    Line::Product { so_far: sum, .. } | Line::Rest { so_far: sum, .. } => so_far = Some(sum),
                    Line::Slope(found) => {
                        slope = found;
                        if let Some(sum) = so_far {
                            assert!((sum - f64::from(found)).abs() < 1e-5, "{sum} {found}");
                            seen[2] += 1;
                        }
                    }
                    Line::Derivative { derivative, delta, .. } => {
                        assert!((slope * derivative - delta).abs() < 1e-5, "{slope} {derivative} {delta}");
                        seen[3] += 1;
                    }
                    Line::WeightGradient { factors: [input, delta], gradient, .. } if layer.label == "Dense" => {
                        assert!((input * delta - gradient).abs() < 1e-5, "{input} {delta} {gradient}");
                        seen[4] += 1;
                    }
                    Line::WeightGradient { .. } | Line::BiasGradient(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn the_lines_of_every_unit_add_up_to_what_the_engine_has_found() {
    for preset in ["mlp", "cnn-deep"] {
        preset_step(preset, &[("training.batch", "16"), ("training.optimizer", "adam")], |step, optimizer| {
            assert_lines(step);
            for layer in &step.layers {
                for change in &layer.changes {
                    let [first, second] = change.corrected(step, optimizer).unwrap();
                    let [before, after] = change.weight(step);
                    let moved = f64::from(step.learning_rate) * first / (second.sqrt() + 1e-8);
                    assert!((f64::from(before) - moved - f64::from(after)).abs() < 1e-6, "{}", change.name);
                }
            }
        });
    }
}

#[test]
fn the_way_through_a_step_goes_forward_and_back_at_every_pace() {
    preset_step("mlp", &[("training.batch", "16"), ("training.optimizer", "sgd")], |step, _| {
        let walk = Walk::new(step);
        for (detail, least) in [(Detail::Layers, 8), (Detail::Units, 60), (Detail::Products, 500)] {
            let mut way = vec![Position::default()];
            while let Some(next) = walk.next(*way.last().unwrap(), detail) {
                way.push(next);
            }
            assert!(way.len() >= least, "{detail:?}: {}", way.len());
            assert_eq!(walk.stage(way[0].stage), Stage::Batch);
            assert_eq!(walk.stage(way.last().unwrap().stage), Stage::Result);
            for pair in way.windows(2) {
                assert_eq!(walk.previous(pair[1], detail), Some(pair[0]), "{detail:?}");
            }
            assert_eq!(walk.previous(way[0], detail), None);
        }
        assert_eq!(walk.held(Position { stage: 99, unit: 0, line: 0 }), Position::default());
    });
}
