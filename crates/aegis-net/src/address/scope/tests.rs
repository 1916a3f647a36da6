//! Which addresses reach how far, and which are not taken from others at all.

use super::*;

const RELAY: &str = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X";

#[track_caller]
fn check(ip: &str, expected: Scope) {
    assert_eq!(Scope::of(ip.parse().unwrap()), expected, "{ip}");
}

#[test]
fn what_is_for_this_host_or_nobody() {
    for ip in [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.9.9.9",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "ff02::1",
        "::ffff:127.0.0.1",
    ] {
        check(ip, Scope::Host);
    }
}

#[test]
fn what_is_private() {
    for ip in [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
    ] {
        check(ip, Scope::Private);
    }
}

#[test]
fn what_is_public() {
    for ip in [
        "203.0.113.1",
        "198.18.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "172.32.0.1",
        "2001:db8::1",
    ] {
        check(ip, Scope::Public);
    }
}

#[test]
fn only_plain_addresses_are_taken_from_others() {
    let relayed = format!("/ip4/203.0.113.1/tcp/9001/p2p/{RELAY}/p2p-circuit");
    for (text, expected) in [
        ("/ip4/203.0.113.1/tcp/9001", Some(Scope::Public)),
        ("/ip6/2001:db8::1/udp/9001/quic-v1", Some(Scope::Public)),
        ("/ip4/10.0.0.1/tcp/9001", Some(Scope::Private)),
        ("/ip4/127.0.0.1/tcp/9001", Some(Scope::Host)),
        (relayed.as_str(), Some(Scope::Public)),
        ("/ip4/203.0.113.1/tcp/0", None),
        ("/ip4/203.0.113.1/udp/9001", None),
        ("/ip4/203.0.113.1", None),
        ("/ip4/203.0.113.1/tcp/80/ws", None),
        ("/dns4/victim.example/tcp/9001", None),
        ("/dnsaddr/victim.example", None),
        (&format!("{relayed}/p2p/{RELAY}"), None),
        (&format!("/ip4/203.0.113.1/tcp/1/p2p/{RELAY}"), None),
    ] {
        let address: Multiaddr = text.parse().unwrap();
        assert_eq!(reach_of(&address), expected, "{text}");
        assert_eq!(is_relayed(&address), text.contains("circuit"), "{text}");
    }
}
