//! Connection requests about which nothing is to be done but to count them: nearly all of them.
//!
//! Whether a request is one is seen before anything is written, in two comparisons over the cells
//! of its source and of its destination and in two bits, of its source for the destination and of
//! its port for the source. All others are counted by [`super::aegis_inspect`], which leaves the
//! cells such that the next request need not go there. No function is called on the way: where
//! processors must be kept from guessing where one returns to, a return is dear.

use aegis_abi::{
    CpuDetect, Sketch,
    sketch::{ClassCell, Pair, class_of, class_of_port},
    table::{Hash, HashKey},
};

use super::{
    scan,
    sketch::{self, Cells, shared},
};

/// A request as the sketches see it.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) source: Hash,
    pub(super) destination: Hash,
    pub(super) port: u16,
}

/// Counts a request on this CPU; returns whether that was all there was to do.
#[inline(always)]
pub(super) fn is_counted(cpu: *mut CpuDetect, request: &Request, key: &HashKey) -> bool {
    let (source, destination) = (request.source.bits64(), request.destination.bits64());
    let (cells, cells_there) = (
        Cells::of(cpu, Sketch::Requests),
        Cells::of(cpu, Sketch::Destinations),
    );
    let (from, to) = (
        Pair::of(&cells, source),
        Pair::of(&cells_there, destination),
    );
    // SAFETY: the value is live, and this CPU's own.
    let [base, base_there, ..] = unsafe { (*cpu).bases };
    if from.spent(&cells, base) | to.spent(&cells_there, base_there) != 0 {
        return false;
    }
    // The cells below are of the windows that hold: whoever of this CPU met the cells above first
    // in this window saw to it.
    let ports = sketch::ports(source);
    let is_seen = classes(sketch::sources(destination)) >> class_of(source)
        & classes(ports) >> class_of_port(key, request.port);
    if is_seen & 1 == 0 || is_watched(cpu, ports, source) {
        return false;
    }
    from.count_down(&cells);
    to.count_down(&cells_there);
    true
}

#[inline(always)]
fn classes(cell: *mut ClassCell) -> u64 {
    // SAFETY: the cell is live; other CPUs write the field as a whole.
    unsafe { (*cell).classes }
}

/// Returns whether a source's ports have to be looked at by themselves: where its cell has seen
/// many, and the slot of a suspect is not another's.
#[inline(always)]
fn is_watched(cpu: *mut CpuDetect, ports: *mut ClassCell, source: u64) -> bool {
    // SAFETY: the values are live; what other CPUs write at the same time costs one look more.
    unsafe {
        if u64::from((*ports).count) < (*cpu).scan_gate {
            return false;
        }
        let suspect = scan::suspect(shared(), source);
        (*suspect).source == source || u64::from((*suspect).ports.window) != (*cpu).scan_window
    }
}
