//! Any bytes as a picture or a drawing for a network that reads 28×28 pixels; never a panic.
//! `cargo +nightly fuzz run picture`
#![no_main]

use std::fs;
use std::sync::LazyLock;

use backprop_nn::Shape;
use backprop_studio::data::pictures;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder for the file"));

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("picture");
    fs::write(&path, bytes).expect("the file is written");
    let _ = pictures::read(&path, Shape::image(28, 28, 1));
});
