//! What the tab Data shows of a table: its columns, its rows, and its samples in the plane where they have two features.

use std::sync::Arc;

use eframe::egui::{Rect, Ui, pos2, vec2};

use super::paint;
use crate::data::Modality;
use crate::data::sources::can_ignore;
use crate::data::summary::{BINS, Column};
use crate::data::{Dataset, Task};
use crate::language::tr;
use crate::ui::state::subject::{identity, is_plane};
use crate::ui::state::table::{TableColumn, number_text, table_columns};
use crate::ui::theme::Palette;
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::plane::{Ground, PlaneView};
use crate::ui::views::parts::rows::{heads_of, target_text};
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::data_table::{DataTable, Head, data_table_ui};
use crate::ui::widgets::numbers::{significant, thousands};
use crate::ui::widgets::text::{heading_ui, placeholder_ui};

/// The samples of a table, as points in the plane, columns or rows.
#[derive(Default)]
pub struct TableView {
    /// What was chosen; until then the plane where there is one, and otherwise the columns.
    shown: Option<Shown>,
    plane: PlaneView,
    /// What lies under the points that are painted.
    ground: Option<Ground>,
    summary: Option<Summary>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Plane,
    /// As long as something is painted in, which the playground knows.
    Paint,
    Columns,
    Rows,
}

/// What is known of a data set, worked out once.
struct Summary {
    identity: u64,
    columns: Vec<TableColumn>,
    /// A line for each column and for each target.
    lines: Vec<Line>,
}

/// The summary of a column, as a row of the table shows it.
struct Line {
    name: String,
    /// Lowest, mean and highest number.
    range: [String; 3],
    missing: String,
    /// Heights of the bars of its histogram, the tallest 1.
    bars: Vec<f32>,
    association: Option<f64>,
    kind: String,
    encoding: String,
    is_target: bool,
}

impl TableView {
    /// Draws the table in the space that is left.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let dataset = cx.session.dataset().filter(|dataset| dataset.modality() == Modality::Table).cloned();
        let is_painted = cx.playground.painting.is_some();
        let is_plane = is_painted || dataset.as_ref().is_some_and(|dataset| is_plane(dataset));
        let fitting = if is_plane { Shown::Plane } else { Shown::Columns };
        let fits = |shown: &Shown| *shown != Shown::Paint && (*shown != Shown::Plane || is_plane);
        let mut shown = if is_painted { Shown::Paint } else { self.shown.filter(fits).unwrap_or(fitting) };
        heading_ui(ui, "Samples", |ui| {
            let plane = (Shown::Plane, "Plane", "The training samples as dots, the validation samples as rings");
            let paint = (Shown::Paint, "Paint", "Add and remove points with the mouse");
            let columns = (Shown::Columns, "Columns", "What each column holds, and how it is encoded");
            let rows = (Shown::Rows, "Rows", "The training samples, from which the validation set is split");
            let changed = match is_plane {
                true => segmented_ui(ui, &mut shown, &[plane, paint, columns, rows]),
                false => segmented_ui(ui, &mut shown, &[columns, rows]),
            };
            if changed {
                self.shown = Some(shown);
                match shown {
                    Shown::Paint => paint::begin(cx),
                    Shown::Plane | Shown::Columns | Shown::Rows => cx.playground.painting = None,
                }
            }
        });
        if cx.playground.painting.is_some() {
            return paint::paint_ui(ui, &mut self.ground, cx);
        }
        let Some(dataset) = &dataset else {
            return placeholder_ui(ui, "The samples appear here when they have been read.");
        };
        if self.summary.as_ref().is_none_or(|summary| summary.identity != identity(dataset)) {
            self.summary = Some(Summary::of(dataset));
        }
        let Some(Summary { columns, lines, .. }) = &self.summary else { return };
        match shown {
            Shown::Plane | Shown::Paint => self.plane.ui(ui, dataset, None, None, cx),
            Shown::Columns => {
                // The numbers first: where there is little room, they are what one looks for.
                let [name, kind, encoded] = ["column", "type", "encoding"].map(Head::text);
                let [low, mean, high, missing] = ["lowest", "mean", "highest", "missing"].map(Head::number);
                let (values, with_target) = (Head::pictures("histogram", 64), Head::number("correlation"));
                let heads = [name, low, mean, high, missing, values, with_target, kind, encoded];
                let cell = |row: usize, column: usize| lines[row].text(column);
                let paint = |ui: &Ui, place: Rect, row: usize| bars_ui(ui, place, &lines[row].bars);
                let table = DataTable::new(&heads, lines.len(), &cell).pictures(&paint);
                match cx.project.data.source.single().is_some_and(can_ignore) {
                    true => table.ui_with_menu(ui, "columns", &mut |ui, row| column_menu_ui(ui, &lines[row], cx)),
                    false => table.ui(ui, "columns"),
                }
            }
            Shown::Rows => rows_ui(ui, dataset, columns),
        }
    }
}

fn rows_ui(ui: &mut Ui, dataset: &Dataset, columns: &[TableColumn]) {
    let target = match &dataset.task {
        Task::Classification { .. } => vec![Head::text("class")],
        Task::Regression { targets, .. } => targets.iter().map(Head::number).collect(),
        Task::Reconstruction { .. } | Task::NextToken { .. } => Vec::new(),
    };
    let n_targets = target.len();
    let heads: Vec<Head> = target.into_iter().chain(heads_of(columns)).collect();
    let cell = |row: usize, column: usize| match columns.get(column.wrapping_sub(n_targets)) {
        Some(shown) => shown.text(dataset.train.numbers_of(row)),
        None => target_text(dataset, row, column),
    };
    data_table_ui(ui, "rows", &heads, dataset.train.len(), &cell);
}

/// A small histogram.
fn bars_ui(ui: &Ui, place: Rect, bars: &[f32]) {
    let place = place.shrink2(vec2(0.0, 3.0));
    let width = place.width() / bars.len().max(1) as f32;
    for (at, height) in bars.iter().enumerate() {
        let left = place.left() + at as f32 * width;
        let top = place.bottom() - height.max(0.04) * place.height();
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + width - 1.0, place.bottom()));
        ui.painter().rect_filled(bar, 0.0, Palette::of(ui).accent);
    }
}

/// What may be decided of a column; each choice reads the file anew.
fn column_menu_ui(ui: &mut Ui, line: &Line, cx: &mut Cx<'_>) {
    let Some(part) = cx.project.data.source.single_mut() else { return };
    let choice = |ui: &mut Ui, label: &str, help: &str| ui.button(tr(label)).on_hover_text(tr(help)).clicked();
    if line.is_target {
        let as_classes = choice(ui, "Read as classes", "Each value of the target is a class: task=classification");
        let as_number = choice(ui, "Read as a number", "The target is a number: task=regression");
        if as_classes || as_number {
            let task = if as_classes { "classification" } else { "regression" };
            part.set("task", vec![task.to_owned()]);
        }
        return;
    }
    if choice(ui, "Make it the target", "The network predicts this column from the others") {
        part.set("target", vec![line.name.clone()]);
        part.set("task", Vec::new());
    }
    if choice(ui, "Leave it out", "The network does not read this column") {
        part.overrule("ignore", &line.name);
    }
    if choice(ui, "Read as categories", "Its values are names: each becomes an input of its own (one-hot)") {
        part.overrule("categories", &line.name);
    }
}

impl Summary {
    fn of(dataset: &Arc<Dataset>) -> Self {
        let columns = table_columns(&dataset.features, dataset.shape.channels());
        let summaries = dataset.columns();
        let (inputs, targets) = summaries.split_at(dataset.shape.channels().min(summaries.len()));
        let of_column = |column: &TableColumn| {
            let line =
                Line::of_column(column, inputs.get(column.at.clone())?, dataset.train.len() + dataset.test.len());
            Some(Line { association: dataset.association(column.at.clone()), ..line })
        };
        let mut lines: Vec<Line> = columns.iter().filter_map(of_column).collect();
        let target = |target| Line { is_target: true, ..Line::of_numbers(target, "target", "predicted") };
        lines.extend(targets.iter().map(target));
        lines.extend(dataset.task.is_classification().then(|| Line::of_classes(dataset)));
        Self { identity: identity(dataset), columns, lines }
    }
}

impl Line {
    fn of_column(field: &TableColumn, columns: &[Column], rows: usize) -> Self {
        if let ([column], true) = (columns, field.categories.is_empty()) {
            return Self::of_numbers(column, "number", "standardized: mean 0, deviation 1");
        }
        let count = field.categories.len();
        if let Some(first) = field.counted_from {
            let encoding = format!("an index for an Embedding, {} to {}", first + 1, first + count);
            return Self::of_words(&field.name, &[], String::new(), format!("{count} words"), encoding);
        }
        let shares: Vec<f64> = columns.iter().filter_map(|column| column.range).map(|range| range[1]).collect();
        // The means of the categories add up to the share of the samples that are of any.
        let present: f64 = shares.iter().sum();
        let missing = thousands(((1.0 - present) * rows as f64).round().max(0.0));
        let encoding = format!("one-hot: {}", field.categories.join(", "));
        Self::of_words(&field.name, &shares, missing, format!("{} categories", columns.len()), encoding)
    }

    fn of_classes(dataset: &Dataset) -> Self {
        let shares: Vec<f64> = dataset.class_counts().iter().map(|class| (class.train + class.test) as f64).collect();
        let kind = format!("{} classes", shares.len());
        let name = dataset.target.as_deref().unwrap_or("class");
        let line = Self::of_words(name, &shares, String::new(), kind, "a probability for each class".to_owned());
        Self { is_target: true, ..line }
    }

    fn of_words(name: &str, shares: &[f64], missing: String, kind: String, encoding: String) -> Self {
        let bars = bars(shares.iter().copied().take(BINS));
        let range = [(); 3].map(|()| String::new());
        Self { name: name.to_owned(), range, missing, bars, association: None, kind, encoding, is_target: false }
    }

    fn of_numbers(column: &Column, kind: &str, encoding: &str) -> Self {
        let number = |at: usize| {
            column.range.map_or("–".to_owned(), |range| match at {
                // Written as its neighbors are, without commas.
                1 => significant(range[at]).replace(',', ""),
                _ => number_text(range[at]),
            })
        };
        Self {
            range: [number(0), number(1), number(2)],
            bars: bars(column.histogram.iter().map(|count| *count as f64)),
            ..Self::of_words(&column.name, &[], thousands(column.missing as f64), kind.to_owned(), encoding.to_owned())
        }
    }

    fn text(&self, column: usize) -> String {
        let Self { name, range, missing, kind, encoding, .. } = self;
        match column {
            0 => name.clone(),
            1..=3 => range[column - 1].clone(),
            4 => missing.clone(),
            6 => self.association.map_or_else(String::new, |association| format!("{association:.2}")),
            7 => kind.clone(),
            8 => encoding.clone(),
            _ => String::new(),
        }
    }
}

/// Counts as heights, the largest 1.
fn bars(counts: impl Iterator<Item = f64> + Clone) -> Vec<f32> {
    let most = counts.clone().fold(f64::MIN_POSITIVE, f64::max);
    counts.map(|count| (count / most) as f32).collect()
}
