//! Spamhaus DROP: a JSON object a line, the last of which tells of the list itself.

use aegis_core::Timestamp;
use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said},
};

/// A line of either kind.
#[derive(Deserialize)]
struct Line {
    cidr: Option<String>,
    r#type: Option<String>,
    timestamp: Option<u64>,
    copyright: Option<String>,
    asn: Option<u64>,
}

/// Reads a list.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    gathered.each_line(bytes, |gathered, number, line| {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            gathered.malformed(number, Why::NoObject);
            return Ok(());
        };
        match (line.cidr, line.r#type.as_deref(), line.asn) {
            (Some(cidr), _, _) => gathered.add_text(number, &cidr, Said::default()),
            (None, Some("metadata"), _) => {
                gathered.listing.made_at = line.timestamp.map(Timestamp::from_secs);
                gathered.attribute(line.copyright.as_deref().unwrap_or_default());
                Ok(())
            }
            (None, _, Some(_)) => {
                gathered.left_out().not_addresses += 1;
                Ok(())
            }
            (None, _, None) => {
                gathered.malformed(number, Why::NoIndicator);
                Ok(())
            }
        }
    })
}
