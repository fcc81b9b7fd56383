//! How much a column of a table tells of the target: Pearson's correlation r for two numbers, the correlation ratio η for a
//! number and classes, Cramér's V for two that are classes. 0 is nothing, 1 everything; r is negative where one falls as the
//! other rises. Only pairs of which both are present count.

use std::collections::BTreeMap;
use std::ops::Range;

use super::dataset::Dataset;
use super::samples::TargetData;

/// Training samples that are looked at.
const LOOKED_AT: usize = 20_000;

/// A column or the target, sample by sample.
enum Values {
    Numbers(Vec<f64>),
    /// The category of each, none where it is missing.
    Kinds(Vec<Option<usize>>),
}

impl Dataset {
    /// The association of the column whose numbers stand at these positions of a sample with the target, or with the first
    /// of several. Nothing where one of both never changes, and where a sample is its own target.
    pub fn association(&self, features: Range<usize>) -> Option<f64> {
        let step = self.train.len().div_ceil(LOOKED_AT).max(1);
        let rows = || (0..self.train.len()).step_by(step);
        let target = match &self.train.targets {
            TargetData::Classes(_) => Values::Kinds(rows().map(|row| self.train.class_of(row)).collect()),
            TargetData::Numbers { values, width } => Values::Numbers(rows().map(|row| values[row * width]).collect()),
            TargetData::Itself { .. } | TargetData::Steps { .. } => return None,
        };
        let feature = self.features.get(features.start)?;
        let column = if feature.category.is_some() {
            let kind =
                |row: usize| self.train.numbers_of(row)[features.clone()].iter().position(|number| *number == 1.0);
            Values::Kinds(rows().map(kind).collect())
        } else if feature.words.is_some() {
            Values::Kinds(rows().map(|row| Some(self.train.numbers_of(row)[features.start] as usize)).collect())
        } else {
            Values::Numbers(rows().map(|row| self.train.numbers_of(row)[features.start]).collect())
        };
        match (&column, &target) {
            (Values::Numbers(x), Values::Numbers(y)) => pearson(x, y),
            (Values::Numbers(numbers), Values::Kinds(kinds)) | (Values::Kinds(kinds), Values::Numbers(numbers)) => {
                correlation_ratio(kinds, numbers)
            }
            (Values::Kinds(a), Values::Kinds(b)) => cramers_v(a, b),
        }
    }
}

/// Pearson's r.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> =
        x.iter().copied().zip(y.iter().copied()).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let count = pairs.len() as f64;
    let (x_sum, y_sum) = pairs.iter().fold((0.0, 0.0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in &pairs {
        xx += (x - x_mean).powi(2);
        yy += (y - y_mean).powi(2);
        xy += (x - x_mean) * (y - y_mean);
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// η: the square root of the share of the variance of the numbers that lies between the means of the kinds.
fn correlation_ratio(kinds: &[Option<usize>], numbers: &[f64]) -> Option<f64> {
    let mut groups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (kind, number) in kinds.iter().zip(numbers).filter(|(_, number)| number.is_finite()) {
        groups.entry((*kind)?).or_default().push(*number);
    }
    let all = || groups.values().flatten();
    let mean = all().sum::<f64>() / all().count() as f64;
    let total: f64 = all().map(|number| (number - mean).powi(2)).sum();
    let between = groups.values().map(|group| {
        let own = group.iter().sum::<f64>() / group.len() as f64;
        group.len() as f64 * (own - mean).powi(2)
    });
    (groups.len() > 1 && total > 0.0).then(|| (between.sum::<f64>() / total).sqrt())
}

/// Cramér's V, without a correction for small tables.
fn cramers_v(a: &[Option<usize>], b: &[Option<usize>]) -> Option<f64> {
    let mut cells: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let (mut rows, mut columns): (BTreeMap<usize, f64>, BTreeMap<usize, f64>) = Default::default();
    let mut count = 0.0;
    for (a, b) in a.iter().zip(b).filter_map(|(a, b)| a.zip(*b)) {
        *cells.entry((a, b)).or_default() += 1.0;
        *rows.entry(a).or_default() += 1.0;
        *columns.entry(b).or_default() += 1.0;
        count += 1.0;
    }
    let least = rows.len().min(columns.len());
    // χ²/n is the sum of n(a,b)² / (n(a) n(b)), less one.
    let sum: f64 = cells.iter().map(|((a, b), n)| n * n / (rows[a] * columns[b])).sum();
    (least > 1 && count > 0.0).then(|| ((sum - 1.0).max(0.0) / (least - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of tests/fixtures/association.py.
    #[test]
    fn associations_are_those_of_numpy_and_scipy() {
        let x: Vec<f64> = (0..40).map(|at| f64::from(at * 7 % 11)).collect();
        let y: Vec<f64> = (0..40).map(|at| f64::from(at * 7 % 11) * 2.0 - f64::from(at * 5 % 13)).collect();
        let a: Vec<Option<usize>> = (0..40).map(|at| Some(at * 7 % 11 % 3)).collect();
        let b: Vec<Option<usize>> = (0..40).map(|at| Some(at % 4)).collect();
        let near = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}");
        near(pearson(&x, &y), PEARSON);
        near(correlation_ratio(&a, &x), ETA);
        near(cramers_v(&a, &b), CRAMER);
        near(cramers_v(&a, &a), 1.0);
        assert_eq!((pearson(&x, &[3.0; 40]), cramers_v(&a, &[Some(1); 40])), (None, None));
    }

    const PEARSON: f64 = 0.839503296119948;
    const ETA: f64 = 0.20189623285572975;
    const CRAMER: f64 = 0.09258200997725514;
}
