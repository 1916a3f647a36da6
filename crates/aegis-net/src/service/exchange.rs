//! The peer exchange protocol, as questions and answers come and go.

use std::time::Duration;

use libp2p::StreamProtocol;

use super::inquire::{self, Inquire};
use crate::exchange::{ANSWER_BYTES_MAX, QUESTION_BYTES_MAX};

/// What the protocol is called.
pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/aegis/peers/1");

/// Questions on one connection at a time, both ways.
const STREAMS_MAX: usize = 4;

/// How long a stream may stay.
const STREAM_FOR: Duration = Duration::from_secs(10);

/// Returns the protocol, spoken both ways.
pub(super) fn behaviour() -> Inquire {
    let bytes_max = (QUESTION_BYTES_MAX, ANSWER_BYTES_MAX);
    inquire::behaviour(PROTOCOL, bytes_max, (STREAMS_MAX, STREAM_FOR))
}
