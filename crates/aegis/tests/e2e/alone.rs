//! A node by itself: it detects and drops without a network, or observes and drops nothing.

use aegis::lab::testbed::Host;
use aegis_api::{EventKind, NodeMode, Origin};

use crate::support::{
    host::{Flood, flood, pings, tcp_segments_in},
    indicator,
    shell::must,
    until, until_blocked,
    world::{How, World},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

/// The detector's default threshold.
const THRESHOLD: u64 = 100;

/// How late a source may be caught that a second processor meets as well: the sender stays on one, but
/// whatever else comes in may have another look at its packets. docs/kernel.md works it out.
const LATE: u64 = 5;

fn attack(world: &World) -> u64 {
    let flood_of = Flood {
        to: world.host("a").address,
        forged: &[],
        count: 2_000,
        rate: 4_000,
    };
    flood(world.host("attacker"), flood_of).into()
}

/// Returns how many sockets of a host wait for strangers.
fn listeners(host: &Host) -> usize {
    must(host.command("ss").args(["-Hltun"])).lines().count()
}

#[tokio::test]
async fn netns_without_the_network_a_node_detects_and_drops_alone() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        config: "auto_publish = true\n[p2p]\nenabled = false\n[page]\nenabled = false\n",
        ..How::default()
    };
    let node = world.start("a", how).await;
    let host = world.host("a");
    assert_eq!(listeners(host), 0, "it listens to nobody");
    assert_eq!(node.client.status().await.unwrap().listen, [""; 0]);
    let before = tcp_segments_in(host);
    let sent = attack(&world);
    until_blocked(&node.client, "10.77.0.66", true).await;
    // The kernel blocks at the threshold, with no step of user space between.
    let passed = tcp_segments_in(host) - before;
    assert!(
        (1..=THRESHOLD + LATE).contains(&passed),
        "{passed} of {sent} passed"
    );
    let stats = node.client.stats().await.unwrap();
    assert_eq!(stats.detectors["syn_flood"], 1);
    assert!(
        stats.dropped.packets >= sent - THRESHOLD - LATE,
        "{:?}",
        stats.dropped
    );
    let why = node.client.why(indicator("10.77.0.66")).await.unwrap();
    assert_eq!(why.decisions[0].origin, Origin::Detector);
    assert_eq!(pings(world.host("attacker"), host.address, 2), 0);
}

#[tokio::test]
async fn netns_observe_mode_reports_everything_and_drops_nothing() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        flags: &["--observe"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    let host = world.host("a");
    let status = node.client.status().await.unwrap();
    assert_eq!(status.mode, NodeMode::Observe);
    assert_eq!(
        status.problems, [""; 0],
        "the program is in the kernel all the same"
    );
    let before = tcp_segments_in(host);
    let sent = attack(&world);
    until("the attack is reported", async || {
        let events = node.history().await.ok()?;
        let is_it = |it: &EventKind| {
            matches!(it, EventKind::Detected { indicator: of, .. } if *of == indicator("10.77.0.66"))
        };
        events.iter().any(|it| is_it(&it.kind)).then_some(())
    })
    .await;
    assert!(
        node.client
            .check(indicator("10.77.0.66"))
            .await
            .unwrap()
            .blocked,
        "it would be"
    );
    assert_eq!(
        pings(world.host("attacker"), host.address, 3),
        3,
        "it is not"
    );
    let passed = tcp_segments_in(host) - before;
    assert!(passed >= sent, "{passed} of {sent} passed");
    let stats = node.client.stats().await.unwrap();
    assert_eq!((stats.dropped.packets, stats.early_drops), (0, 0));
    let would_have = stats.packets_by_reason["would_have_dropped"];
    assert!(would_have >= sent - THRESHOLD, "{would_have} of {sent}");
}
