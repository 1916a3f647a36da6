//! Misdeeds: what a peer proved of itself by breaking the protocol, beside all that it says.
//!
//! They take weight away from its word, within a bound and for a while, and never give any: a word
//! that weighs nothing weighs nothing after them, and whoever committed none is as before.

use std::time::Duration;

use crate::Timestamp;

/// So many misdeeds count at most: a word keeps a sixteenth of its weight, so that no mistake in
/// the protocol, of either side, silences for good whoever proved right a hundred times.
const MARKS_MAX: f64 = 4.0;

/// After so long half of them count no more. It is that of a standing's bans: half a day and some.
const HALF_LIFE: Duration = Duration::from_secs(86_400);

/// What a peer did against the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Misdeeds {
    /// Misdeeds that counted when the last one was committed: 0…[`MARKS_MAX`].
    marks: f64,
    /// When that was.
    at: Timestamp,
    /// How many there were, ever.
    pub(super) count: u64,
}

impl Misdeeds {
    /// Returns what was kept, or `None` for what cannot be.
    pub(super) fn new(marks: f64, at: Timestamp, count: u64) -> Option<Self> {
        let is_possible = (0.0..=MARKS_MAX).contains(&marks) && (marks == 0.0 || count > 0);
        is_possible.then_some(Self { marks, at, count })
    }

    /// Returns what is to be kept: see [`Self::new`].
    pub(super) const fn parts(&self) -> (f64, Timestamp, u64) {
        (self.marks, self.at, self.count)
    }

    /// Notes one more.
    pub(super) fn commit(&mut self, now: Timestamp) {
        self.marks = (self.marks_at(now) + 1.0).min(MARKS_MAX);
        self.at = now;
        self.count = self.count.saturating_add(1);
    }

    /// Returns the share of its weight that a word keeps: 1 without misdeeds, half as much for each
    /// that counts, 1/16 at the least.
    pub(super) fn share(&self, now: Timestamp) -> f64 {
        (-self.marks_at(now)).exp2()
    }

    fn marks_at(&self, now: Timestamp) -> f64 {
        let half_lives = now.since(self.at).div_duration_f64(HALF_LIFE);
        self.marks * (-half_lives).exp2()
    }
}
