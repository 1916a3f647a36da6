//! How well a peer keeps up the connection: the only thing about it that Dovecot learns.

use super::DovecotDefects;

/// Pings and greetings of a peer, over its whole life.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ratings {
    /// Those that went well.
    pub good: u64,
    /// All of them: no fewer than `good`.
    pub total: u64,
}

/// What was ever published of a peer's reliability, as far as anybody reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// The first: 0…1.
    pub oldest: f64,
    /// The last: 0…1.
    pub newest: f64,
}

impl Ratings {
    /// Takes in that one more went well, or did not.
    pub fn rate(&mut self, is_good: bool) {
        self.total = self.total.saturating_add(1);
        self.good = self.good.saturating_add(u64::from(is_good));
    }

    /// Returns the share that went well: 0…1; `None` where there was none yet, and the original
    /// divides by zero.
    pub fn mean(&self) -> Option<f64> {
        (self.total > 0).then(|| self.good as f64 / self.total as f64)
    }
}

impl Published {
    /// Returns what is known after `value` was published.
    pub fn with(earlier: Option<Self>, value: f64) -> Self {
        Self {
            oldest: earlier.map_or(value, |it| it.oldest),
            newest: value,
        }
    }

    /// Returns the reliability that counts: the original reads the oldest, which never falls.
    pub fn read(&self, defects: &DovecotDefects) -> f64 {
        if defects.reads_oldest_reliability {
            self.oldest
        } else {
            self.newest
        }
    }
}
