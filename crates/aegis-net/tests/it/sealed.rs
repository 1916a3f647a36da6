//! Alerts for an organisation, between real nodes: members read them, others pass them on, and who is
//! expelled reads no new ones.

use std::sync::Arc;

use aegis_core::{Alert, KeyRing, NodeId};
use aegis_net::{
    NetCommand, NetEvent, P2pConfig,
    organisation::{OrganisationKey, is_sealed, make_keys, open_keys, seal},
    wire,
};

use crate::{
    raw::RawPeer,
    support::{TestNode, Transport, alert, eventually, lonely, now},
};

/// Two members that only a stranger connects, which passes on what it cannot read.
#[tokio::test]
async fn members_read_what_strangers_pass_on() {
    let key = OrganisationKey::generate();
    let [mut a, mut hub, mut b] = line().await;
    let ring = ring(&key, 1, &[a.id(), b.id()]);
    for node in [&a, &hub, &b] {
        unlock(node, &ring).await; // the hub is handed it, too, and cannot open it
    }
    let said = addressed(&a, &key, 1);
    a.publish(&said).await;
    assert_eq!(
        b.wait_for_alert(said.id()).await,
        hub.id(),
        "the hub handed it over"
    );
    // What comes after it on the same way has come: so the hub has had its chance.
    let open = alert(&a.identity, 2);
    a.publish(&open).await;
    hub.wait_for_alert(open.id()).await;
    b.wait_for_alert(open.id()).await;
    assert!(!hub.alerts().contains(&said.id()), "it hears nothing of it");
    assert_eq!(hub.counters().rejected, 0);
    let misbehaved = hub.events.iter().chain(&b.events);
    let misbehaved = misbehaved.filter(|it| matches!(it, NetEvent::Misbehaved { .. }));
    assert_eq!(misbehaved.count(), 0);
    // And the other way round.
    let said = addressed(&b, &key, 3);
    b.publish(&said).await;
    a.wait_for_alert(said.id()).await;
}

#[tokio::test]
async fn who_is_expelled_reads_nothing_new() {
    let key = OrganisationKey::generate();
    let [a, mut expelled, mut b] = line().await;
    let first = ring(&key, 1, &[a.id(), expelled.id(), b.id()]);
    for node in [&a, &expelled, &b] {
        unlock(node, &first).await;
    }
    let old = addressed(&a, &key, 1);
    a.publish(&old).await;
    expelled.wait_for_alert(old.id()).await;
    b.wait_for_alert(old.id()).await;
    let second = ring(&key, 2, &[a.id(), b.id()]);
    for node in [&a, &expelled, &b] {
        unlock(node, &second).await;
    }
    let new = addressed(&a, &key, 2);
    a.publish(&new).await;
    b.wait_for_alert(new.id()).await;
    let open = alert(&a.identity, 3);
    a.publish(&open).await;
    expelled.wait_for_alert(open.id()).await;
    assert!(!expelled.alerts().contains(&new.id()));
    assert!(open_keys(&second, &expelled.identity).is_none());
}

#[tokio::test]
async fn what_is_for_members_is_not_taken_in_the_clear() {
    let key = OrganisationKey::generate();
    let mut node = TestNode::start(lonely(Transport::Tcp)).await;
    unlock(&node, &ring(&key, 1, &[node.id()])).await;
    let bad = RawPeer::connect(&node.peer_address()).await;
    node.wait_for_peer(bad.id).await;
    let open = alert(&bad.identity, 1);
    let told = wire::sign_to(open.statement(), Some(key.id()), &bad.identity);
    bad.send(told.wire().to_vec()).await;
    let blamed = node.wait_for("blame", |it| match it {
        NetEvent::Misbehaved { peer, .. } => Some(*peer),
        _ => None,
    });
    assert_eq!(blamed.await, bad.id);
    assert!(node.alerts().is_empty());
}

#[tokio::test]
async fn a_forged_seal_costs_whoever_brings_it() {
    let key = OrganisationKey::generate();
    let mut node = TestNode::start(lonely(Transport::Tcp)).await;
    let bad = RawPeer::connect(&node.peer_address()).await;
    node.wait_for_peer(bad.id).await;
    let ring = ring(&key, 1, &[bad.id]);
    let keys = open_keys(&ring, &bad.identity).unwrap();
    let mut forged = seal(b"anything", &keys, now()).unwrap();
    assert!(is_sealed(&forged));
    forged[100] ^= 1;
    bad.send(forged).await;
    let blamed = node.wait_for("blame", |it| match it {
        NetEvent::Misbehaved { peer, .. } => Some(*peer),
        _ => None,
    });
    assert_eq!(blamed.await, bad.id);
    // What a member seals that is no alert is passed on by who cannot know, and heard by nobody.
    bad.send(seal(b"anything", &keys, now()).unwrap()).await;
    let open = alert(&bad.identity, 1);
    bad.send(open.wire().to_vec()).await;
    node.wait_for_alert(open.id()).await;
    assert_eq!(node.alerts().len(), 1);
    eventually("the junk is counted", || node.counters().ignored >= 1).await;
}

/// Three nodes in a row: the outer ones know the middle one only.
async fn line() -> [TestNode; 3] {
    let mut middle = TestNode::start(lonely(Transport::Tcp)).await;
    let outer = || P2pConfig {
        peers: vec![middle.peer_address()],
        ..lonely(Transport::Tcp)
    };
    let mut a = TestNode::start(outer()).await;
    let mut b = TestNode::start(outer()).await;
    for node in [&mut a, &mut b] {
        node.wait_for_peer(middle.id()).await;
        middle.wait_for_peer(node.id()).await;
    }
    [a, middle, b]
}

async fn unlock(node: &TestNode, ring: &Arc<KeyRing>) {
    node.command(NetCommand::Unlock(Arc::clone(ring))).await;
}

fn ring(key: &OrganisationKey, epoch: u32, members: &[NodeId]) -> Arc<KeyRing> {
    let numbers = (epoch, epoch.into(), now().floor_to_secs());
    Arc::new(make_keys(key, numbers, members).unwrap())
}

fn addressed(author: &TestNode, key: &OrganisationKey, n: u32) -> Arc<Alert> {
    let open = alert(&author.identity, n);
    Arc::new(wire::sign_to(
        open.statement(),
        Some(key.id()),
        &author.identity,
    ))
}
