//! Calls about files, whose content streams either way.

use aegis_core::file::FileId;
use axum::{
    body::{Body, Bytes},
    http::{Method, header},
};
use futures::stream;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Client, ClientError, protocol, query, refused, request, stream::ReplyStream};
use crate::{
    FileApplied, FileApplyRequest, FileForgotten, FileLine, Page, PageQuery, ShareRequest,
};

/// How much of a file is read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Names a file.
#[derive(Serialize)]
struct Named {
    file: String,
}

/// The content of a file as it comes. Dropping it ends the connection.
#[derive(Debug)]
pub struct FileStream {
    reply: ReplyStream,
    left: u64, // bytes that must still come
}

impl Client {
    /// Asks for a page of the files that somebody offers.
    pub async fn files(&self, page: PageQuery<FileId>) -> Result<Page<FileLine>, ClientError> {
        self.get(&format!("/v1/files?{}", query(&page))).await
    }

    /// Asks for one of them.
    pub async fn file(&self, file: FileId) -> Result<FileLine, ClientError> {
        self.get(&format!("/v1/files/one?file={file}")).await
    }

    /// Asks the node to fetch a file.
    pub async fn fetch_file(&self, file: FileId) -> Result<FileLine, ClientError> {
        let file = file.to_string();
        self.post("/v1/files/fetch", &Named { file }).await
    }

    /// Has a file neither kept nor offered by the node any more.
    pub async fn forget_file(&self, file: FileId) -> Result<FileForgotten, ClientError> {
        let path = format!("/v1/files?file={file}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Has what a file lists blocked, or says what would be.
    pub async fn apply_file(&self, apply: &FileApplyRequest) -> Result<FileApplied, ClientError> {
        self.post("/v1/files/apply", apply).await
    }

    /// Shares a file with this content.
    pub async fn share_file(
        &self,
        share: &ShareRequest,
        content: impl AsyncRead + Send + Unpin + 'static,
    ) -> Result<FileLine, ClientError> {
        let mut head = serde_json::to_vec(share).map_err(protocol)?;
        head.push(b'\n');
        let head = stream::iter([Ok::<_, std::io::Error>(Bytes::from(head))]);
        let rest = stream::unfold(content, async |mut content| {
            let mut piece = vec![0; PIECE_BYTES];
            match content.read(&mut piece).await {
                Ok(0) => None,
                Ok(count) => {
                    piece.truncate(count);
                    Some((Ok(Bytes::from(piece)), content))
                }
                Err(error) => Some((Err(error), content)),
            }
        });
        let mut request = request(Method::POST, "/v1/files", Bytes::new())?;
        let octets = header::HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(header::CONTENT_TYPE, octets);
        let body = futures::StreamExt::chain(head, rest);
        *request.body_mut() = Body::from_stream(Box::pin(body));
        // As long as it takes: the node reads at its own pace, and gives up on who sends nothing.
        let (status, headers, body) = self.exchange(request).await?;
        self.remember(&headers);
        if status.is_success() {
            serde_json::from_slice(&body).map_err(protocol)
        } else {
            Err(refused(status, &body))
        }
    }

    /// Asks for the content of a file that the node keeps.
    pub async fn file_content(&self, file: FileId) -> Result<FileStream, ClientError> {
        let path = format!("/v1/files/content?file={file}");
        let reply = self.open(&path).await?;
        let length = reply.headers.get(header::CONTENT_LENGTH);
        let left = length.and_then(|it| it.to_str().ok()?.parse().ok());
        Ok(FileStream {
            left: left.ok_or_else(|| protocol("nobody knows how long it is"))?,
            reply,
        })
    }
}

impl FileStream {
    /// Returns the next bytes; `None` when all have come.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        match self.reply.next().await? {
            Some(data) => {
                self.left = self.left.saturating_sub(data.len() as u64);
                Ok(Some(data.into()))
            }
            None if self.left == 0 => Ok(None),
            None => Err(protocol("it ends too early")),
        }
    }
}
