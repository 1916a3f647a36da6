//! One testimony: what an author says of an indicator, signed by it.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | flags: 1 IPv6, 2 a prefix, 4 with an opinion |
//! | 1 | topic: its place among all |
//! | 32 | author's public key |
//! | 8 | time stated, in seconds |
//! | 4 or 16, and 1 for a prefix | address, prefix length |
//! | 2, of an opinion | score, in ten-thousandths, signed |
//! | 2 | confidence, in ten-thousandths |
//! | 4 | sightings |
//! | 4 | age of the newest sighting, in seconds |
//! | 64 | Ed25519 signature over a domain prefix and all of the above |
//!
//! The flags tell how long it is. So one whose numbers are out of range still shows whether its
//! author wrote them or somebody else in its name.

use std::{sync::Arc, time::Duration};

use aegis_core::{Indicator, NodeId, Opinion, Testimony, Timestamp, Topic};
use ed25519_dalek::{Signature, VerifyingKey};

use super::{
    AskError, TESTIMONY_BYTES_MAX,
    fields::{
        self, INDICATOR_FLAGS, Reader, indicator_bytes, indicator_flags, put_confidence,
        put_indicator, put_score,
    },
};
use crate::Identity;

/// What is signed starts with this, so that no signature made for anything else fits a testimony.
pub const TESTIMONY_DOMAIN: &[u8] = b"aegis-testimony/1\0";

/// The largest time in seconds, the same as that of alerts.
const STATED_AT_SECS_MAX: u64 = (1 << 53) - 1;

const OPINION: u8 = 1 << 2;
const HEAD_BYTES: usize = 2 + 32 + 8;
const OPINION_BYTES: usize = 2 + 2 + 4 + 4;
const SIGNATURE_BYTES: usize = 64;

/// A testimony whose signature and numbers nobody has checked yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unverified {
    author: NodeId,
    indicator: Indicator,
    stated_at_secs: u64,
    signed: Arc<[u8]>,
}

impl Unverified {
    /// Reads one testimony and nothing behind it.
    pub fn parse(bytes: &[u8]) -> Result<Self, AskError> {
        if bytes.len() > TESTIMONY_BYTES_MAX {
            return Err(AskError::TooLong { bytes: bytes.len() });
        }
        let mut rest = Reader(bytes);
        let testimony = Self::read(&mut rest)?;
        rest.end()?;
        Ok(testimony)
    }

    /// Reads the testimony at the front.
    pub(super) fn read(rest: &mut Reader<'_>) -> Result<Self, AskError> {
        let flags = Reader(rest.0).byte()?;
        if flags & !(INDICATOR_FLAGS | OPINION) != 0 {
            return Err(AskError::Malformed { field: "flags" });
        }
        let signed = rest.slice(bytes_of(flags))?;
        let mut fields = Reader(signed);
        let [_, _] = fields.take()?;
        Ok(Self {
            author: fields.node()?,
            stated_at_secs: u64::from_be_bytes(fields.take()?),
            indicator: fields.indicator(flags)?,
            signed: signed.into(),
        })
    }

    /// Returns whom it names as its author.
    pub fn author(&self) -> NodeId {
        self.author
    }

    /// Returns what it is about.
    pub fn indicator(&self) -> Indicator {
        self.indicator
    }

    /// Returns when its author made it, as it says.
    pub fn stated_at(&self) -> Timestamp {
        Timestamp::from_secs(self.stated_at_secs)
    }

    /// Returns all of it, as it came.
    pub fn signed(&self) -> &Arc<[u8]> {
        &self.signed
    }

    /// Returns what orders an answer, and stands once in it.
    pub(super) fn key(&self) -> (NodeId, Indicator) {
        (self.author, self.indicator)
    }

    /// Checks the signature, strictly, and only then the numbers: what is
    /// [out of range](AskError::OutOfRange) is so by its author's hand.
    pub fn verify(self) -> Result<Testimony, AskError> {
        let (said, signature) = self
            .signed
            .split_last_chunk::<SIGNATURE_BYTES>()
            .ok_or(AskError::Truncated)?;
        let key =
            VerifyingKey::from_bytes(self.author.public_key()).map_err(|_| AskError::Signature)?;
        key.verify_strict(
            &[TESTIMONY_DOMAIN, said].concat(),
            &Signature::from_bytes(signature),
        )
        .map_err(|_| AskError::Signature)?;
        let (topic, opinion) = self.content(said)?;
        Ok(Testimony {
            author: self.author,
            indicator: self.indicator,
            topic,
            opinion,
            stated_at: self.stated_at(),
            signed: self.signed,
        })
    }

    fn content(&self, said: &[u8]) -> Result<(Topic, Option<Opinion>), AskError> {
        let out_of_range = |field| AskError::OutOfRange { field };
        let mut rest = Reader(said);
        let [flags, topic] = rest.take()?;
        let topic = Topic::ALL.get(usize::from(topic));
        let topic = topic.copied().ok_or_else(|| out_of_range("topic"))?;
        if self.stated_at_secs > STATED_AT_SECS_MAX {
            return Err(out_of_range("stated_at"));
        }
        rest.slice(HEAD_BYTES - 2 + indicator_bytes(flags))?;
        if flags & OPINION == 0 {
            return Ok((topic, None));
        }
        let score = i16::from_be_bytes(rest.take()?);
        let opinion = Opinion {
            score: fields::score(score).ok_or_else(|| out_of_range("score"))?,
            confidence: rest.confidence("confidence")?,
            sightings: rest.u32()?,
            age: Duration::from_secs(rest.u32()?.into()),
        };
        if opinion.age.as_secs() > self.stated_at_secs {
            return Err(out_of_range("age"));
        }
        Ok((topic, Some(opinion)))
    }
}

/// Signs what `identity` thinks at `now`; no opinion says that it has no evidence.
///
/// The testimony says what its bytes say: time and age in whole seconds, score and confidence in
/// ten-thousandths.
pub fn sign(
    now: Timestamp,
    indicator: Indicator,
    (topic, opinion): (Topic, Option<Opinion>),
    identity: &Identity,
) -> Testimony {
    let author = identity.node_id();
    let secs = now.as_secs().min(STATED_AT_SECS_MAX);
    let opinion = opinion.map(|it| rounded(it, secs));
    let flag = if opinion.is_some() { OPINION } else { 0 };
    let flags = indicator_flags(&indicator) | flag;
    let mut signed = Vec::with_capacity(TESTIMONY_DOMAIN.len() + bytes_of(flags));
    signed.extend(TESTIMONY_DOMAIN);
    signed.push(flags);
    signed.push(topic.index() as u8);
    signed.extend(author.public_key());
    signed.extend(secs.to_be_bytes());
    put_indicator(&mut signed, &indicator);
    if let Some(opinion) = &opinion {
        put_score(&mut signed, opinion.score);
        put_confidence(&mut signed, opinion.confidence);
        signed.extend(opinion.sightings.to_be_bytes());
        let age = u32::try_from(opinion.age.as_secs()).unwrap_or(u32::MAX);
        signed.extend(age.to_be_bytes());
    }
    let signature = identity.sign(&signed);
    signed.extend(signature.to_bytes());
    Testimony {
        author,
        indicator,
        topic,
        opinion,
        stated_at: Timestamp::from_secs(secs),
        signed: Arc::from(&signed[TESTIMONY_DOMAIN.len()..]),
    }
}

/// Returns an opinion as its bytes will say it.
fn rounded(opinion: Opinion, stated_at_secs: u64) -> Opinion {
    let age_max = stated_at_secs.min(u32::MAX.into());
    Opinion {
        score: fields::rounded_score(opinion.score),
        confidence: fields::rounded_confidence(opinion.confidence),
        sightings: opinion.sightings,
        age: Duration::from_secs(opinion.age.as_secs().min(age_max)),
    }
}

fn bytes_of(flags: u8) -> usize {
    let opinion = if flags & OPINION == 0 {
        0
    } else {
        OPINION_BYTES
    };
    HEAD_BYTES + indicator_bytes(flags) + opinion + SIGNATURE_BYTES
}
