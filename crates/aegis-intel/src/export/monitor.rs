//! What watches traffic elsewhere: Suricata, Zeek.

use super::{Entry, Export, lines};

/// The category that all entries have: Suricata takes numbers below 60.
const CATEGORY: u8 = 1;
/// The worst score that Suricata knows; 0 means none.
const SCORE_MAX: u32 = 127;

/// Suricata's reputation file: address or prefix, category, score 1…127.
pub(super) fn iprep(entries: &[Entry]) -> Export {
    lines("", entries, |it| {
        let score = u32::from(it.severity.value()) * SCORE_MAX / 10;
        format!("{},{CATEGORY},{score}", it.indicator)
    })
}

/// Suricata's file of categories: number, short name, description.
pub(super) fn iprep_categories() -> Export {
    Export {
        text: format!("{CATEGORY},aegis,Blocked by AEGIS\n"),
        written: 0,
        covered: 0,
        left_out: 0,
    }
}

/// Suricata's dataset of type `ip`, which knows single addresses only.
pub(super) fn dataset(entries: &[Entry]) -> Export {
    let hosts: Vec<_> = entries.iter().filter(|it| it.indicator.is_host()).collect();
    let left_out = entries.len() - hosts.len();
    Export {
        left_out,
        ..lines("", hosts, |it| it.indicator.to_string())
    }
}

/// Zeek's intelligence framework: columns apart by tabs, `-` for what is empty.
pub(super) fn zeek(entries: &[Entry]) -> Export {
    let head = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n";
    lines(head, entries, |it| {
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
