//! Whether the kernel does what the node wants, with somebody else's hands in it.

use std::fs;

use aegis_api::EventKind;

use crate::support::{
    block,
    damage::wipe,
    host::pings,
    until, until_blocked,
    world::{How, World, cli},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

#[tokio::test]
async fn netns_entries_that_somebody_wiped_are_told_and_put_back() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    for it in ["10.77.0.66", "203.0.113.7", "203.0.113.0/24"] {
        node.client.block(&block(it, 600)).await.unwrap();
    }
    until_blocked(&node.client, "10.77.0.66", true).await;
    let status = node.client.status().await.unwrap();
    assert!(status.ruleset.in_agreement, "{:?}", status.ruleset);
    let mut events = node.client.events(false).await.unwrap();

    wipe(&world.pins("a").join("HOSTS_V4"), 64);
    let told = until("status tells of what is missing", async || {
        let said = cli(&node, "status");
        said.out.contains("NOT IN AGREEMENT").then_some(said.out)
    })
    .await;
    assert!(
        told.contains("intended 3, in the kernel 1, 2 MISSING"),
        "{told}"
    );
    assert!(told.contains("the kernel does not hold"), "{told}");
    let mut seen = Vec::new();
    until("the node says that it mended it", async || {
        let kind = events.next().await.ok()??.kind;
        if let EventKind::Degraded { message } = &kind {
            seen.push(message.clone());
        }
        matches!(kind, EventKind::Mended { .. }).then_some(())
    })
    .await;
    assert_eq!(seen.len(), 1, "told once: {seen:?}");
    let status = until("status is quiet again", async || {
        let status = node.client.status().await.ok()?;
        status.ruleset.in_agreement.then_some(status)
    })
    .await;
    assert_eq!((status.ruleset.intended, status.ruleset.actual), (3, 3));
    assert_eq!(status.problems, [""; 0]);
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    assert_eq!(pings(attacker, host.address, 2), 0, "blocked again");
}

#[tokio::test]
async fn netns_a_program_that_somebody_took_off_is_attached_again_and_told() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    let mut events = node.client.events(false).await.unwrap();
    for entry in fs::read_dir(world.pins("a")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("link_")
        {
            fs::remove_file(path).unwrap();
        }
    }
    until("the node says that it attached it again", async || {
        let kind = events.next().await.ok()??.kind;
        let is_it = |it: &str| it.contains("took the kernel program off eth0");
        matches!(kind, EventKind::Mended { message } if is_it(&message)).then_some(())
    })
    .await;
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    assert_eq!(pings(attacker, host.address, 2), 0, "blocked again");
}
