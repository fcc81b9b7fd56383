//! How much each sample counts as a neighbor of each other.

use ndarray::{Array2, Axis};

/// The width of a neighborhood is looked for in so many halvings.
const HALVINGS: usize = 100;

/// How near the entropy of a neighborhood comes to that of the perplexity.
const TOLERANCE: f64 = 1e-10;

/// The probability with which two samples are chosen as neighbors; of those that are not near, it is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Affinities {
    /// Where the neighbors of each sample begin, and where those of the last one end.
    begins: Vec<usize>,
    /// The neighbor and the probability.
    pairs: Vec<(u32, f64)>,
}

impl Affinities {
    /// Of samples with `width` numbers each, `[samples, width]`, among each one's nearest `neighbors`. Nothing if there are fewer than
    /// two samples, or numbers that are not finite.
    pub fn of(values: &[f32], width: usize, perplexity: f64, neighbors: usize) -> Option<Self> {
        let count = values.len() / width.max(1);
        if count < 2 {
            return None;
        }
        let distances = squared_distances(values, width, count)?;
        let neighbors = neighbors.clamp(1, count - 1);
        let mut rows: Vec<Vec<(u32, f64)>> = vec![Vec::new(); count];
        for (at, row) in distances.rows().into_iter().enumerate() {
            let others = row.iter().enumerate().filter(|(other, _)| *other != at);
            let mut others: Vec<(u32, f64)> = others.map(|(other, distance)| (other as u32, *distance)).collect();
            if neighbors < others.len() {
                let order = |one: &(u32, f64), other: &(u32, f64)| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0));
                others.select_nth_unstable_by(neighbors - 1, order);
                others.truncate(neighbors);
            }
            spread(&mut others, perplexity);
            for (other, share) in others {
                // A neighbor of one is a neighbor of the other.
                rows[at].push((other, share));
                rows[other as usize].push((at as u32, share));
            }
        }
        let total = 2.0 * count as f64;
        let mut affinities = Self { begins: vec![0], pairs: Vec::new() };
        for mut row in rows {
            row.sort_by_key(|(other, _)| *other);
            for (other, share) in row {
                let begin = affinities.begins.last().copied().unwrap_or_default();
                match affinities.pairs[begin..].last_mut() {
                    Some(last) if last.0 == other => last.1 += share / total,
                    _ => affinities.pairs.push((other, share / total)),
                }
            }
            affinities.begins.push(affinities.pairs.len());
        }
        Some(affinities)
    }

    /// Each sample with each of its neighbors, and their probability. Both directions are there; all of them add up to one.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        self.begins.windows(2).enumerate().flat_map(move |(one, range)| {
            self.pairs[range[0]..range[1]].iter().map(move |(other, affinity)| (one, *other as usize, *affinity))
        })
    }
}

/// The squared Euclidean distances of all samples.
fn squared_distances(values: &[f32], width: usize, count: usize) -> Option<Array2<f64>> {
    let wide = values[..count * width].iter().copied().map(f64::from).collect();
    let mut samples = Array2::from_shape_vec((count, width), wide).ok()?;
    // Distances stay, and less is lost where large numbers cancel.
    samples -= &samples.mean_axis(Axis(0))?;
    let mut distances = samples.dot(&samples.t());
    let lengths = distances.diag().to_owned();
    if !lengths.sum().is_finite() {
        return None;
    }
    for ((one, other), product) in distances.indexed_iter_mut() {
        *product = (lengths[one] + lengths[other] - 2.0 * *product).max(0.0);
    }
    Some(distances)
}

/// Turns squared distances into the probabilities of a normal distribution, as wide as its perplexity says.
fn spread(others: &mut [(u32, f64)], perplexity: f64) {
    let nearest = others.iter().map(|(_, distance)| *distance).fold(f64::INFINITY, f64::min);
    others.iter_mut().for_each(|(_, distance)| *distance -= nearest);
    let (mut precision, mut low, mut high) = (1.0f64, 0.0f64, f64::INFINITY);
    let mut sum = 0.0;
    for _ in 0..HALVINGS {
        let mut moment = 0.0;
        sum = 0.0;
        for (_, distance) in &*others {
            let weight = (-distance * precision).exp();
            (sum, moment) = (sum + weight, moment + weight * distance);
        }
        let excess = sum.ln() + precision * moment / sum - perplexity.ln();
        if excess.abs() <= TOLERANCE {
            break;
        }
        if excess > 0.0 {
            low = precision
        } else {
            high = precision
        }
        let next = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * precision };
        // Where all are equally near, no width is wide enough.
        if !next.is_finite() || next == precision {
            break;
        }
        precision = next;
    }
    for (_, distance) in others {
        *distance = (-*distance * precision).exp() / sum;
    }
}
