//! Looking a source up: in what user space blocked, and in what the kernel blocked by itself.
//!
//! Nearly every packet's source is not listed. It costs one filter word, and nothing where a list
//! is empty. See [`aegis_abi::table`] for how the tables lie.

mod exempt;
mod prefix;

use aegis_abi::{
    AddressV6, BlockEntry, Counter, config_flag, maps,
    table::{Bucket, End, Glance, Hash, Lengths, Now, Overflow, Probe, StashEntry, StashKey},
};
use aya_ebpf::maps::{Array, HashMap};

pub(crate) use self::exempt::{exempt_v4, exempt_v6};
use self::prefix::{aegis_is_in_prefix_v4, aegis_is_in_prefix_v6};
use crate::{
    filter::jiffies,
    tables::{
        CpuCounters, FILTER_V4, FILTER_V6, GATE, HOSTS_V4, NETS_V6, OWN_FILTER, OWN_NET64, OWN_V4,
        SETTINGS, STASH, Shared, has_own, is_open,
    },
};

/// Lengths from /65 to /128.
const LENGTHS_LONG_MAX: u32 = 64;

/// A bucket table.
struct Table<B: 'static> {
    buckets: &'static Array<B>,
    count: u32,
    filter: &'static Array<u64>,
    mask: u32,
    kind: u64,
}

/// What the look-ups need to know of a packet.
#[derive(Clone, Copy)]
struct Met {
    now: Now,
    /// Whether staged entries count.
    shows_staged: bool,
    bytes: u64,
}

impl Met {
    /// Returns `None` where the lists are void, because nobody has looked after them for months.
    #[inline(always)]
    fn new(flags: u32, bytes: u64) -> Option<Self> {
        let now = jiffies();
        if now >= SETTINGS.table_until() {
            return None;
        }
        let unit = SETTINGS.expiry_shift();
        // SAFETY: user space counts in units of some seconds.
        unsafe { core::hint::assert_unchecked(unit < u64::BITS) };
        Some(Self {
            now: Now::at(now, unit),
            shows_staged: flags & config_flag::SHOW_STAGED != 0,
            bytes,
        })
    }

    /// Returns whether an entry that ends so counts.
    #[inline(always)]
    fn is_live(&self, end: End) -> bool {
        end.is_after(self.now) || self.shows_staged && end.is_shown_after(self.now)
    }
}

/// Returns whether user space blocked an IPv4 address, and counts the packet with its entry. Asked
/// where the filter let it through.
#[inline(always)]
pub(crate) fn is_host_v4(
    flags: u32,
    (address, hash): (u32, Hash),
    bytes: u64,
    counters: CpuCounters,
) -> bool {
    let Some(met) = Met::new(flags, bytes) else {
        return false;
    };
    match look_home((&HOSTS_V4, SETTINGS.hosts_v4()), hash, address) {
        Home::Here(bucket, slot, end) => {
            count_live((bucket, slot, end), met, (counters, Counter::MatchedHostV4))
        }
        Home::Nowhere => false,
        Home::Unsure => aegis_is_host_v4(address, bytes) != 0,
    }
}

/// Returns what else blocks an IPv4 source, where something does.
#[inline(always)]
pub(crate) fn others_v4(flags: u32, (address, hash): (u32, Hash), bytes: u64) -> Option<Counter> {
    if flags & config_flag::PREFIXES_V4 != 0
        && is_gate_open(maps::GATE_V4_AT, address >> 16)
        && aegis_is_in_prefix_v4(address, bytes) != 0
    {
        return Some(Counter::MatchedPrefixV4);
    }
    if has_own(flags)
        && is_open(maps::GATE_OWN_V4)
        && is_in_own_filter(hash)
        && aegis_is_own_v4(address, bytes) != 0
    {
        return Some(Counter::MatchedHostV4);
    }
    None
}

/// Returns as what user space blocked an IPv6 /64 or a longer prefix, where it did; otherwise as
/// above.
#[inline(always)]
pub(crate) fn net_v6(
    flags: u32,
    (address, hash): (AddressV6, Hash),
    bytes: u64,
    counters: CpuCounters,
) -> Option<Counter> {
    let met = Met::new(flags, bytes)?;
    let net = u64::from_be(address.net);
    let is_found = match look_home((&NETS_V6, SETTINGS.nets_v6()), hash, net) {
        Home::Here(bucket, slot, end) => count_live(
            (bucket, slot, end),
            met,
            (counters, Counter::MatchedPrefixV6),
        ),
        Home::Nowhere => false,
        Home::Unsure => aegis_is_net_v6(net, bytes) != 0,
    };
    if is_found {
        return Some(Counter::MatchedPrefixV6);
    }
    if SETTINGS.long_lengths() == 0 {
        return None;
    }
    match aegis_is_longer_v6(net, u64::from_be(address.host), bytes) {
        0 => None,
        FOUND_HOST => Some(Counter::MatchedHostV6),
        _ => Some(Counter::MatchedPrefixV6),
    }
}

/// Returns whether an IPv4 address may be one that user space blocked; asked where it blocked any.
#[inline(always)]
pub(crate) fn may_be_host_v4(flags: u32, hash: Hash) -> bool {
    is_worth_a_look(flags, &FILTER_V4, hash, || SETTINGS.filter_v4())
}

/// The same for an IPv6 address.
#[inline(always)]
pub(crate) fn may_be_net_v6(flags: u32, hash: Hash) -> bool {
    is_worth_a_look(flags, &FILTER_V6, hash, || SETTINGS.filter_v6())
}

/// Returns what else blocks an IPv6 source, where something does.
#[inline(always)]
pub(crate) fn others_v6(
    flags: u32,
    (address, hash): (AddressV6, Hash),
    bytes: u64,
) -> Option<Counter> {
    let net = u64::from_be(address.net);
    if flags & config_flag::PREFIXES_V6 != 0 {
        let place = maps::gate_index_v6(net, SETTINGS.hash_key().multiply);
        if is_gate_open(maps::GATE_V6_AT, place) && aegis_is_in_prefix_v6(net, bytes) != 0 {
            return Some(Counter::MatchedPrefixV6);
        }
    }
    if has_own(flags)
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

/// Looks for an address wherever it may lie.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_host_v4(address: u32, bytes: u64) -> u64 {
    let table = Table {
        buckets: &HOSTS_V4,
        count: SETTINGS.hosts_v4(),
        filter: &FILTER_V4,
        mask: SETTINGS.filter_v4(),
        kind: StashKey::KIND_HOST_V4,
    };
    let hash = SETTINGS.hash_key().hash32(address);
    u64::from(is_in_table(&table, (hash, address), bytes))
}

/// The same for a /64.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_net_v6(net: u64, bytes: u64) -> u64 {
    let table = Table {
        buckets: &NETS_V6,
        count: SETTINGS.nets_v6(),
        filter: &FILTER_V6,
        mask: SETTINGS.filter_v6(),
        kind: StashKey::KIND_NET_V6,
    };
    let hash = SETTINGS.hash_key().hash64(net);
    u64::from(is_in_table(&table, (hash, net), bytes))
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

/// Returns whether a key may be listed. While most packets are dropped the filter only costs.
#[inline(always)]
fn is_worth_a_look(
    flags: u32,
    filter: &Array<u64>,
    hash: Hash,
    mask: impl FnOnce() -> u32,
) -> bool {
    // So that what is there while packets pass lies in a straight line.
    if flags & config_flag::SKIP_FILTER == 0 && !is_in_filter(filter, hash, mask()) {
        return false;
    }
    true
}

#[inline(always)]
fn is_in_filter(filter: &Array<u64>, hash: Hash, mask: u32) -> bool {
    filter
        .get(hash.word(mask))
        .is_some_and(|word| hash.is_in(*word))
}

/// What a glance at the bucket of a key says.
enum Home<B> {
    /// The entry is in this slot.
    Here(*mut B, usize, End),
    /// There is none.
    Nowhere,
    /// It may be anywhere that a bucket's entry can be.
    Unsure,
}

/// Glances at the bucket that a key hashes to.
#[inline(always)]
fn look_home<B: Bucket>((buckets, count): (&Array<B>, u32), hash: Hash, key: B::Key) -> Home<B> {
    let Some(bucket) = buckets.get_ptr_mut(hash.bucket(count)) else {
        return Home::Nowhere; // cannot be: there are so many
    };
    // SAFETY: the map's value is a bucket.
    match unsafe { B::glance(bucket, key) } {
        Glance::Here(slot, end) => Home::Here(bucket, slot, end),
        Glance::Nowhere => Home::Nowhere,
        Glance::Unsure => Home::Unsure,
    }
}

/// Returns whether there is a live entry of a key, and counts the packet there: in the bucket that it
/// hashes to, in neighbours, in the stash.
#[inline(always)]
fn is_in_table<B: Bucket>(table: &Table<B>, (hash, key): (Hash, B::Key), bytes: u64) -> bool
where
    u64: From<B::Key>,
{
    let Some(met) = Met::new(SETTINGS.flags(), bytes) else {
        return false;
    };
    let mut overflow = Overflow::IN_STASH;
    if B::is_storable(key) {
        let home = hash.bucket(table.count);
        for step in 0..=Overflow::REACH_MAX {
            let Some(bucket) = table.buckets.get_ptr_mut(home ^ step) else {
                return false; // cannot be: buckets lie in whole groups
            };
            // SAFETY: the map's value is a bucket.
            match unsafe { B::probe(bucket, key) } {
                Probe::Here(slot, end) => return count_there((bucket, slot, end), met),
                Probe::Elsewhere(said) if step == 0 => overflow = said,
                Probe::Elsewhere(_) => {}
            }
            if step >= overflow.reach {
                break;
            }
        }
    } else if !is_in_filter(table.filter, hash, table.mask) {
        // Also where the filter is left out: the stash is dear, and anybody can send from a source
        // that can only be there.
        return false;
    }
    overflow.stash != 0 && is_in_stash(&StashKey::overflown(table.kind, key.into()), met)
}

/// As [`count_live`], of a packet that is counted as nothing else yet.
#[inline(always)]
fn count_there<B: Bucket>(found: (*mut B, usize, End), met: Met) -> bool {
    let counters = CpuCounters::here();
    count_live(found, met, (counters, Counter::MatchedPrefixV4))
}

/// Returns whether an entry that was found counts, and counts the packet there. `counter` is one that
/// moves with packets like it.
#[inline(always)]
fn count_live<B: Bucket>(
    (bucket, slot, end): (*mut B, usize, End),
    met: Met,
    (counters, counter): (CpuCounters, Counter),
) -> bool {
    let is_live = met.is_live(end);
    if is_live {
        // SAFETY: the map's value is a bucket, and the slot is one that was just found.
        unsafe { B::count(bucket, slot, met.bytes, || counters.chance(counter)) };
    }
    is_live
}

#[inline(always)]
fn is_in_stash(key: &StashKey, met: Met) -> bool {
    let stash: &HashMap<StashKey, Shared<StashEntry>> = &STASH;
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    let Some(entry) = (unsafe { stash.get(key) }) else {
        return false;
    };
    let is_live = met.is_live(entry.end());
    if is_live {
        entry.count(met.bytes);
    }
    is_live
}

/// Looks for prefixes longer than a /64.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_is_longer_v6(net: u64, host: u64, bytes: u64) -> u64 {
    let Some(met) = Met::new(SETTINGS.flags(), bytes) else {
        return 0;
    };
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
