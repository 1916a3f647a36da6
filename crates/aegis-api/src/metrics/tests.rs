//! The texts: names, types, and no series that others could multiply.

use std::collections::BTreeMap;

use super::{
    FeedFill, Latency, Metrics, ProcessUse, TableFill,
    open_metrics::{plain, text},
};
use crate::{Origin, PeerCounts, RulesetState, Stats, Timestamp, Traffic};

#[test]
fn counters_end_with_total_in_both_formats() {
    let open = text(&metrics());
    assert!(open.contains("# TYPE aegis_dropped_packets counter\naegis_dropped_packets_total 7\n"));
    assert!(open.ends_with("# EOF\n"));
    let plain = plain(&open);
    let expected = "# HELP aegis_dropped_packets_total Packets dropped\n\
                    # TYPE aegis_dropped_packets_total counter\naegis_dropped_packets_total 7\n";
    assert!(plain.contains(expected), "{plain}");
    assert!(
        plain.contains("# TYPE aegis_build_info gauge\naegis_build_info{version=\"1.2.3\"} 1\n")
    );
    assert!(!plain.contains("EOF"));
}

#[test]
fn what_is_measured_is_told() {
    let text = text(&metrics());
    for line in [
        "aegis_entries{source=\"operator\"} 2.0",
        "aegis_claims_total{verdict=\"accepted\"} 0",
        "aegis_claims_total{verdict=\"not_trusted\"} 4",
        "aegis_map_capacity_ratio{map=\"ipv4\"} 0.25",
        "aegis_decision_latency_seconds_count 3",
        "aegis_decision_latency_seconds_bucket{le=\"0.1\"} 2",
        "aegis_decision_latency_seconds_bucket{le=\"+Inf\"} 3",
        "aegis_ruleset_difference 6.0",
        "aegis_enforcing 1.0",
        "aegis_feed_entries{feed=\"drop\"} 800.0",
        "aegis_feed_last_success_timestamp_seconds{feed=\"drop\"} 1.5",
        "aegis_feed_alarms{feed=\"drop\"} 1.0",
        "aegis_feed_failures{feed=\"drop\"} 3.0",
        "process_cpu_seconds_total 2.5",
    ] {
        assert!(
            text.lines().any(|it| it == line),
            "{line} is not in\n{text}"
        );
    }
}

#[test]
fn names_of_crowdsec_are_told_where_asked_for() {
    let mut metrics = metrics();
    assert!(!text(&metrics).contains("fw_bouncer"));
    metrics.with_crowdsec_names = true;
    let text = text(&metrics);
    assert!(text.contains("fw_bouncer_banned_ips{origin=\"operator\"} 2"));
    assert!(text.contains("fw_bouncer_dropped_packets 7"));
    assert!(text.contains("cs_active_decisions{origin=\"operator\"} 2"));
}

/// Returns metrics in which every kind of value is there.
pub(crate) fn metrics() -> Metrics {
    let mut stats = Stats {
        dropped: Traffic {
            packets: 7,
            bytes: 700,
        },
        ..Stats::default()
    };
    stats.alerts.refused = BTreeMap::from([("not_trusted".to_owned(), 4)]);
    Metrics {
        version: "1.2.3".to_owned(),
        is_enforcing: true,
        stats,
        ruleset: RulesetState {
            intended: 5,
            actual: 4,
            missing: 1,
            surplus: 2,
            misdated: 3,
            checked_at: Timestamp::EPOCH,
            generation: 9,
            in_agreement: false,
        },
        peers: PeerCounts {
            connected: 1,
            known: 2,
        },
        decisions: vec![(Origin::Operator, 2)],
        tables: vec![TableFill {
            table: "ipv4",
            entries: 1,
            capacity: 4,
        }],
        allowlist_entries: 0,
        alerts_live: 0,
        problems: 0,
        decision_latency: Latency {
            buckets: vec![(0.1, 2), (f64::INFINITY, 1)],
            count: 3,
            sum_secs: 1.0,
        },
        feeds: vec![FeedFill {
            feed: "drop".to_owned(),
            entries: 800,
            applied_at: Some(Timestamp::from_millis(1_500)),
            alarms: Some(1),
            failures: Some(3),
        }],
        process: ProcessUse {
            cpu_secs: 2.5,
            ..ProcessUse::default()
        },
        with_crowdsec_names: false,
    }
}
