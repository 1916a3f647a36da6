//! Courses: when a feed is fetched next, what becomes of what was fetched, and what is alarming.
//!
//! Time and chance come in, decisions go out; whoever fetches does it elsewhere. A feed that fails is
//! asked less and less often, each time a while more or less than that, so that nodes that lost the
//! same server do not come back to it together. A list that is suddenly empty or half as long is not
//! believed: what it was before stands, until it grows again, ends, or the operator says that it is right.

use std::time::Duration;

use aegis_core::Timestamp;

/// The first wait after a failure.
const BACK_OFF_MIN: Duration = Duration::from_secs(60);

/// The longest wait after failures.
const BACK_OFF_MAX: Duration = Duration::from_secs(6 * 3_600);

/// The longest wait that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);

/// A list this short may be anything of: halves of it tell nothing.
const SHRINK_FROM_MIN: usize = 10;

/// After so many intervals without success a feed is stale.
const STALE_INTERVALS: u32 = 4;

/// No feed is stale before that.
const STALE_MIN: Duration = Duration::from_secs(24 * 3_600);

/// A fetch that is so far ahead was before the clock was set back: nothing that follows of it counts, or the
/// feed would not be had until the clock is there again. Less than that is nothing to come too early for.
const AHEAD_MAX: Duration = Duration::from_secs(3_600);

/// What came of a fetch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The server says that nothing changed.
    Unchanged,
    /// The feed lists so many that may be blocked.
    Listed {
        /// How many.
        entries: usize,
        /// What to say next time, so that nothing is sent twice.
        etag: Option<String>,
        /// The same, for servers that go by time.
        last_modified: Option<String>,
    },
    /// It could not be had.
    Failed(Fault),
}

/// Why a feed could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// No answer came.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The key is missing or wrong.
    #[error("the server wants a key, or does not take the one that it was given (status {0})")]
    Unauthorised(u16),
    /// The server wants to be left alone.
    #[error("the server says that it was asked too often or is not up to it (status {status})")]
    Busy {
        /// Its answer.
        status: u16,
        /// For how long, where it says so.
        retry_after: Option<Duration>,
    },
    /// The server answered something else.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// What came is no such feed.
    #[error("{0}")]
    NotAFeed(String),
    /// The server names another as the next to be asked.
    #[error("the server sends on to {0}, which is not asked")]
    Astray(String),
}

/// What an operator should look at.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Alarm {
    /// It lists nothing: discontinued feeds still answer.
    Empty,
    /// It lists less than half of what it did.
    Shrunk {
        /// What it did.
        from: usize,
        /// What it does.
        to: usize,
    },
    /// It could not be had for long.
    Stale,
    /// The last fetch failed.
    Failing,
    /// It wants a key.
    Unauthorised,
}

/// What is to be done with a list that was fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// It is to be blocked instead of what was.
    Apply,
    /// What is blocked stands.
    Keep,
}

/// How it goes with one feed. Any values are fine: those of another run, or of nothing yet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Course {
    /// What the server called the version that is blocked.
    pub etag: Option<String>,
    /// When the server said to have changed it.
    pub last_modified: Option<String>,
    /// When it was fetched last, or that was tried.
    pub tried_at: Option<Timestamp>,
    /// When it was last had, new or as it was.
    pub succeeded_at: Option<Timestamp>,
    /// When it is to be fetched.
    pub next_at: Timestamp,
    /// Until when the server asked to be left alone.
    pub busy_until: Option<Timestamp>,
    /// Fetches that failed in a row.
    pub failures: u32,
    /// What it listed when it was last believed.
    pub entries: usize,
    /// Why the last fetch failed.
    pub problem: Option<String>,
    /// The alarm that the last fetch raised.
    pub alarm: Option<Alarm>,
}

impl Course {
    /// Returns whether a fetch is due.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_at <= now || self.was_ahead(now)
    }

    fn was_ahead(&self, now: Timestamp) -> bool {
        self.tried_at.is_some_and(|it| it.since(now) > AHEAD_MAX)
    }

    /// Returns from when on, as it looks at `now`, an operator may have it fetched, who does not wait for
    /// the schedule.
    pub fn may_from(&self, now: Timestamp, interval_min: Duration) -> Timestamp {
        if self.was_ahead(now) {
            return now;
        }
        let polite = self
            .tried_at
            .map_or(Timestamp::EPOCH, |it| it + interval_min);
        // A server that asked to be left alone is.
        self.busy_until.map_or(polite, |it| it.max(polite))
    }

    /// Takes what came of a fetch; `chance` is any number. Says what to do with the list.
    pub fn handle(
        &mut self,
        now: Timestamp,
        (interval, is_accepted): (Duration, bool),
        outcome: Outcome,
        chance: u64,
    ) -> Asked {
        self.tried_at = Some(now);
        match outcome {
            Outcome::Unchanged => {
                self.succeed(now, interval, chance);
                Asked::Keep
            }
            Outcome::Listed {
                entries,
                etag,
                last_modified,
            } => {
                self.succeed(now, interval, chance);
                let before = self.entries;
                self.alarm = alarm(before, entries).filter(|_| !is_accepted || entries == 0);
                if self.alarm.is_some() && !is_accepted {
                    // Whole the next time, for it may be right again and be called the same.
                    (self.etag, self.last_modified) = (None, None);
                    return Asked::Keep;
                }
                (self.etag, self.last_modified) = (etag, last_modified);
                self.entries = entries;
                Asked::Apply
            }
            Outcome::Failed(fault) => {
                self.fail(now, interval, &fault, chance);
                Asked::Keep
            }
        }
    }

    /// Returns what an operator should look at, worst first.
    pub fn alarms(&self, now: Timestamp, interval: Duration) -> Vec<Alarm> {
        let mut alarms: Vec<Alarm> = self.alarm.into_iter().collect();
        let stale = (interval * STALE_INTERVALS).max(STALE_MIN);
        let had_at = self.succeeded_at.or(self.tried_at);
        if self.failures > 0 && had_at.is_some_and(|it| now.since(it) > stale) {
            alarms.push(Alarm::Stale);
        }
        alarms
    }

    fn succeed(&mut self, now: Timestamp, interval: Duration, chance: u64) {
        self.succeeded_at = Some(now);
        self.failures = 0;
        (self.problem, self.busy_until) = (None, None);
        if matches!(self.alarm, Some(Alarm::Failing | Alarm::Unauthorised)) {
            self.alarm = None;
        }
        // Up to a tenth later, so that not all come at the full hour.
        self.next_at = now + interval + part(interval / 10, chance);
    }

    fn fail(&mut self, now: Timestamp, interval: Duration, fault: &Fault, chance: u64) {
        self.failures = self.failures.saturating_add(1);
        self.problem = Some(fault.to_string());
        let is_of_list = matches!(self.alarm, Some(Alarm::Empty | Alarm::Shrunk { .. }));
        let (alarm, wait) = match fault {
            Fault::Unauthorised(_) => (Alarm::Unauthorised, interval.max(BACK_OFF_MAX)),
            Fault::Busy {
                retry_after: Some(wait),
                ..
            } => (Alarm::Failing, (*wait).min(RETRY_AFTER_MAX)),
            Fault::Busy { .. }
            | Fault::Unreachable(_)
            | Fault::Status(_)
            | Fault::NotAFeed(_)
            | Fault::Astray(_) => (Alarm::Failing, Duration::ZERO),
        };
        if !is_of_list {
            self.alarm = Some(alarm);
        }
        let doublings = (self.failures - 1).min(16);
        let back_off = (BACK_OFF_MIN * 2_u32.pow(doublings)).min(BACK_OFF_MAX);
        // Half of it for certain, and as much again by chance.
        self.next_at = now + wait.max(back_off / 2 + part(back_off, chance));
        self.busy_until = matches!(fault, Fault::Busy { .. }).then_some(self.next_at);
    }
}

impl Alarm {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Shrunk { .. } => "shrunk",
            Self::Stale => "stale",
            Self::Failing => "failing",
            Self::Unauthorised => "unauthorised",
        }
    }
}

fn alarm(before: usize, now: usize) -> Option<Alarm> {
    if now == 0 {
        return Some(Alarm::Empty);
    }
    let has_shrunk = before >= SHRINK_FROM_MIN && now * 2 < before;
    has_shrunk.then_some(Alarm::Shrunk {
        from: before,
        to: now,
    })
}

/// Returns any time from nothing to the whole.
fn part(whole: Duration, chance: u64) -> Duration {
    let thousandths = u32::try_from(chance % 1_001).unwrap_or(0);
    whole * thousandths / 1_000
}

#[cfg(test)]
mod tests;
