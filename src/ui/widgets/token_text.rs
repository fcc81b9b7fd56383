//! A text of tokens, each on a ground of its own color, of which one can be chosen.

use eframe::egui::{Align2, Color32, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::ui::theme::{self, Palette};

/// A token as it is shown.
pub struct ShownToken {
    /// Its text; a line end is shown as one.
    pub text: String,
    /// The color behind it; none for the usual ground.
    pub ground: Option<Color32>,
    /// What is said of it under the pointer.
    pub help: String,
}

/// Height of a line.
const LINE: f32 = 24.0;

/// Shows the tokens in lines over the whole width; the token that was chosen. `name` is what a screen reader says.
pub fn token_text_ui(
    ui: &mut Ui,
    name: &str,
    tokens: &[ShownToken],
    chosen: Option<usize>,
) -> (Response, Option<usize>) {
    let palette = Palette::of(ui);
    let font = theme::body_font();
    let width = ui.available_width().max(1.0);
    let mut places = Vec::with_capacity(tokens.len());
    let mut at = pos2(0.0, 0.0);
    for token in tokens {
        let is_end = token.text == "\n";
        let shown = if is_end { "¶" } else { token.text.as_str() };
        let galley = ui.painter().layout_no_wrap(shown.to_owned(), font.clone(), palette.text);
        let size = vec2(galley.size().x.max(3.0), LINE);
        if at.x + size.x > width && at.x > 0.0 {
            at = pos2(0.0, at.y + LINE);
        }
        places.push((Rect::from_min_size(at, size), shown, is_end));
        at = if is_end { pos2(0.0, at.y + LINE) } else { pos2(at.x + size.x, at.y) };
    }
    // After the end of a line there is another only if something stands in it.
    let height = if at.x == 0.0 && !tokens.is_empty() { at.y } else { at.y + LINE };
    let (rect, response) = ui.allocate_exact_size(vec2(width, height.max(LINE)), Sense::click());
    let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("{name}: {text}")));
    let visible = ui.clip_rect();
    for (at, ((place, shown, is_end), token)) in places.iter().zip(tokens).enumerate() {
        let place = place.translate(rect.min.to_vec2());
        if !visible.intersects(place) {
            continue;
        }
        if let Some(ground) = token.ground {
            ui.painter().rect_filled(place.shrink2(vec2(0.5, 2.0)), 2.0, ground);
        }
        let ink = match token.ground {
            Some(ground) if ground.a() > 0 => theme::text_on(ground),
            _ => palette.text,
        };
        let ink = if *is_end { palette.muted } else { ink };
        ui.painter().text(place.left_center(), Align2::LEFT_CENTER, shown, font.clone(), ink);
        if chosen == Some(at) {
            ui.painter().rect_stroke(
                place.shrink2(vec2(0.0, 1.0)),
                2.0,
                Stroke::new(1.5, palette.accent),
                StrokeKind::Inside,
            );
        }
    }
    let pointed = |pointer: eframe::egui::Pos2| {
        places.iter().position(|(place, ..)| place.translate(rect.min.to_vec2()).contains(pointer))
    };
    let clicked = response.clicked().then(|| response.interact_pointer_pos().and_then(pointed)).flatten();
    let hovered = response.hover_pos().and_then(pointed);
    let response = match hovered.map(|at| tokens[at].help.as_str()).filter(|help| !help.is_empty()) {
        Some(help) => response.on_hover_text_at_pointer(help),
        None => response,
    };
    (response, clicked)
}
