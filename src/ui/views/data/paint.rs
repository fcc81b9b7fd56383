//! Painting points in the plane with the mouse. A stroke becomes part of the project when the button is let go.

use std::ops::RangeInclusive;

use eframe::egui::{Align, Layout, PointerButton, Response, Sense, Ui};
use egui_material_icons::icons::{ICON_ADD, ICON_DELETE, ICON_UNDO};

use crate::data::painted::{MOST, Painted, Point};
use crate::data::{Dataset, Task};
use crate::ui::commands::action::Action;
use crate::ui::state::session::DataState;
use crate::ui::views::Cx;
use crate::ui::views::parts::plane::{Ground, height_legend_ui, is_plane, plane_of, tone_of};
use crate::ui::views::parts::{caption_ui, segmented_ui};
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::knob::number_field_ui;
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::plane::{Dot, Plane, Tone, class_legend_ui, range_of};
use crate::ui::widgets::slider::{Division, Slider};

/// Points of a stroke are at least this far apart on the screen, and the eraser reaches as far.
const APART: f32 = 12.0;

/// More classes have no forms and colours of their own.
const MOST_CLASSES: usize = 8;

const VALUE_HELP: &str = "The number of the points that are painted next.";

/// What the pointer does in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    /// Paints points of the class at this position; where points have numbers, of the chosen number.
    Brush(usize),
    Eraser,
}

/// The plane that is painted in. What is painted lies in the project; this is a copy to which a stroke adds.
pub struct Painting {
    painted: Painted,
    /// The text in the project that this was made of.
    source: String,
    /// What is shown of x and y, which does not change under the brush.
    pub ranges: [RangeInclusive<f64>; 2],
    /// The least and the greatest number that a point may get.
    heights: [f32; 2],
    tool: Tool,
    value: f32,
    /// Where the stroke that is being painted has left its last point.
    stroke: Option<Stroke>,
}

#[derive(Clone, Copy)]
struct Stroke {
    last: Option<[f32; 2]>,
    has_changed: bool,
}

impl Painting {
    /// Begins with the points of a data set; nothing if they lie in no plane.
    pub fn of(source: &str, dataset: &Dataset) -> Option<Self> {
        let painted = Painted::of_source(source).or_else(|| Painted::of(dataset))?;
        let is_world = painted.axes == ["x", "y"];
        let ranges = plane_of(dataset).map(|range| match (is_world, painted.points.is_empty()) {
            (true, false) => range.start().min(-1.06)..=range.end().max(1.06),
            (_, true) => -1.06..=1.06,
            (false, false) => {
                let air = (range.end() - range.start()) / 4.0;
                range.start() - air..=range.end() + air
            }
        });
        let heights = range_of(painted.points.iter().map(|point| point.value));
        let heights =
            if painted.points.is_empty() { [-1.0, 1.0] } else { [*heights.start() as f32, *heights.end() as f32] };
        let value = heights[1];
        Some(Self { painted, source: source.to_owned(), ranges, heights, tool: Tool::Brush(0), value, stroke: None })
    }

    /// Keeps up with a project whose source was changed elsewhere, as by undo; false if there is nothing to paint in any more.
    pub fn follows(&mut self, source: &str, data: &DataState) -> bool {
        if self.source == source {
            return true;
        }
        if let Some(painted) = Painted::of_source(source) {
            let is_gone = matches!(self.tool, Tool::Brush(class) if class >= painted.task.outputs());
            self.tool = if is_gone { Tool::Brush(0) } else { self.tool };
            (self.painted, self.source, self.stroke) = (painted, source.to_owned(), None);
            return true;
        }
        match data {
            DataState::Ready { source: of, dataset, .. } if of == source => {
                Self::of(source, dataset).map(|other| *self = other).is_some()
            }
            DataState::Failed { source: of, .. } => of != source,
            DataState::Ready { .. } | DataState::Loading { .. } => true,
        }
    }

    /// Tools above, the plane below.
    pub fn ui(&mut self, ui: &mut Ui, ground: &mut Option<Ground>, cx: &mut Cx<'_>) {
        self.tools_ui(ui, cx);
        if let Task::Regression { .. } = self.painted.task {
            let [low, high] = self.heights.map(f64::from);
            let mut value = f64::from(self.value);
            number_field_ui(ui, VALUE_HELP, &Slider::new("Value", low..=high, high, Division::Linear), &mut value);
            self.value = value as f32;
        }
        match &self.painted.task {
            Task::Classification { classes } => class_legend_ui(ui, classes),
            Task::Regression { targets } => {
                height_legend_ui(ui, targets.first().map_or("", String::as_str), self.heights)
            }
            Task::Reconstruction { .. } => {}
        }
        let now = cx.reading.this(cx.session);
        let fits =
            now.as_ref().is_some_and(|now| *now.trained().task == self.painted.task && now.features().len() == 2);
        let answers = cx.surface.answers(now.as_ref()).filter(|_| fits);
        *ground = Ground::update(ground.take(), ui, answers, &self.painted.task, self.heights);
        let dots = self.dots();
        let [x, y] = &self.painted.axes;
        let plane = Plane::new("Painted points in the plane", [x, y], self.ranges.clone(), &dots);
        let plane = plane.ground(ground.as_ref().map(Ground::placed)).sense(Sense::drag());
        let (response, transform) = plane.show_with_transform(ui);
        let span = |pixels: f32| transform.dvalue_dpos().map(|per_pixel| (per_pixel.abs() * f64::from(pixels)) as f32);
        let at = response.interact_pointer_pos().map(|pointer| {
            let value = transform.value_from_position(pointer);
            [value.x as f32, value.y as f32]
        });
        self.stroke_ui(&response, at, span(APART), cx);
    }

    fn tools_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.horizontal(|ui| {
            let mut options: Vec<(Tool, &str, &str)> = match &self.painted.task {
                Task::Classification { classes } => {
                    let brush = |(class, name)| {
                        (Tool::Brush(class), name, "Press or drag in the plane to paint points of this class.")
                    };
                    classes.iter().map(String::as_str).enumerate().take(MOST_CLASSES).map(brush).collect()
                }
                Task::Regression { .. } | Task::Reconstruction { .. } => {
                    vec![(Tool::Brush(0), "Brush", "Press or drag in the plane to paint points of the value below.")]
                }
            };
            options.push((
                Tool::Eraser,
                "Eraser",
                "Drag over points to remove them; the right button does it at any time.",
            ));
            segmented_ui(ui, &mut self.tool, &options);
            if let Task::Classification { classes } = &mut self.painted.task
                && classes.len() < MOST_CLASSES
                && icon_button_ui(ui, ICON_ADD, "Another class; the last layer needs a unit for it").clicked()
            {
                self.tool = Tool::Brush(classes.len());
                let names = (classes.len() + 1..).map(|number| format!("class {number}"));
                let new: Vec<_> = names.filter(|name| !classes.contains(name)).take(1).collect();
                classes.extend(new);
                self.commit(cx);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui
                    .add_enabled_ui(!self.painted.points.is_empty(), |ui| {
                        icon_button_ui(ui, ICON_DELETE, "Clear the plane")
                    })
                    .inner
                    .clicked()
                {
                    self.painted.points.clear();
                    self.commit(cx);
                }
                if ui
                    .add_enabled_ui(cx.can_undo, |ui| icon_button_ui(ui, ICON_UNDO, "Undo the last stroke"))
                    .inner
                    .clicked()
                {
                    cx.act(Action::Undo);
                }
                let count = self.painted.points.len();
                let full = if count >= MOST { ", the most there can be" } else { "" };
                caption_ui(ui, &format!("{} points{full}", thousands(count as f64)));
            });
        });
    }

    /// Adds or removes points while a button is down, and gives the project what has come of it when it is let go.
    fn stroke_ui(&mut self, response: &Response, at: Option<[f32; 2]>, reach: [f32; 2], cx: &mut Cx<'_>) {
        let is_down = response.is_pointer_button_down_on();
        let (true, Some(at)) = (is_down, at) else {
            if let Some(Stroke { has_changed: true, .. }) = self.stroke.take_if(|_| !is_down) {
                self.commit(cx);
            }
            return;
        };
        let is_right = response.ctx.input(|input| input.pointer.button_down(PointerButton::Secondary));
        let mut stroke = self.stroke.unwrap_or(Stroke { last: None, has_changed: false });
        let is_near =
            |point: [f32; 2]| ((point[0] - at[0]) / reach[0]).powi(2) + ((point[1] - at[1]) / reach[1]).powi(2) < 1.0;
        let before = self.painted.points.len();
        match self.tool {
            Tool::Brush(class) if !is_right => {
                let is_within = at.iter().zip(&self.ranges).all(|(at, range)| range.contains(&f64::from(*at)));
                if is_within && before < MOST && stroke.last.is_none_or(|last| !is_near(last)) {
                    let value = if self.painted.task.is_classification() { class as f32 } else { self.value };
                    self.painted.points.push(Point { at, value });
                    stroke.last = Some(at);
                }
            }
            Tool::Brush(_) | Tool::Eraser => self.painted.points.retain(|point| !is_near(point.at)),
        }
        stroke.has_changed |= self.painted.points.len() != before;
        self.stroke = Some(stroke);
    }

    fn commit(&mut self, cx: &mut Cx<'_>) {
        self.source = self.painted.to_source();
        cx.project.data.source.clone_from(&self.source);
    }

    fn dots(&self) -> Vec<Dot> {
        let tone = |value: f32| match self.painted.task {
            Task::Classification { .. } => Tone::Class(value as usize),
            Task::Regression { .. } | Task::Reconstruction { .. } => Tone::Value(tone_of(value, self.heights)),
        };
        self.painted.points.iter().map(|point| Dot { at: point.at, tone: tone(point.value) }).collect()
    }
}

/// Begins to paint in what is shown, if it is a plane.
pub fn begin(cx: &mut Cx<'_>) {
    let dataset = cx.session.dataset().filter(|dataset| is_plane(dataset));
    cx.desk.painting = dataset.and_then(|dataset| Painting::of(&cx.project.data.source, dataset));
}

/// The plane that is painted in.
pub fn room_ui(ui: &mut Ui, ground: &mut Option<Ground>, cx: &mut Cx<'_>) {
    // It is taken out of the desk meanwhile, which is lent to the tools as well.
    if let Some(mut painting) = cx.desk.painting.take() {
        painting.ui(ui, ground, cx);
        cx.desk.painting = Some(painting);
    }
}
