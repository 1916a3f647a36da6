//! Tests of `threat`.

use super::*;

#[test]
fn threat_types_are_short_lower_case_names() {
    for name in ThreatType::KNOWN {
        assert_eq!(name.parse::<ThreatType>().unwrap().as_str(), name);
    }
    for name in ["a", "x.y-z_0", &"a".repeat(64)] {
        assert!(name.parse::<ThreatType>().is_ok(), "{name}");
    }
    for name in [
        "",
        "SYN",
        "syn flood",
        "syn/flood",
        "ä",
        "a\n",
        "a\0",
        &"a".repeat(65),
    ] {
        assert_eq!(name.parse::<ThreatType>(), Err(InvalidThreatType), "{name}");
    }
}

#[test]
fn severity_is_one_to_ten() {
    let accepted: Vec<u8> = (0..=255)
        .filter(|it| Severity::new(*it).is_some())
        .collect();
    assert_eq!(accepted, (1..=10).collect::<Vec<u8>>());
}

#[test]
fn block_durations_are_one_second_to_one_day() {
    for (secs, fits) in [
        (0, false),
        (1, true),
        (86_400, true),
        (86_401, false),
        (u64::MAX, false),
    ] {
        assert_eq!(BlockDuration::from_secs(secs).is_some(), fits, "{secs}");
    }
}

#[test]
fn clamping_never_shortens_below_what_was_asked_within_the_range() {
    let check = |millis, secs| {
        let duration = Duration::from_millis(millis);
        assert_eq!(BlockDuration::clamped(duration).as_secs(), secs, "{millis}");
    };
    check(0, 1);
    check(1, 1);
    check(1000, 1);
    check(1001, 2);
    check(86_400_000, 86_400);
    check(u64::MAX, 86_400);
}
