//! AEGIS's own trust model: a node that gains from strangers and cannot be turned by them.
//!
//! Reliability is learned from verified truth alone, and independence from who agrees with whom.
//! A voice counts by the weakest of what is known about it, within a budget that it has earned;
//! those that speak as one count as one; a liar counts nothing, and so does a stranger.
//! The mathematics, its sources and its bound are in `docs/trust-model.md`.

mod coin;
mod config;
mod copy;
mod dissent;
mod encoding;
mod governor;
mod history;
mod misdeed;
mod row;
mod schism;
mod unison;
mod weigh;

use std::collections::BTreeMap;

pub use config::AegisConfig;

use self::{
    coin::{Coins, Reliability},
    governor::{Governor, stance},
    history::{History, logistic},
    row::Column,
    weigh::{Weighed, loss, statement},
};
use super::model::{
    Case, Deed, Introduction, ModelKind, PeerTrust, Recommendation, SortRecord, TrustModel, Verdict,
};
use crate::{Confidence, NodeId, Score, Timestamp, Truth};

/// AEGIS's own trust model.
#[derive(Clone, Debug)]
pub struct AegisModel {
    config: AegisConfig,
    peers: BTreeMap<NodeId, History>,
    /// How reliable this node's own detectors have been.
    local: Coins,
    /// How many cases were closed: where the ring of columns stands.
    column: Column,
    /// How far the network as a whole is believed.
    governor: Governor,
}

impl Default for AegisModel {
    fn default() -> Self {
        Self::new(AegisConfig::default())
    }
}

impl AegisModel {
    /// Returns a model that knows nobody.
    pub const fn new(config: AegisConfig) -> Self {
        Self {
            config,
            peers: BTreeMap::new(),
            local: Coins {
                malicious_right: 0.0,
                malicious_wrong: 0.0,
                benign_right: 0.0,
                benign_wrong: 0.0,
            },
            column: Column(0),
            governor: Governor::new(&config),
        }
    }

    fn local_reliability(&self) -> Reliability {
        let centre = Reliability::even(self.config.local_reliability);
        self.local.shrunk(centre, self.config.local_shrinkage)
    }

    /// Returns the record of `peer`, made where there is none; another goes if there is no room.
    fn entry(&mut self, now: Timestamp, peer: NodeId) -> &mut History {
        if !self.peers.contains_key(&peer) && self.peers.len() >= self.config.peers_max {
            self.evict();
        }
        self.peers.entry(peer).or_insert_with(|| History {
            heard_at: now,
            ..History::default()
        })
    }

    /// Forgets whoever is missed least: nobody pre-trusted, as long as there are others; then the
    /// one that earned least, of those no proven liar, and then the one that was silent longest.
    ///
    /// Anybody can become a liar at once, so a crowd of them must not push out who earned trust.
    /// A liar that is forgotten comes back as a stranger, whose word is worth the same: nothing.
    fn evict(&mut self) {
        let least = self.peers.iter().min_by_key(|(peer, it)| {
            let is_known = it.introduction != Introduction::default();
            (
                is_known,
                it.right,
                it.is_liar(),
                it.wrong,
                it.heard_at,
                **peer,
            )
        });
        if let Some(peer) = least.map(|(peer, _)| *peer) {
            self.peers.remove(&peer);
        }
    }

    /// Returns how much the truth about a case would help: 0…1.
    fn value(&self, weighed: &Weighed<'_>) -> f64 {
        if weighed.schism.is_some_and(|it| it.is_opposed()) {
            return 1.0;
        }
        let network = weighed.own + weighed.sides[0] - weighed.sides[1];
        let doubt = entropy(logistic(network)).max(weighed.dispute());
        (doubt + weighed.split) / 2.0
    }

    /// Moves the ring on to `column`, if it is not there yet.
    fn advance(&mut self, column: Column) {
        for history in self.peers.values_mut() {
            history.row.forward(self.column, column);
        }
        self.column = self.column.max(column);
    }

    /// Returns how much a verified case counts as a critical one: the more, the more evenly the
    /// voices were divided and the more surprising the truth was.
    fn criticality(&self, weighed: &Weighed<'_>, truth: Truth) -> f64 {
        weighed
            .dispute()
            .max(weighed.surprise(truth))
            .min(self.config.critical_weight_max)
    }
}

impl TrustModel for AegisModel {
    fn kind(&self) -> ModelKind {
        ModelKind::Aegis
    }

    fn meet(&mut self, now: Timestamp, peer: NodeId, introduction: Introduction) {
        self.entry(now, peer).introduction = introduction;
    }

    fn judge(&self, now: Timestamp, case: &Case<'_>) -> Verdict {
        let weighed = self.weigh(now, case);
        let log_odds = self.governor.govern(weighed.experts(&self.config));
        let probability = logistic(log_odds);
        Verdict {
            score: Score::clamped(2.0 * probability - 1.0),
            confidence: Confidence::clamped(1.0 - entropy(probability)),
            probability: Confidence::clamped(probability),
            stance: stance(&self.config, log_odds),
            voices: weighed.voices(),
        }
    }

    fn conclude(&mut self, now: Timestamp, case: &Case<'_>, _verdict: &Verdict) {
        self.advance(self.column.next());
        for voice in case.voices {
            let Some(history) = self.peers.get_mut(&voice.peer) else {
                continue;
            };
            history.heard_at = history.heard_at.max(now);
            if let Some((said, _)) = statement(&self.config, &voice.opinion) {
                history.row.write(self.column, said);
            }
        }
    }

    fn learn(&mut self, now: Timestamp, case: &Case<'_>, truth: Truth) {
        let weighed = self.weigh_closed(now, case);
        let critical = self.criticality(&weighed, truth);
        let experts = weighed.experts(&self.config);
        let own = weighed.own;
        let dispute = weighed.dispute();
        let schism = weighed.schism;
        let lessons: Vec<_> = weighed
            .heard
            .iter()
            .map(|it| {
                (
                    it.peer,
                    it.said,
                    it.strength,
                    it.worth,
                    it.weight,
                    it.unison,
                    it.turned,
                )
            })
            .collect();
        let config = self.config;
        for (peer, said, strength, worth, weight, unison, turned) in lessons {
            let Some(history) = self.peers.get_mut(&peer) else {
                continue;
            };
            let moved = match said {
                Truth::Malicious => own + worth * strength,
                Truth::Benign => own - worth * strength,
            };
            let gain = loss(own, truth) - loss(moved, truth);
            history.earn(
                &config,
                if said == truth {
                    gain
                } else {
                    -weight / config.leverage
                },
            );
            history.count(&config, case.topic, (said, truth), strength);
            let critical = if said == truth {
                // A word that nobody believed and that came true by luck makes up for no lie.
                if worth > 0.0 { critical } else { dispute }
            } else {
                critical.max(config.critical_weight_max * unison)
            };
            history.count_critical((said, truth), critical * strength);
            if let Some(schism) = schism {
                history.condemn(&config, schism.guilt(turned, truth));
            }
        }
        self.governor.learn(&config, experts, truth);
        if let Some((said, strength)) = case.local.and_then(|it| statement(&config, &it)) {
            self.local
                .count(said, truth, strength, config.half_life_long);
        }
    }

    fn check_value(&self, now: Timestamp, case: &Case<'_>, _verdict: &Verdict) -> f64 {
        self.value(&self.weigh(now, case))
    }

    fn book(&mut self, now: Timestamp, peer: NodeId, deed: Deed) {
        match deed {
            Deed::Misbehaved => {
                if let Some(history) = self.peers.get_mut(&peer) {
                    history.misdeeds.commit(now);
                }
            }
            // They earn nothing here: they are free to whoever wants trust.
            Deed::Ping { .. }
            | Deed::Asked
            | Deed::AskedAbout
            | Deed::Alerted
            | Deed::Answered
            | Deed::Observed(_) => {}
        }
    }

    fn recommend(&self, subject: &NodeId) -> Option<Recommendation> {
        let history = self.peers.get(subject)?;
        let long = &history.horizons[1];
        if history.right + history.wrong == 0 {
            return None;
        }
        Some(Recommendation {
            malicious_right: long.malicious_right.round() as u32,
            malicious_wrong: long.malicious_wrong.round() as u32,
            benign_right: long.benign_right.round() as u32,
            benign_wrong: long.benign_wrong.round() as u32,
            sort: SortRecord::default(),
        })
    }

    fn consider(
        &mut self,
        now: Timestamp,
        subject: NodeId,
        recommendations: &[(NodeId, Recommendation)],
    ) {
        let (mut right, mut wrong) = (0.0, 0.0);
        for (witness, said) in recommendations {
            if *witness == subject {
                continue;
            }
            let trust = self.trust_of(now, witness).service_trust.value();
            right += trust * (f64::from(said.malicious_right) + f64::from(said.benign_right));
            wrong += trust * (f64::from(said.malicious_wrong) + f64::from(said.benign_wrong));
        }
        let sum = right + wrong;
        let full = self.config.hearsay_full;
        if let Some(history) = self.peers.get_mut(&subject)
            && sum > 0.0
        {
            history.hearsay = (right - wrong) / sum * (sum / full).min(1.0);
        }
    }

    fn trust_of(&self, now: Timestamp, peer: &NodeId) -> PeerTrust {
        let Some(history) = self.peers.get(peer) else {
            return PeerTrust::default();
        };
        let influence = history.influence(&self.config, now);
        let full = (self.config.voice_max / 2.0).tanh();
        PeerTrust {
            service_trust: Confidence::clamped((influence / 2.0).tanh() / full),
            right: history.right,
            wrong: history.wrong,
            influence,
            budget: history.budget(&self.config) * self.config.leverage,
            misdeeds: history.misdeeds.count,
            penalty: Confidence::clamped(1.0 - history.conduct(now)),
        }
    }

    fn forget(&mut self, peer: &NodeId) {
        self.peers.remove(peer);
    }

    fn save(&self, peer: &NodeId) -> Option<Vec<u8>> {
        self.peers
            .get(peer)
            .map(|it| encoding::write_peer(it, self.column))
    }

    fn restore(&mut self, peer: NodeId, bytes: &[u8]) -> bool {
        let Some((mut history, column)) = encoding::read_peer(bytes, &self.config) else {
            return false;
        };
        self.advance(column);
        history.row.forward(column, self.column);
        let entry = self.entry(history.heard_at, peer);
        history.introduction = entry.introduction;
        *entry = history;
        true
    }

    fn save_shared(&self) -> Vec<u8> {
        encoding::write_shared(&self.local, self.column, &self.governor)
    }

    fn restore_shared(&mut self, bytes: &[u8]) -> bool {
        let Some((local, column, governor)) = encoding::read_shared(bytes, &self.config) else {
            return false;
        };
        self.local = local;
        self.governor = governor;
        self.advance(column);
        true
    }
}

/// Returns the entropy of a probability, in bits: 0…1.
fn entropy(probability: f64) -> f64 {
    let term = |share: f64| {
        if share > 0.0 {
            -share * share.log2()
        } else {
            0.0
        }
    };
    (term(probability) + term(1.0 - probability)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
