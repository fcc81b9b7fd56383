//! The run that a network learns from, besides the classes of the samples: distillation.

use serde::{Deserialize, Serialize};

use super::RunFolder;
use crate::data::{Dataset, Scaling};
use crate::train::Teacher;
use backprop_nn::LossSpec;
use backprop_nn::field::Settings;
use backprop_nn::loss::Distillation;

/// A trained run that the network learns from, so that a small network comes near to a large one: distillation (Hinton et al.
/// 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct TeacherSettings {
    /// The folder of the run, or `pretrained`.
    pub run: String,
    /// Share of the loss that compares with the probabilities of the teacher, and not with the classes. At 1 the classes are
    /// not looked at.
    #[field(label = "Share", default = 0.5, range = 0.0..=1.0)]
    pub share: f32,
    /// Above 1, what the teacher holds for unlikely counts more. Too high, and all classes look alike.
    ///
    /// The logits of both networks are divided by it.
    #[field(default = 2.0, range = 1.0..=20.0)]
    pub temperature: f32,
}

impl TeacherSettings {
    /// The teacher of a network that learns this data with this loss; the error is a sentence for [`super::Problem`].
    pub(super) fn open(&self, dataset: &Dataset, scaling: &Scaling, loss: &LossSpec) -> Result<Teacher, String> {
        let run = RunFolder::find(&self.run).map_err(|error| format!("the teacher cannot be read: {error}"))?;
        let name = &run.project.name;
        if !matches!(loss, LossSpec::SoftmaxCrossEntropy(_) | LossSpec::Focal(_)) {
            let what = match dataset.task.is_classification() {
                true => "a teacher tells probabilities of classes; choose the loss softmax_cross_entropy",
                false => {
                    "a teacher tells probabilities of classes, and the data ask for something else; train without one"
                }
            };
            return Err(what.to_owned());
        }
        if run.project.adversary.is_some() || !run.data.task.is_classification() {
            return Err(format!("{name} does not classify; choose another teacher"));
        }
        if run.network.input() != dataset.shape {
            return Err(format!("{name} reads {}, and the samples are {}", run.network.input(), dataset.shape));
        }
        if run.data.task.classes() != dataset.task.classes() {
            let [known, asked] = [&run.data.task, &dataset.task].map(|task| task.classes().join(", "));
            return Err(format!("{name} knows the classes {known}, and the data have {asked}"));
        }
        if run.data.features != dataset.features || run.data.scaling != *scaling {
            return Err(format!(
                "{name} has learned other columns or another split of them; take its seed ({}), its validation split ({}) and its data",
                run.project.training.seed, run.project.data.validation
            ));
        }
        let RunFolder { project, network, weights, .. } = run;
        let distillation = Distillation { share: self.share, temperature: self.temperature };
        Ok(Teacher { network, weights, loss: project.training.loss, distillation })
    }
}
