//! `backprop bench`: every figure, for scripts and for people.

use serde_json::Value;

use crate::cli::folder_with_bars;
use crate::support::{backprop, lines};

#[test]
fn bench_prints_what_the_comparison_reads() {
    let folder = tempfile::tempdir().unwrap();
    let done = backprop(folder.path(), &["bench", "mlp", "--seconds", "0.1", "--threads", "1", "--json"]);
    let row = &lines(&done.out)[0];
    assert_eq!((&row["peer"], &row["workload"], &row["batch"]), (&"backprop".into(), &"mlp".into(), &128.into()));
    assert!(row["samples_per_s"].as_f64().unwrap() > 0.0);
}

/// Every number in a row is a number (JSON writes what is not finite as null), and none is negative: but what layers add
/// is a difference of times, and these are too short here to tell.
fn assert_sensible(value: &Value, row: &Value) {
    match value {
        Value::Null => panic!("nothing measured in {row}"),
        Value::Number(number) => assert!(number.as_f64().unwrap() >= 0.0 || row["of"] == "layers", "{row}"),
        Value::Array(values) => values.iter().for_each(|value| assert_sensible(value, row)),
        Value::Object(fields) => fields.values().for_each(|value| assert_sensible(value, row)),
        Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn bench_measures_every_figure_for_scripts_and_for_people() {
    let (folder, source) = folder_with_bars();
    let bench = |more: &[&str]| {
        let quick = ["bench", "mlp", "--data", &source, "--seconds", "0.05", "--batch", "20", "--threads", "2"];
        let done = backprop(folder.path(), &[&quick, more].concat());
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        done.out
    };
    let rows = lines(&bench(&["--measure", "all", "--json"]));
    let of = |figure: &str| rows.iter().filter(|row| row["measure"] == figure).collect::<Vec<_>>();
    let figures = ["rate", "layers", "threads", "growth", "drawing", "evaluation", "accuracy", "memory", "start"];
    assert_eq!(figures.map(|figure| of(figure).len()), [1, 4, 4, 4, 1, 1, 1, 1, 1]);
    // Flatten has nothing to run, the others add up to the whole step with what belongs to none.
    let layers = of("layers");
    let (whole, layers) = layers.split_last().unwrap();
    assert_eq!((&layers[0]["layer"], &layers[0]["ms"]), (&"1 Flatten".into(), &Value::Null));
    let ms = |row: &Value, part: &str| row[part].as_f64().unwrap();
    let sum: f64 = layers[1..].iter().map(|row| ms(row, "ms")).sum();
    assert!((sum - ms(whole, "layers_ms")).abs() < 1e-9);
    assert!((sum + ms(whole, "rest_ms") - ms(whole, "ms_per_step")).abs() < 1e-9 || ms(whole, "rest_ms") == 0.0);
    for row in &layers[1..] {
        let parts = ["forward_ms", "backward_ms", "update_ms"].map(|part| ms(row, part));
        assert!(
            (parts.iter().sum::<f64>() - ms(row, "ms")).abs() < 1e-9 && parts.iter().all(|part| *part > 0.0),
            "{row}"
        );
        assert!(row["bytes"].as_u64().unwrap() > 4 * row["params"].as_u64().unwrap());
    }
    let rows_with_numbers = rows.iter().filter(|row| row["layer"] != "1 Flatten");
    for row in rows_with_numbers.filter(|row| cfg!(target_os = "linux") || !row.to_string().contains("_bytes")) {
        assert_sensible(row, row);
    }
    assert!(of("threads").iter().all(|row| row["same_losses"] == true));
    let threads: Vec<_> = of("threads").iter().map(|row| row["threads"].as_u64()).collect();
    assert_eq!(threads, [Some(1), Some(2), Some(4), Some(8)]);
    let grows: Vec<_> = of("growth").iter().map(|row| row["of"].as_str().unwrap()).collect();
    assert_eq!(grows, ["samples", "layers", "layers", "epochs"]);
    for row in &of("growth")[..3] {
        let ratios: Vec<f64> = row["ratios"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        assert!(ratios.len() == 3 && ratios[0] == 1.0, "{row}");
    }
    assert_eq!(
        (&of("evaluation")[0]["samples"], &of("accuracy")[0]["reached"][1]["percent"]),
        (&40.into(), &99.0.into())
    );
    let memory = of("memory")[0];
    assert_eq!(memory["pixel_bytes"], 240 * 784);
    assert!(!cfg!(target_os = "linux") || memory["peak_bytes"].as_u64() > memory["pixel_bytes"].as_u64(), "{memory}");

    let told = bench(&["--measure", "layers,threads,drawing,memory,accuracy", "--runs", "2"]);
    for words in [
        "ms a step, the mean of the middle half of",
        "samples, loss and waiting",
        "ms a step, 1 threads",
        "the same to the bit",
        "µs to read a drawing",
        "MB at most",
        "99 % in 2 of 2 runs, after epoch",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("NaN") && !told.contains("inf"), "{told}");
}
