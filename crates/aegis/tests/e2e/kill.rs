//! A daemon that is killed under attack: the kernel goes on alone, and nothing is forgotten.

use std::time::Duration;

use aegis_api::{Block, Client};

use crate::support::{
    block, blocked, code,
    host::{Flood, packets_out, start_flood, tcp_segments_in},
    now, until, until_blocked,
    world::{How, World, cli, kill_9},
};

/// Packets a second, and how many at most: half a minute.
const RATE: u32 = 2_000;
const COUNT: u32 = 60_000;

/// Packets of the attacker's that must be seen to be dropped in each phase.
const PHASE: u64 = 1_500;

/// After this long two connections are no longer taken for dials that crossed.
const SETTLED: Duration = Duration::from_secs(2);

async fn list(client: &Client) -> Vec<Block> {
    client.blocks(Default::default()).await.unwrap().items
}

#[tokio::test]
async fn netns_a_killed_daemon_lets_no_packet_of_the_attacker_pass_and_forgets_nothing() {
    let Some(world) = World::new(&[("a", 11), ("attacker", 66)]) else {
        return;
    };
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    // Alone, so that every TCP segment on this host is the attacker's.
    let how = How {
        flags: &["--no-p2p"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    for it in [
        "203.0.113.7",
        "198.51.100.0/24",
        "2001:db8::7",
        "2001:db8:1::/48",
    ] {
        node.client.block(&block(it, 600)).await.unwrap();
    }
    let flood = start_flood(
        attacker,
        Flood {
            to: host.address,
            forged: &[],
            count: COUNT,
            rate: RATE,
        },
    );
    let source = attacker.address.to_string();
    until_blocked(&node.client, &source, true).await;
    let passed = tcp_segments_in(host);
    assert!(passed > 0, "the first packets of the flood pass");
    let under_flood = async || {
        let from = packets_out(attacker);
        until("more of the flood", async || {
            (packets_out(attacker) >= from + PHASE).then_some(())
        })
        .await;
        assert_eq!(tcp_segments_in(host), passed, "not one packet passes");
    };
    under_flood().await;
    let (before, stats) = (list(&node.client).await, node.client.stats().await.unwrap());

    kill_9(node);
    under_flood().await;
    let node = world.start("a", how).await;
    assert_eq!(tcp_segments_in(host), passed, "not one packet passes");
    under_flood().await;

    let after = list(&node.client).await;
    let essence = |it: &Block| (it.indicator, it.origin, it.decided_at, it.expires_at);
    let essences = |it: &[Block]| it.iter().map(essence).collect::<Vec<_>>();
    assert_eq!(
        essences(&after),
        essences(&before),
        "the blocklist is whole"
    );
    let status = node.client.status().await.unwrap();
    assert!(status.ruleset.in_agreement, "{:?}", status.ruleset);
    assert_eq!(status.ruleset.actual, 5);
    // The kernel counted all the while, for the source and in all.
    let dropped = |blocks: &[Block]| {
        let of_source = blocks.iter().find(|it| it.indicator.to_string() == source);
        of_source.unwrap().packets
    };
    assert!(dropped(&after) >= dropped(&before) + 2 * PHASE);
    let later = node.client.stats().await.unwrap();
    assert!(later.dropped.packets >= stats.dropped.packets + 2 * PHASE);
    assert!(later.total.packets >= stats.total.packets + 2 * PHASE);
    drop(flood);
}

#[tokio::test]
async fn netns_a_killed_node_is_soon_back_among_its_peers_and_knows_what_it_was_told() {
    let Some(world) = World::new(&[("a", 11), ("b", 12)]) else {
        return;
    };
    let [a, b] = world.start_joined(["a", "b"]).await;
    b.client.block(&block("203.0.113.20", 600)).await.unwrap();
    until_blocked(&a.client, "203.0.113.20", true).await;
    let unblocked = cli(&a, "unblock 203.0.113.20");
    assert_eq!(unblocked.code, Some(0), "{unblocked:?}");
    let allowed = cli(&a, "allow 203.0.113.21 --comment ours");
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    let joined_at = now();
    until("the two know each other for a while", async || {
        (now().since(joined_at) >= SETTLED).then_some(())
    })
    .await;
    kill_9(a);
    let a = world.start("a", How::default()).await;
    // For b the first connection still stands. The alert that caused the block is still true, and still does not count here.
    until("b is back", async || {
        let status = a.client.status().await.ok()?;
        (status.peers.connected == 1).then_some(())
    })
    .await;
    assert_eq!(blocked(&a.client).await, [""; 0]);
    let refused = a.client.block(&block("203.0.113.21", 60)).await;
    assert_eq!(code(refused), "allowlisted");
}
