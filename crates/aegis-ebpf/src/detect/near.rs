//! The destination that nearly all connection requests go to: [`aegis_abi::sketch::lend`] says how
//! it is counted, and this where.

use aegis_abi::{
    AddressV6, CpuDetect, Detector, Near, Sketch,
    sketch::{destination_hash_v4, destination_hash_v6, give_back, lend},
    table::{Hash, HashKey},
};

use super::{
    Packet,
    sketch::{self, Cells},
};

/// Where a packet goes, as on the wire.
#[derive(Clone, Copy)]
pub(super) enum Destination {
    V4(u32),
    V6(AddressV6),
}

impl Destination {
    #[inline(always)]
    pub(super) fn hash(self, key: &HashKey) -> Hash {
        match self {
            Self::V4(it) => destination_hash_v4(key, it),
            Self::V6(it) => destination_hash_v6(key, it),
        }
    }
}

/// The cells from which all loans are.
const SKETCH: Sketch = Sketch::Destinations;
const FAMILIES: usize = 2;

#[inline(always)]
fn slot(cpu: *mut CpuDetect, family: usize) -> *mut Near {
    // SAFETY: this only computes an address: of a slot within the array.
    unsafe { (&raw mut (*cpu).near).cast::<Near>().add(family) }
}

/// Returns where the loan of a destination would be.
#[inline(always)]
pub(super) fn of(cpu: *mut CpuDetect, destination: Destination) -> *mut Near {
    match destination {
        Destination::V4(_) => slot(cpu, 0),
        Destination::V6(_) => slot(cpu, 1),
    }
}

/// Returns whether a destination has a loan that pays for one packet more.
#[inline(always)]
pub(super) fn pays_for(cpu: *mut CpuDetect, destination: Destination) -> bool {
    let near = of(cpu, destination);
    // SAFETY: the slots are live, and this CPU's own.
    unsafe {
        let is_it = match destination {
            Destination::V4(it) => (*near).address[0] == u64::from(it),
            Destination::V6(it) => (*near).address == [it.net, it.host],
        };
        is_it && (*near).left != 0
    }
}

/// Pays for a packet. What is left is read anew: keeping it would cost more.
#[inline(always)]
pub(super) fn pay(near: *mut Near) {
    // SAFETY: as above.
    unsafe {
        let left = &raw mut (*near).left;
        left.write(left.read_volatile().wrapping_sub(1));
    }
}

/// Gives back all that was lent: whoever adds cells of destinations to the sums, or begins a window
/// of theirs, does this first.
#[inline(always)]
pub(super) fn leave(cpu: *mut CpuDetect) {
    for family in 0..FAMILIES {
        let near = slot(cpu, family);
        // SAFETY: as above.
        unsafe {
            let left = (*near).left;
            if left != 0 {
                (*near).left = 0;
                give_back(&Cells::of(cpu, SKETCH), (*near).hash, left);
            }
        }
    }
}

/// Takes a loan for the destination of a request that was just counted.
#[inline(always)]
pub(super) fn enter(cpu: *mut CpuDetect, packet: &Packet) {
    leave(cpu);
    let near = slot(cpu, usize::from(packet.is_v6()));
    let AddressV6 { net, host } = packet.destination;
    // SAFETY: as above.
    unsafe {
        (*near).address = [net, host];
        (*near).hash = packet.destination_hash();
    }
    borrow(cpu, near);
}

/// Takes loans for the destinations that had some before.
#[inline(always)]
pub(super) fn come_back(cpu: *mut CpuDetect) {
    for family in 0..FAMILIES {
        borrow(cpu, slot(cpu, family));
    }
}

/// Takes a loan, where the destination was met in the window that holds: only then all that is kept
/// of it is of that window.
#[inline(always)]
fn borrow(cpu: *mut CpuDetect, near: *mut Near) {
    // SAFETY: the values are live; other CPUs write the class cell field by field.
    unsafe {
        let hash = (*near).hash;
        let cell = sketch::sources(hash);
        if (*cell).window != (*cpu).windows[Detector::SynFloodDestination as usize] {
            return;
        }
        (*near).classes = (*cell).classes;
        (*near).left = lend(&Cells::of(cpu, SKETCH), hash, (*cpu).bases[SKETCH as usize]);
    }
}
