//! News and hours.

use std::time::Duration;

use super::*;

#[test]
fn news_hold_no_control_characters_and_no_more_than_they_may() {
    let news = News::new(
        Urgency::Urgent,
        "a\r\nb",
        "x\r\nBcc: everybody@example.com\u{2028}y\u{1b}[2J",
        "one\ntwo\r\nthree\u{0}",
    );
    assert_eq!(news.subject, "a\u{fffd}\u{fffd}b");
    assert_eq!(
        news.title(),
        "x\u{fffd}\u{fffd}Bcc: everybody@example.com\u{fffd}y\u{fffd}[2J"
    );
    assert_eq!(news.text(), "one\ntwo\u{fffd}\nthree\u{fffd}");
    let long = News::new(Urgency::Digest, "", &"é".repeat(500), &"é".repeat(9_000));
    assert_eq!(
        (long.title().len(), long.text().len()),
        (TITLE_BYTES_MAX, TEXT_BYTES_MAX)
    );
}

#[test]
fn a_hosts_name_is_a_word() {
    assert_eq!(host_word("web-1.example"), "web-1.example");
    assert_eq!(host_word("a\r\nb: \u{e9}\""), "ab");
    assert_eq!(host_word("\u{e9} "), "aegis");
    assert_eq!(host_word(&"a".repeat(100)).len(), 64);
}

#[test]
fn ntfy_gets_a_document_and_no_headers() {
    let message = Message {
        news: News::new(Urgency::Urgent, "s", "t\r\nX: y", "one\n\"two\""),
        host: "h".to_owned(),
        at: Timestamp::EPOCH,
        count: 3,
    };
    let document: serde_json::Value = serde_json::from_str(&ntfy("alarm", &message)).unwrap();
    let expected = serde_json::json!({
        "topic": "alarm", "title": "[h] t\u{fffd}\u{fffd}X: y (3 times)",
        "message": "one\n\"two\"", "priority": 5, "tags": ["urgent"]
    });
    assert_eq!(document, expected);
}

#[test]
fn ntfy_gets_no_more_than_it_takes_as_a_message() {
    let check = |text: &str, is_whole: bool| {
        let message = Message {
            news: News::new(Urgency::Digest, "s", "t", text),
            host: "h".to_owned(),
            at: Timestamp::EPOCH,
            count: 1,
        };
        let written = ntfy("alarm", &message);
        assert!(written.len() <= 2 * 4_096, "{}", written.len());
        let document: serde_json::Value = serde_json::from_str(&written).unwrap();
        let said = document["message"].as_str().unwrap();
        assert!(said.len() < 4_096, "{}", said.len());
        assert_eq!(said == text, is_whole, "{said}");
        assert!(is_whole || said.ends_with("\n…"), "{said}");
    };
    check("", true);
    check(&"x".repeat(3_900), true);
    check(&"x".repeat(4_096), false);
    check(&"é".repeat(4_000), false);
    check(&"\"\\\n".repeat(1_200), false);
}

#[test]
fn a_daily_hour_comes_once_a_day_by_the_clock_on_the_wall() {
    let at = Timestamp::from_secs(1_795_738_809); // 2026-11-27T00:20:09Z
    for (hour, offset_secs, expected) in [
        ("07:00", 0, "2026-11-27T07:00:00Z"),
        ("00:20", 0, "2026-11-28T00:20:00Z"),
        ("00:21", 0, "2026-11-27T00:21:00Z"),
        ("07:00", 3_600, "2026-11-27T06:00:00Z"),
        ("00:00", -18_000, "2026-11-27T05:00:00Z"),
        ("01:20", 3_600, "2026-11-28T00:20:00Z"),
    ] {
        let daily: Daily = hour.parse().unwrap();
        let next = daily.next_after(at, offset_secs);
        assert_eq!(next.to_string(), expected, "{hour} {offset_secs}");
        let after = daily.next_after(next, offset_secs);
        assert_eq!(after.since(next), Duration::from_secs(86_400));
    }
}

#[test]
fn what_is_no_hour_is_refused() {
    for text in [
        "", "7:00", "24:00", "07:60", "07-00", "+7:00", "07:0x", "07:00:00",
    ] {
        assert_eq!(text.parse::<Daily>(), Err(InvalidDaily), "{text}");
    }
    assert!("23:59".parse::<Daily>().is_ok());
}
