//! What each layer takes of a step, and the whole step.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Bench, Figure, noise, pool};
use crate::cli::terminal::grouped;
use crate::cli::{CliError, load_data, say};
use crate::data::DEFAULT_SOURCE;
use crate::explain::budget::{Budget, LayerCost, Timing};
use crate::project::Project;

pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    let (noise, pool) = (noise(), pool(bench.threads())?);
    for name in workloads {
        let project = Project::find(name)?;
        // The time does not depend on the pixels.
        let dataset = match project.data.source.to_string().starts_with(DEFAULT_SOURCE) {
            true => Arc::clone(&noise),
            false => load_data(&project, name)?,
        };
        let job = bench.job(project.clone(), &dataset)?;
        let budget = pool.install(|| Budget::measured(&project, &job, Duration::from_secs_f64(bench.seconds)));
        let Some(timing) = budget.timing else { continue };
        tell(bench, name, &budget, timing)?;
    }
    Ok(())
}

fn tell(bench: &Bench, name: &str, budget: &Budget, timing: Timing) -> Result<(), CliError> {
    let Timing { step, threads, steps } = timing;
    if !bench.json {
        say(format_args!(
            "{name}: {:.3} ms a step, the mean of the middle half of {steps}; {threads} threads, batch {}",
            1e3 * step,
            budget.batch
        ))?;
    }
    for LayerCost { name: layer, detail, params, multiply_adds, bytes, time } in &budget.layers {
        let ms = time.map(|time| 1e3 * time.total());
        let [forward, backward, update] = time.map_or([Value::Null, Value::Null, Value::Null], |time| {
            [time.forward, time.backward, time.update].map(|seconds| json!(1e3 * seconds))
        });
        let share = ms.map(|ms| ms / 1e3 / step);
        let told = match (ms, share) {
            (Some(ms), Some(share)) => format!("{ms:>9.3} ms {:>5.1} %", 100.0 * share),
            _ => format!("{:>9} ms {:>5} %", "–", "–"),
        };
        bench.tell(
            Figure::Layers,
            json!({
                "workload": name, "threads": threads, "batch": budget.batch, "layer": layer, "detail": detail, "params": params,
                "multiply_adds": multiply_adds, "bytes": bytes, "forward_ms": forward, "backward_ms": backward,
                "update_ms": update, "ms": ms, "share": share,
            }),
            format_args!(
                "  {:<36} {told} {:>12} parameters {:>14} multiply-adds {:>9} kB",
                format!("{layer} {detail}").trim(),
                grouped(*params),
                grouped(*multiply_adds as usize),
                grouped((bytes / 1000) as usize)
            ),
        )?;
    }
    let rest = budget.rest().unwrap_or(0.0);
    bench.tell(
        Figure::Layers,
        json!({
            "workload": name, "threads": threads, "batch": budget.batch, "steps": steps, "ms_per_step": 1e3 * step,
            "layers_ms": 1e3 * budget.layers_time(), "rest_ms": 1e3 * rest, "shared_bytes": budget.shared_bytes,
        }),
        format_args!(
            "  {:<36} {:>9.3} ms {:>5.1} %",
            "samples, loss and waiting",
            1e3 * rest,
            100.0 * rest / step.max(f64::MIN_POSITIVE)
        ),
    )
}
