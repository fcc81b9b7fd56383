//! What happened while it trained, on the curve where it happened.

use eframe::egui::{self, Color32, Rangef, Rect, Stroke, Vec2, pos2, vec2};
use egui_plot::PlotTransform;

use super::{CurvePlot, Metric};
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

/// Something that happened at a step: a change by the user, or the end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The step.
    pub x: f64,
    /// Short: "learning rate 0.0003".
    pub text: String,
    /// What it marks.
    pub kind: MarkKind,
}

/// What a mark is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A change during training: a dashed line.
    Change,
    /// The end of a run: a solid line.
    End,
    /// What the coach has found: a dashed line in the color of warnings, its text at the loss alone, in a row of its own.
    Finding,
}

impl Mark {
    /// A mark for an event during training, at step `x`.
    pub fn change(x: f64, text: impl Into<String>) -> Self {
        Self { x, text: text.into(), kind: MarkKind::Change }
    }

    /// A mark for the end of a run, at step `x`.
    pub fn end(x: f64, text: impl Into<String>) -> Self {
        Self { x, text: text.into(), kind: MarkKind::End }
    }

    /// Whether it marks the end of a run.
    pub fn is_end(&self) -> bool {
        self.kind == MarkKind::End
    }

    /// A mark for what the coach has found at step `x`.
    pub fn finding(x: f64, text: impl Into<String>) -> Self {
        Self { x, text: text.into(), kind: MarkKind::Finding }
    }
}

impl CurvePlot<'_> {
    /// The newest marks are the ones whose text is never left out, and before them the one where numbers ended.
    pub(super) fn paint_marks(&self, painter: &egui::Painter, palette: &Palette, transform: &PlotTransform) {
        let broken = self.first_non_finite().map(|x| (Mark::end(x, "not a number from here"), palette.bad));
        let color_of = |mark: &Mark| if mark.kind == MarkKind::Finding { palette.warning } else { palette.muted };
        // Of the findings the first is the most important. In an empty plot they would lie over the text that says so.
        let shown = self.marks.iter().filter(|mark| mark.kind != MarkKind::Finding || !self.is_empty());
        let (found, happened): (Vec<_>, Vec<_>) = shown.partition(|mark| mark.kind == MarkKind::Finding);
        let marks = happened.into_iter().rev().chain(found).map(|mark| (mark.clone(), color_of(mark)));
        let mut rows: [Vec<Rangef>; 2] = Default::default();
        for (mark, color) in broken.into_iter().chain(marks) {
            paint_line(painter, transform, &mark, color);
            let row = usize::from(mark.kind == MarkKind::Finding);
            // What was found is said once, at the loss.
            if row == 1 && self.metric != Metric::Loss {
                continue;
            }
            let taken = &mut rows[row];
            let galley = painter.layout_no_wrap(tr(mark.text).into_owned(), theme::body_font(), color);
            let rect = self.text_rect(transform, mark.x, galley.size(), row);
            // Where the plot is half scrolled out of view, half a line of text says nothing.
            let is_seen = painter.clip_rect().y_range().expand(0.5).contains(rect.bottom());
            if !is_seen || taken.iter().any(|taken| taken.intersects(rect.x_range())) {
                continue;
            }
            taken.push(rect.x_range().expand(GRID));
            painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 0.0, palette.surface.gamma_multiply(0.85));
            painter.galley(rect.min, galley, color);
        }
    }

    pub(super) fn paint_guide(&self, painter: &egui::Painter, palette: &Palette, transform: &PlotTransform) {
        let Some(value) = self.guide else { return };
        let y = transform.position_from_point_y(self.y_from(value));
        let line = [pos2(transform.frame().left(), y), pos2(transform.frame().right(), y)];
        painter.extend(egui::Shape::dashed_line(&line, Stroke::new(1.5, palette.text), 6.0, 4.0));
    }

    fn text_rect(&self, transform: &PlotTransform, x: f64, size: Vec2, row: usize) -> Rect {
        let frame = transform.frame();
        let x = transform.position_from_point_x(x);
        // At the right end the text stands left of its line.
        let is_right = x + GRID + size.x <= frame.right();
        let left = if is_right { x + GRID } else { (x - GRID - size.x).max(frame.left()) };
        // A loss falls and an accuracy rises, so these are the emptier edges.
        let top = match self.metric {
            Metric::Loss => frame.top() + row as f32 * size.y,
            _ => frame.bottom() - size.y - 2.0,
        };
        Rect::from_min_size(pos2(left, top), size)
    }

    pub(super) fn first_non_finite(&self) -> Option<f64> {
        let steps = self.series.iter().filter_map(|series| series.curve.first_non_finite());
        steps.reduce(f64::min)
    }
}

fn paint_line(painter: &egui::Painter, transform: &PlotTransform, mark: &Mark, color: Color32) {
    let x = transform.position_from_point_x(mark.x);
    let line = [pos2(x, transform.frame().top()), pos2(x, transform.frame().bottom())];
    let stroke = Stroke::new(1.0, color.gamma_multiply(0.8));
    if mark.is_end() {
        painter.line_segment(line, stroke);
    } else {
        painter.extend(egui::Shape::dashed_line(&line, stroke, 3.0, 3.0));
    }
}
