//! Plots as SVG, drawn with the colors of the page.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::export::escaped;
use crate::train::metrics::significant;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// Ticks of an axis, about.
const TICKS: f64 = 6.0;

/// A plot that is being drawn.
pub struct Plot {
    x: [f64; 2],
    y: [f64; 2],
    marks: String,
    labels: [&'static str; 2],
    title: String,
    /// Whether there is nothing between two whole numbers of x.
    counts: bool,
}

impl Plot {
    /// An empty plot of these ranges, which have to be numbers, with the names of its axes.
    pub fn new(
        title: impl Into<String>,
        x: RangeInclusive<f64>,
        y: RangeInclusive<f64>,
        labels: [&'static str; 2],
    ) -> Self {
        let wide = |range: RangeInclusive<f64>| {
            let (low, high) = range.into_inner();
            if high > low { [low, high] } else { [low - 0.5, high + 0.5] }
        };
        Self { x: wide(x), y: wide(y), marks: String::new(), labels, title: title.into(), counts: false }
    }

    /// The same of whole numbers on the axis of x.
    #[must_use]
    pub fn counting(mut self) -> Self {
        self.counts = true;
        self
    }

    fn across(&self, x: f64) -> f64 {
        LEFT + (x - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - (y - self.y[0]) / (self.y[1] - self.y[0]) * (HEIGHT - TOP - BOTTOM)
    }

    /// A line through points; one that is no number breaks it. A point alone is a dot.
    pub fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        for piece in points.split(|(_, y)| !y.is_finite()) {
            match piece {
                [] => {}
                [point] => self.dot(class, *point, 3.0),
                _ => {
                    let path: Vec<_> =
                        piece.iter().map(|(x, y)| format!("{:.1},{:.1}", self.across(*x), self.down(*y))).collect();
                    let _ = write!(self.marks, "<polyline class=\"line {class}\" points=\"{}\"/>", path.join(" "));
                }
            }
        }
    }

    /// A dot.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let (x, y) = (self.across(x), self.down(y));
        let _ = write!(self.marks, "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>");
    }

    /// A bar from the lower end of the plot, or from another height.
    pub fn bar(&mut self, class: &str, [from, to]: [f64; 2], [low, high]: [f64; 2]) {
        let (left, right) = (self.across(from), self.across(to));
        let (top, bottom) = (self.down(high.max(low)), self.down(low.min(high)));
        let _ = write!(
            self.marks,
            "<rect class=\"bar {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            (right - left - 1.0).max(0.5),
            (bottom - top).max(0.0)
        );
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let [x_label, y_label] = self.labels;
        let mut axes = String::new();
        for x in ticks(self.x).into_iter().filter(|x| !self.counts || (x - x.round()).abs() < 1e-9) {
            let at = self.across(x);
            let (low, text) = (HEIGHT - BOTTOM, if self.counts { format!("{x:.0}") } else { tick_text(x, self.x) });
            let _ = write!(
                axes,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{low}\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                low + 16.0
            );
        }
        for y in ticks(self.y) {
            let at = self.down(y);
            let (right, text) = (WIDTH - RIGHT, tick_text(y, self.y));
            let _ = write!(
                axes,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        let (middle, bottom, title) = ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6.0, escaped(&self.title));
        let high = (TOP + HEIGHT - BOTTOM) / 2.0;
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{title}</title>{axes}{}\
             <text x=\"{middle}\" y=\"{bottom}\" text-anchor=\"middle\">{x_label}</text>\
             <text transform=\"translate(12 {high}) rotate(-90)\" text-anchor=\"middle\">{y_label}</text></svg>",
            self.marks
        )
    }
}

/// Round numbers in a range.
fn ticks([low, high]: [f64; 2]) -> Vec<f64> {
    let step = step_of([low, high]);
    let first = (low / step).ceil();
    (0..20).map(|at| (first + f64::from(at)) * step).take_while(|tick| *tick <= high + step * 1e-6).collect()
}

fn step_of([low, high]: [f64; 2]) -> f64 {
    let rough = ((high - low) / TICKS).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough * 0.999).unwrap_or(10.0);
    factor * power
}

/// A tick with as many digits as tell it from the next.
fn tick_text(tick: f64, range: [f64; 2]) -> String {
    let step = step_of(range);
    let tick = if tick.abs() < step * 1e-6 { 0.0 } else { tick };
    let decimals = -step.log10().floor();
    match decimals {
        ..0.0 if tick.abs() < 1e6 => format!("{tick:.0}"),
        0.0..=6.0 if tick.abs() < 1e6 => format!("{tick:.*}", decimals as usize),
        _ => significant(tick),
    }
}

/// The range of numbers that are finite, with a little room; nothing if there are none.
pub fn range_of(values: impl Iterator<Item = f64>) -> Option<RangeInclusive<f64>> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    (low <= high).then(|| {
        let room = (high - low) * 0.03;
        low - room..=high + room
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(ticks([0.0, 1.0]), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks([1.0, 20.0]), [5.0, 10.0, 15.0, 20.0]);
        for (range, tick, expected) in
            [([0.0, 1.0], 0.6000000000000001, "0.6"), ([0.0, 1000.0], 200.0, "200"), ([-0.01, 0.02], 0.0, "0.00")]
        {
            assert!(tick_text(tick, range).starts_with(expected), "{}", tick_text(tick, range));
        }
        assert_eq!(range_of([f64::NAN].into_iter()), None);
    }

    #[test]
    fn what_is_no_number_breaks_a_line() {
        let mut plot = Plot::new("<a>", 0.0..=4.0, 0.0..=1.0, ["x", "y"]);
        plot.line("train", &[(0.0, 0.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 0.5)]);
        let svg = plot.svg();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (1, 1));
        assert!(svg.contains("&lt;a&gt;") && !svg.contains("NaN"));
    }
}
