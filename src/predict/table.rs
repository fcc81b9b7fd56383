//! Rows of tables, and windows of rows that follow one another.

use super::{Prediction, RunPredictor};
use crate::data::sources::csv;
use crate::data::sources::series::{self, Part};
use crate::data::sources::text::labeled;
use crate::data::{DataError, Given, Note, Task};
use crate::project::RunFolder;
use crate::train::heads::Results;
use crate::train::metrics::distance;

/// The rows of a table as a network reads them.
pub struct Rows {
    /// Rows that follow one another; there is one part where their order means nothing.
    pub parts: Vec<Part>,
    /// What there is to say of them.
    pub notes: Vec<Note>,
}

impl Rows {
    /// Reads a table to what the network of a run knows.
    ///
    /// # Errors
    /// If it cannot be read, lacks a column, or has fewer rows than the network reads at once.
    pub fn read(run: &RunFolder, given: Given<'_>) -> Result<Self, DataError> {
        let refuse = |what: String| DataError::File { path: given.path.to_owned(), what };
        let Some(known) = run.known() else {
            return Err(refuse("is a table, and the network does not read named columns".to_owned()));
        };
        let input = run.network.input();
        let (columns, window) = (input.channels(), input.len());
        if run.head().results() == Results::Text {
            return Err(refuse(
                "is for a network that tells classes or numbers; `backprop generate` lets this one write".to_owned(),
            ));
        }
        let (parts, notes) = match input.as_steps() {
            _ if known.text().is_some() => {
                let (rows, notes) = labeled::read_texts(given, &known)?;
                (vec![Part::of_table(rows, columns)], notes)
            }
            Some([steps, _]) => series::read_parts(given, &known, steps)?,
            None => {
                let (rows, notes) = csv::read_rows(given, &known)?;
                (vec![Part::of_table(rows, columns)], notes)
            }
        };
        let longest = parts.iter().map(|part| part.rows.len()).max().unwrap_or(0);
        if longest < window {
            return Err(refuse(format!("has {} rows, and the network reads {}", longest / columns, window / columns)));
        }
        Ok(Self { parts, notes })
    }
}

impl RunPredictor<'_> {
    /// What the network says of each row, counted from 1. One that reads a window predicts at every row that has enough of them
    /// before it.
    ///
    /// # Errors
    /// The first that `each` returns.
    pub fn rows<E>(
        &mut self,
        Rows { parts, .. }: &Rows,
        mut each: impl FnMut(usize, Prediction) -> Result<(), E>,
    ) -> Result<(), E> {
        let input = self.run.network.input();
        let (columns, window) = (input.channels(), input.len());
        let mut before = 0;
        for part in parts {
            let (mut number, last) = (before, window / columns - 1);
            let ends = part.are_rows.iter().enumerate();
            for (at, _) in ends.filter(|(_, is_row)| **is_row) {
                number += 1;
                if let Some(from) = at.checked_sub(last) {
                    each(number, self.numbers(&part.rows[from * columns..][..window]))?;
                }
            }
            before += part.count();
        }
        Ok(())
    }

    /// What the network says of a sample of numbers in their own units, NaN where one is missing.
    pub fn numbers(&mut self, row: &[f64]) -> Prediction {
        let trained = self.run.trained();
        let outputs = self.predictor.read_row(trained, row).to_vec();
        match trained.task {
            Task::Classification { .. } => {
                self.class(&outputs.iter().map(|output| *output as f32).collect::<Vec<f32>>())
            }
            // Texts are no rows.
            Task::Regression { .. } | Task::NextToken { .. } => Prediction::Numbers(outputs),
            Task::Reconstruction { .. } => {
                let standard = |row: &[f64]| {
                    let mut numbers = vec![0.0; row.len()];
                    trained.scaling.inputs.apply(row, &mut numbers);
                    numbers
                };
                let error = distance(&standard(&outputs), &standard(row));
                Prediction::Reconstruction { values: outputs, error }
            }
        }
    }
}
