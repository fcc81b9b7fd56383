//! What the columns of a table matter to the network, and what it predicts as one of them changes.

use std::ops::RangeInclusive;

use eframe::egui::{Label, RichText, ScrollArea, Ui};

use super::pane::Pane;
use crate::data::{Modality, Task};
use crate::explain::importance::{Importance, REPEATS};
use crate::language::tr;
use crate::train::metrics::Unit;
use crate::ui::jobs::columns::{ColumnImportances, Dependence, DependenceQuery, ImportanceQuery};
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::state::subject::Subject;
use crate::ui::state::table::{TableColumn, table_columns};
use crate::ui::theme::{GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::line_plot::{LinePlot, Quantity};
use crate::ui::widgets::numbers::{percent, significant, thousands};
use crate::ui::widgets::text::{caption_ui, placeholder_ui};
use crate::ui::widgets::value_bars::{ValueBar, value_bars_ui};

/// Height of the curve below the bars, and its most share of a low window.
const CURVE: f32 = 220.0;
const MOST_SHARE: f32 = 0.5;

/// The pane of the columns.
#[derive(Default)]
pub struct ColumnsPane {
    /// The column whose dependence is shown; the most important if there is none.
    column: Option<usize>,
}

impl Pane for ColumnsPane {
    fn id(&self) -> &'static str {
        "columns"
    }

    fn label(&self) -> &'static str {
        "Columns"
    }

    fn hover(&self) -> &'static str {
        "How much each column matters, and in which way"
    }

    fn help(&self) -> &'static str {
        "How far the score falls when the values of a column are shuffled among the rows (permutation importance): near zero, \
     the network does not need it, or another column says the same. Click a column to see its partial dependence."
    }

    fn fits(&self, subject: &Subject) -> bool {
        subject.modality() == Modality::Table
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        self.columns_ui(ui, &latest.query, inside.explained, cx);
        None
    }
}

impl ColumnsPane {
    /// The columns, and the mean of this output as one of them changes.
    fn columns_ui(&mut self, ui: &mut Ui, inside: &InsideQuery, output: usize, cx: &mut Cx<'_>) {
        let network = &inside.network;
        let dataset = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset));
        let table = dataset.filter(|dataset| dataset.modality() == Modality::Table);
        let Some(dataset) = table.filter(|dataset| !dataset.task.output_names().is_empty()) else {
            return placeholder_ui(ui, "Only a table with a target has columns that matter for it.");
        };
        let columns = table_columns(&dataset.features, dataset.shape.len());
        let query = ImportanceQuery { network: network.clone(), dataset };
        let latest = cx.derived.importance.ask(ui.ctx(), query.clone());
        let Some(found) = latest.as_ref().and_then(|latest| latest.answer.as_ref()) else {
            return placeholder_ui(ui, "The columns are being shuffled.");
        };
        caption_ui(ui, &summary(found));
        let mut order: Vec<usize> = (0..columns.len().min(found.falls.len())).collect();
        order.sort_by(|one, other| found.falls[*other].mean.total_cmp(&found.falls[*one].mean));
        let chosen = self.column.filter(|column| *column < columns.len()).or(order.first().copied());
        let bars: Vec<ValueBar> = order
            .iter()
            .map(|at| {
                let Importance { mean, deviation } = found.falls[*at];
                let text = text_of(found.metric.unit, mean, deviation);
                let is_chosen = chosen == Some(*at);
                ValueBar { name: columns[*at].name.clone(), value: mean, spread: deviation, text, is_chosen }
            })
            .collect();
        let curve = CURVE.min(ui.available_height() * MOST_SHARE);
        let height = ui.available_height() - curve - 2.0 * GRID;
        let scrolled = ScrollArea::vertical().id_salt("columns").auto_shrink([false, true]).max_height(height);
        let clicked = scrolled.show(ui, |ui| value_bars_ui(ui, "importance", &bars, true)).inner;
        if let Some(clicked) = clicked {
            self.column = Some(order[clicked]);
        }
        ui.add_space(2.0 * GRID);
        let Some(chosen) = chosen else { return };
        let answered = cx.derived.dependence.ask(ui.ctx(), DependenceQuery { of: query, column: chosen });
        let dependence = answered.as_ref().and_then(|latest| Some((&latest.query, latest.answer.as_ref()?)));
        match dependence.filter(|(query, _)| query.column == chosen) {
            Some((query, dependence)) => {
                let task = query.of.network.trained().task;
                dependence_ui(ui, &columns[chosen], dependence, task, output);
            }
            None => placeholder_ui(ui, "The column is being changed in every row."),
        }
    }
}

/// "Accuracy 96.7 % on 30 validation samples; mean ± standard deviation of 5 shuffles"
fn summary(found: &ColumnImportances) -> String {
    let ColumnImportances { metric, score, samples, of, are_held_out, .. } = found;
    let score = match metric.unit {
        Unit::Percent => percent(*score),
        Unit::Number => significant(*score),
    };
    let [count, all] = [samples, of].map(|count| thousands(*count as f64));
    let among = if samples < of { format!("{count} of {all}") } else { count };
    let whose = if *are_held_out { "validation" } else { "training" };
    format!("{} {score} on {among} {whose} samples, less after {REPEATS} shuffles:", metric.label)
}

/// "12.0 ± 1.5 %", of an accuracy.
fn text_of(unit: Unit, mean: f64, deviation: f64) -> String {
    match unit {
        Unit::Percent => format!("{:.1} ± {:.1} %", 100.0 * mean, 100.0 * deviation),
        Unit::Number => format!("{} ± {}", significant(mean), significant(deviation)),
    }
}

/// The mean of an output over the samples as a column changes: a curve over its numbers, or a bar for each category.
fn dependence_ui(ui: &mut Ui, column: &TableColumn, dependence: &Dependence, task: &Task, output: usize) {
    let names = task.output_names();
    let output = output.min(names.len().saturating_sub(1));
    let name = names.get(output).map_or("", String::as_str);
    let what = if task.is_classification() { format!("probability of {name}") } else { format!("predicted {name}") };
    let points = dependence.values.iter().zip(&dependence.means);
    let points: Vec<[f64; 2]> = points.filter_map(|(value, means)| Some([*value, *means.get(output)?])).collect();
    let title = format!("Mean {what} with the same {} in every row", column.name);
    if !column.categories.is_empty() {
        ui.add(Label::new(RichText::new(tr(title)).color(Palette::of(ui).muted)).wrap());
        let bars: Vec<ValueBar> = points
            .iter()
            .zip(&column.categories)
            .map(|([_, mean], category)| {
                let text = if task.is_classification() { percent(*mean) } else { significant(*mean) };
                ValueBar { name: category.clone(), value: *mean, spread: 0.0, text, is_chosen: false }
            })
            .collect();
        let scrolled = ScrollArea::vertical().id_salt("categories").auto_shrink(false);
        scrolled.show(ui, |ui| value_bars_ui(ui, &what, &bars, false));
        return;
    }
    let x_name = column.unit.as_ref().map_or_else(|| column.name.clone(), |unit| format!("{}, {unit}", column.name));
    let y_name = format!("mean {what}");
    let x = Quantity { name: &x_name, range: around(points.iter().map(|point| point[0])), is_logarithmic: false };
    let y_range = if task.is_classification() { 0.0..=1.0 } else { around(points.iter().map(|point| point[1])) };
    let y = Quantity { name: &y_name, range: y_range, is_logarithmic: false };
    let plot = LinePlot::new(&title, x, y, &points).id("dependence");
    plot.height(ui.available_height().min(CURVE)).show(ui);
}

/// From the least to the greatest number, with a little air where all are the same.
fn around(numbers: impl Iterator<Item = f64>) -> RangeInclusive<f64> {
    let (low, high) =
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
    match low < high {
        true => low..=high,
        false if low.is_finite() => low - 0.5..=low + 0.5,
        false => 0.0..=1.0,
    }
}
