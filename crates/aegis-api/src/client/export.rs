//! Calls for what other programs read, which comes in pieces.

use axum::{
    body::Bytes,
    http::{Method, header},
};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{task::JoinSet, time::timeout};

use super::{CALL_TIMEOUT, Client, ClientError, protocol, refused_stream, request};

/// A file as it comes. Dropping it ends the connection.
#[derive(Debug)]
pub struct ExportStream {
    body: Incoming,
    tag: Option<String>,
    _connection: JoinSet<()>,
}

impl Client {
    /// Asks for a file of the MISP feed.
    pub async fn misp_file(&self, name: &str) -> Result<ExportStream, ClientError> {
        let request = request(Method::GET, &format!("/misp/{name}"), Bytes::new())?;
        let (mut sender, connection) = self.connect().await?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            // The error shows on the body as well.
            let _ = connection.await;
        });
        let response = match timeout(CALL_TIMEOUT, sender.send_request(request)).await {
            Ok(response) => response.map_err(|it| self.broken(&it))?,
            Err(_) => return Err(self.unreachable(std::io::ErrorKind::TimedOut.into())),
        };
        if !response.status().is_success() {
            return Err(refused_stream(response).await);
        }
        let tag = response.headers().get(header::ETAG);
        Ok(ExportStream {
            tag: tag.and_then(|it| Some(it.to_str().ok()?.to_owned())),
            body: response.into_body(),
            _connection: connections,
        })
    }
}

impl ExportStream {
    /// Returns what is the same for files of the same list.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the next bytes; `None` when all have come.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(frame) = self.body.frame().await {
            let data = frame.map_err(protocol)?.into_data().unwrap_or_default();
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}
