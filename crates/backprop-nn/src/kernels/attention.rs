//! Scaled dot-product attention of one head of one sample, forward and backward, some rows at a time: there is never a
//! matrix of all steps by all steps. What is kept for the way back is one number a row, the logarithm of the sum of the
//! exponentials, from which the weights are computed anew (Dao et al. 2022).

use std::ops::Range;

use rand::Rng as _;

use super::direct::{Operand, Part, Product, Start, product};
use super::rows::{LANES, largest, sum};
use super::transpose::transpose_rows;
use super::vector::{exp, ln};
use super::vectorized;
use crate::init::Rng;

/// Rows of weights that are computed at a time.
const ROWS: usize = 64;

/// A head: rows of `width` numbers that begin `stride` numbers apart.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Rows of queries, and as many of keys and values.
    pub steps: usize,
    /// Numbers of a row.
    pub width: usize,
    /// From one row to the next.
    pub stride: usize,
    /// Whether a step attends to none after it.
    pub causal: bool,
}

/// Queries and keys, and which keys count.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// From the first number of the head on.
    pub queries: &'a [f32],
    /// Likewise.
    pub keys: &'a [f32],
    /// What is added to the score of each key: 0, or minus infinity for one that does not count. Empty if all do.
    pub mask: &'a [f32],
}

/// Sets weights to zero, each with the same probability, and scales the others up; the same ones for the same numbers.
#[derive(Debug)]
pub struct Drop {
    /// The probability.
    pub rate: f32,
    /// Where the decisions come from, in the order of the rows.
    pub rng: Rng,
}

impl Drop {
    /// `weights ⊙ factors` where a factor is 0 or `1 / (1 - rate)`.
    fn apply(&mut self, weights: &mut [f32]) {
        let (threshold, keep) = ((f64::from(self.rate) * f64::from(u32::MAX)) as u32, 1.0 / (1.0 - self.rate));
        for weight in weights {
            *weight *= if self.rng.next_u32() < threshold { 0.0 } else { keep };
        }
    }
}

/// What the way back reads and writes, each from the first number of the head on.
#[derive(Debug)]
pub struct HeadBackward<'a> {
    /// Replaced by their gradient.
    pub queries: &'a mut [f32],
    /// Replaced by their gradient.
    pub keys: &'a mut [f32],
    /// Replaced by their gradient.
    pub values: &'a mut [f32],
    /// As in [`Scores`].
    pub mask: &'a [f32],
    /// As `forward` left it.
    pub context: &'a [f32],
    /// The gradient of the context.
    pub grad_context: &'a [f32],
    /// As `forward` left them.
    pub log_sums: &'a [f32],
}

impl Head {
    /// Numbers that `forward` works in.
    pub fn forward_scratch(&self) -> usize {
        self.block() * self.steps + self.own()
    }

    /// Numbers that `backward` works in.
    pub fn backward_scratch(&self) -> usize {
        3 * self.block() * self.steps + 4 * self.own()
    }

    /// Numbers of the head.
    fn own(&self) -> usize {
        self.steps * self.width
    }

    fn block(&self) -> usize {
        self.steps.min(ROWS)
    }

    /// The rows of each block, and how many keys they attend to at most.
    fn blocks(self) -> impl Iterator<Item = (Range<usize>, usize)> {
        (0..self.steps).step_by(ROWS).map(move |from| {
            let to = (from + ROWS).min(self.steps);
            (from..to, if self.causal { to } else { self.steps })
        })
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Scores of the keys that the row of a block attends to, and of others up to a whole vector, which are set to `unseen`. Those after
    /// them become zero.
    #[inline(always)]
    fn seen<'a>(&self, row: usize, scores: &'a mut [f32], unseen: f32) -> &'a mut [f32] {
        let keys = scores.len();
        let seen = if self.causal { row + 1 } else { keys };
        let (scores, rest) = scores.split_at_mut(seen.next_multiple_of(LANES).min(keys));
        scores[seen..].fill(unseen);
        rest.fill(0.0);
        scores
    }

    /// What a product with the weights of a block can leave out.
    fn part(&self, part: Part) -> Part {
        if self.causal { part } else { Part::All }
    }

    /// `out = rows·columns`, for some rows of the head and `columns` `[width, steps]`, of which the first `keys` count.
    fn products(&self, from: &[f32], rows: &Range<usize>, columns: &[f32], keys: usize, out: &mut [f32]) {
        let product = Product {
            sizes: [rows.len(), self.width, keys],
            a: Operand::rows(&from[rows.start * self.stride..], self.stride),
            b: Operand::rows(columns, self.steps),
            out,
            stride: keys,
            part: self.part(Part::Weights { first: rows.start }),
            start: Start::Zero,
        };
        product.run();
    }

    /// `out = weights·rows`, for the rows of a block of weights, and the first `keys` rows of the head.
    fn mean(&self, weights: &[f32], rows: &Range<usize>, keys: usize, of: &[f32], out: &mut [f32]) {
        let product = Product {
            sizes: [rows.len(), keys, self.width],
            a: Operand::rows(weights, keys),
            b: Operand::rows(of, self.stride),
            out: &mut out[rows.start * self.stride..],
            stride: self.stride,
            part: self.part(Part::Queries { first: rows.start }),
            start: Start::Zero,
        };
        product.run();
    }

    /// `out += weightsᵀ·rows`, for the rows of a block of weights, `out` `[steps, width]`.
    fn add_back(&self, weights: &[f32], rows: &Range<usize>, keys: usize, of: &[f32], out: &mut [f32]) {
        let product = Product {
            sizes: [keys, rows.len(), self.width],
            a: Operand::rows(weights, keys).t(),
            b: Operand::rows(&of[rows.start * self.stride..], self.stride),
            out,
            stride: self.width,
            part: self.part(Part::Keys { first: rows.start }),
            start: Start::Out,
        };
        product.run();
    }

    /// `context = softmax(q·kᵀ / √width + mask)·v`. `log_sums`, unless it is empty, gets a number per row. The context of a row
    /// all of whose keys are masked is 0.
    pub fn forward(
        &self,
        scores: Scores<'_>,
        values: &[f32],
        mut drop: Option<Drop>,
        context: &mut [f32],
        log_sums: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (transposed, scratch) = scratch.split_at_mut(self.own());
        transpose_rows(scores.keys, transposed, self.width, self.stride);
        for (rows, keys) in self.blocks() {
            let weights = &mut scratch[..rows.len() * keys];
            self.products(scores.queries, &rows, transposed, keys, weights);
            vectorized!({
                for (row, weights) in rows.clone().zip(weights.chunks_exact_mut(keys)) {
                    let weights = self.seen(row, weights, f32::NEG_INFINITY);
                    let log_sum = softmax(weights, scores.mask, self.scale());
                    if let Some(kept) = log_sums.get_mut(row) {
                        *kept = log_sum;
                    }
                }
            });
            if let Some(drop) = &mut drop {
                drop.apply(weights);
            }
            self.mean(weights, &rows, keys, values, context);
        }
    }

    /// The weights of some rows, computed anew from their scores.
    fn weights(&self, weights: &mut [f32], rows: &Range<usize>, keys: usize, mask: &[f32], log_sums: &[f32]) {
        let scale = self.scale();
        vectorized!({
            for (row, weights) in rows.clone().zip(weights.chunks_exact_mut(keys)) {
                let weights = self.seen(row, weights, f32::NEG_INFINITY);
                again(weights, mask, scale, log_sums[row]);
            }
        });
    }

    /// All weights, `[steps, steps]`, without dropout.
    pub fn all_weights(&self, scores: Scores<'_>, log_sums: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; self.steps * self.steps];
        let mut scratch = vec![0.0; self.forward_scratch()];
        let (transposed, scratch) = scratch.split_at_mut(self.own());
        transpose_rows(scores.keys, transposed, self.width, self.stride);
        for (rows, keys) in self.blocks() {
            let weights = &mut scratch[..rows.len() * keys];
            self.products(scores.queries, &rows, transposed, keys, weights);
            self.weights(weights, &rows, keys, scores.mask, log_sums);
            for (row, weights) in rows.zip(weights.chunks_exact(keys)) {
                all[row * self.steps..][..keys].copy_from_slice(weights);
            }
        }
        all
    }

    /// With `P` for the weights and `P'` for those that dropout left: `dv = P'ᵀ·dc`, `dS = P' ⊙ (dc·vᵀ) - P ⊙ Σ dc ⊙ c`,
    /// `dq = dS·k / √width`, `dk = dSᵀ·q / √width`.
    pub fn backward(&self, pass: HeadBackward<'_>, mut drop: Option<Drop>, scratch: &mut [f32]) {
        let HeadBackward { queries, keys: all_keys, values, mask, context, grad_context, log_sums } = pass;
        let (len, own) = (self.block() * self.steps, self.own());
        let (weights, rest) = scratch.split_at_mut(len);
        let (dropped, rest) = rest.split_at_mut(len);
        let (grad, rest) = rest.split_at_mut(len);
        let (grad_keys, rest) = rest.split_at_mut(own);
        let (grad_values, rest) = rest.split_at_mut(own);
        let (keys_by_column, rest) = rest.split_at_mut(own);
        let values_by_column = &mut rest[..own];
        transpose_rows(all_keys, keys_by_column, self.width, self.stride);
        transpose_rows(values, values_by_column, self.width, self.stride);
        grad_keys.fill(0.0);
        grad_values.fill(0.0);
        for (rows, keys) in self.blocks() {
            let len = rows.len() * keys;
            let (weights, grad) = (&mut weights[..len], &mut grad[..len]);
            self.products(queries, &rows, keys_by_column, keys, weights);
            self.weights(weights, &rows, keys, mask, log_sums);
            let left = match &mut drop {
                None => &*weights,
                Some(drop) => {
                    dropped[..len].copy_from_slice(weights);
                    drop.apply(&mut dropped[..len]);
                    &dropped[..len]
                }
            };
            self.add_back(left, &rows, keys, grad_context, grad_values);
            self.products(grad_context, &rows, values_by_column, keys, grad);
            let scale = self.scale();
            vectorized!({
                let blocks = weights.chunks_exact(keys).zip(left.chunks_exact(keys)).zip(grad.chunks_exact_mut(keys));
                for (row, ((weights, left), grad)) in rows.clone().zip(blocks) {
                    let at = row * self.stride;
                    let along = sum(&grad_context[at..at + self.width], &context[at..at + self.width], |dc, c| dc * c);
                    through_softmax(weights, left, self.seen(row, grad, 0.0), along, scale);
                }
            });
            self.add_back(grad, &rows, keys, queries, grad_keys);
            self.mean(grad, &rows, keys, all_keys, queries);
        }
        for (all, grad) in [(all_keys, grad_keys), (values, grad_values)] {
            for (row, grad) in all.chunks_mut(self.stride).zip(grad.chunks_exact(self.width)) {
                row[..self.width].copy_from_slice(grad);
            }
        }
    }

    /// The context of a query that comes after the first `keys` rows of keys and values; for `steps` of them room in `scratch`.
    pub fn step(&self, scores: Scores<'_>, values: &[f32], keys: usize, context: &mut [f32], scratch: &mut [f32]) {
        let weights = &mut scratch[..keys];
        for (weight, key) in weights.iter_mut().zip(scores.keys.chunks(self.stride)) {
            *weight = sum(&scores.queries[..self.width], &key[..self.width], |q, k| q * k);
        }
        softmax(weights, scores.mask, self.scale());
        let context = &mut context[..self.width];
        context.fill(0.0);
        for (weight, value) in weights.iter().zip(values.chunks(self.stride)) {
            context.iter_mut().zip(value).for_each(|(context, value)| *context += weight * value);
        }
    }
}

/// Vector by vector, since most rows are too short for a loop over several at a time.
#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    let (vectors, rest) = values.as_chunks_mut::<LANES>();
    vectors.iter_mut().for_each(|vector| vector.iter_mut().for_each(|value| *value = f(*value)));
    rest.iter_mut().for_each(|value| *value = f(*value));
}

/// Replaces scores by `softmax(scores · scale + mask)`, and gives the logarithm of the sum of the exponentials.
#[inline(always)]
fn softmax(scores: &mut [f32], mask: &[f32], scale: f32) -> f32 {
    if !mask.is_empty() {
        for (score, mask) in scores.iter_mut().zip(mask) {
            *score += mask;
        }
    }
    let most = largest(scores);
    if most == f32::NEG_INFINITY {
        scores.fill(0.0);
        return f32::INFINITY;
    }
    each(scores, |score| exp((score - most) * scale));
    let total = sum(scores, scores, |weight, _| weight);
    let share = 1.0 / total;
    each(scores, |weight| weight * share);
    most * scale + ln(total)
}

/// The same weights from the logarithm that `softmax` gave.
#[inline(always)]
fn again(scores: &mut [f32], mask: &[f32], scale: f32, log_sum: f32) {
    each(scores, |score| exp(score * scale - log_sum));
    if !mask.is_empty() {
        for (weight, mask) in scores.iter_mut().zip(mask) {
            *weight = if *mask < 0.0 { 0.0 } else { *weight };
        }
    }
}

#[inline(always)]
fn through_softmax(weights: &[f32], left: &[f32], grad: &mut [f32], along: f32, scale: f32) {
    let of = |grad: f32, left: f32, weight: f32| (left * grad - weight * along) * scale;
    let (grads, rest) = grad.as_chunks_mut::<LANES>();
    let ((weights, rest_weights), (left, rest_left)) = (weights.as_chunks::<LANES>(), left.as_chunks::<LANES>());
    for ((grad, left), weights) in grads.iter_mut().zip(left).zip(weights) {
        for ((grad, left), weight) in grad.iter_mut().zip(left).zip(weights) {
            *grad = of(*grad, *left, *weight);
        }
    }
    for ((grad, left), weight) in rest.iter_mut().zip(rest_left).zip(rest_weights) {
        *grad = of(*grad, *left, *weight);
    }
}

/// Turns the numbers `i` and `i + width / 2` of every row by the angle of its step and of `i`, back if `sign` is -1. `cos` and
/// `sin` are `[steps, width / 2]`; the rows are those of one sample after the other, all heads of a step one after the other.
pub fn rotate(values: &mut [f32], cos: &[f32], sin: &[f32], [heads, width]: [usize; 2], sign: f32) {
    let half = width / 2;
    vectorized!({
        for sample in values.chunks_exact_mut(cos.len() * 2 * heads) {
            let angles = cos.chunks_exact(half).zip(sin.chunks_exact(half));
            for (step, (cos, sin)) in sample.chunks_exact_mut(heads * width).zip(angles) {
                for head in step.chunks_exact_mut(width) {
                    let (first, second) = head.split_at_mut(half);
                    rotate_row(first, second, cos, sin, sign);
                }
            }
        }
    });
}

#[inline(always)]
fn rotate_row(first: &mut [f32], second: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
    let half = first.len();
    let (second, cos, sin) = (&mut second[..half], &cos[..half], &sin[..half]);
    for at in 0..half {
        let (a, b, sin) = (first[at], second[at], sign * sin[at]);
        first[at] = a * cos[at] - b * sin;
        second[at] = b * cos[at] + a * sin;
    }
}

/// `output = input·kernel + bias` for so many rows.
pub fn project(rows: usize, input: &[f32], kernel: &[f32], bias: &[f32], output: &mut [f32]) {
    let (width, inputs) = (bias.len(), kernel.len() / bias.len());
    product(output, input, kernel, [rows, inputs, width], Start::Row(bias));
}
