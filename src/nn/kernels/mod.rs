//! The hot loops. Each has a plain reference twin in its tests.
//!
//! One binary runs on every processor of its family: what the processor can do is found out when the program starts, and
//! each loop exists for 512-bit, 256-bit and NEON vectors and for none at all.

use std::sync::OnceLock;

use pulp::Arch;

pub mod matmul;
pub mod patches;
pub mod vector;

static ARCH: OnceLock<Arch> = OnceLock::new();

/// The widest vectors that this processor has.
pub fn arch() -> Arch {
    *ARCH.get_or_init(Arch::new)
}

/// Makes every loop but the matrix product run without vectors, as on a processor that has none. Only works before the
/// first of them has run.
pub fn without_vectors() {
    let _ = ARCH.set(Arch::Scalar);
}

/// Runs a loop with the widest vectors that this processor has. What it calls has to be inlined to have them too, and so
/// has `work` itself: one of more than a few lines is written `#[inline(always)] || …`.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    arch().dispatch(work)
}
