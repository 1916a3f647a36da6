//! Tests of what is made of the bytes in the ring.

use super::*;

const HZ: u64 = 250;

fn parse(event: Event) -> Option<KernelEvent> {
    parse_at(event, event.at)
}

fn parse_at(event: Event, now: u64) -> Option<KernelEvent> {
    // SAFETY: a live value without padding.
    let bytes =
        unsafe { std::slice::from_raw_parts((&raw const event).cast::<u8>(), size_of::<Event>()) };
    KernelEvent::parse(bytes, HZ, Some(now))
}

fn v4() -> Event {
    Event {
        kind: EVENT_SYN_FLOOD,
        family: 4,
        address: [203, 0, 113, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        prefix_len: 32,
        count: 100,
        elapsed: 125,
        at: 1000,
        deadline: 1000 + 60 * HZ,
        violations: 2,
        is_observed: 0,
    }
}

#[test]
fn reads_source_rate_and_block() {
    let event = parse(v4()).unwrap();
    assert_eq!(event.indicator, "203.0.113.7".parse().unwrap());
    assert_eq!(event.finding, Finding::SynFlood);
    assert_eq!(event.count, 100);
    assert_eq!(event.rate, 200);
    assert_eq!(event.blocked_for, Some(Duration::from_secs(60)));
    assert_eq!(event.violations, 2);
    assert!(!event.is_observed);
}

#[test]
fn an_ipv6_source_is_a_prefix() {
    let event = Event {
        family: 6,
        address: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        prefix_len: 64,
        ..v4()
    };
    assert_eq!(
        parse(event).unwrap().indicator,
        "2001:db8:0:1::/64".parse().unwrap()
    );
}

#[test]
fn a_burst_within_a_tick_is_not_taken_for_a_rate() {
    let event = Event { elapsed: 0, ..v4() };
    assert_eq!(parse(event).unwrap().rate, 10_000);
}

#[test]
fn a_full_table_is_no_block() {
    let event = Event {
        deadline: 0,
        ..v4()
    };
    assert_eq!(parse(event).unwrap().blocked_for, None);
}

#[test]
fn a_forged_looking_flood_stays_spoofable() {
    let now = Timestamp::from_secs(1_800_000_000);
    let detection = parse(v4()).unwrap().to_detection(now).unwrap();
    assert_eq!(detection.evidence, Evidence::Spoofable);
    assert_eq!(detection.blocked_until, Some(now + Duration::from_secs(60)));
    assert_eq!(detection.threat_type.as_str(), "syn_flood");
}

#[test]
fn what_this_build_does_not_know_is_left_alone() {
    assert_eq!(parse(Event { kind: 99, ..v4() }), None);
    assert_eq!(
        parse(Event {
            prefix_len: 33,
            ..v4()
        }),
        None
    );
    assert_eq!(KernelEvent::parse(&[0; 63], HZ, None), None);
    assert_eq!(KernelEvent::parse(&[], HZ, None), None);
}

#[test]
fn what_waited_in_the_ring_is_as_old_as_it_is() {
    let at = v4().at;
    let left = |later: u64| parse_at(v4(), at + later).map(|it| it.blocked_for);
    assert_eq!(left(10 * HZ), Some(Some(Duration::from_secs(50))));
    assert_eq!(left(60 * HZ), Some(None));
    assert_eq!(left(300 * HZ), Some(None));
    assert_eq!(left(300 * HZ + 1), None);
}

#[test]
fn each_finding_is_its_kind_of_attack() {
    let threat = |kind| {
        let event = parse(Event { kind, ..v4() }).unwrap();
        let detection = event.to_detection(Timestamp::from_secs(1_800_000_000));
        detection.map(|it| it.threat_type.as_str().to_owned())
    };
    let kinds = [
        (EVENT_SYN_FLOOD, Some("syn_flood")),
        (EVENT_SYN_IMBALANCE, Some("syn_flood")),
        (EVENT_UDP_FLOOD, Some("udp_flood")),
        (EVENT_ICMP_FLOOD, Some("icmp_flood")),
        (EVENT_PORT_SCAN, Some("port_scan")),
        // The destination is the victim, and a full table is nobody's fault.
        (EVENT_SYN_FLOOD_DESTINATION, None),
        (EVENT_OWN_TABLE_FULL, None),
    ];
    for (kind, expected) in kinds {
        assert_eq!(threat(kind).as_deref(), expected, "kind {kind}");
    }
}

#[test]
fn a_destination_is_a_whole_address() {
    let event = Event {
        kind: EVENT_SYN_FLOOD_DESTINATION,
        family: 6,
        address: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
        prefix_len: 128,
        ..v4()
    };
    let event = parse(event).unwrap();
    assert_eq!(event.finding, Finding::SynFloodDestination);
    assert_eq!(event.indicator, "2001:db8::7".parse().unwrap());
}
