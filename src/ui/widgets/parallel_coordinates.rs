//! Parallel coordinates: an axis for each quantity, and a line through all of them for each sample. Dragging along an axis keeps the
//! lines that pass through that part of it; a click takes the choice back.

use eframe::egui::{
    Align2, Id, Pos2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, epaint::PathShape, pos2, vec2,
};

use super::chart_file;
use super::cut_text::cut_text;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

/// Half of the width in which an axis can be dragged along.
const REACH: f32 = 14.0;
const NAME: f32 = 18.0;
const MOST_NAME: f32 = 96.0;

/// A quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct ParallelAxis {
    /// The name above it.
    pub name: String,
    /// What its lower end is.
    pub low: String,
    /// What its upper end is.
    pub high: String,
}

/// The part of each axis that is kept, from 0 to 1; all of it where there is none.
pub type Brushes = Vec<Option<[f32; 2]>>;

/// Draws a line through the axes for each of `lines`, whose places are from 0 to 1 and whose last place decides the color.
pub fn parallel_coordinates_ui(
    ui: &mut Ui,
    axes: &[ParallelAxis],
    lines: &[Vec<f32>],
    brushes: &mut Brushes,
    height: f32,
) -> Response {
    brushes.resize(axes.len(), None);
    let begin = chart_file::begin(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let palette = Palette::of(ui);
    let inner = rect.shrink2(vec2(40.0, 0.0)).with_min_y(rect.top() + 2.0 * NAME).with_max_y(rect.bottom() - NAME);
    let at = |axis: usize| {
        let gaps = axes.len().saturating_sub(1).max(1) as f32;
        inner.left() + inner.width() * axis as f32 / gaps
    };
    let point = |axis: usize, place: f32| pos2(at(axis), inner.bottom() - inner.height() * place.clamp(0.0, 1.0));
    let is_kept = |line: &[f32], brushes: &Brushes| {
        line.iter().zip(brushes).all(|(place, brush)| brush.is_none_or(|[low, high]| (low..=high).contains(place)))
    };
    let pointed = response.hover_pos().and_then(|pointer| nearest(lines, &point, pointer));
    // The best lines last, so that they are not covered.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let key = |line: usize| (is_kept(&lines[line], brushes), lines[line].last().copied().unwrap_or_default());
    order.sort_by(|a, b| key(*a).0.cmp(&key(*b).0).then(key(*a).1.total_cmp(&key(*b).1)));
    for line in order.into_iter().chain(pointed) {
        let (kept, score) = key(line);
        let color = if kept { theme::amount(palette, 0.25 + 0.75 * score) } else { palette.faint };
        let (color, width) = if pointed == Some(line) { (palette.text, 2.0) } else { (color, 1.2) };
        let points = lines[line].iter().enumerate().map(|(axis, place)| point(axis, *place)).collect();
        ui.painter().add(PathShape::line(points, Stroke::new(width, color)));
    }
    for (axis, about) in axes.iter().enumerate() {
        axis_ui(
            ui,
            about,
            Rect::from_center_size(pos2(at(axis), inner.center().y), vec2(2.0 * REACH, inner.height())),
            rect,
            (inner.width() / axes.len().saturating_sub(1).max(1) as f32 - GRID).min(MOST_NAME),
        );
        brush_ui(
            ui,
            &mut brushes[axis],
            axis,
            &about.name,
            Rect::from_x_y_ranges(at(axis) - REACH..=at(axis) + REACH, inner.y_range()),
        );
    }
    let kept = lines.iter().filter(|line| is_kept(line, brushes)).count();
    let names: Vec<_> = axes.iter().map(|axis| axis.name.as_str()).collect();
    let text = format!("Parallel coordinates of {}: {kept} of {} lines", names.join(", "), lines.len());
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, tr(&text)));
    chart_file::menu_ui(ui, &response, begin, rect, &format!("Coordinates of {}", names.join(", ")), || {
        let head = axes.iter().map(|axis| format!("{} ({} to {})", axis.name, axis.low, axis.high)).collect::<Vec<_>>();
        let rows = lines.iter().map(|line| line.iter().map(f32::to_string).collect::<Vec<_>>());
        chart_file::csv_text(std::iter::once(head).chain(rows))
    });
    response
}

/// The line that passes the pointer within a few points.
fn nearest(lines: &[Vec<f32>], point: &impl Fn(usize, f32) -> Pos2, pointer: Pos2) -> Option<usize> {
    let distance = |line: &Vec<f32>| {
        let points: Vec<Pos2> = line.iter().enumerate().map(|(axis, place)| point(axis, *place)).collect();
        points.windows(2).map(|pair| to_segment(pointer, pair[0], pair[1])).fold(f32::INFINITY, f32::min)
    };
    let found = lines.iter().enumerate().map(|(at, line)| (at, distance(line))).min_by(|a, b| a.1.total_cmp(&b.1))?;
    (found.1 < 5.0).then_some(found.0)
}

fn to_segment(pointer: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let share = ((pointer - from).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
    (pointer - (from + along * share)).length()
}

fn axis_ui(ui: &Ui, about: &ParallelAxis, place: Rect, around: Rect, width: f32) {
    let palette = Palette::of(ui);
    let x = place.center().x;
    ui.painter().vline(x, place.y_range(), Stroke::new(1.0, palette.line));
    let room = |y: f32| Rect::from_center_size(pos2(x, y), vec2(width, NAME)).intersect(around.expand2(vec2(8.0, 0.0)));
    let font = theme::body_font;
    cut_text(ui, room(around.top() + NAME / 2.0), Align2::CENTER_CENTER, &about.name, font(), palette.text);
    cut_text(ui, room(place.top() - NAME / 2.0), Align2::CENTER_CENTER, &about.high, font(), palette.muted);
    cut_text(ui, room(place.bottom() + NAME / 2.0), Align2::CENTER_CENTER, &about.low, font(), palette.muted);
}

/// Lets a part of an axis be chosen.
fn brush_ui(ui: &mut Ui, brush: &mut Option<[f32; 2]>, axis: usize, name: &str, place: Rect) {
    let id = ui.scope_id().with(("brush", axis));
    let response = ui.interact(place, id, Sense::click_and_drag());
    let share = |pointer: Pos2| ((place.bottom() - pointer.y) / place.height()).clamp(0.0, 1.0);
    let from_id = Id::unique((id, "from"));
    if response.drag_started() {
        let from = ui.input(|input| input.pointer.press_origin()).map(share);
        ui.data_mut(|data| data.insert_temp(from_id, from));
    }
    let from: Option<f32> = ui.data(|data| data.get_temp(from_id)).flatten();
    if let (true, Some(from), Some(to)) = (response.dragged(), from, response.interact_pointer_pos().map(share)) {
        *brush = Some([from.min(to), from.max(to)]);
    }
    if response.clicked() {
        *brush = None;
    }
    let palette = Palette::of(ui);
    if let Some([low, high]) = *brush {
        let y = |share: f32| place.bottom() - place.height() * share;
        let kept = Rect::from_x_y_ranges(place.center().x - GRID..=place.center().x + GRID, y(high)..=y(low));
        ui.painter().rect_filled(kept, 2.0, palette.accent.gamma_multiply(0.5));
    } else if response.hovered() {
        ui.painter().rect_stroke(
            place.shrink2(vec2(REACH - GRID, 0.0)),
            2.0,
            (1.0, palette.muted),
            eframe::egui::StrokeKind::Inside,
        );
    }
    let text = match *brush {
        Some([low, high]) => format!("{name}, kept from {:.0} % to {:.0} % of the axis", low * 100.0, high * 100.0),
        None => format!("{name}, all is kept"),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, tr(&text)));
    response.on_hover_text(tr("Drag along the axis to keep the lines that pass there; a click keeps all."));
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn dragging_along_an_axis_keeps_the_lines_that_pass_there() {
        let axis = |name: &str| ParallelAxis { name: name.to_owned(), low: "0".to_owned(), high: "1".to_owned() };
        let axes = [axis("rate"), axis("score")];
        let lines = [vec![0.1, 0.9], vec![0.5, 0.2], vec![0.9, 0.5]];
        let app = move |ui: &mut Ui, brushes: &mut Brushes| {
            parallel_coordinates_ui(ui, &axes, &lines, brushes, 200.0);
        };
        let builder = Harness::builder().with_size([400.0, 220.0]).with_context_setup(theme::install);
        let mut harness = builder.build_ui_state(app, Brushes::new());
        harness.run_steps(2);
        harness.get_by_label("Parallel coordinates of rate, score: 3 of 3 lines");
        let place = harness.get_by_label("rate, all is kept").rect();
        harness.drag_at(place.center_bottom() - vec2(0.0, 2.0));
        harness.run_steps(2);
        harness.hover_at(place.center() + vec2(0.0, 20.0));
        harness.run_steps(2);
        harness.drop_at(place.center() + vec2(0.0, 20.0));
        harness.run_steps(2);
        harness.get_by_label("Parallel coordinates of rate, score: 1 of 3 lines");
    }
}
