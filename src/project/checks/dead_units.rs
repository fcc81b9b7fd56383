//! Units that give zero whatever the sample is, so that no gradient passes through them.

use super::plain::Plain;
use super::{Case, Finding, GENERATOR, percent};
use backprop_nn::Inspection;

/// A layer with this share of dead units hardly lets anything pass.
const MOST: f64 = 0.5;

/// The layer with the largest share of dead units.
struct Worst {
    layer: String,
    dead: usize,
    units: usize,
}

/// Checks the activations with the initial weights.
pub fn check(case: &Case<'_>) -> Finding {
    let Some(plain) = &case.plain else { return Finding::not_applicable(GENERATOR) };
    let Some(Worst { layer, dead, units }) = worst(plain) else {
        return Finding::not_applicable("There is no layer before the outputs.");
    };
    let samples = plain.job.split.train.len();
    let share = dead as f64 / units as f64;
    let numbers = match dead {
        0 => format!("No unit gives 0 for all of {samples} samples"),
        _ => format!("{dead} of {units} units of {layer} give 0 for all of {samples} samples, {}", percent(share)),
    };
    let fault = (share >= MOST).then_some(
        "no gradient passes through them; choose another initialization, or Leaky ReLU, and look at the scale of the inputs",
    );
    Finding::of(&numbers, fault)
}

/// A unit is a number of the last axis, at all places of the others. The outputs may well begin at zero.
fn worst(plain: &Plain) -> Option<Worst> {
    let network = &plain.job.network;
    let mut inspection = Inspection::new(&plain.model, network.input(), network.output()).ok()?;
    inspection.forward(&plain.weights, &plain.inputs());
    let places = inspection.places();
    let dead_at = |at: usize| {
        let units = places[at].shape.channels();
        let mut is_alive = vec![false; units];
        for values in inspection.values(at).chunks_exact(units) {
            is_alive.iter_mut().zip(values).for_each(|(alive, value)| *alive |= *value != 0.0);
        }
        let path: Vec<_> = places[at].path.iter().map(|step| (step + 1).to_string()).collect();
        let layer = format!("layer {} ({})", path.join("."), places[at].label);
        Worst { layer, dead: is_alive.iter().filter(|alive| !**alive).count(), units }
    };
    let share = |worst: &Worst| worst.dead as f64 / worst.units as f64;
    (1..places.len() - 1).map(dead_at).reduce(|worst, other| if share(&other) > share(&worst) { other } else { worst })
}
