//! How numbers are written on the screen: three significant digits, thousands apart, never wider than expected.

/// Three significant digits, scientific where that is shorter: `0.0003`, `0.934`, `12.5`, `1.23e-5`, `1,250`.
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "not a number".to_owned() } else { "infinite".to_owned() };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // Rounded first, so that 0.9996 becomes 1 and not 1.000.
    let scientific = format!("{value:.2e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let n_digits = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
    match exponent {
        3..=6 => thousands(value.round()),
        -3..=2 => format!("{value:.*}", (n_digits - 1 - exponent).max(0) as usize),
        -4 if n_digits == 1 => format!("{value:.4}"),
        _ => format!("{mantissa}e{exponent}"),
    }
}

/// A number that can be edited: exact where that is short, `0.9999`, else with three significant digits.
pub fn editable(value: f64) -> String {
    let exact = value.to_string();
    let is_plain = value.fract() == 0.0 || value.abs() >= 1e-4;
    match value.abs() {
        size if size >= 1000.0 => significant(value),
        _ if exact.len() <= 7 && is_plain => exact,
        _ => significant(value),
    }
}

/// Three significant digits that keep their zeros, so that a changing value does not jump: `0.930`, `12.5`, `1.20e-5`.
pub fn steady(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        significant(value)
    } else if size == 0.0 {
        "0.000".to_owned()
    } else if size < 0.000_999_5 {
        format!("{value:.1e}")
    } else if size < 0.099_95 {
        format!("{value:.4}")
    } else if size < 9.995 {
        format!("{value:.3}")
    } else if size < 99.95 {
        format!("{value:.2}")
    } else if size < 999.5 {
        format!("{value:.1}")
    } else {
        significant(value)
    }
}

/// A share as a percentage with one decimal, `97.4 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { significant(share) }
}

/// A whole number with its thousands apart, `1,234,567`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0.0 {
        text.push('-');
    }
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number for an axis: `8,000`, `12k`, `1.5M`.
pub fn short(value: f64) -> String {
    let scaled = |unit: f64, suffix: &str| {
        let text = format!("{:.2}", value / unit);
        format!("{}{suffix}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match value.abs() {
        size if size >= 1e9 => format!("{value:.1e}"),
        size if size >= 1e6 => scaled(1e6, "M"),
        size if size >= 1e4 => scaled(1e3, "k"),
        _ => thousands(value),
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not smaller than `value`.
pub fn round_up(value: f64) -> f64 {
    if !(value > 0.0 && value.is_finite()) {
        return 1.0;
    }
    let unit = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    // A hair of tolerance, because 0.2 / 0.1 is a little more than 2.
    unit * steps.into_iter().find(|step| value <= unit * step * (1.0 + 1e-9)).unwrap_or(10.0)
}

/// 0.0032 and not 0.0031622776.
pub fn two_digits(value: f32) -> f32 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let cases = [
            (0.0, "0"),
            (0.001, "0.001"),
            (f64::from(0.0003_f32), "0.0003"),
            (0.000_123, "1.23e-4"),
            (1e-5, "1e-5"),
            (0.9, "0.9"),
            (0.9996, "1"),
            (0.123_456, "0.123"),
            (12.34, "12.3"),
            (128.0, "128"),
            (1250.0, "1,250"),
            (-0.5, "-0.5"),
            (2.5e9, "2.5e9"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
        assert_eq!(significant(f64::NAN), "not a number");
    }

    #[test]
    fn editable_numbers_are_exact_where_there_is_room() {
        let cases =
            [(0.9999, "0.9999"), (0.0003, "0.0003"), (1.0 / 3.0, "0.333"), (1e-8, "1e-8"), (128.0, "128"), (0.0, "0")];
        for (value, text) in cases {
            assert_eq!(editable(value), text);
        }
    }

    #[test]
    fn steady_numbers_keep_their_zeros() {
        let cases = [(0.93, "0.930"), (2.4026, "2.403"), (0.0312, "0.0312"), (12.5, "12.50"), (1.2e-5, "1.2e-5")];
        for (value, text) in cases {
            assert_eq!(steady(value), text);
        }
    }

    #[test]
    fn long_numbers_are_grouped_or_shortened() {
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(thousands(-1000.0), "-1,000");
        assert_eq!(thousands(12.0), "12");
        assert_eq!([short(8000.0), short(12_000.0), short(1_500_000.0)], ["8,000", "12k", "1.5M"]);
        assert_eq!(percent(0.974), "97.4 %");
    }
}
