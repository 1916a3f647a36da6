//! Packet tables: bytes in, action out, through XDP and traffic control alike.

use aegis_enforce::Counter;

use crate::{
    packet::{ACK, FRAGMENT, OPTIONS, Packet, QINQ, SYN, VLAN, tcp},
    support::{Action, Instance, block_all, count},
};

const BLOCKED: &str = "203.0.113.7";
const BLOCKED_V6: &str = "2001:db8::7";

/// A node that blocks one address of each family, a prefix of each, and an IPv6 /64.
fn check(packets: &[(&str, Vec<u8>, Action)]) {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &[
            BLOCKED,
            BLOCKED_V6,
            "198.51.100.0/24",
            "2001:db8:1::/48",
            "2001:db8:2:2::/64",
        ],
    );
    for (name, bytes, expected) in packets {
        assert_eq!(instance.run(bytes), *expected, "{name}, XDP");
        assert_eq!(instance.run_tc(bytes), *expected, "{name}, traffic control");
    }
}

#[test]
fn exact_addresses_and_prefixes_are_dropped_and_neighbours_pass() {
    let mut packets = Vec::new();
    for (source, expected) in [
        (BLOCKED, Action::Drop),
        ("203.0.113.6", Action::Pass),
        ("203.0.113.8", Action::Pass),
        ("198.51.100.0", Action::Drop),
        ("198.51.100.255", Action::Drop),
        ("198.51.101.0", Action::Pass),
        ("198.51.99.255", Action::Pass),
        (BLOCKED_V6, Action::Drop),
        ("2001:db8::8", Action::Pass),
        ("2001:db8:1::", Action::Drop),
        ("2001:db8:1:ffff:ffff:ffff:ffff:ffff", Action::Drop),
        ("2001:db8:2::", Action::Pass),
        ("2001:db8:2:2::1", Action::Drop),
        ("2001:db8:2:2:ffff:ffff:ffff:ffff", Action::Drop),
        ("2001:db8:2:3::1", Action::Pass),
        ("2001:db8:2:1::1", Action::Pass),
    ] {
        packets.push((source, tcp(source, SYN).bytes(), expected));
    }
    check(&packets);
}

#[test]
fn up_to_four_tags_hide_nothing_and_a_fifth_passes() {
    let mut packets = Vec::new();
    for source in [BLOCKED, BLOCKED_V6] {
        for count in 0..=5 {
            for tag in [VLAN, QINQ] {
                let expected = if count <= 4 {
                    Action::Drop
                } else {
                    Action::Pass
                };
                packets.push((
                    source,
                    tcp(source, ACK).tags(&vec![tag; count]).bytes(),
                    expected,
                ));
            }
        }
        packets.push((
            source,
            tcp(source, ACK).tags(&[QINQ, VLAN]).bytes(),
            Action::Drop,
        ));
    }
    check(&packets);
}

#[test]
fn options_and_fragments_hide_nothing() {
    let mut packets = Vec::new();
    for words in 0..=10 {
        packets.push((
            "options",
            tcp(BLOCKED, ACK).options(words).bytes(),
            Action::Drop,
        ));
    }
    for fragment in [0x2000, 0x2001, 0x1fff, 0x4000] {
        packets.push((
            "fragment",
            tcp(BLOCKED, ACK).fragment(fragment).bytes(),
            Action::Drop,
        ));
    }
    let empty = tcp(BLOCKED, ACK).fragment(1).payload(17, &[]);
    packets.push(("an empty fragment", empty.bytes(), Action::Drop));
    let innocent = tcp("203.0.113.8", ACK).fragment(1).payload(17, &[]);
    packets.push(("an innocent empty fragment", innocent.bytes(), Action::Pass));
    check(&packets);
}

#[test]
fn extension_headers_hide_nothing() {
    let mut packets = Vec::new();
    for count in 0..=7 {
        // The source is known before any of them is read, so even too many hide nothing.
        let packet = tcp(BLOCKED_V6, ACK).extensions(&vec![OPTIONS; count]);
        packets.push(("extensions", packet.bytes(), Action::Drop));
        let innocent = tcp("2001:db8::8", ACK).extensions(&vec![OPTIONS; count]);
        packets.push(("innocent extensions", innocent.bytes(), Action::Pass));
    }
    let fragment = tcp(BLOCKED_V6, ACK).extensions(&[FRAGMENT]);
    packets.push(("an IPv6 fragment", fragment.bytes(), Action::Drop));
    check(&packets);
}

#[test]
fn a_tunnel_is_its_outer_source() {
    let inner = tcp(BLOCKED, ACK).ip();
    let innocent = tcp("203.0.113.8", ACK).ip();
    check(&[
        (
            "inner blocked",
            tcp("203.0.113.8", ACK).payload(4, &inner).bytes(),
            Action::Pass,
        ),
        (
            "outer blocked",
            tcp(BLOCKED, ACK).payload(4, &innocent).bytes(),
            Action::Drop,
        ),
    ]);
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_nobody() {
    check(&[
        (
            "mapped",
            tcp("::ffff:203.0.113.7", ACK).bytes(),
            Action::Pass,
        ),
        ("6to4", tcp("2002:cb00:7107::1", ACK).bytes(), Action::Pass),
        (
            "NAT64",
            tcp("64:ff9b::203.0.113.7", ACK).bytes(),
            Action::Pass,
        ),
    ]);
}

#[test]
fn other_frames_pass() {
    let with_type = |high: u8, low: u8| {
        let mut bytes = tcp(BLOCKED, ACK).bytes();
        bytes[12] = high;
        bytes[13] = low;
        bytes
    };
    check(&[
        ("ARP", with_type(0x08, 0x06), Action::Pass),
        ("PPPoE", with_type(0x88, 0x64), Action::Pass),
        (
            "IPv6 type, IPv4 inside",
            with_type(0x86, 0xdd),
            Action::Pass,
        ),
    ]);
}

#[test]
fn a_packet_cut_anywhere_passes_and_is_counted() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &[BLOCKED, BLOCKED_V6]);
    for (packet, header) in [(tcp(BLOCKED, SYN), 34), (tcp(BLOCKED_V6, SYN), 54)] {
        let bytes = packet.bytes();
        for length in 14..bytes.len() {
            let before = count(&enforcer, Counter::Truncated);
            let expected = if length < header {
                Action::Pass
            } else {
                Action::Drop
            };
            assert_eq!(instance.run(&bytes[..length]), expected, "{length} bytes");
            let is_counted = count(&enforcer, Counter::Truncated) - before;
            assert_eq!(is_counted, u64::from(length < header), "{length} bytes");
        }
    }
}

#[test]
fn each_unreadable_packet_is_counted_by_its_reason() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut config = instance.config.clone();
    config.detectors.syn_flood.enabled = true; // or nobody reads behind the IP header
    let enforcer =
        crate::support::unwrap(aegis_enforce::Enforcer::start(&config, crate::support::T0));
    let source = "203.0.113.8";
    let mut bad = tcp(source, SYN).bytes();
    bad[14] = 0x44;
    let mut arp = tcp(source, SYN).bytes();
    arp[13] = 0x06;
    let fragment = tcp(source, SYN).fragment(1);
    for (counter, bytes) in [
        (Counter::BadHeader, bad),
        (Counter::NotIp, arp),
        (
            Counter::TooManyTags,
            tcp(source, SYN).tags(&[VLAN; 5]).bytes(),
        ),
        (
            Counter::TooManyHeaders,
            tcp("2001:db8::8", SYN).extensions(&[OPTIONS; 7]).bytes(),
        ),
        (
            Counter::MappedSource,
            tcp("::ffff:203.0.113.8", SYN).bytes(),
        ),
        (Counter::Truncated, tcp(source, SYN).bytes()[..46].to_vec()),
        (Counter::Fragments, fragment.bytes()),
        (
            Counter::Syns,
            tcp("2001:db8::8", SYN).extensions(&[OPTIONS; 6]).bytes(),
        ),
    ] {
        let before = count(&enforcer, counter);
        assert_eq!(instance.run(&bytes), Action::Pass, "{counter:?}");
        assert_eq!(count(&enforcer, counter), before + 1, "{counter:?}");
    }
}

#[test]
fn where_there_is_nothing_to_look_for_no_source_is_read() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let mapped = tcp("::ffff:203.0.113.8", SYN).bytes();
    let counts =
        |enforcer: &_| [Counter::Clean, Counter::MappedSource].map(|it| count(enforcer, it));
    assert_eq!(instance.run(&mapped), Action::Pass);
    assert_eq!(counts(&enforcer), [1, 0]);
    block_all(&mut enforcer, &[BLOCKED]);
    assert_eq!(instance.run(&mapped), Action::Pass);
    assert_eq!(counts(&enforcer), [1, 1]);
}

#[test]
fn counters_add_up() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &[BLOCKED, BLOCKED_V6, "198.51.100.0/24", "2001:db8:1::/48"],
    );
    let packets: Vec<Packet> = [
        BLOCKED,
        BLOCKED,
        BLOCKED_V6,
        "198.51.100.9",
        "2001:db8:1::9",
        "192.0.2.9",
        "2001:db9::1",
    ]
    .map(|it| tcp(it, SYN))
    .into();
    let mut bytes = 0;
    for packet in &packets {
        instance.run(&packet.bytes());
        bytes += packet.bytes().len() as u64;
    }
    let get = |counter| count(&enforcer, counter);
    assert_eq!(get(Counter::Packets), 7);
    assert_eq!(get(Counter::Bytes), bytes);
    assert_eq!(get(Counter::Passed), 2);
    assert_eq!(get(Counter::Dropped), 5);
    assert_eq!(get(Counter::EarlyDrops), 5);
    assert_eq!(get(Counter::MatchedHostV4), 2);
    assert_eq!(get(Counter::MatchedHostV6), 1);
    assert_eq!(get(Counter::MatchedPrefixV4), 1);
    assert_eq!(get(Counter::MatchedPrefixV6), 1);
    assert_eq!(get(Counter::DroppedBytes), 3 * 54 + 2 * 74);
}

#[test]
fn each_blocked_source_has_its_own_counters() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &[BLOCKED, "198.51.100.0/24"]);
    for source in [BLOCKED, "198.51.100.1", "198.51.100.2", BLOCKED] {
        instance.run(&tcp(source, SYN).bytes());
    }
    // Renewing a block keeps what was counted.
    block_all(&mut enforcer, &[BLOCKED, "198.51.100.0/24"]);
    let blocked = crate::support::unwrap(enforcer.get_blocklist(crate::support::T0));
    assert_eq!(blocked.len(), 2);
    for entry in blocked {
        assert_eq!(
            (entry.packets, entry.bytes),
            (2, 108),
            "{}",
            entry.indicator
        );
        assert_eq!(entry.violations, 0);
        assert!(!entry.is_from_detector);
    }
}
