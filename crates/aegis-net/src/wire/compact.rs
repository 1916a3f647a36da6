//! A message in few bytes, for somebody who knows its author and what a message looks like.
//!
//! Three quarters of a usual message are what every message says: field names, the author, and the
//! signature's spelling. Packed, only the rest is left; unpacked, it is the very bytes that were
//! signed, or bytes that nobody signed, as those who check it will find.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | flags, see below |
//! | 1 | severity |
//! | 4 or 16, and 1 for a prefix | address, prefix length |
//! | 8 | time stated, in seconds |
//! | 4 | block duration, in seconds |
//! | 64 | signature |
//! | 16, or none | id of the message withdrawn |
//! | 1 and as many as it says | threat type |
//! | the rest | description |
//!
//! Numbers are big-endian.

use std::net::IpAddr;

use aegis_core::{
    Alert, AlertId, BlockDuration, Evidence, Indicator, NodeId, Severity, Statement, Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

use super::{TIMESTAMP_SECS_MAX, Unverified, canonical_of_ours, fields};

const IPV6: u8 = 1;
const PREFIX: u8 = 1 << 1;
const VERIFIED: u8 = 1 << 2;
const DESCRIBED: u8 = 1 << 3;
const WITHDRAWS: u8 = 1 << 4;
const KNOWN_FLAGS: u8 = IPV6 | PREFIX | VERIFIED | DESCRIBED | WITHDRAWS;

const SIGNATURE_BYTES: usize = 64;

/// Packs a message; `None` for one that would not unpack to its very bytes, such as one with a
/// field that only a later version knows.
pub(crate) fn pack(alert: &Alert) -> Option<Vec<u8>> {
    let message = Unverified::parse(alert.wire()).ok()?;
    let packed = packed(&message.statement, &message.signature.to_bytes())?;
    let unpacked = unpack(message.author, &packed)?;
    (unpacked[..] == alert.wire()[..]).then_some(packed)
}

/// Unpacks a message of `author`, still to be checked; `None` for what is not packed that way.
pub(crate) fn unpack(author: NodeId, packed: &[u8]) -> Option<Vec<u8>> {
    let mut rest = packed;
    let [flags, severity] = take(&mut rest)?;
    let has = |flag: u8| flags & flag != 0;
    if flags & !KNOWN_FLAGS != 0 {
        return None;
    }
    let address: IpAddr = if has(IPV6) {
        take::<16>(&mut rest)?.into()
    } else {
        take::<4>(&mut rest)?.into()
    };
    let indicator = if has(PREFIX) {
        let [prefix_len] = take(&mut rest)?;
        Indicator::prefix(address, prefix_len)?
    } else {
        Indicator::host(address)
    };
    let secs = u64::from_be_bytes(take(&mut rest)?);
    let stated_at = Timestamp::from_secs(Some(secs).filter(|it| *it <= TIMESTAMP_SECS_MAX)?);
    let block_secs = u32::from_be_bytes(take(&mut rest)?);
    let signature: [u8; SIGNATURE_BYTES] = take(&mut rest)?;
    let withdraws = if has(WITHDRAWS) {
        Some(AlertId::from_bytes(take(&mut rest)?))
    } else {
        None
    };
    let [threat_type_bytes] = take(&mut rest)?;
    let (threat_type, rest) = rest.split_at_checked(threat_type_bytes.into())?;
    let description = std::str::from_utf8(rest).ok()?;
    if !has(DESCRIBED) && !description.is_empty() {
        return None;
    }
    let statement = Statement {
        indicator,
        threat_type: std::str::from_utf8(threat_type).ok()?.parse().ok()?,
        severity: Severity::new(severity)?,
        stated_at,
        block_for: BlockDuration::from_secs(block_secs.into())?,
        evidence: if has(VERIFIED) {
            Evidence::Verified
        } else {
            Evidence::Spoofable
        },
        description: if has(DESCRIBED) {
            Some(description.parse().ok()?)
        } else {
            None
        },
        withdraws,
    };
    let mut object = fields::write(&statement, author);
    let signature = Value::String(BASE64.encode(signature));
    object.insert(fields::SIGNATURE.to_owned(), signature);
    Some(canonical_of_ours(&object))
}

fn packed(statement: &Statement, signature: &[u8; SIGNATURE_BYTES]) -> Option<Vec<u8>> {
    let Statement {
        indicator,
        threat_type,
        severity,
        stated_at,
        block_for,
        evidence,
        description,
        withdraws,
    } = statement;
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    let mut packed = vec![
        flag(!indicator.is_ipv4(), IPV6)
            | flag(!indicator.is_host(), PREFIX)
            | flag(*evidence == Evidence::Verified, VERIFIED)
            | flag(description.is_some(), DESCRIBED)
            | flag(withdraws.is_some(), WITHDRAWS),
        severity.value(),
    ];
    match indicator.address() {
        IpAddr::V4(address) => packed.extend(address.octets()),
        IpAddr::V6(address) => packed.extend(address.octets()),
    }
    if !indicator.is_host() {
        packed.push(indicator.prefix_len());
    }
    packed.extend(stated_at.as_secs().to_be_bytes());
    packed.extend(u32::try_from(block_for.as_secs()).ok()?.to_be_bytes());
    packed.extend(signature);
    packed.extend(withdraws.iter().flat_map(AlertId::as_bytes));
    packed.push(u8::try_from(threat_type.as_str().len()).ok()?);
    packed.extend(threat_type.as_str().bytes());
    packed.extend(description.iter().flat_map(|it| it.as_str().bytes()));
    Some(packed)
}

/// Takes `N` bytes off the front.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk::<N>()?;
    *rest = others;
    Some(*first)
}

#[cfg(test)]
mod tests;
