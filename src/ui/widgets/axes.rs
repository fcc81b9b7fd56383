//! The frame of a plot: its axes and grid, where their ticks stand, and what range it shows before and while data comes.

use std::ops::RangeInclusive;

use eframe::egui::{Align2, Response, Sense, Stroke, Ui, Vec2, pos2};
use egui_plot::{AxisHints, GridInput, GridMark, Plot, PlotTransform};

use crate::language::tr;
use crate::ui::theme::{self, Palette};
use crate::ui::widgets::numbers::{self, round_up};

/// Room for the ticks left of the plot: fixed, so that nothing moves when a number gets longer.
pub const AXIS_WIDTH: f32 = 48.0;
/// Height of the tick labels below the plot, in points.
pub const TICKS_HEIGHT: f32 = 20.0;
/// Room for the half of the last tick that stands beyond the plot.
pub const RIGHT: f32 = 16.0;

/// One direction of a plot.
#[derive(Clone)]
pub struct Axis {
    /// The visible range; of log10 on a logarithmic axis.
    pub range: RangeInclusive<f64>,
    /// Places the ticks.
    pub ticks: fn(GridInput) -> Vec<GridMark>,
    /// Writes the label of a tick.
    pub label: fn(GridMark) -> String,
}

/// Axes and grid, over which everything else is painted.
pub struct Axes<'a> {
    /// Distinguishes the plot from others in the same `Ui`.
    pub id: &'a str,
    /// Size with the tick labels, in points.
    pub size: Vec2,
    /// The horizontal axis.
    pub x: Axis,
    /// Stands in the corner.
    pub x_name: &'a str,
    /// The vertical axis.
    pub y: Axis,
    /// The pointer input that the plot reacts to.
    pub sense: Sense,
}

impl Axes<'_> {
    /// Draws the axes and returns the transform from values to the screen.
    pub fn show(self, ui: &mut Ui) -> (Response, PlotTransform) {
        let Self { id, size, x, x_name, y, sense } = self;
        let palette = Palette::of(ui);
        let hints = |hints: AxisHints<'static>| {
            hints.label_spacing(1.0..=2.0).tick_label_color(palette.muted).tick_label_font(theme::body_font())
        };
        let Axis { range: x_range, ticks: x_ticks, label: x_label } = x;
        let Axis { range: y_range, ticks: y_ticks, label: y_label } = y;
        let plot = Plot::new(id)
            .width(size.x - RIGHT)
            .height(size.y)
            .show_background(false)
            .show_grid([false, true])
            .grid_color(palette.faint)
            .grid_spacing(1.0..=2.0)
            .x_grid_spacer(x_ticks)
            .y_grid_spacer(y_ticks)
            .custom_x_axes(vec![
                hints(AxisHints::new_x()).min_thickness(TICKS_HEIGHT).formatter(move |mark, _| x_label(mark)),
            ])
            .custom_y_axes(vec![
                hints(AxisHints::new_y()).min_thickness(AXIS_WIDTH).formatter(move |mark, _| y_label(mark)),
            ])
            .show_x(false)
            .show_y(false)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_axis_zoom_drag(false)
            .allow_boxed_zoom(false)
            .allow_double_click_reset(false)
            .sense(sense)
            .show(ui, move |plot| {
                plot.set_plot_bounds_x(x_range);
                plot.set_plot_bounds_y(y_range);
            });
        let frame = plot.transform.frame();
        ui.painter().hline(frame.x_range(), frame.bottom(), Stroke::new(1.0, palette.line));
        let name = tr(x_name);
        // Chinese characters are as high as their line, and would touch the lowest number.
        let gap = if name.is_ascii() { 0.0 } else { 3.0 };
        let corner = pos2(frame.left() - AXIS_WIDTH, frame.bottom() + gap);
        ui.painter().text(corner, Align2::LEFT_TOP, name, theme::body_font(), palette.muted);
        (plot.response, plot.transform)
    }
}

/// Round values, 1, 2 or 5 times a power of ten, about `spacing` points apart.
pub fn round_ticks(input: GridInput, spacing: f64) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let step = round_up(input.base_step_size * spacing);
    // Also false for NaN, with which the loop below would not end.
    if !(step > 0.0 && (high - low) / step < 1000.0) {
        return Vec::new();
    }
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|index| GridMark { value: index as f64 * step, step_size: step }).collect()
}

/// Ticks for a plot of log10: the decades, and within them as many as there is room for, `spacing` points for each.
pub fn decade_ticks(input: GridInput, spacing: f64) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let span = high - low;
    if span.is_nan() || span > 40.0 {
        return Vec::new();
    }
    let points_per_decade = 1.0 / input.base_step_size;
    let room = points_per_decade / spacing;
    let every = if room < 1.0 { (1.0 / room).ceil() as i64 } else { 1 };
    let within: &[f64] = match room {
        room if room < 2.0 => &[1.0],
        room if room < 3.3 => &[1.0, 3.0],
        room if room < 10.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
    };
    let decades = (low.floor() as i64..=high.floor() as i64).filter(|decade| decade.rem_euclid(every) == 0);
    let values = decades.flat_map(|decade| within.iter().map(move |digit| decade as f64 + digit.log10()));
    let visible = values.filter(|value| (low..=high).contains(value));
    visible.map(|value| GridMark { value, step_size: 1.0 }).collect()
}

/// The tick at log10 of the value, `0.001`, `0.3`, `1e-5`.
pub fn decade_label(mark: GridMark) -> String {
    numbers::significant(10f64.powf(mark.value))
}

/// A tick with as many decimals as its distance to the next one needs.
pub fn decimal_label(mark: GridMark) -> String {
    if mark.value.abs() >= 10_000.0 {
        return numbers::short(mark.value);
    }
    let decimals = (-mark.step_size.log10()).ceil().clamp(0.0, 6.0) as usize;
    format!("{:.decimals$}", mark.value)
}

/// A tick of a share, in percent.
pub fn percent_label(mark: GridMark) -> String {
    let mark = GridMark { value: mark.value * 100.0, step_size: mark.step_size * 100.0 };
    format!("{} %", decimal_label(mark))
}

/// From nothing to a little above the largest loss, in steps so that the axis does not creep.
pub fn loss_range(largest: Option<f64>) -> RangeInclusive<f64> {
    let largest = largest.unwrap_or(2.5);
    let unit = round_up(largest) / 10.0;
    0.0..=(largest * 1.02 / unit).ceil() * unit
}

/// From extreme to extreme with a little air, for what can be negative and so has no zero to stand on.
pub fn signed_range(extremes: Option<(f64, f64)>) -> RangeInclusive<f64> {
    let (low, high) = extremes.unwrap_or((-1.0, 1.0));
    let air = ((high - low) * 0.05).max(high.abs().max(low.abs()) * 0.01).max(1e-6);
    low - air..=high + air
}

/// The logarithms of the extremes, with a little air.
pub fn decade_range(extremes: Option<(f64, f64)>) -> RangeInclusive<f64> {
    let (low, high) = extremes.unwrap_or((0.01, 3.0));
    let (low, high) = (low.max(1e-12).log10(), high.max(1e-12).log10());
    let air = ((high - low) * 0.05).max(0.1);
    low - air..=high + air
}

/// Up to 100 %, from the highest round share that leaves all of the data in view.
pub fn share_range(smallest: Option<f64>) -> RangeInclusive<f64> {
    let floors = [0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.2];
    let smallest = smallest.unwrap_or(0.0);
    let low = floors.into_iter().find(|floor| smallest >= floor + (1.0 - floor) * 0.05).unwrap_or(0.0);
    // Air, so that a line at an end is drawn with its whole width.
    let air = (1.0 - low) * 0.02;
    low - air..=1.0 + air
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(marks: Vec<GridMark>) -> Vec<f64> {
        marks.into_iter().map(|mark| (mark.value * 1e6).round() / 1e6).collect()
    }

    #[test]
    fn ticks_are_round() {
        let input = GridInput { bounds: (0.0, 1000.0), base_step_size: 2.0 };
        assert_eq!(values(round_ticks(input, 80.0)), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        let broken = GridInput { bounds: (0.0, f64::NAN), base_step_size: f64::NAN };
        assert!(round_ticks(broken, 80.0).is_empty());
    }

    #[test]
    fn decades_are_labeled_with_their_value() {
        let input = GridInput { bounds: (-2.2, 0.5), base_step_size: 0.02 };
        let ticks = decade_ticks(input, 30.0);
        assert_eq!(ticks.iter().map(|mark| decade_label(*mark)).collect::<Vec<_>>(), ["0.01", "0.1", "1"]);
        let input = GridInput { bounds: (-1.0, 0.0), base_step_size: 0.0125 };
        assert_eq!(
            decade_ticks(input, 30.0).iter().map(|mark| decade_label(*mark)).collect::<Vec<_>>(),
            ["0.1", "0.3", "1"]
        );
    }

    #[test]
    fn ranges_suit_the_data_and_the_lack_of_it() {
        assert_eq!(loss_range(None), 0.0..=3.0);
        assert_eq!(*loss_range(Some(0.0)).start(), 0.0);
        assert!(*decade_range(Some((0.0, 0.0))).start() >= -12.2);
        let low = |smallest| (*share_range(smallest).start() * 100.0).round();
        assert_eq!([low(None), low(Some(0.1)), low(Some(0.93)), low(Some(0.985))], [-2.0, -2.0, 90.0, 98.0]);
    }
}
