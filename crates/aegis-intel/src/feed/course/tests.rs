//! When a feed is fetched, and what of it is believed.

use std::time::Duration;

use aegis_core::Timestamp;

use super::{Alarm, Asked, Course, Fault, Outcome};

const T0: Timestamp = Timestamp::from_secs(1_795_176_000);
const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_feed_is_due_at_once_and_then_every_interval_and_a_bit() {
    let mut course = Course::default();
    assert!(course.is_due(T0));
    assert_eq!(listed(&mut course, 5, false), Asked::Apply);
    assert!(!course.is_due(T0 + HOUR - MINUTE));
    assert!(course.is_due(T0 + HOUR + HOUR / 10));
}

#[test]
fn failures_are_waited_out_longer_and_longer_and_never_for_ever() {
    let mut course = Course::default();
    let mut last = Duration::ZERO;
    for failure in 1..40 {
        fail(&mut course, Fault::Status(500), 1_000);
        let wait = course.next_at.since(T0);
        assert!(wait >= last && wait <= 9 * HOUR, "{failure}: {wait:?}");
        last = wait;
    }
    assert_eq!(
        last,
        9 * HOUR,
        "six hours, and as much by chance at most as half of them more"
    );
    assert_eq!(course.alarm, Some(Alarm::Failing));
    let (mut soon, mut late) = (Course::default(), Course::default());
    fail(&mut soon, Fault::Status(500), 0);
    fail(&mut late, Fault::Status(500), 1_000);
    assert!(soon.next_at < late.next_at, "not all come back together");
    listed(&mut course, 5, false);
    assert_eq!((course.failures, course.alarm), (0, None));
}

#[test]
fn a_server_that_wants_to_be_left_alone_is() {
    let mut course = Course::default();
    let busy = |secs| Fault::Busy {
        status: 429,
        retry_after: Some(Duration::from_secs(secs)),
    };
    fail(&mut course, busy(7_200), 0);
    assert_eq!(course.next_at, T0 + 2 * HOUR);
    assert_eq!(
        course.may_from(T0, MINUTE),
        T0 + 2 * HOUR,
        "not even when an operator asks"
    );
    fail(&mut course, busy(u64::MAX / 2), 0);
    assert_eq!(course.next_at, T0 + 24 * HOUR, "but not for ever");
}

#[test]
fn an_operator_does_not_ask_more_often_than_is_polite() {
    let mut course = Course::default();
    assert_eq!(course.may_from(T0, HOUR), Timestamp::EPOCH);
    listed(&mut course, 5, false);
    assert_eq!(course.may_from(T0, HOUR), T0 + HOUR);
}

#[test]
fn what_is_empty_or_half_as_long_is_not_believed() {
    for (before, after, alarm) in [
        (100, 50, None),
        (100, 49, Some(Alarm::Shrunk { from: 100, to: 49 })),
        (9, 1, None),
        (9, 0, Some(Alarm::Empty)),
        (0, 0, Some(Alarm::Empty)),
    ] {
        let mut course = Course {
            entries: before,
            etag: Some("\"old\"".to_owned()),
            ..Course::default()
        };
        let asked = listed(&mut course, after, false);
        let expected = if alarm.is_some() {
            Asked::Keep
        } else {
            Asked::Apply
        };
        assert_eq!((asked, course.alarm), (expected, alarm), "{before} {after}");
        let stands = if alarm.is_some() { before } else { after };
        assert_eq!(course.entries, stands);
        let is_asked_anew = course.etag.is_none();
        assert_eq!(
            is_asked_anew,
            alarm.is_some(),
            "or the server would say that nothing changed"
        );
    }
}

#[test]
fn what_is_half_as_long_is_blocked_where_an_operator_says_so_and_then_stands() {
    let mut course = Course {
        entries: 100,
        ..Course::default()
    };
    assert_eq!(listed(&mut course, 4, false), Asked::Keep);
    assert_eq!(listed(&mut course, 4, true), Asked::Apply);
    assert_eq!((course.entries, course.alarm), (4, None));
    assert_eq!(listed(&mut course, 0, true), Asked::Apply);
    assert_eq!(course.alarm, Some(Alarm::Empty), "it is still no good sign");
}

#[test]
fn a_failure_does_not_hide_that_the_list_had_shrunk() {
    let mut course = Course {
        entries: 100,
        ..Course::default()
    };
    listed(&mut course, 4, false);
    fail(&mut course, Fault::Unreachable("refused".to_owned()), 0);
    assert_eq!(course.alarm, Some(Alarm::Shrunk { from: 100, to: 4 }));
}

#[test]
fn a_feed_that_cannot_be_had_for_a_day_is_stale() {
    let mut course = Course::default();
    listed(&mut course, 5, false);
    fail(&mut course, Fault::Unauthorised(401), 0);
    assert_eq!(course.alarms(T0 + HOUR, HOUR), [Alarm::Unauthorised]);
    let alarms = course.alarms(T0 + 25 * HOUR, HOUR);
    assert_eq!(alarms, [Alarm::Unauthorised, Alarm::Stale]);
}

#[test]
fn what_did_not_change_stands_and_is_fresh() {
    let mut course = Course::default();
    listed(&mut course, 5, false);
    let asked = course.handle(T0 + HOUR, (HOUR, false), Outcome::Unchanged, 0);
    assert_eq!((asked, course.entries), (Asked::Keep, 5));
    assert_eq!(course.succeeded_at, Some(T0 + HOUR));
}

fn listed(course: &mut Course, entries: usize, is_accepted: bool) -> Asked {
    let outcome = Outcome::Listed {
        entries,
        etag: Some("\"new\"".to_owned()),
        last_modified: None,
    };
    course.handle(T0, (HOUR, is_accepted), outcome, 500)
}

fn fail(course: &mut Course, fault: Fault, chance: u64) {
    course.handle(T0, (HOUR, false), Outcome::Failed(fault), chance);
}

#[test]
fn a_clock_that_was_set_back_keeps_no_feed_from_being_had() {
    let mut course = Course::default();
    let later = T0 + 24 * 365 * HOUR;
    let busy = Fault::Busy {
        status: 429,
        retry_after: Some(12 * HOUR),
    };
    course.handle(later, (HOUR, false), Outcome::Failed(busy), 0);
    assert!(!course.is_due(later) && !course.is_due(later - MINUTE));
    assert!(course.is_due(T0));
    assert_eq!(course.may_from(T0, HOUR), T0);
    course.handle(T0, (HOUR, false), Outcome::Unchanged, 0);
    assert!(!course.is_due(T0) && course.is_due(T0 + HOUR));
}
