//! How often another detector's word is passed on.

use std::time::Duration;

use super::*;
use crate::log::{DetectorConfig, IdsConfig, Line, Threshold};

const T0: Timestamp = Timestamp::from_secs(1_795_738_809); // 2026-11-27T00:20:09Z

#[test]
fn the_worst_alert_is_told_at_once_and_then_once_a_minute() {
    let mut detector = detector();
    assert_eq!(told(&mut detector, T0, 1), Ok(1));
    for secs in [0, 1, 59] {
        let passed = told(&mut detector, T0 + Duration::from_secs(secs), 1);
        assert_eq!(passed, Err(Some(Why::Again)), "{secs}");
    }
    assert_eq!(told(&mut detector, T0 + Duration::from_secs(60), 1), Ok(1));
    assert_eq!(
        told(&mut detector, T0, 1),
        Ok(1),
        "a clock that was set back holds nothing up"
    );
}

#[test]
fn milder_alerts_are_counted() {
    let mut detector = detector();
    assert_eq!(told(&mut detector, T0, 2), Err(None));
    assert_eq!(told(&mut detector, T0, 2), Err(None));
    assert_eq!(told(&mut detector, T0, 2), Ok(3));
    let mut mild = (0..9).map(|_| told(&mut detector, T0, 3));
    assert!(mild.all(|it| it == Err(None)));
    assert_eq!(told(&mut detector, T0, 3), Ok(10));
}

#[test]
fn old_alerts_and_alerts_of_proxies_and_rules_that_are_off_count_for_nothing() {
    let mut detector = detector();
    let late = T0 + Duration::from_secs(601);
    assert_eq!(told(&mut detector, late, 1), Err(Some(Why::Stale)));
    let off = Threshold {
        events: 0,
        within: Duration::from_secs(1),
    };
    let behind_proxy = DetectorConfig {
        behind_proxy: vec!["203.0.113.0/24".parse().unwrap()],
        ..config()
    };
    assert_eq!(
        told(&mut Detector::new(behind_proxy), T0, 1),
        Err(Some(Why::Proxy))
    );
    let turned_off = DetectorConfig {
        thresholds: [(Rule::Suricata1, off)].into(),
        ..config()
    };
    assert_eq!(
        told(&mut Detector::new(turned_off), T0, 1),
        Err(Some(Why::Off))
    );
}

#[test]
fn a_crowd_of_sources_is_bounded() {
    let mut detector = detector();
    for number in 0..TOLD_MAX as u32 + 10 {
        let source = std::net::Ipv4Addr::from_bits(0xcb00_0000 + number);
        let line = line(1).replace("203.0.113.7", &source.to_string());
        detector.take(T0, Line::Suricata(line.as_bytes()));
        assert!(detector.told.last.len() <= TOLD_MAX);
    }
}

#[test]
fn a_notice_of_zeeks_is_told_and_one_of_itself_is_nothing() {
    let mut detector = detector();
    let mut log = crate::log::ZeekLog::default();
    log.take(b"#fields\tts\tnote\tsrc");
    let notice = log
        .take(b"1795738809\tFTP::Bruteforcing\t203.0.113.7")
        .unwrap();
    let verdicts = detector.take(T0, Line::Zeek(&notice));
    let [
        Verdict::Alerted {
            indicator, alert, ..
        },
    ] = &verdicts[..]
    else {
        panic!("{verdicts:?}");
    };
    assert_eq!(indicator.to_string(), "203.0.113.7");
    assert_eq!(alert.rule, Rule::ZeekNotice);
    let own = log
        .take(b"1795738809\tCaptureLoss::Too_Much_Loss\t-")
        .unwrap();
    assert_eq!(detector.take(T0, Line::Zeek(&own)), [Verdict::Nothing]);
}

fn config() -> DetectorConfig {
    DetectorConfig {
        ids: IdsConfig {
            home: vec!["192.0.2.0/24".parse().unwrap()],
            ..IdsConfig::default()
        },
        ..DetectorConfig::default()
    }
}

fn detector() -> Detector {
    Detector::new(config())
}

fn line(severity: u8) -> String {
    format!(
        "{{\"timestamp\":\"2026-11-27T00:20:09.000000+0000\",\"event_type\":\"alert\",\
         \"src_ip\":\"203.0.113.7\",\"dest_ip\":\"192.0.2.10\",\"proto\":\"TCP\",\
         \"direction\":\"to_server\",\"app_proto\":\"ssh\",\"alert\":{{\"severity\":{severity},\
         \"category\":\"Attempted Administrator Privilege Gain\"}}}}"
    )
}

/// Returns how many events were told of, or why none were; for `None` it is counted.
fn told(detector: &mut Detector, now: Timestamp, severity: u8) -> Result<u32, Option<Why>> {
    match &detector.take(now, Line::Suricata(line(severity).as_bytes()))[..] {
        [Verdict::Alerted { events, .. }] => Ok(*events),
        [Verdict::Passed { why, .. }] => Err(Some(*why)),
        [Verdict::Counted { .. }] => Err(None),
        other => panic!("{other:?}"),
    }
}
