//! Nodes that ask each other, strangers that lie, and what the operator sees of it.

use std::time::Duration;

use aegis::lab::node::LabNode;
use aegis_api::{AllowRequest, NetworkOpinion, NodeId, Stance};
use futures::future::join_all;

use crate::support::{
    block, indicator,
    liar::{FIRST_UNCHECKED, Lie, SLANDERED},
    role::{Play, Role},
    until, until_blocked, until_refused,
    world::{How, World, cli, join, stop},
};

/// Strangers are believed by nobody from the start, and a mute one costs little time.
const OPEN: &str = "[trust]\npreset = \"open\"\n\
    [ask]\nautomatic = false\nchallenge_every = \"0s\"\ndeadline = \"300ms\"\n";

const HONEST: [(&str, u8); 5] = [("a", 11), ("b", 12), ("c", 13), ("d", 14), ("e", 15)];

const HOSTILE: [(&str, u8, Lie); 5] = [
    ("slander", 61, Lie::Slander),
    ("hide", 62, Lie::Hide),
    ("invert", 63, Lie::Invert),
    ("betray", 64, Lie::Betray),
    ("mute", 65, Lie::Mute),
];

/// The test that liars play a role in.
const TEST: &str = "trust::netns_honest_nodes_act_right_among_as_many_liars";

/// Addresses of each kind that each honest operator finds out about.
const CHECKED: u8 = 12;

/// Addresses of each kind that nobody finds out about, of each honest node.
const UNCHECKED: u8 = 3;

/// An attacker and an innocent.
type Pair = (String, String);

/// Returns the addresses that are news to the `node`th node: attackers that all other honest nodes
/// were attacked by, and innocents, first those that its operator finds out about.
fn news(node: u8) -> (Vec<Pair>, Vec<Pair>) {
    let pair = |last: u8| (format!("203.0.113.{last}"), format!("198.18.0.{last}"));
    let checked = (node * CHECKED..(node + 1) * CHECKED).map(pair);
    let first = FIRST_UNCHECKED + node * UNCHECKED;
    let unchecked = (first..first + UNCHECKED).map(pair);
    (checked.collect(), unchecked.collect())
}

async fn ask(node: &LabNode, text: &str) -> NetworkOpinion {
    node.client.ask(indicator(text)).await.unwrap()
}

/// Blocks here and tells nobody, so that this node has something of its own to say when asked.
async fn block_quietly(node: &LabNode, text: &str) {
    let mut request = block(text, 3600);
    request.publish = false;
    node.client.block(&request).await.unwrap();
}

async fn allow(node: &LabNode, text: &str) {
    let request = AllowRequest {
        indicator: indicator(text),
        duration_secs: None,
        comment: None,
    };
    node.client.allow(&request).await.unwrap();
}

/// Lets every node be attacked by all that is news to the others.
async fn be_attacked(node: &LabNode, number: u8) {
    for other in (0..HONEST.len() as u8).filter(|it| *it != number) {
        let (checked, unchecked) = news(other);
        for (attacker, _) in checked.iter().chain(&unchecked) {
            block_quietly(node, attacker).await;
        }
    }
}

/// Asks the others about what is news, and then lets the operator say what it is.
async fn find_out(node: &LabNode, number: u8) {
    for (attacker, innocent) in news(number).0 {
        ask(node, &attacker).await;
        block_quietly(node, &attacker).await;
        ask(node, &innocent).await;
        allow(node, &innocent).await;
    }
}

/// Asks about what nobody finds out: attackers are dropped, innocents are not.
async fn act_right(node: &LabNode, number: u8) {
    for (attacker, innocent) in news(number).1 {
        let opinion = ask(node, &attacker).await;
        assert_eq!(opinion.stance, Stance::Malicious, "{attacker}: {opinion:?}");
        until_blocked(&node.client, &attacker, true).await;
        let opinion = ask(node, &innocent).await;
        assert_ne!(opinion.stance, Stance::Malicious, "{innocent}: {opinion:?}");
        let check = node.client.check(indicator(&innocent)).await.unwrap();
        assert!(!check.blocked, "{innocent}");
    }
}

/// Runs `each` on all honest nodes at once.
async fn on_all(nodes: &[LabNode], each: impl AsyncFn(&LabNode, u8)) {
    let numbered = nodes.iter().zip(0u8..);
    join_all(numbered.map(|(node, number)| each(node, number))).await;
}

async fn trust_percent(node: &LabNode, peer: NodeId) -> u8 {
    node.client.trust(peer).await.unwrap().trust_percent
}

/// Holds that every honest node trusts every liar less than any honest peer, but the one whose lies
/// nobody found out.
async fn liars_are_trusted_less(nodes: &[LabNode], ids: &[NodeId], liars: &[NodeId]) {
    for node in nodes {
        let own = node.client.status().await.unwrap().node_id;
        let honest = ids.iter().filter(|it| **it != own);
        let honest = join_all(honest.map(|it| trust_percent(node, *it))).await;
        let least = honest.into_iter().min().unwrap();
        for (liar, (name, _, lie)) in liars.iter().zip(HOSTILE) {
            let trusted = trust_percent(node, *liar).await;
            let has_earned = lie == Lie::Betray;
            assert!(
                has_earned || trusted < least,
                "{name}: {trusted} of {least}"
            );
        }
    }
}

#[tokio::test]
async fn netns_honest_nodes_act_right_among_as_many_liars() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let hosts = HOSTILE.map(|(name, last_byte, _)| (name, last_byte));
    let Some(world) = World::new(&[HONEST, hosts].concat()) else {
        return;
    };
    let open = How {
        config: OPEN,
        ..How::default()
    };
    let mut nodes = Vec::new();
    for (host, _) in HONEST {
        nodes.push(world.start(host, open).await);
    }
    join(&mut nodes).await;
    let ids = join_all(
        nodes
            .iter()
            .map(async |it| it.client.status().await.unwrap().node_id),
    );
    let ids: Vec<NodeId> = ids.await;
    let liars = HOSTILE.map(|(name, key, lie)| {
        let role = Role {
            key,
            to: ids[0].to_string(),
            play: Play::Answer(lie),
        };
        (role.node_id(), role.start(world.host(name), TEST))
    });
    let everybody = HONEST.len() + HOSTILE.len() - 1;
    for node in &nodes {
        until("the liars have joined", async || {
            let status = node.client.status().await.ok()?;
            (status.peers.connected as usize >= everybody).then_some(())
        })
        .await;
    }

    on_all(&nodes, be_attacked).await;
    for node in &nodes {
        // Nobody has earned anything yet, so nobody is believed.
        let opinion = ask(node, "203.0.113.199").await;
        assert_eq!(opinion.stance, Stance::Unknown, "{opinion:?}");
        until_refused(&node.client, SLANDERED, liars[0].0, "not_trusted").await;
    }
    on_all(&nodes, find_out).await;
    on_all(&nodes, act_right).await;

    liars_are_trusted_less(&nodes, &ids, &liars.each_ref().map(|(liar, _)| *liar)).await;
    // What was earned survives a restart, and an alert of whoever earned it blocks.
    let first = nodes.remove(0);
    let before = trust_percent(&first, ids[1]).await;
    stop(first).await;
    let mut again = [world.start("a", open).await];
    join(&mut again).await;
    until("the others are back", async || {
        let status = again[0].client.status().await.ok()?;
        (status.peers.connected as usize >= HONEST.len() - 1).then_some(())
    })
    .await;
    assert_eq!(trust_percent(&again[0], ids[1]).await, before);
    nodes[0]
        .client
        .block(&block("203.0.113.253", 600))
        .await
        .unwrap();
    until_blocked(&again[0].client, "203.0.113.253", true).await;
}

const HOSTS: [(&str, u8); 4] = [("a", 11), ("b", 12), ("c", 13), ("mute", 65)];

/// The test that a mute peer plays a role in.
const MUTE_TEST: &str =
    "trust::netns_answers_come_at_once_and_a_mute_peer_costs_the_deadline_alone";

/// What a question costs at most on a LAN when everybody answers.
const ANSWERED_WITHIN_MS: u64 = 50;

#[tokio::test]
async fn netns_answers_come_at_once_and_a_mute_peer_costs_the_deadline_alone() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let [a, b, c] = world.start_joined(["a", "b", "c"]).await;
    block_quietly(&b, "203.0.113.9").await;
    block_quietly(&c, "203.0.113.9").await;
    let mut waited = Vec::new();
    for _ in 0..20 {
        let opinion = ask(&a, "203.0.113.9").await;
        assert_eq!((opinion.asked, opinion.answered), (2, 2));
        waited.push(opinion.waited_ms);
    }
    waited.sort_unstable();
    eprintln!("answered within {waited:?} ms");
    let median = waited[waited.len() / 2];
    assert!(median < ANSWERED_WITHIN_MS, "{median} ms at the median");
    let opinion = ask(&a, "203.0.113.9").await;
    assert_eq!(opinion.stance, Stance::Malicious);
    assert_eq!(opinion.voices.len(), 2);

    let role = Role {
        key: 65,
        to: a.client.status().await.unwrap().node_id.to_string(),
        play: Play::Answer(Lie::Mute),
    };
    let _mute = role.start(world.host("mute"), MUTE_TEST);
    until("the mute peer has joined", async || {
        let status = a.client.status().await.ok()?;
        (status.peers.connected >= 3).then_some(())
    })
    .await;
    let opinion = ask(&a, "203.0.113.9").await;
    assert_eq!((opinion.asked, opinion.answered), (3, 2));
    let deadline = Duration::from_secs(3).as_millis() as u64;
    let is_at_deadline = (deadline..deadline + 1_500).contains(&opinion.waited_ms);
    assert!(is_at_deadline, "{} ms", opinion.waited_ms);
    assert_eq!(opinion.stance, Stance::Malicious);

    let said = cli(&a, "ask 203.0.113.9 --json");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("\"stance\":\"malicious\""), "{said:?}");
}

#[tokio::test]
async fn netns_what_peers_report_is_in_a_log_of_its_own() {
    let Some(world) = World::new(&[("a", 11), ("b", 12)]) else {
        return;
    };
    let [a, b] = world.start_joined(["a", "b"]).await;
    let b_id = b.client.status().await.unwrap().node_id.to_string();
    b.client.block(&block("203.0.113.9", 600)).await.unwrap();
    until_blocked(&a.client, "203.0.113.9", true).await;
    block_quietly(&a, "203.0.113.9").await;
    let log = world.dir().join("a/state/log/p2p_reports.log");
    until("the report and the peer's update are written", async || {
        let text = std::fs::read_to_string(&log).ok()?;
        let line = |event: &str| {
            let wanted = format!("\"event\":\"{event}\"");
            let mut lines = text.lines();
            lines.any(|it| it.contains(&wanted) && it.contains(&b_id) && it.contains("203.0.113.9"))
        };
        (line("report") && line("peer_update")).then_some(())
    })
    .await;
    assert!(!world.dir().join("a/state/log/p2p.log").exists());
    let said = cli(&a, &format!("trust {b_id}"));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("203.0.113.9"), "{said:?}");
}
