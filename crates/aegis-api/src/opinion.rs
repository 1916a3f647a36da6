//! Opinions: what the network thinks of an indicator, and whose word that rests on.

use aegis_core::{Confidence, Indicator, NodeId, Score};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{confidence, number, score, text},
    word::{Evidence, Stance},
};

/// The most voices in a [`NetworkOpinion`]: enough for a person, however many peers speak.
pub const VOICE_LINES_MAX: usize = 100;

/// Asks the peers what they think of an indicator.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRequest {
    /// What to ask about.
    #[serde(with = "text")]
    pub(crate) indicator: Indicator,
}

/// What all peers together, and this node itself, think of an indicator.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NetworkOpinion {
    /// Of what.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// How bad it is: -1 surely benign … 0 unknown … +1 surely malicious.
    #[serde(with = "score")]
    pub score: Score,
    /// How sure that is, 0…1.
    #[serde(with = "confidence")]
    pub confidence: Confidence,
    /// How likely it is malicious, 0…1.
    #[serde(with = "confidence")]
    pub probability: Confidence,
    /// What to do about it, if anything.
    pub stance: Stance,
    /// How many independent voices there are: copies and correlated liars count as one.
    #[serde(with = "number")]
    pub independent_voices: f64,
    /// What this node's own detectors and operator think; absent where they saw nothing.
    pub local: Option<LocalOpinion>,
    /// Peers that were asked; 0 where nobody was asked now.
    pub asked: u64,
    /// Peers that answered in time.
    pub answered: u64,
    /// How many milliseconds that took.
    pub waited_ms: u64,
    /// The voices that count, strongest first, at most [`VOICE_LINES_MAX`].
    pub voices: Vec<VoiceLine>,
    /// How many voices count, whether shown or not.
    pub voices_total: u64,
    /// How much the operator's own verdict would help to tell liars from honest peers, 0…1.
    #[serde(with = "number")]
    pub check_value: f64,
    /// The command that would settle a contested case.
    pub hint: Option<String>,
}

/// What this node itself thinks of an indicator.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct LocalOpinion {
    /// How bad it is, -1…+1.
    #[serde(with = "score")]
    pub score: Score,
    /// How sure that is, 0…1.
    #[serde(with = "confidence")]
    pub confidence: Confidence,
    /// How many separate observations stand behind it.
    pub sightings: u32,
    /// How many seconds ago the newest of them was made.
    pub age_secs: u64,
}

/// What one peer says of an indicator.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct VoiceLine {
    /// Who says it.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// How bad the peer says it is, -1…+1.
    #[serde(with = "score")]
    pub score: Score,
    /// How sure the peer says it is, 0…1.
    #[serde(with = "confidence")]
    pub confidence: Confidence,
    /// How many separate observations it says it made; 0 where it does not say.
    pub sightings: u32,
    /// How many seconds ago it says the newest of them was made.
    pub age_secs: u64,
    /// Whether it says that the source was proven.
    pub evidence: Evidence,
    /// How far the peer is trusted, 0…100.
    pub weight_percent: u8,
}
