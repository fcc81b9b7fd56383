//! Own files from the command line: what is read, what is told, what is suggested.

use std::fs;
use std::path::Path;

use crate::support::{backprop, lines};

/// Rows that two numbers tell apart, with the class in a column of any place.
fn flowers(first: bool) -> String {
    let kinds = ["alba", "rosea", "lutea"];
    let row = |at: usize| {
        let kind = kinds[at % 3];
        let (a, b) = (at % 3 * 10 + at % 7, 30 - at % 3 * 10 + at % 5);
        if first { format!("{kind},{a}.5,{b}.25\n") } else { format!("{b}.25,{kind},{a}.5\n") }
    };
    let header = if first { "kind,a,b\n" } else { "b,kind,a\n" };
    header.to_owned() + &(0..120).map(row).collect::<String>()
}

#[test]
fn a_file_is_trained_as_it_is_and_the_run_knows_its_columns_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("flowers.csv"), flowers(true)).unwrap();
    fs::write(folder.join("new.csv"), flowers(false)).unwrap();
    let done = backprop(folder, &["train", "csv:flowers.csv?target=kind", "--out", "run", "--epochs", "20"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("this project is suggested for it"), "{}", done.err);
    // The columns stand in another order, and no target is named.
    let told = backprop(folder, &["evaluate", "run", "--data", "csv:new.csv", "--json"]);
    let figures = &lines(&told.out)[0];
    assert_eq!((&figures["samples"], told.code), (&120.into(), 0), "{}{}", told.out, told.err);
    assert!(figures["accuracy"].as_f64().unwrap() > 0.95, "{}", told.out);
    assert!(told.err.contains("On all samples of new.csv"), "{}", told.err);
    let told = backprop(folder, &["evaluate", "run", "--data", "csv:flowers.csv", "--json"]);
    assert!(told.err.contains("On the test samples"), "{}", told.err);
}

#[test]
fn what_a_run_cannot_read_in_another_file_is_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows: String = (0..90)
        .map(|at| {
            format!("{}.5,{},{}\n", at % 7, ["red", "blue", "green"][at % 3], ["no", "yes"][usize::from(at % 3 == 1)])
        })
        .collect();
    fs::write(folder.join("a.csv"), format!("size,color,ok\n{rows}")).unwrap();
    let done = backprop(folder, &["train", "a.csv", "--out", "run", "--epochs", "5"]);
    assert_eq!(done.code, 0, "{}", done.err);
    fs::write(folder.join("b.csv"), "size,color,ok\n1.5,RED,no\n2.5,purple,yes\nbig,blue,perhaps\n3.5,green,NO\n")
        .unwrap();
    let told = backprop(folder, &["evaluate", "run", "--data", "csv:b.csv", "--json"]);
    assert_eq!(lines(&told.out)[0]["samples"], 3, "{}{}", told.out, told.err);
    for note in [
        "a class in ok that the network does not know (perhaps)",
        "with a word that training had not, such as \"purple\"",
    ] {
        assert!(told.err.contains(note), "{note}: {}", told.err);
    }
    fs::write(folder.join("c.csv"), "size\n1.5\n").unwrap();
    let told = backprop(folder, &["predict", "run", "c.csv"]);
    assert!(
        told.code == 1 && told.err.contains("there is no column \"color\", which the network reads"),
        "{}",
        told.err
    );
}

#[test]
fn a_project_is_written_for_own_data_and_is_trained_without_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows: String = (0..200).map(|at| format!("{at},{}\n", 100.0 + 20.0 * (at as f32 * 0.9).sin())).collect();
    fs::write(folder.join("sales.csv"), format!("day,sales\n{rows}")).unwrap();
    let done = backprop(folder, &["new", "series:sales.csv", "--out", "own.json"]);
    assert!(done.code == 0 && done.out.contains("The series repeats every 7 rows"), "{}{}", done.out, done.err);
    assert_eq!(backprop(folder, &["check", "own.json"]).code, 0);
    assert_eq!(backprop(folder, &["train", "own.json", "--epochs", "2"]).code, 0);
    assert!(backprop(folder, &["new", "series:sales.csv", "--out", "own.json"]).err.contains("is there already"));
    assert_eq!(backprop(folder, &["new", "no-such.csv"]).code, 2);
    assert!(Path::new(&folder.join("runs")).is_dir());
}

#[test]
fn the_order_of_a_series_is_told_and_can_be_overruled() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let day = |at: usize| format!("2021-{:02}-{:02}", 1 + at / 28, 1 + at % 28);
    let newest_first: String = (0..100).rev().map(|at| format!("{},{}\n", day(at), at * at % 97)).collect();
    fs::write(folder.join("s.csv"), format!("date,price\n{newest_first}")).unwrap();
    let told = backprop(folder, &["data", "series:s.csv"]).out;
    assert!(told.contains("The newest row comes first, and the rows were turned round by date"), "{told}");
    assert!(!backprop(folder, &["data", "series:s.csv?time=none"]).out.contains("turned round"));
    let shops: String =
        (0..3).flat_map(|shop| (0..40).map(move |at| format!("s{shop},{at},{}\n", shop * 100 + at % 7))).collect();
    fs::write(folder.join("m.csv"), format!("shop,day,sales\n{shops}")).unwrap();
    let told = backprop(folder, &["data", "series:m.csv"]).out;
    assert!(told.contains("3 series by shop") && told.contains("sequence 12×1"), "{told}");
}
