//! The clock on the host's wall: how far it is from UTC.

#![expect(unsafe_code, reason = "asks the C library for the time zone")]

use aegis_core::Timestamp;

/// Returns how many seconds this host's wall clock is before UTC at `now`; negative in the west.
pub fn utc_offset_secs(now: Timestamp) -> i64 {
    let Ok(secs) = libc::time_t::try_from(now.as_secs()) else {
        return 0;
    };
    // SAFETY: all zeros is a valid `tm`: numbers, and a pointer that is not followed.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of this frame; nothing else is written.
    let is_known = !unsafe { libc::localtime_r(&raw const secs, &raw mut local) }.is_null();
    if is_known { local.tm_gmtoff } else { 0 }
}
