//! Packets as nearly all are, without VLAN tags and options: one check of how long they are, and one
//! of what they are. All others are left to the parser that takes every packet.

use super::{
    AddressV6, ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, Frame, PROTOCOL_TCP, Tcp, UNTAGGED_OFFSET,
};

/// How long a packet is at least that is taken for a plain one, of either family: an IPv6 header
/// behind that of Ethernet. On a wire every packet is longer.
pub const PLAIN_BYTES_MIN: usize = UNTAGGED_OFFSET + 40;

/// What stands where a packet without VLAN tags has its type and the first bytes of its IP header.
#[derive(Clone, Copy, Debug)]
pub struct PlainHead(u32);

impl PlainHead {
    /// Reads it, where the packet is not too short for one. `None` says nothing else about it.
    #[inline(always)]
    pub fn read(frame: &(impl Frame + ?Sized)) -> Option<Self> {
        let _: [u8; PLAIN_BYTES_MIN] = frame.load(0)?;
        // At once, not byte by byte out of the array.
        let head = frame.load(UNTAGGED_OFFSET - 2)?;
        Some(Self(u32::from_ne_bytes(head)))
    }

    /// Returns whether the bits of `mask` in the byte behind the type are those of `first`.
    #[inline(always)]
    const fn is(self, ether_type: u16, (first, mask): (u8, u8)) -> bool {
        let [high, low] = ether_type.to_be_bytes();
        let mask = u32::from_ne_bytes([0xff, 0xff, mask, 0]);
        self.0 & mask == u32::from_ne_bytes([high, low, first, 0])
    }
}

/// Returns the total length, in network byte order, of an IPv4 packet without VLAN tags and options:
/// what nearly every packet is, with one check of how long it is and one of what it is. `None` says
/// nothing about the others.
#[inline(always)]
pub fn parse_plain_v4(frame: &(impl Frame + ?Sized), head: PlainHead) -> Option<[u8; 2]> {
    if !head.is(ETHER_TYPE_IPV4, (0x45, 0xff)) {
        return None;
    }
    frame.load(UNTAGGED_OFFSET + 2)
}

/// Returns the source, in network byte order, of a packet of which [`parse_plain_v4`] returned
/// something.
#[inline(always)]
pub fn plain_source_v4(frame: &(impl Frame + ?Sized)) -> Option<[u8; 4]> {
    frame.load(UNTAGGED_OFFSET + 12)
}

/// Returns destination and port, both in network byte order, of a TCP connection request in a packet
/// of which [`parse_plain_v4`] returned something. `None` says nothing about the others.
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

/// Returns the length of what follows the header, in network byte order, of an IPv6 packet without VLAN
/// tags, likewise.
#[inline(always)]
pub fn parse_plain_v6(frame: &(impl Frame + ?Sized), head: PlainHead) -> Option<[u8; 2]> {
    if !head.is(ETHER_TYPE_IPV6, (0x60, 0xf0)) {
        return None;
    }
    frame.load(UNTAGGED_OFFSET + 4)
}

/// Returns whether the middle of the source of such a packet is that of an IPv4 address in IPv6
/// clothes, which nearly none has: only then is more of it worth reading.
#[inline(always)]
pub fn may_plain_source_be_mapped(frame: &(impl Frame + ?Sized)) -> bool {
    frame.load(UNTAGGED_OFFSET + 16) == Some([0, 0, 0xff, 0xff])
}

/// Returns whether the source of such a packet is an IPv4 address in IPv6 clothes.
#[inline(always)]
pub fn is_plain_source_mapped(frame: &(impl Frame + ?Sized)) -> bool {
    may_plain_source_be_mapped(frame) && frame.load(UNTAGGED_OFFSET + 8) == Some([0; 8])
}

/// Returns the source of a packet of which [`parse_plain_v6`] returned something.
#[inline(always)]
pub fn plain_source_v6(frame: &(impl Frame + ?Sized)) -> Option<AddressV6> {
    Some(AddressV6 {
        net: u64::from_ne_bytes(frame.load(UNTAGGED_OFFSET + 8)?),
        host: u64::from_ne_bytes(frame.load(UNTAGGED_OFFSET + 16)?),
    })
}

/// Returns destination and port, as on the wire, of a TCP connection request right behind the header
/// of a packet of which [`parse_plain_v6`] returned something. `None` says nothing about the others.
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
