//! Operations on every row of a matrix on its own: softmax and normalization, forward and backward.

use super::vector::exp;
use super::vectorized;

/// Sums that run side by side, since one after the other would wait for each addition; as many on every processor, so
/// that all give the same bits.
pub(crate) const LANES: usize = 16;

/// `Σ term(a, b)`
#[inline(always)]
pub(crate) fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (mut sums, mut rest) = ([0.0f32; LANES], 0.0);
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in a.remainder().iter().zip(b.remainder()) {
        rest += term(*a, *b);
    }
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term(*a, *b);
        }
    }
    folded(sums, |a, b| a + b) + rest
}

/// The numbers of a vector put together half by half, which takes four steps where one after the other takes fifteen.
#[inline(always)]
fn folded(values: [f32; LANES], together: impl Fn(f32, f32) -> f32) -> f32 {
    // Through memory, or else the compiler computes the sums from the start on in the halves that it wants in the end, number by number.
    let values = std::hint::black_box(values);
    let eight: [f32; 8] = halves(&values, &together);
    let four: [f32; 4] = halves(&eight, &together);
    let [a, b]: [f32; 2] = halves(&four, &together);
    together(a, b)
}

#[inline(always)]
fn halves<const HALF: usize>(values: &[f32], together: impl Fn(f32, f32) -> f32) -> [f32; HALF] {
    let mut half = [0.0; HALF];
    let (low, high) = values.split_at(HALF);
    for ((half, low), high) in half.iter_mut().zip(low).zip(high) {
        *half = together(*low, *high);
    }
    half
}

#[inline(always)]
pub(crate) fn largest(row: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for values in chunks {
        for (most, value) in most.iter_mut().zip(values) {
            *most = if *value > *most { *value } else { *most };
        }
    }
    for (most, value) in most.iter_mut().zip(rest) {
        *most = if *value > *most { *value } else { *most };
    }
    folded(most, |a, b| if b > a { b } else { a })
}

/// Whether numbers are so few that they are compared and added faster one after the other.
pub fn is_short(values: &[f32]) -> bool {
    values.len() < 8 * LANES
}

/// The largest number, of those that are numbers.
pub fn max(values: &[f32]) -> f32 {
    if is_short(values) {
        return values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    }
    vectorized!(largest(values))
}

/// Position of the largest number; of equals the first, and 0 if the first is none.
pub fn argmax(values: &[f32]) -> usize {
    if !is_short(values) && !values[0].is_nan() {
        let most = max(values);
        // The part first, since a loop that may end anywhere has no vectors.
        let is_in = |part: &[f32]| vectorized!(part.iter().fold(false, |is_in, value| is_in | (*value == most)));
        let part = values.chunks(PART).position(is_in).unwrap_or(0) * PART;
        return part + values[part..].iter().position(|value| *value == most).unwrap_or(0);
    }
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}

/// Numbers that are looked through at a time.
const PART: usize = 256;

/// Replaces every row of `width` numbers by its softmax.
pub fn softmax(values: &mut [f32], width: usize) {
    vectorized!(values.chunks_exact_mut(width).for_each(softmax_row));
}

#[inline(always)]
fn softmax_row(row: &mut [f32]) {
    let largest = largest(row);
    for value in row.iter_mut() {
        *value = exp(*value - largest);
    }
    let scale = 1.0 / sum(row, row, |value, _| value);
    for value in row {
        *value *= scale;
    }
}

/// `dx = y ⊙ (dy - Σ dy ⊙ y)` for every row of `width` numbers.
pub fn softmax_backward(output: &[f32], grad_output: &[f32], grad_input: &mut [f32], width: usize) {
    let rows = output.chunks_exact(width).zip(grad_output.chunks_exact(width));
    vectorized!(
        rows.zip(grad_input.chunks_exact_mut(width))
            .for_each(|((output, grad), grad_input)| softmax_backward_row(output, grad, grad_input))
    );
}

#[inline(always)]
fn softmax_backward_row(output: &[f32], grad: &[f32], grad_input: &mut [f32]) {
    let along = sum(output, grad, |y, dy| y * dy);
    for ((grad_input, grad), output) in grad_input.iter_mut().zip(grad).zip(output) {
        *grad_input = output * (grad - along);
    }
}

/// Mean of a row, and one over its deviation.
pub type Stats = [f32; 2];

/// `y = (x - mean) / √(variance + epsilon) ⊙ gamma + beta` for every row, with the variance over all of its numbers.
/// `stats`, unless it is empty, gets a [`Stats`] per row.
pub fn normalize(input: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, output: &mut [f32], stats: &mut [f32]) {
    let rows = input.chunks_exact(gamma.len()).zip(output.chunks_exact_mut(gamma.len()));
    vectorized!({
        for (row, (input, output)) in rows.enumerate() {
            let found = stats_of(input, epsilon);
            scale_row(input, found, gamma, beta, output);
            if let Some(stats) = stats.get_mut(2 * row..2 * row + 2) {
                stats.copy_from_slice(&found);
            }
        }
    });
}

#[inline(always)]
fn stats_of(row: &[f32], epsilon: f32) -> Stats {
    let share = 1.0 / row.len() as f32;
    let mean = share * sum(row, row, |x, _| x);
    let variance = share * sum(row, row, |x, _| (x - mean) * (x - mean));
    [mean, 1.0 / (variance + epsilon).sqrt()]
}

#[inline(always)]
fn scale_row(input: &[f32], [mean, scale]: Stats, gamma: &[f32], beta: &[f32], output: &mut [f32]) {
    for (((output, input), gamma), beta) in output.iter_mut().zip(input).zip(gamma).zip(beta) {
        *output = (input - mean) * scale * gamma + beta;
    }
}

/// The gradients of what `normalize` reads, with `z` for the normalized numbers: `dbeta += Σ dy`, `dgamma += Σ dy ⊙ z`.
/// Leaves `dy ⊙ gamma` in `grad_output`.
pub fn normalize_backward_params(
    input: &[f32],
    stats: &[f32],
    gamma: &[f32],
    grad_output: &mut [f32],
    grad_gamma: &mut [f32],
    grad_beta: &mut [f32],
) {
    let rows = input.chunks_exact(gamma.len()).zip(grad_output.chunks_exact_mut(gamma.len()));
    vectorized!({
        for ((input, grad), stats) in rows.zip(stats.chunks_exact(2)) {
            add_param_grads(input, [stats[0], stats[1]], gamma, grad, grad_gamma, grad_beta);
        }
    });
}

#[inline(always)]
fn add_param_grads(
    input: &[f32],
    [mean, scale]: Stats,
    gamma: &[f32],
    grad: &mut [f32],
    grad_gamma: &mut [f32],
    grad_beta: &mut [f32],
) {
    let len = grad.len();
    let (input, gamma) = (&input[..len], &gamma[..len]);
    let (grad_gamma, grad_beta) = (&mut grad_gamma[..len], &mut grad_beta[..len]);
    for at in 0..len {
        grad_beta[at] += grad[at];
        grad_gamma[at] += grad[at] * ((input[at] - mean) * scale);
        grad[at] *= gamma[at];
    }
}

/// `dx = (dz - mean(dz) - z ⊙ mean(dz ⊙ z)) / deviation` for every row of `width` numbers, `grad` being `dz`.
pub fn normalize_backward_input(input: &[f32], stats: &[f32], grad: &[f32], grad_input: &mut [f32], width: usize) {
    let rows = input.chunks_exact(width).zip(grad.chunks_exact(width)).zip(grad_input.chunks_exact_mut(width));
    vectorized!({
        for (((input, grad), grad_input), stats) in rows.zip(stats.chunks_exact(2)) {
            input_grad_row(input, [stats[0], stats[1]], grad, grad_input);
        }
    });
}

#[inline(always)]
fn input_grad_row(input: &[f32], [mean, scale]: Stats, grad: &[f32], grad_input: &mut [f32]) {
    let share = 1.0 / grad.len() as f32;
    let plain = share * sum(grad, grad, |dz, _| dz);
    let along = share * scale * sum(grad, input, |dz, x| dz * (x - mean));
    for ((grad_input, grad), input) in grad_input.iter_mut().zip(grad).zip(input) {
        *grad_input = scale * (grad - plain - (input - mean) * scale * along);
    }
}

/// `y = x / √(mean(x²) + epsilon) ⊙ gamma` for every row. `scales`, unless it is empty, gets one over the root of every row.
pub fn divide_by_rms(input: &[f32], gamma: &[f32], epsilon: f32, output: &mut [f32], scales: &mut [f32]) {
    let rows = input.chunks_exact(gamma.len()).zip(output.chunks_exact_mut(gamma.len()));
    vectorized!({
        for (row, (input, output)) in rows.enumerate() {
            let mean = sum(input, input, |x, _| x * x) / input.len() as f32;
            let scale = 1.0 / (mean + epsilon).sqrt();
            for ((output, input), gamma) in output.iter_mut().zip(input).zip(gamma) {
                *output = input * scale * gamma;
            }
            if let Some(kept) = scales.get_mut(row) {
                *kept = scale;
            }
        }
    });
}

/// The gradient of what `divide_by_rms` reads: `dgamma += Σ dy ⊙ x · scale`. Leaves `dy ⊙ gamma` in `grad_output`.
pub fn divide_by_rms_backward_params(
    input: &[f32],
    scales: &[f32],
    gamma: &[f32],
    grad_output: &mut [f32],
    grad_gamma: &mut [f32],
) {
    let rows = input.chunks_exact(gamma.len()).zip(grad_output.chunks_exact_mut(gamma.len()));
    vectorized!({
        for ((input, grad), scale) in rows.zip(scales) {
            add_gamma_grad(input, *scale, gamma, grad, grad_gamma);
        }
    });
}

#[inline(always)]
fn add_gamma_grad(input: &[f32], scale: f32, gamma: &[f32], grad: &mut [f32], grad_gamma: &mut [f32]) {
    let len = grad.len();
    let (input, gamma, grad_gamma) = (&input[..len], &gamma[..len], &mut grad_gamma[..len]);
    for at in 0..len {
        grad_gamma[at] += grad[at] * (input[at] * scale);
        grad[at] *= gamma[at];
    }
}

/// `dx = (dz - z ⊙ mean(dz ⊙ z)) · scale` with `z = x · scale` for every row of `width` numbers, `grad` being `dz`.
pub fn divide_by_rms_backward_input(input: &[f32], scales: &[f32], grad: &[f32], grad_input: &mut [f32], width: usize) {
    let rows = input.chunks_exact(width).zip(grad.chunks_exact(width)).zip(grad_input.chunks_exact_mut(width));
    vectorized!({
        for (((input, grad), grad_input), scale) in rows.zip(scales) {
            let along = scale * scale * sum(grad, input, |dz, x| dz * x) / width as f32;
            for ((grad_input, grad), input) in grad_input.iter_mut().zip(grad).zip(input) {
                *grad_input = scale * (grad - input * along);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin() * 2.0).collect()
    }

    fn assert_close(got: &[f32], expected: impl Iterator<Item = f64>) {
        for (got, expected) in got.iter().zip(expected) {
            assert!((f64::from(*got) - expected).abs() < 2e-6, "{got}, not {expected}");
        }
    }

    #[test]
    fn rows_agree_with_their_definition() {
        for width in [1, 2, 10, 16, 37] {
            let (input, gamma, beta) = (numbers(3 * width, 0.7), numbers(width, 0.3), numbers(width, 0.9));
            let (mut shares, mut output) = (input.clone(), vec![f32::NAN; 3 * width]);
            softmax(&mut shares, width);
            normalize(&input, &gamma, &beta, 1e-3, &mut output, &mut []);
            let mut divided = vec![f32::NAN; 3 * width];
            divide_by_rms(&input, &gamma, 1e-3, &mut divided, &mut []);
            for (row, input) in input.chunks_exact(width).enumerate() {
                let exact: Vec<f64> = input.iter().map(|x| f64::from(*x)).collect();
                let all: f64 = exact.iter().map(|x| x.exp()).sum();
                assert_close(&shares[row * width..], exact.iter().map(|x| x.exp() / all));
                let mean = exact.iter().sum::<f64>() / width as f64;
                let variance = exact.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
                let expected = exact.iter().zip(gamma.iter().zip(&beta)).map(|(x, (gamma, beta))| {
                    (x - mean) / (variance + 1e-3).sqrt() * f64::from(*gamma) + f64::from(*beta)
                });
                assert_close(&output[row * width..], expected);
                let square = exact.iter().map(|x| x * x).sum::<f64>() / width as f64;
                let expected =
                    exact.iter().zip(&gamma).map(|(x, gamma)| x / (square + 1e-3).sqrt() * f64::from(*gamma));
                assert_close(&divided[row * width..], expected);
            }
        }
    }

    #[test]
    fn the_largest_number_is_found_in_rows_of_any_length() {
        for len in [1, 2, 15, 33, 127, 128, 129, 1000] {
            let mut values = numbers(len, 0.7);
            for at in [0, len / 2, len - 1] {
                values[at] = 2.5 + at as f32;
                assert_eq!((argmax(&values), max(&values)), (at, 2.5 + at as f32));
                values[len - 1] = values[at];
                assert_eq!(argmax(&values), at, "of equals the first");
            }
            assert_eq!(argmax(&vec![f32::NAN; len]), 0);
            assert_eq!(argmax(&vec![f32::NEG_INFINITY; len]), 0);
        }
    }

    #[test]
    fn large_numbers_do_not_overflow_a_softmax() {
        let mut values = [1e4, -1e4, 1e4, 0.0];
        softmax(&mut values, 2);
        assert_eq!(values, [1.0, 0.0, 1.0, 0.0]);
    }
}
