//! How long the command line takes to be of use: a whole process that reads its arguments and every preset.

use std::env;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use super::{Bench, Figure};
use crate::cli::CliError;

const STARTS: usize = 21;

pub fn run(bench: &Bench) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::Failed(format!("the program could not be started: {error}"));
    let program = env::current_exe().map_err(failed)?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        Command::new(&program).arg("presets").stdout(Stdio::null()).status().map_err(failed)?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let median = times[STARTS / 2];
    bench.tell(
        Figure::Start,
        json!({ "milliseconds": median }),
        format_args!("{:10} {median:>9.1} ms for a whole `backprop presets`, median of {STARTS}", "start"),
    )
}
