//! A membership as bytes, and as text that people can hand to each other.
//!
//! | bytes | what |
//! |---|---|
//! | 32 | organisation's public key |
//! | 32 | member's public key |
//! | 1 | role: 0 member, 1 publisher |
//! | 8 | first second in which it holds, since 1970 |
//! | 8 | first second in which it does not hold any more |
//! | 8 | serial |
//! | 64 | signature |

use std::sync::Arc;

use aegis_core::{Grant, MemberRole, Membership, NodeId, OrganisationId, Timestamp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use super::{Fields, OrganisationError, OrganisationKey, SIGNATURE_BYTES, verified};

/// What is signed starts with this.
pub const MEMBERSHIP_DOMAIN: &[u8] = b"aegis-membership/1\0";

/// Bytes of a membership.
pub const MEMBERSHIP_BYTES: usize = 32 + 32 + 1 + 8 + 8 + 8 + SIGNATURE_BYTES;

/// What a membership's text begins with.
const TEXT_PREFIX: &str = "aegis-membership:";

/// The longest text that is looked at: a membership's with a blank or two.
const TEXT_BYTES_MAX: usize = 512;

/// Why a text is no membership.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidMembershipText {
    /// It does not look like one.
    #[error("a membership begins with `{TEXT_PREFIX}` and has one word")]
    NotOne,
    /// It looks like one and is none.
    #[error("the membership cannot be read, or is not its organisation's")]
    Broken(#[source] OrganisationError),
}

/// Signs a grant with its organisation's key; `None` where the key is another's.
pub fn sign_membership(grant: &Grant, key: &OrganisationKey) -> Option<Membership> {
    if grant.organisation() != key.id() {
        return None;
    }
    let mut bytes = Vec::with_capacity(MEMBERSHIP_BYTES);
    bytes.extend_from_slice(grant.organisation().public_key());
    bytes.extend_from_slice(grant.member().public_key());
    bytes.push(match grant.role() {
        MemberRole::Member => 0,
        MemberRole::Publisher => 1,
    });
    for it in [
        grant.not_before().as_secs(),
        grant.not_after().as_secs(),
        grant.serial(),
    ] {
        bytes.extend_from_slice(&it.to_be_bytes());
    }
    let wire = key.signed(MEMBERSHIP_DOMAIN, bytes);
    Some(Membership::from_verified(*grant, wire.into()))
}

/// Reads a membership and checks all of it but whether it holds now.
pub fn read_membership(wire: &[u8]) -> Result<Membership, OrganisationError> {
    if wire.len() != MEMBERSHIP_BYTES {
        return Err(OrganisationError::Malformed);
    }
    let mut fields = Fields(verified(MEMBERSHIP_DOMAIN, wire)?);
    let organisation = OrganisationId::from_public_key(fields.take()?);
    let member = NodeId::from_public_key(fields.take()?);
    let role = match fields.take()? {
        [0] => MemberRole::Member,
        [1] => MemberRole::Publisher,
        [_] => return Err(OrganisationError::Malformed),
    };
    let not_before = Timestamp::from_secs(fields.u64()?);
    let not_after = Timestamp::from_secs(fields.u64()?);
    let serial = fields.u64()?;
    fields.end()?;
    let times = (not_before, not_after);
    let grant = Grant::new((organisation, member), role, times, serial);
    let grant = grant.map_err(OrganisationError::Grant)?;
    Ok(Membership::from_verified(grant, Arc::from(wire)))
}

/// Returns a membership as one word.
pub fn membership_to_text(membership: &Membership) -> String {
    format!("{TEXT_PREFIX}{}", BASE64.encode(membership.wire()))
}

/// Reads a membership from one word, with blanks around it or without.
pub fn membership_from_text(text: &str) -> Result<Membership, InvalidMembershipText> {
    let text = Some(text.trim()).filter(|it| it.len() <= TEXT_BYTES_MAX);
    let code = text.and_then(|it| it.strip_prefix(TEXT_PREFIX));
    let wire = code.and_then(|it| BASE64.decode(it).ok());
    let wire = wire.ok_or(InvalidMembershipText::NotOne)?;
    read_membership(&wire).map_err(InvalidMembershipText::Broken)
}
