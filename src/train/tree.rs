//! A decision tree (CART; Breiman, Friedman, Olshen, Stone, *Classification and Regression Trees*, 1984), as smartcore grows
//! it: the same as scikit-learn's `DecisionTreeClassifier` with Gini's impurity and `DecisionTreeRegressor`.

use smartcore::linalg::basic::arrays::Array as _;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::tree::decision_tree_classifier::{DecisionTreeClassifier, DecisionTreeClassifierParameters};
use smartcore::tree::decision_tree_regressor::{DecisionTreeRegressor, DecisionTreeRegressorParameters};

/// What a tree predicts, one entry per sample.
#[derive(Clone, Copy, Debug)]
pub enum Truth<'a> {
    /// The classes, each below `count`.
    Classes {
        /// The class of each sample.
        of: &'a [u16],
        /// Number of classes.
        count: usize,
    },
    /// The numbers of a regression.
    Numbers(&'a [f64]),
}

/// Where a tree stops growing.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most questions on the way to a leaf.
    pub depth: u16,
    /// The least samples in a leaf.
    pub leaf: usize,
}

type Rows = DenseMatrix<f32>;

/// A grown tree.
pub struct Tree {
    features: usize,
    grown: Grown,
}

enum Grown {
    Classes {
        tree: DecisionTreeClassifier<f32, u16, Rows, Vec<u16>>,
        /// The classes that the training samples have, in order: the tree knows no others.
        known: Vec<u16>,
        count: usize,
    },
    Numbers(DecisionTreeRegressor<f32, f64, Rows, Vec<f64>>),
}

impl Tree {
    /// Grows a tree on `rows`, `[samples, features]` row-major and without NaN; nothing if there are too few.
    pub fn grow(rows: Vec<f32>, features: usize, truth: Truth<'_>, limits: Limits) -> Option<Self> {
        let rows = matrix(rows, features)?;
        // The library counts nodes on the way, not questions.
        let (max_depth, min_samples_leaf) = (Some(limits.depth.saturating_add(1)), limits.leaf);
        let grown = match truth {
            Truth::Classes { of, count } => {
                let parameters = DecisionTreeClassifierParameters { max_depth, min_samples_leaf, ..Default::default() };
                let mut known = of.to_vec();
                known.sort_unstable();
                known.dedup();
                let tree = DecisionTreeClassifier::fit(&rows, &of.to_vec(), parameters).ok()?;
                Grown::Classes { tree, known, count }
            }
            Truth::Numbers(numbers) => {
                let parameters = DecisionTreeRegressorParameters { max_depth, min_samples_leaf, ..Default::default() };
                Grown::Numbers(DecisionTreeRegressor::fit(&rows, &numbers.to_vec(), parameters).ok()?)
            }
        };
        Some(Self { features, grown })
    }

    /// The predictions for rows, `[samples, features]`: the probabilities of all classes, their shares of the leaf's training
    /// samples, `[samples, classes]`; or the mean of those samples, `[samples, 1]`.
    pub fn predict(&self, rows: &[f32]) -> Option<Vec<f32>> {
        let rows = matrix(rows.to_vec(), self.features)?;
        match &self.grown {
            Grown::Classes { tree, known, count } => {
                let shares = tree.predict_proba(&rows).ok()?;
                let mut all = vec![0.0; shares.shape().0 * count];
                for (row, all) in all.chunks_exact_mut((*count).max(1)).enumerate() {
                    for (column, class) in known.iter().enumerate() {
                        all[usize::from(*class)] = *shares.get((row, column)) as f32;
                    }
                }
                Some(all)
            }
            Grown::Numbers(tree) => Some(tree.predict(&rows).ok()?.into_iter().map(|number| number as f32).collect()),
        }
    }
}

fn matrix(rows: Vec<f32>, features: usize) -> Option<Rows> {
    DenseMatrix::new(rows.len() / features.max(1), features, rows, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Features, classes (0 for numbers), rows and truth to train on, rows and truth of the test, and for several
    /// limits, depth and leaf, the accuracy or the root of the mean squared error, and the leaves.
    type Table = (usize, usize, Vec<f32>, Vec<f64>, Vec<f32>, Vec<f64>, Vec<(usize, usize, f64, usize)>);

    #[test]
    fn equals_scikit_learn() {
        let tables: Vec<Table> = serde_json::from_str(include_str!("../../tests/fixtures/tree.json")).unwrap();
        for (features, count, rows, truth, test, expected, cases) in tables {
            let classes: Vec<u16> = truth.iter().map(|&class| class as u16).collect();
            let truth = if count > 0 { Truth::Classes { of: &classes, count } } else { Truth::Numbers(&truth) };
            for (depth, leaf, golden, _) in cases {
                let limits = Limits { depth: depth.try_into().unwrap_or(u16::MAX), leaf };
                let predicted = Tree::grow(rows.clone(), features, truth, limits).unwrap().predict(&test).unwrap();
                let largest = |shares: &[f32]| (0..count).rev().max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
                let scores = predicted.chunks(count.max(1)).zip(&expected).map(|(answer, &truth)| match answer {
                    &[mean] => (f64::from(mean) - truth).powi(2),
                    shares => f64::from(largest(shares) == Some(truth as usize)),
                });
                let mean = scores.sum::<f64>() / expected.len() as f64;
                let score = if count > 0 { mean } else { mean.sqrt() };
                assert!((score / golden - 1.0).abs() < 1e-6, "depth {depth}, leaf {leaf}: {score}, not {golden}");
            }
        }
    }

    #[test]
    fn a_class_without_a_sample_has_no_share_and_no_samples_give_no_tree() {
        let limits = Limits { depth: 6, leaf: 1 };
        let tree = Tree::grow(vec![0.0, 0.2, 1.0, 1.2], 1, Truth::Classes { of: &[0, 0, 2, 2], count: 3 }, limits);
        assert_eq!(tree.unwrap().predict(&[0.1, 1.1]).unwrap(), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert!(Tree::grow(Vec::new(), 2, Truth::Classes { of: &[], count: 3 }, limits).is_none());
        assert!(Tree::grow(Vec::new(), 2, Truth::Numbers(&[]), limits).is_none());
    }
}
