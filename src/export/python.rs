//! The Python of this machine that has what an export needs.

use super::proof::version;

/// A Python with the modules that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The program.
    pub program: String,
    /// The version of the first module.
    pub version: String,
}

/// Names the Python to take.
const VARIABLE: &str = "BACKPROP_PYTHON";

impl Python {
    /// The first of `BACKPROP_PYTHON`, `python3` and `python` that has these modules, or a sentence that says what to
    /// install.
    ///
    /// # Errors
    /// If none has them.
    pub fn with(modules: &[&str]) -> Result<Self, String> {
        let first = modules.first().copied().unwrap_or("sys");
        let code = format!("import {}; print({first}.__version__)", modules.join(", "));
        let named = std::env::var(VARIABLE).ok();
        let programs = named.into_iter().chain(["python3".to_owned(), "python".to_owned()]);
        let found = programs.into_iter().find_map(|program| {
            let version = version(&program, &["-c", &code])?;
            Some(Self { program, version })
        });
        found.ok_or_else(|| {
            let install = modules.join(" ");
            format!(
                "no Python has {install}; install them with `pip install {install}`, or name a Python in {VARIABLE}"
            )
        })
    }
}
