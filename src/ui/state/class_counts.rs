//! How many samples of each class are in each set.

use crate::data::split::held_back;
use crate::data::{Dataset, Samples, Task};

/// Samples per class, as the makers of the data divided them; where there are no classes, all are counted as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassCounts {
    train: Vec<usize>,
    test: Vec<usize>,
}

/// Samples of one class, or of all, by the set they are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Number of training samples.
    pub train: usize,
    /// Number of validation samples.
    pub validation: usize,
    /// Number of test samples.
    pub test: usize,
}

impl ClassCounts {
    /// Counts the samples of a data set.
    pub fn of(dataset: &Dataset) -> Self {
        let count = |samples: &Samples| match &dataset.task {
            Task::Classification { classes } => samples.class_counts(classes.len()),
            Task::Regression { .. } | Task::Reconstruction { .. } | Task::NextToken { .. } => vec![samples.len()],
        };
        Self { train: count(&dataset.train), test: count(&dataset.test) }
    }

    /// What each class has in each set with this validation split.
    pub fn parts(&self, share: f32) -> impl Iterator<Item = Parts> {
        self.train.iter().zip(&self.test).map(move |(&members, &test)| {
            let validation = held_back(members, share);
            Parts { train: members - validation.min(members), validation, test }
        })
    }

    /// Sizes of the three sets over all classes; `share` is the validation split.
    pub fn total(&self, share: f32) -> Parts {
        self.parts(share).fold(Parts::default(), |sum, part| Parts {
            train: sum.train + part.train,
            validation: sum.validation + part.validation,
            test: sum.test + part.test,
        })
    }
}
