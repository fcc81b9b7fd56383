//! The directions between the parts of the program, as `src/lib.rs` draws them.

use std::fs;
use std::path::{Path, PathBuf};

/// Who may be named by whom. `a` may say `crate::b` if b is in its row.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("src/data", &[]),
    ("src/train", &["data"]),
    ("src/project", &["data", "train"]),
    ("src/explain", &["data", "train", "project"]),
    ("src/runs", &["data", "train", "project"]),
    ("src/export", &["data", "train", "project"]),
    ("src/lesson", &["data", "train", "project", "runs"]),
    ("src/import", &["data", "project", "export::onnx::proto"]),
    ("src/predict", &["data", "train", "project"]),
    ("src/serve", &["data", "train", "project", "export", "predict"]),
    ("src/report", &["data", "train", "project", "runs", "explain", "export"]),
    (
        "src/cli",
        &[
            "data", "train", "project", "runs", "explain", "export", "import", "predict", "report", "serve",
            "glossary", "lesson", "language", "ui::run",
        ],
    ),
    (
        "src/ui",
        &[
            "data", "train", "project", "runs", "explain", "export", "import", "report", "glossary", "lesson",
            "language",
        ],
    ),
];

/// What `data` may name of the engine: samples have shapes and numbers, and know no layer.
const ENGINE_OF_DATA: &[&str] = &["shape", "Shape", "init", "field", "kernels", "Targets", "MASKED"];

/// Words that a part must not say, and what they would mean.
const ABSENCES: &[(&str, &[&str])] = &[
    (ENGINE, &["ureq", "egui", "Dataset", "thread::spawn", "println!"]),
    ("src/data", &["egui", "LayerSpec", "Network", "thread::spawn", "println!"]),
    ("src/train", &["ureq", "egui", "rfd", "std::fs", "println!"]),
    ("src/project", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("src/explain", &["ureq", "egui", "rfd", "std::fs", "thread::spawn", "println!"]),
    ("src/runs", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("src/export", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("src/import", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("src/predict", &["ureq", "egui", "rfd", "std::fs", "thread::spawn", "println!"]),
    ("src/report", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("src/lesson", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
    ("src/serve", &["ureq", "egui", "rfd", "std::fs", "thread::spawn", "println!"]),
    ("src/cli", &["ureq", "egui", "rfd", "thread::spawn", "println!"]),
];

const ENGINE: &str = "crates/backprop-nn/src";

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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All sources of the program and its packages.
fn sources() -> Vec<PathBuf> {
    let mut files = rust_files(&root().join("src"));
    files.extend(rust_files(&root().join(ENGINE)));
    files
}

fn files_of(folder: &str) -> Vec<PathBuf> {
    let files = rust_files(&root().join(folder));
    files.into_iter().filter(|path| !path.ends_with("gradcheck.rs")).collect()
}

/// The paths that a text names below a crate, `a::b` of `crate::a::b`.
fn named<'a>(code: &'a str, krate: &'a str) -> impl Iterator<Item = String> + 'a {
    code.match_indices(krate).map(move |(at, _)| {
        let rest = &code[at + krate.len()..];
        rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect()
    })
}

fn is_below(path: &str, part: &str) -> bool {
    path == part || path.starts_with(&format!("{part}::"))
}

#[test]
fn no_part_names_one_that_it_must_not_know() {
    for (folder, allowed) in DIRECTIONS {
        let part = folder.trim_start_matches("src/");
        for path in files_of(folder) {
            for named in named(&code(&path), "crate::") {
                let is_allowed = is_below(&named, part) || allowed.iter().any(|allowed| is_below(&named, allowed));
                assert!(is_allowed, "{} names crate::{named}", path.display());
            }
        }
    }
    for path in files_of("src/data") {
        for named in named(&code(&path), "backprop_nn::").filter(|named| !named.is_empty()) {
            let is_allowed = ENGINE_OF_DATA.iter().any(|allowed| is_below(&named, allowed));
            assert!(is_allowed, "{} names backprop_nn::{named}", path.display());
        }
    }
}

/// The parts of the window, each of which may name those before it.
const WINDOW: &[&str] = &["theme", "widgets", "state", "commands", "jobs", "views", "app"];

#[test]
fn a_part_of_the_window_names_only_those_below_it() {
    for (floor, part) in WINDOW.iter().enumerate() {
        let folder = root().join("src/ui").join(part);
        let files = if folder.is_dir() { rust_files(&folder) } else { vec![folder.with_extension("rs")] };
        for path in files {
            for named in named(&code(&path), "crate::ui::") {
                let is_allowed = WINDOW[..=floor].iter().any(|allowed| is_below(&named, allowed));
                assert!(is_allowed, "{} names crate::ui::{named}", path.display());
            }
        }
    }
}

#[test]
fn no_files_of_the_window_import_each_other_in_a_circle() {
    let folder = root().join("src/ui");
    let files = rust_files(&folder);
    // A file is named by its module path; what lies in a folder of its name may name it as its parent.
    let module = |path: &Path| {
        let inside = path.strip_prefix(&folder).unwrap().with_extension("");
        let parts: Vec<_> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        parts.into_iter().filter(|part| part != "mod").collect::<Vec<_>>().join("::")
    };
    let modules: Vec<String> = files.iter().map(|path| module(path)).collect();
    let file_of = |named: &str| {
        let matching = (0..modules.len()).filter(|at| !modules[*at].is_empty() && is_below(named, &modules[*at]));
        matching.max_by_key(|at| modules[*at].len())
    };
    let imports = |at: usize| -> Vec<usize> {
        let (code, parent) = (code(&files[at]), modules[at].rsplit_once("::").map_or("", |(parent, _)| parent));
        let absolute = named(&code, "crate::ui::").collect::<Vec<_>>();
        let relative = named(&code, "super::").map(|named| format!("{parent}::{named}"));
        let found = absolute.into_iter().chain(relative).filter_map(|named| file_of(&named));
        found.filter(|other| *other != at && !is_below(&modules[at], &modules[*other])).collect()
    };
    // Files that import nothing which is left, or that nothing left imports, are taken away; what stays is in a circle.
    let mut left: Vec<(usize, Vec<usize>)> = (0..files.len()).map(|at| (at, imports(at))).collect();
    loop {
        let names: Vec<usize> = left.iter().map(|(at, _)| *at).collect();
        let count = left.len();
        let imported: Vec<usize> = left.iter().flat_map(|(_, imports)| imports).copied().collect();
        left.retain(|(at, imports)| imported.contains(at) && imports.iter().any(|other| names.contains(other)));
        if left.len() == count {
            break;
        }
    }
    let circle: Vec<_> = left.iter().map(|(at, _)| &modules[*at]).collect();
    assert!(circle.is_empty(), "these import each other: {circle:?}");
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
fn only_some_parts_touch_files_and_only_three_start_threads() {
    for path in sources() {
        let (code, name) = (code(&path), path.display().to_string().replace('\\', "/"));
        if ["fs::read", "fs::write", "File::open", "create_dir"].iter().any(|word| code.contains(word)) {
            assert!(
                [
                    "/project/",
                    "/runs/",
                    "/export/",
                    "/import/",
                    "/report/",
                    "/lesson/",
                    "/data/",
                    "/cli/",
                    "nn/src/model/file.rs"
                ]
                .iter()
                .any(|part| name.contains(part)),
                "{name} touches files"
            );
        }
        if ["thread::spawn", "thread::Builder", "thread::scope"].iter().any(|word| code.contains(word)) {
            assert!(
                ["/train/", "/ui/jobs/", "/runs/queue.rs"].iter().any(|part| name.contains(part)),
                "{name} starts a thread"
            );
        }
    }
}

#[test]
fn no_code_outside_tests_can_panic_on_purpose() {
    for path in sources() {
        // A module of tests may have files of its own.
        let is_of_tests = path.components().any(|part| part.as_os_str() == "tests");
        if is_of_tests || ["gradcheck.rs", "tests.rs", "reference.rs"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("] {
            assert!(!code(&path).contains(word), "{} says {word}", path.display());
        }
    }
}
