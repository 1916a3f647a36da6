//! The switch between dropping and watching: while the node runs, on trial, and over a crash.

use std::num::NonZeroU32;

use aegis::lab::node::LabNode;
use aegis_api::{EnforceRequest, NodeMode, Status};

use crate::support::{
    block,
    door::Door,
    host::pings,
    until, until_blocked,
    world::{How, World, cli, kill_9, stop},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];
const ATTACKER: &str = "10.77.0.66";

const OBSERVING: How<'_> = How {
    config: "",
    flags: &["--observe", "--no-p2p"],
    script: None,
};

async fn status(node: &LabNode) -> Status {
    node.client.status().await.unwrap()
}

/// Returns whether the attacker gets through.
fn gets_in(world: &World) -> bool {
    pings(world.host("attacker"), world.host("a").address, 2) > 0
}

async fn observing_with_a_block(world: &World) -> LabNode {
    let node = world.start("a", OBSERVING).await;
    node.client.block(&block(ATTACKER, 3600)).await.unwrap();
    until_blocked(&node.client, ATTACKER, true).await;
    assert!(gets_in(world), "nothing is dropped");
    node
}

#[tokio::test]
async fn netns_the_mode_is_switched_while_the_node_runs_and_outlives_it() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = observing_with_a_block(&world).await;
    let said = cli(&node, "enforce");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!gets_in(&world), "dropped from now on");
    assert_eq!(
        status(&node).await.blocks_active,
        1,
        "the list is as it was"
    );
    stop(node).await;

    let node = world.start("a", OBSERVING).await;
    assert_eq!(status(&node).await.mode, NodeMode::Enforce);
    assert!(!gets_in(&world), "the switch outlives a restart");
    let said = cli(&node, "observe");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(gets_in(&world));
    assert_eq!(status(&node).await.blocks_active, 1);
    kill_9(node);
    let node = world.start("a", OBSERVING).await;
    assert_eq!(status(&node).await.mode, NodeMode::Observe);
    stop(node).await;
}

#[tokio::test]
async fn netns_a_trial_ends_by_itself_where_nobody_confirms() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = observing_with_a_block(&world).await;
    let said = cli(&node, "enforce --confirm 3s");
    assert!(said.out.contains("The kernel sees to that"), "{said:?}");
    let before = status(&node).await;
    assert_eq!(before.mode, NodeMode::Enforce);
    let awaited = before.confirmation.expect("it is on trial");
    assert!(awaited.by_kernel && awaited.ttl_secs <= 3);
    assert!(cli(&node, "status").out.contains("observes again in"));
    assert!(!gets_in(&world), "it is dropped meanwhile");
    until("the node observes again", async || {
        let status = status(&node).await;
        let is_over = status.mode == NodeMode::Observe && status.confirmation.is_none();
        is_over.then_some(status)
    })
    .await;
    assert!(gets_in(&world));
    assert!(cli(&node, "status").out.contains("not confirmed in time"));
    stop(node).await;
}

#[tokio::test]
async fn netns_a_trial_ends_by_itself_although_the_daemon_was_killed() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = observing_with_a_block(&world).await;
    let request = EnforceRequest {
        confirm_secs: NonZeroU32::new(3),
    };
    node.client.enforce(&request).await.unwrap();
    assert!(!gets_in(&world));
    kill_9(node);
    until("the kernel lets in by itself", async || {
        gets_in(&world).then_some(())
    })
    .await;
    let node = world.start("a", OBSERVING).await;
    let status = status(&node).await;
    assert_eq!(
        (status.mode, status.confirmation),
        (NodeMode::Observe, None)
    );
    assert!(gets_in(&world));
    stop(node).await;
}

#[tokio::test]
async fn netns_only_a_login_made_since_then_confirms() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = observing_with_a_block(&world).await;
    let mut ordering = Door::open(world.dir(), &node.socket);
    let mut earlier = Door::open(world.dir(), &node.socket);
    let said = ordering.run("$aegis enforce --confirm 10m");
    assert_eq!(said.code, Some(0), "{said:?}");
    for (who, line) in [
        ("the shell that ordered", "$aegis confirm"),
        ("a shell within it", "sh -c '$aegis confirm; exit $?'"),
        ("one that left its terminal", "setsid -w $aegis confirm"),
        (
            "one that left its parents",
            "(setsid $aegis confirm >$out 2>&1; echo $? >$code) & wait",
        ),
    ] {
        let said = ordering.run(line);
        assert_eq!(said.code, Some(4), "{who}: {said:?}");
    }
    let said = earlier.run("$aegis confirm");
    assert_eq!(said.code, Some(4), "a login from before: {said:?}");
    // A restart keeps what is awaited, and who may confirm.
    kill_9(node);
    let node = world.start("a", OBSERVING).await;
    assert!(status(&node).await.confirmation.is_some());
    assert!(!gets_in(&world), "still on trial");
    assert_eq!(ordering.run("$aegis confirm").code, Some(4));
    let said = Door::open(world.dir(), &node.socket).run("$aegis confirm");
    assert_eq!(said.code, Some(0), "{said:?}");
    let status = status(&node).await;
    assert_eq!(
        (status.mode, status.confirmation),
        (NodeMode::Enforce, None)
    );
    assert!(!gets_in(&world));
    let said = cli(&node, "confirm");
    assert_eq!(said.code, Some(1), "nothing is awaited any more: {said:?}");
    stop(node).await;
}
