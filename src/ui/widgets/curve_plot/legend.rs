//! Which line is which, with its newest value, and the exact values under the pointer.

use eframe::egui::{self, Align2, Color32, Rect, RichText, Shape, Stroke, Ui, pos2, vec2};

use super::{
    CurvePlot, Metric, RIGHT,
    lines::{Pen, Prepared},
};
use crate::ui::theme::{self, Palette};
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
            ui.label(theme::strong(format!("step {}", numbers::thousands(x.round()))));
            if let Some(steps) = self.steps_per_epoch {
                ui.label(RichText::new(format!("epoch {:.2}", x / steps)).color(palette.muted));
            } else {
                ui.label("");
            }
            if is_smoothed {
                ui.label(RichText::new("smoothed").color(palette.muted));
            }
            ui.end_row();
            for (series, prepared) in self.series.iter().zip(prepared) {
                let Some(index) = series.curve.index_at(x) else { continue };
                let pen = self.pen(series, palette);
                ui.horizontal(|ui| {
                    let (_, sample) = ui.allocate_space(vec2(24.0, 16.0));
                    paint_sample(ui.painter(), sample, pen);
                    ui.label(series.name);
                });
                right(ui, RichText::new(self.value_text(series.curve.buckets()[index].mean.into())));
                if is_smoothed {
                    let smoothed = self.value_text(prepared.smoothed[index][1]);
                    right(ui, RichText::new(if pen.has_raw { smoothed } else { String::new() }));
                }
                ui.end_row();
            }
        });
    }

    /// The title, and the legend with the newest values as the lines have them, smoothed where the line is, which have
    /// a fixed place from the right.
    pub(super) fn header_ui(&self, ui: &Ui, rect: Rect, prepared: &[Prepared<'_>]) {
        let palette = Palette::of(ui);
        let painter = ui.painter();
        let y = rect.top() + HEADER_BASE;
        painter.text(
            pos2(rect.left(), y),
            Align2::LEFT_CENTER,
            self.title,
            theme::strong_font(theme::HEADING),
            palette.text,
        );
        let strong = theme::strong_font(theme::BODY);
        let width = |text: &str, font| painter.layout_no_wrap(text.to_owned(), font, palette.text).size().x;
        let title = width(self.title, theme::strong_font(theme::HEADING));
        let names: f32 = self.series.iter().map(|series| width(series.name, theme::body_font())).sum();
        // Where there is little room everything moves together, and a share has one decimal.
        let room = |values: f32, sample: f32, gap: f32| {
            title + names + self.series.len() as f32 * (values + sample + 4.0 * gap)
        };
        let widest = width(if self.metric == Metric::Loss { "0.0000" } else { "100.00 %" }, strong.clone());
        let is_narrow = room(widest, 24.0, 8.0) > rect.width() - RIGHT;
        let (sample_width, gap) = if is_narrow { (16.0, 4.0) } else { (24.0, 8.0) };
        let widest = if is_narrow && self.metric != Metric::Loss { width("99.9 %", strong.clone()) } else { widest };
        let mut right = if is_narrow { rect.right() } else { rect.right() - RIGHT };
        for (series, prepared) in self.series.iter().zip(prepared).rev() {
            let newest = prepared.smoothed.last().map(|[_, y]| *y);
            let value = newest.map_or("–".to_owned(), |y| match is_narrow && self.metric != Metric::Loss {
                true if y > 0.9995 => "100 %".to_owned(),
                true => numbers::percent(y),
                false => self.value_text(y),
            });
            painter.text(pos2(right, y), Align2::RIGHT_CENTER, value, strong.clone(), palette.text);
            right -= widest + gap;
            let name =
                painter.text(pos2(right, y), Align2::RIGHT_CENTER, series.name, theme::body_font(), palette.muted);
            right = name.left() - gap;
            let sample = Rect::from_center_size(pos2(right - sample_width / 2.0, y), vec2(sample_width, 16.0));
            paint_sample(painter, sample, self.pen(series, palette));
            right = sample.left() - 2.0 * gap;
        }
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
