//! Looking a source up: in what user space blocked, and in what the kernel blocked by itself.
//!
//! Nearly every packet's source is not listed. It costs one filter word, and nothing where a list
//! is empty. See [`aegis_abi::table`] for how the tables lie.

use aegis_abi::{
    AddressV6, AllowEntry, BlockEntry, Counter, config_flag, maps,
    table::{
        Bucket, Expiry, Hash, Lengths, Overflow, PREFIX4_LEN_MIN, Probe, StashEntry, StashKey,
        prefix_code_v4, prefix_code_v6,
    },
};
use aya_ebpf::maps::{Array, HashMap};

use crate::{
    filter::{Verdict, jiffies},
    tables::{
        ALLOW_V4, ALLOW_V6, FILTER_PREFIX, FILTER_V4, FILTER_V6, GATE, HOSTS_V4, NETS_V6,
        OWN_FILTER, OWN_NET64, OWN_V4, PREFIXES, SETTINGS, STASH, Shared, is_open,
    },
    trie::{TrieKey4, TrieKey6},
};

/// Lengths that one address can meet in the table of prefixes: /8 to /31, /16 to /63.
const LENGTHS_V4_MAX: u32 = 32 - PREFIX4_LEN_MIN;
const LENGTHS_V6_MAX: u32 = 48;
/// Lengths from /65 to /128.
const LENGTHS_LONG_MAX: u32 = 64;

/// A bucket table.
struct Table<B: 'static> {
    buckets: &'static Array<B>,
    count: u32,
    kind: u64,
}

/// What the slow steps need to know of a packet.
#[derive(Clone, Copy)]
struct Met {
    now: Expiry,
    bytes: u64,
    /// How many packets this CPU has met: what chance is made of.
    packets: u64,
}

impl Met {
    #[inline(always)]
    /// Returns `None` where the lists are void, because nobody has looked after them for days.
    fn new(bytes: u64, packets: u64) -> Option<Self> {
        let now = jiffies();
        if now >= SETTINGS.table_until() {
            return None;
        }
        let units = now >> (SETTINGS.expiry_shift() & 63);
        Some(Self {
            now: Expiry::new(units),
            bytes,
            packets,
        })
    }

    /// Returns a number that is spread evenly over the packets of this CPU (Weyl's sequence).
    #[inline(always)]
    fn chance(self) -> u64 {
        self.packets.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}

/// Returns what blocks an IPv4 source, where something does.
#[inline(always)]
pub(crate) fn find_v4(flags: u32, address: u32, (bytes, packets): (u64, u64)) -> Option<Counter> {
    let hash = SETTINGS.hash_key().hash32(address);
    if flags & config_flag::HOSTS_V4 != 0
        && is_worth_a_look(flags, &FILTER_V4, hash, SETTINGS.hosts_v4().1)
        && aegis_is_host_v4(address, hash.bits64(), bytes, packets) != 0
    {
        return Some(Counter::MatchedHostV4);
    }
    if flags & config_flag::PREFIXES_V4 != 0
        && is_gate_open(maps::GATE_V4_AT, address >> 16)
        && aegis_is_in_prefix_v4(address, bytes, packets) != 0
    {
        return Some(Counter::MatchedPrefixV4);
    }
    if flags & config_flag::OWN != 0
        && is_open(maps::GATE_OWN_V4)
        && is_in_own_filter(hash)
        && aegis_is_own_v4(address, bytes) != 0
    {
        return Some(Counter::MatchedHostV4);
    }
    None
}

/// Returns what blocks an IPv6 source, where something does.
#[inline(always)]
pub(crate) fn find_v6(
    flags: u32,
    address: AddressV6,
    (bytes, packets): (u64, u64),
) -> Option<Counter> {
    let net = u64::from_be(address.net);
    let key = SETTINGS.hash_key();
    let hash = key.hash64(net);
    if flags & config_flag::NETS_V6 != 0
        && is_worth_a_look(flags, &FILTER_V6, hash, SETTINGS.nets_v6().1)
    {
        match aegis_is_net_v6(
            net,
            u64::from_be(address.host),
            hash.bits64(),
            bytes,
            packets,
        ) {
            0 => {}
            FOUND_HOST => return Some(Counter::MatchedHostV6),
            _ => return Some(Counter::MatchedPrefixV6),
        }
    }
    if flags & config_flag::PREFIXES_V6 != 0
        && is_gate_open(maps::GATE_V6_AT, maps::gate_index_v6(net, key.multiply))
        && aegis_is_in_prefix_v6(net, bytes, packets) != 0
    {
        return Some(Counter::MatchedPrefixV6);
    }
    if flags & config_flag::OWN != 0
        && is_open(maps::GATE_OWN_NET64)
        && is_in_own_filter(hash)
        && aegis_is_own_net64(net, bytes) != 0
    {
        return Some(Counter::MatchedPrefixV6);
    }
    None
}

/// What the functions below return for an address of its own and for a prefix; zero for nothing.
/// They are functions of their own so that the common path, which calls none of them, keeps its
/// values in registers.
const FOUND_HOST: u64 = 1;
const FOUND_PREFIX: u64 = 2;

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_host_v4(address: u32, hash: u64, bytes: u64, packets: u64) -> u64 {
    let Some(met) = Met::new(bytes, packets) else {
        return 0;
    };
    let table = Table {
        buckets: &HOSTS_V4,
        count: SETTINGS.hosts_v4().0,
        kind: StashKey::KIND_HOST_V4,
    };
    let hash = Hash::from_bits64(hash);
    u64::from(is_in_buckets(&table, hash, address, met))
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_own_v4(address: u32, bytes: u64) -> u64 {
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    let entry = unsafe { OWN_V4.get(address.to_be()) };
    u64::from(is_own_live(entry, bytes))
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_own_net64(net: u64, bytes: u64) -> u64 {
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    let entry = unsafe { OWN_NET64.get(net.to_be()) };
    u64::from(is_own_live(entry, bytes))
}

/// Returns the verdict on an exempt IPv4 source. Only asked for one that is to be dropped.
#[inline(always)]
pub(crate) fn exempt_v4(address: u32) -> Option<Verdict> {
    if SETTINGS.flags() & config_flag::ALLOW_V4 == 0
        || !is_gate_open(maps::ALLOW_V4_AT, address >> 16)
    {
        return None;
    }
    verdict(aegis_exemption_v4(address))
}

/// Returns the verdict on an exempt IPv6 source. Only asked for one that is to be dropped.
#[inline(always)]
pub(crate) fn exempt_v6(address: AddressV6) -> Option<Verdict> {
    if SETTINGS.flags() & config_flag::ALLOW_V6 == 0 {
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
    let mut place = core::mem::MaybeUninit::uninit();
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

/// Returns whether a key may be listed. While most packets are dropped the filter only costs.
#[inline(always)]
fn is_worth_a_look(flags: u32, filter: &Array<u64>, hash: Hash, mask: u32) -> bool {
    flags & config_flag::SKIP_FILTER != 0 || is_in_filter(filter, hash, mask)
}

#[inline(always)]
fn is_in_filter(filter: &Array<u64>, hash: Hash, mask: u32) -> bool {
    filter
        .get(hash.word(mask))
        .is_some_and(|word| hash.is_in(*word))
}

#[inline(always)]
fn is_in_buckets<B: Bucket>(table: &Table<B>, hash: Hash, key: B::Key, met: Met) -> bool
where
    u64: From<B::Key>,
{
    let number = u64::from(key);
    // The key of an empty slot cannot lie in a bucket, and so is in the stash, if anywhere.
    if number != 0 {
        let index = hash.bucket(table.count);
        let overflow = match probe(table.buckets, index, key, met) {
            Ok(is_live) => return is_live,
            Err(overflow) => overflow,
        };
        for step in 1..=Overflow::REACH_MAX {
            if step > overflow.reach {
                break;
            }
            if let Ok(is_live) = probe(table.buckets, index ^ step, key, met) {
                return is_live;
            }
        }
        if overflow.stash == 0 {
            return false;
        }
    }
    is_in_stash(&StashKey::overflown(table.kind, number), met)
}

/// Looks into one bucket: `Ok` where the key is there, with whether it is live.
#[inline(always)]
fn probe<B: Bucket>(
    buckets: &Array<B>,
    index: u32,
    key: B::Key,
    met: Met,
) -> Result<bool, Overflow> {
    let Some(bucket) = buckets.get_ptr_mut(index) else {
        return Err(Overflow::default());
    };
    // SAFETY: the map's value is a bucket, and the slot is one that was just found.
    unsafe {
        match B::probe(bucket, key) {
            Probe::Elsewhere(overflow) => Err(overflow),
            Probe::Here(slot, expiry) => {
                let is_live = expiry.is_after(met.now);
                if is_live {
                    B::count(bucket, slot, met.bytes, met.chance());
                }
                Ok(is_live)
            }
        }
    }
}

#[inline(always)]
fn is_in_stash(key: &StashKey, met: Met) -> bool {
    let stash: &HashMap<StashKey, Shared<StashEntry>> = &STASH;
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    let Some(entry) = (unsafe { stash.get(key) }) else {
        return false;
    };
    let is_live = entry.expiry().is_after(met.now);
    if is_live {
        entry.count(met.bytes);
    }
    is_live
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_net_v6(net: u64, host: u64, hash: u64, bytes: u64, packets: u64) -> u64 {
    let Some(met) = Met::new(bytes, packets) else {
        return 0;
    };
    let table = Table {
        buckets: &NETS_V6,
        count: SETTINGS.nets_v6().0,
        kind: StashKey::KIND_NET_V6,
    };
    if is_in_buckets(&table, Hash::from_bits64(hash), net, met) {
        return FOUND_PREFIX;
    }
    let mut lengths = Lengths(SETTINGS.long_lengths());
    for _ in 0..LENGTHS_LONG_MAX {
        let last = lengths.take();
        if last == 0 {
            break;
        }
        if is_in_stash(&StashKey::longer(net, host, last), met) {
            return if last == 1 { FOUND_HOST } else { FOUND_PREFIX };
        }
    }
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_in_prefix_v4(address: u32, bytes: u64, packets: u64) -> u64 {
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
            && aegis_is_prefix(code, StashKey::KIND_PREFIX_V4, bytes, packets) != 0
        {
            return FOUND_PREFIX;
        }
    }
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_in_prefix_v6(net: u64, bytes: u64, packets: u64) -> u64 {
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
            && aegis_is_prefix(code, StashKey::KIND_PREFIX_V6, bytes, packets) != 0
        {
            return FOUND_PREFIX;
        }
    }
    0
}

#[inline(always)]
fn is_prefix_worth_a_look(code: u64) -> bool {
    let hash = SETTINGS.hash_key().hash64(code);
    is_in_filter(&FILTER_PREFIX, hash, SETTINGS.prefixes().1)
}

/// Looks up the code of one prefix.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_prefix(code: u64, kind: u64, bytes: u64, packets: u64) -> u64 {
    let Some(met) = Met::new(bytes, packets) else {
        return 0;
    };
    let table = Table {
        buckets: &PREFIXES,
        count: SETTINGS.prefixes().0,
        kind,
    };
    let hash = SETTINGS.hash_key().hash64(code);
    u64::from(is_in_buckets(&table, hash, code, met))
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
fn is_own_live(entry: Option<&Shared<BlockEntry>>, bytes: u64) -> bool {
    let now = jiffies();
    match entry {
        Some(entry) if now < entry.deadline() => {
            entry.count(now, bytes);
            true
        }
        Some(_) | None => false,
    }
}
