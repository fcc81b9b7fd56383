//! Points in a plane, and what lies under them: samples over the answers of a network, or answers over the truth.

use std::ops::RangeInclusive;

use eframe::egui::{
    self, Color32, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, TextureId, Ui, WidgetInfo,
    epaint::PathShape, pos2, vec2,
};

use egui_plot::PlotTransform;

use super::axes::{self, Axes, Axis};
use crate::ui::theme::{self, GRID, Palette};

/// Room for the name of the horizontal axis.
const X_NAME: f32 = 16.0;

/// More points than this are thinned out: they would cover one another.
pub const MOST_DOTS: usize = 1500;

/// What a dot or a patch of ground stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tone {
    /// The position of a class; it has a colour and a form.
    Class(usize),
    /// From -1 to 1.
    Value(f32),
    /// No more than a point.
    Plain,
    /// A point that others are compared with.
    Faint,
}

impl Tone {
    pub fn color(self, palette: &Palette) -> Color32 {
        match self {
            Self::Class(class) => palette.class(class),
            Self::Value(value) => theme::diverging(palette, value),
            Self::Plain => palette.accent,
            Self::Faint => palette.line,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub at: [f32; 2],
    pub tone: Tone,
}

/// A picture of a part of the plane, its first row at the top.
#[derive(Clone, Debug)]
pub struct Ground {
    pub picture: TextureId,
    pub ranges: [RangeInclusive<f64>; 2],
}

/// A plot of points with the names of its axes.
#[must_use = "Call `show`"]
pub struct Plane<'a> {
    name: &'a str,
    axes: [&'a str; 2],
    ranges: [RangeInclusive<f64>; 2],
    dots: &'a [Dot],
    ground: Option<Ground>,
    sense: Sense,
    has_diagonal: bool,
    mark: Option<[f32; 2]>,
}

impl<'a> Plane<'a> {
    /// `name` is what a screen reader says; ranges and names are those of x and y.
    pub fn new(name: &'a str, axes: [&'a str; 2], ranges: [RangeInclusive<f64>; 2], dots: &'a [Dot]) -> Self {
        Self { name, axes, ranges, dots, ground: None, sense: Sense::hover(), has_diagonal: false, mark: None }
    }

    /// What lies below the dots. Default: nothing.
    pub fn ground(mut self, ground: Option<Ground>) -> Self {
        self.ground = ground;
        self
    }

    /// What the plane answers to. Default: the pointer that hovers.
    pub fn sense(mut self, sense: Sense) -> Self {
        self.sense = sense;
        self
    }

    /// The line on which x and y are equal. Default: none.
    pub fn diagonal(mut self) -> Self {
        self.has_diagonal = true;
        self
    }

    /// A place to ring. Default: none.
    pub fn mark(mut self, mark: Option<[f32; 2]>) -> Self {
        self.mark = mark;
        self
    }

    /// Takes all the space there is.
    pub fn show(self, ui: &mut Ui) -> Response {
        self.show_with_transform(ui).0
    }

    /// The same, and how places on the screen are places in the plane.
    pub fn show_with_transform(self, ui: &mut Ui) -> (Response, PlotTransform) {
        let palette = Palette::of(ui);
        ui.label(egui::RichText::new(self.axes[1]).color(palette.muted));
        let [x, y] = self.ranges.clone();
        let axis = |range, spacing: fn(egui_plot::GridInput) -> Vec<egui_plot::GridMark>| Axis {
            range,
            ticks: spacing,
            label: axes::decimal_label,
        };
        let axes = Axes {
            id: self.name,
            size: vec2(ui.available_width(), ui.available_height() - X_NAME).max(vec2(120.0, 80.0)),
            x: axis(x, |input| axes::round_ticks(input, 56.0)),
            x_name: "",
            y: axis(y, |input| axes::round_ticks(input, 32.0)),
            sense: self.sense,
        };
        let (response, transform) = axes.show(ui);
        let frame = *transform.frame();
        let place = |at: [f32; 2]| {
            pos2(transform.position_from_point_x(f64::from(at[0])), transform.position_from_point_y(f64::from(at[1])))
        };
        let painter = ui.painter().with_clip_rect(frame.intersect(ui.clip_rect()));
        if let Some(Ground { picture, ranges: [x, y] }) = &self.ground {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let [low, high] = [[x.start(), y.start()], [x.end(), y.end()]].map(|at| place(at.map(|at| *at as f32)));
            painter.image(*picture, Rect::from_two_pos(low, high), whole, Color32::WHITE);
        }
        if self.has_diagonal {
            let ends = [*self.ranges[0].start(), *self.ranges[0].end()].map(|end| place([end as f32; 2]));
            painter.line_segment(ends, Stroke::new(1.5, palette.line));
        }
        let size = if self.dots.len() > 400 { 2.5 } else { 3.5 };
        // Where ground and dots have the same colours, a dot shows by its outline, and only then if it is off.
        let has_values = self.dots.first().is_some_and(|dot| matches!(dot.tone, Tone::Value(_)));
        let outline = Stroke::new(1.0, if has_values { palette.line } else { palette.surface });
        for dot in self.dots {
            paint_dot(&painter, place(dot.at), size, dot.tone, dot.tone.color(palette), outline);
        }
        if let Some(mark) = self.mark {
            // A ring of both colours shows on any ground.
            painter.circle_stroke(place(mark), 8.0, Stroke::new(6.0, palette.surface));
            painter.circle_stroke(place(mark), 8.0, Stroke::new(2.5, palette.text));
        }
        let (below, _) = ui.allocate_exact_size(vec2(ui.available_width(), X_NAME), Sense::hover());
        let x_name = pos2(frame.center().x, below.center().y);
        ui.painter().text(x_name, egui::Align2::CENTER_CENTER, self.axes[0], theme::body_font(), palette.muted);
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, self.name));
        (response, transform)
    }
}

/// Four forms, so that neighbouring classes differ in more than their colour.
fn paint_dot(painter: &Painter, at: Pos2, size: f32, tone: Tone, color: Color32, outline: Stroke) {
    let form = match tone {
        Tone::Class(class) => class % 4,
        Tone::Faint => 1,
        Tone::Value(_) | Tone::Plain => 0,
    };
    let corners = |corners: &[[f32; 2]]| {
        let points = corners.iter().map(|[x, y]| at + vec2(*x, *y) * size).collect();
        painter.add(Shape::Path(PathShape::convex_polygon(points, color, outline)));
    };
    match form {
        0 => drop(painter.circle(at, size, color, outline)),
        1 => corners(&[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
        2 => corners(&[[0.0, -1.25], [1.15, 0.85], [-1.15, 0.85]]),
        _ => corners(&[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]]),
    }
}

/// What the classes look like: a form, and the name beside it.
pub fn class_legend_ui(ui: &mut Ui, names: &[String]) {
    legend_ui(ui, names.iter().enumerate().map(|(class, name)| (Tone::Class(class), name.as_str())));
}

/// What dots look like, and what they stand for.
pub fn legend_ui<'a>(ui: &mut Ui, entries: impl Iterator<Item = (Tone, &'a str)>) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        for (tone, name) in entries {
            let (sample, _) = ui.allocate_exact_size(vec2(12.0, 16.0), Sense::hover());
            let outline = Stroke::new(1.0, palette.surface);
            paint_dot(ui.painter(), sample.center(), 5.0, tone, tone.color(palette), outline);
            ui.label(egui::RichText::new(name).color(palette.muted));
            ui.add_space(2.0 * GRID);
        }
    });
}

/// From the least to the greatest of these numbers, with a little air at both ends.
pub fn range_of(numbers: impl Iterator<Item = f32>) -> RangeInclusive<f64> {
    let ends = numbers.filter(|number| number.is_finite()).fold(None, |ends: Option<(f32, f32)>, number| {
        Some(ends.map_or((number, number), |(low, high)| (low.min(number), high.max(number))))
    });
    let (low, high) = ends.map_or((0.0, 1.0), |(low, high)| (f64::from(low), f64::from(high)));
    let air = if high > low { (high - low) * 0.06 } else { 0.5 };
    low - air..=high + air
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_air_and_is_never_empty() {
        assert_eq!(range_of([].into_iter()), -0.06..=1.06);
        assert_eq!(range_of([2.0, 2.0].into_iter()), 1.5..=2.5);
        assert_eq!(range_of([0.0, f32::NAN, 100.0].into_iter()), -6.0..=106.0);
    }
}
