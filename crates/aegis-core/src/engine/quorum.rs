//! Quorum: critical blocks on other nodes' word need several publishers of one organisation.

use std::collections::BTreeMap;

use crate::{
    Alert, Indicator, MemberRole, NodeId, Quorum, Refusal, Severity, Timestamp,
    engine::{Cause, Engine},
};

impl Engine {
    /// Returns until when, `asked` at the latest, enough publishers want a block as bad as this alert
    /// asks for; `asked` where none are needed.
    pub(super) fn quorum_until(
        &self,
        now: Timestamp,
        alert: &Alert,
        asked: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        let Some(quorum) = self.quorum_for(alert.statement().severity) else {
            return Ok(asked);
        };
        let indicator = &alert.statement().indicator;
        let mut ends = self.publishers_against(now, indicator, &quorum);
        if self.is_publisher(now, &alert.author(), &quorum) {
            let end = ends.entry(alert.author()).or_insert(Timestamp::EPOCH);
            *end = alert.statement().expires_at().max(*end);
        }
        let publishers_min = usize::from(quorum.publishers_min.get());
        let mut ends: Vec<Timestamp> = ends.into_values().collect();
        ends.sort();
        // The block holds for as long as enough of them say so.
        match ends.len().checked_sub(publishers_min) {
            Some(first) => Ok(asked.min(ends[first])),
            None => Err(Refusal::NoQuorum {
                publishers: u8::try_from(ends.len()).unwrap_or(u8::MAX),
                publishers_min: quorum.publishers_min.get(),
            }),
        }
    }

    /// Ends the blocks of `indicator` that too few publishers want since one took its word back.
    pub(super) fn end_without_quorum(&mut self, now: Timestamp, indicator: &Indicator) {
        let decisions = self.blocklist.decisions(indicator).to_vec();
        for decision in decisions {
            let (Some(alert), Some(quorum)) = (decision.alert, self.quorum_for(decision.severity))
            else {
                continue;
            };
            let publishers = self.publishers_against(now, indicator, &quorum).len();
            let is_peers = decision.origin == crate::Origin::Peers;
            if is_peers && publishers < usize::from(quorum.publishers_min.get()) {
                let ended = self.blocklist.remove_alert(indicator, alert);
                self.end_decisions(now, &ended, Cause::Withdrawn);
            }
        }
    }

    fn quorum_for(&self, severity: Severity) -> Option<Quorum> {
        self.policy.quorum.filter(|it| severity >= it.severity_min)
    }

    /// Returns the publishers with a live alert this bad about exactly `indicator`, and until when
    /// each says so.
    fn publishers_against(
        &self,
        now: Timestamp,
        indicator: &Indicator,
        quorum: &Quorum,
    ) -> BTreeMap<NodeId, Timestamp> {
        let mut ends = BTreeMap::new();
        for entry in self.ledger.about(indicator) {
            let (author, statement) = (entry.alert.author(), entry.alert.statement());
            let counts = statement.indicator == *indicator
                && statement.withdraws.is_none()
                && statement.severity >= quorum.severity_min
                && now < statement.expires_at()
                && self.is_publisher(now, &author, quorum);
            if counts {
                let end = ends.entry(author).or_insert(Timestamp::EPOCH);
                *end = statement.expires_at().max(*end);
            }
        }
        ends
    }

    fn is_publisher(&self, now: Timestamp, node: &NodeId, quorum: &Quorum) -> bool {
        let role = self.member_role(now, node, &quorum.organisation);
        role == Some(MemberRole::Publisher)
    }
}
