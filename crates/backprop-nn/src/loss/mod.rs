//! THE LIST of losses, and the walker that takes one over the samples of a shard: value and gradient in one call.
//!
//! Targets are classes or numbers. A loss that compares numbers compares the outputs with them, and where there are
//! classes with a row that is 1 at the class and 0 elsewhere. A mean is over samples, and over the outputs of a sample
//! where the loss has a term for each, as in PyTorch.

mod adversarial;
mod binary;
mod blend;
mod class_weights;
mod distillation;
mod focal;
mod regression;
mod softmax;

use crate::activation::Function;
use crate::field::{FieldError, Settings};
use crate::kernels::rows;
use crate::registry;

pub use adversarial::{AdversarialLoss, GENERATED, REAL};
pub use binary::BinaryCrossEntropy;
pub use blend::Blend;
pub use class_weights::ClassWeights;
pub use distillation::Distillation;
pub use focal::Focal;
pub use regression::{Huber, MeanAbsoluteError, MeanSquaredError, Terms};
pub use softmax::{SoftmaxCrossEntropy, softmax};

/// What training minimizes, for one sample with outputs `z` and class `c` or target `t`.
pub trait Loss: Settings + Send + Sync {
    /// The weights of the classes, if the loss has such.
    fn class_weights(&self) -> Option<&ClassWeights> {
        None
    }

    /// The same, to be changed.
    fn class_weights_mut(&mut self) -> Option<&mut ClassWeights> {
        None
    }

    /// The loss of one sample of a class; its gradient times the factor is written to the slice.
    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32;

    /// The same for target numbers, one for each output; nothing if this loss compares classes only.
    fn sample_numbers(&self, _outputs: &[f32], _targets: &[f32], _grad: Option<(f32, &mut [f32])>) -> Option<f32> {
        None
    }

    /// Whether target numbers have to lie between 0 and 1.
    fn takes_only_shares(&self) -> bool {
        false
    }

    /// The function that turns an output into the prediction of a target number.
    fn prediction(&self) -> Function {
        Function::Linear
    }

    /// The function whose values, divided by their sum, are the probabilities of the classes; nothing for the softmax.
    fn share(&self) -> Option<Function> {
        None
    }

    /// Turns outputs into predictions of target numbers.
    fn predictions(&self, outputs: &mut [f32]) {
        self.prediction().forward(outputs, &mut []);
    }

    /// Turns the outputs of one sample into probabilities. The largest stays the largest.
    fn probabilities(&self, outputs: &mut [f32]) {
        match self.share() {
            Some(function) => shares_or_softmax(outputs, function),
            None => softmax(outputs),
        }
    }
}

registry! {
    /// Any loss, as declared in a project.
    pub enum LossSpec: Loss, once tagged "loss" {
        SoftmaxCrossEntropy = "softmax_cross_entropy",
        BinaryCrossEntropy = "binary_cross_entropy",
        Focal = "focal",
        MeanSquaredError = "mean_squared_error",
        MeanAbsoluteError = "mean_absolute_error",
        Huber = "huber",
    }
}

impl Default for LossSpec {
    fn default() -> Self {
        SoftmaxCrossEntropy::default().into()
    }
}

/// The class of a step that is not compared with anything, such as padding or a prompt: it has neither loss nor gradient, and
/// counts as no sample. PyTorch's `ignore_index`.
pub const MASKED: u16 = u16::MAX;

/// What the outputs of some samples are compared with. A sample with a class at each of its steps is a row for each of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Targets<'a> {
    /// The position of each sample's class, or [`MASKED`].
    Classes(&'a [u16]),
    /// `[samples, width]`, a number for each output.
    Numbers {
        /// Numbers of a sample.
        width: usize,
        /// All of them.
        values: &'a [f32],
    },
}

impl Targets<'_> {
    /// How many samples these are.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Numbers { width, values } => values.len() / (*width).max(1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Sums over the samples of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    /// Sum of the losses, weighted as their classes are.
    pub loss: f64,
    /// What the samples weigh together: their number, unless classes have weights.
    pub weight: f64,
    /// Samples whose largest output is that of their class; none where the targets are numbers.
    pub correct: usize,
    /// How many samples there are.
    pub samples: usize,
}

impl LossSum {
    /// The sum over both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            loss: self.loss + other.loss,
            weight: self.weight + other.weight,
            correct: self.correct + other.correct,
            samples: self.samples + other.samples,
        }
    }

    /// The mean over what the samples weigh; zero if they weigh nothing, as the gradient is then.
    pub fn mean_loss(&self) -> f64 {
        if self.weight > 0.0 { self.loss / self.weight } else { 0.0 }
    }

    /// Whether the mean is a number, and no greater than a single-precision one may be.
    pub fn is_finite(&self) -> bool {
        (self.mean_loss() as f32).is_finite()
    }

    /// Share of the samples that are classified correctly, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }
}

impl LossSpec {
    /// What is wrong with the settings: one out of its range, or weights that fit no classes.
    pub fn problem(&self) -> Option<String> {
        let out_of_range = self.out_of_range().as_ref().map(FieldError::to_string);
        out_of_range.or_else(|| self.class_weights().and_then(ClassWeights::problem))
    }

    /// The same loss for training samples of which there are so many of each class: balanced weights become numbers.
    #[must_use]
    pub fn for_counts(mut self, counts: &[usize]) -> Self {
        if let Some(weights) = self.class_weights_mut()
            && *weights == ClassWeights::Balanced
        {
            *weights = ClassWeights::balanced(counts);
        }
        self
    }

    fn weight_of(&self, class: usize) -> f32 {
        if class == usize::from(MASKED) {
            return 0.0;
        }
        self.class_weights().map_or(1.0, |weights| weights.of(class))
    }

    /// Whether the targets may be numbers.
    pub fn takes_numbers(&self) -> bool {
        self.sample_numbers(&[0.0], &[0.0], None).is_some()
    }

    /// What the gradient of each sample of a batch with these classes is multiplied with, so that its sum is that of the
    /// mean: one over what they weigh together. For numbers it is one over the number of samples.
    pub fn scale(&self, classes: impl Iterator<Item = u16>) -> f32 {
        let weight: f32 = classes.map(|class| self.weight_of(usize::from(class))).sum();
        if weight > 0.0 { 1.0 / weight } else { 0.0 }
    }

    /// The loss of a shard's outputs, `[samples, outputs]`.
    ///
    /// # Panics
    /// If there is not a target for each sample, or a class without an output.
    pub fn value(&self, outputs: &[f32], targets: Targets<'_>) -> LossSum {
        self.run(outputs, targets, None)
    }

    /// The loss, and its gradient times `scale` (that of [`Self::scale`] for the whole batch) written to `grad`.
    ///
    /// # Panics
    /// As [`Self::value`].
    pub fn value_and_grad(&self, outputs: &[f32], targets: Targets<'_>, scale: f32, grad: &mut [f32]) -> LossSum {
        self.run(outputs, targets, Some((scale, grad)))
    }

    fn run(&self, outputs: &[f32], targets: Targets<'_>, mut grad: Option<(f32, &mut [f32])>) -> LossSum {
        let mut sum = LossSum { samples: targets.len(), ..LossSum::default() };
        if outputs.is_empty() && targets.is_empty() {
            return sum;
        }
        assert!(!targets.is_empty(), "{} outputs without targets", outputs.len());
        let width = outputs.len() / targets.len();
        assert_eq!(width * targets.len(), outputs.len(), "outputs for {} targets", targets.len());
        if let Targets::Numbers { width: wanted, .. } = targets {
            assert_eq!(width, wanted, "outputs, and target numbers, of a sample");
        }
        for (row, outputs) in outputs.chunks_exact(width).enumerate() {
            let grad = grad.as_mut().map(|(scale, grad)| (*scale, &mut grad[row * width..(row + 1) * width]));
            if matches!(targets, Targets::Classes(classes) if classes[row] == MASKED) {
                sum.samples -= 1;
                grad.into_iter().for_each(|(_, grad)| grad.fill(0.0));
                continue;
            }
            let (loss, weight) = self.of_row(outputs, targets, row, grad);
            (sum.loss, sum.weight) = (sum.loss + loss, sum.weight + weight);
            if let Targets::Classes(classes) = targets {
                sum.correct += usize::from(argmax(outputs) == usize::from(classes[row]));
            }
        }
        sum
    }

    /// The loss of one sample's outputs against the target in a row, and the weight of the target.
    fn of_row(&self, outputs: &[f32], targets: Targets<'_>, row: usize, grad: Option<(f32, &mut [f32])>) -> (f64, f64) {
        let loss: &dyn Loss = &**self;
        match targets {
            Targets::Classes(classes) => {
                let class = usize::from(classes[row]);
                assert!(class < outputs.len(), "class {class} of {} outputs", outputs.len());
                (f64::from(loss.sample(outputs, class, grad)), f64::from(self.weight_of(class)))
            }
            Targets::Numbers { width, values } => {
                let value = loss.sample_numbers(outputs, &values[row * width..(row + 1) * width], grad);
                // A loss that compares classes only is refused earlier; should one get here, NaN ends the run.
                (f64::from(value.unwrap_or(f32::NAN)), 1.0)
            }
        }
    }
}

/// Divides what is not negative by its sum; where nothing is left to divide, `outputs` decide as logits.
fn shares_or_softmax(outputs: &mut [f32], function: Function) {
    let share = |z: f32| {
        let mut share = [z];
        function.forward(&mut share, &mut []);
        share[0]
    };
    let sum: f32 = outputs.iter().map(|z| share(*z)).sum();
    if sum > 0.0 && sum.is_finite() {
        outputs.iter_mut().for_each(|z| *z = share(*z) / sum);
    } else {
        softmax(outputs);
    }
}

/// Position of the largest number; of equals the first.
pub fn argmax(values: &[f32]) -> usize {
    rows::argmax(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LossSpec, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_loss_is_read_as_it_was_written_and_by_its_name_alone() {
        for loss in LossSpec::all() {
            let text = serde_json::to_string(&loss).unwrap();
            assert_eq!(read(&text), Ok(loss.clone()), "{text}");
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read(&value["kind"].to_string()), Ok(loss), "{text}");
        }
        assert!(read("\"hinge\"").unwrap_err().contains("unknown variant `hinge`"));
        assert!(read("3").unwrap_err().contains("expected a kind"));
    }

    #[test]
    fn probabilities_keep_the_order_and_add_up_to_one() {
        for loss in LossSpec::all() {
            for outputs in [[0.2, 1.7, 1.2], [-3.0, -1.0, -2.0], [-200.0, -150.0, -300.0], [0.0, 1e30, -1e30]] {
                let mut probabilities = outputs;
                loss.probabilities(&mut probabilities);
                let sum: f32 = probabilities.iter().sum();
                assert!(
                    (sum - 1.0).abs() < 1e-5 && argmax(&probabilities) == 1,
                    "{}: {probabilities:?}",
                    loss.about().label
                );
            }
        }
    }

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        let loss = LossSpec::from(Focal { class_weights: ClassWeights::Balanced, ..Focal::default() });
        let LossSpec::Focal(Focal { class_weights, .. }) = loss.for_counts(&[6, 3, 0, 1]) else { panic!() };
        assert_eq!(class_weights, ClassWeights::Listed(vec![10.0 / 18.0, 10.0 / 9.0, 1.0, 10.0 / 3.0]));
    }

    /// `tests/fixtures/masked.py` prints what PyTorch's `cross_entropy` gives with `ignore_index`.
    #[test]
    fn masked_steps_have_no_loss_and_no_gradient() {
        let (outputs, classes) = ([0.3, -1.2, 2.0, 0.5, 0.1, -0.4, 1.0, 0.0, -1.0], [2, MASKED, 0]);
        for loss in LossSpec::all() {
            let (mut grad, scale) = ([f32::NAN; 9], loss.scale(classes.into_iter()));
            let sum = loss.value_and_grad(&outputs, Targets::Classes(&classes), scale, &mut grad);
            let whole = loss.value(&[0.3, -1.2, 2.0, 1.0, 0.0, -1.0], Targets::Classes(&[2, 0]));
            assert_eq!((sum, sum.samples, sum.correct), (whole, 2, 2), "{loss:?}");
            assert_eq!(grad[3..6], [0.0; 3], "{loss:?}");
            if loss == LossSpec::default() {
                assert!((sum.mean_loss() - 0.304_638_6).abs() < 1e-6, "{}", sum.mean_loss());
                let expected =
                    [0.074_659_4, 0.016_658_8, -0.091_318_2, 0.0, 0.0, 0.0, -0.167_379_5, 0.122_364_2, 0.045_015_3];
                assert!(grad.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-6), "{grad:?}");
            }
        }
    }

    #[test]
    fn a_batch_whose_classes_weigh_nothing_moves_nothing() {
        let class_weights = ClassWeights::Listed(vec![0.0, 1.0]);
        let loss = LossSpec::from(SoftmaxCrossEntropy { class_weights, ..SoftmaxCrossEntropy::default() });
        let (labels, mut grad) = ([0, 0], [f32::NAN; 4]);
        let (outputs, scale) = ([0.5, 0.1, 0.3, 0.9], loss.scale(labels.into_iter()));
        let sum = loss.value_and_grad(&outputs, Targets::Classes(&labels), scale, &mut grad);
        assert_eq!((sum.mean_loss(), grad), (0.0, [0.0; 4]));
    }
}
