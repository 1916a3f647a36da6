//! A ring of keys as bytes, and how a member gets its key out of it.
//!
//! | bytes | what |
//! |---|---|
//! | 32 | organisation's public key |
//! | 4 | epoch |
//! | 8 | serial of the ring |
//! | 8 | when it was made, in seconds since 1970 |
//! | 32 | relay key: the public key that signs what is sealed in this epoch |
//! | 32 | Ed25519 public key that was made for this ring alone |
//! | 2 | how many members follow, 0 to 512 |
//! | 32, 48 each | member's public key, the epoch's key wrapped for it |
//! | 64 | signature |
//!
//! Members are in order of their keys, each once. A wrapped key is the 32 bytes of the epoch's key
//! under ChaCha20-Poly1305 with a nonce of zeros and a key that is used for nothing else: BLAKE3's
//! derivation over the X25519 secret that ring and member share, both public keys, and the head of
//! the ring up to the relay key. X25519 keys are the Ed25519 keys, mapped as RFC 7748 says.

use std::sync::Arc;

use aegis_core::{
    ISSUED_MAX, KeyRing, NodeId, OrganisationId, SERIAL_MAX, Timestamp, file::FileId,
};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, aead::Aead as _};
use ed25519_dalek::SigningKey;

use super::{Fields, OrganisationError, OrganisationKey, SIGNATURE_BYTES, agree, verified};
use crate::Identity;

/// What is signed starts with this.
pub const KEYS_DOMAIN: &[u8] = b"aegis-keyring/1\0";

const EPOCH_CONTEXT: &str = "aegis 1 organisation epoch key";
const RELAY_CONTEXT: &str = "aegis 1 organisation relay key";
const HOLDERS_CONTEXT: &str = "aegis 1 holders of a file for members";
const WRAP_CONTEXT: &str = "aegis 1 organisation key wrap";

/// Up to and with the relay key: what tells one epoch of one organisation from all others.
const EPOCH_BYTES: usize = 32 + 4 + 8 + 8 + 32;

const WRAPPED_BYTES: usize = 48;

/// The longest ring in bytes.
pub const KEYS_BYTES_MAX: usize =
    EPOCH_BYTES + 32 + 2 + ISSUED_MAX * (32 + WRAPPED_BYTES) + SIGNATURE_BYTES;

/// What a member reads and writes with during an epoch.
#[derive(Clone)]
pub struct EpochKeys {
    pub(crate) organisation: OrganisationId,
    pub(crate) key: [u8; 32],
    pub(crate) relay: SigningKey,
}

impl EpochKeys {
    fn new(organisation: OrganisationId, key: [u8; 32]) -> Self {
        let relay = blake3::derive_key(RELAY_CONTEXT, &key);
        Self {
            organisation,
            key,
            relay: SigningKey::from_bytes(&relay),
        }
    }

    /// Returns the key under which members who have a file are found in the DHT during this epoch.
    pub(crate) fn holders_key(&self, file: &FileId) -> [u8; 32] {
        blake3::derive_key(HOLDERS_CONTEXT, &[self.key, *file.as_bytes()].concat())
    }

    /// Returns the key by which everybody tells what is sealed in this epoch.
    pub fn relay_id(&self) -> NodeId {
        NodeId::from_public_key(self.relay.verifying_key().to_bytes())
    }
}

impl std::fmt::Debug for EpochKeys {
    /// Shows whose they are and no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EpochKeys({})", self.organisation)
    }
}

/// Makes a ring for these members; `None` where there are too many.
///
/// The key of an epoch follows from the organisation's key and the epoch's number.
pub fn make_keys(
    key: &OrganisationKey,
    (epoch, serial, issued_at): (u32, u64, Timestamp),
    members: &[NodeId],
) -> Option<KeyRing> {
    let mut members = members.to_vec();
    members.sort();
    members.dedup();
    if members.len() > ISSUED_MAX || serial > SERIAL_MAX || issued_at.as_secs() > SERIAL_MAX {
        return None;
    }
    let epoch_key = epoch_key(key, epoch);
    let keys = EpochKeys::new(key.id(), epoch_key);
    let mut bytes = key.id().public_key().to_vec();
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.extend_from_slice(&serial.to_be_bytes());
    bytes.extend_from_slice(&issued_at.as_secs().to_be_bytes());
    bytes.extend_from_slice(keys.relay_id().public_key());
    let head = bytes.clone();
    let once = Identity::generate().into_signing_key();
    let once_public = once.verifying_key().to_bytes();
    bytes.extend_from_slice(&once_public);
    let count = u16::try_from(members.len()).ok()?;
    bytes.extend_from_slice(&count.to_be_bytes());
    for member in members {
        // Where everybody could know the secret there is nobody to tell: it gets zeros.
        let wrapped = agree(&once, member.public_key()).and_then(|secret| {
            let cipher = wrap_cipher(&secret, &once_public, &member, &head);
            cipher.encrypt(&Default::default(), &epoch_key[..]).ok()
        });
        bytes.extend_from_slice(member.public_key());
        bytes.extend_from_slice(&wrapped.unwrap_or_else(|| vec![0; WRAPPED_BYTES]));
    }
    let wire = key.signed(KEYS_DOMAIN, bytes);
    let numbers = (epoch, serial, issued_at.floor_to_secs());
    Some(KeyRing::from_verified(key.id(), numbers, wire.into()))
}

/// Reads a ring and checks all of it but what is wrapped, which only members can.
pub fn read_keys(wire: &[u8]) -> Result<KeyRing, OrganisationError> {
    if wire.len() > KEYS_BYTES_MAX {
        return Err(OrganisationError::Malformed);
    }
    let mut fields = Fields(verified(KEYS_DOMAIN, wire)?);
    let organisation = OrganisationId::from_public_key(fields.take()?);
    let epoch = u32::from_be_bytes(fields.take()?);
    let (serial, issued_at) = (fields.u64()?, fields.u64()?);
    let [_, _]: [[u8; 32]; 2] = [fields.take()?, fields.take()?];
    let count = u16::from_be_bytes(fields.take()?);
    let mut last: Option<[u8; 32]> = None;
    for _ in 0..count {
        let member = fields.take()?;
        let _: [u8; WRAPPED_BYTES] = fields.take()?;
        if last.is_some_and(|it| it >= member) {
            return Err(OrganisationError::Malformed);
        }
        last = Some(member);
    }
    fields.end()?;
    if !(1..=SERIAL_MAX).contains(&serial) || issued_at > SERIAL_MAX {
        return Err(OrganisationError::Malformed);
    }
    let numbers = (epoch, serial, Timestamp::from_secs(issued_at));
    Ok(KeyRing::from_verified(
        organisation,
        numbers,
        Arc::from(wire),
    ))
}

/// Returns the keys that a ring holds for `identity`; `None` where it holds none.
pub fn open_keys(ring: &KeyRing, identity: &Identity) -> Option<EpochKeys> {
    let (head, rest) = ring.wire().split_at_checked(EPOCH_BYTES)?;
    let (once, rest) = rest.split_first_chunk::<32>()?;
    let members = rest.get(2..rest.len().checked_sub(SIGNATURE_BYTES)?)?;
    let node = identity.node_id();
    let mut entries = members.chunks_exact(32 + WRAPPED_BYTES);
    let entry = entries.find(|it| it.starts_with(node.public_key()))?;
    let secret = identity.shared_with(once)?;
    let cipher = wrap_cipher(&secret, once, &node, head);
    let key = cipher.decrypt(&Default::default(), &entry[32..]).ok()?;
    let keys = EpochKeys::new(ring.organisation(), key.try_into().ok()?);
    // What was wrapped must be what signs this epoch, or the ring was made wrong.
    head.ends_with(keys.relay_id().public_key()).then_some(keys)
}

fn epoch_key(key: &OrganisationKey, epoch: u32) -> [u8; 32] {
    let secret = key.secret();
    blake3::derive_key(EPOCH_CONTEXT, &[&secret[..], &epoch.to_be_bytes()].concat())
}

fn wrap_cipher(
    secret: &[u8; 32],
    once: &[u8; 32],
    member: &NodeId,
    head: &[u8],
) -> ChaCha20Poly1305 {
    let material = [&secret[..], once, member.public_key(), head].concat();
    let key = blake3::derive_key(WRAP_CONTEXT, &material);
    ChaCha20Poly1305::new(&key.into())
}
