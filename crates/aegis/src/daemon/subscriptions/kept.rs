//! What is subscribed to and how it goes, over a restart.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use aegis_api::FeedLast;
use aegis_core::Timestamp;
use aegis_intel::feed::{Alarm, Course, Definition, FeedName};
use serde::{Deserialize, Serialize};

use super::{SUBSCRIPTIONS_MAX, Subscription};
use crate::daemon::replaced::{self, replace};

/// What the file is called.
const NAME: &str = "feeds";

/// What is known of a feed from before.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Before {
    pub(super) course: Course,
    pub(super) last: Option<FeedLast>,
    pub(super) attribution: Option<String>,
    pub(super) made_at: Option<Timestamp>,
    pub(super) holds_until: Timestamp,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    kind: String,
    url: String,
    interval_secs: u64,
    trust: u8,
    key_header: Option<String>,
    key_file: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    tried_ms: Option<u64>,
    succeeded_ms: Option<u64>,
    next_ms: u64,
    busy_ms: Option<u64>,
    failures: u32,
    entries: usize,
    problem: Option<String>,
    alarm: Option<KeptAlarm>,
    attribution: Option<String>,
    made_ms: Option<u64>,
    holds_ms: u64,
    last: Option<FeedLast>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptAlarm {
    Empty,
    Shrunk { from: usize, to: usize },
    Stale,
    Failing,
    Unauthorised,
}

pub(super) fn file(dir: &Path) -> PathBuf {
    replaced::path(dir, NAME)
}

pub(super) fn read(dir: &Path) -> io::Result<Vec<(Definition, Before)>> {
    let text = match fs::read_to_string(file(dir)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let kept: Vec<Kept> = serde_json::from_str(&text)?;
    let kept = kept.into_iter().take(SUBSCRIPTIONS_MAX);
    kept.map(Kept::into_feed).collect()
}

/// Returns what the file is to hold.
pub(super) fn text(feeds: &BTreeMap<FeedName, Subscription>) -> io::Result<Vec<u8>> {
    let kept: Vec<Kept> = feeds.values().map(Kept::of).collect();
    Ok(serde_json::to_vec(&kept)?)
}

/// Writes the file so that after a crash it is the old or the new one.
pub(super) fn write_text(dir: &Path, text: &[u8]) -> io::Result<()> {
    replace(dir, NAME, text)
}

pub(super) fn write(dir: &Path, feeds: &BTreeMap<FeedName, Subscription>) -> io::Result<()> {
    write_text(dir, &text(feeds)?)
}

impl Kept {
    fn of(feed: &Subscription) -> Self {
        let (definition, course) = (&feed.definition, &feed.course);
        let millis = |it: Option<Timestamp>| it.map(Timestamp::as_millis);
        // Where the node ends before a list is applied, it is to be had whole at once.
        let is_applied = feed.pending.is_none();
        let known = |it: &Option<String>| it.clone().filter(|_| is_applied);
        Self {
            name: definition.name.to_string(),
            kind: definition.kind.as_str().to_owned(),
            url: definition.url.clone(),
            interval_secs: definition.interval.as_secs(),
            trust: definition.trust,
            key_header: definition.key_header.clone(),
            key_file: definition.key_file.clone(),
            etag: known(&course.etag),
            last_modified: known(&course.last_modified),
            tried_ms: millis(course.tried_at),
            succeeded_ms: millis(course.succeeded_at),
            next_ms: if is_applied {
                course.next_at.as_millis()
            } else {
                0
            },
            busy_ms: millis(course.busy_until),
            failures: course.failures,
            entries: course.entries,
            problem: course.problem.clone(),
            alarm: course.alarm.map(Into::into),
            attribution: feed.attribution.clone(),
            made_ms: millis(feed.made_at),
            holds_ms: feed.holds_until.as_millis(),
            last: feed.last.clone(),
        }
    }

    fn into_feed(self) -> io::Result<(Definition, Before)> {
        let definition = Definition {
            name: self.name.parse().map_err(io::Error::other)?,
            kind: self.kind.parse().map_err(io::Error::other)?,
            url: self.url,
            interval: Duration::from_secs(self.interval_secs),
            trust: self.trust,
            key_header: self.key_header,
            key_file: self.key_file,
        };
        let at = |it: Option<u64>| it.map(Timestamp::from_millis);
        let course = Course {
            etag: self.etag,
            last_modified: self.last_modified,
            tried_at: at(self.tried_ms),
            succeeded_at: at(self.succeeded_ms),
            next_at: Timestamp::from_millis(self.next_ms),
            busy_until: at(self.busy_ms),
            failures: self.failures,
            entries: self.entries,
            problem: self.problem,
            alarm: self.alarm.map(Into::into),
        };
        let before = Before {
            course,
            last: self.last,
            attribution: self.attribution,
            made_at: at(self.made_ms),
            holds_until: Timestamp::from_millis(self.holds_ms),
        };
        Ok((definition.checked().map_err(io::Error::other)?, before))
    }
}

impl From<Alarm> for KeptAlarm {
    fn from(alarm: Alarm) -> Self {
        match alarm {
            Alarm::Empty => Self::Empty,
            Alarm::Shrunk { from, to } => Self::Shrunk { from, to },
            Alarm::Stale => Self::Stale,
            Alarm::Failing => Self::Failing,
            Alarm::Unauthorised => Self::Unauthorised,
        }
    }
}

impl From<KeptAlarm> for Alarm {
    fn from(alarm: KeptAlarm) -> Self {
        match alarm {
            KeptAlarm::Empty => Self::Empty,
            KeptAlarm::Shrunk { from, to } => Self::Shrunk { from, to },
            KeptAlarm::Stale => Self::Stale,
            KeptAlarm::Failing => Self::Failing,
            KeptAlarm::Unauthorised => Self::Unauthorised,
        }
    }
}
