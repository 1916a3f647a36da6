//! A public network with two routers on it that translate addresses, and a host behind each.
//!
//! The addresses are of a network for documentation, so that the nodes take them for public.

use std::time::Duration;

use aegis::lab::node::LabNode;
use aegis_api::{NodeId, Peer, Reachability, Route};

use super::{
    has_nft,
    host::ip,
    shell::must,
    until_in,
    world::{How, World},
};

/// The host on the public network, its address, and the routers with a host behind each.
pub(crate) const HOSTS: [(&str, u8); 5] = [("r", 11), ("na", 12), ("nb", 13), ("a", 14), ("b", 15)];

/// Where the public host is.
pub(crate) const PUBLIC: &str = "198.51.1.1";

/// How any node of these tests is set up: nothing finds others but what the test is about.
const ALONE: &str = "[p2p]\nmdns = false\nkad = false\n";

/// How soon nodes are placed, and have a direct connection where they can: a try by QUIC and one by
/// TCP may both be lost.
const ROUTED_WITHIN: Duration = Duration::from_secs(30);

/// How a router chooses the port that stands for a host's.
#[derive(Clone, Copy)]
pub(crate) enum Ports {
    /// The same where that is free: whoever the host speaks to sees the same.
    Kept,
    /// Another for each whom the host speaks to.
    Random,
}

/// Makes the network; `None` where the test is skipped.
pub(crate) fn behind_routers(ports: Ports) -> Option<World> {
    if !has_nft() {
        return None;
    }
    let world = World::new(&HOSTS)?;
    readdress(&world, "r", &format!("{PUBLIC}/16"));
    for (router, inside, public, port) in [
        ("na", "a", "198.51.2.1", "p14"),
        ("nb", "b", "198.51.3.1", "p15"),
    ] {
        readdress(&world, router, &format!("{public}/16"));
        let switch = world.host("r").namespace.trim_end_matches("-r").to_owned() + "-switch";
        let router = world.host(router);
        // The end of the inner host's cable is pulled out of the switch and put into the router.
        let cable = [
            "-n",
            &switch,
            "link",
            "set",
            port,
            "netns",
            &router.namespace,
        ];
        must(std::process::Command::new("ip").args(cable));
        ip(router, &format!("link set {port} name lan up"));
        ip(router, "addr add 192.168.1.1/24 dev lan");
        let host = world.host(inside);
        readdress(&world, inside, "192.168.1.2/24");
        ip(host, "route add default via 192.168.1.1");
        let mut forward = router.command("sh");
        must(forward.args(["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]));
        must(router.command("nft").arg(rules(ports)));
    }
    Some(world)
}

fn readdress(world: &World, host: &str, address: &str) {
    let host = world.host(host);
    ip(host, "addr flush dev eth0");
    ip(host, &format!("addr add {address} dev eth0"));
}

/// Returns what a router does that is sold as one: it lets out, and in what answers. What comes
/// unasked is dropped and leaves no trace.
fn rules(ports: Ports) -> String {
    let how = match ports {
        Ports::Kept => "",
        Ports::Random => "fully-random",
    };
    format!(
        "table ip router {{
            chain out {{
                type nat hook postrouting priority 100;
                oifname eth0 masquerade {how}
            }}
            chain through {{
                type filter hook forward priority 0; policy drop;
                iifname lan accept
                ct state established,related accept
            }}
            chain own {{
                type filter hook input priority 0; policy drop;
                iifname lan accept
                ct state established,related accept
            }}
        }}"
    )
}

pub(crate) async fn id(node: &LabNode) -> NodeId {
    node.client.status().await.unwrap().node_id
}

/// Starts a node that knows of these addresses only.
pub(crate) async fn start(world: &World, host: &str, key: &str, addresses: &[String]) -> LabNode {
    let config = format!("{ALONE}{key} = {addresses:?}\n");
    let how = How {
        config: &config,
        ..How::default()
    };
    world.start(host, how).await
}

pub(crate) fn public_addresses(node: NodeId) -> Vec<String> {
    ["tcp/9001", "udp/9001/quic-v1"]
        .map(|it| format!("/ip4/{PUBLIC}/{it}/p2p/{node}"))
        .into()
}

pub(crate) async fn peer(node: &LabNode, peer: NodeId) -> Option<Peer> {
    let page = node.client.peers(Default::default()).await.ok()?;
    page.items
        .into_iter()
        .find(|it| it.peer == peer && it.connected)
}

pub(crate) async fn until_reached(node: &LabNode, other: NodeId, route: Route) {
    until_in(
        ROUTED_WITHIN,
        &format!("{} reaches the other: {route:?}", node.name),
        async || {
            let known = peer(node, other).await?;
            (known.route == Some(route)).then_some(())
        },
    )
    .await;
}

/// Waits until a node is placed so: whether others can reach it, and over how many relays.
pub(crate) async fn until_placed(node: &LabNode, reachability: Reachability, relays: usize) {
    let what = format!("{} is {reachability:?}", node.name);
    until_in(ROUTED_WITHIN, &what, async || {
        let place = node.client.status().await.ok()?.place?;
        (place.reachability == reachability && place.relays.len() == relays).then_some(())
    })
    .await;
}

/// Has a router let through to the host behind it whoever calls at the node's port, as its owner
/// may tell it to.
pub(crate) fn let_through(world: &World, router: &str) {
    let rules = "table ip through {
            chain in {
                type nat hook prerouting priority -100;
                iifname eth0 meta l4proto { tcp, udp } th dport 9001 dnat to 192.168.1.2
            }
        }
        add rule ip router through ct status dnat accept";
    must(world.host(router).command("nft").arg(rules));
}
