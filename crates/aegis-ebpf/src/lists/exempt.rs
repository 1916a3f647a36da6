//! Who is exempt: asked only for a packet that is to be dropped or answered.

use core::mem::MaybeUninit;

use aegis_abi::{AddressV6, AllowEntry, maps};

use super::is_gate_open;
use crate::{
    filter::Verdict,
    tables::{ALLOW_V4, ALLOW_V6, SETTINGS},
    trie::{TrieKey4, TrieKey6},
};

/// Returns the verdict on an exempt IPv4 source. Only asked for one that is to be dropped.
#[inline(always)]
pub(crate) fn exempt_v4(address: u32) -> Option<Verdict> {
    // Two gates: the first costs a third of the second, and attackers seldom lie in the few parts of
    // the space where anybody is exempt.
    let is_near = SETTINGS.allow_v4() >> maps::allow_v4(address) & 1 != 0;
    if !is_near || !is_gate_open(maps::ALLOW_V4_AT, address >> 16) {
        return None;
    }
    verdict(aegis_exemption_v4(address))
}

/// Returns the verdict on an exempt IPv6 source. Only asked for one that is to be dropped.
#[inline(always)]
pub(crate) fn exempt_v6(address: AddressV6) -> Option<Verdict> {
    let multiply = SETTINGS.hash_key().multiply;
    let [short, long] = maps::allow_v6(u64::from_be(address.net), multiply);
    let [words_short, words_long] = SETTINGS.allow_v6();
    if (words_short >> short | words_long >> long) & 1 == 0 {
        return None;
    }
    verdict(aegis_exemption_v6(address.net, address.host))
}

const ALLOWLISTED: u64 = 1;
const PROTECTED: u64 = 2;

#[inline(always)]
const fn verdict(exemption: u64) -> Option<Verdict> {
    match exemption {
        ALLOWLISTED => Some(Verdict::Allowlisted),
        PROTECTED => Some(Verdict::Protected),
        _ => None,
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_exemption_v4(address: u32) -> u64 {
    let key = TrieKey4::new(address.to_be());
    ALLOW_V4.get(key.as_key()).map_or(0, exemption)
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_exemption_v6(net: u64, host: u64) -> u64 {
    let mut place = MaybeUninit::uninit();
    let key = TrieKey6::write(&mut place, AddressV6 { net, host });
    ALLOW_V6.get(key).map_or(0, exemption)
}

#[inline(always)]
const fn exemption(entry: &AllowEntry) -> u64 {
    if entry.is_protected == 0 {
        ALLOWLISTED
    } else {
        PROTECTED
    }
}
