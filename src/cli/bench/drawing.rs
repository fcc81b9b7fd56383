//! What the canvas does after every stroke: ink to pixels, pixels to probabilities.

use std::hint::black_box;

use serde_json::json;

use super::{Bench, Figure, fastest, noise};
use crate::cli::CliError;
use crate::data::{drawing::PEN_WIDTH, handwriting, sources::digits::SIDE};
use crate::project::Project;
use crate::train::Predictor;
use backprop_nn::init::stream;

/// Drawings that are timed at once.
const DRAWINGS: usize = 20;

pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    let dataset = noise();
    let mut rng = stream(0, 0);
    let drawings: Vec<_> = (0..DRAWINGS).map(|at| handwriting::draw((at % 10) as u8, &mut rng)).collect();
    for name in workloads {
        let job = bench.job(Project::find(name)?, &dataset)?;
        let (weights, mut reader) = (job.initial_weights(), Predictor::new(&job.network));
        let times = fastest(bench.seconds, 1, |_| {
            for drawing in &drawings {
                let image = black_box(drawing).image(SIDE, PEN_WIDTH);
                let pixels = image.as_ref().and_then(|image| image.as_slice()).unwrap_or_default();
                black_box(reader.read(job.trained(&weights), pixels));
            }
        });
        let time = times[0] * 1e6 / DRAWINGS as f64;
        bench.tell(
            Figure::Drawing,
            json!({ "workload": name, "threads": 1, "microseconds": time }),
            format_args!("{name:10} {time:>9.1} µs to read a drawing, 1 thread"),
        )?;
    }
    Ok(())
}
