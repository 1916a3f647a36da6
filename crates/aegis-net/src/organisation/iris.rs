//! Signatures as Iris has them: over the bare 32 bytes of the member's public key, without a date,
//! a role or a domain prefix, written as base64 with padding.
//!
//! Only for those who still use Iris: such a signature holds for ever and cannot be revoked. A key
//! that makes them must never sign any other 32 bytes.

use aegis_core::{NodeId, OrganisationId};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{OrganisationKey, SIGNATURE_BYTES, is_signed};

/// Why a text is not an organisation's signature of a member.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IrisSignatureError {
    /// It is not the base64 of a signature.
    #[error("not the base64 of an Ed25519 signature")]
    Malformed,
    /// It is somebody else's, or of somebody else.
    #[error("signature is not the organisation's of this peer")]
    Wrong,
}

/// Signs a member as Iris' `orgsig` does.
pub fn iris_sign(member: &NodeId, key: &OrganisationKey) -> String {
    BASE64.encode(key.sign_bare(member.public_key()))
}

/// Checks a signature as Iris does.
pub fn iris_verify(
    organisation: &OrganisationId,
    member: &NodeId,
    signature: &str,
) -> Result<(), IrisSignatureError> {
    // 64 bytes are 88 characters. Longer text is refused before it is decoded.
    let text = Some(signature).filter(|it| it.len() == 88);
    let bytes = text.and_then(|it| BASE64.decode(it).ok());
    let bytes = bytes.filter(|it| it.len() == SIGNATURE_BYTES);
    let bytes = bytes.ok_or(IrisSignatureError::Malformed)?;
    is_signed(organisation, member.public_key(), &bytes)
        .then_some(())
        .ok_or(IrisSignatureError::Wrong)
}
