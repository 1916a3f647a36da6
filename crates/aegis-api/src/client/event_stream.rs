//! The stream of events as the client reads it.

use super::{Client, ClientError, event_seq, protocol, stream::ReplyStream};
use crate::Event;

/// The longest line of the stream. An event has a few hundred bytes.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// Events as they happen. Dropping it ends the connection.
#[derive(Debug)]
pub struct EventStream {
    reply: ReplyStream,
    seq: u64, // of the last event handed out, or of the last before the stream began
    received: Vec<u8>, // what came after the last event handed out, at most a frame and a line
}

impl EventStream {
    pub(super) async fn open(client: &Client, with_backlog: bool) -> Result<Self, ClientError> {
        let path = format!("/v1/events?backlog={with_backlog}");
        let reply = client.open(&path).await?;
        Ok(Self {
            seq: event_seq(&reply.headers).unwrap_or_default(),
            reply,
            received: Vec::new(),
        })
    }

    /// Returns the number of the last event handed out, or of the last before the stream began.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the next event, or `None` once the node has ended the stream.
    ///
    /// Nothing is lost where the future is dropped before it is ready.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.take_event()? {
                self.seq = event.seq;
                return Ok(Some(event));
            }
            match self.reply.next().await {
                Ok(Some(data)) => self.received.extend_from_slice(&data),
                // A node that is killed does not say good-bye.
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }

    /// Takes the first whole event out of what was received, and all that comes before it.
    fn take_event(&mut self) -> Result<Option<Event>, ClientError> {
        while let Some(end) = self.received.iter().position(|it| *it == b'\n') {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            if let Some(data) = line.strip_prefix(b"data:") {
                return serde_json::from_slice(data).map(Some).map_err(protocol);
            }
        }
        if self.received.len() > LINE_BYTES_MAX {
            return Err(protocol("an event is longer than any may be"));
        }
        Ok(None)
    }
}
