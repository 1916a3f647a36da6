//! The only place where a packet's fate is decided.
//!
//! Order: parse, blocklist, SYN cookies, detectors, pass. Who is exempt is never dropped, whatever
//! lists or detectors say; that is looked up for packets which would be dropped or answered, and so
//! costs the others nothing. Nothing behind the IP header is read for a packet whose source is blocked. What cannot
//! be read is passed and counted.

use aegis_abi::{
    Counter, Family, Frame, Skip, config_flag, parse_ipv4, parse_ipv6, parse_link, parse_source_v4,
};
use aya_ebpf::helpers::bpf_jiffies64;

use crate::{
    cookie::Challenge,
    lists,
    tables::{CpuCounters, SETTINGS},
};

/// What becomes of a packet.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Pass,
    Drop,
    /// Send it back where it came from: it has become an answer.
    Answer,
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
    /// A detector caught its source.
    Caught,
    /// It asked for a connection and is now the answer, a SYN cookie.
    Answered,
    /// It asked for a connection, and no more are answered in this tick.
    Unanswered,
    /// None of these.
    Clean,
}

/// What the detectors need to know of the packet at hand.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) flags: u32,
    pub(crate) counters: CpuCounters,
    pub(crate) now: u64,
    pub(crate) bytes: u64,
}

impl Moment {
    /// Returns the moment of a packet that is met again, in a function of its own.
    #[inline(always)]
    pub(crate) fn here(flags: u32, bytes: u64) -> Option<Self> {
        Some(Self {
            flags,
            counters: CpuCounters::here()?,
            now: jiffies(),
            bytes,
        })
    }

    #[inline(always)]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// Decides about one packet of `bytes` bytes and counts it.
#[inline(always)]
pub(crate) fn decide<C: Challenge>(frame: &impl Frame, bytes: u64, challenge: &C) -> Fate {
    let Some(counters) = CpuCounters::here() else {
        return Fate::Pass; // cannot be: it is an array of one element
    };
    counters.count(Counter::Packets);
    counters.add(Counter::Bytes, bytes);
    let packet = Packet { counters, bytes };
    // The families part here for good: a value that is either keeps half of itself undefined,
    // which the verifier does not take.
    match parse_link(frame) {
        Err(skip) => act(packet, Verdict::Skipped(skip)),
        Ok(link) => match link.family {
            Family::V4 => decide_v4(frame, packet, link.offset, challenge),
            Family::V6 => decide_v6(frame, packet, link.offset, challenge),
        },
    }
}

/// The packet at hand.
#[derive(Clone, Copy)]
struct Packet {
    counters: CpuCounters,
    bytes: u64,
}

impl Packet {
    /// Returns its bytes, and how many packets this CPU has met.
    #[inline(always)]
    fn met(self) -> (u64, u64) {
        (self.bytes, self.counters.get(Counter::Packets))
    }

    #[inline(always)]
    fn moment(self, flags: u32) -> Moment {
        Moment {
            flags,
            counters: self.counters,
            now: jiffies(),
            bytes: self.bytes,
        }
    }
}

/// Returns the kernel's tick counter.
#[inline(always)]
pub(crate) fn jiffies() -> u64 {
    // SAFETY: the kernel knows no failure of this.
    unsafe { bpf_jiffies64() }
}

/// Turns each reason into an action, and counts both.
#[inline(always)]
fn act(packet: Packet, verdict: Verdict) -> Fate {
    let counters = packet.counters;
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
            drop_unless_observing(packet)
        }
        Verdict::Caught => {
            counters.count(Counter::MatchedDetector);
            if !is_observing() {
                counters.count(Counter::DetectorDrops);
            }
            drop_unless_observing(packet)
        }
        Verdict::Answered => {
            counters.count(Counter::CookiesSent);
            Fate::Answer
        }
        Verdict::Unanswered => {
            counters.count(Counter::CookiesLimited);
            drop_unless_observing(packet)
        }
    }
}

#[inline(always)]
fn drop_unless_observing(packet: Packet) -> Fate {
    let counters = packet.counters;
    if is_observing() {
        counters.count(Counter::WouldHaveDropped);
        return Fate::Pass;
    }
    counters.count(Counter::Dropped);
    counters.add(Counter::DroppedBytes, packet.bytes);
    Fate::Drop
}

#[inline(always)]
fn is_observing() -> bool {
    SETTINGS.flags() & config_flag::OBSERVE != 0
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
fn decide_v4<C: Challenge>(
    frame: &impl Frame,
    packet: Packet,
    offset: usize,
    challenge: &C,
) -> Fate {
    let source = match parse_source_v4(frame, offset) {
        Ok(source) => u32::from_be_bytes(source),
        Err(skip) => return act(packet, Verdict::Skipped(skip)),
    };
    let flags = SETTINGS.flags();
    if flags & config_flag::ANY_V4 == 0 && !C::ANSWERS {
        return Fate::Pass;
    }
    if let Some(counter) = lists::find_v4(flags, source, packet.met()) {
        let exempt = lists::exempt_v4(source);
        return act(packet, exempt.unwrap_or(Verdict::Blocked(counter)));
    }
    if flags & config_flag::DETECT == 0 && !C::ANSWERS {
        return Fate::Pass;
    }
    let verdict = match parse_ipv4(frame, offset) {
        Ok(header) => {
            let moment = packet.moment(flags);
            challenge.look_v4(frame, &moment, (offset, &header))
        }
        Err(skip) => Verdict::Skipped(skip),
    };
    act(packet, verdict)
}

#[inline(always)]
fn decide_v6<C: Challenge>(
    frame: &impl Frame,
    packet: Packet,
    offset: usize,
    challenge: &C,
) -> Fate {
    let header = match parse_ipv6(frame, offset) {
        Ok(header) => header,
        Err(skip) => return act(packet, Verdict::Skipped(skip)),
    };
    let flags = SETTINGS.flags();
    if flags & config_flag::ANY_V6 == 0 && !C::ANSWERS {
        return Fate::Pass;
    }
    if let Some(counter) = lists::find_v6(flags, header.source, packet.met()) {
        let exempt = lists::exempt_v6(header.source);
        return act(packet, exempt.unwrap_or(Verdict::Blocked(counter)));
    }
    if flags & config_flag::DETECT == 0 && !C::ANSWERS {
        return Fate::Pass;
    }
    let moment = packet.moment(flags);
    act(packet, challenge.look_v6(frame, &moment, (offset, &header)))
}
