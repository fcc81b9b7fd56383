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
    fn apply(&mut self, weights: &mut [f32], block: Block) {
        let (threshold, keep) = ((f64::from(self.rate) * f64::from(u32::MAX)) as u32, 1.0 / (1.0 - self.rate));
        for query in 0..block.queries {
            for weight in weights[query..].iter_mut().step_by(block.stride) {
                *weight *= if self.rng.next_u32() < threshold { 0.0 } else { keep };
            }
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
    /// The gradient of the context.
    pub grad_context: &'a [f32],
    /// As `forward` left them.
    pub log_sums: &'a [f32],
}

impl Head {
    /// Numbers that `forward` works in.
    pub fn forward_scratch(&self) -> usize {
        self.room() + self.width * self.most_queries()
    }

    /// Numbers that `backward` works in.
    pub fn backward_scratch(&self) -> usize {
        3 * self.room() + 2 * self.own() + 2 * self.width * self.most_queries()
    }

    /// Numbers of the head.
    fn own(&self) -> usize {
        self.steps * self.width
    }

    /// The most queries of a block, in whole vectors.
    fn most_queries(&self) -> usize {
        self.steps.min(ROWS).next_multiple_of(LANES)
    }

    /// Numbers of the weights of a block.
    fn room(&self) -> usize {
        self.steps * self.most_queries()
    }

    /// The queries, some at a time.
    fn blocks(self) -> impl Iterator<Item = Block> {
        (0..self.steps).step_by(ROWS).map(move |first| {
            let queries = ROWS.min(self.steps - first);
            let keys = if self.causal { first + queries } else { self.steps };
            Block { first, queries, keys, stride: queries.next_multiple_of(LANES), causal: self.causal }
        })
    }

    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Writes the rows of a block by column, `[width, stride]`.
    fn by_column(&self, rows: &[f32], block: Block, to: &mut [f32]) {
        let rows = &rows[block.first * self.stride..];
        transpose_rows(rows, to, [block.queries, self.width], [self.stride, block.stride]);
        if block.queries < block.stride {
            let columns = to.chunks_exact_mut(block.stride).take(self.width);
            columns.for_each(|column| column[block.queries..].fill(0.0));
        }
    }

    /// `out = rows·columns`, a number for each key and query of a block, with the queries `[width, stride]`.
    fn products(&self, keys: &[f32], columns: &[f32], block: Block, out: &mut [f32]) {
        let product = Product {
            sizes: [block.keys, self.width, block.stride],
            a: Operand::rows(keys, self.stride),
            b: Operand::rows(columns, block.stride),
            out,
            stride: block.stride,
            part: block.part(Part::Weights { first: block.first }),
            start: Start::Zero,
        };
        product.run();
    }

    /// `out = weightsᵀ·rows`, for the weights of a block and the rows of its keys.
    fn mean(&self, weights: &[f32], block: Block, of: &[f32], out: &mut [f32]) {
        let product = Product {
            sizes: [block.queries, block.keys, self.width],
            a: Operand::rows(weights, block.stride).t(),
            b: Operand::rows(of, self.stride),
            out: &mut out[block.first * self.stride..],
            stride: self.stride,
            part: block.part(Part::Queries { first: block.first }),
            start: Start::Zero,
        };
        product.run();
    }

    /// `out += weights·rows`, for the weights of a block and the rows of its queries, `out` `[steps, width]`.
    fn add_back(&self, weights: &[f32], block: Block, of: &[f32], out: &mut [f32]) {
        let product = Product {
            sizes: [block.keys, block.queries, self.width],
            a: Operand::rows(weights, block.stride),
            b: Operand::rows(&of[block.first * self.stride..], self.stride),
            out,
            stride: self.width,
            part: block.part(Part::Keys { first: block.first }),
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
        let (queries, scratch) = scratch.split_at_mut(self.width * self.most_queries());
        for block in self.blocks() {
            let weights = &mut scratch[..block.len()];
            self.by_column(scores.queries, block, queries);
            self.products(scores.keys, queries, block, weights);
            let scale = self.scale();
            let log_sums = log_sums.get_mut(block.range()).unwrap_or_default();
            vectorized!({
                for group in block.groups() {
                    block.hide(weights, group, scores.mask, f32::NEG_INFINITY);
                    let found = softmax(block, group, weights, scale);
                    log_sums.iter_mut().skip(group * LANES).zip(found).for_each(|(kept, found)| *kept = found);
                }
            });
            if let Some(drop) = &mut drop {
                drop.apply(weights, block);
            }
            self.mean(weights, block, values, context);
        }
    }

    /// The weights of a block, computed anew from its scores.
    fn weights(&self, weights: &mut [f32], block: Block, mask: &[f32], log_sums: &[f32]) {
        let scale = self.scale();
        vectorized!({
            for group in block.groups() {
                block.hide(weights, group, mask, f32::NEG_INFINITY);
                let mut kept = [0.0; LANES];
                let from = log_sums[block.range()].iter().skip(group * LANES);
                kept.iter_mut().zip(from).for_each(|(kept, from)| *kept = *from);
                again(block, group, weights, kept, scale);
            }
        });
    }

    /// All weights, `[steps, steps]`, without dropout.
    pub fn all_weights(&self, scores: Scores<'_>, log_sums: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; self.steps * self.steps];
        let mut scratch = vec![0.0; self.forward_scratch()];
        let (queries, scratch) = scratch.split_at_mut(self.width * self.most_queries());
        for block in self.blocks() {
            let weights = &mut scratch[..block.len()];
            self.by_column(scores.queries, block, queries);
            self.products(scores.keys, queries, block, weights);
            self.weights(weights, block, scores.mask, log_sums);
            for (key, weights) in weights.chunks_exact(block.stride).enumerate() {
                for (query, weight) in block.range().zip(weights).filter(|(query, _)| !self.causal || key <= *query) {
                    all[query * self.steps + key] = *weight;
                }
            }
        }
        all
    }

    /// With `P` for the weights and `P'` for those that dropout left: `dv = P'ᵀ·dc`, `dP' = dc·vᵀ`,
    /// `dS = P' ⊙ dP' - P ⊙ Σ P' ⊙ dP'`, `dq = dS·k / √width`, `dk = dSᵀ·q / √width`.
    pub fn backward(&self, pass: HeadBackward<'_>, mut drop: Option<Drop>, scratch: &mut [f32]) {
        let HeadBackward { queries, keys, values, mask, grad_context, log_sums } = pass;
        let (room, own, columns) = (self.room(), self.own(), self.width * self.most_queries());
        let (weights, rest) = scratch.split_at_mut(room);
        let (dropped, rest) = rest.split_at_mut(room);
        let (grad, rest) = rest.split_at_mut(room);
        let (grad_keys, rest) = rest.split_at_mut(own);
        let (grad_values, rest) = rest.split_at_mut(own);
        let (queries_by_column, rest) = rest.split_at_mut(columns);
        let grads_by_column = &mut rest[..columns];
        grad_keys.fill(0.0);
        grad_values.fill(0.0);
        for block in self.blocks() {
            let (weights, grad) = (&mut weights[..block.len()], &mut grad[..block.len()]);
            self.by_column(queries, block, queries_by_column);
            self.by_column(grad_context, block, grads_by_column);
            self.products(keys, queries_by_column, block, weights);
            self.weights(weights, block, mask, log_sums);
            let left = match &mut drop {
                None => &*weights,
                Some(drop) => {
                    dropped[..block.len()].copy_from_slice(weights);
                    drop.apply(&mut dropped[..block.len()], block);
                    &dropped[..block.len()]
                }
            };
            self.add_back(left, block, grad_context, grad_values);
            self.products(values, grads_by_column, block, grad);
            let scale = self.scale();
            vectorized!({
                for group in block.groups() {
                    block.hide(grad, group, &[], 0.0);
                    through_softmax(block, group, [weights, left], grad, scale);
                }
            });
            self.add_back(grad, block, queries, grad_keys);
            self.mean(grad, block, keys, queries);
        }
        for (all, grad) in [(keys, grad_keys), (values, grad_values)] {
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
        let scale = self.scale();
        vectorized!(softmax_row(weights, scores.mask, scale));
        let context = &mut context[..self.width];
        context.fill(0.0);
        for (weight, value) in weights.iter().zip(values.chunks(self.stride)) {
            context.iter_mut().zip(value).for_each(|(context, value)| *context += weight * value);
        }
    }
}

/// Some queries, and the keys that they attend to at most. The weights of a block are `[keys, stride]`: those of a key one after the other,
/// one for each query, so that neither the largest weight nor the sum of a query goes across a vector.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: usize,
    queries: usize,
    /// The queries in whole vectors.
    stride: usize,
    keys: usize,
    causal: bool,
}

impl Block {
    fn len(self) -> usize {
        self.keys * self.stride
    }

    fn range(self) -> Range<usize> {
        self.first..self.first + self.queries
    }

    /// What a product with the weights can leave out.
    fn part(self, part: Part) -> Part {
        if self.causal { part } else { Part::All }
    }

    /// Groups of queries, a vector each.
    fn groups(self) -> Range<usize> {
        0..self.stride / LANES
    }

    /// How many keys the queries of a group attend to at most.
    #[inline(always)]
    fn seen(self, group: usize) -> usize {
        if self.causal { self.keys.min(self.first + (group + 1) * LANES) } else { self.keys }
    }

    /// The weights of a group, key by key.
    #[inline(always)]
    fn columns(self, weights: &[f32], group: usize) -> impl Iterator<Item = &[f32; LANES]> {
        let rows = weights.chunks_exact(self.stride).take(self.seen(group));
        rows.map(move |row| &row.as_chunks::<LANES>().0[group])
    }

    #[inline(always)]
    fn columns_mut(self, weights: &mut [f32], group: usize) -> impl Iterator<Item = &mut [f32; LANES]> {
        let rows = weights.chunks_exact_mut(self.stride).take(self.seen(group));
        rows.map(move |row| &mut row.as_chunks_mut::<LANES>().0[group])
    }

    /// Sets the numbers of keys that do not count for a query to `unseen`, and to zero those of the keys after the last that the group
    /// sees, as far as a tile of a product goes over them.
    #[inline(always)]
    fn hide(self, weights: &mut [f32], group: usize, mask: &[f32], unseen: f32) {
        for (column, _) in self.columns_mut(weights, group).zip(mask).filter(|(_, mask)| **mask < 0.0) {
            *column = [unseen; LANES];
        }
        if !self.causal {
            return;
        }
        let (first, seen) = (self.first + group * LANES, self.seen(group));
        for (after, column) in self.columns_mut(weights, group).skip(first).enumerate() {
            for (lane, value) in column.iter_mut().enumerate() {
                *value = if lane < after { unseen } else { *value };
            }
        }
        let rows = weights.chunks_exact_mut(self.stride).skip(seen).take(LANES);
        rows.for_each(|row| row.as_chunks_mut::<LANES>().0[group] = [0.0; LANES]);
    }
}

/// Exponentials that are added up before they are added to all others, so that long sums stay exact.
const PART: usize = 64;

/// Replaces the scores of a group by `softmax(scores · scale)`, and gives the logarithms of the sums of the exponentials.
#[inline(always)]
fn softmax(block: Block, group: usize, scores: &mut [f32], scale: f32) -> [f32; LANES] {
    let mut most = [f32::NEG_INFINITY; LANES];
    for scores in block.columns(scores, group) {
        for (most, score) in most.iter_mut().zip(scores) {
            *most = if *score > *most { *score } else { *most };
        }
    }
    // Of a query all of whose keys are masked every exponential is to be zero.
    let shift = most.map(|most| if most == f32::NEG_INFINITY { 0.0 } else { most });
    let (mut total, mut part) = ([0.0f32; LANES], [0.0f32; LANES]);
    for (key, scores) in block.columns_mut(scores, group).enumerate() {
        for ((score, shift), part) in scores.iter_mut().zip(&shift).zip(&mut part) {
            *score = exp((*score - shift) * scale);
            *part += *score;
        }
        if key % PART == PART - 1 {
            total.iter_mut().zip(&mut part).for_each(|(total, part)| *total += std::mem::take(part));
        }
    }
    let mut log_sums = [0.0; LANES];
    for at in 0..LANES {
        let sum = total[at] + part[at];
        let is_seen = sum != 0.0;
        log_sums[at] = if is_seen { shift[at] * scale + ln(sum) } else { f32::INFINITY };
        part[at] = if is_seen { 1.0 / sum } else { 0.0 };
    }
    for weights in block.columns_mut(scores, group) {
        weights.iter_mut().zip(&part).for_each(|(weight, share)| *weight *= share);
    }
    log_sums
}

/// The same weights from the logarithms that `softmax` gave.
#[inline(always)]
fn again(block: Block, group: usize, scores: &mut [f32], log_sums: [f32; LANES], scale: f32) {
    for scores in block.columns_mut(scores, group) {
        scores.iter_mut().zip(&log_sums).for_each(|(score, log_sum)| *score = exp(*score * scale - log_sum));
    }
}

#[inline(always)]
fn through_softmax(block: Block, group: usize, [weights, left]: [&[f32]; 2], grad: &mut [f32], scale: f32) {
    let mut along = [0.0f32; LANES];
    for (grad, left) in block.columns(grad, group).zip(block.columns(left, group)) {
        for ((along, grad), left) in along.iter_mut().zip(grad).zip(left) {
            *along += left * grad;
        }
    }
    let columns = block.columns(weights, group).zip(block.columns(left, group));
    for ((weights, left), grad) in columns.zip(block.columns_mut(grad, group)) {
        for lane in 0..LANES {
            grad[lane] = (left[lane] * grad[lane] - weights[lane] * along[lane]) * scale;
        }
    }
}

/// Replaces the scores of one query by `softmax(scores · scale + mask)`.
#[inline(always)]
fn softmax_row(scores: &mut [f32], mask: &[f32], scale: f32) {
    scores.iter_mut().zip(mask).for_each(|(score, mask)| *score += mask);
    let most = largest(scores);
    if most == f32::NEG_INFINITY {
        scores.fill(0.0);
        return;
    }
    scores.iter_mut().for_each(|score| *score = exp((*score - most) * scale));
    let share = 1.0 / sum(scores, scores, |weight, _| weight);
    scores.iter_mut().for_each(|weight| *weight *= share);
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

/// `output = input·kernel + bias`, and the rows of a skip connection if there are any.
pub fn project(input: &[f32], kernel: &[f32], bias: &[f32], skip: &[f32], output: &mut [f32]) {
    let (width, inputs) = (bias.len(), kernel.len() / bias.len());
    product(output, input, kernel, [output.len() / width, inputs, width], Start::of(bias, skip));
}
