//! Arithmetic that the kernel program does where it is written, and in no more instructions.
//!
//! Left to itself the compiler makes a number where that is used first, which may lie behind a call
//! that leaves it four registers only, and finds forms of a comparison that take more instructions of
//! this target. Elsewhere these are what they say, and the tests of both are the same.

/// Returns `value | BITS`, where the sign of neither is looked at.
#[inline(always)]
pub(crate) fn or<const BITS: i32>(value: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
        // SAFETY: the one register is changed, and nothing else.
        unsafe {
            core::arch::asm!("{0} |= {1}", inout(reg) value, const BITS, options(pure, nomem, nostack));
        }
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        value | BITS as u64
    }
}

/// Returns `value & BITS`, likewise.
#[inline(always)]
pub(crate) fn and<const BITS: i32>(value: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
        // SAFETY: as above.
        unsafe {
            core::arch::asm!("{0} &= {1}", inout(reg) value, const BITS, options(pure, nomem, nostack));
        }
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        value & BITS as u64
    }
}

/// Returns `value << LEFT >> RIGHT`: both below 64.
#[inline(always)]
pub(crate) fn cut<const LEFT: u32, const RIGHT: u32>(value: u64) -> u64 {
    const { assert!(LEFT < u64::BITS && RIGHT < u64::BITS) };
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
        // SAFETY: as above.
        unsafe {
            core::arch::asm!("{0} <<= {1}", "{0} >>= {2}", inout(reg) value, const LEFT, const RIGHT,
                options(pure, nomem, nostack));
        }
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        value << LEFT >> RIGHT
    }
}

/// Returns the same pointer in a register of its own, so that what is reckoned from it leaves the one
/// at hand alone.
#[inline(always)]
pub fn copy<T>(pointer: *mut T) -> *mut T {
    #[cfg(target_arch = "bpf")]
    {
        let copied;
        // SAFETY: as above.
        unsafe {
            core::arch::asm!("{0} = {1}", out(reg) copied, in(reg) pointer, options(pure, nomem, nostack));
        }
        copied
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        pointer
    }
}

/// Returns `value` shifted to the right by the last six bits of `by`, of which the instruction looks
/// at no others (RFC 9669, section 4.1).
#[inline(always)]
pub(crate) fn shift_right(value: u64, by: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
        // SAFETY: as above.
        unsafe {
            core::arch::asm!("{0} >>= {1}", inout(reg) value, in(reg) by, options(pure, nomem, nostack));
        }
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        value >> (by & 63)
    }
}
