//! How much memory the process has resident, and giving back what it does not need.

use super::Node;

/// After a second in which nothing was written, memory is given back from so much growth on.
const GROWN_MIN: u64 = 2 * 1024 * 1024;

/// And from so much on while much comes in: the store reads again what it gave back.
const GROWN_MIN_BUSY: u64 = 64 * 1024 * 1024;

/// So many new blocks, and a quarter of all, make it worth packing the lists of them.
const PACKED_FROM: usize = 5_000;

/// What is known of the last time.
#[derive(Default)]
pub(super) struct Memory {
    /// Resident bytes that were left.
    left: u64,
    /// How much was written to the store when it was last looked at.
    written: u64,
    /// How many blocks there were when they were packed last.
    packed: usize,
    /// Whether a long list is being written.
    is_in_order: bool,
}

impl Node {
    /// Has the store keep little in memory while a long list is written.
    pub(super) fn begin_list(&mut self) {
        if !std::mem::replace(&mut self.memory.is_in_order, true) {
            self.tell_store_of_order();
        }
    }

    fn tell_store_of_order(&self) {
        if let Err(error) = self.store.write_in_order(self.memory.is_in_order) {
            let error = super::dispatch::chain(&error);
            tracing::debug!(error, "The store's memory stays as it was");
        }
    }

    /// Gives back what a burst needed on its way, once it is over; from time to time while it lasts.
    pub(super) fn look_after_memory(&mut self) {
        let written = self.disk.written();
        let is_busy = std::mem::replace(&mut self.memory.written, written) != written;
        if !is_busy && std::mem::take(&mut self.memory.is_in_order) {
            self.tell_store_of_order();
        }
        let grown_min = if is_busy { GROWN_MIN_BUSY } else { GROWN_MIN };
        self.give_memory_back(grown_min);
    }

    /// Gives back what an import needed on its way.
    pub(super) fn end_import(&mut self) {
        self.give_memory_back(GROWN_MIN);
    }

    /// Packs the lists of blocks where many have come since the last time.
    fn pack(&mut self) {
        let count = self.engine.ruleset().blocks().len();
        self.memory.packed = self.memory.packed.min(count);
        if count - self.memory.packed < PACKED_FROM.max(count / 4) {
            return;
        }
        self.engine.pack();
        if let Some(board) = &self.board {
            board.pack();
        }
        self.memory.packed = count;
    }

    fn give_memory_back(&mut self, grown_min: u64) {
        let resident = resident_bytes();
        self.memory.left = self.memory.left.min(resident);
        if resident < self.memory.left + grown_min {
            return;
        }
        if let Err(error) = self.store.release_memory() {
            let error = super::dispatch::chain(&error);
            tracing::debug!(error, "The store gives no memory back");
        }
        self.pack();
        aegis_enforce::memory::give_back();
        self.memory.left = resident_bytes();
        tracing::debug!(
            before = resident,
            after = self.memory.left,
            "Memory given back"
        );
    }
}

/// Returns the resident bytes from `/proc/self/statm`, 0 where that cannot be read.
pub(super) fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    resident_pages(&statm).unwrap_or(0) * 4096
}

/// Returns the second field of `statm`: resident pages.
fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
