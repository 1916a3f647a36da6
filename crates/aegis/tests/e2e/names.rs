//! The allowlist by name: what a name stands for is never blocked, and names that stand for too much
//! are refused.

use std::fs;

use aegis::lab::node::LabNode;

use crate::support::{
    block, code,
    host::{Flood, flood, pings},
    indicator, until,
    world::{How, World, cli, kill_9},
};

const HOSTS: [(&str, u8); 3] = [("a", 11), ("office", 7), ("attacker", 66)];

/// Gives the node a file of names of its own.
const WITH_NAMES: &str = r#"exec unshare --mount sh -c 'mount --bind "$0" /etc/hosts &&
exec "$@"' "$NAMES" "$@""#;

/// Writes the names that the node's resolver knows.
fn resolve(world: &World, office: &str) {
    let many = (1..=33).map(|it| format!("192.0.2.{it} many.example\n"));
    let many: String = many.collect();
    let names = format!("{office} office.example\n0.0.0.0 zero.example\n{many}");
    fs::write(world.dir().join("names"), names).unwrap();
}

async fn start(world: &World) -> LabNode {
    let script = format!(
        "NAMES={}; {WITH_NAMES}",
        world.dir().join("names").display()
    );
    let how = How {
        flags: &["--no-p2p"],
        script: Some(&script),
        ..How::default()
    };
    world.start("a", how).await
}

/// Waits until the name stands for exactly these addresses.
async fn until_named(node: &LabNode, expected: &[&str]) {
    until(&format!("the name stands for {expected:?}"), async || {
        let names = node.client.allow_names().await.ok()?.names;
        let [office] = &names[..] else { return None };
        let addresses = office.addresses.iter();
        let addresses: Vec<_> = addresses.map(|it| it.address.to_string()).collect();
        (addresses == expected && office.resolved_at.is_some()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn netns_what_a_name_stands_for_is_never_blocked() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    resolve(&world, "10.77.0.7");
    let node = start(&world).await;
    node.client.block(&block("10.77.0.7", 600)).await.unwrap();
    let said = cli(&node, "allow Office.Example --comment ours");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("10.77.0.7"), "{said:?}");
    let (office, host) = (world.host("office"), world.host("a"));
    assert_eq!(pings(office, host.address, 2), 2, "its block has ended");
    assert_eq!(
        code(node.client.block(&block("10.77.0.7", 600)).await),
        "allowlisted"
    );
    let flood_of = Flood {
        to: host.address,
        forged: &[],
        count: 1_000,
        rate: 4_000,
    };
    flood(office, flood_of);
    assert_eq!(
        pings(office, host.address, 2),
        2,
        "detectors leave it alone"
    );
    let why = node.client.why(indicator("10.77.0.7")).await.unwrap();
    let reason = why.exempt.unwrap().reason;
    assert!(
        reason.contains("office.example is on the allowlist"),
        "{reason}"
    );
    assert!(cli(&node, "allow").out.contains("office.example"));

    for (name, reason) in [
        ("zero.example", "stands for 0.0.0.0"),
        ("many.example", "more than 32 addresses"),
        ("nobody.invalid", "is not allowed"),
    ] {
        let said = cli(&node, &format!("allow {name}"));
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
    }

    // It moves; where it was is allowed a while longer. A crash loses neither.
    resolve(&world, "10.77.0.66");
    kill_9(node);
    let node = start(&world).await;
    until_named(&node, &["10.77.0.7", "10.77.0.66"]).await;
    flood(world.host("attacker"), flood_of);
    assert_eq!(pings(world.host("attacker"), host.address, 2), 2);
    let said = cli(&node, "allow office.example --remove");
    assert_eq!(said.code, Some(0), "{said:?}");
    node.client.block(&block("10.77.0.66", 600)).await.unwrap();
    assert_eq!(pings(world.host("attacker"), host.address, 2), 0);
}
