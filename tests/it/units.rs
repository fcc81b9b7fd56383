//! Columns of a table that are more than bare numbers: units of targets, durations, and dates in several ways.

use std::fs;

use backprop_studio::data::{Dataset, Known, Lookup, SourceSpec};

/// Writes a table and reads it, as a network knows it if there is one.
fn load_known(text: &str, options: &str, known: Option<Known<'_>>) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, text).unwrap();
    let source: SourceSpec = format!("csv:{}{options}", path.display()).parse().unwrap();
    Dataset::load(&source, &Lookup { known, ..Lookup::default() }).unwrap()
}

fn load(text: &str, options: &str) -> Dataset {
    load_known(text, options, None)
}

/// Rows of a number and a target.
fn rows(target: impl Fn(usize) -> String) -> String {
    let rows = (0..60).map(|row| format!("{}.5,{}\n", row * 7 % 13, target(row)));
    "x,y\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn targets_have_units_and_durations_are_hours() {
    let dollars = |row: usize| format!("${}.{:02}", 10 + row % 9, row);
    let dataset = load(&rows(dollars), "");
    assert_eq!((dataset.task.unit(0), &dataset.task.outputs_in_units()[..]), (Some("$"), &["y ($)".to_owned()][..]));
    let known = Known { task: &dataset.task, features: &dataset.features, target: None, source: None };
    let again =
        |text: &str| load_known(text, "", Some(known)).notes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let other = "y is in €, and was in $ in training: errors compare unlike numbers";
    let bare = "y is in no unit, and was in $ in training: errors compare unlike numbers";
    let euros = again(&rows(|row| format!("{} €", 10 + row % 9)));
    assert!(euros.iter().any(|note| note == other), "{euros:?}");
    assert!(again(&rows(|row| format!("{}.5", row))).iter().any(|note| note == bare));
    assert!(again(&rows(dollars)).iter().all(|note| !note.contains("training")));

    let clock = |row: usize| format!("{}:{:02}:30", row % 7, row);
    let hours = load(&rows(clock), "");
    assert_eq!((hours.task.unit(0), hours.task.output_names()), (Some("hours"), &["y".to_owned()][..]));
    let note = "y holds times written as HH:MM:SS and is read as hours; task=classification makes each a class";
    assert!(hours.notes.iter().any(|found| found == note), "{:?}", hours.notes);
    let shifts = rows(|row| ["06:00", "14:00", "22:00"][row % 3].to_owned());
    assert_eq!(load(&shifts, "").task.classes().len(), 3);
    assert_eq!(load(&shifts, "?task=regression").task.unit(0), Some("hours"));
}

#[test]
fn dates_in_several_ways_are_read_where_they_leave_nothing_open() {
    let table = |other: &dyn Fn(usize) -> String| {
        let day = |row: usize| if row.is_multiple_of(4) { other(row) } else { format!("2021-03-{:02}", 1 + row % 28) };
        let rows = (0..60).map(|row| format!("{},{}.5,{}\n", day(row), row * 7 % 13, row % 9));
        "day,x,y\n".to_owned() + &rows.collect::<String>()
    };
    let mixed = load(&table(&|row| format!("{:02}.03.2021", 1 + row % 28)), "?target=x");
    let note = "15 cells of day not written as YYYY-MM-DD, as most are: \"01.03.2021\" is read as 1 March 2021";
    assert!(mixed.notes.iter().any(|found| found == note), "{:?}", mixed.notes);
    let days = mixed.columns()[0].range.unwrap();
    assert_eq!((days[0], days[2], mixed.columns()[0].missing), (18687.0, 18714.0, 0));
    let open = load(&table(&|row| format!("{:02}/03/2021", 1 + row % 12)), "?target=x");
    let note = "\"01/03/2021\" in day may be two days, beside 45 cells written as YYYY-MM-DD; write all in one way";
    assert!(open.notes.iter().any(|found| found == note), "{:?}", open.notes);
    assert!(open.features.iter().all(|feature| feature.dates.is_none()), "{:?}", open.features);
}
