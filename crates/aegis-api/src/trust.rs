//! Trust in a peer: what it is, what it was earned with, and what an operator says of it.

use aegis_core::{Confidence, Indicator, NodeId, Score, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{confidence, number, score, text, time, time_option},
    word::{ModelKind, PeerClass, Truth},
};

/// What this node thinks of a peer, known or not.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PeerTrust {
    /// Who.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// Which mathematics weighs what peers say.
    pub model: ModelKind,
    /// Whether this node met it, remembers what it did, or was told of it by name.
    pub known: bool,
    /// How it was met; absent where it was not.
    pub class: Option<PeerClass>,
    /// Whether it is connected now.
    pub connected: bool,
    /// How far its opinions are trusted, 0…100.
    pub trust_percent: u8,
    /// Verified cases in which it was right.
    pub right: u64,
    /// Verified cases in which it was wrong.
    pub wrong: u64,
    /// How far it alone can move a verdict now, in log-odds (nats); 0 moves nothing.
    #[serde(with = "number")]
    pub influence: f64,
    /// The most wrong it may still do before its word weighs nothing, in nats.
    #[serde(with = "number")]
    pub budget: f64,
    /// How often it broke the protocol, where the model counts that.
    #[serde(default)]
    pub misdeeds: u64,
    /// How much of its weight that costs it now, 0…100.
    #[serde(default)]
    pub penalty_percent: u8,
    /// How far it is trusted in advance, 0…100.
    pub pretrust_percent: u8,
    /// Whether its trust stays what it is in advance, whatever the peer does.
    pub fixed: bool,
    /// Whether the operator or the configuration named this peer; otherwise the preset speaks.
    pub named: bool,
    /// Its words that count now and are not verified.
    pub open: u64,
    /// What it said of indicators whose truth is known, newest first.
    pub judged: Vec<JudgedWord>,
    /// Its trust over time, oldest first.
    pub trend: Vec<TrendPoint>,
    /// Where it is or was reached, as multiaddr texts.
    pub addresses: Vec<String>,
    /// When it was seen first; absent where it never was.
    #[serde(with = "time_option", default)]
    pub first_seen_at: Option<Timestamp>,
    /// When it was seen last; absent where it never was.
    #[serde(with = "time_option", default)]
    pub last_seen_at: Option<Timestamp>,
}

/// One word of a peer's, held against the truth.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct JudgedWord {
    /// About what.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// What it said, -1 surely benign … +1 surely malicious.
    #[serde(with = "score")]
    pub said: Score,
    /// What it is.
    pub truth: Truth,
    /// When the peer said so.
    #[serde(with = "time")]
    pub at: Timestamp,
}

/// A peer's trust from one moment on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrendPoint {
    /// From when.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// The trust, 0…100.
    pub percent: u8,
}

/// Says how far a peer is trusted in advance.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRequest {
    /// Which peer.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// How far, 0…1.
    #[serde(with = "confidence")]
    pub trust: Confidence,
    /// Whether it stays so, whatever the peer does.
    #[serde(default)]
    pub fixed: bool,
}

/// Nothing is kept of a peer's trust any more; it starts anew.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrustForgotten {
    /// Which peer.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// Whether anything was kept of it.
    pub was_known: bool,
}
