//! Cross-validation: a project is trained once for every fold of the training samples, on all other folds, and
//! evaluated on that fold. The mean shows how good the settings are, the standard deviation how much of that is chance.

use super::trial::{Trial, TrialResult};
use crate::data::Dataset;
use crate::project::{Project, ProjectError};
use crate::train::Metric;

/// Mean and population standard deviation of a figure over the folds; absent where the figure was absent in one of
/// them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The metric of the figure.
    pub metric: &'static Metric,
    /// Mean over the folds.
    pub mean: Option<f64>,
    /// Population standard deviation over the folds.
    pub deviation: Option<f64>,
}

/// One trial for each fold.
pub fn folds(project: &Project, dataset: &Dataset, count: usize) -> Result<Vec<Trial>, ProjectError> {
    let splits = dataset.folds(count, project.training.seed);
    if splits.is_empty() || splits.len() < count {
        let samples = dataset.train.len();
        let what = format!("there are {samples} training samples, too few for {count} folds; ask for fewer");
        return Err(ProjectError::Value { place: "folds".to_owned(), what });
    }
    let trial = |(number, split)| Trial { split: Some(split), ..Trial::new(format!("fold-{number}"), project.clone()) };
    Ok((1..).zip(splits).map(trial).collect())
}

/// Mean and standard deviation of every figure over the folds.
pub fn spreads(folds: &[TrialResult]) -> Vec<Spread> {
    let names = folds.first().into_iter().flat_map(|fold| &fold.figures);
    let of = |figure: &crate::train::metrics::Figure| {
        let values: Option<Vec<f64>> = folds.iter().map(|fold| fold.get(figure.metric)).collect();
        let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mean = values.as_deref().map(mean_of);
        let deviation = values.zip(mean).map(|(values, mean)| {
            mean_of(&values.iter().map(|value| (value - mean).powi(2)).collect::<Vec<_>>()).sqrt()
        });
        Spread { metric: figure.metric, mean, deviation }
    };
    names.map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::{ACCURACY, Figure, R2};

    #[test]
    fn mean_and_spread_are_those_of_the_folds_and_absent_where_one_is() {
        let fold = |accuracy, area| TrialResult {
            train: 8,
            validation: 2,
            figures: vec![Figure { metric: &ACCURACY, value: Some(accuracy) }, Figure { metric: &R2, value: area }],
            headline: &[],
            curve: Vec::new(),
            epochs: 1,
            seconds: 0.0,
        };
        let found = spreads(&[fold(0.5, Some(1.0)), fold(1.0, None)]);
        assert_eq!(found[0], Spread { metric: &ACCURACY, mean: Some(0.75), deviation: Some(0.25) });
        assert_eq!(found[1], Spread { metric: &R2, mean: None, deviation: None });
        assert!(spreads(&[]).is_empty());
    }
}
