//! Operations on every channel of a matrix `[rows, channels]` over all of its rows: moments, and the forward and
//! backward pass of normalization.
//!
//! A loop over few channels would leave most of a vector empty. So rows are put side by side until they are about
//! `WIDE` numbers wide, what belongs to a channel is repeated as often, and sums are folded at the end.

use super::vectorized;

const WIDE: usize = 64;

/// Wide rows that are summed up on their own, so that sums stay exact and what is read twice stays in the first cache.
const ROWS: usize = 64;

/// Columns of a matrix of wide rows.
fn width(channels: usize) -> usize {
    channels * (WIDE / channels).max(1)
}

/// Scratch that every function here needs at most.
pub fn scratch_len(channels: usize) -> usize {
    4 * width(channels)
}

/// What is known of the numbers of each channel: `[means, sums of squared distances from the mean, count]`.
pub fn statistics_len(channels: usize) -> usize {
    2 * channels + 1
}

/// Means, sums of squared distances and the count of rows.
pub fn parts(statistics: &[f32], channels: usize) -> (&[f32], &[f32], f32) {
    let (means, rest) = statistics.split_at(channels);
    (means, &rest[..channels], rest[channels])
}

/// The statistics of a matrix, in one reading of it.
pub fn moments(input: &[f32], channels: usize, scratch: &mut [f32], statistics: &mut [f32]) {
    let width = width(channels);
    let (sums, rest) = scratch.split_at_mut(width);
    let (means, squares) = rest[..2 * width].split_at_mut(width);
    statistics.fill(0.0);
    vectorized!({
        for part in input.chunks(ROWS * width) {
            let count = (part.len() / channels) as f32;
            sums.fill(0.0);
            add_columns(sums, [part], means, |[x], _| x);
            fold(sums, channels);
            sums[..channels].iter_mut().for_each(|sum| *sum /= count);
            repeat(&sums[..channels], means);
            squares.fill(0.0);
            add_columns(squares, [part], means, |[x], mean| (x - mean) * (x - mean));
            fold(squares, channels);
            merge_parts(statistics, (&sums[..channels], &squares[..channels], count));
        }
    });
}

/// Puts the statistics of further rows together with those of the rows before them (Chan et al. 1979).
pub fn merge(statistics: &mut [f32], further: &[f32]) {
    merge_parts(statistics, parts(further, further.len() / 2));
}

#[inline(always)]
fn merge_parts(statistics: &mut [f32], (means, squares, count): (&[f32], &[f32], f32)) {
    let channels = means.len();
    let (own_means, rest) = statistics.split_at_mut(channels);
    let (own_squares, own_count) = rest.split_at_mut(channels);
    let total = own_count[0] + count;
    let share = if total > 0.0 { count / total } else { 0.0 };
    let between = own_count[0] * share;
    own_count[0] = total;
    for at in 0..channels {
        let distance = means[at] - own_means[at];
        own_means[at] += distance * share;
        own_squares[at] += squares[at] + distance * distance * between;
    }
}

/// `y = (x - mean) ⊙ scale + shift`, each of them a number per channel.
pub fn normalize(input: &[f32], per_channel: [&[f32]; 3], scratch: &mut [f32], output: &mut [f32]) {
    let ([mean, scale, shift], _) = wide(per_channel, scratch);
    let rows = input.chunks(mean.len()).zip(output.chunks_mut(mean.len()));
    vectorized!({
        for (input, output) in rows {
            write_terms(output, [input, mean, scale, shift], |[x, mean, scale, shift]| (x - mean) * scale + shift);
        }
    });
}

/// The gradients of what scales and shifts the normalized numbers, `dgamma = Σ dy ⊙ (x - mean) ⊙ scale` and
/// `dbeta = Σ dy`, mean and scale being numbers per channel.
pub fn normalize_backward_params(
    [input, grad]: [&[f32]; 2],
    [mean, scale]: [&[f32]; 2],
    scratch: &mut [f32],
    [grad_gamma, grad_beta]: [&mut [f32]; 2],
) {
    let channels = mean.len();
    let ([mean], rest) = wide([mean], scratch);
    let width = mean.len();
    let (along, plain) = rest[..2 * width].split_at_mut(width);
    let size = ROWS * width;
    grad_gamma.fill(0.0);
    grad_beta.fill(0.0);
    vectorized!({
        for (input, grad) in input.chunks(size).zip(grad.chunks(size)) {
            along.fill(0.0);
            plain.fill(0.0);
            add_columns(along, [input, grad], mean, |[x, grad], mean| grad * (x - mean));
            add_columns(plain, [grad], mean, |[grad], _| grad);
            for (total, sums) in [(&mut *grad_gamma, &mut *along), (&mut *grad_beta, &mut *plain)] {
                fold(sums, channels);
                total.iter_mut().zip(&*sums).for_each(|(total, sum)| *total += sum);
            }
        }
    });
    grad_gamma.iter_mut().zip(scale).for_each(|(grad, scale)| *grad *= scale);
}

/// `dx = (dy - plain - (x - mean) ⊙ along) ⊙ scale`, with `[mean, along, plain, scale]` a number per channel each.
pub fn normalize_backward_input(
    [input, grad]: [&[f32]; 2],
    per_channel: [&[f32]; 4],
    scratch: &mut [f32],
    grad_input: &mut [f32],
) {
    let ([mean, along, plain, scale], _) = wide(per_channel, scratch);
    let width = mean.len();
    let rows = input.chunks(width).zip(grad.chunks(width)).zip(grad_input.chunks_mut(width));
    vectorized!({
        for ((input, grad), grad_input) in rows {
            let terms = [input, grad, mean, along, plain, scale];
            write_terms(grad_input, terms, |[x, grad, mean, along, plain, scale]| {
                (grad - plain - (x - mean) * along) * scale
            });
        }
    });
}

/// Adds the columns of matrices with wide rows up: `sums[i] += Σ term(a[row, i], b[row, i], …, of_column[i])`. The last row may be shorter.
/// Sums of as many columns as fit stay in registers.
#[inline(always)]
fn add_columns<const N: usize>(
    sums: &mut [f32],
    matrices: [&[f32]; N],
    of_column: &[f32],
    term: impl Fn([f32; N], f32) -> f32,
) {
    let width = sums.len();
    let whole = matrices[0].len() / width * width;
    let (blocks, _) = sums.as_chunks_mut::<WIDE>();
    for (block, (sums, of_column)) in blocks.iter_mut().zip(of_column.as_chunks::<WIDE>().0).enumerate() {
        let mut own = [0.0; WIDE];
        for row in (block * WIDE..whole).step_by(width) {
            let values: [&[f32; WIDE]; N] = matrices.map(|matrix| &matrix[row..].as_chunks::<WIDE>().0[0]);
            for at in 0..WIDE {
                own[at] += term(values.map(|values| values[at]), of_column[at]);
            }
        }
        sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    let left = width / WIDE * WIDE;
    for row in (0..matrices[0].len()).step_by(width) {
        let first = if row < whole { left } else { 0 };
        let len = width.min(matrices[0].len() - row);
        let values = matrices.map(|matrix| &matrix[row..][..len]);
        for at in first..len {
            sums[at] += term(values.map(|values| values[at]), of_column[at]);
        }
    }
}

/// `output[i] = term(a[i], b[i], …)` as far as the output goes.
#[inline(always)]
fn write_terms<const N: usize>(output: &mut [f32], terms: [&[f32]; N], term: impl Fn([f32; N]) -> f32) {
    let len = output.len();
    let terms = terms.map(|values| &values[..len]);
    for at in 0..len {
        output[at] = term(terms.map(|values| values[at]));
    }
}

/// Adds up what belongs to the same channel; the sums are then the first of the numbers.
#[inline(always)]
fn fold(sums: &mut [f32], channels: usize) {
    let (first, rest) = sums.split_at_mut(channels);
    for more in rest.chunks_exact(channels) {
        first.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
}

/// Numbers per channel as rows as wide as those of the matrix, and what is left of the scratch.
fn wide<'a, const N: usize>(rows: [&[f32]; N], scratch: &'a mut [f32]) -> ([&'a [f32]; N], &'a mut [f32]) {
    let width = width(rows[0].len());
    let (used, rest) = scratch.split_at_mut(N * width);
    for (row, wide) in rows.into_iter().zip(used.chunks_exact_mut(width)) {
        repeat(row, wide);
    }
    let used: &[f32] = used;
    (std::array::from_fn(|at| &used[at * width..(at + 1) * width]), rest)
}

#[inline(always)]
fn repeat(row: &[f32], wide: &mut [f32]) {
    wide.chunks_exact_mut(row.len()).for_each(|wide| wide.copy_from_slice(row));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: [usize; 9] = [1, 3, 8, 10, 16, 33, 64, 65, 130];
    const COUNTS: [usize; 5] = [1, 2, 7, 64, 1500];

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin() * 2.0 + 3.0).collect()
    }

    fn column(values: &[f32], channels: usize, channel: usize) -> Vec<f64> {
        values.iter().skip(channel).step_by(channels).map(|value| f64::from(*value)).collect()
    }

    #[track_caller]
    fn assert_close(what: &str, got: f32, expected: f64) {
        assert!((f64::from(got) - expected).abs() <= 4e-6 * expected.abs().max(1.0), "{what}: {got}, not {expected}");
    }

    #[test]
    fn moments_are_those_of_all_rows_however_they_are_cut() {
        for (channels, count) in CHANNELS.into_iter().flat_map(|channels| COUNTS.map(|count| (channels, count))) {
            let (what, input) = (format!("{count}×{channels}"), numbers(count * channels, 0.37));
            let mut scratch = vec![f32::NAN; scratch_len(channels)];
            let mut statistics = |input: &[f32]| {
                let mut statistics = vec![f32::NAN; statistics_len(channels)];
                moments(input, channels, &mut scratch, &mut statistics);
                statistics
            };
            let (first, second) = input.split_at(count / 3 * channels);
            let mut merged = statistics(first);
            merge(&mut merged, &statistics(second));
            for statistics in [statistics(&input), merged] {
                let (means, squares, found) = parts(&statistics, channels);
                assert_eq!(found, count as f32, "{what}");
                for channel in 0..channels {
                    let column = column(&input, channels, channel);
                    let mean = column.iter().sum::<f64>() / count as f64;
                    let square = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                    assert_close(&what, means[channel], mean);
                    assert_close(&what, squares[channel] / count as f32, square / count as f64);
                }
            }
        }
    }

    #[test]
    fn a_small_variance_far_from_zero_is_found() {
        let input: Vec<f32> = (0..9000).map(|at| 1000.0 + (at % 2) as f32 * 0.25).collect();
        let mut statistics = [0.0; 3];
        moments(&input, 1, &mut vec![0.0; scratch_len(1)], &mut statistics);
        assert!((statistics[1] / 9000.0 - 0.015_625).abs() < 1e-5, "{statistics:?}");
    }

    #[test]
    fn normalizing_and_its_gradients_agree_with_their_definition() {
        for (channels, count) in CHANNELS.into_iter().flat_map(|channels| COUNTS.map(|count| (channels, count))) {
            let (what, len) = (format!("{count}×{channels}"), count * channels);
            let (input, grad) = (numbers(len, 0.37), numbers(len, 0.71));
            let [mean, scale, shift, along] = [0.2, 0.5, 0.9, 1.3].map(|step| numbers(channels, step));
            let scratch = &mut vec![f32::NAN; scratch_len(channels)];
            let (mut output, mut grad_input) = (vec![f32::NAN; len], vec![f32::NAN; len]);
            let (mut grad_gamma, mut grad_beta) = (vec![f32::NAN; channels], vec![f32::NAN; channels]);
            normalize(&input, [&mean, &scale, &shift], scratch, &mut output);
            let both = [&input[..], &grad];
            normalize_backward_params(both, [&mean, &scale], scratch, [&mut grad_gamma, &mut grad_beta]);
            normalize_backward_input(both, [&mean, &along, &shift, &scale], scratch, &mut grad_input);
            for channel in 0..channels {
                let [mean, scale, shift, along] =
                    [&mean, &scale, &shift, &along].map(|numbers| f64::from(numbers[channel]));
                let (xs, grads) = (column(&input, channels, channel), column(&grad, channels, channel));
                let (ys, grad_xs) = (column(&output, channels, channel), column(&grad_input, channels, channel));
                for (((x, grad), y), grad_x) in xs.iter().zip(&grads).zip(&ys).zip(&grad_xs) {
                    assert_close(&what, *y as f32, (x - mean) * scale + shift);
                    let expected = (grad - shift - (x - mean) * along) * scale;
                    assert!((grad_x - expected).abs() < 1e-4, "{what}: {grad_x}, not {expected}");
                }
                let gamma: f64 = xs.iter().zip(&grads).map(|(x, grad)| grad * (x - mean) * scale).sum();
                assert!((f64::from(grad_gamma[channel]) - gamma).abs() < 2e-5 * count as f64, "{what}");
                assert_close(&what, grad_beta[channel] / count as f32, grads.iter().sum::<f64>() / count as f64);
            }
        }
    }
}
