//! Live curves of one metric: raw values faint under their moving average, what the user changed, and exact values under
//! the pointer.

use std::ops::RangeInclusive;

use eframe::egui::{
    self, Align2, Color32, Id, Key, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use egui_plot::{AxisHints, Plot, PlotTransform};

use super::{
    axes,
    curve_lines::{self, Pen, Prepared},
    numbers,
};
use crate::train::curve::Curve;
use crate::ui::theme::{self, GRID, Palette, ROW};

/// Room for the ticks left of the plot: fixed, so that nothing moves when a number gets longer.
const AXIS_WIDTH: f32 = 48.0;
const TICKS_HEIGHT: f32 = 20.0;

/// What is plotted, which decides range and format of the y axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Loss,
    /// A share from 0 to 1, shown in percent.
    Accuracy,
}

/// Who a series is, which decides how it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A solid line: every step, smoothed.
    Train,
    /// A thick dashed line with markers: exact, not smoothed.
    Validation,
    /// As validation, in the test set's colour.
    Test,
    /// One of several runs compared: solid and smoothed, in the colour of that number.
    Run(usize),
}

/// One line of the plot.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    pub name: &'a str,
    pub curve: &'a Curve,
    pub look: Look,
}

/// Something that happened at a step: a change by the user, or the end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub x: f64,
    /// Short: "learning rate 0.0003".
    pub text: String,
    /// The end of a run is drawn as a solid line, a change as a dashed one.
    pub is_end: bool,
}

impl Mark {
    pub fn change(x: f64, text: impl Into<String>) -> Self {
        Self { x, text: text.into(), is_end: false }
    }

    pub fn end(x: f64, text: impl Into<String>) -> Self {
        Self { x, text: text.into(), is_end: true }
    }
}

/// A plot of one metric. Drag moves it, the wheel zooms, a double click shows everything again; y always fits what is in view.
#[must_use = "Call `show`"]
pub struct CurvePlot<'a> {
    title: &'a str,
    metric: Metric,
    series: &'a [Series<'a>],
    marks: &'a [Mark],
    smoothing: f32,
    is_logarithmic: bool,
    steps_per_epoch: Option<f64>,
    link: &'a str,
    height: Option<f32>,
    empty_text: &'a str,
}

/// What linked plots share: the part of x in view, all of it if `None`, and where the pointer is.
#[derive(Clone, Copy, Default)]
struct Link {
    view: Option<(f64, f64)>,
    cursor: Option<f64>,
    cursor_pass: u64,
}

impl<'a> CurvePlot<'a> {
    pub fn new(title: &'a str, metric: Metric, series: &'a [Series<'a>]) -> Self {
        Self {
            title,
            metric,
            series,
            marks: &[],
            smoothing: 0.6,
            is_logarithmic: false,
            steps_per_epoch: None,
            link: "curves",
            height: None,
            empty_text: "The curve appears here when you press Train",
        }
    }

    /// What happened while it trained. Default: nothing.
    pub fn marks(mut self, marks: &'a [Mark]) -> Self {
        self.marks = marks;
        self
    }

    /// Weight of the moving average, from 0 (none) to 0.999. Default: 0.6.
    pub fn smoothing(mut self, smoothing: f32) -> Self {
        self.smoothing = smoothing;
        self
    }

    /// A logarithmic y axis; only a loss has one. Default: `false`.
    pub fn logarithmic(mut self, logarithmic: bool) -> Self {
        self.is_logarithmic = logarithmic && self.metric == Metric::Loss;
        self
    }

    /// Tell the epoch beside the step under the pointer. Default: only the step.
    pub fn steps_per_epoch(mut self, steps: f64) -> Self {
        self.steps_per_epoch = (steps > 0.0).then_some(steps);
        self
    }

    /// Plots with the same name move and point together. Default: `"curves"`.
    pub fn link(mut self, name: &'a str) -> Self {
        self.link = name;
        self
    }

    /// Height with the heading. Default: all there is.
    pub fn height(mut self, height: f32) -> Self {
        self.height = Some(height);
        self
    }

    /// What to read where there is no curve yet. Default: that it appears after pressing Train.
    pub fn empty_text(mut self, text: &'a str) -> Self {
        self.empty_text = text;
        self
    }

    pub fn show(self, ui: &mut Ui) -> Response {
        let size =
            vec2(ui.available_width(), self.height.unwrap_or_else(|| ui.available_height())).max(vec2(160.0, 96.0));
        let (_, rect) = ui.allocate_space(size);
        let (header, body) = rect.split_top_bottom_at_y(rect.top() + ROW);
        let mut ui = ui.new_child(egui::UiBuilder::new().id_salt(self.title).max_rect(body));
        self.header_ui(&ui, header);
        self.plot_ui(&mut ui, body.size())
    }

    fn plot_ui(&self, ui: &mut Ui, size: Vec2) -> Response {
        let palette = Palette::of(ui);
        let link_id = Id::unique(("linked plots", self.link));
        let mut link: Link = ui.data(|data| data.get_temp(link_id)).unwrap_or_default();
        let prepared: Vec<_> = self.series.iter().map(|series| self.prepare(series)).collect();
        let x_range = self.x_range(link.view);
        let y_range = self.y_range(&prepared, &x_range);

        let (response, transform) = self.frame_ui(ui, palette, size, &x_range, &y_range);
        self.navigate(ui, &response, &transform, &mut link);
        let painter = ui.painter().with_clip_rect(transform.frame().intersect(ui.clip_rect()));
        self.paint_marks(&painter, palette, &transform);
        for (series, prepared) in self.series.iter().zip(&prepared) {
            curve_lines::paint(&painter, &transform, prepared, self.pen(series, palette), |y| self.y_from(y));
        }
        if self.is_empty() {
            let font = theme::body_font();
            painter.text(transform.frame().center(), Align2::CENTER_CENTER, self.empty_text, font, palette.muted);
        } else {
            self.cursor_ui(ui, &response, &transform, &prepared, &mut link);
        }
        ui.data_mut(|data| data.insert_temp(link_id, link));
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, ui.is_enabled(), self.description()));
        response
    }

    /// Axes and grid, by `egui_plot`; everything else is painted over it.
    fn frame_ui(
        &self,
        ui: &mut Ui,
        palette: &Palette,
        size: Vec2,
        x_range: &RangeInclusive<f64>,
        y_range: &RangeInclusive<f64>,
    ) -> (Response, PlotTransform) {
        let (is_logarithmic, metric) = (self.is_logarithmic, self.metric);
        let hints = |hints: AxisHints<'static>| {
            hints.label_spacing(1.0..=2.0).tick_label_color(palette.muted).tick_label_font(theme::body_font())
        };
        let y_label = move |mark, _: &RangeInclusive<f64>| match metric {
            Metric::Accuracy => axes::percent_label(mark),
            Metric::Loss if is_logarithmic => axes::decade_label(mark),
            Metric::Loss => axes::decimal_label(mark),
        };
        let (x_range, y_range) = (x_range.clone(), y_range.clone());
        let plot = Plot::new(self.title)
            .width(size.x)
            .height(size.y)
            .show_background(false)
            .show_grid([false, true])
            .grid_color(palette.faint)
            .grid_spacing(1.0..=2.0)
            .x_grid_spacer(|input| axes::round_ticks(input, 72.0))
            .y_grid_spacer(
                move |input| {
                    if is_logarithmic { axes::decade_ticks(input) } else { axes::round_ticks(input, 28.0) }
                },
            )
            .custom_x_axes(vec![
                hints(AxisHints::new_x()).min_thickness(TICKS_HEIGHT).formatter(|mark, _| numbers::short(mark.value)),
            ])
            .custom_y_axes(vec![hints(AxisHints::new_y()).min_thickness(AXIS_WIDTH).formatter(y_label)])
            .show_x(false)
            .show_y(false)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_axis_zoom_drag(false)
            .allow_boxed_zoom(false)
            .allow_double_click_reset(false)
            .sense(Sense::click_and_drag())
            .show(ui, move |plot| {
                plot.set_plot_bounds_x(x_range);
                plot.set_plot_bounds_y(y_range);
            });
        let frame = plot.transform.frame();
        ui.painter().hline(frame.x_range(), frame.bottom(), Stroke::new(1.0, palette.line));
        let corner = pos2(frame.left() - 2.0 * GRID, frame.bottom() + 2.0);
        ui.painter().text(corner, Align2::RIGHT_TOP, "step", theme::body_font(), palette.muted);
        (plot.response, plot.transform)
    }

    /// Moves the view with drag and wheel, and the pointer's place with the arrow keys.
    fn navigate(&self, ui: &Ui, response: &Response, transform: &PlotTransform, link: &mut Link) {
        let (min, max) = (transform.bounds().min()[0], transform.bounds().max()[0]);
        let pass = ui.cumulative_pass_nr();
        if response.double_clicked() {
            link.view = None;
        } else if response.dragged() && response.drag_delta().x != 0.0 {
            let shift = f64::from(response.drag_delta().x) * transform.dvalue_dpos()[0];
            link.view = Some((min - shift, max - shift));
        }
        if let Some(pointer) = response.hover_pos() {
            let x = transform.value_from_position(pointer).x;
            (link.cursor, link.cursor_pass) = (Some(x), pass);
            let zoom = ui.input(|input| input.zoom_delta() * (input.smooth_scroll_delta().y / 200.0).exp());
            if zoom != 1.0 && !self.is_empty() {
                let (left, right) = ((x - min) / f64::from(zoom), (max - x) / f64::from(zoom));
                let is_deep = left + right < 4.0;
                let is_wide = x - left <= 0.0 && x + right >= *self.x_range(None).end();
                link.view = if is_wide {
                    None
                } else if is_deep {
                    link.view
                } else {
                    Some((x - left, x + right))
                };
            }
        } else if response.has_focus() {
            let keys = egui::EventFilter { horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
            let pressed = |key| ui.input(|input| input.key_pressed(key));
            let steps = i32::from(pressed(Key::ArrowRight)) - i32::from(pressed(Key::ArrowLeft));
            let x = link.cursor.unwrap_or(max) + f64::from(steps) * (max - min) / 50.0;
            (link.cursor, link.cursor_pass) = (Some(x.clamp(min, max)), pass);
        }
    }

    fn paint_marks(&self, painter: &egui::Painter, palette: &Palette, transform: &PlotTransform) {
        let broken = self.series.iter().find_map(|series| series.curve.first_non_finite());
        let broken = broken.map(|x| (Mark::end(x, "not a number from here"), palette.bad));
        let marks = self.marks.iter().map(|mark| (mark.clone(), palette.muted)).chain(broken);
        let frame = *transform.frame();
        // A loss falls and an accuracy rises, so these are the emptier edges.
        let is_above = self.metric == Metric::Loss;
        let mut free_from = f32::NEG_INFINITY;
        for (mark, color) in marks {
            let x = transform.position_from_point_x(mark.x);
            let line = [pos2(x, frame.top()), pos2(x, frame.bottom())];
            let stroke = Stroke::new(1.0, color.gamma_multiply(0.8));
            if mark.is_end {
                painter.line_segment(line, stroke);
            } else {
                painter.extend(egui::Shape::dashed_line(&line, stroke, 3.0, 3.0));
            }
            let galley = painter.layout_no_wrap(mark.text, theme::body_font(), color);
            // At the right end the text stands left of its line.
            let is_right = x + GRID + galley.size().x <= frame.right();
            let left = if is_right { x + GRID } else { x - GRID - galley.size().x };
            if left < free_from {
                continue;
            }
            free_from = left + galley.size().x + GRID;
            let top = if is_above { frame.top() } else { frame.bottom() - galley.size().y - 2.0 };
            let rect = Rect::from_min_size(pos2(left, top), galley.size());
            painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 0.0, palette.surface.gamma_multiply(0.85));
            painter.galley(rect.min, galley, color);
        }
    }

    /// A line at the pointer in every linked plot, and a table of the values there in the one under it.
    fn cursor_ui(
        &self,
        ui: &Ui,
        response: &Response,
        transform: &PlotTransform,
        prepared: &[Prepared<'_>],
        link: &mut Link,
    ) {
        let is_fresh = link.cursor_pass + 1 >= ui.cumulative_pass_nr();
        let Some(cursor) = link.cursor.filter(|_| is_fresh) else { return };
        let Some(index) = self.series.first().and_then(|series| series.curve.index_at(cursor)) else { return };
        let palette = Palette::of(ui);
        let painter = ui.painter().with_clip_rect(*transform.frame());
        let x = self.series[0].curve.buckets()[index].x;
        painter.vline(transform.position_from_point_x(x), transform.frame().y_range(), Stroke::new(1.0, palette.line));
        for (series, prepared) in self.series.iter().zip(prepared) {
            if let Some(index) = series.curve.index_at(x) {
                let [x, y] = prepared.smoothed[index];
                let [x, y] = [transform.position_from_point_x(x), transform.position_from_point_y(self.y_from(y))];
                let pen = self.pen(series, palette);
                painter.circle(pos2(x, y), 4.0, pen.color, Stroke::new(1.5, palette.surface));
            }
        }
        let is_here = response.hovered() || response.has_focus();
        if is_here && !response.dragged() {
            let anchor = match response.hover_pos() {
                Some(_) => egui::PopupAnchor::Pointer,
                None => pos2(transform.position_from_point_x(x), transform.frame().center().y).into(),
            };
            egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), response.id, anchor)
                .gap(16.0)
                .show(|ui| self.values_ui(ui, x, prepared));
        }
    }

    fn values_ui(&self, ui: &mut Ui, x: f64, prepared: &[Prepared<'_>]) {
        let palette = Palette::of(ui);
        let is_smoothed = self.smoothing > 0.0 && self.series.iter().any(|series| self.pen(series, palette).has_raw);
        let right = |ui: &mut Ui, text: egui::RichText| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(text));
        };
        egui::Grid::new("values").num_columns(3).min_col_width(56.0).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
            ui.label(theme::strong(format!("step {}", numbers::thousands(x.round()))));
            if let Some(steps) = self.steps_per_epoch {
                right(ui, egui::RichText::new(format!("epoch {:.2}", x / steps)).color(palette.muted));
            } else {
                ui.label("");
            }
            if is_smoothed {
                right(ui, egui::RichText::new("smoothed").color(palette.muted));
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
                right(ui, egui::RichText::new(self.value_text(series.curve.buckets()[index].mean.into())));
                if is_smoothed {
                    let smoothed = self.value_text(prepared.smoothed[index][1]);
                    right(ui, egui::RichText::new(if pen.has_raw { smoothed } else { String::new() }));
                }
                ui.end_row();
            }
        });
    }

    /// The title, and the legend with the newest values, which have a fixed place from the right.
    fn header_ui(&self, ui: &Ui, rect: Rect) {
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
        let mut right = rect.right();
        for series in self.series.iter().rev() {
            let value = series.curve.last().map_or("–".to_owned(), |(_, y)| self.value_text(y.into()));
            painter.text(pos2(right, y), Align2::RIGHT_CENTER, value, theme::strong_font(theme::BODY), palette.text);
            right -= 52.0;
            let name =
                painter.text(pos2(right, y), Align2::RIGHT_CENTER, series.name, theme::body_font(), palette.muted);
            right = name.left() - 8.0;
            let sample = Rect::from_center_size(pos2(right - 12.0, y), vec2(24.0, 16.0));
            paint_sample(painter, sample, self.pen(series, palette));
            right = sample.left() - 16.0;
        }
    }

    fn prepare(&self, series: &Series<'a>) -> Prepared<'a> {
        let is_exact = matches!(series.look, Look::Validation | Look::Test);
        let weight = if is_exact { 0.0 } else { self.smoothing };
        Prepared { curve: series.curve, smoothed: series.curve.smoothed(weight).collect() }
    }

    fn pen(&self, series: &Series<'_>, palette: &Palette) -> Pen {
        let (color, is_dashed) = match series.look {
            Look::Train => (palette.train, false),
            Look::Validation => (palette.validation, true),
            Look::Test => (palette.test, true),
            Look::Run(index) => (palette.class(index), false),
        };
        let width = if is_dashed { 2.5 } else { 2.0 };
        Pen { color, ground: palette.surface, width, is_dashed, has_raw: !is_dashed && self.smoothing > 0.0 }
    }

    fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.curve.is_empty())
    }

    fn y_from(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(1e-12).log10() } else { value }
    }

    fn value_text(&self, value: f64) -> String {
        match self.metric {
            Metric::Loss => numbers::steady(value),
            Metric::Accuracy => format!("{:.2} %", value * 100.0),
        }
    }

    fn x_range(&self, view: Option<(f64, f64)>) -> RangeInclusive<f64> {
        let last = self.series.iter().filter_map(|series| series.curve.last()).map(|(x, _)| x);
        let marks = self.marks.iter().map(|mark| mark.x).filter(|_| !self.is_empty());
        let end = last.chain(marks).fold(0.0, f64::max);
        let end = if end == 0.0 { 100.0 } else { end.max(10.0) };
        view.map_or(0.0..=end, |(min, max)| min..=max)
    }

    /// What suits the values in view: the moving averages, so that one spike does not flatten everything else.
    fn y_range(&self, prepared: &[Prepared<'_>], x_range: &RangeInclusive<f64>) -> RangeInclusive<f64> {
        let mut low_x = *x_range.start();
        if self.metric == Metric::Accuracy && low_x <= 0.0 {
            // The first steps of every run are near chance; they may leave the plot below.
            low_x = x_range.end() * 0.1;
        }
        let is_visible = |point: &&[f64; 2]| (low_x..=*x_range.end()).contains(&point[0]);
        let values = prepared.iter().flat_map(|prepared| prepared.smoothed.iter().filter(is_visible)).map(|[_, y]| *y);
        let extremes = values.fold(None, |extremes: Option<(f64, f64)>, y| {
            Some(extremes.map_or((y, y), |(low, high)| (low.min(y), high.max(y))))
        });
        match self.metric {
            Metric::Accuracy => axes::share_range(extremes.map(|(low, _)| low)),
            Metric::Loss if self.is_logarithmic => axes::decade_range(extremes),
            Metric::Loss => axes::loss_range(extremes.map(|(_, high)| high)),
        }
    }

    fn description(&self) -> String {
        let values = self.series.iter().filter_map(|series| {
            let (x, y) = series.curve.last()?;
            Some(format!("{} {} at step {}", series.name, self.value_text(y.into()), numbers::thousands(x)))
        });
        let values: Vec<_> = values.collect();
        let values = if values.is_empty() { self.empty_text.to_owned() } else { values.join(", ") };
        format!("{} plot: {values}", self.title)
    }
}

const HEADER_BASE: f32 = 10.0;

/// The line as it looks in the plot, for the legend.
fn paint_sample(painter: &egui::Painter, rect: Rect, pen: Pen) {
    let line = [rect.left_center(), rect.right_center()];
    let stroke = Stroke::new(pen.width, pen.color);
    if pen.is_dashed {
        painter.line_segment([line[0], line[0] + vec2(6.0, 0.0)], stroke);
        painter.line_segment([line[1] - vec2(6.0, 0.0), line[1]], stroke);
        painter.circle(rect.center(), 3.5, Color32::TRANSPARENT, Stroke::new(2.0, pen.color));
    } else {
        painter.line_segment(line, stroke);
    }
}
