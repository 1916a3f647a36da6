//! Counting per source without remembering sources: the arithmetic of the detectors' cells.
//!
//! A sketch is two rows of cells. A keyed hash gives each source one cell in either row, and a
//! source is above a limit only where both of its cells are. Nothing is allocated, evicted or
//! looked up, so a packet of a new source costs what any other costs.
//!
//! **Shared and yet not shared.** A network card spreads one source's packets over the CPUs, so
//! counts of one CPU alone miss it; cells that all CPUs write for each packet travel from cache to
//! cache. So each CPU counts in [`LocalCell`]s of its own and has an *allowance*: only when that is
//! spent, the packets are added to the [`Sum`] that all CPUs share. The allowance never reaches
//! beyond the limit: a source whose packets meet one CPU is caught by exactly the packet that
//! crosses. Where they meet many, what the others have not added yet is missing: at most a batch
//! less one for each of them.
//!
//! **One look for all.** Detectors that count the same packets of the same sources share a CPU's
//! cells, which are so counted down once, and have sums of their own: the allowance is the least of
//! theirs. A cell says in one comparison, without a branch for each question, whether a packet only
//! has to be counted down: that is what nearly all packets meet.
//!
//! **Noise.** A flood from millions of forged sources fills every cell alike. What the average cell
//! holds (and three sixteenths) is therefore added to the limit, so that nobody is above it for
//! sharing cells with such a flood, and who stands out of it still is.

mod class;
mod hash;
mod loan;

pub use class::{ClassCell, confirmation, gate};
pub use hash::{
    cell_of, class_of, class_of_port, destination_hash_v4, destination_hash_v6, slot_of,
};
pub use loan::{give_back, lend};

/// Cells of a row: the rows that a flood writes fit into the second cache together.
pub const CELLS: usize = 4096;
const CELLS_LOG2: u32 = CELLS.trailing_zeros();
/// Rows of a sketch.
pub const ROWS: usize = 2;
/// Detectors that count in one sketch at most: they share its cells, and each has sums of its own.
pub const SLOTS: usize = 2;
/// The longest allowance.
pub const BATCH_MAX: u32 = 1 << 16;
/// Packets that a CPU adds to the total of a sketch at once.
const FOLD: u32 = 256;

/// How far a cell, or a source, is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heat {
    /// Below the limit.
    Cold,
    /// At or above it: something is to be done.
    Hot,
    /// The same, and what was to be done about it was tried in this window.
    Told,
}

/// How far a source is for each detector of a sketch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heats(u64);

impl Heats {
    /// Returns how far it is for the detector in `slot`.
    #[inline(always)]
    pub const fn of(self, slot: usize) -> Heat {
        match (self.0 >> (2 * slot)) & LocalCell::TOLD {
            LocalCell::COLD => Heat::Cold,
            LocalCell::TOLD => Heat::Told,
            _ => Heat::Hot,
        }
    }
}

/// What one CPU counts of one cell: how many packets it may still count before it adds to the
/// sums, how many it could at first, and how the cell stood then. A cell about which something is
/// to be done has an allowance of one.
///
/// Zero is a cell of which nothing was ever counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LocalCell(u64); // stamp: 16 bits, left: 24, allowance: 20, state of each slot: 2

impl LocalCell {
    const FIELD: u64 = (1 << 20) - 1;
    const LEFT: u32 = 24;
    const ALLOWANCE: u32 = 4;
    const STAMP: u32 = 48;
    /// One packet of those that are left.
    const PACKET: u64 = 1 << Self::LEFT;
    // The bits of a lesser state are among those of a greater one.
    const COLD: u64 = 0;
    const HOT: u64 = 1;
    const TOLD: u64 = 3;
    /// The states of all slots.
    const STATES: u64 = 0xf;

    #[inline(always)]
    const fn new(stamp: u64, allowance: u32, states: u64) -> Self {
        let allowance = allowance as u64;
        Self(
            (stamp << Self::STAMP)
                | (allowance << Self::LEFT)
                | (allowance << Self::ALLOWANCE)
                | states,
        )
    }

    /// Returns how much of the allowance is spent.
    #[inline(always)]
    const fn pending(self) -> u32 {
        let allowance = (self.0 >> Self::ALLOWANCE) & Self::FIELD;
        (allowance - ((self.0 >> Self::LEFT) & Self::FIELD)) as u32
    }

    #[inline(always)]
    const fn is_told(self, slot: usize) -> bool {
        (self.0 >> (2 * slot)) & Self::TOLD == Self::TOLD
    }
}

/// Returns the least value of a cell that was last added to the sums under `stamp`, of which the
/// lower 16 bits count, and of whose allowance there is a packet left after the one at hand. A CPU
/// takes another stamp whenever a window begins that matters for the sketch.
#[inline(always)]
pub const fn base(stamp: u64) -> u64 {
    (stamp << LocalCell::STAMP) | (2 * LocalCell::PACKET)
}

/// Returns the stamp of a base.
#[inline(always)]
pub const fn stamp_of(base: u64) -> u64 {
    base >> LocalCell::STAMP
}

/// The two cells of a source on one CPU.
#[derive(Clone, Copy, Debug)]
pub struct Pair<P> {
    places: [P; ROWS],
}

impl<P: Copy> Pair<P> {
    /// Returns the cells of a hash.
    #[inline(always)]
    pub fn of(memory: &impl Local<Place = P>, hash: u64) -> Self {
        let place = |row| memory.place((row, cell_of(hash, row)));
        Self {
            places: [place(0), place(1)],
        }
    }

    /// Returns zero where all there is to do with a packet is to count it down.
    #[inline(always)]
    pub fn spent(&self, memory: &impl Local<Place = P>, base: u64) -> u64 {
        let [first, second] = self.places.map(|it| memory.local(it));
        (first.wrapping_sub(base) | second.wrapping_sub(base)) >> LocalCell::STAMP
    }

    /// Counts the packet, where nothing is [spent](Self::spent).
    #[inline(always)]
    pub fn count_down(&self, memory: &impl Local<Place = P>) {
        let [first, second] = self.places;
        memory.count_down(first, LocalCell::PACKET);
        memory.count_down(second, LocalCell::PACKET);
    }
}

/// What all CPUs added to one cell within a window.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sum(u64); // window: high half, count: low half

impl Sum {
    /// Returns the value in a map.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the value as a map holds it.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns a count of `window`.
    #[inline(always)]
    pub const fn new(window: u32, count: u32) -> Self {
        Self((window as u64) << 32 | count as u64)
    }

    /// Returns the count, or `None` where it is of another window.
    #[inline(always)]
    pub const fn count(self, window: u32) -> Option<u32> {
        if self.0 >> 32 == window as u64 {
            Some(self.0 as u32)
        } else {
            None
        }
    }
}

/// A row below [`ROWS`], and a cell of it below [`CELLS`].
pub type At = (usize, usize);

/// The cells of one CPU: maps in the kernel, vectors in tests.
pub trait Local {
    /// Where a cell lies.
    type Place: Copy;
    /// Finds a cell.
    fn place(&self, at: At) -> Self::Place;
    /// Reads a cell, a [`LocalCell`].
    fn local(&self, place: Self::Place) -> u64;
    /// Writes a cell.
    fn set_local(&self, place: Self::Place, value: u64);
    /// Takes `amount` from a cell.
    fn count_down(&self, place: Self::Place, amount: u64);
    /// Reads the window of each slot in which a cell counts, the first one in the low half.
    fn since(&self, at: At) -> u64;
    /// Writes it.
    fn set_since(&self, at: At, value: u64);
    /// Calls [`flush`] with what the CPUs share; seldom enough to be a call in the kernel too.
    fn flush(&self, at: At) -> u64;
}

/// What all CPUs share of a sketch, and what each has added to it.
pub trait Shared {
    /// Reads a cell.
    fn sum(&self, row: usize, cell: usize) -> u64;
    /// Writes a cell.
    fn set_sum(&self, row: usize, cell: usize, value: u64);
    /// Adds to a cell, which others may do at the same time.
    fn add_sum(&self, row: usize, cell: usize, amount: u64);
    /// Reads what this CPU added to the first row.
    fn tally(&self) -> u64;
    /// Writes it.
    fn set_tally(&self, value: u64);
    /// Reads what all CPUs added to the first row.
    fn total(&self) -> u64;
    /// Writes it.
    fn set_total(&self, value: u64);
    /// Adds to it.
    fn add_total(&self, amount: u64);
}

/// What holds for one packet.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The window, as [`crate::Window::id`] says.
    pub window: u32,
    /// The packet that crosses where there is no noise; zero where nobody counts.
    pub threshold: u32,
    /// The allowance of a CPU in quiet times, at least one.
    pub batch: u32,
    /// Whether a packet of a source that was told needs no look: else each of them is met.
    pub is_told_enough: bool,
}

/// Counts one packet of the source behind `hash`, whatever there is to be done with it.
#[inline(always)]
pub fn count(memory: &impl Local, hash: u64, base: u64) -> Heats {
    let first = step(memory, (0, cell_of(hash, 0)), base);
    let second = step(memory, (1, cell_of(hash, 1)), base);
    Heats(first & second & LocalCell::STATES)
}

/// Counts one packet in one cell; returns the cell.
#[inline(always)]
fn step(memory: &impl Local, at: At, base: u64) -> u64 {
    let place = memory.place(at);
    let local = memory.local(place);
    if local.wrapping_sub(base) >> LocalCell::STAMP != 0 {
        return memory.flush(at);
    }
    memory.count_down(place, LocalCell::PACKET);
    local
}

/// Returns what was counted in the cells of `hash`, the lesser of both.
#[inline(always)]
pub fn counted(shared: &impl Shared, hash: u64, window: u32) -> u32 {
    let counted = |row| {
        let sum = Sum(shared.sum(row, cell_of(hash, row)));
        sum.count(window).unwrap_or(0)
    };
    cap(counted(0), counted(1))
}

/// Forgets what one detector has counted in the cells of `hash`, so that the source starts afresh.
#[inline(always)]
pub fn restart(memory: &impl Local, shared: &impl Shared, hash: u64, window: u32) {
    for row in 0..ROWS {
        let cell = cell_of(hash, row);
        memory.set_local(memory.place((row, cell)), LocalCell::default().0);
        shared.set_sum(row, cell, Sum::new(window, 0).0);
    }
}

/// Remembers that what was to be done about the source was tried in this window.
#[inline(always)]
pub fn mark_told(memory: &impl Local, hash: u64, slot: u32) {
    for row in 0..ROWS {
        let place = memory.place((row, cell_of(hash, row)));
        let told = LocalCell::TOLD << (2 * (slot & 1));
        memory.set_local(place, memory.local(place) | told);
    }
}

/// Adds a packet, and what this CPU counted in its cell before, to what all did; returns the cell,
/// which has its next allowance.
#[inline(always)]
pub fn flush<S: Shared>(
    memory: &impl Local,
    at: At,
    stamp: u64,
    slots: &[(S, Turn); SLOTS],
) -> u64 {
    let place = memory.place(at);
    let cell = (LocalCell(memory.local(place)), memory.since(at));
    let [(first_sums, first), (second_sums, second)] = slots;
    let (first_grant, first_state) = settle(first_sums, at, (cell, 0), first);
    let (second_grant, second_state) = settle(second_sums, at, (cell, 1), second);
    memory.set_since(
        at,
        (u64::from(second.window) << 32) | u64::from(first.window),
    );
    let allowance = cap(first_grant, second_grant);
    let local = LocalCell::new(stamp, allowance, first_state | (second_state << 2)).0;
    memory.set_local(place, local);
    local
}

/// Does that for one detector; returns the allowance that it grants, and how the cell stands.
#[inline(always)]
fn settle(
    sums: &impl Shared,
    (row, at): At,
    ((local, since), slot): ((LocalCell, u64), usize),
    turn: &Turn,
) -> (u32, u64) {
    if turn.threshold == 0 {
        return (BATCH_MAX, LocalCell::COLD);
    }
    let is_current = (since >> (32 * slot)) as u32 == turn.window;
    // What was counted in another window is over, however little of it was added up.
    let (pending, is_told) = if is_current {
        (local.pending(), local.is_told(slot))
    } else {
        (0, false)
    };
    let amount = pending + 1;
    let count = match Sum(sums.sum(row, at)).count(turn.window) {
        Some(count) if count > u32::MAX / 2 => count, // enough for every limit
        Some(count) => {
            sums.add_sum(row, at, u64::from(amount));
            count + amount
        }
        None => {
            sums.set_sum(row, at, Sum::new(turn.window, amount).0);
            amount
        }
    };
    let added = tally(sums, if row == 0 { amount } else { 0 }, turn.window);
    // An eighth of the noise that this CPU makes: then the sums are written some times for each
    // cell and window, however many packets there are.
    let noisy = added >> (CELLS_LOG2 + 3);
    let batch = if noisy > turn.batch {
        noisy
    } else {
        turn.batch
    };
    // What the others hold: nobody is noise to himself.
    let others = total(sums, turn.window).saturating_sub(count);
    let limit = limit(turn.threshold, others);
    if count < limit {
        return (cap(cap(batch, limit - count), BATCH_MAX), LocalCell::COLD);
    }
    if !is_told {
        return (1, LocalCell::HOT);
    }
    let is_enough = turn.is_told_enough;
    let allowance = if is_enough { cap(batch, BATCH_MAX) } else { 1 };
    (allowance, LocalCell::TOLD)
}

#[inline(always)]
const fn cap(value: u32, max: u32) -> u32 {
    if value < max { value } else { max }
}

/// Returns the count that is too much where the other cells of a row hold `others` packets in all.
#[inline(always)]
const fn limit(threshold: u32, others: u32) -> u32 {
    let average = others >> CELLS_LOG2;
    // An eighth for chance, and a sixteenth for what lies in allowances (half of an eighth): a cell
    // that was just added to is ahead of the average.
    threshold.saturating_add(average + (average >> 3) + (average >> 4))
}

#[inline(always)]
fn total(memory: &impl Shared, window: u32) -> u32 {
    Sum(memory.total()).count(window).unwrap_or(0)
}

/// Notes that this CPU added `amount` packets; returns what it added in this window.
#[inline(always)]
fn tally(memory: &impl Shared, amount: u32, window: u32) -> u32 {
    // Window: 16 bits, not yet in the total: 16 bits, added: 32 bits.
    let tally = memory.tally();
    let is_now = tally >> 48 == u64::from(window & 0xffff);
    let (mut unfolded, added) = if is_now {
        ((tally >> 32) as u32 & 0xffff, tally as u32)
    } else {
        (0, 0)
    };
    if amount == 0 {
        return added;
    }
    let added = added.saturating_add(amount);
    unfolded += amount;
    if unfolded >= FOLD {
        fold(memory, unfolded, window);
        unfolded = 0;
    }
    let tally = u64::from(window & 0xffff) << 48 | u64::from(unfolded) << 32 | u64::from(added);
    memory.set_tally(tally);
    added
}

#[inline(always)]
fn fold(memory: &impl Shared, amount: u32, window: u32) {
    match Sum(memory.total()).count(window) {
        Some(count) if count > u32::MAX / 2 => {}
        Some(_) => memory.add_total(u64::from(amount)),
        None => memory.set_total(Sum::new(window, amount).0),
    }
}

#[cfg(test)]
mod tests;
