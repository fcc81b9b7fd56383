//! What the validation loss decides during a run: when to reduce the learning rate, and when to stop.

use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::schedule::Plateau;

/// Stops a run whose validation loss no longer improves, and restores the weights with which it was lowest. They are
/// restored however the run ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// Epochs without improvement of the validation loss before the run stops and the best weights are restored. 0 is
    /// off; 1 may stop it by accident.
    ///
    /// As in Keras.
    #[field(default = 0, range = 0..=u32::MAX as usize, slider = 0..=100)]
    pub patience: usize,
    /// Smallest decrease of the validation loss that counts as an improvement (min delta). Too large, and the run stops
    /// while it still learns.
    #[field(label = "Minimum improvement", default = 0.0, range = 0.0..=1.0, logarithmic)]
    pub min_delta: f32,
}

impl EarlyStopping {
    /// Whether every epoch is trained.
    pub fn is_off(&self) -> bool {
        self.patience == 0
    }
}

/// Counts the epochs without improvement.
#[derive(Clone, Copy, Debug)]
struct Patience {
    lowest: f32,
    waited: usize,
}

impl Patience {
    const NEW: Self = Self { lowest: f32::INFINITY, waited: 0 };

    /// Takes the loss of an epoch, which improves if it is below `threshold` of the lowest; the epochs since one did.
    fn observe(&mut self, loss: f32, threshold: impl Fn(f32) -> f32) -> usize {
        if loss < threshold(self.lowest) {
            *self = Self { lowest: loss, waited: 0 };
        } else {
            self.waited += 1;
        }
        self.waited
    }
}

/// [`EarlyStopping`] at work.
#[derive(Clone, Debug)]
pub struct EarlyStopper {
    settings: EarlyStopping,
    patience: Patience,
}

impl EarlyStopper {
    /// Before the first epoch.
    pub fn new(settings: EarlyStopping) -> Self {
        Self { settings, patience: Patience::NEW }
    }

    /// Takes the validation loss of an epoch; true if the run should stop.
    pub fn observe(&mut self, loss: f32) -> bool {
        let EarlyStopping { patience, min_delta } = self.settings;
        self.patience.observe(loss, |lowest| lowest - min_delta) >= patience && patience > 0
    }
}

/// [`Plateau`] at work.
#[derive(Clone, Debug)]
pub struct ReduceOnPlateau {
    settings: Plateau,
    patience: Patience,
    /// What the learning rate is multiplied by.
    pub factor: f32,
}

impl ReduceOnPlateau {
    /// Before the first epoch.
    pub fn new(settings: Plateau) -> Self {
        Self { settings, patience: Patience::NEW, factor: 1.0 }
    }

    /// Takes the validation loss of an epoch, and reduces the factor if it has not improved for too long.
    pub fn observe(&mut self, loss: f32) {
        if self.patience.observe(loss, |lowest| lowest * (1.0 - 1e-4)) > self.settings.patience {
            self.factor *= self.settings.factor;
            self.patience.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_after_as_many_epochs_without_improvement_as_were_set() {
        let stops = |patience, min_delta, losses: &[f32]| {
            let mut stopper = EarlyStopper::new(EarlyStopping { patience, min_delta });
            losses.iter().position(|loss| stopper.observe(*loss))
        };
        let losses = [1.0, 0.5, 0.6, 0.45, 0.44, 0.43, 0.5, 0.6, 0.7];
        assert_eq!(stops(1, 0.0, &losses), Some(2));
        assert_eq!(stops(2, 0.0, &losses), Some(7));
        assert_eq!(stops(3, 0.1, &losses), Some(4));
        assert_eq!(stops(0, 0.0, &losses), None);
        assert_eq!(stops(2, 0.0, &[f32::NAN, f32::NAN]), Some(1));
    }
}
