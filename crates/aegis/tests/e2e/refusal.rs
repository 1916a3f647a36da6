//! What is never blocked: whoever asks, by whatever way.

use std::{fs, net::Ipv4Addr};

use aegis::lab::node::LabNode;

use crate::support::{
    block, blocked, code,
    host::{Flood, flood, ip, pings},
    indicator, publish,
    role::{Play, Role},
    until, until_blocked, until_refused,
    world::{How, World, cli, console, join},
};

const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 11);
const RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 53);

/// What is asked for, the code of the refusal, and words of the reason.
const REFUSED: [(&str, &str, &str); 8] = [
    ("127.0.0.1", "protected", "a loopback address"),
    ("::1", "protected", "a loopback address"),
    ("10.77.0.1", "protected", "a default gateway"),
    ("10.77.0.11", "protected", "an address of this host"),
    ("10.77.0.53", "protected", "a DNS resolver"),
    ("0.0.0.0/0", "too_wide", "too wide"),
    ("10.77.0.0/24", "protected", "and is never blocked"),
    ("255.255.255.255", "protected", "the broadcast address"),
];

/// Gives the node a `resolv.conf` of its own.
const WITH_RESOLVER: &str = r#"exec unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf &&
exec "$@"' "$RESOLV_CONF" "$@""#;

/// Starts the node `a` with a gateway and a resolver.
async fn start_guarded(world: &World) -> LabNode {
    let resolv_conf = world.dir().join("resolv.conf");
    fs::write(&resolv_conf, format!("nameserver {RESOLVER}\n")).unwrap();
    ip(world.host("a"), &format!("route add default via {GATEWAY}"));
    let script = format!("RESOLV_CONF={}; {WITH_RESOLVER}", resolv_conf.display());
    let how = How {
        config: "auto_publish = true\n",
        script: Some(&script),
        ..How::default()
    };
    world.start("a", how).await
}

async fn nothing_is_blocked(world: &World, node: &LabNode) {
    assert_eq!(blocked(&node.client).await, [""; 0]);
    let status = node.client.status().await.unwrap();
    assert_eq!((status.ruleset.intended, status.ruleset.actual), (0, 0));
    assert_eq!(
        pings(world.host("a"), GATEWAY, 3),
        3,
        "the gateway is there"
    );
}

#[tokio::test]
async fn netns_what_is_protected_is_refused_to_operators() {
    let Some(world) = World::new(&[("a", 11), ("gateway", 1)]) else {
        return;
    };
    let node = start_guarded(&world).await;
    for (asked, expected, reason) in REFUSED {
        assert_eq!(
            code(node.client.block(&block(asked, 300)).await),
            expected,
            "{asked}"
        );
        let mut forced = block(asked, 300);
        forced.force = true;
        assert_eq!(
            code(node.client.block(&forced).await),
            expected,
            "{asked} by force"
        );
        assert_eq!(
            code(node.client.publish(&publish(asked, 300)).await),
            expected,
            "{asked}"
        );
        for words in ["", " --force"] {
            let said = cli(&node, &format!("block {asked} 300 syn_flood 9{words}"));
            assert_eq!(said.code, Some(1), "{said:?}");
            assert!(said.err.contains(reason) && said.out.is_empty(), "{said:?}");
        }
        let shown = console(&node, &format!("block {asked} 300 syn_flood 9\nquit\n"));
        assert!(shown.contains(reason), "{shown}");
        let why = cli(&node, &format!("why {asked}"));
        assert!(why.out.contains("is not blocklisted"), "{why:?}");
    }
    nothing_is_blocked(&world, &node).await;
}

#[tokio::test]
async fn netns_what_is_protected_is_refused_to_peers() {
    if let Some(role) = Role::assigned() {
        return role.play().await;
    }
    let hosts = [("a", 11), ("b", 12), ("liar", 13), ("gateway", 1)];
    let Some(world) = World::new(&hosts) else {
        return;
    };
    let mut nodes = [
        start_guarded(&world).await,
        world.start("b", How::default()).await,
    ];
    join(&mut nodes).await;
    let [a, b] = nodes;
    let b_id = b.client.status().await.unwrap().node_id;

    // On b these are nobody special, so b tells the others.
    for asked in ["10.77.0.1", "10.77.0.11", "10.77.0.53"] {
        b.client.publish(&publish(asked, 300)).await.unwrap();
        until_refused(&a.client, asked, b_id, "protected").await;
    }
    // What no node would say is said by somebody who signs whatever he likes.
    let liar = Role {
        key: 13,
        to: a.client.status().await.unwrap().node_id.to_string(),
        play: Play::Publish(REFUSED.map(|it| it.0.to_owned()).into()),
    };
    let test = "refusal::netns_what_is_protected_is_refused_to_peers";
    let _running = liar.start(world.host("liar"), test);
    for (asked, expected, _) in REFUSED {
        until_refused(&a.client, asked, liar.node_id(), expected).await;
    }
    nothing_is_blocked(&world, &a).await;
    // It does believe both of them otherwise.
    b.client
        .publish(&publish("203.0.113.7", 300))
        .await
        .unwrap();
    until_blocked(&a.client, "203.0.113.7", true).await;
}

#[tokio::test]
async fn netns_a_flood_in_the_name_of_what_is_protected_blocks_none_of_it() {
    let Some(world) = World::new(&[("a", 11), ("gateway", 1), ("attacker", 66)]) else {
        return;
    };
    let node = start_guarded(&world).await;
    let before = node.client.stats().await.unwrap();
    let forged = [GATEWAY, OWN, RESOLVER, Ipv4Addr::LOCALHOST];
    let forge = |forged| {
        let flood_of = Flood {
            to: OWN,
            forged,
            count: 2_000,
            rate: 10_000,
        };
        flood(world.host("attacker"), flood_of)
    };
    assert_eq!(forge(&forged), 2_000);
    // Far over the threshold, and the kernel knew whose name they bear. It asks for that only once
    // a name is over: the first hundred of each second and name count as anybody's.
    until("the flood is counted", async || {
        let after = node.client.stats().await.ok()?;
        let of = |stats: &aegis_api::Stats| stats.packets_by_reason["protected"];
        (of(&after) >= of(&before) + 1_000).then_some(())
    })
    .await;
    nothing_is_blocked(&world, &node).await;
    let after = node.client.stats().await.unwrap();
    assert_eq!(after.dropped.packets, before.dropped.packets);
    assert_eq!(after.detectors["syn_flood"], before.detectors["syn_flood"]);
    // The same flood in another's name is one.
    assert_eq!(forge(&[Ipv4Addr::new(198, 51, 100, 9)]), 2_000);
    until_blocked(&node.client, "198.51.100.9", true).await;
    assert_eq!(
        pings(world.host("a"), GATEWAY, 3),
        3,
        "the gateway is still there"
    );
}

#[tokio::test]
async fn netns_a_configured_peer_is_blocked_by_force_only() {
    let Some(world) = World::new(&[("a", 11), ("b", 12), ("c", 13)]) else {
        return;
    };
    let b = world.start("b", How::default()).await;
    let b_id = b.client.status().await.unwrap().node_id;
    let peer = format!("/ip4/10.77.0.12/tcp/9001/p2p/{b_id}");
    let how = How {
        flags: &["--peer", &peer],
        ..How::default()
    };
    let mut nodes = [
        world.start("a", how).await,
        b,
        world.start("c", How::default()).await,
    ];
    join(&mut nodes).await;
    let [a, _b, c] = &nodes;
    let c_id = c.client.status().await.unwrap().node_id;

    c.client.publish(&publish("10.77.0.12", 300)).await.unwrap();
    until_refused(&a.client, "10.77.0.12", c_id, "configured_peer").await;
    let said = cli(a, "block 10.77.0.12 300 syn_flood 9 --local");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.err.contains("is a configured peer") && said.err.contains("--force"),
        "{said:?}"
    );
    assert_eq!(blocked(&a.client).await, [""; 0]);
    assert_eq!(pings(world.host("b"), OWN, 2), 2);

    let said = cli(a, "block 10.77.0.12 300 syn_flood 9 --local --force");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        a.client
            .check(indicator("10.77.0.12"))
            .await
            .unwrap()
            .blocked
    );
    assert_eq!(pings(world.host("b"), OWN, 2), 0);
}
