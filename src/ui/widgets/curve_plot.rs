//! Live curves of one metric: raw values faint under their moving average, what the user changed, and exact values under
//! the pointer.

mod cursor;
mod legend;
mod lines;
mod marks;
mod moment;
mod view;
mod words;

use std::ops::RangeInclusive;

use eframe::egui::{self, Align2, Id, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};
use egui_plot::PlotTransform;

pub use self::marks::{Mark, MarkKind};
use self::{
    cursor::Link,
    legend::Legend,
    lines::{Pen, Prepared},
    moment::Moment,
    view::View,
};
use super::axes::{self, Axes, Axis, RIGHT};
use super::{chart_file, numbers, sound::Sound};
use crate::language::tr;
use crate::train::curve::Curve;
use crate::ui::theme::{self, GRID, Palette};

/// What is plotted, which decides range and format of the y axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A loss, whose y axis may be logarithmic.
    Loss,
    /// A share from 0 to 1, shown in percent.
    Accuracy,
    /// The same where neither end is the better one, so that the whole range stays in view.
    Share,
}

/// Who a series is, which decides how it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A solid line: every step, smoothed.
    Train,
    /// A thick dashed line with markers: exact, not smoothed.
    Validation,
    /// A thinner dashed line: every step, smoothed, of who plays against [`Look::Train`].
    Rival,
    /// As validation, in the test set's color.
    Test,
    /// One of several runs compared: solid and smoothed, in the color of that number.
    Run(usize),
}

/// One line of the plot.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    /// The name in the legend.
    pub name: &'a str,
    /// The values over the steps.
    pub curve: &'a Curve,
    /// How the line is drawn.
    pub look: Look,
}

/// A plot of one metric. Drag moves it, the wheel zooms, and both work on an axis alone; a double click or the button that
/// appears shows everything again. Until y is moved it fits what is in view.
#[must_use = "Call `show`"]
pub struct CurvePlot<'a> {
    title: &'a str,
    metric: Metric,
    series: &'a [Series<'a>],
    marks: &'a [Mark],
    smoothing: f32,
    is_logarithmic: bool,
    steps_per_epoch: Option<f64>,
    x_name: &'a str,
    start: f64,
    link: &'a str,
    height: Option<f32>,
    empty_text: &'a str,
    moment: Option<Moment>,
    guide: Option<f64>,
}

impl<'a> CurvePlot<'a> {
    /// A plot of these series; the title stands above it.
    pub fn new(title: &'a str, metric: Metric, series: &'a [Series<'a>]) -> Self {
        Self {
            title,
            metric,
            series,
            marks: &[],
            smoothing: 0.6,
            is_logarithmic: false,
            steps_per_epoch: None,
            x_name: "step",
            start: 0.0,
            link: "curves",
            height: None,
            empty_text: "Press Train to see the curve",
            moment: None,
            guide: None,
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

    /// What the curves are drawn over. Default: `"step"`.
    pub fn over(mut self, name: &'a str) -> Self {
        self.x_name = name;
        self
    }

    /// The step that the axis begins at. Default: 0.
    pub fn from_step(mut self, step: u64) -> Self {
        self.start = step as f64;
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

    /// A value that a dashed line marks, and that stays in view. Default: none.
    pub fn guide(mut self, value: f64) -> Self {
        self.guide = Some(value);
        self
    }

    /// What to read where there is no curve yet. Default: that it appears after pressing Train.
    pub fn empty_text(mut self, text: &'a str) -> Self {
        self.empty_text = text;
        self
    }

    /// Draws the plot with an axis that is dragged to look at an earlier step. `at` is the one that is looked at, nothing if it is
    /// the newest; what comes back is the one that was chosen in this frame.
    pub fn show_timeline(mut self, ui: &mut Ui, at: Option<u64>) -> Option<u64> {
        self.moment = Some(Moment { at: at.map(|at| at as f64) });
        self.show_both(ui).1
    }

    /// Draws the plot in the width that is left.
    pub fn show(self, ui: &mut Ui) -> Response {
        self.show_both(ui).0
    }

    fn show_both(self, ui: &mut Ui) -> (Response, Option<u64>) {
        let begin = chart_file::begin(ui);
        let size =
            vec2(ui.available_width(), self.height.unwrap_or_else(|| ui.available_height())).max(vec2(160.0, 96.0));
        let (_, rect) = ui.allocate_space(size);
        let legend = self.legend(ui, size.x);
        let (header, body) = rect.split_top_bottom_at_y(rect.top() + legend.height());
        let mut ui =
            ui.new_child(egui::UiBuilder::new().id_salt(self.title).max_rect(body).layout(egui::Layout::default()));
        let shown = self.plot_ui(&mut ui, header, legend, body.size());
        let sound = || self.sound();
        let sound: Option<&dyn Fn() -> Sound> = (!self.is_empty()).then_some(&sound);
        chart_file::menu_with_sound_ui(&ui, &shown.0, begin, rect, self.title, || self.csv(), sound);
        shown
    }

    /// The values of every line: of each step, or the means of neighboring steps where they are very many.
    fn csv(&self) -> String {
        let head = ["series", self.x_name, "value", "lowest", "highest", "values"].map(str::to_owned);
        let rows = self.series.iter().flat_map(|series| {
            series.curve.buckets().iter().map(|bucket| {
                let numbers = [bucket.x, bucket.mean.into(), bucket.min.into(), bucket.max.into(), bucket.count.into()];
                let [x, mean, min, max, count] = numbers.map(|number: f64| number.to_string());
                [series.name.to_owned(), x, mean, min, max, count]
            })
        });
        chart_file::csv_text(std::iter::once(head).chain(rows))
    }

    fn plot_ui(&self, ui: &mut Ui, header: Rect, legend: Legend, size: Vec2) -> (Response, Option<u64>) {
        let palette = Palette::of(ui);
        let link_id = Id::unique(("linked plots", self.link));
        let mut link: Link = ui.data(|data| data.get_temp(link_id)).unwrap_or_default();
        let prepared: Vec<_> = self.series.iter().map(|series| self.prepare(series)).collect();
        self.header_ui(ui, header, legend, &prepared);
        let end = *self.x_range(None).end();
        // After a reset the part that was in view may lie beyond the new run.
        link.view = link.view.filter(|(min, _)| self.is_empty() || *min < end);
        let x_range = self.x_range(link.view);
        let y_view_id = self.y_view_id(ui);
        let mut y_view: View = ui.data(|data| data.get_temp(y_view_id)).flatten().filter(|_| !self.is_empty());
        let y_range = y_view.map_or_else(|| self.y_range(&prepared, &x_range), |(low, high)| low..=high);

        let (response, transform) = self.frame_ui(ui, size, x_range, y_range);
        let handles = self.handles(ui, &response, &transform);
        self.navigate(ui, &handles, &transform, &mut link.view, &mut y_view);
        let chosen = self.chosen_step(&handles, &transform);
        self.point(ui, &response, &transform, &mut link);
        let painter = ui.painter().with_clip_rect(transform.frame().intersect(ui.clip_rect()));
        self.paint_guide(&painter, palette, &transform);
        self.paint_marks(&painter, palette, &transform);
        for (series, prepared) in self.series.iter().zip(&prepared) {
            lines::paint(&painter, &transform, prepared, self.pen(series, palette), |y| self.y_from(y));
        }
        if self.is_empty() {
            let room = transform.frame().width() - 4.0 * GRID;
            let galley = painter.layout(tr(self.empty_text).into_owned(), theme::body_font(), palette.muted, room);
            let rect = Align2::CENTER_CENTER.anchor_size(transform.frame().center(), galley.size());
            painter.rect_filled(rect.expand(2.0 * GRID), theme::RADIUS, palette.surface);
            painter.galley(rect.min, galley, palette.muted);
        } else {
            self.cursor_ui(ui, &response, &transform, &prepared, &mut link);
        }
        self.moment_ui(ui, &handles, &transform);
        self.show_all_ui(ui, transform.frame(), &mut link.view, &mut y_view);
        if response.has_focus() {
            let ring = Stroke::new(1.5, palette.accent);
            ui.painter().rect_stroke(*transform.frame(), theme::RADIUS, ring, egui::StrokeKind::Outside);
        }
        ui.data_mut(|data| {
            data.insert_temp(link_id, link);
            data.insert_temp(y_view_id, y_view);
        });
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, ui.is_enabled(), tr(self.description())));
        (response, chosen)
    }

    /// Axes and grid for these ranges.
    fn frame_ui(
        &self,
        ui: &mut Ui,
        size: Vec2,
        x: RangeInclusive<f64>,
        y: RangeInclusive<f64>,
    ) -> (Response, PlotTransform) {
        let x =
            Axis { range: x, ticks: |input| axes::round_ticks(input, 72.0), label: |mark| numbers::short(mark.value) };
        let y = match self.metric {
            Metric::Loss if self.is_logarithmic => {
                Axis { range: y, ticks: |input| axes::decade_ticks(input, 30.0), label: axes::decade_label }
            }
            Metric::Loss => {
                Axis { range: y, ticks: |input| axes::round_ticks(input, 28.0), label: axes::decimal_label }
            }
            Metric::Accuracy | Metric::Share => {
                Axis { range: y, ticks: |input| axes::round_ticks(input, 28.0), label: axes::percent_label }
            }
        };
        Axes { id: self.title, size, x, x_name: self.x_name, y, sense: Sense::click_and_drag() }.show(ui)
    }

    fn prepare(&self, series: &Series<'a>) -> Prepared<'a> {
        let is_exact = matches!(series.look, Look::Validation | Look::Test);
        let weight = if is_exact { 0.0 } else { self.smoothing };
        Prepared { curve: series.curve, smoothed: series.curve.smoothed(weight).collect() }
    }

    fn pen(&self, series: &Series<'_>, palette: &Palette) -> Pen {
        let (color, is_dashed, is_exact) = match series.look {
            Look::Train => (palette.train, false, false),
            Look::Rival => (palette.validation, true, false),
            Look::Validation => (palette.validation, true, true),
            Look::Test => (palette.test, true, true),
            Look::Run(index) => (palette.class(index), false, false),
        };
        let width = if is_exact { 2.5 } else { 2.0 };
        let has_raw = !is_exact && self.smoothing > 0.0;
        Pen { color, ground: palette.surface, width, is_dashed, has_markers: is_exact, has_raw }
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
            Metric::Accuracy | Metric::Share => format!("{:.2} %", value * 100.0),
        }
    }

    /// "step 1,200", or with the digits that count for what is no whole number.
    fn x_text(&self, x: f64) -> String {
        let number = if self.x_name == "step" { numbers::thousands(x.round()) } else { numbers::significant(x) };
        format!("{} {number}", self.x_name)
    }

    fn x_range(&self, view: Option<(f64, f64)>) -> RangeInclusive<f64> {
        let last = self.series.iter().filter_map(|series| series.curve.last()).map(|(x, _)| x);
        let marks = self.marks.iter().map(|mark| mark.x).filter(|_| !self.is_empty());
        let end = last.chain(marks).chain(self.first_non_finite()).fold(0.0, f64::max);
        let least = if self.x_name == "step" { 10.0 } else { 0.0 };
        let end = if end == 0.0 { 100.0 } else { end.max(least) }.max(self.start + least);
        // The last point and its marker stand clear of the edge.
        view.map_or(self.start..=end + (end - self.start) * 0.015, |(min, max)| min..=max)
    }

    /// What suits the values in view: the moving averages, so that one spike does not flatten everything else.
    fn y_range(&self, prepared: &[Prepared<'_>], x_range: &RangeInclusive<f64>) -> RangeInclusive<f64> {
        let mut low_x = *x_range.start();
        if self.metric == Metric::Accuracy && low_x <= 0.0 {
            // The first steps of every run are near chance; they may leave the plot below.
            low_x = x_range.end() * 0.1;
        }
        let is_visible = |point: &&[f64; 2]| (low_x..=*x_range.end()).contains(&point[0]);
        let values = prepared
            .iter()
            .flat_map(|prepared| prepared.smoothed.iter().filter(is_visible))
            .map(|[_, y]| *y)
            .chain(self.guide);
        let extremes = values.fold(None, |extremes: Option<(f64, f64)>, y| {
            Some(extremes.map_or((y, y), |(low, high)| (low.min(y), high.max(y))))
        });
        match self.metric {
            Metric::Accuracy => axes::share_range(extremes.map(|(low, _)| low)),
            Metric::Share => axes::share_range(None),
            Metric::Loss if self.is_logarithmic => axes::decade_range(extremes),
            Metric::Loss if extremes.is_some_and(|(low, _)| low < 0.0) => axes::signed_range(extremes),
            // Room for what is usual above the average; a spike beyond it gets an arrow.
            Metric::Loss => axes::loss_range(extremes.map(|(_, high)| self.largest(x_range).min(high * 1.5).max(high))),
        }
    }

    /// The largest raw value in view of the series that show raw values.
    fn largest(&self, x_range: &RangeInclusive<f64>) -> f64 {
        let is_raw = |series: &&Series<'_>| {
            matches!(series.look, Look::Train | Look::Rival | Look::Run(_)) && self.smoothing > 0.0
        };
        let buckets = self.series.iter().filter(is_raw).flat_map(|series| series.curve.buckets());
        let visible = buckets.filter(|bucket| x_range.contains(&bucket.x));
        visible.map(|bucket| f64::from(bucket.max)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    fn curve(n: usize) -> Curve {
        let mut curve = Curve::default();
        for step in 1..=n {
            curve.push(step as f64, 1.0 / step as f32);
        }
        curve
    }

    fn plots(curves: [Curve; 2]) -> Harness<'static, [Curve; 2]> {
        let app = |ui: &mut Ui, curves: &mut [Curve; 2]| {
            for (title, curve) in ["Loss", "Other loss"].into_iter().zip(&*curves) {
                let series = [Series { name: "training", curve, look: Look::Train }];
                let marks = [Mark::change(20.0, "learning rate 0.0003")];
                CurvePlot::new(title, Metric::Loss, &series).marks(&marks).logarithmic(true).height(200.0).show(ui);
            }
        };
        // Short frames, so that two clicks are a double click.
        let builder =
            Harness::builder().with_step_dt(1.0 / 60.0).with_size([400.0, 440.0]).with_context_setup(theme::install);
        let mut harness = builder.build_ui_state(app, curves);
        harness.run_steps(2);
        harness
    }

    fn link(harness: &Harness<'_, [Curve; 2]>) -> Link {
        harness.ctx.data(|data| data.get_temp(Id::unique(("linked plots", "curves")))).unwrap()
    }

    #[test]
    fn a_plot_tells_its_newest_values() {
        let mut broken = curve(10);
        broken.push(11.0, f32::NAN);
        let harness = plots([Curve::default(), broken]);
        harness.get_by_label("Loss plot: Press Train to see the curve");
        harness.get_by_label("Other loss plot: training 0.100 at step 10, fell from 1.000");
    }

    #[test]
    fn the_values_under_the_pointer_are_shown_once_and_the_place_in_both() {
        let mut harness = plots([curve(100), curve(100)]);
        let place = harness.get_by_label_contains("Loss plot").rect().center();
        harness.hover_at(place);
        harness.run_steps(3);
        harness.get_by_label("step 51");
        harness.get_by_label("0.0196");
        let cursor = link(&harness).cursor.unwrap();
        assert!((cursor - 51.0).abs() < 1.0, "{cursor}");
    }

    #[test]
    fn arrow_keys_move_the_place() {
        let mut harness = plots([curve(100), curve(100)]);
        harness.get_by_label_contains("Loss plot").focus();
        harness.run();
        for _ in 0..5 {
            harness.key_press(egui::Key::ArrowLeft);
            harness.run();
        }
        harness.get_by_label_contains("step 9");
        harness.get_by_label_contains("Other loss plot").focus();
        harness.run();
        assert!(link(&harness).cursor.is_some());
    }

    #[test]
    fn an_axis_is_dragged_by_itself_and_a_button_shows_all_again() {
        let mut harness = plots([curve(100), curve(100)]);
        let plot = harness.get_by_label("Loss plot: training 0.0100 at step 100, fell from 1.000").rect();
        let ticks = |harness: &Harness<'_, [Curve; 2]>| {
            let is_tick = |text: &str| text == "0.1" || text == "0.3";
            let texts = harness.output().shapes.iter().filter_map(|shape| match &shape.shape {
                egui::Shape::Text(text) if is_tick(text.galley.text()) => Some(text.pos.y),
                _ => None,
            });
            texts.collect::<Vec<_>>()
        };
        let before = ticks(&harness);
        let axis = plot.left_center() - vec2(20.0, 0.0);
        harness.drag_at(axis);
        harness.step();
        harness.hover_at(axis + vec2(0.0, 30.0));
        harness.step();
        harness.drop_at(axis + vec2(0.0, 30.0));
        harness.run_steps(2);
        assert_ne!(ticks(&harness), before);
        assert_eq!(link(&harness).view, None, "only y has moved");
        harness.get_by_label("Show all of Loss").click();
        harness.run_steps(2);
        assert_eq!(ticks(&harness), before);
        assert!(harness.query_by_label("Show all of Loss").is_none());
    }

    #[test]
    fn drag_moves_the_linked_plots_and_a_double_click_shows_all() {
        let mut harness = plots([curve(100), curve(100)]);
        let place = harness.get_by_label_contains("Loss plot").rect().center();
        harness.drag_at(place);
        harness.step();
        harness.hover_at(place - vec2(50.0, 0.0));
        harness.step();
        harness.drop_at(place - vec2(50.0, 0.0));
        harness.run_steps(2);
        let (min, max) = link(&harness).view.unwrap();
        assert!(min > 5.0 && (max - min - 101.5).abs() < 0.1, "{min} to {max}");
        for _ in 0..2 {
            harness.get_by_label_contains("Loss plot").click();
        }
        harness.run();
        assert_eq!(link(&harness).view, None);
    }
}
