//! Interfaces that go away and come back.

use aegis::lab::node::LabNode;
use aegis_api::EventKind;

use crate::support::{
    block,
    host::pings,
    shell::{ip, run},
    until, until_blocked,
    world::{How, World},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("attacker", 66)];

/// Takes the interface of the host `a` away, brings it back, and waits until it is defended.
pub(crate) async fn replace_interface(world: &World, node: &LabNode) {
    let namespace = &world.host("a").namespace;
    let switch = namespace.replace("-a", "-switch");
    let mut events = node.client.events(false).await.unwrap();
    ip(&format!("-n {namespace} link del eth0"));
    ip(&format!(
        "-n {switch} link add p11 type veth peer name eth0 netns {namespace}"
    ));
    ip(&format!("-n {switch} link set p11 master br0 up"));
    ip(&format!("-n {namespace} addr add 10.77.0.11/24 dev eth0"));
    ip(&format!("-n {namespace} link set eth0 up"));
    until("the program hangs on the interface again", async || {
        let event = events.next().await.ok()??;
        matches!(event.kind, EventKind::ProgramAttached { .. }).then_some(())
    })
    .await;
}

#[tokio::test]
async fn netns_an_interface_that_comes_back_is_defended_again() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = world.start("a", How::default()).await;
    node.client.block(&block("10.77.0.66", 300)).await.unwrap();
    until_blocked(&node.client, "10.77.0.66", true).await;
    let (host, attacker) = (world.host("a"), world.host("attacker"));
    assert_eq!(pings(attacker, host.address, 2), 0, "blocked before");

    replace_interface(&world, &node).await;
    assert_eq!(pings(attacker, host.address, 2), 0, "blocked again");
    node.client
        .unblock(&aegis_api::UnblockRequest {
            indicator: "10.77.0.66".parse().unwrap(),
            withdraw: false,
        })
        .await
        .unwrap();
    until("the attacker is let in: the way was there", async || {
        (pings(attacker, host.address, 1) == 1).then_some(())
    })
    .await;
    let shown = run(host.command("ip").args(["link", "show", "eth0"]));
    assert!(shown.out.contains("xdp"), "{shown:?}");
}
