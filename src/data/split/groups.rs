//! Splits of samples that come in groups, such as the rows of a patient: a group is on one side as a whole, and each class on
//! both sides where it has two groups.

use rand::seq::SliceRandom as _;

use super::{PURPOSE, Split, held_back};
use crate::data::samples::Samples;
use backprop_nn::init::stream;

/// The groups of samples.
pub struct Groups<'a> {
    /// The group of each sample, counted from 0 without a gap.
    of_samples: &'a [u32],
    /// The classes in each group, with their numbers of samples.
    classes_in: Vec<Vec<(usize, f64)>>,
    /// The groups that each class is in, in an order that the seed decides.
    with_class: Vec<Vec<usize>>,
    /// All groups, in that order.
    order: Vec<usize>,
    /// The samples of each class.
    totals: Vec<f64>,
    has_classes: bool,
}

impl<'a> Groups<'a> {
    /// Those of samples, whose classes count where they have some.
    pub fn new(of_samples: &'a [u32], samples: &Samples, seed: u64) -> Self {
        let classes = samples.classes();
        let class_of = |at: usize| classes.get(at).map_or(0, |class| usize::from(*class));
        let count = of_samples.iter().max().map_or(0, |last| *last as usize + 1);
        let mut totals = vec![0.0; classes.iter().max().map_or(1, |last| usize::from(*last) + 1)];
        let mut classes_in = vec![Vec::<(usize, f64)>::new(); count];
        for (at, group) in of_samples.iter().enumerate() {
            let class = class_of(at);
            totals[class] += 1.0;
            let inside = &mut classes_in[*group as usize];
            match inside.iter_mut().find(|(other, _)| *other == class) {
                Some((_, samples)) => *samples += 1.0,
                None => inside.push((class, 1.0)),
            }
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut stream(seed, PURPOSE));
        let mut with_class = vec![Vec::new(); totals.len()];
        for group in &order {
            classes_in[*group].iter().for_each(|(class, _)| with_class[*class].push(*group));
        }
        Self { of_samples, classes_in, with_class, order, totals, has_classes: !classes.is_empty() }
    }

    /// Holds groups back for validation, of each class about `share` of its samples and at least one group of two.
    pub fn split(&self, share: f32) -> Split {
        let share = super::clamped(share);
        let mut is_held = vec![false; self.classes_in.len()];
        if !self.has_classes {
            self.order.iter().take(held_back(self.order.len(), share)).for_each(|group| is_held[*group] = true);
        } else if share > 0.0 {
            is_held = self.stratified(share).is_held;
        }
        self.holding(|group| is_held[group])
    }

    fn stratified(&self, share: f32) -> Held<'_> {
        let of_class: Vec<usize> = self.with_class.iter().map(Vec::len).collect();
        let counts = vec![0.0; self.totals.len()];
        let is_held = vec![false; self.classes_in.len()];
        let mut held = Held { groups: self, share: share.into(), is_held, counts, size: 0.0, left: of_class.clone() };
        let mut classes: Vec<usize> = (0..of_class.len()).collect();
        classes.sort_by_key(|class| of_class[*class]);
        classes.into_iter().for_each(|class| held.one_of(class));
        held.fill();
        // Where every class is a group of its own, one of them is better than nothing, and that it is not trained is told.
        if !held.is_held.contains(&true) && self.order.len() > 1 {
            held.take(self.order[0]);
        }
        held
    }

    /// Deals the groups out into folds, those of rare classes first, each into the fold that has the fewest of its class. None
    /// if there are fewer groups than folds.
    pub fn folds(&self, folds: usize) -> Vec<Split> {
        if folds == 0 || self.order.len() < folds {
            return Vec::new();
        }
        let rarest = |group: usize| {
            let classes = self.classes_in[group].iter().map(|(class, _)| *class);
            classes.min_by_key(|class| self.with_class[*class].len()).unwrap_or(0)
        };
        let mut order = self.order.clone();
        order.sort_by_key(|group| self.with_class[rarest(*group)].len());
        let mut dealt = vec![(vec![0usize; self.totals.len()], 0usize); folds];
        let mut fold_of = vec![0; self.order.len()];
        for group in order {
            let fullness = |fold: &usize| (dealt[*fold].0[rarest(group)], dealt[*fold].1);
            let fold = (0..folds).min_by_key(fullness).unwrap_or(0);
            fold_of[group] = fold;
            self.classes_in[group].iter().for_each(|(class, _)| dealt[fold].0[*class] += 1);
            dealt[fold].1 += 1;
        }
        (0..folds).map(|fold| self.holding(|group| fold_of[group] == fold)).collect()
    }

    fn holding(&self, is_held: impl Fn(usize) -> bool) -> Split {
        let samples = 0..self.of_samples.len() as u32;
        let (validation, train) = samples.partition(|at| is_held(self.of_samples[*at as usize] as usize));
        Split { train, validation }
    }
}

/// The groups that are held back so far.
struct Held<'a> {
    groups: &'a Groups<'a>,
    share: f64,
    is_held: Vec<bool>,
    /// The samples of each class among them.
    counts: Vec<f64>,
    /// All samples among them.
    size: f64,
    /// The groups of each class that are not among them.
    left: Vec<usize>,
}

impl Held<'_> {
    /// A group of this class, unless there is one or another class would be left without.
    fn one_of(&mut self, class: usize) {
        let with_class = &self.groups.with_class[class];
        if self.counts[class] > 0.0 || with_class.len() < 2 {
            return;
        }
        let free = with_class.iter().copied().filter(|group| self.leaves(*group, 1));
        // One that leaves two groups of each class can be split again.
        let is_better = |a: &usize, b: &usize| {
            let key = |group: usize| (!self.leaves(group, 2), self.change(group));
            let ((a_last, a), (b_last, b)) = (key(*a), key(*b));
            a_last.cmp(&b_last).then(a.total_cmp(&b))
        };
        if let Some(group) = free.min_by(is_better) {
            self.take(group);
        }
    }

    /// More groups, as long as they bring the shares nearer to what is wanted.
    fn fill(&mut self) {
        for group in self.groups.order.iter().copied() {
            if !self.is_held[group] && self.leaves(group, 2) && self.change(group) < 0.0 {
                self.take(group);
            }
        }
    }

    /// Whether so many groups of each of its classes are left if it is taken.
    fn leaves(&self, group: usize, groups: usize) -> bool {
        self.groups.classes_in[group].iter().all(|(class, _)| self.left[*class] > groups)
    }

    /// By how much the squared distance of the shares from what is wanted grows with a group: of the share of each class, and of
    /// that of all samples, which weighs as much as all classes.
    fn change(&self, group: usize) -> f64 {
        let change = |count: f64, more: f64, total: f64| {
            let distance = |count: f64| (count / total - self.share).powi(2);
            distance(count + more) - distance(count)
        };
        let inside = &self.groups.classes_in[group];
        let classes = inside.iter().map(|(class, more)| change(self.counts[*class], *more, self.groups.totals[*class]));
        let size = inside.iter().map(|(_, more)| more).sum();
        let all = change(self.size, size, self.groups.of_samples.len() as f64);
        classes.sum::<f64>() + all * self.groups.totals.len() as f64
    }

    fn take(&mut self, group: usize) {
        self.is_held[group] = true;
        for (class, samples) in &self.groups.classes_in[group] {
            self.counts[*class] += samples;
            self.size += samples;
            self.left[*class] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::samples::{Inputs, TargetData};
    use rand::RngExt as _;

    /// Samples of groups, each of which has so many samples of each of its classes.
    fn of_groups(groups: &[Vec<(u16, usize)>]) -> (Vec<u32>, Samples) {
        let (mut of_samples, mut classes) = (Vec::new(), Vec::new());
        for (group, inside) in (0..).zip(groups) {
            for (class, samples) in inside {
                of_samples.extend(vec![group; *samples]);
                classes.extend(vec![*class; *samples]);
            }
        }
        (of_samples, Samples { inputs: Inputs::Numbers(Vec::new()), targets: TargetData::Classes(classes) })
    }

    fn groups_with(class: u16, part: &[u32], of_samples: &[u32], samples: &Samples) -> usize {
        let of_class = part.iter().filter(|at| samples.classes()[**at as usize] == class);
        of_class.map(|at| of_samples[*at as usize]).collect::<std::collections::HashSet<_>>().len()
    }

    fn assert_whole(split: &Split, of_samples: &[u32]) {
        let groups =
            |part: &[u32]| part.iter().map(|at| of_samples[*at as usize]).collect::<std::collections::HashSet<_>>();
        assert!(groups(&split.train).is_disjoint(&groups(&split.validation)));
        let mut all = [split.train.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..of_samples.len() as u32), "every sample is in one set");
    }

    #[test]
    fn each_class_is_on_both_sides_where_it_has_two_groups_whatever_the_groups_are_like() {
        let mut rng = stream(1, 1);
        for seed in 0..300 {
            let classes = rng.random_range(2..6u16);
            let groups: Vec<_> = (0..rng.random_range(3..60))
                // Rare classes are among them.
                .map(|_| {
                    vec![(rng.random_range(0..classes).min(rng.random_range(0..classes)), rng.random_range(1..20))]
                })
                .collect();
            let (of_samples, samples) = of_groups(&groups);
            let share = rng.random_range(0.05..0.5);
            let split = Groups::new(&of_samples, &samples, seed).split(share);
            assert_whole(&split, &of_samples);
            for class in 0..classes {
                let [all, held] = [&[split.train.clone(), split.validation.clone()].concat(), &split.validation]
                    .map(|part| groups_with(class, part, &of_samples, &samples));
                assert!(all < 2 || held > 0, "class {class} of seed {seed}: {groups:?}");
                assert!(all < 2 || held < all, "class {class} of seed {seed}: {groups:?}");
                assert!(all < 3 || all - held > 1, "class {class} of seed {seed} cannot be split again: {groups:?}");
            }
            assert_eq!(split, Groups::new(&of_samples, &samples, seed).split(share));
        }
    }

    #[test]
    fn groups_of_several_classes_leave_none_without_training_and_keep_near_to_the_share() {
        let mut rng = stream(2, 2);
        for seed in 0..200 {
            let count = rng.random_range(30..90);
            let inside = |rng: &mut backprop_nn::init::Rng| {
                let classes = (0..4u16).filter(|class| rng.random_range(0..=*class) == 0 || *class == 0);
                classes.collect::<Vec<_>>().into_iter().map(|class| (class, rng.random_range(1..9))).collect()
            };
            let groups: Vec<Vec<_>> = (0..count).map(|_| inside(&mut rng)).collect();
            let (of_samples, samples) = of_groups(&groups);
            let split = Groups::new(&of_samples, &samples, seed).split(0.2);
            assert_whole(&split, &of_samples);
            for class in 0..4 {
                let of = |part: &[u32]| groups_with(class, part, &of_samples, &samples);
                assert!(of(&split.validation) > 0 && of(&split.train) > 0, "class {class} of seed {seed}");
            }
            let held = split.validation.len() as f64 / of_samples.len() as f64;
            assert!((held - 0.2).abs() < 0.08, "{held} of seed {seed}");
        }
    }

    #[test]
    fn folds_deal_out_the_groups_of_rare_classes_too() {
        let groups: Vec<_> = (0..40).map(|at| vec![(u16::from(at % 8 == 0), 6)]).collect();
        let (of_samples, samples) = of_groups(&groups);
        let folds = Groups::new(&of_samples, &samples, 7).folds(5);
        for split in &folds {
            assert_whole(split, &of_samples);
            let groups = |class| groups_with(class, &split.validation, &of_samples, &samples);
            assert_eq!((groups(1), groups(0)), (1, 7));
        }
        let held: usize = folds.iter().map(|split| split.validation.len()).sum();
        assert_eq!((folds.len(), held), (5, 240));
        assert!(Groups::new(&of_samples, &samples, 7).folds(41).is_empty());
    }

    #[test]
    fn classes_that_are_one_group_each_still_give_a_validation_set() {
        let (of_samples, samples) = of_groups(&[vec![(0, 5)], vec![(1, 5)], vec![(2, 5)]]);
        assert_eq!(Groups::new(&of_samples, &samples, 7).split(0.2).validation.len(), 5);
        assert_eq!(Groups::new(&of_samples, &samples, 7).split(0.0).validation.len(), 0);
    }
}
