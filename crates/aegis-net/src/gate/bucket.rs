//! Token buckets: a burst at once, then a steady rate.

use aegis_core::Timestamp;

use super::Quota;

/// Tokens are counted in thousandths, so that one per second is one per millisecond.
const MILLI: u64 = 1000;

/// How much of a [`Quota`] is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenBucket {
    milli_tokens: u64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// Returns a bucket that nothing was taken from.
    pub fn full(quota: Quota) -> Self {
        Self {
            milli_tokens: u64::from(quota.burst) * MILLI,
            filled_at: Timestamp::EPOCH,
        }
    }

    /// Returns whether there is a token at `now`.
    pub fn has_one(&mut self, now: Timestamp, quota: Quota) -> bool {
        self.fill(now, quota);
        self.milli_tokens >= MILLI
    }

    /// Takes a token; returns whether there was one.
    pub fn take_one(&mut self, now: Timestamp, quota: Quota) -> bool {
        self.take(1, now, quota)
    }

    /// Takes so many tokens, or none where there are fewer; returns whether it took them.
    pub fn take(&mut self, tokens: u32, now: Timestamp, quota: Quota) -> bool {
        self.fill(now, quota);
        let rest = self.milli_tokens.checked_sub(u64::from(tokens) * MILLI);
        self.milli_tokens = rest.unwrap_or(self.milli_tokens);
        rest.is_some()
    }

    /// Adds what came in since the last time. A clock that went back adds nothing and starts anew.
    fn fill(&mut self, now: Timestamp, quota: Quota) {
        let millis = now.as_millis().saturating_sub(self.filled_at.as_millis());
        let gained = millis.saturating_mul(u64::from(quota.per_second));
        let most = u64::from(quota.burst) * MILLI;
        self.milli_tokens = self.milli_tokens.saturating_add(gained).min(most);
        self.filled_at = now;
    }
}

#[cfg(test)]
mod tests;
