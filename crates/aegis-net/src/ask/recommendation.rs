//! A question about a node, and the answer to it.
//!
//! The question is the node's public key in 32 bytes, and how long the asker waits in milliseconds
//! in two. The answer:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | 0: nothing is known, and nothing follows; 1: something is |
//! | 4 each | verified cases: malicious right, malicious wrong, benign right, benign wrong |
//! | 2 | competence, in ten-thousandths |
//! | 2 | integrity |
//! | 4 | interactions |
//! | 2 | reputation |
//! | 4 | recommenders |
//!
//! A stream that closes without a byte is a refusal.

use std::time::Duration;

use aegis_core::{
    NodeId,
    trust::model::{Recommendation, SortRecord},
};

use super::{
    AskError, QUESTION_ABOUT_BYTES, RECOMMENDATION_BYTES_MAX,
    fields::{Reader, put_confidence, put_wait},
};

const UNKNOWN: u8 = 0;
const KNOWN: u8 = 1;

/// Writes a question about a node, with its wait brought into range.
pub fn encode_question_about(subject: NodeId, wait: Duration) -> Vec<u8> {
    let mut bytes = subject.public_key().to_vec();
    put_wait(&mut bytes, wait);
    bytes
}

/// Reads a question about a node: about whom, and how long the asker waits.
pub fn decode_question_about(bytes: &[u8]) -> Result<(NodeId, Duration), AskError> {
    if bytes.len() > QUESTION_ABOUT_BYTES {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let mut rest = Reader(bytes);
    Ok((rest.node()?, rest.wait()?))
}

/// Writes an answer about a node, with fractions in ten-thousandths.
pub fn encode_recommendation(recommendation: Option<&Recommendation>) -> Vec<u8> {
    let Some(it) = recommendation else {
        return vec![UNKNOWN];
    };
    let mut bytes = vec![KNOWN];
    let counts = [
        it.malicious_right,
        it.malicious_wrong,
        it.benign_right,
        it.benign_wrong,
    ];
    bytes.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
    put_confidence(&mut bytes, it.sort.competence);
    put_confidence(&mut bytes, it.sort.integrity);
    bytes.extend(it.sort.interactions.to_be_bytes());
    put_confidence(&mut bytes, it.sort.reputation);
    bytes.extend(it.sort.recommenders.to_be_bytes());
    bytes
}

/// Reads an answer about a node.
pub fn decode_recommendation(bytes: &[u8]) -> Result<Option<Recommendation>, AskError> {
    if bytes.len() > RECOMMENDATION_BYTES_MAX {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let mut rest = Reader(bytes);
    let recommendation = match rest.byte()? {
        UNKNOWN => None,
        KNOWN => Some(Recommendation {
            malicious_right: rest.u32()?,
            malicious_wrong: rest.u32()?,
            benign_right: rest.u32()?,
            benign_wrong: rest.u32()?,
            sort: SortRecord {
                competence: rest.confidence("competence")?,
                integrity: rest.confidence("integrity")?,
                interactions: rest.u32()?,
                reputation: rest.confidence("reputation")?,
                recommenders: rest.u32()?,
            },
        }),
        _ => return Err(AskError::Malformed { field: "known" }),
    };
    rest.end()?;
    Ok(recommendation)
}
