//! The peer exchange protocol, as questions and answers come and go.

use std::time::Duration;

use super::{
    inquire::{self, Inquire},
    names::Names,
};
use crate::exchange::{ANSWER_BYTES_MAX, QUESTION_BYTES_MAX};

/// What the protocol is called.
pub(super) const PROTOCOL: &str = "/aegis/peers/1";

/// Questions on one connection at a time, both ways.
const STREAMS_MAX: usize = 4;

/// How long a stream may stay.
const STREAM_FOR: Duration = Duration::from_secs(10);

/// Returns the protocol, spoken both ways.
pub(super) fn behaviour(names: &Names) -> Inquire {
    let bytes_max = (QUESTION_BYTES_MAX, ANSWER_BYTES_MAX);
    inquire::behaviour(
        names.protocol(PROTOCOL),
        bytes_max,
        (STREAMS_MAX, STREAM_FOR),
    )
}
