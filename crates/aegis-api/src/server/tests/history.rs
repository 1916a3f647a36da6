//! History, through the client and as bytes.

use std::num::NonZeroU16;

use super::{
    contract::{get, refused},
    node::{Node, audit_report, ip},
};
use crate::{HistoryBy, HistoryGroupsQuery, HistoryQuery, HistoryScope, Moment, PageQuery};

#[tokio::test]
async fn entries_and_groups_have_their_routes() {
    let node = Node::start();
    let scope = HistoryScope {
        indicator: Some(ip("192.0.2.0/24")),
        since: Some(Moment::Ago(604_800)),
        until: Some("2026-11-20T12:00:00Z".parse().expect("a time")),
    };
    let query = HistoryQuery {
        scope,
        page: PageQuery::first(NonZeroU16::new(7).expect("not 0"))
            .after("1795176000250-42".parse().expect("an id")),
    };
    // The scripted node says what it was asked.
    let page = node.client.history(&query).await.expect("answers");
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].detail, format!("{query:?}"));
    let query = HistoryGroupsQuery {
        scope,
        by: HistoryBy::Day,
        limit: NonZeroU16::new(3).expect("not 0"),
    };
    let groups = node.client.history_groups(&query).await.expect("answers");
    assert_eq!(groups[0].key, format!("{query:?}"));
    assert_eq!(
        node.client.verify_audit().await.expect("answers"),
        audit_report()
    );
    node.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_of_the_history_is_refused_with_the_field() {
    let node = Node::start();
    for (path, says) in [
        ("/v1/history?ip=1.2.3", "ip: not an IPv4 or IPv6"),
        ("/v1/history?since=soon", "since: must be like 90s"),
        ("/v1/history?until=7", "until: must be like 90s"),
        ("/v1/history?limit=0", "limit: must be 1 or more"),
        ("/v1/history?after=7", "after: not the id"),
        ("/v1/history?by=day", "by: entries are counted at"),
        ("/v1/history?order=asc", "unknown field `order`"),
        ("/v1/history/groups", "by: must be given"),
        ("/v1/history/groups?by=colour", "unknown variant `colour`"),
        (
            "/v1/history/groups?by=day&after=1-2",
            "after: groups have no pages",
        ),
    ] {
        refused(&node, &get(path), says).await;
    }
    node.stop().await;
}
