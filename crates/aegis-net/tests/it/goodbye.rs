//! Leaving: who says goodbye has left, who does not is lost, and nothing waits for either.

use std::time::Duration;

use aegis_core::{NodeId, Question, file::FileId, sync::Request};
use aegis_net::{
    FileAskId, FileCommand, FileEvent, NetCommand, NetEvent, P2pConfig, QuestionId, Silence,
    file::FileQuery,
};

use crate::{
    raw::RawPeer,
    support::{DEADLINE, TestNode, Transport, lonely, now, pair},
};

/// Far less than any of what waits would wait: a question 10 s, sync 20 s, a file 30 s.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn left(node: &mut TestNode, peer: NodeId) -> bool {
    node.wait_for("a leave", |it| match it {
        NetEvent::PeerLeft {
            peer: it,
            said_goodbye,
        } if *it == peer => Some(*said_goodbye),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn who_says_goodbye_has_left_and_who_does_not_is_lost() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    for transport in [Transport::Tcp, Transport::Quic] {
        let b = TestNode::start(P2pConfig {
            peers: vec![a.peer_address()],
            ..lonely(transport)
        })
        .await;
        let id = b.id();
        a.wait_for_peer(id).await;
        b.stop().await;
        assert!(left(&mut a, id).await);
    }
    let silent = RawPeer::connect(&a.peer_address()).await;
    let id = silent.id;
    a.wait_for_peer(id).await;
    drop(silent);
    assert!(!left(&mut a, id).await);
}

#[tokio::test]
async fn nothing_waits_for_a_peer_that_leaves() {
    let [mut a, mut b] = pair(lonely(Transport::Tcp)).await;
    let peer = a.id();
    // None of them is answered.
    let id = QuestionId(1);
    let question = Question {
        indicators: vec!["203.0.113.7".parse().unwrap()],
        wait: Duration::from_secs(10),
        hops: 0,
    };
    let peers = vec![peer];
    b.command(NetCommand::Ask {
        id,
        peers,
        question,
    })
    .await;
    let asks = Request::Give(Vec::new());
    b.command(NetCommand::SyncAsk { id, peer, asks }).await;
    let query = FileQuery::Have(FileId::from_bytes([7; 32]));
    let ask = FileCommand::Ask {
        id: FileAskId(3),
        peer,
        query,
    };
    b.command(NetCommand::File(ask)).await;
    a.wait_for("the question", |it| {
        matches!(it, NetEvent::Asked { .. }).then_some(())
    })
    .await;
    a.wait_for("the request", |it| {
        matches!(it, NetEvent::SyncAsked { .. }).then_some(())
    })
    .await;
    let asked = async {
        while !matches!(
            a.handle.file_events_rx.recv().await,
            Some(FileEvent::Asked { .. })
        ) {}
    };
    tokio::time::timeout(DEADLINE, asked).await.unwrap();
    let stopped_at = now();
    a.stop().await;
    let why = b.wait_for("the end of the question", |it| match it {
        NetEvent::Unanswered { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(why.await, Silence::Gone);
    b.wait_for("the end of the request", |it| {
        matches!(it, NetEvent::SyncFailed { .. }).then_some(())
    })
    .await;
    let failed = async {
        while !matches!(
            b.handle.file_events_rx.recv().await,
            Some(FileEvent::Failed { .. })
        ) {}
    };
    tokio::time::timeout(DEADLINE, failed).await.unwrap();
    let took = now().since(stopped_at);
    assert!(took < AT_ONCE, "{took:?}");
    assert!(left(&mut b, peer).await);
}
