//! Questions that change nothing.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use crate::{
    Alert, AllowEntry, Confidence, Decision, Indicator, KeptReport, NodeId, Origin, PeerClass,
    Policy, Protection, Refusal, Ruleset, Timestamp, Unblock,
    blocklist::Standing,
    engine::{Engine, NetworkOpinion},
    ledger::Outcome,
    sync::{LiveSet, SetDigest},
    trust::model::PeerTrust,
};

/// How often what happened since the start.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Alerts of others that came in.
    pub received: u64,
    /// Alerts of others that block, or take such an alert back.
    pub accepted: u64,
    /// Refusals by code, whoever asked.
    pub refused: BTreeMap<&'static str, u64>,
    /// Own alerts shared.
    pub published: u64,
    /// Detections not shared because of this node's own rate.
    pub withheld: u64,
    /// Detections of this host.
    pub detections: u64,
    /// Questions put to the network.
    pub asked: u64,
    /// Sources of which the network thinks badly.
    pub opinions_bad: u64,
    /// What reconciling with peers came to.
    pub sync: SyncCounters,
}

/// How often what happened while reconciling with peers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SyncCounters {
    /// Sessions that this node began.
    pub begun: u64,
    /// Those of them in which nothing differed.
    pub equal: u64,
    /// Those that ended before all was compared, whoever's fault.
    pub failed: u64,
    /// Alerts that came in that way and were wanted.
    pub heard: u64,
    /// Alerts that were given to peers, asked or wanted.
    pub given: u64,
    /// Requests of peers that were answered.
    pub answered: u64,
    /// Requests of peers that were too many.
    pub refused: u64,
}

/// A peer as this node knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Who it is.
    pub peer: NodeId,
    /// How it was met.
    pub class: PeerClass,
    /// Whether it is connected now.
    pub is_connected: bool,
    /// Where it was reached last, as multiaddr text.
    pub address: String,
    /// The IP address in that, as of this run.
    pub ip: Option<IpAddr>,
    /// When it was seen first.
    pub first_seen_at: Timestamp,
    /// When it was seen last.
    pub last_seen_at: Timestamp,
    /// Its alerts that block here.
    pub alerts_accepted: u64,
    /// Its alerts that a guard refused.
    pub alerts_refused: u64,
}

impl Peer {
    pub(super) fn new(peer: NodeId, class: PeerClass, now: Timestamp) -> Self {
        Self {
            peer,
            class,
            is_connected: false,
            address: String::new(),
            ip: None,
            first_seen_at: now,
            last_seen_at: now,
            alerts_accepted: 0,
            alerts_refused: 0,
        }
    }
}

/// Whether an indicator is blocked, and by which entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Checked {
    /// The entry that covers the indicator whole and lasts longest.
    pub entry: Indicator,
    /// When that entry ends.
    pub expires_at: Timestamp,
}

/// One live alert about an indicator, with what it weighs.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyEvidence {
    /// The alert.
    pub alert: Arc<Alert>,
    /// When it came in.
    pub received_at: Timestamp,
    /// What was done about it.
    pub outcome: Outcome,
    /// What its author's word weighs here; full for this node's own.
    pub weight: Confidence,
}

/// Everything this node knows about an indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The entry that blocks it now, if any does.
    pub blocked: Option<Checked>,
    /// The decisions that hold, its own and those of wider entries.
    pub decisions: Vec<Decision>,
    /// What sources on this host reported of exactly this.
    pub reports: Vec<KeptReport>,
    /// Why it would not be blocked whoever asked, if so.
    pub untouchable: Option<Refusal>,
    /// The allowlist entry that covers it.
    pub allowed_by: Option<AllowEntry>,
    /// The operator's unblock that holds.
    pub unblocked: Option<Unblock>,
    /// The live alerts about it and about what covers it.
    pub evidence: Vec<WhyEvidence>,
    /// What everybody's words about exactly this come to.
    pub opinion: NetworkOpinion,
}

impl Engine {
    /// Returns this node's identity.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Returns the operator's choices.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns what the kernel is to hold.
    pub fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// Returns how often what happened since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns how many live alerts are known.
    pub fn alerts_live(&self) -> usize {
        self.ledger.len()
    }

    /// Returns how many alerts are alive.
    pub fn live_len(&self) -> usize {
        self.ledger.live().len()
    }

    /// Returns the digest of all live alerts: equal on nodes that hold the same.
    pub fn live_digest(&self) -> SetDigest {
        self.ledger.live().digest()
    }

    /// Returns the live alerts, this node's own and others', in order of id.
    pub fn live_alerts(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.ledger.alerts()
    }

    /// Returns the ids of the live alerts, with what peers ask of them.
    pub fn live_set(&self) -> &LiveSet {
        self.ledger.live()
    }

    /// Returns every blocked indicator with the decisions that hold it, in order of address.
    pub fn blocks(&self) -> impl Iterator<Item = (&Indicator, &[Decision])> {
        self.blocklist.iter()
    }

    /// Returns the operator's allowlist, in order of address.
    pub fn allowlist(&self) -> impl Iterator<Item = &AllowEntry> {
        self.guards.allowlist().iter().map(|(_, entry)| entry)
    }

    /// Returns what nobody can have blocked, and why.
    pub fn protected(&self) -> impl Iterator<Item = (Indicator, Protection)> {
        self.guards.protected()
    }

    /// Returns the addresses of configured peers, in order.
    pub fn configured(&self) -> impl Iterator<Item = Indicator> {
        self.guards.configured()
    }

    /// Returns the known peers, in order of their ids.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// Returns what an author's word weighs here now; full for this node's own.
    pub fn weight_of(&self, now: Timestamp, alert: &Alert) -> Confidence {
        if alert.author() == self.node {
            return Confidence::FULL;
        }
        self.trust_in(now, &alert.author()).service_trust
    }

    /// Returns what the trust model thinks of `peer`, known or not.
    pub fn trust_in(&self, now: Timestamp, peer: &NodeId) -> PeerTrust {
        self.trust.model.trust_of(now, peer)
    }

    /// Returns the blocked indicators behind `cursor`, in order of address.
    pub fn blocks_after(
        &self,
        cursor: Option<&Indicator>,
    ) -> impl Iterator<Item = (&Indicator, &[Decision])> {
        self.blocklist.after(cursor)
    }

    /// Returns whether the alert that a decision rests on is for an organisation's members alone, so
    /// that it may be told to nobody else.
    pub fn is_for_members_alone(&self, decision: &Decision) -> bool {
        let alert = decision.alert.and_then(|it| self.ledger.alert(&it));
        alert.is_some_and(|it| it.audience().is_some())
    }

    /// Returns which entry blocks the whole of `indicator`, if one does.
    ///
    /// What is exempt passes although an entry covers it.
    pub fn check(&self, indicator: &Indicator) -> Option<Checked> {
        if self.guards.untouchable(indicator).is_err() {
            return None;
        }
        let covering = self.blocklist.covering(indicator).into_iter();
        let blocked = covering.filter_map(|entry| match self.blocklist.standing(&entry) {
            Standing::Blocked(expires_at) => Some(Checked { entry, expires_at }),
            Standing::Free => None,
        });
        blocked.max_by_key(|it| it.expires_at)
    }

    /// Returns the decision that blocks exactly `indicator` for longest and, where that is this node's
    /// own finding, what a source on this host reported of it last.
    pub fn holding(&self, indicator: &Indicator) -> Option<(&Decision, Option<&KeptReport>)> {
        let decisions = self.blocklist.decisions(indicator).iter();
        let decision = decisions.max_by_key(|it| (it.expires_at, it.origin))?;
        let reports = self.reports.of(indicator).iter();
        let report = reports.max_by_key(|it| it.reported_at);
        Some((
            decision,
            report.filter(|_| decision.origin == Origin::Detector),
        ))
    }

    /// Returns what the operator unblocked and holds against other nodes' alerts.
    pub fn unblocked(&self) -> impl Iterator<Item = &Unblock> {
        self.unblocks.iter().map(|(_, it)| it)
    }

    /// Returns everything known about `indicator`, blocked or not.
    pub fn why(&self, now: Timestamp, indicator: &Indicator) -> Why {
        let covering = self.blocklist.covering(indicator);
        let decisions = covering
            .iter()
            .flat_map(|it| self.blocklist.decisions(it))
            .cloned();
        let evidence = self.ledger.about(indicator).map(|entry| WhyEvidence {
            alert: entry.alert.clone(),
            received_at: entry.received_at,
            outcome: entry.outcome,
            weight: self.weight_of(now, &entry.alert),
        });
        let untouchable = self
            .guards
            .untouchable(indicator)
            .and_then(|()| self.guards.configured_peer(indicator));
        let allowed_by = self.guards.allowlist().covering(indicator).next();
        Why {
            blocked: self.check(indicator),
            decisions: decisions.collect(),
            reports: self.reports.of(indicator).to_vec(),
            untouchable: untouchable.err(),
            allowed_by: allowed_by.map(|(_, entry)| entry.clone()),
            unblocked: self.unblocks.covering(indicator).next().map(|(_, it)| *it),
            evidence: evidence.collect(),
            opinion: self.network_opinion(now, *indicator),
        }
    }
}
