//! A bad peer: it speaks gossip like any other and sends whatever it is told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use aegis_core::NodeId;
use aegis_net::{Identity, PeerAddress};
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder,
    futures::StreamExt as _,
    gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode},
    noise,
    swarm::SwarmEvent,
    tcp, yamux,
};
use tokio::sync::mpsc;

use crate::support::eventually;

/// Messages that wait to be sent.
const QUEUE_MAX: usize = 64;

/// A peer of a node under test, in a thread of its own.
pub(crate) struct RawPeer {
    pub(crate) id: NodeId,
    /// What the peer signs honest alerts with.
    pub(crate) identity: Identity,
    messages_tx: Option<mpsc::Sender<Vec<u8>>>,
    is_heard: Arc<AtomicBool>,
    closed: Arc<AtomicU32>,
    thread: Option<thread::JoinHandle<()>>,
}

impl RawPeer {
    /// Connects to a node and waits until it is listened to.
    pub(crate) async fn connect(to: &PeerAddress) -> Self {
        let secret = rand_secret();
        let identity = Identity::from_secret(secret);
        let (messages_tx, messages_rx) = mpsc::channel(QUEUE_MAX);
        let is_heard = Arc::new(AtomicBool::new(false));
        let closed = Arc::new(AtomicU32::new(0));
        let seen = (Arc::clone(&is_heard), Arc::clone(&closed));
        let address: Multiaddr = to.to_string().parse().unwrap();
        let thread = thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().unwrap();
            runtime.block_on(run(secret, address, messages_rx, seen));
        });
        let peer = Self {
            id: identity.node_id(),
            identity,
            messages_tx: Some(messages_tx),
            is_heard,
            closed,
            thread: Some(thread),
        };
        eventually("the bad peer is connected", || peer.is_heard.load(Relaxed)).await;
        peer
    }

    /// Sends a message, whether or not anybody still listens.
    pub(crate) async fn send(&self, message: Vec<u8>) {
        let messages_tx = self.messages_tx.as_ref().unwrap();
        messages_tx.send(message).await.unwrap();
    }

    /// Returns how often its connection was closed or refused.
    pub(crate) fn closed(&self) -> u32 {
        self.closed.load(Relaxed)
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.messages_tx = None;
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))));
    }
}

async fn run(
    secret: [u8; 32],
    address: Multiaddr,
    mut messages_rx: mpsc::Receiver<Vec<u8>>,
    (is_heard, closed): (Arc<AtomicBool>, Arc<AtomicU32>),
) {
    let topic = IdentTopic::new("aegis-threat-intel");
    let mut swarm = swarm(secret);
    swarm.behaviour_mut().subscribe(&topic).unwrap();
    swarm.dial(address.clone()).unwrap();
    let mut redial = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            message = messages_rx.recv() => match message {
                // Nobody may be left to send to: that is what the tests are after.
                Some(message) => drop(swarm.behaviour_mut().publish(topic.clone(), message)),
                None => break,
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::Behaviour(gossipsub::Event::Subscribed { .. }) => {
                    is_heard.store(true, Relaxed);
                }
                SwarmEvent::ConnectionClosed { .. }
                | SwarmEvent::OutgoingConnectionError { .. } => {
                    closed.fetch_add(1, Relaxed);
                }
                _ => {}
            },
            _ = redial.tick() => {
                if swarm.connected_peers().next().is_none() {
                    let _ = swarm.dial(address.clone());
                }
            }
        }
    }
}

fn swarm(mut secret: [u8; 32]) -> Swarm<gossipsub::Behaviour> {
    let keypair = libp2p::identity::Keypair::ed25519_from_bytes(&mut secret).unwrap();
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|it| MessageId::new(&it.data))
        .max_transmit_size(65_536)
        .build()
        .unwrap();
    let gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap();
    SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|_| gossip)
        .unwrap()
        .with_swarm_config(|it| it.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}

fn rand_secret() -> [u8; 32] {
    let keypair = libp2p::identity::Keypair::generate_ed25519();
    let bytes = keypair.try_into_ed25519().unwrap().to_bytes();
    bytes[..32].try_into().unwrap()
}
