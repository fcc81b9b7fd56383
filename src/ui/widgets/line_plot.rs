//! A small plot of a curve that is known from end to end, like the course of a learning rate: the exact values are under
//! the pointer, and what matters is marked.

use std::ops::RangeInclusive;

use eframe::egui::{
    self, Align2, Color32, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, WidgetInfo,
    epaint::PathShape, pos2, vec2,
};
use egui_plot::PlotTransform;

use super::axes::{self, Axes, Axis, RIGHT};
use super::chart_file;
use super::cut_text::cut_text;
use super::numbers::significant;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

const NAME_HEIGHT: f32 = 18.0;

/// What an axis measures.
#[derive(Clone, Debug)]
pub struct Quantity<'a> {
    /// The name beside the axis.
    pub name: &'a str,
    /// The visible range, in the unit of the quantity.
    pub range: RangeInclusive<f64>,
    /// Whether the axis is logarithmic.
    pub is_logarithmic: bool,
}

impl Quantity<'_> {
    fn at(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(1e-12).log10() } else { value }
    }

    fn value(&self, at: f64) -> f64 {
        if self.is_logarithmic { 10f64.powf(at) } else { at }
    }

    fn axis(&self, ticks: [fn(egui_plot::GridInput) -> Vec<egui_plot::GridMark>; 2]) -> Axis {
        let range = self.at(*self.range.start())..=self.at(*self.range.end());
        match self.is_logarithmic {
            true => Axis { range, ticks: ticks[1], label: axes::decade_label },
            false => Axis { range, ticks: ticks[0], label: |mark| significant(mark.value) },
        }
    }
}

/// Another curve in the same plot, told from the first by more than its color.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// The name in the legend.
    pub name: &'a str,
    /// The points `[x, y]`, in order of x.
    pub points: &'a [[f64; 2]],
    /// How the line is drawn.
    pub look: LineLook,
}

/// The style of an additional line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineLook {
    /// Thin, in the color of text.
    Thin,
    /// Dotted and muted.
    Dotted,
}

impl LineLook {
    fn stroke(self, palette: &Palette) -> Stroke {
        match self {
            Self::Thin => Stroke::new(1.0, palette.text),
            Self::Dotted => Stroke::new(1.5, palette.muted),
        }
    }
}

/// A curve of points `[x, y]` whose x grow. What stands in the way of reading it is left to the caller: the heading.
#[must_use = "Call `show`"]
pub struct LinePlot<'a> {
    name: &'a str,
    id: &'a str,
    x: Quantity<'a>,
    y: Quantity<'a>,
    line: &'a [[f64; 2]],
    line_name: &'a str,
    others: &'a [Line<'a>],
    raw: &'a [[f64; 2]],
    band: &'a [[f64; 3]],
    band_name: &'a str,
    mark: Option<(f64, String)>,
    height: f32,
}

impl<'a> LinePlot<'a> {
    /// `name` is what a screen reader says.
    pub fn new(name: &'a str, x: Quantity<'a>, y: Quantity<'a>, line: &'a [[f64; 2]]) -> Self {
        Self {
            name,
            id: "line",
            x,
            y,
            line,
            line_name: "",
            others: &[],
            raw: &[],
            band: &[],
            band_name: "",
            mark: None,
            height: 120.0,
        }
    }

    /// Tells it from other plots in the same place. Default: "line".
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = id;
        self
    }

    /// Other lines below this one, which needs a name beside theirs in the legend. Default: none.
    pub fn beside(mut self, name: &'a str, others: &'a [Line<'a>]) -> Self {
        (self.line_name, self.others) = (name, others);
        self
    }

    /// What the line smooths, faint below it. Default: nothing.
    pub fn raw(mut self, points: &'a [[f64; 2]]) -> Self {
        self.raw = points;
        self
    }

    /// An interval `[x, low, high]` around a part of the line, and what it is. Default: nothing.
    pub fn band(mut self, name: &'a str, band: &'a [[f64; 3]]) -> Self {
        (self.band_name, self.band) = (name, band);
        self
    }

    /// A place on the line, with a word or none. Default: nothing.
    pub fn mark(mut self, mark: Option<(f64, String)>) -> Self {
        self.mark = mark;
        self
    }

    /// Height with the ticks and the name of the vertical axis. Default: 120.
    pub fn height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    /// Draws the plot in the width that is left.
    pub fn show(self, ui: &mut Ui) -> Response {
        let palette = Palette::of(ui);
        let begin = chart_file::begin(ui);
        let (name, _) = ui.allocate_exact_size(vec2(ui.available_width(), NAME_HEIGHT), Sense::hover());
        let legend = self.legend_ui(ui, name);
        let place = name.with_max_x(legend - 2.0 * GRID);
        cut_text(ui, place, Align2::LEFT_CENTER, self.y.name, theme::body_font(), palette.muted);
        // A name that does not fit before the first tick has a line of its own below the ticks.
        let x_name = ui.painter().layout_no_wrap(tr(self.x.name).into_owned(), theme::body_font(), palette.muted);
        let is_below = x_name.size().x > axes::AXIS_WIDTH - 2.0 * GRID;
        let names = if is_below { 2.0 * NAME_HEIGHT } else { NAME_HEIGHT };
        let axes = Axes {
            id: self.id,
            size: vec2(ui.available_width(), self.height - names),
            x: self.x.axis([|input| axes::round_ticks(input, 56.0), |input| axes::decade_ticks(input, 52.0)]),
            x_name: if is_below { "" } else { self.x.name },
            y: self.y.axis([|input| axes::round_ticks(input, 28.0), |input| axes::decade_ticks(input, 30.0)]),
            sense: Sense::hover() | Sense::CLICK,
        };
        let (response, transform) = axes.show(ui);
        if is_below {
            let (below, _) = ui.allocate_exact_size(vec2(ui.available_width(), NAME_HEIGHT), Sense::hover());
            cut_text(ui, below, Align2::CENTER_CENTER, self.x.name, theme::body_font(), palette.muted);
        }
        let painter = ui.painter().with_clip_rect(transform.frame().expand(2.0).intersect(ui.clip_rect()));
        self.paint_line(&painter, &transform, self.raw, Stroke::new(1.0, palette.train.gamma_multiply(0.4)));
        self.paint_band(&painter, &transform, palette.train.gamma_multiply(0.25));
        for other in self.others {
            self.paint_other(&painter, &transform, other, palette);
        }
        self.paint_line(&painter, &transform, self.line, Stroke::new(2.0, palette.train));
        if let Some((x, text)) = &self.mark {
            self.paint_mark(&painter, &transform, palette, *x, text);
        }
        self.cursor_ui(ui, &response, &transform);
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, tr(self.name)));
        chart_file::menu_ui(ui, &response, begin, name.union(response.rect), self.name, || self.csv());
        response
    }

    /// The points of every line, and the bounds of the band.
    fn csv(&self) -> String {
        let own = if self.line_name.is_empty() { self.y.name } else { self.line_name };
        let row = |name: &str, x: f64, y: f64| [name.to_owned(), x.to_string(), y.to_string()];
        let line = |name: &str, points: &[[f64; 2]]| points.iter().map(|[x, y]| row(name, *x, *y)).collect::<Vec<_>>();
        let others = self.others.iter().flat_map(|other| line(other.name, other.points));
        let bounds = self.band.iter().flat_map(|[x, low, high]| {
            [("low", low), ("high", high)].map(|(end, y)| row(&format!("{}, {end}", self.band_name), *x, *y))
        });
        let head = ["line", self.x.name, self.y.name].map(str::to_owned);
        let own = line(own, self.line);
        chart_file::csv_text(std::iter::once(head).chain(own).chain(line("raw", self.raw)).chain(others).chain(bounds))
    }

    fn screen(&self, transform: &PlotTransform, [x, y]: [f64; 2]) -> Pos2 {
        pos2(transform.position_from_point_x(self.x.at(x)), transform.position_from_point_y(self.y.at(y)))
    }

    fn paint_line(&self, painter: &Painter, transform: &PlotTransform, points: &[[f64; 2]], stroke: Stroke) {
        let points: Vec<_> = points.iter().map(|point| self.screen(transform, *point)).collect();
        if points.len() > 1 {
            painter.add(PathShape::line(points, stroke));
        }
    }

    fn paint_band(&self, painter: &Painter, transform: &PlotTransform, color: Color32) {
        for pair in self.band.windows(2) {
            let [left, right] = [pair[0], pair[1]].map(|[x, low, high]| [[x, high], [x, low]]);
            let corners = [left[0], right[0], right[1], left[1]].map(|point| self.screen(transform, point));
            painter.add(Shape::convex_polygon(corners.into(), color, Stroke::NONE));
        }
    }

    fn paint_other(&self, painter: &Painter, transform: &PlotTransform, line: &Line<'_>, palette: &Palette) {
        let stroke = line.look.stroke(palette);
        match line.look {
            LineLook::Thin => self.paint_line(painter, transform, line.points, stroke),
            LineLook::Dotted => {
                let points: Vec<_> = line.points.iter().map(|point| self.screen(transform, *point)).collect();
                painter.extend(Shape::dotted_line(&points, stroke.color, 4.0, stroke.width * 0.7));
            }
        }
    }

    /// The names of the lines at the right of the row above the plot, each after a piece of its line; where they begin.
    fn legend_ui(&self, ui: &Ui, row: Rect) -> f32 {
        if self.others.is_empty() {
            return row.right();
        }
        let (palette, painter) = (Palette::of(ui), ui.painter());
        let mut right = row.right() - RIGHT;
        let own = (self.line_name, None);
        let others = self.others.iter().map(|line| (line.name, Some(line.look)));
        for (name, look) in std::iter::once(own).chain(others).collect::<Vec<_>>().into_iter().rev() {
            let at = pos2(right, row.center().y);
            let text = painter.text(at, Align2::RIGHT_CENTER, tr(name), theme::body_font(), palette.muted);
            let sample = [text.left() - GRID - 20.0, text.left() - GRID].map(|x| pos2(x, row.center().y));
            match look {
                None => drop(painter.line_segment(sample, Stroke::new(2.0, palette.train))),
                Some(look @ LineLook::Thin) => drop(painter.line_segment(sample, look.stroke(palette))),
                Some(LineLook::Dotted) => {
                    painter.extend(Shape::dotted_line(&sample, palette.muted, 4.0, 1.0));
                }
            }
            right = sample[0].x - 3.0 * GRID;
        }
        right
    }

    fn paint_mark(&self, painter: &Painter, transform: &PlotTransform, palette: &Palette, x: f64, text: &str) {
        let Some(point) = self.nearest(x) else { return };
        let (frame, at) = (transform.frame(), self.screen(transform, point));
        let line = [pos2(at.x, frame.top()), pos2(at.x, frame.bottom())];
        painter.extend(Shape::dashed_line(&line, Stroke::new(1.0, palette.muted), 3.0, 3.0));
        painter.circle(at, 4.5, palette.accent, Stroke::new(1.5, palette.surface));
        let (align, gap) = if at.x > frame.center().x { (Align2::RIGHT_TOP, -GRID) } else { (Align2::LEFT_TOP, GRID) };
        painter.text(pos2(at.x + gap, frame.top()), align, tr(text), theme::strong_font(theme::BODY), palette.text);
    }

    /// The point of the line that is nearest to this x.
    fn nearest(&self, x: f64) -> Option<[f64; 2]> {
        self.nearest_of(self.line, x)
    }

    fn nearest_of(&self, line: &[[f64; 2]], x: f64) -> Option<[f64; 2]> {
        let distance = |point: &[f64; 2]| (self.x.at(point[0]) - self.x.at(x)).abs();
        line.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    fn cursor_ui(&self, ui: &Ui, response: &Response, transform: &PlotTransform) {
        // A menu of the plot is not covered, and what is saved of the plot has no cursor.
        let Some(pointer) = response.hover_pos().filter(|_| !egui::Popup::is_any_open(ui)) else { return };
        let pointed = self.x.value(transform.value_from_position(pointer).x);
        let distance = |point: &[f64; 2]| (self.x.at(point[0]) - self.x.at(pointed)).abs();
        let lines = || std::iter::once(self.line).chain(self.others.iter().map(|other| other.points));
        let nearest = lines().filter_map(|line| self.nearest_of(line, pointed));
        let Some([x, y]) = nearest.min_by(|a, b| distance(a).total_cmp(&distance(b))) else { return };
        // A line that does not reach there says nothing.
        let value = |line: &[[f64; 2]]| self.nearest_of(line, x).filter(|point| point[0] == x).map(|point| point[1]);
        let palette = Palette::of(ui);
        let at = self.screen(transform, [x, y]);
        ui.painter().vline(at.x, transform.frame().y_range(), Stroke::new(1.0, palette.line));
        ui.painter().circle(at, 4.0, palette.train, Stroke::new(1.5, palette.surface));
        let tooltip =
            egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), response.id, egui::PopupAnchor::Pointer);
        tooltip.gap(16.0).show(|ui| {
            let own = if self.line_name.is_empty() { self.y.name } else { self.line_name };
            if let Some(y) = value(self.line) {
                ui.label(theme::strong(format!("{own} {}", significant(y))));
            }
            if let Some([_, low, high]) = self.band.iter().find(|bounds| bounds[0] == x) {
                ui.label(tr(format!("{} {} to {}", self.band_name, significant(*low), significant(*high))));
            }
            for other in self.others {
                if let Some(y) = value(other.points) {
                    ui.label(tr(format!("{} {}", other.name, significant(y))));
                }
            }
            ui.label(tr(format!("{} {}", self.x.name, significant(x))));
        });
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn the_values_under_the_pointer_are_told() {
        let line: Vec<_> = (0..=10).map(|x| [f64::from(x), 0.1 / 2f64.powi(x)]).collect();
        let app = move |ui: &mut Ui| {
            let x = Quantity { name: "epoch", range: 0.0..=10.0, is_logarithmic: false };
            let y = Quantity { name: "learning rate", range: 1e-5..=0.1, is_logarithmic: true };
            LinePlot::new("A curve", x, y, &line).mark(Some((7.2, "here".to_owned()))).show(ui);
        };
        let builder = Harness::builder().with_size([320.0, 160.0]).with_context_setup(theme::install);
        let mut harness = builder.build_ui(app);
        harness.run_steps(2);
        // The ticks at the left take their width, and a little is left free at the right.
        let plot = harness.get_by_label("A curve").rect();
        harness.hover_at(plot.center());
        harness.run_steps(2);
        harness.get_by_label("epoch 5");
        harness.get_by_label("learning rate 0.00313");
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos: plot.center(),
                button: egui::PointerButton::Secondary,
                pressed,
                modifiers: egui::Modifiers::NONE,
            });
        }
        harness.run_steps(3);
        harness.get_by_label("Save as CSV…");
        assert!(harness.query_by_label("epoch 5").is_none(), "the menu is not covered");
    }

    #[test]
    fn a_chart_gives_its_numbers() {
        let x = Quantity { name: "epoch", range: 0.0..=1.0, is_logarithmic: false };
        let y = Quantity { name: "loss", range: 0.0..=1.0, is_logarithmic: false };
        let others = [Line { name: "naive", points: &[[1.0, 0.5]], look: LineLook::Thin }];
        let plot = LinePlot::new("A curve", x, y, &[[0.0, 1.0], [1.0, 0.25]]).beside("forecast", &others);
        let told = plot.band("interval", &[[1.0, 0.0, 0.75]]).csv();
        let expected = "line,epoch,loss\nforecast,0,1\nforecast,1,0.25\nnaive,1,0.5\n\"interval, low\",1,0\n\"interval, high\",1,0.75\n";
        assert_eq!(told, expected);
    }
}
