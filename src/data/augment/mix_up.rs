//! Mix-up (Zhang et al. 2018): samples are blended in pairs, and so are their losses.

use rand::RngExt as _;

use backprop_nn::init::Rng;
use backprop_nn::kernels::vectorized;

/// Blends the samples of a shard, `[samples, shape]`, in pairs: the first with the second, and so on. Writes the share
/// that each sample keeps to `shares`, the same for both of a pair; the rest comes from the other sample. The last of
/// an odd number is not changed.
///
/// The share is drawn from Beta(alpha, alpha), `alpha` above 0 and up to 1. The pairs change in every epoch, as the
/// order of the samples does.
pub fn blend_pairs(alpha: f32, inputs: &mut [f32], shares: &mut [f32], rng: &mut Rng) {
    let len = inputs.len() / shares.len().max(1);
    shares.fill(1.0);
    for (pair, shares) in inputs.chunks_exact_mut((2 * len).max(1)).zip(shares.chunks_exact_mut(2)) {
        let own = beta(f64::from(alpha), rng) as f32;
        shares.fill(own);
        let (first, second) = pair.split_at_mut(len);
        vectorized!({
            for (a, b) in first.iter_mut().zip(second) {
                (*a, *b) = (own * *a + (1.0 - own) * *b, own * *b + (1.0 - own) * *a);
            }
        });
    }
}

/// A number of Beta(alpha, alpha) by Jöhnk's method (1964), in logarithms, as the powers of a small alpha are too small
/// for numbers. At least every second try is taken where alpha is not above 1.
fn beta(alpha: f64, rng: &mut Rng) -> f64 {
    loop {
        let [x, y] = [(); 2].map(|()| (1.0 - rng.random::<f64>()).ln() / alpha);
        let larger = x.max(y);
        let sum = larger + ((x - larger).exp() + (y - larger).exp()).ln();
        if sum <= 0.0 {
            return (x - sum).exp();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_nn::init::stream;

    /// Beta(α, α) has the mean 1/2 and the variance 1 / (4 (2 α + 1)).
    #[test]
    fn shares_have_the_moments_of_their_distribution() {
        for alpha in [0.01, 0.2, 1.0] {
            let mut rng = stream(3, 0);
            let drawn: Vec<f64> = (0..100_000).map(|_| beta(alpha, &mut rng)).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let variance = drawn.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            assert!((variance * 4.0 * (2.0 * alpha + 1.0) - 1.0).abs() < 0.02, "{alpha}: {variance}");
        }
    }

    #[test]
    fn both_of_a_pair_keep_the_same_share_and_an_odd_one_is_left_alone() {
        let whole = [0.0, 1.0, 10.0, 11.0, 20.0, 21.0];
        let (mut inputs, mut shares) = (whole, [f32::NAN; 3]);
        blend_pairs(1.0, &mut inputs, &mut shares, &mut stream(3, 0));
        let own = shares[0];
        assert!(own > 0.0 && own < 1.0 && shares == [own, own, 1.0], "{shares:?}");
        for (at, expected) in
            [10.0 * (1.0 - own), 1.0 + 10.0 * (1.0 - own), 10.0 * own, 1.0 + 10.0 * own, 20.0, 21.0].iter().enumerate()
        {
            assert!((inputs[at] - expected).abs() < 1e-5, "{inputs:?}");
        }
    }
}
