//! What nodes say to each other while they reconcile: the bytes of [`aegis_core::sync`] on a stream,
//! and the alerts in them, verified.

use std::{collections::VecDeque, sync::Arc};

use aegis_core::{
    Alert,
    sync::{Answer, MESSAGE_BYTES_MAX, Malformed, Request},
};

use crate::{
    gate::Misbehaviour,
    wire::{self, Unverified, WireError},
};

/// What a message is preceded by: its length, so that one that a broken connection cut off is not
/// taken for one that its sender made wrong.
const LENGTH_BYTES: usize = 4;

/// The most bytes of a message with its length.
pub const FRAME_BYTES_MAX: usize = MESSAGE_BYTES_MAX + LENGTH_BYTES;

/// Signatures that are checked together.
const TOGETHER: usize = 128;

/// Why a message says nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// It ends too early, as when a connection breaks, or there is none at all.
    #[error("message ends too early")]
    Truncated,
    /// It is longer than any.
    #[error("message is too long")]
    TooLong,
    /// It is not spelled as it must be.
    #[error("message is malformed")]
    Malformed(#[from] Malformed),
    /// An alert in it is none.
    #[error("message brings an invalid alert")]
    Alert(#[from] WireError),
}

impl Unreadable {
    /// Returns what its sender did by it; `None` where it did nothing wrong.
    pub(crate) fn misbehaviour(self) -> Option<Misbehaviour> {
        match self {
            Self::Truncated => None,
            Self::TooLong => Some(Misbehaviour::Oversized),
            Self::Malformed(_) => Some(Misbehaviour::Malformed),
            Self::Alert(error) => Some(Misbehaviour::of_message(error)),
        }
    }
}

/// Returns a message as it is sent.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend(message);
    framed
}

/// Returns the message in what was sent.
fn unframe(framed: &[u8]) -> Result<&[u8], Unreadable> {
    let (length, message) = framed
        .split_first_chunk::<LENGTH_BYTES>()
        .ok_or(Unreadable::Truncated)?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > MESSAGE_BYTES_MAX {
        return Err(Unreadable::TooLong);
    }
    match message.len() {
        it if it < length => Err(Unreadable::Truncated),
        it if it > length => Err(Malformed.into()),
        _ => Ok(message),
    }
}

/// Returns a request with its alerts as bytes.
pub fn encode_request(request: Request<Arc<Alert>>) -> Vec<u8> {
    let wired = request.try_map(|it| Ok::<_, WireError>(Arc::clone(it.wire())));
    frame(&wired.map(|it| it.encode()).unwrap_or_default())
}

/// Returns an answer with its alerts as bytes.
pub fn encode_answer(answer: Answer<Arc<Alert>>) -> Vec<u8> {
    let wired = answer.try_map(|it| Ok::<_, WireError>(Arc::clone(it.wire())));
    frame(&wired.map(|it| it.encode()).unwrap_or_default())
}

/// Reads a request and verifies the alerts in it.
pub fn read_request(framed: &[u8]) -> Result<Request<Arc<Alert>>, Unreadable> {
    let request = Request::decode(unframe(framed)?)?;
    let mut alerts = verified(match &request {
        Request::Give(alerts) => alerts,
        Request::Cells { .. } | Request::Exchange { .. } | Request::Range { .. } => &[],
    })?;
    request.try_map(|_| alerts.pop_front().ok_or(Unreadable::Malformed(Malformed)))
}

/// Reads an answer and verifies the alerts in it.
pub fn read_answer(framed: &[u8]) -> Result<Answer<Arc<Alert>>, Unreadable> {
    let answer = Answer::decode(unframe(framed)?)?;
    let mut alerts = verified(match &answer {
        Answer::Exchange { alerts, .. } | Answer::Range { alerts, .. } => alerts,
        Answer::Same | Answer::Cells { .. } | Answer::Taken | Answer::Busy => &[],
    })?;
    answer.try_map(|_| alerts.pop_front().ok_or(Unreadable::Malformed(Malformed)))
}

/// Verifies alerts, in order. One that is invalid spoils them all: whoever brings it has not
/// checked it.
fn verified(messages: &[Arc<[u8]>]) -> Result<VecDeque<Arc<Alert>>, WireError> {
    let mut alerts = VecDeque::with_capacity(messages.len());
    for together in messages.chunks(TOGETHER) {
        let parsed = together.iter().map(|it| Unverified::parse(it));
        for alert in wire::verify_all(parsed.collect::<Result<_, _>>()?) {
            alerts.push_back(Arc::new(alert?));
        }
    }
    Ok(alerts)
}

#[cfg(test)]
mod tests;
