//! Numbers too small for a float's full precision, which many processors are slow with.
//!
//! The running means of Adam and its kin halve and halve again where a weight gets no gradient, until they are *denormal*: below
//! 1.2e-38, with fewer digits the smaller they are. On such numbers an Intel processor takes some 150 cycles for what otherwise takes
//! four. Nothing that a network learns depends on them, so the engine takes them for zero.

use std::marker::PhantomData;

/// Takes denormal numbers for zero on this thread, as operands and as results, until what it gives is dropped. The loops of the engine
/// do so wherever they run, on every thread; what is called when they are done finds its own mode again.
///
/// A processor without such a mode, or one that this is not written for, goes on as before.
#[must_use = "Denormal numbers are taken for zero until this is dropped"]
pub fn flush_denormals() -> Flushing {
    let before = mode::get();
    mode::set(before | mode::FLUSH);
    Flushing { before, _of_this_thread: PhantomData }
}

/// Gives the mode of the thread back when it is dropped.
pub struct Flushing {
    before: mode::Bits,
    /// The mode belongs to the thread, and so does this.
    _of_this_thread: PhantomData<*const ()>,
}

impl Drop for Flushing {
    fn drop(&mut self) {
        mode::set(self.before);
    }
}

/// MXCSR: bit 15 flushes results to zero (FTZ), bit 6 takes operands for zero (DAZ); Intel SDM, volume 1, section 10.2.3.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "only an instruction reaches the register")]
mod mode {
    use std::arch::asm;

    pub type Bits = u32;
    pub const FLUSH: Bits = 1 << 15 | 1 << 6;

    pub fn get() -> Bits {
        let mut bits: Bits = 0;
        // SAFETY: writes the register, which every x86-64 processor has, to a number of its size.
        unsafe { asm!("stmxcsr [{}]", in(reg) &mut bits, options(nostack, preserves_flags)) };
        bits
    }

    pub fn set(bits: Bits) {
        // SAFETY: takes what `get` gave, perhaps with two defined bits set; exceptions stay masked and the rounding as it was.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &bits, options(nostack, preserves_flags)) };
    }
}

/// FPCR: bit 24 (FZ) does both; Arm Architecture Reference Manual, D24.2.
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "only an instruction reaches the register")]
mod mode {
    use std::arch::asm;

    pub type Bits = u64;
    pub const FLUSH: Bits = 1 << 24;

    pub fn get() -> Bits {
        let bits: Bits;
        // SAFETY: reads a register that every program may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) bits, options(nomem, nostack, preserves_flags)) };
        bits
    }

    pub fn set(bits: Bits) {
        // SAFETY: takes what `get` gave, perhaps with one defined bit set.
        unsafe { asm!("msr fpcr, {}", in(reg) bits, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod mode {
    pub type Bits = u32;
    pub const FLUSH: Bits = 0;

    pub fn get() -> Bits {
        0
    }

    pub fn set(_bits: Bits) {}
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn denormal_numbers_are_zero_until_the_end() {
        let halved = || black_box(black_box(f32::MIN_POSITIVE) * black_box(0.5));
        assert!(halved() > 0.0);
        {
            let _flushing = flush_denormals();
            assert_eq!(halved(), 0.0);
            assert_eq!(black_box(black_box(f32::from_bits(1)) * black_box(1e30)), 0.0, "operands too");
            let inner = flush_denormals();
            drop(inner);
            assert_eq!(halved(), 0.0, "the mode before was this one");
        }
        assert!(halved() > 0.0);
    }
}
