//! Packet tables: bytes in, what the parser makes of them out.

extern crate std;

use std::vec::Vec;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    V4([u8; 4]),
    V6([u8; 16]),
}

const V4: Source = Source::V4([203, 0, 113, 7]);
const V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

#[derive(Clone, Copy)]
enum Kind {
    V4,
    V6,
}

fn ethernet(tags: &[u16], kind: Kind) -> Vec<u8> {
    let mut bytes = Vec::from([2; 12]);
    for tag in tags {
        bytes.extend(tag.to_be_bytes());
        bytes.extend([0, 5]);
    }
    bytes.extend(match kind {
        Kind::V4 => [8, 0],
        Kind::V6 => [0x86, 0xdd],
    });
    bytes
}

fn ipv4(options: usize, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = ethernet(&[], Kind::V4);
    let total = 20 + options * 4 + payload.len();
    bytes.extend([0x45 + options as u8, 0]);
    bytes.extend((total as u16).to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(fragment.to_be_bytes());
    bytes.extend([64, 6, 0, 0, 203, 0, 113, 7, 192, 0, 2, 1]);
    bytes.extend(std::vec![1; options * 4]);
    bytes.extend(payload);
    bytes
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = ethernet(&[], Kind::V6);
    bytes.extend([0x60, 0, 0, 0]);
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend([next, 64]);
    bytes.extend(V6);
    bytes.extend([0xfe; 16]);
    bytes.extend(payload);
    bytes
}

fn tcp(flags: u8) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[12] = 0x50;
    bytes[13] = flags;
    bytes
}

fn all(frame: &[u8]) -> Result<(Network, Transport), Skip> {
    let network = parse_network(frame)?;
    Ok((network, parse_transport(frame, &network)?))
}

#[track_caller]
fn check(frame: &[u8], expected: Result<(Source, Transport), Skip>) {
    let source = |it: Network| match it {
        Network::V4(it) => Source::V4(it.source),
        Network::V6(it) => Source::V6(it.source.octets()),
    };
    assert_eq!(all(frame).map(|(it, rest)| (source(it), rest)), expected);
}

#[test]
fn looks_through_up_to_four_tags() {
    for count in 0..=5 {
        for tag in [ETHER_TYPE_VLAN, ETHER_TYPE_QINQ] {
            let mut frame = ethernet(&std::vec![tag; count], Kind::V4);
            frame.extend(&ipv4(0, 0, &tcp(2))[14..]);
            let expected = if count > VLAN_TAGS_MAX {
                Err(Skip::TooManyTags)
            } else {
                Ok((V4, Transport::Tcp(14 + count * 4 + 20)))
            };
            check(&frame, expected);
        }
    }
}

#[test]
fn finds_tcp_behind_every_length_of_options() {
    for options in 0..=10 {
        let frame = ipv4(options, 0, &tcp(0x02));
        let offset = 34 + options * 4;
        check(&frame, Ok((V4, Transport::Tcp(offset))));
        assert!(
            parse_tcp(&frame[..], offset)
                .unwrap()
                .is_connection_request()
        );
    }
}

#[test]
fn a_later_fragment_has_a_source_and_no_ports() {
    check(&ipv4(0, 1, &[0; 8]), Ok((V4, Transport::LaterFragment)));
    check(&ipv4(0, 0x1fff, &[]), Ok((V4, Transport::LaterFragment)));
    check(&ipv4(0, 0x2000, &tcp(2)), Ok((V4, Transport::Tcp(34))));
    check(&ipv4(0, 0x4000, &tcp(2)), Ok((V4, Transport::Tcp(34))));
}

#[test]
fn a_header_that_contradicts_itself_is_skipped() {
    let with = |at: usize, value: u8| {
        let mut frame = ipv4(0, 0, &tcp(2));
        frame[at] = value;
        frame
    };
    check(&with(14, 0x65), Err(Skip::BadHeader)); // version 6 under the type of IPv4
    check(&with(14, 0x44), Err(Skip::BadHeader)); // a header shorter than a header
    check(&with(17, 19), Err(Skip::BadHeader)); // a packet shorter than its header
    let mut frame = ipv6(6, &tcp(2));
    frame[14] = 0x40;
    check(&frame, Err(Skip::BadHeader));
}

#[test]
fn a_frame_cut_anywhere_is_skipped_not_guessed() {
    let frame = ipv4(0, 0, &tcp(2));
    for length in 0..34 {
        check(&frame[..length], Err(Skip::Truncated));
    }
    assert_eq!(parse_tcp(&frame[..47], 34), Err(Skip::Truncated));
    let frame = ipv6(6, &tcp(2));
    for length in 0..54 {
        check(&frame[..length], Err(Skip::Truncated));
    }
    check(&frame[..54], Ok((Source::V6(V6), Transport::Tcp(54))));
}

#[test]
fn looks_through_up_to_six_extension_headers() {
    for count in 0..=7 {
        let mut payload = Vec::new();
        for index in 0..count {
            let next = if index + 1 == count {
                6
            } else {
                HEADER_DESTINATION
            };
            payload.extend([next, 0, 0, 0, 0, 0, 0, 0]);
        }
        payload.extend(tcp(2));
        let frame = ipv6(if count == 0 { 6 } else { HEADER_DESTINATION }, &payload);
        let expected = if count > EXTENSION_HEADERS_MAX {
            Err(Skip::TooManyHeaders)
        } else {
            Ok((Source::V6(V6), Transport::Tcp(54 + count * 8)))
        };
        check(&frame, expected);
    }
}

#[test]
fn each_extension_header_has_its_own_length() {
    let behind = |kind: u8, length: u8, bytes: usize| {
        let mut payload = std::vec![0; bytes];
        payload[0] = 6;
        payload[1] = length;
        payload.extend(tcp(2));
        check(
            &ipv6(kind, &payload),
            Ok((Source::V6(V6), Transport::Tcp(54 + bytes))),
        );
    };
    behind(HEADER_HOP_BY_HOP, 1, 16);
    behind(HEADER_ROUTING, 2, 24);
    behind(HEADER_DESTINATION, 255, 2048);
    behind(HEADER_AUTHENTICATION, 4, 24);
    behind(HEADER_FRAGMENT, 0, 8);
}

#[test]
fn a_later_ipv6_fragment_has_no_ports() {
    let fragment = |offset: u16| {
        let [high, low] = (offset << 3 | 1).to_be_bytes();
        ipv6(HEADER_FRAGMENT, &[6, 0, high, low, 0, 0, 0, 1])
    };
    check(&fragment(1), Ok((Source::V6(V6), Transport::LaterFragment)));
    check(&fragment(0), Ok((Source::V6(V6), Transport::Tcp(62))));
}

#[test]
fn a_mapped_source_is_never_taken_for_ipv4() {
    let mut frame = ipv6(6, &tcp(2));
    frame[22..38].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7]);
    check(&frame, Err(Skip::MappedSource));
}

#[test]
fn a_tunnel_counts_as_its_outer_source() {
    let mut inner = ipv4(0, 0, &tcp(2))[14..].to_vec();
    inner[15] = 99;
    let mut frame = ipv4(0, 0, &inner);
    frame[23] = 4;
    let expected = Transport::Other {
        protocol: 4,
        offset: 34,
    };
    check(&frame, Ok((V4, expected)));
}

#[test]
fn other_ether_types_are_not_ip() {
    for ether_type in [0x0806_u16, 0x8864, 0x88cc, 0x0000, 0xffff] {
        let mut frame = std::vec![2; 12];
        frame.extend(ether_type.to_be_bytes());
        frame.extend([0x45; 64]);
        check(&frame, Err(Skip::NotIp));
    }
}

#[test]
fn only_syn_without_ack_asks_for_a_connection() {
    for flags in 0..=255 {
        let tcp = Tcp {
            destination_port: 80,
            flags,
        };
        let expected = flags & 0x02 != 0 && flags & 0x10 == 0;
        assert_eq!(tcp.is_connection_request(), expected, "{flags:#x}");
        // Neither what opens a connection nor what refuses one.
        let expected = flags & 0x10 != 0 && flags & 0x06 == 0;
        assert_eq!(tcp.is_within_connection(), expected, "{flags:#x}");
    }
}

#[test]
fn ports_and_destinations_are_read_only_where_they_are() {
    let segment = [0x12, 0x34, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2];
    for options in [0, 10] {
        let frame = ipv4(options, 0, &segment);
        let Ok(Network::V4(header)) = parse_network(&frame[..]) else {
            panic!("not IPv4");
        };
        assert_eq!(
            parse_destination_v4(&frame[..], &header),
            Ok([192, 0, 2, 1])
        );
        let offset = header.next_offset;
        assert_eq!(
            parse_tcp(&frame[..], offset).map(|it| it.destination_port),
            Ok(443)
        );
        let udp = parse_udp(&frame[..], offset).unwrap();
        assert_eq!((udp.source_port, udp.destination_port), (0x1234, 443));
        assert_eq!(parse_icmp(&frame[..], offset), Ok(0x12));
        let cut = &frame[..offset + 13];
        assert_eq!(parse_tcp(cut, offset), Err(Skip::Truncated));
        assert_eq!(
            parse_udp(&frame[..offset + 7], offset),
            Err(Skip::Truncated)
        );
        assert_eq!(
            parse_icmp(&frame[..offset + 3], offset),
            Err(Skip::Truncated)
        );
    }
    let frame = ipv6(6, &segment);
    let Ok(Network::V6(header)) = parse_network(&frame[..]) else {
        panic!("not IPv6");
    };
    let destination = parse_destination_v6(&frame[..], &header).unwrap();
    assert_eq!(destination.octets(), [0xfe; 16]);
}

#[test]
fn no_bytes_whatever_make_it_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    for round in 0..20_000_usize {
        let mut frame: Vec<u8> = (0..round % 200).map(|_| next()).collect();
        if let Some(ether_type) = frame.get_mut(12..14) {
            let kinds = [[8, 0], [0x86, 0xdd], [0x81, 0], [0x88, 0xa8]];
            ether_type.copy_from_slice(&kinds[round % 4]);
        }
        if let Ok((_, Transport::Tcp(offset))) = all(&frame) {
            let _ = parse_tcp(&frame[..], offset);
        }
    }
}
