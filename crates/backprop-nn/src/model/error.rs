use std::path::PathBuf;

use crate::field::FieldError;
use crate::network::NotFinite;
use crate::shape::Shape;
use crate::spec::Misfit;
use crate::weights::WeightsError;

/// Why a model could not be fitted, used, saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A layer cannot take what arrives at it.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// There are no samples.
    #[error("there are no samples; the first axis of an array counts them")]
    Empty,
    /// An array has too many axes, or one of size zero.
    #[error(
        "an array of {shape:?} holds no samples of features, steps or images; give it two to four axes, none empty"
    )]
    #[expect(missing_docs, reason = "the sentence says it")]
    Axes { shape: Vec<usize> },
    /// There are not as many targets as samples.
    #[error("there are {samples} samples and {targets} targets; give each sample one")]
    #[expect(missing_docs, reason = "the sentence says it")]
    Count { samples: usize, targets: usize },
    /// A sample has another shape than those that the model was fitted to.
    #[error("the model takes samples of {expected}, and these are {found}")]
    #[expect(missing_docs, reason = "the sentence says it")]
    Shape { expected: Shape, found: Shape },
    /// A class has no output.
    #[error(
        "sample {sample} is of class {class}, counted from zero, and the last layer has {outputs} outputs; give it one for each class"
    )]
    #[expect(missing_docs, reason = "the sentence says it")]
    Class { sample: usize, class: usize, outputs: usize },
    /// Target numbers and outputs differ in width.
    #[error(
        "there are {width} target numbers for each sample, and the last layer has {outputs} outputs; give it {width} units"
    )]
    #[expect(missing_docs, reason = "the sentence says it")]
    Width { width: usize, outputs: usize },
    /// Training and validation targets differ in kind.
    #[error("the targets of the training set are classes and those of the validation set numbers, or the reverse")]
    Mixed,
    /// The loss compares classes and the targets are numbers.
    #[error("{loss} compares classes, and the targets are numbers; take the mean squared error")]
    #[expect(missing_docs, reason = "the sentence says it")]
    Loss { loss: &'static str },
    /// A setting of the training is out of its range.
    #[error("training: {0}")]
    Setting(#[from] FieldError),
    /// The loss has settings that fit nothing.
    #[error("training: {0}")]
    LossSetting(String),
    /// Something watches the validation loss, and there is none.
    #[error("{what} watches the validation loss, and there is no validation set; call fit_validated")]
    #[expect(missing_docs, reason = "the sentence says it")]
    NoValidation { what: &'static str },
    /// The loss became infinite or NaN.
    #[error("the loss stopped being a number in epoch {epoch}{}; train again with a smaller learning rate", where_to_look(.place.as_ref()))]
    #[expect(missing_docs, reason = "the sentence says it")]
    Diverged { epoch: usize, place: Option<NotFinite> },
    /// The model was neither fitted nor loaded.
    #[error("the model has no weights yet; fit it, or load some")]
    NoWeights,
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    #[expect(missing_docs, reason = "the sentence says it")]
    Io { path: PathBuf, error: std::io::Error },
    /// A file holds something else.
    #[error("{}: {what}", path.display())]
    #[expect(missing_docs, reason = "the sentence says it")]
    Format { path: PathBuf, what: String },
    /// The tensors of a file are not those of the network.
    #[error("{}: {error}", path.display())]
    #[expect(missing_docs, reason = "the sentence says it")]
    Weights { path: PathBuf, error: WeightsError },
}

fn where_to_look(place: Option<&NotFinite>) -> String {
    place.map_or_else(
        || ": the outputs of the last layer have become too large for it".to_owned(),
        |NotFinite { layer, tensor }| format!(", first in the {tensor} of layer {}", layer + 1),
    )
}
