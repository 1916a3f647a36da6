//! Hosts where no kernel program can be loaded: sets of nftables drop instead.

use aegis_api::{AttachMode, NodeMode};

use crate::support::{
    block, has_nft,
    host::pings,
    shell::{must, run},
    until, until_blocked,
    world::{How, World, cli, stop},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("attacker", 66), ("bystander", 77)];

#[tokio::test]
async fn netns_nftables_drop_and_say_what_they_cost_and_stand_without_the_daemon() {
    if !has_nft() {
        return;
    }
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        flags: &["--mode", "nft"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    let bystander = world.host("bystander");
    assert!(pings(attacker, host.address, 2) > 0, "the way is there");
    node.client.block(&block("10.77.0.66", 300)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    assert_eq!(pings(attacker, host.address, 3), 0);
    assert_eq!(pings(bystander, host.address, 3), 3);
    let status = node.client.status().await.unwrap();
    assert_eq!(status.mode, NodeMode::Enforce);
    assert_eq!(status.interfaces[0].mode, AttachMode::Nft);
    assert!(status.ruleset.in_agreement, "{:?}", status.ruleset);
    let shown = cli(&node, "status").out;
    for says in [
        "eth0 (nft): nftables was asked for",
        "no detectors run",
        "about 7 to 9 times the native cost",
    ] {
        assert!(shown.contains(says), "{says:?} is not in\n{shown}");
    }
    until("the drops are counted", async || {
        let stats = node.client.stats().await.ok()?;
        (stats.dropped.packets >= 3).then_some(())
    })
    .await;
    stop(node).await;
    assert_eq!(pings(attacker, host.address, 2), 0, "without the daemon");
    let node = world.start("a", how).await;
    until_blocked(&node.client, "10.77.0.66", true).await;
    assert_eq!(pings(attacker, host.address, 2), 0, "after a restart");
    stop(node).await;
    let instance = world.instance("a");
    let mut detach = host.command(crate::support::AEGIS);
    let said = must(detach.args(["detach", "--instance", instance.as_str()]));
    let expected = format!("Detached {instance}: 1 nftables table removed\n");
    assert_eq!(said, expected);
    assert!(pings(attacker, host.address, 3) > 0, "after detaching");
}

#[tokio::test]
async fn netns_without_the_right_to_load_programs_nftables_stand_in() {
    if !has_nft() {
        return;
    }
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    // As in a container that is given CAP_NET_ADMIN and nothing more that counts here.
    let script = "exec setpriv --bounding-set -sys_admin,-cap_38,-cap_39 \"$@\"";
    let how = How {
        script: Some(script),
        ..How::default()
    };
    let node = world.start("a", how).await;
    let status = node.client.status().await.unwrap();
    assert_eq!(status.mode, NodeMode::Enforce);
    assert_eq!(status.interfaces[0].mode, AttachMode::Nft, "{status:?}");
    let told = status
        .problems
        .iter()
        .any(|it| it.contains("no kernel program runs") && it.contains("not permitted"));
    assert!(told, "{:?}", status.problems);
    node.client.block(&block("10.77.0.66", 300)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    assert_eq!(pings(attacker, host.address, 3), 0);
    let daemon = cli(&node, "stats");
    assert_eq!(daemon.code, Some(0), "{daemon:?}");

    // With the right again, the program takes over and the table goes, with no gap between.
    stop(node).await;
    let node = world.start("a", How::default()).await;
    let status = node.client.status().await.unwrap();
    assert_ne!(status.interfaces[0].mode, AttachMode::Nft);
    assert_eq!(pings(attacker, host.address, 2), 0);
    let tables = run(host.command("nft").args(["list", "tables"]));
    assert_eq!(tables.out, "", "{tables:?}");

    // And without it once more, the program must not stand behind the table's back.
    stop(node).await;
    let how = How {
        flags: &["--mode", "nft"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    let shown = must(host.command("ip").args(["link", "show", "eth0"]));
    assert!(!shown.contains("xdp"), "{shown}");
    assert_eq!(pings(attacker, host.address, 2), 0);
    let tables = run(host.command("nft").args(["list", "tables"]));
    assert_eq!(tables.out.lines().count(), 1, "{tables:?}");
    drop(node);
}
