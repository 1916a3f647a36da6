//! The Local API of CrowdSec, so that its bouncers, agents and `cscli` work against this node.
//!
//! What they ask for is a request like any other: every guard of the node stands before it. What
//! they are given is what the node enforces, whoever wanted it. `docs/crowdsec.md` says what
//! differs from CrowdSec's own.

mod alert;
mod board;
mod duration;
mod filter;
mod gzip;
mod listing;
mod mirror;
mod moment;
mod readers;
mod reply;
mod routes;
mod scenario;
mod serve;
mod session;
mod shelf;
mod stream;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use aegis_core::Timestamp;

pub use board::{DecisionBoard, ENDED_MAX, Naming, Posted, Window};
pub use serve::{LAPI_CONNECTIONS_MAX, serve_lapi};
pub use stream::EXPANDED_MAX;

use crate::KeyRing;

pub(crate) use filter::Pairs;
pub(crate) use gzip::{checksum_on, inflate};
pub(crate) use mirror::ListFile;

/// Calls to the node that one request makes at a time; the node's own queue holds a few times that.
const CALLS_AT_ONCE: usize = 64;

/// How the Local API is to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LapiConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How long a source is blocked where the machine leaves that to this node; twice as long for
    /// each alert about it that is remembered.
    pub block_for: Duration,
    /// Blocks that a machine may ask for within an hour.
    pub decisions_per_hour_max: u32,
    /// Prefixes of up to so many addresses are told as these to the bouncer that cannot block
    /// prefixes; 0 for never.
    pub expand_hosts_max: u32,
}

/// What the Local API stands on.
pub struct LapiSetup<C> {
    /// The node.
    pub control: C,
    /// Whose keys open it.
    pub keys: KeyRing,
    /// What the node enforces.
    pub board: DecisionBoard,
    /// How it is to be.
    pub config: LapiConfig,
    /// The present.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl<C> fmt::Debug for LapiSetup<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LapiSetup({:?})", self.config)
    }
}

/// Reads the body of `POST /v1/alerts` as it may come from anybody: inflated where it is gzip,
/// then into what it asks for. Returns how many blocks that is.
///
/// For fuzzing: it is the way that every such body goes.
pub fn read_alerts(body: &[u8], bytes_max: usize) -> Option<usize> {
    let inflated = inflate(body, bytes_max);
    let body = inflated.as_deref().unwrap_or(body);
    let mut alerts = alert::parse_alerts(body).ok()?;
    let wanted = alerts.iter_mut().map(|it| it.wanted());
    let kinds = wanted.flatten().filter(|it| {
        let (kind, _) = scenario::threat_of(&it.scenario);
        !kind.as_str().is_empty() && it.indicator.is_ok()
    });
    Some(kinds.count())
}

/// Reads the query of `GET /v1/alerts`, with the filters of every other list, and returns how many of
/// `decisions` it asks for at `now`; `None` where it is refused.
///
/// For fuzzing: it is the way that every such query goes.
pub fn read_query(query: &str, decisions: &[Posted], now: Timestamp) -> Option<usize> {
    let uri = format!("/v1/alerts?{query}").parse().ok()?;
    let query = listing::AlertQuery::of(&Pairs::of(&uri), now).ok()?;
    let wanted = decisions.iter().filter(|it| query.asks_for_posted(it));
    Some(wanted.count())
}

#[cfg(test)]
mod tests;
