//! A question about indicators.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | how often it may still be passed on |
//! | 2 | how long the asker waits, in milliseconds |
//! | 1 | how many indicators follow, at least one |
//! | 1 each | 1 for IPv6, plus 2 for a prefix |
//! | 4 or 16, and 1 for a prefix | address, prefix length |
//!
//! Indicators are in order, so that no two are equal. Who first asked is not said.

use std::collections::BTreeSet;

use aegis_core::{Indicator, QUESTION_HOPS_MAX, QUESTION_INDICATORS_MAX, Question};

use super::{
    AskError, QUESTION_BYTES_MAX,
    fields::{INDICATOR_FLAGS, Reader, indicator_flags, put_indicator, put_wait},
};

/// Writes a question, with its hops and wait brought into their ranges; `None` for one that names
/// nothing or too much.
pub fn encode_question(question: &Question) -> Option<Vec<u8>> {
    let indicators: BTreeSet<&Indicator> = question.indicators.iter().collect();
    let count = u8::try_from(indicators.len()).ok()?;
    if !(1..=QUESTION_INDICATORS_MAX).contains(&indicators.len()) {
        return None;
    }
    let mut bytes = vec![question.hops.min(QUESTION_HOPS_MAX)];
    put_wait(&mut bytes, question.wait);
    bytes.push(count);
    for indicator in indicators {
        bytes.push(indicator_flags(indicator));
        put_indicator(&mut bytes, indicator);
    }
    Some(bytes)
}

/// Reads a question.
pub fn decode_question(bytes: &[u8]) -> Result<Question, AskError> {
    if bytes.len() > QUESTION_BYTES_MAX {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let mut rest = Reader(bytes);
    let hops = rest.byte()?;
    if hops > QUESTION_HOPS_MAX {
        return Err(AskError::OutOfRange { field: "hops" });
    }
    let wait = rest.wait()?;
    let count = usize::from(rest.byte()?);
    if !(1..=QUESTION_INDICATORS_MAX).contains(&count) {
        return Err(AskError::OutOfRange { field: "count" });
    }
    let mut indicators: Vec<Indicator> = Vec::with_capacity(count);
    for _ in 0..count {
        let flags = rest.byte()?;
        if flags & !INDICATOR_FLAGS != 0 {
            return Err(AskError::Malformed { field: "flags" });
        }
        let indicator = rest.indicator(flags)?;
        if indicators.last().is_some_and(|last| *last >= indicator) {
            return Err(AskError::Malformed { field: "order" });
        }
        indicators.push(indicator);
    }
    rest.end()?;
    Ok(Question {
        indicators,
        hops,
        wait,
    })
}
