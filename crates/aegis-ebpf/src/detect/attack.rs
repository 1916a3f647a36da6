//! Destinations under a SYN flood from many sources: the flood that no single source gives away.
//!
//! Nobody is blocked for it, and least of all the destination, which is this host or one behind
//! it. That it is under attack is written down for who answers with SYN cookies, and told once a
//! window.

use aegis_abi::{
    AddressV6, Counter, Detector, EVENT_SYN_FLOOD_DESTINATION, Event, SharedDetect, Sketch,
    UnderAttack,
    sketch::{Heat, cell_of, class_of},
};

use super::{
    Look, Packet, near,
    offender::tell,
    scan::see,
    sketch::{self, Cells},
};
use crate::tables::CpuCounters;

#[inline(always)]
fn slot(shared: *mut SharedDetect, destination_hash: u64) -> *mut UnderAttack {
    let cell = cell_of(destination_hash, 0);
    // SAFETY: this only computes an address: of a slot within the array.
    unsafe {
        (&raw mut (*shared).under_attack)
            .cast::<UnderAttack>()
            .add(cell)
    }
}

/// Returns whether the destination of this hash counts as under attack at jiffy `now`.
#[inline(always)]
pub(super) fn is_held(shared: *mut SharedDetect, now: u64, destination_hash: u64) -> bool {
    // SAFETY: the slot is live and aligned, and the field is only ever accessed as a whole.
    now < unsafe { (&raw const (*slot(shared, destination_hash)).until).read_volatile() }
}

/// Counts a connection request for its destination; also where nobody asks for the number, so that
/// the next one is only [counted down](super::quick).
#[inline(always)]
pub(super) fn count(look: &Look) {
    near::leave(look.cpu);
    let detector = Detector::SynFloodDestination;
    let hash = look.packet.destination_hash();
    let classes = see(
        sketch::sources(hash),
        look.window(detector),
        class_of(look.hash),
    );
    let destinations = Sketch::Destinations;
    let cells = if is_held(look.shared, look.now, hash) {
        // Half of it keeps it so: a flood around the threshold is one attack, not many.
        Cells::halved(look.cpu, destinations)
    } else {
        Cells::of(look.cpu, destinations)
    };
    match sketch::count(&cells, destinations, hash).of(0) {
        Heat::Cold | Heat::Told => {}
        Heat::Hot if classes < look.limit(detector).other => {}
        Heat::Hot => {
            let AddressV6 { net, host } = look.packet.destination;
            aegis_attack(look.packet.facts, net, host);
        }
    }
    near::enter(look.cpu, &look.packet);
}

/// Notes that a destination is under attack and tells it, as a global function for the reasons of
/// `aegis_inspect`.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_attack(facts: u64, net: u64, host: u64) -> u32 {
    let packet = Packet {
        facts,
        source: 0,
        destination: AddressV6 { net, host },
        bytes: 0,
    };
    let Some(look) = Look::new(packet) else {
        return 0; // cannot be: what it looks up is there
    };
    let detector = Detector::SynFloodDestination;
    let hash = packet.destination_hash();
    let (slot, window) = (slot(look.shared, hash), look.window(detector));
    let until = look.now + look.limit(detector).block;
    // SAFETY: the slot is live and aligned, and the fields are only ever accessed as wholes.
    let is_told = unsafe {
        (&raw mut (*slot).until).write_volatile(until);
        let told_in = &raw mut (*slot).told_in;
        let is_told = told_in.read_volatile() == u64::from(window);
        told_in.write_volatile(u64::from(window));
        is_told
    };
    sketch::mark_told(look.cpu, detector as u32, hash);
    if is_told {
        return 0; // by another CPU
    }
    CpuCounters::here().count(Counter::DestinationFloods);
    let event = Event {
        kind: EVENT_SYN_FLOOD_DESTINATION,
        family: packet.family(),
        address: packet.destination.octets(),
        prefix_len: if packet.is_v6() { 128 } else { 32 },
        count: sketch::counted(look.cpu, detector as u32, (hash, window)),
        elapsed: look.now - sketch::window_start(detector as u32),
        at: look.now,
        deadline: until,
        violations: 0,
        is_observed: packet.is_observed(),
    };
    tell(&event);
    0
}
