//! Who is told of whom, and how often.

use std::sync::Arc;

use libp2p::Multiaddr;
use tokio::sync::mpsc;

use super::*;
use crate::{
    Address, Counters, Identity, P2pConfig,
    service::{
        node::Link,
        peers::{Peer, Speaks},
    },
};

/// When the records of these tests are made: they carry the time of the host.
#[expect(
    clippy::disallowed_methods,
    reason = "libp2p stamps records with the time of the host"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

fn identity(n: u8) -> Identity {
    Identity::from_secret([n; 32])
}

fn id(n: u8) -> NodeId {
    identity(n).node_id()
}

/// A node that is really connected with nobody.
fn scene(with: PeerExchange) -> Node {
    let config = P2pConfig {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        mdns: false,
        kad: false,
        peer_exchange: with,
        ..P2pConfig::default()
    };
    let (events_tx, _) = mpsc::channel(64);
    let outlets = (events_tx, mpsc::channel(8).0, Arc::new(Counters::default()));
    let at = now();
    Node::new(&config, &identity(100), Arc::new(move || at), outlets).unwrap()
}

/// Connects a peer at `ip` that announced `addresses`.
fn join(node: &mut Node, n: u8, ip: [u8; 4], addresses: &[&str]) {
    let peer = Peer {
        ways: BTreeMap::new(),
        speaks: Speaks::default(),
        address: Address::tcp(ip.into(), 1234),
        dialled: false,
        class: PeerClass::Dht,
        is_subscribed: true,
        takes_batches: false,
        connected_at: node.now(),
        called_again_at: None,
        throttled_at: None,
        outbox: std::collections::VecDeque::new(),
        is_pushing: false,
        pinged_at: None,
        said_goodbye: false,
        link: Link::default(),
    };
    node.peers.connected.insert(id(n), peer);
    let addresses = addresses.iter().map(|it| it.parse::<Multiaddr>().unwrap());
    if let Some(record) = Record::sign(&identity(n).keypair(), addresses) {
        node.company.exchanges.keep(record);
    }
}

/// Returns whom `asker` is told of, `None` where it is told nothing.
fn told(node: &mut Node, asker: u8, wanted: usize) -> Option<Vec<NodeId>> {
    let answer = node.peers_for(id(asker), &question(wanted, None))?;
    let records = read_answer(&answer, wanted).unwrap();
    Some(records.iter().map(|it| it.node).collect())
}

const FAR: [u8; 4] = [203, 0, 113, 1];
const FAR_ADDRESS: &str = "/ip4/203.0.113.1/tcp/9001";

#[tokio::test]
async fn a_stranger_is_told_of_those_that_are_where_they_say() {
    let mut node = scene(PeerExchange::All);
    join(&mut node, 1, FAR, &[FAR_ADDRESS]);
    join(&mut node, 2, [203, 0, 113, 2], &[FAR_ADDRESS]);
    join(&mut node, 3, [10, 0, 0, 3], &["/ip4/10.0.0.3/tcp/9001"]);
    join(&mut node, 9, [198, 51, 100, 9], &[]);
    assert_eq!(told(&mut node, 9, 16), Some(vec![id(1)]));
    assert_eq!(told(&mut node, 1, 16), Some(vec![]), "not of itself");
    assert_eq!(
        told(&mut node, 3, 16).unwrap().len(),
        1,
        "not of itself either"
    );
    assert_eq!(told(&mut node, 50, 16), None, "nobody knows it");
}

#[tokio::test]
async fn the_same_few_are_told_whoever_asks_again() {
    let mut node = scene(PeerExchange::All);
    for n in 1..=40 {
        let address = format!("/ip4/203.0.113.{n}/tcp/9001");
        join(&mut node, n, [203, 0, 113, n], &[&address]);
    }
    join(&mut node, 90, [198, 51, 100, 9], &[]);
    join(&mut node, 91, [198, 51, 100, 9], &[]);
    let first = told(&mut node, 90, 4).unwrap();
    assert_eq!(first.len(), 4);
    assert_eq!(told(&mut node, 90, 4), Some(first.clone()));
    assert_eq!(told(&mut node, 90, 16).unwrap()[..4], first);
    assert_ne!(told(&mut node, 91, 4), Some(first));
}

#[tokio::test]
async fn strangers_are_told_nothing_where_the_operator_wants_that() {
    for (with, stranger, local) in [
        (PeerExchange::All, true, true),
        (PeerExchange::Known, false, true),
        (PeerExchange::Off, false, false),
    ] {
        let mut node = scene(with);
        join(&mut node, 1, FAR, &[FAR_ADDRESS]);
        join(&mut node, 8, [198, 51, 100, 8], &[]);
        join(&mut node, 9, [198, 51, 100, 9], &[]);
        node.peers.connected.get_mut(&id(8)).unwrap().class = PeerClass::Lan;
        assert_eq!(told(&mut node, 9, 16).is_some(), stranger, "{with:?}");
        assert_eq!(told(&mut node, 8, 16).is_some(), local, "{with:?}");
        node.gate
            .set_rank(id(9), Some(aegis_core::MemberRole::Member));
        assert_eq!(
            told(&mut node, 9, 16).is_some(),
            local,
            "{with:?}: a member"
        );
    }
}

#[tokio::test]
async fn a_peer_asks_a_few_times_and_then_costs_itself_its_standing() {
    let mut node = scene(PeerExchange::All);
    join(&mut node, 1, FAR, &[FAR_ADDRESS]);
    join(&mut node, 9, [198, 51, 100, 9], &[]);
    let answered = (0..20).filter(|_| told(&mut node, 9, 16).is_some()).count();
    assert_eq!(answered, 8);
    assert_eq!(node.gate.conduct(node.now(), id(9)), Conduct::Good);
    for _ in 0..720 {
        assert_eq!(told(&mut node, 9, 16), None);
    }
    assert_ne!(node.gate.conduct(node.now(), id(9)), Conduct::Good);
}

#[tokio::test]
async fn what_another_says_of_itself_is_kept_only_with_its_own_signature() {
    let mut node = scene(PeerExchange::All);
    join(&mut node, 1, FAR, &[]);
    join(&mut node, 9, [198, 51, 100, 9], &[]);
    let record = |n: u8| {
        let address = std::iter::once(FAR_ADDRESS.parse().unwrap());
        Record::sign(&identity(n).keypair(), address).unwrap()
    };
    let forged = question(0, Some(&record(1)));
    assert_eq!(node.peers_for(id(9), &forged), None);
    assert_eq!(told(&mut node, 9, 16), Some(vec![]));
    let announced = question(0, Some(&record(1)));
    assert_eq!(node.peers_for(id(1), &announced), Some(vec![0]));
    assert_eq!(told(&mut node, 9, 16), Some(vec![id(1)]));
}

/// Has node 9 answer with these records; returns whom the node would dial and where.
fn taken(node: &mut Node, records: &[Record]) -> Vec<(NodeId, Vec<Address>)> {
    let exchange = &mut node.swarm.behaviour_mut().exchange;
    let request = exchange.send_request(&peer_of(id(9)), Vec::new());
    node.company.exchanges.asked.insert(request, (id(9), 16));
    node.take_peers(id(9), request, &answer(records.iter()));
    node.dialer.due(node.now(), |_| false)
}

#[tokio::test]
async fn few_of_one_prefix_are_dialled_whoever_tells_of_them() {
    let mut node = scene(PeerExchange::All);
    join(&mut node, 9, [198, 51, 100, 9], &[]);
    let records: Vec<Record> = (10..26)
        .map(|n| {
            let address = format!("/ip4/203.0.113.{n}/tcp/80").parse().unwrap();
            Record::sign(&identity(n).keypair(), std::iter::once(address)).unwrap()
        })
        .collect();
    assert_eq!(taken(&mut node, &records).len(), PER_PREFIX_MAX);
}

#[tokio::test]
async fn nobody_is_dialled_within_a_private_network_on_a_strangers_word() {
    let mut node = scene(PeerExchange::All);
    join(&mut node, 9, [198, 51, 100, 9], &[]);
    let addresses = ["/ip4/10.0.0.1/tcp/22", "/ip4/127.0.0.1/tcp/22", FAR_ADDRESS];
    let addresses = addresses.iter().map(|it| it.parse().unwrap());
    let record = Record::sign(&identity(1).keypair(), addresses).unwrap();
    let dialled = taken(&mut node, &[record]);
    assert_eq!(dialled, [(id(1), vec![FAR_ADDRESS.parse().unwrap()])]);
}

#[tokio::test]
async fn this_node_and_those_it_has_are_not_dialled_again() {
    let mut node = scene(PeerExchange::All);
    join(&mut node, 9, [198, 51, 100, 9], &[]);
    join(&mut node, 1, FAR, &[]);
    let record = |n: u8| {
        let address = std::iter::once(FAR_ADDRESS.parse().unwrap());
        Record::sign(&identity(n).keypair(), address).unwrap()
    };
    assert_eq!(taken(&mut node, &[record(1), record(100)]), []);
}
