//! What more threads bring, and that they change nothing else.

use rayon::ThreadPool;
use serde_json::json;

use super::{Bench, Figure, fastest, noise, pool};
use crate::cli::CliError;
use crate::project::Project;
use crate::train::learner::{Step, Trainer};
use crate::train::{Job, default_threads};

const COUNTS: [usize; 4] = [1, 2, 4, 8];

/// Steps that are timed at once, and whose losses are compared.
const STEPS: usize = 20;

pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    let dataset = noise();
    let pools = COUNTS.map(pool).into_iter().collect::<Result<Vec<_>, _>>()?;
    for name in workloads {
        let job = bench.job(Project::find(name)?, &dataset)?;
        let trainer = |pool: &ThreadPool| pool.install(|| Trainer::new(&job, job.initial_weights()));
        let mut trainers: Vec<_> = pools.iter().map(trainer).collect();
        let mut bout = |at: usize| pools[at].install(|| losses(&job, &mut trainers[at]));
        let curves: Vec<_> = (0..COUNTS.len()).map(&mut bout).collect();
        let same = curves.iter().all(|curve| *curve == curves[0]);
        let times = fastest(bench.seconds, COUNTS.len(), |at| drop(bout(at)));
        tell(bench, name, &times, same)?;
    }
    Ok(())
}

/// The loss of each of the next steps, as bits.
fn losses(job: &Job, trainer: &mut Trainer<'_>) -> Vec<u64> {
    let batches = job.split.train.chunks_exact(job.training.batch).cycle().take(STEPS);
    let losses =
        (1..).zip(batches).map(|(step, batch)| trainer.step(batch, Step::new(step, job.training.learning_rate)).loss);
    losses.map(f64::to_bits).collect()
}

fn tell(bench: &Bench, name: &str, times: &[f64], same: bool) -> Result<(), CliError> {
    let batch = bench.batch;
    for (&threads, time) in COUNTS.iter().zip(times) {
        let ms = time * 1e3 / STEPS as f64;
        let simulated = threads > default_threads();
        let note = if simulated { " (simulated: more threads than cores)" } else { "" };
        bench.tell(
            Figure::Threads,
            json!({
                "workload": name, "threads": threads, "batch": batch, "ms_per_step": ms, "simulated": simulated,
                "same_losses": same,
            }),
            format_args!("{name:10} {ms:>9.3} ms a step, {threads} threads, batch {batch}{note}"),
        )?;
    }
    if bench.json {
        return Ok(());
    }
    let verdict = if same { "the same to the bit" } else { "NOT the same" };
    crate::cli::say(format_args!("{name:10} the losses of the first {STEPS} steps are {verdict} on all of them"))
}
