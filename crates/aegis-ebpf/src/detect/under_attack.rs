//! Whether a destination is under attack: for who answers with SYN cookies while it is.

use aegis_abi::{AddressV6, Family, config_flag, sketch};

use super::{
    Kind, Look, Packet,
    attack::{self, is_held},
    facts,
    sketch::shared,
};
use crate::{filter::Moment, tables::SETTINGS};

/// Returns the hash of an IPv4 destination, in network byte order.
#[inline(always)]
pub(crate) fn destination_hash_v4(address: u32) -> u64 {
    sketch::destination_hash_v4(&SETTINGS.hash_key(), address).bits64()
}

/// Returns the hash of an IPv6 destination.
#[inline(always)]
pub(crate) fn destination_hash_v6(address: AddressV6) -> u64 {
    sketch::destination_hash_v6(&SETTINGS.hash_key(), address).bits64()
}

/// Returns whether the destination of this hash counts as under attack: it crossed, and that is no
/// longer ago than the detector was told. Another destination of the same cell counts with it.
#[inline(always)]
pub(crate) fn is_under_attack(moment: &Moment, destination_hash: u64) -> bool {
    is_held(shared(), moment.now, destination_hash)
}

/// Counts a connection request for its destination and for nothing else: who answers it counts it
/// so, or the attack would seem over as soon as it is answered.
#[inline(always)]
pub(crate) fn count_request(moment: &Moment, family: Family, source: u64, destination: AddressV6) {
    if moment.has(config_flag::DETECT) {
        let facts = facts(moment, (Kind::Request, 0), family);
        aegis_count_request(facts, source, destination.net, destination.host);
    }
}

/// A global function for the reasons of `aegis_inspect`.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn aegis_count_request(facts: u64, source: u64, net: u64, host: u64) -> u32 {
    let packet = Packet {
        facts,
        source,
        destination: AddressV6 { net, host },
        bytes: 0, // does not count here
    };
    if let Some(look) = Look::new(packet) {
        attack::count(&look);
    }
    0
}
