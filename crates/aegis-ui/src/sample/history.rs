//! History for tests: entries of every shape, with hostile words where a person may write.

use aegis_api::{
    AuditReport, HistoryGroup, HistoryId, HistoryKind, HistoryLine, HistoryQuery, Page, Timestamp,
};

use super::{HOSTILE, NOW, ip, node_id};

/// Entries that the node has of anything.
const LINES: u64 = 5;

/// Returns a page of what the node has, newest first.
pub(crate) fn page(query: &HistoryQuery) -> Page<HistoryLine> {
    let start = query.page.cursor().map_or(LINES + 1, |it| it.seq);
    let lines = (1..start).rev().map(line);
    query.page.collect(lines.map(|it| (it.id, it)))
}

/// Returns the entry with this number.
fn line(seq: u64) -> HistoryLine {
    let at = Timestamp::from_secs(NOW.as_secs() + seq);
    let started = HistoryLine {
        id: HistoryId { at, seq },
        at,
        kind: HistoryKind::Started,
        actor: "node".into(),
        indicator: None,
        threat_type: None,
        severity: None,
        until: None,
        detail: String::new(),
        location: None,
    };
    match seq {
        1 => started,
        2 => HistoryLine {
            kind: HistoryKind::Detected,
            actor: "detector".into(),
            indicator: Some(ip("203.0.113.7")),
            threat_type: "syn_flood".parse().ok(),
            severity: Some(10),
            detail: "1200/s verified".into(),
            ..started
        },
        3 => HistoryLine {
            kind: HistoryKind::Blocked,
            actor: format!("peer:{}", node_id(7)),
            indicator: Some(ip("203.0.113.7")),
            threat_type: "syn_flood".parse().ok(),
            severity: Some(10),
            until: Some(NOW),
            detail: "alert 03030303030303030303030303030303".into(),
            ..started
        },
        4 => HistoryLine {
            kind: HistoryKind::Allowed,
            actor: "user:0".into(),
            indicator: Some(ip("2001:db8:1234:5678:9abc:def0:1234:5678")),
            detail: HOSTILE.into(),
            ..started
        },
        _ => HistoryLine {
            kind: HistoryKind::Allowed,
            actor: "user:0".into(),
            indicator: Some(ip("192.0.2.1")),
            detail: "=HYPERLINK(\"http://192.0.2.66\",\"office\")".into(),
            ..started
        },
    }
}

/// What the entries come to.
pub(crate) fn groups() -> Vec<HistoryGroup> {
    let group = HistoryGroup {
        key: "syn_flood".into(),
        entries: 12,
        detections: 7,
        alerts: 2,
        blocks: 3,
        indicators: 4,
        first_at: NOW,
        last_at: NOW,
    };
    let key = format!("peer:{}", node_id(7));
    vec![group.clone(), HistoryGroup { key, ..group }]
}

/// An audit log that somebody changed.
pub(crate) fn audit_report() -> AuditReport {
    AuditReport {
        whole: false,
        rows: 41,
        cut_through: 20_000,
        last_seq: 20_100,
        head: "00ff".repeat(16),
        fault: Some("row 20042 does not say what its hash was made from".into()),
    }
}
