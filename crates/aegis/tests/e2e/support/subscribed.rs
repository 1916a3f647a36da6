//! A node's only feed: how it goes with it, and when it is due.

use std::{fs, path::Path};

use aegis::lab::node::LabNode;
use aegis_api::{FeedLast, FeedLine, FeedList};
use serde_json::Value;

use super::{DEADLINE, until_in};

/// Waits until the last list that was applied is as it should be.
pub(crate) async fn until_applied(node: &LabNode, is_so: impl Fn(&FeedLast) -> bool) -> FeedLine {
    let look = async || {
        let FeedList { mut feeds, .. } = node.client.feeds().await.ok()?;
        let feed = feeds.pop()?;
        let is_so = feed.last.as_ref().is_some_and(&is_so);
        (!feed.under_way && is_so).then_some(feed)
    };
    until_in(DEADLINE * 6, "the feed is applied", look).await
}

/// Has what is kept by a node that stands still, in its state directory, say that the feed is due.
pub(crate) fn make_due(state: &Path) {
    let path = state.join("feeds.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    kept[0]["next_ms"] = 0.into();
    fs::write(path, kept.to_string()).unwrap();
}
