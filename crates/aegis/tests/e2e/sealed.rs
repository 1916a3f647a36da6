//! What members say to each other passes through the hands of a node that learns nothing of it: while it
//! is a stranger, and again when it was a member and is one no more. Its memory is searched for it.

use std::time::Duration;

use aegis::lab::node::LabNode;
use aegis_api::{BlockRequest, MemberRole, OrganisationId};

use crate::support::{
    block,
    founder::{admit, found, node_id, trust, until_expelled, until_member},
    host::ip,
    indicator, memory, until_blocked, until_in, until_refused,
    world::{How, World, cli, join, stop},
};

/// Nobody is believed from the start, and nobody asks.
const OPEN: &str = "[trust]\npreset = \"open\"\n\
    [ask]\nautomatic = false\nchallenge_every = \"0s\"\n";

const HOSTS: [(&str, u8); 3] = [("a", 11), ("b", 12), ("between", 13)];

/// How long two nodes may take to find that they cannot reach each other.
const APART_IN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn netns_who_stands_between_members_learns_nothing_of_what_they_say() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let mut nodes = Vec::new();
    for (host, _) in HOSTS {
        nodes.push(world.start(host, how()).await);
    }
    join(&mut nodes).await;
    let [a, mut b, between]: [LabNode; 3] = nodes.try_into().unwrap();
    let organisation = found(&a).await;
    admit(&a, &a, "publisher").await;
    admit(&a, &b, "member").await;
    trust(&b, organisation);
    let (a_id, b_id) = (node_id(&a).await, node_id(&b).await);
    until_member(&b, a_id, organisation, MemberRole::Publisher).await;
    until_member(&a, b_id, organisation, MemberRole::Member).await;

    b = part(&world, &a, b).await;
    say(
        &a,
        Some(organisation),
        "203.0.113.1",
        "word of the first kind",
    )
    .await;
    until_blocked(&b.client, "203.0.113.1", true).await;
    say(&a, None, "203.0.113.2", "word for everybody").await;
    until_refused(&between.client, "203.0.113.2", a_id, "not_trusted").await;
    assert!(
        knows(&between, "word for everybody"),
        "what it may know is found"
    );
    assert!(knows(&b, "word of the first kind"), "and what members know");
    check_knows_nothing(&between, "203.0.113.1", "word of the first kind").await;

    unite(&world, &a, &b).await;
    admit(&a, &between, "member").await;
    trust(&between, organisation);
    until_member(&between, a_id, organisation, MemberRole::Publisher).await;
    say(
        &a,
        Some(organisation),
        "203.0.113.3",
        "word of the second kind",
    )
    .await;
    until_blocked(&between.client, "203.0.113.3", true).await;
    assert!(knows(&between, "word of the second kind"));
    let revoked = format!("org revoke ACME {}", node_id(&between).await);
    let revoked = cli(&a, &revoked);
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    for node in [&a, &b, &between] {
        until_expelled(node, 1).await;
    }
    join_again(&a, 2).await;
    say(
        &a,
        Some(organisation),
        "203.0.113.4",
        "word of the third kind",
    )
    .await;
    until_blocked(&b.client, "203.0.113.4", true).await;
    // It still believes the organisation, and hears what is said to everybody.
    say(&a, None, "203.0.113.5", "word of no kind").await;
    until_blocked(&between.client, "203.0.113.5", true).await;
    check_knows_nothing(&between, "203.0.113.4", "word of the third kind").await;
}

fn how() -> How<'static> {
    How {
        config: OPEN,
        ..How::default()
    }
}

/// Cuts what is between `a` and `b`, which is started again: they have only the third node to speak
/// through. Returns the new `b`.
async fn part(world: &World, a: &LabNode, b: LabNode) -> LabNode {
    stop(b).await;
    for (host, other) in [("a", "b"), ("b", "a")] {
        let away = world.host(other).address;
        ip(world.host(host), &format!("route add blackhole {away}"));
    }
    let b = world.start("b", how()).await;
    for node in [a, &b] {
        join_again(node, 1).await;
    }
    b
}

async fn unite(world: &World, a: &LabNode, b: &LabNode) {
    for (host, other) in [("a", "b"), ("b", "a")] {
        let away = world.host(other).address;
        ip(world.host(host), &format!("route del blackhole {away}"));
    }
    for node in [a, b] {
        join_again(node, 2).await;
    }
}

/// Waits until a node has exactly so many peers.
async fn join_again(node: &LabNode, count: u64) {
    until_in(APART_IN, "it has as many peers as it should", async || {
        let status = node.client.status().await.ok()?;
        (status.peers.connected == count).then_some(())
    })
    .await;
}

async fn say(node: &LabNode, to: Option<OrganisationId>, text: &str, description: &str) {
    let request = BlockRequest {
        to,
        description: Some(description.parse().unwrap()),
        ..block(text, 600)
    };
    node.client.block(&request).await.unwrap();
}

fn knows(node: &LabNode, text: &str) -> bool {
    memory::holds(node.pid().unwrap(), text)
}

async fn check_knows_nothing(node: &LabNode, text: &str, description: &str) {
    let why = node.client.why(indicator(text)).await.unwrap();
    assert_eq!(why.evidence.len(), 0, "{why:?}");
    assert!(!knows(node, description), "it has read {description}");
}
