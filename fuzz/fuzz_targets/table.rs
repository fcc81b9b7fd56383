//! Any bytes as a table: samples, a series, or one sentence that refuses them; never a panic.
//! `cargo +nightly fuzz run table`
#![no_main]

use std::fs;
use std::sync::LazyLock;

use backprop_studio::data::Dataset;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder for the file"));

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("table");
    fs::write(&path, bytes).expect("the file is written");
    for source in ["csv", "series"] {
        match Dataset::read(&format!("{source}:{}", path.display())) {
            Ok(dataset) => assert!(!dataset.train.is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
