//! Which line is which, with its newest value, and the exact values under the pointer.

use eframe::egui::{self, Align2, Color32, Rect, RichText, Shape, Stroke, Ui, pos2, vec2};

use super::{
    CurvePlot, Metric, RIGHT,
    lines::{Pen, Prepared},
};
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::widgets::numbers;

impl CurvePlot<'_> {
    /// A table of the values at a step.
    pub(super) fn values_ui(&self, ui: &mut Ui, x: f64, prepared: &[Prepared<'_>]) {
        let palette = Palette::of(ui);
        let is_smoothed = self.smoothing > 0.0 && self.series.iter().any(|series| self.pen(series, palette).has_raw);
        let right = |ui: &mut Ui, text: RichText| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(text));
        };
        egui::Grid::new("values").num_columns(3).min_col_width(56.0).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
            ui.label(theme::strong(self.x_text(x)));
            if let Some(steps) = self.steps_per_epoch {
                ui.label(RichText::new(tr(format!("epoch {:.2}", x / steps))).color(palette.muted));
            } else {
                ui.label("");
            }
            if is_smoothed {
                ui.label(RichText::new(tr("smoothed")).color(palette.muted));
            }
            ui.end_row();
            for (series, prepared) in self.series.iter().zip(prepared) {
                let Some(index) = series.curve.index_at(x) else { continue };
                let pen = self.pen(series, palette);
                ui.horizontal(|ui| {
                    let (_, sample) = ui.allocate_space(vec2(24.0, 16.0));
                    paint_sample(ui.painter(), sample, pen);
                    ui.label(tr(series.name));
                });
                right(ui, RichText::new(tr(self.value_text(series.curve.buckets()[index].mean.into()))));
                if is_smoothed {
                    let smoothed = self.value_text(prepared.smoothed[index][1]);
                    right(ui, RichText::new(tr(if pen.has_raw { smoothed } else { String::new() })));
                }
                ui.end_row();
            }
        });
    }

    /// How the legend is laid out in so much room. It depends on the longest values there can be and not on those there are,
    /// so that nothing moves when a number gets longer.
    pub(super) fn legend(&self, ui: &Ui, room: f32) -> Legend {
        let width =
            |text: &str, font| ui.painter().layout_no_wrap(tr(text).into_owned(), font, Color32::WHITE).size().x;
        let title = width(self.title, theme::strong_font(theme::HEADING));
        let names: f32 = self.series.iter().map(|series| width(series.name, theme::body_font())).sum();
        let widest =
            |texts: &[&str]| texts.iter().map(|text| width(text, theme::strong_font(theme::BODY))).fold(0.0, f32::max);
        let [exact, rounded] = match self.metric {
            Metric::Loss => [widest(&["0.0000", "8.88e38"]); 2],
            Metric::Accuracy | Metric::Share => [widest(&["100.00 %"]), widest(&["99.9 %"])],
        };
        let wide = Legend { values: exact, sample: 24.0, gap: 8.0, right: RIGHT, has_own_row: false, has_names: true };
        let narrow =
            Legend { values: rounded, sample: 16.0, gap: 4.0, right: 0.0, has_own_row: false, has_names: true };
        let fits = |legend: &Legend| {
            let each = legend.values + legend.sample + 4.0 * legend.gap;
            title + names + self.series.len() as f32 * each <= room - legend.right
        };
        let one_row = [wide, narrow].into_iter().find(fits);
        let each = narrow.values + narrow.sample + 4.0 * narrow.gap;
        let has_names = names + self.series.len() as f32 * each <= room;
        one_row.unwrap_or(Legend { has_own_row: true, has_names, right: 0.0, ..narrow })
    }

    /// The title, and the legend with the values at the step that is looked at, or the newest, as the lines have them, smoothed where
    /// the line is. They have a fixed place from the right.
    pub(super) fn header_ui(&self, ui: &Ui, rect: Rect, legend: Legend, prepared: &[Prepared<'_>]) {
        let palette = Palette::of(ui);
        let painter = ui.painter();
        let y = rect.top() + HEADER_BASE;
        let heading = theme::strong_font(theme::HEADING);
        painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, tr(self.title), heading, palette.text);
        let Legend { values, sample, gap, right, has_own_row, has_names } = legend;
        let y = if has_own_row { y + ROW - GRID } else { y };
        let mut right = rect.right() - right;
        for (series, prepared) in self.series.iter().zip(prepared).rev() {
            // Of many runs only some have room; the table beside them has the colors of all.
            if has_own_row && !has_names && right - values - sample - 2.0 * gap < rect.left() {
                break;
            }
            let seen = self.moment.and_then(|moment| moment.at);
            let shown = match seen {
                Some(at) => series.curve.index_at(at).map(|index| prepared.smoothed[index]),
                None => prepared.smoothed.last().copied(),
            };
            let value = shown.map_or("–".to_owned(), |[_, y]| self.legend_text(y, gap < 8.0));
            let font = theme::strong_font(theme::BODY);
            painter.text(pos2(right, y), Align2::RIGHT_CENTER, tr(value), font, palette.text);
            right -= values + gap;
            let font = theme::body_font();
            if has_names {
                let name = painter.text(pos2(right, y), Align2::RIGHT_CENTER, tr(series.name), font, palette.muted);
                right = name.left() - gap;
            }
            let place = Rect::from_center_size(pos2(right - sample / 2.0, y), vec2(sample, 16.0));
            paint_sample(painter, place, self.pen(series, palette));
            right = place.left() - 2.0 * gap;
        }
    }

    /// A value in at most seven letters.
    fn legend_text(&self, y: f64, is_rounded: bool) -> String {
        match self.metric {
            Metric::Loss if y.abs() >= 99_999.5 && y.is_finite() => format!("{y:.2e}"),
            Metric::Accuracy | Metric::Share if is_rounded && y > 0.9995 => "100 %".to_owned(),
            Metric::Accuracy | Metric::Share if is_rounded => numbers::percent(y),
            Metric::Loss | Metric::Accuracy | Metric::Share => self.value_text(y),
        }
    }
}

/// Where the parts of a legend stand.
#[derive(Clone, Copy)]
pub(super) struct Legend {
    /// Room for a value.
    values: f32,
    /// Length of the piece of a line.
    sample: f32,
    gap: f32,
    /// Room at the right of it.
    right: f32,
    /// Whether it stands below the title, because there is no room beside it.
    has_own_row: bool,
    /// Whether the names stand there, for which there may be no room.
    has_names: bool,
}

impl Legend {
    /// Height of title and legend.
    pub(super) fn height(self) -> f32 {
        ROW + 2.0 * GRID + if self.has_own_row { ROW - GRID } else { 0.0 }
    }
}

const HEADER_BASE: f32 = 10.0;

/// The line as it looks in the plot, for the legend.
fn paint_sample(painter: &egui::Painter, rect: Rect, pen: Pen) {
    let line = [rect.left_center(), rect.right_center()];
    let stroke = Stroke::new(pen.width, pen.color);
    if pen.has_markers {
        painter.line_segment([line[0], line[0] + vec2(rect.width() / 4.0, 0.0)], stroke);
        painter.line_segment([line[1] - vec2(rect.width() / 4.0, 0.0), line[1]], stroke);
        painter.circle(rect.center(), 3.5, Color32::TRANSPARENT, Stroke::new(2.0, pen.color));
    } else if pen.is_dashed {
        painter.extend(Shape::dashed_line(&line, stroke, 6.0, 3.0));
    } else {
        painter.line_segment(line, stroke);
    }
}
