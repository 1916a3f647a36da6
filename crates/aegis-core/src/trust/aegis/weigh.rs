//! From voices to log-odds: what each voice is worth, and how many of them are one.

use super::{
    AegisConfig, AegisModel,
    governor::Experts,
    history::{History, logistic, logit},
    schism::{Schism, signed},
    unison::{Remembered, Shared, share_voices},
};
use crate::{
    NodeId, Opinion, Timestamp, Truth,
    trust::model::{Case, VOICES_MAX},
};

/// One voice that was heard.
pub(super) struct Heard<'a> {
    pub(super) peer: NodeId,
    pub(super) history: &'a History,
    pub(super) said: Truth,
    /// How plainly it spoke: 0…1.
    pub(super) strength: f64,
    /// What its word is worth before its budget, in nats.
    pub(super) worth: f64,
    /// How far it would move the log-odds if it spoke alone, in nats.
    pub(super) weight: f64,
    /// How far it moves them beside those that speak as it does, in nats.
    pub(super) counted: f64,
    /// How surely it belongs to a block that speaks in unison: 0…1.
    pub(super) unison: f64,
    /// Its share of an independent voice: 0…1.
    pub(super) share: f64,
    /// How likely it turned of late, if anybody did: 0…1.
    pub(super) turned: f64,
    /// Where among all voices that one is that it is a copy of: its own place where it is nobody's.
    pub(super) leader: usize,
}

impl Heard<'_> {
    /// Returns whether it weighs something that it earned itself.
    pub(super) fn is_free(&self) -> bool {
        self.weight > 0.0 && !self.history.introduction.is_fixed
    }
}

/// What a case weighs.
pub(super) struct Weighed<'a> {
    pub(super) heard: Vec<Heard<'a>>,
    /// Log-odds of malice without any peer: the prior and this node's own detectors.
    pub(super) own: f64,
    /// How likely the same people were divided before: 0…1.
    pub(super) split: f64,
    /// What says malicious and what says benign, in nats, each at least 0.
    pub(super) sides: [f64; 2],
    /// The schism that shows, if one does.
    pub(super) schism: Option<Schism>,
    /// What those whose trust the operator fixed add to it, in nats: above 0 malicious.
    pub(super) fixed: f64,
}

impl Weighed<'_> {
    /// Returns the log-odds of malice without the network and with it.
    pub(super) fn experts(&self, config: &AegisConfig) -> Experts {
        let alone = self.own + self.fixed;
        let network = match self.schism {
            Some(schism) => alone + schism.common(),
            None if self.is_even(config) => alone,
            None => self.own + self.sides[0] - self.sides[1],
        };
        Experts { alone, network }
    }

    /// Returns whether so much is said on either side that what one says more is no evidence: who
    /// looks inside tips just such cases.
    fn is_even(&self, config: &AegisConfig) -> bool {
        let [malicious, benign] = self.sides;
        let lighter = malicious.min(benign) - config.even_free;
        (malicious - benign).abs() < config.even_share * lighter
    }

    /// Returns how evenly the voices are divided: 0 of one mind … 1 evenly.
    pub(super) fn dispute(&self) -> f64 {
        let [malicious, benign] = self.sides;
        let sum = malicious + benign;
        if sum > 0.0 {
            2.0 * malicious.min(benign) / sum
        } else {
            0.0
        }
    }

    /// Returns how surprising `truth` is, in nats.
    pub(super) fn surprise(&self, truth: Truth) -> f64 {
        loss(self.own + self.sides[0] - self.sides[1], truth)
    }

    /// Returns how many independent voices there are.
    pub(super) fn voices(&self) -> f64 {
        self.heard.iter().map(|it| it.share).sum()
    }
}

/// Returns the log score lost by these log-odds of malice, in nats.
pub(super) fn loss(log_odds: f64, truth: Truth) -> f64 {
    let share = match truth {
        Truth::Malicious => logistic(log_odds),
        Truth::Benign => logistic(-log_odds),
    };
    -share.max(f64::MIN_POSITIVE).ln()
}

/// Returns what an opinion says and how plainly, or `None` where it says nothing.
pub(super) fn statement(config: &AegisConfig, opinion: &Opinion) -> Option<(Truth, f64)> {
    let score = opinion.score.value();
    let plain = score.abs() * opinion.confidence.value();
    if plain < config.silent_strength {
        return None;
    }
    let said = if score > 0.0 {
        Truth::Malicious
    } else {
        Truth::Benign
    };
    Some((said, (plain / config.full_strength).min(1.0)))
}

/// Returns 0 for malicious and 1 for benign.
pub(super) const fn side(said: Truth) -> usize {
    match said {
        Truth::Malicious => 0,
        Truth::Benign => 1,
    }
}

impl AegisModel {
    /// Returns what `case` weighs, voice by voice.
    pub(super) fn weigh(&self, now: Timestamp, case: &Case<'_>) -> Weighed<'_> {
        self.weigh_beside(now, case, Remembered::All)
    }

    /// Returns what a closed case weighs: its own column is no evidence of what its voices do.
    pub(super) fn weigh_closed(&self, now: Timestamp, case: &Case<'_>) -> Weighed<'_> {
        self.weigh_beside(now, case, Remembered::ButItsOwn)
    }

    fn weigh_beside(&self, now: Timestamp, case: &Case<'_>, remembered: Remembered) -> Weighed<'_> {
        let mut heard = Vec::with_capacity(case.voices.len().min(VOICES_MAX));
        for voice in case.voices.iter().take(VOICES_MAX) {
            let statement = statement(&self.config, &voice.opinion);
            let history = self.peers.get(&voice.peer);
            let (Some((said, strength)), Some(history)) = (statement, history) else {
                continue;
            };
            // Voices come in order of peer, and nobody has two.
            if heard
                .last()
                .is_some_and(|it: &Heard<'_>| it.peer >= voice.peer)
            {
                continue;
            }
            let worth = history.worth(&self.config, case.topic, said);
            let limit = history.limit(&self.config);
            heard.push(Heard {
                peer: voice.peer,
                history,
                said,
                strength,
                worth,
                weight: worth.min(limit) * strength * history.presence(now),
                counted: 0.0,
                unison: 0.0,
                share: 0.0,
                turned: 0.0,
                leader: usize::MAX,
            });
        }
        let Shared {
            sides,
            split,
            turned,
        } = share_voices(&self.config, (self.column, remembered), &mut heard);
        let trusted = heard.iter().filter(|it| it.history.introduction.is_fixed);
        Weighed {
            fixed: trusted.map(|it| signed(it.said, it.counted)).sum(),
            schism: Schism::of(&self.config, &heard, turned),
            heard,
            own: logit(self.config.prior) + self.local_log_odds(case),
            split,
            sides,
        }
    }

    /// Returns how far this node's own detectors move the log-odds.
    pub(super) fn local_log_odds(&self, case: &Case<'_>) -> f64 {
        let statement = case.local.and_then(|it| statement(&self.config, &it));
        let Some((said, strength)) = statement else {
            return 0.0;
        };
        let ratio = self.local_reliability().likelihood_ratio(said);
        let weight = ratio.ln().max(0.0) * strength;
        match said {
            Truth::Malicious => weight,
            Truth::Benign => -weight,
        }
    }
}
