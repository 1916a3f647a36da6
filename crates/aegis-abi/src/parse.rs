//! The packet parser: from an Ethernet frame to its source address, then to TCP flags.
//!
//! Three steps, so that a blocked source is dropped before anything behind the IP header is read:
//! [`parse_network`] finds the source, [`parse_transport`] walks what stands before the transport
//! header, [`parse_tcp`] reads TCP flags. A [`Skip`] means that the packet is passed and counted:
//! the stack drops what is malformed by itself.
//!
//! The loops are bounded by constants and every access is checked, which is what the kernel's
//! verifier asks for; the same code runs on the host under tests and a fuzzer.

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

/// The source address in network byte order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// IPv4.
    V4([u8; 4]),
    /// IPv6.
    V6([u8; 16]),
}

/// The IP header: who sent the packet, and where its next header lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    /// The sender.
    pub source: Source,
    /// The protocol number of what follows.
    pub next_header: u8,
    /// Where it starts.
    pub next_offset: usize,
    /// Whether this is a fragment other than the first (IPv4; IPv6 tells later).
    pub is_later_fragment: bool,
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

/// What detectors read of a TCP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tcp {
    /// The byte of flags.
    pub flags: u8,
}

impl Tcp {
    const SYN: u8 = 0x02;
    const ACK: u8 = 0x10;

    /// Returns whether this asks for a new connection.
    #[inline(always)]
    pub const fn is_connection_request(self) -> bool {
        self.flags & (Self::SYN | Self::ACK) == Self::SYN
    }
}

/// Reads Ethernet, VLAN tags and the fixed IP header.
#[inline(always)]
pub fn parse_network(frame: &(impl Frame + ?Sized)) -> Result<Network, Skip> {
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
    match ether_type {
        ETHER_TYPE_IPV4 => parse_ipv4(frame, offset),
        ETHER_TYPE_IPV6 => parse_ipv6(frame, offset),
        other if is_vlan(other) => Err(Skip::TooManyTags),
        _ => Err(Skip::NotIp),
    }
}

/// Walks IPv6 extension headers and fragments up to the transport header.
#[inline(always)]
pub fn parse_transport(
    frame: &(impl Frame + ?Sized),
    network: &Network,
) -> Result<Transport, Skip> {
    let mut header = network.next_header;
    let mut offset = network.next_offset;
    if network.is_later_fragment {
        return Ok(Transport::LaterFragment);
    }
    if let Source::V6(_) = network.source {
        for _ in 0..EXTENSION_HEADERS_MAX {
            if !is_extension(header) {
                break;
            }
            let [next, length, high, low]: [u8; 4] = frame.load(offset).ok_or(Skip::Truncated)?;
            let bytes = match header {
                HEADER_FRAGMENT => {
                    if u16::from_be_bytes([high, low]) & 0xfff8 != 0 {
                        return Ok(Transport::LaterFragment);
                    }
                    8
                }
                HEADER_AUTHENTICATION => (length as usize + 2) * 4,
                _ => (length as usize + 1) * 8,
            };
            header = next;
            offset += bytes;
        }
        if is_extension(header) {
            return Err(Skip::TooManyHeaders);
        }
    }
    Ok(match header {
        PROTOCOL_TCP => Transport::Tcp(offset),
        protocol => Transport::Other { protocol, offset },
    })
}

/// Reads the TCP header at `offset`.
#[inline(always)]
pub fn parse_tcp(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Tcp, Skip> {
    let header: [u8; 2] = frame.load(offset + 12).ok_or(Skip::Truncated)?;
    Ok(Tcp { flags: header[1] })
}

#[inline(always)]
fn parse_ipv4(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Network, Skip> {
    let header: [u8; 20] = frame.load(offset).ok_or(Skip::Truncated)?;
    let header_bytes = (header[0] & 0x0f) as usize * 4;
    let total_bytes = u16::from_be_bytes([header[2], header[3]]) as usize;
    // A length of zero is what segmentation offload leaves behind on some paths.
    if header[0] >> 4 != 4 || header_bytes < 20 || (total_bytes != 0 && total_bytes < header_bytes)
    {
        return Err(Skip::BadHeader);
    }
    Ok(Network {
        source: Source::V4([header[12], header[13], header[14], header[15]]),
        next_header: header[9],
        next_offset: offset + header_bytes,
        is_later_fragment: u16::from_be_bytes([header[6], header[7]]) & 0x1fff != 0,
    })
}

#[inline(always)]
fn parse_ipv6(frame: &(impl Frame + ?Sized), offset: usize) -> Result<Network, Skip> {
    let header: [u8; 8] = frame.load(offset).ok_or(Skip::Truncated)?;
    if header[0] >> 4 != 6 {
        return Err(Skip::BadHeader);
    }
    let source: [u8; 16] = frame.load(offset + 8).ok_or(Skip::Truncated)?;
    // The destination is not read, but without it this is no header.
    let _: [u8; 16] = frame.load(offset + 24).ok_or(Skip::Truncated)?;
    if is_mapped(&source) {
        return Err(Skip::MappedSource);
    }
    Ok(Network {
        source: Source::V6(source),
        next_header: header[6],
        next_offset: offset + 40,
        is_later_fragment: false,
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

#[inline(always)]
fn is_mapped(source: &[u8; 16]) -> bool {
    let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *source;
    let high = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
    high == 0 && u32::from_ne_bytes([i, j, k, l]) == u32::from_ne_bytes([0, 0, 0xff, 0xff])
}

#[cfg(test)]
mod tests;
