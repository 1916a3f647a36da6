//! The kind of a place is that of the place itself, for every length of both families.

use super::*;

#[track_caller]
fn check(indicator: Indicator) {
    let kind = Place::of(indicator).map(|it| match it {
        Place::HostV4(_) => Kind::HostV4,
        Place::NetV6(_) => Kind::NetV6,
        Place::PrefixV4(_) => Kind::PrefixV4,
        Place::PrefixV6(_) => Kind::PrefixV6,
        Place::Longer(_) => Kind::Longer,
    });
    assert_eq!(Kind::of(indicator), kind, "{indicator}");
}

#[test]
fn a_kind_is_that_of_the_place() {
    for length in 0..=32 {
        for address in [[203, 0, 113, 7], [0; 4], [255; 4]] {
            check(Indicator::prefix(address.into(), length).unwrap());
        }
    }
    for length in 0..=128 {
        for address in [
            "2001:db8:1:2::7",
            "::",
            "ff02::1",
            "ffff:1:2:3::4",
            "fe80::1",
        ] {
            let address: IpAddr = address.parse().unwrap();
            check(Indicator::prefix(address, length).unwrap());
        }
    }
}
