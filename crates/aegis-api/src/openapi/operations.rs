//! The routes: what each takes, answers, and may refuse.

use serde_json::{Value, json};

use super::schemas::of;
use crate::{ErrorCode, PAGE_ITEMS_DEFAULT, Scope};

/// One method of one route.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) summary: &'static str,
    pub(super) scope: Scope,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<(&'static str, Value)>,
    pub(super) answer: (&'static str, Value),
    pub(super) refusals: Vec<ErrorCode>,
}

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// What may befall every request.
const ALWAYS: [ErrorCode; 9] = [
    ErrorCode::InvalidRequest,
    ErrorCode::Unauthenticated,
    ErrorCode::Denied,
    ErrorCode::MethodNotAllowed,
    ErrorCode::RateLimited,
    ErrorCode::Internal,
    ErrorCode::Busy,
    ErrorCode::Unavailable,
    ErrorCode::Timeout,
];

/// What may befall a body.
const OF_BODIES: [ErrorCode; 3] = [
    ErrorCode::TooSlow,
    ErrorCode::TooLarge,
    ErrorCode::UnsupportedMediaType,
];

/// What a guard may say.
pub(super) const OF_GUARDS: [ErrorCode; 9] = [
    ErrorCode::Protected,
    ErrorCode::ConfiguredPeer,
    ErrorCode::Allowlisted,
    ErrorCode::Organisation,
    ErrorCode::TooWide,
    ErrorCode::BudgetSpent,
    ErrorCode::TooFast,
    ErrorCode::Expired,
    ErrorCode::TableFull,
];

/// Returns every method of every route.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = questions();
    all.extend(orders());
    all.extend(trust());
    all.extend(files());
    all.extend(organisations());
    all.extend(access());
    all.extend(super::host::operations());
    all.extend(super::view::operations());
    all.extend(super::feed::operations());
    all
}

fn questions() -> Vec<Operation> {
    let page = |path, summary, key| get(path, summary, of("Page")).takes(pages(key));
    vec![
        get("/health", "Whether the node is there", of("Health")),
        get(
            "/v1/openapi.json",
            "This document",
            json!({ "type": "object" }),
        ),
        get(
            "/v1/status",
            "What the node is and where it stands",
            of("Status"),
        ),
        get("/v1/stats", "What was counted", of("Stats")),
        page("/v1/blocks", "What is blocked", "Indicator"),
        page("/v1/peers", "Other nodes", "NodeId"),
        page("/v1/allow", "What is never blocked", "Indicator"),
        get("/v1/check", "Whether something is blocked", of("Check")).takes([ip()]),
        get("/v1/why", "Why something is blocked, or is not", of("Why")).takes([ip()]),
        get(
            "/v1/audit/verify",
            "Whether the audit log is whole",
            of("AuditReport"),
        ),
        page(
            "/v1/history",
            "What was seen and done, newest first",
            "HistoryId",
        )
        .takes(scope()),
        get(
            "/v1/history/groups",
            "The same, counted",
            json!({ "type": "array" }),
        )
        .takes([required("by", of("HistoryBy")), query("limit", limit(100))])
        .takes(scope()),
        Operation {
            answer: ("text/event-stream", json!({ "type": "string" })),
            ..get("/v1/events", "What happens, as it happens", Value::Null)
        }
        .takes([query(
            "backlog",
            json!({ "type": "boolean", "default": false }),
        )]),
    ]
}

fn orders() -> Vec<Operation> {
    vec![
        post(
            "/v1/block",
            "Block here, and tell other nodes",
            "BlockRequest",
            "Blocked",
        )
        .may(OF_GUARDS)
        .for_scope(Scope::Decide),
        post(
            "/v1/publish",
            "Tell other nodes without blocking here",
            "PublishRequest",
            "Published",
        )
        .may(OF_GUARDS)
        .for_scope(Scope::Decide),
        post("/v1/unblock", "End a block", "UnblockRequest", "Unblocked").for_scope(Scope::Decide),
        post(
            "/v1/import",
            "Block what another program blocked",
            "ImportRequest",
            "Imported",
        )
        .for_scope(Scope::Decide),
        post(
            "/v1/ask",
            "What the other nodes think",
            "AskRequest",
            "NetworkOpinion",
        )
        .may(OF_GUARDS)
        .for_scope(Scope::Decide),
        post(
            "/v1/allow",
            "Never block something",
            "AllowRequest",
            "AllowEntry",
        )
        .may(OF_GUARDS)
        .for_scope(Scope::Admin),
        delete("/v1/allow", "End that", "Disallowed").takes([ip()]),
    ]
}

fn trust() -> Vec<Operation> {
    let peer = || [required("peer", of("NodeId"))];
    vec![
        get(
            "/v1/trust",
            "How far a peer is trusted, and why",
            of("PeerTrust"),
        )
        .takes(peer()),
        post(
            "/v1/trust",
            "Trust a peer in advance",
            "TrustRequest",
            "PeerTrust",
        )
        .may([ErrorCode::TableFull])
        .for_scope(Scope::Admin),
        delete("/v1/trust", "Forget what a peer did", "TrustForgotten").takes(peer()),
    ]
}

fn files() -> Vec<Operation> {
    use ErrorCode::{NotFound, Organisation, Protected, TableFull, Taken, TooLarge};
    let may = [
        NotFound,
        Organisation,
        Protected,
        TableFull,
        Taken,
        TooLarge,
    ];
    let file = || [required("file", of("FileId"))];
    vec![
        get("/v1/files", "Files that are offered", of("Page")).takes(pages("FileId")),
        Operation {
            body: Some((BYTES, json!({ "type": "string", "format": "binary" }))),
            ..post(
                "/v1/files",
                "Share a file: a line of JSON, then its content",
                "File",
                "File",
            )
        }
        .may(may)
        .for_scope(Scope::Admin),
        delete("/v1/files", "Forget a file", "FileForgotten")
            .takes(file())
            .may(may),
        get("/v1/files/one", "One file", of("File"))
            .takes(file())
            .may(may),
        post("/v1/files/fetch", "Fetch a file", "FileQuery", "File")
            .may(may)
            .for_scope(Scope::Admin),
        post(
            "/v1/files/apply",
            "Block what a file lists",
            "FileApplyRequest",
            "FileApplied",
        )
        .may(may)
        .for_scope(Scope::Admin),
        Operation {
            answer: (BYTES, json!({ "type": "string", "format": "binary" })),
            ..get("/v1/files/content", "A file's content", Value::Null)
        }
        .takes(file())
        .may(may),
    ]
}

fn organisations() -> Vec<Operation> {
    let may = [ErrorCode::Organisation, ErrorCode::TableFull];
    let one = || [required("organisation", of("OrganisationId"))];
    let order = |path, summary, body| {
        post(path, summary, body, "OrganisationReply")
            .may(may)
            .for_scope(Scope::Admin)
    };
    vec![
        get(
            "/v1/organisations",
            "Organisations",
            of("OrganisationReply"),
        ),
        order("/v1/organisations", "Make one", "OrganisationCreateRequest"),
        order(
            "/v1/organisations/sign",
            "Make a node a member",
            "MembershipRequest",
        ),
        order("/v1/organisations/join", "Join one", "JoinRequest"),
        delete("/v1/organisations/join", "Leave one", "OrganisationReply")
            .takes(one())
            .may(may),
        get(
            "/v1/organisations/members",
            "Who is a member",
            of("OrganisationReply"),
        )
        .takes(one()),
        order(
            "/v1/organisations/trust",
            "Trust its members",
            "OrganisationTrustRequest",
        ),
        delete("/v1/organisations/trust", "End that", "OrganisationReply")
            .takes(one())
            .may(may),
        order(
            "/v1/organisations/revoke",
            "Take a membership back",
            "RevokeRequest",
        ),
    ]
}

fn access() -> Vec<Operation> {
    let admin = |it: Operation| it.for_scope(Scope::Admin);
    vec![
        get("/v1/tickets", "Whom tickets let in", of("InvitationList")),
        admin(post(
            "/v1/tickets",
            "Print a ticket",
            "TicketRequest",
            "TicketPrinted",
        ))
        .may([ErrorCode::Organisation, ErrorCode::TableFull]),
        delete("/v1/tickets", "Take a ticket back", "InvitationTakenBack")
            .takes([required("invitation", of("InvitationId"))]),
        get("/v1/join", "How far joining has come", of("Joining"))
            .takes([required("peer", of("NodeId"))])
            .may([ErrorCode::NotFound]),
        admin(post(
            "/v1/join",
            "Join by a ticket",
            "TicketJoinRequest",
            "Joining",
        )),
        admin(get("/v1/keys", "Keys that are given out", of("KeyList"))),
        admin(post(
            "/v1/keys",
            "Give out a key",
            "KeyCreateRequest",
            "KeyCreated",
        ))
        .may([ErrorCode::Taken, ErrorCode::TableFull]),
        delete("/v1/keys", "Take a key back", "KeyRevoked")
            .takes([required("name", of("KeyName"))]),
    ]
}

impl Operation {
    pub(super) fn takes(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    pub(super) fn may(mut self, refusals: impl IntoIterator<Item = ErrorCode>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    pub(super) fn for_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

pub(super) fn get(path: &str, summary: &'static str, answer: Value) -> Operation {
    Operation {
        method: "get",
        path: path.to_owned(),
        summary,
        scope: Scope::Read,
        parameters: Vec::new(),
        body: None,
        answer: (JSON, answer),
        refusals: ALWAYS.into(),
    }
}

pub(super) fn post(path: &str, summary: &'static str, body: &str, answer: &str) -> Operation {
    Operation {
        method: "post",
        body: Some((JSON, of(body))),
        ..get(path, summary, of(answer))
    }
    .may(OF_BODIES)
}

pub(super) fn delete(path: &str, summary: &'static str, answer: &str) -> Operation {
    Operation {
        method: "delete",
        scope: Scope::Admin,
        ..get(path, summary, of(answer))
    }
}

pub(super) fn query(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "schema": schema })
}

pub(super) fn required(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": true, "schema": schema })
}

fn ip() -> Value {
    required("ip", of("Indicator"))
}

fn limit(default: u16) -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX, "default": default,
            "description": "More than 5000 counts as 5000." })
}

fn pages(key: &str) -> [Value; 2] {
    let limit = limit(PAGE_ITEMS_DEFAULT.get());
    [query("limit", limit), query("after", of(key))]
}

fn scope() -> [Value; 3] {
    [
        query("ip", of("Indicator")),
        query("since", of("Moment")),
        query("until", of("Moment")),
    ]
}
