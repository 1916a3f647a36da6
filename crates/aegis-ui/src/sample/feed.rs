//! Feeds, as a scripted node answers.

use std::time::Duration;

use aegis_api::{
    ApiError, ErrorCode, FeedLast, FeedLine, FeedList, FeedRemoved, FeedReply, FeedRequest, Reply,
};

use super::{HOSTILE, NOW};

/// Answers a request.
pub(crate) fn reply(request: FeedRequest) -> Result<Reply, ApiError> {
    Ok(Reply::Feed(match request {
        FeedRequest::Add(it) if it.name == "spamhaus-drop" => {
            let message = "there is a feed spamhaus-drop already";
            return Err(ApiError::new(ErrorCode::Taken, message));
        }
        FeedRequest::Add(it) => FeedReply::Feed(Box::new(FeedLine {
            url: it.url.unwrap_or_else(|| "https://lists.example/".into()),
            kind: it.kind.unwrap_or_else(|| "plain".into()),
            tried_at: None,
            succeeded_at: None,
            last: None,
            next_at: NOW,
            ..line(&it.name)
        })),
        FeedRequest::List => FeedReply::List(list()),
        FeedRequest::Refresh(it) => FeedReply::Feed(Box::new(FeedLine {
            under_way: true,
            ..line(&it.name)
        })),
        FeedRequest::Remove(name) => FeedReply::Removed(FeedRemoved {
            was_there: name == "spamhaus-drop",
            name,
        }),
    }))
}

/// Returns one that goes well, and one that does not.
pub(crate) fn list() -> FeedList {
    let broken = FeedLine {
        kind: "taxii".into(),
        key_file: Some("/etc/aegis/feed.key".into()),
        terms: None,
        attribution: Some(HOSTILE.into()),
        succeeded_at: None,
        failures: 3,
        problem: Some(HOSTILE.into()),
        alarms: vec!["unauthorised".into(), "stale".into()],
        last: None,
        ..line("mine")
    };
    FeedList {
        feeds: vec![broken, line("spamhaus-drop")],
        built_in: vec!["feodo".into(), "otx".into()],
        need_key: vec!["otx".into()],
    }
}

pub(crate) fn line(name: &str) -> FeedLine {
    FeedLine {
        name: name.into(),
        kind: "drop".into(),
        url: "https://lists.example/drop.json".into(),
        interval_secs: 43_200,
        trust: 100,
        key_file: None,
        terms: Some("its name is kept".into()),
        attribution: Some("(c) Example".into()),
        made_at: Some(NOW),
        under_way: false,
        tried_at: Some(NOW),
        succeeded_at: Some(NOW),
        next_at: NOW + Duration::from_secs(43_200),
        failures: 0,
        problem: None,
        alarms: Vec::new(),
        last: Some(FeedLast {
            entries: 1702,
            blocked: 1700,
            left_out: [("private".to_owned(), 2)].into(),
            malformed: 1,
            malformed_lines: vec!["1703: no address or prefix".into()],
            applied_ms: 31,
        }),
    }
}
