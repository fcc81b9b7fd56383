//! The test samples of a data set, read as they are at the end of a run.

use std::sync::Arc;

use serde_json::json;

use super::{Bench, Figure, fastest, pool};
use crate::cli::CliError;
use crate::cli::terminal::grouped;
use crate::data::Dataset;
use crate::project::Project;
use crate::train::Subset;

pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    let dataset = Arc::new(Dataset::read(&bench.data)?);
    let pool = pool(bench.threads())?;
    for name in workloads {
        let job = bench.job(Project::find(name)?, &dataset)?;
        let weights = job.initial_weights();
        let times = fastest(bench.seconds, 1, |_| drop(pool.install(|| job.evaluate(&weights, Subset::Test))));
        let (samples, threads) = (dataset.test.len(), job.threads);
        let rate = samples as f64 / times[0];
        bench.tell(
            Figure::Evaluation,
            json!({
                "workload": name, "data": dataset.name, "threads": threads, "samples": samples,
                "samples_per_s": rate.round(),
            }),
            format_args!(
                "{name:10} {:>9} test samples/s out of {} of {}, {threads} threads",
                grouped(rate as usize),
                grouped(samples),
                dataset.name
            ),
        )?;
    }
    Ok(())
}
