//! Buckets fill, leak, and stay within bounds.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const FIVE: Threshold = Threshold {
    events: 5,
    within: Duration::from_secs(600),
};
const RULE: Rule = Rule::SshBruteForce;

#[test]
fn the_fifth_within_ten_minutes_is_an_attack_and_the_sixth_begins_anew() {
    let mut buckets = Buckets::default();
    let mut add = |secs| buckets.add(NOW + Duration::from_secs(secs), (v4(7), RULE), FIVE);
    for secs in 0..4 {
        assert_eq!(add(secs), Level::Counted(u32::try_from(secs).unwrap() + 1));
    }
    assert_eq!(add(4), Level::Full("203.0.113.7".parse().unwrap(), 5));
    assert_eq!(add(5), Level::Counted(1));
}

#[test]
fn what_is_slow_enough_leaks() {
    let mut buckets = Buckets::default();
    for it in 0..100 {
        let now = NOW + Duration::from_secs(120) * it;
        let level = buckets.add(now, (v4(7), RULE), FIVE);
        assert_eq!(level, Level::Counted(1), "{it}");
    }
}

#[test]
fn what_leaks_leaks_also_after_the_clock_was_set_back_by_a_day() {
    let mut buckets = Buckets::default();
    let mut add = |at| buckets.add(at, (v4(7), RULE), FIVE);
    assert_eq!(add(NOW + Duration::from_secs(86_400)), Level::Counted(1));
    assert_eq!(add(NOW), Level::Counted(2));
    for it in 1..100 {
        let level = add(NOW + Duration::from_secs(600) * it);
        assert_eq!(level, Level::Counted(1), "{it}");
    }
}

#[test]
fn a_clock_that_is_set_back_neither_fills_nor_empties() {
    let mut buckets = Buckets::default();
    for it in 0..4 {
        buckets.add(NOW - Duration::from_secs(it * 300), (v4(7), RULE), FIVE);
    }
    assert!(matches!(
        buckets.add(NOW, (v4(7), RULE), FIVE),
        Level::Full(..)
    ));
}

#[test]
fn a_network_of_ipv6_is_counted_together_and_named_by_what_it_used() {
    let mut buckets = Buckets::default();
    let mut add = |host: u16| {
        let address: IpAddr = format!("2001:db8:0:1::{host:x}").parse().unwrap();
        buckets.add(NOW, (address, RULE), FIVE)
    };
    for host in 1..5 {
        add(host);
    }
    assert_eq!(add(5), Level::Full("2001:db8:0:1::/64".parse().unwrap(), 5));
    for _ in 0..4 {
        add(9);
    }
    assert_eq!(add(9), Level::Full("2001:db8:0:1::9".parse().unwrap(), 5));
}

#[test]
fn a_crowd_does_not_stop_the_counting_of_others() {
    let mut buckets = Buckets::default();
    for _ in 0..4 {
        buckets.add(NOW, (v4(7), RULE), FIVE);
    }
    for it in 0..200_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + it).into();
        let now = NOW + Duration::from_millis(it.into());
        buckets.add(now, (address, RULE), FIVE);
        assert!(buckets.buckets.len() <= BUCKETS_MAX);
    }
    let now = NOW + Duration::from_secs(200);
    let level = buckets.add(now, (v4(7), RULE), FIVE);
    assert_eq!(
        level,
        Level::Counted(4),
        "it leaked, and was not pushed out"
    );
}

#[test]
fn what_is_forgiven_is_forgotten() {
    let mut buckets = Buckets::default();
    for _ in 0..4 {
        buckets.add(NOW, (v4(7), RULE), FIVE);
    }
    buckets.forgive(v4(7), RULE);
    assert_eq!(buckets.add(NOW, (v4(7), RULE), FIVE), Level::Counted(1));
}

fn v4(host: u8) -> IpAddr {
    [203, 0, 113, host].into()
}
