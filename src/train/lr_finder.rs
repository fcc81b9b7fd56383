//! The learning-rate finder: a short training whose rate grows from step to step until the loss explodes (Smith 2017),
//! and the rate that the curve suggests. It trains copies, so that nothing of the job or a run is changed.

use std::ops::RangeInclusive;

use super::job::Job;
use super::learner::{Step, Trainer};
use backprop_nn::Weights;

/// The rates that are tried, and how many.
const FROM: f32 = 1e-6;
const TO: f32 = 10.0;
const STEPS: usize = 100;

/// Share of the smoothed loss that is kept from step to step.
const SMOOTHING: f64 = 0.98;

/// The sweep ends when the smoothed loss is this many times the best one.
const EXPLODED: f64 = 4.0;

/// Steps at the beginning and at the end that do not count for the suggestion, as in fastai: the first have hardly
/// anything to smooth, the last are those that explode.
const SKIPPED: (usize, usize) = (STEPS / 10, 5);

/// One step of the sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatePoint {
    /// Learning rate of the step.
    pub learning_rate: f32,
    /// Mean loss of the batch before the step.
    pub loss: f32,
    /// Exponential moving average of the losses so far, with bias correction.
    pub smoothed: f32,
}

/// The result of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateSweep {
    /// The steps, in the order of rising learning rates.
    pub points: Vec<RatePoint>,
    /// A rate from the longest stretch along which the loss falls; nothing if it never does.
    pub suggestion: Option<f32>,
}

impl RateSweep {
    /// The most steps of a sweep.
    pub const STEPS: usize = STEPS;

    /// The learning rates of the first and of the last step.
    pub const RATES: RangeInclusive<f32> = FROM..=TO;
}

impl Job {
    /// Sweeps the learning rate, starting from these weights. Calls `go_on` with the points so far before every step,
    /// and returns nothing if it is false, or for a GAN, which has two learning rates. Runs on the current rayon pool.
    pub fn find_rate(&self, weights: &Weights, mut go_on: impl FnMut(&[RatePoint]) -> bool) -> Option<RateSweep> {
        if !self.head().is_evaluated() {
            return None;
        }
        let mut trainer = Trainer::new(self, weights.clone());
        let mut order = self.order(1);
        let batches = order.len().div_ceil(self.batch());
        let (mut points, mut sum, mut remaining, mut best) = (Vec::with_capacity(STEPS), 0.0, 1.0, f64::INFINITY);
        for step in 0..STEPS {
            if !go_on(&points) {
                return None;
            }
            let epoch = 1 + (step / batches) as u64;
            if step % batches == 0 {
                order = self.order(epoch);
            }
            let Some(batch) = order.chunks(self.batch()).nth(step % batches) else { break };
            let learning_rate = FROM * (TO / FROM).powf(step as f32 / (STEPS - 1) as f32);
            let at = Step { epoch, ..Step::new(step as u64 + 1, learning_rate) };
            let loss = trainer.step(batch, at).mean_loss();
            if !loss.is_finite() {
                break;
            }
            sum = SMOOTHING * sum + (1.0 - SMOOTHING) * loss;
            remaining *= SMOOTHING;
            let smoothed = sum / (1.0 - remaining);
            points.push(RatePoint { learning_rate, loss: loss as f32, smoothed: smoothed as f32 });
            best = smoothed.min(best);
            if smoothed > EXPLODED * best {
                break;
            }
        }
        let suggestion = suggest(&points);
        Some(RateSweep { points, suggestion })
    }
}

/// fastai's valley: half-way along the longest subsequence of falling losses.
fn suggest(points: &[RatePoint]) -> Option<f32> {
    let counted = points.get(SKIPPED.0..points.len().checked_sub(SKIPPED.1)?)?;
    // How many losses fall, one below the other, up to and including each.
    let mut falls = vec![1; counted.len()];
    let mut longest = 0;
    for at in 1..counted.len() {
        let below = (0..at).filter(|before| counted[at].smoothed < counted[*before].smoothed);
        falls[at] = 1 + below.map(|before| falls[before]).max().unwrap_or(0);
        if falls[at] > falls[longest] {
            longest = at;
        }
    }
    let length = *falls.get(longest)?;
    let half = (longest + length / 3 + length / 6).checked_sub(length)?;
    Some(counted.get(half)?.learning_rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(smoothed: impl Iterator<Item = f32>) -> Vec<RatePoint> {
        let rate = |at: usize| FROM * (TO / FROM).powf(at as f32 / (STEPS - 1) as f32);
        smoothed.enumerate().map(|(at, smoothed)| RatePoint { learning_rate: rate(at), loss: 0.0, smoothed }).collect()
    }

    #[test]
    fn the_middle_of_the_longest_valley_is_suggested() {
        // Flat for 30 steps, falling for 40, then rising.
        let curve = points((0..90).map(|at| match at {
            0..30 => 2.0,
            30..70 => 2.0 - 0.04 * (at - 30) as f32,
            _ => 0.4 + 0.2 * (at - 69) as f32,
        }));
        let suggested = suggest(&curve).unwrap();
        assert!((curve[45].learning_rate..=curve[55].learning_rate).contains(&suggested), "{suggested}");
        assert_eq!(suggest(&points((0..90).map(|at| at as f32))), None);
        assert_eq!(suggest(&points((0..12).map(|at| -at as f32))), None);
    }
}
