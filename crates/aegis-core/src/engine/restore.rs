//! Coming back after a restart.

use std::sync::Arc;

use crate::{
    Alert, AllowEntry, Change, Decision, KeptReport, KeptTrust, KnownPeer, NodeId, Origin,
    PeerClass, Timestamp, Unblock,
    blocklist::Standing,
    engine::{Engine, OrganisationRestore, PEERS_MAX, Peer},
    ledger::{Entry, Outcome},
    trust::model::{Introduction, ModelKind},
};

/// What a store kept, alerts verified again.
#[derive(Clone, Debug, Default)]
pub struct Restore {
    /// Live alerts and when they came in.
    pub alerts: Vec<(Arc<Alert>, Timestamp)>,
    /// Decisions.
    pub decisions: Vec<Decision>,
    /// What sources on this host reported.
    pub reports: Vec<KeptReport>,
    /// The allowlist.
    pub allowlist: Vec<AllowEntry>,
    /// Unblocks that held.
    pub unblocks: Vec<Unblock>,
    /// Peers.
    pub peers: Vec<KnownPeer>,
    /// What was kept of peers' trust.
    pub trust: Vec<KeptTrust>,
    /// What models kept of all peers together.
    pub shared_trust: Vec<(ModelKind, Arc<[u8]>)>,
    /// How far peers are trusted in advance by the operator's word.
    pub pretrust: Vec<(NodeId, Introduction)>,
    /// What was known of organisations.
    pub organisations: OrganisationRestore,
}

impl Engine {
    /// Becomes what it was: everything in `restore` that still holds at `now`.
    ///
    /// Nothing is recorded, shared or told again; the shell makes the kernel agree with
    /// `ruleset` afterwards.
    pub fn restore(&mut self, now: Timestamp, restore: Restore) {
        for entry in restore.allowlist {
            if entry.expires_at.is_none_or(|it| now < it) {
                self.allowlist_due
                    .extend(entry.expires_at.map(|it| (it, entry.indicator)));
                self.guards.allow(entry);
            }
        }
        self.sync_exemptions();
        for unblock in restore
            .unblocks
            .into_iter()
            .filter(|it| now < it.expires_at)
        {
            self.unblocks_due
                .insert((unblock.expires_at, unblock.indicator));
            self.unblocks.insert(unblock.indicator, unblock);
        }
        for decision in restore.decisions.into_iter().filter(|it| it.is_active(now)) {
            self.restore_decision(decision);
        }
        for report in restore.reports {
            let mut decisions = self.blocklist.decisions(&report.indicator).iter();
            if decisions.any(|it| it.origin == Origin::Detector) {
                self.reports.keep(report);
            }
        }
        for known in restore.peers.into_iter().take(PEERS_MAX) {
            let mut peer = Peer::new(known.peer, known.class, known.first_seen_at);
            // A LAN is where the node is now; who was met there before must be met again.
            peer.class = match known.class {
                PeerClass::Configured => PeerClass::Configured,
                PeerClass::Lan | PeerClass::Dht => PeerClass::Dht,
            };
            peer.address = known.address;
            peer.last_seen_at = known.last_seen_at;
            self.peers.insert(known.peer, peer);
        }
        self.restore_organisations(now, restore.organisations);
        self.restore_trust(now, restore.trust, restore.pretrust, restore.shared_trust);
        for (alert, received_at) in restore.alerts {
            if now < alert.statement().expires_at() {
                let outcome = self.restored_outcome(&alert);
                self.restore_voice(&alert, received_at);
                self.ledger.insert(
                    Entry {
                        alert,
                        received_at,
                        outcome,
                    },
                    self.node,
                );
            }
        }
        self.restore_known(now);
    }

    fn restore_decision(&mut self, decision: Decision) {
        let indicator = decision.indicator;
        let is_new = self.blocklist.decisions(&indicator).is_empty();
        let is_allowed = self.guards.untouchable(&indicator).is_ok();
        if !is_allowed || (is_new && self.blocklist.len() >= self.blocks_max) {
            return;
        }
        self.budgets.add_active(decision.author);
        if let Some(gave_way) = self.blocklist.insert(decision) {
            self.budgets.remove_active(gave_way.author);
        }
        if let Standing::Blocked(expires_at) = self.blocklist.standing(&indicator) {
            self.ruleset.apply(Change::Block {
                indicator,
                expires_at,
            });
        }
    }

    fn restored_outcome(&self, alert: &Alert) -> Outcome {
        let (id, statement) = (alert.id(), alert.statement());
        let decisions = self.blocklist.decisions(&statement.indicator);
        if statement.withdraws.is_some() {
            Outcome::Withdraws
        } else if alert.author() == self.node {
            Outcome::Shared
        } else if decisions.iter().any(|it| it.alert == Some(id)) {
            Outcome::Blocks
        } else {
            Outcome::Kept
        }
    }
}
