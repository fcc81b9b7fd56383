//! What is told of a file: cells and columns that were not read, and what was decided about the rest.

use std::fs;

use backprop_studio::data::sources::of_file;
use backprop_studio::data::{Dataset, Lookup};

use crate::support::backprop;

/// Reads a text as a file of this name, by the source that is named, or the one that suits it.
fn read(name: &str, text: &str, source: &str, options: &str) -> Result<(Dataset, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let source =
        if source.is_empty() { of_file(&path).unwrap().to_string() } else { format!("{source}:{}", path.display()) };
    let loaded = Dataset::load(&format!("{source}{options}").parse().unwrap(), &Lookup::default());
    let told = |dataset: Dataset| {
        let notes = dataset.notes.iter().map(|note| format!("{note}\n")).collect();
        (dataset, notes)
    };
    loaded.map(told).map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

fn table(text: &str, options: &str) -> Result<(Dataset, String), String> {
    read("t.csv", text, "csv", options)
}

fn series(text: &str, options: &str) -> Result<(Dataset, String), String> {
    read("s.csv", text, "series", options)
}

/// The day of 2021 with this number, counted from 0.
fn day(at: usize) -> String {
    chrono::NaiveDate::from_yo_opt(2021, at as u32 + 1).unwrap().to_string()
}

fn rows(header: &str, count: usize, row: impl Fn(usize) -> String) -> String {
    format!("{header}\n{}", (0..count).map(|at| row(at) + "\n").collect::<String>())
}

#[test]
fn dates_that_cannot_be_read_are_counted_and_named() {
    let with = |bad: usize, cell: &str| {
        rows("d,a,y", 100, |at| {
            let day = if at < bad { cell.to_owned() } else { day(at) };
            format!("{day},{}.5,{}", at * 7 % 13, ["u", "v"][at % 2])
        })
    };
    let (dataset, told) = table(&with(3, "2021-02-30"), "").unwrap();
    assert!(told.contains("3 cells of d not a date (YYYY-MM-DD), such as \"2021-02-30\", taken for missing"), "{told}");
    assert!(told.contains("3 missing values in d, replaced by the mean of the training samples"), "{told}");
    assert_eq!(dataset.columns()[0].missing, 3);
    let (_, told) = table(&with(40, "soon"), "").unwrap();
    assert!(
        told.contains("d mostly holds dates (YYYY-MM-DD), but 40 of 100 cells are none, such as \"soon\""),
        "{told}"
    );
    assert!(!told.contains("different texts"), "{told}");
    let times = rows("t,a,y", 100, |at| {
        let time = if at < 4 { "25:61".to_owned() } else { format!("{:02}:{:02}", at % 24, at % 60) };
        format!("{time},{}.5,{}", at * 7 % 13, ["u", "v"][at % 2])
    });
    let (_, told) = table(&times, "").unwrap();
    assert!(told.contains("4 cells of t not a time (HH:MM), such as \"25:61\", taken for missing"), "{told}");
}

#[test]
fn marks_of_missing_cells_are_named_with_their_count() {
    let marked = rows("age,kind,y", 60, |at| {
        let age = if at % 10 == 0 {
            "unknown".to_owned()
        } else if at % 15 == 1 {
            "<NA>".to_owned()
        } else {
            (at % 23).to_string()
        };
        format!("{age},{},{}", if at == 5 { "?" } else { ["u", "v"][at % 2] }, ["p", "q"][at / 2 % 2])
    });
    let (_, told) = table(&marked, "").unwrap();
    assert!(told.contains("10 missing values (4 \"<NA>\", 6 \"unknown\") in age, replaced by the mean"), "{told}");
    assert!(told.contains("1 \"?\" in kind taken for missing"), "{told}");
}

#[test]
fn a_target_in_several_units_is_refused_with_the_remedy() {
    let prices = |wide: usize| {
        rows("a,price", 200, |at| format!("{}.5,{}{}", at * 7 % 13, ["$", "€"][at % 2], 5 + at * 3 % wide))
    };
    for wide in [5, 150] {
        let refused = table(&prices(wide), "").unwrap_err();
        assert!(refused.contains("the target price has numbers in $ and in €; write all in one unit"), "{refused}");
        assert!(refused.contains("task=classification"), "{refused}");
    }
    assert_eq!(table(&prices(5), "?task=classification").unwrap().0.task.classes().len(), 10);
    let heights = rows("h,a,y", 60, |at| format!("\"{}'{}\"\"\",{}.5,{}.25", 4 + at % 3, at % 12, at % 7, at % 11));
    let (dataset, told) = table(&heights, "").unwrap();
    assert!(told.contains("h has numbers in two units, such as 4'0\", and was left out"), "{told}");
    assert_eq!(dataset.features.len(), 1);
    let alone = rows("w,y", 60, |at| format!("{}{},{}.25", ["$", "€"][at % 2], 50 + at * 7 % 29, at % 11));
    let refused = table(&alone, "").unwrap_err();
    assert!(refused.contains("w has numbers in $ and in €, and was left out"), "{refused}");
    let stages = rows("a,y", 60, |at| format!("{}.5,{}", at % 7, ["1a", "1b", "2a"][at % 3]));
    assert_eq!(table(&stages, "").unwrap().0.task.classes().len(), 3, "names with a number are no units");
}

#[test]
fn a_counter_is_no_target_and_keys_are_no_features() {
    let counted = rows("a,b,y,row", 90, |at| format!("{}.5,{}.25,{},{}", at % 7, at % 11, ["u", "v"][at % 2], at + 1));
    let (dataset, told) = table(&counted, "").unwrap();
    assert_eq!((dataset.task.classes().len(), dataset.features.len()), (2, 2), "{told}");
    assert!(
        told.contains("The last column, row, counts the rows, and y before it is the target; target=NAME"),
        "{told}"
    );
    assert!(told.contains("row numbers the rows and was left out; keep=row reads it"), "{told}");
    assert_eq!(table(&counted, "?target=row").unwrap().0.task.output_names(), ["row"]);
    let keys =
        rows("a,kundennr,y", 90, |at| format!("{}.5,{},{}", at % 7, 1000 + 60 * at + at % 7, ["u", "v"][at % 2]));
    let (dataset, told) = table(&keys, "").unwrap();
    assert_eq!(dataset.features.len(), 1);
    assert!(told.contains("kundennr numbers the rows and was left out; keep=kundennr reads it"), "{told}");
}

#[test]
fn days_written_as_one_number_are_dates() {
    let days =
        rows("d,a,y", 90, |at| format!("{},{}.5,{}", day(at * 37 % 90).replace('-', ""), at % 7, ["u", "v"][at % 2]));
    let (dataset, told) = table(&days, "").unwrap();
    assert!(
        told.contains(
            "d holds dates written as YYYYMMDD and is read as days since 1970; dates=numbers keeps the numbers"
        ),
        "{told}"
    );
    assert_eq!(dataset.columns()[0].range.unwrap()[0], 18628.0);
    assert_eq!(table(&days, "?dates=numbers").unwrap().0.columns()[0].range.unwrap()[0], 20_210_101.0);
    let numbers = rows("d,a,y", 90, |at| format!("{},{}.5,{}", 20_210_101 + at * 37 % 90, at % 7, ["u", "v"][at % 2]));
    assert!(!table(&numbers, "").unwrap().1.contains("YYYYMMDD"), "the 40th of January is no day");
}

#[test]
fn series_one_under_another_are_asked_for() {
    let shops =
        |names: [&str; 3]| rows("shop,date,v", 240, |at| format!("{},{},{}.5", names[at / 80], day(at), at % 17));
    let refused = series(&shops(["A", "B", "C"]), "").unwrap_err();
    assert!(refused.contains("each of the 3 words of shop (A, B, C) stands in one block of rows"), "{refused}");
    assert!(refused.contains("group=shop") && refused.contains("group=none"), "{refused}");
    assert!(series(&shops(["A", "B", "C"]), "?group=shop").unwrap().1.contains("3 series by shop"));
    assert!(series(&shops(["A", "B", "C"]), "?group=none").is_ok());
    assert!(series(&shops(["A", "B", "A"]), "").is_ok(), "a word that comes again is no series");
    let months =
        rows("month,date,v", 112, |at| format!("{},{},{}.5", ["Jan", "Feb", "Mar", "Apr"][at / 28], day(at), at % 17));
    assert!(series(&months, "?time=date").is_ok(), "months follow from the time");
}

#[test]
fn a_bare_file_of_times_and_a_number_is_a_series_though_times_come_again() {
    let twice = rows("date,price", 120, |at| format!("{},{}.5", day(at / 2), at / 2 % 17));
    let (dataset, told) = read("s.csv", &twice, "", "").unwrap();
    assert!(dataset.shape.as_steps().is_some(), "{told}");
    assert!(told.contains("60 rows with a time in date that another has: the first of each time is kept"), "{told}");
    let different = rows("date,price", 120, |at| format!("{},{}.5", day(at / 2), at * 7 % 17));
    let refused = read("s.csv", &different, "", "").unwrap_err();
    assert!(
        refused.contains("60 of 120 rows have a time in date that another has") && refused.contains("csv:FILE"),
        "{refused}"
    );
    let sales = rows("date,product,price", 120, |at| {
        format!("{},{},{}.5", day(at / 4), ["u", "v"][at * 7 % 3 % 2], at * 7 % 17)
    });
    assert!(read("t.csv", &sales, "", "").unwrap().0.shape.as_steps().is_none(), "sales of a day are rows of a table");
}

#[test]
fn columns_that_a_series_does_not_read_are_named() {
    let text = rows("date,temp,rain,sales,note", 80, |at| {
        format!("{},{}.5,{}.25,{}.5,n{}", day(at), at % 7, at % 5, at % 17, at % 3)
    });
    let (_, told) = series(&text, "").unwrap();
    let note = "Of the columns sales alone is read, and temp, rain, note are not; column=sales,temp,rain reads the numbers too";
    assert!(told.contains(note), "{told}");
    let (_, told) = series(&text, "?column=temp,rain,sales").unwrap();
    assert!(told.contains("Of the columns temp, rain, sales are read, and note is not"), "{told}");
}

#[test]
fn what_is_written_in_a_way_that_is_not_read_says_how_it_is() {
    for (mark, remedy) in [("^", "separator=^"), (":", "separator=:"), ("::", "write one character between two cells")]
    {
        let text = rows(&["a", "b", "kind"].join(mark), 90, |at| {
            [format!("{}.5", at % 7), format!("{}.25", at % 11), ["u", "v"][at % 2].to_owned()].join(mark)
        });
        let refused = table(&text, "").unwrap_err();
        assert!(refused.contains("all rows are one cell") && refused.contains(remedy), "{refused}");
        assert!(mark.len() > 1 || table(&text, &format!("?separator={mark}")).is_ok(), "{mark}");
    }
    for json in [
        "{\"a\": [1, 2, 3], \"b\": [4, 5, 6]}",
        "{\"a\": {\"0\": 1, \"1\": 2}, \"b\": {\"0\": 4, \"1\": 5}}",
        "{\"columns\": [\"a\", \"b\"], \"index\": [0, 1, 2], \"data\": [[1, 2], [3, 4], [5, 6]]}",
    ] {
        let refused = read("t.json", json, "", "").unwrap_err();
        assert!(refused.contains("orient=\"records\"") && refused.len() < 250, "{refused}");
    }
    let cut = rows("", 40, |at| format!("{{\"a\": {at}, \"y\": {}}}", at % 3)) + "{\"a\": 5, \"y\"";
    let refused = read("t.jsonl", &cut, "", "").unwrap_err();
    assert!(refused.contains("line 42 is not the JSON of an object"), "{refused}");
    let notebook = read("t.ipynb", "{\"cells\": [], \"nbformat\": 4}", "", "").unwrap_err();
    assert!(notebook.contains("a Jupyter notebook"), "{notebook}");
    let accounts =
        rows("a,y", 40, |at| if at == 3 { "(12.5),u".to_owned() } else { format!("{at}.5,{}", ["u", "v"][at % 2]) });
    assert!(table(&accounts, "").unwrap().1.contains("1 number of a written as \"(12.5)\" taken for negative"));
    let spaced = rows("a;y", 40, |at| format!("{}\u{202f}{:03},5;{}", 1 + at % 7, at, ["u", "v"][at % 2]));
    let (_, told) = table(&spaced, "").unwrap();
    assert!(told.contains("\"1 000,5\" is 1000.5") && !told.contains("\\u"), "{told}");
    let nominal = rows("@relation r\n@attribute a numeric\n@attribute kind {u,v}\n@data", 40, |at| {
        format!("{at}.5,{}", ["u", "v", "w"][at % 3])
    });
    let (_, told) = read("t.arff", &nominal, "", "").unwrap();
    assert!(
        told.contains("13 cells of kind with a word that its attribute does not declare, such as \"w\" in line 7"),
        "{told}"
    );
}

#[test]
fn predictions_of_a_series_tell_what_they_cannot_read_and_count_the_rows_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    write("s.csv", rows("date,v", 100, |at| format!("{},{}.5", day(at), at % 7)));
    let trained = backprop(folder, &["train", "s.csv", "--out", "run", "--epochs", "1"]);
    assert_eq!(trained.code, 0, "{}", trained.err);
    let told = format!("{}{}", trained.out, trained.err);
    assert_eq!(told.matches("date holds the times of the rows").count(), 1, "{told}");
    let cell = |at: usize| {
        if at == 50 {
            "broken".to_owned()
        } else if at == 60 {
            "NA".to_owned()
        } else {
            format!("{}.5", at % 7)
        }
    };
    write("bad.csv", rows("date,v", 100, |at| format!("{},{}", day(at), cell(at))));
    let bad = backprop(folder, &["predict", "run", "bad.csv", "--ahead", "1"]);
    assert!(bad.err.contains("1 cell of v not a number, such as \"broken\", taken for missing"), "{}", bad.err);
    assert!(bad.err.contains("2 missing numbers (1 \"NA\"), replaced by the last one before"), "{}", bad.err);
    assert!(bad.out.contains("row 101: v"), "{}", bad.out);
    // Two days are missing, which are no rows of the file.
    let kept = |at: usize| if at >= 50 { at + 2 } else { at };
    write("gap.csv", rows("date,v", 100, |at| format!("{},{}.5", day(kept(at)), at % 7)));
    let gap = backprop(folder, &["predict", "run", "gap.csv", "--ahead", "1"]);
    assert!(gap.out.contains("row 101: v"), "{}", gap.out);
    let all = backprop(folder, &["predict", "run", "gap.csv"]);
    assert!(all.out.trim_end().lines().last().unwrap().contains("row 100: "), "{}", all.out);
    let missing = backprop(folder, &["evaluate", "run", "--data", "nofile.csv"]);
    assert!(missing.err.contains("nofile.csv: there is no such file"), "{}", missing.err);
}
