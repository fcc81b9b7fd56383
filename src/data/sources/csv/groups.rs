//! Rows that belong together, such as those of one patient: no two sets hold rows of the same group.

use std::collections::HashMap;

use crate::data::note::counted;
use crate::data::samples::Samples;
use crate::data::split::{self, Order, Split};
use crate::data::table::Column;

/// The least that can be divided into training, validation and test set.
const MIN_GROUPS: usize = 3;

/// The group of each row.
pub struct Groups {
    name: String,
    /// Counted from 0 without a gap.
    of_rows: Vec<u32>,
}

impl Groups {
    /// The groups that the cells of a column name. A row whose cell is missing is a group by itself.
    pub fn of(column: &Column) -> Result<Self, String> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut next = 0;
        let mut number = |is_new: bool| {
            next += u32::from(is_new);
            next - u32::from(is_new)
        };
        let mut of_rows = Vec::with_capacity(column.cells.len());
        for cell in &column.cells {
            of_rows.push(match cell {
                None => number(true),
                Some(cell) => *numbers.entry(cell).or_insert_with(|| number(true)),
            });
        }
        let groups = Self { name: column.name.clone(), of_rows };
        match groups.count() {
            count if count < MIN_GROUPS => {
                Err(format!("{} has {}, and {MIN_GROUPS} are the least", column.name, counted(count, "group")))
            }
            _ => Ok(groups),
        }
    }

    /// Splits the samples of the rows in whole groups.
    pub fn split(&self, samples: &Samples, share: f32, seed: u64) -> Split {
        split::Groups::new(&self.of_rows, samples, seed).split(share)
    }

    /// What was decided.
    pub fn note(&self, split: &Split) -> String {
        let groups = counted(self.count(), "group");
        let held = match distinct(split.validation.iter().map(|row| self.of_rows[*row as usize])) {
            0 => String::new(),
            held => format!(", {held} of them in the test set"),
        };
        format!("Rows with the same {} stay in one set: {groups}{held}; {0} is not read", self.name)
    }

    /// The groups of these rows, as later splits have to respect them.
    pub fn order_of(&self, rows: &[u32]) -> Order {
        let mut numbers = HashMap::new();
        let of_rows = rows.iter().map(|row| {
            let next = numbers.len() as u32;
            *numbers.entry(self.of_rows[*row as usize]).or_insert(next)
        });
        Order::Groups(of_rows.collect())
    }

    fn count(&self) -> usize {
        distinct(self.of_rows.iter().copied())
    }
}

fn distinct(groups: impl Iterator<Item = u32>) -> usize {
    groups.collect::<std::collections::HashSet<_>>().len()
}
