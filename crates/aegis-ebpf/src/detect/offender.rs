//! What happens to a source that crossed: it is blocked, and user space is told.

use aegis_abi::{
    AddressV6, BlockEntry, Counter, Detector, EVENT_ICMP_FLOOD, EVENT_OWN_TABLE_FULL,
    EVENT_PORT_SCAN, EVENT_SYN_FLOOD, EVENT_SYN_IMBALANCE, EVENT_UDP_FLOOD, Event, Limit, maps,
};
use aya_ebpf::maps::HashMap;

use super::{Look, Packet, scan, sketch};
use crate::tables::{CpuCounters, EVENTS, OWN_NET64, OWN_V4, SETTINGS, Shared, open};

/// What is known of a source that is to be blocked.
struct Offender<'a> {
    look: &'a Look,
    counters: CpuCounters,
    detector: u32,
    limit: &'a Limit,
    window: u32,
}

/// Blocks the source of a finding and tells of it. A global function for the reasons of
/// `aegis_inspect`.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn aegis_catch(facts: u64, source: u64, bytes: u64) -> u32 {
    let packet = Packet {
        facts,
        source,
        destination: AddressV6 { net: 0, host: 0 },
        bytes,
    };
    let Some(look) = Look::new(packet) else {
        return 0; // cannot be: what it looks up is there
    };
    let detector = (facts >> 40) as u32 & 7;
    let Some(limit) = look.config.limits.get(detector as usize) else {
        return 0; // cannot be: it is a detector's number
    };
    let counters = CpuCounters::here();
    // SAFETY: the value is this CPU's own, and the index below the length of the array.
    let window = unsafe {
        *(&raw const (*look.cpu).windows)
            .cast::<u32>()
            .add(detector as usize)
    };
    let offender = Offender {
        look: &look,
        counters,
        detector,
        limit,
        window,
    };
    offender.catch();
    0
}

impl Offender<'_> {
    #[inline(always)]
    fn catch(&self) {
        let look = self.look;
        let kind = count(self.counters, self.detector);
        let deadline = look.now + self.limit.block + 1;
        let is_allowed = take_token(look);
        let violations = if is_allowed { block(look, deadline) } else { 0 };
        let is_scan = self.detector == Detector::PortScan as u32;
        let event = Event {
            kind,
            family: look.packet.family(),
            address: AddressV6 {
                net: look.packet.source,
                host: 0,
            }
            .octets(),
            prefix_len: if look.packet.is_v6() { 64 } else { 32 },
            count: if is_scan {
                self.limit.threshold
            } else {
                sketch::counted(look.cpu, self.detector, (look.hash, self.window))
            },
            elapsed: look.now - sketch::window_start(self.detector),
            at: look.now,
            deadline: if violations == 0 { 0 } else { deadline },
            violations,
            is_observed: look.packet.is_observed(),
        };
        match (violations, is_scan) {
            (0, true) => scan::mark_told(look.shared, look.hash),
            (0, false) => sketch::mark_told(look.cpu, self.detector, look.hash),
            (_, true) => scan::restart(look.shared, look.hash),
            (_, false) => sketch::restart(look.cpu, self.detector, (look.hash, self.window)),
        }
        if violations == 0 {
            self.refuse(&event);
        }
        if is_allowed {
            tell(&event);
        }
    }

    /// Counts a refused block; tells how many there were, at most once a window.
    #[inline(always)]
    fn refuse(&self, event: &Event) {
        let look = self.look;
        self.counters.count(Counter::BlocksRefused);
        let state = sketch::state();
        // SAFETY: the map lives as long as the program, and the fields are only accessed as wholes.
        let refused = unsafe {
            let (told_at, refused) = (&raw mut (*state).refused_told_at, &raw mut (*state).refused);
            let count = refused.read_volatile() + 1;
            if look.now.wrapping_sub(told_at.read_volatile()) < self.limit.window {
                refused.write_volatile(count);
                return;
            }
            told_at.write_volatile(look.now);
            refused.write_volatile(0);
            count
        };
        let event = Event {
            kind: EVENT_OWN_TABLE_FULL,
            count: refused as u32,
            ..*event
        };
        tell(&event);
    }
}

/// Tells user space, unless it has not listened for so long that the ring is full.
#[inline(always)]
pub(super) fn tell(event: &Event) {
    let Some(mut slot) = EVENTS.reserve::<Event>(0) else {
        CpuCounters::here().count(Counter::EventsLost);
        return;
    };
    slot.write(*event);
    slot.submit(0);
}

/// Counts the crossing; returns the kind of its event.
#[inline(always)]
fn count(counters: CpuCounters, detector: u32) -> u32 {
    const SYN_FLOOD: u32 = Detector::SynFlood as u32;
    const SYN_IMBALANCE: u32 = Detector::SynImbalance as u32;
    const UDP_FLOOD: u32 = Detector::UdpFlood as u32;
    const ICMP_FLOOD: u32 = Detector::IcmpFlood as u32;
    // In full: of a table, the verifier does not know how far the loop goes.
    match detector {
        SYN_FLOOD => counters.count(Counter::SynFloods),
        SYN_IMBALANCE => counters.count(Counter::SynImbalances),
        UDP_FLOOD => counters.count(Counter::UdpFloods),
        ICMP_FLOOD => counters.count(Counter::IcmpFloods),
        _ => counters.count(Counter::PortScans),
    }
    match detector {
        SYN_FLOOD => EVENT_SYN_FLOOD,
        SYN_IMBALANCE => EVENT_SYN_IMBALANCE,
        UDP_FLOOD => EVENT_UDP_FLOOD,
        ICMP_FLOOD => EVENT_ICMP_FLOOD,
        _ => EVENT_PORT_SCAN,
    }
}

/// Takes one of the blocks that this second has; returns whether there was one left.
///
/// CPUs that come here at once may take the same one, or begin the second twice.
#[inline(always)]
fn take_token(look: &Look) -> bool {
    let state = sketch::state();
    // SAFETY: the map lives as long as the program, and the fields are only accessed as wholes.
    unsafe {
        let (start, blocks) = (&raw mut (*state).second_start, &raw mut (*state).blocks);
        if look.now.wrapping_sub(start.read_volatile()) >= look.config.second {
            start.write_volatile(look.now);
            blocks.write_volatile(0);
        }
        let taken = blocks.read_volatile();
        blocks.write_volatile(taken + 1);
        taken < u64::from(look.config.blocks_per_second_max)
    }
}

/// Blocks the source until `deadline`; returns the how-many-eth time that is, or zero where the
/// table is full.
#[inline(always)]
fn block(look: &Look, deadline: u64) -> u32 {
    let source = look.packet.source;
    if look.packet.is_v6() {
        let violations = enter(look, (&OWN_NET64, source), deadline);
        if violations != 0 {
            let hash = SETTINGS.hash_key().hash64(u64::from_be(source));
            open(maps::GATE_OWN_NET64, hash);
        }
        return violations;
    }
    let violations = enter(look, (&OWN_V4, source as u32), deadline);
    if violations != 0 {
        let hash = SETTINGS.hash_key().hash32(u32::from_be(source as u32));
        open(maps::GATE_OWN_V4, hash);
    }
    violations
}

#[inline(always)]
fn enter<K: Copy>(
    look: &Look,
    (table, source): (&HashMap<K, Shared<BlockEntry>>, K),
    deadline: u64,
) -> u32 {
    // SAFETY: the table is not preallocated, so an entry lives until we are done.
    if let Some(entry) = unsafe { table.get(source) } {
        entry.count(look.now, look.packet.bytes);
        return entry.renew(deadline);
    }
    let entry = Shared::new(BlockEntry {
        deadline,
        packets: 1,
        bytes: look.packet.bytes,
        last_seen: look.now,
        violations: 1,
        reserved: 0,
    });
    u32::from(table.insert(source, &entry, 0).is_ok())
}
