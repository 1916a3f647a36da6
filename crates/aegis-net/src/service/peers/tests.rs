//! Which class a peer is, by how it was met and where it is.

use PeerClass::{Configured, Dht, Lan};

use super::*;

fn node(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

/// A node at 192.168.1.5 and 203.0.113.5 that configured node 1; node 2 announced itself.
fn peers(looks_around: bool) -> Peers {
    let mut peers = Peers::new(BTreeSet::from([node(1)]), looks_around);
    for own in ["192.168.1.5", "203.0.113.5", "fd00:1::5"] {
        peers.add_own_ip(own.parse().unwrap());
    }
    peers.found_locally(node(2));
    peers
}

#[track_caller]
fn check(n: u8, ip: &str, expected: PeerClass) {
    let class = peers(true).class_of(&node(n), Some(ip.parse().unwrap()));
    assert_eq!(class, expected, "{n} at {ip}");
}

#[test]
fn the_configuration_counts_wherever_the_peer_is() {
    check(1, "198.51.100.1", Configured);
}

#[test]
fn who_announced_itself_is_local_only_where_that_can_be() {
    check(2, "192.168.1.9", Lan);
    check(2, "10.9.9.9", Lan);
    check(2, "203.0.113.77", Lan);
    check(2, "198.51.100.1", Dht);
}

#[test]
fn who_comes_from_our_own_network_is_local() {
    check(3, "192.168.1.9", Lan);
    check(3, "127.0.0.1", Lan);
    check(3, "fd00:1::9", Lan);
    check(3, "203.0.113.5", Lan);
    check(3, "10.9.9.9", Dht);
    check(3, "203.0.113.77", Dht);
    check(3, "fd00:2::9", Dht);
}

#[test]
fn nobody_is_local_to_a_node_that_does_not_look_around() {
    let class = peers(false).class_of(&node(3), "192.168.1.9".parse().ok());
    assert_eq!(class, Dht);
}

#[test]
fn a_class_given_overrules() {
    let mut peers = peers(true);
    peers.give_class(node(2), Dht);
    assert_eq!(peers.class_of(&node(2), "192.168.1.9".parse().ok()), Dht);
}
