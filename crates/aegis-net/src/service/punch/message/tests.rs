//! Messages as other nodes write and read them.

use libp2p::futures::executor::block_on;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn written(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    block_on(message.write(&mut bytes)).unwrap();
    bytes
}

#[track_caller]
fn check(bytes: &[u8], expected: Option<Message>) {
    assert_eq!(block_on(Message::read(&mut &bytes[..])).ok(), expected);
}

/// Bytes that libp2p-dcutr 0.15.0 writes, whose specification leaves no other.
#[test]
fn messages_are_spelled_as_others_spell_them() {
    let sync = [3, 0x08, 0xac, 0x02];
    assert_eq!(written(&Message::Sync), sync);
    check(&sync, Some(Message::Sync));
    let connect = [
        13, 0x08, 100, 0x12, 9, 4, 203, 0, 113, 7, 0x91, 2, 0x23, 0x29,
    ];
    let udp = Multiaddr::try_from(connect[5..].to_vec()).unwrap();
    assert_eq!(udp, at("/ip4/203.0.113.7/udp/9001"));
    let message = Message::Connect(vec![udp]);
    assert_eq!(written(&message), connect);
    check(&connect, Some(message));
}

#[test]
fn what_is_not_known_is_passed_over() {
    // Fields 3 to 6, one of each kind, and an address that is none.
    let bytes = [
        [0x08, 100, 0x18, 0x85, 0x01].as_slice(),
        &[0x21, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0x2a, 2, 9, 9, 0x35, 1, 2, 3, 4],
        &[0x12, 1, 0xff],
    ];
    let body = bytes.concat();
    let message = [&[body.len() as u8], &body[..]].concat();
    check(&message, Some(Message::Connect(Vec::new())));
}

#[test]
fn what_is_no_message_is_refused() {
    check(&[], None);
    check(&[0], None); // neither of the two
    check(&[2, 0x08, 99], None);
    check(&[2, 0x08, 0x80], None); // a number without an end
    check(&[4, 0x08, 100, 0x12, 5], None); // an address that is not there
    check(&[3, 0x08, 100, 0x13], None); // a kind of field that there is not
    check(&[0x81, 0x20], None); // one byte too long
    check(&[0xff; 11], None);
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = block_on(Message::read(&mut &bytes[..]));
        if let Some(message) = Message::from_bytes(&bytes) {
            prop_assert_eq!(Message::from_bytes(&message.to_bytes()), Some(message));
        }
    }
}
