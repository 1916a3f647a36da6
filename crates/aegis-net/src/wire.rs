//! The threat message: signed JSON bytes on one side, [`Alert`] on the other.
//!
//! A message is its RFC 8785 (canonical JSON) bytes and no other spelling, so that one alert has one
//! id. Reading is done in two steps, because checking a signature costs ten times as much as
//! everything before it: [`Unverified::parse`] applies every rule that needs no key,
//! [`Unverified::verify`] checks the signature and gives the [`Alert`].

use std::sync::Arc;

use aegis_core::{ALERT_BYTES_MAX, Alert, NodeId, OrganisationId, Statement, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::Signature;
use serde_json::{Map, Value};

use crate::Identity;

pub(crate) mod compact;
mod fields;
mod signature;

use signature::Claim;

/// What is signed starts with this, so that no signature made for anything else fits an alert.
pub const SIGNATURE_DOMAIN: &[u8] = b"aegis-threat-intel/1\0";

/// The largest timestamp in seconds: the last whole number that every JSON reader keeps exactly.
const TIMESTAMP_SECS_MAX: u64 = (1 << 53) - 1;

/// Why bytes are not a valid threat message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WireError {
    /// The message is longer than any alert may be.
    #[error("message has {bytes} bytes, at most {ALERT_BYTES_MAX} are allowed")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The bytes are not one JSON object.
    #[error("message is not a JSON object")]
    NotJson,
    /// The bytes are JSON, but not in the one spelling that RFC 8785 allows.
    #[error("message is not spelled as RFC 8785 asks")]
    NotCanonical,
    /// A field that every message has is not there.
    #[error("field `{field}` is missing")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field breaks its rule.
    #[error("field `{field}` must be {rule}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The signature is not the author's over these fields.
    #[error("signature is not the author's")]
    Signature,
}

/// A message that keeps every rule except that nobody has checked its signature yet.
#[derive(Clone, Debug)]
pub struct Unverified<'a> {
    author: NodeId,
    statement: Statement,
    audience: Option<OrganisationId>,
    signature: Signature,
    signed: Vec<u8>, // the domain prefix and the canonical JSON without `signature`
    wire: &'a [u8],
}

impl<'a> Unverified<'a> {
    /// Reads `bytes` and applies every rule but the signature's.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        if bytes.len() > ALERT_BYTES_MAX {
            return Err(WireError::TooLong { bytes: bytes.len() });
        }
        let mut object: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| WireError::NotJson)?;
        if canonical(&object)? != bytes {
            return Err(WireError::NotCanonical);
        }
        let author = fields::author(&object)?;
        let statement = fields::statement(&object)?;
        let audience = fields::audience(&object)?;
        let signature = fields::signature(&object)?;
        object.remove(fields::SIGNATURE);
        Ok(Self {
            author,
            statement,
            audience,
            signature,
            signed: signed_bytes(&object)?,
            wire: bytes,
        })
    }

    /// Returns who the message says wrote it.
    pub fn author(&self) -> NodeId {
        self.author
    }

    /// Returns what the message says.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Returns for whose members alone the message is.
    pub fn audience(&self) -> Option<OrganisationId> {
        self.audience
    }

    /// Checks the signature: no weak keys, no second spelling of a signature.
    pub fn verify(self) -> Result<Alert, WireError> {
        if signature::holds(self.claim()) {
            Ok(self.into_alert())
        } else {
            Err(WireError::Signature)
        }
    }

    fn claim(&self) -> Claim<'_> {
        Claim {
            key: self.author.public_key(),
            message: &self.signed,
            signature: &self.signature,
        }
    }

    fn into_alert(self) -> Alert {
        let alert = Alert::from_verified(self.author, self.statement, Arc::from(self.wire));
        alert.addressed_to(self.audience)
    }
}

/// Checks the signatures of many messages, in order; together they cost half of what they cost one
/// by one, and no message fares otherwise than alone.
pub fn verify_all(messages: Vec<Unverified<'_>>) -> Vec<Result<Alert, WireError>> {
    let claims: Vec<Claim<'_>> = messages.iter().map(Unverified::claim).collect();
    if claims.len() > 1 && signature::hold(&claims) {
        let alerts = messages.into_iter().map(|it| Ok(it.into_alert()));
        return alerts.collect();
    }
    messages.into_iter().map(Unverified::verify).collect()
}

/// Reads a threat message and checks all of it but its freshness, which depends on when and how
/// it came ([`aegis_core::Freshness`]).
pub fn decode(bytes: &[u8]) -> Result<Alert, WireError> {
    Unverified::parse(bytes)?.verify()
}

/// Returns whom a message names as its author, without reading the rest. `None` where it takes
/// more than a glance.
pub(crate) fn author_at_a_glance(bytes: &[u8]) -> Option<NodeId> {
    let bytes = Some(bytes).filter(|it| it.len() <= ALERT_BYTES_MAX)?;
    let text = std::str::from_utf8(bytes).ok()?;
    // Quotes inside of strings are escaped, so that this is a key; but it may be one of an unknown
    // field's own, and then there are two of them.
    let mut parts = text.split(r#""source_node":""#).skip(1);
    let (after, None) = (parts.next()?, parts.next()) else {
        return None;
    };
    after.split('"').next()?.parse().ok()
}

/// Signs `statement` as `identity`.
///
/// The alert says what its bytes say: the time of the statement in whole seconds.
pub fn sign(statement: &Statement, identity: &Identity) -> Alert {
    sign_to(statement, None, identity)
}

/// Signs `statement` as `identity`, for the members of an organisation alone or for everybody.
pub fn sign_to(
    statement: &Statement,
    audience: Option<OrganisationId>,
    identity: &Identity,
) -> Alert {
    let secs = statement.stated_at.as_secs().min(TIMESTAMP_SECS_MAX);
    let statement = Statement {
        stated_at: Timestamp::from_secs(secs),
        ..statement.clone()
    };
    let mut object = fields::write(&statement, identity.node_id());
    if let Some(organisation) = audience {
        let text = organisation.to_string();
        object.insert(fields::AUDIENCE.to_owned(), Value::String(text));
    }
    let signature = identity.sign(&signed_bytes_of_ours(&object));
    let text = BASE64.encode(signature.to_bytes());
    object.insert(fields::SIGNATURE.to_owned(), Value::String(text));
    let wire = canonical_of_ours(&object);
    let alert = Alert::from_verified(identity.node_id(), statement, wire.into());
    alert.addressed_to(audience)
}

fn canonical(object: &Map<String, Value>) -> Result<Vec<u8>, WireError> {
    serde_json_canonicalizer::to_vec(object).map_err(|_| WireError::NotJson)
}

fn signed_bytes(object: &Map<String, Value>) -> Result<Vec<u8>, WireError> {
    let mut bytes = SIGNATURE_DOMAIN.to_vec();
    serde_json_canonicalizer::to_writer(object, &mut bytes).map_err(|_| WireError::NotJson)?;
    Ok(bytes)
}

#[expect(
    clippy::expect_used,
    reason = "cannot fail because the object holds strings and integers only"
)]
fn canonical_of_ours(object: &Map<String, Value>) -> Vec<u8> {
    canonical(object).expect("strings and integers have a canonical form")
}

#[expect(
    clippy::expect_used,
    reason = "cannot fail because the object holds strings and integers only"
)]
fn signed_bytes_of_ours(object: &Map<String, Value>) -> Vec<u8> {
    signed_bytes(object).expect("strings and integers have a canonical form")
}

#[cfg(test)]
mod tests;
