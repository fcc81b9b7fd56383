//! Two networks on the same samples: on which one is right where the other is wrong, and whether that could be chance.

use statrs::distribution::{Binomial, DiscreteCDF};

/// How often each of two is better on a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Samples on which only A is right, or A is nearer to the truth.
    pub only_a: usize,
    /// Samples on which only B is right, or B is nearer to the truth.
    pub only_b: usize,
    /// Samples on which both are right, or equally near.
    pub both: usize,
    /// Samples on which both are wrong.
    pub neither: usize,
}

/// What is the case for a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Only A is right, or A is nearer.
    OnlyA,
    /// Only B is right, or B is nearer.
    OnlyB,
    /// Both are right, or equally near.
    Both,
    /// Both are wrong.
    Neither,
}

impl Agreement {
    /// Counts what is the case for each sample.
    pub fn of(cases: &[Better]) -> Self {
        let count = |wanted: Better| cases.iter().filter(|case| **case == wanted).count();
        Self {
            only_a: count(Better::OnlyA),
            only_b: count(Better::OnlyB),
            both: count(Better::Both),
            neither: count(Better::Neither),
        }
    }

    /// The two-sided p-value of McNemar's exact test (Psychometrika 12, 1947): how probable so unequal a split of the samples on which
    /// the two differ is, where neither is better. For nearer and farther it is the sign test.
    pub fn p(&self) -> f64 {
        let (less, all) = (self.only_a.min(self.only_b) as u64, (self.only_a + self.only_b) as u64);
        // A fair coin always makes a distribution.
        Binomial::new(0.5, all).map_or(1.0, |coin| (2.0 * coin.cdf(less)).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_are_those_of_scipys_binomtest() {
        // scipy.stats.binomtest(min(a, b), a + b, 0.5).pvalue
        let golden = [
            (0, 0, 1.0),
            (5, 5, 1.0),
            (1, 9, 0.021484375),
            (10, 25, 0.016673847800120715),
            (200, 150, 0.008720036530555947),
            (0, 6, 0.03125),
        ];
        for (only_a, only_b, p) in golden {
            let found = Agreement { only_a, only_b, both: 3, neither: 1 }.p();
            assert!((found - p).abs() < 1e-9, "{only_a}, {only_b}: {found} instead of {p}");
        }
    }
}
