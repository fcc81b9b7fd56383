//! Whether the probabilities of a classifier are right, and what each threshold of two classes makes of them.

use std::sync::Arc;

use super::derived::Query;
use crate::explain::calibration::{Calibration, Logits, Temperature, Thresholds};
use crate::train::metrics::ClassPredictions;
use crate::train::{Evaluation, Job};

/// Asks for the calibration of a moment.
#[derive(Clone)]
pub struct CalibrationQuery {
    /// The job of the run.
    pub job: Arc<Job>,
    /// What is predicted for the validation samples, on which the temperature is fitted.
    pub validation: Arc<Evaluation>,
    /// What is predicted for the test samples, if they were evaluated.
    pub test: Option<Arc<Evaluation>>,
}

impl PartialEq for CalibrationQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job)
            && Arc::ptr_eq(&self.validation, &other.validation)
            && self.test.as_ref().map(Arc::as_ptr) == other.test.as_ref().map(Arc::as_ptr)
    }
}

/// What was found.
pub struct CalibrationReport {
    /// The temperature that fits the validation samples best.
    pub temperature: Temperature,
    /// The calibration on the validation samples.
    pub validation: Comparison,
    /// The calibration on the test samples, of which the temperature knows nothing.
    pub test: Option<Comparison>,
    /// For two classes: what each threshold makes of the validation samples.
    pub thresholds: Option<Thresholds>,
}

/// A calibration without and with the temperature.
pub struct Comparison {
    /// As the network predicts.
    pub plain: Calibration,
    /// With its logits divided by the temperature.
    pub scaled: Calibration,
}

impl Query for CalibrationQuery {
    /// Nothing if there are no classes.
    type Answer = Option<CalibrationReport>;
    type Memory = ();
    const NAME: &'static str = "calibrating";

    fn answer(&self, (): &mut ()) -> Option<CalibrationReport> {
        let validation = self.validation.classes()?;
        let logits = Logits::of(validation);
        let temperature = logits.temperature();
        let compare = |logits: &Logits| Comparison {
            plain: logits.calibration(1.0),
            scaled: logits.calibration(temperature.value),
        };
        let test = self.test.as_ref().and_then(|test| test.classes());
        let thresholds = |predictions: &ClassPredictions| {
            let (is_second, probabilities) = predictions.one_against_rest(1);
            Thresholds::of(&is_second, &probabilities)
        };
        Some(CalibrationReport {
            temperature,
            validation: compare(&logits),
            test: test.map(|test| compare(&Logits::of(test))),
            thresholds: (validation.confusion.ncols() == 2).then(|| thresholds(validation)),
        })
    }

    fn may_show(&self, older: &Self) -> bool {
        Arc::ptr_eq(&self.job, &older.job)
    }
}
