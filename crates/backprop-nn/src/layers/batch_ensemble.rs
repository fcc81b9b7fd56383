use serde::{Deserialize, Serialize};

use super::Flatten;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::vectorized;
use crate::layer::{Backward, Forward, Layer, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Makes several members out of one network: each reads the row through scales of its own, and shares the layers that
/// follow with the others. EnsembleMean at the end makes one prediction of theirs.
///
/// `y_m = x ⊙ (1 + s_m)` (Wen et al. 2020, *BatchEnsemble*; on tables Gorishniy et al. 2024, *TabM*). Dense, BatchNorm and
/// all layers that take a sequence step by step take the members one by one.
///
/// Shapes: `[n, inputs]` or, scaled once more further up, `[n, members, inputs]` to `[n, members, inputs]`, scale
/// `[members, inputs]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Blocks", formula = "y[m] = x ⊙ (1 + s[m]), for each member m its own s")]
pub struct BatchEnsemble {
    /// Networks whose predictions are averaged. Each costs the time of the layers that follow.
    #[field(default = 4, range = 2..=64)]
    pub members: usize,
    /// Standard deviation of the scales before training. Members that begin alike stay alike; too different, the layers
    /// that they share serve none.
    #[field(default = 0.5, range = 0.0..=2.0)]
    pub spread: f32,
}

impl Spec for BatchEnsemble {
    fn detail(&self) -> String {
        self.members.to_string()
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let is_of_members = input.as_steps().is_some_and(|[members, _]| members == self.members);
        if !input.is_flat() && !is_of_members {
            return Err(ShapeError::new(format!(
                "BatchEnsemble takes a row of numbers or {} members, and {} arrives. Flatten it first.",
                self.members,
                input.described()
            ))
            .with_fix(Fix::Insert(Flatten {}.into())));
        }
        let output = Shape::steps(self.members, input.channels());
        Ok(Plan { output, params: output.len(), multiply_adds: output.len() as u64 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let Self { members, spread } = *self;
        Box::new(BuiltBatchEnsemble { inputs: input.channels(), members, spread, is_one: input.is_flat() })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [scale] = params else { return None };
        let factors = scale.values.iter().map(|scale| 1.0 + scale).collect();
        Some(vec![Operation::Members { scale: scale.with("factors", factors) }])
    }
}

struct BuiltBatchEnsemble {
    inputs: usize,
    members: usize,
    spread: f32,
    /// Whether all members read the same row.
    is_one: bool,
}

impl BuiltBatchEnsemble {
    /// What a member reads of a sample.
    fn row<'a>(&self, sample: &'a [f32], member: usize) -> &'a [f32] {
        let at = if self.is_one { 0 } else { member };
        &sample[at * self.inputs..][..self.inputs]
    }

    fn input_len(&self) -> usize {
        if self.is_one { self.inputs } else { self.members * self.inputs }
    }
}

impl Layer for BuiltBatchEnsemble {
    fn params(&self) -> Vec<ParamInfo> {
        let init = Init::TruncatedNormal { deviation: self.spread };
        vec![ParamInfo::new("scale", &[self.members, self.inputs], init)]
    }

    fn forward(&self, pass: Forward<'_>) {
        let Forward { params: scales, input, output, .. } = pass;
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(scales.len()));
        for (sample, output) in samples {
            let members = scales.chunks_exact(self.inputs).zip(output.chunks_exact_mut(self.inputs)).enumerate();
            for (member, (scale, output)) in members {
                let x = self.row(sample, member);
                vectorized!({
                    for ((y, x), scale) in output.iter_mut().zip(x).zip(scale) {
                        *y = x * (1.0 + scale);
                    }
                });
            }
        }
    }

    /// `ds_m = Σ dy_m ⊙ x` and `dx = dy_m ⊙ (1 + s_m)`, summed over the members that have read it.
    fn backward(&self, pass: Backward<'_>) {
        let Backward { params: scales, input, grad_output, grad_params, mut grad_input, .. } = pass;
        grad_params.fill(0.0);
        if let Some(grad_input) = grad_input.as_deref_mut() {
            grad_input.fill(0.0);
        }
        let len = self.input_len();
        for (at, dy) in grad_output.chunks_exact(scales.len()).enumerate() {
            let sample = &input[at * len..][..len];
            for (member, dy) in dy.chunks_exact(self.inputs).enumerate() {
                let place = member * self.inputs;
                let x = self.row(sample, member);
                vectorized!({
                    for ((grad, dy), x) in grad_params[place..].iter_mut().zip(dy).zip(x) {
                        *grad += dy * x;
                    }
                });
                let Some(grad_input) = grad_input.as_deref_mut() else { continue };
                let dx = &mut grad_input[at * len + if self.is_one { 0 } else { place }..];
                vectorized!({
                    for ((dx, dy), scale) in dx.iter_mut().zip(dy).zip(&scales[place..]) {
                        *dx += dy * (1.0 + scale);
                    }
                });
            }
        }
    }
}
