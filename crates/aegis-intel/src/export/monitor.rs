//! What watches traffic elsewhere: Suricata, Zeek.

use super::writing::{Numbered, Plan};

/// The category that all entries have: Suricata takes numbers below 60.
const CATEGORY: u8 = 1;
/// The worst score that Suricata knows; 0 means none.
const SCORE_MAX: u32 = 127;

/// Suricata's reputation file: address or prefix, category, score 1…127.
pub(super) fn iprep(entries: &[Numbered<'_>]) -> Plan {
    Plan::lines("", entries, |it, _| {
        let score = u32::from(it.severity.value()) * SCORE_MAX / 10;
        format!("{},{CATEGORY},{score}", it.indicator)
    })
}

/// Suricata's file of categories: number, short name, description.
pub(super) fn iprep_categories() -> Plan {
    let mut plan = Plan::default();
    plan.text(format!("{CATEGORY},aegis,Blocked by AEGIS\n"));
    plan
}

/// Suricata's dataset of type `ip`, which knows single addresses only.
pub(super) fn dataset(entries: &[Numbered<'_>]) -> Plan {
    let hosts = entries.iter().filter(|(_, it)| it.indicator.is_host());
    let hosts: Vec<_> = hosts.copied().collect();
    let mut plan = Plan::lines("", &hosts, |it, _| it.indicator.to_string());
    plan.counts.left_out = entries.len() - hosts.len();
    plan
}

/// Zeek's intelligence framework: columns apart by tabs, `-` for what is empty.
pub(super) fn zeek(entries: &[Numbered<'_>]) -> Plan {
    let head = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n";
    Plan::lines(head, entries, |it, _| {
        let kind = if it.indicator.is_host() {
            "Intel::ADDR"
        } else {
            "Intel::SUBNET"
        };
        format!(
            "{}\t{kind}\tAEGIS\t{}, severity {}, until {}\t-",
            it.indicator, it.threat_type, it.severity, it.expires_at
        )
    })
}
