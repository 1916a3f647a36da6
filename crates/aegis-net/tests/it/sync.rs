//! Reconciling between real nodes: what is asked is answered, with alerts that are verified, and what
//! cannot be read is blamed on whoever sent it.

use std::{sync::Arc, time::Duration};

use aegis_core::{
    Alert, NodeId, Statement, Timestamp,
    sync::{Answer, Prefix, Request},
};
use aegis_net::{
    Identity, NetCommand, NetEvent, P2pConfig, QuestionId, RequestId,
    gate::{Limits, Misbehaviour, Quota},
    sync, wire,
};

use crate::{
    raw::{RawPeer, Reply},
    support::{TestNode, Transport, alert, eventually, lonely, now},
};

async fn pair(limits: Limits) -> (TestNode, TestNode) {
    let config = |peers| P2pConfig {
        peers,
        limits,
        ..lonely(Transport::Tcp)
    };
    let mut a = TestNode::start(config(Vec::new())).await;
    let mut b = TestNode::start(config(vec![a.peer_address()])).await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    (a, b)
}

fn everything() -> Request<Arc<Alert>> {
    Request::Range {
        first: Prefix::MIN,
        last: Prefix::MAX,
        held: Vec::new(),
    }
}

fn all_of(alerts: Vec<Arc<Alert>>) -> Answer<Arc<Alert>> {
    Answer::Range {
        reached: Prefix::MAX,
        alerts,
        wanted: Vec::new(),
    }
}

async fn ask(node: &TestNode, id: u64, peer: NodeId, asks: Request<Arc<Alert>>) {
    let id = QuestionId(id);
    node.command(NetCommand::SyncAsk { id, peer, asks }).await;
}

async fn asked(node: &mut TestNode) -> (RequestId, Request<Arc<Alert>>) {
    node.wait_for("a sync request", |it| match it {
        NetEvent::SyncAsked { request, asked, .. } => Some((*request, asked.clone())),
        _ => None,
    })
    .await
}

/// Returns the answer to the request with this id, `None` where there is none to come.
async fn outcome(node: &mut TestNode, wanted: u64) -> Option<Answer<Arc<Alert>>> {
    node.wait_for("the outcome of a sync request", |it| match it {
        NetEvent::SyncAnswered { id, answer, .. } if *id == QuestionId(wanted) => {
            Some(Some(answer.clone()))
        }
        NetEvent::SyncFailed { id, .. } if *id == QuestionId(wanted) => Some(None),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn what_is_asked_is_answered_and_counted() {
    let (mut a, mut b) = pair(Limits::default()).await;
    // More than are verified together, by several authors.
    let authors = [Identity::generate(), Identity::generate()];
    let alerts = (0..300).map(|n| alert(&authors[n as usize % 2], n));
    let (to, sent) = (b.id(), everything());
    ask(&a, 1, to, sent.clone()).await;
    let (request, heard) = asked(&mut b).await;
    assert_eq!(heard, sent);
    let answer = all_of(alerts.collect());
    b.command(NetCommand::SyncAnswer {
        request,
        answer: answer.clone(),
    })
    .await;
    assert_eq!(outcome(&mut a, 1).await, Some(answer));
    eventually("all are counted", || a.counters().synced == 300).await;
    let (asker, answerer) = (a.counters(), b.counters());
    assert_eq!(asker.sync_asked, 1);
    assert_eq!(asker.sync_received_bytes, answerer.sync_sent_bytes);
    assert_eq!(asker.sync_sent_bytes, answerer.sync_received_bytes);
    assert_eq!(asker.rejected + answerer.rejected, 0);
}

/// What came by sync is not heard once more by gossip.
#[tokio::test]
async fn what_was_given_is_known() {
    let (a, mut b) = pair(Limits::default()).await;
    let given = alert(&a.identity, 1);
    ask(&a, 1, b.id(), Request::Give(vec![Arc::clone(&given)])).await;
    let (_, heard) = asked(&mut b).await;
    assert_eq!(heard, Request::Give(vec![Arc::clone(&given)]));
    eventually("it is counted", || b.counters().synced == 1).await;
    a.publish(&given).await;
    let other = alert(&a.identity, 2);
    a.publish(&other).await;
    b.wait_for_alert(other.id()).await;
    assert_eq!(b.alerts(), [other.id()].into());
}

#[tokio::test]
async fn who_is_not_there_or_does_not_speak_the_protocol_fails_at_once() {
    let (mut a, b) = pair(Limits::default()).await;
    ask(&a, 1, Identity::generate().node_id(), everything()).await;
    assert_eq!(outcome(&mut a, 1).await, None);
    let old = RawPeer::connect(&a.peer_address()).await;
    a.wait_for_peer(old.id).await;
    ask(&a, 2, old.id, everything()).await;
    assert_eq!(outcome(&mut a, 2).await, None);
    let is_blame = |it: &NetEvent| matches!(it, NetEvent::Misbehaved { .. });
    assert!(!a.events.iter().any(is_blame));
    b.stop().await;
}

#[tokio::test]
async fn a_peer_that_asks_too_much_is_told_so_unread() {
    let limits = Limits {
        dht_sync_requests: Quota {
            burst: 2,
            per_second: 1,
        },
        ..Limits::default()
    };
    let mut b = TestNode::start(P2pConfig {
        limits,
        ..lonely(Transport::Tcp)
    })
    .await;
    let taken: Reply = Arc::new(|_, _| None);
    let asker = RawPeer::connect_answering(&b.peer_address(), taken).await;
    b.wait_for_peer(asker.id).await;
    let request = sync::encode_request(Request::Give(Vec::new()));
    for _ in 0..4 {
        asker.sync_ask(request.clone()).await;
    }
    eventually("those above the quota are refused", || {
        b.counters().sync_refused >= 2
    })
    .await;
    eventually("and told so", || asker.answered() >= 2).await;
    b.alerts();
    let is_asked = |it: &&NetEvent| matches!(it, NetEvent::SyncAsked { .. });
    assert_eq!(b.events.iter().filter(is_asked).count(), 2);
}

/// An alert from the future is its author's fault, who is known here; the rest stands.
#[tokio::test]
async fn an_alert_from_the_future_is_blamed_on_its_author() {
    let (mut a, b) = pair(Limits::default()).await;
    let author = RawPeer::connect(&a.peer_address()).await;
    a.wait_for_peer(author.id).await;
    let early = stated_at(&author.identity, now() + Duration::from_secs(1000));
    ask(&b, 1, a.id(), Request::Give(vec![early])).await;
    let (_, heard) = asked(&mut a).await;
    assert!(matches!(heard, Request::Give(alerts) if alerts.len() == 1));
    blamed(&mut a, author.id, Misbehaviour::ImpossibleTime).await;
    assert!(!a.events.iter().any(|it| is_blame_of(it, b.id())));
}

/// Whoever brings an alert has to have checked it.
#[tokio::test]
async fn a_forgery_in_an_answer_is_blamed_on_who_brings_it() {
    let reply: Reply = Arc::new(|secret, _| {
        let identity = Identity::from_secret(secret);
        let good = alert(&identity, 1);
        let text = String::from_utf8(good.wire().to_vec()).unwrap();
        let forged = text.replace("verified", "spoofable").into_bytes();
        let forged = Alert::from_verified(good.author(), good.statement().clone(), forged.into());
        Some(sync::encode_answer(all_of(vec![good, Arc::new(forged)])))
    });
    fails_with(reply, Some(Misbehaviour::Forged)).await;
}

#[tokio::test]
async fn garbage_is_blamed_on_who_sent_it_and_half_a_message_on_nobody() {
    let garbage: Reply = Arc::new(|_, _| Some(vec![0, 0, 0, 3, 99, 99, 99]));
    fails_with(garbage, Some(Misbehaviour::Malformed)).await;
    let long: Reply = Arc::new(|_, _| Some(vec![0xff; 64]));
    fails_with(long, Some(Misbehaviour::Oversized)).await;
    let half: Reply = Arc::new(|_, _| Some(vec![0, 0, 1, 0, 4]));
    fails_with(half, None).await;
}

#[tokio::test]
async fn a_peer_that_asks_what_cannot_be_asked_is_cut_off() {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let silent: Reply = Arc::new(|_, _| None);
    let bad = RawPeer::connect_answering(&a.peer_address(), silent).await;
    a.wait_for_peer(bad.id).await;
    for n in 0..10_u8 {
        bad.sync_ask(vec![0, 0, 0, 2, 77, n]).await;
    }
    let id = bad.id;
    blamed(&mut a, id, Misbehaviour::Malformed).await;
    a.wait_for("the ban", |it| match it {
        NetEvent::PeerBanned { peer, .. } if *peer == id => Some(()),
        _ => None,
    })
    .await;
    let is_asked = |it: &NetEvent| matches!(it, NetEvent::SyncAsked { .. });
    assert!(!a.events.iter().any(is_asked));
}

/// Where all connections are made anew the peers part and meet again.
#[tokio::test]
async fn a_node_that_reconnects_meets_peers_elsewhere_again_and_keeps_those_on_its_host() {
    let (mut a, mut b) = pair(Limits::default()).await;
    b.command(NetCommand::Reconnect).await;
    let said = alert(&b.identity, 1);
    b.publish(&said).await;
    a.wait_for_alert(said.id()).await;
    b.alerts();
    let is_parting = |it: &NetEvent| matches!(it, NetEvent::PeerLeft { .. });
    assert!(!a.events.iter().chain(&b.events).any(is_parting));
}

async fn fails_with(reply: Reply, misbehaviour: Option<Misbehaviour>) {
    let mut a = TestNode::start(lonely(Transport::Tcp)).await;
    let bad = RawPeer::connect_answering(&a.peer_address(), reply).await;
    a.wait_for_peer(bad.id).await;
    ask(&a, 1, bad.id, everything()).await;
    assert_eq!(outcome(&mut a, 1).await, None);
    match misbehaviour {
        Some(it) => blamed(&mut a, bad.id, it).await,
        None => assert!(!a.events.iter().any(|it| is_blame_of(it, bad.id))),
    }
    assert_eq!(a.counters().synced, 0);
}

async fn blamed(node: &mut TestNode, culprit: NodeId, misbehaviour: Misbehaviour) {
    let found = node.wait_for("the blame", |it| match it {
        NetEvent::Misbehaved { peer, misbehaviour } if *peer == culprit => Some(*misbehaviour),
        _ => None,
    });
    assert_eq!(found.await, misbehaviour);
}

fn is_blame_of(event: &NetEvent, culprit: NodeId) -> bool {
    matches!(event, NetEvent::Misbehaved { peer, .. } if *peer == culprit)
}

fn stated_at(identity: &Identity, stated_at: Timestamp) -> Arc<Alert> {
    let statement = Statement {
        stated_at,
        ..alert(identity, 1).statement().clone()
    };
    Arc::new(wire::sign(&statement, identity))
}
