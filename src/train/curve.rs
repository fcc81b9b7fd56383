//! The history of one metric in bounded memory: a million steps cost what a few thousand cost, and no spike is lost.

/// The default number of buckets of a curve.
pub const DEFAULT_CAPACITY: usize = 4096;

/// A live series of points whose x never decreases.
///
/// Points are gathered in buckets, at first one in each. When the capacity is reached, neighbors are merged and from
/// then on a bucket takes twice as many points. A bucket knows its mean and its extremes, so that a spike of one step
/// among a million still shows. A push costs O(1), amortized.
///
/// **A value that is not a number** (NaN or infinite, as y or as x) is never merged away silently. It is in no bucket
/// and in no mean; it is counted, the x of the first is stored, and it breaks the line: the next bucket has
/// [`Bucket::is_gap`] and is never merged with the bucket before. From the 65th break on, a break leaves no gap, so
/// that a series that alternates between numbers and NaN stays bounded too; it is still counted.
#[derive(Clone, Debug)]
pub struct Curve {
    buckets: Vec<Bucket>,
    capacity: usize,
    /// Points that a bucket takes before the next one begins.
    stride: u32,
    last: Option<(f64, f32)>,
    n_non_finite: u64,
    first_non_finite: Option<f64>,
    gap_ahead: bool,
    n_gaps: usize,
}

/// A curve that has come back by more than this share of its way has turned.
const TURNED: f64 = 0.05;

/// What a curve does as a whole; each point is x and y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The first point.
    pub first: [f64; 2],
    /// The last point.
    pub last: [f64; 2],
    /// The lowest point of a curve that fell and rises again, the highest of one that rose and falls again.
    pub turn: Option<[f64; 2]>,
}

/// Neighboring points of a curve, merged into one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Mean x of the points.
    pub x: f64,
    /// Mean y of the points.
    pub mean: f32,
    /// Smallest y of the points.
    pub min: f32,
    /// Largest y of the points.
    pub max: f32,
    /// Number of points.
    pub count: u32,
    /// Whether a value that was not a number came between the bucket before and this one.
    pub is_gap: bool,
}

impl Bucket {
    fn absorb(&mut self, next: &Self) {
        let share = f64::from(next.count) / (f64::from(self.count) + f64::from(next.count));
        self.x += (next.x - self.x) * share;
        self.mean = (f64::from(self.mean) + (f64::from(next.mean) - f64::from(self.mean)) * share) as f32;
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
        self.count = self.count.saturating_add(next.count);
    }
}

impl Default for Curve {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl Curve {
    /// An empty curve that keeps at most `capacity` buckets; fewer than 8 are not kept.
    pub fn new(capacity: usize) -> Self {
        Self {
            buckets: Vec::new(),
            capacity: capacity.max(8),
            stride: 1,
            last: None,
            n_non_finite: 0,
            first_non_finite: None,
            gap_ahead: false,
            n_gaps: 0,
        }
    }

    /// Adds a point. `x` must not be smaller than the one before.
    pub fn push(&mut self, x: f64, y: f32) {
        if !(x.is_finite() && y.is_finite()) {
            self.n_non_finite += 1;
            self.first_non_finite.get_or_insert(x);
            self.gap_ahead = true;
            return;
        }
        self.last = Some((x, y));
        let is_gap = self.gap_ahead && !self.buckets.is_empty() && self.n_gaps < self.most_gaps();
        self.gap_ahead = false;
        let point = Bucket { x, mean: y, min: y, max: y, count: 1, is_gap };
        match self.buckets.last_mut() {
            Some(bucket) if !is_gap && bucket.count < self.stride => bucket.absorb(&point),
            _ => {
                self.n_gaps += usize::from(is_gap);
                if self.buckets.len() == self.capacity {
                    self.halve();
                }
                self.buckets.push(point);
            }
        }
    }

    /// Forgets what came after this x. What was merged with earlier points stays.
    pub fn cut(&mut self, after: f64) {
        self.buckets.truncate(self.buckets.partition_point(|bucket| bucket.x <= after));
        if self.last.is_some_and(|(x, _)| x > after) {
            self.last = self.buckets.last().map(|bucket| (bucket.x, bucket.mean));
        }
        if self.first_non_finite.is_some_and(|x| x > after) {
            (self.first_non_finite, self.n_non_finite, self.gap_ahead) = (None, 0, false);
        }
    }

    /// Forgets everything but the capacity.
    pub fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Whether no number was pushed yet; NaN and infinite values do not count.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The buckets in the order of x.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The last point that was a number, exactly as it was pushed.
    pub fn last(&self) -> Option<(f64, f32)> {
        self.last
    }

    /// How many values were not numbers.
    pub fn n_non_finite(&self) -> u64 {
        self.n_non_finite
    }

    /// The x of the first value that was not a number.
    pub fn first_non_finite(&self) -> Option<f64> {
        self.first_non_finite
    }

    /// The bucket nearest to `x`.
    pub fn value_at(&self, x: f64) -> Option<&Bucket> {
        Some(&self.buckets[self.index_at(x)?])
    }

    /// The index of the bucket nearest to `x`.
    pub fn index_at(&self, x: f64) -> Option<usize> {
        let after = self.buckets.partition_point(|bucket| bucket.x < x);
        let distance = |index: usize| self.buckets.get(index).map(|bucket| (bucket.x - x).abs());
        let before = after.checked_sub(1);
        match (before.and_then(distance), distance(after)) {
            (Some(left), Some(right)) if left <= right => before,
            (_, Some(_)) => Some(after),
            (_, None) => before,
        }
    }

    /// The moving average that TensorBoard draws, one point for each bucket.
    ///
    /// With weight w, `s ← w·s + (1 − w)·y` for every *point*, divided by `1 − wⁿ` so that the beginning is not drawn
    /// towards zero. A bucket of k points counts as k points at its mean. As long as all values are equal they are
    /// returned untouched. Gaps do not interrupt the average. Costs some nanoseconds a bucket: it is cheaper to go
    /// through again in every frame than to keep.
    pub fn smoothed(&self, weight: f32) -> impl Iterator<Item = [f64; 2]> {
        let weight = f64::from(weight).clamp(0.0, 0.9999);
        let mut sum = 0.0;
        let mut remaining = 1.0;
        let mut extremes: Option<(f32, f32)> = None;
        // Most buckets hold equally many points, so the power is hardly ever computed anew.
        let mut power = (1, weight);
        self.buckets.iter().map(move |bucket| {
            if power.0 != bucket.count {
                power = (bucket.count, weight.powf(f64::from(bucket.count)));
            }
            sum = sum * power.1 + f64::from(bucket.mean) * (1.0 - power.1);
            remaining *= power.1;
            let (low, high) = extremes.unwrap_or((bucket.min, bucket.max));
            let (low, high) = (low.min(bucket.min), high.max(bucket.max));
            extremes = Some((low, high));
            let y = if low == high { f64::from(low) } else { sum / (1.0 - remaining) };
            [bucket.x, y]
        })
    }

    /// Where the moving average began, where it is now, and its turning point between them; nothing of a single point.
    pub fn trend(&self, weight: f32) -> Option<Trend> {
        let points: Vec<[f64; 2]> = self.smoothed(weight).filter(|point| point[1].is_finite()).collect();
        let (first, last) = (*points.first()?, *points.last().filter(|_| points.len() > 1)?);
        // Of equal values the first, where the turn began.
        let extreme = |sign: f64| points.iter().fold(first, |a, b| if sign * b[1] > sign * a[1] { *b } else { a });
        let (low, high) = (extreme(-1.0), extreme(1.0));
        let (below, above) = (first[1].min(last[1]) - low[1], high[1] - first[1].max(last[1]));
        let (turn, depth) = if below > above { (low, below) } else { (high, above) };
        let is_turn = depth > TURNED * (high[1] - low[1]);
        Some(Trend { first, last, turn: is_turn.then_some(turn) })
    }

    fn most_gaps(&self) -> usize {
        (self.capacity / 4).min(64)
    }

    /// Merges neighbors in place; where the line is broken they stay apart.
    fn halve(&mut self) {
        self.stride = self.stride.saturating_mul(2);
        let mut kept = 0;
        let mut is_open = false;
        for index in 0..self.buckets.len() {
            let bucket = self.buckets[index];
            if is_open && !bucket.is_gap {
                self.buckets[kept - 1].absorb(&bucket);
                is_open = false;
            } else {
                self.buckets[kept] = bucket;
                kept += 1;
                is_open = true;
            }
        }
        self.buckets.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[f32]) -> Curve {
        let mut curve = Curve::default();
        for (x, y) in values.iter().enumerate() {
            curve.push(x as f64, *y);
        }
        curve
    }

    #[test]
    fn a_million_points_keep_the_capacity_and_every_point_counts() {
        let mut curve = Curve::new(1000);
        for step in 0..1_000_000 {
            curve.push(f64::from(step), (step % 7) as f32);
            assert!(curve.buckets().len() <= 1000);
        }
        assert!(curve.buckets().len() > 400);
        assert_eq!(curve.buckets().iter().map(|bucket| u64::from(bucket.count)).sum::<u64>(), 1_000_000);
        assert!(curve.buckets().is_sorted_by(|a, b| a.x < b.x));
        assert_eq!(curve.last(), Some((999_999.0, (999_999 % 7) as f32)));
        let mean = curve.buckets().iter().map(|bucket| f64::from(bucket.mean) * f64::from(bucket.count)).sum::<f64>();
        assert!((mean / 1e6 - 3.0).abs() < 1e-3, "{mean}");
    }

    #[test]
    fn a_single_spike_survives() {
        let mut curve = Curve::new(64);
        for step in 0..100_000 {
            curve.push(f64::from(step), if step == 31_337 { 1e6 } else { 0.5 });
        }
        let peak = curve.buckets().iter().max_by(|a, b| a.max.total_cmp(&b.max)).unwrap();
        assert_eq!(peak.max, 1e6);
        assert!((peak.x - 31_337.0).abs() < 4096.0);
        assert!(curve.buckets().iter().all(|bucket| bucket.min == 0.5));
    }

    #[test]
    fn smoothing_is_tensorboards() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for weight in [0.0, 0.6, 0.99] {
            let (mut last, mut n) = (0.0, 0);
            for ([x, smoothed], y) in curve(&values).smoothed(weight).zip(values) {
                let weight = f64::from(weight);
                last = last * weight + (1.0 - weight) * f64::from(y);
                n += 1;
                let expected = last / (1.0 - weight.powi(n));
                assert!((smoothed - expected).abs() < 1e-9, "{smoothed} instead of {expected} at {x}");
            }
        }
    }

    #[test]
    fn smoothing_does_not_depend_on_the_buckets() {
        let (mut fine, mut coarse) = (Curve::new(1 << 14), Curve::new(1 << 9));
        for step in 0..10_000 {
            let y = (step as f32 / 1000.0).sin();
            fine.push(f64::from(step), y);
            coarse.push(f64::from(step), y);
        }
        let fine: Vec<_> = fine.smoothed(0.999).collect();
        for ([_, smoothed], bucket) in coarse.smoothed(0.999).zip(coarse.buckets()) {
            let last = (bucket.x + f64::from(bucket.count - 1) / 2.0) as usize;
            assert!((smoothed - fine[last][1]).abs() < 0.01, "{smoothed} instead of {}", fine[last][1]);
        }
    }

    #[test]
    fn a_constant_series_stays_untouched() {
        assert!(curve(&[0.1; 1000]).smoothed(0.97).all(|[_, y]| y == f64::from(0.1_f32)));
    }

    #[test]
    fn what_is_not_a_number_breaks_the_line_and_is_counted() {
        let mut curve = curve(&[1.0, 2.0, f32::NAN, f32::INFINITY, 3.0, 4.0]);
        assert_eq!(curve.n_non_finite(), 2);
        assert_eq!(curve.first_non_finite(), Some(2.0));
        let gaps: Vec<_> = curve.buckets().iter().map(|bucket| bucket.is_gap).collect();
        assert_eq!(gaps, [false, false, true, false]);
        assert!(curve.smoothed(0.6).all(|[_, y]| y.is_finite()));
        curve.push(6.0, f32::NAN);
        assert_eq!(curve.last(), Some((5.0, 4.0)));
        curve.clear();
        assert_eq!((curve.n_non_finite(), curve.first_non_finite(), curve.last()), (0, None, None));
    }

    #[test]
    fn a_gap_is_never_merged_over_and_gaps_are_bounded() {
        let mut curve = Curve::new(16);
        for step in 0..1000 {
            curve.push(f64::from(step), if step == 499 { f32::NAN } else { 1.0 });
        }
        let after = curve.buckets().iter().position(|bucket| bucket.is_gap).unwrap();
        let before: u32 = curve.buckets()[..after].iter().map(|bucket| bucket.count).sum();
        assert_eq!(before, 499);

        let mut flickering = Curve::new(64);
        for step in 0..10_000 {
            flickering.push(f64::from(step), if step % 2 == 0 { 1.0 } else { f32::NAN });
            assert!(flickering.buckets().len() <= 64);
        }
        assert_eq!(flickering.n_non_finite(), 5000);
    }

    #[test]
    fn what_came_after_a_step_is_forgotten() {
        let mut curve = curve(&[1.0, 2.0, 3.0, 4.0, f32::NAN]);
        curve.cut(2.0);
        assert_eq!((curve.last(), curve.buckets().len(), curve.first_non_finite()), (Some((2.0, 3.0)), 3, None));
        curve.push(3.0, 9.0);
        assert!(curve.last() == Some((3.0, 9.0)) && !curve.buckets()[3].is_gap);
    }

    #[test]
    fn the_nearest_bucket_is_found() {
        let curve = curve(&[10.0, 11.0, 12.0]);
        let at = |x| curve.value_at(x).map(|bucket| bucket.mean);
        assert_eq!([at(-5.0), at(0.4), at(0.6), at(99.0)], [Some(10.0), Some(10.0), Some(11.0), Some(12.0)]);
        assert_eq!(Curve::default().value_at(1.0), None);
    }

    #[test]
    fn a_trend_tells_where_a_curve_turned() {
        let curve = |values: &[f32]| {
            let mut curve = Curve::default();
            (1..).zip(values).for_each(|(x, y)| curve.push(f64::from(x), *y));
            curve.trend(0.0)
        };
        let near = |point: [f64; 2], x: f64, y: f64| point[0] == x && (point[1] - y).abs() < 1e-6;
        let trend = curve(&[2.3, 0.9, 0.2, 0.5, 0.6]).unwrap();
        assert!(near(trend.first, 1.0, 2.3) && near(trend.last, 5.0, 0.6) && near(trend.turn.unwrap(), 3.0, 0.2));
        assert_eq!(curve(&[2.3, 0.9, 0.2, 0.21]).unwrap().turn, None, "it has hardly risen");
        assert!(near(curve(&[0.1, 0.8, 0.9, 0.7]).unwrap().turn.unwrap(), 3.0, 0.9));
        let overfitted = curve(&[0.7, 0.3, 0.9]).unwrap();
        assert!(near(overfitted.turn.unwrap(), 2.0, 0.3), "it ends higher than it began");
        assert_eq!(curve(&[0.5, 0.5, 0.5]).unwrap().turn, None);
        assert_eq!(curve(&[0.5]), None);
    }
}
