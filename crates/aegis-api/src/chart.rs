//! Charts: what was counted and how far peers were trusted over the last days; and the link to the
//! page that draws them.

use aegis_core::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Page, PageQuery, TrendPoint,
    encoding::{text, time},
};

/// The most points of a [`TrafficChart`]: seven days of five minutes.
pub const TRAFFIC_POINTS_MAX: usize = 7 * 24 * 12;

/// The most points of a [`TrustChart`]: a change every hour for seven days.
pub const TRUST_POINTS_MAX: usize = 7 * 24;

/// Which chart is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChartRequest {
    /// Answered by [`ChartReply::Traffic`].
    Traffic,
    /// Answered by [`ChartReply::Trust`], in the order of the peers' ids.
    Trust(PageQuery<NodeId>),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ChartReply {
    /// To [`ChartRequest::Traffic`].
    Traffic(TrafficChart),
    /// To [`ChartRequest::Trust`].
    Trust(Page<TrustChart>),
}

/// What the kernel counted, interval by interval.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrafficChart {
    /// How long each interval is, in seconds; the last, which is not over, may be shorter.
    pub interval_secs: u64,
    /// The intervals in which the node ran, oldest first: [`TRAFFIC_POINTS_MAX`] at most.
    pub points: Vec<TrafficPoint>,
}

/// What was counted in an interval.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrafficPoint {
    /// When it ended.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// Packets that arrived.
    pub packets: u64,
    /// Packets of them that were dropped.
    pub dropped_packets: u64,
    /// Bytes of those.
    pub dropped_bytes: u64,
    /// Packets that would have been dropped, had the node not only observed.
    pub spared_packets: u64,
}

/// How far a peer was trusted: each point holds until the next.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrustChart {
    /// Who.
    #[serde(with = "text")]
    pub peer: NodeId,
    /// From when on how far, oldest first: [`TRUST_POINTS_MAX`] at most, of the last seven days.
    pub points: Vec<TrendPoint>,
}

/// Where the node's page is, for whoever asked.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct PageLink {
    /// The address, with a word that lets in whoever has it, once.
    pub url: String,
    /// For how many seconds it does.
    pub valid_secs: u64,
}

impl std::fmt::Debug for PageLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageLink(…)")
    }
}
