//! What a network was trained on, as far as it decides how another table is read.

use crate::data::Task;
use crate::data::dataset::Feature;
use crate::data::source::Known;

/// The columns that a network knows.
#[derive(Clone, Debug, Default)]
pub struct Trained {
    /// The names that the columns of a file without a header may have, in their order: those that the run was told, or those
    /// of the features alone.
    orders: Vec<Vec<String>>,
    /// The columns of numbers.
    numbers: Vec<Number>,
    /// The columns that the network reads.
    read: Vec<String>,
}

/// A column that held numbers in training.
#[derive(Clone, Debug)]
struct Number {
    name: String,
    /// The number that stands for a missing one.
    code: Option<f64>,
    unit: Option<String>,
    decimal: Option<char>,
}

impl Trained {
    /// Of a network that is known.
    pub fn of(known: &Known<'_>) -> Self {
        let is_number =
            |feature: &&Feature| feature.category.is_none() && feature.words.is_none() && feature.dates.is_none();
        let number = |feature: &Feature| Number {
            name: feature.column.clone(),
            code: feature.missing.as_deref().and_then(|code| code.parse().ok()),
            unit: feature.unit.clone(),
            decimal: feature.decimal,
        };
        let mut numbers: Vec<Number> = known.features.iter().filter(is_number).map(number).collect();
        if let Task::Regression { targets, .. } = known.task {
            numbers.extend(targets.iter().map(|name| Number {
                name: name.clone(),
                code: None,
                unit: None,
                decimal: None,
            }));
        }
        let mut read: Vec<String> = known.features.iter().map(|feature| feature.column.clone()).collect();
        read.dedup();
        Self { orders: vec![known.values("names").to_vec(), read.clone()], numbers, read }
    }

    /// The names of the columns of a file without a header that has so many.
    pub fn names_for(&self, width: usize) -> Option<&[String]> {
        self.orders.iter().find(|names| names.len() == width && width > 0).map(Vec::as_slice)
    }

    /// Whether these cells name every column that the network reads.
    pub fn are_named_by(&self, cells: &[String]) -> bool {
        !self.read.is_empty() && self.read.iter().all(|name| cells.iter().any(|cell| cell.eq_ignore_ascii_case(name)))
    }

    /// Whether the column held numbers.
    pub fn is_number(&self, name: &str) -> bool {
        self.number(name).is_some()
    }

    /// The number that stands for a missing one in a column.
    pub fn code_of(&self, name: &str) -> Option<f64> {
        self.number(name)?.code
    }

    /// The unit of a column of numbers.
    pub fn unit_of(&self, name: &str) -> Option<&str> {
        self.number(name)?.unit.as_deref()
    }

    /// What stood before the fraction of the numbers of a column, or of others where it had none.
    pub fn decimal_of(&self, name: &str) -> Option<char> {
        let number = self.number(name)?;
        number.decimal.or_else(|| self.numbers.iter().find_map(|other| other.decimal))
    }

    fn number(&self, name: &str) -> Option<&Number> {
        self.numbers.iter().find(|number| number.name.eq_ignore_ascii_case(name))
    }
}
