//! Tests of the sets' names and masks.

use super::*;

#[test]
fn every_name_is_read_as_it_is_written() {
    for purpose in [Purpose::Protected, Purpose::Allowlisted, Purpose::Blocked] {
        for (is_ipv6, longest) in [(false, 32), (true, 128)] {
            for prefix_len in 0..=longest {
                let key = SetKey {
                    purpose,
                    is_ipv6,
                    prefix_len,
                };
                assert_eq!(SetKey::parse(&key.name()), Some(key));
            }
        }
    }
}

#[test]
fn no_other_name_is_a_set_of_ours() {
    for name in [
        "",
        "_",
        "blocked4",
        "blocked4_",
        "blocked4_33",
        "blocked6_129",
        "blocked4_024",
        "blocked4_+4",
        "blocked5_1",
        "Blocked4_1",
        "blocked4_1_2",
        "blocked4_-1",
        "blocked4_999",
    ] {
        assert_eq!(SetKey::parse(name), None, "{name}");
    }
}

#[test]
fn the_source_is_masked_to_the_length_of_the_set() {
    for (indicator, source) in [
        ("203.0.113.7", "ip saddr"),
        ("203.0.113.0/24", "ip saddr & 255.255.255.0"),
        ("203.0.112.0/21", "ip saddr & 255.255.248.0"),
        ("0.0.0.0/0", "ip saddr & 0.0.0.0"),
        ("2001:db8::1", "ip6 saddr"),
        ("2001:db8::/48", "ip6 saddr & ffff:ffff:ffff::"),
        ("2001:db8::/61", "ip6 saddr & ffff:ffff:ffff:fff8::"),
        ("::/0", "ip6 saddr & ::"),
    ] {
        let key = SetKey::of(Purpose::Blocked, indicator.parse().unwrap());
        assert_eq!(key.source(), source, "{indicator}");
    }
}

#[test]
fn an_element_is_only_what_its_set_can_hold() {
    let key = SetKey::parse("blocked4_24").unwrap();
    let indicator = |text: &str| key.indicator(text.parse().unwrap());
    assert_eq!(
        indicator("203.0.113.0"),
        Some("203.0.113.0/24".parse().unwrap())
    );
    assert_eq!(indicator("203.0.113.7"), None, "host bits");
    assert_eq!(indicator("2001:db8::"), None, "another family");
    let mapped = SetKey::parse("blocked6_128").unwrap();
    assert_eq!(mapped.indicator("::ffff:1.2.3.4".parse().unwrap()), None);
}
