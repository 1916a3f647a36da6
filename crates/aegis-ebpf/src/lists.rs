//! Looking a source up: in what user space blocked, and in what the kernel blocked by itself.
//!
//! Nearly every packet's source is not listed. It costs one filter word, and nothing where a list
//! is empty. See [`aegis_abi::table`] for how the tables lie.

mod exempt;
mod prefix;

use aegis_abi::{
    AddressV6, BlockEntry, Counter, config_flag, maps,
    table::{
        Bucket, Bucket32, Bucket64, End, Hash, Lengths, Now, Overflow, Probe, StashEntry, StashKey,
    },
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
        Some(Self {
            now: Now::new(now >> (SETTINGS.expiry_shift() & 63)),
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

/// A live entry that was found. Always both numbers: of a value that is there only sometimes the
/// compiler copies what is not, which the verifier refuses.
#[derive(Clone, Copy)]
pub(crate) struct Found<B> {
    /// Null where the packet was counted already.
    bucket: *mut B,
    slot: usize,
}

impl<B: Bucket> Found<B> {
    /// An entry with which the packet was counted already.
    pub(crate) const COUNTED: Self = Self {
        bucket: core::ptr::null_mut(),
        slot: 0,
    };

    /// Counts the packet with the entry; see [`aegis_abi::table::Count::next`] for `chance`.
    #[inline(always)]
    pub(crate) fn count(self, bytes: u64, chance: impl FnOnce() -> u64) {
        if !self.bucket.is_null() {
            // SAFETY: the map's value is a bucket, and the slot is one that was just found.
            unsafe { B::count(self.bucket, self.slot, bytes, chance) };
        }
    }
}

/// Returns the entry of an IPv4 address that user space blocked. Asked where it blocked any.
#[inline(always)]
pub(crate) fn host_v4(
    flags: u32,
    (address, hash): (u32, Hash),
    bytes: u64,
) -> Option<Found<Bucket32>> {
    if !is_worth_a_look(flags, &FILTER_V4, hash, || SETTINGS.filter_v4()) {
        return None;
    }
    let met = Met::new(flags, bytes)?;
    match probe_home((&HOSTS_V4, SETTINGS.hosts_v4()), hash, address) {
        Home::Here(bucket, slot, end) => met.is_live(end).then_some(Found { bucket, slot }),
        Home::Elsewhere(0) => None,
        Home::Elsewhere(bits) => {
            let is_found = aegis_elsewhere_v4(address, hash.bits64(), bits, bytes) != 0;
            is_found.then_some(Found::COUNTED)
        }
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

/// Returns the entry of an IPv6 /64 or of a longer prefix that user space blocked, likewise.
#[inline(always)]
pub(crate) fn net_v6(
    flags: u32,
    (address, hash): (AddressV6, Hash),
    bytes: u64,
) -> Option<(Found<Bucket64>, Counter)> {
    if !is_worth_a_look(flags, &FILTER_V6, hash, || SETTINGS.filter_v6()) {
        return None;
    }
    let met = Met::new(flags, bytes)?;
    let net = u64::from_be(address.net);
    match probe_home((&NETS_V6, SETTINGS.nets_v6()), hash, net) {
        Home::Here(bucket, slot, end) if met.is_live(end) => {
            return Some((Found { bucket, slot }, Counter::MatchedPrefixV6));
        }
        Home::Elsewhere(bits @ 1..) => {
            if aegis_elsewhere_v6(net, hash.bits64(), bits, bytes) != 0 {
                return Some((Found::COUNTED, Counter::MatchedPrefixV6));
            }
        }
        Home::Here(..) | Home::Elsewhere(0) => {}
    }
    if SETTINGS.long_lengths() == 0 {
        return None;
    }
    match aegis_is_longer_v6(net, u64::from_be(address.host), bytes) {
        0 => None,
        FOUND_HOST => Some((Found::COUNTED, Counter::MatchedHostV6)),
        _ => Some((Found::COUNTED, Counter::MatchedPrefixV6)),
    }
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

/// Looks for an address whose bucket says that entries of it lie elsewhere.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_elsewhere_v4(address: u32, hash: u64, elsewhere: u32, bytes: u64) -> u64 {
    let table = Table {
        buckets: &HOSTS_V4,
        count: SETTINGS.hosts_v4(),
        kind: StashKey::KIND_HOST_V4,
    };
    let key = (Hash::from_bits64(hash), address);
    Met::new(SETTINGS.flags(), bytes).map_or(0, |met| {
        u64::from(is_elsewhere(&table, key, Overflow::of(elsewhere), met))
    })
}

/// The same for a /64.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn aegis_elsewhere_v6(net: u64, hash: u64, elsewhere: u32, bytes: u64) -> u64 {
    let table = Table {
        buckets: &NETS_V6,
        count: SETTINGS.nets_v6(),
        kind: StashKey::KIND_NET_V6,
    };
    let key = (Hash::from_bits64(hash), net);
    Met::new(SETTINGS.flags(), bytes).map_or(0, |met| {
        u64::from(is_elsewhere(&table, key, Overflow::of(elsewhere), met))
    })
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
    flags & config_flag::SKIP_FILTER != 0 || is_in_filter(filter, hash, mask())
}

#[inline(always)]
fn is_in_filter(filter: &Array<u64>, hash: Hash, mask: u32) -> bool {
    filter
        .get(hash.word(mask))
        .is_some_and(|word| hash.is_in(*word))
}

/// What the bucket of a key says.
enum Home<B> {
    /// The entry is in this slot.
    Here(*mut B, usize, End),
    /// It is not here; [`Overflow::bits`] says where it may be.
    Elsewhere(u32),
}

/// Looks into the bucket that a key hashes to.
#[inline(always)]
fn probe_home<B: Bucket>((buckets, count): (&Array<B>, u32), hash: Hash, key: B::Key) -> Home<B>
where
    u64: From<B::Key>,
{
    // The key of an empty slot cannot lie in a bucket, and so is in the stash, if anywhere.
    if u64::from(key) == 0 {
        return Home::Elsewhere(Overflow::IN_STASH.bits());
    }
    let Some(bucket) = buckets.get_ptr_mut(hash.bucket(count)) else {
        return Home::Elsewhere(0);
    };
    // SAFETY: the map's value is a bucket.
    match unsafe { B::probe(bucket, key) } {
        Probe::Here(slot, end) => Home::Here(bucket, slot, end),
        Probe::Elsewhere(overflow) => Home::Elsewhere(overflow.bits()),
    }
}

/// Returns whether there is a live entry of a key, and counts the packet there.
#[inline(always)]
fn is_in_buckets<B: Bucket>(table: &Table<B>, (hash, key): (Hash, B::Key), met: Met) -> bool
where
    u64: From<B::Key>,
{
    match probe_home((table.buckets, table.count), hash, key) {
        Home::Here(bucket, slot, end) => count_live((bucket, slot, end), met),
        Home::Elsewhere(0) => false,
        Home::Elsewhere(bits) => is_elsewhere(table, (hash, key), Overflow::of(bits), met),
    }
}

/// The same for a key that is not in its bucket.
#[inline(always)]
fn is_elsewhere<B: Bucket>(
    table: &Table<B>,
    (hash, key): (Hash, B::Key),
    overflow: Overflow,
    met: Met,
) -> bool
where
    u64: From<B::Key>,
{
    let home = hash.bucket(table.count);
    for step in 1..=Overflow::REACH_MAX {
        if step > overflow.reach {
            break;
        }
        let Some(bucket) = table.buckets.get_ptr_mut(home ^ step) else {
            return false;
        };
        // SAFETY: the map's value is a bucket.
        if let Probe::Here(slot, end) = unsafe { B::probe(bucket, key) } {
            return count_live((bucket, slot, end), met);
        }
    }
    overflow.stash != 0 && is_in_stash(&StashKey::overflown(table.kind, key.into()), met)
}

#[inline(always)]
fn count_live<B: Bucket>((bucket, slot, end): (*mut B, usize, End), met: Met) -> bool {
    let is_live = met.is_live(end);
    if is_live && let Some(counters) = CpuCounters::here() {
        let chance = || counters.chance(Counter::MatchedPrefixV4);
        Found { bucket, slot }.count(met.bytes, chance);
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
