//! What is exported: the operations of a network, and what the numbers mean that go in and come out.

use serde_json::{Value, json};

use super::ExportError;
use super::text::Text;
use crate::data::scaling::{Naive, Standard};
use crate::data::{Feature, Task};
use crate::project::{Project, RunFolder};
use backprop_nn::graph::Operation;
use backprop_nn::{Graph, Network, Shape, Weights};

/// A trained network with all that another program needs to answer as this one does.
pub struct Model<'a> {
    /// The name of the project.
    pub name: &'a str,
    /// The settings of the training.
    pub project: &'a Project,
    /// The network.
    pub network: &'a Network,
    /// Its weights.
    pub weights: &'a Weights,
    /// From the prepared input to the answer; what is left is to [`Output::standard`] and [`Self::naive`].
    pub graph: Graph<'a>,
    /// What goes in, and how it is prepared.
    pub input: Input<'a>,
    /// What comes out.
    pub output: Output<'a>,
    /// The naive forecast that the output is added to. The window is then less its last row before it is standardized.
    pub naive: Option<&'a Naive>,
}

/// What goes into a network, and how its numbers are prepared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<'a> {
    /// Pixels from 0 to 255, `[height, width, channels]`, which are divided by 255.
    Pixels,
    /// Numbers in their own units. Each last axis is standardized, `(x - mean) / deviation` where there are any; one that is
    /// missing (NaN) then becomes 0.
    Numbers {
        /// What each number of the last axis is; empty if they have no names.
        features: &'a [Feature],
        /// Mean and deviation of each number of the last axis, or nothing.
        standard: &'a Standard,
    },
    /// The numbers of tokens, as a text is cut into them.
    Tokens(Text<'a>),
    /// Numbers from the standard normal distribution, of which a generator makes a sample.
    Noise,
}

/// What comes out of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output<'a> {
    /// The probability of every class.
    Probabilities {
        /// Their names.
        classes: &'a [String],
        /// For two classes: from which probability the second is predicted.
        threshold: Option<f32>,
    },
    /// At each step the probability of every token to be the next, `[steps, tokens]`.
    NextToken,
    /// Numbers, `y · deviation + mean` in their own units.
    Numbers {
        /// Their names.
        targets: &'a [String],
        /// The unit of each; empty where none has one.
        units: &'a [Option<String>],
        /// Mean and deviation of each, or nothing.
        standard: &'a Standard,
    },
    /// A sample: that which went in again, or one that was generated. Pixels from 0 to 1, and other numbers in their own
    /// units.
    Sample {
        /// Mean and deviation of each number of the last axis, or nothing.
        standard: &'a Standard,
    },
}

impl Output<'_> {
    /// What brings the last numbers back to their own units; empty if they are.
    pub fn standard(&self) -> Option<&Standard> {
        match self {
            Self::Probabilities { .. } | Self::NextToken => None,
            Self::Numbers { standard, .. } | Self::Sample { standard } => {
                Some(*standard).filter(|standard| !standard.mean.is_empty())
            }
        }
    }
}

/// Without a vocabulary nobody elsewhere can ask the network anything.
const NO_VOCABULARY: &str =
    "the run has no vocabulary in its data.json, which says what the tokens stand for; train it again";

impl<'a> Model<'a> {
    /// The model of a run: of a generator the generator alone.
    ///
    /// # Errors
    /// If it has a layer that is defined elsewhere.
    pub fn of(run: &'a RunFolder) -> Result<Self, ExportError> {
        let RunFolder { project, data, network, weights } = run;
        let text = data.features.first().and_then(|feature| feature.text.as_ref());
        if text.is_none() && matches!(data.task, Task::NextToken { .. }) {
            return Err(ExportError::Task(NO_VOCABULARY));
        }
        let mut graph = Graph::new(&project.model.layers, network, weights)?;
        let (loss, scaling) = (&project.training.loss, &data.scaling);
        let output = match &data.task {
            _ if project.adversary.is_some() => Output::Sample { standard: &scaling.inputs },
            Task::Classification { classes } => {
                graph.push("probabilities", loss.share().map_or(Operation::Softmax, Operation::Shares));
                Output::Probabilities { classes, threshold: run.threshold() }
            }
            Task::Regression { targets, units } => Output::Numbers { targets, units, standard: &scaling.targets },
            Task::NextToken { .. } => {
                graph.push("probabilities", loss.share().map_or(Operation::Softmax, Operation::Shares));
                Output::NextToken
            }
            Task::Reconstruction { .. } => {
                if let Some(function) = Operation::activation(loss.prediction()) {
                    graph.push("prediction", function);
                }
                Output::Sample { standard: &scaling.inputs }
            }
        };
        let input = match text {
            Some(text) => Input::Tokens(Text::of(project, text, output == Output::NextToken)),
            None if project.adversary.is_some() => Input::Noise,
            None if data.features.is_empty() && scaling.inputs.mean.is_empty() => Input::Pixels,
            None => Input::Numbers { features: &data.features, standard: &scaling.inputs },
        };
        let naive = scaling.naive.as_ref();
        Ok(Self { name: &project.name, project, network, weights, graph, input, output, naive })
    }

    /// The shape of a sample.
    pub fn shape(&self) -> Shape {
        self.graph.input
    }

    /// What the numbers mean, for programs: all that is needed around the graph.
    pub fn description(&self) -> Value {
        let standard = |standard: &Standard| match standard.mean.is_empty() {
            true => Value::Null,
            false => json!({ "mean": standard.mean, "deviation": standard.deviation }),
        };
        let input = match self.input {
            Input::Pixels => json!({ "kind": "pixels", "divided_by": 255 }),
            Input::Noise => json!({ "kind": "noise" }),
            Input::Tokens(text) => text.description(),
            Input::Numbers { features, standard: scaling } => {
                json!({ "kind": "numbers", "features": features, "standard": standard(scaling) })
            }
        };
        let output = match self.output {
            Output::Probabilities { classes, threshold } => {
                json!({ "kind": "probabilities", "classes": classes, "threshold": threshold })
            }
            Output::NextToken => json!({ "kind": "next token" }),
            Output::Numbers { targets, units, standard: scaling } => {
                let units: Vec<_> = (0..targets.len()).map(|at| units.get(at)).collect();
                json!({ "kind": "numbers", "targets": targets, "units": units, "standard": standard(scaling) })
            }
            Output::Sample { standard: scaling } => json!({ "kind": "sample", "standard": standard(scaling) }),
        };
        json!({
            "name": self.name,
            "made_by": concat!("Backprop Studio ", env!("CARGO_PKG_VERSION")),
            "input": { "shape": self.shape(), "means": input },
            "output": { "shape": self.graph.output(), "means": output },
            "naive": self.naive,
            "data": self.project.data.source.to_string(),
        })
    }
}
