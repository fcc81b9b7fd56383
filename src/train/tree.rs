//! A decision tree (CART; Breiman, Friedman, Olshen, Stone, *Classification and Regression Trees*, 1984; Hastie et al.,
//! *The Elements of Statistical Learning*, 2009, section 9.2).
//!
//! Every node asks whether one feature is at most a threshold. The tree grows greedily: a node takes the split that
//! lowers the impurity the most, Gini's for classes and the squared error for numbers, as scikit-learn's
//! `DecisionTreeClassifier` and `DecisionTreeRegressor` do. Of equally good ones it takes the first feature's lowest
//! threshold, where scikit-learn draws the feature at random.

/// Scores that differ by less than this share are ties: the order of its terms moves a sum's last digits.
const TIE: f64 = 1e-12;

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
    /// The most questions on the way to a leaf; 0 gives a single leaf.
    pub depth: usize,
    /// The least samples in a leaf; 0 counts as 1.
    pub leaf: usize,
}

/// A grown tree.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The root comes first.
    nodes: Vec<Node>,
    /// The predictions of all leaves, `[leaves, width]`.
    predictions: Vec<f32>,
    /// The number of classes, or 1.
    width: usize,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    /// The leaf's prediction starts here.
    Leaf(usize),
    /// The right child follows the left one.
    Inner { split: Split, left: usize },
}

/// Samples whose feature is at most the threshold go left. It is double, as a midpoint of two `f32` would round onto
/// values beside it.
#[derive(Clone, Copy, Debug)]
struct Split {
    feature: usize,
    threshold: f64,
}

impl Tree {
    /// Grows a tree on `rows`, `[samples, features]` row-major and without NaN. No samples give one leaf of zeros.
    #[must_use]
    pub fn grow(rows: &[f32], features: usize, truth: Truth<'_>, limits: Limits) -> Self {
        let [count, width] = truth.shape();
        let mut tree = Self { nodes: vec![Node::Leaf(0)], predictions: Vec::new(), width };
        let mut samples: Vec<usize> = (0..count).collect();
        // Nodes to be grown, with their depths and their parts of the samples.
        let mut stack = vec![(0, 0, 0..count)];
        while let Some((node, depth, range)) = stack.pop() {
            let part = &mut samples[range.clone()];
            if depth < limits.depth
                && !truth.is_pure(part)
                && let Some(split) = best_split(rows, features, truth, part, limits.leaf.max(1))
            {
                let is_right = |&sample: &usize| split.is_right(&rows[sample * features..]);
                part.sort_by_key(is_right);
                let middle = range.start + part.partition_point(|sample| !is_right(sample));
                let left = tree.nodes.len();
                tree.nodes[node] = Node::Inner { split, left };
                tree.nodes.extend([Node::Leaf(0); 2]);
                stack.extend([(left + 1, depth + 1, middle..range.end), (left, depth + 1, range.start..middle)]);
            } else {
                tree.nodes[node] = Node::Leaf(tree.predictions.len());
                let count = part.len().max(1) as f64;
                tree.predictions.extend(truth.sum(part).iter().map(|sum| (sum / count) as f32));
            }
        }
        tree
    }

    /// The prediction for one row, `[features]`: the probabilities of all classes, their shares of the leaf's training
    /// samples, `[classes]`; or one number, the mean of those samples, `[1]`.
    #[must_use]
    pub fn predict(&self, row: &[f32]) -> &[f32] {
        let mut node = 0;
        loop {
            match self.nodes[node] {
                Node::Leaf(start) => return &self.predictions[start..start + self.width],
                Node::Inner { split, left } => node = left + usize::from(split.is_right(row)),
            }
        }
    }

    /// The number of leaves: one more than the inner nodes, each having two children.
    #[cfg(test)]
    fn leaves(&self) -> usize {
        self.nodes.len().div_ceil(2)
    }
}

impl Split {
    fn is_right(self, row: &[f32]) -> bool {
        f64::from(row[self.feature]) > self.threshold
    }
}

impl<'a> Truth<'a> {
    /// The numbers of samples and of what is predicted for each, `[samples, width]`.
    fn shape(self) -> [usize; 2] {
        match self {
            Self::Classes { of, count } => [of.len(), count],
            Self::Numbers(numbers) => [numbers.len(), 1],
        }
    }

    /// Whether no two samples differ.
    fn is_pure(self, samples: &[usize]) -> bool {
        samples.windows(2).all(|pair| match self {
            Self::Classes { of, .. } => of[pair[0]] == of[pair[1]],
            Self::Numbers(numbers) => numbers[pair[0]] == numbers[pair[1]],
        })
    }

    /// The sum over the samples, `[width]`, a class counting 1 in its own place.
    fn sum(self, samples: &[usize]) -> Vec<f64> {
        let mut sum = vec![0.0; self.shape()[1]];
        for &sample in samples {
            match self {
                Self::Classes { of, .. } => sum[usize::from(of[sample])] += 1.0,
                Self::Numbers(numbers) => sum[0] += numbers[sample],
            }
        }
        sum
    }

    /// A walk that moves sample after sample from the right child to the left one and returns the squares of their
    /// sums, `[|L|², |R|²]`.
    fn squares(self, samples: &[usize]) -> Box<dyn FnMut(usize) -> [f64; 2] + 'a> {
        let mut right = self.sum(samples);
        match self {
            Self::Classes { of, .. } => {
                let mut left = vec![0.0; right.len()];
                let mut squares = [0.0, right.iter().map(|count| count * count).sum()];
                Box::new(move |sample| {
                    let class = usize::from(of[sample]);
                    squares[0] += 2.0 * left[class] + 1.0; // (c + 1)² - c²
                    squares[1] -= 2.0 * right[class] - 1.0; // c² - (c - 1)²
                    left[class] += 1.0;
                    right[class] -= 1.0;
                    squares
                })
            }
            Self::Numbers(numbers) => {
                // About the node's mean R is -L, and a great mean drowns no small difference.
                let (mean, mut left) = (right[0] / samples.len() as f64, 0.0);
                Box::new(move |sample| {
                    left += numbers[sample] - mean;
                    [left * left; 2]
                })
            }
        }
    }
}

/// The split with the greatest decrease of impurity that leaves at least `leaf` samples on both sides.
///
/// With sums `L` and `R` over `l` and `r` samples, the children's impurities weighted by their samples add up to
/// `l + r - (|L|²/l + |R|²/r)` for Gini's `1 - Σ p²`, and to `Σ y² - (L²/l + R²/r)` for the squared error: the best
/// split has the greatest `|L|²/l + |R|²/r`.
fn best_split(rows: &[f32], features: usize, truth: Truth<'_>, samples: &[usize], leaf: usize) -> Option<Split> {
    let mut best: Option<(f64, Split)> = None;
    for feature in 0..features {
        let mut column: Vec<_> = samples.iter().map(|&sample| (rows[sample * features + feature], sample)).collect();
        column.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut squares = truth.squares(samples);
        for (left, pair) in (1..).zip(column.windows(2)) {
            let [(lower, sample), (upper, _)] = [pair[0], pair[1]];
            let right = samples.len() - left;
            let [left_square, right_square] = squares(sample);
            let score = left_square / left as f64 + right_square / right as f64;
            let may_split = lower < upper && left.min(right) >= leaf;
            if may_split && best.is_none_or(|(best, _)| score > best * (1.0 + TIE)) {
                // The greatest number still parts the others from infinity.
                let threshold = f64::midpoint(lower.into(), upper.into()).min(f32::MAX.into());
                best = Some((score, Split { feature, threshold }));
            }
        }
    }
    best.map(|(_, split)| split)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNLIMITED: Limits = Limits { depth: usize::MAX, leaf: 1 };

    /// Features, classes (0 for numbers), rows and truth to train on, rows and truth of the test, and for several
    /// limits, depth and leaf, the accuracy or the root of the mean squared error, and the leaves.
    type Table = (usize, usize, Vec<f32>, Vec<f64>, Vec<f32>, Vec<f64>, Vec<(usize, usize, f64, usize)>);

    #[test]
    fn equals_scikit_learn() {
        let tables: Vec<Table> = serde_json::from_str(include_str!("../../tests/fixtures/tree.json")).unwrap();
        for (features, count, rows, truth, test, expected, cases) in tables {
            let classes: Vec<u16> = truth.iter().map(|&class| class as u16).collect();
            let truth = if count > 0 { Truth::Classes { of: &classes, count } } else { Truth::Numbers(&truth) };
            for (depth, leaf, golden, leaves) in cases {
                let tree = Tree::grow(&rows, features, truth, Limits { depth, leaf });
                let largest = |shares: &[f32]| (0..count).rev().max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
                let scores = test.chunks(features).zip(&expected).map(|(row, &truth)| match tree.predict(row) {
                    &[mean] => (f64::from(mean) - truth).powi(2),
                    shares => f64::from(largest(shares) == Some(truth as usize)),
                });
                let mean = scores.sum::<f64>() / expected.len() as f64;
                let score = if count > 0 { mean } else { mean.sqrt() };
                assert!((score / golden - 1.0).abs() < 1e-6, "depth {depth}, leaf {leaf}: {score}, not {golden}");
                assert_eq!(tree.leaves(), leaves, "depth {depth}, leaf {leaf}");
            }
        }
    }

    #[test]
    fn ties_take_the_first_feature_and_exclusive_or_is_learnt() {
        let rows = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
        let tree = Tree::grow(&rows, 2, Truth::Classes { of: &[0, 1, 1, 0], count: 2 }, UNLIMITED);
        assert!(matches!(tree.nodes[0], Node::Inner { split: Split { feature: 0, threshold: 0.5 }, left: 1 }));
        assert_eq!((tree.predict(&[0.4, 0.6]), tree.leaves()), (&[0.0, 1.0][..], 4));
    }

    #[test]
    fn no_samples_give_zeros_and_infinite_features_end() {
        let empty = Tree::grow(&[], 2, Truth::Classes { of: &[], count: 3 }, UNLIMITED);
        assert_eq!((empty.predict(&[1.0, 2.0]), empty.leaves()), (&[0.0; 3][..], 1));
        let rows = [f32::NEG_INFINITY, f32::INFINITY];
        let tree = Tree::grow(&rows, 1, Truth::Numbers(&[1.0, 2.0]), UNLIMITED);
        assert_eq!([tree.predict(&rows[..1]), tree.predict(&rows[1..])], [[1.0], [2.0]]);
    }
}
