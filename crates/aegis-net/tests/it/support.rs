//! Nodes to test with: real services on loopback with ports of the system's choice.

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::{Arc, Once},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aegis_core::{
    Alert, AlertId, BlockDuration, Evidence, NodeId, Severity, Statement, ThreatType, Timestamp,
};
use aegis_net::{
    Address, Clock, CounterValues, Identity, NetCommand, NetEvent, NetHandle, P2pConfig,
    PeerAddress, start, wire,
};
use tracing_subscriber::EnvFilter;

/// How long anything that must happen may take: far more than it does, for busy machines.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Which transport a test runs over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transport {
    Tcp,
    Quic,
}

/// A node with everything it has reported so far.
pub(crate) struct TestNode {
    pub(crate) handle: NetHandle,
    pub(crate) identity: Identity,
    pub(crate) address: Address,
    pub(crate) events: Vec<NetEvent>,
}

/// Returns the present.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of real nodes run in real time"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap())
}

/// Returns a clock that tells the present.
pub(crate) fn clock() -> Clock {
    Arc::new(now)
}

/// Returns a configuration that finds nobody by itself.
pub(crate) fn lonely(transport: Transport) -> P2pConfig {
    let localhost = Ipv4Addr::LOCALHOST.into();
    let listen = match transport {
        Transport::Tcp => Address::tcp(localhost, 0),
        Transport::Quic => Address::quic(localhost, 0),
    };
    P2pConfig {
        listen: vec![listen],
        mdns: false,
        kad: false,
        memory_bytes_max: 8 << 30,
        ..P2pConfig::default()
    }
}

/// Returns two nodes that are connected and hear each other, of which the second calls the first.
pub(crate) async fn pair(config: P2pConfig) -> [TestNode; 2] {
    let mut a = TestNode::start(config.clone()).await;
    let mut b = TestNode::start(P2pConfig {
        peers: vec![a.peer_address()],
        ..config
    })
    .await;
    a.wait_for_peer(b.id()).await;
    b.wait_for_peer(a.id()).await;
    [a, b]
}

/// Returns a hub of the global network, and nodes that met only it.
pub(crate) async fn globe<const N: usize>() -> (TestNode, [TestNode; N]) {
    let global = || P2pConfig {
        kad: true,
        ..lonely(Transport::Tcp)
    };
    let mut hub = TestNode::start(global()).await;
    let mut nodes = Vec::new();
    for _ in 0..N {
        let bootstrap = vec![hub.peer_address().to_string().parse().unwrap()];
        let mut node = TestNode::start(P2pConfig {
            bootstrap,
            ..global()
        })
        .await;
        node.wait_for_peer(hub.id()).await;
        hub.wait_for_peer(node.id()).await;
        nodes.push(node);
    }
    (hub, nodes.try_into().ok().unwrap())
}

/// Returns an alert of `identity` about the `n`-th address of a test network.
pub(crate) fn alert(identity: &Identity, n: u32) -> Arc<Alert> {
    let address = Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + n);
    let statement = Statement {
        indicator: std::net::IpAddr::V4(address).into(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::new(9).unwrap(),
        stated_at: now(),
        block_for: BlockDuration::from_secs(300).unwrap(),
        evidence: Evidence::Verified,
        description: None,
        withdraws: None,
    };
    Arc::new(wire::sign(&statement, identity))
}

impl TestNode {
    /// Starts a node and waits until it listens.
    pub(crate) async fn start(config: P2pConfig) -> Self {
        log_where_asked();
        let identity = Identity::generate();
        let handle = start(config, &identity, clock()).await.unwrap();
        let mut node = Self {
            handle,
            identity,
            address: Address::tcp(Ipv4Addr::LOCALHOST.into(), 1),
            events: Vec::new(),
        };
        let heard = node.wait_for("its address", |it| match it {
            NetEvent::Listening { address } => Some(address.clone()),
            _ => None,
        });
        node.address = heard.await;
        node
    }

    pub(crate) fn id(&self) -> NodeId {
        self.handle.node_id
    }

    /// Returns where this node can be dialled.
    pub(crate) fn peer_address(&self) -> PeerAddress {
        PeerAddress::new(self.id(), &self.address)
    }

    pub(crate) fn counters(&self) -> CounterValues {
        self.handle.counters.values()
    }

    pub(crate) async fn command(&self, command: NetCommand) {
        self.handle.commands_tx.send(command).await.unwrap();
    }

    pub(crate) async fn publish(&self, alert: &Arc<Alert>) {
        self.command(NetCommand::Publish(Arc::clone(alert))).await;
    }

    /// Returns what `wanted` makes of the first event it takes, among those so far and to come.
    pub(crate) async fn wait_for<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&NetEvent) -> Option<T>,
    ) -> T {
        if let Some(found) = self.events.iter().find_map(&mut wanted) {
            return found;
        }
        let search = async {
            while let Some(event) = self.handle.events_rx.recv().await {
                let found = wanted(&event);
                self.events.push(event);
                if let Some(found) = found {
                    return found;
                }
            }
            panic!("the node ended while waiting for {what}");
        };
        match tokio::time::timeout(DEADLINE, search).await {
            Ok(found) => found,
            Err(_) => panic!(
                "no {what} within {DEADLINE:?}; last events: {:?}; {:?}",
                &self.events[self.events.len().saturating_sub(5)..],
                self.handle.counters.values()
            ),
        }
    }

    /// Waits until `peer` is connected and hears this node.
    pub(crate) async fn wait_for_peer(&mut self, peer: NodeId) {
        self.wait_for("peer", |it| match it {
            NetEvent::PeerConnected { peer: it, .. } if *it == peer => Some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until this alert came in; returns who handed it over.
    pub(crate) async fn wait_for_alert(&mut self, id: AlertId) -> NodeId {
        self.wait_for("alert", |it| match it {
            NetEvent::AlertReceived {
                alert, forwarder, ..
            } if alert.id() == id => Some(*forwarder),
            _ => None,
        })
        .await
    }

    /// Returns the ids of the alerts that came in so far.
    pub(crate) fn alerts(&mut self) -> BTreeSet<AlertId> {
        while let Ok(event) = self.handle.events_rx.try_recv() {
            self.events.push(event);
        }
        let received = self.events.iter().filter_map(|it| match it {
            NetEvent::AlertReceived { alert, .. } => Some(alert.id()),
            _ => None,
        });
        received.collect()
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(DEADLINE).await.unwrap();
    }
}

/// Waits until `holds`, looking every few milliseconds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while !holds() {
            look.tick().await;
        }
    };
    let in_time = tokio::time::timeout(DEADLINE, wait).await;
    assert!(
        in_time.is_ok(),
        "{what} did not come about within {DEADLINE:?}"
    );
}

/// Logs what the nodes do where `RUST_LOG` asks for it.
fn log_where_asked() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::from_default_env();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    });
}
