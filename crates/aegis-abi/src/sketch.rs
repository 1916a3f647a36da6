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
//! **Noise.** A flood from millions of forged sources fills every cell alike. What the average cell
//! holds (and three sixteenths) is therefore added to the limit, so that nobody is above it for
//! sharing cells with such a flood, and who stands out of it still is.
//!
//! The rows are tested against the limit one after the other: the least of both would be a branch
//! that nobody can predict.

use crate::{AddressV6, Plain};

/// Cells of a row: the rows that a flood writes fit into the second cache together.
pub const CELLS: usize = 4096;
const CELLS_LOG2: u32 = CELLS.trailing_zeros();
/// Rows of a sketch.
pub const ROWS: usize = 2;
/// The longest allowance.
pub const BATCH_MAX: u32 = 1 << 16;
/// Packets that a CPU adds to the total of a sketch at once.
const FOLD: u32 = 256;

/// Returns the hash of an IPv4 source or destination, by which cells are chosen.
#[inline(always)]
pub const fn hash_v4(key: u64, address: u32) -> u64 {
    // Another key than for IPv6: a prefix that begins like an address is not that address.
    mix(address as u64 ^ key.rotate_left(32))
}

/// Returns the hash of an IPv6 /64.
#[inline(always)]
pub const fn hash_v6(key: u64, net: u64) -> u64 {
    mix(net ^ key)
}

/// Returns the hash of an IPv4 destination.
#[inline(always)]
pub const fn destination_hash_v4(key: u64, address: u32) -> u64 {
    hash_v4(key, address)
}

/// Returns the hash of an IPv6 destination, of which the last half counts as well.
#[inline(always)]
pub const fn destination_hash_v6(key: u64, address: AddressV6) -> u64 {
    hash_v6(key, address.net ^ address.host.rotate_left(23))
}

/// Mixes all bits into all bits; different values stay different.
#[inline(always)]
const fn mix(value: u64) -> u64 {
    // The factors are odd, so each step can be undone; which ones, hardly matters (splitmix64's).
    let value = (value ^ (value >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 32)
}

/// Returns the cell of a hash in `row`.
#[inline(always)]
pub const fn cell_of(hash: u64, row: usize) -> usize {
    (hash >> (64 - CELLS_LOG2 - CELLS_LOG2 * row as u32)) as usize & (CELLS - 1)
}

/// Returns which of 64 classes a hash belongs to; other bits than those of the cells.
#[inline(always)]
pub const fn class_of(hash: u64) -> u32 {
    (hash & 63) as u32
}

/// Returns which of 64 classes a port belongs to.
#[inline(always)]
pub const fn class_of_port(key: u64, port: u16) -> u32 {
    class_of(mix(port as u64 ^ key.rotate_left(16)))
}

/// Returns which slot of `slots` (a power of two) a suspect has.
#[inline(always)]
pub const fn slot_of(hash: u64, slots: u32) -> u32 {
    (hash >> 8) as u32 & (slots - 1)
}

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

/// What one CPU counts of one cell: how many packets it may still count before it adds to the sum,
/// how many it could at first, and how the cell stood then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LocalCell(u64); // left: 20 bits, allowance: 20, state: 7, used: 1, window: 16

impl LocalCell {
    const FIELD: u64 = (1 << 20) - 1;
    const COLD: u64 = 0;
    const HOT: u64 = 1 << 40;
    const TOLD: u64 = 3 << 40;
    const STATE: u64 = 0x7f << 40;
    /// Set in every cell that was ever used: one that was not is of no window, not of window zero.
    const USED: u64 = 1 << 47;

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

    /// Returns a cell of which nothing is counted yet. It is never zero.
    #[inline(always)]
    pub const fn fresh(turn: &Turn) -> Self {
        Self::new(turn.window, cap(turn.batch, turn.threshold), Self::COLD)
    }

    #[inline(always)]
    const fn new(window: u32, allowance: u32, state: u64) -> Self {
        let allowance = allowance as u64 & Self::FIELD;
        Self(((window as u64 & 0xffff) << 48) | Self::USED | state | (allowance << 20) | allowance)
    }

    /// Returns how much of the allowance is spent.
    #[inline(always)]
    const fn pending(self) -> u32 {
        (((self.0 >> 20) & Self::FIELD) - (self.0 & Self::FIELD)) as u32
    }

    #[inline(always)]
    const fn state(self) -> u64 {
        self.0 & Self::STATE
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

/// The cells of one CPU: maps in the kernel, vectors in tests. Cells are below [`CELLS`], rows below
/// [`ROWS`].
pub trait Local {
    /// Reads a cell.
    fn local(&self, row: usize, cell: usize) -> u64;
    /// Writes a cell.
    fn set_local(&self, row: usize, cell: usize, value: u64);
    /// Calls [`flush`] with what the CPUs share; seldom enough to be a call in the kernel too.
    fn flush(&self, at: (usize, usize), local: LocalCell) -> LocalCell;
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
    /// The packet that crosses where there is no noise, at least one.
    pub threshold: u32,
    /// The allowance of a CPU in quiet times, at least one.
    pub batch: u32,
}

/// Counts one packet of the source behind `hash`; `fresh` is [`LocalCell::fresh`] of this window.
#[inline(always)]
pub fn count(cells: &impl Local, hash: u64, fresh: LocalCell) -> Heat {
    let first = step(cells, (0, cell_of(hash, 0)), fresh);
    let second = step(cells, (1, cell_of(hash, 1)), fresh);
    // The bits of a lesser state are among those of a greater one.
    let state = first & second & LocalCell::STATE;
    if state == LocalCell::COLD {
        Heat::Cold
    } else if state == LocalCell::HOT {
        Heat::Hot
    } else {
        Heat::Told
    }
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

/// Forgets what the cells of `hash` hold, so that the source starts afresh.
#[inline(always)]
pub fn restart(cells: &impl Local, shared: &impl Shared, hash: u64, turn: &Turn) {
    for row in 0..ROWS {
        let cell = cell_of(hash, row);
        cells.set_local(row, cell, LocalCell::fresh(turn).0);
        shared.set_sum(row, cell, Sum::new(turn.window, 0).0);
    }
}

/// Remembers that what was to be done about the source was tried in this window.
#[inline(always)]
pub fn mark_told(cells: &impl Local, hash: u64) {
    for row in 0..ROWS {
        let cell = cell_of(hash, row);
        let local = cells.local(row, cell) & !LocalCell::STATE;
        cells.set_local(row, cell, local | LocalCell::TOLD);
    }
}

/// Counts one packet in one cell; returns the cell.
#[inline(always)]
fn step(cells: &impl Local, (row, cell): (usize, usize), fresh: LocalCell) -> u64 {
    let mut local = cells.local(row, cell);
    if (local ^ fresh.0) >> 47 != 0 {
        local = fresh.0; // of another window
    }
    local -= 1;
    if local & LocalCell::FIELD == 0 {
        local = cells.flush((row, cell), LocalCell(local)).0;
    }
    cells.set_local(row, cell, local);
    local
}

/// Adds what this CPU counted in a cell to what all did, and returns the cell with its next
/// allowance.
#[inline(always)]
pub fn flush(
    memory: &impl Shared,
    (row, cell): (usize, usize),
    local: LocalCell,
    turn: &Turn,
) -> LocalCell {
    let amount = local.pending();
    let count = match Sum(memory.sum(row, cell)).count(turn.window) {
        Some(count) if count > u32::MAX / 2 => count, // enough for every limit
        Some(count) => {
            memory.add_sum(row, cell, amount as u64);
            count + amount
        }
        None => {
            memory.set_sum(row, cell, Sum::new(turn.window, amount).0);
            amount
        }
    };
    let added = tally(memory, if row == 0 { amount } else { 0 }, turn.window);
    // An eighth of the noise that this CPU makes: then the sums are written some times for each
    // cell and window, however many packets there are.
    let noisy = added >> (CELLS_LOG2 + 3);
    let batch = if noisy > turn.batch {
        noisy
    } else {
        turn.batch
    };
    // What the others hold: nobody is noise to himself.
    let others = total(memory, turn.window).saturating_sub(count);
    let limit = limit(turn.threshold, others);
    if count >= limit {
        let state = match local.state() {
            LocalCell::TOLD => LocalCell::TOLD,
            _ => LocalCell::HOT,
        };
        return LocalCell::new(turn.window, cap(batch, BATCH_MAX), state);
    }
    let allowance = cap(cap(batch, limit - count), BATCH_MAX);
    LocalCell::new(turn.window, allowance, LocalCell::COLD)
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

/// Which of 64 classes were seen in a window: of ports, or of sources.
///
/// How many there are is an estimate of how many different ones were seen (linear counting): `n`
/// of them give 64 · (1 − e^(−n/64)) classes on average. All CPUs share the cell, and write only
/// for a class that is new to it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ClassCell {
    /// The window.
    pub window: u32,
    /// How many classes were seen.
    pub count: u32,
    /// Which ones.
    pub classes: u64,
}

// SAFETY: `repr(C)`, integers only, without padding (tested).
unsafe impl Plain for ClassCell {}

impl ClassCell {
    /// Returns the cell with `class` seen in `window`; `None` where nothing changes.
    #[inline(always)]
    pub const fn see(self, window: u32, class: u32) -> Option<Self> {
        let class = 1 << (class & 63);
        if self.window != window {
            return Some(Self {
                window,
                count: 1,
                classes: class,
            });
        }
        if self.classes & class != 0 {
            return None;
        }
        Some(Self {
            window,
            count: self.count + 1,
            classes: self.classes | class,
        })
    }
}

/// Returns how many classes a cell must have seen before its sources are looked at one by one.
#[inline(always)]
pub const fn gate(threshold: u32) -> u32 {
    if threshold < 4 { 1 } else { threshold / 2 }
}

/// Returns how many classes a source must have tried since its cell was at the gate, by itself.
///
/// A source alone in its cell is so caught at exactly `threshold` classes; one that shares it has
/// tried more than half of them, whatever the others did.
#[inline(always)]
pub const fn confirmation(threshold: u32) -> u32 {
    threshold - gate(threshold) + 1
}

#[cfg(test)]
mod tests;
