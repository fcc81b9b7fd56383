//! Tables and points as data: what is made of a table, what is refused and how it is said, and that networks learn from it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backprop_studio::data::{Dataset, Inputs, Lookup, TargetData, Task};
use backprop_studio::train::metrics::R2;
use backprop_studio::train::{Evaluation, Outcome, Reports, Run, Start};

use crate::support::{backprop, follow, lines, project, real_data};

/// Writes a table and reads it.
fn load(text: &str, options: &str) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, text).unwrap();
    let name = format!("{}/", folder.path().display());
    Dataset::read(&format!("csv:{}{options}", path.display())).map_err(|error| error.to_string().replace(&name, ""))
}

fn features(dataset: &Dataset) -> Vec<String> {
    dataset.features.iter().map(ToString::to_string).collect()
}

/// Rows of readings with all that tables have: a counter, a name for each row, a kind, gaps, and a column without news.
fn readings(rows: usize) -> String {
    let mut text = "row,name,kind,weight,speed,unit,ok\n".to_owned();
    for row in 0..rows {
        let kind = ["steel", "wood", "tin"][row % 3];
        let weight = if row == 4 { "?".to_owned() } else { format!("{}", row % 7) };
        let speed = if row == 5 { "fast".to_owned() } else { format!("{}.5", row * 13 % 11) };
        let ok = if row % 3 == 0 { "yes" } else { "no" };
        text += &format!("{row},name {row},{kind},{weight},{speed},kg,{ok}\n");
    }
    text
}

#[test]
fn a_table_becomes_features_classes_and_notes() {
    let dataset = load(&readings(100), "").unwrap();
    assert_eq!(dataset.task, Task::Classification { classes: vec!["no".to_owned(), "yes".to_owned()] });
    assert_eq!(features(&dataset), ["kind = steel", "kind = tin", "kind = wood", "weight", "speed", "unit = kg"]);
    assert_eq!((dataset.train.len(), dataset.test.len()), (80, 20));
    let counts = dataset.class_counts();
    assert!(counts[1].train == 27 && counts[1].test == 7, "{counts:?}");
    for note in [
        "row numbers the rows and was left out; keep=row reads it",
        "name has 100 different texts in 100 rows and was left out, since it tells rows apart, not kinds; keep=name reads it",
        "1 missing value (\"?\") in weight, replaced by the mean of the training samples",
        "1 cell of speed not a number, such as \"fast\", taken for missing",
        "unit is always the same; nothing can be learned from it",
    ] {
        assert!(dataset.notes.iter().any(|found| found == note), "{note}: {:?}", dataset.notes);
    }
    let columns = dataset.columns();
    assert_eq!((columns[3].missing, columns[3].range.unwrap()[2], columns[0].range.unwrap()[2]), (1, 6.0, 1.0));

    let chosen = load(&readings(100), "?target=speed&ignore=name,row&categories=weight&test=0").unwrap();
    assert_eq!(chosen.task, Task::numbers(vec!["speed".to_owned()]));
    assert_eq!(
        (chosen.train.len(), chosen.test.len(), features(&chosen).contains(&"weight = 3".to_owned())),
        (99, 0, true)
    );
}

/// Sales whose price hangs on the city, of which there are too many for an input each.
fn sales() -> String {
    let price = |row: usize| (row * 37 % 90) as f32 + 0.1 * (row % 5) as f32;
    let rows = (0..900).map(|row| format!("{},city {},{}\n", row % 5, row * 37 % 90, price(row)));
    "size,city,price\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn words_are_embedded_where_they_are_too_many_for_an_input_each() {
    assert_eq!(features(&load(&sales(), "").unwrap()), ["size"]);
    let dataset = load(&sales(), "?embedded=city").unwrap();
    assert_eq!(features(&dataset), ["size", "city"]);
    let Inputs::Numbers(numbers) = &dataset.train.inputs else { panic!("a table has numbers") };
    assert!(numbers.chunks(2).all(|row| row[1].fract() == 0.0 && (1.0..=90.0).contains(&row[1])));
    let note = "The network has to begin with an Embedding of vocabulary 91 and 1 numbers before the words";
    assert!(dataset.notes.iter().any(|found| found == note), "{:?}", dataset.notes);

    let dataset = Arc::new(dataset);
    let mut project = project("fuel", &[]);
    let problem = project.job(Arc::clone(&dataset), 1).err().unwrap().to_string();
    assert!(problem.contains("begin with an Embedding of vocabulary 91 with numbers 1"), "{problem}");
    project
        .model
        .layers
        .insert(0, serde_json::from_str(r#"{"layer":"embedding","vocabulary":91,"units":4,"numbers":1}"#).unwrap());
    project.training.epochs = 30;
    let run =
        Run::start(Arc::new(project.job(dataset, 2).unwrap()), Start::Running, Reports::default(), || {}).unwrap();
    let Outcome::Finished(Some(test)) = follow(&run).2 else { panic!("the run was to finish") };
    let r2 = test.get(&R2).unwrap();
    assert!(r2 > 0.95, "{r2}");
}

#[test]
fn the_target_decides_between_classes_and_numbers() {
    let table = |target: &dyn Fn(usize) -> String| {
        let rows = (0..60).map(|row| format!("{},{}\n", row * 7 % 13, target(row)));
        "x,y\n".to_owned() + &rows.collect::<String>()
    };
    let classes = |text: &str, options: &str| load(text, options).unwrap().task.classes().len();
    let whole = table(&|row| (3 + row % 6).to_string());
    assert_eq!((classes(&whole, ""), classes(&whole, "?task=regression")), (6, 0));
    let measured = table(&|row| format!("{}.25", row % 6));
    assert_eq!((classes(&measured, ""), classes(&measured, "?task=classification")), (0, 6));
    let many = table(&|row| row.to_string());
    assert_eq!(classes(&many, ""), 0);
    let several = load(&readings(60), "?target=weight,row").unwrap();
    let TargetData::Numbers { width: 2, values } = &several.train.targets else { panic!("two numbers are asked for") };
    assert!(values.len() == 2 * several.train.len() && several.train.len() + several.test.len() == 59);
    assert!(several.notes.iter().any(|note| note == "1 row without a target, left out"), "{:?}", several.notes);
}

#[test]
fn dates_are_numbers_and_read_in_the_same_way_again() {
    // The 1st of March 2021 is day 18,687 since 1970.
    let rows: String = (1..=30).map(|day| format!("{day:02}.03.2021,{},{}\n", day % 4, 3 * day)).collect();
    let dataset = load(&format!("day,a,y\n{rows}"), "?target=y&test=0").unwrap();
    assert_eq!(features(&dataset), ["day", "a"]);
    assert_eq!(dataset.features[0].unit.as_deref(), Some("days since 1970"));
    let days: Vec<f64> = (0..30).map(|at| dataset.train.numbers_of(at)[0]).collect();
    assert!(days.contains(&18_687.0) && days.contains(&18_716.0), "{days:?}");
    let note =
        "day holds times written as DD.MM.YYYY and is read as days since 1970; categories=day reads each as a category";
    assert!(dataset.notes.iter().any(|found| found == note), "{:?}", dataset.notes);
    let chosen = load(&format!("day,a,y\n{rows}"), "?target=y&categories=day&keep=day").unwrap();
    assert_eq!(chosen.features.len(), 31, "a category for each day");

    // Either order fits days up to the twelfth. Of the first of every month, one has regular steps, and the other is told.
    let monthly = |at: u32| format!("01/{:02}/{},{at},{}\n", at % 12 + 1, 2020 + at / 12, 3 * at);
    let rows: String = (0..24).map(monthly).collect();
    let dataset = load(&format!("day,a,y\n{rows}"), "?target=y&test=0").unwrap();
    let note = "day is read as DD/MM/YYYY, which makes its steps regular; dates=month-first reads the month first";
    assert!(dataset.notes.iter().any(|found| found == note), "{:?}", dataset.notes);
    assert!((0..24).any(|row| dataset.train.numbers_of(row)[0] == 18_293.0), "the 1st of February 2020");
    let dataset = load(&format!("day,a,y\n{rows}"), "?target=y&test=0&dates=month-first").unwrap();
    assert!((0..24).any(|row| dataset.train.numbers_of(row)[0] == 18_263.0), "the 2nd of January 2020");
    // Of twelve days in March, or the third of twelve months, nothing decides.
    let rows: String = (1..=12).map(|day| format!("03/{day:02}/2021,{day},{}\n", 3 * day)).collect();
    let refused = load(&format!("day,a,y\n{rows}"), "?target=y&test=0").unwrap_err().to_string();
    let both = r#""03/01/2021" in day may be 1 March 2021 or 3 January 2021"#;
    assert!(refused.contains(both) && refused.contains("dates=day-first or dates=month-first"), "{refused}");
    let dataset = load(&format!("day,a,y\n{rows}"), "?target=y&test=0&dates=day-first").unwrap();
    assert!((0..12).any(|row| dataset.train.numbers_of(row)[0] == 18_630.0), "the 3rd of January 2021");

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let rows: String = (1..=200).map(|at| format!("{},{},{}\n", date(at), at % 4, 3 * at)).collect();
    write("sales.csv", &format!("day,a,y\n{rows}"));
    let train = ["train", "csv:sales.csv?target=y", "--epochs", "2", "--out", "run"];
    assert_eq!(backprop(folder.path(), &train).code, 0);
    // One row alone could be read as another month; a run reads it as its training data were written.
    write("new.csv", "day,a\n2021-02-03,1\nsoon,1\n");
    let done = backprop(folder.path(), &["predict", "run", "new.csv"]);
    assert!(done.code == 0 && done.out.lines().count() > 1, "{} {}", done.out, done.err);
    let notes = done.err;
    assert!(notes.contains("1 cell of day not a date (YYYY-MM-DD), such as \"soon\", taken for missing"), "{notes}");
}

/// A day of 2021.
fn date(day: u32) -> String {
    let (month, day) = ((day - 1) / 28 + 1, (day - 1) % 28 + 1);
    format!("2021-{month:02}-{day:02}")
}

#[test]
fn of_two_classes_the_positive_one_is_chosen() {
    let classes = |options: &str| match load(&readings(60), options).map(|dataset| dataset.task) {
        Ok(Task::Classification { classes }) => Ok(classes),
        Ok(other) => panic!("{other:?}"),
        Err(what) => Err(what),
    };
    assert_eq!(classes("").unwrap(), ["no", "yes"]);
    assert_eq!(classes("?positive=no").unwrap(), ["yes", "no"]);
    assert_eq!(classes("?positive=Yes").unwrap(), ["no", "yes"]);
    let note = "yes is taken for the positive class; positive=no is about the other";
    assert!(load(&readings(60), "").unwrap().notes.iter().any(|found| found == note));
    assert!(
        classes("?positive=maybe").unwrap_err().contains("there is no class \"maybe\"; there is \"no\" and \"yes\"")
    );
    assert!(classes("?target=kind&positive=tin").unwrap_err().contains("there are 3 classes"));
}

#[test]
fn the_test_may_be_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: std::ops::Range<usize>, last: &str| {
        let text: String = rows.map(|row| format!("{row}.5,{},{last}\n", ["red", "blue"][row % 2])).collect();
        fs::write(folder.path().join(name), format!("x,colour,y\n{text}1,red,no\n1,red,no\n")).unwrap();
    };
    write("train.csv", 0..40, "yes");
    write("test.csv", 50..57, "yes");
    write("other.csv", 0..7, "perhaps");
    let load = |options: &str| Dataset::read(&format!("csv:{}?{options}", folder.path().join("train.csv").display()));
    let test = |name: &str| format!("test_file={}", folder.path().join(name).display());
    let dataset = load(&test("test.csv")).unwrap();
    assert_eq!((dataset.train.len(), dataset.test.len()), (42, 9));
    let Inputs::Numbers(numbers) = &dataset.test.inputs else { panic!("tables are numbers") };
    assert_eq!(numbers[..3], [50.5, 0.0, 1.0]);
    let dataset = load(&test("other.csv")).unwrap();
    let unknown = "7 rows with a class in y that the network does not know (perhaps), left out";
    assert!(dataset.test.len() == 2 && dataset.notes.iter().any(|note| note.contains(unknown)), "{:?}", dataset.notes);
    for (options, expected) in [
        (test("none.csv"), "there is no file"),
        (format!("{}&test=0.3", test("test.csv")), "say test or test_file, not both"),
    ] {
        let error = load(&options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_table_that_cannot_be_learnt_from_is_refused_in_one_sentence() {
    let rows = |row: &dyn Fn(usize) -> String| (0..30).map(row).collect::<String>();
    let text = rows(&|row| format!("{row}.5,a{}\n", row % 2));
    let mut classes = "x,y\n".to_owned();
    (0..100_000).for_each(|row| classes += &format!("1.5,name{row}\n"));
    for (table, options, expected) in [
        (String::new(), "", "there is nothing in it"),
        (text.clone(), "?target=price", "there is no column \"price\"; there is column 1, column 2"),
        (text.clone(), "?ignore=price", "there is no column \"price\""),
        (text.clone(), "?target=2&task=regression", "holds text such as \"a0\", and regression predicts numbers"),
        (text.clone(), "?task=clustering", "there is classification and regression"),
        (text.clone(), "?colour=red", "no option \"colour\"; there is target, task, positive, ignore"),
        (text.clone(), "?test=2", "test from 0 to 0.5"),
        (rows(&|row| format!("{row}.5,same\n")), "", "is always \"same\", and a network has nothing to tell apart"),
        (rows(&|row| format!("inf,1e999,{}\n", row % 2)), "", "column 2 holds no finite number and was left out"),
        (classes, "", "has 100000 classes, and 1000 are the most"),
        (rows(&|row| format!("{row}.5\n")), "", "no column to learn from besides the target"),
        (rows(&|row| format!(",a{}\n", row % 2)), "", "column 1 is empty and was left out"),
        (rows(&|row| format!("{row}.5,\n")), "", "the target column 2 is empty"),
        ("x,y\n1,a\n2,b\n".to_owned(), "", "has 2 rows with a target"),
        (rows(&|row| format!("{row}.5,name {row}\n")), "", "has 30 different texts in 30 rows; it tells rows apart"),
        (
            rows(&|row| format!("{},a{}\n", if row == 3 { "1" } else { "" }, row % 2)),
            "",
            "has 1 row with a target and a feature",
        ),
    ] {
        let error = load(&table, options).map(|dataset| dataset.name).unwrap_err();
        assert!(error.contains(expected) && !error.contains('\n'), "{options}: {error}");
    }
    let error = Dataset::read("csv:iris-of-nowhere.csv").unwrap_err().to_string();
    assert!(error.contains("no such file; put it into this folder, or name the folder"), "{error}");
}

#[test]
fn empty_rows_columns_and_cells_are_noted_and_never_reach_a_network() {
    let mut table = "a,b,c,y\n".to_owned();
    (0..40).for_each(|row| table += &format!("{row}.5,,{},{}\n", if row % 4 == 0 { "NaN" } else { "1.5" }, row % 2));
    table += ",,,\n,,,1\n2.5,,3.5,\n";
    let dataset = load(&table, "").unwrap();
    assert_eq!(features(&dataset), ["a", "c"]);
    for note in
        ["1 row without a target, left out", "1 row without any feature, left out", "b is empty and was left out"]
    {
        assert!(dataset.notes.iter().any(|found| found == note), "{note}: {:?}", dataset.notes);
    }
    let Inputs::Numbers(numbers) = &dataset.train.inputs else { panic!("tables are numbers") };
    assert!(numbers.iter().any(|number| number.is_nan()));
    // What a row lacks that is left out is not said to be replaced.
    let note = "10 missing values (\"NaN\") in c, replaced by the mean of the training samples";
    assert!(dataset.notes.iter().any(|found| found == note), "{:?}", dataset.notes);
    let settings = [("model", r#"[{"layer":"dense","units":2,"activation":"linear"}]"#), ("training.batch", "8")];
    let job = Arc::new(project("xor", &settings).job(Arc::new(dataset), 1).unwrap());
    let (steps, _, _) = follow(&Run::start(job, Start::Running, Reports::default(), || {}).unwrap());
    assert!(!steps.is_empty() && steps.iter().all(|step| step.loss().is_finite()));
}

/// y = 100 x - 0.003 z + 7, with x in thousandths and z in thousands, so that nothing is learnt unless inputs and
/// target are standardized.
fn line(folder: &Path) {
    let mut table = "x;z;colour;y\n".to_owned();
    for row in 0..200 {
        let (x, z) = ((row * 37 % 101) as f32 / 1000.0, (row * 53 % 97) as f32 * 100.0);
        let y = format!("{:.4}", 100.0 * x - 0.003 * z + 7.0).replace('.', ",");
        table += &format!("{};{z};{};{y}\n", x.to_string().replace('.', ","), ["red", "blue"][row % 2]);
    }
    fs::write(folder.join("line.csv"), table).unwrap();
}

const LINEAR: &str = r#"model=[{"layer":"dense","units":1,"activation":"linear"}]"#;

#[test]
fn a_number_is_learnt_evaluated_and_predicted_in_its_own_unit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    line(folder);
    let train = ["train", "fuel", "--data", "csv:line.csv", "--set", LINEAR, "--out", "run", "--json"];
    let done = backprop(folder, &train);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let events = lines(&done.out);
    let (epoch, last) = (&events[1], events.last().unwrap());
    assert!(epoch["validation_rmse"].is_number() && epoch["validation_r2"].is_number(), "{epoch}");
    assert!(epoch.get("train_accuracy").is_none() && last.get("test_accuracy").is_none(), "{epoch} {last}");
    assert!(last["test_r2"].as_f64().unwrap() > 0.9999 && last["test_rmse"].as_f64().unwrap() < 0.05, "{last}");

    let done = backprop(folder, &["evaluate", "run", "--data", "csv:line.csv", "--json"]);
    let evaluation = &lines(&done.out)[0];
    for figure in ["mae", "rmse", "r2", "mape"] {
        assert_eq!(evaluation[figure], last[&format!("test_{figure}")], "{figure}");
    }
    assert!(backprop(folder, &["evaluate", "run", "--data", "csv:line.csv"]).out.contains("RMSE"));

    // Columns in another order, without the target, in other numbers: read by name, with the scaling of the run.
    fs::write(folder.join("new.csv"), "colour,z,x\nred,1000,0.05\nred,,0.05\n").unwrap();
    let done = backprop(folder, &["predict", "run", "new.csv", "--json"]);
    let values: Vec<f64> = lines(&done.out).iter().map(|line| line["values"]["y"].as_f64().unwrap()).collect();
    assert!((values[0] - 9.0).abs() < 0.1 && values.len() == 2, "{values:?}");
    assert!(backprop(folder, &["predict", "run", "new.csv"]).out.starts_with("new.csv, row 1: y 9."));
    fs::write(folder.join("less.csv"), "colour,x\nred,0.5\n").unwrap();
    let done = backprop(folder, &["predict", "run", "less.csv"]);
    assert!(done.code == 1 && done.err.contains("lacks 1 column that the network reads, z"), "{}", done.err);

    // Samples that know only one of the colours come to the same features all the same.
    let table = fs::read_to_string(folder.join("line.csv")).unwrap();
    let red: Vec<&str> = table.lines().filter(|line| !line.contains("blue")).collect();
    fs::write(folder.join("red.csv"), red.join("\n")).unwrap();
    let done = backprop(folder, &["evaluate", "run", "--data", "csv:red.csv", "--split", "train", "--json"]);
    assert!(lines(&done.out)[0]["r2"].as_f64().unwrap() > 0.9999, "{}{}", done.out, done.err);

    let scaled = fs::read_to_string(folder.join("run/data.json")).unwrap();
    fs::write(folder.join("run/data.json"), scaled.replacen("\"mean\": [", "\"mean\": [1.0,", 1)).unwrap();
    let done = backprop(folder, &["predict", "run", "new.csv"]);
    assert!(done.code == 1 && done.err.contains("data.json: does not belong to this network"), "{}", done.err);
}

#[test]
fn what_does_not_fit_a_number_is_refused_before_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    line(folder);
    for (settings, expected) in [
        (
            &["--set", "training.loss=focal"][..],
            "focal is for classes, and the targets of line.csv are numbers; choose mean squared error",
        ),
        (&["--set", r#"model=[{"layer":"dense","units":3}]"#], "the task needs 1, one for each class or target"),
        (&["--set", "data.augment.shift=2"], "changes images, and the samples are a row of 4 numbers"),
    ] {
        let done = backprop(folder, &[&["train", "fuel", "--data", "csv:line.csv"], settings].concat());
        assert!(done.code == 1 && done.err.contains(expected) && done.err.lines().count() == 1, "{}", done.err);
    }
    let done = backprop(folder, &["evaluate", "pretrained", "--data", "csv:line.csv"]);
    assert!(done.code == 1 && done.err.contains("the network reads 28×28×1"), "{}", done.err);
    assert!(!folder.join("runs").exists());
}

#[test]
fn folds_are_told_one_by_one_and_end_with_mean_and_spread() {
    let folder = tempfile::tempdir().unwrap();
    let done = backprop(folder.path(), &["train", "xor", "--folds", "4", "--json"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let events = lines(&done.out);
    let accuracies: Vec<f64> = events[..4].iter().map(|fold| fold["accuracy"].as_f64().unwrap()).collect();
    assert_eq!(
        (&events[3]["event"], &events[3]["fold"], &events[3]["train_samples"]),
        (&"fold".into(), &4.into(), &300.into())
    );
    let mean = accuracies.iter().sum::<f64>() / 4.0;
    let spread = (accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    let last = &events[4];
    let close = |value: &serde_json::Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-9;
    assert!(events.len() == 5 && last["event"] == "folds" && close(&last["mean"]["accuracy"], mean), "{last}");
    assert!(close(&last["spread"]["accuracy"], spread) && mean > 0.95, "{last}");
    let told = backprop(folder.path(), &["train", "xor", "--folds", "4"]).out;
    assert!(told.contains("fold 4 of 4: accuracy") && told.contains("standard deviation over 4 folds"), "{told}");
    assert!(folder.path().join("runs/xor-folds-2/fold-4/weights.safetensors").is_file());
    assert_eq!(backprop(folder.path(), &["train", "xor", "--folds", "1"]).code, 2);
}

#[test]
fn data_are_described_for_people_and_for_scripts() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("readings.csv"), readings(100)).unwrap();
    let done = backprop(folder.path(), &["data", "csv:readings.csv", "--json"]);
    let told = &lines(&done.out)[0];
    assert_eq!(
        (&told["train_samples"], &told["test_samples"], &told["classes"][1]["train"]),
        (&80.into(), &20.into(), &27.into())
    );
    assert_eq!((&told["columns"][3]["name"], &told["columns"][3]["missing"]), (&"weight".into(), &1.into()));
    let told = backprop(folder.path(), &["data", "csv:readings.csv"]).out;
    assert!(told.contains("80 training and 20 test samples") && told.contains("row numbers the rows"), "{told}");
    assert!(backprop(folder.path(), &["data", "points:hills"]).out.contains("target"));
    assert!(backprop(folder.path(), &["data", "digits?count=100"]).out.contains("an image 28×28×1"));
    assert_eq!(backprop(folder.path(), &["data", "nothing"]).code, 2);
}

/// A project that lies beside its data finds them from anywhere.
#[test]
fn data_are_found_beside_their_project() {
    let folder = tempfile::tempdir().unwrap();
    line(folder.path());
    let mut beside = project("fuel", &[("data.source", "csv:line.csv"), ("training.epochs", "1")]);
    beside.set("model.1.units", "1").unwrap();
    beside.save(&folder.path().join("line.json")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = folder.path().join("line.json").display().to_string();
    let done = backprop(elsewhere.path(), &["train", &path, "--out", "run"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
}

/// A file without a header is read by the names that the training gave its columns, or by those of the features alone.
#[test]
fn rows_without_a_header_are_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = |row: usize| format!("{},{}.5,{}\n", row % 5, row * 31 % 17, 10 * (row % 5));
    fs::write(folder.join("all.csv"), (0..100).map(row).collect::<String>()).unwrap();
    let source = "csv:all.csv?names=a,b,y&task=regression";
    let train = ["train", "fuel", "--data", source, "--set", LINEAR, "--epochs", "500", "--out", "run"];
    let told = backprop(folder, &train).err;
    assert!(told.contains("\"a\" alone tells the target in 100.0 %") && told.lines().count() == 1, "{told}");
    fs::write(folder.join("few.csv"), "3,9.5\n1,0.5\n").unwrap();
    for (file, expected) in [("few.csv", [30.0, 10.0]), ("all.csv", [0.0, 10.0])] {
        let answers = lines(&backprop(folder, &["predict", "run", file, "--json"]).out);
        for (answer, expected) in answers.iter().zip(expected) {
            let value = answer["values"]["y"].as_f64().unwrap();
            assert!((value - expected).abs() < 0.5, "{file}: {value}, not {expected}");
        }
    }
}

fn test_of(preset: &str) -> Evaluation {
    let project = project(preset, &[]);
    let job =
        Arc::new(project.job(Arc::new(Dataset::load(&project.data.source, &Lookup::default()).unwrap()), 2).unwrap());
    let (_, _, outcome) = follow(&Run::start(job, Start::Running, Reports::default(), || {}).unwrap());
    let Outcome::Finished(Some(test)) = outcome else { panic!("{outcome:?}") };
    Arc::unwrap_or_clone(test)
}

#[test]
fn networks_learn_the_worlds_of_points() {
    assert!(test_of("spiral").accuracy().unwrap() >= 0.99);
    assert!(test_of("xor").accuracy().unwrap() >= 0.95);
    let hills = test_of("regression-2d");
    assert!(hills.get(&R2).unwrap() > 0.95, "{:?}", hills.figures());
}

#[test]
fn the_presets_of_tables_reach_what_their_data_allow() {
    let Some(folder) = real_data("tabular") else { return };
    for (preset, figure, least) in [
        ("iris", "accuracy", 0.95),
        ("wine", "accuracy", 0.57),
        ("fuel", "r2", 0.85),
        ("steel-plates", "accuracy", 0.75),
        ("machine-failure", "f1", 0.72),
    ] {
        let done = backprop(&folder, &["train", preset, "--folds", "5", "--json"]);
        let is_warning = |line: &str| line.starts_with("backprop: warning: training.loss.class_weights: there are");
        let warnings: Vec<&str> = done.err.lines().filter(|line| line.starts_with("backprop: ")).collect();
        assert!(done.code == 0 && warnings.iter().all(|line| is_warning(line)), "{}", done.err);
        assert_eq!(warnings.is_empty(), !["wine", "machine-failure"].contains(&preset), "{}", done.err);
        let mean = lines(&done.out)[5]["mean"][figure].as_f64().unwrap();
        assert!(mean >= least, "{preset}: {figure} {mean}");
    }
}

#[test]
fn any_path_and_any_column_name_works_on_the_command_line_and_in_a_project_file() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a+b?c&d=e,f.csv";
    let rows: String =
        (0..60).map(|row| format!("{},{},{}\n", row % 7, row % 5, if row % 7 > 3 { "up" } else { "down" })).collect();
    fs::write(folder.path().join(name), format!("\"x, y\",a+b?=&\"\"c,\"up & down\"\n{rows}")).unwrap();
    let source = format!("csv:\"{name}\"?target=\"up & down\"&ignore=\"a+b?=&\"\"\"\"c\"");
    let told = backprop(folder.path(), &["data", &source, "--json"]);
    assert_eq!(told.code, 0, "{}", told.err);
    let columns: Vec<_> =
        lines(&told.out)[0]["columns"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(columns, ["x, y"]);
    let settings = ["--epochs", "1", "--batch", "16", "--set", "model.1.units=2", "--out", "run", "--json"];
    let done = backprop(folder.path(), &[&["train", "iris", "--data", &source][..], &settings].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let again = backprop(folder.path(), &["train", "run", "--out", "again", "--json"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let evaluated = backprop(folder.path(), &["evaluate", "run", "--data", &source, "--json"]);
    assert_eq!(evaluated.code, 0, "{}", evaluated.err);
}
