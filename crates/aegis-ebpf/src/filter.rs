//! The only place where a packet's fate is decided.
//!
//! Order: parse, exemptions, blocklist, detectors, pass. Nothing behind the IP header is read for
//! a packet whose source is blocked. What cannot be read is passed and counted.

use core::mem::MaybeUninit;

use aegis_abi::{
    AddressV6, AllowEntry, BlockEntry, Config, Counter, Family, Frame, Skip, config_flag, maps,
    parse_ipv4, parse_ipv6, parse_link,
};
use aya_ebpf::{helpers::bpf_jiffies64, maps::lpm_trie::Key};

use crate::{
    detect,
    tables::{
        ALLOW_V4, ALLOW_V6, BLOCK_NET64, BLOCK_PREFIX4, BLOCK_PREFIX6, BLOCK_V4, BLOCK_V6, CONFIG,
        CpuCounters, Shared, is_open,
    },
};

/// What becomes of a packet.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Pass,
    Drop,
}

/// Why.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// It cannot be read.
    Skipped(Skip),
    /// Its source is on the allowlist.
    Allowlisted,
    /// Its source is protected.
    Protected,
    /// Its source is blocked, as this counter says.
    Blocked(Counter),
    /// The detector caught its source just now.
    Caught,
    /// None of these.
    Clean,
}

/// What every step needs to know of the packet at hand.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) config: &'a Config,
    pub(crate) counters: CpuCounters,
    pub(crate) now: u64,
    pub(crate) bytes: u64,
}

impl Moment<'_> {
    #[inline(always)]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.config.flags & flag != 0
    }
}

/// Decides about one packet of `bytes` bytes and counts it.
#[inline(always)]
pub(crate) fn decide(frame: &impl Frame, bytes: u64) -> Fate {
    let (Some(config), Some(counters)) = (CONFIG.get(0), CpuCounters::here()) else {
        return Fate::Pass; // cannot be: both are arrays of one element
    };
    let moment = Moment {
        config,
        counters,
        // SAFETY: the kernel knows no failure of this.
        now: unsafe { bpf_jiffies64() },
        bytes,
    };
    counters.count(Counter::Packets);
    counters.add(Counter::Bytes, bytes);
    // The families part here for good: a value that is either keeps half of itself undefined,
    // which the verifier does not take.
    match parse_link(frame) {
        Err(skip) => act(&moment, Verdict::Skipped(skip)),
        Ok(link) => match link.family {
            Family::V4 => act(&moment, classify_v4(frame, &moment, link.offset)),
            Family::V6 => act(&moment, classify_v6(frame, &moment, link.offset)),
        },
    }
}

/// Turns each reason into an action, and counts both.
#[inline(always)]
fn act(moment: &Moment<'_>, verdict: Verdict) -> Fate {
    let counters = moment.counters;
    match verdict {
        Verdict::Clean => pass(counters),
        Verdict::Skipped(skip) => {
            counters.count(counter_of(skip));
            pass(counters)
        }
        Verdict::Allowlisted => {
            counters.count(Counter::Allowlisted);
            pass(counters)
        }
        Verdict::Protected => {
            counters.count(Counter::Protected);
            pass(counters)
        }
        Verdict::Blocked(counter) => {
            counters.count(counter);
            if !moment.has(config_flag::OBSERVE) {
                counters.count(Counter::EarlyDrops);
            }
            drop_unless_observing(moment)
        }
        Verdict::Caught => {
            counters.count(Counter::MatchedDetector);
            drop_unless_observing(moment)
        }
    }
}

#[inline(always)]
fn pass(counters: CpuCounters) -> Fate {
    counters.count(Counter::Passed);
    Fate::Pass
}

#[inline(always)]
fn drop_unless_observing(moment: &Moment<'_>) -> Fate {
    if moment.has(config_flag::OBSERVE) {
        moment.counters.count(Counter::WouldHaveDropped);
        return pass(moment.counters);
    }
    moment.counters.count(Counter::Dropped);
    moment.counters.add(Counter::DroppedBytes, moment.bytes);
    Fate::Drop
}

#[inline(always)]
const fn counter_of(skip: Skip) -> Counter {
    match skip {
        Skip::NotIp => Counter::NotIp,
        Skip::Truncated => Counter::Truncated,
        Skip::BadHeader => Counter::BadHeader,
        Skip::TooManyTags => Counter::TooManyTags,
        Skip::TooManyHeaders => Counter::TooManyHeaders,
        Skip::MappedSource => Counter::MappedSource,
    }
}

#[inline(always)]
fn classify_v4(frame: &impl Frame, moment: &Moment<'_>, offset: usize) -> Verdict {
    let header = match parse_ipv4(frame, offset) {
        Ok(header) => header,
        Err(skip) => return Verdict::Skipped(skip),
    };
    let source = u32::from_ne_bytes(header.source);
    if let Some(entry) = find_exempt_v4(moment, source) {
        return exempt(entry);
    }
    if let Some(counter) = find_block_v4(moment, source) {
        return Verdict::Blocked(counter);
    }
    if !moment.has(config_flag::SYN_FLOOD) {
        return Verdict::Clean;
    }
    detect::look_v4(frame, moment, &header)
}

#[inline(always)]
fn classify_v6(frame: &impl Frame, moment: &Moment<'_>, offset: usize) -> Verdict {
    let header = match parse_ipv6(frame, offset) {
        Ok(header) => header,
        Err(skip) => return Verdict::Skipped(skip),
    };
    if let Some(entry) = find_exempt_v6(moment, header.source) {
        return exempt(entry);
    }
    if let Some(counter) = find_block_v6(moment, header.source) {
        return Verdict::Blocked(counter);
    }
    if !moment.has(config_flag::SYN_FLOOD) {
        return Verdict::Clean;
    }
    detect::look_v6(frame, moment, &header)
}

#[inline(always)]
const fn exempt(entry: &AllowEntry) -> Verdict {
    if entry.is_protected == 0 {
        Verdict::Allowlisted
    } else {
        Verdict::Protected
    }
}

#[inline(always)]
fn find_exempt_v4(moment: &Moment<'_>, address: u32) -> Option<&'static AllowEntry> {
    if !moment.has(config_flag::ALLOW_V4) {
        return None;
    }
    let key = TrieKey4::new(address);
    ALLOW_V4.get(key.as_key())
}

#[inline(always)]
fn find_exempt_v6(moment: &Moment<'_>, address: AddressV6) -> Option<&'static AllowEntry> {
    if !moment.has(config_flag::ALLOW_V6) {
        return None;
    }
    let mut place = MaybeUninit::uninit();
    ALLOW_V6.get(TrieKey6::write(&mut place, address))
}

#[inline(always)]
fn find_block_v4(moment: &Moment<'_>, address: u32) -> Option<Counter> {
    if is_open(maps::GATE_BLOCK_V4) {
        // SAFETY: the table is not preallocated, so an entry lives until we are done.
        let entry = unsafe { BLOCK_V4.get(address) };
        if is_live(moment, entry) {
            return Some(Counter::MatchedHostV4);
        }
    }
    if moment.has(config_flag::BLOCK_PREFIX4) {
        let key = TrieKey4::new(address);
        if is_live(moment, BLOCK_PREFIX4.get(key.as_key())) {
            return Some(Counter::MatchedPrefixV4);
        }
    }
    None
}

#[inline(always)]
fn find_block_v6(moment: &Moment<'_>, address: AddressV6) -> Option<Counter> {
    if moment.has(config_flag::BLOCK_V6) {
        // SAFETY: the table is not preallocated, so an entry lives until we are done.
        let entry = unsafe { BLOCK_V6.get([address.net, address.host]) };
        if is_live(moment, entry) {
            return Some(Counter::MatchedHostV6);
        }
    }
    if is_open(maps::GATE_BLOCK_NET64) {
        // SAFETY: as above.
        let entry = unsafe { BLOCK_NET64.get(address.net) };
        if is_live(moment, entry) {
            return Some(Counter::MatchedPrefixV6);
        }
    }
    if moment.has(config_flag::BLOCK_PREFIX6) {
        let mut place = MaybeUninit::uninit();
        let key = TrieKey6::write(&mut place, address);
        if is_live(moment, BLOCK_PREFIX6.get(key)) {
            return Some(Counter::MatchedPrefixV6);
        }
    }
    None
}

/// Returns whether there is an entry whose deadline is ahead, and counts the packet there.
#[inline(always)]
fn is_live(moment: &Moment<'_>, entry: Option<&Shared<BlockEntry>>) -> bool {
    match entry {
        Some(entry) if moment.now < entry.deadline() => {
            entry.count(moment.now, moment.bytes);
            true
        }
        Some(_) | None => false,
    }
}

/// A trie key of a whole IPv4 address, aligned as the verifier wants the stack.
#[repr(C, align(8))]
struct TrieKey4 {
    prefix_len: u32,
    address: u32,
    padding: u64,
}

impl TrieKey4 {
    #[inline(always)]
    const fn new(address: u32) -> Self {
        Self {
            prefix_len: 32,
            address,
            padding: 0,
        }
    }

    #[inline(always)]
    fn as_key(&self) -> &Key<[u8; 8]> {
        // SAFETY: `Key` is a packed word and 8 bytes, the first 12 of ours.
        unsafe { &*(&raw const *self).cast() }
    }
}

/// A trie key of a whole IPv6 address, written in words.
///
/// The address lies four bytes into the key. Left alone, the compiler writes it in eights, which
/// packets allow and the stack does not.
#[repr(C, align(8))]
struct TrieKey6([u32; 6]);

impl TrieKey6 {
    /// Writes the key into `place`, where it stays: a copy of it would be made in eights again.
    #[inline(always)]
    fn write(place: &mut MaybeUninit<Self>, address: AddressV6) -> &Key<[u8; 16]> {
        let words: *mut u32 = place.as_mut_ptr().cast();
        // SAFETY: six words, each written once, within the key. The target is little-endian, so
        // the low half of a number lies first.
        unsafe {
            words.write_volatile(128);
            words.add(1).write_volatile(address.net as u32);
            words.add(2).write_volatile((address.net >> 32) as u32);
            words.add(3).write_volatile(address.host as u32);
            words.add(4).write_volatile((address.host >> 32) as u32);
            words.add(5).write_volatile(0);
        }
        // SAFETY: `Key` is a packed word and 16 bytes, the first 20 of ours, just written.
        unsafe { &*words.cast() }
    }
}
