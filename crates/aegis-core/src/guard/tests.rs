//! Tests of `guard`.

use super::*;

#[test]
fn nobody_blocks_what_the_host_stands_on() {
    let guards = guards();
    let protected = [
        ("127.0.0.1", Protection::Loopback),
        ("127.255.255.255", Protection::Loopback),
        ("::1", Protection::Loopback),
        ("0.0.0.0", Protection::Unspecified),
        ("::", Protection::Unspecified),
        ("255.255.255.255", Protection::Broadcast),
        ("239.1.2.3", Protection::Multicast),
        ("ff02::1", Protection::Multicast),
        ("169.254.1.1", Protection::LinkLocal),
        ("fe80::1", Protection::LinkLocal),
        ("192.0.2.10", Protection::OwnAddress),
        ("192.0.2.1", Protection::Gateway),
        ("192.0.2.53", Protection::Resolver),
        ("198.51.100.7", Protection::AdminSession),
    ];
    for (text, expected) in protected {
        match guards.untouchable(&text.parse().unwrap()) {
            Err(Refusal::Protected {
                address,
                protection,
            }) => {
                assert_eq!((address.to_string().as_str(), protection), (text, expected));
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    for text in [
        "192.0.2.0/24",
        "198.51.100.0/25",
        "127.0.0.0/8",
        "fe80::/19",
    ] {
        let refused = guards.untouchable(&text.parse().unwrap());
        assert!(
            matches!(refused, Err(Refusal::Protected { .. })),
            "{text}: {refused:?}"
        );
    }
    for text in ["0.0.0.0/0", "::/0", "126.0.0.0/7"] {
        let refused = guards.untouchable(&text.parse().unwrap());
        assert!(
            matches!(refused, Err(Refusal::TooWide { .. })),
            "{text}: {refused:?}"
        );
    }
    for text in ["192.0.2.11", "198.51.100.128/25", "2001:db8::1"] {
        assert_eq!(guards.untouchable(&text.parse().unwrap()), Ok(()), "{text}");
    }
}

#[test]
fn the_allowlist_saves_what_lies_in_it_but_not_the_range_around_it() {
    let guards = guards();
    let entry = "203.0.113.0/25".parse().unwrap();
    let check = |text: &str, expected| {
        assert_eq!(
            guards.untouchable(&text.parse().unwrap()),
            expected,
            "{text}"
        );
    };
    check("203.0.113.5", Err(Refusal::Allowlisted { entry }));
    check("203.0.113.64/26", Err(Refusal::Allowlisted { entry }));
    check("203.0.113.128", Ok(()));
    check("203.0.113.0/24", Ok(()));
}

#[test]
fn widths_have_a_floor_for_all_and_a_higher_one_for_peers() {
    let check = |text: &str, for_all: bool, for_peers: bool| {
        let indicator = text.parse().unwrap();
        assert_eq!(Guards::width(&indicator).is_ok(), for_all, "{text}");
        assert_eq!(Guards::peer_width(&indicator).is_ok(), for_peers, "{text}");
    };
    check("0.0.0.0/0", false, false);
    check("8.0.0.0/7", false, false);
    check("8.0.0.0/8", true, false);
    check("203.0.113.0/23", true, false);
    check("203.0.113.0/24", true, true);
    check("2000::/18", false, false);
    check("2000::/19", true, false);
    check("2001:db8::/47", true, false);
    check("2001:db8::/48", true, true);
}

#[test]
fn strangers_do_not_speak_of_private_ranges() {
    let guards = guards();
    for text in [
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.0/24",
        "100.64.0.1",
        "fd00::1",
    ] {
        assert_eq!(
            guards.public(&text.parse().unwrap()),
            Err(Refusal::PrivateRange),
            "{text}"
        );
    }
    for text in ["8.8.8.8", "172.32.0.1", "2001:db8::1"] {
        assert_eq!(guards.public(&text.parse().unwrap()), Ok(()), "{text}");
    }
}

#[test]
fn an_address_that_answered_is_safe_for_an_hour() {
    let mut guards = guards();
    let (now, client) = (Timestamp::from_secs(1_000_000), "203.0.113.200");
    guards.add_established(now, client.parse().unwrap());
    let check = |later, text: &str, safe| {
        let outcome =
            guards.not_established(now + Duration::from_secs(later), &text.parse().unwrap());
        assert_eq!(outcome.is_err(), safe, "{later} {text}");
    };
    check(0, client, true);
    check(3599, client, true);
    check(3600, client, false);
    check(0, "203.0.113.0/24", true);
    check(0, "203.0.113.201", false);
}

#[test]
fn a_flood_of_connections_does_not_grow_the_memory_of_them() {
    let mut guards = guards();
    let now = Timestamp::from_secs(1_000_000);
    for host in 0..ESTABLISHED_MAX as u32 + 1000 {
        guards.add_established(now, std::net::Ipv4Addr::from(host).into());
    }
    assert_eq!(guards.established.len(), ESTABLISHED_MAX);
    guards.add_established(now + ESTABLISHED_FOR, "203.0.113.1".parse().unwrap());
    assert_eq!(guards.established.len(), 1);
}

fn guards() -> Guards {
    let mut guards = Guards::new();
    let set = |address: &str| [address.parse().unwrap()].into();
    guards.set_host_facts(&HostFacts {
        own: set("192.0.2.10"),
        gateways: set("192.0.2.1"),
        resolvers: set("192.0.2.53"),
        sessions: set("198.51.100.7"),
        ..HostFacts::default()
    });
    guards.allow(AllowEntry {
        indicator: "203.0.113.0/25".parse().unwrap(),
        added_at: Timestamp::EPOCH,
        expires_at: None,
        comment: None,
    });
    guards
}
