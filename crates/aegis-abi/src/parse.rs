//! The packet parser: from an Ethernet frame to its source address, then to TCP flags.
//!
//! In steps, so that a blocked source is dropped before anything behind the IP header is read:
//! [`parse_link`] and then [`parse_ipv4`] or [`parse_ipv6`] find the source, [`parse_transport`]
//! walks what stands before the transport header, [`parse_tcp`] reads TCP flags. What only some
//! detectors want, a destination or a port, is read by those. A [`Skip`] means that the packet is
//! passed and counted: the stack drops what is malformed by itself.
//!
//! The loops are bounded by constants and every access is checked, which is what the kernel's
//! verifier asks for; the same code runs on the host under tests and a fuzzer.

mod plain;

pub use self::plain::{
    PLAIN_BYTES_MIN, PlainHead, is_plain_source_mapped, parse_plain_request_v4,
    parse_plain_request_v6, plain_length_v4, plain_length_v6, plain_source_v4, plain_source_v6,
};
use crate::Family;

/// VLAN tags (802.1Q or 802.1ad) that the parser looks through.
pub const VLAN_TAGS_MAX: usize = 4;
/// IPv6 extension headers that the parser looks through.
pub const EXTENSION_HEADERS_MAX: usize = 6;

const ETHERNET_BYTES: usize = 14;
const ETHER_TYPE_IPV4: u16 = 0x0800;
const ETHER_TYPE_IPV6: u16 = 0x86dd;
const ETHER_TYPE_VLAN: u16 = 0x8100;
const ETHER_TYPE_QINQ: u16 = 0x88a8;

const PROTOCOL_TCP: u8 = 6;
/// The protocol number of UDP.
pub const PROTOCOL_UDP: u8 = 17;
/// The protocol number of ICMP.
pub const PROTOCOL_ICMP: u8 = 1;
/// The protocol number of ICMPv6.
pub const PROTOCOL_ICMPV6: u8 = 58;
const HEADER_HOP_BY_HOP: u8 = 0;
const HEADER_ROUTING: u8 = 43;
const HEADER_FRAGMENT: u8 = 44;
const HEADER_AUTHENTICATION: u8 = 51;
const HEADER_DESTINATION: u8 = 60;

/// Bytes of a packet, wherever they lie.
pub trait Frame {
    /// Returns `N` bytes from `offset` on, or `None` where the packet ends before.
    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;
}

impl Frame for [u8] {
    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.get(offset..)?.first_chunk().copied()
    }
}

/// Why a packet is passed without a look at the tables.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Skip {
    /// Neither IPv4 nor IPv6.
    NotIp,
    /// It ends before its headers do.
    Truncated,
    /// A header contradicts itself.
    BadHeader,
    /// More than [`VLAN_TAGS_MAX`] tags.
    TooManyTags,
    /// More than [`EXTENSION_HEADERS_MAX`] IPv6 extension headers.
    TooManyHeaders,
    /// An IPv6 source in `::ffff:0:0/96`: an IPv4 address in IPv6 clothes never is legal on a
    /// wire, and taking it for the IPv4 address would let anyone speak in its name.
    MappedSource,
}

/// Where the IP header starts, and of which family the frame says it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link {
    /// What the last Ethernet type says.
    pub family: Family,
    /// Where the IP header starts.
    pub offset: usize,
}

/// An IPv4 header: who sent the packet, and where its next header lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipv4 {
    /// The sender in network byte order.
    pub source: [u8; 4],
    /// The protocol number of what follows.
    pub protocol: u8,
    /// Where this header starts.
    pub offset: usize,
    /// Where what follows starts.
    pub next_offset: usize,
    /// Whether this is a fragment other than the first.
    pub is_later_fragment: bool,
}

/// An IPv6 address as two halves, each with its bytes in the order of the wire.
///
/// Sixteen single bytes would be copied one by one, and onto a stack that has an alignment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AddressV6 {
    /// The first eight bytes: the /64 prefix.
    pub net: u64,
    /// The last eight bytes.
    pub host: u64,
}

impl AddressV6 {
    /// Returns the sixteen bytes as on the wire.
    pub const fn octets(self) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h] = self.net.to_ne_bytes();
        let [i, j, k, l, m, n, o, p] = self.host.to_ne_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    /// Returns whether this is an IPv4 address in IPv6 clothes, `::ffff:0:0/96`.
    #[inline(always)]
    const fn is_mapped(self) -> bool {
        let mapped = u64::from_be(0x0000_ffff_0000_0000);
        let mask = u64::from_be(0xffff_ffff_0000_0000);
        self.net == 0 && self.host & mask == mapped
    }
}

/// An IPv6 header: who sent the packet, and where its next header lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipv6 {
    /// The sender.
    pub source: AddressV6,
    /// The kind of header that follows.
    pub next_header: u8,
    /// Where this header starts.
    pub offset: usize,
    /// Where what follows starts.
    pub next_offset: usize,
    /// Where the packet ends, as the header says.
    pub end: usize,
}

/// Either header, for those who need not tell the families apart at every step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Network {
    /// IPv4.
    V4(Ipv4),
    /// IPv6.
    V6(Ipv6),
}

/// What stands behind the IP headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// A TCP header at this offset.
    Tcp(usize),
    /// Another protocol at this offset.
    Other {
        /// Its number.
        protocol: u8,
        /// Where its header starts.
        offset: usize,
    },
    /// A fragment other than the first: what lies there is no header.
    LaterFragment,
}

/// The ports of a UDP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Udp {
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub destination_port: u16,
}

/// What detectors read of a TCP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tcp {
    /// To which port.
    pub destination_port: u16,
    /// The byte of flags.
    pub flags: u8,
}

impl Tcp {
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;

    /// Returns whether this asks for a new connection.
    #[inline(always)]
    pub const fn is_connection_request(self) -> bool {
        self.flags & (Self::SYN | Self::ACK) == Self::SYN
    }

    /// Returns whether this is what a connection carries once both sides have spoken.
    #[inline(always)]
    pub const fn is_within_connection(self) -> bool {
        self.flags & (Self::SYN | Self::ACK | Self::RST) == Self::ACK
    }
}

/// Reads Ethernet, VLAN tags and the IP header.
#[inline(always)]
pub fn parse_network(frame: &(impl Frame + ?Sized)) -> Result<Network, Skip> {
    let link = parse_link(frame)?;
    match link.family {
        Family::V4 => parse_ipv4(frame, link.offset).map(Network::V4),
        Family::V6 => parse_ipv6(frame, link.offset).map(Network::V6),
    }
}

/// Walks up to the transport header.
#[inline(always)]
pub fn parse_transport(
    frame: &(impl Frame + ?Sized),
    network: &Network,
) -> Result<Transport, Skip> {
    match network {
        Network::V4(header) => Ok(parse_transport_v4(header)),
        Network::V6(header) => parse_transport_v6(frame, header),
    }
}

/// Reads Ethernet and VLAN tags.
#[inline(always)]
pub fn parse_link(frame: &(impl Frame + ?Sized)) -> Result<Link, Skip> {
    // The whole header at once: a check of its last bytes alone teaches the verifier less.
    let ethernet: [u8; ETHERNET_BYTES] = frame.load(0).ok_or(Skip::Truncated)?;
    let mut ether_type = u16::from_be_bytes([ethernet[12], ethernet[13]]);
    let mut offset = ETHERNET_BYTES;
    for _ in 0..VLAN_TAGS_MAX {
        if !is_vlan(ether_type) {
            break;
        }
        let [_, _, high, low]: [u8; 4] = frame.load(offset).ok_or(Skip::Truncated)?;
        ether_type = u16::from_be_bytes([high, low]);
        offset += 4;
    }
    let family = match ether_type {
        ETHER_TYPE_IPV4 => Family::V4,
        ETHER_TYPE_IPV6 => Family::V6,
        other if is_vlan(other) => return Err(Skip::TooManyTags),
        _ => return Err(Skip::NotIp),
    };
    Ok(Link { family, offset })
}

/// Where the IP header starts in a frame without VLAN tags.
pub const UNTAGGED_OFFSET: usize = ETHERNET_BYTES;

/// Returns whether the first byte of a header says version 4 and at least five words.
#[inline(always)]
const fn is_sound_v4(first: u8) -> bool {
    // In one comparison.
    first.wrapping_sub(0x45) <= 0x4f - 0x45
}

/// Reads the source of the IPv4 header at `offset`, and no more than that needs.
#[inline(always)]
pub fn parse_source_v4(frame: &(impl Frame + ?Sized), offset: usize) -> Result<[u8; 4], Skip> {
    let header: [u8; 20] = frame.load(offset).ok_or(Skip::Truncated)?;
    if !is_sound_v4(header[0]) {
        return Err(Skip::BadHeader);
    }
    // At once, not byte by byte out of the array.
    frame.load(offset + 12).ok_or(Skip::Truncated)
}

/// Reads the IPv4 header at `offset`.
#[inline(always)]
pub fn parse_ipv4(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Ipv4, Skip> {
    let header: [u8; 20] = frame.load(offset).ok_or(Skip::Truncated)?;
    let header_bytes = (header[0] & 0x0f) as usize * 4;
    let total_bytes = u16::from_be_bytes([header[2], header[3]]) as usize;
    // A length of zero is what segmentation offload leaves behind on some paths.
    if header[0] >> 4 != 4 || header_bytes < 20 || (total_bytes != 0 && total_bytes < header_bytes)
    {
        return Err(Skip::BadHeader);
    }
    Ok(Ipv4 {
        // At once, not byte by byte out of the array.
        source: frame.load(offset + 12).ok_or(Skip::Truncated)?,
        protocol: header[9],
        offset,
        next_offset: offset + header_bytes,
        is_later_fragment: u16::from_be_bytes([header[6], header[7]]) & 0x1fff != 0,
    })
}

/// Reads the IPv6 header at `offset`.
#[inline(always)]
pub fn parse_ipv6(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Ipv6, Skip> {
    let header: [u8; 40] = frame.load(offset).ok_or(Skip::Truncated)?;
    if header[0] >> 4 != 6 {
        return Err(Skip::BadHeader);
    }
    let net = frame.load(offset + 8).ok_or(Skip::Truncated)?;
    let host = frame.load(offset + 16).ok_or(Skip::Truncated)?;
    let source = AddressV6 {
        net: u64::from_ne_bytes(net),
        host: u64::from_ne_bytes(host),
    };
    if source.is_mapped() {
        return Err(Skip::MappedSource);
    }
    Ok(Ipv6 {
        source,
        next_header: header[6],
        offset,
        next_offset: offset + 40,
        end: offset + 40 + u16::from_be_bytes([header[4], header[5]]) as usize,
    })
}

/// Tells what follows an IPv4 header.
#[inline(always)]
pub const fn parse_transport_v4(header: &Ipv4) -> Transport {
    if header.is_later_fragment {
        Transport::LaterFragment
    } else {
        transport(header.protocol, header.next_offset)
    }
}

/// Walks IPv6 extension headers and fragments up to the transport header.
#[inline(always)]
pub fn parse_transport_v6(
    frame: &(impl Frame + ?Sized),
    network: &Ipv6,
) -> Result<Transport, Skip> {
    let mut header = network.next_header;
    let mut offset = network.next_offset;
    for _ in 0..EXTENSION_HEADERS_MAX {
        if !is_extension(header) {
            break;
        }
        let [next, length, high, low]: [u8; 4] = frame.load(offset).ok_or(Skip::Truncated)?;
        offset += match header {
            HEADER_FRAGMENT if u16::from_be_bytes([high, low]) & 0xfff8 != 0 => {
                return Ok(Transport::LaterFragment);
            }
            HEADER_FRAGMENT => 8,
            HEADER_AUTHENTICATION => (length as usize + 2) * 4,
            _ => (length as usize + 1) * 8,
        };
        header = next;
    }
    if is_extension(header) {
        return Err(Skip::TooManyHeaders);
    }
    Ok(transport(header, offset))
}

#[inline(always)]
const fn transport(protocol: u8, offset: usize) -> Transport {
    match protocol {
        PROTOCOL_TCP => Transport::Tcp(offset),
        protocol => Transport::Other { protocol, offset },
    }
}

/// Reads the TCP header at `offset`.
#[inline(always)]
pub fn parse_tcp(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Tcp, Skip> {
    // At once: the verifier learns nothing from a check of the flags about the port before them.
    let header: [u8; 14] = frame.load(offset).ok_or(Skip::Truncated)?;
    Ok(Tcp {
        destination_port: u16::from_be_bytes([header[2], header[3]]),
        flags: header[13],
    })
}

/// Reads the UDP header at `offset`.
#[inline(always)]
pub fn parse_udp(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Udp, Skip> {
    let header: [u8; 8] = frame.load(offset).ok_or(Skip::Truncated)?;
    Ok(Udp {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        destination_port: u16::from_be_bytes([header[2], header[3]]),
    })
}

/// Reads the type of the ICMP or ICMPv6 header at `offset`.
#[inline(always)]
pub fn parse_icmp(frame: &(impl Frame + ?Sized), offset: usize) -> Result<u8, Skip> {
    let header: [u8; 4] = frame.load(offset).ok_or(Skip::Truncated)?;
    Ok(header[0])
}

/// Reads the destination of an IPv4 packet, in network byte order.
#[inline(always)]
pub fn parse_destination_v4(frame: &(impl Frame + ?Sized), header: &Ipv4) -> Result<[u8; 4], Skip> {
    frame.load(header.offset + 16).ok_or(Skip::Truncated)
}

/// Reads the destination of an IPv6 packet.
#[inline(always)]
pub fn parse_destination_v6(
    frame: &(impl Frame + ?Sized),
    header: &Ipv6,
) -> Result<AddressV6, Skip> {
    let net = frame.load(header.offset + 24).ok_or(Skip::Truncated)?;
    let host = frame.load(header.offset + 32).ok_or(Skip::Truncated)?;
    Ok(AddressV6 {
        net: u64::from_ne_bytes(net),
        host: u64::from_ne_bytes(host),
    })
}

#[inline(always)]
const fn is_vlan(ether_type: u16) -> bool {
    ether_type == ETHER_TYPE_VLAN || ether_type == ETHER_TYPE_QINQ
}

#[inline(always)]
const fn is_extension(header: u8) -> bool {
    matches!(
        header,
        HEADER_HOP_BY_HOP
            | HEADER_ROUTING
            | HEADER_FRAGMENT
            | HEADER_AUTHENTICATION
            | HEADER_DESTINATION
    )
}

#[cfg(test)]
mod tests;
