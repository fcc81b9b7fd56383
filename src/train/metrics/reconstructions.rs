//! Reconstructions and their metrics, which are taken over all numbers of the samples, in the scale of the network's
//! inputs: pixels from 0 to 1, other numbers standardized.

/// The error of each reconstruction, and sums over all numbers of all samples. The reconstructions are not stored, as
/// they are as large as the samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReconstructionPredictions {
    /// Position of each sample in the data set's samples, in the order of the subset.
    pub samples: Vec<u32>,
    /// Root mean squared error of each sample.
    pub errors: Vec<f32>,
    count: usize,
    absolute: f64,
    squared: f64,
    /// Of the truths, and of their squares.
    sum: f64,
    squares: f64,
}

impl ReconstructionPredictions {
    /// No reconstructions yet, with capacity for this many samples.
    pub fn new(samples: usize) -> Self {
        let (samples, errors) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
        Self { samples, errors, ..Self::default() }
    }

    /// Adds the samples at these positions and their reconstructions, both `[positions, width]`.
    pub fn add(&mut self, at: &[u32], width: usize, truths: &[f32], given: &[f32]) {
        self.samples.extend_from_slice(at);
        for (truths, given) in truths.chunks_exact(width.max(1)).zip(given.chunks_exact(width.max(1))).take(at.len()) {
            self.errors.push(distance(truths, given));
            for (truth, given) in truths.iter().zip(given).map(|(truth, given)| (f64::from(*truth), f64::from(*given)))
            {
                self.absolute += (truth - given).abs();
                self.squared += (truth - given).powi(2);
                self.sum += truth;
                self.squares += truth * truth;
            }
            self.count += truths.len();
        }
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / self.count as f64)
    }

    /// Mean absolute error.
    pub fn mae(&self) -> Option<f64> {
        self.mean(self.absolute)
    }

    /// Root of the mean squared error.
    pub fn rmse(&self) -> Option<f64> {
        self.mean(self.squared).map(f64::sqrt)
    }

    /// The share of the variance of all numbers about their common mean that is explained. Where all are equal it is 1
    /// if they were met and 0 otherwise; for a single number it is absent.
    pub fn r2(&self) -> Option<f64> {
        let middle = self.mean(self.sum)?;
        // What is left of equal numbers is rounding.
        let total = self.squares - middle * self.sum;
        match self.count {
            0 | 1 => None,
            _ if self.squared == 0.0 => Some(1.0),
            _ if total <= f64::EPSILON * self.squares => Some(0.0),
            _ => Some(1.0 - self.squared / total),
        }
    }
}

/// The root of the mean squared difference.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    (sum / a.len().max(1) as f32).sqrt()
}
