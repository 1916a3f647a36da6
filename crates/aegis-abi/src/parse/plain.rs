//! Packets as nearly all are, without VLAN tags and options: one check of how long they are, and one
//! of what they are. All others are left to the parser that takes every packet.

use super::{
    AddressV6, ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, Frame, PROTOCOL_TCP, Tcp, UNTAGGED_OFFSET,
};
use crate::pin;

/// How long a packet is at least that is taken for a plain one, of either family: an IPv6 header
/// behind that of Ethernet. On a wire every packet is longer.
pub const PLAIN_BYTES_MIN: usize = UNTAGGED_OFFSET + 40;

/// What stands where a packet without VLAN tags has its type and the first byte of its IP header.
#[derive(Clone, Copy, Debug)]
pub struct PlainHead(u64);

impl PlainHead {
    /// Reads it, where the packet is not too short for one. `None` says nothing else about it.
    #[inline(always)]
    pub fn read(frame: &(impl Frame + ?Sized)) -> Option<Self> {
        let _: [u8; PLAIN_BYTES_MIN] = frame.load(0)?;
        // At once, not byte by byte out of the array.
        let head = frame.load(UNTAGGED_OFFSET - 2)?;
        const HEAD: i32 = i32::from_ne_bytes([0xff, 0xff, 0xff, 0]);
        // Each of the two questions below takes away what it does not ask for, of the same register.
        Some(Self(pin::and::<HEAD>(u32::from_ne_bytes(head).into())))
    }

    /// Returns whether it is an IPv4 header without options.
    #[inline(always)]
    pub fn is_v4(self) -> bool {
        self.0 == Self::of(ETHER_TYPE_IPV4, 0x45)
    }

    /// Returns whether it is an IPv6 header, of whatever traffic class.
    #[inline(always)]
    pub fn is_v6(self) -> bool {
        const VERSION: i32 = i32::from_ne_bytes([0xff, 0xff, 0xf0, 0]);
        pin::and::<VERSION>(self.0) == Self::of(ETHER_TYPE_IPV6, 0x60)
    }

    #[inline(always)]
    const fn of(ether_type: u16, first: u8) -> u64 {
        let [high, low] = ether_type.to_be_bytes();
        u32::from_ne_bytes([high, low, first, 0]) as u64
    }
}

/// Returns the total length, in network byte order, of a packet whose head [is IPv4's](PlainHead::is_v4).
#[inline(always)]
pub fn plain_length_v4(frame: &(impl Frame + ?Sized)) -> Option<[u8; 2]> {
    frame.load(UNTAGGED_OFFSET + 2)
}

/// Returns the source, in network byte order, of such a packet.
#[inline(always)]
pub fn plain_source_v4(frame: &(impl Frame + ?Sized)) -> Option<[u8; 4]> {
    frame.load(UNTAGGED_OFFSET + 12)
}

/// Returns destination and port, both in network byte order, of a TCP connection request in a packet
/// whose head [is IPv4's](PlainHead::is_v4). `None` says nothing about the others.
#[inline(always)]
pub fn parse_plain_request_v4(frame: &(impl Frame + ?Sized)) -> Option<([u8; 4], [u8; 2])> {
    const OFFSET: usize = UNTAGGED_OFFSET;
    const TCP: usize = OFFSET + 20;
    const { assert!(TCP + 14 <= PLAIN_BYTES_MIN) };
    // As when it was read first: one check for all that follows.
    let _: [u8; PLAIN_BYTES_MIN] = frame.load(0)?;
    // At once: which fragment, how many hops yet, and the protocol.
    let middle = u32::from_ne_bytes(frame.load(OFFSET + 6)?);
    let mask = u32::from_ne_bytes([0x1f, 0xff, 0, 0xff]);
    if middle & mask != u32::from_ne_bytes([0, 0, 0, PROTOCOL_TCP]) {
        return None;
    }
    let [flags] = frame.load(TCP + 13)?;
    // A header that contradicts itself is for those who say so, and of the length one byte is enough
    // to see that nearly none does.
    let [length] = frame.load(OFFSET + 3)?;
    if flags & (Tcp::SYN | Tcp::ACK) != Tcp::SYN || length < 20 {
        return None;
    }
    Some((frame.load(OFFSET + 16)?, frame.load(TCP + 2)?))
}

/// Returns the length of what follows the header, in network byte order, of a packet whose head
/// [is IPv6's](PlainHead::is_v6).
#[inline(always)]
pub fn plain_length_v6(frame: &(impl Frame + ?Sized)) -> Option<[u8; 2]> {
    frame.load(UNTAGGED_OFFSET + 4)
}

/// Returns whether the source of such a packet is an IPv4 address in IPv6 clothes. Nearly none has the
/// middle of one: only then more of it is read.
#[inline(always)]
pub fn is_plain_source_mapped(frame: &(impl Frame + ?Sized)) -> bool {
    frame.load(UNTAGGED_OFFSET + 16) == Some([0, 0, 0xff, 0xff])
        && frame.load(UNTAGGED_OFFSET + 8) == Some([0; 8])
}

/// Returns the source of a packet whose head [is IPv6's](PlainHead::is_v6).
#[inline(always)]
pub fn plain_source_v6(frame: &(impl Frame + ?Sized)) -> Option<AddressV6> {
    Some(AddressV6 {
        net: u64::from_ne_bytes(frame.load(UNTAGGED_OFFSET + 8)?),
        host: u64::from_ne_bytes(frame.load(UNTAGGED_OFFSET + 16)?),
    })
}

/// Returns destination and port, as on the wire, of a TCP connection request right behind the header
/// of a packet whose head [is IPv6's](PlainHead::is_v6). `None` says nothing about the others.
#[inline(always)]
pub fn parse_plain_request_v6(frame: &(impl Frame + ?Sized)) -> Option<(AddressV6, [u8; 2])> {
    const OFFSET: usize = UNTAGGED_OFFSET;
    const TCP: usize = OFFSET + 40;
    let _: [u8; TCP + 14] = frame.load(0)?;
    let [next] = frame.load(OFFSET + 6)?;
    let [flags] = frame.load(TCP + 13)?;
    if next != PROTOCOL_TCP || flags & (Tcp::SYN | Tcp::ACK) != Tcp::SYN {
        return None;
    }
    let destination = AddressV6 {
        net: u64::from_ne_bytes(frame.load(OFFSET + 24)?),
        host: u64::from_ne_bytes(frame.load(OFFSET + 32)?),
    };
    Some((destination, frame.load(TCP + 2)?))
}
