//! The client: one method per route, over the control socket.

mod event_stream;
mod export;
mod feed;
mod file;
mod import;
mod key;
mod network;
mod organisation;
mod page;
mod report;
mod safety;
mod stream;
mod view;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aegis_core::{Indicator, NodeId};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use futures::future::{self, Either};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::UnixStream, time::timeout};

pub use self::{event_stream::EventStream, export::ExportStream, file::FileStream};

use crate::{
    AllowEntry, AllowRequest, ApiError, AuditReport, Block, BlockRequest, Blocked, Check,
    Disallowed, ErrorCode, HistoryGroup, HistoryGroupsQuery, HistoryLine, HistoryQuery,
    NetworkOpinion, Page, PageQuery, Peer, PeerTrust, PublishRequest, Published, Reloaded, Stats,
    Status, TrustForgotten, TrustRequest, UnblockRequest, Unblocked, Why, history::scope_query,
    opinion::AskRequest, server::EVENT_SEQ_HEADER,
};

/// How long a call may take, a little more than the server's own patience.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// The largest reply in bytes: a full page of blocks has a tenth of it.
pub const REPLY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Speaks to the node behind one control socket. Clones share what they know of it.
#[derive(Clone, Debug)]
pub struct Client {
    path: Arc<Path>,
    event_seq: Arc<AtomicU64>,
}

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers on the socket.
    #[error("no node answers on {path}; is the daemon running? (`aegis run`, or its service)")]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The caller may not use the socket, or may not do this.
    #[error("not permitted: {message}")]
    Denied {
        /// In words for a person.
        message: String,
    },
    /// The node understood and said no.
    #[error("{}", .0.message)]
    Refused(ApiError),
    /// What came back is not the contract.
    #[error("the node's answer cannot be understood: {what}")]
    Protocol {
        /// What is wrong with it.
        what: String,
    },
}

type Connection = http1::Connection<TokioIo<UnixStream>, Body>;

impl Client {
    /// Returns a client for the socket at `path`. Connects only when called upon.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into().into(),
            event_seq: Arc::default(),
        }
    }

    /// Returns the socket's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of the last event that had happened when the latest reply was given.
    pub fn event_seq(&self) -> u64 {
        self.event_seq.load(Ordering::Relaxed)
    }

    /// Asks what the node is and where it stands.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/v1/status").await
    }

    /// Asks what was counted.
    pub async fn stats(&self) -> Result<Stats, ClientError> {
        self.get("/v1/stats").await
    }

    /// Has the node read its configuration anew.
    pub async fn reload_config(&self) -> Result<Reloaded, ClientError> {
        self.post("/v1/config/reload", &()).await
    }

    /// Asks for a page of the blocklist.
    pub async fn blocks(&self, page: PageQuery<Indicator>) -> Result<Page<Block>, ClientError> {
        self.get(&format!("/v1/blocks?{}", query(&page))).await
    }

    /// Asks whether an indicator is blocked.
    pub async fn check(&self, indicator: Indicator) -> Result<Check, ClientError> {
        self.get(&format!("/v1/check?ip={indicator}")).await
    }

    /// Asks why an indicator is blocked, or is not.
    pub async fn why(&self, indicator: Indicator) -> Result<Why, ClientError> {
        self.get(&format!("/v1/why?ip={indicator}")).await
    }

    /// Asks for a page of the peers.
    pub async fn peers(&self, page: PageQuery<NodeId>) -> Result<Page<Peer>, ClientError> {
        self.get(&format!("/v1/peers?{}", query(&page))).await
    }

    /// Asks for a page of the allowlist.
    pub async fn allow_entries(
        &self,
        page: PageQuery<Indicator>,
    ) -> Result<Page<AllowEntry>, ClientError> {
        self.get(&format!("/v1/allow?{}", query(&page))).await
    }

    /// Asks for a block.
    pub async fn block(&self, request: &BlockRequest) -> Result<Blocked, ClientError> {
        self.post("/v1/block", request).await
    }

    /// Asks for an alert to the others.
    pub async fn publish(&self, request: &PublishRequest) -> Result<Published, ClientError> {
        self.post("/v1/publish", request).await
    }

    /// Asks for the end of a block.
    pub async fn unblock(&self, request: &UnblockRequest) -> Result<Unblocked, ClientError> {
        self.post("/v1/unblock", request).await
    }

    /// Asks for an entry of the allowlist.
    pub async fn allow(&self, request: &AllowRequest) -> Result<AllowEntry, ClientError> {
        self.post("/v1/allow", request).await
    }

    /// Asks for the end of an entry of the allowlist.
    pub async fn disallow(&self, indicator: Indicator) -> Result<Disallowed, ClientError> {
        let path = format!("/v1/allow?ip={indicator}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Has the peers asked what they think of an indicator, and waits for their answers.
    pub async fn ask(&self, indicator: Indicator) -> Result<NetworkOpinion, ClientError> {
        self.post("/v1/ask", &AskRequest { indicator }).await
    }

    /// Asks what the node thinks of a peer.
    pub async fn trust(&self, peer: NodeId) -> Result<PeerTrust, ClientError> {
        self.get(&format!("/v1/trust?peer={peer}")).await
    }

    /// Says how far a peer is trusted in advance.
    pub async fn set_trust(&self, request: &TrustRequest) -> Result<PeerTrust, ClientError> {
        self.post("/v1/trust", request).await
    }

    /// Has everything forgotten that a peer's trust comes from.
    pub async fn forget_trust(&self, peer: NodeId) -> Result<TrustForgotten, ClientError> {
        let path = format!("/v1/trust?peer={peer}");
        self.call(Method::DELETE, &path, Bytes::new()).await
    }

    /// Has the chain of the audit log recomputed.
    pub async fn verify_audit(&self) -> Result<AuditReport, ClientError> {
        self.get("/v1/audit/verify").await
    }

    /// Asks for a page of the history, newest first.
    pub async fn history(&self, query: &HistoryQuery) -> Result<Page<HistoryLine>, ClientError> {
        let scope = scope_query(&query.scope);
        let page = self::query(&query.page);
        self.get(&format!("/v1/history?{scope}{page}")).await
    }

    /// Asks for the history, counted.
    pub async fn history_groups(
        &self,
        query: &HistoryGroupsQuery,
    ) -> Result<Vec<HistoryGroup>, ClientError> {
        let (by, limit) = (query.by.as_str(), query.limit);
        let scope = scope_query(&query.scope);
        self.get(&format!("/v1/history/groups?{scope}by={by}&limit={limit}"))
            .await
    }

    /// Listens to events from now on, or from the recent past on `with_backlog`.
    pub async fn events(&self, with_backlog: bool) -> Result<EventStream, ClientError> {
        EventStream::open(self, with_backlog).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(protocol)?;
        self.call(Method::POST, path, body.into()).await
    }

    /// Makes one call on a connection of its own.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let exchange = self.exchange(request(method, path, body)?);
        let (status, headers, body) = match timeout(CALL_TIMEOUT, exchange).await {
            Ok(answer) => answer?,
            Err(_) => return Err(self.unreachable(io::ErrorKind::TimedOut.into())),
        };
        self.remember(&headers);
        if status.is_success() {
            serde_json::from_slice(&body).map_err(protocol)
        } else {
            Err(refused(status, &body))
        }
    }

    async fn exchange(
        &self,
        request: Request<Body>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), ClientError> {
        let (mut sender, connection) = self.connect().await?;
        let exchange = Box::pin(async move {
            let (head, body) = sender.send_request(request).await?.into_parts();
            Ok((head, read(body).await))
        });
        // Whichever ends first, the exchange has the last word.
        let answer: hyper::Result<_> = match future::select(exchange, connection).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, exchange)) => exchange.await,
        };
        let (head, body) = answer.map_err(|it| self.broken(&it))?;
        Ok((head.status, head.headers, body?))
    }

    async fn connect(&self) -> Result<(http1::SendRequest<Body>, Connection), ClientError> {
        let connect = timeout(CALL_TIMEOUT, UnixStream::connect(&self.path)).await;
        let connect = connect.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let stream = connect.map_err(|error| self.refused_socket(error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        handshake.map_err(|it| self.broken(&it))
    }

    fn remember(&self, headers: &HeaderMap) {
        if let Some(seq) = event_seq(headers) {
            self.event_seq.fetch_max(seq, Ordering::Relaxed);
        }
    }

    fn refused_socket(&self, error: io::Error) -> ClientError {
        if error.kind() == io::ErrorKind::PermissionDenied {
            let path = self.path.display();
            let message = format!("you may not use {path}: be root, or in the group that it is of");
            return ClientError::Denied { message };
        }
        self.unreachable(error)
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        ClientError::Unreachable {
            path: self.path.to_path_buf(),
            source,
        }
    }

    /// Tells a connection that ended from one that speaks something else.
    fn broken(&self, error: &hyper::Error) -> ClientError {
        if error.is_parse() {
            protocol(error)
        } else {
            self.unreachable(io::Error::other(error.to_string()))
        }
    }
}

fn event_seq(headers: &HeaderMap) -> Option<u64> {
    headers.get(EVENT_SEQ_HEADER)?.to_str().ok()?.parse().ok()
}

fn request(method: Method, path: &str, body: Bytes) -> Result<Request<Body>, ClientError> {
    let has_body = method == Method::POST;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "aegis");
    if has_body {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    request.body(Body::from(body)).map_err(protocol)
}

async fn read(body: Incoming) -> Result<Bytes, ClientError> {
    match Limited::new(body, REPLY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(protocol("it is longer than any answer may be"))
        }
        Err(error) => Err(protocol(error)),
    }
}

fn query<K: std::fmt::Display>(page: &PageQuery<K>) -> String {
    match page.cursor() {
        Some(key) => format!("limit={}&after={key}", page.limit()),
        None => format!("limit={}", page.limit()),
    }
}

/// Returns what an error reply means.
fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<ApiError>(body) {
        Ok(error) if error.code == ErrorCode::Denied => ClientError::Denied {
            message: error.message,
        },
        Ok(error) => ClientError::Refused(error),
        Err(_) => protocol(format!("status {} without a reason", status.as_u16())),
    }
}

fn protocol(what: impl std::fmt::Display) -> ClientError {
    ClientError::Protocol {
        what: what.to_string(),
    }
}

/// Reads what is left of an error reply that came in place of a stream.
async fn refused_stream(response: Response<Incoming>) -> ClientError {
    let (head, body) = response.into_parts();
    match read(body).await {
        Ok(body) => refused(head.status, &body),
        Err(error) => error,
    }
}
