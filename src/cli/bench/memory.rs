//! The memory of this process, and the most that a training needs.

use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bench, Figure, follow};
use crate::cli::CliError;
use crate::data::Dataset;
use crate::project::Project;

/// A peak belongs to a whole process, so every workload gets a fresh one: this one, if nothing else is asked of it.
pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    if let ([name], [Figure::Memory]) = (workloads, &bench.measure[..]) {
        return tell(bench, measure(bench, name)?);
    }
    workloads.iter().try_for_each(|name| tell(bench, measure_in_child(bench, name)?))
}

/// An epoch on all training samples, then the test samples.
fn measure(bench: &Bench, name: &str) -> Result<Value, CliError> {
    let dataset = Arc::new(Dataset::read(&bench.data)?);
    let mut job = bench.job(Project::find(name)?, &dataset)?;
    job.training.epochs = 1;
    follow(job, |_| {})?;
    Ok(json!({
        "workload": name, "data": dataset.name, "threads": bench.threads(), "batch": bench.batch,
        "pixel_bytes": dataset.shape.len() * (dataset.train.len() + dataset.test.len()), "peak_bytes": peak(),
    }))
}

fn measure_in_child(bench: &Bench, name: &str) -> Result<Value, CliError> {
    let failed = |error: std::io::Error| CliError::Failed(format!("the program could not be started: {error}"));
    let child = Command::new(env::current_exe().map_err(failed)?)
        .args(["bench", name, "--measure", "memory", "--json", "--data", &bench.data])
        .args(["--threads", &bench.threads().to_string(), "--batch", &bench.batch.to_string()])
        .output()
        .map_err(failed)?;
    if child.status.success() {
        return serde_json::from_slice(&child.stdout).map_err(|error| CliError::Failed(error.to_string()));
    }
    let said = String::from_utf8_lossy(&child.stderr);
    let said = said.trim().trim_start_matches("backprop: ").to_owned();
    Err(if child.status.code() == Some(2) { CliError::Usage(said) } else { CliError::Failed(said) })
}

fn tell(bench: &Bench, row: Value) -> Result<(), CliError> {
    let megabytes = |field: &str| row[field].as_f64().map(|bytes| format!("{:.1} MB", bytes / 1e6));
    let line = format!(
        "{:10} {:>9} at most, {} of them pixels of {}, {} threads, batch {}",
        row["workload"].as_str().unwrap_or_default(),
        megabytes("peak_bytes").unwrap_or_else(|| "not measured on this system".to_owned()),
        megabytes("pixel_bytes").unwrap_or_default(),
        row["data"].as_str().unwrap_or_default(),
        row["threads"],
        row["batch"],
    );
    bench.tell(Figure::Memory, row, line)
}

/// The most memory that this process has had, in bytes; nothing where the system does not say.
fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// The memory that this process has now.
pub fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// A line of Linux's account of this process, such as "VmRSS:     1234 kB".
fn status(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
