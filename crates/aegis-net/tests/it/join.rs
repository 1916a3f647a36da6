//! Nodes find each other and hear each other's alerts.

use std::{
    collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc,
    time::Duration,
};

use aegis_core::{Channel, NodeId, PeerClass};
use aegis_net::{Address, Identity, NetCommand, NetError, NetEvent, P2pConfig, Via, start};

use crate::support::{DEADLINE, TestNode, Transport, alert, clock, eventually, lonely, pair};

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
    let mut b = TestNode::start(P2pConfig {
        bootstrap: vec![a.peer_address().to_string().parse().unwrap()],
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
    b.wait_for("the other's leave", |it| {
        matches!(it, NetEvent::PeerLeft { .. }).then_some(())
    })
    .await;
    b.stop().await;
}

#[tokio::test]
async fn a_bootstrap_address_needs_no_peer_id() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let mut b = TestNode::start(P2pConfig {
        bootstrap: vec![a.address.clone()],
        ..lonely(Transport::Tcp)
    })
    .await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
}

#[tokio::test]
async fn five_nodes_hear_each_other_over_tcp() {
    five_nodes_hear_each_other(Transport::Tcp).await;
}

#[tokio::test]
async fn five_nodes_hear_each_other_over_quic() {
    five_nodes_hear_each_other(Transport::Quic).await;
}

/// Each node knows the one before it only, so alerts are relayed.
async fn five_nodes_hear_each_other(transport: Transport) {
    let mut nodes: Vec<TestNode> = Vec::new();
    for _ in 0..5 {
        let before = nodes.last().map(TestNode::peer_address);
        let config = P2pConfig {
            peers: before.into_iter().collect(),
            ..lonely(transport)
        };
        nodes.push(TestNode::start(config).await);
    }
    let ids: Vec<NodeId> = nodes.iter().map(TestNode::id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 5);
    for (n, node) in nodes.iter_mut().enumerate() {
        let before = n.checked_sub(1).and_then(|it| ids.get(it));
        for neighbour in before.into_iter().chain(ids.get(n + 1)) {
            node.wait_for_peer(*neighbour).await;
        }
    }
    for speaker in 0..nodes.len() {
        let said = alert(&nodes[speaker].identity, speaker as u32);
        nodes[speaker].publish(&said).await;
        for listener in (0..nodes.len()).filter(|it| *it != speaker) {
            let forwarder = nodes[listener].wait_for_alert(said.id()).await;
            let towards = if speaker < listener {
                listener - 1
            } else {
                listener + 1
            };
            assert_eq!(forwarder, ids[towards], "{speaker} to {listener}");
        }
    }
}

#[tokio::test]
async fn nodes_of_one_host_join_within_a_second_by_the_runtime_directory() {
    let folder = tempfile::tempdir().unwrap();
    let config = || P2pConfig {
        runtime_dir: Some(folder.path().to_owned()),
        ..lonely(Transport::Tcp)
    };
    let mut a = TestNode::start(config()).await;
    let mut b = TestNode::start(config()).await;
    let (a_id, b_id) = (a.id(), b.id());
    let joined = async {
        a.wait_for_peer(b_id).await;
        b.wait_for_peer(a_id).await;
    };
    let in_time = tokio::time::timeout(Duration::from_secs(1), joined).await;
    assert!(in_time.is_ok(), "not joined within a second");
    for (node, other) in [(&mut a, b_id), (&mut b, a_id)] {
        let class = node.wait_for("the class", |it| match it {
            NetEvent::PeerConnected { peer, class, .. } if *peer == other => Some(*class),
            _ => None,
        });
        assert_eq!(class.await, PeerClass::Lan);
    }
    let names = || fs::read_dir(folder.path().join("nodes")).unwrap().count();
    assert_eq!(names(), 2);
    a.stop().await;
    assert_eq!(names(), 1, "a clean stop removes the file");
}

#[tokio::test]
async fn what_lies_in_the_runtime_directory_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = folder.path().join("nodes");
    fs::create_dir(&nodes).unwrap();
    let write = |name: &str, text: &[u8]| fs::write(nodes.join(name), text).unwrap();
    let dead = Identity::generate().node_id();
    write(
        &format!("{dead}.json"),
        br#"{"addresses":["/ip4/127.0.0.1/tcp/9"],"network":""}"#,
    );
    write("README", b"not a node");
    write("..json", b"{");
    std::os::unix::fs::symlink("/dev/zero", nodes.join(format!("{}.json", fresh()))).unwrap();
    make_pipe(&nodes.join(format!("{}.json", fresh())));

    let config = P2pConfig {
        runtime_dir: Some(folder.path().to_owned()),
        ..lonely(Transport::Tcp)
    };
    let mut a = TestNode::start(config.clone()).await;
    let mut b = TestNode::start(config).await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    let dead = nodes.join(format!("{dead}.json"));
    eventually("the dead node's file is removed", || !dead.exists()).await;
    let strangers = a.events.iter().filter(|it| match it {
        NetEvent::PeerDiscovered { peer, .. } => *peer != b.id(),
        _ => false,
    });
    assert_eq!(strangers.count(), 0);
}

fn fresh() -> NodeId {
    Identity::generate().node_id()
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn a_configured_peer_is_dialled_until_it_is_there() {
    let mut late = TestNode::start(lonely(Transport::Tcp)).await;
    let at = late.peer_address();
    let identity_of_late = late.identity.clone();
    let mut a = TestNode::start(P2pConfig {
        peers: vec![at.clone()],
        ..lonely(Transport::Tcp)
    })
    .await;
    a.wait_for_peer(late.id()).await;
    late.wait_for_peer(a.id()).await;
    late.stop().await;
    a.wait_for("the other's leave", |it| {
        matches!(it, NetEvent::PeerLeft { .. }).then_some(())
    })
    .await;
    a.events.clear();
    let config = P2pConfig {
        listen: vec![at.address().clone()],
        ..lonely(Transport::Tcp)
    };
    let again = start(config, &identity_of_late, clock()).await.unwrap();
    let class = a.wait_for("the peer again", |it| match it {
        NetEvent::PeerConnected { peer, class, .. } if *peer == at.peer() => Some(*class),
        _ => None,
    });
    assert_eq!(class.await, PeerClass::Configured);
    again.stop(DEADLINE).await.unwrap();
}

#[tokio::test]
async fn a_known_peer_is_dialled_again_and_is_still_a_stranger() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let mut b = TestNode::start(P2pConfig {
        known_peers: vec![a.peer_address()],
        ..lonely(Transport::Tcp)
    })
    .await;
    a.wait_for_peer(b.id()).await;
    let id = a.id();
    let (via, class) = b
        .wait_for("the peer", |it| match it {
            NetEvent::PeerConnected { peer, class, .. } if *peer == id => Some((None, *class)),
            NetEvent::PeerDiscovered { peer, via } if *peer == id && *via != Via::Known => {
                Some((Some(*via), PeerClass::Dht))
            }
            _ => None,
        })
        .await;
    assert_eq!((via, class), (None, PeerClass::Dht));
}

#[tokio::test]
async fn a_newly_met_peer_is_handed_what_was_published_before() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let said: Vec<_> = (0..200).map(|n| alert(&a.identity, n)).collect();
    for it in &said {
        a.publish(it).await;
    }
    eventually("all published", || a.counters().unheard == 200).await;
    let mut b = TestNode::start(P2pConfig {
        peers: vec![a.peer_address()],
        ..lonely(Transport::Tcp)
    })
    .await;
    a.wait_for_peer(b.id()).await;
    let push = NetCommand::Push {
        peer: b.id(),
        alerts: said.iter().map(Arc::clone).collect(),
    };
    a.command(push).await;
    let wanted: BTreeSet<_> = said.iter().map(|it| it.id()).collect();
    eventually("all handed over", || b.alerts() == wanted).await;
    let is_sync = |it: &NetEvent| match it {
        NetEvent::AlertReceived {
            channel, forwarder, ..
        } => *channel == Channel::Sync && *forwarder == a.id(),
        _ => true,
    };
    assert!(b.events.iter().all(is_sync));
}

#[tokio::test]
async fn peers_of_a_peer_are_met_through_the_dht() {
    let config = |bootstrap: Vec<Address>| P2pConfig {
        bootstrap,
        kad: true,
        ..lonely(Transport::Tcp)
    };
    let a = TestNode::start(config(Vec::new())).await;
    let entry = vec![a.address.clone()];
    let mut b = TestNode::start(config(entry.clone())).await;
    let mut c = TestNode::start(config(entry)).await;
    b.wait_for_peer(a.id()).await;
    b.wait_for_peer(c.id()).await;
    c.wait_for_peer(b.id()).await;
}

#[tokio::test]
async fn a_banned_peer_stays_out_until_it_is_let_in() {
    let [mut a, mut b] = pair(lonely(Transport::Tcp)).await;
    let until = crate::support::now() + Duration::from_secs(600);
    let peer = b.id();
    a.command(NetCommand::Ban { peer, until }).await;
    a.wait_for("the ban", |it| {
        matches!(it, NetEvent::PeerBanned { .. }).then_some(())
    })
    .await;
    b.wait_for("the parting", |it| {
        matches!(it, NetEvent::PeerLeft { .. }).then_some(())
    })
    .await;
    a.events.clear();
    a.command(NetCommand::Unban(peer)).await;
    a.wait_for_peer(peer).await;
}

#[tokio::test]
async fn a_class_can_be_given() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let b = TestNode::start(P2pConfig {
        peers: vec![a.peer_address()],
        ..lonely(Transport::Tcp)
    })
    .await;
    a.wait_for_peer(b.id()).await;
    let (peer, class) = (b.id(), PeerClass::Configured);
    a.command(NetCommand::SetClass { peer, class }).await;
    let heard = a.wait_for("the class", |it| match it {
        NetEvent::PeerClassChanged { peer, class } => Some((*peer, *class)),
        _ => None,
    });
    assert_eq!(heard.await, (peer, class));
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_by_name() {
    let a = TestNode::start(lonely(Transport::Tcp)).await;
    let config = P2pConfig {
        listen: vec![a.address.clone()],
        ..lonely(Transport::Tcp)
    };
    let refused = start(config, &Identity::generate(), clock()).await;
    assert!(matches!(refused, Err(NetError::Listen { address, .. }) if address == a.address));
}

#[tokio::test]
async fn a_key_file_is_made_once_and_only_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let made = Identity::load_or_create(&path).unwrap();
    let read = Identity::load_or_create(&path).unwrap();
    assert_eq!(made.node_id(), read.node_id());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn addresses_are_checked() {
    let ok = [
        "/ip4/192.0.2.1/tcp/9001",
        "/dnsaddr/boot.example",
        "/ip6/::1/udp/1/quic-v1",
    ];
    for text in ok {
        assert_eq!(text.parse::<Address>().unwrap().as_str(), text);
    }
}
