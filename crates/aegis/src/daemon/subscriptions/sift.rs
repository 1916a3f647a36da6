//! Sifting: what of a list is to be blocked, in order, each once, and what is not and why.

use std::collections::BTreeMap;

use aegis_core::{Indicator, Timestamp};
use aegis_intel::feed::{Listing, Warninglists};

/// What of a list is to be blocked, as far as the list itself and warninglists tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::daemon) struct Sifted {
    /// In order, each once, with the end that the publisher says.
    pub(in crate::daemon) entries: Vec<(Indicator, Option<Timestamp>)>,
    /// How many are not to be, by reason.
    pub(in crate::daemon) left_out: BTreeMap<String, u64>,
    pub(in crate::daemon) malformed: u64,
    /// The first of them, each with its number.
    pub(in crate::daemon) malformed_lines: Vec<String>,
    pub(in crate::daemon) attribution: Option<String>,
    pub(in crate::daemon) made_at: Option<Timestamp>,
}

/// Takes of a list what is believed, where the feed itself is right in so many percent of what it is sure
/// of, and on no warninglist.
pub(in crate::daemon) fn sift(listing: Listing, trust: u8, warninglists: &Warninglists) -> Sifted {
    let (mut warned, mut doubted) = (0, listing.left_out.doubtful);
    let mut entries = Vec::with_capacity(listing.entries.len());
    for entry in &listing.entries {
        if warninglists.overlaps(&entry.indicator) {
            warned += 1;
        } else if entry.is_believed(trust) {
            entries.push((entry.indicator, entry.until));
        } else {
            doubted += 1;
        }
    }
    // The longest of each: none without an end ends before one that has it.
    let end = |it: Option<Timestamp>| it.unwrap_or(Timestamp::from_millis(u64::MAX));
    entries.sort_by_key(|(indicator, until)| (*indicator, std::cmp::Reverse(end(*until))));
    entries.dedup_by_key(|it| it.0);
    let left_out = [
        ("no address", listing.left_out.not_addresses),
        ("doubted", doubted),
        ("over", listing.left_out.over),
        ("conditional", listing.left_out.conditional),
        ("on a warninglist", warned),
    ];
    let left_out = left_out.into_iter().filter(|(_, count)| *count > 0);
    let malformed_lines = listing.malformed.iter().map(ToString::to_string);
    Sifted {
        entries,
        left_out: left_out
            .map(|(why, count)| (why.to_owned(), count as u64))
            .collect(),
        malformed: listing.malformed_count as u64,
        malformed_lines: malformed_lines.collect(),
        attribution: listing.attribution,
        made_at: listing.made_at,
    }
}
