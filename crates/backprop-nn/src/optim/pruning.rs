//! Magnitude pruning: the smallest weights of every kernel become zero, more and more of them, and the others go on learning.

use rayon::prelude::*;

use crate::kernels::vectorized;
use crate::network::{Network, Subnetwork};
use crate::weights::{Param, Weights};

/// The share of a run after which the last weight has been pruned; in the rest of it the others make up for them.
pub const RAMP: f32 = 0.5;

/// In so many steps the share grows, since each looks for the smallest weights anew.
const STAGES: f32 = 50.0;

/// The share of each kernel's weights that is zero at `progress`, 0 to 1, of a run that ends with `share` of them.
///
/// `s(t) = s (1 - (1 - t)³)`, which removes many while many are left (Zhu & Gupta 2017, *To prune, or not to prune*).
pub fn share_at(share: f32, progress: f32) -> f32 {
    let stage = (progress / RAMP * STAGES).floor() / STAGES;
    share * (1.0 - (1.0 - stage.clamp(0.0, 1.0)).powi(3))
}

/// Which weights are zero and stay so.
#[derive(Default)]
pub(super) struct Pruning {
    /// 0 for each weight that is pruned and 1 for each other; empty before the first.
    mask: Vec<f32>,
}

impl Pruning {
    /// Sets this share of each kernel to zero, in the weights and in their average: those that were zero before, and the
    /// smallest of the others (Han et al. 2015, *Learning both weights and connections*).
    pub fn apply(
        &mut self,
        share: f32,
        network: &Network,
        subnetwork: &Subnetwork,
        weights: &mut Weights,
        average: Option<&mut Weights>,
    ) {
        if self.mask.is_empty() {
            // A run that goes on finds its pruned weights by their value.
            self.mask = weights.values().iter().map(|weight| f32::from(*weight != 0.0)).collect();
        }
        let moved = |param: &&Param| subnetwork.weights.contains(&param.range.start);
        let kernels = || network.params().iter().filter(moved).filter(|param| param.info.is_kernel());
        for param in kernels() {
            let (mask, kernel) = (&mut self.mask[param.range.clone()], &weights.values()[param.range.clone()]);
            let count = (share * kernel.len() as f32).round() as usize;
            let zero = mask.iter().filter(|kept| **kept == 0.0).count();
            if zero < count {
                remove_smallest(count, kernel, mask);
            }
        }
        for numbers in [Some(weights), average].into_iter().flatten() {
            for param in kernels() {
                multiply(&mut numbers.values_mut()[param.range.clone()], &self.mask[param.range.clone()]);
            }
        }
    }

    /// Forgets which weights are pruned: they are found by their value again.
    pub fn forget(&mut self) {
        self.mask.clear();
    }
}

/// Takes so many weights out of the mask: those that are out already, which are zero, and the smallest others. Of equal ones
/// the first go.
fn remove_smallest(count: usize, kernel: &[f32], mask: &mut [f32]) {
    let size = |at: &u32| kernel[*at as usize].abs() * mask[*at as usize];
    let mut order: Vec<u32> = (0..kernel.len() as u32).collect();
    let by_size = |a: &u32, b: &u32| size(a).total_cmp(&size(b)).then(a.cmp(b));
    if count < order.len() {
        order.select_nth_unstable_by(count, by_size);
    }
    let removed: Vec<u32> = order.into_iter().take(count).collect();
    removed.into_iter().for_each(|at| mask[at as usize] = 0.0);
}

/// `w ← w m`; what is not a number stays so, that a run which diverges is noticed.
fn multiply(weights: &mut [f32], mask: &[f32]) {
    const PART: usize = 16_384;
    weights.par_chunks_mut(PART).zip(mask.par_chunks(PART)).for_each(|(weights, mask)| {
        vectorized!({
            for (weight, kept) in weights.iter_mut().zip(mask) {
                *weight *= kept;
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dense, Function};
    use crate::{ModelSpec, Shape};

    /// `torch.nn.utils.prune.l1_unstructured` with `amount=0.5` on these kernels leaves the same weights.
    #[test]
    fn the_smallest_weights_of_each_kernel_are_removed_and_biases_stay() {
        let layers = vec![Dense::new(2, Function::Relu).into(), Dense::new(2, Function::Linear).into()];
        let network = ModelSpec { layers }.build(Shape::flat(2), 2).unwrap();
        let mut weights = network.init_weights(1);
        weights.values_mut().copy_from_slice(&[0.4, -0.1, 0.2, -0.3, 0.0, 0.01, 5.0, -7.0, 6.0, 8.0, 0.02, 0.0]);
        let mut average = weights.clone();
        let mut pruning = Pruning::default();
        pruning.apply(0.5, &network, &network.whole(), &mut weights, Some(&mut average));
        assert_eq!(weights.values(), [0.4, 0.0, 0.0, -0.3, 0.0, 0.01, 0.0, -7.0, 0.0, 8.0, 0.02, 0.0]);
        assert_eq!(average, weights);
        // A pruned weight stays zero, whatever the optimizer adds to it, and also where a run goes on from a file.
        for mut pruning in [pruning, Pruning::default()] {
            let mut next = weights.clone();
            if !pruning.mask.is_empty() {
                next.values_mut()[1] = 9.0;
            }
            pruning.apply(0.75, &network, &network.whole(), &mut next, None);
            assert_eq!(next.values(), [0.4, 0.0, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 8.0, 0.02, 0.0]);
        }
    }

    #[test]
    fn the_share_grows_fast_and_then_slowly_and_is_whole_after_half_of_the_run() {
        assert_eq!((share_at(0.8, 0.0), share_at(0.8, 0.5), share_at(0.8, 1.0)), (0.0, 0.8, 0.8));
        assert!((share_at(0.8, 0.25) - 0.8 * (1.0 - 0.125)).abs() < 1e-6);
        let shares: Vec<f32> = (0..=1000).map(|at| share_at(1.0, at as f32 / 1000.0)).collect();
        assert!(shares.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
