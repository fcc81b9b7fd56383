//! What the discriminator of a GAN for points gives all over the plane, and where it pushes the generator's samples.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::derived::Query;
use super::plane::{SIDE, places};
use crate::train::{Job, Snapshot};
use backprop_nn::gan;

/// Arrows in a row and in a column.
pub const ARROWS: usize = 16;

/// Asks for the discriminator at a moment of a run.
#[derive(Clone)]
pub struct DiscriminatorQuery {
    /// The run.
    pub job: Arc<Job>,
    /// Its weights.
    pub snapshot: Arc<Snapshot>,
    /// The part of the plane, x and y.
    pub ranges: [RangeInclusive<f64>; 2],
}

impl PartialEq for DiscriminatorQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job)
            && Arc::ptr_eq(&self.snapshot, &other.snapshot)
            && self.ranges == other.ranges
    }
}

/// What was found.
pub struct Discriminated {
    /// `[SIDE, SIDE]`, the highest y first: what it gives, before a sigmoid.
    pub outputs: Vec<f32>,
    /// `[ARROWS, ARROWS]`, likewise: the gradient of what it gives, in units of the data.
    pub gradients: Vec<[f32; 2]>,
}

/// A step in the plane over which the output changes, as a share of the range.
const STEP: f64 = 1e-3;

impl Query for DiscriminatorQuery {
    /// Nothing if the run has no discriminator.
    type Answer = Option<Discriminated>;
    type Memory = ();
    const NAME: &'static str = "asking the discriminator";

    fn answer(&self, (): &mut ()) -> Option<Discriminated> {
        let scaling = &self.job.scaling.inputs;
        let at = |points: &[f64]| {
            let mut samples = vec![0.0; points.len()];
            scaling.apply(points, &mut samples);
            gan::discriminate(&self.job.network, &self.snapshot.weights, &samples)
        };
        let outputs = at(&places(&self.ranges, SIDE));
        let steps = [0, 1].map(|axis: usize| (self.ranges[axis].end() - self.ranges[axis].start()) * STEP);
        let middles = places(&self.ranges, ARROWS);
        // Central differences: two places to each side of each.
        let moved = |axis: usize, by: f64| {
            let mut points = middles.clone();
            points.iter_mut().skip(axis).step_by(2).for_each(|number| *number += by * steps[axis]);
            at(&points)
        };
        let slopes = [0, 1].map(|axis| {
            let (after, before) = (moved(axis, 1.0), moved(axis, -1.0));
            let slope = |(after, before): (&f32, &f32)| (after - before) / (2.0 * steps[axis]) as f32;
            after.iter().zip(&before).map(slope).collect::<Vec<f32>>()
        });
        let gradients = slopes[0].iter().zip(&slopes[1]).map(|(x, y)| [*x, *y]).collect();
        (outputs.len() == SIDE * SIDE).then_some(Discriminated { outputs, gradients })
    }

    fn may_show(&self, older: &Self) -> bool {
        Arc::ptr_eq(&self.job, &older.job)
    }
}
