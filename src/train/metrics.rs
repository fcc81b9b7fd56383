//! How well a network reads samples: loss, accuracy, and who is taken for whom. Definitions are scikit-learn's.

use ndarray::Array2;

use crate::nn::loss::{Loss, LossSum, argmax};

/// The answer to every sample of one part of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean over the samples, weighted as their classes are.
    pub loss: f32,
    /// Share read right, 0 to 1.
    pub accuracy: f32,
    /// `confusion[[true class, predicted class]]`, in samples.
    pub confusion: Array2<u32>,
    /// The answer to each sample, in the order of the part.
    pub predictions: Vec<Prediction>,
}

/// The answer to one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Position in the data set's samples.
    pub sample: u32,
    pub truth: u8,
    pub class: u8,
    /// Probability of the predicted class.
    pub confidence: f32,
}

/// Precision, recall and F1 of one class, 0 to 1; zero where the definition divides by zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// Of those taken for the class, the share that is of it.
    pub precision: f32,
    /// Of those of the class, the share that was found.
    pub recall: f32,
    /// Harmonic mean of the two.
    pub f1: f32,
    /// Samples of the class.
    pub support: u32,
}

/// Gathers an [`Evaluation`] batch by batch.
pub struct Tally {
    sum: LossSum,
    confusion: Array2<u32>,
    predictions: Vec<Prediction>,
}

impl Tally {
    pub fn new(classes: usize, samples: usize) -> Self {
        Self {
            sum: LossSum::default(),
            confusion: Array2::zeros((classes, classes)),
            predictions: Vec::with_capacity(samples),
        }
    }

    /// Counts the outputs of some samples, `[samples, classes]`; works in `outputs`.
    pub fn add(&mut self, loss: &Loss, outputs: &mut [f32], at: &[u32], labels: &[u8]) {
        self.sum = self.sum.plus(loss.value(outputs, labels));
        let classes = self.confusion.ncols();
        for ((outputs, &sample), &truth) in outputs.chunks_exact_mut(classes).zip(at).zip(labels) {
            let class = argmax(outputs);
            loss.probabilities(outputs);
            if let Some(count) = self.confusion.get_mut((usize::from(truth), class)) {
                *count += 1;
            }
            self.predictions.push(Prediction { sample, truth, class: class as u8, confidence: outputs[class] });
        }
    }

    pub fn finish(self) -> Evaluation {
        Evaluation {
            loss: self.sum.mean_loss() as f32,
            accuracy: self.sum.accuracy() as f32,
            confusion: self.confusion,
            predictions: self.predictions,
        }
    }
}

impl Evaluation {
    /// Precision, recall and F1 of every class.
    pub fn class_scores(&self) -> Vec<ClassScore> {
        let confusion = &self.confusion;
        let share = |part: u32, whole: u32| if whole == 0 { 0.0 } else { part as f32 / whole as f32 };
        (0..confusion.nrows())
            .map(|class| {
                let (hits, support, taken) =
                    (confusion[[class, class]], confusion.row(class).sum(), confusion.column(class).sum());
                ClassScore {
                    precision: share(hits, taken),
                    recall: share(hits, support),
                    f1: share(2 * hits, taken + support),
                    support,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Golden values: sklearn.metrics.classification_report for
    /// y_true = [0]*5 + [1]*3 + [2]*2, y_pred = [0,0,0,1,2, 1,1,0, 0,0].
    #[test]
    fn scores_are_those_of_scikit_learn() {
        let confusion = array![[3, 1, 1], [1, 2, 0], [2, 0, 0]];
        let evaluation = Evaluation { loss: 0.0, accuracy: 0.5, confusion, predictions: Vec::new() };
        let expected = [(0.5, 0.6, 6.0 / 11.0, 5), (2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 3), (0.0, 0.0, 0.0, 2)];
        for (score, (precision, recall, f1, support)) in evaluation.class_scores().iter().zip(expected) {
            assert_eq!(*score, ClassScore { precision, recall, f1, support });
        }
    }
}
