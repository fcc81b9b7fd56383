//! Many numbers of each sample as two: principal component analysis (Pearson 1901, Hotelling 1933).

use ndarray::{Array2, Axis};

use backprop_nn::init::mix;

/// Samples in the plane of their first two principal components.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// The place of each sample.
    pub points: Vec<[f32; 2]>,
    /// The share of the variance that each component explains.
    pub explained: [f64; 2],
}

/// Directions that are followed at once: two more than are wanted, so that those converge sooner.
const DIRECTIONS: usize = 4;

/// Times that the directions are turned towards those of the most variance.
const TURNS: usize = 60;

/// Projects samples of `width` numbers each, `[samples, width]`. Nothing if there are fewer than three, or if they are all the same.
/// As in scikit-learn's `PCA`, the sign of a component is such that its largest number is positive.
pub fn principal(values: &[f32], width: usize) -> Option<Projection> {
    let samples = values.len() / width.max(1);
    if samples < 3 || width < 2 {
        return None;
    }
    let mut centered =
        Array2::from_shape_vec((samples, width), values.iter().copied().map(f64::from).collect()).ok()?;
    centered -= &centered.mean_axis(Axis(0))?;
    let variance: f64 = centered.iter().map(|value| value * value).sum();
    if !variance.is_finite() || variance <= 0.0 {
        return None;
    }
    // Subspace iteration, which turns random directions towards those of the most variance.
    let random = |(row, column): (usize, usize)| mix(row as u64, column as u64) as f64 / u64::MAX as f64 - 0.5;
    let mut basis = Array2::from_shape_fn((width, DIRECTIONS.min(width).min(samples)), random);
    for _ in 0..TURNS {
        orthonormalize(&mut basis);
        basis = centered.t().dot(&centered.dot(&basis));
    }
    orthonormalize(&mut basis);
    // Within them, the directions of the most variance are the eigenvectors of a small matrix (Rayleigh and Ritz).
    let coordinates = centered.dot(&basis);
    let (eigenvalues, vectors) = eigen(coordinates.t().dot(&coordinates));
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|one, other| eigenvalues[*other].total_cmp(&eigenvalues[*one]));
    let components = basis.dot(&vectors);
    let sign = |at: usize| {
        let largest = components
            .column(at)
            .iter()
            .copied()
            .fold(0.0f64, |most, number| if number.abs() > most.abs() { number } else { most });
        largest.signum()
    };
    let places = coordinates.dot(&vectors);
    let [first, second] = [order[0], order[1]].map(|at| (at, sign(at)));
    let point = |row: usize| [first, second].map(|(at, sign)| (places[[row, at]] * sign) as f32);
    let explained = [first.0, second.0].map(|at| eigenvalues[at].max(0.0) / variance);
    Some(Projection { points: (0..samples).map(point).collect(), explained })
}

impl Projection {
    /// Turns components over that point the other way than those of the same samples did at another moment: a component is one whatever
    /// its sign, and a picture that changes it jumps.
    #[must_use]
    pub fn facing(mut self, before: &Self) -> Self {
        for axis in 0..2 {
            let along: f32 = self.points.iter().zip(&before.points).map(|(now, before)| now[axis] * before[axis]).sum();
            if self.points.len() == before.points.len() && along < 0.0 {
                self.points.iter_mut().for_each(|point| point[axis] = -point[axis]);
            }
        }
        self
    }
}

/// Makes the columns orthogonal and of length one (Gram and Schmidt); one that depends on those before it becomes zero.
pub(super) fn orthonormalize(basis: &mut Array2<f64>) {
    for at in 0..basis.ncols() {
        let before = basis.column(at).dot(&basis.column(at)).sqrt();
        // Twice, since once leaves what rounding lost.
        for _ in 0..2 {
            for other in 0..at {
                let along = basis.column(other).dot(&basis.column(at));
                let part = basis.column(other).to_owned() * along;
                let mut column = basis.column_mut(at);
                column -= &part;
            }
        }
        let length = basis.column(at).dot(&basis.column(at)).sqrt();
        let by = if length > 1e-12 * before { 1.0 / length } else { 0.0 };
        basis.column_mut(at).mapv_inplace(|number| number * by);
    }
}

/// Eigenvalues and eigenvectors, a column each, of a small symmetric matrix, by Jacobi's rotations.
pub(super) fn eigen(mut matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    const SWEEPS: usize = 30;
    let size = matrix.nrows();
    let mut vectors = Array2::eye(size);
    for _ in 0..SWEEPS {
        for (row, column) in (0..size).flat_map(|row| (row + 1..size).map(move |column| (row, column))) {
            let off = matrix[[row, column]];
            if off == 0.0 {
                continue;
            }
            let angle = 0.5 * (2.0 * off).atan2(matrix[[column, column]] - matrix[[row, row]]);
            let mut rotation = Array2::eye(size);
            let (sine, cosine) = angle.sin_cos();
            rotation[[row, row]] = cosine;
            rotation[[column, column]] = cosine;
            rotation[[row, column]] = sine;
            rotation[[column, row]] = -sine;
            matrix = rotation.t().dot(&matrix).dot(&rotation);
            vectors = vectors.dot(&rotation);
        }
    }
    (matrix.diag().to_vec(), vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples whose numbers follow one another by a rule that Python can repeat.
    fn samples(count: usize, width: usize) -> Vec<f32> {
        let number = |at: usize| {
            let (row, column) = (at / width, at % width);
            ((row * (column + 3) * 7919 % 1009) as f32 / 1009.0) * (1.0 + column as f32)
        };
        (0..count * width).map(number).collect()
    }

    /// The points of scikit-learn's PCA: `tests/fixtures/pca.py` prints them.
    #[test]
    fn the_first_two_components_are_scikit_learns() {
        let found = principal(&samples(40, 6), 6).unwrap();
        let expected =
            [(0, [-4.13871, -0.5096]), (7, [0.32273, -0.06638]), (23, [-2.30541, 1.75635]), (39, [1.15135, -0.11566])];
        for (at, [x, y]) in expected {
            let [found_x, found_y] = found.points[at];
            assert!((found_x - x).abs() < 1e-3 && (found_y - y).abs() < 1e-3, "{at}: {:?} {x} {y}", found.points[at]);
        }
        for (found, expected) in found.explained.iter().zip([0.459_112, 0.244_360]) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn components_keep_the_way_that_they_point_from_one_moment_to_the_next() {
        let before = principal(&samples(40, 6), 6).unwrap();
        let turned = |factors: [f32; 2]| {
            let points = before.points.iter().map(|[x, y]| [x * factors[0], y * factors[1]]).collect();
            Projection { points, ..before.clone() }.facing(&before)
        };
        assert_eq!(turned([-1.0, 1.0]), before);
        assert_eq!(turned([-1.0, -1.0]), before);
        let fewer = Projection { points: vec![[-1.0, 1.0]], ..before.clone() };
        assert_eq!(fewer.clone().facing(&before), fewer, "of other samples");
    }

    #[test]
    fn a_line_is_one_component_and_what_never_changes_is_none() {
        let line: Vec<f32> = (0..20).flat_map(|at| [at as f32, 2.0 * at as f32, 3.0]).collect();
        let found = principal(&line, 3).unwrap();
        assert!((found.explained[0] - 1.0).abs() < 1e-9 && found.explained[1] < 1e-9);
        assert!(found.points.windows(2).all(|pair| pair[1][0] > pair[0][0] && pair[0][1].abs() < 1e-4));
        assert_eq!(principal(&[1.0; 30], 3), None);
        assert_eq!(principal(&[f32::NAN; 30], 3), None);
        assert_eq!(principal(&[1.0, 2.0, 3.0, 4.0], 2), None);
    }
}
