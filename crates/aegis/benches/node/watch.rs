//! Stopwatch and eyes: when which event of a node was read.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use aegis_api::{BlockDuration, BlockRequest, Client, EventKind, EventStream, Indicator, Severity};
use anyhow::Context as _;

use super::stage::DEADLINE;

/// When something was seen of each indicator.
pub(crate) type Seen = BTreeMap<Indicator, Moment>;

/// A moment on both clocks: one to measure with, one to compare with other processes'.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    instant: Instant,
    unix_ms: f64,
}

impl Moment {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    pub(crate) fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            instant: Instant::now(),
            unix_ms: since_epoch.map_or(0.0, |it| it.as_secs_f64() * 1e3),
        }
    }

    /// Returns the milliseconds since `earlier`, negative where it is not earlier.
    pub(crate) fn ms_since(self, earlier: Self) -> f64 {
        let ahead = self.instant.saturating_duration_since(earlier.instant);
        let behind = earlier.instant.saturating_duration_since(self.instant);
        (ahead.as_secs_f64() - behind.as_secs_f64()) * 1e3
    }

    /// Returns the moment that is `span` later.
    pub(crate) fn later(self, span: Duration) -> Self {
        Self {
            instant: self.instant + span,
            unix_ms: self.unix_ms + span.as_secs_f64() * 1e3,
        }
    }

    /// Waits until it has come.
    pub(crate) async fn wait(self) {
        tokio::time::sleep_until(self.instant.into()).await;
    }

    /// Returns the milliseconds since a time of day that another process noted.
    pub(crate) fn ms_since_unix(self, earlier_ms: u64) -> f64 {
        self.unix_ms - earlier_ms as f64
    }
}

/// Reads events until `subject` has found `wanted` indicators in them.
pub(crate) async fn see(
    stream: &mut EventStream,
    wanted: usize,
    subject: impl Fn(&EventKind) -> Option<Indicator>,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::new();
    let reading = async {
        while seen.len() < wanted {
            let event = stream.next().await?.context("read on: the node ended")?;
            let now = Moment::now();
            if let EventKind::Lagged { missed } = event.kind {
                anyhow::bail!("{missed} events were missed");
            }
            if let Some(indicator) = subject(&event.kind) {
                seen.entry(indicator).or_insert(now);
            }
        }
        Ok(())
    };
    let read = tokio::time::timeout(DEADLINE * 4, reading).await;
    let late = format!("saw {} of {wanted} events in time", seen.len());
    read.context(late)??;
    Ok(seen)
}

/// Returns what a `blocked` event is about.
pub(crate) fn blocked(kind: &EventKind) -> Option<Indicator> {
    if let EventKind::Blocked { indicator, .. } = kind {
        return Some(*indicator);
    }
    None
}

/// Returns what a `published` event is about.
pub(crate) fn published(kind: &EventKind) -> Option<Indicator> {
    if let EventKind::Published { indicator, .. } = kind {
        return Some(*indicator);
    }
    None
}

/// Returns what a `detected` event is about.
pub(crate) fn detected(kind: &EventKind) -> Option<Indicator> {
    if let EventKind::Detected { indicator, .. } = kind {
        return Some(*indicator);
    }
    None
}

/// Orders a block for an hour the way an operator does.
pub(crate) async fn block(
    client: &Client,
    indicator: Indicator,
    publish: bool,
) -> anyhow::Result<()> {
    let request = BlockRequest {
        indicator,
        duration_secs: BlockDuration::from_secs(3600).context("an hour is a block duration")?,
        threat_type: "syn_flood".parse()?,
        severity: Severity::MAX,
        evidence: None,
        description: None,
        publish,
        to: None,
        force: false,
    };
    client.block(&request).await.context("block an address")?;
    Ok(())
}

/// Returns the `number`th address that nobody has (RFC 2544 sets 198.18.0.0/15 aside).
pub(crate) fn nobody(number: u32) -> Indicator {
    let address = u32::from(std::net::Ipv4Addr::new(198, 18, 0, 0)) + number;
    Indicator::host(std::net::Ipv4Addr::from(address).into())
}
