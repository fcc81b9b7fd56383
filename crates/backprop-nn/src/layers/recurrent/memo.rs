//! What a recurrent layer remembers of a shard, with the steps first, and where that lies in what comes in and goes out.

use crate::kernels::matmul::Write;
use crate::kernels::vector::add;

/// What is remembered of a shard by one direction, whose first step is the last of the sequence if it reads backwards.
pub struct Memo<'a> {
    /// `[steps, n, features]`
    pub inputs: &'a mut [f32],
    /// `[steps, n, gates]`
    pub gates: &'a mut [f32],
    /// `[steps + 1, n, kept]`; the first block is what there is before the first step, zeros or the state that is carried on.
    pub kept: &'a mut [f32],
    /// `[steps + 1, n, units]`, likewise.
    pub outputs: &'a mut [f32],
}

/// Where a direction finds its numbers in `[n, steps, width]`.
pub struct Way {
    pub samples: usize,
    pub steps: usize,
    pub width: usize,
    /// The first of its numbers in a step.
    pub first: usize,
    pub backwards: bool,
}

impl Way {
    /// Where a row of `[steps, n]` begins.
    pub fn at(&self, row: usize) -> usize {
        let (step, sample) = (row / self.samples, row % self.samples);
        let step = if self.backwards { self.steps - 1 - step } else { step };
        (sample * self.steps + step) * self.width + self.first
    }

    /// `[n, steps, …]` to `[steps, n, …]`, with rows of `len` numbers.
    pub fn gather(&self, from: &[f32], to: &mut [f32], len: usize) {
        for (row, to) in to.chunks_exact_mut(len).enumerate() {
            to.copy_from_slice(&from[self.at(row)..][..len]);
        }
    }

    /// `[steps, n, …]` to `[n, steps, …]`, with rows of `len` numbers.
    pub fn scatter(&self, from: &[f32], to: &mut [f32], len: usize, write: Write) {
        for (row, from) in from.chunks_exact(len).enumerate() {
            let to = &mut to[self.at(row)..][..len];
            match write {
                Write::Replace => to.copy_from_slice(from),
                Write::Add => add(to, from),
            }
        }
    }
}

/// A block and the one after it.
pub fn pair(blocks: &mut [f32], at: usize, len: usize) -> (&[f32], &mut [f32]) {
    let (before, after) = blocks[at * len..(at + 2) * len].split_at_mut(len);
    (before, after)
}
