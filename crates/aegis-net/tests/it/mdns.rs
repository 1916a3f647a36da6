//! Two nodes in two network namespaces find each other by mDNS alone.
//!
//! libp2p's mDNS leaves loopback out, so that this needs namespaces, and they need root. Each
//! node is this test binary again, started in its namespace with [`ROLE`] set.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
};

use aegis_core::PeerClass;
use aegis_net::{NetEvent, P2pConfig, Via};

use crate::support::{TestNode, alert};

/// Set in a process that is to be a node.
const ROLE: &str = "AEGIS_TEST_MDNS_NODE";

/// Two namespaces joined by a cable, removed in the end.
struct Namespaces([String; 2]);

impl Namespaces {
    fn make() -> Self {
        let pid = std::process::id();
        let [a, b] = ["a", "b"].map(|it| format!("aegis-mdns-{it}-{pid}"));
        let made = Self([a.clone(), b.clone()]);
        ip(&["netns", "add", &a]);
        ip(&["netns", "add", &b]);
        let cable = ["type", "veth", "peer", "name", "aegis-v0", "netns", &b];
        ip(&[&["-n", &a, "link", "add", "aegis-v0"], &cable[..]].concat());
        for (name, address) in [(&a, "10.99.7.1/24"), (&b, "10.99.7.2/24")] {
            ip(&["-n", name, "address", "add", address, "dev", "aegis-v0"]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
            ip(&["-n", name, "link", "set", "aegis-v0", "up"]);
        }
        made
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

#[track_caller]
fn ip(args: &[&str]) {
    let done = Command::new("ip").args(args).status().unwrap();
    assert!(done.success(), "ip {}", args.join(" "));
}

fn may_make_namespaces() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let caps = status.lines().find_map(|it| it.strip_prefix("CapEff:"));
    let caps = caps.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    let has_admin = caps.is_some_and(|it| it & (1 << 21) != 0 && it & (1 << 12) != 0);
    has_admin && Command::new("ip").arg("-V").output().is_ok()
}

#[test]
fn two_nodes_of_a_local_network_join_by_mdns() {
    if !may_make_namespaces() {
        let required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some();
        assert!(!required, "no privilege to make network namespaces");
        eprintln!(
            "SKIPPED: two_nodes_of_a_local_network_join_by_mdns: no privilege for namespaces"
        );
        return;
    }
    let namespaces = Namespaces::make();
    let mut nodes = namespaces.0.each_ref().map(|it| spawn_node(it));
    for node in &mut nodes {
        let lines = BufReader::new(node.stdout.as_mut().unwrap()).lines();
        let heard = lines.map_while(Result::ok).any(|it| it.ends_with("HEARD"));
        assert!(heard, "a node did not hear the other");
    }
    for mut node in nodes {
        drop(node.stdin.take()); // it waits for this
        assert!(node.wait().unwrap().success());
    }
}

fn spawn_node(namespace: &str) -> Child {
    Command::new("nsenter")
        .arg(format!("--net=/run/netns/{namespace}"))
        .arg(std::env::current_exe().unwrap())
        .args(["mdns::a_node_in_a_namespace", "--exact", "--nocapture"])
        .env(ROLE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Not a test of its own: what runs in each namespace.
#[tokio::test]
async fn a_node_in_a_namespace() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let mut node = TestNode::start(P2pConfig {
        listen: P2pConfig::listen_on(0),
        kad: false,
        memory_bytes_max: 8 << 30,
        ..P2pConfig::default()
    })
    .await;
    let class = node.wait_for("a peer", |it| match it {
        NetEvent::PeerConnected { class, .. } => Some(*class),
        _ => None,
    });
    assert_eq!(class.await, PeerClass::Lan);
    let is_other_way = |it: &NetEvent| match it {
        NetEvent::PeerDiscovered { via, .. } => *via != Via::Mdns,
        _ => false,
    };
    assert!(!node.events.iter().any(is_other_way));
    node.publish(&alert(&node.identity, Ipv4Addr::LOCALHOST.to_bits() & 7))
        .await;
    node.wait_for("an alert", |it| {
        matches!(it, NetEvent::AlertReceived { .. }).then_some(())
    })
    .await;
    println!("HEARD");
    let _ = std::io::stdin().read(&mut [0]);
    node.stop().await;
}
