//! A list of revocations as bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 32 | organisation's public key |
//! | 8 | serial of the list |
//! | 8 | when it was made, in seconds since 1970 |
//! | 2 | how many entries follow, 0 to 1024 |
//! | 32, 8, 8 each | member's public key, greatest serial revoked, second from which none holds any more |
//! | 64 | signature |
//!
//! Entries are in order of the members' keys, each member once.

use std::sync::Arc;

use aegis_core::{
    NodeId, OrganisationId, REVOCATIONS_MAX, Revocation, RevocationList, Revocations, Timestamp,
};

use super::{Fields, OrganisationError, OrganisationKey, SIGNATURE_BYTES, verified};

/// What is signed starts with this.
pub const REVOCATIONS_DOMAIN: &[u8] = b"aegis-revocations/1\0";

const HEAD_BYTES: usize = 32 + 8 + 8 + 2;
const ENTRY_BYTES: usize = 32 + 8 + 8;

/// The longest list of revocations in bytes.
pub const REVOCATIONS_BYTES_MAX: usize =
    HEAD_BYTES + REVOCATIONS_MAX * ENTRY_BYTES + SIGNATURE_BYTES;

/// Signs a list with its organisation's key; `None` where the key is another's.
pub fn sign_revocations(list: &Revocations, key: &OrganisationKey) -> Option<RevocationList> {
    if list.organisation() != key.id() {
        return None;
    }
    let mut bytes = list.organisation().public_key().to_vec();
    bytes.extend_from_slice(&list.serial().to_be_bytes());
    bytes.extend_from_slice(&list.issued_at().as_secs().to_be_bytes());
    let count = u16::try_from(list.entries().len()).ok()?;
    bytes.extend_from_slice(&count.to_be_bytes());
    for entry in list.entries() {
        bytes.extend_from_slice(entry.member.public_key());
        bytes.extend_from_slice(&entry.serial.to_be_bytes());
        bytes.extend_from_slice(&entry.until.as_secs().to_be_bytes());
    }
    let wire = key.signed(REVOCATIONS_DOMAIN, bytes);
    Some(RevocationList::from_verified(list.clone(), wire.into()))
}

/// Reads a list of revocations and checks all of it.
pub fn read_revocations(wire: &[u8]) -> Result<RevocationList, OrganisationError> {
    if wire.len() > REVOCATIONS_BYTES_MAX {
        return Err(OrganisationError::Malformed);
    }
    let mut fields = Fields(verified(REVOCATIONS_DOMAIN, wire)?);
    let organisation = OrganisationId::from_public_key(fields.take()?);
    let serial = fields.u64()?;
    let issued_at = Timestamp::from_secs(fields.u64()?);
    let count = u16::from_be_bytes(fields.take()?);
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(Revocation {
            member: NodeId::from_public_key(fields.take()?),
            serial: fields.u64()?,
            until: Timestamp::from_secs(fields.u64()?),
        });
    }
    fields.end()?;
    let list = Revocations::new(organisation, (serial, issued_at), entries);
    let list = list.map_err(OrganisationError::Revocations)?;
    Ok(RevocationList::from_verified(list, Arc::from(wire)))
}
