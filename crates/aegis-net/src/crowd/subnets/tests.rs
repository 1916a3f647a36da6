//! No prefix has more than its share of the places.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_prefix_has_its_share_and_no_more() {
    let mut subnets = Subnets::new(64);
    assert_eq!(subnets.most(), 8);
    for n in 0..8 {
        let from = ip(&format!("203.0.113.{n}"));
        assert!(subnets.has_room(from), "{n}");
        subnets.add(from);
    }
    assert!(!subnets.has_room(ip("203.0.113.200")));
    assert!(!subnets.has_room(ip("::ffff:203.0.113.200")));
    assert!(subnets.has_room(ip("203.0.114.1")), "another prefix");
    subnets.remove(ip("203.0.113.3"));
    assert!(subnets.has_room(ip("203.0.113.200")));
}

#[test]
fn a_site_with_many_addresses_is_one_prefix() {
    let mut subnets = Subnets::new(1);
    for n in 0..4 {
        subnets.add(ip(&format!("2001:db8:1:{n}::1")));
    }
    assert!(!subnets.has_room(ip("2001:db8:1:ffff::1")));
    assert!(subnets.has_room(ip("2001:db8:2::1")));
}

#[test]
fn private_networks_and_this_host_are_not_counted() {
    let mut subnets = Subnets::new(1);
    for from in [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd00::1",
    ] {
        for _ in 0..100 {
            subnets.add(ip(from));
        }
        assert!(subnets.has_room(ip(from)), "{from}");
    }
    assert!(subnets.counted.is_empty());
}

#[test]
fn nothing_is_left_of_those_that_are_gone() {
    let mut subnets = Subnets::new(64);
    for n in 0..200 {
        let from = ip(&format!("203.0.{n}.1"));
        subnets.add(from);
        subnets.remove(from);
        subnets.remove(from);
    }
    assert!(subnets.counted.is_empty());
}
