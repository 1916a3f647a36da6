//! Sealed messages: alerts that only members of an organisation read, and that anybody relays.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | 1; no JSON begins so |
//! | 32 | the epoch's relay key |
//! | 8 | when it was sealed, in seconds since 1970 |
//! | 24 | nonce, by chance |
//! | a multiple of 256, and 16 | the alert after its length in two bytes, then zeros; XChaCha20-Poly1305 under the epoch's key, with all before it as associated data |
//! | 64 | Ed25519 signature by the relay key |
//!
//! Signed is a domain prefix and everything before the signature. So whoever relays it can tell that
//! a member sealed it and when, and learns its size in steps of 256 bytes, and nothing else.

use aegis_core::{ALERT_BYTES_MAX, NodeId, OrganisationId, Timestamp};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};

use super::{EpochKeys, Fields, SIGNATURE_BYTES};
use crate::Identity;

/// What is signed starts with this.
pub const SEALED_DOMAIN: &[u8] = b"aegis-sealed/1\0";

/// The first byte of a sealed message.
const KIND: u8 = 1;

const HEAD_BYTES: usize = 1 + 32 + 8 + 24;
const TAG_BYTES: usize = 16;
const STEP_BYTES: usize = 256;

/// The longest sealed message: that of the longest alert.
pub const SEALED_BYTES_MAX: usize =
    HEAD_BYTES + (ALERT_BYTES_MAX + 2).next_multiple_of(STEP_BYTES) + TAG_BYTES + SIGNATURE_BYTES;

/// A sealed message that keeps every rule that can be checked without its key, but whose signature
/// nobody has checked yet.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    relay: NodeId,
    sealed_at: Timestamp,
    bytes: &'a [u8],
}

/// Returns whether a message is to be read as a sealed one.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.first() == Some(&KIND)
}

/// Seals the bytes of an alert for the members that have these keys.
pub fn seal(alert: &[u8], keys: &EpochKeys, now: Timestamp) -> Option<Vec<u8>> {
    let length = u16::try_from(alert.len()).ok()?;
    if alert.len() > ALERT_BYTES_MAX {
        return None;
    }
    let mut plain = length.to_be_bytes().to_vec();
    plain.extend_from_slice(alert);
    plain.resize(plain.len().next_multiple_of(STEP_BYTES), 0);
    let chance = Identity::generate().into_signing_key().to_bytes();
    let nonce: &[u8; 24] = chance.first_chunk()?;
    let mut message = vec![KIND];
    message.extend_from_slice(keys.relay_id().public_key());
    message.extend_from_slice(&now.as_secs().to_be_bytes());
    message.extend_from_slice(nonce);
    let payload = Payload {
        msg: &plain,
        aad: &message,
    };
    let hidden = cipher(keys).encrypt(nonce.into(), payload).ok()?;
    message.extend_from_slice(&hidden);
    let signature = keys.relay.sign(&[SEALED_DOMAIN, &message].concat());
    message.extend_from_slice(&signature.to_bytes());
    Some(message)
}

impl<'a> Sealed<'a> {
    /// Reads a sealed message; `None` where it cannot be one.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let around = HEAD_BYTES + TAG_BYTES + SIGNATURE_BYTES;
        let hidden = bytes.len().checked_sub(around)?;
        let fits = hidden > 0 && hidden.is_multiple_of(STEP_BYTES);
        if !is_sealed(bytes) || !fits || bytes.len() > SEALED_BYTES_MAX {
            return None;
        }
        let mut fields = Fields(&bytes[1..]);
        Some(Self {
            relay: NodeId::from_public_key(fields.take().ok()?),
            sealed_at: Timestamp::from_secs(fields.u64().ok()?),
            bytes,
        })
    }

    /// Returns the relay key: whose quota pays for it.
    pub fn relay(&self) -> NodeId {
        self.relay
    }

    /// Returns when it says that it was sealed.
    pub fn sealed_at(&self) -> Timestamp {
        self.sealed_at
    }

    /// Returns whether somebody who has the epoch's keys sealed it.
    pub fn is_signed(&self) -> bool {
        let (said, signature) = self.bytes.split_at(self.bytes.len() - SIGNATURE_BYTES);
        let key = VerifyingKey::from_bytes(self.relay.public_key());
        let (Ok(key), Ok(signature)) = (key, Signature::from_slice(signature)) else {
            return false;
        };
        let signed = [SEALED_DOMAIN, said].concat();
        key.verify_strict(&signed, &signature).is_ok()
    }

    /// Returns the bytes of the alert inside, and whose members it is for; `None` where these are not
    /// its keys, or a member sealed something else.
    pub fn open(&self, keys: &EpochKeys) -> Option<(OrganisationId, Vec<u8>)> {
        if keys.relay_id() != self.relay {
            return None;
        }
        let (head, rest) = self.bytes.split_at(HEAD_BYTES);
        let nonce: &[u8; 24] = head.last_chunk()?;
        let payload = Payload {
            msg: &rest[..rest.len() - SIGNATURE_BYTES],
            aad: head,
        };
        let plain = cipher(keys).decrypt(nonce.into(), payload).ok()?;
        let (length, rest) = plain.split_first_chunk()?;
        let (alert, padding) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let is_padded = padding.len() < STEP_BYTES && padding.iter().all(|it| *it == 0);
        is_padded.then(|| (keys.organisation, alert.to_vec()))
    }
}

fn cipher(keys: &EpochKeys) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&keys.key.into())
}
