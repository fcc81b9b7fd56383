//! Painting points in the plane with the mouse. A stroke becomes part of the project when the button is let go.

use eframe::egui::{Align, Layout, PointerButton, Response, Sense, Ui, vec2};
use egui_material_icons::icons::{ICON_ADD, ICON_DELETE, ICON_UNDO};

use crate::data::Task;
use crate::data::sources::painted::MOST;
use crate::ui::commands::Command;
use crate::ui::jobs::plane::PlaneQuery;
use crate::ui::state::painting::{Painting, Tool};
use crate::ui::state::subject::is_plane;
use crate::ui::theme::ROW;
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::plane::{Ground, height_legend_ui, tone_of};
use crate::ui::widgets::button::{icon_button_ui, segmented_ui};
use crate::ui::widgets::field::number_field_ui;
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::plane::{Dot, Plane, Tone, class_legend_ui};
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::caption_ui;

/// Points of a stroke are at least this far apart on the screen, and the eraser reaches as far.
const APART: f32 = 12.0;

/// More classes have no forms and colors of their own.
const MOST_CLASSES: usize = 8;

const VALUE_HELP: &str = "The number of the points that are painted next.";

/// Begins to paint in what is shown, if it is a plane.
pub fn begin(cx: &mut Cx<'_>) {
    let dataset = cx.session.dataset().filter(|dataset| is_plane(dataset));
    cx.playground.painting = dataset.and_then(|dataset| Painting::of(&cx.project.data.source, dataset));
}

/// Tools above, the plane below.
pub fn paint_ui(ui: &mut Ui, ground: &mut Option<Ground>, cx: &mut Cx<'_>) {
    // It is taken out of the playground meanwhile, which is lent to the tools as well.
    if let Some(mut painting) = cx.playground.painting.take() {
        tools_ui(ui, &mut painting, cx);
        plane_ui(ui, &mut painting, ground, cx);
        cx.playground.painting = Some(painting);
    }
}

fn plane_ui(ui: &mut Ui, painting: &mut Painting, ground: &mut Option<Ground>, cx: &mut Cx<'_>) {
    match &painting.painted.task {
        Task::Classification { classes } => class_legend_ui(ui, classes),
        Task::Regression { targets, .. } => {
            let [low, high] = painting.heights.map(f64::from);
            let mut value = f64::from(painting.value);
            number_field_ui(ui, VALUE_HELP, &Slider::new("Value", low..=high, high, Division::Linear), &mut value);
            painting.value = value as f32;
            height_legend_ui(ui, targets.first().map_or("", String::as_str), painting.heights);
        }
        Task::Reconstruction { .. } | Task::NextToken { .. } => {}
    }
    let task = &painting.painted.task;
    let network = cx.network().filter(|network| {
        network.head().is_evaluated() && network.trained().task == task && network.features().len() == 2
    });
    let query = network.map(|network| PlaneQuery { network, ranges: painting.ranges.clone() });
    let predictions = query.and_then(|query| cx.derived.plane.ask(ui.ctx(), query));
    *ground = Ground::update(ground.take(), ui, predictions.as_ref(), task, painting.heights);
    let dots = dots(painting);
    let [x, y] = &painting.painted.axes;
    let plane = Plane::new("Painted points in the plane", [x, y], painting.ranges.clone(), &dots);
    let plane = plane.ground(ground.as_ref().map(Ground::placed)).sense(Sense::drag());
    let (response, transform) = plane.show_with_transform(ui);
    let span = |pixels: f32| transform.dvalue_dpos().map(|per_pixel| (per_pixel.abs() * f64::from(pixels)) as f32);
    let at = response.interact_pointer_pos().map(|pointer| {
        let value = transform.value_from_position(pointer);
        [value.x as f32, value.y as f32]
    });
    follow_pointer(painting, &response, at, span(APART), cx);
}

/// Adds or removes points while a button is down, and gives the project what has come of it when it is let go.
fn follow_pointer(
    painting: &mut Painting,
    response: &Response,
    at: Option<[f32; 2]>,
    reach: [f32; 2],
    cx: &mut Cx<'_>,
) {
    match (response.is_pointer_button_down_on(), at) {
        (true, Some(at)) => {
            let is_right = response.ctx.input(|input| input.pointer.button_down(PointerButton::Secondary));
            painting.touch(at, reach, is_right);
        }
        (true, None) => {}
        (false, _) => {
            if painting.lift() {
                commit(painting, cx);
            }
        }
    }
}

fn commit(painting: &mut Painting, cx: &mut Cx<'_>) {
    painting.to_source().clone_into(&mut cx.project.data.source);
}

/// Undo and the number of points at the right, and in the room that is left what one paints with.
fn tools_ui(ui: &mut Ui, painting: &mut Painting, cx: &mut Cx<'_>) {
    let size = vec2(ui.available_width(), ROW);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let has_points = !painting.painted.points.is_empty();
        if ui.add_enabled_ui(has_points, |ui| icon_button_ui(ui, ICON_DELETE, "Clear the plane")).inner.clicked() {
            painting.painted.points.clear();
            commit(painting, cx);
        }
        let undo = ui.add_enabled_ui(cx.situation.can_undo, |ui| icon_button_ui(ui, ICON_UNDO, "Undo the last stroke"));
        if undo.inner.clicked() {
            cx.act(Command::Undo);
        }
        let count = painting.painted.points.len();
        let full = if count >= MOST { ", the most there can be" } else { "" };
        caption_ui(ui, &format!("{} points{full}", thousands(count as f64)));
        let task = &painting.painted.task;
        let can_grow = task.classes().len() < MOST_CLASSES && matches!(task, Task::Classification { .. });
        if can_grow && icon_button_ui(ui, ICON_ADD, "Another class; the last layer needs a unit for it").clicked() {
            painting.add_class();
            commit(painting, cx);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| brushes_ui(ui, painting));
    });
}

/// A brush for each class, or one for numbers, and the eraser.
fn brushes_ui(ui: &mut Ui, painting: &mut Painting) {
    let mut options: Vec<(Tool, &str, &str)> = match &painting.painted.task {
        Task::Classification { classes } => {
            let brush =
                |(class, name)| (Tool::Brush(class), name, "Press or drag in the plane to paint points of this class.");
            classes.iter().map(String::as_str).enumerate().take(MOST_CLASSES).map(brush).collect()
        }
        Task::Regression { .. } | Task::Reconstruction { .. } | Task::NextToken { .. } => {
            vec![(Tool::Brush(0), "Brush", "Press or drag in the plane to paint points of the value below.")]
        }
    };
    let eraser_help = "Drag over points to remove them; the right button does it at any time.";
    options.push((Tool::Eraser, "Eraser", eraser_help));
    segmented_ui(ui, &mut painting.tool, &options);
}

fn dots(painting: &Painting) -> Vec<Dot> {
    let tone = |value: f32| match painting.painted.task {
        Task::Classification { .. } => Tone::Class(value as usize),
        Task::Regression { .. } | Task::Reconstruction { .. } | Task::NextToken { .. } => {
            Tone::Value(tone_of(value, painting.heights))
        }
    };
    painting.painted.points.iter().map(|point| Dot::new(point.at, tone(point.value))).collect()
}
