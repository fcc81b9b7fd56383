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
    assert!(told.code == 1 && told.err.contains("lacks 1 column that the network reads, color"), "{}", told.err);
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

/// Three numbers, of which the last misses some as -999, under names that are numbers themselves, and their sum.
fn numbered(rows: usize) -> String {
    let row = |at: usize| {
        let (a, b) = (at as f64 * 0.37 % 7.0, at as f64 * 0.73 % 5.0);
        let code = if at.is_multiple_of(9) { "-999".to_owned() } else { format!("{:.2}", at as f64 * 0.11 % 3.0) };
        format!("{a:.2},{b:.2},{code},{:.4}\n", 123_456_789.0 + a + b)
    };
    format!("1,2,3,y\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn a_run_knows_its_names_its_codes_and_its_digits() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.csv"), numbered(200)).unwrap();
    let done = backprop(folder, &["train", "csv:a.csv?header=true", "--out", "run"]);
    assert!(done.code == 0 && done.out.contains("with -999, far from all others"), "{}{}", done.out, done.err);
    let predict = |text: &str| {
        fs::write(folder.join("new.csv"), text).unwrap();
        let done = backprop(folder, &["predict", "run", "new.csv", "--json"]);
        let values = lines(&done.out).iter().map(|line| line["values"]["y"].as_f64().unwrap()).collect::<Vec<_>>();
        (values, done)
    };
    let (plain, _) = predict("1,2,3\n3.5,2.5,1.5\n");
    assert!(
        (plain[0] - 123_456_795.0).abs() < 1.0 && plain[0].fract() != 0.0,
        "{plain:?}: an f32 has no fraction here"
    );
    // Names that are numbers, in another order, are a header all the same.
    assert_eq!(predict("3,2,1\n1.5,2.5,3.5\n").0, plain);
    let (nameless, done) = predict("3.5,2.5,1.5\n");
    assert!(nameless == plain && done.err.contains("no header, and its columns are taken for 1, 2, 3"), "{}", done.err);
    // One cell that is no number leaves the others of its column what they are, and is counted.
    let (marred, done) = predict("1,2,3\n3.5,2.5,1.5\nabc,2.5,1.5\n,2.5,1.5\n");
    assert!(marred[0] == plain[0] && marred[1] == marred[2] && marred[1] != marred[0], "{marred:?}");
    assert!(done.err.contains("1 cell of 1 not a number, such as \"abc\""), "{}", done.err);
    assert!(done.err.contains("1 missing value in 1, replaced by the mean"), "{}", done.err);
    // What stands for a missing number in training stands for one in a single row.
    let (coded, done) = predict("1,2,3\n3.5,2.5,-999\n3.5,2.5,\n");
    assert!(coded[0] == coded[1] && done.err.contains("with -999, taken for missing as in training"), "{}", done.err);
    let (none, done) = predict("1,2,3\n");
    assert!(
        none.is_empty() && done.code == 1 && done.err.contains("has a header, and no row below it"),
        "{}",
        done.err
    );
    let (none, done) = predict("1,9\n2.5,1\n");
    assert!(none.is_empty() && done.err.contains("lacks 3 columns that the network reads, 1, 2, 3"), "{}", done.err);
}

#[test]
fn other_samples_are_made_as_those_of_the_training_were() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let height = |row: usize| 100.0 + row as f64 + 20.0 * (row as f64 * std::f64::consts::TAU / 7.0).sin();
    let rows: String = (0..200).map(|row| format!("{row},{:.3}\n", height(row))).collect();
    fs::write(folder.join("sea.csv"), format!("day,height\n{rows}")).unwrap();
    assert_eq!(backprop(folder, &["train", "series:sea.csv", "--out", "sea"]).code, 0);
    // Without the season of the run and the change from the naive forecast the errors would be those of a guess.
    let told = backprop(folder, &["evaluate", "sea", "--data", "series:sea.csv", "--json"]);
    assert!(told.err.contains("Read as in training: window=12, season=7, relative=true"), "{}", told.err);
    assert!(lines(&told.out)[0]["r2"].as_f64().unwrap() > 0.9, "{}", told.out);
    assert_eq!(
        lines(&backprop(folder, &["evaluate", "sea", "--json"]).out),
        lines(&told.out),
        "its own data by default"
    );

    let image = |place: &str, shade: u8| {
        let path = folder.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::GrayImage::from_pixel(40, 40, image::Luma([shade])).save(path).unwrap();
    };
    for at in 0..12 {
        image(&format!("pets/cat/{at}.png"), 20);
        image(&format!("pets/dog/{at}.png"), 120);
        image(&format!("pets/eel/{at}.png"), 220);
        image(&format!("others/Dog/{at}.png"), 120);
        image(&format!("others/eel/{at}.png"), 220);
        image(&format!("others/fox/{at}.png"), 60);
    }
    assert_eq!(backprop(folder, &["train", "images:pets?size=16", "--out", "pet", "--epochs", "1"]).code, 0);
    let told = backprop(folder, &["evaluate", "pet", "--data", "others", "--split", "all", "--json"]);
    assert!(
        told.err.contains("size=16") && told.err.contains("12 files of fox, a class that the network"),
        "{}",
        told.err
    );
    let of = |at: usize| lines(&told.out)[0]["classes"][at]["samples"].clone();
    assert_eq!([of(0), of(1), of(2)], [0, 12, 12], "classes are matched by name, never by position");
}

#[test]
fn the_data_of_a_run_are_divided_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("flowers.csv"), flowers(true)).unwrap();
    let source = "csv:flowers.csv?target=kind&test=0.05";
    assert_eq!(backprop(folder, &["train", source, "--out", "run", "--epochs", "2"]).code, 0);
    let told = backprop(folder, &["evaluate", "run", "--data", "flowers.csv", "--json"]);
    assert_eq!(lines(&told.out)[0]["samples"], 6, "those that it was not trained on: {}", told.err);
    let told = backprop(folder, &["evaluate", "run", "--data", "csv:flowers.csv?test=0.5", "--json"]);
    assert!(
        told.err.contains("divided its data otherwise, so that some of these samples were trained on"),
        "{}",
        told.err
    );
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf_8_is_read_and_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.csv");
    // A file system may have no such names.
    if fs::write(folder.path().join(name), "1,2,3\n2.5,1,3\n").is_err() {
        return;
    }
    fs::write(folder.path().join("a.csv"), numbered(60)).unwrap();
    assert_eq!(backprop(folder.path(), &["train", "csv:a.csv?header=true", "--out", "run", "--epochs", "1"]).code, 0);
    let place = folder.path().join("more");
    fs::create_dir(&place).unwrap();
    fs::rename(folder.path().join(name), place.join(name)).unwrap();
    for json in [&["predict", "run", "more"][..], &["predict", "run", "more", "--json"]] {
        let done = backprop(folder.path(), json);
        assert!(
            done.code == 0 && done.out.contains("caf\\") && done.out.contains("xE9.csv"),
            "{} {}",
            done.out,
            done.err
        );
    }
}

#[test]
fn where_one_class_is_nearly_all_the_balanced_accuracy_leads() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String =
        (0..400).map(|at| format!("{},{}\n", at % 13, if at % 30 == 0 { "bad" } else { "good" })).collect();
    fs::write(folder.path().join("a.csv"), format!("x,state\n{rows}")).unwrap();
    let done = backprop(folder.path(), &["train", "a.csv", "--out", "run", "--epochs", "3"]);
    let test = done.out.lines().find(|line| line.starts_with("test:")).unwrap_or_else(|| panic!("{}", done.out));
    let place = |what: &str| test.find(what).unwrap_or_else(|| panic!("{what}: {test}"));
    assert!(place("balanced accuracy") < place("macro F1") && place("macro F1") < place(", accuracy"), "{test}");
    let told = backprop(folder.path(), &["evaluate", "run"]);
    let leads = told.out.lines().nth(1).unwrap();
    assert!(leads.starts_with("balanced accuracy"), "{}", told.out);
}

#[test]
fn no_group_is_in_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = |patients: std::ops::Range<usize>| -> String {
        let row = |at: usize| format!("P{},{}.5,{}\n", at / 5, at % 9, ["no", "yes"][at % 2]);
        "patient,x,ill\n".to_owned()
            + &patients.flat_map(|patient| (0..5).map(move |at| row(patient * 5 + at))).collect::<String>()
    };
    fs::write(folder.join("a.csv"), rows(0..20)).unwrap();
    fs::write(folder.join("b.csv"), rows(15..25)).unwrap();
    let told = backprop(folder, &["data", "csv:a.csv?group=patient&test_file=b.csv", "--json"]);
    assert_eq!(told.code, 0, "{}", told.err);
    let note = "25 rows of 5 groups by patient that the test file has too, left out of the training";
    assert!(told.out.contains(note), "{}", told.out);
    assert!(!told.out.contains("0 of them"), "{}", told.out);
}

#[test]
#[cfg(unix)]
fn a_name_that_is_not_utf_8_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.csv");
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_backprop"))
        .current_dir(folder.path())
        .arg("data")
        .arg(name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(2), "{said}");
    assert!(said.contains("caf\\xE9.csv") && said.contains("rename the file"), "{said}");
}

#[test]
fn percents_and_shares_of_a_run_are_brought_to_what_it_knows_and_other_units_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = |cell: &dyn Fn(usize) -> String| {
        let row = |at: usize| format!("{},{}.5,{}\n", cell(at), at * 5 % 9, 3 * (at * 37 % 101));
        "p,b,y\n".to_owned() + &(0..101).map(row).collect::<String>()
    };
    fs::write(folder.join("percent.csv"), rows(&|at| format!("{}.5%", at * 37 % 97))).unwrap();
    fs::write(folder.join("share.csv"), rows(&|at| format!("0.{:02}5", at * 37 % 97))).unwrap();
    fs::write(folder.join("bare.csv"), rows(&|at| format!("{}.5", at * 37 % 97))).unwrap();
    for (trained, other, note) in [
        ("percent", "share", "p holds shares, and was in % in training: each is multiplied by 100"),
        ("share", "percent", "p is in %, and held shares in training: each is divided by 100"),
    ] {
        let [data, new] = [trained, other].map(|name| format!("{name}.csv"));
        let done = backprop(folder, &["train", &format!("csv:{data}?target=y"), "--out", trained, "--epochs", "2"]);
        assert_eq!(done.code, 0, "{}", done.err);
        let values = |file: &str| -> Vec<f64> {
            let told = backprop(folder, &["predict", trained, file, "--json"]);
            lines(&told.out).iter().map(|line| line["values"]["y"].as_f64().unwrap()).collect()
        };
        let told = backprop(folder, &["predict", trained, &new]);
        assert!(told.err.contains(note), "{}", told.err);
        let alike = values(&data).into_iter().zip(values(&new)).all(|(one, another)| (one - another).abs() < 1e-3);
        assert!(alike, "{trained}");
    }
    let told = backprop(folder, &["predict", "percent", "bare.csv"]);
    assert!(told.err.contains("p is in no unit, and was in % in training"), "{}", told.err);
    let told = backprop(folder, &["predict", "share", "bare.csv"]);
    assert!(told.err.contains("p has numbers such as 37.5, and all were from 0 to 1 in training"), "{}", told.err);
}

#[test]
fn decimal_commas_and_dates_of_other_files_are_read_as_the_run_knows_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = |at: usize| format!("{:02}/{:02}/2020;{},{:03};{at}\n", at % 28 + 1, at / 28 + 1, at % 9, at * 37 % 999);
    fs::write(folder.join("a.csv"), format!("day;a;y\n{}", (0..140).map(row).collect::<String>())).unwrap();
    let done = backprop(folder, &["train", "csv:a.csv?target=y", "--out", "run", "--epochs", "2"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let predicted = |rows: &str| {
        fs::write(folder.join("new.csv"), format!("day;a\n{rows}")).unwrap();
        let done = backprop(folder, &["predict", "run", "new.csv", "--json"]);
        let values: Vec<f64> = lines(&done.out).iter().filter_map(|line| line["values"]["y"].as_f64()).collect();
        (values, done.err)
    };
    let (values, told) = predicted("03/04/2020;1,234\n2020-04-03;1,234\n");
    assert!(values.len() == 2 && values[0] == values[1], "{values:?} {told}");
    assert!(told.contains("a has decimal commas, as in training"), "{told}");
    assert!(told.contains("day is read with the day first, as in training: \"03/04/2020\" is 3 April 2020"), "{told}");
    let (_, told) = predicted("04/13/2020;1,234\n04/03/2020;1,5\n");
    assert!(told.contains("\"04/13/2020\" in day has day and month in the other order than in training"), "{told}");
}
