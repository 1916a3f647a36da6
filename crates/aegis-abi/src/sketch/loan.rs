//! Packets that are counted before they come.
//!
//! Nearly all connection requests go to one destination, that of the host itself. Whoever meets it
//! again and again takes of the allowance of both of its cells at once, and so need not find them,
//! read them and write them for each packet. What is not used is given back before anybody else
//! adds these cells to the sums, so that the sums never hold a packet that did not come.

use super::{LocalCell, Pair, ROWS, cell_of};
use crate::sketch::Local;

/// Takes of the allowance of both cells of `hash`; returns how many packets that pays for, zero
/// where each has to be looked at. An eighth stays for others that share a cell.
#[inline(always)]
pub fn lend(memory: &impl Local, hash: u64, base: u64) -> u64 {
    let pair = Pair::of(memory, hash);
    if pair.spent(memory, base) != 0 {
        return 0;
    }
    let left = |place| (memory.local(place) >> LocalCell::LEFT) & LocalCell::FIELD;
    let [first, second] = pair.places;
    let (left_first, left_second) = (left(first), left(second));
    let least = if left_first < left_second {
        left_first
    } else {
        left_second
    };
    // Two at least are left, and one has to be.
    let lent = least - (least >> 3) - 1;
    memory.count_down(first, lent * LocalCell::PACKET);
    memory.count_down(second, lent * LocalCell::PACKET);
    lent
}

/// Gives back what was [lent](lend) for packets that did not come.
#[inline(always)]
pub fn give_back(memory: &impl Local, hash: u64, lent: u64) {
    for row in 0..ROWS {
        let place = memory.place((row, cell_of(hash, row)));
        memory.set_local(place, memory.local(place) + lent * LocalCell::PACKET);
    }
}

#[cfg(test)]
mod tests;
