//! History: a timeline for people, lines for spreadsheets, and what it comes to.

use aegis_api::{HistoryGroup, HistoryLine};

use super::{list::List, table::Table};
use crate::{csv, text::shown};

/// Columns of a terminal that a line should not be longer than.
const COLUMNS: usize = 80;

/// Entries, two or three lines each.
pub(crate) const HISTORY: List<HistoryLine> = List {
    title: "=== History, newest first ===",
    none: "Nothing is known of it.",
    lines: |lines| lines.iter().map(entry).collect(),
};

/// The first line of entries as CSV.
pub(crate) const HISTORY_CSV: &str =
    "at,kind,indicator,threat_type,severity,until,actor,detail,id\r\n";

/// The first line of groups as CSV.
pub(crate) const GROUPS_CSV: &str =
    "key,entries,detections,alerts,blocks,indicators,first_at,last_at\r\n";

fn entry(line: &HistoryLine) -> String {
    let about = line.indicator.map(|it| it.to_string()).unwrap_or_default();
    let type_ = line.threat_type.as_ref().map(|it| it.to_string());
    let severity = line.severity.map(|it| format!("severity {it}"));
    let what: Vec<String> = type_.into_iter().chain(severity).collect();
    let head = format!(
        "{}  {:<10}  {about:<15}  {}",
        line.at,
        line.kind,
        what.join(", ")
    );
    let until = line.until.map(|it| format!("until {it}"));
    let detail = (!line.detail.is_empty()).then(|| shown(&line.detail));
    let notes: Vec<String> = until.into_iter().chain(detail).collect();
    let (by, notes) = (format!("  by {}", actor(&line.actor)), notes.join(", "));
    let rest = match (notes.is_empty(), by.len() + notes.len() + 2 <= COLUMNS) {
        (true, _) => by,
        (false, true) => format!("{by}, {notes}"),
        (false, false) => format!("{by}\n  {notes}"),
    };
    format!("{}\n{rest}\n", head.trim_end())
}

/// Returns an actor in words.
fn actor(text: &str) -> String {
    match text.split_once(':') {
        Some(("user", uid)) => format!("user {}", shown(uid)),
        Some(("peer", peer)) => format!("peer {}", shown(peer)),
        None if text == "node" => "this node".into(),
        None if text == "detector" => "this host's detectors".into(),
        Some(_) | None => shown(text),
    }
}

/// Tells how often what happened.
pub(crate) fn history_groups(groups: &[HistoryGroup]) -> String {
    if groups.is_empty() {
        return "Nothing is known of it.\n".into();
    }
    let mut table = Table::with_right(&[1, 2, 3, 4, 5]);
    table.row(
        [
            "",
            "entries",
            "detections",
            "alerts",
            "blocks",
            "addresses",
            "last",
        ]
        .map(str::to_owned),
    );
    for group in groups {
        table.row([
            actor(&group.key),
            group.entries.to_string(),
            group.detections.to_string(),
            group.alerts.to_string(),
            group.blocks.to_string(),
            group.indicators.to_string(),
            group.last_at.to_string(),
        ]);
    }
    table.render(0)
}

/// Returns an entry as CSV.
pub(crate) fn csv_line(line: &HistoryLine) -> String {
    let text = |it: Option<String>| it.unwrap_or_default();
    csv::line([
        line.at.to_string(),
        line.kind.to_string(),
        text(line.indicator.map(|it| it.to_string())),
        text(line.threat_type.as_ref().map(|it| it.to_string())),
        text(line.severity.map(|it| it.to_string())),
        text(line.until.map(|it| it.to_string())),
        line.actor.clone(),
        shown(&line.detail),
        line.id.to_string(),
    ])
}

/// Returns a group as CSV.
pub(crate) fn csv_group(group: &HistoryGroup) -> String {
    csv::line([
        group.key.clone(),
        group.entries.to_string(),
        group.detections.to_string(),
        group.alerts.to_string(),
        group.blocks.to_string(),
        group.indicators.to_string(),
        group.first_at.to_string(),
        group.last_at.to_string(),
    ])
}
