//! Alerts said to each peer by itself, between real nodes.

use aegis_core::NodeId;
use aegis_net::P2pConfig;
use tempfile::TempDir;

use crate::{
    raw::RawPeer,
    support::{DEADLINE, TestNode, Transport, alert, lonely},
};

/// Alerts that may be unconfirmed at a time.
const UNCONFIRMED_MAX: u64 = 64;

/// Starts nodes of one host, each connected with every other; the folder is where they meet.
async fn clique<const N: usize>(transport: Transport) -> ([TestNode; N], TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes: Vec<TestNode> = Vec::new();
    for _ in 0..N {
        let config = P2pConfig {
            runtime_dir: Some(folder.path().to_owned()),
            ..lonely(transport)
        };
        nodes.push(TestNode::start(config).await);
    }
    let ids: Vec<NodeId> = nodes.iter().map(TestNode::id).collect();
    for node in &mut nodes {
        let own = node.id();
        for id in ids.iter().filter(|it| **it != own) {
            node.wait_for_peer(*id).await;
        }
    }
    (nodes.try_into().ok().unwrap(), folder)
}

/// Publishes alerts until one is said directly, each heard by all others.
async fn publish_until_direct<const N: usize>(nodes: &mut [TestNode; N], speaker: usize) {
    let mut pause = tokio::time::interval(std::time::Duration::from_millis(50));
    let until = async {
        for number in 0.. {
            pause.tick().await;
            let said = alert(&nodes[speaker].identity, number);
            nodes[speaker].publish(&said).await;
            for listener in (0..N).filter(|it| *it != speaker) {
                nodes[listener].wait_for_alert(said.id()).await;
            }
            if nodes[speaker].counters().direct > 0 {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(DEADLINE, until).await;
    assert!(in_time.is_ok(), "no alert was said directly");
}

async fn three_nodes_speak_directly(transport: Transport) {
    let (mut nodes, _folder) = clique::<3>(transport).await;
    for speaker in 0..3 {
        publish_until_direct(&mut nodes, speaker).await;
        let before = nodes[speaker].counters();
        let said = alert(&nodes[speaker].identity, 1_000);
        nodes[speaker].publish(&said).await;
        let from = nodes[speaker].id();
        for listener in (0..3).filter(|it| *it != speaker) {
            assert_eq!(nodes[listener].wait_for_alert(said.id()).await, from);
        }
        let after = nodes[speaker].counters();
        assert_eq!(after.direct, before.direct + 1);
        assert_eq!(after.published, before.published + 1);
    }
}

#[tokio::test]
async fn three_nodes_that_all_know_each_other_speak_directly_over_tcp() {
    three_nodes_speak_directly(Transport::Tcp).await;
}

#[tokio::test]
async fn three_nodes_that_all_know_each_other_speak_directly_over_quic() {
    three_nodes_speak_directly(Transport::Quic).await;
}

#[tokio::test]
async fn what_is_said_directly_is_confirmed() {
    let (mut nodes, _folder) = clique::<2>(Transport::Tcp).await;
    publish_until_direct(&mut nodes, 0).await;
    // At a pace that lets them be confirmed.
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(50));
    let before = nodes[0].counters();
    for number in 2_000..2_100 {
        pace.tick().await;
        let said = alert(&nodes[0].identity, number);
        nodes[0].publish(&said).await;
        nodes[1].wait_for_alert(said.id()).await;
    }
    let direct = nodes[0].counters().direct - before.direct;
    assert!(direct > UNCONFIRMED_MAX, "{direct}");
}

#[tokio::test]
async fn a_peer_that_only_gossips_has_everything_go_by_gossip() {
    let (mut nodes, _folder) = clique::<2>(Transport::Tcp).await;
    publish_until_direct(&mut nodes, 0).await;
    let gossiper = RawPeer::connect(&nodes[0].peer_address()).await;
    nodes[0].wait_for_peer(gossiper.id).await;
    let before = nodes[0].counters().direct;
    for number in 2_000..2_010 {
        let said = alert(&nodes[0].identity, number);
        nodes[0].publish(&said).await;
        nodes[1].wait_for_alert(said.id()).await;
    }
    assert_eq!(nodes[0].counters().direct, before);
}
