//! What user space tells the detectors, and what they keep: the layouts of their maps.
//!
//! None of these maps is pinned: each load of the program has its own, which starts empty and is
//! full knowledge again within a window. How the cells are counted is in [`crate::sketch`].

use crate::{
    Plain,
    sketch::{CELLS, ClassCell, ROWS},
};

/// One detector. The number is its slot in [`DetectConfig::limits`] and [`DetectState::windows`];
/// those below [`COUNTING`] count in a [`Sketch`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u32)]
pub enum Detector {
    /// TCP connection requests of one source.
    SynFlood = 0,
    /// TCP connection requests of one source that completes next to none.
    SynImbalance = 1,
    /// UDP packets of one source.
    UdpFlood = 2,
    /// ICMP packets of one source.
    IcmpFlood = 3,
    /// TCP connection requests towards one destination from many sources.
    SynFloodDestination = 4,
    /// Different ports that one source tries.
    PortScan = 5,
}

impl Detector {
    /// Every detector, in slot order.
    pub const ALL: [Self; DETECTORS] = [
        Self::SynFlood,
        Self::SynImbalance,
        Self::UdpFlood,
        Self::IcmpFlood,
        Self::SynFloodDestination,
        Self::PortScan,
    ];
}

/// A sketch: what one CPU counts, for one detector or two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Sketch {
    /// Connection requests by source, and the ports that they try.
    Requests = 0,
    /// Connection requests by destination, and the sources that they come from.
    Destinations = 1,
    /// UDP packets by source.
    Udp = 2,
    /// ICMP packets by source.
    Icmp = 3,
}

impl Sketch {
    /// Returns the detectors that have a slot in the sketch with this number; who has none of the
    /// second slot, has the first one's there.
    #[inline(always)]
    pub const fn slots(number: u32) -> [Detector; 2] {
        match number {
            0 => [Detector::SynFlood, Detector::SynImbalance],
            1 => [Detector::SynFloodDestination; 2],
            2 => [Detector::UdpFlood; 2],
            _ => [Detector::IcmpFlood; 2],
        }
    }
}

impl Detector {
    /// Returns the sketch in which the counting detector of this number counts, and its slot there.
    #[inline(always)]
    pub const fn place(number: u32) -> (Sketch, u32) {
        match number {
            0 => (Sketch::Requests, 0),
            1 => (Sketch::Requests, 1),
            2 => (Sketch::Udp, 0),
            3 => (Sketch::Icmp, 0),
            _ => (Sketch::Destinations, 0),
        }
    }
}

/// How many detectors there are.
pub const DETECTORS: usize = 6;
/// How many of them count in a sketch, with sums of their own: the first ones.
pub const COUNTING: usize = 5;
/// How many sketches there are.
pub const SKETCHES: usize = 4;
/// Sources that are looked at closely at once for a port scan.
pub const SUSPECTS: u32 = 1024;

/// When one detector speaks, and what it does then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Limit {
    /// The packet of one window that crosses; zero switches the detector off. For a port scan the
    /// classes of ports, of 64.
    pub threshold: u32,
    /// Packets that one CPU counts by itself before it adds them to what all have counted.
    pub batch: u32,
    /// The length of a window in jiffies.
    pub window: u64,
    /// How long the source is blocked, in jiffies. For a destination: how long it counts as under
    /// attack after the last window that crossed.
    pub block: u64,
    /// For an imbalance: the ACKs of one window that speak for the source. For a destination: the
    /// classes of sources, of 64, that make many.
    pub other: u32,
    /// Always zero.
    pub reserved: u32,
}

/// What user space tells the detectors; it may change at any time, without a reload.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct DetectConfig {
    /// Jiffies a second.
    pub second: u64,
    /// Blocks that all detectors together make a second at most.
    pub blocks_per_second_max: u32,
    /// Grows with every change, so that nothing counted under other limits is counted on.
    pub epoch: u32,
    /// One for each [`Detector`].
    pub limits: [Limit; DETECTORS],
}

/// A window of one detector: all CPUs count in the same one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Window {
    /// The jiffy at which it began.
    pub start: u64,
    /// How many there were before it.
    pub number: u64,
}

impl Window {
    /// Returns the window that holds at jiffy `now`: this one, or the next where it is over.
    #[inline(always)]
    pub const fn at(self, now: u64, length: u64) -> Self {
        if now.wrapping_sub(self.start) < length {
            return self;
        }
        Self {
            start: now,
            number: self.number.wrapping_add(1),
        }
    }

    /// Returns what cells bear that count in this window, under the limits of `epoch`.
    ///
    /// The factor keeps windows of neighbouring epochs 20,000 windows apart.
    #[inline(always)]
    pub const fn id(self, epoch: u32) -> u32 {
        (self.number as u32).wrapping_add(epoch.wrapping_mul(0x4e55))
    }
}

/// What one CPU has for itself.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct CpuDetect {
    /// The jiffy for which the rest of these lines holds: no window begins within one.
    pub now: u64,
    /// [`crate::Config::flags`] likewise, and so [`DetectConfig::epoch`].
    pub flags: u64,
    /// What a cell of each [`Sketch`] is compared with: see [`crate::sketch::base`].
    pub bases: [u64; SKETCHES],
    /// How many classes of ports a cell may have seen without a look at its sources one by one:
    /// see [`crate::sketch::gate`].
    pub scan_gate: u64,
    /// The window of the port scan, as cells bear it.
    pub scan_window: u64,
    /// The window of each [`Detector`] likewise.
    pub windows: [u32; 8],
    /// Always zero.
    pub reserved: [u64; 4],
    /// The destination that this CPU met last, an IPv4 and an IPv6 one.
    pub near: [Near; 2],
    /// What this CPU added to the first row of the sums of each counting detector.
    pub tallies: [u64; 8],
    /// The cells of each sketch, those of all rows with the same number together.
    pub cells: [[[u64; ROWS]; CELLS]; SKETCHES],
    /// The window of each slot in which a cell counts, likewise: only looked at when it is added to
    /// the sums.
    pub since: [[[u64; ROWS]; CELLS]; SKETCHES],
}

/// A destination for which a CPU took packets of the allowance beforehand: see
/// [`crate::sketch::lend`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
pub struct Near {
    /// Its address as on the wire: an IPv4 address in the first word, or both halves of an IPv6 one.
    pub address: [u64; 2],
    /// Its hash.
    pub hash: u64,
    /// For how many packets that do.
    pub left: u64,
    /// Which classes of sources it was seen to have.
    pub classes: u64,
    /// Always zero.
    pub reserved: [u64; 3],
}

/// What all CPUs share besides the sums: seldom written for most packets.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct SharedDetect {
    /// Windows and totals.
    pub state: DetectState,
    /// Until when each destination is under attack, likewise.
    pub under_attack: [UnderAttack; CELLS],
    /// Packets within connections of each source, as [`crate::sketch::Sum`]s, likewise.
    pub acks: [u64; CELLS],
    /// Sources that are looked at closely.
    pub suspects: [Suspect; SUSPECTS as usize],
}

/// What all CPUs share besides the cells. Lines of the cache that every packet reads are not those
/// that are written often.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
pub struct DetectState {
    /// One for each [`Detector`]; written once a window.
    pub windows: [Window; DETECTORS],
    /// Always zero.
    pub reserved: [u64; 4],
    /// What all sums of a detector's first row hold together, as a [`crate::sketch::Sum`].
    pub totals: [u64; 8],
    /// The jiffy at which the current second of new blocks began.
    pub second_start: u64,
    /// New blocks in it.
    pub blocks: u64,
    /// Blocks that were refused since that was last told.
    pub refused: u64,
    /// The jiffy at which it was last told.
    pub refused_told_at: u64,
    /// Always zero.
    pub reserved2: [u64; 4],
}

/// A source that is looked at closely, because the cell that it shares saw many ports.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Suspect {
    /// Its whole hash: two sources never have the same one.
    pub source: u64,
    /// The ports it tried since.
    pub ports: ClassCell,
    /// Non-zero once it was caught and could not be blocked.
    pub is_told: u64,
}

/// Whether a destination is under attack.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct UnderAttack {
    /// The jiffy until which it counts as under attack.
    pub until: u64,
    /// The window in which that was last told.
    pub told_in: u64,
}

// SAFETY: `repr(C)`, integers only, without padding (tested).
unsafe impl Plain for DetectConfig {}
// SAFETY: as above.
unsafe impl Plain for DetectState {}
// SAFETY: as above.
unsafe impl Plain for UnderAttack {}
