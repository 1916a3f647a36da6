//! A second packet parser, written from the RFCs by cutting slices, to hold the first one against.
//!
//! The fuzzer and the corpus replay share it.

use aegis_abi::{
    AddressV6, Network, PLAIN_BYTES_MIN, PlainHead, Skip, Transport, UNTAGGED_OFFSET,
    is_plain_source_mapped, parse_destination_v4, parse_destination_v6, parse_network,
    parse_plain_request_v4, parse_plain_request_v6, parse_tcp, parse_transport, plain_length_v6,
    plain_source_v4, plain_source_v6,
};

/// What is to be known of a packet: its source, and the TCP flags where there are any.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Story {
    source: Vec<u8>,
    flags: Result<Option<u8>, Skip>,
}

/// Checks that the kernel's parser and this one tell the same of `frame`.
pub(crate) fn check(frame: &[u8]) {
    assert_eq!(parsed(frame), read(frame), "{frame:02x?}");
    let head = PlainHead::read(frame);
    assert_eq!(head.is_some(), frame.len() >= PLAIN_BYTES_MIN);
    let is_plain = head.is_some_and(PlainHead::is_v4);
    if let (true, Ok(Network::V4(header))) = (is_plain, parse_network(frame)) {
        assert_eq!(plain_source_v4(frame), Some(header.source), "{frame:02x?}");
    }
    let rest = head.filter(|it| it.is_v6());
    let rest = rest.and_then(|_| plain_length_v6(frame));
    match (rest, parse_network(frame)) {
        (Some(rest), Ok(Network::V6(header))) => {
            assert_eq!(plain_source_v6(frame), Some(header.source), "{frame:02x?}");
            assert!(!is_plain_source_mapped(frame), "{frame:02x?}");
            let end = UNTAGGED_OFFSET + 40 + usize::from(u16::from_be_bytes(rest));
            assert_eq!(end, header.end, "{frame:02x?}");
        }
        (Some(_), other) => {
            assert_eq!(other, Err(Skip::MappedSource), "{frame:02x?}");
            assert!(is_plain_source_mapped(frame), "{frame:02x?}");
        }
        (None, Ok(Network::V6(header))) => {
            assert_ne!(header.offset, UNTAGGED_OFFSET, "{frame:02x?}");
        }
        (None, _) => {}
    }
    let is_plain_v6 = rest.is_some() && parse_network(frame).is_ok();
    let request = parse_plain_request_v6(frame).filter(|_| is_plain_v6);
    assert_eq!(request, read_request_v6(frame), "{frame:02x?}");
    let request = parse_plain_request_v4(frame).filter(|_| is_plain);
    assert_eq!(request, read_request(frame), "{frame:02x?}");
}

/// Returns destination and port where a packet without tags and options asks for a connection, read
/// by the parser that takes all packets.
fn read_request(frame: &[u8]) -> Option<([u8; 4], [u8; 2])> {
    const PLAIN_BYTES: usize = UNTAGGED_OFFSET + 20;
    let Ok(network @ Network::V4(header)) = parse_network(frame) else {
        return None;
    };
    let Ok(Transport::Tcp(PLAIN_BYTES)) = parse_transport(frame, &network) else {
        return None;
    };
    // A total length of zero, and some others, are left to those who take all packets.
    let has_length = frame[17] >= 20 && frame.len() >= PLAIN_BYTES_MIN;
    let tcp = parse_tcp(frame, PLAIN_BYTES).ok()?;
    let destination = parse_destination_v4(frame, &header).ok()?;
    let is_request = has_length && header.offset == UNTAGGED_OFFSET && tcp.is_connection_request();
    is_request.then_some((destination, tcp.destination_port.to_be_bytes()))
}

/// The same of an IPv6 packet without tags and extension headers.
fn read_request_v6(frame: &[u8]) -> Option<(AddressV6, [u8; 2])> {
    const PLAIN_BYTES: usize = UNTAGGED_OFFSET + 40;
    let Ok(network @ Network::V6(header)) = parse_network(frame) else {
        return None;
    };
    let Ok(Transport::Tcp(PLAIN_BYTES)) = parse_transport(frame, &network) else {
        return None;
    };
    let tcp = parse_tcp(frame, PLAIN_BYTES).ok()?;
    let destination = parse_destination_v6(frame, &header).ok()?;
    let is_request = header.offset == UNTAGGED_OFFSET && tcp.is_connection_request();
    is_request.then_some((destination, tcp.destination_port.to_be_bytes()))
}

fn parsed(frame: &[u8]) -> Result<Story, Skip> {
    let network = parse_network(frame)?;
    let source = match network {
        Network::V4(it) => it.source.to_vec(),
        Network::V6(it) => AddressV6::octets(it.source).to_vec(),
    };
    let flags = parse_transport(frame, &network).and_then(|transport| match transport {
        Transport::Tcp(offset) => parse_tcp(frame, offset).map(|tcp| Some(tcp.flags)),
        Transport::Other { .. } | Transport::LaterFragment => Ok(None),
    });
    Ok(Story { source, flags })
}

fn read(frame: &[u8]) -> Result<Story, Skip> {
    let (ethernet, mut rest) = cut(frame, 14)?;
    let mut kind = &ethernet[12..14];
    let mut tags = 0;
    while matches!(kind, [0x81, 0x00] | [0x88, 0xa8]) {
        if tags == 4 {
            return Err(Skip::TooManyTags);
        }
        let (tag, behind) = cut(rest, 4)?;
        (kind, rest, tags) = (&tag[2..4], behind, tags + 1);
    }
    match kind {
        [0x08, 0x00] => read_ipv4(rest),
        [0x86, 0xdd] => read_ipv6(rest),
        _ => Err(Skip::NotIp),
    }
}

/// RFC 791 §3.1.
fn read_ipv4(packet: &[u8]) -> Result<Story, Skip> {
    let (header, _) = cut(packet, 20)?;
    let header_bytes = usize::from(header[0] % 16) * 4;
    let total_bytes = usize::from(header[2]) * 256 + usize::from(header[3]);
    let is_short = total_bytes > 0 && total_bytes < header_bytes;
    if header[0] / 16 != 4 || header_bytes < 20 || is_short {
        return Err(Skip::BadHeader);
    }
    let is_later_fragment = header[6] % 32 != 0 || header[7] != 0;
    let flags = if is_later_fragment || header[9] != 6 {
        Ok(None)
    } else {
        cut(packet, header_bytes).and_then(|(_, segment)| read_tcp(segment))
    };
    Ok(Story {
        source: header[12..16].to_vec(),
        flags,
    })
}

/// RFC 8200 §3 and §4.
fn read_ipv6(packet: &[u8]) -> Result<Story, Skip> {
    let (header, mut rest) = cut(packet, 40)?;
    if header[0] / 16 != 6 {
        return Err(Skip::BadHeader);
    }
    let source = header[8..24].to_vec();
    if source[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] {
        return Err(Skip::MappedSource);
    }
    let mut kind = header[6];
    for _ in 0..6 {
        let bytes = match kind {
            0 | 43 | 60 => extension(rest).map(|(next, length)| (next, (length + 1) * 8)),
            51 => extension(rest).map(|(next, length)| (next, (length + 2) * 4)),
            44 => extension(rest).map(|(next, _)| (next, 8)),
            _ => break,
        };
        let (next, bytes) = match bytes {
            Ok(it) => it,
            Err(skip) => {
                return Ok(Story {
                    source,
                    flags: Err(skip),
                });
            }
        };
        if kind == 44 && (rest[2] != 0 || rest[3] / 8 != 0) {
            return Ok(Story {
                source,
                flags: Ok(None),
            });
        }
        // What lies behind the end is found to be missing by whoever reads it next.
        rest = rest.get(bytes..).unwrap_or(&[]);
        kind = next;
    }
    let flags = match kind {
        0 | 43 | 44 | 51 | 60 => Err(Skip::TooManyHeaders),
        6 => read_tcp(rest),
        _ => Ok(None),
    };
    Ok(Story { source, flags })
}

fn extension(rest: &[u8]) -> Result<(u8, usize), Skip> {
    let (head, _) = cut(rest, 4)?;
    Ok((head[0], usize::from(head[1])))
}

/// RFC 9293 §3.1: the flags are the fourteenth byte.
fn read_tcp(segment: &[u8]) -> Result<Option<u8>, Skip> {
    let (head, _) = cut(segment, 14)?;
    Ok(Some(head[13]))
}

fn cut(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), Skip> {
    bytes.split_at_checked(at).ok_or(Skip::Truncated)
}
