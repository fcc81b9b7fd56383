//! Other tables for a network that is known: their rows as it reads them, and how it forecasts.

use super::{Asked, Chronology, SOURCE, columns, fill_gaps, filled_note, target_at};
use crate::data::error::DataError;
use crate::data::given::Given;
use crate::data::note::Note;
use crate::data::source::{Known, Lookup, Request, SourceSpec};
use crate::data::table::{Options, Table};

/// The rows of a table as a network that reads windows takes them: parts of rows that follow one another in time,
/// `[rows, features]`, and what there is to say of them.
pub fn read_parts(given: Given<'_>, known: &Known<'_>, window: usize) -> Result<(Vec<Part>, Vec<Note>), DataError> {
    let path = given.path;
    let spec = SourceSpec::of_path(SOURCE.name, path);
    let lookup = Lookup { known: Some(*known), ..Lookup::default() };
    let request = Request::new(&SOURCE, &spec.parts[0], &lookup)?;
    let mut table = Table::open(given, &Options::of(&request)?)?;
    let mut notes = std::mem::take(&mut table.notes);
    let said = |key: &str| known.values(key).first().map(String::as_str);
    let arranged = columns(&request, &table).and_then(|columns| {
        let mut time = said("time");
        if let Some(name) = time.filter(|name| *name != "none" && table.find(name).is_none()) {
            let what = format!("There is no column {name}, so the rows are taken in the order in which they stand");
            notes.push(what.into());
            time = Some("none");
        }
        for at in &columns {
            let column = &mut table.columns[*at];
            notes.append(&mut column.notes);
            notes.extend(column.stray_note().map(Note::from));
        }
        let asked = Asked { time, group: said("group"), is_known: true };
        let order = Chronology::of(&table, asked, &columns, window, &mut notes)?;
        Ok((columns, order))
    });
    let (columns, order) = arranged.map_err(|wrong| DataError::refused(path, wrong))?;
    let number = |row: Option<usize>, at: usize| row.and_then(|row| table.columns[at].number(row)).unwrap_or(f64::NAN);
    let part_of = |(part, series): (&Vec<Option<usize>>, &String)| {
        let mut rows: Vec<f64> = part.iter().flat_map(|row| columns.iter().map(move |at| number(*row, *at))).collect();
        fill_gaps(&mut rows, columns.len());
        Part { series: series.clone(), rows, are_rows: part.iter().map(Option::is_some).collect() }
    };
    let parts: Vec<Part> = order.parts.iter().zip(&order.names).map(part_of).collect();
    notes.extend(filled_note(&order, &table, &columns));
    let unfilled = parts.iter().flat_map(|part| &part.rows).filter(|number| number.is_nan()).count();
    if unfilled > 0 {
        let what = format!("{unfilled} of them, with none before, replaced by the mean of the training samples");
        notes.push(what.into());
    }
    Ok((parts, notes))
}

/// Rows that follow one another.
pub struct Part {
    /// The name of their series; empty where there is one alone.
    pub series: String,
    /// `[rows, columns]`
    pub rows: Vec<f64>,
    /// Whether each is a row of the table, or a step that is missing there.
    pub are_rows: Vec<bool>,
}

impl Part {
    /// Rows in any order, all of a table.
    pub fn of_table(rows: Vec<f64>, columns: usize) -> Self {
        let are_rows = vec![true; rows.len() / columns.max(1)];
        Self { series: String::new(), rows, are_rows }
    }

    /// How many are rows of the table.
    pub fn count(&self) -> usize {
        self.are_rows.iter().filter(|is_row| **is_row).count()
    }
}

/// How a network forecasts: what its source said of targets, horizon and test rows.
pub struct Forecasting {
    /// The place of each target among the numbers of a row.
    pub targets: Vec<usize>,
    /// Number of rows from the last row of a window to its target.
    pub horizon: usize,
    /// The share of the windows, the last ones, that were held out.
    pub test_share: f32,
}

impl Forecasting {
    /// Of a network that reads windows of these features.
    pub fn of(known: &Known<'_>) -> Result<Self, DataError> {
        let none = SourceSpec::new(SOURCE.name, "");
        let lookup = Lookup::default();
        let part = known.source.unwrap_or(&none).single().unwrap_or(&none.parts[0]);
        let request = Request::new(&SOURCE, part, &lookup)?;
        let names: Vec<&str> = known.features.iter().map(|feature| feature.column.as_str()).collect();
        let targets = match request.list("target")[..] {
            [] => Ok((0..names.len()).collect()),
            ref chosen => chosen.iter().map(|target| target_at(target, &names)).collect(),
        };
        let targets = targets.map_err(|what| request.wrong(what))?;
        Ok(Self { targets, horizon: request.whole("horizon")?, test_share: request.real("test")? })
    }
}
