//! Accepted or not, in whichever order the kernel tells.

use super::*;

const HTTPS: u16 = 443;
const EPHEMERAL: u16 = 50_000;

#[test]
fn only_accepted_connections_with_data_count() {
    let mut ledger = Ledger::default();
    ledger.complete(survey(&[
        connected(HTTPS, 1, true),
        connected(HTTPS, 1, true), // each address once
        connected(HTTPS, 2, false),
        connected(EPHEMERAL, 3, true),
        TcpSocket::Listening { port: HTTPS },
    ]));
    assert_eq!(ledger.take_found(), [address(1)]);
    assert!(ledger.take_found().is_empty());
}

#[test]
fn an_ended_connection_counts_at_once_where_the_listener_is_known() {
    let mut ledger = Ledger::default();
    ledger.complete(survey(&[TcpSocket::Listening { port: HTTPS }]));
    ledger.end(connected(HTTPS, 1, true));
    ledger.end(connected(HTTPS, 2, false));
    ledger.end(TcpSocket::Listening { port: EPHEMERAL });
    ledger.end(connected(EPHEMERAL, 3, true));
    assert_eq!(ledger.take_found(), [address(1)]);
}

#[test]
fn an_ended_connection_waits_one_dump_for_its_listener() {
    let mut ledger = Ledger::default();
    ledger.end(connected(HTTPS, 1, true));
    ledger.end(connected(EPHEMERAL, 2, true));
    assert!(ledger.take_found().is_empty());
    ledger.complete(survey(&[TcpSocket::Listening { port: HTTPS }]));
    assert_eq!(ledger.take_found(), [address(1)]);
    ledger.complete(survey(&[TcpSocket::Listening { port: EPHEMERAL }]));
    assert!(ledger.take_found().is_empty());
}

#[test]
fn a_closed_port_accepts_no_more() {
    let mut ledger = Ledger::default();
    ledger.complete(survey(&[TcpSocket::Listening { port: HTTPS }]));
    ledger.complete(survey(&[]));
    ledger.end(connected(HTTPS, 1, true));
    assert!(ledger.take_found().is_empty());
}

#[test]
fn everything_is_bounded() {
    let mut ledger = Ledger::default();
    let mut survey = Survey::default();
    survey.take(TcpSocket::Listening { port: HTTPS });
    for number in 0..u32::try_from(PROVEN_MAX).unwrap() + 9 {
        survey.take(connected(HTTPS, number, true));
        ledger.end(connected(HTTPS, number, true));
    }
    assert_eq!(survey.proven.len(), PROVEN_MAX);
    assert_eq!(ledger.waiting.len(), WAITING_MAX);
    ledger.complete(survey);
    assert_eq!(ledger.take_found().len(), PROVEN_MAX);
    assert!(ledger.waiting.is_empty());
}

fn survey(sockets: &[TcpSocket]) -> Survey {
    let mut survey = Survey::default();
    for socket in sockets {
        survey.take(*socket);
    }
    survey
}

fn connected(port: u16, number: u32, is_proven: bool) -> TcpSocket {
    TcpSocket::Connected {
        port,
        remote: address(number),
        is_proven,
    }
}

fn address(number: u32) -> IpAddr {
    IpAddr::from(number.saturating_add(0x0a00_0000).to_be_bytes())
}
