//! What a node must answer to be controlled: one request type, one reply type, one trait.

use std::future::Future;

use aegis_core::{Indicator, NodeId, file::FileId};
use serde::Serialize;

use crate::{
    AllowEntry, AllowRequest, ApiError, AuditReport, Block, BlockRequest, Blocked, Caller, Check,
    Disallowed, ErrorCode, EventHub, FeedReply, FeedRequest, FileApplied, FileBody, FileContent,
    FileForgotten, FileLine, FileRequest, HistoryGroup, HistoryGroupsQuery, HistoryLine,
    HistoryQuery, ImportRequest, Imported, KeyReply, KeyRequest, LoginList, Metrics,
    NetworkOpinion, NetworkReply, NetworkRequest, OrganisationReply, OrganisationRequest, Page,
    PageQuery, Peer, PeerTrust, Preview, PreviewRequest, PublishRequest, Published, Reloaded,
    ReportOutcomes, ReportRequest, ReportWithdrawRequest, ReportWithdrawn, SafetyReply,
    SafetyRequest, ShareRequest, Stats, Status, TrustForgotten, TrustRequest, UnblockRequest,
    Unblocked, ViewReply, ViewRequest, Why,
};

/// What can be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Answered by [`Reply::Status`].
    Status,
    /// Answered by [`Reply::Stats`].
    Stats,
    /// Answered by [`Reply::Blocks`], in the order of the indicators.
    Blocks(PageQuery<Indicator>),
    /// Answered by [`Reply::Check`].
    Check(Indicator),
    /// Answered by [`Reply::Why`].
    Why(Indicator),
    /// Answered by [`Reply::Peers`], in the order of the peers' ids.
    Peers(PageQuery<NodeId>),
    /// Answered by [`Reply::AllowEntries`], in the order of the indicators.
    AllowEntries(PageQuery<Indicator>),
    /// Answered by [`Reply::Blocked`].
    Block(BlockRequest),
    /// Answered by [`Reply::Published`].
    Publish(PublishRequest),
    /// Answered by [`Reply::Unblocked`].
    Unblock(UnblockRequest),
    /// Answered by [`Reply::Allowed`].
    Allow(AllowRequest),
    /// Answered by [`Reply::Disallowed`].
    Disallow(Indicator),
    /// Answered by [`Reply::Opinion`] once the peers answered, or had long enough to.
    Ask(Indicator),
    /// Answered by [`Reply::PeerTrust`], also for a peer that nobody knows.
    Trust(NodeId),
    /// Answered by [`Reply::PeerTrust`].
    SetTrust(TrustRequest),
    /// Answered by [`Reply::TrustForgotten`].
    ForgetTrust(NodeId),
    /// Answered by [`Reply::History`], newest first.
    History(HistoryQuery),
    /// Answered by [`Reply::HistoryGroups`].
    HistoryGroups(HistoryGroupsQuery),
    /// Answered by [`Reply::AuditReport`].
    VerifyAudit,
    /// Answered by [`Reply::Reported`]: what programs on this host saw, at most
    /// [`REPORTS_MAX`](crate::REPORTS_MAX) reports.
    Report(Vec<ReportRequest>),
    /// Answered by [`Reply::ReportWithdrawn`].
    WithdrawReport(ReportWithdrawRequest),
    /// Answered by [`Reply::Preview`].
    Preview(PreviewRequest),
    /// Answered by [`Reply::Logins`].
    Logins,
    /// About files.
    File(FileRequest),
    /// Answered by [`Reply::Organisation`].
    Organisation(OrganisationRequest),
    /// Answered by [`Reply::Network`].
    Network(NetworkRequest),
    /// Answered by [`Reply::Imported`].
    Import(ImportRequest),
    /// Answered by [`Reply::Key`].
    Key(KeyRequest),
    /// Answered by [`Reply::Metrics`].
    Metrics,
    /// Answered by [`Reply::Reloaded`].
    ReloadConfig,
    /// Answered by [`Reply::Safety`].
    Safety(SafetyRequest),
    /// Answered by [`Reply::View`].
    View(ViewRequest),
    /// Answered by [`Reply::Feed`].
    Feed(FeedRequest),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Stats`].
    Stats(Box<Stats>),
    /// To [`Request::Blocks`].
    Blocks(Page<Block>),
    /// To [`Request::Check`].
    Check(Check),
    /// To [`Request::Why`].
    Why(Box<Why>),
    /// To [`Request::Peers`].
    Peers(Page<Peer>),
    /// To [`Request::AllowEntries`].
    AllowEntries(Page<AllowEntry>),
    /// To [`Request::Block`].
    Blocked(Blocked),
    /// To [`Request::Publish`].
    Published(Published),
    /// To [`Request::Unblock`].
    Unblocked(Unblocked),
    /// To [`Request::Allow`].
    Allowed(AllowEntry),
    /// To [`Request::Disallow`].
    Disallowed(Disallowed),
    /// To [`Request::Ask`].
    Opinion(Box<NetworkOpinion>),
    /// To [`Request::Trust`] and [`Request::SetTrust`].
    PeerTrust(Box<PeerTrust>),
    /// To [`Request::ForgetTrust`].
    TrustForgotten(TrustForgotten),
    /// To [`Request::History`].
    History(Page<HistoryLine>),
    /// To [`Request::HistoryGroups`].
    HistoryGroups(Vec<HistoryGroup>),
    /// To [`Request::VerifyAudit`].
    AuditReport(AuditReport),
    /// To [`Request::Report`].
    Reported(ReportOutcomes),
    /// To [`Request::WithdrawReport`].
    ReportWithdrawn(ReportWithdrawn),
    /// To [`Request::Preview`].
    Preview(Preview),
    /// To [`Request::Logins`].
    Logins(LoginList),
    /// To [`FileRequest::List`].
    Files(Page<FileLine>),
    /// To [`FileRequest::Show`], [`FileRequest::Fetch`] and [`Control::share_file`].
    File(Box<FileLine>),
    /// To [`FileRequest::Forget`].
    FileForgotten(FileForgotten),
    /// To [`FileRequest::Apply`].
    FileApplied(Box<FileApplied>),
    /// To [`Request::Organisation`].
    Organisation(Box<OrganisationReply>),
    /// To [`Request::Network`].
    Network(Box<NetworkReply>),
    /// To [`Request::Import`].
    Imported(Imported),
    /// To [`Request::Key`].
    Key(Box<KeyReply>),
    /// To [`Request::Metrics`].
    Metrics(Box<Metrics>),
    /// To [`Request::ReloadConfig`].
    Reloaded(Reloaded),
    /// To [`Request::Safety`].
    Safety(Box<SafetyReply>),
    /// To [`Request::View`].
    View(ViewReply),
    /// To [`Request::Feed`].
    Feed(FeedReply),
}

/// A node, or whatever speaks for one.
pub trait Control: Clone + Send + Sync + 'static {
    /// Does what is asked, or says why not. What needs a wider scope than the caller has is denied here
    /// and nowhere else, so that no listener can forget to: see [`Caller::require`].
    fn call(
        &self,
        caller: Caller,
        request: Request,
    ) -> impl Future<Output = Result<Reply, ApiError>> + Send;

    /// Takes in a file and shares it, or says why not. Answered by [`Reply::File`].
    fn share_file(
        &self,
        _caller: Caller,
        _share: ShareRequest,
        _body: FileBody,
    ) -> impl Future<Output = Result<Reply, ApiError>> + Send {
        async { Err(no_files()) }
    }

    /// Returns the content of a file that is kept, or says why not.
    fn file_content(
        &self,
        _caller: Caller,
        _file: FileId,
    ) -> impl Future<Output = Result<FileContent, ApiError>> + Send {
        async { Err(no_files()) }
    }

    /// Returns the hub that the node's events go to.
    ///
    /// An event that a request causes is published before its reply is given.
    fn events(&self) -> &EventHub;
}

fn no_files() -> ApiError {
    ApiError::new(ErrorCode::Unavailable, "this node shares no files")
}
