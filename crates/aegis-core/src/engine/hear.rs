//! Hearing an alert of another node: remember it, weigh it, and perhaps block.

use std::sync::Arc;

use crate::{
    Action, Actor, Alert, AlertId, Channel, Confidence, Decision, Evidence, Freshness, Indicator,
    NodeId, Origin, PeerClass, Policy, Record, Refusal, Severity, Timestamp,
    engine::{Cause, Engine, Notice},
    guard::Guards,
    ledger::{ALERTS_PER_AUTHOR_MAX, Entry, Outcome},
};

impl Engine {
    pub(super) fn handle_alert(
        &mut self,
        now: Timestamp,
        alert: Arc<Alert>,
        forwarder: NodeId,
        channel: Channel,
    ) {
        self.counters.received += 1;
        let (id, author) = (alert.id(), alert.author());
        let is_old = self.ledger.contains(&id) || self.ledger.is_withdrawn(&id, author);
        let is_alive = now < alert.statement().expires_at();
        let is_fresh = Freshness::of(alert.statement(), now, channel) == Freshness::Fresh;
        if is_old || !is_fresh || !is_alive || author == self.node {
            return;
        }
        if self.ledger.count_of(&author) >= ALERTS_PER_AUTHOR_MAX {
            return self.count_refusal(&Refusal::TooFast);
        }
        self.notify(Notice::AlertReceived {
            alert: alert.clone(),
            forwarder,
        });
        if let Some(withdrawn) = alert.statement().withdraws {
            self.remember(now, alert.clone(), Outcome::Withdraws);
            self.withdraw(now, author, withdrawn);
            return;
        }
        let verdict = self.judge(now, &alert);
        let outcome = verdict
            .as_ref()
            .map_or_else(|it| Outcome::Refused(*it), |_| Outcome::Blocks);
        self.remember(now, alert.clone(), outcome);
        let blocked = verdict.and_then(|it| self.block(now, Actor::Peer(author), it));
        if let Err(refusal) = blocked {
            self.ledger.set_outcome(&id, Outcome::Refused(refusal));
            self.count_refusal(&refusal);
            let indicator = alert.statement().indicator;
            self.notify(Notice::Refused {
                indicator,
                author,
                refusal,
            });
        } else {
            self.counters.accepted += 1;
        }
        if let Some(peer) = self.peers.get_mut(&author) {
            match blocked {
                Ok(()) => peer.alerts_accepted += 1,
                Err(_) => peer.alerts_refused += 1,
            }
        }
    }

    /// Puts a peer's alert through every guard; returns the decision it leads to.
    fn judge(&mut self, now: Timestamp, alert: &Alert) -> Result<Decision, Refusal> {
        let (author, statement) = (alert.author(), alert.statement());
        let (indicator, class) = (statement.indicator, self.class_of(&alert.author()));
        self.guards.untouchable(&indicator)?;
        self.guards.configured_peer(&indicator)?;
        peer_width(&self.guards, &indicator, class)?;
        self.budgets.spend(now, author, class)?;
        self.threshold(alert, class)?;
        if statement.evidence == Evidence::Spoofable {
            self.guards.not_established(now, &indicator)?;
        }
        if self
            .unblocks
            .covering(&indicator)
            .any(|(_, it)| now < it.expires_at)
        {
            return Err(Refusal::Unblocked);
        }
        let ttl_end = now + Policy::peer_ttl_max(statement.evidence);
        Ok(Decision {
            indicator,
            origin: Origin::Peers,
            author,
            alert: Some(alert.id()),
            threat_type: statement.threat_type.clone(),
            severity: statement.severity,
            evidence: statement.evidence,
            decided_at: now,
            expires_at: statement.expires_at().min(ttl_end),
        })
    }

    /// Guard 5: bad enough, and believed enough.
    fn threshold(&self, alert: &Alert, class: PeerClass) -> Result<(), Refusal> {
        let severity_min: Severity = self.policy.severity_min;
        if alert.statement().severity < severity_min {
            return Err(Refusal::BelowSeverity { severity_min });
        }
        let weight: Confidence = self.trust.weigh(&alert.author(), class, alert.statement());
        let line = self.policy.confidence_min;
        if weight < line || weight == Confidence::NONE {
            return Err(Refusal::NotTrusted {
                confidence: weight.percent(),
                line: line.percent(),
            });
        }
        Ok(())
    }

    /// Keeps a live alert, on disk first.
    pub(super) fn remember(&mut self, now: Timestamp, alert: Arc<Alert>, outcome: Outcome) {
        self.persist(Record::AlertAdded {
            alert: alert.clone(),
            received_at: now,
        });
        let evicted = self.ledger.insert(
            Entry {
                alert,
                received_at: now,
                outcome,
            },
            self.node,
        );
        if let Some(evicted) = evicted {
            self.persist(Record::AlertRemoved(evicted.id()));
        }
    }

    /// Takes back what `author` said in `withdrawn`.
    pub(super) fn withdraw(&mut self, now: Timestamp, author: NodeId, withdrawn: AlertId) {
        let is_authors = self
            .ledger
            .entry(&withdrawn)
            .is_some_and(|it| it.alert.author() == author);
        if !is_authors {
            return;
        }
        if let Some(entry) = self.ledger.remove(&withdrawn) {
            let indicator = entry.alert.statement().indicator;
            self.persist(Record::AlertRemoved(withdrawn));
            let detail = format!("alert {withdrawn}");
            self.audit(
                now,
                Actor::Peer(author),
                (Action::Withdraw, indicator),
                detail,
            );
            let ended = self.blocklist.remove_alert(&indicator, withdrawn);
            self.end_decisions(now, &ended, Cause::Withdrawn);
        }
    }

    pub(super) fn count_refusal(&mut self, refusal: &Refusal) {
        *self.counters.refused.entry(refusal.code()).or_default() += 1;
    }
}

/// Guard 3 for alerts of a peer of `class`.
fn peer_width(guards: &Guards, indicator: &Indicator, class: PeerClass) -> Result<(), Refusal> {
    Guards::peer_width(indicator)?;
    match class {
        PeerClass::Dht => guards.public(indicator),
        PeerClass::Lan | PeerClass::Configured => Ok(()),
    }
}
