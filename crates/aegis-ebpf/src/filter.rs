//! The only place where a packet's fate is decided.
//!
//! Order: parse, blocklist, detectors, pass. Who is exempt is never dropped, whatever lists or
//! detectors say; that is looked up for packets which would be dropped, and so costs the others
//! nothing. Nothing behind the IP header is read for a packet whose source is blocked. What cannot
//! be read is passed and counted.

use aegis_abi::{
    AllowEntry, Config, Counter, Family, Frame, Skip, config_flag, parse_ipv4, parse_ipv6,
    parse_link,
};
use aya_ebpf::helpers::bpf_jiffies64;

use crate::{
    detect, lists,
    tables::{CONFIG, CpuCounters},
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

    /// Returns a number that is spread evenly over the packets of this CPU (Weyl's sequence).
    #[inline(always)]
    pub(crate) fn chance(&self) -> u64 {
        let packets = self.counters.get(Counter::Packets);
        packets.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
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
        Verdict::Clean => Fate::Pass,
        Verdict::Skipped(skip) => {
            counters.count(counter_of(skip));
            Fate::Pass
        }
        Verdict::Allowlisted => {
            counters.count(Counter::Allowlisted);
            Fate::Pass
        }
        Verdict::Protected => {
            counters.count(Counter::Protected);
            Fate::Pass
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
fn drop_unless_observing(moment: &Moment<'_>) -> Fate {
    if moment.has(config_flag::OBSERVE) {
        moment.counters.count(Counter::WouldHaveDropped);
        return Fate::Pass;
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
    let source = u32::from_be_bytes(header.source);
    if let Some(counter) = lists::find_v4(moment, source) {
        return match lists::find_exempt_v4(moment, source) {
            Some(entry) => exempt(entry),
            None => Verdict::Blocked(counter),
        };
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
    if let Some(counter) = lists::find_v6(moment, header.source) {
        return match lists::find_exempt_v6(moment, header.source) {
            Some(entry) => exempt(entry),
            None => Verdict::Blocked(counter),
        };
    }
    if !moment.has(config_flag::SYN_FLOOD) {
        return Verdict::Clean;
    }
    detect::look_v6(frame, moment, &header)
}

#[inline(always)]
pub(crate) const fn exempt(entry: &AllowEntry) -> Verdict {
    if entry.is_protected == 0 {
        Verdict::Allowlisted
    } else {
        Verdict::Protected
    }
}
