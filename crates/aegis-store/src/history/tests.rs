//! Keys keep together what lies together.

use aegis_core::Indicator;

use super::net;

#[test]
fn a_prefix_holds_what_lies_in_it_and_nothing_else() {
    check(
        "192.0.2.0/24",
        &["192.0.2.0", "192.0.2.0/25", "192.0.2.255", "192.0.2.0/24"],
        true,
    );
    check(
        "192.0.2.0/24",
        &["192.0.1.255", "192.0.3.0", "192.0.2.0/23", "::c000:200"],
        false,
    );
    check(
        "0.0.0.0/0",
        &["0.0.0.0", "255.255.255.255", "10.0.0.0/8"],
        true,
    );
    check("0.0.0.0/0", &["::", "::/0"], false);
    check("192.0.2.7", &["192.0.2.7"], true);
    check(
        "192.0.2.7",
        &["192.0.2.6", "192.0.2.8", "192.0.2.6/31"],
        false,
    );
    check(
        "2001:db8::/32",
        &["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
        true,
    );
    check(
        "2001:db8::/32",
        &["2001:db9::", "2001:db7:ffff::", "2001:db8::/31"],
        false,
    );
    check(
        "::/0",
        &["::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
        true,
    );
}

#[test]
fn what_is_around_is_every_wider_prefix() {
    let around = net::around(&parse("192.0.2.7"));
    assert_eq!(around.len(), 32);
    for (wider, is_around) in [
        ("192.0.2.0/24", true),
        ("0.0.0.0/0", true),
        ("192.0.2.7", false),
        ("192.0.3.0/24", false),
    ] {
        assert_eq!(
            around.contains(&net::key(&parse(wider))),
            is_around,
            "{wider}"
        );
    }
    assert!(net::around(&parse("::/0")).is_empty());
}

#[track_caller]
fn check(prefix: &str, others: &[&str], is_within: bool) {
    let (first, last) = net::within(&parse(prefix));
    for other in others {
        let key = net::key(&parse(other));
        let is_found = first <= key && key <= last;
        assert_eq!(is_found, is_within, "{other} in {prefix}");
    }
}

fn parse(text: &str) -> Indicator {
    text.parse().unwrap()
}
