//! Metrics: what monitoring asks for, in one snapshot that costs the node next to nothing.
//!
//! No label names an address, a peer or anything else that others could make many of: the number
//! of series is bounded by what this program and its operator name.

mod crowdsec;
mod listener;
mod open_metrics;

use aegis_core::Timestamp;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::time::timeout;

pub use listener::{MetricsListener, SCRAPES_MAX, metrics_router};

use crate::{
    ApiError, Caller, Control, ErrorCode, Origin, PeerCounts, Reply, Request, RulesetState, Stats,
    encoding::time_option, server::ANSWER_TIMEOUT,
};

/// Feeds that are told of by themselves; what is more is left out.
pub const METRICS_FEEDS_MAX: usize = 64;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is counted or measured, at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Metrics {
    /// The program's version.
    pub version: String,
    /// Whether packets are dropped.
    pub is_enforcing: bool,
    /// What `stats` tells.
    pub stats: Stats,
    /// What the node wants the kernel to hold, and what it held when last read back.
    pub ruleset: RulesetState,
    /// How many peers there are.
    pub peers: PeerCounts,
    /// How many decisions there are of each origin.
    pub decisions: Vec<(Origin, u64)>,
    /// How full the tables are.
    pub tables: Vec<TableFill>,
    /// Entries of the allowlist.
    pub allowlist_entries: u64,
    /// Alerts that are still true.
    pub alerts_live: u64,
    /// What does not work as it should.
    pub problems: u64,
    /// From taking up a detection, an alert or an order until the kernel holds the block.
    pub decision_latency: Latency,
    /// The lists that are blocked, at most [`METRICS_FEEDS_MAX`].
    pub feeds: Vec<FeedFill>,
    /// What the process costs.
    pub process: ProcessUse,
    /// Whether the names that CrowdSec's users look for are told as well.
    pub with_crowdsec_names: bool,
}

/// How full a table is.
#[derive(Clone, Debug, Serialize)]
pub struct TableFill {
    /// Which.
    pub table: &'static str,
    /// What it is to hold.
    pub entries: u64,
    /// What it can hold.
    pub capacity: u64,
}

/// A distribution of times.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Latency {
    /// Upper ends in seconds, and how many took at most that but more than the one before; the last
    /// has no end.
    pub buckets: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// How long they took together, in seconds.
    pub sum_secs: f64,
}

/// What of a list is blocked.
#[derive(Clone, Debug, Serialize)]
pub struct FeedFill {
    /// Which.
    pub feed: String,
    /// How many of its entries are blocked.
    pub entries: u64,
    /// When it was applied last, or was had as it is; `None` where it never was.
    #[serde(with = "time_option")]
    pub applied_at: Option<Timestamp>,
    /// How many alarms there are about it, where it is subscribed to.
    pub alarms: Option<u64>,
    /// Fetches that failed in a row, where it is subscribed to.
    pub failures: Option<u64>,
}

/// What the process costs its host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ProcessUse {
    /// Resident memory.
    pub resident_bytes: u64,
    /// Time on a processor, of all threads.
    pub cpu_secs: f64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// Threads.
    pub threads: u64,
    /// When it started, in seconds since 1970.
    pub started_at_secs: u64,
}

/// Answers one scrape, in the format that the reader asks for.
pub(crate) async fn answer<C: Control>(
    control: &C,
    caller: Caller,
    headers: &HeaderMap,
) -> Response {
    let call = control.call(caller, Request::Metrics);
    let Ok(answer) = timeout(ANSWER_TIMEOUT, call).await else {
        let message = "the node did not answer in time";
        return ApiError::new(ErrorCode::Timeout, message).into_response();
    };
    let metrics = match answer {
        Ok(Reply::Metrics(metrics)) => metrics,
        Ok(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(error) => return error.into_response(),
    };
    let accepted = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    let accepted = String::from_utf8_lossy(accepted.unwrap_or_default());
    let is_open = accepted.contains("application/openmetrics-text");
    let text = open_metrics::text(&metrics);
    let (kind, text) = if is_open {
        (OPEN_METRICS, text)
    } else {
        (PLAIN_TEXT, open_metrics::plain(&text))
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
pub(crate) mod tests;
