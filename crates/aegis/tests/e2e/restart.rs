//! What outlives the daemon, and how it is taken out for good.

use aegis::lab::node::LabNode;

use crate::support::{
    AEGIS, block, blocked, code,
    host::pings,
    shell::run,
    until, until_blocked,
    world::{How, World, cli, stop},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

/// Starts a node that has blocked the attacker, who was served before.
async fn start_blocking(world: &World, how: How<'_>) -> LabNode {
    let own = world.host("a").address;
    let node = world.start("a", how).await;
    assert_eq!(pings(world.host("attacker"), own, 2), 2, "served before");
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    assert_eq!(pings(world.host("attacker"), own, 2), 0, "dropped after");
    node
}

#[tokio::test]
async fn netns_a_restart_keeps_blocks_allowlist_and_peers() {
    let Some(world) = World::new(&[("a", 11), ("b", 12)]) else {
        return;
    };
    let [a, b] = world.start_joined(["a", "b"]).await;
    let b_id = b.client.status().await.unwrap().node_id;
    let before = a.client.status().await.unwrap();
    for it in ["203.0.113.7", "198.51.100.0/24", "2001:db8::7"] {
        a.client.block(&block(it, 600)).await.unwrap();
    }
    b.client.block(&block("203.0.113.8", 600)).await.unwrap();
    until_blocked(&a.client, "203.0.113.8", true).await;
    assert_eq!(cli(&a, "allow 203.0.113.21").code, Some(0));
    let listed = a.client.blocks(Default::default()).await.unwrap().items;
    stop(a).await;
    stop(b).await;

    // Without b, so that what a knows it knows by itself.
    let a = world.start("a", How::default()).await;
    assert_eq!(
        a.client
            .blocks(Default::default())
            .await
            .unwrap()
            .items
            .len(),
        listed.len()
    );
    let texts: Vec<String> = listed.iter().map(|it| it.indicator.to_string()).collect();
    assert_eq!(blocked(&a.client).await, texts);
    for it in &texts {
        until_blocked(&a.client, it, true).await;
    }
    assert_eq!(
        code(a.client.block(&block("203.0.113.21", 60)).await),
        "allowlisted"
    );
    let after = a.client.status().await.unwrap();
    assert_eq!(after.node_id, before.node_id);
    let peers = a.client.peers(Default::default()).await.unwrap().items;
    assert!(
        peers.iter().any(|it| it.peer == b_id && !it.connected),
        "{peers:?}"
    );
}

#[tokio::test]
async fn netns_a_stopped_daemon_leaves_its_blocks_and_detach_takes_everything_out() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let (own, attacker) = (world.host("a").address, world.host("attacker"));
    let node = start_blocking(&world, How::default()).await;
    stop(node).await; // by SIGTERM
    assert_eq!(pings(attacker, own, 3), 0, "the kernel drops by itself");
    assert!(world.pins("a").exists());

    let instance = world.instance("a");
    let mut command = world.host("a").command(AEGIS);
    command.args(["--json", "--instance", instance.as_str(), "detach"]);
    let said = run(&mut command);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains(instance.as_str()), "{said:?}");
    assert!(!world.pins("a").exists(), "all pins are gone");
    assert_eq!(pings(attacker, own, 2), 2, "nothing is dropped any more");
}

#[tokio::test]
async fn netns_clear_on_exit_leaves_nothing_in_the_kernel() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let how = How {
        flags: &["--clear-on-exit"],
        ..How::default()
    };
    let node = start_blocking(&world, how).await;
    stop(node).await;
    assert!(!world.pins("a").exists(), "all pins are gone");
    let (own, attacker) = (world.host("a").address, world.host("attacker"));
    assert_eq!(pings(attacker, own, 2), 2, "nothing is dropped any more");
    let node = world.start("a", How::default()).await;
    assert_eq!(
        blocked(&node.client).await,
        [""; 0],
        "nor does the store bring it back"
    );
}

#[tokio::test]
async fn netns_a_block_ends_in_the_kernel_when_nobody_is_there() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let (own, attacker) = (world.host("a").address, world.host("attacker"));
    let node = world.start("a", How::default()).await;
    node.client.block(&block("10.77.0.66", 5)).await.unwrap();
    stop(node).await;
    assert_eq!(pings(attacker, own, 1), 0, "blocked while nobody is there");
    until("the block ends by itself", async || {
        (pings(attacker, own, 1) == 1).then_some(())
    })
    .await;
}
