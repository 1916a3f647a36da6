//! What every trust model answers to. The Engine drives one; the arena drives all of them.
//!
//! A model is told who was met, what was said of an indicator, and what turned out to be true. It
//! answers with a verdict and with what it thinks of a peer. It has no clock, no chance of its own
//! and no effects, and equal histories give equal answers, bit for bit.

use crate::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic, Truth};

/// Bytes that a model keeps of one peer at most when it is saved.
pub const PEER_MEMORY_BYTES_MAX: usize = 16 * 1024;

/// Voices about one case at most: those beyond are not heard.
pub const VOICES_MAX: usize = 2_000;

/// Which mathematics weighs what peers say.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum ModelKind {
    /// This house's own: anchored in verified truth.
    #[default]
    Aegis,
    /// Fides' (SORT with interaction evaluation), as Slips users know it.
    Fides,
    /// Dovecot's, as users of Slips' local peer-to-peer module know it.
    Dovecot,
}

impl ModelKind {
    /// Returns the word that configuration and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aegis => "aegis",
            Self::Fides => "fides",
            Self::Dovecot => "dovecot",
        }
    }
}

/// What a peer starts from because of who it is, and not because of what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Introduction {
    /// How far the operator or the preset trusts it in advance; `NONE` for a stranger.
    pub pretrust: Confidence,
    /// Whether its trust stays what `pretrust` says, whatever it does.
    pub is_fixed: bool,
}

/// What one peer says in a case. A peer has one voice; its newest word replaces its last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voice {
    /// Who says it: the author, not who passed it on.
    pub peer: NodeId,
    /// What it says.
    pub opinion: Opinion,
    /// Whether it says that the source is proven.
    pub evidence: Evidence,
}

/// What is said about one indicator.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The behaviour in question.
    pub topic: Topic,
    /// What peers say, in order of peer, each peer once.
    pub voices: &'a [Voice],
    /// What this node's own detectors think of it, unverified; `None` where they saw nothing.
    pub local: Option<Opinion>,
}

/// Which way a verdict points.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stance {
    /// Benign, surely enough to act on.
    Benign,
    /// Not known well enough to act.
    Unknown,
    /// Malicious, surely enough to act on.
    Malicious,
}

/// What a case comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// How bad the indicator is.
    pub score: Score,
    /// How sure the model is of the score.
    pub confidence: Confidence,
    /// How likely it is malicious: 0…1.
    pub probability: Confidence,
    /// What to do about it, if anything.
    pub stance: Stance,
    /// How many independent voices there were; copies and correlated liars count as one.
    pub voices: f64,
}

impl Verdict {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        score: Score::UNKNOWN,
        confidence: Confidence::NONE,
        probability: Confidence::HALF,
        stance: Stance::Unknown,
        voices: 0.0,
    };
}

/// Something a peer did that says nothing about an indicator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// It answered a ping, or failed to.
    Ping { is_good: bool },
    /// It asked what this node thinks of an indicator.
    Asked,
    /// It asked what this node thinks of a peer.
    AskedAbout,
    /// It announced an alert.
    Alerted,
    /// It answered a question.
    Answered,
    /// It broke the protocol: a forged or stale message, a flood, a wrong proof.
    Misbehaved,
    /// This node's own detectors think this of the peer's address; `None`: nothing any more.
    Observed(Option<(Score, Confidence)>),
}

/// What one node says of another, in counts, so that nobody's conclusions are counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recommendation {
    /// Verified cases in which the subject said malicious of the malicious.
    pub malicious_right: u32,
    /// … benign of the malicious.
    pub malicious_wrong: u32,
    /// … benign of the benign.
    pub benign_right: u32,
    /// … malicious of the benign.
    pub benign_wrong: u32,
    /// What Fides' recommendations carry.
    pub sort: SortRecord,
}

/// What a recommendation of SORT says of its subject (Can and Bhargava, TDSC 2013).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SortRecord {
    /// Mean of past satisfaction (cb).
    pub competence: Confidence,
    /// Its spread (ib).
    pub integrity: Confidence,
    /// Interactions behind them (sh).
    pub interactions: u32,
    /// What others' recommendations say (r).
    pub reputation: Confidence,
    /// How many recommenders made that (η).
    pub recommenders: u32,
}

/// What a model thinks of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeerTrust {
    /// How far its opinions are trusted.
    pub service_trust: Confidence,
    /// Verified cases in which it was right.
    pub right: u64,
    /// Verified cases in which it was wrong.
    pub wrong: u64,
    /// How far it alone can move a verdict now, in log-odds (nats); 0 moves nothing.
    pub influence: f64,
    /// The most wrong it may still do before its word weighs nothing, in nats; 0 where it has
    /// earned nothing.
    pub budget: f64,
    /// How often it broke the protocol, where the model counts that.
    pub misdeeds: u64,
    /// The share of its weight that this costs it now.
    pub penalty: Confidence,
}

/// A trust model.
pub trait TrustModel: Send {
    /// Returns which one this is.
    fn kind(&self) -> ModelKind;

    /// Takes in that `peer` is known, and what it starts from. Said again, a new introduction
    /// replaces the old one and leaves what the peer did as it is.
    fn meet(&mut self, now: Timestamp, peer: NodeId, introduction: Introduction);

    /// Returns what `case` comes to. Peers that were never met weigh nothing.
    fn judge(&self, now: Timestamp, case: &Case<'_>) -> Verdict;

    /// Takes in that `case` was closed with `verdict`, whether or not the truth is ever known.
    fn conclude(&mut self, now: Timestamp, case: &Case<'_>, verdict: &Verdict);

    /// Takes in what `case` turned out to be: the only thing that may ever earn trust.
    fn learn(&mut self, now: Timestamp, case: &Case<'_>, truth: Truth);

    /// Returns how much it would help to find out the truth about `case`: 0 nothing … 1 most.
    fn check_value(&self, now: Timestamp, case: &Case<'_>, verdict: &Verdict) -> f64;

    /// Takes in something else that a peer did.
    fn book(&mut self, now: Timestamp, peer: NodeId, deed: Deed);

    /// Returns what this node says of `subject` to others; `None` where it knows nothing.
    fn recommend(&self, subject: &NodeId) -> Option<Recommendation>;

    /// Takes in what others say of `subject`, in order of recommender, each once.
    fn consider(
        &mut self,
        now: Timestamp,
        subject: NodeId,
        recommendations: &[(NodeId, Recommendation)],
    );

    /// Returns what it thinks of a peer, a stranger where it does not know it.
    fn trust_of(&self, now: Timestamp, peer: &NodeId) -> PeerTrust;

    /// Forgets everything about a peer.
    fn forget(&mut self, peer: &NodeId);

    /// Returns what a restart must not lose of a peer: at most [`PEER_MEMORY_BYTES_MAX`] bytes.
    fn save(&self, peer: &NodeId) -> Option<Vec<u8>>;

    /// Takes back what `save` gave. Returns whether it understood the bytes; where not, nothing
    /// has changed.
    fn restore(&mut self, peer: NodeId, bytes: &[u8]) -> bool;

    /// Returns what a restart must not lose of all peers together; empty where there is nothing.
    fn save_shared(&self) -> Vec<u8>;

    /// Takes back what `save_shared` gave, after the peers. Returns whether it understood it.
    fn restore_shared(&mut self, bytes: &[u8]) -> bool;
}
