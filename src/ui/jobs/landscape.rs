//! The loss around the weights that are shown: on a coarse grid first, and then between its crossings.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::derived::Query;
use crate::data::{Dataset, TargetBuffer};
use crate::explain::landscape::{Direction, Examples, path, random};
use crate::train::{Snapshot, Subset};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::widgets::plane::range_of;
use backprop_nn::Weights;

/// Samples whose loss is measured, and the most numbers that they may have together.
const SAMPLES: usize = 256;
const NUMBERS: usize = 1 << 22;

/// Rows and columns of the first grid.
const COARSE: usize = 9;

/// How long losses are measured before they are shown, and where a run goes on.
const MEASURED: Duration = Duration::from_millis(80);
const MEASURED_BESIDE_RUN: Duration = Duration::from_millis(20);

/// Losses that are measured at once where no run goes on.
const AT_ONCE: usize = 16;

/// How far random directions are followed: the present weights are as long.
const REACH: f64 = 1.0;

/// A part of the plane reaches so much beyond the path of the run.
const BEYOND: f64 = 0.25;

/// Along which two directions the loss is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Along {
    /// Random ones, normalized filter by filter.
    Random {
        /// Other directions for each.
        seed: u64,
    },
    /// Those in which these moments of the run differ most.
    Path(Vec<MomentOfRun>),
}

/// A moment of the run.
#[derive(Clone, Debug)]
pub struct MomentOfRun(pub Arc<Snapshot>);

impl PartialEq for MomentOfRun {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The landscape that is asked for.
#[derive(Clone)]
pub struct LandscapeOf {
    /// The network, with the weights in the middle.
    pub network: TrainedNetwork,
    /// The data, which it reads.
    pub dataset: Arc<Dataset>,
    /// Which samples the loss is measured with.
    pub subset: Subset,
    /// The directions.
    pub along: Along,
    /// Rows and columns at the end.
    pub side: usize,
}

impl PartialEq for LandscapeOf {
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network
            && Arc::ptr_eq(&self.dataset, &other.dataset)
            && self.subset == other.subset
            && self.along == other.along
            && self.side == other.side
    }
}

impl LandscapeOf {
    /// Whether the same is asked of the same run, perhaps at another moment.
    pub fn is_alike(&self, other: &Self) -> bool {
        let is_alike = match (&self.along, &other.along) {
            (Along::Random { seed }, Along::Random { seed: other }) => seed == other,
            (Along::Path(_), Along::Path(_)) => true,
            (Along::Random { .. }, Along::Path(_)) | (Along::Path(_), Along::Random { .. }) => false,
        };
        is_alike
            && self.network.is_same_network(&other.network)
            && self.subset == other.subset
            && self.side == other.side
    }
}

/// Asks for a landscape, and goes on with it.
#[derive(Clone, PartialEq)]
pub struct LandscapeQuery {
    /// Which one.
    pub of: LandscapeOf,
    /// How often it was gone on with.
    pub round: usize,
    /// Whether a run goes on beside it, which is not to become slower.
    pub is_beside_run: bool,
}

/// What was found.
#[derive(Clone)]
pub struct Landscape {
    /// The part of the plane: along the first direction, and along the second.
    pub ranges: [RangeInclusive<f64>; 2],
    /// Rows and columns that are measured.
    pub side: usize,
    /// The losses at their crossings, the lowest of the second direction first.
    pub losses: Arc<Vec<f64>>,
    /// The loss of the present weights.
    pub present: f64,
    /// The moments of the run in the plane, and their steps; none along random directions.
    pub path: Arc<Vec<(u64, [f64; 2])>>,
    /// How much of what the moments differ by the directions explain; nothing of random ones.
    pub explained: Option<[f64; 2]>,
    /// Samples that are measured.
    pub samples: usize,
    /// How many there are.
    pub of: usize,
    /// Losses that are measured, and how many will be.
    pub progress: [usize; 2],
}

impl Landscape {
    /// Whether everything is measured.
    pub fn is_done(&self) -> bool {
        self.progress[0] == self.progress[1]
    }
}

/// A landscape on its way.
pub struct Measuring {
    query: LandscapeOf,
    directions: [Direction; 2],
    inputs: Vec<f32>,
    targets: TargetBuffer,
    /// Of all crossings.
    losses: Vec<f64>,
    /// The crossings that are still to be measured, those of coarse grids last.
    left: Vec<usize>,
    found: Landscape,
}

/// Which crossings are measured for the first time on a grid of so many rows and columns, of which every `stride`-th of all is one.
fn crossings(side: usize, stride: usize, coarser: usize) -> impl Iterator<Item = usize> {
    let every = move |stride: usize| (0..side).step_by(stride);
    every(stride)
        .flat_map(move |row| every(stride).map(move |column| (row, column)))
        .filter(move |(row, column)| coarser == 0 || row % coarser != 0 || column % coarser != 0)
        .map(move |(row, column)| row * side + column)
}

impl Measuring {
    fn of(query: &LandscapeOf) -> Option<Self> {
        let LandscapeOf { network, dataset, subset, along, side } = query;
        let trained = network.trained();
        let split = network.split(dataset);
        let all = if *subset == Subset::Validation { split.validation } else { split.train };
        let most = SAMPLES.min(NUMBERS / trained.network.input().len().max(1)).max(1);
        let samples = most.min(all.len());
        if samples == 0 {
            return None;
        }
        // Spread over all of them, which may be sorted by their classes.
        let at: Vec<u32> = (0..samples).map(|at| all[at * all.len() / samples]).collect();
        let mut inputs = vec![0.0; samples * trained.network.input().len()];
        let mut targets = dataset.train.targets.buffer(samples);
        dataset.train.gather(trained.scaling, &at, &mut inputs);
        dataset.train.gather_targets(trained.scaling, &at, &mut targets);
        let around = |reach: f64| [-reach..=reach, -reach..=reach];
        let (directions, ranges, way, explained) = match along {
            Along::Random { seed } => {
                let direction = |axis| random(trained.network, trained.weights, *seed, axis);
                ([direction(0), direction(1)], around(REACH), Vec::new(), None)
            }
            Along::Path(moments) => {
                let weights: Vec<&Weights> = moments.iter().map(|moment| &moment.0.weights).collect();
                let path = path(trained.network, trained.weights, &weights)?;
                let ranges = [0, 1].map(|axis| beyond(path.points.iter().map(|point| point[axis]).chain([0.0])));
                let steps = moments.iter().map(|moment| moment.0.step);
                (path.axes, ranges, steps.zip(path.points).collect(), Some(path.explained))
            }
        };
        let mut left: Vec<usize> = Vec::new();
        let (mut stride, mut coarser) = ((side - 1) / (COARSE - 1), 0);
        while stride > 0 {
            left.extend(crossings(*side, stride, coarser));
            (stride, coarser) = (stride / 2, stride);
        }
        left.reverse();
        let mut measuring = Self {
            query: query.clone(),
            directions,
            inputs,
            targets,
            losses: vec![f64::NAN; side * side],
            found: Landscape {
                ranges,
                side: 0,
                losses: Arc::default(),
                present: f64::NAN,
                path: Arc::new(way),
                explained,
                samples,
                of: all.len(),
                progress: [0, left.len()],
            },
            left,
        };
        measuring.found.present = measuring.examples().loss(trained.weights);
        Some(measuring)
    }

    fn examples(&self) -> Examples<'_> {
        let trained = self.query.network.trained();
        let targets = self.targets.first(self.found.samples);
        Examples { network: trained.network, loss: trained.loss, inputs: &self.inputs, targets }
    }

    /// Measures until the time is over; at the end of each grid its losses are what was found.
    fn go_on(&mut self, is_beside_run: bool) {
        let started = Instant::now();
        let side = self.query.side;
        let time = if is_beside_run { MEASURED_BESIDE_RUN } else { MEASURED };
        while !self.left.is_empty() && started.elapsed() < time {
            let count = if is_beside_run { 1 } else { AT_ONCE };
            let next = self.left.split_off(self.left.len().saturating_sub(count));
            let (examples, weights) = (self.examples(), self.query.network.trained().weights);
            let measure = |crossing: &usize| {
                let share = [crossing % side, crossing / side].map(|at| at as f64 / (side - 1) as f64);
                let [x, y] = &self.found.ranges;
                let at = [(x, share[0]), (y, share[1])]
                    .map(|(range, share)| range.start() + share * (range.end() - range.start()));
                (*crossing, examples.loss_at(weights, &self.directions, at))
            };
            // A run has the threads for itself.
            let measured: Vec<(usize, f64)> =
                if is_beside_run { next.iter().map(measure).collect() } else { next.par_iter().map(measure).collect() };
            for (crossing, loss) in measured {
                self.losses[crossing] = loss;
            }
            self.found.progress[0] = self.found.progress[1] - self.left.len();
        }
        // The finest grid that is whole.
        let mut shown = side;
        while shown > COARSE && self.found.progress[0] < shown * shown {
            shown = (shown - 1) / 2 + 1;
        }
        if self.found.progress[0] >= shown * shown && self.found.side != shown {
            let stride = (side - 1) / (shown - 1);
            let losses = crossings(side, stride, 0).map(|at| self.losses[at]).collect();
            (self.found.side, self.found.losses) = (shown, Arc::new(losses));
        }
    }
}

/// From the least to the greatest of these numbers, and some way beyond.
fn beyond(numbers: impl Iterator<Item = f64>) -> RangeInclusive<f64> {
    let range = range_of(numbers);
    let beyond = BEYOND * (range.end() - range.start());
    range.start() - beyond..=range.end() + beyond
}

impl Query for LandscapeQuery {
    /// Nothing if there are no samples, or no path.
    type Answer = Option<Landscape>;
    type Memory = Option<Measuring>;
    const NAME: &'static str = "measuring losses";
    const PAUSE: Duration = Duration::from_millis(16);

    fn share(&self) -> u32 {
        if self.is_beside_run { Self::SHARE } else { 1 }
    }

    fn answer(&self, memory: &mut Self::Memory) -> Option<Landscape> {
        let kept = match memory.take().filter(|kept| kept.query == self.of) {
            Some(kept) => kept,
            None => Measuring::of(&self.of)?,
        };
        let measuring = memory.insert(kept);
        measuring.go_on(self.is_beside_run);
        Some(measuring.found.clone())
    }

    fn may_show(&self, older: &Self) -> bool {
        self.of.is_alike(&older.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crossing_is_measured_once_and_grids_within_grids() {
        let coarse: Vec<usize> = crossings(17, 2, 0).collect();
        assert_eq!((coarse.len(), coarse[1], coarse[9]), (81, 2, 34));
        let fine: Vec<usize> = crossings(17, 1, 2).collect();
        let mut all = [coarse, fine].concat();
        all.sort_unstable();
        assert_eq!(all, (0..17 * 17).collect::<Vec<_>>());
    }
}
