//! What organisations sign is what another implementation makes of it, and nothing else is taken.
//!
//! `vectors/organisation.json` was made by `vectors/organisation.py` with Python's `cryptography`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use aegis_core::{Grant, MemberRole, NodeId, Revocation, Revocations, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

mod frame;
mod sealed;

const VECTORS: &str = include_str!("../../vectors/organisation.json");
const START: Timestamp = Timestamp::from_secs(1_763_640_000);
const END: Timestamp = Timestamp::from_secs(1_771_416_000);

#[test]
fn memberships_are_those_of_the_vectors() {
    check_membership("membership", "member", (MemberRole::Member, 7));
    check_membership("publisher", "other", (MemberRole::Publisher, 8));
}

#[test]
fn lists_of_revocations_are_those_of_the_vectors() {
    let entry = |name: &str, serial| Revocation {
        member: node(name),
        serial,
        until: END,
    };
    let mut entries = vec![entry("member", 7), entry("other", 8)];
    entries.sort_by_key(|it| it.member);
    check_list("revocations", (9, 1_763_640_001), entries);
    check_list("no_revocations", (10, 1_763_640_002), Vec::new());
}

#[test]
fn a_signature_of_iris_is_ours_and_ours_is_one_of_iris() {
    let signature = text("iris_signature");
    assert_eq!(iris_sign(&node("member"), &key()), signature);
    let verify = |peer: &str, signature: &str| iris_verify(&key().id(), &node(peer), signature);
    assert_eq!(verify("member", &signature), Ok(()));
    assert_eq!(verify("other", &signature), Err(IrisSignatureError::Wrong));
    let unpadded = signature.trim_end_matches('=');
    assert_eq!(
        verify("member", unpadded),
        Err(IrisSignatureError::Malformed)
    );
    assert_eq!(verify("member", ""), Err(IrisSignatureError::Malformed));
    let stranger = OrganisationKey::from_secret([9; 32]).id();
    let foreign = iris_verify(&stranger, &node("member"), &signature);
    assert_eq!(foreign, Err(IrisSignatureError::Wrong));
}

#[test]
fn a_key_file_is_the_one_that_libp2p_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("organisation.key");
    key().save(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes("organisation_key_file"));
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(OrganisationKey::load(&path).unwrap().id(), key().id());
    assert!(
        key().save(&path).is_err(),
        "one that is there is left alone"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let open = OrganisationKey::load(&path).unwrap_err();
    assert!(matches!(
        open,
        OrganisationKeyError::Permissions { mode: 0o644, .. }
    ));
    assert_eq!(
        OrganisationKey::load_as_iris(&path).unwrap().id(),
        key().id()
    );
    key().save_over(&path).unwrap();
    assert!(
        OrganisationKey::load(&path).is_ok(),
        "nobody else can read it any more"
    );
    for broken in [&b"\x08\x01\x12\x40"[..], b"", &[0; 68], &[8; 69]] {
        fs::write(&path, broken).unwrap();
        let error = OrganisationKey::load(&path).unwrap_err();
        assert!(
            matches!(error, OrganisationKeyError::Malformed { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_membership_is_one_word_for_people() {
    let membership = read_membership(&bytes("membership")).unwrap();
    let word = membership_to_text(&membership);
    assert!(word.starts_with("aegis-membership:") && !word.contains(char::is_whitespace));
    let read = |text: &str| membership_from_text(text);
    assert_eq!(read(&word), Ok(membership.clone()));
    assert_eq!(read(&format!(" {word}\n")), Ok(membership));
    assert_eq!(read(&word[1..]), Err(InvalidMembershipText::NotOne));
    assert_eq!(read(""), Err(InvalidMembershipText::NotOne));
    let short = read(&word[..word.len() - 4]);
    let malformed = OrganisationError::Malformed;
    assert_eq!(short, Err(InvalidMembershipText::Broken(malformed)));
}

#[test]
fn one_kind_is_not_taken_for_another() {
    assert!(read_membership(&bytes("no_revocations")).is_err());
    assert!(read_revocations(&bytes("membership")).is_err());
    let bare = key().sign_bare(node("member").public_key());
    let body = &bytes("membership")[..89];
    let glued = [body, &bare].concat();
    assert_eq!(read_membership(&glued), Err(OrganisationError::Signature));
}

#[test]
fn what_an_organisation_signed_must_still_be_possible() {
    // Every field by itself: role 2, an end before the start, serial 0, the organisation itself.
    let change = |at: usize, with: &[u8]| {
        let mut body = bytes("membership")[..89].to_vec();
        body[at..at + with.len()].copy_from_slice(with);
        read_membership(&key().signed(MEMBERSHIP_DOMAIN, body)).unwrap_err()
    };
    assert_eq!(change(64, &[2]), OrganisationError::Malformed);
    assert_eq!(
        change(73, &[0; 8]),
        OrganisationError::Grant(InvalidGrant::Validity)
    );
    assert_eq!(
        change(81, &[0; 8]),
        OrganisationError::Grant(InvalidGrant::Serial)
    );
    let own = *key().id().public_key();
    assert_eq!(
        change(32, &own),
        OrganisationError::Grant(InvalidGrant::OwnMember)
    );
    let mut count = bytes("no_revocations")[..50].to_vec();
    count[49] = 1;
    let short = read_revocations(&key().signed(REVOCATIONS_DOMAIN, count)).unwrap_err();
    assert_eq!(short, OrganisationError::Malformed);
}

proptest! {
    #[test]
    fn any_changed_bit_is_found(name in prop_oneof![Just("membership"), Just("revocations")],
        at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut wire = bytes(name);
        let at = at.index(wire.len());
        wire[at] ^= 1 << bit;
        prop_assert!(read_membership(&wire).is_err() && read_revocations(&wire).is_err());
    }

    #[test]
    fn no_input_panics(wire in prop::collection::vec(any::<u8>(), 0..400), text in ".*") {
        prop_assert!(read_membership(&wire).is_err() && read_revocations(&wire).is_err());
        prop_assert!(membership_from_text(&text).is_err());
        prop_assert!(iris_verify(&key().id(), &node("member"), &text).is_err());
    }
}

#[track_caller]
fn check_membership(name: &str, member: &str, (role, serial): (MemberRole, u64)) {
    let pair = (key().id(), node(member));
    let grant = Grant::new(pair, role, (START, END), serial).unwrap();
    let signed = sign_membership(&grant, &key()).unwrap();
    assert_eq!(signed.wire()[..], bytes(name)[..]);
    assert_eq!(read_membership(&bytes(name)), Ok(signed));
    let foreign = OrganisationKey::from_secret([9; 32]);
    assert_eq!(sign_membership(&grant, &foreign), None);
}

#[track_caller]
fn check_list(name: &str, (serial, issued): (u64, u64), entries: Vec<Revocation>) {
    let head = (serial, Timestamp::from_secs(issued));
    let list = Revocations::new(key().id(), head, entries).unwrap();
    let signed = sign_revocations(&list, &key()).unwrap();
    assert_eq!(signed.wire()[..], bytes(name)[..]);
    assert_eq!(read_revocations(&bytes(name)), Ok(signed));
}

fn key() -> OrganisationKey {
    let secret = bytes("organisation_secret").try_into().unwrap();
    let key = OrganisationKey::from_secret(secret);
    assert_eq!(key.id().to_string(), text("organisation"));
    key
}

fn node(name: &str) -> NodeId {
    text(name).parse().unwrap()
}

fn bytes(name: &str) -> Vec<u8> {
    let digits = text(name);
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn text(name: &str) -> String {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    vectors[name].as_str().unwrap().to_owned()
}
