//! The daemon's side of the control contract: calls go through a bounded queue to the one task.

use aegis_api::{
    ApiError, Caller, Control, ErrorCode, EventHub, ExportRequest, Exported, FeedRequest, FileBody,
    FileContent, FileId, FileRequest, HistoryBy, HistoryGroupsQuery, HistoryScope, Indicator,
    PAGE_ITEMS_MAX, PAGE_LINK_FOR, PageLink, Reply, Request, Scope, Sessions, ShareRequest,
    WhyPast,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    exports::{self, QuestionSender},
    files::FileCall,
    subscriptions::FeedAsk,
};

/// Calls that wait for the task; more callers wait at the server's door.
pub(super) const CALLS_MAX: usize = 256;

/// One call on its way to the task.
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) request: Request,
    pub(super) reply_tx: oneshot::Sender<Result<Reply, ApiError>>,
}

/// Answers the control contract by asking the task that owns the Engine.
#[derive(Clone, Debug)]
pub struct ControlHandle {
    calls_tx: mpsc::Sender<Call>,
    files_tx: Option<mpsc::Sender<FileCall>>,
    exports_tx: Option<QuestionSender>,
    feeds_tx: Option<mpsc::Sender<FeedAsk>>,
    hub: EventHub,
    /// Where the page is, and who sees it.
    page: Option<(String, Sessions)>,
}

impl ControlHandle {
    pub(super) fn new(hub: EventHub) -> (Self, mpsc::Receiver<Call>) {
        let (calls_tx, calls_rx) = mpsc::channel(CALLS_MAX);
        let handle = Self {
            calls_tx,
            files_tx: None,
            exports_tx: None,
            feeds_tx: None,
            hub,
            page: None,
        };
        (handle, calls_rx)
    }

    /// Has calls about files go to the task that owns them.
    pub(super) fn with_files(self, files_tx: Option<mpsc::Sender<FileCall>>) -> Self {
        Self { files_tx, ..self }
    }

    /// Has links made to the page at a URL, where there is one.
    pub(super) fn with_page(self, url: Option<String>, sessions: Sessions) -> Self {
        Self {
            page: url.map(|it| (it, sessions)),
            ..self
        }
    }

    /// Has calls about feeds go to the task that owns them.
    pub(super) fn with_feeds(self, feeds_tx: mpsc::Sender<FeedAsk>) -> Self {
        Self {
            feeds_tx: Some(feeds_tx),
            ..self
        }
    }

    /// Has requests of other programs go to the task that keeps what they read.
    pub(super) fn with_exports(self, exports_tx: QuestionSender) -> Self {
        let exports_tx = Some(exports_tx);
        Self { exports_tx, ..self }
    }

    /// Returns who sees the page, where there is one.
    pub(super) fn sessions(&self) -> Option<Sessions> {
        self.page.as_ref().map(|(_, it)| it.clone())
    }

    async fn ask_about_feeds(
        &self,
        caller: Caller,
        request: FeedRequest,
    ) -> Result<Reply, ApiError> {
        let stopping = || ApiError::new(ErrorCode::Busy, "the node is stopping");
        let (reply_tx, reply_rx) = oneshot::channel();
        let ask = FeedAsk {
            caller,
            request,
            reply_tx,
        };
        let feeds_tx = self.feeds_tx.as_ref().ok_or_else(stopping)?;
        feeds_tx.send(ask).await.map_err(|_| stopping())?;
        reply_rx.await.map_err(|_| stopping())?
    }

    async fn call_about_files<T>(
        &self,
        call: impl FnOnce(oneshot::Sender<Result<T, ApiError>>) -> FileCall,
    ) -> Result<T, ApiError> {
        let unavailable = |message: &str| ApiError::new(ErrorCode::Unavailable, message);
        let Some(files_tx) = &self.files_tx else {
            return Err(unavailable("this node shares no files (files.enabled)"));
        };
        let stopping = || ApiError::new(ErrorCode::Busy, "the node is stopping");
        let (reply_tx, reply_rx) = oneshot::channel();
        let sent = files_tx.send(call(reply_tx)).await;
        sent.map_err(|_| stopping())?;
        reply_rx.await.map_err(|_| stopping())?
    }

    pub(super) async fn ask(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        let stopping = || ApiError::new(ErrorCode::Busy, "the node is stopping");
        let (reply_tx, reply_rx) = oneshot::channel();
        let call = Call {
            caller,
            request,
            reply_tx,
        };
        self.calls_tx.send(call).await.map_err(|_| stopping())?;
        reply_rx.await.map_err(|_| stopping())?
    }

    /// Counts what the history has about an indicator; nothing where it cannot be searched now.
    async fn past(&self, caller: Caller, indicator: Indicator) -> Option<WhyPast> {
        let query = HistoryGroupsQuery {
            scope: HistoryScope {
                indicator: Some(indicator),
                ..HistoryScope::default()
            },
            by: HistoryBy::Type,
            limit: PAGE_ITEMS_MAX,
        };
        let reply = self.ask(caller, Request::HistoryGroups(query)).await;
        let Ok(Reply::HistoryGroups(groups)) = reply else {
            return None;
        };
        let mut past = WhyPast::default();
        for it in groups {
            past.detections += it.detections;
            past.alerts += it.alerts;
            past.blocks += it.blocks;
        }
        Some(past)
    }

    async fn ask_about_files(&self, caller: Caller, it: FileRequest) -> Result<Reply, ApiError> {
        let call = |reply_tx| FileCall::Ask(caller, it, reply_tx);
        self.call_about_files(call).await
    }
}

impl Control for ControlHandle {
    async fn call(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        caller.require(request.scope())?;
        if let Request::Feed(it) = request {
            return self.ask_about_feeds(caller, it).await;
        }
        if let Request::File(it) = request {
            return self.ask_about_files(caller, it).await;
        }
        let why_of = if let Request::Why(indicator) = &request {
            Some(*indicator)
        } else {
            None
        };
        let mut reply = self.ask(caller, request).await?;
        if let (Reply::Why(why), Some(indicator)) = (&mut reply, why_of) {
            why.past = self.past(caller, indicator).await;
        }
        Ok(reply)
    }

    async fn share_file(
        &self,
        caller: Caller,
        share: ShareRequest,
        body: FileBody,
    ) -> Result<Reply, ApiError> {
        caller.require(Scope::Admin)?;
        let call = |reply_tx| FileCall::Share(caller, share, body, reply_tx);
        self.call_about_files(call).await
    }

    async fn file_content(&self, caller: Caller, file: FileId) -> Result<FileContent, ApiError> {
        caller.require(Scope::Read)?;
        self.call_about_files(|reply_tx| FileCall::Content(file, reply_tx))
            .await
    }

    async fn page_link(&self, caller: Caller) -> Result<PageLink, ApiError> {
        if let Caller::Key(_) = caller {
            let message =
                "only who uses the control socket gets a link: sign in on the page, with the key";
            return Err(ApiError::new(ErrorCode::Denied, message));
        }
        let Some((url, sessions)) = &self.page else {
            let message = "this node shows no page (page.enabled)";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        };
        let word = sessions.link(caller).map_err(|error| {
            ApiError::new(
                ErrorCode::Internal,
                format!("cannot read /dev/urandom: {error}"),
            )
        })?;
        Ok(PageLink {
            url: format!("{url}/sign-in?link={word}"),
            valid_secs: PAGE_LINK_FOR.as_secs(),
        })
    }

    async fn export(&self, caller: Caller, request: ExportRequest) -> Result<Exported, ApiError> {
        caller.require(Scope::Read)?;
        let Some(exports_tx) = &self.exports_tx else {
            let message = "this node exports nothing";
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        };
        exports::export(exports_tx, request).await
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}
