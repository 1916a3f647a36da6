//! Token buckets: a burst, then a rate.

use std::time::Duration;

use crate::Timestamp;

/// A burst of tokens that refills at a steady rate, without a clock of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenBucket {
    burst: u32,
    per_token: Duration, // how long one token takes to come back
    full_at: Timestamp,  // when all tokens are back
}

impl TokenBucket {
    /// Returns a full bucket of `burst` tokens that gives `rate` tokens a second, 1…1000.
    ///
    /// Time has a grain of a millisecond: a token takes a whole number of them, rounded down.
    pub fn new(burst: u32, rate: u32) -> Self {
        Self {
            burst,
            per_token: per_token(rate),
            full_at: Timestamp::EPOCH,
        }
    }

    /// Makes it a bucket of another burst and rate; what was taken stays taken.
    pub(crate) fn resize(&mut self, burst: u32, rate: u32) {
        self.burst = burst;
        self.per_token = per_token(rate);
    }

    /// Takes one token; returns whether there was one.
    ///
    /// A clock that is set back does not fill the bucket. It is empty then at worst, and fills from there:
    /// otherwise nobody would be let through until the clock is where it was.
    pub fn take(&mut self, now: Timestamp) -> bool {
        self.full_at = self.full_at.min(now + self.per_token * self.burst);
        let full_at = self.full_at.max(now) + self.per_token;
        let fits = full_at.since(now) <= self.per_token * self.burst;
        if fits {
            self.full_at = full_at;
        }
        fits
    }

    /// Returns whether the bucket is full, so that forgetting it changes nothing.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.full_at <= now
    }
}

fn per_token(rate: u32) -> Duration {
    Duration::from_millis(u64::from(1000 / rate.clamp(1, 1000)))
}

#[cfg(test)]
mod tests;
