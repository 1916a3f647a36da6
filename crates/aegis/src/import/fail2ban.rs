//! Bans of fail2ban, from its database.

use std::path::Path;

use aegis_api::{ImportEntry, Timestamp};
use aegis_store::{StoreError, fail2ban_bans};

use super::{Found, left, threat_type};

/// Reads the bans that hold still at `now`.
pub fn read(path: &Path, now: Timestamp) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for ban in fail2ban_bans(path)? {
        let place = format!("ban of {:?} by {}", ban.address, ban.jail);
        let secs = match (ban.banned_at_secs, ban.ban_secs) {
            (_, secs) if secs < 0 => u64::MAX, // for ever, as fail2ban says it
            (at, secs) => at
                .saturating_add(secs)
                .try_into()
                .unwrap_or(0_u64)
                .saturating_sub(now.as_secs()),
        };
        let (Some(duration_secs), parsed) = (left(secs), ban.address.parse()) else {
            continue; // over: fail2ban keeps those for a while
        };
        match parsed {
            Ok(indicator) => found.entries.push(ImportEntry {
                indicator,
                duration_secs,
                threat_type: threat_type(&format!("fail2ban.{}", ban.jail)),
            }),
            Err(why) => found.skip(place, why),
        }
    }
    Ok(found)
}
