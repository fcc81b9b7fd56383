//! What attends to steps of a sequence, or leaves out those that are padding, in the operations of ONNX.

use super::operations::{Channels, Values, cast};
use super::proto::DataType;
use super::writer::{int, ints};
use backprop_nn::graph::{Attention, Tensor};

/// In place of the score of a step that is not seen: its exponential is 0 beside any other.
const UNSEEN: f32 = -1e30;

impl Values<'_, '_> {
    /// `x·Wᵀ + b` with the table of the embedding, which is written already.
    pub fn tied(&mut self, table: &Tensor<'_>, bias: &Tensor<'_>, x: &str) -> String {
        let kernel = self.writer.node("Transpose", &[&table.name], vec![ints("perm", &[1, 0])]);
        let product = self.writer.node("MatMul", &[x, &kernel], vec![]);
        let bias = self.tensor(bias);
        self.writer.node("Add", &[&product, &bias], vec![])
    }

    /// `x / √(mean(x²) + ε) ⊙ γ`
    pub fn rms_norm(&mut self, epsilon: f32, gamma: &Tensor<'_>, x: &str) -> String {
        let square = self.writer.node("Mul", &[x, x], vec![]);
        let axes = super::proto::AttributeProto { ints: vec![-1], ..ints("axes", &[]) };
        let mean = self.writer.node("ReduceMean", &[&square], vec![axes, int("keepdims", 1)]);
        let epsilon = self.writer.constant("epsilon", &[], &[epsilon]);
        let sum = self.writer.node("Add", &[&mean, &epsilon], vec![]);
        let root = self.writer.node("Sqrt", &[&sum], vec![]);
        let divided = self.writer.node("Div", &[x, &root], vec![]);
        let gamma = self.tensor(gamma);
        self.writer.node("Mul", &[&divided, &gamma], vec![])
    }

    /// Which tokens are not padding, `[N, steps]`.
    fn is_token(&mut self) -> String {
        let tokens = self.get(0, Channels::Last);
        let one = self.writer.constant("one", &[], &[1f32]);
        self.writer.node("GreaterOrEqual", &[&tokens, &one], vec![])
    }

    /// The mean over the steps that are not padding, and over all where all are.
    pub fn mean_of_tokens(&mut self, value: usize) -> String {
        let x = self.get(value, Channels::Last);
        let is_token = self.is_token();
        let counted = self.writer.node("Cast", &[&is_token], vec![cast(DataType::Float)]);
        let axis = self.writer.integers("axis", &[1]);
        let count = self.writer.node("ReduceSum", &[&counted, &axis], vec![int("keepdims", 1)]);
        let (zero, one) = (self.writer.constant("zero", &[], &[0f32]), self.writer.constant("one", &[], &[1f32]));
        let is_none = self.writer.node("Equal", &[&count, &zero], vec![]);
        let counted = self.writer.node("Where", &[&is_none, &one, &counted], vec![]);
        let count = self.writer.node("ReduceSum", &[&counted, &axis], vec![int("keepdims", 1)]);
        let counted = self.unsqueeze(&counted, 2);
        let product = self.writer.node("Mul", &[&x, &counted], vec![]);
        let sum = self.writer.node("ReduceSum", &[&product, &axis], vec![int("keepdims", 0)]);
        self.writer.node("Div", &[&sum, &count], vec![])
    }

    /// `[c₁ … c_heads]·W_o + b_o` with `c = softmax(q·kᵀ / √width)·v`
    pub fn attention(&mut self, attention: &Attention<'_>, value: usize, x: &str) -> String {
        let Attention { kernels, biases, heads, rotary, .. } = attention;
        let dims = self.graph.shape(value).dims().to_vec();
        let (steps, features) = (dims[0], dims[1]);
        let width = features / heads;
        let project = |values: &mut Self, part: usize, x: &str| {
            let [kernel, bias] = [&kernels[part], &biases[part]].map(|tensor| values.tensor(tensor));
            let product = values.writer.node("MatMul", &[x, &kernel], vec![]);
            values.writer.node("Add", &[&product, &bias], vec![])
        };
        // `[N, heads, steps, width]`
        let [mut queries, mut keys, values] = [0, 1, 2].map(|part| {
            let all = project(self, part, x);
            let cut = self.reshape(&all, &[steps, *heads, width]);
            self.writer.node("Transpose", &[&cut], vec![ints("perm", &[0, 2, 1, 3])])
        });
        if *rotary {
            let angles = self.angles(steps, width);
            [&mut queries, &mut keys].into_iter().for_each(|x| *x = self.rotated(x, &angles, width));
        }
        let keys = self.writer.node("Transpose", &[&keys], vec![ints("perm", &[0, 1, 3, 2])]);
        let scores = self.writer.node("MatMul", &[&queries, &keys], vec![]);
        let root = self.writer.constant("root", &[], &[(width as f32).sqrt()]);
        let scores = self.writer.node("Div", &[&scores, &root], vec![]);
        let weights = self.weights(attention, &scores, steps);
        let context = self.writer.node("MatMul", &[&weights, &values], vec![]);
        let context = self.writer.node("Transpose", &[&context], vec![ints("perm", &[0, 2, 1, 3])]);
        let context = self.reshape(&context, &[steps, features]);
        project(self, 3, &context)
    }

    /// The softmax over the steps that are seen; 0 for the others, also where none is.
    fn weights(&mut self, attention: &Attention<'_>, scores: &str, steps: usize) -> String {
        let causal = attention.causal.then(|| {
            let positions: Vec<usize> = (0..steps).collect();
            let keys = self.writer.integers("positions", &positions);
            let queries = self.unsqueeze(&keys, 1);
            self.writer.node("GreaterOrEqual", &[&queries, &keys], vec![])
        });
        let tokens = attention.padding.then(|| {
            let is_token = self.is_token();
            let axes = self.writer.integers("axes", &[1, 2]);
            self.writer.node("Unsqueeze", &[&is_token, &axes], vec![])
        });
        let seen = match (causal, tokens) {
            (None, None) => return self.softmax(scores),
            (Some(causal), Some(tokens)) => self.writer.node("And", &[&causal, &tokens], vec![]),
            (Some(seen), None) | (None, Some(seen)) => seen,
        };
        let unseen = self.writer.constant("unseen", &[], &[UNSEEN]);
        let scores = self.writer.node("Where", &[&seen, scores, &unseen], vec![]);
        let weights = self.softmax(&scores);
        if !attention.padding {
            return weights;
        }
        let zero = self.writer.constant("zero", &[], &[0f32]);
        self.writer.node("Where", &[&seen, &weights, &zero], vec![])
    }

    /// Cosines and sines of the angles `t · 10000^(-2i / width)`, `[steps, width / 2]`.
    fn angles(&mut self, steps: usize, width: usize) -> [String; 2] {
        let angle = |step: usize, at: usize| step as f64 * 10_000f64.powf(-2.0 * at as f64 / width as f64);
        let angles: Vec<f64> = (0..steps).flat_map(|step| (0..width / 2).map(move |at| angle(step, at))).collect();
        let of = |f: fn(f64) -> f64| -> Vec<f32> { angles.iter().map(|angle| f(*angle) as f32).collect() };
        let dims = [steps, width / 2];
        [("cos", of(f64::cos)), ("sin", of(f64::sin))].map(|(name, values)| self.writer.constant(name, &dims, &values))
    }

    /// The halves `a` and `b` of every head as `(a cos - b sin, b cos + a sin)`.
    fn rotated(&mut self, x: &str, [cos, sin]: &[String; 2], width: usize) -> String {
        let axis = self.writer.integers("axis", &[3]);
        let half = |values: &mut Self, from: usize| {
            let [begin, end] =
                [("from", from), ("to", from + width / 2)].map(|(name, at)| values.writer.integers(name, &[at]));
            values.writer.node("Slice", &[x, &begin, &end, &axis], vec![])
        };
        let (a, b) = (half(self, 0), half(self, width / 2));
        let mut sum = |operation: &str, [a, b]: [&str; 2]| {
            let (a, b) = (self.writer.node("Mul", &[a, cos], vec![]), self.writer.node("Mul", &[b, sin], vec![]));
            self.writer.node(operation, &[&a, &b], vec![])
        };
        let (first, second) = (sum("Sub", [&a, &b]), sum("Add", [&b, &a]));
        self.writer.node("Concat", &[&first, &second], vec![int("axis", 3)])
    }
}
