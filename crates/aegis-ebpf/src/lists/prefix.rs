//! Prefixes that user space blocked: one look-up for each length in use where an address lies.

use aegis_abi::{
    maps,
    table::{Lengths, PREFIX4_LEN_MIN, StashKey, prefix_code_v4, prefix_code_v6},
};

use super::{FOUND_PREFIX, Table, is_in_filter, is_in_table};
use crate::tables::{FILTER_PREFIX, GATE, PREFIXES, SETTINGS};

/// Lengths that one address can meet in the table of prefixes: /8 to /31, /16 to /63.
const LENGTHS_V4_MAX: u32 = 32 - PREFIX4_LEN_MIN;
const LENGTHS_V6_MAX: u32 = 48;

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_in_prefix_v4(address: u32, bytes: u64) -> u64 {
    let top = address >> 16;
    let Some(word) = GATE.get(maps::LENGTHS_V4_AT + (top >> 1)) else {
        return 0;
    };
    let mut lengths = Lengths((*word >> ((top & 1) * 32)) & 0xffff_ffff);
    for _ in 0..LENGTHS_V4_MAX {
        let marker = lengths.take() as u32;
        if marker == 0 {
            break;
        }
        let code = maps::PREFIX_V4_CODE | u64::from(prefix_code_v4(address, marker));
        if is_prefix_worth_a_look(code)
            && aegis_is_prefix(code, StashKey::KIND_PREFIX_V4, bytes) != 0
        {
            return FOUND_PREFIX;
        }
    }
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_in_prefix_v6(net: u64, bytes: u64) -> u64 {
    let place = maps::gate_index_v6(net, SETTINGS.hash_key().multiply);
    let Some(word) = GATE.get(maps::LENGTHS_V6_AT + place) else {
        return 0;
    };
    let mut lengths = Lengths(*word);
    for _ in 0..LENGTHS_V6_MAX {
        let marker = lengths.take();
        if marker == 0 {
            break;
        }
        let code = prefix_code_v6(net, marker);
        if is_prefix_worth_a_look(code)
            && aegis_is_prefix(code, StashKey::KIND_PREFIX_V6, bytes) != 0
        {
            return FOUND_PREFIX;
        }
    }
    0
}

#[inline(always)]
fn is_prefix_worth_a_look(code: u64) -> bool {
    let hash = SETTINGS.hash_key().hash64(code);
    is_in_filter(&FILTER_PREFIX, hash, SETTINGS.filter_prefix())
}

/// Looks up the code of one prefix.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_prefix(code: u64, kind: u64, bytes: u64) -> u64 {
    let table = Table {
        buckets: &PREFIXES,
        count: SETTINGS.prefixes(),
        filter: &FILTER_PREFIX,
        mask: SETTINGS.filter_prefix(),
        kind,
    };
    let hash = SETTINGS.hash_key().hash64(code);
    u64::from(is_in_table(&table, (hash, code), bytes))
}
