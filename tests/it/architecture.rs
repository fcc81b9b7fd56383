//! The directions between the parts of the program, as `src/lib.rs` draws them.

use std::fs;
use std::path::{Path, PathBuf};

/// Who may be named by whom. `a` may say `crate::b` if b is in its row; `nn` may name nothing of ours.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("nn", &[]),
    ("data", &["nn::shape", "nn::Shape", "nn::init", "nn::knob", "nn::kernels", "nn::Answers"]),
    ("train", &["nn", "data"]),
    ("project", &["nn", "data", "train"]),
    ("cli", &["nn", "data", "train", "project", "ui::run"]),
    ("ui", &["nn", "data", "train", "project"]),
];

/// Words that a part must not say, and what they would mean.
const ABSENCES: &[(&str, &[&str])] = &[
    ("nn", &["ureq", "std::fs", "std::io", "egui", "Dataset", "epoch", "thread::spawn", "println!"]),
    ("data", &["egui", "LayerSpec", "Network", "thread::spawn", "println!"]),
    ("train", &["ureq", "egui", "rfd", "std::fs", "println!"]),
    ("project", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("cli", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a file without its tests and its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn files_of(part: &str) -> Vec<PathBuf> {
    let files = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part));
    files.into_iter().filter(|path| !path.ends_with("gradcheck.rs")).collect()
}

#[test]
fn no_part_names_one_that_it_must_not_know() {
    for (part, allowed) in DIRECTIONS {
        for path in files_of(part) {
            let code = code(&path);
            for (at, _) in code.match_indices("crate::") {
                let named: String =
                    code[at + 7..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
                let fits = |allowed: &&str| named == **allowed || named.starts_with(&format!("{allowed}::"));
                let itself = named == *part || named.starts_with(&format!("{part}::"));
                assert!(itself || allowed.iter().any(fits), "{} names crate::{named}", path.display());
            }
        }
    }
}

#[test]
fn what_a_part_must_not_say_is_absent() {
    for (part, words) in ABSENCES {
        for path in files_of(part) {
            let code = code(&path);
            for word in *words {
                assert!(!code.contains(word), "{} says {word}", path.display());
            }
        }
    }
}

#[test]
fn only_three_parts_touch_files_and_only_two_start_threads() {
    for path in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let (code, name) = (code(&path), path.display().to_string().replace('\\', "/"));
        if ["fs::read", "fs::write", "File::open", "create_dir"].iter().any(|word| code.contains(word)) {
            assert!(["/project/", "/data/", "/cli/"].iter().any(|part| name.contains(part)), "{name} touches files");
        }
        if ["thread::spawn", "thread::Builder"].iter().any(|word| code.contains(word)) {
            assert!(["/train/", "/ui/task.rs"].iter().any(|part| name.contains(part)), "{name} starts a thread");
        }
    }
}

#[test]
fn no_code_outside_tests_can_panic_on_purpose() {
    for path in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        if path.ends_with("gradcheck.rs") {
            continue;
        }
        for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("] {
            assert!(!code(&path).contains(word), "{} says {word}", path.display());
        }
    }
}
