//! The model card that goes with every export.

use std::fs;

use backprop_studio::project::RunFolder;
use sha2::{Digest as _, Sha256};

use crate::support::backprop;

#[test]
fn a_card_says_what_the_network_does_reaches_and_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let train = ["train", "example:iris", "--epochs", "2", "--out", "run"];
    assert_eq!(backprop(place, &train).code, 0);
    let done = backprop(place, &["export", "run", "--to", "safetensors", "--out", "out"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let card = fs::read_to_string(place.join("out/model-card.md")).unwrap();
    let run = RunFolder::find(&place.join("run").to_string_lossy()).unwrap();
    for said in [
        "setosa, versicolor, virginica",
        "It reads a row of 4 numbers",
        "`example:iris`",
        "The license of these data is not known to the program",
        "| accuracy |",
        "| class | precision | recall | F1 | samples |",
        "Measured on fewer than 30 test samples each: setosa",
        "is equal to the last bit",
        run.project.to_text().unwrap().trim_end(),
    ] {
        assert!(card.contains(said), "{said}\n{card}");
    }
    let bytes = fs::read(place.join("out/model.safetensors")).unwrap();
    let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(card.contains(&format!("| model.safetensors | `{sum}` |")), "{card}");
    // What it says that repeats the run does so.
    let project = card.split("```json\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    fs::write(place.join("project.json"), project).unwrap();
    assert_eq!(backprop(place, &["train", "project.json", "--out", "again"]).code, 0);
    let weights = |run: &str| fs::read(place.join(run).join("weights.safetensors")).unwrap();
    assert_eq!(weights("again"), weights("run"));
}

#[test]
fn a_license_beside_the_data_is_in_the_card_and_unread_data_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    fs::create_dir(place.join("data")).unwrap();
    let rows: String = (0..60).map(|at| format!("{},{}\n", at % 7, f64::from(at) * 0.5 + 1.0)).collect();
    fs::write(place.join("data/table.csv"), format!("a,b\n{rows}")).unwrap();
    fs::write(place.join("data/LICENSE"), "For lessons alone.\n").unwrap();
    assert_eq!(backprop(place, &["train", "data/table.csv", "--epochs", "1", "--out", "run"]).code, 0);
    let card = |out: &str| {
        let done = backprop(place, &["export", "run", "--to", "safetensors", "--out", out]);
        assert_eq!(done.code, 0, "{}", done.err);
        fs::read_to_string(place.join(out).join("model-card.md")).unwrap()
    };
    let read = card("one");
    assert!(read.contains("```text\nFor lessons alone.\n```") && read.contains("predicts b"), "{read}");
    fs::remove_dir_all(place.join("data")).unwrap();
    let unread = card("two");
    assert!(
        unread.contains("could not be read when this was written") && unread.contains("no test samples"),
        "{unread}"
    );
}
