//! The runs as a table: which columns there are, what stands in each cell, and which rows are shown in which order.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::runs::compare::{settings, that_differ};
use crate::runs::store::StoredRun;
use crate::ui::widgets::data_table::Head;
use crate::ui::widgets::numbers::{percent, steady};

/// Settings in which the runs differ, of which so many have columns.
const SHOWN: usize = 12;

/// Projects that are looked at to find the settings that differ.
const LOOKED_AT: usize = 2000;

/// Results that a run may have, each with its column, the name, and whether it is a share.
const RESULTS: &[(&str, &str, bool)] = &[
    ("test_accuracy", "test accuracy", true),
    ("validation_accuracy", "validation accuracy", true),
    ("best_validation_accuracy", "best validation accuracy", true),
    ("test_rmse", "test RMSE", false),
    ("validation_rmse", "validation RMSE", false),
    ("best_validation_rmse", "best validation RMSE", false),
    ("test_loss", "test loss", false),
    ("validation_loss", "validation loss", false),
    ("best_validation_loss", "best validation loss", false),
    ("train_loss", "train loss", false),
];

/// Columns before those of the settings that differ: color, name, state.
const FIXED: usize = 3;

/// What a column holds.
#[derive(Clone, Copy)]
enum Column {
    Color,
    Name,
    State,
    Setting(usize),
    Result(&'static (&'static str, &'static str, bool)),
    Epochs,
    Seconds,
}

/// The runs with the columns that some of them fill.
#[derive(Default)]
pub struct RunTable {
    /// The runs, the newest first.
    pub runs: Vec<Arc<StoredRun>>,
    results: Vec<&'static (&'static str, &'static str, bool)>,
    differing: Vec<String>,
    /// Of each run, the values of the settings that differ.
    settings: Vec<Vec<String>>,
    /// How many runs are left out, since they are trials.
    pub hidden: usize,
    /// What a search looks through: name, note, state and settings of each run.
    texts: Vec<String>,
}

impl RunTable {
    /// The table of these runs; of those that belong to a search or to several seeds, only `with_trials`.
    pub fn of(mut runs: Vec<Arc<StoredRun>>, with_trials: bool) -> Self {
        let all = runs.len();
        runs.retain(|run| with_trials || !run.is_trial());
        let hidden = all - runs.len();
        let projects: Vec<_> = runs.iter().take(LOOKED_AT).map(|run| &run.project).collect();
        let mut differing = that_differ(&projects);
        differing.truncate(SHOWN);
        let has = |key: &str| runs.iter().any(|run| run.results.contains_key(key));
        let values = |run: &Arc<StoredRun>| -> Vec<String> {
            let all = if differing.is_empty() { Vec::new() } else { settings(&run.project) };
            let value = |name: &String| all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            differing.iter().map(|name| value(name).unwrap_or_default()).collect()
        };
        let settings: Vec<_> = runs.iter().map(values).collect();
        let text = |(run, values): (&Arc<StoredRun>, &Vec<String>)| {
            let note = run.info.as_ref().map_or("", |info| &info.note);
            format!("{} {} {note} {} {}", run.name(), run.state(), run.project.name, values.join(" ")).to_lowercase()
        };
        let texts = runs.iter().zip(&settings).map(text).collect();
        Self {
            results: RESULTS.iter().filter(|(key, ..)| has(key)).collect(),
            differing,
            settings,
            hidden,
            texts,
            runs,
        }
    }

    /// The columns.
    pub fn heads(&self) -> Vec<Head> {
        let fixed = [Head::pictures("", 12), Head::text("run"), Head::text("state")];
        let settings = self.differing.iter().map(Head::text);
        let results = self.results.iter().map(|(_, name, _)| Head::number(*name));
        let last = ["epochs done", "seconds"].map(Head::number);
        fixed.into_iter().chain(settings).chain(results).chain(last).collect()
    }

    /// The columns of the settings that differ, and those of the results.
    pub(super) fn columns(&self) -> (Range<usize>, Range<usize>) {
        let results = FIXED + self.differing.len();
        (FIXED..results, results..results + self.results.len())
    }

    /// Whether more is better in a column of results.
    pub fn is_higher_better(&self, column: usize) -> bool {
        matches!(self.column(column), Column::Result((_, _, true)))
    }

    /// What a column holds.
    fn column(&self, column: usize) -> Column {
        let results = FIXED + self.differing.len();
        match column.checked_sub(results) {
            None if column < FIXED => [Column::Color, Column::Name, Column::State][column],
            None => Column::Setting(column - FIXED),
            Some(result) if result < self.results.len() => Column::Result(self.results[result]),
            Some(result) if result == self.results.len() => Column::Epochs,
            Some(_) => Column::Seconds,
        }
    }

    /// What stands in a cell.
    pub fn cell(&self, row: usize, column: usize) -> String {
        let run = &self.runs[row];
        let number = || self.number(row, column);
        match self.column(column) {
            Column::Color => String::new(),
            Column::Name => run.name(),
            Column::State => run.state().to_owned(),
            Column::Setting(at) => self.settings[row][at].clone(),
            Column::Result((_, _, true)) => number().map_or_else(String::new, percent),
            Column::Result(_) => number().map_or_else(String::new, steady),
            Column::Epochs => number().map_or_else(String::new, |epochs| epochs.to_string()),
            Column::Seconds => number().map_or_else(String::new, |seconds| format!("{seconds:.1}")),
        }
    }

    /// The number of a cell, if it has one.
    pub(super) fn number(&self, row: usize, column: usize) -> Option<f64> {
        let run = &self.runs[row];
        match self.column(column) {
            Column::Color | Column::Name | Column::State => None,
            Column::Setting(at) => self.settings[row][at].parse().ok(),
            Column::Result((key, ..)) => run.results.get(*key).copied(),
            Column::Epochs => run.info.as_ref().map(|info| info.epochs.into()),
            Column::Seconds => run.info.as_ref().map(|info| info.seconds),
        }
    }

    /// The rows that have all words of a search, in the order of a column or as they came; pinned runs stay above.
    pub fn rows(&self, search: &str, order: Option<(usize, bool)>) -> Vec<usize> {
        let search = search.to_lowercase();
        let words: Vec<&str> = search.split_whitespace().collect();
        let has_all = |row: &usize| words.iter().all(|word| self.texts[*row].contains(word));
        let mut rows: Vec<usize> = (0..self.runs.len()).filter(has_all).collect();
        if let Some((column, is_descending)) = order {
            rows.sort_by(|a, b| self.compare(*a, *b, column, is_descending));
        }
        let is_pinned = |row: &usize| self.runs[*row].info.as_ref().is_some_and(|info| info.is_pinned);
        rows.sort_by_key(|row| !is_pinned(row));
        rows
    }

    /// By the numbers where both cells have some; what is empty comes last either way.
    fn compare(&self, a: usize, b: usize, column: usize, is_descending: bool) -> Ordering {
        let (of_a, of_b) = (self.cell(a, column), self.cell(b, column));
        let empty = of_a.is_empty().cmp(&of_b.is_empty());
        let order = match (self.number(a, column), self.number(b, column)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => of_a.cmp(&of_b),
        };
        empty.then(if is_descending { order.reverse() } else { order })
    }

    /// Some rows as a table of Markdown.
    pub fn to_markdown(&self, rows: &[usize]) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let heads = self.heads();
        let rule = heads[1..].iter().map(|head| if *head == Head::number(&*head.name) { "---:" } else { "---" });
        let mut text = line(heads[1..].iter().map(|head| head.name.clone()).collect());
        text += &line(rule.map(str::to_owned).collect());
        for row in rows {
            text += &line((1..heads.len()).map(|column| self.cell(*row, column).replace('|', "\\|")).collect());
        }
        text
    }

    /// Some rows as comma-separated values, quoted where they have to be.
    pub fn to_csv(&self, rows: &[usize]) -> String {
        let heads = self.heads();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = heads[1..].iter().map(|head| head.name.clone());
        // Writing to memory does not fail.
        let _ = writer.write_record(names);
        for row in rows {
            let _ = writer.write_record((1..heads.len()).map(|column| self.cell(*row, column)));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::project::Project;
    use crate::runs::RunInfo;

    fn table() -> RunTable {
        let run = |name: &str, rate: &str, accuracy: Option<f64>, is_pinned| {
            let mut project = Project::find("xor").unwrap();
            project.set("training.learning_rate", rate).unwrap();
            let info = RunInfo { name: Some(name.to_owned()), is_pinned, ..RunInfo::default() };
            let results = accuracy.map(|accuracy| ("test_accuracy".to_owned(), accuracy)).into_iter().collect();
            Arc::new(StoredRun { folder: PathBuf::from(name), project, info: Some(info), is_live: false, results })
        };
        RunTable::of(
            vec![
                run("one", "0.1", Some(0.9), false),
                run("two, again", "0.02", None, false),
                run("three", "0.003", Some(0.95), false),
                run("pinned", "0.1", Some(0.5), true),
            ],
            true,
        )
    }

    #[test]
    fn rows_are_searched_and_sorted_by_their_numbers_and_pinned_ones_stay_above() {
        let table = table();
        let accuracy = table.heads().iter().position(|head| head.name == "test accuracy").unwrap();
        assert_eq!(table.rows("", None), [3, 0, 1, 2]);
        assert_eq!(table.rows("", Some((accuracy, true))), [3, 2, 0, 1]);
        assert_eq!(table.rows("", Some((accuracy, false))), [3, 0, 2, 1]);
        assert_eq!(table.rows("TWO 0.02", None), [1]);
        let rate = table.heads().iter().position(|head| head.name == "learning rate").unwrap();
        assert_eq!(table.rows("", Some((rate, false))), [3, 2, 1, 0]);
    }

    #[test]
    fn numbers_are_laid_out_by_their_logarithms_where_they_differ_by_decades_and_words_in_their_order() {
        let table = table();
        let rate = table.settings_columns().start;
        let axis = table.axis(rate, &[0, 1, 2]).unwrap();
        assert_eq!(
            (axis.name.as_str(), axis.low.as_str(), axis.high.as_str()),
            ("log10 learning rate", "0.003", "0.1")
        );
        assert_eq!((axis.places[0], axis.places[2]), (Some(1.0), Some(0.0)));
        assert!(axis.places[1].is_some_and(|place| (place - 0.541).abs() < 1e-3), "{axis:?}");
        let accuracy = table.results_columns().start;
        let axis = table.axis(accuracy, &[0, 1, 2]).unwrap();
        assert_eq!((axis.name.as_str(), axis.places[1]), ("test accuracy", None));
        let name = table.axis(1, &[0, 2]).unwrap();
        assert_eq!((name.name.as_str(), &name.places[..]), ("run: 0 one, 1 three", &[Some(0.0), Some(1.0)][..]));
        assert!(table.axis(rate, &[0]).is_none(), "one value is no axis");
    }

    #[test]
    fn a_table_is_copied_as_csv_and_as_markdown() {
        let table = table();
        let csv = table.to_csv(&[1]);
        assert!(
            csv.starts_with(
                "run,state,learning rate,test accuracy,epochs done,seconds\n\"two, again\",interrupted,0.02,,0,0.0"
            ),
            "{csv}"
        );
        let markdown = table.to_markdown(&[0]);
        assert!(
            markdown.contains("| one | interrupted | 0.1 | 90.0 % | 0 | 0.0 |") && markdown.contains("| ---: |"),
            "{markdown}"
        );
    }
}
