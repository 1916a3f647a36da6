//! Addresses: what is one, and what it says.

use super::*;

const PEER: &str = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X";

#[test]
fn an_address_starts_with_where_it_is() {
    for text in [
        "/ip4/192.0.2.1/tcp/9001",
        "/ip6/2001:db8::1/udp/9001/quic-v1",
        "/dns4/boot.example/tcp/9001",
        "/dnsaddr/boot.example",
        "/ip4/0.0.0.0/tcp/0",
    ] {
        assert_eq!(text.parse::<Address>().unwrap().as_str(), text);
    }
    for text in [
        "",
        "/",
        "192.0.2.1:9001",
        "/tcp/9001",
        "/ip4/256.0.0.1/tcp/1",
        "/ip4/1.2.3.4/tcp/70000",
        "/unix/tmp",
        &format!("/p2p/{PEER}"),
        &format!("/ip4/1.2.3.4/tcp/1/p2p-circuit/p2p/{PEER}"),
        &format!("/ip4/1.2.3.4/tcp/1/p2p/{PEER}/p2p/{PEER}"),
        &format!("/dns4/relay.example/tcp/1/p2p/{PEER}/p2p-circuit"),
        &format!("/dns4/{}/tcp/1", "a".repeat(300)),
    ] {
        assert_eq!(text.parse::<Address>(), Err(InvalidAddress), "{text}");
    }
}

#[test]
fn a_peer_address_says_who_is_there() {
    let text = format!("/ip4/192.0.2.1/tcp/9001/p2p/{PEER}");
    let at: PeerAddress = text.parse().unwrap();
    assert_eq!(at.peer().to_string(), PEER);
    assert_eq!(at.address().as_str(), "/ip4/192.0.2.1/tcp/9001");
    assert_eq!(at.to_string(), text);
    assert_eq!(PeerAddress::new(at.peer(), &text.parse().unwrap()), at);
    let nobody = "/ip4/192.0.2.1/tcp/9001".parse::<PeerAddress>();
    assert_eq!(nobody, Err(InvalidPeerAddress));
    let not_ed25519 = "/ip4/1.2.3.4/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    assert_eq!(not_ed25519.parse::<PeerAddress>(), Err(InvalidPeerAddress));
}

#[test]
fn an_address_over_a_relay_does_not_say_where_its_node_is() {
    let other = "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7";
    let circuit = format!("/ip4/192.0.2.1/tcp/9001/p2p/{PEER}/p2p-circuit");
    let text = format!("{circuit}/p2p/{other}");
    let at: PeerAddress = text.parse().unwrap();
    assert_eq!(
        (at.peer().to_string(), at.to_string()),
        (other.to_owned(), text)
    );
    assert_eq!(at.address().as_str(), circuit);
    assert_eq!(at.address().ip(), None);
}

#[test]
fn addresses_are_made_of_their_parts() {
    let ip = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(Address::tcp(ip, 9001).as_str(), "/ip4/192.0.2.1/tcp/9001");
    assert_eq!(
        Address::quic(ip, 9001).as_str(),
        "/ip4/192.0.2.1/udp/9001/quic-v1"
    );
    assert_eq!(Address::quic(ip, 9001).ip(), Some(ip));
    assert_eq!(
        "/dnsaddr/boot.example".parse::<Address>().unwrap().ip(),
        None
    );
}

#[test]
fn a_node_and_its_peer_id_are_the_same() {
    let node: NodeId = PEER.parse().unwrap();
    assert_eq!(peer_of(node).to_string(), PEER);
    assert_eq!(node_of(&peer_of(node)), Some(node));
}

#[test]
fn an_address_tells_its_port() {
    for (text, port) in [
        ("/ip4/0.0.0.0/tcp/443", Some(443)),
        ("/ip6/::/udp/9001/quic-v1", Some(9001)),
        ("/dnsaddr/boot.example", None),
    ] {
        assert_eq!(text.parse::<Address>().unwrap().port(), port, "{text}");
    }
}
