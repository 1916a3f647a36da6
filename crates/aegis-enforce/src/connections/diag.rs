//! Socket diagnosis messages (`linux/inet_diag.h`): the question, and the answers as types.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rtnetlink::packet_core::NlasIterator;

#[cfg(test)]
mod tests;

/// The type of the question, and of every answer (`SOCK_DIAG_BY_FAMILY`).
pub(super) const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// The multicast groups that announce TCP sockets as they end, IPv4 and IPv6.
pub(super) const DESTROY_GROUPS: [u32; 2] = [1, 3];

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const TCP_LISTEN: u8 = 10;

/// Established, both FIN-WAITs, CLOSE-WAIT, LAST-ACK, LISTEN and CLOSING, by their numbers:
/// the states that carry or carried data, and the listeners that tell who accepted.
const STATES: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11;

/// Attribute with `struct tcp_info`; in the question, one bit per attribute asked for.
const INET_DIAG_INFO: u16 = 2;

/// Bytes of `struct inet_diag_msg`, after which the attributes begin.
const HEADER_BYTES: usize = 72;

/// Offsets of `tcpi_bytes_acked` and `tcpi_bytes_received` in `struct tcp_info`.
const ACKED_AT: usize = 120;
const RECEIVED_AT: usize = 128;

/// Both counters count a FIN as one byte, so a connection opened and closed without a word
/// shows 1 and 1.
const FIN_BYTES: u64 = 1;

/// An address family to ask about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    V4,
    V6,
}

/// A TCP socket of this host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TcpSocket {
    /// Waits for connections on a port.
    Listening { port: u16 },
    /// Is or was connected; `is_proven` says whether data went both ways.
    Connected {
        port: u16,
        remote: IpAddr,
        is_proven: bool,
    },
}

/// Returns the body of the question for all TCP sockets of a family (`struct inet_diag_req_v2`).
pub(super) fn question(family: Family) -> [u8; 56] {
    let mut body = [0; 56];
    body[0] = match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    };
    body[1] = IPPROTO_TCP;
    body[2] = 1 << (INET_DIAG_INFO - 1);
    body[4..8].copy_from_slice(&STATES.to_ne_bytes());
    body
}

/// Reads an answer or an announcement; `None` where it is cut short or of another family.
pub(super) fn tcp_socket(payload: &[u8]) -> Option<TcpSocket> {
    let (header, attributes) = payload.split_first_chunk::<HEADER_BYTES>()?;
    let port = u16::from_be_bytes([header[4], header[5]]);
    if header[1] == TCP_LISTEN {
        return Some(TcpSocket::Listening { port });
    }
    let remote = remote(header[0], header[24..40].first_chunk()?)?;
    Some(TcpSocket::Connected {
        port,
        remote,
        is_proven: is_proven(attributes),
    })
}

fn remote(family: u8, bytes: &[u8; 16]) -> Option<IpAddr> {
    let address = match family {
        AF_INET => IpAddr::V4(Ipv4Addr::from(*bytes.first_chunk()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical(),
        _ => return None,
    };
    (!address.is_unspecified()).then_some(address)
}

/// Returns whether the far end sent data and acknowledged ours.
fn is_proven(attributes: &[u8]) -> bool {
    let info = NlasIterator::new(attributes)
        .flatten()
        .find(|it| it.kind() == INET_DIAG_INFO);
    let counter = |at: usize| {
        let bytes = info.as_ref()?.value().get(at..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*bytes))
    };
    let has_data = |at| counter(at).is_some_and(|bytes| bytes > FIN_BYTES);
    has_data(ACKED_AT) && has_data(RECEIVED_AT)
}
