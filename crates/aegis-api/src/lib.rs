//! The control contract of an AEGIS node: types, a server over a trait, and a client.
//!
//! HTTP/1.1 with JSON, under `/v1`. It is spoken over a Unix socket, and over TCP to whoever shows a
//! key; nothing but [`Listener`], [`HttpListener`] and [`Client`] knows that. What comes in is parsed into the checked types of the
//! domain, so whoever implements [`Control`] sees no unchecked text.

mod access;
mod allow;
mod allow_name;
mod around;
mod audit;
mod block;
mod client;
mod control;
mod encoding;
mod error;
mod event;
mod event_hub;
mod feed;
mod file;
mod history;
mod import;
mod key;
mod lapi;
mod location;
mod login;
mod metrics;
mod network;
mod openapi;
mod opinion;
mod organisation;
mod page;
mod peer;
mod place;
mod preview;
mod reload;
mod report;
mod safety;
mod server;
mod stats;
mod status;
mod summary;
mod sync;
mod trust;
mod view;
mod why;
mod word;

pub use access::{Caller, KeyGrant, KeyRing, SECRET_BYTES, Scope, secret, secret_hash};
pub use aegis_core::{
    ACCESS_KEYS_MAX, AccessKey, AlertId, BlockDuration, Confidence, Description, HistoryId,
    HistoryKind, HostName, Indicator, InvalidDescription, InvalidHostName, InvalidIndicator,
    InvalidKeyName, InvalidRegion, InvalidReportSource, InvalidThreatType, KeyName, NodeId,
    OrganisationId, OrganisationName, REPORTS_MAX, Region, ReportSource, Score, Severity,
    ThreatType, Timestamp,
    file::{FILE_BYTES_MAX, FileId, FileName, FileSeverity},
};
pub use allow::{AllowEntry, AllowRequest, Disallowed};
pub use allow_name::{AllowName, AllowNameList, AllowNameRequest, NameDisallowed, NamedAddress};
pub use around::{Bouncer, LapiState, LogKind, LogSource};
pub use audit::AuditReport;
pub use block::{
    Block, BlockRequest, Blocked, Check, PublishRequest, Published, UnblockRequest, Unblocked,
};
pub use client::{CALL_TIMEOUT, Client, ClientError, EventStream, FileStream, REPLY_BYTES_MAX};
pub use control::{Control, Reply, Request};
pub use error::{ApiError, ErrorCode};
pub use event::{Event, EventKind, UnblockCause, Via};
pub use event_hub::{BACKLOG_EVENTS_MAX, EventHub, QUEUED_EVENTS_MAX, Subscription};
pub use feed::{
    FeedAddRequest, FeedLast, FeedLine, FeedList, FeedRefreshRequest, FeedRemoved, FeedReply,
    FeedRequest,
};
pub use file::{
    FileApplied, FileApplyRequest, FileBody, FileContent, FileForgotten, FileLine, FileRequest,
    FileState, ShareRequest,
};
pub use history::{
    HISTORY_GROUPS_DEFAULT, HistoryBy, HistoryGroup, HistoryGroupsQuery, HistoryLine, HistoryQuery,
    HistoryScope, InvalidMoment, Moment,
};
pub use import::{
    IMPORT_BYTES_MAX, IMPORT_ENTRIES_MAX, ImportEntry, ImportRefusal, ImportRequest, Imported,
};
pub use key::{KeyCreateRequest, KeyCreated, KeyLine, KeyList, KeyReply, KeyRequest, KeyRevoked};
pub use lapi::{
    DecisionBoard, ENDED_MAX, EXPANDED_MAX, LAPI_CONNECTIONS_MAX, LapiConfig, LapiSetup, Naming,
    Posted, Window, read_alerts, read_query, serve_lapi,
};
pub use location::{Location, RegionBlock, RegionList, RegionRequest, RegionUnblocked};
pub use login::{LoginLine, LoginList};
pub use metrics::{
    FeedFill, Latency, METRICS_FEEDS_MAX, Metrics, MetricsListener, ProcessUse, SCRAPES_MAX,
    TableFill, metrics_router,
};
pub use network::{
    Admission, InvalidInvitationId, Invitation, InvitationId, InvitationList, InvitationTakenBack,
    Joining, NetworkReply, NetworkRequest, TicketJoinRequest, TicketPrinted, TicketRequest,
};
pub use openapi::{openapi, openapi_text};
pub use opinion::{LocalOpinion, NetworkOpinion, VOICE_LINES_MAX, VoiceLine};
pub use organisation::{
    Affiliation, JoinRequest, MemberLine, MembershipRequest, MembershipRevoked, MembershipSigned,
    Organisation, OrganisationCreateRequest, OrganisationCreated, OrganisationDistrusted,
    OrganisationJoined, OrganisationLeft, OrganisationList, OrganisationMembers, OrganisationReply,
    OrganisationRequest, OrganisationTrustRequest, OrganisationTrusted, RevokeRequest,
};
pub use page::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX, Page, PageQuery};
pub use peer::Peer;
pub use place::{Place, Reachability, Route};
pub use preview::{Preview, PreviewRequest};
pub use reload::Reloaded;
pub use report::{
    REPORTS_BYTES_MAX, ReportLine, ReportOutcomes, ReportRefused, ReportRequest,
    ReportWithdrawRequest, ReportWithdrawn, Reported, ReportsRequest,
};
pub use safety::{
    Confirmation, EnforceRequest, ModeState, PROTECTED_LINES_MAX, ProtectedLine, ProtectedList,
    SafetyReply, SafetyRequest,
};
pub use server::{
    ANSWER_TIMEOUT, BODY_BYTES_MAX, BODY_TIMEOUT, BindError, CONNECTIONS_MAX,
    CONNECTIONS_PER_ADDRESS_MAX, EVENT_STREAMS_MAX, HEADER_TIMEOUT, HTTP_CONNECTIONS_MAX,
    HttpListener, KEYED_RATE, Listener, REQUESTS_MAX, STALL_TIMEOUT, STRANGER_RATE, Tls, TlsError,
    serve, serve_http,
};
pub use stats::{AlertStats, Stats, Traffic};
pub use status::{Interface, Mirror, PeerCounts, RulesetState, Status};
pub use summary::{Contact, ContactKind, SUMMARY_LINES_MAX, Summary, SummaryLine, SummaryQuery};
pub use sync::SyncState;
pub use trust::{JudgedWord, PeerTrust, TrendPoint, TrustForgotten, TrustRequest};
pub use view::{
    BlockSort, InvalidViewText, PeerSort, VIEW_ROWS_DEFAULT, VIEW_TEXT_CHARS_MAX, View, ViewQuery,
    ViewReply, ViewRequest, ViewText,
};
pub use why::{
    EvidenceLine, Exempt, KernelEntry, NearMiss, RefusalLine, WHY_LINES_MAX, Why, WhyPast,
};
pub use word::{
    AttachMode, Evidence, MemberRole, ModelKind, NodeMode, Origin, PeerClass, Stance, Truth,
};

/// Returns how many seconds are left from `now` to `expires_at`, rounded up.
///
/// Rounded up, so that only what has ended shows as zero.
pub fn ttl_secs(now: Timestamp, expires_at: Timestamp) -> u64 {
    let left = expires_at.since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
