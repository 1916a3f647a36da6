//! Which events are news, and what becomes of words that others chose.

use super::*;

#[test]
fn whoever_reports_what_is_ours_is_told_and_is_one_subject_however_many_they_are() {
    for code in ["protected", "allowlisted", "configured_peer", "local_peer"] {
        let (topic, news) = told(refused("192.0.2.1", code)).unwrap();
        assert_eq!(
            (topic, news.subject.as_str()),
            (Topic::Allowlist, "allowlist")
        );
        assert_eq!(
            news.title(),
            "192.0.2.1 was reported, and must not be blocked"
        );
        assert!(
            news.text().ends_with("It is not blocked: it is so.\n"),
            "{}",
            news.text()
        );
    }
    for code in ["too_fast", "not_trusted", "private_range"] {
        assert!(told(refused("192.0.2.1", code)).is_none(), "{code}");
    }
}

#[test]
fn words_that_others_chose_are_shown_and_do_nothing() {
    let event = EventKind::FeedAlarm {
        feed: "drop".to_owned(),
        alarm: "empty".to_owned(),
        message: "\u{202e}evil\r\nBcc: x".to_owned(),
    };
    let (topic, news) = told(event).unwrap();
    assert_eq!(
        (topic, news.subject.as_str()),
        (Topic::Feeds, "feeds drop empty")
    );
    assert_eq!(news.text(), "\\u{202e}evil\\u{d}\nBcc: x\n");
    let alarm = of_alarm("the kernel's tables cannot be read: \u{1b}[2J");
    assert_eq!(
        alarm.text(),
        "the kernel's tables cannot be read: \\u{1b}[2J\n"
    );
    assert_eq!(alarm.subject, "enforcement");
}

#[test]
fn what_happens_every_day_is_no_news() {
    let degraded = EventKind::Degraded {
        message: "x".to_owned(),
    };
    assert!(told(degraded).is_none());
    assert!(told(EventKind::ServiceStopping).is_none());
    let detached = EventKind::ProgramDetached {
        interface: "eth0".to_owned(),
        reason: "it was taken off".to_owned(),
    };
    assert_eq!(told(detached).unwrap().0, Topic::Enforcement);
}

#[test]
fn the_digest_is_what_aegis_summary_says() {
    let day = |mode: &str| -> Summary {
        let text = format!(
            "{{\"since\":\"2026-11-26T07:00:00Z\",\"until\":\"2026-11-27T07:00:00Z\",\"mode\":\"{mode}\",\
             \"sources\":2,\"by_origin\":{{\"detector\":2}},\"by_reason\":{{\"brute_force\":2}},\
             \"by_country\":{{}},\"by_asn\":{{}},\"traffic_by_origin\":null,\"contacts\":0,\
             \"contacts_since\":\"2026-11-01T00:00:00Z\",\"truncated\":false,\"lines\":[]}}"
        );
        serde_json::from_str(&text).unwrap()
    };
    let news = of_summary(&day("enforce"));
    assert_eq!(
        (news.urgency, news.subject.as_str()),
        (Urgency::Digest, "digest")
    );
    assert_eq!(news.title(), "Blocked 2 sources in 24 hours");
    let text = news.text();
    assert!(
        text.starts_with("Blocked 2 sources since 2026-11-26T07:00:00Z\n"),
        "{text}"
    );
    assert!(text.contains("2 for brute_force"), "{text}");
    let news = of_summary(&day("observe"));
    assert_eq!(news.title(), "Would have blocked 2 sources in 24 hours");
}

fn refused(indicator: &str, code: &str) -> EventKind {
    EventKind::AlertRefused {
        indicator: indicator.parse().unwrap(),
        code: code.to_owned(),
        message: "it is so".to_owned(),
        author: aegis_core::NodeId::from_public_key([7; 32]),
    }
}

fn told(kind: EventKind) -> Option<(Topic, News)> {
    let at = aegis_core::Timestamp::EPOCH;
    of_event(&Event { seq: 1, at, kind })
}
