//! The same training with several seeds, which change the initial weights, the order of the samples, the split and whatever
//! else is random: how much of a result is chance, and whether one setting is better than another.

use std::fmt;

use super::statistics::{PairedDifference, Range};
use super::trial::{Trial, TrialError, TrialResult};
use crate::data::{Dataset, Order};
use crate::project::{DataSettings, Project, ProjectError};
use crate::train::Metric;
use crate::train::metrics::{LOSS, Unit};

/// The fewest seeds that a range or an interval can be told of.
pub const FEWEST: usize = 2;

/// One trial for each seed, from the project's own on.
pub fn trials(project: &Project, count: usize) -> Vec<Trial> {
    let trial = |seed: u64| {
        let mut project = project.clone();
        project.training.seed = seed;
        Trial::new(format!("seed-{seed}"), project)
    };
    let first = project.training.seed;
    (0..count as u64).map(|more| trial(first.wrapping_add(more))).collect()
}

/// Trials of two settings, for each seed one of each, on the same split.
pub fn pairs(before: &Project, after: &Project, count: usize) -> Result<Vec<Trial>, ProjectError> {
    let data = |project: &Project| {
        let DataSettings { source, validation, reconstruct, .. } = &project.data;
        (source.clone(), *validation, *reconstruct)
    };
    if data(before) != data(after) {
        let what = "both need the same samples and the same validation share, or their results cannot be paired";
        return Err(ProjectError::Value { place: "data".to_owned(), what: what.to_owned() });
    }
    let mut after = after.clone();
    after.training.seed = before.training.seed;
    let named = |name: &'static str| move |trial: Trial| Trial { name: format!("{name}-{}", trial.name), ..trial };
    let [before, after] = [trials(before, count), trials(&after, count)];
    let both = before.into_iter().map(named("a")).zip(after.into_iter().map(named("b")));
    Ok(both.flat_map(|(a, b)| [a, b]).collect())
}

/// Median and range of a metric over the seeds; absent where it was undefined for one of them.
pub fn ranges(results: &[TrialResult]) -> Vec<(&'static Metric, Option<Range>)> {
    let metrics = results.first().into_iter().flat_map(|first| &first.figures).map(|figure| figure.metric);
    metrics.map(|metric| (metric, values(results, metric).as_deref().and_then(Range::of))).collect()
}

fn values<'a>(results: impl IntoIterator<Item = &'a TrialResult>, metric: &Metric) -> Option<Vec<f64>> {
    results.into_iter().map(|one| one.get(metric)).collect()
}

/// Two settings, A and B, held against each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The most important metric of the task.
    pub metric: &'static Metric,
    /// B minus A in it, by seed.
    pub differences: Vec<f64>,
    /// Their mean, and how sure it is.
    pub difference: PairedDifference,
    /// Whether every seed has a split of its own.
    pub is_resampled: bool,
}

/// What a comparison of two projects says: in the most important metric, and in the loss if both minimize the same.
pub fn answers(results: &[TrialResult], dataset: &Dataset, is_same_loss: bool) -> Result<Vec<Comparison>, TrialError> {
    let first = Comparison::of(results, dataset)?;
    let loss = Comparison::in_metric(results, dataset, &LOSS).filter(|_| is_same_loss && *first.metric != LOSS);
    Ok(std::iter::once(first).chain(loss).collect())
}

/// Which metrics besides those of the answers have an interval without 0, as a sentence: of many, some have one by chance. Nothing if
/// none has.
pub fn others(results: &[TrialResult], dataset: &Dataset, answers: &[Comparison]) -> Option<String> {
    let metrics = results.first()?.figures.iter().map(|figure| figure.metric);
    let is_other = |metric: &&Metric| answers.iter().all(|answer| answer.metric != *metric);
    let others: Vec<_> =
        metrics.filter(is_other).filter_map(|metric| Comparison::in_metric(results, dataset, metric)).collect();
    let beside = others.iter().filter(|other| other.difference.is_significant());
    let names: Vec<_> = beside.map(|other| other.metric.label).collect();
    let (count, names) = (
        others.len(),
        match &names[..] {
            [] => return None,
            [one] => format!("the interval of {one} does"),
            [more @ .., last] => format!("the intervals of {} and {last} do", more.join(", ")),
        },
    );
    Some(format!(
        "Of the {count} other metrics, {names} not contain 0. One in twenty does not by chance alone, so decide before you compare which metric counts."
    ))
}

impl Comparison {
    /// Of the results of [`pairs`], A and B in turn.
    pub fn of(results: &[TrialResult], dataset: &Dataset) -> Result<Self, TrialError> {
        let metric =
            results.first().and_then(|first| first.headline.first().copied()).ok_or(TrialError::NoValidation)?;
        Self::in_metric(results, dataset, metric).ok_or_else(|| {
            TrialError::Failed(format!("the {} is undefined on the validation samples of a seed", metric.label))
        })
    }

    /// The same in another metric; nothing where it is undefined for a seed.
    pub fn in_metric(results: &[TrialResult], dataset: &Dataset, metric: &'static Metric) -> Option<Self> {
        let (of_two, _) = results.as_chunks::<2>();
        let difference = |[a, b]: &[TrialResult; 2]| Some(b.get(metric)? - a.get(metric)?);
        let differences: Vec<f64> = of_two.iter().map(difference).collect::<Option<_>>()?;
        let is_resampled = matches!(dataset.order, Order::Free | Order::Groups(_));
        let first = results.first()?;
        let overlap = if is_resampled { first.validation as f64 / first.train.max(1) as f64 } else { 0.0 };
        let difference = PairedDifference::of(&differences, overlap)?;
        Some(Self { metric, differences, difference, is_resampled })
    }

    /// What the p-value and the interval rest on.
    pub fn method(&self) -> String {
        let PairedDifference { p, pairs, .. } = self.difference;
        let p = if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") };
        let p = format!("{p} for the {}", self.metric.label.to_lowercase());
        match self.is_resampled {
            true => format!(
                "Corrected resampled t-test (Nadeau and Bengio, 2003) on {pairs} pairs, each with the same seed and split; {p}."
            ),
            false => format!("Paired t-test on {pairs} pairs with the same seed, all on one split; {p}."),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PairedDifference { mean, low, high, pairs, .. } = self.difference;
        let name = self.metric.label.to_lowercase();
        if self.differences.iter().all(|difference| *difference == 0.0) {
            return write!(f, "A and B have the same {name} with each of the {pairs} seeds.");
        }
        let (scale, unit) = match self.metric.unit {
            Unit::Percent => (100.0, " percentage points"),
            Unit::Number => (1.0, ""),
        };
        // As many digits as the widest of the three needs, so that they can be held against each other.
        let digits = digits(low.abs().max(high.abs()) * scale);
        let number = |value: f64| {
            let text = format!("{:.digits$}", (value * scale).abs());
            format!("{}{text}", if value < 0.0 { "−" } else { "+" })
        };
        let way = if mean < 0.0 { "lower" } else { "higher" };
        write!(f, "Over {pairs} seeds, the {name} of B is {:.digits$}{unit} {way} on average", (mean * scale).abs())?;
        write!(f, " (95 % interval {} to {}). ", number(low), number(high))?;
        let chance = if self.is_resampled { "seed and split make" } else { "the seed makes" };
        if !self.difference.is_significant() {
            return write!(f, "That is no more than what {chance}: it shows no difference.");
        }
        let verdict = match self.metric.higher_is_better {
            Some(higher) if higher == (mean > 0.0) => "B is better",
            Some(_) => "B is worse",
            None => "they differ",
        };
        write!(f, "That is more than what {chance}: {verdict}.")
    }
}

/// Digits behind the point of which three count.
fn digits(value: f64) -> usize {
    if value > 0.0 { (2 - value.log10().floor() as i32).clamp(0, 12) as usize } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::{ACCURACY, Figure, RMSE};

    fn comparison(metric: &'static Metric, differences: &[f64], is_resampled: bool) -> Comparison {
        let difference = PairedDifference::of(differences, 0.1).unwrap();
        Comparison { metric, differences: differences.to_vec(), difference, is_resampled }
    }

    #[test]
    fn a_comparison_says_whether_it_is_more_than_chance_and_which_is_better() {
        let told = |metric, differences: &[f64]| comparison(metric, differences, true).to_string();
        assert_eq!(
            told(&ACCURACY, &[0.02, -0.01, 0.0, 0.03]),
            "Over 4 seeds, the accuracy of B is 1.00 percentage points higher on average (95 % interval −2.44 to +4.44). \
             That is no more than what seed and split make: it shows no difference."
        );
        assert!(told(&ACCURACY, &[0.02, 0.021, 0.019, 0.02]).ends_with("seed and split make: B is better."));
        assert!(told(&RMSE, &[0.02, 0.021, 0.019, 0.02]).ends_with("B is worse."));
        assert!(told(&RMSE, &[-0.02, -0.021, -0.019, -0.02]).ends_with("B is better."));
        assert_eq!(told(&ACCURACY, &[0.0, 0.0]), "A and B have the same accuracy with each of the 2 seeds.");
        let one_split = comparison(&ACCURACY, &[0.1, 0.2], false);
        assert!(
            one_split.method().starts_with("Paired t-test on 2 pairs")
                && one_split.to_string().contains("the seed makes")
        );
    }

    #[test]
    fn seeds_are_counted_from_the_projects_own_and_pairs_share_theirs() {
        let mut before = Project::find("wine").unwrap();
        before.training.seed = 5;
        let mut after = before.clone();
        after.training.seed = 99;
        after.training.learning_rate = 0.5;
        let found = pairs(&before, &after, 2).unwrap();
        let told: Vec<_> =
            found.iter().map(|it| (&*it.name, it.project.training.seed, it.project.training.learning_rate)).collect();
        let rate = before.training.learning_rate;
        assert_eq!(told, [("a-seed-5", 5, rate), ("b-seed-5", 5, 0.5), ("a-seed-6", 6, rate), ("b-seed-6", 6, 0.5)]);
        after.data.validation = 0.3;
        assert!(pairs(&before, &after, 2).unwrap_err().to_string().contains("the same validation share"));
    }

    #[test]
    fn a_range_is_absent_where_a_metric_was() {
        let results = |value| TrialResult {
            train: 8,
            validation: 2,
            figures: vec![Figure { metric: &ACCURACY, value }],
            headline: &[],
            curve: Vec::new(),
            epochs: 1,
            seconds: 0.0,
        };
        let all = [0.5, 1.0, 0.75].map(|accuracy| results(Some(accuracy)));
        let range = ranges(&all)[0].1.unwrap();
        assert_eq!((range.low, range.median, range.high), (0.5, 0.75, 1.0));
        assert_eq!(ranges(&[all[0].clone(), results(None)])[0].1, None);
    }
}
