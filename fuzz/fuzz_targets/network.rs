//! Any bytes as an ONNX file: a run, or one error that says why not; never a panic. `cargo +nightly fuzz run network`
#![no_main]

use backprop_studio::import::{Around, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = read(bytes, "any", &Around::default()) {
        assert!(!error.to_string().is_empty());
    }
});
