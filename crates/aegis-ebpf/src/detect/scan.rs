//! The port-scan detector.
//!
//! A cell of 64 classes of ports says that one of its sources, or all of them together, tried
//! many. From half the threshold on each is looked at by itself, in a slot that belongs to one
//! source for a window; who has tried more than half of it there is caught once the cell is full
//! enough. So no gateway is taken for a scanner because of whom it shares a cell with.

use aegis_abi::{
    Detector, SUSPECTS, SharedDetect, Suspect,
    sketch::{ClassCell, class_of_port, confirmation, gate, slot_of},
};

use super::{Finding, Look, sketch};
use crate::tables::SETTINGS;

impl Look {
    /// Counts the port that the source tries.
    #[inline(always)]
    pub(super) fn scan(&self) -> Result<(), Finding> {
        let window = self.window(Detector::PortScan);
        let threshold = self.limit(Detector::PortScan).threshold;
        let class = class_of_port(&SETTINGS.hash_key(), self.packet.port().to_be());
        // Also where nobody asks for the number: see `quick`.
        let tried = see(sketch::ports(self.hash), window, class);
        if threshold == 0 || tried < gate(threshold) {
            return Ok(());
        }
        let suspect = suspect(self.shared, self.hash);
        // SAFETY: the slot is live; what other CPUs write at the same time, of two sources at
        // worst, costs one of them its slot or a port.
        let (source, ports) = unsafe { ((*suspect).source, &raw mut (*suspect).ports) };
        // SAFETY: as above.
        let is_free = unsafe { (*ports).window } != window;
        if is_free {
            // SAFETY: as above.
            unsafe {
                (*suspect).source = self.hash;
                (*suspect).is_told = 0;
            }
        } else if source != self.hash {
            return Ok(());
        }
        let confirmed = see(ports, window, class);
        if tried < threshold || confirmed < confirmation(threshold) {
            return Ok(());
        }
        Err(Finding {
            detector: Detector::PortScan,
            // SAFETY: as above.
            is_told: unsafe { (*suspect).is_told } != 0,
        })
    }
}

#[inline(always)]
pub(super) fn suspect(shared: *mut SharedDetect, hash: u64) -> *mut Suspect {
    let slot = slot_of(hash, SUSPECTS) as usize;
    // SAFETY: as above.
    unsafe { (&raw mut (*shared).suspects).cast::<Suspect>().add(slot) }
}

/// Notes a class in a cell of classes; returns how many it has seen.
#[inline(always)]
pub(super) fn see(cell: *mut ClassCell, window: u32, class: u32) -> u32 {
    // SAFETY: the cell is live. A class that another CPU writes over is seen again by its next
    // packet or not at all.
    unsafe {
        if let Some(seen) = cell.read().see(window, class) {
            cell.write(seen);
        }
        (*cell).count
    }
}

/// Forgets what the source tried.
#[inline(always)]
pub(super) fn restart(shared: *mut SharedDetect, hash: u64) {
    // SAFETY: as in `see`.
    unsafe {
        sketch::ports(hash).write(ClassCell::default());
        (*suspect(shared, hash)).ports.window = 0;
    }
}

/// Remembers that the source could not be blocked.
#[inline(always)]
pub(super) fn mark_told(shared: *mut SharedDetect, hash: u64) {
    // SAFETY: as in `see`.
    unsafe { (*suspect(shared, hash)).is_told = 1 };
}
