//! What the columns of a table matter, which rows are neighbors and how a row changes, as scikit-learn and PyTorch say.

use std::fs;

use backprop_nn::{Inspection, LayerSpec, LossSpec, ModelSpec, Network, Shape, Weights};
use backprop_studio::data::scaling::{Scaling, Standard};
use backprop_studio::data::{Feature, Inputs, Samples, TargetData, Task, column_ranges};
use backprop_studio::explain::counterfactual::{Aim, descend};
use backprop_studio::explain::importance::Trial;
use backprop_studio::explain::neighbors::{last_hidden, nearest};
use backprop_studio::train::evaluate::TrainedModel;
use serde::Deserialize;

use crate::support::{backprop, lines};

#[derive(Deserialize)]
struct Fixtures {
    rows: Vec<f64>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    target_mean: Vec<f64>,
    target_deviation: Vec<f64>,
    orders: Vec<Vec<usize>>,
    cases: Vec<Case>,
    neighbors: Neighbors,
    counterfactual: Changed,
}

#[derive(Deserialize)]
struct Case {
    layers: Vec<LayerSpec>,
    params: Vec<Vec<f32>>,
    targets: Vec<f64>,
    score: f64,
    falls: Vec<Vec<f64>>,
    dependences: Vec<Dependence>,
}

#[derive(Deserialize)]
struct Dependence {
    values: Vec<f64>,
    means: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Neighbors {
    row: Vec<f64>,
    at: Vec<usize>,
    distances: Vec<f64>,
}

#[derive(Deserialize)]
struct Changed {
    sample: Vec<f32>,
    class: u16,
    weight: f32,
    bounds: Vec<[f32; 2]>,
    steps: usize,
    changed: Vec<f32>,
    probability: f32,
}

const WIDTH: usize = 5;

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("../fixtures/columns.json")).unwrap()
}

/// Two columns of numbers and one of three categories.
fn features() -> Vec<Feature> {
    let is = |word: &str| Feature { category: Some(word.to_owned()), ..Feature::number("kind") };
    vec![Feature::number("first"), Feature::number("second"), is("a"), is("b"), is("c")]
}

impl Case {
    fn model(&self) -> ModelSpec {
        ModelSpec { layers: self.layers.clone() }
    }

    fn network(&self, outputs: usize) -> (Network, Weights) {
        let network = self.model().build(Shape::flat(WIDTH), outputs).unwrap();
        let mut weights = network.init_weights(1);
        weights.values_mut().copy_from_slice(&self.params.concat());
        (network, weights)
    }
}

impl Fixtures {
    fn scaling(&self) -> Scaling {
        let inputs = Standard { mean: self.mean.clone(), deviation: self.deviation.clone() };
        Scaling { inputs, ..Scaling::default() }
    }
}

#[track_caller]
fn assert_close(what: &str, found: &[f64], wanted: &[f64], within: f64) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < within * (1.0 + wanted.abs()), "{what}: {found} {wanted}");
    }
}

#[test]
fn importance_and_dependence_of_columns_are_scikit_learns() {
    let fixtures = fixtures();
    let columns = column_ranges(&features(), WIDTH);
    assert_eq!(columns, [0..1, 1..2, 2..5], "the categories are one column");
    let rows = fixtures.rows.len() / WIDTH;
    let names = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    for (case, is_classes) in fixtures.cases.iter().zip([true, false]) {
        let (outputs, mut scaling) = (if is_classes { 3 } else { 2 }, fixtures.scaling());
        let (task, targets) = match is_classes {
            true => {
                let classes = case.targets.iter().map(|class| *class as u16).collect();
                (Task::Classification { classes: names(3) }, TargetData::Classes(classes))
            }
            false => {
                let mean = fixtures.target_mean.clone();
                scaling.targets = Standard { mean, deviation: fixtures.target_deviation.clone() };
                let values = case.targets.clone();
                (Task::numbers(names(2)), TargetData::Numbers { width: 2, values })
            }
        };
        let (network, weights) = case.network(outputs);
        let loss = LossSpec::default();
        let trained =
            TrainedModel { network: &network, weights: &weights, loss: &loss, task: &task, scaling: &scaling };
        let samples = Samples { inputs: Inputs::Numbers(fixtures.rows.clone()), targets };
        let at: Vec<u32> = (0..rows as u32).collect();
        let trial = Trial::new(trained, &samples, &at).unwrap();
        // Shares of the rows are equal to the last bits; R² is that of predictions in single precision.
        let within = if is_classes { 1e-12 } else { 1e-5 };
        assert_close("score", &[trial.score()], &[case.score], within);
        for ((column, falls), dependence) in columns.iter().zip(&case.falls).zip(&case.dependences) {
            assert_close("falls", &trial.falls(trial.score(), column.clone(), &fixtures.orders), falls, within);
            let values: Vec<Vec<f64>> = match column.len() {
                1 => {
                    let values = trial.values(column.start);
                    assert_close("values", &values, &dependence.values, 1e-9);
                    values.into_iter().map(|value| vec![value]).collect()
                }
                categories => {
                    let one_hot = |one: usize| (0..categories).map(|at| f64::from(u8::from(at == one))).collect();
                    (0..categories).map(one_hot).collect()
                }
            };
            let found = trial.dependence(column.clone(), &values);
            assert_close("means", &found.concat(), &dependence.means.concat(), 1e-4);
        }
        // The same seed shuffles the same way.
        let importances = trial.importances(trial.score(), &columns, 7);
        assert_eq!(importances, trial.importances(trial.score(), &columns, 7));
        assert!(importances.iter().all(|importance| importance.mean > 0.0 && importance.deviation > 0.0));
    }
}

#[test]
fn neighbors_in_the_last_hidden_layer_are_scikit_learns() {
    let fixtures = fixtures();
    let (case, scaling) = (&fixtures.cases[0], fixtures.scaling());
    let (network, weights) = case.network(3);
    let mut inspection = Inspection::new(&case.model(), Shape::flat(WIDTH), 3).unwrap();
    let place = last_hidden(&network, inspection.places());
    assert_eq!(inspection.places()[place].path, [1]);
    let mut hidden = |rows: &[f64]| {
        let mut numbers = vec![0.0; rows.len()];
        scaling.scale(rows, &mut numbers);
        inspection.forward(&weights, &numbers);
        inspection.values(place).to_vec()
    };
    let found = nearest(&hidden(&fixtures.rows), &hidden(&fixtures.neighbors.row), fixtures.neighbors.at.len());
    assert_eq!(found.iter().map(|it| it.at).collect::<Vec<_>>(), fixtures.neighbors.at);
    let distances: Vec<f64> = found.iter().map(|it| it.distance).collect();
    assert_close("distances", &distances, &fixtures.neighbors.distances, 1e-5);
}

#[test]
fn a_row_changes_step_by_step_as_with_pytorchs_gradients() {
    let fixtures = fixtures();
    let (case, wanted) = (&fixtures.cases[0], &fixtures.counterfactual);
    let (_, weights) = case.network(3);
    let mut inspection = Inspection::new(&case.model(), Shape::flat(WIDTH), 3).unwrap();
    let aim = Aim { loss: &LossSpec::default(), class: wanted.class, bounds: &wanted.bounds };
    let found = descend(&mut inspection, &weights, &wanted.sample, &aim, wanted.weight, wanted.steps);
    assert!(!found.is_reached && found.steps == wanted.steps, "{found:?}");
    let wide = |numbers: &[f32]| numbers.iter().copied().map(f64::from).collect::<Vec<_>>();
    assert_close("changed", &wide(&found.sample), &wide(&wanted.changed), 1e-4);
    assert!((found.after - wanted.probability).abs() < 1e-4, "{found:?}");
    assert!(found.sample[0] == wanted.bounds[0][1], "the first column is held by its bound: {found:?}");
}

#[test]
fn the_command_line_tells_the_importance_of_columns() {
    let folder = tempfile::tempdir().unwrap();
    let row = |at: usize| {
        let (weight, zone) = (at * 7 % 20, ["near", "far", "home"][at * 5 % 3]);
        format!("{weight}.5,{zone},{},{}\n", at * 13 % 17, if weight > 9 { "dear" } else { "cheap" })
    };
    let table = format!("weight,zone,noise,kind\n{}", (0..120).map(row).collect::<String>());
    fs::write(folder.path().join("parcels.csv"), table).unwrap();
    let done = backprop(folder.path(), &["train", "csv:parcels.csv?target=kind", "--out", "run"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let evaluate = ["evaluate", "run", "--split", "validation", "--importance"];
    let done = backprop(folder.path(), &evaluate);
    assert_eq!(done.code, 0, "{}", done.err);
    let told: Vec<&str> = done.out.lines().skip_while(|line| !line.contains("mean and std of 5 shuffles")).collect();
    assert!(told.len() == 4 && told[1].starts_with("weight"), "{told:?}");
    let done = backprop(folder.path(), &[&evaluate[..], &["--json"]].concat());
    let importance = &lines(&done.out)[0]["importance"];
    assert_eq!(importance[0]["column"], "weight");
    assert!(importance[0]["mean"].as_f64().unwrap() > 0.1 && importance.as_array().unwrap().len() == 3, "{importance}");
}
