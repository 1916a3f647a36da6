//! The maps in which the detectors count.

use core::intrinsics::{AtomicOrdering, atomic_xadd};

use aegis_abi::{
    CpuDetect, DETECTORS, DetectConfig, DetectState, Detector, SKETCHES, SharedDetect, Window,
    sketch::{self, CELLS, Heat, Local, LocalCell, ROWS, Shared, Sum, Turn, cell_of},
};
use aya_ebpf::{
    helpers::{bpf_get_smp_processor_id, bpf_jiffies64},
    macros::map,
    maps::Array,
};

use super::DETECT;

type Row = [u64; CELLS];

/// What each CPU has for itself. A plain array, so that one look-up finds all of it; user space makes
/// it as long as there are CPUs.
#[map]
static DETECT_CPU: Array<CpuDetect> = Array::with_max_entries(1, 0);
/// What all CPUs share besides the sums.
#[map]
static DETECT_SHARED: Array<SharedDetect> = Array::with_max_entries(1, 0);
/// Rows of cells of all CPUs.
#[map]
static CELLS_SUM: Array<Row> = Array::with_max_entries((SKETCHES * ROWS) as u32, 0);

/// Returns what this CPU has for itself.
#[inline(always)]
fn cpu() -> Option<*mut CpuDetect> {
    // SAFETY: the kernel knows no failure of this.
    DETECT_CPU.get_ptr_mut(unsafe { bpf_get_smp_processor_id() })
}

/// Returns what this CPU has for itself, with the windows that hold at jiffy `now`.
#[inline(always)]
pub(super) fn cpu_at(config: &DetectConfig, now: u64) -> Option<*mut CpuDetect> {
    let cpu = cpu()?;
    // SAFETY: the value is live, and this CPU's own.
    let is_current = unsafe { (*cpu).now == now && (*cpu).epoch == u64::from(config.epoch) };
    if !is_current {
        aegis_tick();
    }
    Some(cpu)
}

/// Returns what all CPUs share besides the sums. Its fields are only ever accessed as wholes.
#[inline(always)]
pub(super) fn shared() -> Option<*mut SharedDetect> {
    DETECT_SHARED.get_ptr_mut(0)
}

/// Returns the windows and totals.
#[inline(always)]
pub(super) fn state() -> Option<*mut DetectState> {
    // SAFETY: this only computes an address within the value.
    shared().map(|it| unsafe { &raw mut (*it).state })
}

/// Writes down for this CPU which windows hold in this jiffy; a global function for the reasons of
/// `aegis_inspect`, called once a jiffy.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_tick() -> u32 {
    let (Some(config), Some(cpu), Some(state)) = (DETECT.get(0), cpu(), state()) else {
        return 0; // cannot be: they are arrays with a value for each of us
    };
    // SAFETY: the kernel knows no failure of this.
    let now = unsafe { bpf_jiffies64() };
    let mut detector = 0;
    while detector < DETECTORS {
        let limit = &config.limits[detector];
        let window = window(state, detector, (now, limit.window)).id(config.epoch);
        let turn = Turn {
            window,
            threshold: limit.threshold,
            batch: limit.batch,
        };
        let fresh = match limit.threshold {
            0 => 0,
            _ => LocalCell::fresh(&turn).bits(),
        };
        // SAFETY: the value is this CPU's own, and the index below the length of both arrays.
        unsafe {
            (*cpu).windows[detector] = window;
            (*cpu).fresh[detector] = fresh;
        }
        detector += 1;
    }
    // SAFETY: as above.
    unsafe {
        (*cpu).epoch = u64::from(config.epoch);
        (*cpu).now = now;
    }
    0
}

/// Returns the window of a detector at a jiffy, the next one where one is over.
#[inline(always)]
fn window(state: *mut DetectState, detector: usize, (now, length): (u64, u64)) -> Window {
    // SAFETY: the value lives as long as the program, and the index is below the array's length.
    let slot = unsafe {
        (&raw mut (*state).windows)
            .cast::<Window>()
            .add(detector & 7)
    };
    // SAFETY: as above; other CPUs write the fields as wholes.
    let before = unsafe {
        Window {
            start: (&raw const (*slot).start).read_volatile(),
            number: (&raw const (*slot).number).read_volatile(),
        }
    };
    let window = before.at(now, length);
    if window.start != before.start {
        // CPUs that come here at once write the same. The number first: who reads between the two
        // is early, and begins the window as well.
        // SAFETY: as above.
        unsafe {
            (&raw mut (*slot).number).write_volatile(window.number);
            (&raw mut (*slot).start).write_volatile(window.start);
        }
    }
    window
}

/// Returns the jiffy at which the window of a detector began.
#[inline(always)]
pub(super) fn window_start(detector: u32) -> u64 {
    let Some(state) = state() else { return 0 };
    // SAFETY: as in `window`.
    unsafe {
        let slot = (&raw const (*state).windows).cast::<Window>();
        (&raw const (*slot.add(detector as usize & 7)).start).read_volatile()
    }
}

/// The rows of one detector on this CPU.
struct Rows {
    /// The detector, and [`HALVED`].
    detector: u64,
    rows: *mut u64,
}

/// Set beside a detector's number where half its threshold counts.
const HALVED: u64 = 1 << 16;

impl Rows {
    #[inline(always)]
    fn of(cpu: *mut CpuDetect, detector: u64) -> Self {
        let first = (detector & 7) as usize % SKETCHES * ROWS * CELLS;
        // SAFETY: this only computes an address within the value, which is live.
        let rows = unsafe { (&raw mut (*cpu).rows).cast::<u64>().add(first) };
        Self { detector, rows }
    }

    #[inline(always)]
    fn cell(&self, row: usize, cell: usize) -> *mut u64 {
        // SAFETY: both are within the rows of the detector.
        unsafe { self.rows.add((row & 1) * CELLS + (cell & (CELLS - 1))) }
    }
}

impl Local for Rows {
    #[inline(always)]
    fn local(&self, row: usize, cell: usize) -> u64 {
        // SAFETY: the cell is live, and this CPU's own.
        unsafe { self.cell(row, cell).read() }
    }

    #[inline(always)]
    fn set_local(&self, row: usize, cell: usize, value: u64) {
        // SAFETY: as above.
        unsafe { self.cell(row, cell).write(value) };
    }

    #[inline(always)]
    fn flush(&self, (row, cell): (usize, usize), local: LocalCell) -> LocalCell {
        let at = self.detector << 32 | (row as u64) << 16 | cell as u64;
        LocalCell::from_bits(aegis_flush(at, local.bits()))
    }
}

/// Adds what this CPU counted in a cell to what all did: [`sketch::flush`], as a global function for
/// the reasons of `aegis_inspect`.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_flush(at: u64, local: u64) -> u64 {
    let detector = (at >> 32) as u32 & 7;
    let (Some(config), Some(cpu)) = (DETECT.get(0), cpu()) else {
        return 0; // cannot be: they are arrays with a value for each of us
    };
    let Some(limit) = config.limits.get(detector as usize) else {
        return 0; // cannot be: it is a detector's number
    };
    let halves = (at >> 32 & HALVED != 0) as u32;
    let turn = Turn {
        // SAFETY: the value is this CPU's own, and the index below the length of the array.
        window: unsafe {
            *(&raw const (*cpu).windows)
                .cast::<u32>()
                .add(detector as usize)
        },
        threshold: limit.threshold - halves * (limit.threshold / 2),
        batch: limit.batch,
    };
    let at = ((at >> 16) as usize & 1, at as usize & (CELLS - 1));
    let sums = Sums { detector, cpu };
    sketch::flush(&sums, at, LocalCell::from_bits(local), &turn).bits()
}

/// What all CPUs share of one detector's rows.
struct Sums {
    detector: u32,
    cpu: *mut CpuDetect,
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
        let state = state()?;
        // SAFETY: the number is below the length of the array.
        Some(unsafe {
            (&raw mut (*state).totals)
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

impl Shared for Sums {
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
fn read(slot: Option<*mut u64>) -> u64 {
    // SAFETY: the slot is live and aligned.
    slot.map_or(0, |it| unsafe { it.read_volatile() })
}

#[inline(always)]
fn write(slot: Option<*mut u64>, value: u64) {
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

/// Counts one packet in the sketch of `detector`, which is on.
#[inline(always)]
pub(super) fn count(cpu: *mut CpuDetect, detector: Detector, (hash, fresh): (u64, u64)) -> Heat {
    let rows = Rows::of(cpu, detector as u64);
    sketch::count(&rows, hash, LocalCell::from_bits(fresh))
}

/// The same against half the threshold.
#[inline(always)]
pub(super) fn count_halved(
    cpu: *mut CpuDetect,
    detector: Detector,
    (hash, fresh): (u64, u64),
) -> Heat {
    let rows = Rows::of(cpu, detector as u64 | HALVED);
    sketch::count(&rows, hash, LocalCell::from_bits(fresh))
}

/// Returns what was counted of a source, by all CPUs.
#[inline(always)]
pub(super) fn counted(cpu: *mut CpuDetect, detector: u32, (hash, window): (u64, u32)) -> u32 {
    sketch::counted(&Sums { detector, cpu }, hash, window)
}

/// Forgets what was counted of a source that is blocked from now on.
#[inline(always)]
pub(super) fn restart(cpu: *mut CpuDetect, detector: u32, (hash, turn): (u64, &Turn)) {
    let rows = Rows::of(cpu, u64::from(detector));
    sketch::restart(&rows, &Sums { detector, cpu }, hash, turn);
}

/// Remembers that what was to be done about a source was tried.
#[inline(always)]
pub(super) fn mark_told(cpu: *mut CpuDetect, detector: u32, hash: u64) {
    sketch::mark_told(&Rows::of(cpu, u64::from(detector)), hash);
}

#[inline(always)]
fn ack_slot(shared: *mut SharedDetect, hash: u64) -> Option<*mut u64> {
    // SAFETY: the value is live, and the cell within the array.
    Some(unsafe {
        (&raw mut (*shared).acks)
            .cast::<u64>()
            .add(cell_of(hash, 0))
    })
}

/// Counts a packet within a connection, up to `enough`: from then on the cell is only read.
#[inline(always)]
pub(super) fn count_ack(shared: *mut SharedDetect, hash: u64, (window, enough): (u32, u32)) {
    let slot = ack_slot(shared, hash);
    let acks = Sum::from_bits(read(slot)).count(window).unwrap_or(0);
    if acks < enough {
        write(slot, Sum::new(window, acks + 1).bits());
    }
}

/// Returns how many packets within connections the cell of a source saw.
#[inline(always)]
pub(super) fn acks(shared: *mut SharedDetect, hash: u64, window: u32) -> u32 {
    let acks = Sum::from_bits(read(ack_slot(shared, hash)));
    acks.count(window).unwrap_or(0)
}
