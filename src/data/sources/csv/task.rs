//! What the target of a table asks for: classes or numbers, and which.

use super::super::dates::DateFormat;
use super::columns::{SOME_CATEGORIES, is_number};
use super::encode::Classes;
use super::{AS_CLASSES, AS_NUMBER, Loader, MAX_CLASSES, ONE_TARGET, OTHER_TARGET, POSITIVE};
use crate::data::dataset::Task;
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};
use crate::data::samples::TargetData;
use crate::data::source::Known;
use crate::data::table::{Column, UNCALCULATED};

impl Loader<'_> {
    /// The task: that of a known network, else that of the option, else the one that the target column suggests.
    pub(super) fn task(&mut self, targets: &[usize]) -> Result<Task, Wrong> {
        // An autoencoder has kept no target, so the task is found as for a new file.
        let known = self.request.lookup.known.filter(|known| !matches!(known.task, Task::Reconstruction { .. }));
        if let Some(Known { task, .. }) = known {
            self.drop_unknown_classes(targets[0], task);
            self.tell_other_units(targets, task);
            return Ok(task.clone());
        }
        let columns: Vec<&Column> = targets.iter().map(|at| &self.table.columns[*at]).collect();
        self.refuse_mixed_units(&columns)?;
        let is_regression = match self.request.text("task").as_deref() {
            Some("regression") => true,
            Some("classification") => false,
            Some(other) => {
                return Err(format!("task={other} is unknown; there is classification and regression").into());
            }
            None => columns.len() > 1 || is_number(columns[0]),
        };
        if is_regression {
            if let Some(column) = columns.iter().find(|column| column.holds_words()) {
                let (name, word) = (&column.name, column.first_word().unwrap_or_default());
                let what = format!("the target {name} holds text such as {word:?}, and regression predicts numbers");
                return Err(Wrong::new(what, [AS_CLASSES, OTHER_TARGET]));
            }
            let mut units: Vec<Option<String>> = columns.iter().map(|column| column.unit.clone()).collect();
            if units.iter().all(Option::is_none) {
                units.clear();
            }
            return Ok(Task::Regression { targets: columns.iter().map(|column| column.name.clone()).collect(), units });
        }
        let [column] = columns[..] else {
            return Err(Wrong::new(
                "the classes are in one column, and several targets are named",
                [ONE_TARGET, AS_NUMBER],
            ));
        };
        let classes = column.distinct();
        match classes.len() {
            0 => {
                let notes = self.notes.iter().filter(|note| note.contains(UNCALCULATED));
                let why: String = notes.map(|note| format!("; {note}")).collect();
                Err(Wrong::new(format!("the target {} is empty{why}", column.name), [OTHER_TARGET]))
            }
            1 => {
                let (name, class) = (&column.name, classes.join(""));
                let notes = self.notes.iter().filter(|note| note.contains(&format!(" in {name} ")));
                let why: String = notes.map(|note| format!("; {note}")).collect();
                let what =
                    format!("the target {name} is always {class:?}, and a network has nothing to tell apart{why}");
                Err(Wrong::new(what, [OTHER_TARGET]))
            }
            count if count > MAX_CLASSES => {
                let what = format!("the target {} has {count} classes, and {MAX_CLASSES} are the most", column.name);
                Err(Wrong::new(what, [AS_NUMBER, OTHER_TARGET]))
            }
            count if count > SOME_CATEGORIES && count * 2 > column.cells.len() => {
                let (name, rows) = (&column.name, counted(column.cells.len(), "row"));
                let what =
                    format!("the target {name} has {count} different texts in {rows}; it tells rows apart, not kinds");
                Err(Wrong::new(what, [OTHER_TARGET]))
            }
            count => {
                if !self.request.has("task") && column.first_word().is_none() && count > 2 {
                    let what = format!("{} has {count} whole numbers and is taken for classes", column.name);
                    self.notes.push(Note::or(what, "task", "regression", "makes it a number"));
                }
                Ok(Task::Classification { classes: self.positive_last(classes)? })
            }
        }
    }

    /// Refuses targets whose numbers are in several units, unless they are said to be classes.
    fn refuse_mixed_units(&self, columns: &[&Column]) -> Result<(), Wrong> {
        if self.request.text("task").as_deref() == Some("classification") {
            return Ok(());
        }
        for column in columns {
            let Some(units) = column.mixed_units() else { continue };
            let tells_rows_apart = column.distinct().len() * 2 > column.cells.len();
            if units.are_known || tells_rows_apart {
                let what = format!("the target {} has {}; write all in one unit", column.name, units.what);
                let as_classes = Remedy::new("task", "make each a class with task=classification");
                return Err(Wrong::new(what, [as_classes, OTHER_TARGET]));
            }
        }
        Ok(())
    }

    /// Makes hours of targets that are times of the day or durations, unless they are classes.
    pub(super) fn clocks_to_hours(&mut self, targets: &[usize]) {
        let task = self.request.text("task");
        let is_known_number = match self.request.lookup.known {
            Some(known) => matches!(known.task, Task::Regression { .. }),
            None => targets.len() > 1 || task.as_deref() == Some("regression"),
        };
        let may_be_number = self.request.lookup.known.is_none() && task.is_none();
        for at in targets {
            let column = &self.table.columns[*at];
            let Some(format) = DateFormat::of_clock(column) else { continue };
            let hours = column.cells.iter().map(|cell| cell.as_deref().and_then(|cell| format.number(cell)));
            let read = column.as_numbers(hours, format.unit());
            if is_known_number || may_be_number && is_number(&read) {
                let what = format!("{} holds times written as {} and is read as hours", read.name, format.shown());
                self.notes.push(Note::or(what, "task", "classification", "makes each a class"));
                self.table.columns[*at] = read;
            }
        }
    }

    /// Says where a target is in another unit than in training.
    fn tell_other_units(&mut self, targets: &[usize], task: &Task) {
        if !matches!(task, Task::Regression { .. }) {
            return;
        }
        for (output, at) in targets.iter().enumerate() {
            let column = &self.table.columns[*at];
            let named = |unit: Option<&str>| unit.map_or("no unit".to_owned(), str::to_owned);
            if column.unit.as_deref() != task.unit(output) {
                let (here, there) = (named(column.unit.as_deref()), named(task.unit(output)));
                let what = format!(
                    "{} is in {here}, and was in {there} in training: errors compare unlike numbers",
                    column.name
                );
                self.notes.push(what.into());
            }
        }
    }

    /// Of two classes, the positive one last: the one that is named, or else the one that comes last in the alphabet.
    fn positive_last(&mut self, mut classes: Vec<String>) -> Result<Vec<String>, Wrong> {
        match (self.request.text(POSITIVE.option), &mut classes[..]) {
            (None, [negative, positive]) => {
                let what = format!("{positive} is taken for the positive class");
                self.notes.push(Note::or(what, POSITIVE.option, &*negative, "is about the other"));
            }
            (None, _) => {}
            (Some(name), [first, second]) => match Classes::of(&[first.clone(), second.clone()]).position(&name) {
                Some(0) => std::mem::swap(first, second),
                Some(_) => {}
                None => {
                    let what = format!("there is no class {name:?}; there is {first:?} and {second:?}");
                    return Err(Wrong::new(what, [POSITIVE]));
                }
            },
            (Some(_), _) => {
                let what = format!("there are {} classes, and a positive one is one of two", classes.len());
                return Err(Wrong::new(what, [Remedy::new(POSITIVE.option, "leave positive out")]));
            }
        }
        Ok(classes)
    }

    /// Leaves out rows of classes that the network does not know, and says which they are.
    fn drop_unknown_classes(&mut self, target: usize, task: &Task) {
        let Task::Classification { classes } = task else { return };
        let known = Classes::of(classes);
        let column = &self.table.columns[target];
        let keep: Vec<bool> =
            column.cells.iter().map(|cell| cell.as_deref().is_none_or(|cell| known.position(cell).is_some())).collect();
        let mut unknown: Vec<&str> = column
            .cells
            .iter()
            .zip(&keep)
            .filter(|(_, keep)| !**keep)
            .filter_map(|(cell, _)| cell.as_deref())
            .collect();
        let rows = unknown.len();
        unknown.sort_unstable();
        unknown.dedup();
        if rows > 0 {
            let some = unknown.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let rows = counted(rows, "row");
            self.notes.push(
                format!("{rows} with a class in {} that the network does not know ({some}), left out", column.name)
                    .into(),
            );
            self.table.retain(&keep);
        }
    }

    pub(super) fn targets(&self, targets: &[usize], task: &Task) -> Result<TargetData, String> {
        let column = &self.table.columns[targets[0]];
        match task {
            Task::Classification { classes } => {
                let known = Classes::of(classes);
                let position = |cell: &Option<String>| {
                    let cell = cell.as_deref().unwrap_or_default();
                    let unknown = || format!("{} has the class {cell:?}, which the network does not know", column.name);
                    known.position(cell).ok_or_else(unknown)
                };
                column.cells.iter().map(position).collect::<Result<_, _>>().map(TargetData::Classes)
            }
            Task::Regression { targets: names, .. } if names.len() == targets.len() => {
                let rows = (0..self.table.rows).flat_map(|row| targets.iter().map(move |at| (row, *at)));
                let no_number = |row: usize, at: usize| {
                    let column = &self.table.columns[at];
                    format!(
                        "{} holds {:?}, which is not a number",
                        column.name,
                        column.cells[row].as_deref().unwrap_or_default()
                    )
                };
                let number =
                    |(row, at): (usize, usize)| self.table.columns[at].number(row).ok_or_else(|| no_number(row, at));
                Ok(TargetData::Numbers { width: names.len(), values: rows.map(number).collect::<Result<_, _>>()? })
            }
            Task::Reconstruction { width } => Ok(TargetData::Itself { width: *width, samples: self.table.rows }),
            Task::NextToken { .. } => {
                Err("the network reads text, and this is a table; take a file of text".to_owned())
            }
            Task::Regression { targets: names, .. } => {
                Err(format!("name the targets that the network gives, target={}", names.join(",")))
            }
        }
    }
}
