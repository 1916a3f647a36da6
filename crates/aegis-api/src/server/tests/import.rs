//! Imports over the control socket, and how much one request may carry.

use super::{
    contract::post,
    node::{Node, ip},
};
use crate::{
    ClientError, ErrorCode, IMPORT_BYTES_MAX, IMPORT_ENTRIES_MAX, ImportEntry, ImportRefusal,
    ImportRequest, Imported, Reply,
};

/// What a scripted node says: the first entry is refused.
pub(super) fn script(request: &ImportRequest) -> Reply {
    let refused = request.entries.iter().take(1).map(|it| ImportRefusal {
        indicator: it.indicator,
        code: ErrorCode::Allowlisted,
        message: "it is on the allowlist".into(),
    });
    Reply::Imported(Imported {
        blocked: request.entries.len().saturating_sub(1) as u64,
        refused: refused.collect(),
    })
}

#[tokio::test]
async fn what_is_refused_is_told_with_its_reason() {
    let node = Node::start();
    let imported = node.client.import(&request(3)).await.expect("an answer");
    assert_eq!((imported.blocked, imported.refused.len()), (2, 1));
    assert_eq!(imported.refused[0].code, ErrorCode::Allowlisted);
    node.stop().await;
}

#[tokio::test]
async fn a_request_carries_so_many_entries_and_no_more() {
    let node = Node::start();
    let imported = node
        .client
        .import(&request(IMPORT_ENTRIES_MAX))
        .await
        .expect("an answer");
    assert_eq!(imported.blocked, IMPORT_ENTRIES_MAX as u64 - 1);
    let error = node
        .client
        .import(&request(IMPORT_ENTRIES_MAX + 1))
        .await
        .expect_err("too many");
    assert!(matches!(error, ClientError::Refused(it) if it.code == ErrorCode::TooLarge));
    let body = format!("{{\"entries\":[{}]}}", " ".repeat(IMPORT_BYTES_MAX));
    let answer = node.raw(&post("/v1/import", &body)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    node.stop().await;
}

fn request(entries: usize) -> ImportRequest {
    let entry = ImportEntry {
        indicator: ip("2001:db8:1234:5678:9abc:def0:1234:5678"),
        duration_secs: std::num::NonZeroU32::MAX,
        threat_type: "x".repeat(64).parse().expect("a threat type"),
    };
    ImportRequest {
        source: "crowdsec decisions.json".parse().ok(),
        entries: vec![entry; entries],
        follow: 0,
    }
}
