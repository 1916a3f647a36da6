//! Feeds, through the client and as bytes.

use super::{
    contract::{delete, get, post, refused},
    node::{NOW, Node},
};
use crate::{
    ApiError, ClientError, ErrorCode, FeedAddRequest, FeedLast, FeedLine, FeedList,
    FeedRefreshRequest, FeedRemoved, FeedReply, FeedRequest, Reply,
};

/// Answers as a node would.
pub(super) fn script(request: FeedRequest) -> Result<Reply, ApiError> {
    Ok(Reply::Feed(match request {
        FeedRequest::Add(it) if it.name == "taken" => {
            return Err(ApiError::new(ErrorCode::Taken, "there is a feed `taken`"));
        }
        FeedRequest::Add(it) => FeedReply::Feed(Box::new(FeedLine {
            url: it.url.unwrap_or_default(),
            ..line(&it.name)
        })),
        FeedRequest::List => FeedReply::List(FeedList {
            feeds: vec![line("drop")],
            built_in: vec!["feodo".into(), "otx".into()],
            need_key: vec!["otx".into()],
        }),
        FeedRequest::Refresh(it) => FeedReply::Feed(Box::new(FeedLine {
            under_way: it.accept,
            ..line(&it.name)
        })),
        FeedRequest::Remove(name) => FeedReply::Removed(FeedRemoved {
            was_there: name == "drop",
            name,
        }),
    }))
}

#[tokio::test]
async fn feeds_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let request = FeedAddRequest {
        name: "mine".into(),
        url: Some("https://lists.example/bad.txt".into()),
        kind: Some("plain".into()),
        ..FeedAddRequest::default()
    };
    let added = client.add_feed(&request).await.expect("answers");
    assert_eq!(added.url, "https://lists.example/bad.txt");
    let listed = client.feeds().await.expect("answers");
    assert_eq!(listed.feeds, [line("drop")]);
    assert_eq!(listed.need_key, ["otx"]);
    let refresh = FeedRefreshRequest {
        name: "drop".into(),
        accept: true,
    };
    let refreshed = client.refresh_feed(&refresh).await.expect("answers");
    assert!(refreshed.under_way);
    for (name, was_there) in [("drop", true), ("dr&op=%", false)] {
        let removed = client.remove_feed(name).await.expect("answers");
        assert_eq!(
            (removed.name.as_str(), removed.was_there),
            (name, was_there)
        );
    }
    let taken = FeedAddRequest {
        name: "taken".into(),
        ..FeedAddRequest::default()
    };
    let error = client.add_feed(&taken).await.expect_err("it is taken");
    assert!(
        matches!(&error, ClientError::Refused(it) if it.code == ErrorCode::Taken),
        "{error:?}"
    );
    node.stop().await;
}

#[tokio::test]
async fn what_cannot_be_said_of_feeds_is_refused_with_the_field() {
    let node = Node::start();
    let at = "/v1/feeds";
    refused(&node, &post(at, "{}"), "missing field `name`").await;
    let body = r#"{"name":"a","key":"secret"}"#;
    refused(&node, &post(at, body), "unknown field `key`").await;
    let body = r#"{"name":"a","trust":300}"#;
    refused(&node, &post(at, body), "trust: invalid value").await;
    refused(&node, &delete(at), "missing field `name`").await;
    refused(&node, &get("/v1/feeds?x=1"), "unknown field `x`").await;
    let body = r#"{"name":"a","force":true}"#;
    let at = "/v1/feeds/refresh";
    refused(&node, &post(at, body), "unknown field `force`").await;
    node.stop().await;
}

fn line(name: &str) -> FeedLine {
    FeedLine {
        name: name.into(),
        kind: "drop".into(),
        url: "https://lists.example/drop.json".into(),
        interval_secs: 3600,
        trust: 90,
        key_file: None,
        terms: Some("fair use".into()),
        attribution: Some("(c) Example".into()),
        made_at: Some(NOW),
        under_way: false,
        tried_at: Some(NOW),
        succeeded_at: None,
        next_at: NOW,
        failures: 2,
        problem: Some("cannot be reached".into()),
        alarms: vec!["failing".into()],
        last: Some(FeedLast {
            entries: 3,
            blocked: 2,
            left_out: [("private".to_owned(), 1)].into(),
            malformed: 1,
            malformed_lines: vec!["4: no address or prefix".into()],
            applied_ms: 12,
        }),
    }
}
