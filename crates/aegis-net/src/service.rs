//! The network service: a libp2p swarm in a thread of its own.
//!
//! The thread runs a single-threaded runtime, so that a busy daemon does not slow the network and
//! a busy network does not slow the daemon. Both talk through bounded queues; the swarm never waits
//! for the daemon: an alert that nobody takes is dropped and counted.

use std::{io, sync::Arc, thread, time::Duration};

use aegis_core::NodeId;
use tokio::sync::{mpsc, oneshot};

use crate::{Address, Clock, Counters, FileEvent, Identity, NetCommand, NetEvent, P2pConfig};

mod behaviour;
mod checkers;
mod dialer;
mod direct;
mod exchange;
mod files;
mod guarded;
mod handover;
mod holders;
mod inquire;
mod join;
mod members;
mod names;
mod node;
mod observed;
mod outbox;
mod peers;
mod punch;
mod push;
mod questions;
mod reach;
mod relay;
mod runtime_dir;
mod sync;
mod transport;
mod vouch;
mod waiting;
mod wall;

use node::Node;

/// Alerts that one [`NetCommand::Push`] hands over at most: what a peer may have active here.
pub const PUSH_ALERTS_MAX: usize = 5000;

/// How long a question waits for its answers at most, whatever is asked for.
pub const QUESTION_WAIT_MAX: Duration = Duration::from_secs(10);

/// Commands that wait for the service: bursts of published alerts.
const COMMANDS_MAX: usize = 1024;

/// Events that wait for the daemon: the burst that a trusted author may send, four times.
const EVENTS_MAX: usize = 4096;

/// Places of the events queue that alerts do not take: for peers that come and go.
const EVENTS_RESERVED: usize = 256;

/// Events about files that wait for their owner, a chunk in some of them.
const FILE_EVENTS_MAX: usize = 640;

/// Places of that queue that peers' queries do not take: for replies to our own, and for peers that
/// come and go.
const FILE_EVENTS_RESERVED: usize = 512;

/// How often and how many times a node that begins anew tries to listen where it did before.
const LISTEN_AGAIN_EVERY: Duration = Duration::from_millis(50);
const LISTEN_AGAIN_MAX: u32 = 60;

/// Why there is no network service.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// An address to listen on is taken, not this host's, or not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: Address,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The thread, its runtime or the transports could not be made.
    #[error("cannot start the network service")]
    Start(#[source] io::Error),
    /// The service did not stop in time; its thread is left behind.
    #[error("network service did not stop within {deadline:?}")]
    Stop {
        /// How long it was waited for.
        deadline: Duration,
    },
    /// The service died.
    #[error("network service ended by itself")]
    Died,
}

/// The daemon's end of a running network service.
///
/// Dropping it, or only `commands_tx`, stops the service too, without waiting for it.
#[derive(Debug)]
pub struct NetHandle {
    /// Who this node is.
    pub node_id: NodeId,
    /// What to do.
    pub commands_tx: mpsc::Sender<NetCommand>,
    /// What happened.
    pub events_rx: mpsc::Receiver<NetEvent>,
    /// What happened about files.
    pub file_events_rx: mpsc::Receiver<FileEvent>,
    /// How often.
    pub counters: Arc<Counters>,
    thread: thread::JoinHandle<()>,
    stopped_rx: oneshot::Receiver<()>,
}

impl NetHandle {
    /// Says goodbye to the peers, stops the service and waits for its thread.
    pub async fn stop(self, deadline: Duration) -> Result<(), NetError> {
        let late = |_| NetError::Stop { deadline };
        let stopped = async {
            // An error means that the service has stopped already.
            let _ = self.commands_tx.send(NetCommand::Shutdown).await;
            let _ = self.stopped_rx.await;
        };
        tokio::time::timeout(deadline, stopped)
            .await
            .map_err(late)?;
        // The thread has nothing left to do but to end.
        self.thread.join().map_err(|_| NetError::Died)
    }
}

/// What a node is made of anew when it enters a closed network.
struct Again {
    config: P2pConfig,
    identity: Identity,
    clock: Clock,
    outlets: (
        mpsc::Sender<NetEvent>,
        mpsc::Sender<FileEvent>,
        Arc<Counters>,
    ),
}

impl Again {
    /// Runs a node, and the next one in the network that it enters, until one is told to stop.
    async fn run(mut self, mut node: Node, mut commands_rx: mpsc::Receiver<NetCommand>) {
        while let Some(secret) = Box::pin(node.run(&mut commands_rx)).await {
            self.config.secret = Some(secret);
            node = match self.node().await {
                Ok(node) => node,
                // Whoever reads the events sees that they end.
                Err(error) => return tracing::error!(%error, "Cannot enter the closed network"),
            };
            node.tell_entered();
        }
    }

    /// Makes the next node, once the sockets of the one before are closed: that takes a moment.
    async fn node(&self) -> Result<Node, NetError> {
        let mut tries = tokio::time::interval(LISTEN_AGAIN_EVERY);
        for _ in 1..LISTEN_AGAIN_MAX {
            tries.tick().await;
            match self.try_node() {
                Err(NetError::Listen { .. }) => {}
                other => return other,
            }
        }
        self.try_node()
    }

    fn try_node(&self) -> Result<Node, NetError> {
        let (clock, outlets) = (Arc::clone(&self.clock), self.outlets.clone());
        Node::new(&self.config, &self.identity, clock, outlets)
    }
}

/// Starts the service; returns once it listens on every address of `config`.
pub async fn start(
    config: P2pConfig,
    identity: &Identity,
    clock: Clock,
) -> Result<NetHandle, NetError> {
    let (commands_tx, commands_rx) = mpsc::channel(COMMANDS_MAX);
    let (events_tx, events_rx) = mpsc::channel(EVENTS_MAX);
    let (file_events_tx, file_events_rx) = mpsc::channel(FILE_EVENTS_MAX);
    let (started_tx, started_rx) = oneshot::channel();
    let (stopped_tx, stopped_rx) = oneshot::channel();
    let counters = Arc::new(Counters::default());
    let outlets = (events_tx, file_events_tx, Arc::clone(&counters));
    let identity = identity.clone();
    let node_id = identity.node_id();
    let run = async move {
        match Node::new(&config, &identity, Arc::clone(&clock), outlets.clone()) {
            Ok(node) => {
                // Nobody waits any more where the caller gave up; the queue it holds is closed.
                let _ = started_tx.send(Ok(()));
                let again = Again {
                    config,
                    identity,
                    clock,
                    outlets,
                };
                Box::pin(again.run(node, commands_rx)).await;
            }
            Err(error) => drop(started_tx.send(Err(error))),
        }
    };
    let thread = thread::Builder::new()
        .name("aegis-net".to_owned())
        .spawn(move || {
            // Without a runtime nothing is started, and the caller is told that it died.
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            {
                runtime.block_on(run);
            }
            let _ = stopped_tx.send(());
        })
        .map_err(NetError::Start)?;
    started_rx.await.map_err(|_| NetError::Died)??;
    Ok(NetHandle {
        node_id,
        commands_tx,
        events_rx,
        file_events_rx,
        counters,
        thread,
        stopped_rx,
    })
}
