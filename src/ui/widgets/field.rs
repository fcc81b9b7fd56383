//! A hyper-parameter as one row: its name, a slider, and the number to type.

use std::ops::RangeInclusive;

use eframe::egui::{self, Align, Align2, ComboBox, Layout, Rect, Response, Sense, Ui, WidgetInfo, vec2};

use super::{
    about::{about_ui, hover_beside_ui},
    cut_text::cut_galley,
    guard::{self, LOCKED},
    keyboard, number_field, numbers,
    slider::{Division, Slider},
    term::{help_with_term, mark_term},
};
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, ROW};
use backprop_nn::field::{About, Field, Kind, Scale, Settings, Value};

/// Width of the column of names, the same for every row so that the sliders stand in line.
const LABEL_WIDTH: f32 = 104.0;
const VALUE_WIDTH: f32 = 64.0;
/// A list of options up to this height is shown whole.
const LIST_HEIGHT: f32 = 400.0;
const FIELD_HEIGHT: f32 = 20.0;

/// A whole number with a range wider than this gets a slider in octaves.
const WIDE: usize = 64;

/// Edits a setting in the width there is. The response is `changed` when the value is another than before.
///
/// Double click on the name or the slider brings back the default. The help is shown when the pointer rests on the row or
/// the keyboard's focus comes to it, and read by screen readers.
pub fn setting_ui(ui: &mut Ui, settings: &mut dyn Settings, field: &Field) -> Response {
    let Field { key, label, help, kind } = field;
    let Some(value) = settings.get(key) else { return ui.label("") };
    let mut now = value.clone();
    let name = Name { label, help, is_default: is_default(field, &value) };
    let response = row_ui(ui, key, name, |ui, reset| value_ui(ui, field, &mut now, reset));
    debug_assert!(!matches!(kind, Kind::Text | Kind::Word(_) | Kind::Column | Kind::Columns), "{key} is of a source");
    if now != value
        && let Err(error) = settings.set(key, now)
    {
        tracing::warn!("{error}");
    }
    response
}

/// Edits the settings that have an effect, one below the other.
pub fn settings_ui(ui: &mut Ui, settings: &mut dyn Settings) {
    settings_where_ui(ui, settings, |_| true);
}

/// The same for those for which there is an occasion.
pub fn settings_where_ui(ui: &mut Ui, settings: &mut dyn Settings, has_occasion: impl Fn(&Field) -> bool) {
    for field in settings.describe() {
        if settings.is_used(field.key) && has_occasion(field) {
            setting_ui(ui, settings, field);
        }
    }
}

/// A row like a setting's for anything else that is chosen or typed, `add` filling what is right of the name.
pub fn field_ui(ui: &mut Ui, label: &str, help: &str, add: impl FnOnce(&mut Ui) -> Response) -> Response {
    row_ui(ui, label, Name { label, help, is_default: true }, |ui, _| add(ui))
}

/// A number with its slider, for what is no setting.
pub fn number_field_ui(ui: &mut Ui, help: &str, slider: &Slider<'_>, number: &mut f64) -> Response {
    let name = Name { label: slider.name(), help, is_default: *number == slider.default_value() };
    row_ui(ui, slider.name(), name, |ui, reset| number_ui(ui, slider, number, reset))
}

struct Name<'a> {
    label: &'a str,
    help: &'a str,
    is_default: bool,
}

/// Gives `add` what is right of the name, and whether the default is to be restored.
fn row_ui(ui: &mut Ui, key: &str, name: Name<'_>, add: impl FnOnce(&mut Ui, bool) -> Response) -> Response {
    // What is not as it is by default is shown all the same.
    let path = guard::path_of(ui, key);
    if name.is_default && path.as_ref().is_some_and(|path| guard::is_hidden(ui, path)) {
        return ui.interact(Rect::NOTHING, ui.scope_id().with(key), Sense::hover());
    }
    let size = vec2(ui.available_width(), ROW);
    let layout = egui::UiBuilder::new().id_salt(key).layout(Layout::left_to_right(Align::Center));
    let (_, rect) = ui.allocate_space(size);
    let mut ui = ui.new_child(layout.max_rect(rect));
    ui.spacing_mut().item_spacing.x = GRID;
    ui.spacing_mut().interact_size.y = FIELD_HEIGHT;
    if path.as_ref().is_some_and(|path| guard::is_locked(&ui, path)) {
        ui.disable();
    }
    let help = help_with_term(name.help, name.label);
    // A help that is shown stays while the pointer rests there, and would cover a dialog that F1 has opened.
    let dialog = ui.memory(|memory| memory.top_modal_layer());
    let helped = |response: Response| match dialog {
        Some(dialog) if dialog != response.layer_id => response,
        _ => response.on_hover_text(tr(&help)).on_disabled_hover_text(tr(LOCKED)),
    };
    let label = helped(label_ui(&mut ui, name.label, name.is_default));
    let response = helped(add(&mut ui, label.double_clicked()));
    mark_term(&label, name.label);
    mark_term(&response, name.label);
    keyboard::take_focus(&response, name.label);
    help_on_focus(&ui, &response, rect, &help);
    if let Some(path) = path {
        guard::outline(&ui, &path, rect);
    }
    response
}

/// Shows the help of a field that was reached by keyboard, since no pointer rests on its row then.
fn help_on_focus(ui: &Ui, response: &Response, row: Rect, help: &str) {
    let id = response.id.with("came by keyboard");
    if response.gained_focus() {
        let by_keyboard = ui.input(|input| !input.pointer.any_down() && !input.pointer.any_released());
        ui.data_mut(|data| data.insert_temp(id, by_keyboard));
    }
    if response.has_focus() && ui.data(|data| data.get_temp(id)).unwrap_or(false) {
        let tooltip = egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, row);
        tooltip.gap(GRID).show(|ui| ui.label(tr(help)));
    }
}

fn value_ui(ui: &mut Ui, field: &Field, value: &mut Value, reset: bool) -> Response {
    let label = field.label;
    match (&field.kind, value) {
        (Kind::Whole { slider, range, default, .. }, Value::Whole(value)) => {
            let division = if slider.end() - slider.start() > WIDE { Division::Octaves } else { Division::Whole };
            let ends = |range: &RangeInclusive<usize>| *range.start() as f64..=*range.end() as f64;
            let slider = Slider::new(label, ends(slider), *default as f64, division).limits(ends(range));
            let mut number = *value as f64;
            let response = number_ui(ui, &slider, &mut number, reset);
            if response.changed() {
                *value = number.round() as usize;
            }
            response
        }
        (Kind::Real { slider, range, default, scale }, Value::Real(value)) => {
            let division = if *scale == Scale::Logarithmic { Division::Decades } else { Division::Linear };
            let ends = |range: &RangeInclusive<f32>| exact(*range.start())..=exact(*range.end());
            let slider = Slider::new(label, ends(slider), exact(*default), division).limits(ends(range));
            let mut number = exact(*value);
            let response = number_ui(ui, &slider, &mut number, reset);
            if response.changed() {
                *value = number as f32;
            }
            response
        }
        (Kind::Switch { default }, Value::Switch(value)) => switch_ui(ui, label, value, reset.then_some(*default)),
        (Kind::Choice { options, .. }, Value::Choice(value)) => choice_ui(ui, label, options(), value),
        _ => ui.label(""),
    }
}

/// The name of a setting, brighter when the value is not the default.
fn label_ui(ui: &mut Ui, label: &str, is_default: bool) -> Response {
    let palette = Palette::of(ui);
    let width = LABEL_WIDTH.min(ui.available_width() * 0.36);
    let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::CLICK);
    let color = if is_default { palette.muted } else { palette.text };
    let galley = cut_galley(ui.painter(), label, theme::body_font(), color, width);
    let corner = Align2::LEFT_CENTER.anchor_size(rect.left_center(), galley.size());
    // What is disabled is drawn fainter by the painter itself.
    ui.painter().galley_with_override_text_color(corner.min, galley, color);
    response
}

/// A slider and the number to type.
fn number_ui(ui: &mut Ui, slider: &Slider<'_>, number: &mut f64, reset: bool) -> Response {
    let before = *number;
    let rail_width = (ui.available_width() - VALUE_WIDTH - GRID).max(32.0);
    let mut rail = slider.show(ui, rail_width, number);
    ui.spacing_mut().button_padding.x = GRID;
    let field = number_field::number_field_ui(ui, slider, vec2(VALUE_WIDTH, FIELD_HEIGHT), number);
    if reset {
        *number = slider.default_value();
    }
    if *number != before {
        rail.mark_changed();
    }
    rail | field
}

fn switch_ui(ui: &mut Ui, label: &str, value: &mut bool, reset: Option<bool>) -> Response {
    let mut response = ui.checkbox(value, "");
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, ui.is_enabled(), *value, tr(label)));
    if let Some(default) = reset.filter(|default| default != value) {
        *value = default;
        response.mark_changed();
    }
    response
}

fn choice_ui(ui: &mut Ui, label: &str, options: &[About], chosen: &mut usize) -> Response {
    let before = *chosen;
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt("choice").width(width).truncate().height(LIST_HEIGHT);
    let combo = combo.selected_text(tr(options.get(*chosen).map_or("", |about| about.label)));
    let shown = combo.show_ui(ui, |ui| {
        for (index, about) in options.iter().enumerate() {
            let entry = ui.selectable_value(chosen, index, tr(about.label));
            hover_beside_ui(&entry, |ui| {
                about_ui(ui, about);
            });
        }
    });
    let mut response = shown.response;
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ComboBox, ui.is_enabled(), tr(label));
        info.current_text_value = options.get(*chosen).map(|about| about.label.to_owned());
        info
    });
    if *chosen != before {
        response.mark_changed();
    }
    response
}

/// The name of a setting, and its value if that is a choice or not the default: "epsilon", "momentum 0.95".
pub fn summary(settings: &dyn Settings, field: &Field) -> String {
    let Some(value) = settings.get(field.key) else { return String::new() };
    let text = match (&value, &field.kind) {
        (Value::Choice(option), Kind::Choice { options, .. }) => {
            format!(" {}", options().get(*option).map_or("", |about| about.label))
        }
        _ if is_default(field, &value) => String::new(),
        (Value::Real(value), _) => format!(" {}", numbers::editable(exact(*value))),
        (Value::Switch(value), _) => (if *value { " on" } else { " off" }).to_owned(),
        (value, _) => format!(" {}", field.written(value)),
    };
    format!("{}{text}", field.label).to_lowercase()
}

/// Choices have no default that another one would stand out from.
fn is_default(field: &Field, value: &Value) -> bool {
    matches!(value, Value::Choice(_)) || field.default().as_ref() == Some(value)
}

/// The number that a person wrote: 0.001 and not 0.0010000000474974513.
fn exact(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(value.into())
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, backprop_nn::field::Choice)]
    enum Curve {
        /// Straight.
        #[option(label = "ReLU")]
        Relu,
        /// Bent.
        Tanh,
    }

    #[derive(Debug, Settings)]
    struct Layer {
        /// How many.
        #[field(default = 128, range = 1..=1024)]
        units: usize,
        /// How fast it learns. Too fast, and the loss explodes.
        #[field(label = "Learning rate", default = 0.001, range = 1e-5..=1.0, logarithmic)]
        rate: f32,
        /// Whether there is one.
        #[field(default = true)]
        bias: bool,
        /// Which curve.
        #[field(default = Curve::Relu)]
        curve: Curve,
        n_changes: usize,
    }

    fn rows() -> Harness<'static, Layer> {
        let app = |ui: &mut Ui, layer: &mut Layer| {
            for field in Layer::fields() {
                layer.n_changes += usize::from(setting_ui(ui, layer, field).changed());
            }
        };
        let layer = Layer::default();
        let size = [280.0, 200.0];
        let setup = crate::ui::theme::install;
        // Short frames, so that two clicks are a double click.
        let builder = Harness::builder().with_step_dt(1.0 / 60.0).with_size(size);
        let mut harness = builder.with_context_setup(setup).build_ui_state(app, layer);
        harness.run();
        assert_eq!(harness.state().n_changes, 0, "showing changes nothing");
        harness
    }

    #[test]
    fn arrow_keys_step_along_the_ladder() {
        let mut harness = rows();
        harness.get_by_label("Learning rate").focus();
        harness.run();
        harness.key_press(egui::Key::ArrowRight);
        harness.run();
        assert_eq!(harness.state().rate, 0.003);
        harness.get_by_label("Units").focus();
        harness.run();
        harness.key_press(egui::Key::ArrowLeft);
        harness.run();
        assert_eq!((harness.state().units, harness.state().n_changes), (64, 2));
    }

    #[test]
    fn a_value_can_be_typed() {
        let mut harness = rows();
        for (text, rate) in [("3e-4", 0.0003), ("0,02", 0.02), ("1/8", 0.125), ("5%", 0.05), ("2*0.25", 0.5)] {
            type_into(&mut harness, "Learning rate value", text);
            harness.key_press(egui::Key::Enter);
            harness.run();
            assert_eq!(harness.state().rate, rate, "after {text}");
        }
    }

    fn type_into(harness: &mut Harness<'static, Layer>, label: &str, text: &str) {
        harness.get_by_label(label).focus();
        harness.run();
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        harness.get_by_label(label).type_text(text);
        harness.run();
    }

    #[test]
    fn a_value_that_is_refused_stays_and_says_why_until_it_is_corrected() {
        let mut harness = rows();
        for (key, text, why) in [
            (egui::Key::Enter, "7", "Learning rate may be 1e-5 to 1, and not 7."),
            (egui::Key::Tab, "abc", "“abc” is not a number. Learning rate may be 1e-5 to 1"),
        ] {
            type_into(&mut harness, "Learning rate value", text);
            harness.key_press(key);
            harness.run();
            harness.run();
            assert_eq!(harness.state().rate, 0.001);
            assert_eq!(harness.get_by_label("Learning rate value").value().as_deref(), Some(text));
            harness.get_by_label_contains(why);
        }
        type_into(&mut harness, "Learning rate value", "0.7");
        assert!(harness.query_by_label_contains("may be").is_none(), "what is being typed is not judged");
        harness.key_press(egui::Key::Enter);
        harness.run();
        assert_eq!(harness.state().rate, 0.7);
        type_into(&mut harness, "Units value", "2000");
        harness.key_press(egui::Key::Enter);
        harness.run();
        harness.get_by_label("Units may be 1 to 1,024, and not 2,000.");
        harness.key_press(egui::Key::Escape);
        harness.run();
        harness.run();
        assert!(harness.query_by_label_contains("may be").is_none() && harness.state().units == 128);
    }

    #[test]
    fn looking_at_a_number_does_not_round_it() {
        let mut harness = rows();
        harness.state_mut().rate = 1.0 / 3.0;
        harness.run();
        harness.get_by_label("Learning rate value").focus();
        harness.run();
        harness.key_press(egui::Key::Enter);
        harness.run();
        assert_eq!(harness.state().rate, 1.0 / 3.0);
        harness.get_by_label("Units value").focus();
        harness.run();
        harness.key_press(egui::Key::ArrowUp);
        harness.run();
        assert_eq!(harness.state().units, 256);
    }

    #[test]
    fn arrow_keys_work_after_a_slider_was_dragged() {
        let mut harness = rows();
        let rail = harness.get_by_label("Units").rect();
        harness.drag_at(rail.center());
        harness.run();
        harness.drop_at(rail.center());
        harness.run();
        let units = harness.state().units;
        harness.key_press(egui::Key::ArrowRight);
        harness.run();
        assert!(harness.state().units > units, "{units} and {}", harness.state().units);
    }

    #[test]
    fn a_double_click_brings_back_the_default() {
        let mut harness = rows();
        harness.state_mut().rate = 0.5;
        harness.run();
        for _ in 0..2 {
            harness.get_by_label("Learning rate").click();
        }
        harness.run();
        assert_eq!(harness.state().rate, 0.001);
    }

    #[test]
    fn switches_and_choices_are_named() {
        let mut harness = rows();
        harness.get_by_label("Bias").click();
        harness.run();
        assert!(!harness.state().bias);
        harness.get_by_label("Curve").click();
        harness.run();
        harness.get_by_label("Tanh").click();
        harness.run();
        assert_eq!(harness.state().curve, Curve::Tanh);
    }
}
