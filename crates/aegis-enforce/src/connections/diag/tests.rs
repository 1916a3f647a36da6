//! Socket-diagnosis answers, byte by byte as `linux/inet_diag.h` lays them out.

use super::*;

const ESTABLISHED: u8 = 1;
const V4: [u8; 4] = [192, 0, 2, 9];

#[test]
fn reads_listeners() {
    let listener = answer([AF_INET, TCP_LISTEN], 443, &[], &[]);
    assert_eq!(
        tcp_socket(&listener),
        Some(TcpSocket::Listening { port: 443 })
    );
}

#[test]
fn reads_connections_of_both_families() {
    check_remote(AF_INET, &V4, Some("192.0.2.9"));
    let v6 = "2001:db8::9".parse::<Ipv6Addr>().unwrap().octets();
    check_remote(AF_INET6, &v6, Some("2001:db8::9"));
    let mapped = "::ffff:192.0.2.9".parse::<Ipv6Addr>().unwrap().octets();
    check_remote(AF_INET6, &mapped, Some("192.0.2.9"));
    check_remote(AF_INET, &[0; 4], None);
    check_remote(1, &V4, None);
}

#[test]
fn data_must_have_gone_both_ways() {
    check_proof(2, 2, true);
    check_proof(u64::MAX, u64::MAX, true);
    check_proof(0, 0, false);
    check_proof(1, 1, false); // opened and closed: only the FINs were counted
    check_proof(9000, 1, false);
    check_proof(1, 9000, false);
}

#[test]
fn without_counters_nothing_is_proven() {
    let whole = info(9000, 9000);
    for length in 0..RECEIVED_AT + 8 {
        let answer = answer(
            [AF_INET, ESTABLISHED],
            443,
            &V4,
            &attribute(2, &whole[..length]),
        );
        assert!(!is_proven_answer(&answer), "{length} bytes of tcp_info");
    }
    let other = answer([AF_INET, ESTABLISHED], 443, &V4, &attribute(3, &whole));
    assert!(!is_proven_answer(&other));
    let behind = [attribute(8, &[0]), attribute(2, &whole)].concat();
    assert!(is_proven_answer(&answer(
        [AF_INET, ESTABLISHED],
        443,
        &V4,
        &behind
    )));
}

#[test]
fn survives_what_is_cut_short_or_garbled() {
    let whole = answer(
        [AF_INET, ESTABLISHED],
        443,
        &V4,
        &attribute(2, &info(9000, 9000)),
    );
    for at in 0..whole.len() {
        assert!(
            at >= HEADER_BYTES || tcp_socket(&whole[..at]).is_none(),
            "{at} bytes"
        );
        assert!(
            at < HEADER_BYTES || !is_proven_answer(&whole[..at]),
            "{at} bytes"
        );
        for value in [0, 1, 0x7f, 0xff] {
            let mut garbled = whole.clone();
            garbled[at] = value;
            let _ = tcp_socket(&garbled);
        }
    }
}

#[test]
fn asks_for_tcp_with_its_counters() {
    let question = question(Family::V6);
    assert_eq!(question[..4], [AF_INET6, IPPROTO_TCP, 2, 0]);
    let states = u32::from_ne_bytes(*question[4..].first_chunk().unwrap());
    assert_ne!(states & 1 << TCP_LISTEN, 0);
    assert_ne!(states & 1 << ESTABLISHED, 0);
}

#[test]
fn half_open_connections_are_not_asked_for() {
    const SYN_SENT: u32 = 2;
    const SYN_RECEIVED: u32 = 3;
    const NEW_SYN_RECEIVED: u32 = 12;
    for state in [SYN_SENT, SYN_RECEIVED, NEW_SYN_RECEIVED] {
        assert_eq!(STATES & 1 << state, 0, "{state}");
    }
}

#[track_caller]
fn check_remote(family: u8, address: &[u8], expected: Option<&str>) {
    let answer = answer([family, ESTABLISHED], 443, address, &[]);
    let expected = expected.map(|it| TcpSocket::Connected {
        port: 443,
        remote: it.parse().unwrap(),
        is_proven: false,
    });
    assert_eq!(tcp_socket(&answer), expected);
}

#[track_caller]
fn check_proof(acked: u64, received: u64, expected: bool) {
    let info = attribute(INET_DIAG_INFO, &info(acked, received));
    let answer = answer([AF_INET, ESTABLISHED], 443, &V4, &info);
    assert_eq!(
        is_proven_answer(&answer),
        expected,
        "{acked} acknowledged, {received} received"
    );
}

fn is_proven_answer(payload: &[u8]) -> bool {
    matches!(
        tcp_socket(payload),
        Some(TcpSocket::Connected {
            is_proven: true,
            ..
        })
    )
}

fn answer([family, state]: [u8; 2], port: u16, remote: &[u8], attributes: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[0] = family;
    bytes[1] = state;
    bytes[4..6].copy_from_slice(&port.to_be_bytes());
    bytes[24..24 + remote.len()].copy_from_slice(remote);
    bytes.extend(attributes);
    bytes
}

/// The part of `struct tcp_info` that is read here.
fn info(acked: u64, received: u64) -> Vec<u8> {
    let mut bytes = vec![0; ACKED_AT];
    bytes.extend(acked.to_ne_bytes());
    bytes.extend(received.to_ne_bytes());
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
