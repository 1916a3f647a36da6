//! Rates and places: one caller's do not cost another's, and what is counted stays bounded.

use std::{net::IpAddr, sync::Arc, time::Duration};

use aegis_core::Timestamp;

use super::{
    CONNECTIONS_PER_ADDRESS_MAX, Gate, KEYED_RATE, REQUESTS_MAX, STRANGER_RATE, STRANGERS_MAX,
};

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

#[test]
fn a_stranger_has_a_burst_and_then_a_rate() {
    let gate = Gate::new();
    assert_eq!(admitted(&gate, NOW, "192.0.2.1"), STRANGER_RATE.0);
    assert_eq!(
        admitted(&gate, NOW, "::ffff:192.0.2.1"),
        0,
        "the same address"
    );
    assert_eq!(
        admitted(&gate, NOW, "192.0.2.2"),
        STRANGER_RATE.0,
        "another has its own"
    );
    let now = NOW + Duration::from_secs(1);
    assert_eq!(admitted(&gate, now, "192.0.2.1"), STRANGER_RATE.1);
}

#[test]
fn a_prefix_of_ipv6_is_one_stranger() {
    let gate = Gate::new();
    assert_eq!(admitted(&gate, NOW, "2001:db8::1"), STRANGER_RATE.0);
    assert_eq!(admitted(&gate, NOW, "2001:db8::2:3:4:5"), 0);
    assert_eq!(admitted(&gate, NOW, "2001:db8:0:1::1"), STRANGER_RATE.0);
}

#[test]
fn a_key_is_not_held_up_by_strangers() {
    let gate = Gate::new();
    admitted(&gate, NOW, "127.0.0.1");
    let (web, agent) = (
        "web".parse().expect("set up"),
        "agent".parse().expect("set up"),
    );
    let times = (0..=KEYED_RATE.0)
        .filter(|_| gate.admit_key(NOW, web))
        .count();
    assert_eq!(times as u32, KEYED_RATE.0);
    assert!(gate.admit_key(NOW, agent), "another key has its own");
    let now = NOW + Duration::from_secs(1);
    let times = (0..=KEYED_RATE.0)
        .filter(|_| gate.admit_key(now, web))
        .count();
    assert_eq!(times as u32, KEYED_RATE.1);
}

#[test]
fn a_crowd_of_strangers_shares_what_is_left() {
    let gate = Gate::new();
    for number in 0..STRANGERS_MAX as u32 {
        assert!(gate.admit_stranger(NOW, IpAddr::from((0x0a00_0000 + number).to_be_bytes())));
    }
    assert_eq!(admitted(&gate, NOW, "192.0.2.1"), STRANGER_RATE.0);
    assert_eq!(
        admitted(&gate, NOW, "192.0.2.2"),
        0,
        "there is one rate for the rest"
    );
    assert_eq!(gate.counts().strangers.len(), STRANGERS_MAX);
    let now = NOW + Duration::from_secs(60);
    assert_eq!(
        admitted(&gate, now, "192.0.2.2"),
        STRANGER_RATE.0,
        "those who rest are forgotten"
    );
    assert_eq!(gate.counts().strangers.len(), 1);
}

#[test]
fn places_are_given_back() {
    let gate = Arc::new(Gate::new());
    let address = "192.0.2.1".parse().expect("set up");
    let connect = || gate.connect(address);
    let places: Vec<_> = std::iter::repeat_with(connect).map_while(|it| it).collect();
    assert_eq!(places.len(), CONNECTIONS_PER_ADDRESS_MAX);
    drop(places);
    assert!(gate.counts().connections.is_empty());
    let begun: Vec<_> = std::iter::repeat_with(|| gate.begin())
        .map_while(|it| it)
        .collect();
    assert_eq!(begun.len(), REQUESTS_MAX);
    drop(begun);
    assert!(gate.begin().is_some());
}

fn admitted(gate: &Gate, now: Timestamp, address: &str) -> u32 {
    let address = address.parse().expect("set up");
    (0..2 * STRANGER_RATE.0)
        .map(|_| u32::from(gate.admit_stranger(now, address)))
        .sum()
}
