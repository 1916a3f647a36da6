//! Figures of the network: `cargo bench -p aegis-net --bench latency`.
//!
//! - publish → receive between two nodes on loopback over TCP and QUIC, 1,000 alerts
//! - the same while a bad peer floods one of the two
//! - alerts per second that one core validates
//! - memory per connected peer
//! - bytes that an idle pair exchanges, where it may have a network namespace of its own
//!
//! Without `--bench` (as `cargo test --benches` runs it) every part runs once, small.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures in real time"
)]
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark that cannot go on stops, and picks the events it is about"
)]
#![expect(
    clippy::print_stdout,
    reason = "a benchmark reports to whoever runs it"
)]

use std::{
    fs,
    net::Ipv4Addr,
    process::Command,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aegis_core::{
    Alert, BlockDuration, Channel, Evidence, NodeId, Severity, Statement, ThreatType, Timestamp,
};
use aegis_net::{
    Address, Clock, Identity, NetCommand, NetEvent, NetHandle, P2pConfig, PeerAddress,
    gate::{Admission, Arrival, Gate, Limits, Quota},
    start, wire,
};

#[path = "latency/flood.rs"]
mod flood;

/// Set in the process that measures in a namespace of its own.
const INNER: &str = "AEGIS_BENCH_IDLE";

/// How large a run is.
#[derive(Clone, Copy)]
struct Size {
    alerts: u32,
    validated: u32,
    peers: usize,
    idle: Duration,
}

const FULL: Size = Size {
    alerts: 1000,
    validated: 20_000,
    peers: 50,
    idle: Duration::from_secs(60),
};

const TINY: Size = Size {
    alerts: 5,
    validated: 5,
    peers: 2,
    idle: Duration::from_millis(500),
};

struct Node {
    handle: NetHandle,
    identity: Identity,
    at: PeerAddress,
}

fn main() {
    let is_bench = std::env::args().any(|it| it == "--bench");
    let size = if is_bench { FULL } else { TINY };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    if std::env::var_os(INNER).is_some() {
        return runtime.block_on(idle(size));
    }
    if let Ok(target) = std::env::var(flood::TARGET) {
        return runtime.block_on(flood::flood(&target));
    }
    if cfg!(debug_assertions) {
        println!("(built without optimisation: the figures mean little)");
    }
    for (name, listen) in [("TCP", Address::tcp as Listen), ("QUIC", Address::quic)] {
        runtime.block_on(latency(name, listen, size));
    }
    runtime.block_on(flood::measure(size));
    validation(size);
    runtime.block_on(memory(size));
    idle_in_a_namespace();
}

type Listen = fn(std::net::IpAddr, u16) -> Address;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis() as u64)
}

/// Returns a node whose peers may send as much as they like.
async fn node(listen: Listen, peers: Vec<PeerAddress>) -> Node {
    let many = Quota {
        burst: 1_000_000,
        per_second: 1_000_000,
    };
    let limits = Limits {
        trusted_author: many,
        dht_author: many,
        met: many,
        strangers: many,
        all: many,
        forwarder: many,
        ..Limits::default()
    };
    let config = P2pConfig {
        peers,
        limits,
        ..P2pConfig::default()
    };
    node_with(listen, config).await
}

async fn node_with(listen: Listen, config: P2pConfig) -> Node {
    let identity = Identity::generate();
    let config = P2pConfig {
        listen: vec![listen(Ipv4Addr::LOCALHOST.into(), 0)],
        mdns: false,
        kad: false,
        memory_bytes_max: 8 << 30,
        ..config
    };
    let clock: Clock = Arc::new(now);
    let mut handle = start(config, &identity, clock).await.unwrap();
    let address = loop {
        if let NetEvent::Listening { address } = handle.events_rx.recv().await.unwrap() {
            break address;
        }
    };
    let at = PeerAddress::new(handle.node_id, &address);
    Node {
        handle,
        identity,
        at,
    }
}

async fn wait_for_peer(node: &mut Node, wanted: NodeId) {
    while let Some(event) = node.handle.events_rx.recv().await {
        if matches!(event, NetEvent::PeerConnected { peer, .. } if peer == wanted) {
            return;
        }
    }
}

async fn pair(listen: Listen) -> (Node, Node) {
    let mut a = node(listen, Vec::new()).await;
    let mut b = node(listen, vec![a.at.clone()]).await;
    wait_for_peer(&mut a, b.at.peer()).await;
    wait_for_peer(&mut b, a.at.peer()).await;
    (a, b)
}

fn alert(identity: &Identity, n: u32) -> Arc<Alert> {
    let statement = Statement {
        indicator: std::net::IpAddr::from((0xC612_0000 + n).to_be_bytes()).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        stated_at: now(),
        block_for: BlockDuration::MAX,
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(&statement, identity))
}

/// One alert every 5 ms, so that each finds an idle node, as alerts do.
async fn latency(name: &str, listen: Listen, size: Size) {
    let (a, mut b) = pair(listen).await;
    let mut took = Vec::new();
    for n in 0..size.alerts {
        took.push(round_trip(&a, &mut b, n).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    show(&format!("publish → receive, two nodes, {name}"), &mut took);
    for node in [a, b] {
        node.handle.stop(Duration::from_secs(5)).await.unwrap();
    }
}

/// Publishes an alert on one node and waits for it on the other.
async fn round_trip(from: &Node, to: &mut Node, n: u32) -> Duration {
    let said = alert(&from.identity, n);
    let published_at = Instant::now();
    let publish = NetCommand::Publish(Arc::clone(&said));
    from.handle.commands_tx.send(publish).await.unwrap();
    loop {
        let event = to.handle.events_rx.recv().await.unwrap();
        if matches!(event, NetEvent::AlertReceived { alert, .. } if alert.id() == said.id()) {
            return published_at.elapsed();
        }
    }
}

fn show(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: p50 {:?}, p99 {:?}, max {:?} ({} alerts)",
        at(0.5),
        at(0.99),
        at(1.0),
        took.len()
    );
}

/// Admission alone, on one core: quota, parsing, canonical form, signature.
fn validation(size: Size) {
    let identity = Identity::generate();
    let alerts: Vec<_> = (0..size.validated).map(|n| alert(&identity, n)).collect();
    let many = Quota {
        burst: 1_000_000,
        per_second: 1_000_000,
    };
    let mut gate = Gate::new(Limits {
        dht_author: many,
        strangers: many,
        all: many,
        forwarder: many,
        ..Limits::default()
    });
    let started_at = Instant::now();
    for alert in &alerts {
        let judged = gate.admit(
            now(),
            Arrival {
                forwarder: identity.node_id(),
                channel: Channel::Gossip,
                bytes: alert.wire(),
            },
        );
        assert!(matches!(judged.admission, Admission::Accept(_)));
    }
    let took = started_at.elapsed();
    let parsing_at = Instant::now();
    for alert in &alerts {
        assert!(wire::Unverified::parse(alert.wire()).is_ok());
    }
    println!(
        "validation: {:.0} alerts/s on one core, {:?} each, of which {:?} before the signature \
         ({} bytes)",
        f64::from(size.validated) / took.as_secs_f64(),
        took / size.validated,
        parsing_at.elapsed() / size.validated,
        alerts[0].wire().len()
    );
}

/// What a connected peer costs in resident memory, both ends being in this process.
async fn memory(size: Size) {
    let mut hub = node(Address::tcp, Vec::new()).await;
    let before = resident_bytes();
    let mut lone = Vec::new();
    for _ in 0..size.peers {
        lone.push(node(Address::tcp, Vec::new()).await);
    }
    let idle = resident_bytes();
    for peer in &lone {
        let dial = NetCommand::Dial(hub.at.clone());
        peer.handle.commands_tx.send(dial).await.unwrap();
        wait_for_peer(&mut hub, peer.at.peer()).await;
    }
    let joined = resident_bytes();
    println!(
        "memory: {} KiB per node, {} KiB per connection (both ends), {} nodes",
        (idle.saturating_sub(before)) / size.peers as u64 / 1024,
        (joined.saturating_sub(idle)) / size.peers as u64 / 1024,
        size.peers
    );
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Runs [`idle`] where no other traffic is counted.
fn idle_in_a_namespace() {
    let exe = std::env::current_exe().unwrap();
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    let inner = Command::new("unshare")
        .args(["--net", "sh", "-c", script])
        .arg(exe)
        .args(std::env::args().skip(1))
        .env(INNER, "1")
        .status();
    if !inner.is_ok_and(|it| it.success()) {
        println!("idle: SKIPPED, no privilege for a network namespace");
    }
}

async fn idle(size: Size) {
    let (a, b) = pair(Address::tcp).await;
    tokio::time::sleep(size.idle / 10).await; // until they have got to know each other
    let (before, started_at) = (loopback_bytes(), Instant::now());
    tokio::time::sleep(size.idle).await;
    let bytes = loopback_bytes() - before;
    println!(
        "idle: {:.0} bytes/s sent by each of two nodes over {:?}",
        bytes as f64 / 2.0 / started_at.elapsed().as_secs_f64(),
        size.idle
    );
    drop((a, b));
}

fn loopback_bytes() -> u64 {
    let table = fs::read_to_string("/proc/net/dev").unwrap();
    let line = table.lines().find_map(|it| it.trim().strip_prefix("lo:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}
