//! The maps of the responder. Cells and entries are words, read and written as a whole.

use aegis_abi::cookie::{
    COOKIE_OWN_MAX, CookieBudget, CookieConfig, VERIFIED_EVENTS_BYTES, VERIFIED_MAX,
};
use aya_ebpf::{
    bindings::BPF_F_NO_PREALLOC,
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf},
};

#[map]
pub(super) static COOKIE: Array<CookieConfig> = Array::with_max_entries(1, 0);
#[map]
pub(super) static COOKIE_BUDGET: PerCpuArray<CookieBudget> = PerCpuArray::with_max_entries(1, 0);
#[map]
pub(super) static COOKIE_OWN: HashMap<[u64; 2], u32> =
    HashMap::with_max_entries(COOKIE_OWN_MAX, BPF_F_NO_PREALLOC);
#[map]
pub(super) static VERIFIED_V4: LruHashMap<u32, u64> = LruHashMap::with_max_entries(VERIFIED_MAX, 0);
#[map]
pub(super) static VERIFIED_V6: LruHashMap<[u64; 2], u64> =
    LruHashMap::with_max_entries(VERIFIED_MAX, 0);
#[map]
pub(super) static VERIFIED_EVENTS: RingBuf = RingBuf::with_byte_size(VERIFIED_EVENTS_BYTES, 0);
