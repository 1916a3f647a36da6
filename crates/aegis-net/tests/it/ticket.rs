//! Joining by a ticket: what the service carries, and whom it deals with as with a configured peer.

use aegis_core::PeerClass;
use aegis_net::{
    JoinCommand, JoinEvent, NetCommand, NetEvent, RequestId, Token,
    join::{JoinQuery, JoinReply, Unwelcome},
};

use crate::support::{TestNode, Transport, lonely};

async fn asked(node: &mut TestNode, query: JoinQuery) -> RequestId {
    node.wait_for("a query", |it| match it {
        NetEvent::Join(JoinEvent::Asked {
            request, query: it, ..
        }) if *it == query => Some(*request),
        _ => None,
    })
    .await
}

async fn replied(node: &mut TestNode) -> JoinReply {
    let reply = node
        .wait_for("a reply", |it| match it {
            NetEvent::Join(JoinEvent::Replied { reply, .. }) => Some(reply.clone()),
            _ => None,
        })
        .await;
    node.events.clear();
    reply
}

#[tokio::test]
async fn a_query_and_its_reply_reach_each_other() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let mut b = TestNode::start(lonely(Transport::Tcp)).await;
    let at = vec![a.peer_address()];
    b.command(NetCommand::Join(JoinCommand::Adopt(at))).await;
    let class = b.wait_for("the peer", |it| match it {
        NetEvent::PeerConnected { class, .. } => Some(*class),
        _ => None,
    });
    assert_eq!(class.await, PeerClass::Configured);
    let peer = a.id();
    for (query, reply) in [
        (
            JoinQuery::Admit(Token::from_bytes([1; 16])),
            JoinReply::Refused(Unwelcome::UsedUp),
        ),
        (
            JoinQuery::HowFar,
            JoinReply::HowFar {
                alerts: 7,
                digest: [8; 32],
            },
        ),
    ] {
        b.command(NetCommand::Join(JoinCommand::Ask { peer, query }))
            .await;
        let request = asked(&mut a, query).await;
        let reply_to = JoinCommand::Reply {
            request,
            reply: Some(reply.clone()),
        };
        a.command(NetCommand::Join(reply_to)).await;
        assert_eq!(replied(&mut b).await, reply);
    }
    // Nothing is said, or the node leaves: the query has failed, at once.
    let query = JoinQuery::HowFar;
    let failed =
        |it: &NetEvent| matches!(it, NetEvent::Join(JoinEvent::Failed { .. })).then_some(());
    a.events.clear();
    b.command(NetCommand::Join(JoinCommand::Ask { peer, query }))
        .await;
    let request = asked(&mut a, query).await;
    let reply_to = JoinCommand::Reply {
        request,
        reply: None,
    };
    a.command(NetCommand::Join(reply_to)).await;
    b.wait_for("a refusal", failed).await;
    b.events.clear();
    a.events.clear();
    b.command(NetCommand::Join(JoinCommand::Ask { peer, query }))
        .await;
    asked(&mut a, query).await;
    a.stop().await;
    b.wait_for("an end", failed).await;
    b.events.clear();
    b.command(NetCommand::Join(JoinCommand::Ask { peer, query }))
        .await;
    b.wait_for("another end", failed).await;
}
