//! THE LIST of schedules: how the learning rate goes from the first step of a run to the last.

mod constant;
mod cosine;
mod exponential;
mod one_cycle;
mod plateau;
mod polynomial;
mod step;

use std::f32::consts::PI;

use crate::field::Settings;
use crate::registry;

pub use constant::Constant;
pub use cosine::{Cosine, CosineRestarts};
pub use exponential::Exponential;
pub use one_cycle::OneCycle;
pub use plateau::Plateau;
pub use polynomial::Polynomial;
pub use step::Step;

/// How the learning rate `ηₚ` at the share `p` of the run follows from the rate `η` that is set.
pub trait LrSchedule: Settings + Send + Sync {
    /// `ηₚ / η` at `progress`, 0 to 1: the share of the run's steps that are done. It depends on nothing else, so that it
    /// can be drawn before the run.
    fn factor(&self, progress: f32) -> f32;
}

registry! {
    /// Any schedule, as declared in a project.
    pub enum ScheduleSpec: LrSchedule, once tagged "schedule" {
        Constant = "constant",
        Step = "step",
        Exponential = "exponential",
        Cosine = "cosine",
        CosineRestarts = "cosine_restarts",
        Polynomial = "polynomial",
        OneCycle = "one_cycle",
        Plateau = "plateau",
    }
}

impl Default for ScheduleSpec {
    fn default() -> Self {
        Self::Constant(Constant {})
    }
}

fn half_wave(from: f32, to: f32, share: f32) -> f32 {
    to + (from - to) * (0.5 * (1.0 + (PI * share).cos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Choose as _;

    fn read(text: &str) -> ScheduleSpec {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_rate_goes_as_drawn() {
        for (schedule, expected) in [
            (r#""constant""#, [1.0; 5]),
            (r#""cosine""#, [1.0, 0.853_553_4, 0.5, 0.146_446_6, 0.0]),
            (r#"{"kind":"step","parts":4,"factor":0.5}"#, [1.0, 0.5, 0.25, 0.125, 0.125]),
            (r#"{"kind":"exponential","end":0.0001}"#, [1.0, 0.1, 0.01, 0.001, 0.0001]),
            (r#"{"kind":"cosine_restarts","cycles":2}"#, [1.0, 0.5, 1.0, 0.5, 0.0]),
            (r#"{"kind":"cosine_restarts","cycles":2,"growth":3}"#, [1.0, 1.0, 0.75, 0.25, 0.0]),
            (r#""polynomial""#, [1.0, 0.75, 0.5, 0.25, 0.0]),
            (r#"{"kind":"one_cycle","rise":0.5,"start":0.2,"end":0.0}"#, [0.2, 0.6, 1.0, 0.5, 0.0]),
            (r#""plateau""#, [1.0; 5]),
        ] {
            let schedule_read = read(schedule);
            let got = [0.0, 0.25, 0.5, 0.75, 1.0].map(|progress| schedule_read.factor(progress));
            assert!(got.iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-5), "{schedule}: {got:?}");
        }
    }

    #[test]
    fn each_is_written_in_full_and_read_by_its_name_too() {
        for schedule in ScheduleSpec::all() {
            let text = serde_json::to_value(&schedule).unwrap();
            assert_eq!(serde_json::from_value::<ScheduleSpec>(text.clone()).unwrap(), schedule);
            assert_eq!(serde_json::from_value::<ScheduleSpec>(text["kind"].clone()).unwrap(), schedule);
            let mut other = ScheduleSpec::default();
            other.choose(schedule.chosen());
            assert_eq!(other, schedule);
        }
        for (text, expected) in [
            (r#""sudden""#, "unknown variant `sudden`, expected one of `constant`"),
            (r#"{"kind":"step","size":3}"#, "unknown field `size`"),
            ("3", "expected a kind"),
        ] {
            let error = serde_json::from_str::<ScheduleSpec>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
