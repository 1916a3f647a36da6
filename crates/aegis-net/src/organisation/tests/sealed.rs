//! Members read what is sealed, others do not, and every bit of it counts.

use std::time::Duration;

use aegis_core::{KeyRing, NodeId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::Identity;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

#[test]
fn a_ring_opens_for_its_members_alone() {
    let (anna, ben, carl) = (identity(11), identity(12), identity(13));
    let ring = ring(1, &[&anna, &ben]);
    let read = read_keys(ring.wire()).unwrap();
    assert_eq!(read, ring);
    let keys = open_keys(&read, &anna).unwrap();
    assert_eq!(keys.relay_id(), open_keys(&read, &ben).unwrap().relay_id());
    assert!(open_keys(&read, &carl).is_none());
}

#[test]
fn the_next_epoch_has_other_keys() {
    let (anna, ben) = (identity(11), identity(12));
    let first = open_keys(&ring(1, &[&anna, &ben]), &anna).unwrap();
    let again = open_keys(&ring(1, &[&anna]), &anna).unwrap();
    assert_eq!(
        first.relay_id(),
        again.relay_id(),
        "a new ring of the same epoch"
    );
    let second = ring(2, &[&anna]);
    assert!(open_keys(&second, &ben).is_none());
    let second = open_keys(&second, &anna).unwrap();
    assert_ne!(first.relay_id(), second.relay_id());
    let message = seal(b"news", &second, NOW).unwrap();
    assert!(Sealed::parse(&message).unwrap().open(&first).is_none());
}

#[test]
fn what_is_sealed_is_read_by_who_has_the_keys() {
    let keys = keys();
    for length in [0, 1, 253, 254, 255, 4096] {
        let alert = vec![b'x'; length];
        let message = seal(&alert, &keys, NOW).unwrap();
        let sealed = Sealed::parse(&message).unwrap();
        assert!(sealed.is_signed());
        assert_eq!(sealed.relay(), keys.relay_id());
        assert_eq!(sealed.sealed_at(), NOW);
        assert_eq!(sealed.open(&keys), Some((key().id(), alert)), "{length}");
    }
    assert_eq!(seal(&[0; 4097], &keys, NOW), None);
}

#[test]
fn a_stranger_learns_size_in_steps_and_time() {
    let keys = keys();
    let size = |length: usize| seal(&vec![b'x'; length], &keys, NOW).unwrap().len();
    assert_eq!(size(1), size(254));
    assert_eq!(size(255), size(254) + 256);
    assert_eq!(size(4096), SEALED_BYTES_MAX);
    // The same alert twice is two messages that have nothing in common but head and size.
    let [a, b] = [(); 2].map(|()| seal(b"203.0.113.7", &keys, NOW).unwrap());
    assert_ne!(a[41..], b[41..]);
    let holds = |message: &[u8], text: &[u8]| message.windows(text.len()).any(|it| it == text);
    assert!(!holds(&a, b"203.0.113.7"));
    assert!(
        !holds(&a, key().id().public_key()),
        "nor whose members it is for"
    );
}

#[test]
fn a_ring_is_spelled_in_one_way() {
    let anna = identity(11);
    let wire = ring(1, &[&anna, &identity(12)]).wire().to_vec();
    let body = &wire[..wire.len() - 64];
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut body = body.to_vec();
        change(&mut body);
        read_keys(&key().signed(KEYS_DOMAIN, body))
    };
    assert!(with(&|_| {}).is_ok());
    let malformed = Err(OrganisationError::Malformed);
    assert_eq!(with(&|it| it.push(0)), malformed);
    assert_eq!(with(&|it| it.truncate(it.len() - 1)), malformed);
    assert_eq!(with(&|it| it[36..44].fill(0)), malformed, "serial 0");
    let entries = 118; // behind the count
    assert_eq!(
        with(&|it| it.copy_within(entries + 80..entries + 112, entries)),
        malformed
    );
    let mut forged = wire.clone();
    forged[60] ^= 1;
    assert_eq!(read_keys(&forged), Err(OrganisationError::Signature));
}

#[test]
fn a_ring_takes_so_many_members_and_no_more() {
    let node = |number: u16| {
        let [a, b] = number.to_be_bytes();
        let mut secret = [5; 32];
        (secret[0], secret[1]) = (a, b);
        Identity::from_secret(secret).node_id()
    };
    let many: Vec<NodeId> = (0..513).map(node).collect();
    let numbers = (1, 1, NOW);
    assert!(make_keys(&key(), numbers, &many).is_none());
    let full = make_keys(&key(), numbers, &many[..512]).unwrap();
    assert_eq!(full.wire().len(), KEYS_BYTES_MAX);
    const { assert!(KEYS_BYTES_MAX < FRAME_BYTES_MAX) };
}

#[test]
fn a_key_that_is_no_point_of_the_curve_spoils_nothing() {
    let anna = identity(11);
    let nobody = NodeId::from_public_key([2; 32]);
    let members = [nobody, anna.node_id()];
    let ring = make_keys(&key(), (1, 1, NOW), &members).unwrap();
    assert!(open_keys(&ring, &anna).is_some());
}

proptest! {
    #[test]
    fn any_changed_bit_of_a_sealed_message_is_found(
        at in any::<prop::sample::Index>(), bit in 0..8u8
    ) {
        let keys = keys();
        let mut message = seal(b"an alert", &keys, NOW).unwrap();
        let at = at.index(message.len());
        message[at] ^= 1 << bit;
        let is_whole = Sealed::parse(&message).is_some_and(|it| it.is_signed());
        prop_assert!(!is_whole, "byte {at}");
        let is_read = Sealed::parse(&message).is_some_and(|it| it.open(&keys).is_some());
        // Only the signature is not under the cipher's seal.
        prop_assert!(!is_read || at >= message.len() - 64, "byte {at}");
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
        let _ = read_keys(&bytes);
        let mut message = bytes;
        if let Some(first) = message.first_mut() {
            *first = 1;
        }
        if let Some(sealed) = Sealed::parse(&message) {
            prop_assert!(!sealed.is_signed() && sealed.open(&keys()).is_none());
        }
    }
}

fn identity(number: u8) -> Identity {
    Identity::from_secret([number; 32])
}

fn ring(epoch: u32, members: &[&Identity]) -> KeyRing {
    let members: Vec<NodeId> = members.iter().map(|it| it.node_id()).collect();
    let issued_at = NOW + Duration::from_secs(epoch.into());
    make_keys(&key(), (epoch, epoch.into(), issued_at), &members).unwrap()
}

fn keys() -> EpochKeys {
    let anna = identity(11);
    open_keys(&ring(1, &[&anna]), &anna).unwrap()
}
