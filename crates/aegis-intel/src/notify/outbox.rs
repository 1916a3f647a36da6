//! The outbox: who is told what, when, and how often it is tried.
//!
//! Of the same subject only the first is told at once; what follows is counted, and told as one when the
//! window is over. Each way has a queue of its own, so that a server that does not answer holds up no
//! other.

mod kept;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use aegis_core::Timestamp;

use super::{Message, News, Urgency};

pub use kept::KeptOutbox;

/// Subjects that are remembered; the one that was told longest ago makes room.
const SUBJECTS_MAX: usize = 256;

/// Messages that wait for one way; the oldest makes room, and how many did is told with the next.
const WAITING_MAX: usize = 64;

/// How long after a failure it is tried again, at first and at most: it doubles each time.
const RETRY_MIN: Duration = Duration::from_secs(30);
const RETRY_MAX: Duration = Duration::from_secs(3_600);

/// Messages older than this are not worth sending.
const AGE_MAX: Duration = Duration::from_secs(86_400);

/// In which time messages are limited.
const HOUR: Duration = Duration::from_secs(3_600);

/// How often anybody is told.
#[derive(Clone, Debug)]
pub struct OutboxConfig {
    /// The host's name in messages.
    pub host: String,
    /// For how long the same subject is told once.
    pub window: Duration,
    /// Messages in an hour at most, by each way.
    pub per_hour: usize,
}

/// A message on its way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parcel {
    /// By which way, as counted from 0.
    pub way: usize,
    /// What is sent.
    pub message: Message,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was taken.
    Sent,
    /// It was not, and it may be tried again.
    Failed,
    /// It was not, and it never will be.
    Refused,
}

/// What is to be told, and to whom it was.
#[derive(Clone, Debug)]
pub struct Outbox {
    config: OutboxConfig,
    subjects: BTreeMap<String, Told>,
    ways: Vec<Way>,
}

/// A subject that was told.
#[derive(Clone, Debug)]
struct Told {
    told_at: Timestamp,
    /// What was not told since, with the last of it.
    since: Option<(News, Timestamp, u32)>,
}

#[derive(Clone, Debug, Default)]
struct Way {
    waiting: VecDeque<Message>,
    is_busy: bool, // the first of those that wait is on its way
    sent: VecDeque<Timestamp>,
    failures: u32,
    retry_at: Timestamp,
    dropped: u32,
}

impl Outbox {
    /// Returns an outbox with so many ways, that is empty.
    pub fn new(config: OutboxConfig, ways: usize) -> Self {
        Self {
            config,
            subjects: BTreeMap::new(),
            ways: vec![Way::default(); ways],
        }
    }

    /// Takes news of `now`.
    pub fn tell(&mut self, now: Timestamp, news: News) {
        self.end_windows(now);
        if news.urgency == Urgency::Digest {
            return self.send(news, now, 1); // each is of another day, however long the window
        }
        if let Some(told) = self.subjects.get_mut(&news.subject) {
            let count = told.since.take().map_or(0, |(_, _, count)| count);
            told.since = Some((news, now, count.saturating_add(1)));
            return;
        }
        if self.subjects.len() >= SUBJECTS_MAX {
            let oldest = self.subjects.iter().min_by_key(|(_, it)| it.told_at);
            let oldest = oldest.map(|(subject, _)| subject.clone());
            let gone = oldest.and_then(|it| self.subjects.remove(&it));
            if let Some((news, at, count)) = gone.and_then(|it| it.since) {
                self.send(news, at, count);
            }
        }
        let told = Told {
            told_at: now,
            since: None,
        };
        self.subjects.insert(news.subject.clone(), told);
        self.send(news, now, 1);
    }

    /// Returns what is to be sent at `now`: of each way one message at most, until its outcome is known.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Parcel> {
        self.end_windows(now);
        let per_hour = self.config.per_hour;
        let ways = self.ways.iter_mut().enumerate();
        let due = ways.filter_map(|(way, it)| {
            let message = it.take_due(now, per_hour)?;
            Some(Parcel { way, message })
        });
        due.collect()
    }

    /// Takes what became of the message that a way had.
    pub fn handle_outcome(&mut self, now: Timestamp, way: usize, outcome: Outcome) {
        if let Some(way) = self.ways.get_mut(way) {
            way.handle_outcome(now, outcome, self.config.per_hour);
        }
    }

    /// Returns when something is to be done next, if ever; what is on its way is not waited for.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let waiting = self.subjects.values().filter(|it| it.since.is_some());
        let windows = waiting.map(|it| it.told_at + self.config.window);
        let per_hour = self.config.per_hour;
        let ways = self.ways.iter().filter_map(|it| it.due_at(per_hour));
        windows.chain(ways).min()
    }

    /// Tells what was held back of subjects whose time is over, and forgets those of which there was
    /// nothing more. A clock that was set back ends no window early, and none is longer for it.
    fn end_windows(&mut self, now: Timestamp) {
        let window = self.config.window;
        let is_over = |told: &Told| now.since(told.told_at) >= window || now < told.told_at;
        self.subjects
            .retain(|_, it| it.since.is_some() || !is_over(it));
        let over = self.subjects.values_mut().filter(|it| is_over(it));
        let again: Vec<_> = over
            .filter_map(|it| {
                it.told_at = now;
                it.since.take()
            })
            .collect();
        for (news, at, count) in again {
            self.send(news, at, count);
        }
    }

    fn send(&mut self, news: News, at: Timestamp, count: u32) {
        let message = Message {
            news,
            host: self.config.host.clone(),
            at,
            count,
        };
        for way in &mut self.ways {
            way.push(message.clone());
        }
    }
}

impl Way {
    fn push(&mut self, message: Message) {
        if self.waiting.len() >= WAITING_MAX {
            // The first may be on its way: the second is the oldest that is not.
            self.waiting.remove(1);
            self.dropped = self.dropped.saturating_add(1);
        }
        self.waiting.push_back(message);
    }

    fn take_due(&mut self, now: Timestamp, per_hour: usize) -> Option<Message> {
        if self.is_busy {
            return None;
        }
        let too_old = |it: &Message| now.since(it.at) > AGE_MAX;
        while self.waiting.front().is_some_and(too_old) {
            self.waiting.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        // Sent before the clock was set back counts as sent now.
        self.sent.iter_mut().for_each(|it| *it = (*it).min(now));
        self.retry_at = self.retry_at.min(now + RETRY_MAX);
        if self.due_at(per_hour)? > now {
            return None;
        }
        let mut message = self.waiting.front()?.clone();
        self.is_busy = true;
        if self.dropped > 0 {
            let text = format!(
                "{}\n\n({} messages before this one were dropped)",
                message.news.text(),
                self.dropped
            );
            message.news = News::new(
                message.news.urgency,
                &message.news.subject,
                message.news.title(),
                &text,
            );
        }
        Some(message)
    }

    fn handle_outcome(&mut self, now: Timestamp, outcome: Outcome, per_hour: usize) {
        if !std::mem::take(&mut self.is_busy) {
            return;
        }
        match outcome {
            Outcome::Sent => {
                self.waiting.pop_front();
                self.sent.push_back(now);
                let surplus = self.sent.len().saturating_sub(per_hour);
                self.sent.drain(..surplus);
                (self.failures, self.dropped) = (0, 0);
            }
            Outcome::Refused => {
                self.waiting.pop_front();
                self.dropped = self.dropped.saturating_add(1);
                self.put_off(now); // a server that refuses everything is not asked all the time
            }
            Outcome::Failed => self.put_off(now),
        }
    }

    fn put_off(&mut self, now: Timestamp) {
        let factor = 1 << self.failures.min(16);
        self.retry_at = now + (RETRY_MIN * factor).min(RETRY_MAX);
        self.failures = self.failures.saturating_add(1);
    }

    /// Returns when the first of those that wait may go.
    fn due_at(&self, per_hour: usize) -> Option<Timestamp> {
        self.waiting.front().filter(|_| !self.is_busy)?;
        let over = self.sent.len().checked_sub(per_hour);
        let by_rate = over.and_then(|it| self.sent.get(it)).map(|it| *it + HOUR);
        Some(by_rate.map_or(self.retry_at, |it| it.max(self.retry_at)))
    }
}

#[cfg(test)]
mod tests;
