//! How many different ports or sources there were.

use crate::Plain;

/// Which of 64 classes were seen in a window: of ports, or of sources.
///
/// How many there are is an estimate of how many different ones were seen (linear counting): `n`
/// of them give 64 · (1 − e^(−n/64)) classes on average. All CPUs share the cell, and write only
/// for a class that is new to it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ClassCell {
    /// The window.
    pub window: u32,
    /// How many classes were seen.
    pub count: u32,
    /// Which ones.
    pub classes: u64,
}

// SAFETY: `repr(C)`, integers only, without padding (tested).
unsafe impl Plain for ClassCell {}

impl ClassCell {
    /// Returns the cell with `class` seen in `window`; `None` where nothing changes.
    #[inline(always)]
    pub const fn see(self, window: u32, class: u32) -> Option<Self> {
        let class = 1 << (class & 63);
        if self.window != window {
            return Some(Self {
                window,
                count: 1,
                classes: class,
            });
        }
        if self.classes & class != 0 {
            return None;
        }
        Some(Self {
            window,
            count: self.count + 1,
            classes: self.classes | class,
        })
    }
}

/// Returns how many classes a cell must have seen before its sources are looked at one by one.
#[inline(always)]
pub const fn gate(threshold: u32) -> u32 {
    if threshold < 4 { 1 } else { threshold / 2 }
}

/// Returns how many classes a source must have tried since its cell was at the gate, by itself.
///
/// A source alone in its cell is so caught at exactly `threshold` classes; one that shares it has
/// tried more than half of them, whatever the others did.
#[inline(always)]
pub const fn confirmation(threshold: u32) -> u32 {
    threshold - gate(threshold) + 1
}

#[cfg(test)]
mod tests;
