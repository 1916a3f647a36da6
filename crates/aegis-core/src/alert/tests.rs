//! Tests of `alert`.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[test]
fn gossip_is_news_within_five_minutes_and_forgiven_within_an_hour() {
    use Freshness::*;
    let check = |offset, expected| check(offset, 60, Channel::Gossip, expected);
    check(0, Fresh);
    check(300, Fresh);
    check(301, Impossible);
    check(-300, Fresh);
    check(-301, Late);
    check(-3600, Late);
    check(-3601, Impossible);
}

#[test]
fn what_is_synced_holds_until_it_expires() {
    use Freshness::*;
    let check = |offset, secs, expected| check(offset, secs, Channel::Sync, expected);
    check(0, 1, Fresh);
    check(-1, 1, Late);
    check(-86_399, 86_400, Fresh);
    check(-86_400, 86_400, Late);
    check(300, 60, Fresh);
    check(301, 60, Impossible);
}

#[test]
fn an_id_is_its_text() {
    let id = AlertId::of(b"bytes");
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_ne!(id, AlertId::of(b"bytez"));
    for text in [
        "",
        "0",
        &"0".repeat(33),
        &"A".repeat(32),
        &format!("+{}", "0".repeat(31)),
    ] {
        assert_eq!(text.parse::<AlertId>(), Err(InvalidAlertId), "{text}");
    }
}

#[test]
fn descriptions_are_short_and_printable() {
    let check = |text: &str, fits| assert_eq!(text.parse::<Description>().is_ok(), fits, "{text}");
    check("", true);
    check(&"ä".repeat(256), true);
    check(&"ä".repeat(257), false);
    check("a\nb", false);
    check("a\u{1b}[31m", false);
    check("a\u{85}", false);
}

#[track_caller]
fn check(offset_secs: i64, block_secs: u64, channel: Channel, expected: Freshness) {
    let statement = Statement {
        indicator: "192.0.2.1".parse().unwrap(),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MEDIUM,
        stated_at: Timestamp::from_secs(NOW.as_secs().saturating_add_signed(offset_secs)),
        block_for: BlockDuration::from_secs(block_secs).unwrap(),
        evidence: Evidence::Spoofable,
        description: None,
        withdraws: None,
    };
    assert_eq!(
        Freshness::of(&statement, NOW, channel),
        expected,
        "{offset_secs}"
    );
}
