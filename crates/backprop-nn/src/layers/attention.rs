use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::dense_on_steps::{ROWS, suits};
use super::global_average_pool::Padding;
use super::reshape::takes_steps;
use crate::field::{Described as _, Settings};
use crate::graph::{Attention, Operation, Tensor};
use crate::init::{Init, Initializer, stream};
use crate::kernels::attention::{Drop, Head, HeadBackward, Scores, project, rotate};
use crate::kernels::direct::{Start, product};
use crate::kernels::outer;
use crate::kernels::vector::sum_rows;
use crate::layer::{
    Backward, DecodeStep, Decoding, Forward, Fusible, Gradients, InsideLayer, Layer, MAX_SHARDS, Mode, ParamInfo,
    SavedForBackward, Transposed,
};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Each step gathers what it needs from the others: it compares its query with their keys and takes the mean of their values,
/// weighted by how well they fit. Several heads do so side by side, each with a part of the features.
///
/// `yₜ = [c₁ … c_heads]·W_o + b_o` with `c = softmax(q·kᵀ / √(features / heads))·v` for each head, where `q = x·W_q + b_q`, and
/// `k` and `v` likewise (Vaswani et al. 2017), as PyTorch's `nn.MultiheadAttention` for one sequence.
///
/// Rotary position embedding (Su et al. 2021) turns queries and keys of a head by angles `t · 10000^(-2i / width)`, the number
/// `i` together with `i + width / 2` as in GPT-NeoX and LLaMA, not with its neighbor as in the paper.
///
/// Shapes: `[n, steps, features]` to the same; four kernels `[features, features]` and biases `[features]`, of queries, keys,
/// values and output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    group = "Sequences and words",
    formula = "y = softmax(q·k^T / √d)·v·W_o + b_o, for each head; q, k, v = x·W + b"
)]
pub struct MultiHeadAttention {
    /// How many times each step attends to the others in parallel, each in its own way. It has to divide the features.
    #[field(default = 4, range = 1..=64)]
    pub heads: usize,
    /// No step sees those after it, as it has to be where the next one is predicted. Off for texts that are read as a whole.
    #[field(default = true)]
    pub causal: bool,
    /// Probability of an attention weight to be set to zero while training. Too large, and the network underfits.
    #[field(default = 0.0, range = 0.0..=0.9)]
    pub dropout: f32,
    /// Turns queries and keys by their position, so that their product depends on the distance. Needs no PositionalEmbedding.
    #[field(label = "Rotary positions", default = false)]
    pub rotary: bool,
    /// No step attends to those whose token is 0, the padding behind a short text. For a network that begins with Embedding.
    #[field(label = "Ignore padding", default = false)]
    pub padding: bool,
}

impl MultiHeadAttention {
    /// Whether so many features can be cut into so many heads.
    fn divides(&self, features: usize, heads: usize) -> bool {
        features.is_multiple_of(heads) && !(self.rotary && (features / heads) % 2 == 1)
    }

    /// The number of heads closest to the one that is set among those that divide.
    fn nearest(&self, features: usize) -> Option<usize> {
        (1..=64).filter(|heads| self.divides(features, *heads)).min_by_key(|heads| heads.abs_diff(self.heads))
    }
}

impl Spec for MultiHeadAttention {
    /// "4 heads causal rotary"
    fn detail(&self) -> String {
        let heads = if self.heads == 1 { "1 head".to_owned() } else { format!("{} heads", self.heads) };
        let word = |is: bool, word: &'static str| if is { word } else { "" };
        heads + word(self.causal, " causal") + word(self.rotary, " rotary")
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let [steps, features] = takes_steps(Self::LABEL, input)?;
        if !self.divides(features, self.heads) {
            let Self { heads, .. } = *self;
            return Err(match self.nearest(features) {
                Some(nearest) => {
                    let even = if self.rotary { " into parts of an even width" } else { "" };
                    ShapeError::new(format!("{heads} heads do not divide {features} features{even}. Set {nearest}, the nearest number that does."))
                        .with_fix(Fix::Replace(Self { heads: nearest, ..self.clone() }.into()))
                }
                None => ShapeError::new(format!(
                    "Rotary positions need an even number of features, and {features} arrive. Turn them off."
                ))
                .with_fix(Fix::Replace(Self { rotary: false, ..self.clone() }.into())),
            });
        }
        let products = 4 * features * features + 2 * steps * features;
        Ok(Plan {
            output: input,
            params: 4 * (features * features + features),
            multiply_adds: (steps * products) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [steps, features] = input.as_steps().unwrap_or([1, 1]);
        let width = features / self.heads;
        let head = Head { steps, width, stride: features, causal: self.causal };
        let angles = self.rotary.then(|| Angles::new(steps, width));
        Box::new(BuiltAttention { head, heads: self.heads, dropout: self.dropout, padding: self.padding, angles })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let Self { heads, causal, rotary, padding, .. } = *self;
        let (kernels, biases) = params.split_at_checked(PARTS)?;
        let four = |tensors: &[Tensor<'a>]| <[Tensor<'a>; PARTS]>::try_from(tensors.to_vec()).ok();
        let (kernels, biases) = (four(kernels)?, four(biases)?);
        let attention = Attention { kernels, biases, heads, causal, rotary, padding };
        Some(vec![Operation::Attention(Box::new(attention))])
    }
}

/// The angles of rotary positions, `[steps, width / 2]`.
struct Angles {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Angles {
    fn new(steps: usize, width: usize) -> Self {
        let angle = |step: usize, at: usize| step as f64 * 10_000f64.powf(-2.0 * at as f64 / width as f64);
        let all = || (0..steps).flat_map(|step| (0..width / 2).map(move |at| angle(step, at)));
        Self {
            cos: all().map(|angle| angle.cos() as f32).collect(),
            sin: all().map(|angle| angle.sin() as f32).collect(),
        }
    }
}

struct BuiltAttention {
    head: Head,
    heads: usize,
    dropout: f32,
    padding: bool,
    angles: Option<Angles>,
}

/// Numbers that a seed is kept in, 16 bits each, which a float holds exactly.
const SEED: usize = 4;

/// Kernels and biases in the order in which they lie: of queries, keys, values and output.
const PARTS: usize = 4;

/// What is kept of a shard. All but the last four `[samples, steps, features]`.
struct Memo<'a> {
    queries: &'a mut [f32],
    keys: &'a mut [f32],
    values: &'a mut [f32],
    context: &'a mut [f32],
    /// `[samples, heads, steps]`
    log_sums: &'a mut [f32],
    /// `[samples, steps]`, if padding is left out.
    mask: &'a mut [f32],
    seed: &'a mut [f32],
    /// The gradient of the output, if the gradient of the parameters is computed from the whole batch; not there outside of training.
    grad: &'a mut [f32],
}

impl BuiltAttention {
    fn features(&self) -> usize {
        self.head.stride
    }

    fn values(&self) -> usize {
        self.head.steps * self.features()
    }

    /// Samples that pass through the layer at a time: about [`ROWS`].
    fn group(&self) -> usize {
        (ROWS / self.head.steps).max(1)
    }

    /// Whether the gradient of the parameters is computed shard by shard, while the rows are in the cache: where it is small.
    fn is_small(&self) -> bool {
        suits(self.head.steps, [self.features(); 2])
    }

    fn masked(&self) -> usize {
        if self.padding { self.head.steps } else { 0 }
    }

    /// Numbers per sample that `forward` writes.
    fn forward_len(&self) -> usize {
        PARTS * self.values() + self.heads * self.head.steps + self.masked() + SEED
    }

    fn memo<'a>(&self, samples: usize, memo: &'a mut [f32]) -> Memo<'a> {
        let values = samples * self.values();
        let (queries, rest) = memo.split_at_mut(values);
        let (keys, rest) = rest.split_at_mut(values);
        let (own, rest) = rest.split_at_mut(values);
        let (context, rest) = rest.split_at_mut(values);
        let (log_sums, rest) = rest.split_at_mut(samples * self.heads * self.head.steps);
        let (mask, rest) = rest.split_at_mut(samples * self.masked());
        let (seed, grad) = rest.split_at_mut(samples * SEED);
        Memo { queries, keys, values: own, context, log_sums, mask, seed, grad }
    }

    fn kernel<'a>(&self, params: &'a [f32], part: usize) -> &'a [f32] {
        let len = self.features() * self.features();
        &params[part * len..][..len]
    }

    fn bias<'a>(&self, params: &'a [f32], part: usize) -> &'a [f32] {
        let kernels = PARTS * self.features() * self.features();
        &params[kernels + part * self.features()..][..self.features()]
    }

    /// The decisions of dropout in one head of a sample; none outside of training.
    fn drop(&self, seed: Option<u64>, place: usize) -> Option<Drop> {
        let seed = seed.filter(|_| self.dropout > 0.0)?;
        Some(Drop { rate: self.dropout, rng: stream(seed, place as u64) })
    }

    /// All of it for the samples in `part`, whose inputs and outputs these are.
    fn attend(
        &self,
        part: Range<usize>,
        params: &[f32],
        input: &[f32],
        output: &mut [f32],
        memo: &mut Memo<'_>,
        own: Own<'_>,
    ) {
        let (Own { seed, skip, scratch }, steps) = (own, self.head.steps);
        let numbers = part.start * self.values()..part.end * self.values();
        let [queries, keys, values, context] = [&mut memo.queries, &mut memo.keys, &mut memo.values, &mut memo.context]
            .map(|all| &mut all[numbers.clone()]);
        for (part, output) in [&mut *queries, &mut *keys, &mut *values].into_iter().enumerate() {
            project(input, self.kernel(params, part), self.bias(params, part), &[], output);
        }
        if let Some(Angles { cos, sin }) = &self.angles {
            for values in [&mut *queries, &mut *keys] {
                rotate(values, cos, sin, [self.heads, self.head.width], 1.0);
            }
        }
        for place in part.start * self.heads..part.end * self.heads {
            let (sample, head) = (place / self.heads, place % self.heads);
            let at = (sample - part.start) * self.values() + head * self.head.width;
            let mask = &memo.mask[sample * self.masked()..][..self.masked()];
            let scores = Scores { queries: &queries[at..], keys: &keys[at..], mask };
            let log_sums = &mut memo.log_sums[place * steps..][..steps];
            self.head.forward(scores, &values[at..], self.drop(seed, place), &mut context[at..], log_sums, scratch);
        }
        project(context, self.kernel(params, PARTS - 1), self.bias(params, PARTS - 1), skip, output);
    }

    /// Writes which keys do not count.
    fn write_mask(&self, entry: &[f32], samples: usize, mask: &mut [f32]) {
        if !self.padding {
            return;
        }
        for (sample, mask) in mask[..samples * self.head.steps].chunks_exact_mut(self.head.steps).enumerate() {
            let padding = Padding::of(Some(entry), sample, self.head.steps);
            for (step, mask) in mask.iter_mut().enumerate() {
                *mask = if padding.is(step) { f32::NEG_INFINITY } else { 0.0 };
            }
        }
    }
}

impl Layer for BuiltAttention {
    fn params(&self) -> Vec<ParamInfo> {
        let features = self.features();
        let dims = [features, features];
        let init = Initializer::GlorotUniform.of(&dims, features, features);
        let kernels = ["query_kernel", "key_kernel", "value_kernel", "output_kernel"];
        let biases = ["query_bias", "key_bias", "value_bias", "output_bias"];
        let kernels = kernels.map(|name| ParamInfo::new(name, &dims, init));
        kernels.into_iter().chain(biases.map(|name| ParamInfo::new(name, &[features], Init::Zeros))).collect()
    }

    fn memo_len(&self) -> usize {
        self.forward_len() + if self.is_small() { 0 } else { self.values() }
    }

    /// For `forward` outside of training also what is kept otherwise, for `backward` the gradient of the context.
    fn scratch_len(&self, samples: usize) -> usize {
        let backward = self.head.backward_scratch() + self.group() * self.values();
        backward.max(self.head.forward_scratch() + samples * self.forward_len())
    }

    fn transposed(&self, _first: bool) -> Option<Transposed> {
        let features = self.features();
        Some(Transposed { offset: 0, rows: PARTS * features, columns: features, panel: features })
    }

    fn absorb(&mut self, next: Fusible) -> bool {
        next == Fusible::Addition
    }

    fn inside(&self, memo: &[f32]) -> Vec<InsideLayer> {
        let (steps, features) = (self.head.steps, self.features());
        let mut memo = memo.to_vec();
        let Memo { queries, keys, values, log_sums, mask, .. } = self.memo(1, &mut memo);
        let of = |name: &str, values: &[f32]| InsideLayer {
            name: name.to_owned(),
            shape: Shape::steps(steps, features),
            values: values.to_vec(),
        };
        let weights = (0..self.heads).map(|head| {
            let at = head * self.head.width;
            let scores = Scores { queries: &queries[at..], keys: &keys[at..], mask };
            InsideLayer {
                name: format!("attention weights, head {}", head + 1),
                shape: Shape::steps(steps, steps),
                values: self.head.all_weights(scores, &log_sums[head * steps..][..steps]),
            }
        });
        weights.chain([of("queries q", queries), of("keys k", keys), of("values v", values)]).collect()
    }

    fn forward(&self, pass: Forward<'_>) {
        let Forward { samples, params, input, output, memo, scratch, entry, skip, mode, .. } = pass;
        // Outside of training there is no memo, and the same numbers lie in the scratch memory.
        let (room, scratch) = scratch.split_at_mut(if memo.is_empty() { samples * self.forward_len() } else { 0 });
        let mut memo = self.memo(samples, if memo.is_empty() { room } else { memo });
        let seed = match mode {
            Mode::Train { seed } => Some(seed),
            Mode::Infer => None,
        };
        write_seed(seed.unwrap_or_default(), memo.seed);
        self.write_mask(entry, samples, memo.mask);
        let len = self.group() * self.values();
        for (at, (input, output)) in input.chunks(len).zip(output.chunks_mut(len)).enumerate() {
            let first = at * self.group();
            let part = first..first + input.len() / self.values();
            let skip = skip.chunks(len).nth(at).unwrap_or_default();
            self.attend(part, params, input, output, &mut memo, Own { seed, skip, scratch });
        }
    }

    /// Some samples at a time. Leaves the gradients of queries, keys and values in their place.
    fn backward(&self, pass: Backward<'_>) {
        let Backward { samples, transposed, input, memo, scratch, grad_output, grad_params, .. } = pass;
        let (steps, features, len) = (self.head.steps, self.features(), self.group() * self.values());
        let panel = |part: usize| &transposed[part * features * features..][..features * features];
        let mut memo = self.memo(samples, memo);
        let seed = read_seed(memo.seed);
        if !self.is_small() {
            memo.grad.copy_from_slice(grad_output);
        }
        grad_params.fill(0.0);
        let mut sums = Sums { features, grad: if pass.is_frozen { &mut [] } else { grad_params } };
        let (grad_context, scratch) = scratch.split_at_mut(len);
        let mut grad_inputs = pass.grad_input.map(|grad_input| grad_input.chunks_mut(len));
        for (at, (input, grad)) in input.chunks(len).zip(grad_output.chunks(len)).enumerate() {
            let numbers = at * len..at * len + input.len();
            let (log_sums, mask) = (&*memo.log_sums, &*memo.mask);
            let [queries, keys, values, context] =
                [&mut memo.queries, &mut memo.keys, &mut memo.values, &mut memo.context]
                    .map(|all| &mut all[numbers.clone()]);
            let sizes = [input.len() / features, features, features];
            sums.add(PARTS - 1, context, grad);
            product(grad_context, grad, panel(PARTS - 1), sizes, Start::Zero);
            let first = at * self.group();
            for place in first * self.heads..(first + input.len() / self.values()) * self.heads {
                let (sample, head) = (place / self.heads, place % self.heads);
                let end = (sample - first + 1) * self.values();
                let own = end - self.values() + head * self.head.width..end;
                let pass = HeadBackward {
                    queries: &mut queries[own.clone()],
                    keys: &mut keys[own.clone()],
                    values: &mut values[own.clone()],
                    mask: &mask[sample * self.masked()..][..self.masked()],
                    grad_context: &grad_context[own],
                    log_sums: &log_sums[place * steps..][..steps],
                };
                self.head.backward(pass, self.drop(Some(seed), place), scratch);
            }
            if let Some(Angles { cos, sin }) = &self.angles {
                for values in [&mut *queries, &mut *keys] {
                    rotate(values, cos, sin, [self.heads, self.head.width], -1.0);
                }
            }
            let mut grad_input = grad_inputs.as_mut().and_then(Iterator::next);
            for (part, grad) in [queries, keys, values].into_iter().enumerate() {
                sums.add(part, input, grad);
                if let Some(grad_input) = &mut grad_input {
                    product(grad_input, grad, panel(part), sizes, if part == 0 { Start::Zero } else { Start::Out });
                }
            }
        }
    }

    fn gradients(&self) -> Gradients {
        let row = self.features();
        if self.is_small() { Gradients::PerShard { row } } else { Gradients::PerBlock { row } }
    }

    /// `dW = Σ xᵀ·dq` for some rows of the kernels, `Σ cᵀ·dy` for the last of them, and for the biases `Σ dq`.
    fn gradient(&self, block: Range<usize>, shards: &[SavedForBackward<'_>], grad: &mut [f32]) {
        let features = self.features();
        let rows = block.start / features..block.end / features;
        for part in 0..PARTS {
            let mut pairs = [(&[][..], &[][..]); MAX_SHARDS];
            for (pair, SavedForBackward { samples, input, memo }) in pairs.iter_mut().zip(shards) {
                let len = samples * self.values();
                *pair = match part + 1 {
                    PARTS => (&memo[part * len..][..len], &memo[samples * self.forward_len()..][..len]),
                    _ => (input, &memo[part * len..][..len]),
                };
            }
            let pairs = &pairs[..shards.len()];
            let own = rows.start.max(part * features)..rows.end.min((part + 1) * features);
            if !own.is_empty() {
                let grad = &mut grad[(own.start - rows.start) * features..][..own.len() * features];
                outer::sum(pairs, features, features, own.start - part * features, grad);
            }
            let bias = PARTS * features + part;
            if rows.contains(&bias) {
                let grad = &mut grad[(bias - rows.start) * features..][..features];
                grad.fill(0.0);
                pairs.iter().for_each(|(_, values)| sum_rows(grad, values));
            }
        }
    }

    /// Only where no step sees those after it.
    fn decoding(&self) -> Option<Decoding> {
        let (width, steps) = (Some(self.features()), self.head.steps);
        let state = 2 * self.values() + self.masked();
        self.head.causal.then_some(Decoding { width, state, context: Some(steps) })
    }

    /// Keys and values of the steps so far are kept in the state.
    fn decode(&self, step: DecodeStep<'_>) {
        let DecodeStep { at, params, input, output, state, scratch, entry, skip, .. } = step;
        let (features, width) = (self.features(), self.head.width);
        let (keys, rest) = state.split_at_mut(self.values());
        let (values, mask) = rest.split_at_mut(self.values());
        let (query, rest) = scratch.split_at_mut(features);
        let (context, scratch) = rest.split_at_mut(features);
        let (key, value) = (&mut keys[at * features..][..features], &mut values[at * features..][..features]);
        for (part, output) in [&mut *query, &mut *key, value].into_iter().enumerate() {
            project(input, self.kernel(params, part), self.bias(params, part), &[], output);
        }
        if let Some(Angles { cos, sin }) = &self.angles {
            let angles = at * width / 2..(at + 1) * width / 2;
            for row in [&mut *query, key] {
                rotate(row, &cos[angles.clone()], &sin[angles.clone()], [self.heads, width], 1.0);
            }
        }
        if self.padding {
            mask[at] = if Padding::of(Some(entry), 0, 1).is(0) { f32::NEG_INFINITY } else { 0.0 };
        }
        for head in 0..self.heads {
            let first = head * width;
            let scores = Scores { queries: &query[first..], keys: &keys[first..], mask };
            self.head.step(scores, &values[first..], at + 1, &mut context[first..], scratch);
        }
        project(context, self.kernel(params, PARTS - 1), self.bias(params, PARTS - 1), skip, output);
    }
}

/// What a pass works in, the seed of its dropout, and what is added in the end.
struct Own<'a> {
    seed: Option<u64>,
    skip: &'a [f32],
    scratch: &'a mut [f32],
}

/// The gradient of the parameters of a shard; empty if nobody asks for it here.
struct Sums<'a> {
    features: usize,
    grad: &'a mut [f32],
}

impl Sums<'_> {
    /// `dW += xᵀ·dz` and `db += Σ dz` for one of the parts.
    fn add(&mut self, part: usize, x: &[f32], dz: &[f32]) {
        if self.grad.is_empty() {
            return;
        }
        let (features, len) = (self.features, self.features * self.features);
        let (kernels, biases) = self.grad.split_at_mut(PARTS * len);
        outer::add(x, dz, [features, features], &mut kernels[part * len..][..len]);
        sum_rows(&mut biases[part * features..][..features], dz);
    }
}

fn write_seed(seed: u64, to: &mut [f32]) {
    for (part, to) in to[..SEED].iter_mut().enumerate() {
        *to = f32::from((seed >> (16 * part)) as u16);
    }
}

fn read_seed(from: &[f32]) -> u64 {
    from[..SEED].iter().enumerate().map(|(part, from)| (*from as u64) << (16 * part)).sum()
}
