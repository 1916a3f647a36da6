//! The SYN-flood detector: connection requests per source within a window.
//!
//! The request that reaches the threshold blocks its source, is dropped, and is told to user space
//! once. The address may be forged, so the finding is spoofable evidence; exempt sources never get
//! here. Windows lie in an LRU table: a flood from more sources than fit makes it forget.

use aegis_abi::{
    AddressV6, BlockEntry, Counter, EVENT_SYN_FLOOD, Event, Family, Frame, Ipv4, Ipv6, Skip,
    SynWindow, Transport, maps, parse_tcp, parse_transport_v4, parse_transport_v6,
};
use aya_ebpf::{
    bindings::BPF_NOEXIST,
    maps::{HashMap, LruHashMap},
};

use crate::{
    filter::{Moment, Verdict, exempt},
    lists,
    tables::{EVENTS, OWN_NET64, OWN_V4, SETTINGS, SYN_V4, SYN_V6, Shared, open},
};

/// What one request made of its source's window.
enum Step {
    /// Fewer requests than the threshold.
    Below,
    /// This one reached it.
    Crossed { count: u64, elapsed: u64 },
    /// It was reached before, and the block did not fit into the table.
    Above,
}

/// Looks at a packet of an IPv4 source that is neither exempt nor blocked.
#[inline(always)]
pub(crate) fn look_v4(frame: &impl Frame, moment: &Moment, header: &Ipv4) -> Verdict {
    match is_request(frame, moment, parse_transport_v4(header)) {
        Request::Yes => count_v4(moment, u32::from_ne_bytes(header.source)),
        Request::No => Verdict::Clean,
        Request::Unreadable => Verdict::Skipped(Skip::Truncated),
    }
}

/// Looks at a packet of an IPv6 source that is neither exempt nor blocked.
#[inline(always)]
pub(crate) fn look_v6(frame: &impl Frame, moment: &Moment, header: &Ipv6) -> Verdict {
    let transport = match parse_transport_v6(frame, header) {
        Ok(transport) => transport,
        Err(skip) => return Verdict::Skipped(skip),
    };
    match is_request(frame, moment, transport) {
        Request::Yes => count_v6(moment, header.source),
        Request::No => Verdict::Clean,
        Request::Unreadable => Verdict::Skipped(Skip::Truncated),
    }
}

/// Whether a packet asks for a new TCP connection.
enum Request {
    Yes,
    No,
    Unreadable,
}

#[inline(always)]
fn is_request(frame: &impl Frame, moment: &Moment, transport: Transport) -> Request {
    let offset = match transport {
        Transport::Tcp(offset) => offset,
        Transport::Other { .. } => return Request::No,
        Transport::LaterFragment => {
            moment.counters.count(Counter::Fragments);
            return Request::No;
        }
    };
    match parse_tcp(frame, offset) {
        Ok(tcp) if tcp.is_connection_request() => {
            moment.counters.count(Counter::Syns);
            Request::Yes
        }
        Ok(_) => Request::No,
        Err(_) => Request::Unreadable,
    }
}

#[inline(always)]
fn count_v4(moment: &Moment, source: u32) -> Verdict {
    let step = step(moment, &SYN_V4, source);
    if matches!(step, Step::Below) {
        return Verdict::Clean;
    }
    if let Some(entry) = lists::find_exempt_v4(u32::from_be(source)) {
        return exempt(entry);
    }
    let Step::Crossed { count, elapsed } = step else {
        return Verdict::Caught;
    };
    let block = block(moment, &OWN_V4, source);
    if block.is_some() {
        open(
            maps::GATE_OWN_V4,
            SETTINGS.hash_key().hash32(u32::from_be(source)),
        );
        restart(&SYN_V4, source, moment.now);
    }
    let [a, b, c, d] = source.to_ne_bytes();
    report(
        moment,
        block,
        Event {
            family: Family::V4 as u32,
            address: [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            prefix_len: 32,
            count: count as u32,
            elapsed,
            ..Event::default()
        },
    );
    Verdict::Caught
}

#[inline(always)]
fn count_v6(moment: &Moment, address: AddressV6) -> Verdict {
    let source = address.net;
    let step = step(moment, &SYN_V6, source);
    if matches!(step, Step::Below) {
        return Verdict::Clean;
    }
    if let Some(entry) = lists::find_exempt_v6(address) {
        return exempt(entry);
    }
    let Step::Crossed { count, elapsed } = step else {
        return Verdict::Caught;
    };
    let block = block(moment, &OWN_NET64, source);
    if block.is_some() {
        open(
            maps::GATE_OWN_NET64,
            SETTINGS.hash_key().hash64(u64::from_be(source)),
        );
        restart(&SYN_V6, source, moment.now);
    }
    let [a, b, c, d, e, f, g, h] = source.to_ne_bytes();
    report(
        moment,
        block,
        Event {
            family: Family::V6 as u32,
            address: [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0],
            prefix_len: 64,
            count: count as u32,
            elapsed,
            ..Event::default()
        },
    );
    Verdict::Caught
}

/// Counts one request of `source`.
#[inline(always)]
fn step<K: Copy>(moment: &Moment, windows: &LruHashMap<K, Shared<SynWindow>>, source: K) -> Step {
    let threshold = u64::from(SETTINGS.syn().0);
    // SAFETY: an LRU table may give the slot to another source meanwhile. Then a request is
    // counted for the wrong one, which is within what an LRU detector promises.
    let Some(window) = (unsafe { windows.get(source) }) else {
        let fresh = Shared::new(SynWindow {
            start: moment.now,
            count: 1,
        });
        // Of two CPUs that come here at once one loses its count: one request late at most.
        let _ = windows.insert(source, &fresh, u64::from(BPF_NOEXIST));
        return if threshold <= 1 {
            Step::Crossed {
                count: 1,
                elapsed: 0,
            }
        } else {
            Step::Below
        };
    };
    let elapsed = moment.now.saturating_sub(window.start());
    if elapsed >= SETTINGS.syn().1 {
        window.restart(moment.now, 0);
        return reach(window.count(), threshold, 0);
    }
    reach(window.count(), threshold, elapsed)
}

#[inline(always)]
const fn reach(count: u64, threshold: u64, elapsed: u64) -> Step {
    if count < threshold {
        Step::Below
    } else if count == threshold || threshold == 0 {
        Step::Crossed { count, elapsed }
    } else {
        Step::Above
    }
}

/// Forgets what was counted, so that a source starts afresh when its block ends.
#[inline(always)]
fn restart<K: Copy>(windows: &LruHashMap<K, Shared<SynWindow>>, source: K, now: u64) {
    // SAFETY: as in `step`.
    if let Some(window) = unsafe { windows.get(source) } {
        window.restart(now, 0);
    }
}

/// A block that the detector made: until which jiffy, and the how-many-eth of its source.
#[derive(Clone, Copy)]
struct Block {
    deadline: u64,
    violations: u32,
}

/// Blocks `source`; returns `None` where the table is full.
#[inline(always)]
fn block<K: Copy>(
    moment: &Moment,
    table: &HashMap<K, Shared<BlockEntry>>,
    source: K,
) -> Option<Block> {
    let deadline = moment.now + SETTINGS.syn().2 + 1;
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    if let Some(entry) = unsafe { table.get(source) } {
        entry.count(moment.now, moment.bytes);
        return Some(Block {
            deadline,
            violations: entry.renew(deadline),
        });
    }
    let entry = Shared::new(BlockEntry {
        deadline,
        packets: 1,
        bytes: moment.bytes,
        last_seen: moment.now,
        violations: 1,
        reserved: 0,
    });
    table.insert(source, &entry, 0).ok()?;
    Some(Block {
        deadline,
        violations: 1,
    })
}

/// Tells user space of one crossing.
#[inline(always)]
fn report(moment: &Moment, block: Option<Block>, event: Event) {
    moment.counters.count(Counter::SynFloods);
    if block.is_none() {
        moment.counters.count(Counter::BlocksRefused);
    }
    let Some(mut slot) = EVENTS.reserve::<Event>(0) else {
        moment.counters.count(Counter::EventsLost);
        return;
    };
    slot.write(Event {
        kind: EVENT_SYN_FLOOD,
        at: moment.now,
        deadline: block.map_or(0, |it| it.deadline),
        violations: block.map_or(0, |it| it.violations),
        is_observed: u32::from(moment.has(aegis_abi::config_flag::OBSERVE)),
        ..event
    });
    slot.submit(0);
}
