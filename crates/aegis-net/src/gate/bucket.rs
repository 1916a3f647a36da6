//! Token buckets: a burst at once, then a steady rate.

use aegis_core::Timestamp;

use super::Quota;

/// Tokens are counted in thousandths, so that one per second is one per millisecond.
const MILLI: u64 = 1000;

/// How much of a [`Quota`] was used, and has not come back yet.
///
/// It is what was taken that is remembered, not what is left: a bucket is full as it is made,
/// whatever the quota, and whoever gets another quota has used as much of that as of the old one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TokenBucket {
    milli_taken: u64,
    drained_at: Timestamp,
}

impl TokenBucket {
    /// Returns whether there is a token at `now`.
    pub fn has_one(&mut self, now: Timestamp, quota: Quota) -> bool {
        self.with(1, now, quota).is_some()
    }

    /// Takes a token; returns whether there was one.
    pub fn take_one(&mut self, now: Timestamp, quota: Quota) -> bool {
        self.take(1, now, quota)
    }

    /// Takes so many tokens, or none where there are fewer; returns whether it took them.
    pub fn take(&mut self, tokens: u32, now: Timestamp, quota: Quota) -> bool {
        let with = self.with(tokens, now, quota);
        self.milli_taken = with.unwrap_or(self.milli_taken);
        with.is_some()
    }

    /// Returns what would be used if so many tokens more were taken, where there are so many.
    fn with(&mut self, tokens: u32, now: Timestamp, quota: Quota) -> Option<u64> {
        self.drain(now, quota);
        let with = self.milli_taken.saturating_add(u64::from(tokens) * MILLI);
        (tokens == 0 || with <= u64::from(quota.burst) * MILLI).then_some(with)
    }

    /// Gives back what came in since the last time. A clock that went back gives nothing back and
    /// starts anew.
    fn drain(&mut self, now: Timestamp, quota: Quota) {
        let millis = now.as_millis().saturating_sub(self.drained_at.as_millis());
        let back = millis.saturating_mul(u64::from(quota.per_second));
        self.milli_taken = self.milli_taken.saturating_sub(back);
        self.drained_at = now;
    }
}

#[cfg(test)]
mod tests;
