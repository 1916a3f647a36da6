//! Nodes find each other and hear each other's alerts.

use std::{collections::BTreeSet, time::Duration};

use aegis_core::{Channel, PeerClass};
use aegis_net::{Address, NetCommand, NetError, NetEvent, P2pConfig, Via, start};

use crate::support::{DEADLINE, TestNode, Transport, alert, clock, eventually, lonely};

#[tokio::test]
async fn two_nodes_join_by_bootstrap_over_tcp() {
    two_nodes_join_by_bootstrap(Transport::Tcp).await;
}

#[tokio::test]
async fn two_nodes_join_by_bootstrap_over_quic() {
    two_nodes_join_by_bootstrap(Transport::Quic).await;
}

async fn two_nodes_join_by_bootstrap(transport: Transport) {
    let mut a = TestNode::start(lonely(transport)).await;
    let bootstrap = vec![a.peer_address().to_string().parse().unwrap()];
    let mut b = TestNode::start(P2pConfig {
        bootstrap,
        ..lonely(transport)
    })
    .await;
    assert_ne!(a.id(), b.id());
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;

    let said = alert(&b.identity, 1);
    b.publish(&said).await;
    assert_eq!(a.wait_for_alert(said.id()).await, b.id());

    let said = alert(&a.identity, 2);
    a.publish(&said).await;
    assert_eq!(b.wait_for_alert(said.id()).await, a.id());
    a.stop().await;
    b.stop().await;
}
