//! Looking a source up: in what user space blocked, and in what the kernel blocked by itself.
//!
//! Nearly every packet's source is not listed. It costs one filter word, and nothing where a list
//! is empty. See [`aegis_abi::table`] for how the tables lie.

use aegis_abi::{
    AddressV6, AllowEntry, BlockEntry, Counter, config_flag, maps,
    table::{
        Bucket, Expiry, Hash, HashKey, Lengths, Overflow, PREFIX4_LEN_MIN, Probe, StashEntry,
        StashKey, prefix_code_v4, prefix_code_v6,
    },
};
use aya_ebpf::maps::{Array, HashMap};

use crate::{
    filter::Moment,
    tables::{
        ALLOW_V4, ALLOW_V6, FILTER_PREFIX, FILTER_V4, FILTER_V6, GATE, HOSTS_V4, NETS_V6,
        OWN_FILTER, OWN_NET64, OWN_V4, PREFIXES, STASH, Shared, is_open,
    },
    trie::{TrieKey4, TrieKey6},
};

/// Lengths that one address can meet in the table of prefixes: /8 to /31, /16 to /63.
const LENGTHS_V4_MAX: u32 = 32 - PREFIX4_LEN_MIN;
const LENGTHS_V6_MAX: u32 = 48;
/// Lengths from /65 to /128.
const LENGTHS_LONG_MAX: u32 = 64;

/// A table and its filter.
struct Table<B: 'static> {
    buckets: &'static Array<B>,
    filter: &'static Array<u64>,
    count: u32,
    mask: u32,
    kind: u64,
}

/// Returns what blocks an IPv4 source, where something does.
#[inline(always)]
pub(crate) fn find_v4(moment: &Moment<'_>, address: u32) -> Option<Counter> {
    let config = moment.config;
    if moment.now < config.table_until {
        if moment.has(config_flag::HOSTS_V4) {
            let table = Table {
                buckets: &HOSTS_V4,
                filter: &FILTER_V4,
                count: config.hosts_v4,
                mask: config.filter_v4,
                kind: StashKey::KIND_HOST_V4,
            };
            let hash = hash_key(moment).hash32(address);
            if is_listed(moment, &table, hash, address) {
                return Some(Counter::MatchedHostV4);
            }
        }
        if moment.has(config_flag::PREFIXES_V4) && is_in_prefix_v4(moment, address) {
            return Some(Counter::MatchedPrefixV4);
        }
    }
    if moment.has(config_flag::OWN) && is_open(maps::GATE_OWN_V4) {
        let hash = hash_key(moment).hash32(address);
        if is_in_own_filter(hash) {
            // SAFETY: the table is not preallocated, so an entry lives until we are done.
            let entry = unsafe { OWN_V4.get(address.to_be()) };
            if is_own_live(moment, entry) {
                return Some(Counter::MatchedHostV4);
            }
        }
    }
    None
}

/// Returns what blocks an IPv6 source, where something does.
#[inline(always)]
pub(crate) fn find_v6(moment: &Moment<'_>, address: AddressV6) -> Option<Counter> {
    let config = moment.config;
    let net = u64::from_be(address.net);
    if moment.now < config.table_until {
        if moment.has(config_flag::NETS_V6)
            && let Some(counter) = find_net_v6(moment, address)
        {
            return Some(counter);
        }
        if moment.has(config_flag::PREFIXES_V6) && is_in_prefix_v6(moment, net) {
            return Some(Counter::MatchedPrefixV6);
        }
    }
    if moment.has(config_flag::OWN) && is_open(maps::GATE_OWN_NET64) {
        let hash = hash_key(moment).hash64(net);
        if is_in_own_filter(hash) {
            // SAFETY: the table is not preallocated, so an entry lives until we are done.
            let entry = unsafe { OWN_NET64.get(address.net) };
            if is_own_live(moment, entry) {
                return Some(Counter::MatchedPrefixV6);
            }
        }
    }
    None
}

/// Returns the exemption of an IPv4 source. Only asked for one that is to be dropped.
#[inline(always)]
pub(crate) fn find_exempt_v4(moment: &Moment<'_>, address: u32) -> Option<&'static AllowEntry> {
    if !moment.has(config_flag::ALLOW_V4) || !is_gate_open(maps::ALLOW_V4_AT, address >> 16) {
        return None;
    }
    let key = TrieKey4::new(address.to_be());
    ALLOW_V4.get(key.as_key())
}

/// Returns the exemption of an IPv6 source. Only asked for one that is to be dropped.
#[inline(always)]
pub(crate) fn find_exempt_v6(
    moment: &Moment<'_>,
    address: AddressV6,
) -> Option<&'static AllowEntry> {
    if !moment.has(config_flag::ALLOW_V6) {
        return None;
    }
    let mut place = core::mem::MaybeUninit::uninit();
    ALLOW_V6.get(TrieKey6::write(&mut place, address))
}

#[inline(always)]
pub(crate) fn hash_key(moment: &Moment<'_>) -> HashKey {
    HashKey {
        add: moment.config.hash_add,
        multiply: moment.config.hash_multiply,
    }
}

#[inline(always)]
fn expiry_now(moment: &Moment<'_>) -> Expiry {
    Expiry::new(moment.now >> (moment.config.expiry_shift & 63))
}

/// Looks a key up in its table and counts the packet there.
#[inline(always)]
fn is_listed<B: Bucket>(moment: &Moment<'_>, table: &Table<B>, hash: Hash, key: B::Key) -> bool
where
    u64: From<B::Key>,
{
    if !moment.has(config_flag::SKIP_FILTER) && !is_in_filter(table.filter, hash, table.mask) {
        return false;
    }
    is_in_buckets(moment, table, hash, key)
}

#[inline(always)]
fn is_in_filter(filter: &Array<u64>, hash: Hash, mask: u32) -> bool {
    filter
        .get(hash.word(mask))
        .is_some_and(|word| hash.is_in(*word))
}

#[inline(always)]
fn is_in_buckets<B: Bucket>(moment: &Moment<'_>, table: &Table<B>, hash: Hash, key: B::Key) -> bool
where
    u64: From<B::Key>,
{
    let number = u64::from(key);
    // The key of an empty slot cannot lie in a bucket, and so is in the stash, if anywhere.
    if number != 0 {
        let index = hash.bucket(table.count);
        let overflow = match probe(moment, table.buckets, index, key) {
            Ok(is_live) => return is_live,
            Err(overflow) => overflow,
        };
        for step in 1..=Overflow::REACH_MAX {
            if step > overflow.reach {
                break;
            }
            if let Ok(is_live) = probe(moment, table.buckets, index ^ step, key) {
                return is_live;
            }
        }
        if overflow.stash == 0 {
            return false;
        }
    }
    is_in_stash(moment, &StashKey::overflown(table.kind, number))
}

/// Looks into one bucket: `Ok` where the key is there, with whether it is live.
#[inline(always)]
fn probe<B: Bucket>(
    moment: &Moment<'_>,
    buckets: &Array<B>,
    index: u32,
    key: B::Key,
) -> Result<bool, Overflow> {
    let Some(bucket) = buckets.get_ptr_mut(index) else {
        return Err(Overflow::default());
    };
    // SAFETY: the map's value is a bucket, and the slot is one that was just found.
    unsafe {
        match B::probe(bucket, key) {
            Probe::Elsewhere(overflow) => Err(overflow),
            Probe::Here(slot, expiry) => {
                let is_live = expiry.is_after(expiry_now(moment));
                if is_live {
                    B::count(bucket, slot, moment.bytes, moment.chance());
                }
                Ok(is_live)
            }
        }
    }
}

#[inline(always)]
fn is_in_stash(moment: &Moment<'_>, key: &StashKey) -> bool {
    let stash: &HashMap<StashKey, Shared<StashEntry>> = &STASH;
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    let Some(entry) = (unsafe { stash.get(key) }) else {
        return false;
    };
    let is_live = entry.expiry().is_after(expiry_now(moment));
    if is_live {
        entry.count(moment.bytes);
    }
    is_live
}

#[inline(always)]
fn find_net_v6(moment: &Moment<'_>, address: AddressV6) -> Option<Counter> {
    let config = moment.config;
    let net = u64::from_be(address.net);
    let table = Table {
        buckets: &NETS_V6,
        filter: &FILTER_V6,
        count: config.nets_v6,
        mask: config.filter_v6,
        kind: StashKey::KIND_NET_V6,
    };
    let hash = hash_key(moment).hash64(net);
    if !moment.has(config_flag::SKIP_FILTER) && !is_in_filter(table.filter, hash, table.mask) {
        return None;
    }
    if is_in_buckets(moment, &table, hash, net) {
        return Some(Counter::MatchedPrefixV6);
    }
    let mut lengths = Lengths(config.long_lengths);
    for _ in 0..LENGTHS_LONG_MAX {
        let last = lengths.take();
        if last == 0 {
            break;
        }
        let key = StashKey::longer(net, u64::from_be(address.host), last);
        if is_in_stash(moment, &key) {
            return Some(if last == 1 {
                Counter::MatchedHostV6
            } else {
                Counter::MatchedPrefixV6
            });
        }
    }
    None
}

#[inline(always)]
fn is_in_prefix_v4(moment: &Moment<'_>, address: u32) -> bool {
    let top = address >> 16;
    if !is_gate_open(maps::GATE_V4_AT, top) {
        return false;
    }
    let Some(word) = GATE.get(maps::LENGTHS_V4_AT + (top >> 1)) else {
        return false;
    };
    let mut lengths = Lengths((*word >> ((top & 1) * 32)) & 0xffff_ffff);
    for _ in 0..LENGTHS_V4_MAX {
        let marker = lengths.take() as u32;
        if marker == 0 {
            break;
        }
        let code = maps::PREFIX_V4_CODE | u64::from(prefix_code_v4(address, marker));
        if is_prefix(moment, code, StashKey::KIND_PREFIX_V4) {
            return true;
        }
    }
    false
}

#[inline(always)]
fn is_in_prefix_v6(moment: &Moment<'_>, net: u64) -> bool {
    let place = maps::gate_index_v6(net, moment.config.hash_multiply);
    if !is_gate_open(maps::GATE_V6_AT, place) {
        return false;
    }
    let Some(word) = GATE.get(maps::LENGTHS_V6_AT + place) else {
        return false;
    };
    let mut lengths = Lengths(*word);
    for _ in 0..LENGTHS_V6_MAX {
        let marker = lengths.take();
        if marker == 0 {
            break;
        }
        if is_prefix(
            moment,
            prefix_code_v6(net, marker),
            StashKey::KIND_PREFIX_V6,
        ) {
            return true;
        }
    }
    false
}

/// Looks up the code of one prefix.
#[inline(always)]
fn is_prefix(moment: &Moment<'_>, code: u64, kind: u64) -> bool {
    let table = Table {
        buckets: &PREFIXES,
        filter: &FILTER_PREFIX,
        count: moment.config.prefixes,
        mask: moment.config.filter_prefix,
        kind,
    };
    let hash = hash_key(moment).hash64(code);
    is_in_filter(table.filter, hash, table.mask) && is_in_buckets(moment, &table, hash, code)
}

/// Returns bit `place`, below 65,536, of the bitmap that begins at word `base`.
#[inline(always)]
fn is_gate_open(base: u32, place: u32) -> bool {
    GATE.get(base + (place >> 6))
        .is_some_and(|word| *word >> (place & 63) & 1 != 0)
}

#[inline(always)]
fn is_in_own_filter(hash: Hash) -> bool {
    is_in_filter(&OWN_FILTER, hash, maps::OWN_FILTER_WORDS - 1)
}

/// Returns whether there is an entry whose deadline is ahead, and counts the packet there.
#[inline(always)]
fn is_own_live(moment: &Moment<'_>, entry: Option<&Shared<BlockEntry>>) -> bool {
    match entry {
        Some(entry) if moment.now < entry.deadline() => {
            entry.count(moment.now, moment.bytes);
            true
        }
        Some(_) | None => false,
    }
}
