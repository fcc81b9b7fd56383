//! A layer as the engine runs it: pure code over slices.

use std::ops::Range;

use crate::activation::Function;
use crate::init::Init;
use crate::shape::Shape;

/// What a layer is to the one before it, which may do its work in the same pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fusible {
    /// A pass of its own.
    #[default]
    No,
    /// An activation function and nothing else.
    Activation(Function),
    /// Max pooling over windows with so many rows and columns.
    MaxPool([usize; 2]),
    /// The end of a residual block: what entered the block is added. A layer that absorbs it gets that as `skip`, and `output` is the sum.
    Addition,
}

/// A layer whose shapes are proven: pure code over slices, so nothing here can fail.
pub trait Layer: Send + Sync {
    /// The parameters, in the order in which they lie in `params`; those that no gradient moves come last.
    fn params(&self) -> Vec<ParamInfo> {
        Vec::new()
    }

    /// Numbers per sample that `forward` leaves for `backward`, and that for `gradient`, besides input and output.
    fn memo_len(&self) -> usize {
        0
    }

    /// Numbers per sample that a batch leaves for the next one; zero before the first.
    fn state_len(&self) -> usize {
        0
    }

    /// Numbers needed while one call runs, for a shard of this many samples.
    fn scratch_len(&self, _samples: usize) -> usize {
        0
    }

    /// True if the numbers pass unchanged and only their shape differs, so that there is nothing to run.
    fn is_reshape(&self) -> bool {
        false
    }

    /// Takes over the work of the layer that follows, if both together are faster than one after the other.
    fn absorb(&mut self, _next: Fusible) -> bool {
        false
    }

    /// The matrix among the parameters that `backward` reads transposed, `first` if it is the first layer, which needs
    /// no gradient of its input. It is transposed once a step, not once a shard.
    fn transposed(&self, _first: bool) -> Option<Transposed> {
        None
    }

    /// The sizes `[vocabulary, units]` of the table of the network's first layer, an embedding, if the layer computes with that instead
    /// of a kernel of its own.
    fn tied(&self) -> Option<[usize; 2]> {
        None
    }

    /// The layer as one that has to know the whole batch, if it is one.
    fn batch_statistics(&self) -> Option<&dyn BatchStatistics> {
        None
    }

    /// The layer that computes in training what this one computes outside of it, if that is another.
    fn settled(&self) -> Option<Box<dyn Layer>> {
        None
    }

    /// How many predictions the layer makes one of, if its members learn each on its own where it is the last layer.
    fn members(&self) -> Option<usize> {
        None
    }

    /// What the layer has computed of one sample besides its output, to be looked at: the gates of a recurrent layer. `memo` is as
    /// `forward` leaves it while training.
    fn inside(&self, _memo: &[f32]) -> Vec<InsideLayer> {
        Vec::new()
    }

    /// How the layer computes one step of a sequence after the other; nothing if it needs all steps at once.
    fn decoding(&self) -> Option<Decoding> {
        None
    }

    /// Computes one step; only asked if there is a `decoding`. A layer that treats every step alike runs forward on one row.
    fn decode(&self, step: DecodeStep<'_>) {
        let DecodeStep { params, tied, input, output, scratch, entry, skip, .. } = step;
        let (memo, shared, state): (&mut [f32], &[f32], &mut [f32]) = (&mut [], &[], &mut []);
        self.forward(Forward {
            samples: 1,
            params,
            tied,
            input,
            output,
            memo,
            state,
            scratch,
            shared,
            entry,
            skip,
            mode: Mode::Infer,
        });
    }

    /// Computes the outputs of a shard.
    fn forward(&self, pass: Forward<'_>);

    /// Computes the gradient of the inputs, and that of the parameters if `gradients` says so.
    fn backward(&self, pass: Backward<'_>);

    /// Where the gradient of the parameters comes from.
    fn gradients(&self) -> Gradients {
        Gradients::PerShard { row: 1 }
    }

    /// The gradient of one block of parameters from all shards of a batch, [`MAX_SHARDS`] at most; only asked if `gradients` says so.
    fn gradient(&self, _block: Range<usize>, _shards: &[SavedForBackward<'_>], _grad: &mut [f32]) {}

    /// Adds to the gradient of some rows of the table that the layer is [`Self::tied`] to what comes of its own use of them.
    fn add_tied_gradient(&self, _block: Range<usize>, _shards: &[SavedForBackward<'_>], _grad: &mut [f32]) {}
}

/// How a layer computes a sequence step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoding {
    /// Numbers of a step that it takes; none if it takes every number on its own.
    pub width: Option<usize>,
    /// Numbers that it carries from one step to the next; zero before the first.
    pub state: usize,
    /// The most steps that it can take; none if any number.
    pub context: Option<usize>,
}

impl Decoding {
    /// Of a layer that computes every step from this step alone, whose numbers are so many.
    pub fn step_alone(width: usize) -> Self {
        Self { width: Some(width), ..Self::number_alone() }
    }

    /// Of a layer that computes every number on its own.
    pub fn number_alone() -> Self {
        Self { width: None, state: 0, context: None }
    }
}

/// What a layer gets to compute one step of one sequence.
pub struct DecodeStep<'a> {
    /// The position of the step, from zero.
    pub at: usize,
    /// The layer's parameters, one after the other.
    pub params: &'a [f32],
    /// The table of the network's first layer, for a layer that is tied to it; else empty.
    pub tied: &'a [f32],
    /// The numbers of the step.
    pub input: &'a [f32],
    /// To be written in full.
    pub output: &'a mut [f32],
    /// What is carried from step to step, of as many numbers as the [`Decoding`] says.
    pub state: &'a mut [f32],
    /// Of `scratch_len` numbers for one sample, for use within this call.
    pub scratch: &'a mut [f32],
    /// What enters the network at this step.
    pub entry: &'a [f32],
    /// What entered the block, for the end of a residual block.
    pub skip: &'a [f32],
}

/// Gives what it gets: what layers that are random in training become outside of it.
pub(crate) struct Identity;

impl Layer for Identity {
    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }
}

/// A layer that has to know the whole batch while it trains, although the shards of a batch run side by side. Before its
/// forward pass all shards have to arrive and be counted, and before its backward pass all have to tell their gradient.
/// Its parameters' gradient is [`Gradients::PerShard`].
pub trait BatchStatistics {
    /// Numbers that are to be known of the inputs of a batch.
    fn statistics_len(&self) -> usize;

    /// Finds them out for the inputs of one shard, `[samples, input]`.
    fn count(&self, input: &[f32], scratch: &mut [f32], statistics: &mut [f32]);

    /// Puts those of a further shard together with those of all shards before it.
    fn merge(&self, statistics: &mut [f32], further: &[f32]);

    /// Moves the parameters that no gradient moves by the statistics of a batch.
    fn follow(&self, statistics: &[f32], params: &mut [f32]);

    /// Writes the gradient of the parameters for one shard to `grad_params`. The sum over all shards is what `backward`,
    /// which then has nothing more to write there, is told in `shared` after the statistics; and it finds `grad_output` as
    /// this has left it.
    fn gradient(&self, pass: Backward<'_>);
}

/// A matrix `[rows, columns]` that begins at `offset` in a layer's parameters, to be transposed `panel` rows at a time:
/// a product that reads one panel after the other finds its numbers on few pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transposed {
    /// Where it begins in the layer's parameters.
    pub offset: usize,
    /// Of the matrix before it is transposed.
    pub rows: usize,
    /// Of the matrix before it is transposed.
    pub columns: usize,
    /// Rows that are transposed at a time.
    pub panel: usize,
}

/// Where the gradient of a layer's parameters comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gradients {
    /// `backward` writes that of its shard, and the shards are added up: for few weights, each used at many places. One thread moves
    /// whole rows of `row` numbers.
    PerShard {
        /// Numbers of a row.
        row: usize,
    },
    /// `gradient` computes it out of the whole batch, some rows of `row` numbers at a time: for many weights, each used
    /// once a sample, of which every shard would otherwise hold a copy to be added up.
    PerBlock {
        /// Numbers of a row.
        row: usize,
    },
}

/// The most shards that a batch may be cut into.
pub const MAX_SHARDS: usize = 8;

/// What is left of a shard after its backward pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct SavedForBackward<'a> {
    /// Samples of the shard.
    pub samples: usize,
    /// `[samples, input]`
    pub input: &'a [f32],
    /// `[samples, memo_len]`, as `backward` left it.
    pub memo: &'a [f32],
}

/// One parameter tensor of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamInfo {
    /// The field's word for it: `kernel`, `bias`.
    pub name: &'static str,
    /// Of the tensor, the units last.
    pub dims: Vec<usize>,
    /// How its values are drawn before training.
    pub init: Init,
    /// Whether a gradient moves it.
    pub is_trained: bool,
}

impl ParamInfo {
    /// A parameter that a gradient moves.
    pub fn new(name: &'static str, dims: &[usize], init: Init) -> Self {
        Self { name, dims: dims.to_vec(), init, is_trained: true }
    }

    /// The same for a parameter that no gradient moves.
    #[must_use]
    pub fn untrained(self) -> Self {
        Self { is_trained: false, ..self }
    }

    /// Whether its columns are the weights of one unit each.
    pub fn is_kernel(&self) -> bool {
        self.name.ends_with("kernel")
    }

    /// How many numbers it has.
    #[expect(clippy::len_without_is_empty, reason = "a parameter always holds at least one number")]
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Whether a pass learns: what is random (dropout) draws from the seed, so that a step can be repeated to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is learned, and nothing is random.
    Infer,
    /// One optimizer step of a training.
    Train {
        /// Of what is random in it.
        seed: u64,
    },
}

/// What a layer gets to compute its output. All slices are row-major with the samples first.
pub struct Forward<'a> {
    /// Samples of the shard.
    pub samples: usize,
    /// The layer's parameters, one after the other.
    pub params: &'a [f32],
    /// The table of the network's first layer, for a layer that is tied to it; else empty.
    pub tied: &'a [f32],
    /// `[samples, input]`
    pub input: &'a [f32],
    /// `[samples, output]`, to be written in full.
    pub output: &'a mut [f32],
    /// `[samples, memo_len]` while training; empty outside of training.
    pub memo: &'a mut [f32],
    /// `[samples, state_len]` as the batch before has left it, to be replaced for the next one.
    pub state: &'a mut [f32],
    /// Of `scratch_len` numbers, for use within this call.
    pub scratch: &'a mut [f32],
    /// The statistics of the batch, for a [`BatchStatistics`] that trains.
    pub shared: &'a [f32],
    /// What enters the network, `[samples, network input]`: of words their numbers, so that a layer far behind the embedding
    /// knows which are padding.
    pub entry: &'a [f32],
    /// What entered the block, for the end of a residual block; as long as the output.
    pub skip: &'a [f32],
    /// Whether the pass learns.
    pub mode: Mode,
}

/// Numbers within a layer that have a name.
#[derive(Clone, Debug, PartialEq)]
pub struct InsideLayer {
    /// The field's word for them: "forget gate f".
    pub name: String,
    /// Their shape.
    pub shape: Shape,
    /// The numbers of one sample.
    pub values: Vec<f32>,
}

/// What a layer gets to compute its gradients.
pub struct Backward<'a> {
    /// Samples of the shard.
    pub samples: usize,
    /// The layer's parameters, one after the other.
    pub params: &'a [f32],
    /// The table of the network's first layer, for a layer that is tied to it; else empty.
    pub tied: &'a [f32],
    /// Panels `[columns, panel]` of the matrix that `transposed` asked for; the last may have fewer rows.
    pub transposed: &'a [f32],
    /// `[samples, input]`
    pub input: &'a [f32],
    /// `[samples, output]`
    pub output: &'a [f32],
    /// What enters the network, as in [`Forward`].
    pub entry: &'a [f32],
    /// `[samples, memo_len]`, as `forward` left it.
    pub memo: &'a mut [f32],
    /// Of `scratch_len` numbers, for use within this call.
    pub scratch: &'a mut [f32],
    /// For a [`BatchStatistics`] the statistics of the batch, and then the gradient of its parameters for the whole batch.
    pub shared: &'a [f32],
    /// `[samples, output]`; the layer may work in it.
    pub grad_output: &'a mut [f32],
    /// As the trained ones of `params`, to be written in full; empty if `gradients` says that `gradient` computes it.
    pub grad_params: &'a mut [f32],
    /// Whether the parameters are held still, so that nobody reads `grad_params` and a layer may spare itself the work.
    pub is_frozen: bool,
    /// `[samples, input]`, to be written in full; absent for the first layer, which needs none.
    pub grad_input: Option<&'a mut [f32]>,
}
