//! What is believed of records, and what is not read at all.

use libp2p::{Multiaddr, identity::Keypair};
use proptest::prelude::*;

use super::*;
use crate::address::peer_of;

fn key(n: u8) -> Keypair {
    Keypair::ed25519_from_bytes([n; 32]).unwrap()
}

fn node(n: u8) -> NodeId {
    node_of(&key(n).public().to_peer_id()).unwrap()
}

fn record(n: u8, addresses: &[&str]) -> Record {
    let addresses: Vec<Multiaddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
    Record::of(
        PeerRecord::new(&key(n), addresses)
            .unwrap()
            .into_signed_envelope(),
    )
    .unwrap()
}

fn texts(addresses: &[Address]) -> Vec<&str> {
    addresses.iter().map(Address::as_str).collect()
}

#[test]
fn an_answer_brings_what_was_announced() {
    let records = [
        record(1, &["/ip4/203.0.113.1/tcp/9001"]),
        record(2, &["/ip4/203.0.113.2/udp/9001/quic-v1"]),
    ];
    let read = read_answer(&answer(records.iter()), 16).unwrap();
    let nodes: Vec<NodeId> = read.iter().map(|it| it.node).collect();
    assert_eq!(nodes, [node(1), node(2)]);
    assert_eq!(
        texts(&read[0].addresses_for(Scope::Public)),
        ["/ip4/203.0.113.1/tcp/9001"]
    );
    assert_eq!(read_answer(&answer([].iter()), 1).unwrap().len(), 0);
}

#[test]
fn what_another_signed_for_a_node_is_a_forgery() {
    let addresses = vec!["/ip4/203.0.113.1/tcp/9001".parse::<Multiaddr>().unwrap()];
    let good = PeerRecord::new(&key(1), addresses)
        .unwrap()
        .into_signed_envelope();
    let good = good.into_protobuf_encoding();
    assert!(Record::read(&good).is_ok());
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        let Ok(it) = Record::read(&changed) else {
            continue;
        };
        panic!("byte {at} changed, and it is read as {it:?}");
    }
}

#[test]
fn nothing_nearer_is_dialled_than_the_peer_that_told_of_it() {
    let it = record(
        1,
        &[
            "/ip4/127.0.0.1/tcp/9001",
            "/ip4/10.0.0.1/tcp/9001",
            "/ip4/203.0.113.1/tcp/9001",
            "/dns4/victim.example/tcp/80",
            "/ip4/203.0.113.1/udp/53",
        ],
    );
    let of = |scope| it.addresses_for(scope).len();
    assert_eq!(
        (of(Scope::Host), of(Scope::Private), of(Scope::Public)),
        (2, 2, 1)
    );
}

#[test]
fn one_record_names_few_hosts_to_dial() {
    let many: Vec<String> = (1..100)
        .map(|n| format!("/ip4/203.0.113.{n}/tcp/80"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(record(1, &many).addresses_for(Scope::Public).len(), 2);
    let ports: Vec<String> = (1..100)
        .map(|n| format!("/ip4/203.0.113.1/tcp/{n}"))
        .collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    assert_eq!(record(1, &ports).addresses_for(Scope::Public).len(), 8);
}

#[test]
fn an_address_over_a_relay_is_kept_without_who_is_behind_it() {
    let circuit = format!(
        "/ip4/203.0.113.1/tcp/9001/p2p/{}/p2p-circuit",
        peer_of(node(9))
    );
    let own = format!("{circuit}/p2p/{}", peer_of(node(1)));
    let other = format!("{circuit}/p2p/{}", peer_of(node(2)));
    let it = record(1, &[&own, &other]);
    assert_eq!(texts(&it.addresses_for(Scope::Public)), [circuit]);
    assert!(it.agrees_with(None) && it.agrees_with(Some([198, 51, 100, 1].into())));
}

#[test]
fn a_record_is_passed_on_for_a_node_that_is_where_it_says() {
    let it = record(1, &["/ip4/203.0.113.1/tcp/9001"]);
    assert!(it.agrees_with(Some([203, 0, 113, 1].into())));
    assert!(!it.agrees_with(Some([203, 0, 113, 2].into())));
    assert!(!it.agrees_with(None));
}

#[test]
fn old_records_are_not_used() {
    let it = record(1, &["/ip4/203.0.113.1/tcp/9001"]);
    let secs = it.announced_secs;
    let at = |secs| it.is_fresh(Timestamp::from_secs(secs));
    assert!(at(secs) && at(secs + RECORD_SECS_MAX) && at(secs - AHEAD_SECS_MAX));
    assert!(!at(secs + RECORD_SECS_MAX + 1) && !at(secs - AHEAD_SECS_MAX - 1));
}

#[test]
fn a_question_says_how_many_and_where_its_asker_is() {
    let read = |bytes: &[u8]| {
        let read = read_question(bytes, node(1));
        read.map(|(wanted, own)| (wanted, own.map(|it| it.node)))
    };
    let own = record(1, &["/ip4/203.0.113.1/tcp/9001"]);
    for wanted in 0..=RECORDS_MAX {
        assert_eq!(read(&question(wanted, None)), Ok((wanted, None)));
        assert_eq!(
            read(&question(wanted, Some(&own))),
            Ok((wanted, Some(node(1))))
        );
    }
    assert_eq!(read(&question(1000, None)), Ok((RECORDS_MAX, None)));
    assert_eq!(read(&[]), Err(Misbehaviour::Malformed));
    assert_eq!(read(&[17]), Err(Misbehaviour::OutOfRange));
    assert_eq!(read(&[1, 1]), Err(Misbehaviour::Malformed));
    assert_eq!(
        read(&vec![1; QUESTION_BYTES_MAX + 1]),
        Err(Misbehaviour::Oversized)
    );
    let of_another = record(2, &["/ip4/203.0.113.2/tcp/9001"]);
    assert_eq!(
        read(&question(1, Some(&of_another))),
        Err(Misbehaviour::Forged)
    );
}

#[test]
fn a_node_announces_few_addresses_and_none_where_it_has_none() {
    let many = (1..100).map(|n| format!("/ip4/203.0.113.{n}/tcp/80").parse().unwrap());
    let it = Record::sign(&key(1), many).unwrap();
    assert_eq!((it.node, it.addresses.len()), (node(1), 16));
    assert!(Record::sign(&key(1), std::iter::empty()).is_none());
}

#[test]
fn an_answer_of_another_shape_is_its_bringers_fault() {
    let one = answer([record(1, &["/ip4/203.0.113.1/tcp/9001"])].iter());
    let read = |bytes: &[u8], wanted| read_answer(bytes, wanted).map(|it| it.len());
    assert_eq!(read(&one, 1), Ok(1));
    assert_eq!(read(&[], 1), Err(Misbehaviour::Malformed));
    assert_eq!(read(&one[..one.len() - 1], 1), Err(Misbehaviour::Malformed));
    assert_eq!(
        read(&[&one[..], &[0]].concat(), 1),
        Err(Misbehaviour::Malformed)
    );
    assert_eq!(read(&[2, 0, 0, 0, 0], 1), Err(Misbehaviour::Unasked));
    assert_eq!(
        read(&vec![0; ANSWER_BYTES_MAX + 1], 1),
        Err(Misbehaviour::Oversized)
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_answer(&bytes, 16);
        let _ = Record::read(&bytes);
        let _ = read_question(&bytes, node(1));
    }
}
