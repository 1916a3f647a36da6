//! `feed` against a scripted node: what is said where, and how it ends.

use aegis_api::{FeedLine, FeedList};

use super::ask;
use crate::{Format, Outcome, sample::node::Node};

#[tokio::test]
async fn feeds_are_added_listed_shown_fetched_and_removed() {
    let node = Node::start(0);
    for (line, outcome, says) in [
        (
            "feed add mine --url https://lists.example/x --interval 2h --trust 60",
            Outcome::Done,
            "Subscribed to mine: https://lists.example/x every 12h, trusted 100 %\n",
        ),
        (
            "feed list",
            Outcome::Done,
            "mine           taxii  UNAUTHORISED STALE",
        ),
        (
            "feed show spamhaus-drop",
            Outcome::Done,
            "line or entry 1703: no address",
        ),
        (
            "feed refresh mine --accept",
            Outcome::Done,
            "Fetching mine: ",
        ),
        (
            "feed remove spamhaus-drop",
            Outcome::Done,
            "Removed the feed spamhaus-drop",
        ),
        (
            "feed remove mine",
            Outcome::Negative,
            "There is no feed mine\n",
        ),
    ] {
        let (ended, out, talk) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, outcome, "{line}: {out}{talk}");
        assert!(out.contains(says), "{line}: {out}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_what_to_do() {
    let node = Node::start(0);
    for (line, says) in [
        (
            "feed add spamhaus-drop",
            "there is a feed spamhaus-drop already",
        ),
        ("feed show feodo", "aegis feed add feodo"),
        ("feed show nothing", "aegis feed list"),
    ] {
        let (ended, _, talk) = ask(&node.client, line, Format::Text).await;
        assert_eq!(ended, Outcome::Negative, "{line}");
        assert!(talk.contains(says), "{line}: {talk}");
    }
}

#[tokio::test]
async fn a_program_reads_all_of_it() {
    let node = Node::start(0);
    let (_, out, _) = ask(&node.client, "feed list", Format::Json).await;
    let list: FeedList = serde_json::from_str(&out).expect("JSON");
    assert_eq!(list, crate::sample::feed::list());
    let (_, out, _) = ask(&node.client, "feed show mine", Format::Json).await;
    let line: FeedLine = serde_json::from_str(&out).expect("JSON");
    assert_eq!(line, list.feeds[0]);
}
