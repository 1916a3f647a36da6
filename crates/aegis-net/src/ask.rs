//! Questions to peers and what they answer: bytes on one side, checked types on the other.
//!
//! Two protocols, each one request and one reply. *Ask* is about indicators and answered with
//! testimonies, which their authors sign, so that they can be passed on. *Recommend* is about a
//! node and answered to the asker alone, whom the connection authenticates.
//!
//! Everything is packed in binary, and there is one spelling of each thing: numbers are big-endian,
//! fractions are whole numbers of ten-thousandths, lists are in order, and nothing may follow.

use aegis_core::{ANSWER_TESTIMONIES_MAX, QUESTION_INDICATORS_MAX};

mod answer;
pub(crate) mod fields;
mod question;
mod recommendation;
mod testimony;

pub use answer::{decode_answer, encode_answer};
pub use question::{decode_question, encode_question};
pub use recommendation::{
    decode_question_about, decode_recommendation, encode_question_about, encode_recommendation,
};
pub use testimony::{TESTIMONY_DOMAIN, Unverified, sign};

/// The most bytes of a testimony: about an IPv6 prefix, with an opinion.
pub const TESTIMONY_BYTES_MAX: usize = 2 + 32 + 8 + 17 + 12 + 64;

/// The most bytes of a question: about as many IPv6 prefixes as it may name.
pub const QUESTION_BYTES_MAX: usize = 4 + 18 * QUESTION_INDICATORS_MAX;

/// The most bytes of an answer: some 34 KiB. One about 32 IPv4 addresses, not passed on, has 3.8.
pub const ANSWER_BYTES_MAX: usize = 2 + TESTIMONY_BYTES_MAX * ANSWER_TESTIMONIES_MAX;

/// The bytes of a question about a node.
pub const QUESTION_ABOUT_BYTES: usize = 32 + 2;

/// The most bytes of an answer about a node.
pub const RECOMMENDATION_BYTES_MAX: usize = 1 + 4 * 4 + 3 * 2 + 2 * 4;

/// Why bytes are not what they ought to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AskError {
    /// They end too early, as where a peer leaves in the middle of a word.
    #[error("the bytes end too early")]
    Truncated,
    /// There are more of them than there can be.
    #[error("there are {bytes} bytes, which is too many")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// They are spelled in another way than the one way there is.
    #[error("`{field}` is not spelled as it must be")]
    Malformed {
        /// What is.
        field: &'static str,
    },
    /// A number is outside of its range.
    #[error("`{field}` is outside of its range")]
    OutOfRange {
        /// Which.
        field: &'static str,
    },
    /// A testimony is not signed by whom it names.
    #[error("signature is not the author's")]
    Signature,
}

#[cfg(test)]
mod tests;
