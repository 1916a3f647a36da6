//! The names under which users of CrowdSec and its firewall bouncer look for the same numbers.

use std::fmt;

use super::{Metrics, open_metrics::Out};

/// Writes them; gauges all, as they are there.
pub(super) fn write(out: &mut Out<'_>, metrics: &Metrics) -> fmt::Result {
    let (stats, entries) = (&metrics.stats, metrics.decisions.iter());
    let entries: Vec<(&str, f64)> = entries
        .map(|(it, count)| (it.as_str(), *count as f64))
        .collect();
    out.gauges((
        "fw_bouncer_banned_ips",
        "Decisions to block that hold, by origin",
        "origin",
        entries.clone(),
    ))?;
    for (name, help, value) in [
        (
            "fw_bouncer_dropped_packets",
            "Packets dropped",
            stats.dropped.packets,
        ),
        (
            "fw_bouncer_dropped_bytes",
            "Bytes dropped",
            stats.dropped.bytes,
        ),
        (
            "fw_bouncer_processed_packets",
            "Packets seen",
            stats.total.packets,
        ),
        (
            "fw_bouncer_processed_bytes",
            "Bytes seen",
            stats.total.bytes,
        ),
    ] {
        out.gauge((name, help, value as f64))?;
    }
    out.gauges((
        "cs_active_decisions",
        "Decisions to block that hold, by origin",
        "origin",
        entries,
    ))?;
    let alerts = stats.detectors.iter();
    out.gauges((
        "cs_alerts",
        "Detections, by detector",
        "reason",
        alerts
            .map(|(name, count)| (name.as_str(), *count as f64))
            .collect(),
    ))?;
    let version = vec![(metrics.version.as_str(), 1.0)];
    out.gauges(("cs_info", "The program that runs", "version", version))
}
