//! Members prove what they are to real nodes, find each other, and pay for what they are not.

use std::{sync::Arc, time::Duration};

use aegis_core::{
    Grant, MemberRole, Membership, NodeId, OrganisationId, OrganisationWord, Revocation,
    RevocationList, Revocations,
};
use aegis_net::{
    NetCommand, NetEvent, P2pConfig, Via,
    gate::Misbehaviour,
    organisation::{OrganisationKey, sign_membership, sign_revocations},
};

use crate::{
    raw::RawPeer,
    support::{TestNode, Transport, alert, eventually, globe, lonely, now, pair},
};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_node_shows_its_membership_and_what_is_revoked_over_tcp() {
    a_node_shows_what_organisations_signed(Transport::Tcp).await;
}

#[tokio::test]
async fn a_node_shows_its_membership_and_what_is_revoked_over_quic() {
    a_node_shows_what_organisations_signed(Transport::Quic).await;
}

async fn a_node_shows_what_organisations_signed(transport: Transport) {
    let key = OrganisationKey::generate();
    let [mut a, b] = pair(lonely(transport)).await;
    let shown = vec![
        member(&key, b.id()),
        member(&key, NodeId::from_public_key([9; 32])),
        OrganisationWord::Revocations(Arc::new(expelled(&key, a.id()))),
    ];
    b.command(NetCommand::Show {
        peer: a.id(),
        words: shown.clone(),
    })
    .await;
    let (from, words) = words(&mut a).await;
    assert_eq!((from, words), (b.id(), shown));
}

#[tokio::test]
async fn a_false_proof_costs_whoever_brings_it() {
    let key = OrganisationKey::generate();
    let mut node = TestNode::start(lonely(Transport::Tcp)).await;
    let honest = TestNode::start(P2pConfig {
        peers: vec![node.peer_address()],
        ..lonely(Transport::Tcp)
    })
    .await;
    node.wait_for_peer(honest.id()).await;
    let stolen = frame(1, &wire(&member(&key, honest.id())));
    let liar = RawPeer::connect(&node.peer_address()).await;
    let mut changed = wire(&member(&key, liar.id));
    changed[64] ^= 1; // the role
    let changed = frame(1, &changed);
    check_blame(&mut node, &liar, stolen, Misbehaviour::BadProof).await;
    check_blame(&mut node, &liar, changed, Misbehaviour::BadProof).await;
    eventually("the liar is parted from", || liar.closed() > 0).await;
    let babbler = RawPeer::connect(&node.peer_address()).await;
    let (junk, long) = (vec![7; 40], vec![0; 300 * 1024]);
    check_blame(&mut node, &babbler, junk, Misbehaviour::Malformed).await;
    check_blame(&mut node, &babbler, long, Misbehaviour::Oversized).await;
    honest
        .command(NetCommand::Show {
            peer: node.id(),
            words: vec![member(&key, honest.id())],
        })
        .await;
    let (from, _) = words(&mut node).await;
    assert_eq!(from, honest.id(), "an honest member is heard as before");
}

#[tokio::test]
async fn a_publisher_says_more_than_a_stranger_may() {
    let [mut a, mut b] = pair(lonely(Transport::Tcp)).await;
    a.command(NetCommand::Rank {
        node: b.id(),
        role: Some(MemberRole::Publisher),
    })
    .await;
    // What is shown after it shows that it was heard.
    let key = OrganisationKey::generate();
    a.command(NetCommand::Show {
        peer: b.id(),
        words: vec![member(&key, a.id())],
    })
    .await;
    words(&mut b).await;
    // A stranger may say 50 at once, and one a second after that.
    let all: Vec<_> = (0..200).map(|n| alert(&b.identity, n)).collect();
    for it in &all {
        b.publish(it).await;
    }
    for it in &all {
        a.wait_for_alert(it.id()).await;
    }
}

#[tokio::test]
async fn members_find_each_other_through_nodes_that_know_neither() {
    let organisation = OrganisationKey::generate().id();
    // They met at the hub; the last one only trusts.
    let (_hub, [mut a, _, _, mut b]) = globe().await;
    follow(&a, vec![organisation], Vec::new()).await;
    follow(&b, Vec::new(), vec![organisation]).await;
    let found = b.wait_for("a member", |it| match it {
        NetEvent::PeerDiscovered {
            peer,
            via: Via::Member,
        } => Some(*peer),
        _ => None,
    });
    assert_eq!(found.await, a.id());
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
}

/// Has a bad peer show something, and checks what it is blamed for.
async fn check_blame(node: &mut TestNode, bad: &RawPeer, frame: Vec<u8>, expected: Misbehaviour) {
    node.wait_for_peer(bad.id).await;
    node.events
        .retain(|it| !matches!(it, NetEvent::Misbehaved { .. }));
    bad.show(frame).await;
    let blamed = node.wait_for("blame", |it| match it {
        NetEvent::Misbehaved { peer, misbehaviour } => Some((*peer, *misbehaviour)),
        _ => None,
    });
    assert_eq!(blamed.await, (bad.id, expected));
}

async fn follow(node: &TestNode, joined: Vec<OrganisationId>, trusted: Vec<OrganisationId>) {
    node.command(NetCommand::Follow { joined, trusted }).await;
}

async fn words(node: &mut TestNode) -> (NodeId, Vec<OrganisationWord>) {
    node.wait_for("what organisations signed", |it| match it {
        NetEvent::Shown { from, words } => Some((*from, words.clone())),
        _ => None,
    })
    .await
}

fn member(key: &OrganisationKey, node: NodeId) -> OrganisationWord {
    OrganisationWord::Membership(Arc::new(membership(key, node)))
}

fn membership(key: &OrganisationKey, node: NodeId) -> Membership {
    let start = now().floor_to_secs();
    let times = (start, start + DAY);
    let grant = Grant::new((key.id(), node), MemberRole::Member, times, 1).unwrap();
    sign_membership(&grant, key).unwrap()
}

fn expelled(key: &OrganisationKey, member: NodeId) -> RevocationList {
    let issued_at = now().floor_to_secs();
    let entry = Revocation {
        member,
        serial: 1,
        until: issued_at + DAY,
    };
    let list = Revocations::new(key.id(), (1, issued_at), vec![entry]).unwrap();
    sign_revocations(&list, key).unwrap()
}

fn wire(word: &OrganisationWord) -> Vec<u8> {
    match word {
        OrganisationWord::Membership(it) => it.wire().to_vec(),
        OrganisationWord::Revocations(it) => it.wire().to_vec(),
        OrganisationWord::Keys(it) => it.wire().to_vec(),
    }
}

/// Returns a frame with one word under this tag.
fn frame(tag: u8, wire: &[u8]) -> Vec<u8> {
    let bytes = u32::try_from(wire.len()).unwrap().to_be_bytes();
    [&[0, 1, tag][..], &bytes, wire].concat()
}
