//! What tests of a node need: one that nobody is really connected with, and whose time stands still.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use aegis_core::{NodeId, PeerClass, Timestamp};
use tokio::sync::mpsc;

use super::{Link, Node};
use crate::{Address, Clock, Counters, Identity, NetEvent, P2pConfig, service::peers::Peer};

/// What its clock shows at first.
const START_MILLIS: u64 = 1_763_640_000_000;

/// A node, and what is around it.
pub(super) struct Scene {
    pub(super) node: Node,
    pub(super) identity: Identity,
    pub(super) events_rx: mpsc::Receiver<NetEvent>,
    pub(super) millis: Arc<AtomicU64>,
    /// Alerts that the test has made so far, so that no two are about one address.
    pub(super) said: u32,
}

impl Scene {
    /// Returns a node without peers.
    pub(super) fn set() -> Self {
        let millis = Arc::new(AtomicU64::new(START_MILLIS));
        let clock: Clock = {
            let millis = Arc::clone(&millis);
            Arc::new(move || Timestamp::from_millis(millis.load(Relaxed)))
        };
        let config = P2pConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            mdns: false,
            kad: false,
            ..P2pConfig::default()
        };
        let (events_tx, events_rx) = mpsc::channel(4096);
        let identity = Identity::from_secret([1; 32]);
        let outlets = (events_tx, mpsc::channel(8).0, Arc::new(Counters::default()));
        let node = Node::new(&config, &identity, clock, outlets).unwrap();
        Self {
            node,
            identity,
            events_rx,
            millis,
            said: 0,
        }
    }

    /// Gives it a peer of the local network.
    pub(super) fn connect(&mut self, peer: NodeId) {
        let new = Peer {
            ways: std::collections::BTreeMap::new(),
            speaks: crate::service::peers::Speaks::default(),
            address: Address::tcp([192, 0, 2, 1].into(), 9001),
            dialled: true,
            class: PeerClass::Lan,
            is_subscribed: true,
            takes_batches: false,
            connected_at: self.node.now(),
            called_again_at: None,
            throttled_at: None,
            outbox: VecDeque::new(),
            is_pushing: false,
            pinged_at: None,
            said_goodbye: false,
            link: Link::default(),
        };
        self.node.gate.set_class(peer, PeerClass::Lan);
        self.node.peers.connected.insert(peer, new);
    }
}
