//! Feeds as they are shown.

use aegis_api::FeedList;

use super::fitting;
use crate::{
    report::{feed, feed_added, feeds},
    sample::feed::{line, list},
};

#[test]
fn feeds_have_a_line_each_and_others_are_named() {
    let text = fitting(feeds(&list()));
    for part in [
        "NAME           KIND   HEALTH              LISTED  BLOCKED  FETCHED\n",
        "mine           taxii  UNAUTHORISED STALE       -        -  never\n",
        "spamhaus-drop  drop   ok                    1702     1700  2026-11-20T12:00:00Z\n",
        "Built in, without a key: feodo\n  aegis feed add feodo\n",
        "Built in, with a key:    otx\n  aegis feed add otx --key-file <PATH>\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let none = FeedList {
        feeds: Vec::new(),
        ..list()
    };
    let text = fitting(feeds(&none));
    assert!(
        text.contains("No feed is subscribed to.\nBuilt in"),
        "{text}"
    );
}

#[test]
fn a_feed_is_shown_with_everything_and_what_others_wrote_does_no_harm() {
    let text = fitting(feed(&line("spamhaus-drop")));
    for part in [
        "From       https://lists.example/drop.json\n",
        "Next       2026-11-21T00:00:00Z, every 12h\n",
        "Terms      its name is kept\n",
        "Listed     1702, 1700 of them blocked, 31 ms after they were here\n",
        "Left out   2: private\n",
        "Malformed  1 line cannot be read\n           line or entry 1703: no address or prefix\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let broken = list().feeds.swap_remove(0);
    let text = fitting(feed(&broken));
    assert!(text.contains("Failures   3 in a row\n"), "{text}");
    assert!(text.contains("Key        /etc/aegis/feed.key\n"), "{text}");
    fitting(feed_added(&broken));
}

#[test]
fn status_names_each_feed() {
    let status = aegis_api::Status {
        feeds: list().feeds,
        ..crate::sample::status()
    };
    let text = crate::report::status(&status);
    for part in [
        "Feed       mine: UNAUTHORISED STALE, 0 blocked, fetched never\n",
        "Feed       spamhaus-drop: ok, 1700 blocked, fetched 2026-11-20T12:00:00Z\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
