//! The loop that owns the swarm: what comes in from the network, the daemon and the timers.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use aegis_core::{NodeId, PeerClass, Timestamp};
use libp2p::{
    Multiaddr, Swarm,
    futures::StreamExt as _,
    swarm::{SwarmEvent, dial_opts::DialOpts},
};
use tokio::{sync::mpsc, time};

use super::{
    EVENTS_RESERVED, NetError, behaviour,
    behaviour::{Behaviour, BehaviourEvent, HEARTBEAT},
    dialer::Dialer,
    files::Files,
    handover::Handover,
    holders::{Holdings, Kept},
    inquire::About,
    join::Joins,
    members::{self, Members},
    names::Names,
    outbox::Outbox,
    peers::Peers,
    questions::Questions,
    relay::{self, Relays},
    runtime_dir::RuntimeDir,
    sync::Syncs,
    wall::Wall,
};
use crate::{
    Address, Clock, Counters, FileEvent, Identity, NetCommand, NetEvent, NetworkSecret, P2pConfig,
    address::{ip_of, is_relayed, node_at_end, node_of, peer_of},
    counters::Counted,
    gate::{Gate, Table},
};

mod alerts;
mod answer;
mod ask;
mod batch;
mod coming;
mod command;
mod company;
mod conduct;
mod direct;
mod discovery;
mod exchange;
mod files;
mod goodbye;
mod holders;
mod join;
mod listen;
mod reach;
mod reconnect;
mod sealed;
mod sync;
mod vouch;

pub(super) use direct::Link;

/// How often it is looked whom to dial, and who is on this host.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How much is handled before the runtime looks at the other sockets of this process.
///
/// Under a flood something is always ready, and a task that never waits keeps its thread; where
/// that thread is the one that watches the sockets, an operator's call waits as long.
const HANDLED_IN_A_TURN: u32 = 16;

/// How long the peers are given to hear that this node leaves.
const GOODBYE: Duration = Duration::from_millis(500);

/// Strangers that a closed network remembers to have told of.
const STRANGERS_MAX: usize = 1024;

/// Everything the service knows.
pub(super) struct Node {
    swarm: Swarm<Members<Behaviour>>,
    names: Names,
    id: NodeId,
    clock: Clock,
    gate: Gate,
    peers: Peers,
    dialer: Dialer,
    bootstrap: Vec<discovery::Entry>,
    company: company::Company,
    runtime_dir: Option<RuntimeDir>,
    listening: Vec<Address>,
    handovers: VecDeque<Handover>,
    questions: Questions,
    files: Files,
    holdings: Holdings,
    kept_holders: Kept,
    joins: Joins,
    enters: Option<NetworkSecret>, // a closed network, with all connections made anew
    strangers: Table<NodeId, Timestamp>, // when each was told of
    vouching: vouch::Vouching,
    locks: sealed::Locks,
    syncs: Syncs,
    relays: Relays,
    outbox: Outbox,
    has_other_neighbours: bool, // than its peers were told
    walk_at: Timestamp,
    reconnects_until: Timestamp,
    events_tx: mpsc::Sender<NetEvent>,
    counters: Arc<Counters>,
}

impl Node {
    /// Builds the swarm and listens; must be called in the runtime that will drive it.
    pub(super) fn new(
        config: &P2pConfig,
        identity: &Identity,
        clock: Clock,
        outlets: (
            mpsc::Sender<NetEvent>,
            mpsc::Sender<FileEvent>,
            Arc<Counters>,
        ),
    ) -> Result<Self, NetError> {
        let wall = Wall::new(clock.clone(), behaviour::inbound_max(config) as usize);
        let mut swarm =
            behaviour::swarm(config, identity.keypair(), wall).map_err(NetError::Start)?;
        for address in &config.listen {
            listen::listen(&mut swarm, address)?;
        }
        let configured = config.peers.iter().map(|it| it.peer()).collect();
        let looks_around = config.mdns || config.runtime_dir.is_some();
        let (events_tx, file_events_tx, counters) = outlets;
        let id = identity.node_id();
        let mut node = Self {
            swarm,
            names: Names::of(config.secret.as_ref()),
            id,
            clock,
            gate: Gate::new(config.limits),
            peers: Peers::new(configured, looks_around),
            dialer: Dialer::new(id),
            bootstrap: Vec::new(),
            company: company::Company::new(config, identity.keypair()),
            runtime_dir: config.runtime_dir.as_deref().and_then(|it| join(it, id)),
            listening: Vec::new(),
            handovers: VecDeque::new(),
            questions: Questions::new(identity.clone()),
            files: Files::new(file_events_tx),
            holdings: Holdings::default(),
            kept_holders: Kept::default(),
            joins: Joins::new(),
            enters: None,
            strangers: Table::new(STRANGERS_MAX),
            vouching: vouch::Vouching::default(),
            locks: sealed::Locks::new(identity.clone()),
            syncs: Syncs::start().map_err(NetError::Start)?,
            relays: Relays::default(),
            outbox: Outbox::new(),
            has_other_neighbours: false,
            walk_at: Timestamp::EPOCH,
            reconnects_until: Timestamp::EPOCH,
            events_tx,
            counters,
        };
        node.gate.set_class(id, PeerClass::Configured);
        node.learn_from(config);
        Ok(node)
    }

    /// Runs until it is told to stop, or nobody is left who could tell; or to begin anew in the
    /// closed network that is returned.
    pub(super) async fn run(
        mut self,
        commands_rx: &mut mpsc::Receiver<NetCommand>,
    ) -> Option<NetworkSecret> {
        let mut beat = time::interval(HEARTBEAT);
        let mut look = time::interval(LOOK_EVERY);
        for timer in [&mut beat, &mut look] {
            timer.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        }
        let mut handled: u32 = 0;
        loop {
            let (due, outbox_due) = (self.question_due(), self.outbox_due());
            tokio::select! {
                command = commands_rx.recv() => match command {
                    None | Some(NetCommand::Shutdown) => break,
                    Some(command) => self.handle_command(command),
                },
                event = self.swarm.select_next_some() => self.handle_swarm_event(event),
                // This also wakes the gossip layer, whose own timer may sleep through its beat.
                _ = beat.tick() => self.handle_beat(),
                _ = look.tick() => self.handle_look(),
                () = std::future::ready(()), if self.has_handovers() => self.take_handover(),
                () = std::future::ready(()), if !self.questions.checking.is_empty() => {
                    self.check_answer();
                }
                Some(read) = self.syncs.read_rx.recv() => self.handle_sync_read(read),
                () = due => self.end_due_questions(),
                () = outbox_due => self.send_what_waits(),
                () = relay::quiet(), if !self.relays.is_empty() => self.pass_on_some(),
            }
            self.pass_on_overdue();
            if self.enters.is_some() {
                break;
            }
            handled += 1;
            if handled == HANDLED_IN_A_TURN {
                handled = 0;
                tokio::task::yield_now().await;
            }
        }
        self.leave().await;
        if self.enters.is_some() {
            self.part_from_all();
        }
        self.enters
    }

    fn handle_swarm_event(&mut self, event: SwarmEvent<members::Event<BehaviourEvent>>) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the enum is libp2p's and open; what is not named here needs nothing done"
        )]
        match event {
            SwarmEvent::Behaviour(members::Event::Inner(event)) => {
                self.handle_behaviour_event(event);
            }
            SwarmEvent::Behaviour(members::Event::Stranger(peer, why)) => {
                self.handle_stranger(&peer, why);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.handle_listening(&address),
            SwarmEvent::ExpiredListenAddr { address, .. } => self.handle_not_listening(&address),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => match node_of(&peer_id) {
                Some(peer) if self.peers.connected.contains_key(&peer) => {
                    self.handle_connected_again(peer, connection_id, &endpoint);
                }
                Some(peer) => self.handle_connected(peer, connection_id, &endpoint),
                // Whoever has no Ed25519 key is no node of ours.
                None => drop(self.swarm.disconnect_peer_id(peer_id)),
            },
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                ..
            } => {
                if let Some(peer) = node_of(&peer_id) {
                    self.handle_disconnected(peer, connection_id);
                }
            }
            SwarmEvent::ExternalAddrConfirmed { address } => self.handle_external(address),
            SwarmEvent::ExternalAddrExpired { address } => self.handle_not_external(&address),
            SwarmEvent::ListenerClosed { listener_id, .. } => self.end_reservation(listener_id),
            SwarmEvent::OutgoingConnectionError { error, peer_id, .. } => {
                tracing::debug!(peer = ?peer_id, %error, "Cannot connect");
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(%error, "Listener failed");
            }
            _ => {}
        }
    }

    fn handle_behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossip(event) => self.handle_gossip_event(event),
            BehaviourEvent::Reach(event) => self.handle_reach_event(event),
            BehaviourEvent::Exchange(event) => self.handle_exchange_event(event),
            BehaviourEvent::Direct(event) => self.handle_direct_event(event),
            BehaviourEvent::Ask(event) => self.handle_inquire_event(About::Indicators, event),
            BehaviourEvent::Recommend(event) => self.handle_inquire_event(About::Node, event),
            BehaviourEvent::Files(event) => self.handle_file_event(event),
            BehaviourEvent::Vouch(event) => self.handle_vouch_event(event),
            BehaviourEvent::Join(event) => self.handle_join_event(event),
            BehaviourEvent::Goodbye(event) => self.handle_goodbye_event(event),
            BehaviourEvent::Sync(event) => self.handle_sync_event(event),
            BehaviourEvent::Push(event) => self.handle_push_event(event),
            BehaviourEvent::Mdns(event) => self.handle_mdns_event(event),
            BehaviourEvent::Kad(event) => self.handle_kad_event(event),
            BehaviourEvent::Identify(event) => self.handle_identify_event(event),
            BehaviourEvent::Ping(event) => self.handle_ping(event),
            BehaviourEvent::Limits(never)
            | BehaviourEvent::Memory(never)
            | BehaviourEvent::Blocked(never)
            | BehaviourEvent::Wall(never) => match never {},
        }
    }

    fn handle_listening(&mut self, address: &Multiaddr) {
        if is_relayed(address) {
            return; // see `handle_external`
        }
        if let Some(ip) = ip_of(address) {
            self.peers.add_own_ip(ip);
        }
        let address = Address::of(address);
        if !self.listening.contains(&address) {
            self.listening.push(address.clone());
        }
        self.announce();
        self.emit(NetEvent::Listening { address });
    }

    fn handle_not_listening(&mut self, address: &Multiaddr) {
        let address = Address::of(address);
        self.listening.retain(|it| *it != address);
        self.announce();
    }

    fn handle_beat(&mut self) {
        self.counters.count(Counted::Heartbeat);
        self.end_bans();
        self.watch_conduct();
        self.tend_links();
        self.part_from_strangers();
        self.tend_company();
        // A clock that was put back would have their own timer sleep for too long.
        self.end_due_questions();
        self.syncs.end_due(self.now());
        let now = self.now();
        self.files.expire(now);
        self.joins.expire(now);
        self.walk();
        self.seek_members();
        self.tend_holdings();
    }

    fn handle_look(&mut self) {
        self.part_from_returned();
        self.tend_ways();
        self.look_into_runtime_dir();
        self.dial_due();
    }

    /// Connects to whoever is due, by all addresses at once: the first that answers wins.
    fn dial_due(&mut self) {
        let now = self.now();
        let connected = &self.peers.connected;
        let bans = &self.swarm.behaviour().wall.bans;
        let is_settled = |peer: &NodeId| connected.contains_key(peer) || bans.is_banned(now, peer);
        for (peer, addresses) in self.dialer.due(now, is_settled) {
            let addresses = addresses.iter().map(Address::to_multiaddr).collect();
            let dial = DialOpts::peer_id(peer_of(peer))
                .addresses(addresses)
                .build();
            if let Err(error) = self.swarm.dial(dial) {
                tracing::debug!(%peer, %error, "Cannot dial");
            }
        }
        self.dial_bootstrap(now);
    }

    async fn leave(&mut self) {
        if let Some(runtime_dir) = self.runtime_dir.take() {
            runtime_dir.leave();
        }
        self.send_what_waits();
        self.pass_on_the_rest().await;
        self.say_goodbye().await;
        let peers: Vec<NodeId> = self.peers.connected.keys().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer_of(peer));
        }
        let silence = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        };
        if time::timeout(GOODBYE, silence).await.is_err() {
            tracing::debug!("Not every peer took leave in time");
        }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn show_peers(&self) {
        let peers = self.peers.connected.values();
        self.counters
            .show_peers(peers.filter(|it| it.is_subscribed).count());
    }

    /// Reports something other than an alert; a part of the queue is kept free for it.
    fn emit(&self, event: NetEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events_tx.try_send(event) {
            self.counters.count(Counted::EventDropped);
            let (kind, peer) = (event.as_str(), event.peer().map(tracing::field::display));
            tracing::warn!(event = kind, peer, "Nobody takes events, so one is lost");
        }
    }

    /// Returns whether the queue has room for an alert.
    fn has_room(&self) -> bool {
        self.events_tx.capacity() > EVENTS_RESERVED
    }
}

/// Takes this node's place among those of the host; without it the others are found some other way.
fn join(runtime_dir: &std::path::Path, id: NodeId) -> Option<RuntimeDir> {
    let joined = RuntimeDir::join(runtime_dir, id);
    let warn = |error: &io::Error| {
        tracing::warn!(path = %runtime_dir.display(), %error, "Cannot use the runtime directory");
    };
    joined.inspect_err(warn).ok()
}

/// Returns an address without the peer ID at its end.
fn bare(address: &Multiaddr) -> Address {
    let mut address = address.clone();
    if node_at_end(&address).is_some() {
        address.pop();
    }
    Address::of(&address)
}

#[cfg(test)]
mod support;
#[cfg(test)]
mod tests;
