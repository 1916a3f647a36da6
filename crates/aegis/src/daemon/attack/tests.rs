//! Tests of when an attack is news.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_attack_is_told_once_and_ends_once() {
    let mut attacks = Attacks::default();
    let here: Indicator = "192.0.2.1".parse().unwrap();
    let there: Indicator = "2001:db8::1".parse().unwrap();
    assert!(attacks.note(T0, here, T0 + SECOND * 30));
    assert!(attacks.note(T0, there, T0 + SECOND * 10));
    assert!(!attacks.note(T0 + SECOND, here, T0 + SECOND * 31));
    assert_eq!(attacks.end(T0 + SECOND * 9), []);
    assert_eq!(attacks.end(T0 + SECOND * 10), [(there, SECOND * 10)]);
    assert_eq!(attacks.end(T0 + SECOND * 30), []);
    assert_eq!(attacks.end(T0 + SECOND * 31), [(here, SECOND * 31)]);
    assert_eq!(attacks.end(T0 + SECOND * 99), []);
    assert!(attacks.note(T0 + SECOND * 99, here, T0 + SECOND * 100));
}

#[test]
fn an_older_word_ends_nothing_early() {
    let mut attacks = Attacks::default();
    let here: Indicator = "192.0.2.1".parse().unwrap();
    attacks.note(T0, here, T0 + SECOND * 30);
    attacks.note(T0, here, T0 + SECOND * 5);
    assert_eq!(attacks.end(T0 + SECOND * 29), []);
}

#[test]
fn no_more_destinations_than_there_is_room_for() {
    let mut attacks = Attacks::default();
    for number in 0..ATTACKS_MAX as u32 * 2 {
        let destination = Indicator::prefix(std::net::Ipv4Addr::from(number).into(), 32).unwrap();
        assert_eq!(
            attacks.note(T0, destination, T0 + SECOND),
            number < ATTACKS_MAX as u32
        );
    }
    assert_eq!(attacks.end(T0 + SECOND).len(), ATTACKS_MAX);
}
