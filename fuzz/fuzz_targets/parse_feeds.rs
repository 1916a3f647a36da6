//! Feeds in the formats of others: any bytes are read or refused, within the bounds, and what is over
//! is never listed. The first byte says which format.

#![no_main]

use aegis_core::{FEED_ENTRIES_MAX, Timestamp};
use aegis_intel::feed::{Format, MALFORMED_TOLD_MAX};
use libfuzzer_sys::fuzz_target;

/// 2026-11-20T12:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

fuzz_target!(|bytes: &[u8]| {
    let Some((which, document)) = bytes.split_first() else {
        return;
    };
    let format = Format::ALL[usize::from(*which) % Format::ALL.len()];
    let Ok(listing) = format.parse(document, NOW) else {
        return;
    };
    assert!(listing.entries.len() <= FEED_ENTRIES_MAX);
    assert!(listing.malformed.len() <= MALFORMED_TOLD_MAX.min(listing.malformed_count));
    let is_live = |it: Option<Timestamp>| it.is_none_or(|until| until > NOW);
    assert!(listing.entries.iter().all(|it| is_live(it.until)));
    let read = listing.entries.len() + listing.left_out.total();
    assert!(listing.malformed_count <= read, "or it is another format");
});
