//! Safety, through the client and as bytes.

use std::num::NonZeroU32;

use super::{
    contract::{get, post, refused},
    node::{NOW, Node, ip},
};
use crate::{
    AllowName, AllowNameList, AllowNameRequest, Confirmation, EnforceRequest, ModeState, Moment,
    NameDisallowed, NodeMode, ProtectedLine, ProtectedList, RegionBlock, RegionList, RegionRequest,
    RegionUnblocked, Reply, SafetyReply, SafetyRequest, Summary, SummaryQuery,
};

#[tokio::test]
async fn the_mode_and_the_protected_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let request = EnforceRequest {
        confirm_secs: NonZeroU32::new(120),
    };
    let state = client.enforce(&request).await.expect("answers");
    assert_eq!(state, mode(NodeMode::Enforce, Some(120)));
    let state = client.enforce(&EnforceRequest::default()).await;
    assert_eq!(state.expect("answers"), mode(NodeMode::Enforce, None));
    let state = client.confirm().await.expect("answers");
    assert_eq!(state, mode(NodeMode::Enforce, None));
    let state = client.observe().await.expect("answers");
    assert_eq!(state, mode(NodeMode::Observe, None));
    let list = client.protected().await.expect("answers");
    assert_eq!(list.protected[0].kind, "loopback");
    let query = SummaryQuery {
        since: "2h".parse().expect("a moment"),
        would_have_blocked: true,
    };
    let summary = client.summary(query).await.expect("answers");
    assert_eq!((summary.sources, summary.truncated), (7200, true));
}

#[tokio::test]
async fn names_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let request = AllowNameRequest {
        name: "office.example".parse().expect("a name"),
        comment: Some("the office".parse().expect("a comment")),
    };
    let allowed = client.allow_name(&request).await.expect("answers");
    assert_eq!(
        (allowed.name, allowed.comment),
        (request.name.clone(), request.comment)
    );
    let gone = client.disallow_name(&request.name).await.expect("answers");
    assert_eq!((gone.name, gone.was_allowed), (request.name, false));
    assert!(
        client
            .allow_names()
            .await
            .expect("answers")
            .names
            .is_empty()
    );
    let at = "/v1/allow/names";
    refused(
        &node,
        &post(at, r#"{"name":"192.0.2.1"}"#),
        "must be a host name",
    )
    .await;
}

#[tokio::test]
async fn regions_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let request = RegionRequest {
        region: "DE".parse().expect("a region"),
        duration_secs: NonZeroU32::new(60).expect("some"),
    };
    let blocked = client.block_region(&request).await.expect("answers");
    assert_eq!((blocked.region, blocked.prefixes), (request.region, 60));
    let gone = client
        .unblock_region(request.region)
        .await
        .expect("answers");
    assert!(gone.was_blocked);
    assert!(client.regions().await.expect("answers").regions.is_empty());
    let body = r#"{"region":"Germany","duration_secs":60}"#;
    refused(&node, &post("/v1/regions", body), "must be the two letters").await;
}

#[tokio::test]
async fn what_cannot_be_said_of_the_mode_is_refused_with_the_field() {
    let node = Node::start();
    let at = "/v1/enforce";
    refused(&node, &post(at, r#"{"confirm_secs":0}"#), "confirm_secs").await;
    refused(&node, &post(at, r#"{"secs":1}"#), "unknown field `secs`").await;
    refused(&node, &get("/v1/summary?since=x"), "since: must be like").await;
    refused(&node, &get("/v1/protected?x=1"), "unknown field `x`").await;
}

/// Answers as a node would.
pub(super) fn script(request: &SafetyRequest) -> Reply {
    Reply::Safety(Box::new(match request {
        SafetyRequest::Enforce(it) => {
            let secs = it.confirm_secs.map(NonZeroU32::get);
            SafetyReply::Mode(mode(NodeMode::Enforce, secs))
        }
        SafetyRequest::Confirm => SafetyReply::Mode(mode(NodeMode::Enforce, None)),
        SafetyRequest::Observe => SafetyReply::Mode(mode(NodeMode::Observe, None)),
        SafetyRequest::Protected => SafetyReply::Protected(ProtectedList {
            protected: vec![ProtectedLine {
                indicator: ip("127.0.0.0/8"),
                kind: "loopback".into(),
                reason: "a loopback address".into(),
            }],
        }),
        SafetyRequest::Summary(it) => SafetyReply::Summary(summary(*it)),
        SafetyRequest::AllowName(it) => SafetyReply::Name(named(it.clone())),
        SafetyRequest::DisallowName(it) => SafetyReply::NameDisallowed(NameDisallowed {
            name: it.clone(),
            was_allowed: false,
        }),
        SafetyRequest::BlockRegion(it) => SafetyReply::Region(RegionBlock {
            region: it.region,
            configured: false,
            expires_at: Some(NOW),
            prefixes: it.duration_secs.get().into(),
            blocked: 0,
            problem: None,
        }),
        SafetyRequest::UnblockRegion(it) => SafetyReply::RegionUnblocked(RegionUnblocked {
            region: *it,
            was_blocked: true,
            at: NOW,
        }),
        SafetyRequest::Regions => SafetyReply::Regions(RegionList {
            regions: Vec::new(),
            databases: Vec::new(),
            problem: None,
        }),
        SafetyRequest::AllowNames => SafetyReply::Names(AllowNameList { names: Vec::new() }),
    }))
}

fn mode(mode: NodeMode, secs: Option<u32>) -> ModeState {
    ModeState {
        mode,
        changed: true,
        confirmation: secs.map(|it| Confirmation {
            until: NOW,
            ttl_secs: it.into(),
            by_kernel: true,
        }),
    }
}

/// Says back what was asked for.
fn summary(query: SummaryQuery) -> Summary {
    let Moment::Ago(sources) = query.since else {
        panic!("asked for so long ago");
    };
    Summary {
        since: NOW,
        until: NOW,
        mode: NodeMode::Observe,
        observing_since: None,
        sources,
        by_origin: Default::default(),
        by_reason: Default::default(),
        by_country: Default::default(),
        by_asn: Default::default(),
        traffic_by_origin: None,
        contacts: 0,
        contacts_since: NOW,
        truncated: query.would_have_blocked,
        lines: Vec::new(),
    }
}

fn named(asked: AllowNameRequest) -> AllowName {
    AllowName {
        name: asked.name,
        added_at: NOW,
        comment: asked.comment,
        addresses: Vec::new(),
        resolved_at: None,
        age_secs: None,
        problem: None,
    }
}
