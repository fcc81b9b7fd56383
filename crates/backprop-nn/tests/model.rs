//! What users of the package rely on.

use std::fs;
use std::path::PathBuf;

use backprop_nn::field::Settings;
use backprop_nn::layer::{Backward, Forward, Layer, MAX_SHARDS, ParamInfo};
use backprop_nn::layers::{Conv2d, Dense, Dropout, Flatten, Function};
use backprop_nn::loss::{MeanSquaredError, SoftmaxCrossEntropy};
use backprop_nn::optim::Adam;
use backprop_nn::patience::EarlyStopping;
use backprop_nn::schedule::Plateau;
use backprop_nn::{
    Batch, LayerSpec, LossSpec, Model, ModelError, ModelSpec, Plan, Shape, Spec, Targets, Training, Workspace, init,
    layers, spec,
};
use ndarray::{Array1, Array2, Array4, array};

fn adam(epochs: usize, loss: impl Into<LossSpec>) -> Training {
    Training {
        loss: loss.into(),
        optimizer: Adam::default().into(),
        learning_rate: 0.05,
        epochs,
        batch: 16,
        ..Training::default()
    }
}

fn xor() -> (Array2<f32>, Array2<f32>) {
    (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]])
}

fn xor_model() -> Model {
    Model::new([Dense::new(8, Function::Tanh), Dense::new(1, Function::Linear)])
}

/// Two classes of points, which lie left and right of a line.
fn points(count: usize) -> (Array2<f32>, Array1<usize>) {
    let x = Array2::from_shape_fn((count, 2), |(row, column)| ((row * 7 + column * 3) % 11) as f32 / 5.0 - 1.0);
    let y = x.rows().into_iter().map(|row| usize::from(row[0] + 0.3 * row[1] > 0.1)).collect();
    (x, y)
}

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

#[test]
fn xor_is_learned_saved_and_loaded_to_the_bit() {
    let ((x, y), mut model) = (xor(), xor_model());
    assert!(matches!(model.predict(&x), Err(ModelError::NoWeights)));
    let history = model.fit(&x, &y, &adam(300, MeanSquaredError {})).unwrap();
    assert_eq!(history.epochs.len(), 300);
    assert!(history.last().loss < 1e-3 && history.last().accuracy.is_none(), "{:?}", history.last());
    let predicted = model.predict(&x).unwrap();
    assert!((&predicted - &y).iter().all(|error| error.abs() < 0.1), "{predicted}");

    let path = file("xor.safetensors");
    model.save(&path).unwrap();
    let loaded = Model::load(&path).unwrap();
    assert_eq!(loaded.predict(&x).unwrap(), predicted);
    assert_eq!(loaded.layers(), model.layers());
    assert!(loaded.to_string().ends_with("33 parameters"), "{loaded}");
    let mut other = Model::new([Dense::new(9, Function::Tanh), Dense::new(1, Function::Linear)]);
    let error = other.load_weights(&path).unwrap_err().to_string();
    assert!(error.ends_with("0.dense.kernel is [2, 8], and the network expects [2, 9]"), "{error}");
}

#[test]
fn classes_are_probabilities_that_add_up_and_the_thread_count_changes_nothing() {
    let (x, y) = points(60);
    let fitted = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut model = Model::new(layers![Dense::default(), Dropout::default(), Dense::new(2, Function::Linear)]);
        pool.install(|| model.fit(&x, &y, &adam(40, SoftmaxCrossEntropy::default()))).unwrap();
        model
    };
    let (one, two) = (fitted(1), fitted(3));
    let rows = one.predict(&x).unwrap();
    assert_eq!(rows, two.predict(&x).unwrap());
    assert!(rows.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-5));
    let score = one.evaluate(&x, &y).unwrap();
    let right = one.classify(&x).unwrap().iter().zip(&y).filter(|(said, is)| said == is).count();
    assert_eq!(score.accuracy, Some(right as f32 / 60.0));
    assert!(right > 55, "{right} of 60");
}

#[test]
fn a_second_fit_goes_on_from_the_first() {
    let (x, y) = points(60);
    let training = adam(5, SoftmaxCrossEntropy::default());
    let mut model = Model::new([Dense::new(2, Function::Linear)]);
    let first = model.fit(&x, &y, &training).unwrap().last().loss;
    let second = model.fit(&x, &y, &training).unwrap().epochs[0].training.loss;
    assert!(second < first, "{first}, then {second}");
}

#[test]
fn early_stopping_restores_the_weights_with_the_lowest_validation_loss() {
    let (x, y) = points(30);
    let flipped = y.mapv(|class| 1 - class);
    let training = Training {
        early_stopping: EarlyStopping { patience: 3, ..EarlyStopping::default() },
        ..adam(50, SoftmaxCrossEntropy::default())
    };
    let mut model = Model::new([Dense::new(2, Function::Linear)]);
    // What is right for the training set is wrong for this validation set, so that the loss rises at once.
    let history = model.fit_validated(&x, &y, (&x, &flipped), &training).unwrap();
    let losses: Vec<_> = history.epochs.iter().map(|epoch| epoch.validation.unwrap().loss).collect();
    let lowest = losses.iter().copied().fold(f32::INFINITY, f32::min);
    assert_eq!(losses[history.best.unwrap()], lowest);
    assert_eq!(losses.len(), history.best.unwrap() + 4);
    assert_eq!(model.evaluate(&x, &flipped).unwrap().loss, lowest);
}

#[test]
fn what_does_not_fit_is_said_in_one_sentence() {
    let (x, y) = points(20);
    let linear = |units| Model::new([Dense::new(units, Function::Linear)]);
    let (classes, numbers) = (adam(1, SoftmaxCrossEntropy::default()), adam(1, MeanSquaredError {}));
    let plateau = Training { schedule: Plateau::default().into(), ..classes.clone() };
    let early = Training { early_stopping: EarlyStopping { patience: 2, min_delta: 0.0 }, ..classes.clone() };
    let images = Array4::<f32>::zeros((20, 4, 4, 1));
    let sentence = |result: Result<_, ModelError>| result.map(|_| ()).unwrap_err().to_string();
    for (found, expected) in [
        (linear(2).fit(&x, &array![0_usize, 1], &classes), "there are 20 samples and 2 targets"),
        (linear(1).fit(&x, &y, &classes), "is of class 1, counted from zero, and the last layer has 1 outputs"),
        (linear(3).fit(&x, &x, &numbers), "there are 2 target numbers for each sample, and the last layer has 3"),
        (linear(2).fit(&x, &x, &classes), "Softmax cross-entropy compares classes, and the targets are numbers"),
        (linear(2).fit(&images, &y, &classes), "layer 1: Dense takes a row of numbers, and an image 4×4×1 arrives"),
        (linear(2).fit(&Array2::zeros((0, 2)), &Array1::<usize>::zeros(0), &classes), "there are no samples"),
        (linear(2).fit(&Array2::zeros((3, 0)), &array![0_usize, 1, 0], &classes), "an array of [3, 0]"),
        (linear(2).fit(&x, &y, &Training { learning_rate: -1.0, ..classes.clone() }), "training: learning_rate is -1"),
        (linear(2).fit(&x, &y, &plateau), "the schedule watches the validation loss"),
        (linear(2).fit(&x, &y, &early), "early stopping watches the validation loss"),
        (linear(2).fit_validated(&x, &y, (&x, &x), &classes), "are classes and those of the validation set numbers"),
    ] {
        let found = sentence(found);
        assert!(found.contains(expected), "{found}");
    }
    let mut model = linear(2);
    model.fit(&x, &y, &classes).unwrap();
    assert!(matches!(model.predict(&images), Err(ModelError::Shape { .. })));
    let before = model.predict(&x).unwrap();
    let wild = Training { learning_rate: 10.0, ..adam(50, MeanSquaredError {}) };
    let huge = x.mapv(|x| x * 1e30);
    let error = sentence(model.fit(&huge, &x, &wild));
    assert!(
        error.contains(
            "the loss stopped being a number in epoch 1: the outputs of the last layer have become too large"
        ),
        "{error}"
    );
    assert_eq!(model.predict(&x).unwrap(), before, "the weights are those from before");
    let path = file("nothing.safetensors");
    fs::write(&path, b"nothing").unwrap();
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(error.contains("nothing.safetensors: is not a safetensors file"), "{error}");
    assert!(matches!(Model::load(file("absent")), Err(ModelError::Io { .. })));
}

/// Multiplies each feature by a learned number.
#[derive(Clone, Settings)]
struct Scale {}

impl Spec for Scale {
    fn plan(&self, input: Shape) -> Result<Plan, spec::ShapeError> {
        Ok(Plan { output: input, params: input.len(), multiply_adds: input.len() as u64 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltScale(input.len()))
    }
}

struct BuiltScale(usize);

impl Layer for BuiltScale {
    fn params(&self) -> Vec<ParamInfo> {
        vec![ParamInfo::new("scale", &[self.0], init::Init::Constant(1.0))]
    }

    fn forward(&self, pass: Forward<'_>) {
        for (y, (x, w)) in pass.output.iter_mut().zip(pass.input.iter().zip(pass.params.iter().cycle())) {
            *y = w * x;
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        pass.grad_params.fill(0.0);
        for (at, (dy, x)) in pass.grad_output.iter().zip(pass.input).enumerate() {
            pass.grad_params[at % self.0] += dy * x;
        }
        for (dx, (dy, w)) in
            pass.grad_input.into_iter().flatten().zip(pass.grad_output.iter().zip(pass.params.iter().cycle()))
        {
            *dx = w * dy;
        }
    }
}

#[test]
fn a_layer_from_outside_is_trained_and_its_weights_are_saved() {
    let (x, y) = points(60);
    let model = || Model::new(layers![LayerSpec::custom(Scale {}), Dense::new(2, Function::Linear)]);
    let mut fitted = model();
    fitted.fit(&x, &y, &adam(40, SoftmaxCrossEntropy::default())).unwrap();
    assert!(fitted.evaluate(&x, &y).unwrap().accuracy.unwrap() > 0.9);
    let (network, weights) = fitted.network().unwrap();
    let scale = &network.params()[0];
    assert_eq!(scale.name, "0.scale.scale");
    assert!(weights.values()[scale.range.clone()].iter().all(|weight| *weight != 1.0));
    let path = file("scale.safetensors");
    fitted.save(&path).unwrap();
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(error.contains("make the model and load its weights"), "{error}");
    let mut loaded = model();
    loaded.load_weights(&path).unwrap();
    assert_eq!(loaded.predict(&x).unwrap(), fitted.predict(&x).unwrap());
}

#[test]
fn images_go_in_with_their_channels_last() {
    let x =
        Array4::from_shape_fn((12, 6, 6, 1), |(sample, row, _, _)| f32::from(u8::from(row < 3) == (sample % 2) as u8));
    let y: Array1<u8> = (0..12).map(|sample| sample % 2).collect();
    let conv = Conv2d { filters: 4, ..Conv2d::default() };
    let mut model = Model::new(layers![conv, Flatten {}, Dense::new(2, Function::Linear)]);
    model.fit(&x, &y, &adam(30, SoftmaxCrossEntropy::default())).unwrap();
    assert_eq!(model.evaluate(&x, &y).unwrap().accuracy, Some(1.0));
}

fn network(units: usize) -> backprop_nn::Network {
    ModelSpec { layers: vec![Dense::new(units, Function::Linear).into()] }.build(Shape::flat(3), units).unwrap()
}

#[test]
#[should_panic(expected = "9 shards; 8 are the most")]
fn more_shards_than_allowed_are_refused() {
    drop(Batch::new(&network(2), MAX_SHARDS + 1, 4));
}

#[test]
#[should_panic(expected = "3 lanes for 2 shards")]
fn lanes_left_over_are_refused() {
    let network = network(2);
    let (mut weights, mut batch) = (network.init_weights(1), Batch::new(&network, 2, 4));
    let fill = |_: usize, _: &mut (), shard: &mut Workspace| shard.input_mut(4).fill(0.0);
    network.learn(&mut weights, &mut batch, &mut [(); 3], 1, fill, |_, _, grad| grad.fill(0.0));
}

#[test]
#[should_panic(expected = "no samples were written to shard 0")]
fn a_shard_without_samples_is_refused() {
    let network = network(2);
    let (mut weights, mut batch) = (network.init_weights(1), Batch::new(&network, 2, 4));
    network.learn(&mut weights, &mut batch, &mut [()], 1, |_, _, _| {}, |_, _, grad| grad.fill(0.0));
}

#[test]
#[should_panic(expected = "weights of another network")]
fn weights_of_another_network_are_refused() {
    let (two, three) = (network(2), network(3));
    two.infer(&three.init_weights(1), &mut two.inference_workspace(1));
}

#[test]
#[should_panic(expected = "6 outputs without targets")]
fn outputs_without_targets_are_refused() {
    LossSpec::default().value(&[0.0; 6], Targets::Classes(&[]));
}

#[test]
#[should_panic(expected = "class 3 of 3 outputs")]
fn a_class_without_an_output_is_refused() {
    LossSpec::default().value(&[0.0; 6], Targets::Classes(&[0, 3]));
}
