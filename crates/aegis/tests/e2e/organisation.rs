//! Members of an organisation believe each other where nobody believes strangers, speak among
//! themselves, and part with one of them.

use aegis::lab::node::LabNode;
use aegis_api::{BlockRequest, MemberRole, OrganisationId};

use crate::support::{
    block, code,
    founder::{admit, found, node_id, trust, until_expelled, until_member},
    indicator, until_blocked, until_refused,
    world::{How, World, cli, join},
};

/// Nobody is believed from the start, and nobody asks.
const OPEN: &str = "[trust]\npreset = \"open\"\n\
    [ask]\nautomatic = false\nchallenge_every = \"0s\"\n";

const HOSTS: [(&str, u8); 3] = [("a", 11), ("b", 12), ("c", 13)];

#[tokio::test]
async fn netns_members_believe_each_other_and_speak_among_themselves() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = start(&world).await;
    let (a_id, b_id) = (node_id(&a).await, node_id(&b).await);
    a.client.block(&block("203.0.113.1", 600)).await.unwrap();
    until_refused(&b.client, "203.0.113.1", a_id, "not_trusted").await;

    let organisation = found(&a).await;
    admit(&a, &a, "publisher").await;
    admit(&a, &b, "member").await;
    trust(&b, organisation);
    until_member(&b, a_id, organisation, MemberRole::Publisher).await;
    until_member(&a, b_id, organisation, MemberRole::Member).await;

    // Said to everybody: who trusts the organisation believes its member.
    a.client.block(&block("203.0.113.2", 600)).await.unwrap();
    until_blocked(&b.client, "203.0.113.2", true).await;
    until_refused(&c.client, "203.0.113.2", a_id, "not_trusted").await;
    let why = cli(&b, "why 203.0.113.2");
    let named = format!("publisher of {organisation}");
    assert!(why.out.contains(&named), "{why:?}");

    // Said to members: they hear it, and nobody else does.
    a.client
        .block(&addressed("203.0.113.3", organisation))
        .await
        .unwrap();
    until_blocked(&b.client, "203.0.113.3", true).await;
    a.client.block(&block("203.0.113.4", 600)).await.unwrap();
    until_refused(&c.client, "203.0.113.4", a_id, "not_trusted").await;
    assert!(!has_heard(&c, "203.0.113.3").await);
    assert_eq!(
        code(
            c.client
                .block(&addressed("203.0.113.5", organisation))
                .await
        ),
        "organisation"
    );
}

#[tokio::test]
async fn netns_who_is_expelled_is_believed_by_nobody_and_reads_nothing_new() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = start(&world).await;
    let (a_id, b_id) = (node_id(&a).await, node_id(&b).await);
    let organisation = found(&a).await;
    for (node, role) in [(&a, "publisher"), (&b, "publisher"), (&c, "member")] {
        admit(&a, node, role).await;
    }
    trust(&b, organisation);
    trust(&c, organisation);
    for node in [&b, &c] {
        until_member(node, a_id, organisation, MemberRole::Publisher).await;
    }
    until_member(&c, b_id, organisation, MemberRole::Publisher).await;
    a.client
        .block(&addressed("203.0.113.1", organisation))
        .await
        .unwrap();
    for node in [&b, &c] {
        until_blocked(&node.client, "203.0.113.1", true).await;
    }
    b.client.block(&block("203.0.113.2", 600)).await.unwrap();
    until_blocked(&c.client, "203.0.113.2", true).await;

    let said = cli(&a, &format!("org revoke ACME {b_id}"));
    assert_eq!(said.code, Some(0), "{said:?}");
    for node in [&b, &c] {
        until_expelled(node, 1).await;
    }
    b.client.block(&block("203.0.113.3", 600)).await.unwrap();
    until_refused(&c.client, "203.0.113.3", b_id, "not_trusted").await;
    a.client
        .block(&addressed("203.0.113.4", organisation))
        .await
        .unwrap();
    until_blocked(&c.client, "203.0.113.4", true).await;
    // It still believes the organisation, and hears what is said to everybody.
    a.client.block(&block("203.0.113.5", 600)).await.unwrap();
    until_blocked(&b.client, "203.0.113.5", true).await;
    assert!(!has_heard(&b, "203.0.113.4").await);
    assert_eq!(
        code(
            b.client
                .block(&addressed("203.0.113.6", organisation))
                .await
        ),
        "organisation"
    );
}

async fn start(world: &World) -> [LabNode; 3] {
    let how = How {
        config: OPEN,
        ..How::default()
    };
    let mut nodes = Vec::new();
    for (host, _) in HOSTS {
        nodes.push(world.start(host, how).await);
    }
    let mut nodes: [LabNode; 3] = nodes.try_into().unwrap();
    join(&mut nodes).await;
    nodes
}

fn addressed(text: &str, organisation: OrganisationId) -> BlockRequest {
    BlockRequest {
        to: Some(organisation),
        ..block(text, 600)
    }
}

async fn has_heard(node: &LabNode, text: &str) -> bool {
    let why = node.client.why(indicator(text)).await.unwrap();
    !why.evidence.is_empty()
}
