//! Shared files: what is announced, what of it is here, and what is shared from here.

use std::num::NonZeroU32;

use aegis_core::{
    Description, NodeId, OrganisationId, Timestamp,
    file::{FileId, FileName, FileSeverity},
};
use axum::body::{Bytes, HttpBody as _};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    ApiError, ErrorCode, PageQuery,
    encoding::{description, text, time},
    server::BODY_TIMEOUT,
};

/// What is asked about files, apart from their content.
#[derive(Clone, Debug, PartialEq)]
pub enum FileRequest {
    /// Answered by [`Reply::Files`](crate::Reply::Files), in the order of the files' ids.
    List(PageQuery<FileId>),
    /// Answered by [`Reply::File`](crate::Reply::File).
    Show(FileId),
    /// Fetch it from its holders; answered at once by [`Reply::File`](crate::Reply::File).
    Fetch(FileId),
    /// Answered by [`Reply::FileForgotten`](crate::Reply::FileForgotten).
    Forget(FileId),
    /// Block what a file lists. Answered by [`Reply::FileApplied`](crate::Reply::FileApplied) when that is
    /// done.
    Apply(FileApplyRequest),
}

/// Says how a file is to be shared. Its content follows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    /// What it is called.
    #[serde(with = "name")]
    pub name: FileName,
    /// How far and how fast others hear of it.
    #[serde(with = "text")]
    pub severity: FileSeverity,
    /// For the members of which organisations; none for everybody.
    #[serde(default, with = "texts")]
    pub organisations: Vec<OrganisationId>,
    /// For how long, in seconds.
    pub expires_in_secs: NonZeroU32,
    /// What else is said of it.
    #[serde(default, with = "description")]
    pub description: Option<Description>,
}

/// How far a file is here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Somebody offers it.
    Offered,
    /// It is being fetched.
    Fetching,
    /// It is here, whole.
    Kept,
}

/// A file that somebody offers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FileLine {
    /// Which.
    #[serde(with = "text")]
    pub file: FileId,
    /// What its author calls it.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// How much it matters.
    #[serde(with = "text")]
    pub severity: FileSeverity,
    /// Who says that it is there; of several, whoever says so for longest.
    #[serde(with = "text")]
    pub author: NodeId,
    /// Whether this node shares it.
    pub own: bool,
    /// For the members of which organisations it is; none for everybody.
    #[serde(with = "texts")]
    pub organisations: Vec<OrganisationId>,
    /// What its author says of it.
    pub description: Option<String>,
    /// Since when it is announced.
    #[serde(with = "time")]
    pub issued_at: Timestamp,
    /// Until when.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// How long that is, in seconds.
    pub ttl_secs: u64,
    /// How far it is here.
    pub state: FileState,
    /// How many chunks it has.
    pub chunks: u32,
    /// How many of them are here.
    pub chunks_here: u32,
    /// From how many nodes chunks can be had now; 0 where it is not being fetched.
    pub holders: u32,
    /// Why it cannot be fetched, if it cannot.
    pub problem: Option<String>,
}

/// A file is neither kept nor offered by this node any more.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileForgotten {
    /// Which.
    #[serde(with = "text")]
    pub file: FileId,
    /// Whether it was here, at least in part.
    pub was_here: bool,
    /// Whether this node had announced it and now takes that back.
    pub was_withdrawn: bool,
}

/// Blocks the addresses and prefixes that a file lists, for as long as it is offered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileApplyRequest {
    /// Which file. It must be here.
    #[serde(with = "text")]
    pub file: FileId,
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// How it is read, as in [`FeedAddRequest::kind`](crate::FeedAddRequest::kind); absent for one
    /// address or prefix a line, where a line that cannot be read makes the whole file no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// What a file lists is blocked, or would be.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileApplied {
    /// Which.
    #[serde(with = "text")]
    pub file: FileId,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Until when it is blocked.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// How many addresses and prefixes it lists.
    pub entries: u64,
    /// How many of them are blocked.
    pub blocked: u64,
    /// How many of those nothing else blocks.
    pub new: u64,
    /// Left out: this host stands on them, or they are no hosts.
    pub protected: u64,
    /// Left out: they are on the allowlist.
    pub allowlisted: u64,
    /// Left out: they are wider than anybody may block.
    pub too_wide: u64,
    /// Left out: they are in a private range.
    pub private: u64,
    /// Left out: configured peers are there.
    pub configured_peers: u64,
    /// Left out: the operator unblocked them not long ago.
    pub unblocked: u64,
}

/// The content of a file that comes in.
#[derive(Debug)]
pub struct FileBody {
    first: Vec<u8>, // came together with the request
    stream: axum::body::BodyDataStream,
}

/// The content of a file that goes out.
#[derive(Debug)]
pub struct FileContent {
    /// How many bytes there are.
    pub size: u64,
    /// The bytes in order; an error ends them early.
    pub pieces_rx: mpsc::Receiver<Result<Vec<u8>, ApiError>>,
}

/// The most bytes of what is said of a file that is to be shared: one line of JSON.
const HEAD_BYTES_MAX: usize = 8 * 1024;

impl FileBody {
    /// Reads what is said of a file: the first line of a body, whose rest is the content.
    pub(crate) async fn read(body: axum::body::Body) -> Result<(ShareRequest, Self), ApiError> {
        let mut this = Self {
            first: Vec::new(),
            stream: body.into_data_stream(),
        };
        let invalid = |it: String| ApiError::new(ErrorCode::InvalidRequest, it);
        let end = loop {
            if let Some(end) = this.first.iter().position(|it| *it == b'\n') {
                break end;
            }
            if this.first.len() > HEAD_BYTES_MAX {
                return Err(invalid("the first line is too long".to_owned()));
            }
            let Some(piece) = this.receive().await? else {
                return Err(invalid("the first line is missing".to_owned()));
            };
            this.first.extend_from_slice(&piece);
        };
        let rest = this.first.split_off(end + 1);
        let request = serde_json::from_slice(&this.first).map_err(|it| invalid(it.to_string()))?;
        this.first = rest;
        Ok((request, this))
    }

    /// Returns the next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        if !self.first.is_empty() {
            return Ok(Some(std::mem::take(&mut self.first)));
        }
        Ok(self.receive().await?.map(Vec::from))
    }

    /// Returns the most bytes that may still come; `None` where nobody said.
    pub fn bytes_max(&self) -> Option<u64> {
        let rest = self.stream.size_hint().upper()?;
        Some(rest.saturating_add(self.first.len() as u64))
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, ApiError> {
        let slow = |_| ApiError::new(ErrorCode::TooSlow, "the file did not arrive in time");
        let broken = |it: axum::Error| ApiError::new(ErrorCode::InvalidRequest, it.to_string());
        let piece = timeout(BODY_TIMEOUT, self.stream.next()).await;
        piece.map_err(slow)?.transpose().map_err(broken)
    }
}

mod name {
    //! A file's name as a text. It has no `Display` on purpose: nobody shows one unescaped.

    use aegis_core::file::FileName;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(name: &FileName, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(name.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<FileName, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

mod texts {
    //! A list of values with a `Display` that their `FromStr` reads back.

    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<T: Display, S: Serializer>(
        values: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let texts = Vec::<String>::deserialize(from)?;
        let values = texts.iter().map(|it| it.parse().map_err(de::Error::custom));
        values.collect()
    }
}
