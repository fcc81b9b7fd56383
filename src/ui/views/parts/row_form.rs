//! A row to try: a field for each column, and the network's prediction at once.

use std::sync::Arc;

use eframe::egui::{self, ComboBox, Label, RichText, Ui};

use crate::data::{Dataset, Task};
use crate::language::tr;
use crate::ui::jobs::predictor::{NOT_NUMBERS, RowQuery};
use crate::ui::state::playground::TriedRow;
use crate::ui::state::subject::identity;
use crate::ui::state::table::{TableColumn, number_text, table_columns};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::rows::target_text;
use crate::ui::widgets::cut_text::caption_name_ui;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::field::{field_ui, number_field_ui};
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::probability_bars::probability_bars_ui;
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};

/// The fields, worked out only when the data has changed.
#[derive(Default)]
pub struct RowForm {
    known: Option<Known>,
}

struct Known {
    identity: u64,
    columns: Vec<TableColumn>,
    /// Lowest, mean and highest value of every number.
    ranges: Vec<[f64; 3]>,
    is_whole: Vec<bool>,
}

impl RowForm {
    /// The fields of a row of the data. The row is a real one until something in it is changed.
    pub fn fields_ui(&mut self, ui: &mut Ui, dataset: &Arc<Dataset>, cx: &mut Cx<'_>) {
        if self.known.as_ref().is_none_or(|known| known.identity != identity(dataset)) {
            self.known = Some(Known::of(dataset));
        }
        let Some(known) = &self.known else { return };
        let row = &mut cx.playground.row;
        if row.of != known.identity || row.values.len() != known.ranges.len() {
            *row = known.row(dataset, 0);
        }
        heading_ui(ui, "Try a row", |ui| {
            if ui.button(tr("Another")).on_hover_text(tr("The values of another training sample")).clicked() {
                let next = row.sample.map_or(0, |sample| sample + 1) % dataset.train.len().max(1);
                *row = known.row(dataset, next);
            }
        });
        scroll_ui(ui, |ui| {
            let before = row.values.clone();
            for (at, field) in known.columns.iter().enumerate() {
                ui.push_id(at, |ui| known.field_ui(ui, field, &mut row.values));
            }
            if row.values != before {
                row.sample = None;
            }
        });
    }

    /// The network's prediction for the row.
    pub fn answer_ui(&self, ui: &mut Ui, dataset: &Arc<Dataset>, cx: &mut Cx<'_>) {
        let palette = Palette::of(ui);
        let Some(network) = cx.network() else {
            return placeholder_ui(
                ui,
                "This network has no weights yet. Press Train, and its predictions appear while it learns.",
            );
        };
        let row = &cx.playground.row;
        if !network.reads(dataset) {
            return placeholder_ui(ui, "The network was trained on other columns. Press Train to train it on these.");
        }
        let query = RowQuery { network, row: row.values.clone() };
        let Some(answered) = cx.derived.row.ask(ui.ctx(), query) else { return };
        let (network, answer) = (&answered.query.network, &answered.answer);
        if answer.iter().any(|number| !number.is_finite()) {
            ui.add(Label::new(RichText::new(tr(NOT_NUMBERS)).color(palette.muted)).wrap());
            return;
        }
        let truth = row.sample.filter(|_| row.of == identity(dataset));
        match network.trained().task {
            Task::Classification { classes } => {
                let winner = answer.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                if let Some((class, share)) = winner {
                    let name = classes.get(class).map_or("?", String::as_str);
                    ui.add(Label::new(theme::number(name).color(palette.accent)).truncate());
                    caption_ui(ui, &format!("probability {}", percent(*share)));
                }
                truth_ui(ui, truth.map(|sample| target_text(dataset, sample, 0)));
                ui.add_space(GRID);
                let shares: Vec<f32> = answer.iter().map(|share| *share as f32).collect();
                probability_bars_ui(ui, classes, Some(&shares));
            }
            Task::Regression { .. } => {
                for (at, (name, number)) in network.trained().task.outputs_in_units().iter().zip(answer).enumerate() {
                    caption_name_ui(ui, name);
                    let number = theme::number(significant(*number)).color(palette.accent);
                    ui.add(Label::new(number).extend());
                    truth_ui(ui, truth.map(|sample| target_text(dataset, sample, at)));
                }
            }
            // Its samples are no rows.
            Task::NextToken { .. } => {}
            Task::Reconstruction { .. } => {
                let heads = [Head::text("column"), Head::number("row"), Head::number("reconstruction")];
                let cell = |at: usize, column: usize| match column {
                    0 => dataset.features.get(at).map_or_else(|| (at + 1).to_string(), ToString::to_string),
                    1 => row.values.get(at).map_or_else(String::new, |number| number_text(*number)),
                    _ => significant(answer[at]),
                };
                data_table_ui(ui, "reconstruction", &heads, answer.len(), &cell);
            }
        }
    }
}

/// The true value, as long as the row is a real one.
fn truth_ui(ui: &mut Ui, truth: Option<String>) {
    caption_name_ui(ui, &truth.map_or("no true value".to_owned(), |truth| format!("true {truth}")));
}

impl Known {
    fn of(dataset: &Arc<Dataset>) -> Self {
        let width = dataset.shape.channels();
        let columns = dataset.columns();
        let ranges: Vec<_> = columns.iter().take(width).map(|column| column.range.unwrap_or([0.0, 0.0, 1.0])).collect();
        let samples = &dataset.train;
        let is_whole = |at: usize| {
            let mut numbers = (0..samples.len()).filter_map(|sample| samples.numbers_of(sample).get(at));
            numbers.all(|number| !number.is_finite() || number.fract() == 0.0)
        };
        let is_whole = (0..width).map(is_whole).collect();
        Self { identity: identity(dataset), columns: table_columns(&dataset.features, width), ranges, is_whole }
    }

    /// A training sample; what it lacks is the mean.
    fn row(&self, dataset: &Dataset, sample: usize) -> TriedRow {
        let numbers = dataset.train.numbers_of(sample).iter().zip(&self.ranges);
        let values = numbers.map(|(number, range)| if number.is_finite() { *number } else { range[1] }).collect();
        TriedRow { of: self.identity, sample: Some(sample), values }
    }

    fn field_ui(&self, ui: &mut Ui, field: &TableColumn, row: &mut [f64]) {
        let at = field.at.start;
        if !field.categories.is_empty() {
            let chosen = field.category(row);
            let shown = chosen.and_then(|at| field.categories.get(at)).map_or("–", String::as_str);
            field_ui(ui, &field.name, "One of the words of this column.", |ui| {
                let combo =
                    ComboBox::from_id_salt("category").width(ui.available_width()).truncate().selected_text(tr(shown));
                let shown = combo.show_ui(ui, |ui| {
                    for (category, word) in field.categories.iter().enumerate() {
                        if ui.selectable_label(chosen == Some(category), tr(word)).clicked() {
                            field.set_category(row, category);
                        }
                    }
                });
                let info = || egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr(&field.name));
                shown.response.widget_info(info);
                shown.response
            });
            return;
        }
        let (Some(number), Some(&[low, mean, high])) = (row.get_mut(at), self.ranges.get(at)) else { return };
        let is_whole = self.is_whole.get(at).copied().unwrap_or(false) && high - low <= 1000.0;
        let division = if is_whole { Division::Whole } else { Division::Linear };
        let high = if high > low { high } else { low + 1.0 };
        let default = if is_whole { mean.round() } else { mean };
        // What was made in single precision is shortest in it.
        let exact = |number: f64| match f64::from(number as f32) == number {
            true => (number as f32).to_string().parse().unwrap_or(number),
            false => number,
        };
        let mut value = exact(*number);
        let help = format!(
            "{}{}, from {} to {} in the data. A double click sets the mean.",
            field.name,
            field.unit.as_ref().map_or_else(String::new, |unit| format!(" in {unit}")),
            number_text(low),
            number_text(high)
        );
        number_field_ui(ui, &help, &Slider::new(&field.name, exact(low)..=exact(high), default, division), &mut value);
        if value != exact(*number) {
            *number = value;
        }
    }
}
