use serde::{Deserialize, Serialize};

use crate::nn::knob::choice;

/// How the learning rate goes from the first step of a run to the last: a pure function of progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    #[default]
    Constant,
    /// Half a cosine wave, from the full rate to zero (Loshchilov & Hutter 2017, without restarts).
    Cosine,
}

choice!(Schedule { Constant => "Constant", Cosine => "Cosine" });

impl Schedule {
    /// The share of the learning rate at `progress`, the share of the run's steps that are done, 0 to 1.
    pub fn factor(self, progress: f32) -> f32 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 * (1.0 + (std::f32::consts::PI * progress.clamp(0.0, 1.0)).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_goes_as_drawn() {
        let at = |schedule: Schedule| [0.0, 0.25, 0.5, 0.75, 1.0].map(|progress| schedule.factor(progress));
        assert_eq!(at(Schedule::Constant), [1.0; 5]);
        let expected = [1.0, 0.853_553_4, 0.5, 0.146_446_6, 0.0];
        assert!(at(Schedule::Cosine).iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-6));
    }
}
