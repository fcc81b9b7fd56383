//! Reads the numbers that people type: `0.001`, `1e-3`, `0,5`, `1,250`, `5%`, and small sums such as `1/3` or `2*8`.

use std::iter::Peekable;
use std::str::Chars;

/// A longer text is no number that anybody has typed.
const MOST: usize = 100;

/// The value of a number or of a sum of numbers; nothing if the text is neither, or has no finite value.
///
/// A comma separates thousands where it can (`1,250`, as the window writes them), and is a decimal comma elsewhere
/// (`0,5`, `0,005`).
pub fn evaluate(text: &str) -> Option<f64> {
    let is_short = text.chars().count() <= MOST;
    let plain = text.replace(['\u{2212}', '\u{2013}'], "-").replace(['×', '·'], "*").replace('÷', "/");
    let plain: String = plain.chars().filter(|letter| !letter.is_whitespace()).collect();
    let mut letters = plain.chars().peekable();
    let value = is_short.then(|| sum(&mut letters)).flatten()?;
    (letters.next().is_none() && value.is_finite()).then_some(value)
}

type Letters<'a> = Peekable<Chars<'a>>;

fn sum(letters: &mut Letters<'_>) -> Option<f64> {
    let mut total = product(letters)?;
    while let Some(sign) = letters.next_if(|letter| "+-".contains(*letter)) {
        let term = product(letters)?;
        total += if sign == '+' { term } else { -term };
    }
    Some(total)
}

fn product(letters: &mut Letters<'_>) -> Option<f64> {
    let mut total = power(letters)?;
    while let Some(sign) = letters.next_if(|letter| "*/".contains(*letter)) {
        let factor = power(letters)?;
        total = if sign == '*' { total * factor } else { total / factor };
    }
    Some(total)
}

/// `-2^2` is -4, and `2^-1` a half, as in a textbook.
fn power(letters: &mut Letters<'_>) -> Option<f64> {
    if let Some(sign) = letters.next_if(|letter| "+-".contains(*letter)) {
        return power(letters).map(|value| if sign == '-' { -value } else { value });
    }
    let base = percentage(letters)?;
    match letters.next_if_eq(&'^') {
        Some(_) => Some(base.powf(power(letters)?)),
        None => Some(base),
    }
}

fn percentage(letters: &mut Letters<'_>) -> Option<f64> {
    let value = match letters.next_if_eq(&'(') {
        Some(_) => {
            let value = sum(letters)?;
            letters.next_if_eq(&')')?;
            value
        }
        None => number(letters)?,
    };
    Some(if letters.next_if_eq(&'%').is_some() { value / 100.0 } else { value })
}

fn number(letters: &mut Letters<'_>) -> Option<f64> {
    let mut digits = String::new();
    while let Some(letter) = letters.next_if(|letter| letter.is_ascii_digit() || ".,".contains(*letter)) {
        digits.push(letter);
    }
    let mut text = with_decimal_point(&digits)?;
    if letters.next_if(|letter| "eE".contains(*letter)).is_some() {
        text.push('e');
        text.extend(letters.next_if(|letter| "+-".contains(*letter)));
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            text.push(digit);
        }
    }
    text.parse().ok()
}

/// The digits without the marks between thousands; nothing if the marks make no sense.
fn with_decimal_point(digits: &str) -> Option<String> {
    let (whole, decimals) = match (digits.rfind('.'), digits.rfind(',')) {
        (Some(point), _) => digits.split_at(point),
        (None, Some(comma)) if !is_grouped(digits) => digits.split_at(comma),
        (None, _) => (digits, ""),
    };
    let is_plain = !whole.contains(['.', ',']) || (!whole.contains('.') && is_grouped(whole));
    let decimals = decimals.replace(',', ".");
    is_plain.then(|| whole.replace(',', "") + &decimals)
}

/// Whether all commas stand between thousands: `1,250,000`, and not `0,005` or `1,5`.
fn is_grouped(digits: &str) -> bool {
    let mut groups = digits.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        let cases = [
            ("0.001", 0.001),
            (" 1e-3 ", 0.001),
            ("1E3", 1000.0),
            ("-.5", -0.5),
            ("0,5", 0.5),
            ("0,005", 0.005),
            ("1,250", 1250.0),
            ("1,250,000.5", 1_250_000.5),
            ("12 000", 12_000.0),
            ("5%", 0.05),
            ("12,5 %", 0.125),
            ("1/3", 1.0 / 3.0),
            ("2*8", 16.0),
            ("2 × 8 − 1", 15.0),
            ("(1 + 2) * 3", 9.0),
            ("2^-1", 0.5),
            ("-2^2", -4.0),
            ("10-2-3", 5.0),
            ("28*28", 784.0),
        ];
        for (text, value) in cases {
            assert_eq!(evaluate(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "abc", "1/0", "0/0", "1e999", "1..2", "1.250,5", "1,2,3", "2*", "(1", "1)", "%", "1e", "nan"] {
            assert_eq!(evaluate(text), None, "{text}");
        }
        assert_eq!(evaluate(&"(".repeat(100_000)), None);
    }
}
