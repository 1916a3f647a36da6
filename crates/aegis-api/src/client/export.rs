//! Calls for what other programs read, which comes in pieces.

use axum::{body::Bytes, http::header};

use super::{Client, ClientError, stream::ReplyStream};

/// A file as it comes. Dropping it ends the connection.
#[derive(Debug)]
pub struct ExportStream(ReplyStream);

impl Client {
    /// Asks for a file of the MISP feed.
    pub async fn misp_file(&self, name: &str) -> Result<ExportStream, ClientError> {
        self.open(&format!("/misp/{name}")).await.map(ExportStream)
    }
}

impl ExportStream {
    /// Returns what is the same for files of the same list.
    pub fn tag(&self) -> Option<&str> {
        self.0.headers.get(header::ETAG)?.to_str().ok()
    }

    /// Returns the next bytes; `None` when all have come.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.0.next().await
    }
}
