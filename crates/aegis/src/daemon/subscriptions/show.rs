//! What is told of subscriptions.

use std::{collections::BTreeMap, time::Duration};

use aegis_api::{FeedLast, FeedLine};
use aegis_core::{FeedWeight, Timestamp};
use aegis_intel::feed::{Alarm, Course, Definition, FeedName};

use super::Subscription;
use crate::daemon::feeds::{Renewed, SharedFeed};

/// How it goes with all of them, for whoever tells of the node.
#[derive(Debug, Default, Eq, PartialEq)]
pub(in crate::daemon) struct Health {
    pub(in crate::daemon) lines: Vec<FeedLine>,
    /// What does not work as it should, in words for a person.
    pub(in crate::daemon) problems: Vec<String>,
}

pub(super) fn health(
    now: Timestamp,
    feeds: &BTreeMap<FeedName, Subscription>,
    problem: Option<&str>,
) -> Health {
    let told = |(name, feed): (&FeedName, &Subscription)| {
        let alarms = feed.alarms(now);
        let alarm = alarms.first()?;
        let meaning = meaning(name, &feed.course, *alarm);
        Some(format!("feed {name} is {}: {meaning}", alarm.as_str()))
    };
    let problems = problem.map(str::to_owned).into_iter();
    Health {
        lines: feeds.values().map(|it| line(now, it)).collect(),
        problems: problems.chain(feeds.iter().filter_map(told)).collect(),
    }
}

/// Returns what is told of a subscription.
pub(super) fn line(now: Timestamp, feed: &Subscription) -> FeedLine {
    let (definition, course) = (&feed.definition, &feed.course);
    FeedLine {
        name: definition.name.to_string(),
        kind: definition.kind.as_str().to_owned(),
        url: without_query(&definition.url).to_owned(),
        interval_secs: definition.interval.as_secs(),
        trust: definition.trust,
        key_file: definition.key_file.clone(),
        terms: definition.terms().map(str::to_owned),
        attribution: feed.attribution.clone(),
        made_at: feed.made_at,
        under_way: feed.is_under_way,
        tried_at: course.tried_at,
        succeeded_at: course.succeeded_at,
        next_at: course.next_at,
        failures: course.failures,
        problem: course.problem.clone(),
        alarms: feed
            .alarms(now)
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect(),
        last: feed.last.clone(),
    }
}

/// Returns what is told of a shared file that is applied.
pub(super) fn shared_line(it: &SharedFeed) -> FeedLine {
    let file = it.file.to_string();
    FeedLine {
        name: file.chars().take(8).collect(),
        kind: "shared".to_owned(),
        url: file,
        interval_secs: 0,
        trust: 100,
        key_file: None,
        terms: None,
        attribution: None,
        made_at: None,
        under_way: false,
        tried_at: None,
        succeeded_at: Some(it.applied_at),
        next_at: it.expires_at,
        failures: 0,
        problem: None,
        alarms: Vec::new(),
        last: Some(FeedLast {
            entries: it.entries as u64,
            blocked: it.blocked as u64,
            ..FeedLast::default()
        }),
    }
}

/// Returns where a list comes from, for the audit log.
pub(super) fn source(definition: &Definition, attribution: Option<&str>) -> String {
    let url = without_query(&definition.url);
    match attribution {
        Some(attribution) => format!("{url}, {attribution}"),
        None => url.to_owned(),
    }
}

/// Returns what a list came to.
pub(super) fn last(mut last: FeedLast, renewed: &Renewed, took: Duration) -> FeedLast {
    let FeedWeight {
        blocked,
        protected,
        allowlisted,
        too_wide,
        private,
        configured_peers,
        unblocked,
        entries: _,
        new: _,
        room: _,
    } = renewed.weight;
    for (why, count) in [
        ("protected", protected),
        ("on the allowlist", allowlisted),
        ("too wide", too_wide),
        ("in a private range", private),
        ("a configured peer", configured_peers),
        ("unblocked by the operator", unblocked),
    ] {
        if count > 0 {
            last.left_out.insert(why.to_owned(), count as u64);
        }
    }
    last.blocked = blocked as u64;
    last.applied_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    last
}

/// Returns what an alarm means, and what to do about it.
pub(super) fn meaning(name: &FeedName, course: &Course, alarm: Alarm) -> String {
    let problem = || course.problem.clone().unwrap_or_default();
    let accept = format!("`aegis feed refresh {name} --accept` if that is right");
    match alarm {
        Alarm::Empty => format!("it lists nothing; what it listed before stands; {accept}"),
        Alarm::Shrunk { from, to } => {
            format!("it lists {to} in place of {from}; what it listed before stands; {accept}")
        }
        Alarm::Stale => match course.succeeded_at {
            Some(at) => format!("not fetched since {at}: {}", problem()),
            None => format!("never fetched: {}", problem()),
        },
        Alarm::Failing | Alarm::Unauthorised => problem(),
    }
}

/// Returns an address without what follows a question mark, in which people put keys.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
