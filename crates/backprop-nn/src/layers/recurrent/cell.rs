//! What one step of a recurrent layer computes.

use super::Returns;
use crate::graph::{Direction, Operation};
use crate::init::Init;

/// One step of a recurrent layer, number by number, for a shard of samples.
///
/// Both functions run inside `vectorized`, so they and what they call are `#[inline(always)]`. A loop over many slices is
/// a function of its own, because only of a function's arguments does the compiler know that they do not overlap.
pub trait Cell: Clone + std::fmt::Debug + Default + PartialEq + Send + Sync + 'static {
    /// Columns of both kernels, in units.
    const GATES: usize;
    /// The first gates, whose gradient is the same for the input's part of the sum and for the state's. For the others
    /// `backward` leaves that of the state's part in `kept`.
    const SHARED: usize = Self::GATES;
    /// Numbers per unit that a step remembers besides gates and output.
    const KEPT: usize = 0;
    /// How many of them the next step reads, so that they are a part of the state: all or none.
    const CARRIED: usize = Self::KEPT;
    const BIAS: Init = Init::Zeros;
    /// What its gates are called, in their order, where they are kept as they are.
    const GATE_NAMES: &'static [&'static str] = &[];
    /// What is called that a step remembers besides, if somebody wants to see it.
    const KEPT_NAME: Option<&'static str> = None;

    /// The whole layer as an operation.
    fn operation(directions: Vec<Direction<'_>>, returns: Returns) -> Operation<'_>;

    fn forward(step: ForwardStep<'_>);

    fn backward(step: BackwardStep<'_>);
}

/// Blocks of one step, a row per sample.
pub struct ForwardStep<'a> {
    pub units: usize,
    pub bias: &'a [f32],
    /// The state's part of the sums, `h·U`.
    pub recurrent: &'a [f32],
    /// The input's part, `x·W`; what `backward` needs of the gates may be left here.
    pub gates: &'a mut [f32],
    pub kept_before: &'a [f32],
    pub kept: &'a mut [f32],
    pub output_before: &'a [f32],
    pub output: &'a mut [f32],
}

/// Blocks of one step, a row per sample.
pub struct BackwardStep<'a> {
    pub units: usize,
    /// As `forward` left them; to be replaced by the gradients of the sums.
    pub gates: &'a mut [f32],
    pub kept_before: &'a [f32],
    pub kept: &'a mut [f32],
    pub output_before: &'a [f32],
    pub output: &'a [f32],
    /// The gradient of the output; to be replaced by what of it passes to the output before, other than through `h·U`.
    pub grad: &'a mut [f32],
    /// Zero at the last step, then as the step after left it: for a state besides the output.
    pub grad_kept: &'a mut [f32],
}

/// `gates = f(gates + recurrent + bias)`
#[inline(always)]
pub fn activate(gates: &mut [f32], recurrent: &[f32], bias: &[f32], f: impl Fn(f32) -> f32) {
    for ((gate, recurrent), bias) in gates.iter_mut().zip(recurrent).zip(bias) {
        *gate = f(*gate + recurrent + bias);
    }
}
