//! A reply that comes in pieces, over a connection of its own.

use std::io;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method},
};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{task::JoinSet, time::timeout};

use super::{CALL_TIMEOUT, Client, ClientError, protocol, refused_stream, request};

/// What comes after the head of a reply. Dropping it ends the connection.
#[derive(Debug)]
pub(super) struct ReplyStream {
    pub(super) headers: HeaderMap,
    body: Incoming,
    _connection: JoinSet<()>, // one task, stopped with the stream
}

impl Client {
    /// Asks for what is at `path`; returns once the reply begins.
    pub(super) async fn open(&self, path: &str) -> Result<ReplyStream, ClientError> {
        let request = request(Method::GET, path, Bytes::new())?;
        let (mut sender, connection) = self.connect().await?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            // The error shows on the body as well.
            let _ = connection.await;
        });
        let response = match timeout(CALL_TIMEOUT, sender.send_request(request)).await {
            Ok(response) => response.map_err(|it| self.broken(&it))?,
            Err(_) => return Err(self.unreachable(io::ErrorKind::TimedOut.into())),
        };
        if !response.status().is_success() {
            return Err(refused_stream(response).await);
        }
        let (head, body) = response.into_parts();
        Ok(ReplyStream {
            headers: head.headers,
            body,
            _connection: connections,
        })
    }
}

impl ReplyStream {
    /// Returns the next bytes; `None` when all have come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(frame) = self.body.frame().await {
            let data = frame.map_err(protocol)?.into_data().unwrap_or_default();
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}
