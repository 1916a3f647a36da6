//! The maps in which the detectors count.

mod sums;

use aegis_abi::{
    CpuDetect, DETECTORS, DetectConfig, DetectState, Detector, SharedDetect, Sketch, Window, pin,
    sketch::{self, At, CELLS, ClassCell, Heats, Local, ROWS, Sum, Turn, cell_of},
};
use aya_ebpf::{
    helpers::{bpf_get_smp_processor_id, bpf_jiffies64},
    macros::map,
    maps::Array,
};

use self::sums::{Sums, read, write};
use super::near;
use crate::tables::{SETTINGS, Shared};

/// What user space tells. A section of its own and not a map, so that it lies at a fixed address.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.detect")]
// SAFETY: integers, of which zero is a value.
static DETECT: Shared<DetectConfig> = Shared::new(unsafe { core::mem::zeroed() });
/// What all CPUs share besides the sums, for the same reason.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.shared")]
// SAFETY: as above.
static DETECT_SHARED: Shared<SharedDetect> = Shared::new(unsafe { core::mem::zeroed() });
/// Which sources each destination has, by its first cell.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.shared")]
// SAFETY: as above.
static SOURCES: Shared<[ClassCell; CELLS]> = Shared::new(unsafe { core::mem::zeroed() });
/// Which ports each source tried, by its first cell.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.shared")]
// SAFETY: as above.
static SCANS: Shared<[ClassCell; CELLS]> = Shared::new(unsafe { core::mem::zeroed() });
/// What each CPU has for itself. A plain array, so that one look-up finds all of it; user space makes
/// it as long as there are CPUs.
#[map]
static DETECT_CPU: Array<CpuDetect> = Array::with_max_entries(1, 0);
/// Returns what user space told.
#[inline(always)]
pub(super) fn config() -> &'static DetectConfig {
    // SAFETY: the section lives as long as the program. User space writes it as a whole and other
    // flags after it, so a packet that meets half of it is followed by one that meets those.
    unsafe { &*DETECT.get() }
}

/// Returns what this CPU has for itself.
#[inline(always)]
fn cpu() -> Option<*mut CpuDetect> {
    // SAFETY: the kernel knows no failure of this.
    DETECT_CPU.get_ptr_mut(unsafe { bpf_get_smp_processor_id() })
}

/// Returns what this CPU has for itself, where it holds at this jiffy and under these flags of the
/// configuration. The clock is read last, and so has to be kept nowhere.
#[inline(always)]
pub(super) fn cpu_current(flags: u32) -> Option<*mut CpuDetect> {
    let cpu = cpu()?;
    // SAFETY: the value is live, and this CPU's own; the kernel knows no failure of the clock.
    let is_current = unsafe { (*cpu).flags == u64::from(flags) && (*cpu).now == bpf_jiffies64() };
    is_current.then(|| pin::copy(cpu))
}

/// Returns what this CPU has for itself, with the windows that hold now.
#[inline(always)]
pub(super) fn cpu_now() -> Option<*mut CpuDetect> {
    if cpu_current(SETTINGS.flags()).is_none() {
        aegis_tick();
    }
    cpu()
}

/// Returns what all CPUs share besides the sums. Its fields are only ever accessed as wholes.
#[inline(always)]
pub(super) fn shared() -> *mut SharedDetect {
    DETECT_SHARED.get()
}

/// Returns the cell of the sources that a destination has.
#[inline(always)]
pub(super) fn sources(destination_hash: u64) -> *mut ClassCell {
    // SAFETY: this only computes an address: of a cell within the array.
    unsafe {
        SOURCES
            .get()
            .cast::<ClassCell>()
            .add(cell_of(destination_hash, 0))
    }
}

/// Returns the cell of the ports that a source tried.
#[inline(always)]
pub(super) fn ports(hash: u64) -> *mut ClassCell {
    // SAFETY: as above.
    unsafe { SCANS.get().cast::<ClassCell>().add(cell_of(hash, 0)) }
}

/// Returns the windows and totals.
#[inline(always)]
pub(super) fn state() -> *mut DetectState {
    // SAFETY: this only computes an address within the value.
    unsafe { &raw mut (*shared()).state }
}

/// Writes down for this CPU which windows hold in this jiffy; a global function for the reasons of
/// `aegis_inspect`, called once a jiffy.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_tick() -> u32 {
    // First: what is read after these flags is at least as new.
    let flags = SETTINGS.flags();
    let (Some(cpu), config) = (cpu(), config()) else {
        return 0; // cannot be: the array has a value for each of us
    };
    // SAFETY: the kernel knows no failure of this.
    let now = unsafe { bpf_jiffies64() };
    near::leave(cpu);
    let mut begun = 0;
    let mut detector = 0;
    while detector < DETECTORS {
        let length = config.limits[detector].window;
        let window = window(state(), detector, (now, length)).id(config.epoch);
        // SAFETY: the value is this CPU's own, and the index below the length of the array.
        unsafe {
            if (*cpu).windows[detector] != window {
                (*cpu).windows[detector] = window;
                begun |= 1_u32 << detector;
            }
        }
        detector += 1;
    }
    let begins = |of: Detector| begun & (1 << of as u32) != 0;
    let requests = begins(Detector::SynFlood) | begins(Detector::SynImbalance);
    turn_over(cpu, Sketch::Requests, requests | begins(Detector::PortScan));
    turn_over(
        cpu,
        Sketch::Destinations,
        begins(Detector::SynFloodDestination),
    );
    turn_over(cpu, Sketch::Udp, begins(Detector::UdpFlood));
    turn_over(cpu, Sketch::Icmp, begins(Detector::IcmpFlood));
    let scan = config.limits[Detector::PortScan as usize].threshold;
    // SAFETY: as above.
    unsafe {
        (*cpu).scan_gate = u64::from(sketch::gate(scan));
        (*cpu).scan_window = u64::from((*cpu).windows[Detector::PortScan as usize]);
        (*cpu).flags = u64::from(flags);
        (*cpu).now = now;
    }
    near::come_back(cpu);
    0
}

/// Gives a sketch its base, of another stamp where a window begins.
#[inline(always)]
fn turn_over(cpu: *mut CpuDetect, sketch: Sketch, begins: bool) {
    // SAFETY: the value is this CPU's own, and the index below the length of the array.
    unsafe {
        let base = &mut (*cpu).bases[sketch as usize];
        *base = sketch::base(sketch::stamp_of(*base) + u64::from(begins));
    }
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
    // SAFETY: as in `window`.
    unsafe {
        let slot = (&raw const (*state()).windows).cast::<Window>();
        (&raw const (*slot.add(detector as usize & 7)).start).read_volatile()
    }
}

/// The cells of one sketch on this CPU.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    /// The [`Sketch`], and [`HALVED`].
    sketch: u64,
    cpu: *mut CpuDetect,
}

/// Set beside a sketch's number where half the threshold of its detector counts.
const HALVED: u64 = 1 << 16;

impl Cells {
    #[inline(always)]
    pub(super) fn of(cpu: *mut CpuDetect, sketch: Sketch) -> Self {
        let sketch = sketch as u64;
        Self { sketch, cpu }
    }

    /// The same with half the threshold.
    #[inline(always)]
    pub(super) fn halved(cpu: *mut CpuDetect, sketch: Sketch) -> Self {
        let sketch = sketch as u64 | HALVED;
        Self { sketch, cpu }
    }

    /// Returns where in the array of all cells one of them lies.
    #[inline(always)]
    fn index(&self, (row, cell): At) -> usize {
        let first = (self.sketch & 3) as usize * CELLS * ROWS;
        first + (cell & (CELLS - 1)) * ROWS + (row & 1)
    }

    #[inline(always)]
    fn since_slot(&self, at: At) -> *mut u64 {
        // SAFETY: this only computes an address: of a cell within the array.
        unsafe {
            (&raw mut (*self.cpu).since)
                .cast::<u64>()
                .add(self.index(at))
        }
    }
}

impl Local for Cells {
    type Place = *mut u64;

    #[inline(always)]
    fn place(&self, at: At) -> *mut u64 {
        // SAFETY: as above.
        unsafe {
            (&raw mut (*self.cpu).cells)
                .cast::<u64>()
                .add(self.index(at))
        }
    }

    #[inline(always)]
    fn local(&self, place: *mut u64) -> u64 {
        // SAFETY: the cell is live, and this CPU's own.
        unsafe { place.read() }
    }

    #[inline(always)]
    fn set_local(&self, place: *mut u64, value: u64) {
        // SAFETY: as above.
        unsafe { place.write(value) };
    }

    /// Reads the cell anew: keeping what was read before would cost more.
    #[inline(always)]
    fn count_down(&self, place: *mut u64, amount: u64) {
        // SAFETY: as above.
        unsafe { place.write(place.read_volatile().wrapping_sub(amount)) };
    }

    #[inline(always)]
    fn since(&self, at: At) -> u64 {
        // SAFETY: as above.
        unsafe { self.since_slot(at).read() }
    }

    #[inline(always)]
    fn set_since(&self, at: At, value: u64) {
        // SAFETY: as above.
        unsafe { self.since_slot(at).write(value) };
    }

    #[inline(always)]
    fn flush(&self, (row, cell): At) -> u64 {
        aegis_flush(self.sketch << 32 | (row as u64) << 16 | cell as u64)
    }
}

/// Adds a packet, and what this CPU counted in its cell before, to what all did: [`sketch::flush`],
/// as a global function for the reasons of `aegis_inspect`.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_flush(at: u64) -> u64 {
    let Some(cpu) = cpu() else {
        return 0; // cannot be: the array has a value for each of us
    };
    let number = (at >> 32) as u32 & 3;
    let [first, second] = Sketch::slots(number);
    let halves = (at >> 32 & HALVED != 0) as u32;
    let first_slot = slot(cpu, first as u32, halves);
    let mut second_slot = slot(cpu, second as u32, 0);
    if first as u32 == second as u32 {
        second_slot.1.threshold = 0; // nobody's
    }
    let cells = Cells {
        sketch: u64::from(number),
        cpu,
    };
    let at = ((at >> 16) as usize & 1, at as usize & (CELLS - 1));
    // SAFETY: the value is this CPU's own, and the index below the length of the array.
    let base = unsafe { *(&raw const (*cpu).bases).cast::<u64>().add(number as usize) };
    sketch::flush(
        &cells,
        at,
        sketch::stamp_of(base),
        &[first_slot, second_slot],
    )
}

/// Returns what holds for a detector.
#[inline(always)]
fn slot(cpu: *mut CpuDetect, detector: u32, halves: u32) -> (Sums, Turn) {
    let limits = (&raw const config().limits).cast::<aegis_abi::Limit>();
    // SAFETY: the number is below the length of both arrays.
    let (window, threshold, batch) = unsafe {
        let limit = limits.add(detector as usize & 7);
        let window = (&raw const (*cpu).windows)
            .cast::<u32>()
            .add(detector as usize & 7);
        (*window, (*limit).threshold, (*limit).batch)
    };
    let turn = Turn {
        window,
        threshold: threshold - halves * (threshold / 2),
        batch,
        is_told_enough: detector == Detector::SynFloodDestination as u32,
    };
    (Sums { detector, cpu }, turn)
}

/// Counts one packet in a sketch, whatever there is to be done with it.
#[inline(always)]
pub(super) fn count(cells: &Cells, sketch: Sketch, hash: u64) -> Heats {
    // SAFETY: the value is this CPU's own, and the index below the length of the array.
    let base = unsafe { (*cells.cpu).bases[sketch as usize] };
    sketch::count(cells, hash, base)
}

/// Returns what was counted of a source, by all CPUs.
#[inline(always)]
pub(super) fn counted(cpu: *mut CpuDetect, detector: u32, (hash, window): (u64, u32)) -> u32 {
    sketch::counted(&Sums { detector, cpu }, hash, window)
}

/// Forgets what a detector counted of a source that is blocked from now on.
#[inline(always)]
pub(super) fn restart(cpu: *mut CpuDetect, detector: u32, (hash, window): (u64, u32)) {
    let (sketch, _) = Detector::place(detector);
    let cells = Cells::of(cpu, sketch);
    sketch::restart(&cells, &Sums { detector, cpu }, hash, window);
}

/// Remembers that what was to be done about a source was tried.
#[inline(always)]
pub(super) fn mark_told(cpu: *mut CpuDetect, detector: u32, hash: u64) {
    let (sketch, slot) = Detector::place(detector);
    sketch::mark_told(&Cells::of(cpu, sketch), hash, slot);
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
