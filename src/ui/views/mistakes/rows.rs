//! The rows of a table with the worst predictions: of the wrong class, or with the largest error.

use std::sync::Arc;

use eframe::egui::Ui;

use crate::data::{Dataset, Task};
use crate::train::Evaluation;
use crate::train::metrics::{NumberPredictions, Prediction, ReconstructionPredictions};
use crate::ui::state::subject::identity;
use crate::ui::state::table::{TableColumn, number_text, table_columns};
use crate::ui::views::parts::reconstructions::worst_heading_ui;
use crate::ui::views::parts::rows::heads_of;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::numbers::{percent, significant};

#[derive(Default)]
pub struct RowMistakes {
    columns: Option<(u64, Vec<TableColumn>)>,
    /// The rows of an evaluation, the largest error first.
    worst: Option<(Arc<Evaluation>, Vec<usize>)>,
}

impl RowMistakes {
    fn columns(&mut self, dataset: &Arc<Dataset>) -> &[TableColumn] {
        let identity = identity(dataset);
        if self.columns.as_ref().is_none_or(|known| known.0 != identity) {
            self.columns = Some((identity, table_columns(&dataset.features, dataset.shape.channels())));
        }
        self.columns.as_ref().map_or(&[], |known| &known.1)
    }

    /// Rows with their predicted class.
    pub fn classes_ui(&mut self, ui: &mut Ui, predictions: &[Prediction], names: &[String], dataset: &Arc<Dataset>) {
        let columns = self.columns(dataset);
        let heads: Vec<Head> = [Head::text("true"), Head::text("predicted"), Head::number("confidence")]
            .into_iter()
            .chain(heads_of(columns))
            .collect();
        let name = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
        let cell = |row: usize, column: usize| {
            let answer = predictions[row];
            match column {
                0 => name(answer.truth),
                1 => name(answer.class),
                2 => percent(f64::from(answer.confidence)),
                column => columns[column - 3].text(dataset.train.numbers_of(answer.sample as usize)),
            }
        };
        data_table_ui(ui, "mistakes", &heads, predictions.len(), &cell);
    }

    /// All rows with their errors, the largest first. Several targets are weighed by how far each spreads.
    pub fn numbers_ui(
        &mut self,
        ui: &mut Ui,
        evaluation: &Arc<Evaluation>,
        predictions: &NumberPredictions,
        dataset: &Arc<Dataset>,
    ) {
        if self.worst.as_ref().is_none_or(|worst| !Arc::ptr_eq(&worst.0, evaluation)) {
            self.worst = Some((Arc::clone(evaluation), worst_first(predictions)));
        }
        worst_heading_ui(ui, predictions.samples.len());
        let order = self.worst.as_ref().map_or_else(Vec::new, |worst| worst.1.clone());
        let columns = self.columns(dataset);
        let Task::Regression { targets, .. } = &dataset.task else { return };
        let of_target = |name: &String| {
            let [truth, predicted] = ["true", "predicted"].map(|what| Head::number(format!("{what} {name}")));
            [truth, predicted, Head::number("error")]
        };
        let heads: Vec<Head> = targets.iter().flat_map(of_target).chain(heads_of(columns)).collect();
        let cell = |row: usize, column: usize| {
            let row = order[row];
            let at = row * predictions.width + column / 3;
            if let Some(shown) = columns.get(column.wrapping_sub(3 * predictions.width)) {
                return shown.text(dataset.train.numbers_of(predictions.samples[row] as usize));
            }
            match column % 3 {
                0 => number_text(predictions.truths[at]),
                1 => significant(predictions.predictions[at]),
                _ => signed(predictions.predictions[at] - predictions.truths[at]),
            }
        };
        data_table_ui(ui, "mistakes", &heads, order.len(), &cell);
    }
}

impl RowMistakes {
    /// All rows with the error of their reconstruction, in standard deviations of a column, the largest first.
    pub fn reconstructions_ui(
        &mut self,
        ui: &mut Ui,
        evaluation: &Arc<Evaluation>,
        predictions: &ReconstructionPredictions,
        dataset: &Arc<Dataset>,
    ) {
        if self.worst.as_ref().is_none_or(|worst| !Arc::ptr_eq(&worst.0, evaluation)) {
            let mut order: Vec<usize> = (0..predictions.samples.len()).collect();
            order.sort_by(|a, b| predictions.errors[*b].total_cmp(&predictions.errors[*a]));
            self.worst = Some((Arc::clone(evaluation), order));
        }
        worst_heading_ui(ui, predictions.samples.len());
        let order = self.worst.as_ref().map_or_else(Vec::new, |worst| worst.1.clone());
        let columns = self.columns(dataset);
        let heads: Vec<Head> = std::iter::once(Head::number("error")).chain(heads_of(columns)).collect();
        let cell = |row: usize, column: usize| match columns.get(column.wrapping_sub(1)) {
            Some(shown) => shown.text(dataset.train.numbers_of(predictions.samples[order[row]] as usize)),
            None => significant(f64::from(predictions.errors[order[row]])),
        };
        data_table_ui(ui, "mistakes", &heads, order.len(), &cell);
    }
}

/// "+2.5", "-0.3".
fn signed(number: f64) -> String {
    format!("{}{}", if number > 0.0 { "+" } else { "" }, significant(number))
}

fn worst_first(predictions: &NumberPredictions) -> Vec<usize> {
    let distances = predictions.distances();
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|a, b| distances[*b].total_cmp(&distances[*a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_error_comes_first_and_a_target_of_large_numbers_does_not_decide_alone() {
        let predictions = NumberPredictions {
            naive: Vec::new(),
            width: 2,
            samples: vec![7, 8, 9],
            truths: vec![1.0, 1000.0, 2.0, 2000.0, 3.0, 3000.0],
            predictions: vec![1.0, 1001.0, 2.1, 2000.0, 1.0, 3000.0],
        };
        assert_eq!(worst_first(&predictions), [2, 1, 0]);
    }
}
