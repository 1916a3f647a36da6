//! What nodes show each other of organisations, in one piece.
//!
//! | bytes | what |
//! |---|---|
//! | 2 | how many words follow, 0 to 640; with none, the peer is asked to show what it has |
//! | 1 each | 1 the shower's own membership, 2 another's membership, 3 a list of revocations, 4 a ring of keys |
//! | 4 | how many bytes |
//! | as many | the word, as its organisation signed it |
//!
//! Nothing may follow. Numbers are big-endian.

use std::sync::Arc;

use aegis_core::{NodeId, OrganisationWord};

use super::{OrganisationError, read_keys, read_membership, read_revocations};
use crate::gate::Misbehaviour;

/// Words in one frame at most: the members of one organisation and what belongs to it.
pub const FRAME_WORDS_MAX: usize = 640;

/// Bytes of one frame at most: as many memberships, and two of the longest lists of revocations.
pub const FRAME_BYTES_MAX: usize = 208 * 1024;

const OWN: u8 = 1;
const OTHERS: u8 = 2;
const REVOCATIONS: u8 = 3;
const KEYS: u8 = 4;

/// Packs as many of `words` as fit, the first ones first, as the node `own` shows them.
pub fn pack(words: &[OrganisationWord], own: NodeId) -> Vec<u8> {
    let mut frame = vec![0, 0];
    let mut count: u16 = 0;
    for word in words.iter().take(FRAME_WORDS_MAX) {
        let (tag, wire) = match word {
            OrganisationWord::Membership(it) if it.grant().member() == own => (OWN, it.wire()),
            OrganisationWord::Membership(it) => (OTHERS, it.wire()),
            OrganisationWord::Revocations(it) => (REVOCATIONS, it.wire()),
            OrganisationWord::Keys(it) => (KEYS, it.wire()),
        };
        let bytes = u32::try_from(wire.len()).unwrap_or(u32::MAX);
        if frame.len() + 5 + wire.len() > FRAME_BYTES_MAX {
            continue; // a shorter one may still fit
        }
        frame.push(tag);
        frame.extend_from_slice(&bytes.to_be_bytes());
        frame.extend_from_slice(wire);
        count += 1;
    }
    frame[..2].copy_from_slice(&count.to_be_bytes());
    frame
}

/// Returns how many words a frame says it has; `None` where it is too long or has too many.
pub(crate) fn count(frame: &[u8]) -> Option<u16> {
    let (count, _) = frame.split_first_chunk()?;
    let count = u16::from_be_bytes(*count);
    let fits = frame.len() <= FRAME_BYTES_MAX && usize::from(count) <= FRAME_WORDS_MAX;
    fits.then_some(count)
}

/// Returns whether a frame ends before its words do, as when the connection does: nobody's fault.
pub(crate) fn is_cut(frame: &[u8]) -> bool {
    let Some((head, mut rest)) = frame.split_first_chunk::<2>() else {
        return true;
    };
    let count = usize::from(u16::from_be_bytes(*head)).min(FRAME_WORDS_MAX);
    (0..count).any(|_| next(&mut rest).is_none())
}

/// Reads what `from` showed, and checks all of it but whether it holds now.
///
/// The first word that is wrong ends the reading: whoever shows it has checked it, or should have.
pub fn unpack(frame: &[u8], from: NodeId) -> Result<Vec<OrganisationWord>, Misbehaviour> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(Misbehaviour::Oversized);
    }
    let count = count(frame).ok_or(Misbehaviour::Malformed)?;
    let mut rest = frame.get(2..).ok_or(Misbehaviour::Malformed)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let (tag, wire) = next(&mut rest).ok_or(Misbehaviour::Malformed)?;
        words.push(word(tag, wire, from)?);
    }
    rest.is_empty()
        .then_some(words)
        .ok_or(Misbehaviour::Malformed)
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (head, behind) = rest.split_first_chunk::<5>()?;
    let [tag, a, b, c, d] = *head;
    let bytes = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    let (wire, behind) = behind.split_at_checked(bytes)?;
    *rest = behind;
    Some((tag, wire))
}

fn word(tag: u8, wire: &[u8], from: NodeId) -> Result<OrganisationWord, Misbehaviour> {
    let fault = |error: OrganisationError| match error {
        OrganisationError::Malformed => Misbehaviour::Malformed,
        OrganisationError::Signature => Misbehaviour::BadProof,
        OrganisationError::Grant(_) | OrganisationError::Revocations(_) => Misbehaviour::OutOfRange,
    };
    match tag {
        OWN | OTHERS => {
            let membership = read_membership(wire).map_err(fault)?;
            let is_own = membership.grant().member() == from;
            if is_own != (tag == OWN) {
                return Err(Misbehaviour::BadProof);
            }
            Ok(OrganisationWord::Membership(Arc::new(membership)))
        }
        REVOCATIONS => {
            let list = read_revocations(wire).map_err(fault)?;
            Ok(OrganisationWord::Revocations(Arc::new(list)))
        }
        KEYS => {
            let ring = read_keys(wire).map_err(fault)?;
            Ok(OrganisationWord::Keys(Arc::new(ring)))
        }
        _ => Err(Misbehaviour::Malformed),
    }
}
