use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Flatten;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::vector::add;
use crate::layer::{Backward, DecodeStep, Decoding, Forward, Gradients, Layer, ParamInfo, SavedForBackward};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Maps each token or category, which arrives as a whole number, to a learned vector: similar ones get similar vectors.
///
/// `y[t] = W[x[t]]`. Numbers are taken without their fraction; one outside the vocabulary counts as the nearest in it.
///
/// Shapes: `[n, steps]` of whole numbers to `[n, steps, units]`, embeddings `[vocabulary, units]`. With `numbers` the first
/// of a row pass as they are, and the others follow with their features: `[n, numbers + tokens]` to
/// `[n, numbers + tokens · units]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Sequences and words", formula = "y[t] = W[x[t]], the row of W with this number")]
pub struct Embedding {
    /// Number of different tokens, counted from 0. A larger number counts as the last of them.
    #[field(default = 256, range = 1..=100_000)]
    pub vocabulary: usize,
    /// Length of the vector of each token. Too short cannot tell tokens apart; too long overfits.
    #[field(default = 32, range = 1..=512)]
    pub units: usize,
    /// How many numbers at the beginning of a row are not tokens and pass unchanged: as many as the table has besides its
    /// tokens.
    #[field(label = "Numbers before", default = 0, range = 0..=10_000)]
    #[serde(skip_serializing_if = "is_none")]
    pub numbers: usize,
}

fn is_none(numbers: &usize) -> bool {
    *numbers == 0
}

impl Spec for Embedding {
    fn detail(&self) -> String {
        format!("{} of {}", self.units, self.vocabulary)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if !input.is_flat() {
            return Err(ShapeError::new(format!(
                "Embedding takes a row of whole numbers, and {} arrives. Flatten it first.",
                input.described()
            ))
            .with_fix(Fix::Insert(Flatten {}.into())));
        }
        let Some(tokens @ 1..) = input.len().checked_sub(self.numbers) else {
            let Self { numbers, .. } = self;
            let arrive = input.described();
            return Err(ShapeError::new(format!(
                "Embedding lets {numbers} numbers pass, and {arrive} arrives; let fewer pass"
            )));
        };
        let output = match self.numbers {
            0 => Shape::steps(tokens, self.units),
            numbers => Shape::flat(numbers + tokens * self.units),
        };
        Ok(Plan { output, params: self.vocabulary * self.units, multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let Self { vocabulary, units, numbers } = *self;
        Box::new(BuiltEmbedding { numbers, tokens: input.len() - numbers, vocabulary, units })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [table] = params else { return None };
        Some(vec![Operation::Embedding { table: table.clone(), numbers: self.numbers }])
    }
}

struct BuiltEmbedding {
    numbers: usize,
    tokens: usize,
    vocabulary: usize,
    units: usize,
}

impl BuiltEmbedding {
    fn row(&self, number: f32) -> usize {
        (number as usize).min(self.vocabulary - 1)
    }

    fn output_len(&self) -> usize {
        self.numbers + self.tokens * self.units
    }
}

impl Layer for BuiltEmbedding {
    /// Keras' default, uniform in ±0.05; PyTorch's is normal with deviation 1.
    fn params(&self) -> Vec<ParamInfo> {
        vec![ParamInfo::new("embeddings", &[self.vocabulary, self.units], Init::Uniform { limit: 0.05 })]
    }

    /// The gradient of the output.
    fn memo_len(&self) -> usize {
        self.output_len()
    }

    fn forward(&self, pass: Forward<'_>) {
        let rows = pass.input.chunks_exact(self.numbers + self.tokens);
        for (input, output) in rows.zip(pass.output.chunks_exact_mut(self.output_len())) {
            let (numbers, tokens) = input.split_at(self.numbers);
            let (passed, looked_up) = output.split_at_mut(self.numbers);
            passed.copy_from_slice(numbers);
            for (token, output) in tokens.iter().zip(looked_up.chunks_exact_mut(self.units)) {
                output.copy_from_slice(&pass.params[self.row(*token) * self.units..][..self.units]);
            }
        }
    }

    /// A lookup has no derivative by the index, so the layers before get no gradient for tokens.
    fn backward(&self, pass: Backward<'_>) {
        pass.memo.copy_from_slice(pass.grad_output);
        let Some(grad_input) = pass.grad_input else { return };
        let rows = pass.grad_output.chunks_exact(self.output_len());
        for (grad_input, grad_output) in grad_input.chunks_exact_mut(self.numbers + self.tokens).zip(rows) {
            let (numbers, tokens) = grad_input.split_at_mut(self.numbers);
            numbers.copy_from_slice(&grad_output[..self.numbers]);
            tokens.fill(0.0);
        }
    }

    /// A token is a step where there is nothing else.
    fn decoding(&self) -> Option<Decoding> {
        (self.numbers == 0).then(|| Decoding::step_alone(1))
    }

    fn decode(&self, step: DecodeStep<'_>) {
        step.output.copy_from_slice(&step.params[self.row(step.input[0]) * self.units..][..self.units]);
    }

    fn gradients(&self) -> Gradients {
        Gradients::PerBlock { row: self.units }
    }

    /// Only the rows that were used get a gradient: the sum of those of their outputs.
    fn gradient(&self, block: Range<usize>, shards: &[SavedForBackward<'_>], grad: &mut [f32]) {
        let rows = block.start / self.units..block.end / self.units;
        grad.fill(0.0);
        for SavedForBackward { input, memo, .. } in shards {
            let samples = input.chunks_exact(self.numbers + self.tokens).zip(memo.chunks_exact(self.output_len()));
            for (input, grad_output) in samples {
                let (tokens, grads) = (&input[self.numbers..], &grad_output[self.numbers..]);
                for (token, grad_output) in tokens.iter().zip(grads.chunks_exact(self.units)) {
                    let row = self.row(*token);
                    if rows.contains(&row) {
                        add(&mut grad[(row - rows.start) * self.units..][..self.units], grad_output);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Mode;

    #[test]
    fn a_number_takes_its_row_and_gives_its_gradient_to_no_other() {
        let layer = BuiltEmbedding { numbers: 0, tokens: 4, vocabulary: 5, units: 2 };
        let (input, params) = ([1.0, 3.9, 9.0, -2.0], [0.0, 0.1, 1.0, 1.1, 2.0, 2.1, 3.0, 3.1, 4.0, 4.1]);
        let mut output = [f32::NAN; 8];
        let (memo, scratch): (&mut [f32], &mut [f32]) = (&mut [], &mut []);
        let output_of = &mut output;
        layer.forward(Forward {
            samples: 1,
            params: &params,
            tied: &[],
            input: &input,
            output: output_of,
            memo,
            state: &mut [],
            scratch,
            shared: &[],
            entry: &[],
            skip: &[],
            mode: Mode::Infer,
        });
        assert_eq!(output, [1.0, 1.1, 3.0, 3.1, 4.0, 4.1, 0.0, 0.1]);
        let (memo, mut grad) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [f32::NAN; 10]);
        let kept = || SavedForBackward { samples: 1, input: &input, memo: &memo };
        layer.gradient(0..4, &[kept(), kept()], &mut grad[..4]);
        layer.gradient(4..10, &[kept(), kept()], &mut grad[4..]);
        assert_eq!(grad, [14.0, 16.0, 2.0, 4.0, 0.0, 0.0, 6.0, 8.0, 10.0, 12.0]);
    }

    #[test]
    fn numbers_before_the_tokens_pass_and_give_their_gradient_back() {
        let spec = Embedding { vocabulary: 3, units: 2, numbers: 1 };
        assert_eq!(spec.plan(Shape::flat(3)).unwrap().output, Shape::flat(5));
        assert!(spec.plan(Shape::flat(1)).is_err_and(|error| error.to_string().contains("lets 1 numbers pass")));
        let layer = spec.build(Shape::flat(3));
        let (input, grad_output) = ([-7.5, 2.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0]);
        let params = [0.0, 0.1, 1.0, 1.1, 2.0, 2.1];
        let (mut output, mut memo, mut grad_input) = ([f32::NAN; 5], [f32::NAN; 5], [f32::NAN; 3]);
        layer.forward(Forward {
            samples: 1,
            params: &params,
            tied: &[],
            input: &input,
            output: &mut output,
            memo: &mut [],
            state: &mut [],
            scratch: &mut [],
            shared: &[],
            entry: &[],
            skip: &[],
            mode: Mode::Infer,
        });
        assert_eq!(output, [-7.5, 2.0, 2.1, 0.0, 0.1]);
        layer.backward(Backward {
            samples: 1,
            params: &params,
            transposed: &[],
            tied: &[],
            input: &input,
            output: &output,
            entry: &[],
            memo: &mut memo,
            scratch: &mut [],
            shared: &[],
            grad_output: &mut grad_output.clone(),
            grad_params: &mut [],
            is_frozen: false,
            grad_input: Some(&mut grad_input),
        });
        assert_eq!(grad_input, [1.0, 0.0, 0.0]);
    }
}
