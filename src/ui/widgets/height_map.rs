//! Numbers over a part of the plane: colors from low to high, and lines along which they are equal.

use std::ops::RangeInclusive;

use eframe::egui::{Color32, Mesh, Painter, Pos2, Stroke, pos2};
use egui_plot::PlotTransform;

use super::numbers::{round_up, significant};
use crate::ui::theme::{self, Palette};

/// So many lines there are at least where there is a choice, and at most.
const LINES: [usize; 2] = [5, 12];

/// From where on the numbers are so far apart that their logarithms are shown: the greatest over the least.
const FAR_APART: f64 = 5.0;

/// Numbers at the crossings of a square grid over a part of the plane.
#[derive(Clone, Copy)]
pub struct HeightMap<'a> {
    /// The part of the plane: x and y.
    pub ranges: &'a [RangeInclusive<f64>; 2],
    /// Rows and columns.
    pub side: usize,
    /// `[side, side]`, the lowest y first. A number that is not finite is higher than all others.
    pub values: &'a [f64],
}

/// How numbers become heights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heights {
    /// The least and the greatest finite number.
    pub bounds: [f64; 2],
    is_logarithmic: bool,
}

impl Heights {
    /// From the least to the greatest finite one of these numbers; nothing if there is none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let finite = values.iter().copied().filter(|value| value.is_finite());
        let bounds = finite.fold(None, |bounds: Option<[f64; 2]>, value| {
            let [low, high] = bounds.unwrap_or([value; 2]);
            Some([low.min(value), high.max(value)])
        })?;
        Some(Self { bounds, is_logarithmic: bounds[0] > 0.0 && bounds[1] > FAR_APART * bounds[0] })
    }

    /// The height of a number, 0 to 1.
    fn share(&self, value: f64) -> f32 {
        let scaled = |value: f64| if self.is_logarithmic { value.ln() } else { value };
        let [low, high] = self.bounds.map(scaled);
        if !value.is_finite() || high <= low {
            return if value.is_finite() { 0.0 } else { 1.0 };
        }
        ((scaled(value) - low) / (high - low)).clamp(0.0, 1.0) as f32
    }

    /// The round numbers at which lines are drawn, from low to high.
    pub fn levels(&self) -> Vec<f64> {
        let [low, high] = self.bounds;
        if high <= low {
            return Vec::new();
        }
        let within = |values: &mut dyn Iterator<Item = f64>| {
            values.filter(|value| *value > low && *value < high).collect::<Vec<f64>>()
        };
        if self.is_logarithmic {
            let decades = low.log10().floor() as i32..=high.log10().floor() as i32;
            let digits: [&[f64]; 4] = [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]];
            let found = digits.map(|digits| {
                let values = decades.clone().flat_map(|decade| digits.iter().map(move |digit| (digit, decade)));
                within(&mut values.map(|(digit, decade)| digit * 10f64.powi(decade)))
            });
            let enough = found.iter().find(|levels| levels.len() >= LINES[0]).or(found.last());
            return enough.map(|levels| thinned(levels)).unwrap_or_default();
        }
        let step = round_up((high - low) / LINES[1] as f64);
        let first = (low / step).floor() as i64;
        within(&mut (0..=LINES[1] as i64 + 1).map(|at| (first + at) as f64 * step))
    }
}

/// No more lines than can be told apart: every second, third and so on.
fn thinned(levels: &[f64]) -> Vec<f64> {
    let every = levels.len().div_ceil(LINES[1]).max(1);
    levels.iter().copied().step_by(every).collect()
}

impl HeightMap<'_> {
    fn place(&self, row: usize, column: usize) -> [f64; 2] {
        let along = |range: &RangeInclusive<f64>, at: usize| {
            range.start() + (range.end() - range.start()) * at as f64 / (self.side - 1).max(1) as f64
        };
        [along(&self.ranges[0], column), along(&self.ranges[1], row)]
    }

    fn value(&self, row: usize, column: usize) -> f64 {
        self.values.get(row * self.side + column).copied().unwrap_or(f64::NAN)
    }

    /// The number at a place, between those around it; nothing outside.
    pub fn at(&self, place: [f64; 2]) -> Option<f64> {
        let cells = self.side.checked_sub(1).filter(|cells| *cells > 0)?;
        let share = |axis: usize| {
            let range = &self.ranges[axis];
            let share = (place[axis] - range.start()) / (range.end() - range.start());
            (0.0..=1.0).contains(&share).then_some(share * cells as f64)
        };
        let (x, y) = (share(0)?, share(1)?);
        let (column, row) = ((x as usize).min(cells - 1), (y as usize).min(cells - 1));
        let (x, y) = (x - column as f64, y - row as f64);
        let [low, high] =
            [row, row + 1].map(|row| self.value(row, column) * (1.0 - x) + self.value(row, column + 1) * x);
        Some(low * (1.0 - y) + high * y)
    }

    /// Paints the colors, and the lines of equal numbers.
    pub fn paint(&self, painter: &Painter, transform: &PlotTransform, palette: &Palette, heights: &Heights) {
        let on_screen = |[x, y]: [f64; 2]| pos2(transform.position_from_point_x(x), transform.position_from_point_y(y));
        let side = self.side as u32;
        let mut mesh = Mesh::default();
        for (row, column) in self.crossings() {
            mesh.colored_vertex(on_screen(self.place(row, column)), color(palette, heights, self.value(row, column)));
            let at = row as u32 * side + column as u32;
            if row > 0 && column > 0 {
                mesh.add_triangle(at, at - 1, at - side);
                mesh.add_triangle(at - side - 1, at - 1, at - side);
            }
        }
        painter.add(mesh);
        for level in heights.levels() {
            let ground = color(palette, heights, level);
            let stroke = Stroke::new(1.0, theme::text_on(ground).gamma_multiply(0.55));
            for line in self.lines(level) {
                painter.line_segment(line.map(on_screen), stroke);
            }
        }
    }

    fn crossings(&self) -> impl Iterator<Item = (usize, usize)> {
        let side = self.side;
        (0..side).flat_map(move |row| (0..side).map(move |column| (row, column)))
    }

    /// The line along which the numbers are equal to this one, in pieces (marching squares).
    pub fn lines(&self, level: f64) -> Vec<[[f64; 2]; 2]> {
        let mut lines = Vec::new();
        for (row, column) in self.crossings().filter(|(row, column)| row + 1 < self.side && column + 1 < self.side) {
            // Around the cell, from one corner to the next.
            let corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
                .map(|(row, column)| (self.place(row, column), self.value(row, column)));
            if corners.iter().any(|(_, value)| !value.is_finite()) {
                continue;
            }
            let crossed = |at: usize| {
                let ((from, low), (to, high)) = (corners[at], corners[(at + 1) % 4]);
                let share = (level - low) / (high - low);
                ((low < level) != (high < level))
                    .then(|| [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis])))
            };
            match [0, 1, 2, 3].map(crossed) {
                [Some(bottom), Some(right), Some(top), Some(left)] => {
                    // A saddle: its middle tells which corners belong together.
                    let middle = corners.iter().map(|(_, value)| value).sum::<f64>() / 4.0;
                    match (middle < level) == (corners[0].1 < level) {
                        true => lines.extend([[bottom, right], [top, left]]),
                        false => lines.extend([[bottom, left], [right, top]]),
                    }
                }
                edges => {
                    let mut ends = edges.into_iter().flatten();
                    lines.extend(ends.next().zip(ends.next()).map(|(from, to)| [from, to]));
                }
            }
        }
        lines
    }

    /// The numbers as rows of a table, each with its place.
    pub fn rows(&self) -> impl Iterator<Item = [String; 3]> {
        self.crossings().map(|(row, column)| {
            let [x, y] = self.place(row, column);
            [x.to_string(), y.to_string(), self.value(row, column).to_string()]
        })
    }
}

fn color(palette: &Palette, heights: &Heights, value: f64) -> Color32 {
    theme::amount(palette, heights.share(value))
}

/// Where lines are drawn: "lines at 0.1, 0.2, 0.5"; nothing if there are none.
pub fn levels_text(heights: &Heights) -> String {
    let levels: Vec<String> = heights.levels().into_iter().map(significant).collect();
    if levels.is_empty() { String::new() } else { format!("lines at {}", levels.join(", ")) }
}

/// Paints the way from place to place.
pub fn paint_way(painter: &Painter, points: Vec<Pos2>, palette: &Palette) {
    // Both colors show on any ground.
    painter.line(points.clone(), Stroke::new(4.0, palette.surface));
    painter.line(points, Stroke::new(2.0, palette.text));
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: [RangeInclusive<f64>; 2] = [-1.0..=1.0, -1.0..=1.0];

    fn bowl(side: usize) -> Vec<f64> {
        let along = |at: usize| 2.0 * at as f64 / (side - 1) as f64 - 1.0;
        (0..side * side).map(|at| along(at % side).powi(2) + along(at / side).powi(2)).collect()
    }

    #[test]
    fn a_line_of_a_bowl_is_a_circle_and_numbers_lie_between_their_neighbors() {
        let values = bowl(33);
        let map = HeightMap { ranges: &RANGES, side: 33, values: &values };
        let lines = map.lines(0.25);
        assert!(lines.len() > 40);
        assert!(lines.iter().flatten().all(|[x, y]| (x.hypot(*y) - 0.5).abs() < 0.01), "{lines:?}");
        // Every piece begins where another ends.
        let ends: Vec<[f64; 2]> = lines.concat();
        let shared = |end: &[f64; 2]| {
            ends.iter().filter(|other| (0..2).all(|axis| (other[axis] - end[axis]).abs() < 1e-12)).count()
        };
        assert!(ends.iter().all(|end| shared(end) == 2));
        assert_eq!(map.at([0.0, 0.0]), Some(0.0));
        assert!((map.at([0.3, -0.4]).unwrap() - 0.25).abs() < 0.01);
        assert_eq!((map.at([1.0, 1.0]), map.at([1.1, 0.0])), (Some(2.0), None));
    }

    #[test]
    fn lines_are_at_few_round_numbers_and_what_is_not_finite_is_high() {
        let heights = Heights::of(&bowl(9)).unwrap();
        assert_eq!(
            heights.levels(),
            [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8].map(|level: f64| (level * 5.0).round() * 0.2)
        );
        let far = Heights::of(&[0.02, 3.0, f64::INFINITY]).unwrap();
        assert_eq!(far.levels(), [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]);
        assert!((far.share(f64::NAN), far.share(0.02), far.share(3.0)) == (1.0, 0.0, 1.0));
        assert!(Heights::of(&[1.0; 4]).unwrap().levels().is_empty());
        assert_eq!(Heights::of(&[f64::NAN]), None);
        let wide = Heights::of(&[1e-12, 1e12]).unwrap().levels();
        assert!(wide.len() <= LINES[1] && wide.len() >= LINES[0], "{wide:?}");
    }

    #[test]
    fn around_a_saddle_lines_do_not_cross() {
        let values = [0.0, 1.0, 1.0, 0.0];
        let map = HeightMap { ranges: &RANGES, side: 2, values: &values };
        assert_eq!(map.lines(0.5), [[[0.0, -1.0], [-1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]);
        assert_eq!(map.lines(0.4).len(), 2);
        let with_hole = [0.0, f64::NAN, 1.0, 0.0];
        assert!(HeightMap { ranges: &RANGES, side: 2, values: &with_hole }.lines(0.5).is_empty());
    }
}
