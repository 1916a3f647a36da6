//! Tests that a summary counts sources once, and names those first that are ours.

use std::time::Duration;

use aegis_core::ThreatType;

use super::*;

const T0: Timestamp = Timestamp::from_millis(1_795_176_000_250);

fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}

fn blocked(indicator: &str, actor: Actor, secs: u64) -> HistoryEntry {
    let at = T0 + Duration::from_secs(secs);
    HistoryEntry {
        indicator: Some(ip(indicator)),
        threat_type: Some(ThreatType::syn_flood()),
        ..HistoryEntry::new(at, HistoryKind::Blocked, actor)
    }
}

fn known() -> Known {
    let mut witness = Witness::new(T0);
    let address = "203.0.113.9".parse().expect("an address");
    witness.note(T0, address, ContactKind::Login);
    let traffic = |packets| Traffic { packets, bytes: 60 };
    Known {
        since: T0,
        until: T0 + Duration::from_secs(100),
        mode: NodeMode::Observe,
        observing_since: Some(T0),
        witness,
        logins: BTreeMap::new(),
        places: Arc::default(),
        counted: Some(
            [
                (ip("203.0.113.7"), traffic(9)),
                (ip("203.0.113.8"), traffic(99)),
            ]
            .into(),
        ),
        listed: Vec::new(),
        active: [ip("203.0.113.7"), ip("203.0.113.8")].into(),
    }
}

#[test]
fn sources_are_counted_once_and_ours_come_first() {
    let mut gathered = Gathered::default();
    for entry in [
        blocked("203.0.113.7", Actor::Detector, 30),
        blocked("203.0.113.8", Actor::User(0), 20),
        blocked("203.0.113.7", Actor::Detector, 10),
        blocked("203.0.113.9", Actor::Detector, 5),
        HistoryEntry {
            kind: HistoryKind::Ended,
            ..blocked("198.51.100.1", Actor::Node, 1)
        },
    ] {
        gathered.take(&entry);
    }
    let summary = gathered.summary(known());
    assert_eq!((summary.sources, summary.contacts), (3, 1));
    assert_eq!(
        summary.by_origin,
        [("detector".into(), 2), ("operator".into(), 1)].into()
    );
    assert_eq!(summary.by_reason, [("syn_flood".into(), 3)].into());
    let traffic = summary.traffic_by_origin.expect("counted");
    assert_eq!(traffic["detector"].packets, 9);
    let lines: Vec<_> = summary
        .lines
        .iter()
        .map(|it| it.indicator.to_string())
        .collect();
    assert_eq!(lines, ["203.0.113.9", "203.0.113.8", "203.0.113.7"]);
    let [ours, _, often] = &summary.lines[..] else {
        panic!("three lines");
    };
    assert!(ours.contact.is_some() && !ours.active && ours.traffic.is_none());
    assert_eq!((often.blocks, often.active), (2, true));
    assert_eq!(often.last_at.since(often.first_at), Duration::from_secs(20));
}

#[test]
fn there_is_an_end_to_it_and_it_is_told() {
    let mut gathered = Gathered::default();
    for number in 0..=SOURCES_MAX as u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number);
        let why = (String::new(), T0);
        gathered.add(Indicator::host(address.into()), Origin::Detector, why);
    }
    let summary = gathered.summary(known());
    assert!(summary.truncated);
    assert_eq!(summary.sources, SOURCES_MAX as u64);
    assert_eq!(summary.lines.len(), SUMMARY_LINES_MAX);
}

#[test]
fn whoever_logged_in_the_day_before_is_one_of_ours() {
    let mut gathered = Gathered::default();
    gathered.take(&blocked("198.51.100.0/24", Actor::Detector, 30));
    gathered.take(&blocked("203.0.113.7", Actor::Detector, 20));
    let yesterday = T0 - Duration::from_secs(86_400);
    let address: IpAddr = "198.51.100.7".parse().expect("an address");
    let known = Known {
        logins: [(address, yesterday)].into(),
        ..known()
    };
    let summary = gathered.summary(known);
    assert_eq!(summary.contacts, 1);
    let contact = Contact {
        address,
        kind: ContactKind::Login,
        at: yesterday,
    };
    assert_eq!(summary.lines[0].contact, Some(contact));
}
