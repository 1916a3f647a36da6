//! What organisations sign, as bytes: memberships and lists of revocations, and their keys.
//!
//! Both are of one form: a head of fixed size that begins with the organisation's key, and the
//! organisation's Ed25519 signature at the end, over a domain prefix and everything before it. So
//! nothing that was signed as one can be taken for another, nor for an alert. Numbers are big-endian.
//! `docs/organisations.md` has the tables.

mod frame;
mod iris;
mod key;
mod keys;
mod membership;
mod revocations;
mod sealed;

use aegis_core::{InvalidGrant, InvalidRevocations, OrganisationId};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};

pub use frame::{FRAME_BYTES_MAX, FRAME_WORDS_MAX, pack, unpack};
pub(crate) use frame::{count, is_cut};
pub use iris::{IrisSignatureError, iris_sign, iris_verify};
pub use key::{OrganisationKey, OrganisationKeyError};
pub use keys::{EpochKeys, KEYS_BYTES_MAX, KEYS_DOMAIN, make_keys, open_keys, read_keys};
pub use membership::{
    InvalidMembershipText, MEMBERSHIP_BYTES, MEMBERSHIP_DOMAIN, membership_from_text,
    membership_to_text, read_membership, sign_membership,
};
pub use revocations::{
    REVOCATIONS_BYTES_MAX, REVOCATIONS_DOMAIN, read_revocations, sign_revocations,
};

pub use sealed::{SEALED_BYTES_MAX, SEALED_DOMAIN, Sealed, is_sealed, seal};

pub(crate) const SIGNATURE_BYTES: usize = 64;

/// Why bytes are nothing that an organisation signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OrganisationError {
    /// There are more or fewer bytes than there must be, or a byte has no meaning.
    #[error("bytes are not spelled as they must be")]
    Malformed,
    /// The signature is not the organisation's over these bytes.
    #[error("signature is not the organisation's")]
    Signature,
    /// The organisation signed something that cannot be.
    #[error("membership cannot be")]
    Grant(#[source] InvalidGrant),
    /// The organisation signed something that cannot be.
    #[error("list of revocations cannot be")]
    Revocations(#[source] InvalidRevocations),
}

/// Splits the signature off and checks it, strictly; returns what was signed.
fn verified<'a>(domain: &[u8], wire: &'a [u8]) -> Result<&'a [u8], OrganisationError> {
    let at = wire
        .len()
        .checked_sub(SIGNATURE_BYTES)
        .ok_or(OrganisationError::Malformed)?;
    let (said, signature) = wire.split_at(at);
    let key: &[u8; 32] = said.first_chunk().ok_or(OrganisationError::Malformed)?;
    let organisation = OrganisationId::from_public_key(*key);
    is_signed(&organisation, &[domain, said].concat(), signature)
        .then_some(said)
        .ok_or(OrganisationError::Signature)
}

/// Returns whether an organisation signed exactly these bytes.
fn is_signed(organisation: &OrganisationId, bytes: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(organisation.public_key());
    let (Ok(key), Ok(signature)) = (key, Signature::from_slice(signature)) else {
        return false;
    };
    key.verify_strict(bytes, &signature).is_ok()
}

/// Returns the secret that two Ed25519 keys share as the X25519 keys that they map to (RFC 7748);
/// `None` where the other one is no point of the curve, or one that shares its secret with everybody.
pub(crate) fn agree(ours: &SigningKey, theirs: &[u8; 32]) -> Option<[u8; 32]> {
    let theirs = VerifyingKey::from_bytes(theirs).ok()?;
    let point = theirs.to_montgomery();
    (!theirs.is_weak()).then(|| point.mul_clamped(ours.to_scalar_bytes()).to_bytes())
}

/// Bytes that are read from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], OrganisationError> {
        let split = self.0.split_first_chunk();
        let (first, rest) = split.ok_or(OrganisationError::Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    fn u64(&mut self) -> Result<u64, OrganisationError> {
        self.take().map(u64::from_be_bytes)
    }

    fn end(self) -> Result<(), OrganisationError> {
        let is_read = self.0.is_empty();
        is_read.then_some(()).ok_or(OrganisationError::Malformed)
    }
}

#[cfg(test)]
mod tests;
