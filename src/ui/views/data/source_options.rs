//! What a source may be told besides its name: a row for each of its options, so that nobody has to type them.

use eframe::egui::{self, CollapsingHeader, ComboBox, Response, RichText, TextEdit, Ui};

use crate::data::source::SourcePart;
use crate::data::sources::{csv, series, source_of};
use crate::language::tr;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::field::{field_ui, number_field_ui};
use crate::ui::widgets::slider::{Division, Slider};
use backprop_nn::field::{Field, Kind};

/// The rows, and the values that are being slid or typed: the source is read anew only when they are let go.
#[derive(Default)]
pub struct SourceOptions {
    edited: Option<(&'static str, Vec<String>)>,
}

impl SourceOptions {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some((part, source)) = cx.project.data.source.single().and_then(|part| Some((part, source_of(part)?)))
        else {
            return;
        };
        let part = part.clone();
        if [csv::SOURCE.name, series::SOURCE.name].contains(&source.name) {
            order_ui(ui, source.name, cx);
        }
        self.fields_ui(ui, source.name, source.options, &part, cx);
        if !source.reading.is_empty() {
            CollapsingHeader::new(tr("Reading the file")).id_salt("reading").show_unindented(ui, |ui| {
                self.fields_ui(ui, source.name, source.reading, &part, cx);
            });
        }
    }

    fn fields_ui(&mut self, ui: &mut Ui, source: &str, fields: &'static [Field], part: &SourcePart, cx: &mut Cx<'_>) {
        for field in fields {
            let is_edited = self.edited.as_ref().is_some_and(|edited| edited.0 == field.key);
            let before = match &self.edited {
                Some((_, edited)) if is_edited => edited.clone(),
                _ => part.values(field.key).to_vec(),
            };
            let mut now = before.clone();
            let classes = cx.session.dataset().map_or(&[][..], |dataset| dataset.task.classes());
            let is_of_two = matches!(classes, [_, _]);
            if field.key == "positive" && cx.session.dataset().is_some() && !is_of_two && now.is_empty() {
                continue;
            }
            let columns = &cx.session.columns;
            let last = columns.last().map_or("the last column", String::as_str);
            let is_table = source == csv::SOURCE.name;
            let unsaid = match field.key {
                "target" if is_table => last,
                "target" => "all that are read",
                "column" => last,
                "group" if is_table => "none",
                "positive" if is_of_two && now.is_empty() => &classes[1],
                "fit" => "stretch",
                "background" => "white",
                "case" => "fold",
                _ if matches!(field.kind, Kind::Columns) => "none",
                _ => "automatic",
            };
            let choices = if field.key == "positive" { classes } else { columns };
            let response = option_ui(ui, field, &mut now, choices, unsaid);
            if now != before {
                self.edited = Some((field.key, now));
            }
            let is_held = ui.input(|input| input.pointer.any_down())
                || response.has_focus() && matches!(field.kind, Kind::Text | Kind::Columns);
            if let Some((key, values)) = self.edited.take_if(|edited| edited.0 == field.key && !is_held)
                && let Some(part) = cx.project.data.source.single_mut()
            {
                part.set(key, values);
            }
        }
    }
}

/// A file of rows does not say whether they follow one another in time.
fn order_ui(ui: &mut Ui, chosen: &'static str, cx: &mut Cx<'_>) {
    const HELP: &str = "Rows of a table are independent samples; those of a series follow one another in time.";
    let mut now = chosen;
    field_ui(ui, "Rows", HELP, |ui| {
        let rows =
            [(csv::SOURCE.name, "Table", csv::SOURCE.help), (series::SOURCE.name, "Series", series::SOURCE.help)];
        ui.scope(|ui| segmented_ui(ui, &mut now, &rows)).response
    });
    let source = if now == csv::SOURCE.name { csv::SOURCE } else { series::SOURCE };
    if now != chosen {
        cx.project.data.source = cx.project.data.source.read_as(&source);
    }
}

fn option_ui(ui: &mut Ui, field: &Field, values: &mut Vec<String>, choices: &[String], unsaid: &str) -> Response {
    let Field { label, help, .. } = *field;
    let mut number = |ui: &mut Ui, slider: Slider<'_>, digits: usize| {
        let known = values.first().and_then(|value| value.parse().ok());
        let before: f64 = known.unwrap_or(slider.default_value());
        let mut number = before;
        let response = number_field_ui(ui, help, &slider, &mut number);
        if number != before {
            let text = shortened(&format!("{number:.digits$}"));
            *values = if number == slider.default_value() { Vec::new() } else { vec![text] };
        }
        response
    };
    match &field.kind {
        Kind::Whole { range, default, .. } => {
            let ends = *range.start() as f64..=*range.end() as f64;
            number(ui, Slider::new(label, ends, *default as f64, Division::Octaves), 0)
        }
        Kind::Real { range, default, .. } => {
            let exact = |number: f32| number.to_string().parse().unwrap_or(f64::from(number));
            let ends = exact(*range.start())..=exact(*range.end());
            number(ui, Slider::new(label, ends, exact(*default), Division::Linear), 4)
        }
        Kind::Switch { default } => field_ui(ui, label, help, |ui| {
            let mut is_on = values.first().map_or(*default, |value| value == "true");
            let response = ui.checkbox(&mut is_on, "");
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_on, tr(label)));
            if response.changed() {
                *values = if is_on == *default { Vec::new() } else { vec![is_on.to_string()] };
            }
            response
        }),
        Kind::Word(words) => {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            field_ui(ui, label, help, |ui| one_ui(ui, label, unsaid, &words, values))
        }
        Kind::Column => field_ui(ui, label, help, |ui| one_ui(ui, label, unsaid, choices, values)),
        Kind::Text if field.key == "positive" && !choices.is_empty() => {
            field_ui(ui, label, help, |ui| one_ui(ui, label, unsaid, choices, values))
        }
        Kind::Columns if field.key == "names" => field_ui(ui, label, help, |ui| names_ui(ui, label, values)),
        Kind::Columns => field_ui(ui, label, help, |ui| several_ui(ui, label, unsaid, choices, values)),
        Kind::Text | Kind::Choice { .. } => field_ui(ui, label, help, |ui| {
            let mut text = values.join(",");
            let width = ui.available_width();
            let response = ui.add(TextEdit::singleline(&mut text).desired_width(width)).accessible_name(tr(label));
            if response.changed() {
                *values = if text.trim().is_empty() { Vec::new() } else { vec![text] };
            }
            response
        }),
    }
}

/// Names that are typed, separated by commas.
fn names_ui(ui: &mut Ui, label: &str, values: &mut Vec<String>) -> Response {
    let mut text = values.join(",");
    let width = ui.available_width();
    let response = ui.add(TextEdit::singleline(&mut text).desired_width(width)).accessible_name(tr(label));
    if response.changed() {
        *values = if text.is_empty() { Vec::new() } else { text.split(',').map(str::to_owned).collect() };
    }
    response
}

/// "0.2500" as "0.25".
fn shortened(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// One of the words, or what holds while none is said.
fn one_ui(ui: &mut Ui, label: &str, unsaid: &str, words: &[String], values: &mut Vec<String>) -> Response {
    let shown = if values.is_empty() { unsaid.to_owned() } else { values.join(", ") };
    let combo = ComboBox::from_id_salt(label).width(ui.available_width()).truncate().selected_text(tr(shown));
    let shown = combo.show_ui(ui, |ui| {
        if !words.iter().any(|word| word == unsaid) {
            ui.selectable_value(values, Vec::new(), tr(unsaid));
        }
        for word in words {
            let is_chosen = values.contains(word) || (values.is_empty() && word == unsaid);
            if ui.selectable_label(is_chosen, tr(word)).clicked() {
                *values = vec![word.clone()];
            }
        }
    });
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr(label)));
    shown.response
}

/// Any of the columns, each with a tick.
fn several_ui(ui: &mut Ui, label: &str, unsaid: &str, columns: &[String], chosen: &mut Vec<String>) -> Response {
    let shown = if chosen.is_empty() { unsaid.to_owned() } else { chosen.join(", ") };
    let config =
        egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let button =
        egui::Button::new(RichText::new(tr(shown))).truncate().min_size(egui::vec2(ui.available_width(), 20.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).config(config).ui(ui, |ui| {
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for column in columns {
                let mut is_chosen = chosen.contains(column);
                if ui.checkbox(&mut is_chosen, tr(column)).changed() {
                    match is_chosen {
                        true => chosen.push(column.clone()),
                        false => chosen.retain(|name| name != column),
                    }
                }
            }
        });
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, tr(label)));
    response
}
