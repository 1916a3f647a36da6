//! Imports: what is blocked, what is not and why, what could not be read.

use std::collections::BTreeMap;

use aegis_api::ImportRefusal;
use serde::Serialize;

use crate::text::{count, shown};

/// Refusals and unread lines that are told one by one; the rest is counted.
pub(crate) const IMPORT_LINES_MAX: usize = 20;

/// What became of an import, all its parts together.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ImportSum {
    /// Entries that were read.
    pub(crate) read: u64,
    /// Those that are blocked.
    pub(crate) blocked: u64,
    /// Those that are not.
    pub(crate) refused: u64,
    /// Those that are not, by the reason's code.
    pub(crate) refused_by_code: BTreeMap<String, u64>,
    /// The first of them.
    pub(crate) refusals: Vec<ImportRefusal>,
    /// Lines or rows that are no entries.
    pub(crate) skipped: u64,
    /// The first of them, in words.
    pub(crate) skipped_lines: Vec<String>,
}

/// Tells what became of an import.
pub(crate) fn imported(sum: &ImportSum) -> String {
    let read = count(sum.read, "entry").replace("entrys", "entries");
    let mut text = format!("Imported {} of {read}\n", sum.blocked);
    if sum.refused > 0 {
        let by_code = sum.refused_by_code.iter();
        let by_code: Vec<_> = by_code
            .map(|(code, times)| format!("{times} {code}"))
            .collect();
        text.push_str(&format!(
            "  refused {}: {}\n",
            sum.refused,
            by_code.join(", ")
        ));
        for it in &sum.refusals {
            text.push_str(&format!("    {}: {}\n", it.indicator, shown(&it.message)));
        }
        more(&mut text, sum.refused, sum.refusals.len());
    }
    if sum.skipped > 0 {
        text.push_str(&format!("  skipped {}\n", sum.skipped));
        for it in &sum.skipped_lines {
            text.push_str(&format!("    {}\n", shown(it)));
        }
        more(&mut text, sum.skipped, sum.skipped_lines.len());
    }
    text
}

fn more(text: &mut String, all: u64, told: usize) {
    let more = all.saturating_sub(told as u64);
    if more > 0 {
        text.push_str(&format!("    and {more} more\n"));
    }
}
