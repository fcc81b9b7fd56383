//! Tables that come with the program, `example:NAME`: data for the first steps, without a file.

use super::csv;
use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::source::{Argument, Request, Source};
use crate::data::table;
use backprop_nn::field::Field;

/// The source `example`: tables that come with the program.
pub const SOURCE: Source = Source {
    name: "example",
    usage: "example:NAME[?target=COLUMN]",
    argument: Argument::OneOf(&["iris", "houses", "machines"]),
    options: &OPTIONS,
    reading: &table::READING,
    help: "Tables that come with the program: iris has three species, houses have prices, and 8 % of the machines will fail.",
    load,
};

/// Those of a table in a file, but for another file of test samples.
const OPTIONS: [Field; csv::SOURCE.options.len() - 1] = {
    let [options @ .., _] = csv::OPTIONS;
    options
};

/// THE LIST of tables.
const TABLES: &[(&str, &[u8])] = &[
    ("iris", include_bytes!("../../../assets/tables/iris.csv")),
    ("houses", include_bytes!("../../../assets/tables/houses.csv")),
    ("machines", include_bytes!("../../../assets/tables/machines.csv")),
];

/// The text of a table.
pub fn text(name: &str) -> Option<&'static [u8]> {
    TABLES.iter().find(|table| table.0 == name).map(|table| table.1)
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(text) = text(request.argument()) else {
        let names: Vec<_> = TABLES.iter().map(|table| table.0).collect();
        return Err(request.wrong(format!("there is no {:?}; there is {}", request.argument(), names.join(", "))));
    };
    csv::load_text(request, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Task;

    #[test]
    fn every_table_is_read_as_it_is_meant() {
        let names: Vec<_> = TABLES.iter().map(|table| table.0).collect();
        assert!(matches!(SOURCE.argument, Argument::OneOf(offered) if offered == names));
        let [iris, houses, machines] = ["iris", "houses", "machines"].map(|name| {
            let dataset = Dataset::read(&format!("example:{name}")).unwrap();
            (dataset.train.len() + dataset.test.len(), dataset.features.len(), dataset.task)
        });
        let classes =
            |names: &[&str]| Task::Classification { classes: names.iter().map(|name| (*name).into()).collect() };
        assert_eq!(iris, (150, 4, classes(&["setosa", "versicolor", "virginica"])));
        assert_eq!((houses.0, houses.2), (600, Task::numbers(vec!["price (k€)".to_owned()])));
        assert_eq!((machines.0, machines.2), (1200, classes(&["ok", "will fail"])));
        let chosen = Dataset::read("example:iris?target=petal width (cm)&ignore=species").unwrap();
        assert_eq!((chosen.features.len(), chosen.task.is_classification()), (3, false));
        assert!(Dataset::read("example:tulips").unwrap_err().to_string().contains("there is iris, houses, machines"));
    }
}
