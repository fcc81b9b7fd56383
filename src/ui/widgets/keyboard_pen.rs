//! A pen that the keyboard moves, for hands that cannot move a mouse and for eyes that do not see the canvas.

use eframe::egui::{EventFilter, InputState, Key, Modifiers, Pos2, Response, Ui, pos2};

use crate::data::drawing::Drawing;

/// The canvas is so many steps of the pen wide, as a digit of MNIST has pixels.
const STEPS: f32 = 28.0;

/// Steps at a time while Shift is down.
const STRIDE: f32 = 4.0;

/// Where the pen is, in canvas units, and whether it is on the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyboardPen {
    /// From 0 to 1, x to the right and y down.
    pub at: Pos2,
    /// Whether it draws while it moves.
    pub is_down: bool,
}

impl Default for KeyboardPen {
    fn default() -> Self {
        Self { at: pos2(0.5, 0.25), is_down: false }
    }
}

impl KeyboardPen {
    /// The pen of a canvas that has the keyboard; nothing for one that does not. `true` if the drawing has changed.
    ///
    /// Arrows move it, by four steps with Shift; Space puts it down and lifts it; Backspace takes the last stroke away and
    /// Delete all of them.
    pub fn of(ui: &Ui, response: &Response, drawing: &mut Drawing) -> (Option<Self>, bool) {
        if !response.has_focus() || !ui.is_enabled() {
            return (None, false);
        }
        let keys = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
        let mut pen: Self = ui.data(|data| data.get_temp(response.id)).unwrap_or_default();
        let is_changed = ui.input_mut(|input| pen.follow(input, drawing));
        ui.data_mut(|data| data.insert_temp(response.id, pen));
        (Some(pen), is_changed)
    }

    fn follow(&mut self, input: &mut InputState, drawing: &mut Drawing) -> bool {
        let strokes = drawing.strokes.len();
        if input.consume_key(Modifiers::NONE, Key::Backspace) {
            drawing.strokes.pop();
            self.is_down = false;
        }
        if input.consume_key(Modifiers::NONE, Key::Delete) {
            drawing.strokes.clear();
            self.is_down = false;
        }
        let mut is_changed = drawing.strokes.len() != strokes;
        if input.consume_key(Modifiers::NONE, Key::Space) {
            self.is_down = !self.is_down;
            if self.is_down {
                drawing.strokes.push(vec![self.at.into()]);
                is_changed = true;
            }
        }
        let arrows = [
            (Key::ArrowLeft, -1.0, 0.0),
            (Key::ArrowRight, 1.0, 0.0),
            (Key::ArrowUp, 0.0, -1.0),
            (Key::ArrowDown, 0.0, 1.0),
        ];
        for (key, x, y) in arrows {
            for (modifiers, steps) in [(Modifiers::SHIFT, STRIDE), (Modifiers::NONE, 1.0)] {
                for _ in 0..input.count_and_consume_key(modifiers, key) {
                    let moved = pos2(self.at.x + x * steps / STEPS, self.at.y + y * steps / STEPS);
                    self.at = moved.clamp(Pos2::ZERO, pos2(1.0, 1.0));
                    is_changed |= self.is_down;
                    // The drawing may have been undone meanwhile.
                    match drawing.strokes.last_mut() {
                        Some(stroke) if self.is_down => stroke.push(self.at.into()),
                        _ => {}
                    }
                }
            }
        }
        is_changed
    }

    /// Where it is, for those who hear it.
    pub fn sentence(&self) -> String {
        let [column, row] = [self.at.x, self.at.y].map(|share| (share * STEPS).round());
        let pen = if self.is_down { "Pen down" } else { "Pen up" };
        format!("{pen} at column {column} and row {row} of {STEPS}")
    }
}
