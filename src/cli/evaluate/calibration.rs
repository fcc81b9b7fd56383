//! How well the probabilities of a classifier fit, before and after temperature scaling.

use serde_json::{Value, json};

use crate::cli::terminal::{percent, significant};
use crate::explain::calibration::{Calibration, Logits, Temperature};
use crate::train::{Evaluation, Job, Subset};
use backprop_nn::Weights;

/// The calibration of an evaluation.
pub struct Calibrated {
    plain: Calibration,
    /// With the temperature that fits the validation samples best, where there are some.
    scaled: Option<(Temperature, Calibration)>,
    /// Whether these are the samples that it was fitted on.
    is_fitted_here: bool,
}

impl Calibrated {
    /// Compares probabilities with classes; nothing if the task has none. A temperature is found if it may be.
    pub fn of(job: &Job, weights: &Weights, evaluation: &Evaluation, part: Subset, may_fit: bool) -> Option<Self> {
        let logits = Logits::of(evaluation.classes()?);
        let is_fitted_here = part == Subset::Validation;
        let fitted = || match is_fitted_here {
            true => Some(logits.temperature()),
            false => Some(Logits::of(job.evaluate(weights, Subset::Validation).classes()?).temperature()),
        };
        let temperature = (may_fit && !job.split.validation.is_empty()).then(fitted).flatten();
        let scaled = temperature.map(|temperature| (temperature, logits.calibration(temperature.value)));
        Some(Self { plain: logits.calibration(1.0), scaled, is_fitted_here })
    }

    /// Names and texts of what there is to say.
    pub fn lines(&self) -> Vec<(String, String)> {
        let error = |calibration: &Calibration| percent(calibration.expected_error() as f32);
        let plain = ("expected calibration error".to_owned(), error(&self.plain));
        let scaled = self.scaled.as_ref().map(|(temperature, calibration)| {
            let on = if self.is_fitted_here { "these" } else { "the validation" };
            let limit = if temperature.is_bounded { "; no more extreme one is tried" } else { "" };
            let name = format!("with temperature {}", significant(temperature.value));
            (name, format!("{} (temperature fitted on {on} samples{limit})", error(calibration)))
        });
        std::iter::once(plain).chain(scaled).collect()
    }

    /// The figures, and those with the temperature.
    pub fn to_json(&self) -> Value {
        let figures = |calibration: &Calibration| {
            json!({
                "expected_calibration_error": calibration.expected_error(),
                "maximum_calibration_error": calibration.maximum_error(),
                "negative_log_likelihood": calibration.negative_log_likelihood,
            })
        };
        let mut told = figures(&self.plain);
        if let Some((temperature, calibration)) = &self.scaled {
            told["temperature"] = temperature.value.into();
            told["scaled"] = figures(calibration);
        }
        told
    }
}
