//! Points of the plane in cells within cells, so that those far away can be taken together.

/// Cells within cells: points that still share one are as good as the same.
const DEEPEST: usize = 48;

/// No cell, or no point.
const NONE: u32 = u32::MAX;

struct Cell {
    middle: [f64; 2],
    /// Its width and height.
    side: f64,
    /// The mean of its points, and how many there are.
    mean: [f64; 2],
    count: f64,
    /// The four cells within, none in a leaf.
    within: [u32; 4],
    /// The last point that came into it, while it is a leaf.
    last: u32,
}

/// A tree of cells, each of which is divided into four until each has one point.
pub struct Quadtree<'a> {
    points: &'a [[f64; 2]],
    cells: Vec<Cell>,
    /// The leaf that each point is in, and the point that came into it before.
    leaf_of: Vec<u32>,
    before: Vec<u32>,
}

impl<'a> Quadtree<'a> {
    /// A tree of these points.
    pub fn new(points: &'a [[f64; 2]]) -> Self {
        let bound = |pick: fn(f64, f64) -> f64, from: f64| {
            points.iter().fold([from; 2], |[x, y], point| [pick(x, point[0]), pick(y, point[1])])
        };
        let (low, high) = (bound(f64::min, f64::INFINITY), bound(f64::max, f64::NEG_INFINITY));
        let side = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
        let root = Cell::new([0, 1].map(|axis| (low[axis] + high[axis]) / 2.0), side * (1.0 + 1e-9));
        let none = vec![NONE; points.len()];
        let mut tree = Self { points, cells: vec![root], leaf_of: none.clone(), before: none };
        for at in 0..points.len() {
            tree.insert(at as u32);
        }
        tree
    }

    fn insert(&mut self, at: u32) {
        let point = self.points[at as usize];
        let mut cell = 0;
        for depth in 0.. {
            let Cell { count, mean, within, .. } = &mut self.cells[cell];
            let (before, place) = (*count, *mean);
            *count += 1.0;
            for axis in 0..2 {
                mean[axis] += (point[axis] - mean[axis]) / *count;
            }
            let is_leaf = within[0] == NONE;
            if is_leaf && (before == 0.0 || place == point || depth >= DEEPEST) {
                self.before[at as usize] = std::mem::replace(&mut self.cells[cell].last, at);
                self.leaf_of[at as usize] = cell as u32;
                return;
            }
            if is_leaf {
                self.divide(cell, before, place);
            }
            cell = self.within(cell, point);
        }
    }

    /// Divides a leaf, and moves what was in it into the cell below.
    fn divide(&mut self, cell: usize, count: f64, place: [f64; 2]) {
        let Cell { middle, side, .. } = self.cells[cell];
        let first = self.cells.len() as u32;
        for [x, y] in [[-0.25, -0.25], [0.25, -0.25], [-0.25, 0.25], [0.25, 0.25]] {
            self.cells.push(Cell::new([middle[0] + x * side, middle[1] + y * side], side / 2.0));
        }
        self.cells[cell].within = [0, 1, 2, 3].map(|at| first + at);
        let below = self.within(cell, place);
        let last = std::mem::replace(&mut self.cells[cell].last, NONE);
        let Cell { count: count_below, mean, last: last_below, .. } = &mut self.cells[below];
        (*count_below, *mean, *last_below) = (count, place, last);
        let mut moved = last;
        while moved != NONE {
            self.leaf_of[moved as usize] = below as u32;
            moved = self.before[moved as usize];
        }
    }

    fn within(&self, cell: usize, point: [f64; 2]) -> usize {
        let Cell { middle, within, .. } = &self.cells[cell];
        let quarter = usize::from(point[0] > middle[0]) + 2 * usize::from(point[1] > middle[1]);
        within[quarter] as usize
    }

    /// Visits all other points: for a cell that looks smaller than `angle`, or for a leaf, the way from its mean to the point, and how
    /// many points it stands for.
    pub fn visit(&self, at: usize, angle: f64, mut visit: impl FnMut([f64; 2], f64)) {
        let (point, own) = (self.points[at], self.leaf_of[at] as usize);
        let mut left = Vec::with_capacity(64);
        left.push(0u32);
        while let Some(cell) = left.pop() {
            let number = cell as usize;
            let Cell { side, mean, count, within, .. } = &self.cells[number];
            let away = [point[0] - mean[0], point[1] - mean[1]];
            if within[0] == NONE {
                let count = if number == own { count - 1.0 } else { *count };
                if count > 0.0 {
                    visit(away, count);
                }
                continue;
            }
            let distance = away[0] * away[0] + away[1] * away[1];
            if side * side < angle * angle * distance {
                visit(away, *count);
            } else {
                left.extend(within.iter().filter(|below| self.cells[**below as usize].count > 0.0));
            }
        }
    }
}

impl Cell {
    fn new(middle: [f64; 2], side: f64) -> Self {
        Self { middle, side, mean: [0.0; 2], count: 0.0, within: [NONE; 4], last: NONE }
    }
}
