//! Finding peers: configuration, local network, this host, and the global network.

use std::{collections::BTreeMap, time::Duration};

use aegis_core::{NodeId, Timestamp};
use libp2p::{
    Multiaddr, PeerId, identify,
    kad::{self, QueryResult, RecordKey, store::RecordStore as _},
    mdns,
    swarm::dial_opts::DialOpts,
};

use super::{Node, bare, holders, node_of, peer_of, vouch};
use crate::{
    Address, NetEvent, P2pConfig, Via, address::reach_of, service::behaviour::PROTOCOL_VERSION,
};

/// How often the global network is asked for more peers while there are few.
const WALK_EVERY: Duration = Duration::from_secs(60);

/// How soon the global network is asked after a new peer came.
const WALK_SOON: Duration = Duration::from_secs(2);

/// How long after a failed try an entry is tried again, and how much longer after each further one.
const ENTRY_RETRY: Duration = Duration::from_secs(2);

/// How long to wait at most.
const ENTRY_RETRY_MAX: Duration = Duration::from_secs(120);

/// The key of the DHT under which our nodes announce themselves.
const NAMESPACE: &str = "aegis-threat-intel";

/// Addresses that identify may add to the DHT for one peer.
const IDENTIFIED_MAX: usize = 8;

/// An entry to the global network whose peer ID is not known.
#[derive(Debug)]
pub(super) struct Entry {
    address: Multiaddr,
    attempts: u32,
    next_at: Timestamp,
}

impl Node {
    /// Takes in whom the configuration names.
    pub(super) fn learn_from(&mut self, config: &P2pConfig) {
        let now = self.now();
        for at in &config.peers {
            // There is always a place for whom the operator named.
            let limits = &mut self.swarm.behaviour_mut().limits;
            limits.bypass_peer_id(&peer_of(at.peer()));
            self.learn(now, at.peer(), at.address().clone(), Via::Configured);
        }
        for at in &config.known_peers {
            self.learn(now, at.peer(), at.address().clone(), Via::Known);
        }
        for address in &config.bootstrap {
            let target = address.to_multiaddr();
            match address.node_id() {
                // A name may stand for many nodes, so that its peer ID picks one of them.
                Some(peer) if address.ip().is_some() => {
                    self.learn(now, peer, bare(&target), Via::Bootstrap);
                }
                Some(_) | None => self.bootstrap.push(Entry {
                    address: target,
                    attempts: 0,
                    next_at: now,
                }),
            }
        }
    }

    /// Takes in where a peer may be reached, and reports it if it is new; returns whether it is.
    pub(super) fn learn(
        &mut self,
        now: Timestamp,
        peer: NodeId,
        address: Address,
        via: Via,
    ) -> bool {
        let is_new = self.dialer.learn(now, peer, address, via);
        if is_new {
            tracing::debug!(%peer, via = via.as_str(), "Discovered a peer");
            self.emit(NetEvent::PeerDiscovered { peer, via });
        }
        is_new
    }

    /// Dials the entries to the global network while there are few peers.
    pub(super) fn dial_bootstrap(&mut self, now: Timestamp) {
        if self.has_enough() {
            return;
        }
        let enough = !self.peers.connected.is_empty();
        for entry in &mut self.bootstrap {
            if entry.next_at > now {
                continue;
            }
            let wait = ENTRY_RETRY.saturating_mul(1 << entry.attempts.min(6));
            entry.attempts = entry.attempts.saturating_add(1);
            entry.next_at = now + wait.min(ENTRY_RETRY_MAX);
            // With peers around, the names are only asked again now and then.
            if enough && entry.attempts > 1 {
                entry.next_at = now + ENTRY_RETRY_MAX;
            }
            let dial = DialOpts::unknown_peer_id().address(entry.address.clone());
            if let Err(error) = self.swarm.dial(dial.build()) {
                tracing::debug!(address = %entry.address, %error, "Cannot dial");
            }
        }
    }

    pub(super) fn handle_mdns_event(&mut self, event: mdns::Event) {
        match event {
            mdns::Event::Discovered(found) => {
                let mut nodes: BTreeMap<NodeId, Vec<Address>> = BTreeMap::new();
                for (peer, address) in found {
                    if let Some(node) = node_of(&peer) {
                        nodes.entry(node).or_default().push(bare(&address));
                    }
                }
                self.find_locally(nodes, Via::Mdns);
                self.dial_due();
            }
            mdns::Event::Expired(gone) => {
                let now = self.now();
                for (peer, _) in gone {
                    if let Some(node) = node_of(&peer) {
                        self.dialer.forget(now, &node, Via::Mdns);
                    }
                }
            }
        }
    }

    /// Looks who else is on this host.
    pub(super) fn look_into_runtime_dir(&mut self) {
        let Some(runtime_dir) = &mut self.runtime_dir else {
            return;
        };
        match runtime_dir.scan() {
            Ok(nodes) => self.find_locally(nodes, Via::RuntimeDir),
            Err(error) => tracing::debug!(%error, "Cannot look into the runtime directory"),
        }
    }

    /// Tells the other nodes of this host where this one listens.
    pub(super) fn announce(&mut self) {
        let addresses = self.listening.clone();
        if let Some(runtime_dir) = &mut self.runtime_dir
            && let Err(error) = runtime_dir.announce(addresses)
        {
            tracing::warn!(%error, "Cannot write into the runtime directory");
        }
    }

    fn find_locally(&mut self, nodes: BTreeMap<NodeId, Vec<Address>>, via: Via) {
        let now = self.now();
        for (node, addresses) in nodes {
            let peers = &self.peers;
            let is_local = |it: &Address| it.ip().is_some_and(|ip| peers.may_be_local(ip));
            let addresses: Vec<Address> = addresses.into_iter().filter(is_local).collect();
            if node == self.id || addresses.is_empty() {
                continue;
            }
            self.peers.found_locally(node);
            for address in addresses {
                self.learn(now, node, address, via);
            }
            self.reclassify(node);
        }
    }

    pub(super) fn handle_identify_event(&mut self, event: identify::Event) {
        let identify::Event::Received {
            connection_id,
            peer_id,
            info,
        } = event
        else {
            return;
        };
        let Some(peer) = node_of(&peer_id) else {
            return;
        };
        if info.protocol_version != PROTOCOL_VERSION {
            return self.part_from(peer);
        }
        self.note_identified(peer, connection_id, &info);
        if !info.protocols.contains(&self.names.kad()) {
            return;
        }
        // A node of a private network is no use to one that reaches it over the public one.
        let least = self.scope_of(&peer);
        let is_useful = |it: &Multiaddr| reach_of(&bare_of(it)).is_some_and(|scope| scope >= least);
        let addresses = info.listen_addrs.into_iter().filter(is_useful);
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else {
            return;
        };
        for address in addresses.take(IDENTIFIED_MAX) {
            kad.add_address(&peer_id, address);
        }
        // Whom the new peer knows is worth asking soon.
        self.walk_at = self.walk_at.min(self.now() + WALK_SOON);
    }

    pub(super) fn handle_kad_event(&mut self, event: kad::Event) {
        match event {
            kad::Event::InboundRequest {
                request: kad::InboundRequest::AddProvider { record },
            } => {
                // Our own key and those of organisations and files are kept; records never are.
                let Some(record) = record else { return };
                if vouch::is_organisations(&record.key) {
                    return self.keep_member(record);
                }
                if holders::is_files(&record.key) {
                    return self.keep_holder(record);
                }
                if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut()
                    && record.key == namespace()
                {
                    let _ = kad.store_mut().add_provider(record);
                }
            }
            kad::Event::OutboundQueryProgressed { result, .. } => self.handle_query(result),
            kad::Event::InboundRequest { .. }
            | kad::Event::RoutingUpdated { .. }
            | kad::Event::UnroutablePeer { .. }
            | kad::Event::RoutablePeer { .. }
            | kad::Event::PendingRoutablePeer { .. }
            | kad::Event::ModeChanged { .. } => {}
        }
    }

    fn handle_query(&mut self, result: QueryResult) {
        if let QueryResult::GetProviders(result) = &result {
            if let Some(holders) = holders::found(result) {
                return self.handle_holders_found(holders);
            }
            let members: Vec<PeerId> = vouch::found(result).collect();
            return self.handle_members_found(members);
        }
        if let QueryResult::GetClosestPeers(Ok(found)) = result {
            let now = self.now();
            for info in found.peers {
                let Some(peer) = node_of(&info.peer_id) else {
                    continue;
                };
                for address in info.addrs.iter().take(IDENTIFIED_MAX) {
                    self.learn(now, peer, bare(address), Via::Dht);
                }
            }
        }
    }

    /// Asks the global network for peers near a random place while there are few, and says that
    /// this node is one.
    pub(super) fn walk(&mut self) {
        let now = self.now();
        if now < self.walk_at || self.has_enough() || self.peers.connected.is_empty() {
            return;
        }
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else {
            return;
        };
        if kad.kbuckets().next().is_some() {
            self.walk_at = now + WALK_EVERY;
            kad.get_closest_peers(PeerId::random());
            let _ = kad.start_providing(namespace());
        }
    }
}

/// The one key of the DHT under which our nodes announce themselves.
fn namespace() -> RecordKey {
    RecordKey::new(&NAMESPACE)
}

/// Returns an address without the peer ID at its end.
fn bare_of(address: &Multiaddr) -> Multiaddr {
    bare(address).to_multiaddr()
}
