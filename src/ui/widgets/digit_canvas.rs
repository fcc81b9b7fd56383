//! A canvas for a pen: strokes are kept as the points where the pointer was, and drawn smooth.

use eframe::egui::{
    self, Align2, CursorIcon, Event, Painter, PointerButton, Pos2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo,
    emath::RectTransform, epaint::PathShape, pos2, vec2,
};

use super::keyboard_pen::KeyboardPen;
use crate::data::drawing::Drawing;
use crate::language::tr;
use crate::ui::theme::{self, Palette, RADIUS};

/// Share of the canvas that the pen is wide unless told otherwise: about what the network sees after scaling.
const PEN: f32 = 0.075;

/// Edits a drawing in canvas units, from 0 to 1, x to the right and y down. The left button draws, the right one takes
/// strokes away. The stroke in progress is part of the drawing from the first point on.
#[must_use = "Call `show`"]
pub struct DigitCanvas<'a> {
    drawing: &'a mut Drawing,
    pen: f32,
    side: Option<f32>,
    hint: &'a str,
    is_erasing: bool,
}

/// What the pointer does between press and release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tool {
    #[default]
    Idle,
    Pen,
    Eraser,
}

impl<'a> DigitCanvas<'a> {
    /// A canvas that edits this drawing.
    pub fn new(drawing: &'a mut Drawing) -> Self {
        Self { drawing, pen: PEN, side: None, hint: "Draw a digit", is_erasing: false }
    }

    /// Width of the pen as a share of the canvas. Default: 0.075.
    pub fn pen(mut self, share: f32) -> Self {
        self.pen = share.clamp(0.005, 0.5);
        self
    }

    /// Side of the square on the screen. Default: the largest that fits.
    pub fn side(mut self, side: f32) -> Self {
        self.side = Some(side);
        self
    }

    /// Whether the left button takes strokes away as well.
    pub fn erasing(mut self, is_erasing: bool) -> Self {
        self.is_erasing = is_erasing;
        self
    }

    /// What to read on empty paper. Default: "Draw a digit".
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Draws the canvas; the pointer adds and erases strokes.
    pub fn show(self, ui: &mut Ui) -> Response {
        let side = self.side.unwrap_or_else(|| ui.available_size().min_elem()).max(48.0);
        let sense = Sense::CLICK | Sense::DRAG | Sense::FOCUSABLE;
        let (rect, mut response) = ui.allocate_exact_size(vec2(side, side), sense);
        let canvas_from_screen = RectTransform::from_to(rect, Rect::from_min_size(Pos2::ZERO, vec2(1.0, 1.0)));
        let first = if self.is_erasing { Tool::Eraser } else { Tool::Pen };
        let (pen, has_moved) = KeyboardPen::of(ui, &response, self.drawing);
        if follow_pointer(ui, &response, self.drawing, (first, self.pen), canvas_from_screen) || has_moved {
            response.mark_changed();
        }
        response.widget_info(|| WidgetInfo {
            current_text_value: pen.map(|pen| tr(pen.sentence()).into_owned()),
            ..WidgetInfo::labeled(Role::Canvas, ui.is_enabled(), tr("Digit canvas"))
        });
        if ui.is_rect_visible(rect) {
            self.paint(ui, &response, pen, canvas_from_screen.inverse());
        }
        response
    }

    fn paint(&self, ui: &Ui, response: &Response, pen: Option<KeyboardPen>, screen_from_canvas: RectTransform) {
        let palette = Palette::of(ui);
        let rect = response.rect;
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.rect_filled(rect, RADIUS, palette.paper);
        if self.drawing.is_empty() {
            painter.text(rect.center(), Align2::CENTER_CENTER, tr(self.hint), theme::body_font(), palette.muted);
        }
        let width = self.pen * rect.width();
        for stroke in &self.drawing.strokes {
            let points = stroke.iter().map(|[x, y]| screen_from_canvas * pos2(*x, *y)).collect();
            paint_stroke(&painter, points, Stroke::new(width, palette.ink));
        }
        if let Some(pen) = pen {
            let (at, stroke) = (screen_from_canvas * pen.at, Stroke::new(2.0, palette.accent));
            painter.circle_stroke(at, width / 2.0 + 1.0, stroke);
            if !pen.is_down {
                painter.line_segment([at - vec2(width, 0.0), at + vec2(width, 0.0)], stroke);
                painter.line_segment([at - vec2(0.0, width), at + vec2(0.0, width)], stroke);
            }
        }
        let outline = match (response.has_focus(), response.hovered()) {
            (true, _) => palette.accent,
            (_, true) => palette.line,
            _ => palette.faint,
        };
        ui.painter().rect_stroke(rect, RADIUS, Stroke::new(1.0, outline), egui::StrokeKind::Inside);
        if let Some(pointer) = response.hover_pos() {
            ui.set_cursor_icon(CursorIcon::None);
            painter.circle_stroke(pointer, width / 2.0 + 1.0, Stroke::new(1.5, palette.accent));
        }
    }
}

/// Brings a drawing in any unit, as read from a file, into the middle of the canvas. One that is there already stays.
pub fn fit_to_canvas(drawing: &mut Drawing) {
    let points = || drawing.strokes.iter().flatten().filter(|point| point.iter().all(|x| x.is_finite()));
    if points().flatten().all(|coordinate| (0.0..=1.0).contains(coordinate)) {
        return;
    }
    let (mut min, mut max) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in points() {
        for axis in 0..2 {
            min[axis] = min[axis].min(point[axis].into());
            max[axis] = max[axis].max(point[axis].into());
        }
    }
    let size = (max[0] - min[0]).max(max[1] - min[1]);
    let scale = if size > 0.0 { 0.7 / size } else { 0.0 };
    for point in drawing.strokes.iter_mut().flatten() {
        for axis in 0..2 {
            let middle = (min[axis] + max[axis]) / 2.0;
            point[axis] = (0.5 + (f64::from(point[axis]) - middle) * scale) as f32;
        }
    }
}

/// Takes over every movement since the last frame, not only where the pointer is now, so that a fast pen stays round.
fn follow_pointer(
    ui: &Ui,
    response: &Response,
    drawing: &mut Drawing,
    (first, pen): (Tool, f32),
    canvas_from_screen: RectTransform,
) -> bool {
    if !ui.is_enabled() {
        return false;
    }
    let before: Tool = ui.data(|data| data.get_temp(response.id)).unwrap_or_default();
    let mut tool = before;
    let mut is_changed = false;
    let is_here = response.contains_pointer() || response.is_pointer_button_down_on();
    let at = |pos: Pos2| (canvas_from_screen * pos).clamp(Pos2::ZERO, pos2(1.0, 1.0));
    ui.input(|input| {
        for event in &input.events {
            match *event {
                Event::PointerButton { pos, button, pressed: true, .. }
                    if tool == Tool::Idle && is_here && response.rect.contains(pos) =>
                {
                    tool = match button {
                        PointerButton::Primary => first,
                        PointerButton::Secondary => Tool::Eraser,
                        _ => Tool::Idle,
                    };
                    if tool == Tool::Pen {
                        drawing.strokes.push(Vec::new());
                    }
                    is_changed |= tool.touch(drawing, at(pos), pen);
                }
                Event::PointerMoved(pos) => is_changed |= tool.touch(drawing, at(pos), pen),
                Event::PointerButton { pos, pressed: false, .. } => {
                    is_changed |= tool.touch(drawing, at(pos), pen);
                    tool = Tool::Idle;
                }
                Event::PointerGone | Event::WindowFocused(false) => tool = Tool::Idle,
                _ => {}
            }
        }
    });
    if tool != before {
        ui.data_mut(|data| data.insert_temp(response.id, tool));
    }
    is_changed
}

impl Tool {
    /// Uses the tool at a place; whether that changed the drawing.
    fn touch(self, drawing: &mut Drawing, place: Pos2, pen: f32) -> bool {
        match self {
            Self::Idle => false,
            Self::Pen => {
                let point = [place.x, place.y];
                let Some(stroke) = drawing.strokes.last_mut() else { return false };
                let is_new = stroke.last() != Some(&point);
                if is_new {
                    stroke.push(point);
                }
                is_new
            }
            Self::Eraser => {
                let n_strokes = drawing.strokes.len();
                drawing.strokes.retain(|stroke| !touches(stroke, place, pen * 0.75));
                drawing.strokes.len() != n_strokes
            }
        }
    }
}

/// Whether a stroke comes nearer to a place than `reach`.
fn touches(stroke: &[[f32; 2]], place: Pos2, reach: f32) -> bool {
    let near = |a: [f32; 2], b: [f32; 2]| {
        let (a, b) = (pos2(a[0], a[1]), pos2(b[0], b[1]));
        let along = b - a;
        let share = ((place - a).dot(along) / along.length_sq().max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        place.distance(a + share * along) <= reach
    };
    match stroke {
        [dot] => near(*dot, *dot),
        _ => stroke.windows(2).any(|ends| near(ends[0], ends[1])),
    }
}

/// A path with round caps and joins, which a wide path alone does not have.
fn paint_stroke(painter: &Painter, mut points: Vec<Pos2>, stroke: Stroke) {
    // Points less than half a pixel apart would only make the joins ragged.
    points.dedup_by(|next, kept| next.distance(*kept) < 0.5);
    painter.extend(points.iter().map(|point| egui::Shape::circle_filled(*point, stroke.width / 2.0, stroke.color)));
    // Pieces and not one path: where a path turns sharply its mitres would stick out of the round pen.
    let pieces = points.windows(2).map(|ends| PathShape::line(ends.to_vec(), stroke).into());
    painter.extend(pieces);
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Key, Modifiers};
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    fn canvas() -> Harness<'static, Drawing> {
        let app = |ui: &mut Ui, drawing: &mut Drawing| {
            DigitCanvas::new(drawing).side(200.0).show(ui);
        };
        let mut harness = Harness::builder()
            .with_context_setup(theme::install)
            .with_size([240.0, 240.0])
            .build_ui_state(app, Drawing::default());
        harness.run();
        harness
    }

    fn place(harness: &Harness<'_, Drawing>, x: f32, y: f32) -> Pos2 {
        let rect = harness.get_by_label("Digit canvas").rect();
        rect.min + vec2(x, y) * rect.size()
    }

    fn press(harness: &Harness<'_, Drawing>, x: f32, y: f32, button: PointerButton, pressed: bool) {
        let pos = place(harness, x, y);
        harness.event(Event::PointerMoved(pos));
        harness.event(Event::PointerButton { pos, button, pressed, modifiers: Default::default() });
    }

    fn stroke(harness: &mut Harness<'_, Drawing>, points: &[[f32; 2]]) {
        press(harness, points[0][0], points[0][1], PointerButton::Primary, true);
        harness.step();
        for [x, y] in points {
            harness.event(Event::PointerMoved(place(harness, *x, *y)));
        }
        harness.step();
        let [x, y] = points[points.len() - 1];
        press(harness, x, y, PointerButton::Primary, false);
        harness.step();
    }

    #[test]
    fn a_drag_is_a_stroke_with_every_movement() {
        let mut harness = canvas();
        let path = [[0.2, 0.2], [0.8, 0.2], [0.6, 0.5], [0.5, 0.8]];
        stroke(&mut harness, &path);
        let strokes = &harness.state().strokes;
        assert_eq!(strokes.len(), 1);
        assert_eq!(strokes[0].len(), path.len(), "{strokes:?}");
        for (point, expected) in strokes[0].iter().zip(path) {
            assert!((point[0] - expected[0]).abs() < 0.01 && (point[1] - expected[1]).abs() < 0.01);
        }
        harness.hover_at(place(&harness, 0.1, 0.9));
        harness.run();
        assert_eq!(harness.state().strokes[0].len(), path.len(), "a pointer that only hovers draws nothing");
    }

    #[test]
    fn the_stroke_in_progress_is_part_of_the_drawing() {
        let mut harness = canvas();
        press(&harness, 0.5, 0.1, PointerButton::Primary, true);
        harness.step();
        assert!(!harness.state().is_empty());
        harness.event(Event::PointerMoved(place(&harness, 0.5, 2.0)));
        harness.step();
        assert_eq!(harness.state().strokes[0].last().unwrap()[1], 1.0, "the pen stays on the paper");
    }

    #[test]
    fn the_right_button_takes_strokes_away() {
        let mut harness = canvas();
        stroke(&mut harness, &[[0.1, 0.2], [0.9, 0.2]]);
        stroke(&mut harness, &[[0.1, 0.8], [0.9, 0.8]]);
        assert_eq!(harness.state().strokes.len(), 2);
        press(&harness, 0.5, 0.81, PointerButton::Secondary, true);
        harness.step();
        press(&harness, 0.5, 0.81, PointerButton::Secondary, false);
        harness.step();
        assert_eq!(harness.state().strokes.len(), 1);
        assert!(harness.state().strokes[0][0][1] < 0.5);
    }

    #[test]
    fn the_keyboard_draws_a_seven_and_says_where_the_pen_is() {
        let mut harness = canvas();
        harness.get_by_label("Digit canvas").focus();
        harness.run();
        let press = |harness: &mut Harness<'_, Drawing>, modifiers, key, times| {
            for _ in 0..times {
                harness.key_press_modifiers(modifiers, key);
                harness.run();
            }
        };
        let value = |harness: &Harness<'_, Drawing>| harness.get_by_label("Digit canvas").value().unwrap();
        assert_eq!(value(&harness), "Pen up at column 14 and row 7 of 28");
        press(&mut harness, Modifiers::SHIFT, Key::ArrowLeft, 1);
        press(&mut harness, Modifiers::NONE, Key::Space, 1);
        press(&mut harness, Modifiers::SHIFT, Key::ArrowRight, 2);
        press(&mut harness, Modifiers::NONE, Key::ArrowDown, 14);
        assert_eq!(value(&harness), "Pen down at column 18 and row 21 of 28");
        press(&mut harness, Modifiers::NONE, Key::Space, 1);
        press(&mut harness, Modifiers::NONE, Key::ArrowLeft, 1);
        let strokes = harness.state().strokes.clone();
        assert_eq!((strokes.len(), strokes[0].len()), (1, 17), "{strokes:?}");
        assert_eq!(strokes[0][0], [10.0 / 28.0, 0.25]);
        press(&mut harness, Modifiers::NONE, Key::Backspace, 1);
        assert!(harness.state().is_empty());
    }

    #[test]
    fn a_drawing_in_other_units_is_fitted() {
        let mut drawing = Drawing { strokes: vec![vec![[100.0, 300.0], [200.0, 500.0]]], label: None };
        fit_to_canvas(&mut drawing);
        assert!((drawing.strokes[0][0][1] - 0.15).abs() < 1e-6 && (drawing.strokes[0][1][0] - 0.675).abs() < 1e-6);
        let fitted = drawing.clone();
        fit_to_canvas(&mut drawing);
        assert_eq!(drawing, fitted);
    }
}
