//! The course of the most important metric over the epochs of several trainings: median and range.

use eframe::egui::Ui;

use crate::runs::statistics::Range;
use crate::runs::trial::TrialResult;
use crate::train::metrics::Unit;
use crate::ui::widgets::line_plot::{Line, LineLook, LinePlot, Quantity};

/// Draws the first with its range, and the median of another beside it.
pub fn band_ui(ui: &mut Ui, sides: &[(&str, &[TrialResult])], height: f32) {
    let Some((name, first)) = sides.first() else { return };
    let Some(metric) = first.first().and_then(|results| results.headline.first().copied()) else { return };
    let scale = if metric.unit == Unit::Percent { 100.0 } else { 1.0 };
    let unit = if metric.unit == Unit::Percent { ", %" } else { "" };
    let all: Vec<_> = sides.iter().map(|(_, results)| ranges(results, scale)).collect();
    let epochs = all.iter().map(Vec::len).max().unwrap_or_default();
    if epochs < 2 {
        return;
    }
    let ends = || all.iter().flatten().flatten();
    let low = ends().map(|range| range.low).fold(f64::INFINITY, f64::min);
    let high = ends().map(|range| range.high).fold(f64::NEG_INFINITY, f64::max);
    if low.is_nan() || low > high {
        return;
    }
    let room = ((high - low) * 0.05).max(1e-6);
    let y_name = format!("{} on the validation samples{unit}", metric.label);
    let lines: Vec<Vec<_>> = all.iter().map(|ranges| points(ranges, |range| range.median)).collect();
    let band: Vec<_> =
        (1..).zip(&all[0]).filter_map(|(epoch, range)| range.map(|it| [f64::from(epoch), it.low, it.high])).collect();
    let others: Vec<_> = sides
        .iter()
        .zip(&lines)
        .skip(1)
        .map(|((name, _), points)| Line { name, points, look: LineLook::Thin })
        .collect();
    let x = Quantity { name: "epoch", range: 1.0..=epochs as f64, is_logarithmic: false };
    let y = Quantity { name: &y_name, range: low - room..=high + room, is_logarithmic: false };
    LinePlot::new("Course of the trainings", x, y, &lines[0])
        .beside(name, &others)
        .band("range", &band)
        .height(height)
        .show(ui);
}

/// Median and range after each epoch, of the trainings that had so many.
fn ranges(results: &[TrialResult], scale: f64) -> Vec<Option<Range>> {
    let epochs = results.iter().map(|one| one.curve.len()).max().unwrap_or_default();
    let of =
        |epoch: usize| -> Vec<f64> { results.iter().filter_map(|one| Some(one.curve.get(epoch)? * scale)).collect() };
    (0..epochs).map(|epoch| Range::of(&of(epoch))).collect()
}

fn points(ranges: &[Option<Range>], value: fn(&Range) -> f64) -> Vec<[f64; 2]> {
    (1..).zip(ranges).filter_map(|(epoch, range)| Some([f64::from(epoch), value(range.as_ref()?)])).collect()
}
