//! Hearing an alert of another node: remember it, weigh it, and perhaps block.

use std::{sync::Arc, time::Duration};

use crate::{
    Action, Actor, Alert, Allowance, Channel, Decision, Evidence, Freshness, Indicator, MemberRole,
    NodeId, OrganisationRefusal, Origin, PeerClass, Policy, Record, Refusal, Severity, Timestamp,
    engine::{Cause, Engine, Notice},
    guard::Guards,
    ledger::{ALERTS_PER_AUTHOR_MAX, ALERTS_PER_PUBLISHER_MAX, Entry, Outcome},
    sync::DEPARTED_FOR,
};

/// How long an alert of an author who has too many here is not asked for again.
const DECLINED_FOR: Duration = Duration::from_secs(600);

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
        if self.ledger.contains(&id) || !self.is_wanted(now, &alert, channel) {
            return;
        }
        let is_among_members = [self.node, author]
            .iter()
            .all(|it| self.may_hear(now, it, &alert));
        if !is_among_members {
            return self.count_refusal(&Refusal::Organisation(OrganisationRefusal::NotMember));
        }
        let frees_a_place = self.ledger.withdrawn_by(&alert).is_some();
        if self.ledger.count_of(&author) >= self.alerts_max_of(now, &author) && !frees_a_place {
            self.ledger.decline(id, now + DECLINED_FOR);
            return self.count_refusal(&Refusal::TooFast);
        }
        if author == self.node {
            return self.recall(now, &alert);
        }
        self.notify(Notice::AlertReceived {
            alert: alert.clone(),
            forwarder,
        });
        if alert.statement().withdraws.is_some() {
            self.remember(now, alert.clone(), Outcome::Withdraws);
            self.withdraw(now, &alert);
            return;
        }
        let verdict = self.judge(now, &alert, channel);
        if let Err(refusal) = &verdict {
            self.learn_from_refusal(now, &alert, refusal);
        }
        let outcome = verdict
            .as_ref()
            .map_or_else(|it| Outcome::Refused(*it), |_| Outcome::Blocks);
        self.remember(now, alert.clone(), outcome);
        let blocked = verdict.and_then(|it| self.block(now, Actor::Peer(author), it));
        self.note_alert(now, &alert, blocked);
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

    /// Returns whether an alert may come in at all; that it may not is remembered where a peer
    /// would else offer it again and again.
    fn is_wanted(&mut self, now: Timestamp, alert: &Alert, channel: Channel) -> bool {
        let (id, expires_at) = (alert.id(), alert.statement().expires_at());
        if now >= expires_at {
            self.ledger.decline(id, now + DEPARTED_FOR);
            return false;
        }
        if self.ledger.is_withdrawn(alert) {
            self.ledger.decline(id, expires_at + DEPARTED_FOR);
            return false;
        }
        // Own words by gossip are an echo; by sync they are what this node forgot.
        let is_echo = alert.author() == self.node && channel == Channel::Gossip;
        !is_echo && Freshness::of(alert.statement(), now, channel) == Freshness::Fresh
    }

    /// Takes back what this node said itself before it lost its memory.
    fn recall(&mut self, now: Timestamp, alert: &Arc<Alert>) {
        let outcome = match alert.statement().withdraws {
            Some(_) => Outcome::Withdraws,
            None => Outcome::Shared,
        };
        self.remember(now, alert.clone(), outcome);
        self.withdraw(now, alert);
    }

    /// Puts a peer's alert through every guard; returns the decision it leads to.
    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        alert: &Alert,
        channel: Channel,
    ) -> Result<Decision, Refusal> {
        let (author, statement) = (alert.author(), alert.statement());
        let (indicator, class) = (statement.indicator, self.class_of(&alert.author()));
        self.guards.untouchable(&indicator)?;
        self.guards.configured_peer(&indicator)?;
        self.local_peer(now, &indicator)?;
        peer_width(&self.guards, &indicator, class)?;
        let allowance = self.allowance_of(now, &author);
        match channel {
            Channel::Gossip => self.budgets.spend(now, author, allowance)?,
            // What was said in an hour comes in a second, by nobody's fault.
            Channel::Sync => self.budgets.afford(author, allowance)?,
        }
        self.hear_alert(now, alert);
        if self
            .unblocks
            .covering(&indicator)
            .any(|(_, it)| now < it.expires_at)
        {
            return Err(Refusal::Unblocked);
        }
        let ttl_end = now + Policy::peer_ttl_max(statement.evidence);
        let asked = statement.expires_at().min(ttl_end);
        let expires_at = self.threshold(now, alert, (allowance, asked))?;
        let expires_at = self.quorum_until(now, alert, expires_at)?;
        if statement.evidence == Evidence::Spoofable {
            self.guards.not_established(now, &indicator)?;
        }
        Ok(Decision {
            indicator,
            origin: Origin::Peers,
            author,
            alert: Some(alert.id()),
            threat_type: statement.threat_type.clone(),
            severity: statement.severity,
            evidence: statement.evidence,
            decided_at: now,
            expires_at,
        })
    }

    /// Returns how many live alerts of an author are kept.
    fn alerts_max_of(&self, now: Timestamp, author: &NodeId) -> usize {
        match self.trusted_role(now, author) {
            Some(MemberRole::Publisher) => ALERTS_PER_PUBLISHER_MAX,
            Some(MemberRole::Member) | None => ALERTS_PER_AUTHOR_MAX,
        }
    }

    /// Guard 5: bad enough, and believed enough in the light of all that was said.
    ///
    /// Returns until when it is believed, `asked` at the latest: a word that only counts together
    /// with another's counts no longer than that one does. Who has earned no block makes none.
    fn threshold(
        &self,
        now: Timestamp,
        alert: &Alert,
        (allowance, asked): (Allowance, Timestamp),
    ) -> Result<Timestamp, Refusal> {
        let severity_min: Severity = self.policy.severity_min;
        if alert.statement().severity < severity_min {
            return Err(Refusal::BelowSeverity { severity_min });
        }
        let indicator = &alert.statement().indicator;
        let believed_until = self.believed_until(now, indicator, asked);
        match believed_until.filter(|_| allowance.active_max > 0) {
            Some(until) => Ok(until),
            None => {
                let alone = self.verdict_on(now, indicator, &alert.author());
                Err(Refusal::NotTrusted {
                    confidence: alone.probability.percent(),
                    line: self.policy.confidence_min.percent(),
                })
            }
        }
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
        self.sync.handle_change(now);
    }

    /// Takes back what the author of `withdrawal` said in the alert that it names.
    pub(super) fn withdraw(&mut self, now: Timestamp, withdrawal: &Alert) {
        let author = withdrawal.author();
        let Some(alert) = self
            .ledger
            .withdrawn_by(withdrawal)
            .map(|it| it.alert.clone())
        else {
            return;
        };
        let (withdrawn, statement) = (alert.id(), alert.statement());
        let until = statement.expires_at() + DEPARTED_FOR;
        if self.ledger.remove(&withdrawn, until).is_some() {
            let indicator = statement.indicator;
            self.casebook
                .take_back(now, &indicator, (&author, withdrawn));
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
            self.end_without_quorum(now, &indicator);
            self.end_disbelieved(now, &indicator);
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
