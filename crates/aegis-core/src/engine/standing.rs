//! What this node thinks of a peer, told to the operator with what it rests on.

use crate::{
    Confidence, Indicator, NodeId, Score, Timestamp, Truth,
    engine::Engine,
    trust::model::{Introduction, ModelKind, PeerTrust},
};

/// What this node thinks of a peer, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerStanding {
    /// Who.
    pub peer: NodeId,
    /// What the model says.
    pub trust: PeerTrust,
    /// What it starts from.
    pub introduction: Introduction,
    /// Whether that was said of it by name, and not by the preset.
    pub is_named: bool,
    /// Its trust over time, oldest first.
    pub trend: Vec<(Timestamp, Confidence)>,
    /// What it said of indicators whose truth is known, newest first.
    pub judged: Vec<JudgedWord>,
    /// Its words that count now and are not verified.
    pub open: usize,
}

/// One word of a peer's, held against the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedWord {
    /// About what.
    pub indicator: Indicator,
    /// What it said.
    pub said: Score,
    /// What it is.
    pub truth: Truth,
    /// When it said so.
    pub heard_at: Timestamp,
}

/// Words of a peer that are shown at most.
const WORDS_MAX: usize = 20;

impl Engine {
    /// Returns what this node thinks of a peer, known or not.
    pub fn peer_trust(&self, now: Timestamp, peer: &NodeId) -> PeerStanding {
        let spoken = self.casebook.of_peer(peer);
        let mut judged: Vec<JudgedWord> = Vec::new();
        let mut open = 0;
        for (indicator, file, heard) in spoken {
            match file.known {
                Some(known) => judged.push(JudgedWord {
                    indicator: *indicator,
                    said: heard.voice.opinion.score,
                    truth: known.truth,
                    heard_at: heard.heard_at,
                }),
                None => open += usize::from(now < heard.counts_until),
            }
        }
        judged.sort_by_key(|it| std::cmp::Reverse((it.heard_at, it.indicator)));
        judged.truncate(WORDS_MAX);
        PeerStanding {
            peer: *peer,
            trust: self.trust.model.trust_of(now, peer),
            introduction: self.introduction_of(now, peer),
            is_named: self.trust.pretrust_of(peer).is_some(),
            trend: self.trust.trend_of(peer),
            judged,
            open,
        }
    }

    /// Returns which model weighs what peers say.
    pub fn model_kind(&self) -> ModelKind {
        self.trust.model.kind()
    }
}
