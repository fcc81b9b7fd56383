//! The columns of a table as people know them: the numbers that say of which category a sample is are one column.

use std::ops::Range;

use crate::data::{Feature, column_ranges};
use crate::ui::widgets::numbers::significant;

/// One column and where its numbers stand in a row of inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// The name in the header of the table.
    pub name: String,
    /// One number, or one for each category.
    pub at: Range<usize>,
    /// The words of the column; none where it holds numbers.
    pub categories: Vec<String>,
    /// The unit of its numbers, where the file says it.
    pub unit: Option<String>,
    /// If its words are counted: the number of none of them, which they follow.
    pub counted_from: Option<usize>,
}

/// The columns of a row with so many numbers; those without names are called by their position.
pub fn table_columns(features: &[Feature], width: usize) -> Vec<TableColumn> {
    let column = |at: Range<usize>| {
        let unnamed = || Feature::number(format!("{}", at.start + 1));
        let Feature { column: name, words, unit, .. } = features.get(at.start).cloned().unwrap_or_else(unnamed);
        let counted_from = words.as_ref().map(|words| words.first);
        let one_each = || features.get(at.clone()).unwrap_or_default().iter().filter_map(|it| it.category.clone());
        let categories = words.map_or_else(|| one_each().collect(), |words| words.list);
        TableColumn { name, at, categories, counted_from, unit }
    };
    column_ranges(features, width).into_iter().map(column).collect()
}

impl TableColumn {
    /// The position of the category that a row is of.
    pub fn category(&self, row: &[f64]) -> Option<usize> {
        match self.counted_from {
            Some(none) => (*row.get(self.at.start)? as usize).checked_sub(none + 1),
            None => row.get(self.at.clone())?.iter().position(|number| *number > 0.5),
        }
    }

    /// What a row has in this column; a dash where it is missing.
    pub fn text(&self, row: &[f64]) -> String {
        let missing = || "–".to_owned();
        if self.categories.is_empty() {
            let number = row.get(self.at.start).filter(|number| number.is_finite());
            return number.map_or_else(missing, |number| number_text(*number));
        }
        self.category(row).and_then(|at| self.categories.get(at)).cloned().unwrap_or_else(missing)
    }

    /// Makes a row one of the category at this position.
    pub fn set_category(&self, row: &mut [f64], category: usize) {
        for (at, number) in row.get_mut(self.at.clone()).into_iter().flatten().enumerate() {
            *number = match self.counted_from {
                Some(none) => (none + 1 + category) as f64,
                None => f64::from(u8::from(at == category)),
            };
        }
    }
}

/// A number of the data as it was written, or shortened where it was long.
pub fn number_text(number: f64) -> String {
    // What a program made in single precision is shortest in it.
    let single = number as f32;
    let exact = if f64::from(single) == number { single.to_string() } else { number.to_string() };
    if exact.len() <= 7 { exact } else { significant(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Vocabulary;

    #[test]
    fn the_categories_of_a_column_are_one_column() {
        let is = |word: &str| Feature { category: Some(word.to_owned()), ..Feature::number("origin") };
        let features = [Feature::number("weight"), is("usa"), is("japan"), Feature::number("year")];
        let columns = table_columns(&features, 5);
        let names: Vec<_> = columns.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["weight", "origin", "year", "5"]);
        let mut row = [1234.5, 0.0, 1.0, f64::NAN, 0.1];
        let texts = |row: &[f64]| columns.iter().map(|field| field.text(row)).collect::<Vec<_>>();
        assert_eq!(texts(&row), ["1234.5", "japan", "–", "0.1"]);
        columns[1].set_category(&mut row, 0);
        assert_eq!((row[1], row[2], texts(&row)[1].as_str()), (1.0, 0.0, "usa"));
    }

    #[test]
    fn counted_words_are_a_column_of_one_number() {
        let words = Vocabulary { first: 5, list: vec!["oslo".to_owned(), "rome".to_owned()] };
        let city = Feature { words: Some(words), ..Feature::number("city") };
        let columns = table_columns(&[Feature::number("year"), city], 2);
        let mut row = [1999.0, 7.0];
        assert_eq!((columns[1].text(&row).as_str(), columns[1].category(&row)), ("rome", Some(1)));
        columns[1].set_category(&mut row, 0);
        assert_eq!(row[1], 6.0);
        row[1] = 5.0;
        assert_eq!((columns[1].text(&row).as_str(), columns[1].category(&row)), ("–", None));
    }
}
