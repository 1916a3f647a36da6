//! Who is let in.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::address::peer_of;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn node(n: u8) -> NodeId {
    NodeId::from_public_key(*crate::Identity::from_secret([n; 32]).node_id().public_key())
}

fn wall() -> Wall {
    Wall::new(Arc::new(|| NOW), 64)
}

fn lets_in(wall: &mut Wall, peer: NodeId, from: &str) -> bool {
    let (local, remote) = (
        "/ip4/203.0.113.1/tcp/9001".parse().unwrap(),
        from.parse().unwrap(),
    );
    let connection = ConnectionId::new_unchecked(1);
    let peer = peer_of(peer);
    wall.handle_established_inbound_connection(connection, peer, &local, &remote)
        .is_ok()
}

/// Has a connection from there counted.
fn come(wall: &mut Wall, from: &str) {
    let endpoint = ConnectedPoint::Listener {
        local_addr: "/ip4/203.0.113.1/tcp/9001".parse().unwrap(),
        send_back_addr: from.parse().unwrap(),
    };
    let came = libp2p::swarm::behaviour::ConnectionEstablished {
        peer_id: peer_of(node(1)),
        connection_id: ConnectionId::new_unchecked(1),
        endpoint: &endpoint,
        failed_addresses: &[],
        other_established: 0,
    };
    wall.on_swarm_event(FromSwarm::ConnectionEstablished(came));
}

#[test]
fn one_prefix_does_not_fill_the_places() {
    let mut wall = wall();
    for n in 0..8 {
        let from = format!("/ip4/198.51.100.{n}/tcp/1234");
        assert!(lets_in(&mut wall, node(2), &from), "{n}");
        come(&mut wall, &from);
    }
    assert!(!lets_in(&mut wall, node(2), "/ip4/198.51.100.99/tcp/1234"));
    assert!(lets_in(&mut wall, node(2), "/ip4/198.51.101.99/tcp/1234"));
    wall.exempt.insert(node(3));
    assert!(
        lets_in(&mut wall, node(3), "/ip4/198.51.100.99/tcp/1234"),
        "configured"
    );
}

#[test]
fn what_comes_over_a_relay_does_not_count_for_the_relay() {
    let mut wall = wall();
    let far = format!("/p2p/{}", peer_of(node(2)));
    for _ in 0..100 {
        come(&mut wall, &far);
    }
    assert!(lets_in(&mut wall, node(2), &far));
}

#[test]
fn whom_it_parted_from_stays_out_for_a_while_where_there_are_enough() {
    let mut wall = wall();
    let from = "/ip4/198.51.100.1/tcp/1234";
    wall.part(node(2), NOW + Duration::from_secs(1));
    assert!(lets_in(&mut wall, node(2), from), "there is room");
    wall.has_enough = true;
    assert!(!lets_in(&mut wall, node(2), from));
    assert!(lets_in(&mut wall, node(3), from));
    wall.part(node(2), NOW);
    assert!(lets_in(&mut wall, node(2), from), "it is over");
}
