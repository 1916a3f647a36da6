//! An answer about indicators: testimonies, in order of author and indicator.
//!
//! | bytes | what |
//! |---|---|
//! | 2 | how many testimonies follow |
//! | 110 to 135 each | a testimony |
//!
//! A stream that closes without a byte is a refusal.

use std::{collections::BTreeMap, sync::Arc};

use aegis_core::{ANSWER_TESTIMONIES_MAX, Testimony};

use super::{ANSWER_BYTES_MAX, AskError, Unverified, fields::Reader};

/// Writes an answer: of each author about each indicator the first, and no more than fit.
pub fn encode_answer<'a>(testimonies: impl IntoIterator<Item = &'a Arc<Testimony>>) -> Vec<u8> {
    let mut chosen = BTreeMap::new();
    for testimony in testimonies {
        if chosen.len() < ANSWER_TESTIMONIES_MAX {
            let key = (testimony.author, testimony.indicator);
            chosen.entry(key).or_insert(testimony);
        }
    }
    let count = u16::try_from(chosen.len()).unwrap_or(u16::MAX);
    let mut bytes = count.to_be_bytes().to_vec();
    for testimony in chosen.values() {
        bytes.extend(&*testimony.signed);
    }
    bytes
}

/// Reads an answer; its testimonies are still to be verified.
pub fn decode_answer(bytes: &[u8]) -> Result<Vec<Unverified>, AskError> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let mut rest = Reader(bytes);
    let count = usize::from(rest.u16()?);
    if count > ANSWER_TESTIMONIES_MAX {
        return Err(AskError::OutOfRange { field: "count" });
    }
    let mut testimonies: Vec<Unverified> = Vec::with_capacity(count);
    for _ in 0..count {
        let testimony = Unverified::read(&mut rest)?;
        if testimonies
            .last()
            .is_some_and(|last| last.key() >= testimony.key())
        {
            return Err(AskError::Malformed { field: "order" });
        }
        testimonies.push(testimony);
    }
    rest.end()?;
    Ok(testimonies)
}
