//! Every route and every kind of error, through the client and as bytes.

use std::num::NonZeroU16;

use aegis_core::{BlockDuration, Severity, ThreatType, Timestamp};

use super::node::{NOW, Node, allowed, block, ip, peer, status};
use crate::{
    AllowRequest, BlockRequest, Client, ClientError, ErrorCode, PageQuery, PublishRequest,
    UnblockRequest,
};

#[tokio::test]
async fn every_route_brings_its_reply() {
    let node = Node::start();
    let client = &node.client;
    assert_eq!(client.status().await.expect("answers"), status());
    assert!(
        client
            .check(ip("198.51.100.7"))
            .await
            .expect("answers")
            .blocked
    );
    let why = client.why(ip("2001:db8::/48")).await.expect("answers");
    assert_eq!(why.undo.as_deref(), Some("aegis unblock 2001:db8::/48"));
    let peers = client.peers(PageQuery::default()).await.expect("answers");
    assert_eq!(peers.items, [peer()]);
    let entries = client.allow_entries(PageQuery::default()).await;
    assert_eq!(entries.expect("answers").items, [allowed(ip("192.0.2.1"))]);
    let blocked = client.block(&block_request("192.0.2.7")).await;
    assert_eq!(blocked.expect("answers").ttl_secs, 300);
    let published = client.publish(&publish_request()).await.expect("answers");
    assert_eq!(
        published.expires_at,
        Timestamp::from_millis(NOW.as_millis() + 300_000)
    );
    let unblock = UnblockRequest {
        indicator: ip("192.0.2.7"),
        withdraw: true,
    };
    assert_eq!(
        client.unblock(&unblock).await.expect("answers").withdrawn,
        1
    );
    let allow = AllowRequest {
        indicator: ip("192.0.2.0/28"),
        duration_secs: None,
        comment: None,
    };
    let entry = client.allow(&allow).await.expect("answers");
    assert_eq!(entry.indicator, ip("192.0.2.0/28"));
    let disallowed = client.disallow(ip("192.0.2.0/28")).await.expect("answers");
    assert!(!disallowed.was_allowed);
    node.stop().await;
}

#[tokio::test]
async fn the_node_learns_who_asks() {
    let node = Node::start();
    // The script gives the caller's user id back; a file of ours has the same.
    let own = std::os::unix::fs::MetadataExt::uid(
        &std::fs::metadata(node.path.parent().expect("a parent")).expect("exists"),
    );
    let stats = node.client.stats().await.expect("answers");
    assert_eq!(stats.events_lost, u64::from(own));
}

#[tokio::test]
async fn a_long_list_comes_in_pages_without_gap_or_repetition() {
    let node = Node::start();
    let first = PageQuery::first(NonZeroU16::new(1000).expect("not zero"));
    let (mut page, mut indicators, mut pages) = (first, Vec::new(), 0);
    loop {
        let answer = node.client.blocks(page).await.expect("answers");
        indicators.extend(answer.items.iter().map(|it| it.indicator));
        pages += 1;
        let Some(next) = answer.next else { break };
        page = first.after(ip(&next));
    }
    let expected: Vec<_> = (0..2500).map(|it| block(it).indicator).collect();
    assert_eq!((pages, indicators), (3, expected));
}

#[tokio::test]
async fn a_refusal_says_why() {
    let node = Node::start();
    let refused = node.client.block(&block_request("127.0.0.1")).await;
    let Err(ClientError::Refused(error)) = refused else {
        panic!("not refused: {refused:?}");
    };
    assert_eq!(error.code, ErrorCode::Protected);
    assert!(error.message.ends_with("is never blocked"));
    let denied = node.client.block(&block_request("192.0.2.66")).await;
    assert!(
        matches!(denied, Err(ClientError::Denied { .. })),
        "{denied:?}"
    );
}

#[tokio::test]
async fn nobody_on_the_socket_is_told_from_a_no() {
    let missing = Client::new("nowhere/control.sock").status().await;
    assert!(
        matches!(missing, Err(ClientError::Unreachable { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_a_request_is_refused_with_the_field_and_the_limit() {
    let node = Node::start();
    for (request, says) in [
        (get("/v1/check?ip=256.0.0.1"), "ip: not an IPv4 or IPv6"),
        (get("/v1/check"), "missing field `ip`"),
        (get("/v1/why?ip=1.2.3.4&x=1"), "unknown field `x`"),
        (get("/v1/status?x=1"), "unknown field `x`"),
        (get("/v1/blocks?limit=0"), "limit"),
        (get("/v1/blocks?after=x"), "after: not an IPv4"),
        (get("/v1/peers?after=x"), "after: not the peer ID"),
        (post("/v1/block", "{"), "JSON"),
        (
            post("/v1/block", &order("1.2.3.4", 0, 9, "x")),
            "duration_secs: duration must be 1 to",
        ),
        (
            post("/v1/block", &order("1.2.3.4", 86_401, 9, "x")),
            "duration must be 1 to 86400",
        ),
        (
            post("/v1/block", &order("1.2.3.4", -1, 9, "x")),
            "duration must be 1 to 86400",
        ),
        (
            post("/v1/block", &order("1.2.3.4", 1, 11, "x")),
            "severity: severity must be 1 to 10",
        ),
        (
            post("/v1/block", &order("1.2.3.4", 1, 0, "x")),
            "severity must be 1 to 10",
        ),
        (
            post("/v1/publish", &order("1.2.3.4", 1, 1, "X")),
            "threat_type: threat type must be",
        ),
        (
            post("/v1/block", &order("no", 1, 1, "x")),
            "indicator: not an IPv4 or IPv6",
        ),
        (
            post("/v1/unblock", r#"{"indicator":"1.2.3.4","withdrawn":true}"#),
            "withdrawn",
        ),
        (
            post("/v1/allow", r#"{"indicator":"1.2.3.4","duration_secs":0}"#),
            "duration_secs",
        ),
    ] {
        refused(&node, &request, says).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json() {
    let node = Node::start();
    let missing = node.raw(&get("/v2/status")).await;
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
    assert!(
        missing.contains(r#"{"code":"not_found","message""#),
        "{missing}"
    );
    let method = node.raw(&get("/v1/block")).await;
    assert!(method.starts_with("HTTP/1.1 405"), "{method}");
    assert!(
        method.contains(r#""code":"method_not_allowed""#),
        "{method}"
    );
}

#[tokio::test]
async fn a_reply_in_json_has_texts_numbers_and_rfc_3339() {
    let node = Node::start();
    let answer = node.raw(&get("/v1/blocks?limit=1")).await;
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let expected = concat!(
        r#"{"items":[{"indicator":"10.0.0.0","origin":"operator","#,
        r#""author":"12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt","#,
        r#""alert_id":"03030303030303030303030303030303","threat_type":"syn_flood","#,
        r#""severity":10,"evidence":"verified","decided_at":"2026-11-20T12:00:00.250Z","#,
        r#""expires_at":"2026-11-20T12:05:00.250Z","ttl_secs":300,"packets":5,"bytes":300,"#,
        r#""violations":1}],"next":"10.0.0.0"}"#
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_block_request_publishes_unless_told_otherwise() {
    let request: BlockRequest =
        serde_json::from_str(&order("1.2.3.4", 60, 9, "ddos")).expect("a request");
    assert_eq!(
        (request.publish, request.force, request.evidence),
        (true, false, None)
    );
}

/// Checks that the server refuses a request before the node hears of it.
pub(super) async fn refused(node: &Node, request: &str, says: &str) {
    let answer = node.raw(request).await;
    let bad = "HTTP/1.1 400 Bad Request";
    assert!(answer.starts_with(bad), "{request}\n{answer}");
    let code = r#""code":"invalid_request""#;
    assert!(answer.contains(code), "{request}\n{answer}");
    assert!(answer.contains(says), "{request}\n{answer}");
}

pub(super) fn delete(path: &str) -> String {
    get(path).replacen("GET", "DELETE", 1)
}

pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: aegis\r\nConnection: close\r\n\r\n")
}

pub(super) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: aegis\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub(super) fn block_request(indicator: &str) -> BlockRequest {
    BlockRequest {
        indicator: ip(indicator),
        duration_secs: BlockDuration::from_secs(300).expect("within bounds"),
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MAX,
        evidence: None,
        description: None,
        publish: true,
        to: None,
        force: false,
    }
}

fn publish_request() -> PublishRequest {
    let request = block_request("192.0.2.7");
    PublishRequest {
        indicator: request.indicator,
        duration_secs: request.duration_secs,
        threat_type: request.threat_type,
        severity: request.severity,
        evidence: request.evidence,
        description: request.description,
        to: None,
        force: request.force,
    }
}

fn order(indicator: &str, duration: i64, severity: i64, threat_type: &str) -> String {
    format!(
        r#"{{"indicator":"{indicator}","duration_secs":{duration},"threat_type":"{threat_type}","severity":{severity}}}"#
    )
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_asked_for() {
    let node = Node::start();
    let plain = node
        .raw("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    assert!(
        plain.contains("content-type: text/plain; version=0.0.4"),
        "{plain}"
    );
    assert!(
        plain.contains("# TYPE aegis_dropped_packets_total counter"),
        "{plain}"
    );
    let open = "GET /metrics HTTP/1.1\r\nhost: x\r\naccept: application/openmetrics-text\r\n\
                connection: close\r\n\r\n";
    let open = node.raw(open).await;
    assert!(
        open.contains("content-type: application/openmetrics-text"),
        "{open}"
    );
    assert!(open.contains("# EOF"), "{open}");
    node.stop().await;
}

#[tokio::test]
async fn a_reload_says_what_changed_and_what_waits() {
    let node = Node::start();
    let reloaded = node.client.reload_config().await.expect("reloads");
    assert_eq!(reloaded.applied, ["min_severity"]);
    assert_eq!(reloaded.needs_restart, ["p2p.port"]);
    node.stop().await;
}
