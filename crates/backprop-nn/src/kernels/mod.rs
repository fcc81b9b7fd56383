//! The hot loops. Each has a plain reference twin in its tests.
//!
//! One binary runs on every processor of its family: what the processor can do is found out when the program starts, and
//! each loop exists for 512-bit, 256-bit and NEON vectors and for none at all.

use std::sync::OnceLock;

use pulp::Arch;

#[cfg(test)]
pub(crate) use tests::every_arch;

pub mod attention;
pub mod channels;
pub mod convolution;
pub mod denormals;
mod depthwise;
pub mod direct;
pub mod matmul;
pub mod outer;
pub mod pool;
pub mod rows;
mod tile;
pub mod transpose;
pub mod vector;
pub mod winograd;

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

/// Runs a loop with the widest vectors that this processor has. What it calls has to be inlined to have them too.
#[macro_export]
macro_rules! vectorized {
    ($work:expr) => {{
        let once = $crate::kernels::Once;
        $crate::kernels::arch().dispatch(
            #[inline(always)]
            || {
                let _once = once;
                $work
            },
        )
    }};
}

/// Makes a closure one that can be called once alone. Another is called through a shim, which is not inlined where the loop is long, and
/// then the loop has no vectors.
#[doc(hidden)]
pub struct Once;

pub use crate::vectorized;

#[cfg(test)]
mod tests {
    use pulp::Arch;

    /// The kinds of vectors that this processor can run, and none.
    pub fn every_arch() -> Vec<Arch> {
        #[cfg(target_arch = "x86_64")]
        let narrow = pulp::x86::V3::try_new().map(Arch::V3);
        #[cfg(not(target_arch = "x86_64"))]
        let narrow = None;
        [Some(Arch::new()), narrow, Some(Arch::Scalar)].into_iter().flatten().collect()
    }
}
