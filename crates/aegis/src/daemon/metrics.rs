//! Metrics: one snapshot of what is counted anyway. Nothing is searched or counted for a scrape.

use std::{collections::BTreeMap, time::Duration};

use aegis_api::{
    ApiError, FeedFill, FeedLine, Latency, METRICS_FEEDS_MAX, Metrics, MetricsListener, PeerCounts,
    RulesetState, TableFill,
};
use aegis_core::{Engine, FeedId, Origin, Timestamp};
use aegis_enforce::Capacity;

use anyhow::Context as _;
use tokio::sync::watch;

use super::{ControlHandle, Node, feeds::SharedFeed, process, report::Look};
use crate::config::Config;

/// Upper ends of the buckets of decision latency, in milliseconds: most decisions take one, and
/// what takes seconds is a poll elsewhere.
const LATENCY_ENDS_MS: [f64; 13] = [
    0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1_000.0, 5_000.0, 10_000.0,
];

/// What is counted for monitoring alone.
#[derive(Debug)]
pub(super) struct Measures {
    /// How many decisions took how long until the kernel held them; the last has no end.
    latency: [u64; LATENCY_ENDS_MS.len() + 1],
    latency_sum: Duration,
    /// The first detection, alert or order whose decision is not in the kernel yet was taken up then.
    pub(super) taken_up_at: Option<tokio::time::Instant>,
    /// What is blocked of which list, since when, and of lists in files until when.
    feeds: BTreeMap<FeedId, Filled>,
    capacity: Capacity,
    blocks_max: usize,
    with_crowdsec_names: bool,
}

/// What is blocked of a list.
#[derive(Clone, Copy, Debug, Default)]
struct Filled {
    entries: usize,
    blocked: usize,
    applied_at: Timestamp,
    expires_at: Timestamp,
}

impl Measures {
    /// Begins to count; what is blocked of lists is known from the store.
    pub(super) fn new(config: &Config, engine: &Engine) -> Self {
        let mut feeds = BTreeMap::<_, Filled>::new();
        let decisions = engine.blocks().flat_map(|(_, decisions)| decisions);
        for it in decisions.filter(|it| it.origin == Origin::Feed) {
            let feed = feeds.entry(FeedId::of_author(it.author)).or_default();
            feed.entries += 1;
            feed.blocked += 1;
            feed.applied_at = feed.applied_at.max(it.decided_at);
            feed.expires_at = feed.expires_at.max(it.expires_at);
        }
        Self {
            latency: Default::default(),
            latency_sum: Duration::ZERO,
            taken_up_at: None,
            feeds,
            capacity: config.capacity,
            blocks_max: config.blocks_max,
            with_crowdsec_names: config.metrics.with_crowdsec_names,
        }
    }

    /// Notes that the kernel holds `count` more blocks now.
    pub(super) fn enforced(&mut self, count: usize, now: tokio::time::Instant) {
        let Some(taken_up_at) = self.taken_up_at else {
            return;
        };
        let took = now.duration_since(taken_up_at);
        let millis = took.as_secs_f64() * 1_000.0;
        let bucket = LATENCY_ENDS_MS
            .iter()
            .take_while(|end| millis > **end)
            .count();
        let count = count as u64;
        self.latency[bucket] += count;
        self.latency_sum += took.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Notes that so much of a list is blocked since then; of one in a file how much it lists, and until
    /// when it is blocked.
    pub(super) fn feed_applied(
        &mut self,
        feed: FeedId,
        (blocked, applied_at): (usize, Timestamp),
        of_file: Option<(usize, Timestamp)>,
    ) {
        let (entries, expires_at) = of_file.unwrap_or((blocked, applied_at));
        let filled = Filled {
            entries,
            blocked,
            applied_at,
            expires_at,
        };
        self.feeds.insert(feed, filled);
    }

    /// Returns the files whose lists are blocked.
    pub(super) fn shared_feeds(&self) -> Vec<SharedFeed> {
        let is_file = |it: &FeedId| it.region().is_none() && it.name().is_none();
        let files = self.feeds.iter().filter(|(it, _)| is_file(it));
        let shared = files.map(|(it, filled)| SharedFeed {
            file: it.file(),
            entries: filled.entries,
            blocked: filled.blocked,
            applied_at: filled.applied_at,
            expires_at: filled.expires_at,
        });
        shared.collect()
    }

    /// Notes that it is no more.
    pub(super) fn feed_ended(&mut self, feed: &FeedId) {
        self.feeds.remove(feed);
    }

    fn latency(&self) -> Latency {
        let ends = LATENCY_ENDS_MS.iter().map(|it| it / 1_000.0);
        Latency {
            buckets: ends.chain([f64::INFINITY]).zip(self.latency).collect(),
            count: self.latency.iter().sum(),
            sum_secs: self.latency_sum.as_secs_f64(),
        }
    }

    /// Returns what is told of lists: those that are subscribed to with how it goes with them.
    fn feeds(&self, subscribed: &[FeedLine]) -> Vec<FeedFill> {
        let subscribed = subscribed.iter().map(|it| FeedFill {
            feed: it.name.clone(),
            entries: it.last.as_ref().map_or(0, |last| last.blocked),
            applied_at: it.succeeded_at,
            alarms: Some(it.alarms.len() as u64),
            failures: Some(it.failures.into()),
        });
        let others = self.feeds.iter().filter(|(it, _)| it.name().is_none());
        let others = others.map(|(feed, filled)| FeedFill {
            feed: feed.file().to_string(),
            entries: filled.blocked as u64,
            applied_at: Some(filled.applied_at),
            alarms: None,
            failures: None,
        });
        subscribed.chain(others).take(METRICS_FEEDS_MAX).collect()
    }

    fn tables(&self, engine: &Engine) -> Vec<TableFill> {
        let (mut v4, mut v6, mut prefixes_v4, mut prefixes_v6) = (0, 0, 0, 0);
        for (length, count) in engine.blocks_by_length() {
            match length {
                (true, 32) => v4 += count,
                (false, 128) => v6 += count,
                (true, _) => prefixes_v4 += count,
                (false, _) => prefixes_v6 += count,
            }
        }
        let fill = |(table, entries, capacity): (_, usize, usize)| TableFill {
            table,
            entries: entries as u64,
            capacity: capacity as u64,
        };
        let it = self.capacity;
        let tables = [
            ("ipv4", v4, it.hosts_v4 as usize),
            ("ipv6", v6, it.hosts_v6 as usize),
            ("ipv4_prefixes", prefixes_v4, it.prefixes as usize),
            ("ipv6_prefixes", prefixes_v6, it.prefixes as usize),
            (
                "blocklist",
                v4 + v6 + prefixes_v4 + prefixes_v6,
                self.blocks_max,
            ),
        ];
        tables.map(fill).into()
    }
}

impl Node {
    /// Returns everything that is counted or measured.
    pub(super) fn metrics(&mut self) -> Result<Metrics, ApiError> {
        let ruleset: RulesetState = self.ruleset_state(Look::IfCheap)?;
        let connected = self.engine.peers().filter(|it| it.is_connected).count();
        let decisions = self.engine.decisions_by_origin();
        Ok(Metrics {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            is_enforcing: !self.enforcer.is_observing(),
            stats: self.stats()?,
            ruleset,
            peers: PeerCounts {
                connected: connected as u64,
                known: self.engine.peers().count() as u64,
            },
            decisions: decisions
                .map(|(it, count)| (it.into(), count as u64))
                .into(),
            tables: self.measures.tables(&self.engine),
            allowlist_entries: self.engine.allowlist().count() as u64,
            alerts_live: self.engine.alerts_live() as u64,
            problems: self.all_problems().len() as u64,
            decision_latency: self.measures.latency(),
            feeds: self.measures.feeds(&self.feeds.health().lines),
            process: process::usage(self.started_at),
            with_crowdsec_names: self.measures.with_crowdsec_names,
        })
    }
}

/// Opens the port that scrapers come to, where there is to be one.
pub(super) async fn bind_metrics(config: &Config) -> anyhow::Result<Option<MetricsListener>> {
    let Some(address) = config.metrics.listen else {
        return Ok(None);
    };
    let listener = MetricsListener::bind(address).await;
    let listener = listener.with_context(|| format!("listen for metrics at {address}"))?;
    Ok(Some(listener))
}

/// Serves scrapers until the node stops.
pub(super) async fn run_metrics(
    listener: Option<MetricsListener>,
    control: ControlHandle,
    mut stop_rx: watch::Receiver<bool>,
) {
    if let Some(listener) = listener {
        let stopped = async move {
            let _ = stop_rx.wait_for(|it| *it).await; // an error: whoever could stop it is gone
        };
        listener.serve(control, stopped).await;
    }
}
