//! The simple way in: a stack of layers that is fitted to arrays, predicts, and is saved.

mod arrays;
mod error;
mod file;
mod fit;

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef, Dimension};
use rayon::prelude::*;

pub use arrays::TargetArray;
pub use error::ModelError;
pub use fit::{Epoch, History, Score};

use crate::layers::LayerSpec;
use crate::loss::{LossSpec, LossSum, argmax};
use crate::network::Network;
use crate::shape::Shape;
use crate::trace::{ModelSpec, Trace};
use crate::training::Training;
use crate::weights::Weights;
use arrays::{Inputs, Samples};

/// Samples that one thread predicts at once.
const CHUNK: usize = 16;

/// A neural network: layers, and once it has been fitted or loaded, weights.
///
/// Arrays have one row per sample: `[samples, features]`, `[samples, steps, features]` or `[samples, height, width,
/// channels]`. The input shape is that of the first array that the model sees. Images are best scaled to 0 to 1 and other
/// features standardized before; the model takes numbers as they are. Its samples are independent: stateful layers begin each
/// batch with a state of zero, and only [`Network::learn`] and [`Network::infer_next`] carry it on.
///
/// ```
/// use backprop_nn::layers::{Dense, Function};
/// use backprop_nn::loss::MeanSquaredError;
/// use backprop_nn::{Model, Training};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0]];
/// let y = array![[1.0], [3.0], [5.0], [7.0]];
///
/// let mut model = Model::new([Dense::new(1, Function::Linear)]);
/// let loss = MeanSquaredError {}.into();
/// model.fit(&x, &y, &Training { loss, learning_rate: 0.1, epochs: 300, ..Training::default() })?;
/// let prediction = model.predict(&array![[10.0]])?;
/// assert!((prediction[[0, 0]] - 21.0).abs() < 0.01);
/// # Ok::<(), backprop_nn::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Model {
    spec: ModelSpec,
    built: Option<Built>,
}

/// What a model has once its input shape is known.
struct Built {
    network: Network,
    weights: Weights,
    loss: LossSpec,
    task: Task,
}

/// What the outputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Task {
    Classification,
    Regression,
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, loss, task, .. } = self;
        let mut built = f.debug_struct("Built");
        built.field("input", &network.input()).field("params", &network.param_count());
        built.field("loss", loss).field("task", task).finish_non_exhaustive()
    }
}

impl Model {
    /// A model of these layers, first to last. The last one has an output for each class or target number. Layers of
    /// several kinds are listed by [`layers!`](crate::layers!).
    pub fn new(layers: impl IntoIterator<Item = impl Into<LayerSpec>>) -> Self {
        Self { spec: ModelSpec { layers: layers.into_iter().map(Into::into).collect() }, built: None }
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[LayerSpec] {
        &self.spec.layers
    }

    /// The plan and the weights, once the model has been fitted or loaded.
    pub fn network(&self) -> Option<(&Network, &Weights)> {
        self.built.as_ref().map(|built| (&built.network, &built.weights))
    }

    /// Trains on the samples of `x` with targets `y`: classes from zero, or numbers. A model that has been fitted is
    /// trained further. The result depends on the seed of the training and not on the number of threads.
    ///
    /// # Errors
    /// If the layers, the arrays and the training do not fit together, or if the loss stops being a number. The weights
    /// are then those from before.
    pub fn fit<'a, D: Dimension>(
        &mut self,
        x: &'a ArrayRef<f32, D>,
        y: impl Into<TargetArray<'a>>,
        training: &Training,
    ) -> Result<History, ModelError> {
        let samples = Samples::new(x, y.into())?;
        self.train(&samples, None, training)
    }

    /// As [`Self::fit`], and after each epoch the loss on a validation set is measured, which early stopping and
    /// reducing the learning rate on a plateau decide by.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn fit_validated<'a, 'v, D: Dimension>(
        &mut self,
        x: &'a ArrayRef<f32, D>,
        y: impl Into<TargetArray<'a>>,
        validation: (&'v ArrayRef<f32, D>, impl Into<TargetArray<'v>>),
        training: &Training,
    ) -> Result<History, ModelError> {
        let (samples, validation) = (Samples::new(x, y.into())?, Samples::new(validation.0, validation.1.into())?);
        self.train(&samples, Some(&validation), training)
    }

    fn train(
        &mut self,
        samples: &Samples<'_>,
        validation: Option<&Samples<'_>>,
        training: &Training,
    ) -> Result<History, ModelError> {
        let built = self.built_for(samples, training)?;
        let (history, weights) = fit::fit(&built, samples, validation, training)?;
        self.built = Some(Built { weights, ..built });
        Ok(history)
    }

    /// The network for these samples, with the weights that it has, or else fresh ones.
    fn built_for(&self, samples: &Samples<'_>, training: &Training) -> Result<Built, ModelError> {
        let task = match samples.targets {
            TargetArray::Classes(_) => Task::Classification,
            TargetArray::Numbers(_) => Task::Regression,
        };
        let network = self.spec.build(samples.inputs.shape, self.outputs(samples.inputs.shape))?;
        samples.targets.check(network.output().len())?;
        let weights = match &self.built {
            Some(built) => {
                samples.inputs.check(built.network.input())?;
                built.weights.clone()
            }
            None => network.init_weights(training.seed),
        };
        let counts = samples.targets.class_counts(network.output().len());
        let loss = training.loss.clone().for_counts(&counts);
        Ok(Built { network, weights, loss, task })
    }

    /// How many outputs the last layer has, as far as the stack fits.
    fn outputs(&self, input: Shape) -> usize {
        Trace::of(&self.spec.layers, input).output().len()
    }

    /// Predicts a row for each sample: the probability of every class, or the numbers.
    ///
    /// # Errors
    /// If the model has no weights yet, or the samples have another shape than those it was fitted to.
    pub fn predict<D: Dimension>(&self, x: &ArrayRef<f32, D>) -> Result<Array2<f32>, ModelError> {
        let built = self.built()?;
        let inputs = Inputs::new(x)?;
        inputs.check(built.network.input())?;
        let mut outputs = built.outputs(&built.weights, &inputs);
        let width = built.network.output().len();
        match built.task {
            Task::Classification => outputs.chunks_exact_mut(width).for_each(|row| built.loss.probabilities(row)),
            Task::Regression => built.loss.predictions(&mut outputs),
        }
        Ok(Array2::from_shape_fn((inputs.samples, width), |(row, column)| outputs[row * width + column]))
    }

    /// The position of the most probable class of each sample.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn classify<D: Dimension>(&self, x: &ArrayRef<f32, D>) -> Result<Array1<usize>, ModelError> {
        let rows = self.predict(x)?;
        Ok(rows.rows().into_iter().map(|row| argmax(row.as_slice().unwrap_or_default())).collect())
    }

    /// Loss and accuracy on samples with known targets.
    ///
    /// # Errors
    /// If the model has no weights yet, or samples or targets do not fit it.
    pub fn evaluate<'a, D: Dimension>(
        &self,
        x: &'a ArrayRef<f32, D>,
        y: impl Into<TargetArray<'a>>,
    ) -> Result<Score, ModelError> {
        let built = self.built()?;
        let samples = Samples::new(x, y.into())?;
        samples.inputs.check(built.network.input())?;
        samples.targets.check(built.network.output().len())?;
        Ok(built.score(&samples))
    }

    fn built(&self) -> Result<&Built, ModelError> {
        self.built.as_ref().ok_or(ModelError::NoWeights)
    }
}

impl Built {
    /// What the last layer gives for each sample, `[samples, outputs]`.
    fn outputs(&self, weights: &Weights, inputs: &Inputs<'_>) -> Vec<f32> {
        let network = &self.network;
        let (len, width) = (network.input().len(), network.output().len());
        let mut outputs = vec![0.0; inputs.samples * width];
        let chunks = outputs.par_chunks_mut(CHUNK * width).zip(inputs.numbers().par_chunks(CHUNK * len));
        chunks.for_each_init(
            || network.inference_workspace(CHUNK),
            |workspace, (outputs, inputs)| {
                workspace.input_mut(inputs.len() / len).copy_from_slice(inputs);
                network.infer(weights, workspace);
                outputs.copy_from_slice(workspace.output());
            },
        );
        outputs
    }

    fn score(&self, samples: &Samples<'_>) -> Score {
        self.score_with(&self.weights, samples)
    }

    fn score_with(&self, weights: &Weights, samples: &Samples<'_>) -> Score {
        let outputs = self.outputs(weights, &samples.inputs);
        let all: Vec<u32> = (0..samples.inputs.samples as u32).collect();
        Score::of(self.loss.value(&outputs, samples.targets.gather(&all).targets()), self.task)
    }
}

impl Score {
    fn of(sum: LossSum, task: Task) -> Self {
        let accuracy = (task == Task::Classification).then(|| sum.accuracy() as f32);
        Self { loss: sum.mean_loss() as f32, accuracy }
    }
}

/// The layers, with output shapes and parameters once they are known.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = self.built.as_ref().map(|built| Trace::of(&self.spec.layers, built.network.input()));
        for (index, layer) in self.spec.layers.iter().enumerate() {
            match trace.as_ref().and_then(|trace| trace.plans.get(index)) {
                Some(plan) => {
                    writeln!(f, "{:<32} {:<14} {:>10}", layer.to_string(), plan.output.to_string(), plan.params)?
                }
                None => writeln!(f, "{layer}")?,
            }
        }
        match trace {
            Some(trace) => write!(f, "{} parameters", trace.params()),
            None => write!(f, "no weights yet"),
        }
    }
}

/// Lists layers of several kinds: `layers![Flatten {}, Dense::new(10, Function::Linear)]`.
#[macro_export]
macro_rules! layers {
    ($($layer:expr),* $(,)?) => {
        [$($crate::LayerSpec::from($layer)),*]
    };
}
