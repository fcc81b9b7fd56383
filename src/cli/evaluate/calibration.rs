//! How well the probabilities of a classifier fit, before and after temperature scaling.

use serde_json::{Value, json};

use crate::cli::terminal::{percent, significant};
use crate::explain::calibration::{Calibrated, Calibration};

/// Names and texts of what there is to say.
pub fn lines(calibrated: &Calibrated) -> Vec<(String, String)> {
    let error = |calibration: &Calibration| percent(calibration.expected_error() as f32);
    let plain = ("expected calibration error".to_owned(), error(&calibrated.plain));
    let scaled = calibrated.scaled.as_ref().map(|(temperature, calibration)| {
        let on = if calibrated.is_fitted_here { "these" } else { "the validation" };
        let limit = if temperature.is_bounded { "; no more extreme one is tried" } else { "" };
        let name = format!("with temperature {}", significant(temperature.value));
        (name, format!("{} (temperature fitted on {on} samples{limit})", error(calibration)))
    });
    std::iter::once(plain).chain(scaled).collect()
}

/// The figures, and those with the temperature.
pub fn to_json(calibrated: &Calibrated) -> Value {
    let figures = |calibration: &Calibration| {
        json!({
            "expected_calibration_error": calibration.expected_error(),
            "maximum_calibration_error": calibration.maximum_error(),
            "negative_log_likelihood": calibration.negative_log_likelihood,
        })
    };
    let mut told = figures(&calibrated.plain);
    if let Some((temperature, calibration)) = &calibrated.scaled {
        told["temperature"] = temperature.value.into();
        told["scaled"] = figures(calibration);
    }
    told
}
