//! SYN cookies: what user space tells the responder, and what the responder keeps.
//!
//! While the mode is not off these maps are pinned, and stay through restarts and generations: who
//! is proven stays so. While it is off they are as small as can be, and nobody keeps them.

use crate::Plain;

/// Bits of [`CookieConfig::flags`]; none of them: the responder is off.
pub mod cookie_flag {
    /// Answer for destinations that the detectors take to be under attack.
    pub const AUTO: u32 = 1;
    /// Answer for every destination.
    pub const ALWAYS: u32 = 1 << 1;
}

/// One [`CookieConfig`].
pub const COOKIE: &str = "COOKIE";
/// One [`CookieBudget`] a CPU.
pub const COOKIE_BUDGET: &str = "COOKIE_BUDGET";
/// The destinations answered for: 16 bytes of address, IPv4 as `::ffff:a.b.c.d`, to a `u32`.
pub const COOKIE_OWN: &str = "COOKIE_OWN";
/// Proven IPv4 sources: `[u8; 4]` to the jiffy (`u64`) until which they are.
pub const VERIFIED_V4: &str = "VERIFIED_V4";
/// Proven IPv6 sources: `[u8; 16]` to the jiffy (`u64`) until which they are.
pub const VERIFIED_V6: &str = "VERIFIED_V6";
/// The ring buffer of [`crate::Event`]s of the kind [`EVENT_VERIFIED`].
///
/// A ring of its own: however many sources prove themselves, no detector's event is displaced.
pub const VERIFIED_EVENTS: &str = "VERIFIED_EVENTS";

/// All of them.
pub const PINNED: [&str; 6] = [
    COOKIE,
    COOKIE_BUDGET,
    COOKIE_OWN,
    VERIFIED_V4,
    VERIFIED_V6,
    VERIFIED_EVENTS,
];

/// XDP with SYN cookies where packets lie in one buffer, kernel 5.18 and newer.
pub const PROGRAM_XDP_COOKIE: &str = "aegis_xdp_cookie";
/// The same for packets in several buffers.
pub const PROGRAM_XDP_FRAGS_COOKIE: &str = "aegis_xdp_frags_cookie";

/// [`crate::Event::kind`] of a source that completed a handshake by cookie: far from the numbers
/// of detectors.
pub const EVENT_VERIFIED: u32 = 0x100;

/// Own addresses at most: as many as are read from the interfaces.
pub const COOKIE_OWN_MAX: u32 = 4096;
/// Proven sources of each family. Only a completed handshake makes an entry, so no forged flood
/// displaces one; who is displaced proves himself again.
pub const VERIFIED_MAX: u32 = 16_384;
/// Bytes of the ring: 900 proofs while user space is away, of which it is told some a second.
pub const VERIFIED_EVENTS_BYTES: u32 = 65_536;

/// What the responder is to do; it may change at any time, without a reload.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct CookieConfig {
    /// Bits of [`cookie_flag`].
    pub flags: u32,
    /// Requests that one CPU answers within one jiffy; what is more is dropped.
    pub answers_max: u32,
    /// Acknowledgements that one CPU checks within one jiffy; what is more passes unchecked.
    pub checks_max: u32,
    /// Proven sources that one CPU tells within one second.
    pub reports_max: u32,
    /// For how many jiffies a source counts as proven.
    pub verified_for: u64,
    /// For how many jiffies after the end of an attack acknowledgements are still checked.
    pub linger: u64,
    /// Jiffies in a second.
    pub second: u64,
}

/// What one CPU did within the current jiffy and second.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct CookieBudget {
    /// The jiffy that `answers` and `checks` belong to.
    pub tick: u64,
    /// The jiffy at which the second of `reports` began.
    pub second: u64,
    /// Requests answered.
    pub answers: u32,
    /// Acknowledgements checked.
    pub checks: u32,
    /// Proven sources told.
    pub reports: u32,
    /// Always zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, integers only, without padding (tested).
unsafe impl Plain for CookieConfig {}
// SAFETY: as above.
unsafe impl Plain for CookieBudget {}

#[cfg(test)]
mod tests;
