//! Which source, destination or port is counted where: under the secret of the node's tables, so
//! that nobody outside can choose addresses that meet.

use super::{CELLS, CELLS_LOG2};
use crate::{
    AddressV6,
    table::{Hash, HashKey},
};

// One hash serves all: that by which a source is looked for in the lists says where it is counted,
// too. For an IPv4 address it is one multiplication, of which two sources have the same upper 24
// bits with a chance of one in eight million (Dietzfelbinger et al., A Reliable Randomized Algorithm
// for the Closest-Pair Problem, 1997).

/// Returns the hash of an IPv4 destination in network byte order.
#[inline(always)]
pub const fn destination_hash_v4(key: &HashKey, address: u32) -> Hash {
    key.hash32(address)
}

/// Returns the hash of an IPv6 destination, of which the last half counts as well.
#[inline(always)]
pub const fn destination_hash_v6(key: &HashKey, address: AddressV6) -> Hash {
    key.hash64(address.net ^ address.host.rotate_left(23))
}

/// Returns the cell of a hash in `row`.
#[inline(always)]
pub const fn cell_of(hash: u64, row: usize) -> usize {
    (hash >> (64 - CELLS_LOG2 - CELLS_LOG2 * row as u32)) as usize & (CELLS - 1)
}

/// Returns which of 64 classes a hash belongs to; other bits than those of the cells. Two parts of
/// them, since neighbours' products differ in each by the same.
#[inline(always)]
pub const fn class_of(hash: u64) -> u32 {
    ((hash >> 34) ^ (hash >> 21)) as u32 & 63
}

/// Returns which of 64 classes a port belongs to; `port` has its bytes in the order of the wire.
///
/// The upper bits of one product alone spread neighbouring ports too evenly to count by them; those
/// of the product of its halves spread them as chance does.
#[inline(always)]
pub const fn class_of_port(key: &HashKey, port: u16) -> u32 {
    let product = key.hash32(port as u32).bits64();
    (product.wrapping_mul(product >> 32) >> 58) as u32
}

/// Returns which slot of `slots` (a power of two) a suspect has.
#[inline(always)]
pub const fn slot_of(hash: u64, slots: u32) -> u32 {
    (hash >> 24) as u32 & (slots - 1)
}
