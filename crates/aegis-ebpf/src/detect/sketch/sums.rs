//! What all CPUs counted together.

use core::intrinsics::{AtomicOrdering, atomic_xadd};

use aegis_abi::{
    COUNTING, CpuDetect,
    sketch::{self, CELLS, ROWS},
};
use aya_ebpf::{macros::map, maps::Array};

use super::state;

type Row = [u64; CELLS];

/// Rows of cells of all CPUs.
#[map]
static CELLS_SUM: Array<Row> = Array::with_max_entries((COUNTING * ROWS) as u32, 0);

/// What all CPUs share of one detector's rows.
pub(super) struct Sums {
    pub(super) detector: u32,
    pub(super) cpu: *mut CpuDetect,
}

impl Sums {
    #[inline(always)]
    fn slot(&self, row: usize, cell: usize) -> Option<*mut u64> {
        let row = CELLS_SUM.get_ptr_mut(self.detector * ROWS as u32 + row as u32)?;
        // SAFETY: the row is live, and the cell within it.
        Some(unsafe { row.cast::<u64>().add(cell & (CELLS - 1)) })
    }

    #[inline(always)]
    fn total_slot(&self) -> Option<*mut u64> {
        // SAFETY: the number is below the length of the array.
        Some(unsafe {
            (&raw mut (*state()).totals)
                .cast::<u64>()
                .add(self.detector as usize & 7)
        })
    }

    #[inline(always)]
    fn tally_slot(&self) -> Option<*mut u64> {
        // SAFETY: as above.
        Some(unsafe {
            (&raw mut (*self.cpu).tallies)
                .cast::<u64>()
                .add(self.detector as usize & 7)
        })
    }
}

impl sketch::Shared for Sums {
    #[inline(always)]
    fn sum(&self, row: usize, cell: usize) -> u64 {
        read(self.slot(row, cell))
    }

    #[inline(always)]
    fn set_sum(&self, row: usize, cell: usize, value: u64) {
        write(self.slot(row, cell), value);
    }

    #[inline(always)]
    fn add_sum(&self, row: usize, cell: usize, amount: u64) {
        add(self.slot(row, cell), amount);
    }

    #[inline(always)]
    fn tally(&self) -> u64 {
        read(self.tally_slot())
    }

    #[inline(always)]
    fn set_tally(&self, value: u64) {
        write(self.tally_slot(), value);
    }

    #[inline(always)]
    fn total(&self) -> u64 {
        read(self.total_slot())
    }

    #[inline(always)]
    fn set_total(&self, value: u64) {
        write(self.total_slot(), value);
    }

    #[inline(always)]
    fn add_total(&self, amount: u64) {
        add(self.total_slot(), amount);
    }
}

#[inline(always)]
pub(super) fn read(slot: Option<*mut u64>) -> u64 {
    // SAFETY: the slot is live and aligned.
    slot.map_or(0, |it| unsafe { it.read_volatile() })
}

#[inline(always)]
pub(super) fn write(slot: Option<*mut u64>, value: u64) {
    if let Some(slot) = slot {
        // SAFETY: the slot is live and aligned.
        unsafe { slot.write_volatile(value) };
    }
}

#[inline(always)]
fn add(slot: Option<*mut u64>, amount: u64) {
    if let Some(slot) = slot {
        // SAFETY: the slot is live and aligned.
        unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(slot, amount) };
    }
}
