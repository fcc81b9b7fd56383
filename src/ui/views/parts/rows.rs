//! Samples that are rows of a table, in words.

use crate::data::{Dataset, TargetData};
use crate::ui::state::table::{TableColumn, number_text};
use crate::ui::widgets::data_table::Head;

/// The columns of a table of these columns.
pub fn heads_of(columns: &[TableColumn]) -> impl Iterator<Item = Head> {
    let head = |column: &TableColumn| match column.categories.is_empty() {
        true => Head::number(&column.name),
        false => Head::text(&column.name),
    };
    columns.iter().map(head)
}

/// The class of a training sample, or one of its target numbers.
pub fn target_text(dataset: &Dataset, sample: usize, target: usize) -> String {
    let number = match &dataset.train.targets {
        TargetData::Classes(_) => return label(dataset, sample),
        TargetData::Numbers { width, values } => values.get(sample * width + target),
        TargetData::Itself { .. } | TargetData::Steps { .. } => dataset.train.numbers_of(sample).get(target),
    };
    number.map_or_else(String::new, |number| number_text(*number))
}

/// The name of a training sample's class.
pub fn label(dataset: &Dataset, sample: usize) -> String {
    let class = dataset.train.class_of(sample);
    class.and_then(|class| dataset.task.classes().get(class)).cloned().unwrap_or_default()
}
