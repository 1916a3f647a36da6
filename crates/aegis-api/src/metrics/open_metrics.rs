//! The text of OpenMetrics, and of the format before it.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{Metrics, crowdsec};

/// A name, what it means, and its one value.
type Single<T> = (&'static str, &'static str, T);

/// A name, what it means, its label, and a value for each value of that.
type Many<'a, T> = (&'static str, &'static str, &'static str, Vec<(&'a str, T)>);

/// Returns `metrics` as OpenMetrics 1.0.
pub(super) fn text(metrics: &Metrics) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(metrics.clone())));
    let mut text = String::with_capacity(16 * 1024);
    // Cannot fail: a String takes whatever is written.
    let _ = text::encode(&mut text, &registry);
    text
}

/// Returns a text of OpenMetrics in the format 0.0.4 of Prometheus, in which a counter is called
/// like its sample.
pub(super) fn plain(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let lines: Vec<&str> = open_metrics.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let mut words = line.splitn(4, ' ');
        let head = (words.next(), words.next(), words.next(), words.next());
        match head {
            (Some("#"), Some("EOF" | "UNIT"), _, _) => continue,
            (Some("#"), Some(what), Some(name), Some(rest)) => {
                let kind = kind_behind(&lines, index, name);
                let (suffix, rest) = match kind {
                    Some("counter") => ("_total", rest),
                    Some("info") if what == "TYPE" => ("_info", "gauge"),
                    Some("info") => ("_info", rest),
                    Some(_) | None => ("", rest),
                };
                text.push_str(&format!("# {what} {name}{suffix} {rest}"));
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// Returns the type of `name`, which stands within a line or two of its help.
fn kind_behind<'a>(lines: &[&'a str], index: usize, name: &str) -> Option<&'a str> {
    let near = lines.iter().skip(index).take(2);
    let mut kinds = near.filter_map(|it| it.strip_prefix("# TYPE "));
    kinds.find_map(|it| it.strip_prefix(name)?.strip_prefix(' '))
}

/// Encodes one snapshot.
#[derive(Debug)]
struct Snapshot(Metrics);

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out { encoder };
        let Self(metrics) = self;
        out.traffic(metrics)?;
        out.decisions(metrics)?;
        out.ruleset(metrics)?;
        out.network(metrics)?;
        out.process(metrics)?;
        if metrics.with_crowdsec_names {
            crowdsec::write(&mut out, metrics)?;
        }
        Ok(())
    }
}

/// What is written into.
pub(super) struct Out<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Out<'_> {
    fn traffic(&mut self, metrics: &Metrics) -> fmt::Result {
        let stats = &metrics.stats;
        for (name, help, value) in [
            (
                "aegis_dropped_packets",
                "Packets dropped",
                stats.dropped.packets,
            ),
            ("aegis_dropped_bytes", "Bytes dropped", stats.dropped.bytes),
            (
                "aegis_passed_packets",
                "Packets passed to the stack",
                stats.passed.packets,
            ),
            (
                "aegis_passed_bytes",
                "Bytes passed to the stack",
                stats.passed.bytes,
            ),
            (
                "aegis_would_have_dropped_packets",
                "Packets that were passed only because the node observes",
                stats.reason("would_have_dropped"),
            ),
            (
                "aegis_allowlist_hits",
                "Packets of blocked sources passed because the allowlist or a guard says so",
                stats.reason("allowlisted") + stats.reason("protected"),
            ),
            (
                "aegis_events_lost",
                "Kernel events that came faster than they could be read",
                stats.events_lost,
            ),
        ] {
            self.counter((name, help, value))?;
        }
        let by_reason = stats.packets_by_reason.iter();
        self.counters((
            "aegis_kernel_events",
            "What the kernel program counted, by its own names; docs/kernel.md explains them",
            "counter",
            by_reason
                .map(|(name, value)| (name.as_str(), *value))
                .collect(),
        ))?;
        let detections = stats.detectors.iter();
        self.counters((
            "aegis_detections",
            "Sources that crossed a threshold",
            "detector",
            detections
                .map(|(name, value)| (name.as_str(), *value))
                .collect(),
        ))
    }

    fn decisions(&mut self, metrics: &Metrics) -> fmt::Result {
        let entries = metrics.decisions.iter();
        self.gauges((
            "aegis_entries",
            "Decisions to block that hold, by who caused them",
            "source",
            entries
                .map(|(origin, count)| (origin.as_str(), *count as f64))
                .collect(),
        ))?;
        let alerts = &metrics.stats.alerts;
        let mut claims = vec![("accepted", alerts.accepted)];
        claims.extend(
            alerts
                .refused
                .iter()
                .map(|(code, count)| (code.as_str(), *count)),
        );
        self.counters((
            "aegis_claims",
            "Claims of others by what became of them: accepted, or the code of the refusal",
            "verdict",
            claims,
        ))?;
        self.counter(("aegis_alerts_received", "Alerts of others", alerts.received))?;
        self.counter((
            "aegis_alerts_published",
            "Own alerts shared",
            alerts.published,
        ))?;
        self.gauge((
            "aegis_alerts_live",
            "Alerts that hold",
            metrics.alerts_live as f64,
        ))?;
        let help = "From taking up a detection, an alert or an order until the kernel holds it";
        let latency = &metrics.decision_latency;
        let name = "aegis_decision_latency_seconds";
        let mut out = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Histogram)?;
        out.encode_histogram::<NoLabelSet>(
            latency.sum_secs,
            latency.count,
            &latency.buckets,
            None,
        )?;
        self.feeds(metrics)
    }

    fn feeds(&mut self, metrics: &Metrics) -> fmt::Result {
        let feeds = || metrics.feeds.iter();
        self.gauges((
            "aegis_feed_entries",
            "Entries of a list that are blocked",
            "feed",
            feeds()
                .map(|it| (it.feed.as_str(), it.entries as f64))
                .collect(),
        ))?;
        self.gauges((
            "aegis_feed_last_success_timestamp_seconds",
            "When a list was applied last",
            "feed",
            feeds()
                .filter_map(|it| Some((it.feed.as_str(), seconds(it.applied_at?))))
                .collect(),
        ))?;
        self.gauges((
            "aegis_feed_alarms",
            "What is to be looked at about a feed that is subscribed to: empty, shrunk, stale, failing",
            "feed",
            feeds()
                .filter_map(|it| Some((it.feed.as_str(), it.alarms? as f64)))
                .collect(),
        ))?;
        self.gauges((
            "aegis_feed_failures",
            "Fetches of a feed that failed in a row",
            "feed",
            feeds()
                .filter_map(|it| Some((it.feed.as_str(), it.failures? as f64)))
                .collect(),
        ))
    }

    fn ruleset(&mut self, metrics: &Metrics) -> fmt::Result {
        let it = metrics.ruleset;
        for (name, help, value) in [
            (
                "aegis_enforcing",
                "1 while blocked sources are dropped, 0 while the node observes",
                f64::from(u8::from(metrics.is_enforcing)),
            ),
            (
                "aegis_ruleset_intended",
                "Blocks that the kernel is to hold",
                it.intended as f64,
            ),
            (
                "aegis_ruleset_actual",
                "Blocks that it held",
                it.actual as f64,
            ),
            (
                "aegis_ruleset_difference",
                "Blocks that are missing, that nobody wants, or that end at another time",
                (it.missing + it.surplus + it.misdated) as f64,
            ),
            (
                "aegis_ruleset_in_agreement",
                "1 where kernel and node agreed: blocks, exemptions, a program on each interface",
                f64::from(u8::from(it.in_agreement)),
            ),
            (
                "aegis_ruleset_checked_timestamp_seconds",
                "When the kernel was read back last",
                seconds(it.checked_at),
            ),
            (
                "aegis_allowlist_entries",
                "Entries of the allowlist",
                metrics.allowlist_entries as f64,
            ),
            (
                "aegis_problems",
                "What does not work as it should: `aegis status` says it in words",
                metrics.problems as f64,
            ),
        ] {
            self.gauge((name, help, value))?;
        }
        let ratio = |entries: u64, capacity: u64| entries as f64 / capacity.max(1) as f64;
        let tables = metrics.tables.iter();
        self.gauges((
            "aegis_map_capacity_ratio",
            "How full a table is, 0 to 1",
            "map",
            tables
                .map(|it| (it.table, ratio(it.entries, it.capacity)))
                .collect(),
        ))
    }

    fn network(&mut self, metrics: &Metrics) -> fmt::Result {
        let peers = metrics.peers;
        self.gauge(("aegis_peers", "Connected peers", peers.connected as f64))?;
        self.gauge(("aegis_peers_known", "Known peers", peers.known as f64))?;
        let net = metrics
            .stats
            .net
            .iter()
            .filter(|(name, _)| *name != "peers");
        self.counters((
            "aegis_network_events",
            "What the network counted, by its own names",
            "event",
            net.map(|(name, value)| (name.as_str(), *value)).collect(),
        ))
    }

    fn process(&mut self, metrics: &Metrics) -> fmt::Result {
        let it = metrics.process;
        let version = [("version", metrics.version.as_str())];
        let (name, help) = ("aegis_build", "The program that runs");
        let mut out = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Info)?;
        out.encode_info(&version)?;
        let help = "Time on a processor";
        self.counter(("process_cpu_seconds", help, it.cpu_secs))?;
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Resident memory",
                it.resident_bytes,
            ),
            ("process_open_fds", "Open file descriptors", it.open_fds),
            ("process_threads", "Threads", it.threads),
            (
                "process_start_time_seconds",
                "When the process started",
                it.started_at_secs,
            ),
        ] {
            self.gauge((name, help, value as f64))?;
        }
        Ok(())
    }

    fn counter<T>(&mut self, (name, help, value): Single<T>) -> fmt::Result
    where
        ConstCounter<T>: prometheus_client::encoding::EncodeMetric,
    {
        let out = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(out)
    }

    pub(super) fn gauge(&mut self, (name, help, value): Single<f64>) -> fmt::Result {
        let out = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(out)
    }

    fn counters(&mut self, (name, help, label, values): Many<'_, u64>) -> fmt::Result {
        let mut out = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labelled, value) in values {
            ConstCounter::new(value).encode(out.encode_family(&[(label, labelled)])?)?;
        }
        Ok(())
    }

    pub(super) fn gauges(&mut self, (name, help, label, values): Many<'_, f64>) -> fmt::Result {
        let mut out = self
            .encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labelled, value) in values {
            ConstGauge::new(value).encode(out.encode_family(&[(label, labelled)])?)?;
        }
        Ok(())
    }
}

fn seconds(at: aegis_core::Timestamp) -> f64 {
    at.as_millis() as f64 / 1000.0
}
