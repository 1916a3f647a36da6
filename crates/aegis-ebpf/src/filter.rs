//! The only place where a packet's fate is decided.
//!
//! Order: parse, blocklist, SYN cookies, detectors, pass. Who is exempt is never dropped, whatever
//! lists or detectors say; that is looked up for packets which would be dropped or answered, and so
//! costs the others nothing. Nothing behind the IP header is read for a packet whose source is blocked. What cannot
//! be read is passed and counted.

use core::intrinsics::unlikely;

use aegis_abi::{
    AddressV6, Counter, Family, PlainHead, Skip, UNTAGGED_OFFSET, config_flag,
    is_plain_source_mapped, parse_ipv4, parse_ipv6, parse_link, parse_source_v4, plain_length_v4,
    plain_length_v6, plain_source_v4, plain_source_v6,
};
use aya_ebpf::helpers::bpf_jiffies64;

use crate::{
    cookie::Challenge,
    detect::{self, Ready},
    frame::{Length, Packet},
    lists,
    tables::{CpuCounters, SETTINGS, has_blocked},
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
    /// A detector caught its source.
    Caught,
    /// It asked for a connection and is now the answer, a SYN cookie.
    Answered,
    /// It asked for a connection, and no more are answered in this tick.
    Unanswered,
    /// None of these.
    Clean,
}

/// Where an IP header lies.
#[derive(Clone, Copy)]
struct Place {
    offset: usize,
    /// Whether there is no tag before it, and an IPv4 header has no options.
    is_plain: bool,
}

impl Place {
    const PLAIN: Self = Self {
        offset: UNTAGGED_OFFSET,
        is_plain: true,
    };

    #[inline(always)]
    const fn at(offset: usize) -> Self {
        Self {
            offset,
            is_plain: false,
        }
    }
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
    pub(crate) fn here(flags: u32, bytes: u64) -> Self {
        Self {
            flags,
            counters: CpuCounters::here(),
            now: jiffies(),
            bytes,
        }
    }

    #[inline(always)]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Returns whether nothing is dropped at this moment.
    #[inline(always)]
    pub(crate) fn is_observing(&self) -> bool {
        self.has(config_flag::OBSERVE) && self.now >= SETTINGS.enforce_until()
    }
}

/// Decides about one packet and counts it.
#[inline(always)]
pub(crate) fn decide<C: Challenge>(
    frame: &impl Packet,
    length: &impl Length,
    challenge: &C,
) -> Fate {
    // Written so that the packets that nearly all are take the fewest jumps: the compiler turns no
    // condition round for this target, and jumps that are taken were a third of what it costs where
    // there is nothing to look for. Then this is all, and nothing else of the packet is read.
    let head = PlainHead::read(frame);
    if let Some(head) = head
        && head.is_v4()
    {
        let Some(total) = plain_length_v4(frame) else {
            return Fate::Pass; // cannot be: the header is there
        };
        let said = UNTAGGED_OFFSET as u64 + u64::from(u16::from_be_bytes(total));
        let bytes = length.bytes(said);
        let flags = SETTINGS.flags();
        if C::ANSWERS || unlikely(flags >= config_flag::ANY_V4_LEAST) {
            let Some(source) = plain_source_v4(frame) else {
                return Fate::Pass; // as above
            };
            let packet = (flags, bytes, u32::from_be_bytes(source));
            return decide_v4((frame, Place::PLAIN), packet, challenge);
        }
        return pass(Counter::Clean, bytes);
    }
    let is_v6 = head.is_some_and(PlainHead::is_v6);
    if unlikely(!is_v6) {
        return decide_other(&frame.anew(), length, challenge);
    }
    let Some(rest) = plain_length_v6(frame) else {
        return Fate::Pass; // as above
    };
    let said = UNTAGGED_OFFSET as u64 + 40 + u64::from(u16::from_be_bytes(rest));
    let bytes = length.bytes(said);
    let flags = SETTINGS.flags();
    if C::ANSWERS || unlikely(flags >= config_flag::ANY_LEAST) {
        if is_plain_source_mapped(frame) {
            return pass(Counter::MappedSource, bytes);
        }
        let Some(source) = plain_source_v6(frame) else {
            return Fate::Pass; // as above
        };
        let packet = (flags, bytes, source);
        return decide_v6((frame, Place::PLAIN), packet, challenge);
    }
    pass(Counter::Clean, bytes)
}

/// Decides about a packet with tags or options, or that is of another kind, or none.
#[inline(always)]
fn decide_other<C: Challenge>(frame: &impl Packet, length: &impl Length, challenge: &C) -> Fate {
    let link = match parse_link(frame) {
        Ok(link) => link,
        Err(skip) => return skipped(length, skip),
    };
    match link.family {
        Family::V6 => match parse_ipv6(frame, link.offset) {
            Ok(header) => {
                let bytes = length.bytes(header.end as u64);
                let packet = (SETTINGS.flags(), bytes, header.source);
                decide_v6((frame, Place::at(link.offset)), packet, challenge)
            }
            Err(skip) => skipped(length, skip),
        },
        Family::V4 => match parse_source_v4(frame, link.offset) {
            Ok(source) => {
                let packet = (
                    SETTINGS.flags(),
                    length.bytes(u64::MAX),
                    u32::from_be_bytes(source),
                );
                decide_v4((frame, Place::at(link.offset)), packet, challenge)
            }
            Err(skip) => skipped(length, skip),
        },
    }
}

/// Returns the kernel's tick counter.
#[inline(always)]
pub(crate) fn jiffies() -> u64 {
    // SAFETY: the kernel knows no failure of this.
    unsafe { bpf_jiffies64() }
}

/// Passes a packet that cannot be read.
#[inline(always)]
fn skipped(length: &impl Length, skip: Skip) -> Fate {
    pass(counter_of(skip), length.bytes(u64::MAX))
}

/// Passes a packet, counted once and as this.
#[inline(always)]
fn pass(counter: Counter, bytes: u64) -> Fate {
    count_passed(CpuCounters::here(), counter, bytes);
    Fate::Pass
}

#[inline(always)]
fn count_passed(counters: CpuCounters, counter: Counter, bytes: u64) {
    counters.count(counter);
    counters.add(Counter::Bytes, bytes);
}

/// Drops a packet of a listed source, unless that is exempt.
#[inline(always)]
fn act_listed(
    counters: CpuCounters,
    counter: Counter,
    (flags, bytes): (u32, u64),
    exempt: Option<Verdict>,
) -> Fate {
    match exempt {
        Some(verdict) => act(counters, (flags, bytes), verdict),
        None => drop_unless_observing(counters, counter, (flags, bytes)),
    }
}

/// Turns each reason into an action, and counts each packet once, by its reason.
#[inline(always)]
fn act(counters: CpuCounters, (flags, bytes): (u32, u64), verdict: Verdict) -> Fate {
    match verdict {
        Verdict::Clean => {
            count_passed(counters, Counter::Clean, bytes);
            Fate::Pass
        }
        Verdict::Skipped(skip) => {
            count_passed(counters, counter_of(skip), bytes);
            Fate::Pass
        }
        Verdict::Allowlisted => {
            count_passed(counters, Counter::Allowlisted, bytes);
            Fate::Pass
        }
        Verdict::Protected => {
            count_passed(counters, Counter::Protected, bytes);
            Fate::Pass
        }
        Verdict::Caught => {
            if !is_observing(flags) {
                counters.count(Counter::DetectorDrops);
            }
            drop_unless_observing(counters, Counter::MatchedDetector, (flags, bytes))
        }
        Verdict::Answered => {
            count_passed(counters, Counter::CookiesSent, bytes);
            Fate::Answer
        }
        Verdict::Unanswered => {
            drop_unless_observing(counters, Counter::CookiesLimited, (flags, bytes))
        }
    }
}

/// Returns whether nothing is dropped. Whoever enforces for good pays for no clock.
#[inline(always)]
fn is_observing(flags: u32) -> bool {
    flags & config_flag::OBSERVE != 0 && jiffies() >= SETTINGS.enforce_until()
}

#[inline(always)]
fn drop_unless_observing(
    counters: CpuCounters,
    counter: Counter,
    (flags, bytes): (u32, u64),
) -> Fate {
    counters.count(counter);
    if is_observing(flags) {
        counters.count(Counter::WouldHaveDropped);
        counters.add(Counter::Bytes, bytes);
        return Fate::Pass;
    }
    counters.add(Counter::DroppedBytes, bytes);
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
fn decide_v4<C: Challenge>(
    (frame, place): (&impl Packet, Place),
    (flags, bytes, source): (u32, u64, u32),
    challenge: &C,
) -> Fate {
    if flags < config_flag::ANY_V4_LEAST && !C::ANSWERS {
        return pass(Counter::Clean, bytes);
    }
    let hash = SETTINGS.hash_key().hash32(source);
    if flags & config_flag::HOSTS_V4 != 0 {
        if lists::may_be_host_v4(flags, hash) {
            let counters = CpuCounters::here();
            if lists::is_host_v4(flags, (source, hash), bytes, counters) {
                let exempt = lists::exempt_v4(source);
                return act_listed(counters, Counter::MatchedHostV4, (flags, bytes), exempt);
            }
        }
        if flags & config_flag::MORE_V4 == 0 && !C::ANSWERS {
            return pass(Counter::Clean, bytes);
        }
    }
    if flags & config_flag::OTHERS_V4 != 0 || has_blocked() {
        if let Some(counter) = lists::others_v4(flags, (source, hash), bytes) {
            let counters = CpuCounters::here();
            let exempt = lists::exempt_v4(source);
            return act_listed(counters, counter, (flags, bytes), exempt);
        }
        if flags & config_flag::DETECT == 0 && !C::ANSWERS {
            return pass(Counter::Clean, bytes);
        }
    }
    // Looked up before anything of the packet is read: what a look-up may forget is not at hand yet.
    if !C::ANSWERS
        && frame.is_in_memory()
        && place.is_plain
        && let Some(ready) = Ready::under(flags)
        && detect::is_counted_v4(ready, &frame.again(), hash)
    {
        return pass(Counter::CLEAN_SYNS, bytes);
    }
    let moment = Moment::here(flags, bytes);
    let frame = frame.anew();
    let verdict = match parse_ipv4(&frame, place.offset) {
        Ok(header) => challenge.look_v4(&frame, &moment, (place.offset, &header, hash)),
        Err(skip) => Verdict::Skipped(skip),
    };
    act(moment.counters, (flags, bytes), verdict)
}

#[inline(always)]
fn decide_v6<C: Challenge>(
    (frame, place): (&impl Packet, Place),
    (flags, bytes, source): (u32, u64, AddressV6),
    challenge: &C,
) -> Fate {
    if flags & config_flag::ANY_V6 == 0 && !C::ANSWERS {
        return pass(Counter::Clean, bytes);
    }
    let hash = SETTINGS.hash_key().hash64(u64::from_be(source.net));
    if flags & config_flag::NETS_V6 != 0 {
        if lists::may_be_net_v6(flags, hash) {
            let counters = CpuCounters::here();
            if let Some(counter) = lists::net_v6(flags, (source, hash), bytes, counters) {
                let exempt = lists::exempt_v6(source);
                return act_listed(counters, counter, (flags, bytes), exempt);
            }
        }
        if flags & config_flag::MORE_V6 == 0 && !C::ANSWERS {
            return pass(Counter::Clean, bytes);
        }
    }
    if flags & config_flag::OTHERS_V6 != 0 || has_blocked() {
        if let Some(counter) = lists::others_v6(flags, (source, hash), bytes) {
            let counters = CpuCounters::here();
            let exempt = lists::exempt_v6(source);
            return act_listed(counters, counter, (flags, bytes), exempt);
        }
        if flags & config_flag::DETECT == 0 && !C::ANSWERS {
            return pass(Counter::Clean, bytes);
        }
    }
    // As for IPv4.
    if !C::ANSWERS
        && frame.is_in_memory()
        && place.is_plain
        && let Some(ready) = Ready::under(flags)
        && detect::is_counted_v6(ready, &frame.again(), hash)
    {
        return pass(Counter::CLEAN_SYNS, bytes);
    }
    let moment = Moment::here(flags, bytes);
    let frame = frame.anew();
    let verdict = match parse_ipv6(&frame, place.offset) {
        Ok(header) => challenge.look_v6(&frame, &moment, (place.offset, &header, hash)),
        Err(skip) => Verdict::Skipped(skip), // cannot be: it was read before
    };
    act(moment.counters, (flags, bytes), verdict)
}
