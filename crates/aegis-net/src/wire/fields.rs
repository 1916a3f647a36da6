//! The fields of a threat message, each with its rule, read into types that cannot be wrong.

use aegis_core::{
    AlertId, BlockDuration, Description, Evidence, Indicator, NodeId, OrganisationId, Severity,
    Statement, ThreatType, Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::Signature;
use serde_json::{Map, Value};

use super::{TIMESTAMP_SECS_MAX, WireError};

pub(super) const SIGNATURE: &str = "signature";
const AUTHOR: &str = "source_node";
const INDICATOR: &str = "ip";
const THREAT_TYPE: &str = "threat_type";
const SEVERITY: &str = "severity";
const STATED_AT: &str = "timestamp";
const BLOCK_FOR: &str = "block_duration_secs";
const DESCRIPTION: &str = "description";
const EVIDENCE: &str = "evidence";
const WITHDRAWS: &str = "withdraws";
pub(super) const AUDIENCE: &str = "to";

type Object = Map<String, Value>;

/// Reads what the message says.
pub(super) fn statement(object: &Object) -> Result<Statement, WireError> {
    Ok(Statement {
        indicator: indicator(object)?,
        threat_type: parsed::<ThreatType>(
            object,
            THREAT_TYPE,
            "1 to 64 characters of a-z, 0-9, '_', '.' and '-'",
        )?,
        severity: severity(object)?,
        stated_at: stated_at(object)?,
        block_for: block_for(object)?,
        evidence: evidence(object)?,
        description: optional::<Description>(
            object,
            DESCRIPTION,
            "a text of at most 512 bytes without control characters",
        )?,
        withdraws: optional::<AlertId>(object, WITHDRAWS, "32 lower-case hexadecimal digits")?,
    })
}

/// Reads who wrote the message.
pub(super) fn author(object: &Object) -> Result<NodeId, WireError> {
    let rule = "the peer ID of an Ed25519 key";
    let author: NodeId = parsed(object, AUTHOR, rule)?;
    let is_canonical = text(object, AUTHOR, rule)? == author.to_string();
    is_canonical.then_some(author).ok_or(WireError::Field {
        field: AUTHOR,
        rule,
    })
}

/// Reads for whose members alone the message is, `None` where it is for everybody.
pub(super) fn audience(object: &Object) -> Result<Option<OrganisationId>, WireError> {
    let rule = "the ID of an organisation";
    let audience = optional::<OrganisationId>(object, AUDIENCE, rule)?;
    let is_canonical = match audience {
        Some(it) => text(object, AUDIENCE, rule)? == it.to_string(),
        None => true,
    };
    is_canonical.then_some(audience).ok_or(WireError::Field {
        field: AUDIENCE,
        rule,
    })
}

/// Reads the signature, in the one base64 spelling it has.
pub(super) fn signature(object: &Object) -> Result<Signature, WireError> {
    let rule = "a padded base64 Ed25519 signature";
    let text = text(object, SIGNATURE, rule)?;
    // 64 bytes are 88 characters. Longer text is refused before it is decoded.
    let bytes = Some(text).filter(|it| it.len() == 88);
    bytes
        .and_then(|it| BASE64.decode(it).ok())
        .and_then(|it| Signature::from_slice(&it).ok())
        .ok_or(WireError::Field {
            field: SIGNATURE,
            rule,
        })
}

/// Writes the fields of a message of ours, without the signature.
pub(super) fn write(statement: &Statement, author: NodeId) -> Object {
    let mut object = Object::new();
    let mut put = |field: &str, value: Value| object.insert(field.to_owned(), value);
    put(INDICATOR, statement.indicator.to_string().into());
    put(THREAT_TYPE, statement.threat_type.as_str().into());
    put(SEVERITY, statement.severity.value().into());
    put(STATED_AT, statement.stated_at.as_secs().into());
    put(BLOCK_FOR, statement.block_for.as_secs().into());
    put(AUTHOR, author.to_string().into());
    put(EVIDENCE, statement.evidence.as_str().into());
    if let Some(description) = &statement.description {
        put(DESCRIPTION, description.as_str().into());
    }
    if let Some(id) = statement.withdraws {
        put(WITHDRAWS, id.to_string().into());
    }
    object
}

fn indicator(object: &Object) -> Result<Indicator, WireError> {
    let rule = "an IPv4 or IPv6 address or prefix in canonical form";
    let indicator: Indicator = parsed(object, INDICATOR, rule)?;
    let is_canonical = text(object, INDICATOR, rule)? == indicator.to_string();
    is_canonical.then_some(indicator).ok_or(WireError::Field {
        field: INDICATOR,
        rule,
    })
}

fn severity(object: &Object) -> Result<Severity, WireError> {
    number(object, SEVERITY)?
        .and_then(|it| u8::try_from(it).ok())
        .and_then(Severity::new)
        .ok_or(WireError::Field {
            field: SEVERITY,
            rule: "an integer from 1 to 10",
        })
}

fn stated_at(object: &Object) -> Result<Timestamp, WireError> {
    number(object, STATED_AT)?
        .filter(|it| *it <= TIMESTAMP_SECS_MAX)
        .map(Timestamp::from_secs)
        .ok_or(WireError::Field {
            field: STATED_AT,
            rule: "a whole number of seconds since 1970",
        })
}

fn block_for(object: &Object) -> Result<BlockDuration, WireError> {
    number(object, BLOCK_FOR)?
        .and_then(BlockDuration::from_secs)
        .ok_or(WireError::Field {
            field: BLOCK_FOR,
            rule: "an integer from 1 to 86400",
        })
}

fn evidence(object: &Object) -> Result<Evidence, WireError> {
    let word = object.get(EVIDENCE).map(Value::as_str);
    match word {
        None => Ok(Evidence::default()),
        Some(Some("spoofable")) => Ok(Evidence::Spoofable),
        Some(Some("verified")) => Ok(Evidence::Verified),
        Some(Some(_) | None) => Err(WireError::Field {
            field: EVIDENCE,
            rule: "`verified` or `spoofable`",
        }),
    }
}

/// Returns the field as a whole number, `None` where it is something else.
fn number(object: &Object, field: &'static str) -> Result<Option<u64>, WireError> {
    let value = object.get(field).ok_or(WireError::Missing { field })?;
    Ok(value.as_u64())
}

fn text<'a>(
    object: &'a Object,
    field: &'static str,
    rule: &'static str,
) -> Result<&'a str, WireError> {
    let value = object.get(field).ok_or(WireError::Missing { field })?;
    value.as_str().ok_or(WireError::Field { field, rule })
}

fn parsed<T: std::str::FromStr>(
    object: &Object,
    field: &'static str,
    rule: &'static str,
) -> Result<T, WireError> {
    let broken = WireError::Field { field, rule };
    text(object, field, rule)?.parse().map_err(|_| broken)
}

fn optional<T: std::str::FromStr>(
    object: &Object,
    field: &'static str,
    rule: &'static str,
) -> Result<Option<T>, WireError> {
    if !object.contains_key(field) {
        return Ok(None);
    }
    parsed(object, field, rule).map(Some)
}
