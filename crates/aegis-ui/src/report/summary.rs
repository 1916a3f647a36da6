//! Summary: what was blocked in some time, or would have been.

use std::collections::BTreeMap;

use aegis_api::{ContactKind, NodeMode, Summary, SummaryLine};

use super::table::Table;
use crate::text::{bytes, count, shown};

/// Lines for a person; JSON has more.
const LINES_MAX: usize = 50;

/// Returns a summary in words, as `aegis summary` prints it.
pub fn summary_text(it: &Summary) -> String {
    summary(it)
}

/// Tells what was blocked, and first of all whether that is somebody of one's own.
pub(crate) fn summary(it: &Summary) -> String {
    let blocked = match it.mode {
        NodeMode::Observe => "Would have blocked",
        NodeMode::Enforce => "Blocked",
    };
    let sources = count(it.sources, "source");
    let mut text = format!("{blocked} {sources} since {}\n", it.since);
    text.push_str(&match it.contacts {
        0 => "  none of them logged in or held a working connection\n".to_owned(),
        some => format!(
            "  {some} of them logged in successfully or held a working connection: see below\n"
        ),
    });
    if it.contacts_since > it.since {
        let began = it.contacts_since;
        text.push_str(&format!(
            "  (logins and connections are known since {began})\n"
        ));
    }
    if it.sources > 0 {
        text.push_str(&format!("  {}\n", counted(&it.by_origin, "by ")));
        text.push_str(&format!("  {}\n", counted(&it.by_reason, "for ")));
    }
    if it.truncated {
        text.push_str("  there is more than was looked at: ask for less time\n");
    }
    let mut table = Table::with_right(&[3, 4]);
    for line in it.lines.iter().take(LINES_MAX) {
        table.row(row(line));
    }
    text.push_str(&table.render(2));
    let left = it
        .sources
        .saturating_sub(it.lines.len().min(LINES_MAX) as u64);
    if left > 0 {
        text.push_str(&format!("  and {left} more: --json names a thousand\n"));
    }
    for line in it.lines.iter().take(LINES_MAX) {
        if let Some(contact) = line.contact {
            let how = match contact.kind {
                ContactKind::Login => "logged in",
                ContactKind::Connection => "held a working connection",
            };
            let (address, at) = (contact.address, contact.at);
            text.push_str(&format!(
                "{address} {how}, last at {at}: aegis why {}, aegis allow {address}\n",
                line.indicator
            ));
        }
    }
    text
}

fn row(line: &SummaryLine) -> [String; 6] {
    let (packets, sent) = match line.traffic {
        Some(it) => (count(it.packets, "packet"), bytes(it.bytes)),
        None => ("not counted".to_owned(), String::new()),
    };
    let ours = if line.contact.is_some() { "OURS?" } else { "" };
    [
        line.indicator.to_string(),
        format!("by {}", shown(&line.origin)),
        shown(&line.reason),
        packets,
        sent,
        ours.to_owned(),
    ]
}

/// Returns numbers with what they are of, the largest first.
fn counted(numbers: &BTreeMap<String, u64>, word: &str) -> String {
    let mut numbers: Vec<_> = numbers.iter().collect();
    numbers.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let texts = numbers
        .iter()
        .map(|(name, number)| format!("{number} {word}{}", shown(name)));
    texts.collect::<Vec<_>>().join(", ")
}

/// Tells numbers by place, the largest first.
pub(crate) fn summary_by(numbers: &BTreeMap<String, u64>) -> String {
    let mut numbers: Vec<_> = numbers.iter().collect();
    numbers.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let mut table = Table::with_right(&[1]);
    for (name, number) in &numbers {
        table.row([shown(name), number.to_string()]);
    }
    match table.render(0) {
        rows if rows.is_empty() => "No source is where a database knows it\n".to_owned(),
        rows => rows,
    }
}
