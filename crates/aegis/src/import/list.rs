//! Lists: an address or prefix at the start of each line; `#` and `;` begin comments.

use aegis_api::{ImportEntry, ThreatType};

use super::{Found, left};

/// Reads a list whose entries are blocked for so many seconds.
pub fn read(text: &str, block_for_secs: u64) -> Found {
    let mut found = Found::default();
    let Some(duration_secs) = left(block_for_secs) else {
        return found;
    };
    let listed = ThreatType::listed();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let said = line.split(['#', ';']).next().unwrap_or_default().trim();
        let word = said.split([',', ' ', '\t']).next().unwrap_or_default();
        if word.is_empty() {
            continue;
        }
        match word.trim_matches('"').parse() {
            Ok(indicator) => found.entries.push(ImportEntry {
                indicator,
                duration_secs,
                threat_type: listed.clone(),
            }),
            Err(why) => found.skip(format_args!("line {number}"), why),
        }
    }
    found
}
