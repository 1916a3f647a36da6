//! Frames carry what organisations signed, and tell whose fault it is if they do not.

use std::sync::Arc;

use aegis_core::OrganisationWord;
use proptest::prelude::*;

use super::*;
use crate::gate::Misbehaviour;

#[test]
fn a_frame_carries_what_was_put_into_it() {
    let words = words();
    let frame = pack(&words, node("member"));
    assert_eq!(count(&frame), Some(3));
    assert_eq!(unpack(&frame, node("member")), Ok(words));
    let empty = pack(&[], node("member"));
    assert_eq!(count(&empty), Some(0), "it asks");
    assert_eq!(unpack(&empty, node("member")), Ok(Vec::new()));
    let ahead = [&empty[..], &[0]].concat();
    assert_eq!(unpack(&ahead, node("member")), malformed());
}

#[test]
fn a_membership_of_another_is_not_shown_as_ones_own() {
    let frame = pack(&words(), node("member"));
    assert_eq!(unpack(&frame, node("other")), Err(Misbehaviour::BadProof));
    // Nor ones own as another's.
    let frame = pack(&words(), node("other"));
    assert_eq!(unpack(&frame, node("member")), Err(Misbehaviour::BadProof));
}

#[test]
fn what_the_organisation_did_not_sign_is_the_fault_of_who_shows_it() {
    let mut frame = pack(&words()[..1], node("member"));
    let last = frame.len() - 1;
    frame[last] ^= 1;
    assert_eq!(unpack(&frame, node("member")), Err(Misbehaviour::BadProof));
}

#[test]
fn a_frame_has_one_spelling() {
    let frame = pack(&words(), node("member"));
    let with = |change: fn(&mut Vec<u8>)| {
        let mut changed = frame.clone();
        change(&mut changed);
        unpack(&changed, node("member"))
    };
    assert_eq!(with(|it| it.push(0)), malformed());
    assert_eq!(with(|it| it.truncate(it.len() - 1)), malformed());
    assert_eq!(with(|it| it[1] += 1), malformed());
    assert_eq!(with(|it| it[1] -= 1), malformed());
    assert_eq!(with(|it| it[2] = 9), malformed());
    assert_eq!(with(|it| it[3] = 0xff), malformed());
    assert_eq!(with(|it| it.truncate(1)), malformed());
    let long = with(|it| it.resize(FRAME_BYTES_MAX + 1, 0));
    assert_eq!(long, Err(Misbehaviour::Oversized));
}

#[test]
fn a_frame_takes_so_much_and_no_more() {
    let many = vec![words()[0].clone(); 2000];
    let frame = pack(&many, node("member"));
    assert_eq!(count(&frame), Some(640));
    assert!(frame.len() <= FRAME_BYTES_MAX);
}

proptest! {
    #[test]
    fn no_frame_panics(frame in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = unpack(&frame, node("member"));
    }
}

fn malformed() -> Result<Vec<OrganisationWord>, Misbehaviour> {
    Err(Misbehaviour::Malformed)
}

/// A membership of `member`, one of `other`, and a list.
fn words() -> Vec<OrganisationWord> {
    let membership = |name| Arc::new(read_membership(&bytes(name)).unwrap());
    vec![
        OrganisationWord::Membership(membership("membership")),
        OrganisationWord::Membership(membership("publisher")),
        OrganisationWord::Revocations(Arc::new(read_revocations(&bytes("revocations")).unwrap())),
    ]
}

#[test]
fn a_frame_that_a_broken_connection_cut_off_is_told_from_one_that_is_wrong() {
    let list = Revocations::new(key().id(), (1, START), Vec::new()).unwrap();
    let list = sign_revocations(&list, &key()).unwrap();
    let word = OrganisationWord::Revocations(Arc::new(list));
    let frame = pack(&[word.clone(), word], NodeId::from_public_key([9; 32]));
    assert!(!is_cut(&frame));
    for end in 0..frame.len() {
        assert!(is_cut(&frame[..end]), "{end}");
    }
    assert!(!is_cut(&[&frame[..], &[0]].concat()), "too long is not cut");
}
