//! Connection requests about which nothing is to be done but to count them: nearly all of them.
//!
//! Whether a request is one is seen before anything is written, in two comparisons over the cells
//! of its source and of its destination and in two bits, of its source for the destination and of
//! its port for the source. The cells of the destination that nearly all go to are not even looked
//! at: see [`super::near`]. All others are counted by [`super::aegis_inspect`], which leaves the
//! cells such that the next request need not go there. No function is called on the way: where
//! processors must be kept from guessing where one returns to, a return is dear.

use aegis_abi::{
    CpuDetect, Sketch,
    sketch::{ClassCell, Pair, class_of, class_of_port},
    table::Hash,
};

use super::{
    near::{self, Destination},
    scan,
    sketch::{self, Cells, shared},
};
use crate::tables::SETTINGS;

/// A request as the sketches see it.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) source: Hash,
    pub(super) destination: Destination,
    /// With its bytes in the order of the wire.
    pub(super) port: u16,
}

/// What a request is to its source.
#[derive(Clone, Copy)]
struct From {
    cpu: *mut CpuDetect,
    hash: u64,
    pair: Pair<*mut u64>,
    ports: *mut ClassCell,
}

/// Counts a request on this CPU; returns whether that was all there was to do.
#[inline(always)]
pub(super) fn is_counted(cpu: *mut CpuDetect, request: &Request) -> bool {
    if !near::pays_for(cpu, request.destination) {
        return is_counted_afar(cpu, request);
    }
    let from = From::of(cpu, request.source);
    // SAFETY: the values are live, and this CPU's own.
    let base = unsafe { (*cpu).bases[0] };
    // SAFETY: as above.
    let sources = unsafe { (*near::of(cpu, request.destination)).classes };
    // Before the cells, which say whether this holds for the window: both must, and so fewer numbers
    // are at hand at once.
    if !from.is_known(sources, request.port) {
        return false;
    }
    if from.pair.spent(&from.cells(), base) != 0 {
        return false;
    }
    from.pair.count_down(&from.cells());
    near::pay(near::of(cpu, request.destination));
    true
}

/// The same for another destination than the one that most go to.
#[inline(always)]
fn is_counted_afar(cpu: *mut CpuDetect, request: &Request) -> bool {
    let from = From::of(cpu, request.source);
    let destination = request.destination.hash(&SETTINGS.hash_key()).bits64();
    let cells = Cells::of(cpu, Sketch::Destinations);
    let to = Pair::of(&cells, destination);
    // SAFETY: as above.
    let [base, base_there, ..] = unsafe { (*cpu).bases };
    if from.pair.spent(&from.cells(), base) | to.spent(&cells, base_there) != 0 {
        return false;
    }
    // The cell below is of the window that holds: whoever of this CPU met the cells above first
    // in this window saw to it.
    let sources = classes(sketch::sources(destination));
    if !from.is_known(sources, request.port) {
        return false;
    }
    from.pair.count_down(&from.cells());
    to.count_down(&cells);
    true
}

impl From {
    #[inline(always)]
    fn of(cpu: *mut CpuDetect, source: Hash) -> Self {
        let hash = source.bits64();
        Self {
            cpu,
            hash,
            pair: Pair::of(&Cells::of(cpu, Sketch::Requests), hash),
            ports: sketch::ports(hash),
        }
    }

    #[inline(always)]
    fn cells(&self) -> Cells {
        Cells::of(self.cpu, Sketch::Requests)
    }

    /// Returns whether the destination saw such a source before, and the source tried such a port,
    /// in the windows that hold: whoever of this CPU met the cells of both first saw to it that
    /// their classes are of those. The key is asked for here: kept at hand it would cost more.
    #[inline(always)]
    fn is_known(&self, sources: u64, port: u16) -> bool {
        let port = class_of_port(&SETTINGS.hash_key(), port);
        let is_seen = sources >> class_of(self.hash) & classes(self.ports) >> port;
        is_seen & 1 != 0 && !self.is_watched()
    }

    /// Returns whether the source's ports have to be looked at by themselves: where its cell has
    /// seen many, and the slot of a suspect is not another's.
    #[inline(always)]
    fn is_watched(&self) -> bool {
        // SAFETY: the values are live; what other CPUs write at the same time costs one look more.
        unsafe {
            if u64::from((*self.ports).count) < (*self.cpu).scan_gate {
                return false;
            }
            let suspect = scan::suspect(shared(), self.hash);
            (*suspect).source == self.hash
                || u64::from((*suspect).ports.window) != (*self.cpu).scan_window
        }
    }
}

#[inline(always)]
fn classes(cell: *mut ClassCell) -> u64 {
    // SAFETY: the cell is live; other CPUs write the field as a whole.
    unsafe { (*cell).classes }
}
