//! What the validation loss decides while a run goes on: when to take smaller steps, and when it is enough.

use serde::{Deserialize, Serialize};

use backprop_nn::knob::Knob;
use backprop_nn::optim::schedule::Plateau;

/// Ends a run whose validation loss no longer falls, and gives back the weights with which it was lowest. They are given
/// back however the run ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// Epochs in a row without progress after which the run ends, as in Keras; zero, the default, turns it off.
    pub patience: usize,
    /// By how much the loss has to fall to count as progress. The weights of the lowest loss are kept in any case.
    pub min_delta: f32,
}

impl EarlyStopping {
    pub fn is_off(&self) -> bool {
        self.patience == 0
    }

    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { patience, min_delta } = self;
        vec![
            Knob::whole(
                "patience",
                "Patience",
                patience,
                0..=100,
                0,
                "Ends the run after so many epochs without a lower validation loss and gives the best weights back; 0 is off, 1 may end it by accident.",
            ),
            Knob::real(
                "min_delta",
                "Least progress",
                min_delta,
                0.0..=1.0,
                0.0,
                "How far the validation loss must fall to count; too much, and the run ends while it still learns.",
            )
            .logarithmic(),
        ]
    }
}

/// Counts the epochs without progress.
#[derive(Clone, Copy, Debug)]
struct Watch {
    lowest: f32,
    waited: usize,
}

impl Watch {
    const NEW: Self = Self { lowest: f32::INFINITY, waited: 0 };

    /// Takes the loss of an epoch, which counts if it is below `bar` of the lowest; the epochs waited since one did.
    fn see(&mut self, loss: f32, bar: impl Fn(f32) -> f32) -> usize {
        if loss < bar(self.lowest) {
            *self = Self { lowest: loss, waited: 0 };
        } else {
            self.waited += 1;
        }
        self.waited
    }
}

/// Early stopping at work.
#[derive(Clone, Debug)]
pub struct Stopper {
    settings: EarlyStopping,
    watch: Watch,
}

impl Stopper {
    pub fn new(settings: EarlyStopping) -> Self {
        Self { settings, watch: Watch::NEW }
    }

    /// Takes the validation loss of an epoch; true if it is enough.
    pub fn is_enough(&mut self, loss: f32) -> bool {
        let EarlyStopping { patience, min_delta } = self.settings;
        self.watch.see(loss, |lowest| lowest - min_delta) >= patience && patience > 0
    }
}

/// [`Plateau`] at work.
#[derive(Clone, Debug)]
pub struct Slower {
    settings: Plateau,
    watch: Watch,
    /// What the learning rate is multiplied by.
    pub factor: f32,
}

impl Slower {
    pub fn new(settings: Plateau) -> Self {
        Self { settings, watch: Watch::NEW, factor: 1.0 }
    }

    /// Takes the validation loss of an epoch, and reduces the factor if it has not fallen for too long.
    pub fn see(&mut self, loss: f32) {
        if self.watch.see(loss, |lowest| lowest * (1.0 - 1e-4)) > self.settings.patience {
            self.factor *= self.settings.factor;
            self.watch.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_enough_after_as_many_epochs_without_progress_as_were_set() {
        let enough = |patience, min_delta, losses: &[f32]| {
            let mut stopper = Stopper::new(EarlyStopping { patience, min_delta });
            losses.iter().position(|loss| stopper.is_enough(*loss))
        };
        let losses = [1.0, 0.5, 0.6, 0.45, 0.44, 0.43, 0.5, 0.6, 0.7];
        assert_eq!(enough(1, 0.0, &losses), Some(2));
        assert_eq!(enough(2, 0.0, &losses), Some(7));
        assert_eq!(enough(3, 0.1, &losses), Some(4));
        assert_eq!(enough(0, 0.0, &losses), None);
        assert_eq!(enough(2, 0.0, &[f32::NAN, f32::NAN]), Some(1));
    }
}
