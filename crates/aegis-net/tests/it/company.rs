//! How many peers a node keeps, and how it finds more.

use aegis_net::{NetEvent, P2pConfig, Surroundings, Via, crowd::Marks};

use crate::support::{TestNode, Transport, lonely};

/// Waits until a node is placed so.
async fn until_placed(node: &mut TestNode, what: &str, holds: impl Fn(&Surroundings) -> bool) {
    node.wait_for(what, |it| match it {
        NetEvent::Placed(it) if holds(it) => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_node_parts_from_peers_above_its_high_mark_but_not_from_configured_ones() {
    let chosen = TestNode::start(lonely(Transport::Tcp)).await;
    let mut hub = TestNode::start(P2pConfig {
        peers: vec![chosen.peer_address()],
        marks: Marks::new(1, 2, 5).unwrap(),
        ..lonely(Transport::Tcp)
    })
    .await;
    hub.wait_for_peer(chosen.id()).await;
    let mut others = Vec::new();
    for _ in 0..5 {
        let config = P2pConfig {
            bootstrap: vec![hub.peer_address().to_string().parse().unwrap()],
            marks: Marks::new(1, 1, 100).unwrap(),
            ..lonely(Transport::Tcp)
        };
        others.push(TestNode::start(config).await);
    }
    until_placed(&mut hub, "four partings", |it| it.trimmed == 4).await;
    until_placed(&mut hub, "two peers left", |it| {
        it.trimmed == 4 && it.routes.len() == 2
    })
    .await;
    let left = hub.events.iter().filter_map(|it| match it {
        NetEvent::PeerLeft { peer, .. } => Some(*peer),
        _ => None,
    });
    let left: Vec<_> = left.collect();
    assert!(!left.contains(&chosen.id()), "{left:?}");
}

#[tokio::test]
async fn a_node_with_few_peers_is_told_of_more() {
    let mut hub = TestNode::start(lonely(Transport::Tcp)).await;
    let entered = || P2pConfig {
        bootstrap: vec![hub.peer_address().to_string().parse().unwrap()],
        ..lonely(Transport::Tcp)
    };
    let (first, second) = (entered(), entered());
    let mut a = TestNode::start(first).await;
    a.wait_for_peer(hub.id()).await;
    hub.wait_for_peer(a.id()).await;
    let mut b = TestNode::start(second).await;
    // Whichever asks first is told of the other.
    b.wait_for_peer(a.id()).await;
    a.wait_for_peer(b.id()).await;
    let told = |node: &TestNode| {
        let mut events = node.events.iter();
        events.any(|it| {
            matches!(
                it,
                NetEvent::PeerDiscovered {
                    via: Via::Exchange,
                    ..
                }
            )
        })
    };
    assert!(told(&a) || told(&b));
    until_placed(&mut a, "direct routes", |it| {
        it.routes.len() == 2 && it.routes.values().all(|it| !it.is_relayed)
    })
    .await;
}
