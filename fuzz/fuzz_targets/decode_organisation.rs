//! The decoders of what organisations sign, and of what nodes show each other of it: any bytes are read or
//! refused, and what is read has no other spelling.

#![no_main]

use aegis_core::NodeId;
use aegis_net::organisation::{
    KEYS_DOMAIN, MEMBERSHIP_DOMAIN, OrganisationError, OrganisationKey, REVOCATIONS_DOMAIN,
    membership_from_text, membership_to_text, open_keys, pack, read_keys, read_membership,
    read_revocations, sign_membership, sign_revocations, unpack,
};
use aegis_net::{Identity, gate::Misbehaviour};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;

const SECRET: [u8; 32] = [7; 32];

/// Whoever shows it.
const FROM: NodeId = NodeId::from_public_key([9; 32]);

const KEY_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_membership(bytes);
    let _ = read_revocations(bytes);
    let _ = read_keys(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(membership) = membership_from_text(text)
    {
        assert_eq!(membership_to_text(&membership), text.trim());
    }
    match unpack(bytes, FROM) {
        Ok(words) => assert_eq!(pack(&words, FROM), bytes),
        Err(error) => assert!(matches!(
            error,
            Misbehaviour::Oversized
                | Misbehaviour::Malformed
                | Misbehaviour::BadProof
                | Misbehaviour::OutOfRange
        )),
    }
    if bytes.len() >= KEY_BYTES + SIGNATURE_BYTES {
        check_signed_anew(bytes);
    }
});

/// Has an organisation of our own sign what is said, since random bytes have no valid signature; what is
/// read, signed again, is the same.
fn check_signed_anew(bytes: &[u8]) {
    let key = OrganisationKey::from_secret(SECRET);
    let membership = signed(MEMBERSHIP_DOMAIN, bytes);
    match read_membership(&membership) {
        Ok(read) => {
            let again = sign_membership(read.grant(), &key).expect("the key is the organisation's");
            assert_eq!(&again.wire()[..], membership);
        }
        Err(error) => assert!(matches!(
            error,
            OrganisationError::Malformed | OrganisationError::Grant(_)
        )),
    }
    let revocations = signed(REVOCATIONS_DOMAIN, bytes);
    match read_revocations(&revocations) {
        Ok(read) => {
            let again = sign_revocations(read.revocations(), &key);
            assert_eq!(
                &again.expect("the key is the organisation's").wire()[..],
                revocations
            );
        }
        Err(error) => assert!(matches!(
            error,
            OrganisationError::Malformed | OrganisationError::Revocations(_)
        )),
    }
    let ring = signed(KEYS_DOMAIN, bytes);
    match read_keys(&ring) {
        Ok(read) => {
            assert_eq!(&read.wire()[..], ring);
            let _ = open_keys(&read, &Identity::from_secret(SECRET));
        }
        Err(error) => assert_eq!(error, OrganisationError::Malformed),
    }
}

fn signed(domain: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = SigningKey::from_bytes(&SECRET);
    let mut said = bytes[..bytes.len() - SIGNATURE_BYTES].to_vec();
    said[..KEY_BYTES].copy_from_slice(key.verifying_key().as_bytes());
    let signature = key.sign(&[domain, &said].concat());
    said.extend(signature.to_bytes());
    said
}
