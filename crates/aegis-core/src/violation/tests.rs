//! Tests of `violation`.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

#[test]
fn counts_up_and_forgets_after_a_day() {
    let mut violations = Violations::default();
    let source = "192.0.2.1".parse().unwrap();
    assert_eq!(violations.add(NOW, source), 1);
    assert_eq!(violations.add(NOW + REMEMBERED_FOR / 2, source), 2);
    assert_eq!(violations.add(NOW + REMEMBERED_FOR, source), 3);
    assert_eq!(violations.add(NOW + REMEMBERED_FOR * 2, source), 1);
}

#[test]
fn a_spoofed_flood_neither_grows_it_nor_washes_a_known_offender() {
    let mut violations = Violations::default();
    let offender = "192.0.2.1".parse().unwrap();
    violations.add(NOW, offender);
    for host in 0..SOURCES_MAX as u32 + 1000 {
        violations.add(NOW, Indicator::host(std::net::Ipv4Addr::from(host).into()));
    }
    assert_eq!(violations.sources.len(), SOURCES_MAX);
    assert_eq!(violations.add(NOW, offender), 2);
}
