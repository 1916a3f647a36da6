//! Quotas of questions: how many one node may put to another, and about how much.

use aegis_core::{NodeId, PeerClass, Timestamp};

use super::{Blame, Conduct, Gate, Limits, Misbehaviour, Quota, TokenBucket};

/// How many questions one node may still put to another, and about how much.
#[derive(Debug, Default)]
pub(super) struct Questioning {
    questions: TokenBucket,
    subjects: TokenBucket,
}

#[derive(Clone, Copy)]
struct QuestioningQuotas {
    questions: Quota,
    subjects: Quota,
}

impl QuestioningQuotas {
    fn of(limits: &Limits, class: PeerClass) -> Self {
        Self {
            questions: limits.questions(class),
            subjects: limits.asked_about(class),
        }
    }
}

impl Gate {
    /// Counts a question of `peer` that nobody has read yet; returns whether to read it, and who is
    /// to blame. One above its quota costs it something: it asks more than it can use.
    pub fn admit_question(&mut self, now: Timestamp, peer: NodeId) -> (bool, Option<Blame>) {
        if self.standings.conduct(now, peer) != Conduct::Good {
            return (false, None);
        }
        let (quotas, buckets) = self.questioning(peer);
        let within = buckets.questions.take_one(now, quotas.questions);
        let flooding = (!within).then(|| self.charge(now, peer, Misbehaviour::Flooding));
        (within, flooding)
    }

    /// Decides whether a question of `peer` about so many indicators or nodes is to be answered,
    /// after [`admit_question`](Self::admit_question). What is above its own quota costs it
    /// something; what is above the quota that it shares with others does not.
    pub fn admit_asked_about(
        &mut self,
        now: Timestamp,
        peer: NodeId,
        asked_about: usize,
    ) -> (bool, Option<Blame>) {
        let asked_about = u32::try_from(asked_about).unwrap_or(u32::MAX);
        let class = self.class(&peer).unwrap_or(PeerClass::Dht);
        let (quotas, buckets) = self.questioning(peer);
        if !buckets.subjects.take(asked_about, now, quotas.subjects) {
            let flooding = self.charge(now, peer, Misbehaviour::Flooding);
            return (false, Some(flooding));
        }
        let within = match class {
            PeerClass::Dht => {
                let quota = self.limits.met_asked_about;
                self.met_asked_about.take(asked_about, now, quota)
            }
            PeerClass::Lan | PeerClass::Configured => true,
        };
        (within, None)
    }

    /// Returns whether this node may ask `peer` about so many indicators or nodes, and counts it:
    /// no more than `peer` allows whoever it met through the global network, since it may take this
    /// node for one of those. Others can have this node ask, but not have it banned for that.
    pub fn may_ask(&mut self, now: Timestamp, peer: NodeId, asked_about: usize) -> bool {
        let asked_about = u32::try_from(asked_about).unwrap_or(u32::MAX);
        let quotas = QuestioningQuotas::of(&self.limits, PeerClass::Dht);
        let buckets = self.asked.entry(peer, Questioning::default);
        buckets.questions.has_one(now, quotas.questions)
            && buckets.subjects.take(asked_about, now, quotas.subjects)
            && buckets.questions.take_one(now, quotas.questions)
    }

    fn questioning(&mut self, peer: NodeId) -> (QuestioningQuotas, &mut Questioning) {
        let class = self.class(&peer).unwrap_or(PeerClass::Dht);
        let quotas = QuestioningQuotas::of(&self.limits, class);
        let buckets = self.askers.entry(peer, Questioning::default);
        (quotas, buckets)
    }
}
