//! One announcement: what an author says of a file, signed by it.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | severity: 0 minor, 1 major, 2 critical; plus 4 where it takes back |
//! | 32 | author's public key |
//! | 32 | id of the file |
//! | 8 | size in bytes |
//! | 8, 8 | when it was issued and when it ends, in seconds |
//! | 1 | how many organisations it is for, 0 for everybody |
//! | 32 each | their public keys, in order |
//! | 1 and as many as it says | name |
//! | 2 and as many as they say | description, none where that is 0 |
//! | 64 | Ed25519 signature over a domain prefix and all of the above |

use std::{collections::BTreeSet, sync::Arc};

use aegis_core::{
    Description, OrganisationId, Timestamp,
    file::{
        Announcement, Audience, FileId, FileName, FileSeverity, FileSize, ORGANISATIONS_MAX, Offer,
        Validity,
    },
};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::{
    Identity,
    ask::{AskError, fields::Reader},
};

/// What is signed starts with this, so that no signature made for anything else fits.
pub const ANNOUNCEMENT_DOMAIN: &[u8] = b"aegis-file-announcement/1\0";

/// The most bytes of an announcement.
pub const ANNOUNCEMENT_BYTES_MAX: usize = 1
    + 32
    + 32
    + 3 * 8
    + 1
    + 32 * ORGANISATIONS_MAX
    + 1
    + FileName::BYTES_MAX
    + 2
    + Description::BYTES_MAX
    + SIGNATURE_BYTES;

/// The largest time in seconds, the same as that of alerts.
const SECS_MAX: u64 = (1 << 53) - 1;

const SEVERITY: u8 = 0b11;
const WITHDRAWN: u8 = 1 << 2;
const SIGNATURE_BYTES: usize = 64;

/// Signs what `identity` says of a file, whoever the offer names as its author.
///
/// The announcement says what its bytes say: an empty description is none.
pub fn sign(offer: Offer, identity: &Identity) -> Announcement {
    let is_text = |it: &Description| !it.as_str().is_empty();
    let offer = Offer {
        author: identity.node_id(),
        description: offer.description.filter(is_text),
        ..offer
    };
    let mut signed = ANNOUNCEMENT_DOMAIN.to_vec();
    put(&mut signed, &offer);
    let signature = identity.sign(&signed);
    signed.extend(signature.to_bytes());
    let wire = Arc::from(&signed[ANNOUNCEMENT_DOMAIN.len()..]);
    Announcement::from_verified(offer, wire)
}

/// Reads an announcement and checks its signature, strictly; a wrong number is whoever's fault
/// brings it.
pub fn decode(bytes: &[u8]) -> Result<Announcement, AskError> {
    if bytes.len() > ANNOUNCEMENT_BYTES_MAX {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let (said, signature) = bytes
        .split_last_chunk::<SIGNATURE_BYTES>()
        .ok_or(AskError::Truncated)?;
    let offer = read(said)?;
    let key =
        VerifyingKey::from_bytes(offer.author.public_key()).map_err(|_| AskError::Signature)?;
    key.verify_strict(
        &[ANNOUNCEMENT_DOMAIN, said].concat(),
        &Signature::from_bytes(signature),
    )
    .map_err(|_| AskError::Signature)?;
    Ok(Announcement::from_verified(offer, bytes.into()))
}

fn put(bytes: &mut Vec<u8>, offer: &Offer) {
    let severity = match offer.severity {
        FileSeverity::Minor => 0,
        FileSeverity::Major => 1,
        FileSeverity::Critical => 2,
    };
    let withdrawn = if offer.is_withdrawn { WITHDRAWN } else { 0 };
    bytes.push(severity | withdrawn);
    bytes.extend(offer.author.public_key());
    bytes.extend(offer.file.as_bytes());
    bytes.extend(offer.size.bytes().to_be_bytes());
    bytes.extend(offer.validity.issued_at().as_secs().to_be_bytes());
    bytes.extend(offer.validity.expires_at().as_secs().to_be_bytes());
    bytes.push(offer.audience.organisations().count() as u8); // at most ORGANISATIONS_MAX
    for organisation in offer.audience.organisations() {
        bytes.extend(organisation.public_key());
    }
    let name = offer.name.as_str();
    bytes.push(name.len() as u8); // at most FileName::BYTES_MAX
    bytes.extend(name.as_bytes());
    let description = offer.description.as_ref().map_or("", Description::as_str);
    bytes.extend((description.len() as u16).to_be_bytes()); // at most Description::BYTES_MAX
    bytes.extend(description.as_bytes());
}

fn read(said: &[u8]) -> Result<Offer, AskError> {
    let out_of_range = |field| AskError::OutOfRange { field };
    let mut rest = Reader(said);
    let flags = rest.byte()?;
    let severity = match flags & SEVERITY {
        0 => FileSeverity::Minor,
        1 => FileSeverity::Major,
        2 => FileSeverity::Critical,
        _ => return Err(out_of_range("severity")),
    };
    if flags & !(SEVERITY | WITHDRAWN) != 0 {
        return Err(AskError::Malformed { field: "flags" });
    }
    Ok(Offer {
        severity,
        is_withdrawn: flags & WITHDRAWN != 0,
        author: rest.node()?,
        file: FileId::from_bytes(rest.take()?),
        size: FileSize::new(u64::from_be_bytes(rest.take()?))
            .ok_or_else(|| out_of_range("size"))?,
        validity: validity(&mut rest)?,
        audience: audience(&mut rest)?,
        name: name(&mut rest)?,
        description: description(&mut rest)?,
    })
    .and_then(|offer| rest.end().map(|()| offer))
}

fn validity(rest: &mut Reader<'_>) -> Result<Validity, AskError> {
    let [issued_at, expires_at] = [rest.take()?, rest.take()?].map(u64::from_be_bytes);
    let at = Timestamp::from_secs;
    Some((issued_at, expires_at))
        .filter(|(_, end)| *end <= SECS_MAX)
        .and_then(|(start, end)| Validity::new(at(start), at(end)).ok())
        .ok_or(AskError::OutOfRange { field: "validity" })
}

fn audience(rest: &mut Reader<'_>) -> Result<Audience, AskError> {
    let field = "organisations";
    let count = usize::from(rest.byte()?);
    if count > ORGANISATIONS_MAX {
        return Err(AskError::OutOfRange { field });
    }
    let mut organisations = BTreeSet::new();
    for _ in 0..count {
        let organisation = OrganisationId::from_public_key(rest.take()?);
        if organisations.last().is_some_and(|it| *it >= organisation) {
            return Err(AskError::Malformed { field });
        }
        organisations.insert(organisation);
    }
    // None is everybody; as many as there may be are an audience.
    Ok(Audience::of(organisations).unwrap_or(Audience::Everybody))
}

fn name(rest: &mut Reader<'_>) -> Result<FileName, AskError> {
    let bytes = usize::from(rest.byte()?);
    let text = std::str::from_utf8(rest.slice(bytes)?).ok();
    let name = text.and_then(|it| it.parse().ok());
    name.ok_or(AskError::OutOfRange { field: "name" })
}

fn description(rest: &mut Reader<'_>) -> Result<Option<Description>, AskError> {
    let bytes = usize::from(rest.u16()?);
    if bytes == 0 {
        return Ok(None);
    }
    let text = std::str::from_utf8(rest.slice(bytes)?).ok();
    let description = text.and_then(|it| it.parse().ok());
    let field = "description";
    description.map(Some).ok_or(AskError::OutOfRange { field })
}
