//! Tests of what is told after a restart.

use std::time::Duration;

use super::*;
use crate::notify::Outcome;

const T0: Timestamp = Timestamp::from_secs(1_795_738_809);
const WINDOW: Duration = Duration::from_secs(600);
const NAMES: [&str; 2] = ["webhook", "mail"];

fn config() -> OutboxConfig {
    OutboxConfig {
        host: "host".to_owned(),
        window: WINDOW,
        per_hour: 5,
    }
}

fn news(subject: &str) -> News {
    News::new(Urgency::Urgent, subject, "title", "text\nmore\n")
}

/// Returns the outbox of a node that was ended and started, through the text of a file.
fn restarted(outbox: &Outbox, names: &[&str]) -> Outbox {
    let text = serde_json::to_string(&outbox.kept(&NAMES)).unwrap();
    Outbox::recall(config(), names, serde_json::from_str(&text).unwrap())
}

#[test]
fn what_waits_is_told_after_a_restart_and_what_was_told_is_not_told_again() {
    let mut outbox = Outbox::new(config(), 2);
    outbox.tell(T0, news("a"));
    outbox.tell(T0, news("b"));
    assert_eq!(outbox.take_due(T0).len(), 2);
    outbox.handle_outcome(T0, 0, Outcome::Sent);
    outbox.handle_outcome(T0, 1, Outcome::Failed);
    outbox.tell(T0, news("a"));
    let now = T0 + Duration::from_secs(1);
    let mut outbox = restarted(&outbox, &NAMES);
    let due: Vec<_> = outbox
        .take_due(now)
        .into_iter()
        .map(|it| (it.way, it.message))
        .collect();
    let message = |subject: &str, at, count| Message {
        news: news(subject),
        host: "host".to_owned(),
        at,
        count,
    };
    assert_eq!(due, [(0, message("b", T0, 1)), (1, message("a", T0, 1))]);
    for way in 0..2 {
        outbox.handle_outcome(now, way, Outcome::Sent);
    }
    outbox.tell(now, news("a"));
    let mut outbox = restarted(&outbox, &["mail", "webhook"]);
    let due = outbox.take_due(now);
    assert_eq!(due.len(), 1, "of a nothing is told before its window ends");
    assert_eq!((due[0].way, &due[0].message), (0, &message("b", T0, 1)));
    let due = outbox.take_due(T0 + WINDOW);
    assert_eq!((due[0].way, &due[0].message), (1, &message("a", now, 2)));
}

#[test]
fn the_rate_of_an_hour_holds_over_restarts() {
    let mut outbox = Outbox::new(config(), 2);
    for number in 0..8 {
        outbox.tell(T0, news(&number.to_string()));
    }
    let mut sent = 0;
    while outbox.take_due(T0).iter().any(|it| it.way == 0) {
        outbox.handle_outcome(T0, 0, Outcome::Sent);
        outbox = restarted(&outbox, &NAMES);
        sent += 1;
    }
    assert_eq!(sent, 5);
}

#[test]
fn whatever_is_in_the_file_is_made_to_fit() {
    let message = KeptMessage {
        urgency: KeptUrgency::Digest,
        subject: "a\r\nb".into(),
        title: "t\n".repeat(1_000),
        text: "x".repeat(100_000),
        at_ms: u64::MAX,
        count: u32::MAX,
    };
    let way = |name: &str| KeptWay {
        name: name.into(),
        waiting: vec![message.clone(); 100],
        sent_ms: (0..100).rev().collect(),
        dropped: u32::MAX,
    };
    let subject = |number: u32| KeptSubject {
        subject: format!("{number}\n"),
        told_ms: u64::MAX,
        since: Some(message.clone()),
    };
    let kept = KeptOutbox {
        subjects: (0..1_000).map(subject).collect(),
        ways: vec![way("mail"), way("pigeon")],
    };
    let mut outbox = Outbox::recall(config(), &NAMES, kept);
    assert_eq!(outbox.subjects.len(), SUBJECTS_MAX);
    assert!(outbox.subjects.keys().all(|it| !it.contains('\n')));
    assert_eq!(outbox.ways[1].waiting.len(), WAITING_MAX);
    assert_eq!(outbox.ways[1].sent.len(), 5);
    assert_eq!(outbox.ways[0].waiting.len(), 0);
    let due = outbox.take_due(T0);
    let said = &due[0].message.news;
    assert!(!said.title().contains('\n') && !said.subject.contains('\n'));
    assert!(said.text().len() <= crate::notify::TEXT_BYTES_MAX);
}
