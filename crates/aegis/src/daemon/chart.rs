//! The chart: what the kernel counted and how far peers were trusted, over the last days.
//!
//! It is kept in a small file beside the store, written now and then: a crash loses an hour of it.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis_api::{
    ApiError, ChartReply, ChartRequest, NodeId, Page, PageQuery, TRAFFIC_POINTS_MAX,
    TRUST_POINTS_MAX, TrafficChart, TrafficPoint, TrendPoint, TrustChart,
};
use aegis_core::Timestamp;
use aegis_enforce::Counter;
use serde::{Deserialize, Serialize};

use super::{
    Node,
    replaced::{self, replace},
};

/// How long an interval is in which packets are counted together.
const TRAFFIC_INTERVAL: Duration = Duration::from_secs(300);

/// How often trust is looked at for large changes, and how often for small ones.
const TRUST_LOOK: Duration = Duration::from_secs(60);
const TRUST_INTERVAL: Duration = Duration::from_secs(3600);

/// A change of trust that is noted at once, in percent.
const TRUST_STEP: u8 = 10;

/// How long points are kept.
const KEPT_FOR: Duration = Duration::from_secs(7 * 86_400);

/// Peers whose trust is followed; the one that changed longest ago goes.
const PEERS_MAX: usize = 2_048;

/// How often the file is written.
const SAVE_INTERVAL: Duration = Duration::from_secs(3600);

/// The name of the file.
const NAME: &str = "chart";

/// What was counted since the kernel program was loaded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Totals {
    packets: u64,
    dropped_packets: u64,
    dropped_bytes: u64,
    spared_packets: u64,
}

/// The last days.
#[derive(Debug)]
pub(super) struct Chart {
    dir: PathBuf,
    traffic: VecDeque<TrafficPoint>, // of intervals that are over
    counted: Option<(Timestamp, Totals)>, // when the interval under way began
    trust: BTreeMap<NodeId, VecDeque<TrendPoint>>,
    looked_at: Timestamp,
    noted_at: Timestamp,
    saved_at: Timestamp,
    /// Why what was kept is no use.
    problem: Option<String>,
}

/// What is kept of it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Milliseconds since 1970, packets, dropped ones, their bytes, and those that were spared.
    traffic: Vec<(u64, u64, u64, u64, u64)>,
    /// Of each peer: milliseconds since 1970, percent.
    trust: BTreeMap<String, Vec<(u64, u8)>>,
}

impl Chart {
    /// Reads what was kept; begins anew where that is no use.
    pub(super) fn open(dir: &Path, now: Timestamp) -> Self {
        let (kept, problem) = match read(dir) {
            Ok(kept) => (kept, None),
            Err(error) => {
                let path = replaced::path(dir, NAME);
                let problem = format!("{} is no use, charts begin anew: {error}", path.display());
                (Kept::default(), Some(problem))
            }
        };
        let mut chart = Self {
            dir: dir.to_owned(),
            traffic: kept.traffic.into_iter().map(traffic_point).collect(),
            counted: None,
            trust: BTreeMap::new(),
            looked_at: Timestamp::from_millis(0),
            noted_at: Timestamp::from_millis(0),
            saved_at: now,
            problem,
        };
        for (peer, points) in kept.trust.into_iter().take(PEERS_MAX) {
            let Ok(peer) = peer.parse() else { continue };
            let points = points.into_iter().take(TRUST_POINTS_MAX).map(trend_point);
            chart.trust.insert(peer, points.collect());
        }
        chart.prune(now);
        chart
    }

    /// Returns whether packets are to be counted again, and trust to be looked at.
    fn is_due(&self, now: Timestamp) -> (bool, bool) {
        let is_counted =
            |(began_at, _): &(Timestamp, Totals)| now.since(*began_at) < TRAFFIC_INTERVAL;
        let is_looked_at = now.since(self.looked_at) < TRUST_LOOK && self.looked_at <= now;
        (
            !self.counted.as_ref().is_some_and(is_counted),
            !is_looked_at,
        )
    }

    /// Ends an interval with what is counted by now. Counters that are smaller than they were began anew.
    fn count(&mut self, now: Timestamp, totals: Totals) {
        if let Some((_, before)) = self.counted.replace((now, totals)) {
            self.traffic.push_back(totals.since(before, now));
        }
        self.prune(now);
    }

    /// Notes how far peers are trusted: large changes at once, small ones every hour.
    fn look(&mut self, now: Timestamp, peers: impl Iterator<Item = (NodeId, u8)>) {
        self.looked_at = now;
        let is_hour = now.since(self.noted_at) >= TRUST_INTERVAL || self.noted_at > now;
        let step = if is_hour { 1 } else { TRUST_STEP };
        for (peer, percent) in peers {
            let last = self.trust.get(&peer).and_then(VecDeque::back);
            if last.is_none_or(|it| it.percent.abs_diff(percent) >= step) {
                self.note(peer, TrendPoint { at: now, percent });
            }
        }
        if is_hour {
            self.noted_at = now;
        }
    }

    fn note(&mut self, peer: NodeId, point: TrendPoint) {
        if !self.trust.contains_key(&peer) && self.trust.len() >= PEERS_MAX {
            let oldest = self
                .trust
                .iter()
                .min_by_key(|(_, it)| it.back().map(|it| it.at));
            let oldest = oldest.map(|(it, _)| *it);
            oldest.and_then(|it| self.trust.remove(&it));
        }
        let points = self.trust.entry(peer).or_default();
        points.push_back(point);
        if points.len() > TRUST_POINTS_MAX {
            points.pop_front();
        }
    }

    /// Lets go of what is too old or too much. Of a peer the last point stays: it holds still.
    fn prune(&mut self, now: Timestamp) {
        let oldest = now - KEPT_FOR;
        while self.traffic.len() > TRAFFIC_POINTS_MAX
            || self.traffic.front().is_some_and(|it| it.at < oldest)
        {
            self.traffic.pop_front();
        }
        for points in self.trust.values_mut() {
            while points.get(1).is_some_and(|it| it.at < oldest) {
                points.pop_front();
            }
        }
    }

    /// Returns what was counted, with the interval under way as far as it has come.
    fn traffic(&self, now: Timestamp, totals: Totals) -> TrafficChart {
        let under_way = self.counted.map(|(_, before)| totals.since(before, now));
        TrafficChart {
            interval_secs: TRAFFIC_INTERVAL.as_secs(),
            points: self.traffic.iter().copied().chain(under_way).collect(),
        }
    }

    fn trust(&self, query: &PageQuery<NodeId>) -> Page<TrustChart> {
        let behind = self
            .trust
            .iter()
            .filter(|(peer, _)| query.cursor().is_none_or(|last| *peer > last));
        let charts = behind.map(|(peer, points)| {
            let points = points.iter().copied().collect();
            (
                *peer,
                TrustChart {
                    peer: *peer,
                    points,
                },
            )
        });
        query.collect(charts)
    }

    fn save(&mut self, now: Timestamp) -> io::Result<()> {
        self.saved_at = now;
        let points = |it: &VecDeque<TrendPoint>| {
            it.iter()
                .map(|it| (it.at.as_millis(), it.percent))
                .collect()
        };
        let kept = Kept {
            traffic: self.traffic.iter().map(kept_point).collect(),
            trust: self
                .trust
                .iter()
                .map(|(peer, it)| (peer.to_string(), points(it)))
                .collect(),
        };
        replace(&self.dir, NAME, &serde_json::to_vec(&kept)?)
    }
}

impl Totals {
    /// Returns what was counted since `before`.
    fn since(self, before: Self, at: Timestamp) -> TrafficPoint {
        let is_anew = self.packets < before.packets;
        let before = if is_anew { Self::default() } else { before };
        TrafficPoint {
            at,
            packets: self.packets - before.packets,
            dropped_packets: self.dropped_packets.saturating_sub(before.dropped_packets),
            dropped_bytes: self.dropped_bytes.saturating_sub(before.dropped_bytes),
            spared_packets: self.spared_packets.saturating_sub(before.spared_packets),
        }
    }
}

fn read(dir: &Path) -> io::Result<Kept> {
    match fs::read(replaced::path(dir, NAME)) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
        Err(error) => Err(error),
    }
}

fn traffic_point(
    (at, packets, dropped_packets, dropped_bytes, spared_packets): (u64, u64, u64, u64, u64),
) -> TrafficPoint {
    TrafficPoint {
        at: Timestamp::from_millis(at),
        packets,
        dropped_packets,
        dropped_bytes,
        spared_packets,
    }
}

fn kept_point(it: &TrafficPoint) -> (u64, u64, u64, u64, u64) {
    let at = it.at.as_millis();
    (
        at,
        it.packets,
        it.dropped_packets,
        it.dropped_bytes,
        it.spared_packets,
    )
}

fn trend_point((at, percent): (u64, u8)) -> TrendPoint {
    TrendPoint {
        at: Timestamp::from_millis(at),
        percent: percent.min(100),
    }
}

impl Node {
    /// Counts and looks where that is due, and writes down what came of it now and then.
    pub(super) fn look_after_chart(&mut self) {
        if let Some(problem) = self.chart.problem.take() {
            self.degraded(problem);
        }
        let now = self.now();
        let (is_counted, is_looked_at) = self.chart.is_due(now);
        if is_counted && let Ok(totals) = self.totals() {
            self.chart.count(now, totals);
        }
        if is_looked_at {
            let engine = &self.engine;
            let percent =
                |it: &aegis_core::Peer| engine.trust_in(now, &it.peer).service_trust.percent();
            let peers = engine.peers().map(|it| (it.peer, percent(it)));
            self.chart.look(now, peers);
        }
        if now.since(self.chart.saved_at) >= SAVE_INTERVAL || self.chart.saved_at > now {
            self.save_chart();
        }
    }

    /// Ends the interval under way, and writes everything down.
    pub(super) fn end_chart(&mut self) {
        if let Ok(totals) = self.totals() {
            let now = self.now();
            self.chart.count(now, totals);
        }
        self.save_chart();
    }

    /// Writes the chart down.
    fn save_chart(&mut self) {
        let now = self.now();
        if let Err(error) = self.chart.save(now) {
            self.degraded(format!("charts cannot be kept: {error}"));
        }
    }

    /// Answers what is asked about the chart.
    pub(super) fn chart(&self, request: &ChartRequest) -> Result<ChartReply, ApiError> {
        Ok(match request {
            ChartRequest::Traffic => {
                ChartReply::Traffic(self.chart.traffic(self.now(), self.totals()?))
            }
            ChartRequest::Trust(query) => ChartReply::Trust(self.chart.trust(query)),
        })
    }

    fn totals(&self) -> Result<Totals, ApiError> {
        let counters = self
            .enforcer
            .counters()
            .map_err(super::report::kernel_error)?;
        Ok(Totals {
            packets: counters.get(Counter::Packets),
            dropped_packets: counters.get(Counter::Dropped),
            dropped_bytes: counters.get(Counter::DroppedBytes),
            spared_packets: counters.get(Counter::WouldHaveDropped),
        })
    }
}

#[cfg(test)]
mod tests;
