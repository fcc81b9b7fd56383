//! A run that is encrypted, and opened again.

use std::fs;
use std::process::{Command, Output};

use crate::support::{Done, backprop};

/// Runs the program with a passphrase in its environment.
fn with_passphrase(folder: &std::path::Path, passphrase: &str, arguments: &[&str]) -> Done {
    let program = Command::new(env!("CARGO_BIN_EXE_backprop"))
        .args(arguments)
        .current_dir(folder)
        .env("BACKPROP_PASSPHRASE", passphrase)
        .output();
    let Output { status, stdout, stderr } = program.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

#[test]
fn a_run_leaves_encrypted_and_answers_as_before_where_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    assert_eq!(backprop(place, &["train", "iris", "--epochs", "3", "--out", "run"]).code, 0);
    fs::write(
        place.join("row.csv"),
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5,3,1.5,0.2\n",
    )
    .unwrap();
    let answers = |run: &str| {
        let done = backprop(place, &["predict", run, "row.csv", "--json"]);
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    let before = answers("run");
    let words = "correct horse battery staple";
    let done = with_passphrase(place, words, &["encrypt", "run"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = with_passphrase(place, "correct horse", &["decrypt", "run.age", "--out", "opened"]);
    assert!(
        done.code == 1 && done.err.contains("another passphrase") && !place.join("opened").exists(),
        "{}",
        done.err
    );
    fs::write(place.join("words.txt"), format!("{words}\nand more\n")).unwrap();
    let open = ["decrypt", "run.age", "--out", "opened", "--passphrase-file", "words.txt"];
    let done = backprop(place, &open);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(answers("opened"), before);
    for (arguments, code, said) in [
        (&["encrypt", "run"][..], 1, "run.age: is there already"),
        (&["decrypt", "run.age"], 1, "run: is there already"),
        (&["decrypt", "row.csv", "--out", "x"], 1, "is no file that was encrypted"),
        (&["decrypt", "nothing.age"], 1, "nothing.age"),
        (&["encrypt", "row.csv"], 1, "is no folder"),
    ] {
        let done = with_passphrase(place, words, arguments);
        assert!(done.code == code && done.err.contains(said), "{arguments:?}: {}", done.err);
    }
    let done = with_passphrase(place, "", &["encrypt", "run", "--out", "other.age"]);
    assert!(done.code == 1 && done.err.contains("the passphrase is empty") && !place.join("other.age").exists());
}
