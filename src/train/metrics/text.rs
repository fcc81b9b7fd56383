//! Figures as people read them.

use super::{Figure, Metric, Unit};

/// The name of a metric within a line.
pub fn named(metric: &Metric) -> String {
    let is_word = metric.label.chars().nth(1).is_some_and(char::is_lowercase);
    if is_word {
        metric.label.to_lowercase().replace("roc", "ROC").replace("f1", "F1")
    } else {
        metric.label.to_owned()
    }
}

/// A figure as it is read.
pub fn figure_text(Figure { metric, value }: Figure) -> Option<String> {
    let value = value?;
    Some(match metric.unit {
        Unit::Number => significant(value),
        Unit::Percent => percent(value as f32),
    })
}

/// Four digits that count: "2.871", "0.01234", "1.234e-5".
pub fn significant(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("{value:.3e}"),
        size if size >= 1e4 => format!("{value:.0}"),
        size if size >= 1e-4 => {
            let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
            format!("{value:.decimals$}")
        }
        0.0 => "0".to_owned(),
        _ => format!("{value:.3e}"),
    }
}

/// "97.53 %"
pub fn percent(share: f32) -> String {
    format!("{:.2} %", share * 100.0)
}

/// "101,770"
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::R2;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0, 999, 1000, 101_770, 1_000_000].map(grouped), ["0", "999", "1,000", "101,770", "1,000,000"]);
        assert_eq!(percent(0.97534), "97.53 %");
        assert_eq!(
            [2.87123, -0.012345, 1.2345e-5, 123_456.7, 0.0].map(significant),
            ["2.871", "-0.01235", "1.234e-5", "123457", "0"]
        );
        assert_eq!(figure_text(Figure { metric: &R2, value: Some(0.875) }), Some("0.8750".to_owned()));
    }
}
