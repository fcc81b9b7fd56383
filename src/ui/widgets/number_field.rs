//! A number to type, to drag, or to step with the arrow keys. A text that is refused stays where it was typed, and beside
//! it stands why, until it is corrected or somebody goes on elsewhere.

use std::ops::RangeInclusive;

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::{
    self, DragValue, Id, Key, Layout, Modifiers, Rect, RectAlign, Response, RichText, TextEdit, Tooltip, Ui, Vec2,
};

use super::expression::evaluate;
use super::numbers;
use super::slider::Slider;
use crate::language::tr;
use crate::ui::theme::{GRID, Palette};

/// What is being typed, or what was typed and refused.
#[derive(Clone, Default)]
struct Draft {
    text: String,
    /// The number that it is to replace. When that changes otherwise, the draft is void.
    of: f64,
    /// Why it was refused.
    why: Option<String>,
}

/// Edits the number of a slider, within what may be typed there.
pub fn number_field_ui(ui: &mut Ui, slider: &Slider<'_>, size: Vec2, number: &mut f64) -> Response {
    let (row, before) = (ui.max_rect(), *number);
    let layout = Layout::centered_and_justified(ui.layout().main_dir());
    let field = ui.allocate_ui_with_layout(size, layout, |ui| {
        // The same widget, whether it shows a number or a text.
        let id = ui.next_auto_id();
        let is_typing = ui.is_enabled() && ui.memory(|memory| memory.has_focus(id));
        let draft = ui.data_mut(|data| data.remove_temp::<Draft>(id)).filter(|draft| draft.of == before);
        // Once somebody goes on elsewhere, the field shows the number that holds.
        let draft = draft.filter(|_| is_typing || !goes_on_elsewhere(ui, id));
        match draft {
            None if !is_typing => drag_ui(ui, slider, number),
            draft => type_ui(ui, slider, id, draft, number),
        }
    });
    let mut response = field.inner.accessible_name(tr(format!("{} value", slider.name())));
    if *number != before {
        response.mark_changed();
    }
    let why = ui.data(|data| data.get_temp::<Draft>(response.id)).and_then(|draft| draft.why);
    if let Some(why) = why {
        why_ui(ui, &response, row, &why);
    }
    response
}

/// Whether a key or a button of the mouse is pressed, and not on this field.
fn goes_on_elsewhere(ui: &Ui, id: Id) -> bool {
    let is_here = ui.ctx().read_response(id).is_some_and(|response| response.contains_pointer());
    let is_key = |event: &egui::Event| matches!(event, egui::Event::Key { pressed: true, .. });
    !is_here && ui.input(|input| input.pointer.any_pressed() || input.events.iter().any(is_key))
}

fn drag_ui(ui: &mut Ui, slider: &Slider<'_>, number: &mut f64) -> Response {
    let speed = slider.drag_speed(*number);
    let field = DragValue::new(number)
        .range(slider.allowed())
        .clamp_existing_to_range(false)
        .speed(speed)
        .max_decimals(if slider.is_whole() { 0 } else { 9 })
        .custom_formatter(|value, _| numbers::editable(value));
    ui.add(field)
}

fn type_ui(ui: &mut Ui, slider: &Slider<'_>, id: Id, draft: Option<Draft>, number: &mut f64) -> Response {
    let palette = Palette::of(ui);
    let is_new = draft.is_none();
    // All digits, because what is shown otherwise may be rounded.
    let shown = number.to_string();
    let mut draft = draft.unwrap_or_else(|| Draft { text: shown.clone(), of: *number, why: None });
    let color = if draft.why.is_some() { palette.bad } else { palette.text };
    let step = steps(ui, id);
    let field = TextEdit::singleline(&mut draft.text).id(id).text_color(color).align(egui::Align2::RIGHT_CENTER);
    let response = ui.add(field.margin(egui::Margin::symmetric(4, 2)).char_limit(100));
    if is_new && let Some(mut state) = egui::text_edit::TextEditState::load(ui.ctx(), id) {
        let all = CCursorRange::two(CCursor::default(), CCursor::new(shown.chars().count()));
        state.cursor.set_char_range(Some(all));
        state.store(ui.ctx(), id);
    }
    let (is_given_up, is_entered) = ui.input(|input| (input.key_pressed(Key::Escape), input.key_pressed(Key::Enter)));
    if response.changed() {
        draft.why = None;
    }
    let is_left = !response.has_focus() && draft.why.is_none() || response.lost_focus();
    if step != 0 {
        *number = slider.stepped(*number, step);
        let (text, of) = (number.to_string(), *number);
        ui.data_mut(|data| data.insert_temp(id, Draft { text, of, why: None }));
        return response;
    }
    if is_left {
        let is_same = draft.text == shown;
        match read(&draft.text, slider) {
            _ if is_given_up || is_same => return response,
            Ok(value) => {
                *number = value;
                return response;
            }
            Err(why) => draft.why = Some(why),
        }
        if is_entered {
            response.request_focus();
        }
    }
    ui.data_mut(|data| data.insert_temp(id, draft));
    response
}

/// How often the arrows up and down were pressed, up counting positive.
fn steps(ui: &Ui, id: Id) -> i32 {
    if !ui.memory(|memory| memory.has_focus(id)) {
        return 0;
    }
    ui.input_mut(|input| {
        let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key) as i32;
        count(Key::ArrowUp) - count(Key::ArrowDown)
    })
}

/// Beside the row, where it covers no other one.
fn why_ui(ui: &Ui, field: &Response, row: Rect, why: &str) {
    let mut tooltip = Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), field.id.with("why"), row);
    let sides = &[RectAlign::RIGHT, RectAlign::BOTTOM_END];
    tooltip.popup = tooltip.popup.align(RectAlign::LEFT).align_alternatives(sides).gap(4.0 * GRID);
    tooltip.show(|ui| ui.label(RichText::new(tr(why)).color(Palette::of(ui).bad)));
}

/// The number that a text stands for, or why it is refused.
fn read(text: &str, slider: &Slider<'_>) -> Result<f64, String> {
    let allowed = slider.allowed();
    let name = slider.name();
    let range = range_text(&allowed, slider.is_whole());
    let Some(value) = evaluate(text) else {
        return Err(match text.trim() {
            "" => format!("{name} may be {range}."),
            text => format!("“{text}” is not a number. {name} may be {range}; 1/3, 5% and 1e-3 are read too."),
        });
    };
    let value = match slider.is_whole() && (value - value.round()).abs() < 1e-9 * value.abs().max(1.0) {
        true => value.round(),
        false => value,
    };
    if slider.is_whole() && value.fract() != 0.0 {
        return Err(format!("{name} is a whole number, {range}, and not {}.", numbers::editable(value)));
    }
    match allowed.contains(&value) {
        true => Ok(value),
        false => Err(format!("{name} may be {range}, and not {}.", numbers::editable(value))),
    }
}

/// "1 to 11", "at least 1": a limit that nobody reaches is none.
fn range_text(range: &RangeInclusive<f64>, is_whole: bool) -> String {
    let (low, high) = (numbers::editable(*range.start()), numbers::editable(*range.end()));
    if is_whole && *range.end() >= f64::from(u32::MAX) { format!("at least {low}") } else { format!("{low} to {high}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::widgets::slider::Division;

    #[test]
    fn a_number_is_read_or_refused_with_its_range() {
        let kernel = Slider::new("Kernel", 1.0..=11.0, 3.0, Division::Whole);
        let read = |text| read(text, &kernel);
        assert_eq!([read("11"), read("2*4"), read("0.1*30")], [Ok(11.0), Ok(8.0), Ok(3.0)]);
        assert_eq!(read("40").unwrap_err(), "Kernel may be 1 to 11, and not 40.");
        assert_eq!(read("2.5").unwrap_err(), "Kernel is a whole number, 1 to 11, and not 2.5.");
        assert!(read("abc").unwrap_err().starts_with("“abc” is not a number. Kernel may be 1 to 11"));
    }

    #[test]
    fn a_limit_that_nobody_reaches_is_not_named() {
        let batch = Slider::new("Batch size", 1.0..=4096.0, 128.0, Division::Octaves).limits(1.0..=4e9 * 2.0);
        assert_eq!(read("0", &batch).unwrap_err(), "Batch size may be at least 1, and not 0.");
    }
}
