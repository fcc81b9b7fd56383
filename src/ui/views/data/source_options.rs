//! What a source may be told besides its name: a row for each of its options, so that nobody has to type them.

use eframe::egui::{self, ComboBox, Response, RichText, TextEdit, Ui};

use crate::data::setting::{Kind, Setting, read_as, settings, source_of, value, with};
use crate::data::{csv, series};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::knob::{field_ui, number_field_ui};
use crate::ui::widgets::slider::{Division, Slider};

/// The rows, and the value that is being slid or typed: the source is read anew only when it is let go.
#[derive(Default)]
pub struct SourceOptions {
    edited: Option<(&'static str, String)>,
}

impl SourceOptions {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let text = cx.project.data.source.clone();
        let Some(source) = source_of(&text) else { return };
        if [csv::SOURCE.name, series::SOURCE.name].contains(&source.name) {
            order_ui(ui, source.name, cx);
        }
        for setting in settings(source) {
            let known = value(&text, setting.key).unwrap_or_default();
            let is_edited = self.edited.as_ref().is_some_and(|edited| edited.0 == setting.key);
            let before = match &self.edited {
                Some((_, edited)) if is_edited => edited.clone(),
                _ => known.to_owned(),
            };
            let mut now = before.clone();
            let response = setting_ui(ui, &setting, &mut now, &cx.session.columns);
            if now != before {
                self.edited = Some((setting.key, now));
            }
            let is_held =
                ui.input(|input| input.pointer.any_down()) || response.has_focus() && setting.kind == Kind::Text;
            if let Some((key, value)) = self.edited.take_if(|edited| edited.0 == setting.key && !is_held) {
                cx.project.data.source = with(&text, key, Some(&value));
            }
        }
    }
}

/// A file of rows does not say whether they follow one another in time.
fn order_ui(ui: &mut Ui, chosen: &'static str, cx: &mut Cx<'_>) {
    const HELP: &str = "Rows of a table are samples on their own; those of a series follow one another in time.";
    let mut now = chosen;
    field_ui(ui, "Rows", HELP, |ui| {
        let rows =
            [(csv::SOURCE.name, "Table", csv::SOURCE.help), (series::SOURCE.name, "Series", series::SOURCE.help)];
        ui.scope(|ui| segmented_ui(ui, &mut now, &rows)).response
    });
    let source = if now == csv::SOURCE.name { csv::SOURCE } else { series::SOURCE };
    if now != chosen {
        cx.project.data.source = read_as(&cx.project.data.source, &source);
    }
}

fn setting_ui(ui: &mut Ui, setting: &Setting, value: &mut String, columns: &[String]) -> Response {
    let Setting { label, help, .. } = *setting;
    let mut number = |ui: &mut Ui, slider: Slider<'_>, digits: usize| {
        let before: f64 = value.trim().parse().unwrap_or(slider.default_value());
        let mut number = before;
        let response = number_field_ui(ui, help, &slider, &mut number);
        if number != before {
            let text = format!("{number:.digits$}");
            *value = if number == slider.default_value() { String::new() } else { shortened(&text) };
        }
        response
    };
    match &setting.kind {
        Kind::Whole { range, default } => {
            let ends = *range.start() as f64..=*range.end() as f64;
            number(ui, Slider::new(label, ends, *default as f64, Division::Octaves), 0)
        }
        Kind::Real { range, default } => {
            let exact = |number: f32| number.to_string().parse().unwrap_or(f64::from(number));
            let ends = exact(*range.start())..=exact(*range.end());
            number(ui, Slider::new(label, ends, exact(*default), Division::Linear), 4)
        }
        Kind::OneOf(words) => {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            field_ui(ui, label, help, |ui| one_ui(ui, label, "found out", &words, value))
        }
        Kind::Column => field_ui(ui, label, help, |ui| {
            let last = columns.last().map_or("the last column", String::as_str).to_owned();
            one_ui(ui, label, &last, columns, value)
        }),
        Kind::Columns => field_ui(ui, label, help, |ui| several_ui(ui, label, columns, value)),
        Kind::Text => field_ui(ui, label, help, |ui| {
            let width = ui.available_width();
            ui.add(TextEdit::singleline(value).desired_width(width)).accessible_name(label)
        }),
    }
}

/// "0.2500" as "0.25".
fn shortened(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// One of the words, or what holds while none is said.
fn one_ui(ui: &mut Ui, label: &str, unsaid: &str, words: &[String], value: &mut String) -> Response {
    let shown = if value.is_empty() { unsaid } else { value.as_str() }.to_owned();
    let combo = ComboBox::from_id_salt(label).width(ui.available_width()).truncate().selected_text(shown);
    let shown = combo.show_ui(ui, |ui| {
        if !words.iter().any(|word| word == unsaid) {
            ui.selectable_value(value, String::new(), unsaid);
        }
        for word in words {
            let is_chosen = value == word || (value.is_empty() && word == unsaid);
            if ui.selectable_label(is_chosen, word).clicked() {
                word.clone_into(value);
            }
        }
    });
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, label));
    shown.response
}

/// Any of the columns, each with a tick.
fn several_ui(ui: &mut Ui, label: &str, columns: &[String], value: &mut String) -> Response {
    let mut chosen: Vec<String> =
        value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let shown = if chosen.is_empty() { "none".to_owned() } else { chosen.join(", ") };
    let config =
        egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let button = egui::Button::new(RichText::new(shown)).truncate().min_size(egui::vec2(ui.available_width(), 20.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).config(config).ui(ui, |ui| {
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for column in columns {
                let mut is_chosen = chosen.contains(column);
                if ui.checkbox(&mut is_chosen, column).changed() {
                    match is_chosen {
                        true => chosen.push(column.clone()),
                        false => chosen.retain(|name| name != column),
                    }
                    *value = chosen.join(",");
                }
            }
        });
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    response
}
