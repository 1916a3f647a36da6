//! Alerts for the members of an organisation: sealed on the way out, read on the way in, relayed by
//! everybody.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use aegis_core::{Alert, KeyRing, MemberRole, NodeId, OrganisationId};
use libp2p::gossipsub::{MessageAcceptance, PublishError};

use super::Node;
use crate::{
    Identity,
    counters::Counted,
    gate::{Arrival, Judgement, SealedAdmission},
    organisation::{EpochKeys, Sealed, open_keys, seal},
    wire,
};

/// Epochs of one organisation whose messages are read: the one that is, and the one before, since
/// news of a new one takes its time.
const EPOCHS_MAX: usize = 2;

/// The keys of the organisations that this node is a member of.
#[derive(Debug)]
pub(super) struct Locks {
    identity: Identity,
    held: BTreeMap<OrganisationId, VecDeque<EpochKeys>>, // the newest first
}

impl Locks {
    pub(super) const fn new(identity: Identity) -> Self {
        Self {
            identity,
            held: BTreeMap::new(),
        }
    }

    /// Returns the keys of an organisation's epoch that is now, if any are known.
    pub(super) fn newest(&self, organisation: &OrganisationId) -> Option<&EpochKeys> {
        self.held.get(organisation)?.front()
    }

    /// Returns the keys of all of an organisation's epochs that are known.
    pub(super) fn all(&self, organisation: &OrganisationId) -> impl Iterator<Item = &EpochKeys> {
        self.held.get(organisation).into_iter().flatten()
    }

    fn of_relay(&self, relay: NodeId) -> Option<&EpochKeys> {
        let mut all = self.held.values().flatten();
        all.find(|it| it.relay_id() == relay)
    }
}

impl Node {
    /// Takes the keys that a ring holds for this node, if it holds any.
    pub(super) fn unlock(&mut self, ring: &KeyRing) {
        let Some(keys) = open_keys(ring, &self.locks.identity) else {
            tracing::debug!(organisation = %ring.organisation(), "Ring holds no key for this node");
            return;
        };
        let relay = keys.relay_id();
        let held = self.locks.held.entry(ring.organisation()).or_default();
        if held.front().is_some_and(|it| it.relay_id() == relay) {
            return; // the same epoch, for more members
        }
        held.push_front(keys);
        let old = held.split_off(EPOCHS_MAX.min(held.len()));
        // All members speak by this key, so it may say much.
        self.gate.set_rank(relay, Some(MemberRole::Publisher));
        for it in old {
            self.gate.set_rank(it.relay_id(), None);
        }
    }

    /// Forgets the keys of organisations that this node is not a member of any more.
    pub(super) fn lock_up(&mut self, joined: &[OrganisationId]) {
        let left = self.locks.held.keys().filter(|it| !joined.contains(it));
        for organisation in left.copied().collect::<Vec<_>>() {
            for keys in self.locks.held.remove(&organisation).into_iter().flatten() {
                self.gate.set_rank(keys.relay_id(), None);
            }
        }
    }

    /// Sends an alert to the members of an organisation, by way of everybody.
    pub(super) fn publish_sealed(&mut self, alert: &Alert, organisation: OrganisationId) {
        let now = self.now();
        let held = self.locks.held.get(&organisation);
        let keys = held.and_then(VecDeque::front);
        let Some(message) = keys.and_then(|it| seal(alert.wire(), it, now)) else {
            self.counters.count(Counted::Unheard);
            tracing::warn!(%organisation, "No key for the organisation's members is known yet");
            return;
        };
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        match gossip.publish(self.names.topic(), message) {
            Ok(_) | Err(PublishError::Duplicate) => self.counters.count(Counted::Published),
            Err(error) => {
                self.counters.count(Counted::Unheard);
                tracing::debug!(alert = %alert.id(), %error, "Nobody to hear a sealed alert");
            }
        }
    }

    /// Decides about a sealed message, reads it where this node can, and charges whoever is to blame.
    pub(super) fn judge_sealed(&mut self, arrival: Arrival<'_>) -> MessageAcceptance {
        let now = self.now();
        let (admission, blame) = self.gate.admit_sealed(now, arrival);
        let acceptance = match admission {
            SealedAdmission::Pass(sealed) => self.read_sealed(&sealed, arrival),
            SealedAdmission::Stop(Judgement { admission, .. }) => {
                super::alerts::count(&self.counters, &admission);
                tracing::debug!(forwarder = %arrival.forwarder, ?admission, "Stopped a sealed message");
                super::alerts::stopped(&admission)
            }
        };
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        acceptance
    }

    /// Reads a message if it is for this node too. What is wrong inside is a member's fault, whom
    /// nobody else can tell: it is stopped, and nobody is blamed.
    fn read_sealed(&mut self, sealed: &Sealed<'_>, arrival: Arrival<'_>) -> MessageAcceptance {
        let Some(keys) = self.locks.of_relay(sealed.relay()) else {
            self.counters.count(Counted::Ignored);
            return MessageAcceptance::Accept; // for others, who may be behind us
        };
        let Some((organisation, bytes)) = sealed.open(keys) else {
            self.counters.count(Counted::Rejected);
            return MessageAcceptance::Ignore;
        };
        let alert = match wire::decode(&bytes) {
            Ok(alert) if alert.audience() == Some(organisation) => alert,
            Ok(_) | Err(_) => {
                self.counters.count(Counted::Rejected);
                tracing::debug!(%organisation, "A member sealed what is no alert to the organisation");
                return MessageAcceptance::Ignore;
            }
        };
        let now = self.now();
        if !self.gate.admit_inside(now, &alert) {
            self.counters.count(Counted::Ignored);
            return MessageAcceptance::Accept;
        }
        self.counters.count(Counted::Accepted);
        self.deliver(Arc::new(alert), arrival).acceptance()
    }
}
