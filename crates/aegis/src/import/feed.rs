//! Feeds: files in the formats in which others publish what they hold to be bad.

use aegis_api::{ImportEntry, ThreatType};
use aegis_core::Timestamp;
use aegis_intel::feed::{Format, InvalidListing, Warninglists};

use super::{Found, left};

/// How a feed is read.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How it is spelled.
    pub format: Format,
    /// How long what it lists is blocked, in seconds, unless it ends sooner.
    pub block_for_secs: u64,
    /// How often it is right, in percent.
    pub trust: u8,
    /// What is never taken from a feed.
    pub warninglists: &'a Warninglists,
}

/// Reads a feed as it stands at `now`; says too what its publisher wants said of it.
pub fn read(
    bytes: &[u8],
    terms: Terms<'_>,
    now: Timestamp,
) -> Result<(Found, Option<String>), InvalidListing> {
    let listing = terms.format.parse(bytes, now)?;
    let mut found = Found::default();
    for it in &listing.malformed {
        found.skip(format_args!("line or entry {}", it.number), it.why.as_str());
    }
    let told = listing.malformed.len();
    found.skip_some(listing.malformed_count - told, "more cannot be read");
    let (mut warned, mut doubted) = (0, listing.left_out.doubtful);
    for entry in listing.entries {
        let ends_in = entry.until.map(|it| it.since(now).as_secs());
        let secs = terms.block_for_secs.min(ends_in.unwrap_or(u64::MAX));
        if terms.warninglists.overlaps(&entry.indicator) {
            warned += 1;
        } else if !entry.is_believed(terms.trust) {
            doubted += 1;
        } else if let Some(duration_secs) = left(secs) {
            found.entries.push(ImportEntry {
                indicator: entry.indicator,
                duration_secs,
                threat_type: entry.threat_type.unwrap_or_else(ThreatType::listed),
            });
        }
    }
    let left_out = listing.left_out;
    found.skip_some(left_out.not_addresses, "are no addresses");
    found.skip_some(
        doubted,
        "are doubted, by the feed or for how far it is trusted",
    );
    found.skip_some(left_out.over, "are over or taken back");
    found.skip_some(
        left_out.conditional,
        "hold only together with something else",
    );
    found.skip_some(warned, "are on a warninglist");
    Ok((found, listing.attribution))
}
