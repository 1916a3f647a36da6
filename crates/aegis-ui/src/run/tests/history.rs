//! History as people and programs get it.

use super::ask;
use crate::{Format, Outcome, sample::node::Node};

#[tokio::test]
async fn a_timeline_is_read_from_the_newest_on_and_says_where_it_was_cut() {
    let node = Node::start(0);
    let (ended, out, talk) = ask(&node.client, "history --limit 3", Format::Text).await;
    assert_eq!(ended, Outcome::Done);
    assert_eq!(talk, "there are older entries: see --limit and --until\n");
    insta::assert_snapshot!(out);
    node.stop().await;
}

#[tokio::test]
async fn pages_are_joined_up_to_the_limit() {
    let node = Node::start(0);
    let (_, out, talk) = ask(&node.client, "history", Format::Text).await;
    assert_eq!((out.matches("  by ").count(), talk.as_str()), (5, ""));
    let (_, out, _) = ask(&node.client, "history --limit 2", Format::Json).await;
    let found: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let ids = found.as_array().expect("a list");
    assert_eq!(ids.len(), 2);
    let line = format!("history --after {}", ids[1]["id"].as_str().expect("an id"));
    let (_, out, _) = ask(&node.client, &line, Format::Json).await;
    let rest: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(rest.as_array().map(Vec::len), Some(3));
    node.stop().await;
}

#[tokio::test]
async fn csv_is_ready_for_a_spreadsheet_and_cannot_run_there() {
    let node = Node::start(0);
    let (ended, out, talk) = ask(&node.client, "history --csv", Format::Text).await;
    assert_eq!((ended, talk.as_str()), (Outcome::Done, ""));
    assert_eq!(out.matches("\r\n").count(), out.matches('\n').count());
    insta::assert_snapshot!(out.replace("\r\n", "\n"));
    let (_, out, _) = ask(&node.client, "history --by source --csv", Format::Text).await;
    insta::assert_snapshot!(out.replace("\r\n", "\n"));
    node.stop().await;
}

#[tokio::test]
async fn entries_are_counted_for_people() {
    let node = Node::start(0);
    let (_, out, _) = ask(&node.client, "history --since 7d --by type", Format::Text).await;
    insta::assert_snapshot!(out);
    node.stop().await;
}

#[tokio::test]
async fn two_formats_at_once_are_refused() {
    let node = Node::start(0);
    let (ended, out, talk) = ask(&node.client, "history --csv", Format::Json).await;
    assert_eq!((ended, out.as_str()), (Outcome::Usage, ""));
    assert!(talk.contains("choose one"), "{talk}");
    node.stop().await;
}

#[tokio::test]
async fn an_audit_log_that_somebody_changed_is_a_no() {
    let node = Node::start(0);
    let (ended, out, talk) = ask(&node.client, "audit verify", Format::Text).await;
    assert_eq!((ended, talk.as_str()), (Outcome::Negative, ""));
    insta::assert_snapshot!(out);
    node.stop().await;
}
