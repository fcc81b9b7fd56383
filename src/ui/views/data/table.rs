//! What the tab Data shows of a table: its columns, its rows, and its samples in the plane where they have two features.

use std::sync::Arc;

use eframe::egui::Ui;

use super::paint;
use crate::data::Modality;
use crate::data::summary::Column;
use crate::data::{Dataset, Task};
use crate::ui::state::subject::{address, is_plane};
use crate::ui::state::table::{TableColumn, number_text, table_columns};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::plane::{Ground, PlaneView};
use crate::ui::views::parts::rows::{heads_of, target_text};
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::data_table::{Head, data_table_ui};
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
    address: u64,
    columns: Vec<TableColumn>,
    /// A line for each field and for each target that is a number.
    lines: Vec<[String; 7]>,
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
            let plane = (Shown::Plane, "Plane", "The training samples as points");
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
        if self.summary.as_ref().is_none_or(|summary| summary.address != address(dataset)) {
            self.summary = Some(Summary::of(dataset));
        }
        let Some(Summary { columns, lines, .. }) = &self.summary else { return };
        match shown {
            Shown::Plane | Shown::Paint => self.plane.ui(ui, dataset, None, None, cx),
            Shown::Columns => {
                // The numbers first: where there is little room, they are what one looks for.
                let [name, kind, encoded] = ["column", "type", "encoding"].map(Head::text);
                let [low, mean, high, missing] = ["lowest", "mean", "highest", "missing"].map(Head::number);
                let heads = [name, low, mean, high, missing, kind, encoded];
                data_table_ui(ui, "columns", &heads, lines.len(), &|row, column| lines[row][column].clone());
            }
            Shown::Rows => rows_ui(ui, dataset, columns),
        }
    }
}

fn rows_ui(ui: &mut Ui, dataset: &Dataset, columns: &[TableColumn]) {
    let target = match &dataset.task {
        Task::Classification { .. } => vec![Head::text("class")],
        Task::Regression { targets } => targets.iter().map(Head::number).collect(),
        Task::Reconstruction { .. } => Vec::new(),
    };
    let n_targets = target.len();
    let heads: Vec<Head> = target.into_iter().chain(heads_of(columns)).collect();
    let cell = |row: usize, column: usize| match columns.get(column.wrapping_sub(n_targets)) {
        Some(shown) => shown.text(dataset.train.numbers_of(row)),
        None => target_text(dataset, row, column),
    };
    data_table_ui(ui, "rows", &heads, dataset.train.len(), &cell);
}

impl Summary {
    fn of(dataset: &Arc<Dataset>) -> Self {
        let columns = table_columns(&dataset.features, dataset.shape.channels());
        let summaries = dataset.columns();
        let (inputs, targets) = summaries.split_at(dataset.shape.channels().min(summaries.len()));
        let of_column = |column: &TableColumn| inputs.get(column.at.clone()).map(|summaries| line(column, summaries));
        let mut lines: Vec<_> = columns.iter().filter_map(of_column).collect();
        lines.extend(targets.iter().map(|target| number_line(target, "target", "predicted")));
        if let Task::Classification { classes } = &dataset.task {
            let said = "a probability for each class".to_owned();
            let empty = String::new;
            let kind = format!("{} classes", classes.len());
            lines.push(["class".to_owned(), empty(), empty(), empty(), empty(), kind, said]);
        }
        Self { address: address(dataset), columns, lines }
    }
}

fn line(field: &TableColumn, columns: &[Column]) -> [String; 7] {
    if let ([column], true) = (columns, field.categories.is_empty()) {
        return number_line(column, "number", "standardized: mean 0, deviation 1");
    }
    let [low, mean, high] = [(); 3].map(|()| String::new());
    if let Some(first) = field.counted_from {
        let count = field.categories.len();
        let encoding = format!("an index for an Embedding, {} to {}", first + 1, first + count);
        return [field.name.clone(), low, mean, high, String::new(), format!("{count} words"), encoding];
    }
    let present: f64 = columns.iter().filter_map(|column| column.range).map(|range| range[1]).sum();
    // The means of the categories add up to the share of the samples that are of any.
    let missing = if present < 0.999_99 { format!("{:.1} %", (1.0 - present) * 100.0) } else { "0".to_owned() };
    let encoding = format!("one-hot: {}", field.categories.join(", "));
    [field.name.clone(), low, mean, high, missing, format!("{} categories", columns.len()), encoding]
}

fn number_line(column: &Column, kind: &str, encoding: &str) -> [String; 7] {
    let number = |at: usize| {
        column.range.map_or("–".to_owned(), |range| match at {
            // Written as its neighbors are, without commas.
            1 => significant(range[at]).replace(',', ""),
            _ => number_text(range[at]),
        })
    };
    let missing = thousands(column.missing as f64);
    [column.name.clone(), number(0), number(1), number(2), missing, kind.to_owned(), encoding.to_owned()]
}
