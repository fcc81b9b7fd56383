use serde::{Deserialize, Serialize};

use super::BatchEnsemble;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::kernels::vector::{scale, sum_rows};
use crate::layer::{Backward, Forward, Layer};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// The mean of what the members of an ensemble give. As the last layer it lets each member learn alone: the gradient is
/// that of the mean of their losses, and not of the loss of their mean, with which they would learn to rely on each other.
///
/// `y = Σ x_m / members` (Gorishniy et al. 2024, *TabM*). The loss that is shown is that of the mean, so that of training
/// and validation can be compared. Shapes: `[n, members, outputs]` to `[n, outputs]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Blocks", formula = "y = Σ x[m] / members, and each member m learns alone")]
pub struct EnsembleMean {}

impl Spec for EnsembleMean {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let Some([_, outputs]) = input.as_steps() else {
            return Err(ShapeError::new(format!(
                "EnsembleMean takes the members of a BatchEnsemble, and {} arrives. Make members of it, or remove this layer.",
                input.described()
            ))
            .with_fix(if input.is_flat() { Fix::Insert(BatchEnsemble::default().into()) } else { Fix::Remove }));
        };
        Ok(Plan::free(Shape::flat(outputs)))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltEnsembleMean { members: input.len() / input.channels(), outputs: input.channels() })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::Mean])
    }
}

struct BuiltEnsembleMean {
    members: usize,
    outputs: usize,
}

impl Layer for BuiltEnsembleMean {
    fn members(&self) -> Option<usize> {
        Some(self.members)
    }

    /// The outputs of a member, and their gradient.
    fn scratch_len(&self, samples: usize) -> usize {
        2 * samples * self.outputs
    }

    fn forward(&self, pass: Forward<'_>) {
        pass.output.fill(0.0);
        let samples = pass.input.chunks_exact(self.members * self.outputs);
        samples.zip(pass.output.chunks_exact_mut(self.outputs)).for_each(|(input, output)| sum_rows(output, input));
        scale(pass.output, 1.0 / self.members as f32);
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        scale(pass.grad_output, 1.0 / self.members as f32);
        let samples = grad_input.chunks_exact_mut(self.members * self.outputs);
        for (grad_input, grad) in samples.zip(pass.grad_output.chunks_exact(self.outputs)) {
            grad_input.chunks_exact_mut(self.outputs).for_each(|member| member.copy_from_slice(grad));
        }
    }
}
