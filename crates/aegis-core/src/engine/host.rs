//! What the Engine knows of its surroundings: the host it protects and the peers it meets.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use crate::{
    Alert, Change, Exemption, HostFacts, Indicator, KnownPeer, NodeId, PeerClass, Record, Refusal,
    Timestamp,
    engine::{Cause, Engine, Output, PEERS_MAX, Peer, PeerAddress},
};

/// Own live alerts handed to a peer just met: those that hold longest, within a LAN peer's burst.
const PUSHED_ALERTS_MAX: usize = 500;

/// How long a peer of the local network that has left is still not blocked on another's word: it starts
/// again, or its link is down.
pub(super) const LOCAL_PEER_FOR: Duration = Duration::from_secs(3600);

impl Engine {
    pub(super) fn handle_host_facts(&mut self, now: Timestamp, facts: &HostFacts) {
        self.guards.set_host_facts(facts);
        self.sync_exemptions();
        self.end_untouchable(now);
    }

    /// Takes over what the names on the allowlist stand for, and ends blocks of exactly that.
    pub(super) fn handle_named(&mut self, now: Timestamp, addresses: &BTreeSet<IpAddr>) {
        self.guards.set_named(addresses);
        self.sync_exemptions();
        let named: Vec<Indicator> = self.guards.named().collect();
        for indicator in named {
            let ended = self.blocklist.remove_all(&indicator);
            if !ended.is_empty() {
                self.end_decisions(now, &ended, Cause::Exempted);
            }
        }
    }

    /// Ends every block of something that is protected now.
    pub(super) fn end_untouchable(&mut self, now: Timestamp) {
        let protected: Vec<Indicator> = self.guards.protected().map(|(it, _)| it).collect();
        for indicator in protected {
            let mut blocked = self.blocklist.covering(&indicator);
            blocked.extend(self.blocklist.within(&indicator));
            for it in blocked {
                let ended = self.blocklist.remove_all(&it);
                self.end_decisions(now, &ended, Cause::Exempted);
            }
        }
    }

    /// Makes the ruleset's exemptions those of the guards.
    pub(super) fn sync_exemptions(&mut self) {
        let mut desired: std::collections::BTreeMap<Indicator, Exemption> = self
            .guards
            .allowlist()
            .iter()
            .map(|(indicator, _)| (*indicator, Exemption::Allowlisted))
            .collect();
        let named = self.guards.named();
        desired.extend(named.map(|it| (it, Exemption::Allowlisted)));
        let protected = self.guards.protected();
        desired.extend(protected.map(|(it, _)| (it, Exemption::Protected)));
        let gone: Vec<Indicator> = self
            .ruleset
            .exemptions()
            .keys()
            .filter(|it| !desired.contains_key(it))
            .copied()
            .collect();
        for (indicator, exemption) in desired {
            self.enforce(Change::Exempt {
                indicator,
                exemption,
            });
        }
        for indicator in gone {
            self.enforce(Change::Unexempt(indicator));
        }
    }

    /// Has nobody's word but the operator's and this node's detectors' block the address of a peer:
    /// it counts as one that the configuration names.
    pub fn add_configured_address(&mut self, address: IpAddr) {
        self.guards.add_configured(address);
    }

    pub(super) fn handle_peer_connected(
        &mut self,
        now: Timestamp,
        id: NodeId,
        class: PeerClass,
        address: PeerAddress,
    ) {
        let (address, ip) = address;
        if let (PeerClass::Configured, Some(ip)) = (class, ip) {
            self.guards.add_configured(ip);
        }
        let known_as = self.class_of(&id);
        let is_new = !self.peers.contains_key(&id);
        if is_new && self.peers.len() >= PEERS_MAX {
            self.forget_peer(now);
        }
        let peer = self
            .peers
            .entry(id)
            .or_insert_with(|| Peer::new(id, class, now));
        let was_connected = std::mem::replace(&mut peer.is_connected, true);
        peer.class = class.max(match peer.class {
            PeerClass::Configured => PeerClass::Configured,
            PeerClass::Lan | PeerClass::Dht => class,
        });
        peer.address = address;
        peer.ip = ip.or(peer.ip);
        peer.last_seen_at = now;
        let met_at = peer.ip.filter(|_| peer.class == PeerClass::Lan);
        let record = Record::PeerSeen(known(peer));
        if let Some(ip) = met_at {
            let peers = self.peers.values();
            let local = peers.filter(|it| it.class == PeerClass::Lan);
            self.guards.add_local(ip, local.filter_map(|it| it.ip));
        }
        self.persist(record);
        self.introduce(now, id);
        if self.class_of(&id) > known_as {
            self.hear_again(now, &id);
        }
        self.schedule_challenge(now);
        if !was_connected {
            self.show_what_is_known(now, id);
            let is_cold = self.ledger.live().is_empty();
            self.sync.handle_connected(now, id, is_cold);
            self.push_own_alerts(now, id);
            if is_new {
                self.ask_about(now, id);
            }
        }
    }

    pub(super) fn handle_peer_left(&mut self, now: Timestamp, id: NodeId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        self.sync.handle_left(&id);
        peer.is_connected = false;
        peer.last_seen_at = now;
        let record = Record::PeerSeen(known(peer));
        self.persist(record);
    }

    /// Guard 1 for peers of the local network that are connected, or were a while ago: they are all
    /// believed at once, so the word of none is to part the others.
    pub(super) fn local_peer(&self, now: Timestamp, indicator: &Indicator) -> Result<(), Refusal> {
        let is_here = |it: &&Peer| {
            let is_around = it.is_connected || now.since(it.last_seen_at) < LOCAL_PEER_FOR;
            it.class == PeerClass::Lan && is_around
        };
        let is_peers = |address: &IpAddr| {
            let mut here = self.peers.values().filter(is_here);
            here.any(|it| it.ip.map(|it| it.to_canonical()) == Some(*address))
        };
        match self.guards.local_within(indicator).find(is_peers) {
            Some(address) => Err(Refusal::LocalPeer {
                address: Indicator::host(address),
            }),
            None => Ok(()),
        }
    }

    /// Returns whether a peer may be handed an alert: who is no member hears nothing that is said to
    /// members.
    pub(super) fn may_hear(&self, now: Timestamp, peer: &NodeId, alert: &Alert) -> bool {
        alert
            .audience()
            .is_none_or(|it| self.member_role(now, peer, &it).is_some())
    }

    /// Hands a peer just met what this node still says.
    pub(super) fn push_own_alerts(&mut self, now: Timestamp, peer: NodeId) {
        let own = self.ledger.of_author(&self.node).map(|it| it.alert.clone());
        let own = own.filter(|it| self.may_hear(now, &peer, it));
        let mut alerts: Vec<Arc<Alert>> = own.collect();
        alerts.sort_by_key(|it| std::cmp::Reverse(it.statement().expires_at()));
        alerts.truncate(PUSHED_ALERTS_MAX);
        if !alerts.is_empty() {
            self.push(Output::Push { peer, alerts });
        }
    }

    /// Forgets the peer that has been away longest, or a connected one where none is away. Those
    /// of whom something is verified go last: else a crowd of strangers would wash a liar.
    fn forget_peer(&mut self, now: Timestamp) {
        let oldest = self.peers.values().min_by_key(|it| {
            let trust = self.trust.model.trust_of(now, &it.peer);
            let is_proven = trust.right + trust.wrong > 0;
            (it.is_connected, is_proven, it.last_seen_at)
        });
        if let Some(id) = oldest.map(|it| it.peer) {
            self.peers.remove(&id);
            self.sync.handle_left(&id);
        }
    }
}

fn known(peer: &Peer) -> KnownPeer {
    KnownPeer {
        peer: peer.peer,
        class: peer.class,
        address: peer.address.clone(),
        first_seen_at: peer.first_seen_at,
        last_seen_at: peer.last_seen_at,
    }
}
