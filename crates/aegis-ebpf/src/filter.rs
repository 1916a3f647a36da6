//! The only place where a packet's fate is decided.
//!
//! Order: parse, exemptions, blocklist, detectors, pass. Nothing behind the IP header is read for
//! a packet whose source is blocked. What cannot be read is passed and counted.

use aegis_abi::{
    AllowEntry, BlockEntry, Config, Counter, Frame, Network, Skip, Source, config_flag, maps,
    parse_network,
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
    act(&moment, classify(frame, &moment))
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
fn classify(frame: &impl Frame, moment: &Moment<'_>) -> Verdict {
    let network = match parse_network(frame) {
        Ok(network) => network,
        Err(skip) => return Verdict::Skipped(skip),
    };
    let exempt = match network.source {
        Source::V4(address) => find_exempt_v4(moment, address),
        Source::V6(address) => find_exempt_v6(moment, address),
    };
    if let Some(entry) = exempt {
        return if entry.is_protected == 0 {
            Verdict::Allowlisted
        } else {
            Verdict::Protected
        };
    }
    let blocked = match network.source {
        Source::V4(address) => find_block_v4(moment, address),
        Source::V6(address) => find_block_v6(moment, address),
    };
    match blocked {
        Some(counter) => Verdict::Blocked(counter),
        None => run_detectors(frame, moment, &network),
    }
}

#[inline(always)]
fn run_detectors(frame: &impl Frame, moment: &Moment<'_>, network: &Network) -> Verdict {
    if !moment.has(config_flag::SYN_FLOOD) {
        return Verdict::Clean;
    }
    match detect::is_syn_flood(frame, moment, network) {
        Ok(true) => Verdict::Caught,
        Ok(false) => Verdict::Clean,
        Err(skip) => Verdict::Skipped(skip),
    }
}

#[inline(always)]
fn find_exempt_v4(moment: &Moment<'_>, address: [u8; 4]) -> Option<&'static AllowEntry> {
    if !moment.has(config_flag::ALLOW_V4) {
        return None;
    }
    ALLOW_V4.get(Key::new(32, address))
}

#[inline(always)]
fn find_exempt_v6(moment: &Moment<'_>, address: [u8; 16]) -> Option<&'static AllowEntry> {
    if !moment.has(config_flag::ALLOW_V6) {
        return None;
    }
    ALLOW_V6.get(Key::new(128, address))
}

#[inline(always)]
fn find_block_v4(moment: &Moment<'_>, address: [u8; 4]) -> Option<Counter> {
    if is_open(maps::GATE_BLOCK_V4) {
        // SAFETY: the table is not preallocated, so an entry lives until we are done.
        let entry = unsafe { BLOCK_V4.get(address) };
        if is_live(moment, entry) {
            return Some(Counter::MatchedHostV4);
        }
    }
    if moment.has(config_flag::BLOCK_PREFIX4)
        && is_live(moment, BLOCK_PREFIX4.get(Key::new(32, address)))
    {
        return Some(Counter::MatchedPrefixV4);
    }
    None
}

#[inline(always)]
fn find_block_v6(moment: &Moment<'_>, address: [u8; 16]) -> Option<Counter> {
    if moment.has(config_flag::BLOCK_V6) {
        // SAFETY: the table is not preallocated, so an entry lives until we are done.
        let entry = unsafe { BLOCK_V6.get(address) };
        if is_live(moment, entry) {
            return Some(Counter::MatchedHostV6);
        }
    }
    if is_open(maps::GATE_BLOCK_NET64) {
        // SAFETY: as above.
        let entry = unsafe { BLOCK_NET64.get(net64(address)) };
        if is_live(moment, entry) {
            return Some(Counter::MatchedPrefixV6);
        }
    }
    if moment.has(config_flag::BLOCK_PREFIX6)
        && is_live(moment, BLOCK_PREFIX6.get(Key::new(128, address)))
    {
        return Some(Counter::MatchedPrefixV6);
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

/// Returns the /64 prefix of an address.
#[inline(always)]
pub(crate) const fn net64(address: [u8; 16]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = address;
    [a, b, c, d, e, f, g, h]
}
