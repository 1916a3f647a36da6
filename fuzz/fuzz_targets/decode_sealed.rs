//! The decoder of sealed messages: any bytes are read or refused, what was sealed is what is opened, and what
//! a member that means harm seals is opened or refused.

#![no_main]

use std::sync::LazyLock;

use aegis_core::{ALERT_BYTES_MAX, Timestamp};
use aegis_net::{
    Identity,
    organisation::{
        EpochKeys, OrganisationKey, SEALED_BYTES_MAX, SEALED_DOMAIN, Sealed, is_sealed, make_keys,
        open_keys, seal,
    },
    wire,
};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;

const SECRET: [u8; 32] = [7; 32];
const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// The bytes of a message that are its relay key, and those that are its signature.
const RELAY: std::ops::Range<usize> = 1..33;
const SIGNATURE_BYTES: usize = 64;

/// The keys of a member.
static KEYS: LazyLock<EpochKeys> = LazyLock::new(|| {
    let member = Identity::from_secret(SECRET);
    let key = OrganisationKey::from_secret([8; 32]);
    let ring =
        make_keys(&key, (1, 1, NOW), &[member.node_id()]).expect("one member is not too many");
    open_keys(&ring, &member).expect("it is for this member")
});

fuzz_target!(|bytes: &[u8]| {
    if let Some(sealed) = Sealed::parse(bytes) {
        assert!(is_sealed(bytes) && bytes.len() <= SEALED_BYTES_MAX);
        let _ = sealed.is_signed();
        let _ = sealed.open(&KEYS);
        check_relayed(bytes);
    }
    match seal(bytes, &KEYS, NOW) {
        None => assert!(bytes.len() > ALERT_BYTES_MAX),
        Some(message) => {
            let sealed = Sealed::parse(&message).expect("what is sealed here is read here");
            assert!(sealed.is_signed());
            assert_eq!(sealed.sealed_at(), NOW);
            let (_, opened) = sealed
                .open(&KEYS)
                .expect("it is for whoever has these keys");
            assert_eq!(opened, bytes);
            let _ = wire::decode(&opened);
        }
    }
});

/// Signs a message with a relay key that is known, since random bytes have no valid signature.
fn check_relayed(bytes: &[u8]) {
    let key = SigningKey::from_bytes(&SECRET);
    let mut said = bytes[..bytes.len() - SIGNATURE_BYTES].to_vec();
    said[RELAY].copy_from_slice(key.verifying_key().as_bytes());
    let signature = key.sign(&[SEALED_DOMAIN, &said].concat());
    said.extend(signature.to_bytes());
    let sealed = Sealed::parse(&said).expect("it is as long as it was");
    assert!(sealed.is_signed());
}
