//! What packets say: served before a block, not during it, served again after it.

use crate::support::{
    block,
    host::{ip, open_door, pings, visit},
    until_blocked,
    world::{How, World, cli},
};

#[tokio::test]
async fn netns_tcp_and_ping_stop_for_a_blocked_source_only() {
    let Some(world) = World::new(&[("a", 11), ("bystander", 50), ("attacker", 66)]) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    let (host, bystander, attacker) = (
        world.host("a"),
        world.host("bystander"),
        world.host("attacker"),
    );
    let _door = open_door(host).await;
    for it in [bystander, attacker] {
        assert_eq!(
            (
                visit(it, host.address, 5).answered,
                pings(it, host.address, 2)
            ),
            (5, 2)
        );
    }
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    assert_eq!(
        (
            visit(attacker, host.address, 1).answered,
            pings(attacker, host.address, 2)
        ),
        (0, 0)
    );
    let visited = visit(bystander, host.address, 50);
    assert_eq!((visited.answered, visited.failed), (50, 0), "{visited:?}");
    assert_eq!(cli(&node, "unblock 10.77.0.66").code, Some(0));
    assert_eq!(
        (
            visit(attacker, host.address, 5).answered,
            pings(attacker, host.address, 2)
        ),
        (5, 2)
    );
}

#[tokio::test]
async fn netns_who_is_allowed_is_served_inside_a_blocked_prefix() {
    let Some(world) = World::new(&[("a", 11), ("friend", 65), ("attacker", 66)]) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    let own = world.host("a").address;
    assert_eq!(cli(&node, "allow 10.77.0.65").code, Some(0));
    node.client
        .block(&block("10.77.0.64/26", 600))
        .await
        .unwrap();
    until_blocked(&node.client, "10.77.0.64/26", true).await;
    assert_eq!(pings(world.host("attacker"), own, 2), 0);
    assert_eq!(pings(world.host("friend"), own, 3), 3);
    assert_eq!(cli(&node, "allow 10.77.0.65 --remove").code, Some(0));
    assert_eq!(pings(world.host("friend"), own, 2), 0, "no longer");
}

#[tokio::test]
async fn netns_a_blocked_ipv6_source_is_dropped_on_the_other_node_too() {
    let Some(world) = World::new(&[("a", 11), ("b", 12), ("attacker", 66)]) else {
        return;
    };
    for (name, last) in [("a", "11"), ("b", "12"), ("attacker", "66")] {
        ip(
            world.host(name),
            &format!("addr add 2001:db8:77::{last}/64 dev eth0 nodad"),
        );
    }
    let [a, b] = world.start_joined(["a", "b"]).await;
    let attacker = world.host("attacker");
    let answered = || {
        ["11", "12"].map(|last| {
            let to: std::net::Ipv6Addr = format!("2001:db8:77::{last}").parse().unwrap();
            pings(attacker, to, 2)
        })
    };
    assert_eq!(answered(), [2, 2]);
    a.client
        .block(&block("2001:db8:77::66", 600))
        .await
        .unwrap();
    for node in [&a, &b] {
        until_blocked(&node.client, "2001:db8:77::66", true).await;
    }
    assert_eq!(answered(), [0, 0]);
    assert_eq!(cli(&b, "unblock 2001:db8:77::66").code, Some(0));
    assert_eq!(answered(), [0, 2]);
}
