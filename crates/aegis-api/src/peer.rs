//! Peers as a person wants to see them.

use aegis_core::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Affiliation,
    encoding::{number, text, time},
    location::Location,
    place::Route,
    word::PeerClass,
};

/// A peer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Peer {
    /// Who it is.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// How it was met.
    pub class: PeerClass,
    /// Whether it is connected now.
    pub connected: bool,
    /// Where it is or was reached, as multiaddr texts.
    pub addresses: Vec<String>,
    /// When it was seen first.
    #[serde(with = "time")]
    pub first_seen_at: Timestamp,
    /// When it was seen last.
    #[serde(with = "time")]
    pub last_seen_at: Timestamp,
    /// Its alerts that counted.
    pub alerts_accepted: u64,
    /// Its alerts that were refused.
    pub alerts_refused: u64,
    /// How much its word weighs, 0…100.
    pub weight_percent: u8,
    /// Verified cases in which it was right.
    pub right: u64,
    /// Verified cases in which it was wrong.
    pub wrong: u64,
    /// How far it alone can move a verdict now, in log-odds (nats); 0 moves nothing.
    #[serde(with = "number")]
    pub influence: f64,
    /// What it is to the organisations that are followed here.
    #[serde(default)]
    pub organisations: Vec<Affiliation>,
    /// How it is reached; `None` where it is not connected.
    #[serde(default)]
    pub route: Option<Route>,
    /// Where its address is, as far as a database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Anything special about it, such as a penalty, in words for a person.
    pub standing: Option<String>,
}
