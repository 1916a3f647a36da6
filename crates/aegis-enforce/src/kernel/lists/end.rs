//! When an entry ends, in the units that it can say.

use aegis_abi::table::Expiry;

/// Returns the end that lies at `units`, and whether that is sooner than asked for. What is over
/// already ends now: any older moment might be taken for a later one.
pub(super) fn end_at(units: u64, now: u64) -> (Expiry, bool) {
    let latest = now + Expiry::AHEAD_MAX;
    (Expiry::new(units.clamp(now, latest)), units > latest)
}

/// Returns an end moved by so many units: never farther than an entry can say, and never farther
/// back than now. What is over stays over.
pub(super) fn moved(end: Expiry, by: i64, now: u64) -> Expiry {
    let ahead = i64::from(end.ahead_of(Expiry::new(now)));
    let left = if ahead == 0 {
        0
    } else {
        ahead.saturating_add(by)
    };
    let left = u64::try_from(left).unwrap_or(0);
    Expiry::new(now + left.min(Expiry::AHEAD_MAX))
}

#[cfg(test)]
mod tests;
