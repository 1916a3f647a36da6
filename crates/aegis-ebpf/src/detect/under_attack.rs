//! Whether a destination is under attack: for who answers with SYN cookies while it is.

#![expect(
    dead_code,
    reason = "the door of the detectors to a part of the program that is built beside them"
)]

use aegis_abi::{AddressV6, sketch};

use super::{DETECT, attack::is_held, sketch::shared};
use crate::filter::Moment;

/// Returns the hash of an IPv4 destination, in network byte order.
#[inline(always)]
pub(crate) fn destination_hash_v4(address: u32) -> Option<u64> {
    let config = DETECT.get(0)?;
    Some(sketch::destination_hash_v4(config.sketch_key, address))
}

/// Returns the hash of an IPv6 destination.
#[inline(always)]
pub(crate) fn destination_hash_v6(address: AddressV6) -> Option<u64> {
    let config = DETECT.get(0)?;
    Some(sketch::destination_hash_v6(config.sketch_key, address))
}

/// Returns whether the destination of this hash counts as under attack: it crossed, and that is no
/// longer ago than the detector was told. Another destination of the same cell counts with it.
#[inline(always)]
pub(crate) fn is_under_attack(moment: &Moment, destination_hash: u64) -> bool {
    shared().is_some_and(|it| is_held(it, moment.now, destination_hash))
}
