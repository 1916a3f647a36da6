//! Tests that the layouts are what both sides take them for.

use core::mem::{offset_of, size_of};

use super::*;

#[test]
fn values_have_no_padding_and_their_offsets_stay() {
    assert_eq!(size_of::<CookieConfig>(), 4 * 4 + 3 * 8);
    assert_eq!(size_of::<CookieBudget>(), 2 * 8 + 4 * 4);
    assert_eq!(offset_of!(CookieConfig, flags), 0);
    assert_eq!(offset_of!(CookieConfig, answers_max), 4);
    assert_eq!(offset_of!(CookieConfig, checks_max), 8);
    assert_eq!(offset_of!(CookieConfig, reports_max), 12);
    assert_eq!(offset_of!(CookieConfig, verified_for), 16);
    assert_eq!(offset_of!(CookieConfig, linger), 24);
    assert_eq!(offset_of!(CookieConfig, second), 32);
    assert_eq!(offset_of!(CookieBudget, second), 8);
    assert_eq!(offset_of!(CookieBudget, answers), 16);
}

#[test]
fn names_and_sizes_fit_the_kernel() {
    for name in PINNED {
        assert!(name.len() <= 15, "{name}");
    }
    assert!(VERIFIED_EVENTS_BYTES.is_power_of_two());
    assert_eq!(VERIFIED_EVENTS_BYTES % 4096, 0);
}
