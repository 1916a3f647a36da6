//! Tests of `node_id`.

use super::*;

#[test]
fn text_and_key_are_the_same_thing() {
    let node = NodeId::from_public_key([7; 32]);
    let text = node.to_string();
    assert!(text.starts_with("12D3KooW"), "{text}");
    assert_eq!(text.parse(), Ok(node));
}

#[test]
fn refuses_what_is_not_an_ed25519_peer_id() {
    check("");
    check("0OIl");
    check("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"); // a hashed RSA key
    check(&"1".repeat(1_000_000));
    let text = NodeId::from_public_key([7; 32]).to_string();
    check(&text[..51]);
    check(&format!("{text}1"));
    check(&format!(" {text}"));
}

#[track_caller]
fn check(text: &str) {
    assert_eq!(text.parse::<NodeId>(), Err(InvalidNodeId));
}
