//! Points in a plane, and what lies under them: samples over the predictions of a network, or predictions over true values.

use std::ops::RangeInclusive;

use eframe::egui::{
    Align2, Color32, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, TextureId, Ui, UiBuilder, Vec2,
    WidgetInfo, epaint::PathShape, pos2, vec2,
};
use egui_plot::PlotTransform;

use super::axes::{self, AXIS_WIDTH, Axes, Axis, RIGHT, TICKS_HEIGHT};
use super::chart_file;
use super::cut_text::{cut_text, name_ui};
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};
use backprop_nn::init::mix;

/// Room for the name of an axis.
const NAME: f32 = 16.0;

/// More points than this are thinned out: they would cover one another.
pub const MOST_DOTS: usize = 1500;

/// Ranges that differ by more than this factor are of different quantities, and a common scale would flatten one of them.
const MOST_UNEQUAL: f64 = 3.0;

/// Below this number dots have their full size.
const FEW_DOTS: f32 = 200.0;

/// The line of a ring, half of a small one.
const RING: f32 = 1.5;

/// The widest name in a legend.
const MOST_NAME: f32 = 180.0;

/// About `most` of so many samples, always the same. They are chosen at random: of samples whose classes or seasons
/// alternate, every second one would show only half of these.
pub fn thinned(samples: usize, most: usize) -> impl Iterator<Item = usize> {
    let share = most as f64 / samples.max(1) as f64;
    (0..samples).filter(move |at| share >= 1.0 || (mix(most as u64, *at as u64) as f64) < share * u64::MAX as f64)
}

/// What a dot or a patch of ground stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tone {
    /// The position of a class; it has a color and a form.
    Class(usize),
    /// From -1 to 1.
    Value(f32),
    /// No more than a point.
    Plain,
    /// A point that others are compared with.
    Faint,
    /// In a legend: a point of any color.
    Any,
}

impl Tone {
    /// The color of a dot or a patch.
    pub fn color(self, palette: &Palette) -> Color32 {
        match self {
            Self::Class(class) => palette.class(class),
            Self::Value(value) => theme::diverging(palette, value),
            Self::Plain => palette.accent,
            Self::Faint => palette.line,
            Self::Any => palette.muted,
        }
    }
}

/// A point in the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// The position `[x, y]`.
    pub at: [f32; 2],
    /// What the dot stands for.
    pub tone: Tone,
    /// Whether it is drawn as a ring, to tell samples of another set apart.
    pub is_ring: bool,
}

impl Dot {
    /// A filled dot.
    pub fn new(at: [f32; 2], tone: Tone) -> Self {
        Self { at, tone, is_ring: false }
    }
}

/// An image of a part of the plane, its first row at the top.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The texture of the image.
    pub picture: TextureId,
    /// The part of the plane that the image covers, x and y.
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
    arrows: &'a [Arrow],
    under: Option<&'a Under<'a>>,
    sets: Option<[&'a str; 2]>,
    csv: Option<&'a dyn Fn() -> String>,
}

/// A direction at a place of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrow {
    /// The place `[x, y]`.
    pub at: [f32; 2],
    /// Where it points, in units of the plane, as long as it is drawn.
    pub by: [f32; 2],
}

/// Paints what lies under the dots of a plane.
pub type Under<'a> = dyn Fn(&Painter, &PlotTransform) + 'a;

impl<'a> Plane<'a> {
    /// `name` is what a screen reader says; ranges and names are those of x and y.
    pub fn new(name: &'a str, axes: [&'a str; 2], ranges: [RangeInclusive<f64>; 2], dots: &'a [Dot]) -> Self {
        Self {
            name,
            axes,
            ranges,
            dots,
            ground: None,
            sense: Sense::hover(),
            has_diagonal: false,
            mark: None,
            arrows: &[],
            under: None,
            sets: None,
            csv: None,
        }
    }

    /// Paints below the dots. Default: nothing.
    pub fn under(mut self, under: &'a Under<'a>) -> Self {
        self.under = Some(under);
        self
    }

    /// The names of what is drawn as filled dots and as rings. Default: no ring is drawn.
    pub fn sets(mut self, names: [&'a str; 2]) -> Self {
        self.sets = Some(names);
        self
    }

    /// The numbers that are saved. Default: the dots.
    pub fn csv(mut self, csv: &'a dyn Fn() -> String) -> Self {
        self.csv = Some(csv);
        self
    }

    /// What lies below the dots. Default: nothing.
    pub fn ground(mut self, ground: Option<Ground>) -> Self {
        self.ground = ground;
        self
    }

    /// What the plane reacts to. Default: the pointer that hovers.
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

    /// Directions at some places. Default: none.
    pub fn arrows(mut self, arrows: &'a [Arrow]) -> Self {
        self.arrows = arrows;
        self
    }

    /// Takes all the space there is.
    pub fn show(self, ui: &mut Ui) -> Response {
        self.show_with_transform(ui).0
    }

    /// The same, and how places on the screen are places in the plane.
    pub fn show_with_transform(self, ui: &mut Ui) -> (Response, PlotTransform) {
        let palette = Palette::of(ui);
        let begin = chart_file::begin(ui);
        let (above, _) = ui.allocate_exact_size(vec2(ui.available_width(), NAME), Sense::hover());
        let [x, y] = self.ranges.clone();
        let room = vec2(ui.available_width(), ui.available_height() - NAME).max(vec2(120.0, 80.0));
        let size = with_equal_axes(room, [x.end() - x.start(), y.end() - y.start()]);
        let place = Rect::from_min_size(ui.cursor().min + vec2((room.x - size.x) / 2.0, 0.0), size);
        let y_name = above.with_min_x(place.left());
        cut_text(ui, y_name, Align2::LEFT_CENTER, self.axes[1], theme::body_font(), palette.muted);
        let axis = |range, spacing: fn(egui_plot::GridInput) -> Vec<egui_plot::GridMark>| Axis {
            range,
            ticks: spacing,
            label: axes::decimal_label,
        };
        let axes = Axes {
            id: self.name,
            size,
            x: axis(x, |input| axes::round_ticks(input, 56.0)),
            x_name: "",
            y: axis(y, |input| axes::round_ticks(input, 32.0)),
            sense: self.sense | Sense::CLICK,
        };
        let (response, transform) = ui.scope_builder(UiBuilder::new().max_rect(place), |ui| axes.show(ui)).inner;
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
        if let Some(under) = self.under {
            under(&painter, &transform);
        }
        if self.has_diagonal {
            let ends = [*self.ranges[0].start(), *self.ranges[0].end()].map(|end| place([end as f32; 2]));
            painter.line_segment(ends, Stroke::new(1.5, palette.line));
        }
        let size = dot_size(self.dots.len());
        // Where ground and dots have the same colors, a dot shows by its outline, and only then if it is off.
        let has_values = self.dots.first().is_some_and(|dot| matches!(dot.tone, Tone::Value(_)));
        let outline = Stroke::new(1.0, if has_values { palette.line } else { palette.surface });
        for dot in self.dots {
            paint_dot(&painter, place(dot.at), size, dot, palette, outline);
        }
        for Arrow { at, by } in self.arrows {
            let (from, to) = (place(*at), place([at[0] + by[0], at[1] + by[1]]));
            if from.distance(to) > 1.0 {
                painter.arrow(from, to - from, Stroke::new(1.2, palette.text));
            }
        }
        if let Some(mark) = self.mark {
            // A ring of both colors shows on any ground.
            painter.circle_stroke(place(mark), 8.0, Stroke::new(6.0, palette.surface));
            painter.circle_stroke(place(mark), 8.0, Stroke::new(2.5, palette.text));
        }
        let (below, _) = ui.allocate_exact_size(vec2(ui.available_width(), NAME), Sense::hover());
        let x_name = below.with_min_x(frame.left()).with_max_x(frame.right());
        cut_text(ui, x_name, Align2::CENTER_CENTER, self.axes[0], theme::body_font(), palette.muted);
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, tr(self.name)));
        if let Some([filled, rings]) = self.sets {
            let count = self.dots.iter().filter(|dot| dot.is_ring).count();
            let text = format!("{} dots: {filled}, {count} rings: {rings}", self.dots.len() - count);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(tr(text)));
        }
        let place = above.union(below).union(response.rect);
        chart_file::menu_ui(ui, &response, begin, place, self.name, || {
            if let Some(csv) = self.csv {
                return csv();
            }
            let rows = self.dots.iter().map(|dot| {
                let class = if let Tone::Class(class) = dot.tone { class.to_string() } else { String::new() };
                let set = self.sets.map_or("", |[filled, rings]| if dot.is_ring { rings } else { filled });
                [dot.at[0].to_string(), dot.at[1].to_string(), class, set.to_owned()]
            });
            let head = [self.axes[0], self.axes[1], "class", "set"].map(str::to_owned);
            chart_file::csv_text(std::iter::once(head).chain(rows))
        });
        (response, transform)
    }
}

/// The largest part of a room in which a unit is as long in x as in y, so that a circle is round.
fn with_equal_axes(room: Vec2, [x, y]: [f64; 2]) -> Vec2 {
    let around = vec2(AXIS_WIDTH + RIGHT, TICKS_HEIGHT);
    let frame = room - around;
    let ratio = x / y;
    if !(1.0 / MOST_UNEQUAL..=MOST_UNEQUAL).contains(&ratio) || frame.min_elem() <= 0.0 {
        return room;
    }
    let ratio = ratio as f32;
    vec2(frame.x.min(frame.y * ratio), frame.y.min(frame.x / ratio)) + around
}

/// Many dots are smaller than few, without a step between them.
fn dot_size(dots: usize) -> f32 {
    3.5 * (FEW_DOTS / (dots as f32).max(FEW_DOTS)).powf(0.25)
}

/// Four forms, so that neighboring classes differ in more than their color. A ring is of the color, and as large as a dot.
fn paint_dot(painter: &Painter, at: Pos2, size: f32, dot: &Dot, palette: &Palette, outline: Stroke) {
    let color = dot.tone.color(palette);
    let ring = RING.min(size / 2.0);
    let (color, outline, size) = match dot.is_ring {
        true => (palette.surface, Stroke::new(ring, color), size - ring / 2.0 + outline.width / 2.0),
        false => (color, outline, size),
    };
    let form = match dot.tone {
        Tone::Class(class) => class % 4,
        Tone::Faint => 1,
        Tone::Value(_) | Tone::Plain | Tone::Any => 0,
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
    legend_ui(ui, class_legend(names));
}

/// The entries of the classes in a legend.
pub fn class_legend(names: &[String]) -> impl Iterator<Item = (Dot, &str)> {
    names.iter().enumerate().map(|(class, name)| (Dot::new([0.0; 2], Tone::Class(class)), name.as_str()))
}

/// What dots look like, wherever they are, and what they stand for.
pub fn legend_ui<'a>(ui: &mut Ui, entries: impl Iterator<Item = (Dot, &'a str)>) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        for (dot, name) in entries {
            let (sample, _) = ui.allocate_exact_size(vec2(12.0, 16.0), Sense::hover());
            let outline = Stroke::new(1.0, palette.surface);
            paint_dot(ui.painter(), sample.center(), 5.0, &dot, palette, outline);
            let most = ui.available_rect_before_wrap().width().clamp(32.0, MOST_NAME);
            name_ui(ui, name, theme::body_font(), palette.muted, most);
            ui.add_space(2.0 * GRID);
        }
    });
}

/// From the least to the greatest of these numbers, with a little air at both ends.
pub fn range_of<N: Into<f64>>(numbers: impl Iterator<Item = N>) -> RangeInclusive<f64> {
    let ends =
        numbers.map(Into::into).filter(|number| number.is_finite()).fold(None, |ends: Option<(f64, f64)>, number| {
            Some(ends.map_or((number, number), |(low, high)| (low.min(number), high.max(number))))
        });
    let (low, high) = ends.unwrap_or((0.0, 1.0));
    let air = if high > low { (high - low) * 0.06 } else { 0.5 };
    low - air..=high + air
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_round_and_quantities_of_other_sizes_fill_the_room() {
        let room = vec2(400.0, 300.0);
        let around = vec2(AXIS_WIDTH + RIGHT, TICKS_HEIGHT);
        for [x, y] in [[1.0, 1.0], [2.0, 1.0], [1.0, 2.5]] {
            let frame = with_equal_axes(room, [x, y]) - around;
            assert!((frame.x / frame.y - (x / y) as f32).abs() < 1e-4, "{frame:?} for {x} and {y}");
            assert!(frame.x <= room.x && frame.y <= room.y);
        }
        assert_eq!(with_equal_axes(room, [1000.0, 1.0]), room);
    }

    #[test]
    fn dots_become_smaller_without_a_step_and_all_classes_are_left() {
        assert!((1..3000).all(|count| dot_size(count) - dot_size(count + 1) < 0.02));
        assert!(dot_size(MOST_DOTS) > 1.8 && dot_size(1) == 3.5);
        let kept: Vec<_> = thinned(3000, MOST_DOTS).collect();
        assert!((1400..1600).contains(&kept.len()));
        let odd = kept.iter().filter(|at| *at % 2 == 1).count();
        assert!((650..850).contains(&odd), "{odd} of {} are of the second of two classes that alternate", kept.len());
        assert_eq!(thinned(40, MOST_DOTS).count(), 40);
    }

    #[test]
    fn a_range_has_air_and_is_never_empty() {
        assert_eq!(range_of(std::iter::empty::<f64>()), -0.06..=1.06);
        assert_eq!(range_of([2.0, 2.0].into_iter()), 1.5..=2.5);
        assert_eq!(range_of([0.0, f32::NAN, 100.0].into_iter()), -6.0..=106.0);
    }
}
