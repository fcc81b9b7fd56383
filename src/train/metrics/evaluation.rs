//! The predictions for one subset of a data set, and what they are worth.

use super::{ClassAnswers, Figure, METRICS, NumberAnswers, ReconstructionAnswers};

/// The predictions for every sample of a subset.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean over the samples, weighted as their classes are; of standardized numbers, where the targets are numbers.
    pub loss: f32,
    /// What was predicted.
    pub answers: Predictions,
}

/// Predictions, by what is predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// A class for each sample.
    Classes(ClassAnswers),
    /// Numbers for each sample.
    Numbers(NumberAnswers),
    /// The sample itself.
    Reconstructions(ReconstructionAnswers),
}

/// What a metric makes of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// A value.
    Value(f64),
    /// The definition gives none for these samples.
    Undefined,
    /// It says nothing of such predictions.
    Inapplicable,
}

impl From<Option<f64>> for Measured {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Undefined, Self::Value)
    }
}

impl Evaluation {
    /// How many samples there are.
    pub fn len(&self) -> usize {
        match &self.answers {
            Predictions::Classes(answers) => answers.predictions.len(),
            Predictions::Numbers(answers) => answers.samples.len(),
            Predictions::Reconstructions(answers) => answers.samples.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The predictions, where they are classes.
    pub fn classes(&self) -> Option<&ClassAnswers> {
        match &self.answers {
            Predictions::Classes(answers) => Some(answers),
            Predictions::Numbers(_) | Predictions::Reconstructions(_) => None,
        }
    }

    /// What a definition for classes makes of it.
    pub fn of_classes(&self, definition: impl Fn(&ClassAnswers) -> Option<f64>) -> Measured {
        match &self.answers {
            Predictions::Classes(answers) => definition(answers).into(),
            Predictions::Numbers(_) | Predictions::Reconstructions(_) => Measured::Inapplicable,
        }
    }

    /// What a definition for numbers makes of it.
    pub fn of_numbers(&self, definition: impl Fn(&NumberAnswers) -> Option<f64>) -> Measured {
        match &self.answers {
            Predictions::Numbers(answers) => definition(answers).into(),
            Predictions::Classes(_) | Predictions::Reconstructions(_) => Measured::Inapplicable,
        }
    }

    /// Share of the samples that are classified correctly, 0 to 1, where there are classes.
    pub fn accuracy(&self) -> Option<f32> {
        self.classes().map(ClassAnswers::accuracy)
    }

    /// The value of a metric, if it has one here.
    pub fn get(&self, metric: &super::Metric) -> Option<f64> {
        match (metric.subset?)(self) {
            Measured::Value(value) => Some(value),
            Measured::Undefined | Measured::Inapplicable => None,
        }
    }

    /// Every metric that says something of such predictions, the loss first.
    pub fn figures(&self) -> Vec<Figure> {
        let figures = METRICS.iter().filter_map(|metric| {
            let value = match (metric.subset?)(self) {
                Measured::Value(value) => Some(value),
                Measured::Undefined => None,
                Measured::Inapplicable => return None,
            };
            Some(Figure { metric, value })
        });
        figures.collect()
    }
}
