//! Bursts go in batches: to everybody, whatever they speak, and at their senders' own risk.

use std::{collections::BTreeSet, sync::Arc};

use aegis_core::{Alert, AlertId};
use aegis_net::{
    NetEvent, P2pConfig, batch,
    gate::{Limits, Misbehaviour, Quota},
};

use crate::{
    raw::RawPeer,
    support::{TestNode, Transport, alert, eventually, lonely},
};

/// More than may go one by one at once.
const BURST: u32 = 400;

async fn node(peers: &[&TestNode], limits: Limits) -> TestNode {
    TestNode::start(P2pConfig {
        peers: peers.iter().map(|it| it.peer_address()).collect(),
        limits,
        ..lonely(Transport::Tcp)
    })
    .await
}

/// Returns `a`, `b` and `c`, of which only `b` is connected with both others.
async fn chain(limits: Limits) -> (TestNode, TestNode, TestNode) {
    let mut a = node(&[], limits).await;
    let mut b = node(&[&a], limits).await;
    let mut c = node(&[&b], limits).await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    b.wait_for_peer(c.id()).await;
    c.wait_for_peer(b.id()).await;
    (a, b, c)
}

async fn burst(of: &TestNode, count: u32) -> BTreeSet<AlertId> {
    let said: Vec<Arc<Alert>> = (0..count).map(|n| alert(&of.identity, n)).collect();
    for it in &said {
        of.publish(it).await;
    }
    said.iter().map(|it| it.id()).collect()
}

fn packed(alerts: &[Arc<Alert>]) -> Vec<u8> {
    let mut batches = batch::pack(alerts.iter().map(|it| it.wire()));
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

/// Quotas in which a stranger's whole batch fits.
fn generous() -> Limits {
    let quota = Quota {
        burst: 5000,
        per_second: 1000,
    };
    Limits {
        dht_author: quota,
        strangers: quota,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_burst_goes_in_batches_and_is_passed_on_in_them() {
    let (a, mut b, mut c) = chain(generous()).await;
    let said = burst(&a, BURST).await;
    eventually("all arrive next door", || b.alerts() == said).await;
    eventually("all arrive beyond", || c.alerts() == said).await;
    assert!(a.counters().batches_sent > 0);
    assert_eq!(a.counters().published, u64::from(BURST));
    // The first ones went by themselves, the rest in few pieces.
    assert!(b.counters().batches_heard > 0);
    assert!(c.counters().batches_heard > 0);
    assert!(c.counters().batches_heard <= a.counters().batches_sent);
    assert_eq!(b.counters().rejected + c.counters().rejected, 0);
}

/// One peer that does not follow the topic of batches, and everything is said as it always was.
#[tokio::test]
async fn a_peer_that_takes_no_batches_has_everything_one_by_one() {
    let mut a = node(&[], Limits::default()).await;
    let mut b = node(&[&a], Limits::default()).await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    let old = RawPeer::connect(&a.peer_address()).await;
    a.wait_for_peer(old.id).await;
    let said = burst(&a, BURST).await;
    eventually("all arrive", || b.alerts() == said).await;
    eventually("the old one hears all", || old.heard() == BURST).await;
    assert_eq!(a.counters().batches_sent, 0);
}

#[tokio::test]
async fn a_batch_is_taken_apart_for_a_peer_that_takes_none() {
    let (a, mut b, mut c) = chain(generous()).await;
    let old = RawPeer::connect(&b.peer_address()).await;
    b.wait_for_peer(old.id).await;
    let said = burst(&a, BURST).await;
    eventually("all arrive", || b.alerts() == said && c.alerts() == said).await;
    eventually("the old one hears all", || old.heard() == BURST).await;
    assert!(a.counters().batches_sent > 0);
}

/// What is above the author's quota is not passed on for being in good company.
#[tokio::test]
async fn of_a_batch_that_is_too_much_only_what_is_within_the_quota_is_heard() {
    let limits = Limits {
        dht_author: Quota {
            burst: 50,
            per_second: 1,
        },
        ..Limits::default()
    };
    let mut a = node(&[], limits).await;
    let mut b = node(&[&a], limits).await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    let stranger = RawPeer::connect(&a.peer_address()).await;
    a.wait_for_peer(stranger.id).await;
    let said: Vec<Arc<Alert>> = (0..200).map(|n| alert(&stranger.identity, n)).collect();
    stranger.send_batch(packed(&said)).await;
    eventually("some are heard", || a.alerts().len() >= 50).await;
    eventually("the whole batch is", || a.counters().batches_heard == 1).await;
    let values = a.counters();
    assert_eq!(values.rejected, 0, "{values:?}");
    assert!(values.accepted <= 55 && values.ignored >= 145, "{values:?}");
    eventually("they are passed on", || b.alerts().len() >= 50).await;
    assert_eq!(b.counters().batches_heard, 0);
}

#[tokio::test]
async fn whoever_brings_a_batch_with_a_forgery_pays_for_it_and_the_rest_is_heard() {
    let mut a = node(&[], generous()).await;
    let bad = RawPeer::connect(&a.peer_address()).await;
    a.wait_for_peer(bad.id).await;
    let said: Vec<Arc<Alert>> = (0..40).map(|n| alert(&bad.identity, n)).collect();
    let mut messages: Vec<Arc<[u8]>> = said.iter().map(|it| Arc::clone(it.wire())).collect();
    let text = String::from_utf8(messages[17].to_vec()).unwrap();
    messages[17] = text.replace("verified", "spoofable").into_bytes().into();
    let mut batches = batch::pack(&messages);
    bad.send_batch(batches.remove(0)).await;
    let mut wanted: BTreeSet<AlertId> = said.iter().map(|it| it.id()).collect();
    wanted.remove(&said[17].id());
    eventually("the others are heard", || a.alerts() == wanted).await;
    let id = bad.id;
    let misbehaviour = a.wait_for("the blame", |it| match it {
        NetEvent::Misbehaved { peer, misbehaviour } if *peer == id => Some(*misbehaviour),
        _ => None,
    });
    assert_eq!(misbehaviour.await, Misbehaviour::Forged);
    assert_eq!(a.counters().rejected, 1);
}

#[tokio::test]
async fn a_sender_of_what_is_no_batch_is_cut_off() {
    let mut a = node(&[], Limits::default()).await;
    let bad = RawPeer::connect(&a.peer_address()).await;
    a.wait_for_peer(bad.id).await;
    for n in 0..5_u8 {
        bad.send_batch(vec![n; 100]).await;
    }
    let id = bad.id;
    let misbehaviour = a.wait_for("the reason", |it| match it {
        NetEvent::Misbehaved { peer, misbehaviour } if *peer == id => Some(*misbehaviour),
        _ => None,
    });
    assert_eq!(misbehaviour.await, Misbehaviour::BadBatch);
    a.wait_for("the ban", |it| match it {
        NetEvent::PeerBanned { peer, .. } if *peer == id => Some(()),
        _ => None,
    })
    .await;
}
